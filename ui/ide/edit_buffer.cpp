#include "ui/ide/edit_buffer.h"
#include <algorithm>

namespace indent::ide {

namespace {

constexpr size_t kIndent = 4;
constexpr size_t kMostUndo = 10'000;

bool continues(char byte) {
    return (byte & 0xC0) == 0x80;
}

bool in_word(char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
           byte == '_' || byte < 0;
}

// What comes from a keyboard or a clipboard, as the language wants it.
std::string tidy(std::string_view text) {
    std::string out;
    for (size_t i = 0; i < text.size(); i++) {
        if (text[i] == '\r') {
            out += '\n';
            if (i + 1 < text.size() && text[i + 1] == '\n') i++;
        } else if (text[i] == '\t') {
            out.append(kIndent, ' ');
        } else if (text[i] == '\n' || uint8_t(text[i]) >= 0x20) {
            out += text[i];
        }
    }
    return out;
}

} // namespace

std::string EditBuffer::selected() const {
    Range range = selection();
    return text_.substr(range.begin, range.end - range.begin);
}

void EditBuffer::load(std::string text) {
    text_ = std::move(text);
    undo_.clear();
    redo_.clear();
    lines_ = {0};
    for (size_t i = 0; i < text_.size(); i++)
        if (text_[i] == '\n') lines_.push_back(i + 1);
    cursor_ = anchor_ = wanted_column_ = 0;
    version_++;
}

// ---- places

size_t EditBuffer::next(size_t position) const {
    if (position >= text_.size()) return text_.size();
    do position++;
    while (position < text_.size() && continues(text_[position]));
    return position;
}

size_t EditBuffer::previous(size_t position) const {
    if (position == 0) return 0;
    do position--;
    while (position > 0 && continues(text_[position]));
    return position;
}

size_t EditBuffer::word_end(size_t position) const {
    while (position < text_.size() && !in_word(text_[position])) position++;
    while (position < text_.size() && in_word(text_[position])) position++;
    return position;
}

size_t EditBuffer::word_begin(size_t position) const {
    while (position > 0 && !in_word(text_[position - 1])) position--;
    while (position > 0 && in_word(text_[position - 1])) position--;
    return position;
}

size_t EditBuffer::line_of(size_t position) const {
    return size_t(std::upper_bound(lines_.begin(), lines_.end(), position) - lines_.begin()) - 1;
}

Range EditBuffer::line(size_t number) const {
    return {lines_[number], number + 1 < lines_.size() ? lines_[number + 1] - 1 : text_.size()};
}

size_t EditBuffer::column_of(size_t position) const {
    size_t column = 0;
    for (size_t i = lines_[line_of(position)]; i < position; i++)
        if (!continues(text_[i])) column++;
    return column;
}

size_t EditBuffer::at_column(size_t number, size_t column) const {
    Range range = line(number);
    size_t at = range.begin;
    while (column-- > 0 && at < range.end) at = next(at);
    return at;
}

void EditBuffer::move(Step step, bool select, size_t times) {
    const Range range = selection();
    const size_t number = line_of(cursor_);
    size_t to = cursor_;
    switch (step) {
    case Step::Left: to = !select && !range.empty() ? range.begin : previous(cursor_); break;
    case Step::Right: to = !select && !range.empty() ? range.end : next(cursor_); break;
    case Step::WordLeft: to = word_begin(cursor_); break;
    case Step::WordRight: to = word_end(cursor_); break;
    case Step::Up: to = number < times ? 0 : at_column(number - times, wanted_column_); break;
    case Step::Down:
        to = number + times >= lines_.size() ? text_.size() : at_column(number + times, wanted_column_);
        break;
    case Step::LineBegin: { // the first character of the line, then its very beginning
        Range here = line(number);
        size_t first = here.begin;
        while (first < here.end && text_[first] == ' ') first++;
        to = cursor_ == first ? here.begin : first;
        break;
    }
    case Step::LineEnd: to = line(number).end; break;
    case Step::Begin: to = 0; break;
    case Step::End: to = text_.size(); break;
    }
    const size_t column = wanted_column_;
    place(to, select);
    if (step == Step::Up || step == Step::Down) wanted_column_ = column;
}

void EditBuffer::place(size_t cursor, bool select) {
    cursor_ = std::min(cursor, text_.size());
    while (cursor_ > 0 && cursor_ < text_.size() && continues(text_[cursor_])) cursor_--;
    if (!select) anchor_ = cursor_;
    wanted_column_ = column_of(cursor_);
    if (!undo_.empty()) undo_.back().typed = false; // what is typed from here on is undone by itself
}

void EditBuffer::select(Range range) {
    place(range.begin, false);
    place(range.end, true);
}

void EditBuffer::select_word(size_t at) {
    size_t begin = at, end = at;
    while (begin > 0 && in_word(text_[begin - 1])) begin--;
    while (end < text_.size() && in_word(text_[end])) end++;
    if (begin == end) end = next(end);
    select({begin, end});
}

// ---- changes

void EditBuffer::apply(size_t at, size_t length, std::string_view with) {
    text_.replace(at, length, with);
    auto first = std::upper_bound(lines_.begin(), lines_.end(), at);
    auto last = std::upper_bound(first, lines_.end(), at + length);
    std::vector<size_t> begins;
    for (size_t i = 0; i < with.size(); i++)
        if (with[i] == '\n') begins.push_back(at + i + 1);
    auto rest = lines_.erase(first, last);
    for (auto later = rest; later != lines_.end(); ++later) *later = *later - length + with.size();
    lines_.insert(rest, begins.begin(), begins.end());
    version_++;
}

void EditBuffer::change(Range range, std::string_view with, bool typed) {
    if (range.empty() && with.empty()) return;
    redo_.clear();
    if (typed && range.empty() && !undo_.empty() && undo_.back().typed &&
        undo_.back().at + undo_.back().inserted.size() == range.begin) {
        undo_.back().inserted += with;
    } else {
        if (undo_.size() >= kMostUndo) undo_.erase(undo_.begin(), undo_.begin() + long(kMostUndo / 2));
        undo_.push_back({range.begin, text_.substr(range.begin, range.end - range.begin), std::string(with),
                         cursor_, anchor_, typed});
    }
    apply(range.begin, range.end - range.begin, with);
    after_change(range.begin + with.size());
}

void EditBuffer::after_change(size_t cursor) {
    cursor_ = anchor_ = cursor;
    wanted_column_ = column_of(cursor_);
}

void EditBuffer::type(std::string_view text) {
    std::string clean = tidy(text);
    const bool one = clean.size() <= 4 && clean.find('\n') == std::string::npos && clean != " ";
    change(selection(), clean, one);
}

void EditBuffer::new_line() {
    Range here = line(line_of(selection().begin));
    size_t at = here.begin;
    while (at < here.end && at < cursor_ && text_[at] == ' ') at++;
    std::string insert = "\n" + std::string(at - here.begin, ' ');
    size_t last = selection().begin;
    while (last > here.begin && text_[last - 1] == ' ') last--;
    if (last > here.begin && text_[last - 1] == ':') insert.append(kIndent, ' ');
    change(selection(), insert);
}

void EditBuffer::backspace(bool word) {
    Range range = selection();
    if (range.empty()) {
        range.begin = word ? word_begin(cursor_) : previous(cursor_);
        // In the indentation: back to the level before.
        const size_t begin = lines_[line_of(cursor_)];
        const size_t width = cursor_ - begin;
        if (!word && width > 0 && text_.find_first_not_of(' ', begin) >= cursor_)
            range.begin = begin + (width - 1) / kIndent * kIndent;
    }
    change(range, "");
}

void EditBuffer::erase(bool word) {
    Range range = selection();
    if (range.empty()) range.end = word ? word_end(cursor_) : next(cursor_);
    change(range, "");
}

Range EditBuffer::selected_lines() const {
    Range range = selection();
    const size_t first = line_of(range.begin);
    size_t last = line_of(range.end);
    if (last > first && lines_[last] == range.end) last--; // a selection of whole lines
    return {lines_[first], line(last).end};
}

void EditBuffer::indent() {
    Range range = selection();
    if (line_of(range.begin) == line_of(range.end)) {
        const size_t column = column_of(range.begin);
        change(range, std::string(kIndent - column % kIndent, ' '));
        return;
    }
    Range lines = selected_lines();
    std::string with;
    bool begin = true;
    for (size_t i = lines.begin; i < lines.end; i++) {
        if (begin && text_[i] != '\n') with.append(kIndent, ' ');
        with += text_[i];
        begin = text_[i] == '\n';
    }
    change(lines, with);
    select({lines.begin, lines.begin + with.size()});
}

void EditBuffer::dedent() {
    Range lines = selected_lines();
    std::string with;
    size_t left = kIndent;
    for (size_t i = lines.begin; i < lines.end; i++) {
        if (left > 0 && text_[i] == ' ') {
            left--;
            continue;
        }
        left = text_[i] == '\n' ? kIndent : 0;
        with += text_[i];
    }
    const bool several = line_of(selection().begin) != line_of(selection().end);
    change(lines, with);
    if (several) select({lines.begin, lines.begin + with.size()});
}

void EditBuffer::toggle_comment() {
    Range lines = selected_lines();
    bool all = true;
    for (size_t at = lines.begin; at <= lines.end;) {
        Range here = line(line_of(at));
        size_t first = text_.find_first_not_of(' ', here.begin);
        if (first < here.end && text_[first] != '#') all = false;
        at = here.end + 1;
    }
    std::string with;
    for (size_t at = lines.begin; at <= lines.end;) {
        Range here = line(line_of(at));
        size_t first = std::min(text_.find_first_not_of(' ', here.begin), here.end);
        with += text_.substr(here.begin, first - here.begin);
        if (all && first < here.end)
            first += text_.compare(first, 2, "# ") == 0 ? 2 : 1;
        else if (first < here.end)
            with += "# ";
        with += text_.substr(first, here.end - first);
        if (here.end < lines.end) with += '\n';
        at = here.end + 1;
    }
    change(lines, with);
    select({lines.begin, lines.begin + with.size()});
}

void EditBuffer::replace(Range range, std::string_view with) {
    const size_t cursor = cursor_, anchor = anchor_;
    auto moved = [&](size_t at) {
        if (at <= range.begin) return at;
        return at >= range.end ? at - (range.end - range.begin) + with.size() : range.begin + with.size();
    };
    change(range, with);
    cursor_ = moved(cursor);
    anchor_ = moved(anchor);
    wanted_column_ = column_of(cursor_);
}

void EditBuffer::undo() {
    if (undo_.empty()) return;
    Change last = std::move(undo_.back());
    undo_.pop_back();
    apply(last.at, last.inserted.size(), last.removed);
    cursor_ = last.cursor_before;
    anchor_ = last.anchor_before;
    wanted_column_ = column_of(cursor_);
    last.typed = false;
    redo_.push_back(std::move(last));
}

void EditBuffer::redo() {
    if (redo_.empty()) return;
    Change last = std::move(redo_.back());
    redo_.pop_back();
    apply(last.at, last.removed.size(), last.inserted);
    after_change(last.at + last.inserted.size());
    undo_.push_back(std::move(last));
}

} // namespace indent::ide
