#include "ui/ide/statement.h"
#include <algorithm>
#include <array>

namespace indent::ide {

namespace {

constexpr size_t kWidth = 72; // a result that would make the line longer goes below it

std::string_view text_of(const EditBuffer& buffer, size_t number) {
    Range range = buffer.line(number);
    return std::string_view(buffer.text()).substr(range.begin, range.end - range.begin);
}

bool is_blank(std::string_view line) {
    return line.find_first_not_of(' ') == std::string_view::npos;
}

bool begins_with_word(std::string_view line, std::string_view word) {
    if (line.substr(0, word.size()) != word) return false;
    if (line.size() == word.size()) return true;
    const char after = line[word.size()];
    return after == ':' || after == ' ';
}

// A line that belongs to the one above: a printed result.
bool is_result(std::string_view line) {
    return line.substr(0, kResultMark.size()) == kResultMark;
}

// A line that is not the beginning of a statement.
bool continues_statement(std::string_view line) {
    if (is_blank(line) || is_result(line)) return true;
    if (std::string_view(" .)]}").find(line[0]) != std::string_view::npos) return true;
    constexpr std::array words = {"else", "elif", "catch", "finally"};
    return std::any_of(words.begin(), words.end(),
                       [&](const char* word) { return begins_with_word(line, word); });
}

} // namespace

Range statement_at(const EditBuffer& buffer, size_t position) {
    size_t first = buffer.line_of(position);
    if (is_blank(text_of(buffer, first))) return {buffer.line(first).begin, buffer.line(first).begin};
    while (first > 0 && continues_statement(text_of(buffer, first))) first--;
    size_t last = first;
    while (last + 1 < buffer.line_count() && continues_statement(text_of(buffer, last + 1))) last++;
    while (last > first && (is_blank(text_of(buffer, last)) || is_result(text_of(buffer, last)))) last--;
    if (text_of(buffer, last)[0] == '#')
        return {buffer.line(last).end, buffer.line(last).end}; // a comment alone
    return {buffer.line(first).begin, buffer.line(last).end};
}

bool stands_before_result(const EditBuffer& buffer, size_t position) {
    const Range line = buffer.line(buffer.line_of(position));
    std::string_view rest = std::string_view(buffer.text()).substr(position, line.end - position);
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    return is_result(rest);
}

Edit result_edit(const EditBuffer& buffer, size_t end, std::string_view value) {
    const size_t number = buffer.line_of(end);
    const Range line = buffer.line(number);
    std::string_view text = text_of(buffer, number);
    Edit edit;
    const size_t old = text.find(kResultMark);
    edit.range.end = line.end;
    edit.range.begin = line.end;
    if (old != std::string_view::npos) {
        edit.range.begin = line.begin + old;
        while (edit.range.begin > line.begin && buffer.text()[edit.range.begin - 1] == ' ')
            edit.range.begin--;
        text = text.substr(0, edit.range.begin - line.begin);
    }
    // Results below the line.
    for (size_t below = number + 1; below < buffer.line_count(); below++) {
        if (!is_result(text_of(buffer, below))) break;
        edit.range.end = buffer.line(below).end;
    }
    if (text.size() + value.size() < kWidth && value.find('\n') == std::string_view::npos) {
        edit.with = "  " + std::string(kResultMark) + std::string(value);
        return edit;
    }
    for (size_t from = 0; from <= value.size();) {
        const size_t to = std::min(value.find('\n', from), value.size());
        edit.with += "\n" + std::string(kResultMark) + std::string(value.substr(from, to - from));
        from = to + 1;
    }
    return edit;
}

} // namespace indent::ide
