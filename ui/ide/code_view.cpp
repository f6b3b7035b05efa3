// Only the lines in sight are drawn; what must be known of all lines (where multi-line texts begin, the longest line)
// is kept until the text changes.
#include "ui/ide/code_view.h"
#include "ui/ide/statement.h"
#include <algorithm>
#include <imgui.h>

namespace indent::ide {

namespace {

constexpr size_t kLongLine = 4000; // longer ones are shown without colours, and cut

void append_utf8(std::string& to, char32_t c) {
    if (c < 0x80) {
        to += char(c);
    } else if (c < 0x800) {
        to += char(0xC0 | c >> 6);
        to += char(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        to += char(0xE0 | c >> 12);
        to += char(0x80 | (c >> 6 & 0x3F));
        to += char(0x80 | (c & 0x3F));
    } else {
        to += char(0xF0 | c >> 18);
        to += char(0x80 | (c >> 12 & 0x3F));
        to += char(0x80 | (c >> 6 & 0x3F));
        to += char(0x80 | (c & 0x3F));
    }
}

// `words` in lines of at most `columns` code points, broken at spaces where there are any; those after the first are
// moved in by two.
std::vector<std::string> wrapped(std::string_view words, size_t columns) {
    std::vector<std::string> lines;
    std::string line;
    size_t length = 0, last_space = 0, last_length = 0; // of the line; of what stands before its last space
    for (char c : words) {
        if (c == ' ') {
            last_space = line.size();
            last_length = length;
        }
        if ((uint8_t(c) & 0xC0) != 0x80) ++length;
        line += c;
        if (length <= columns) continue;
        const bool at_space = last_length > columns / 2;
        std::string rest = at_space ? line.substr(last_space + 1) : std::string(1, c);
        line.resize(at_space ? last_space : line.size() - 1);
        lines.push_back(std::move(line));
        line = "  " + rest;
        length = 2 + (at_space ? length - last_length - 1 : 1);
        last_space = last_length = 0;
    }
    lines.push_back(std::move(line));
    return lines;
}

} // namespace

struct CodeView::Metrics {
    ImDrawList* list;
    ImFont* font;
    float size;               // of the font
    ImVec2 origin;            // of the first line's number, scrolled
    float gutter;             // where texts begin, from there
    float row;                // height
    float width;              // of the pane
    std::vector<size_t> rows; // the first row of each line; empty: there are no marks, and it is the line

    float measure(std::string_view text) const {
        if (text.size() > kLongLine) text = text.substr(0, kLongLine);
        return font->CalcTextSizeA(size, 1e9f, 0, text.data(), text.data() + text.size()).x;
    }
    float words_width() const { return width - gutter - 2 * size; } // for the words of marks
    size_t row_of(size_t line) const { return rows.empty() ? line : rows[line]; }
    size_t line_at(size_t wanted, size_t lines) const {
        if (rows.empty()) return std::min(wanted, lines - 1);
        return size_t(std::upper_bound(rows.begin(), rows.end(), wanted) - rows.begin()) - 1;
    }
    float top(size_t line) const { return origin.y + float(row_of(line)) * row; }
};

namespace {

// What a mark says, in the rows under its line.
struct MarkWords {
    std::vector<std::string> message, suggestion;
    size_t rows() const { return message.size() + suggestion.size(); }
};

MarkWords words_of(const Mark& mark, float width, float digit) {
    const size_t columns = size_t(std::max(20.0f, width / digit));
    MarkWords words;
    words.message = wrapped("^ " + mark.message, columns);
    if (!mark.suggestion.empty()) words.suggestion = wrapped("  " + mark.suggestion, columns);
    return words;
}

} // namespace

void CodeView::show(std::vector<Mark> marks) {
    marks_ = std::move(marks);
    std::sort(marks_.begin(), marks_.end(),
              [](const Mark& a, const Mark& b) { return a.span.begin < b.span.begin; });
    marked_version_ = buffer.version();
}

void CodeView::refresh() {
    if (marked_version_ != buffer.version()) marks_.clear();
    if (seen_version_ == buffer.version()) return;
    seen_version_ = buffer.version();
    in_text_.assign(buffer.line_count(), false);
    longest_ = 0;
    bool in_text = false;
    for (size_t number = 0; number < buffer.line_count(); number++) {
        in_text_[number] = in_text;
        Range range = buffer.line(number);
        std::string_view line(buffer.text().data() + range.begin, range.end - range.begin);
        longest_ = std::max(longest_, std::min(line.size(), kLongLine));
        if (line.size() <= kLongLine) highlight(line, in_text);
    }
}

// ---- keys

bool CodeView::handle(const InputEvent& event, bool read_only, size_t page) {
    using Step = EditBuffer::Step;
    const bool select = event.shift;
    const bool word = event.control;
    switch (event.key) {
    case Key::Left: buffer.move(word ? Step::WordLeft : Step::Left, select); return true;
    case Key::Right: buffer.move(word ? Step::WordRight : Step::Right, select); return true;
    case Key::Up: buffer.move(Step::Up, select); return true;
    case Key::Down: buffer.move(Step::Down, select); return true;
    case Key::PageUp: buffer.move(Step::Up, select, page); return true;
    case Key::PageDown: buffer.move(Step::Down, select, page); return true;
    case Key::Home: buffer.move(word ? Step::Begin : Step::LineBegin, select); return true;
    case Key::End: buffer.move(word ? Step::End : Step::LineEnd, select); return true;
    default: break;
    }
    if (event.is('a')) {
        buffer.select_all();
        return true;
    }
    if (event.is('c') || event.is('x')) {
        if (buffer.selection().empty()) return true;
        ImGui::SetClipboardText(buffer.selected().c_str());
        if (event.character == 'x' && !read_only) buffer.erase(false);
        return true;
    }
    if (read_only) return false;
    switch (event.key) {
    case Key::Character: {
        std::string text;
        append_utf8(text, event.character);
        buffer.type(text);
        return true;
    }
    case Key::Enter:
        // The value that was printed for a line stays with it.
        if (buffer.selection().empty() && stands_before_result(buffer, buffer.cursor()))
            buffer.move(EditBuffer::Step::LineEnd, false);
        buffer.new_line();
        return true;
    case Key::Tab:
        if (event.control) return false;
        if (event.shift)
            buffer.dedent();
        else
            buffer.indent();
        return true;
    case Key::Backspace: buffer.backspace(word); return true;
    case Key::Delete: buffer.erase(word); return true;
    default: break;
    }
    if (event.is('v')) {
        if (const char* text = ImGui::GetClipboardText()) buffer.type(text);
        return true;
    }
    if (event.is('z')) {
        buffer.undo();
        return true;
    }
    if (event.is('y') || event.is('z', true)) {
        buffer.redo();
        return true;
    }
    if (event.is('/')) {
        buffer.toggle_comment();
        return true;
    }
    return false;
}

void CodeView::handle(Input& input, bool read_only, size_t page) {
    std::erase_if(input, [&](const InputEvent& event) {
        if (!handle(event, read_only, page)) return false;
        follow_ = true;
        return true;
    });
}

// ---- mouse

size_t CodeView::position_at(const Metrics& metrics, float x, float y) const {
    const float row = std::max(0.0f, (y - metrics.origin.y) / metrics.row);
    const size_t number = metrics.line_at(size_t(row), buffer.line_count());
    Range range = buffer.line(number);
    const char* text = buffer.text().data();
    const float wanted = x - metrics.origin.x - metrics.gutter;
    if (wanted <= 0) return range.begin;
    // The nearest gap between two characters.
    size_t at = range.begin;
    float left = 0;
    while (at < range.end) {
        size_t after = at + 1;
        while (after < range.end && (text[after] & 0xC0) == 0x80) after++;
        const float right = left + metrics.measure({text + at, after - at});
        if (wanted < (left + right) / 2) break;
        left = right;
        at = after;
    }
    return at;
}

void CodeView::handle_mouse(const Metrics& metrics) {
    const ImGuiIO& io = ImGui::GetIO();
    if (ImGui::IsItemHovered()) ImGui::SetMouseCursor(ImGuiMouseCursor_TextInput);
    if (!ImGui::IsItemActive()) return;
    const size_t at = position_at(metrics, io.MousePos.x, io.MousePos.y);
    if (ImGui::IsMouseDoubleClicked(0)) {
        buffer.select_word(at);
    } else if (ImGui::IsMouseClicked(0)) {
        buffer.place(at, io.KeyShift);
    } else if (ImGui::IsMouseDragging(0, 3)) {
        buffer.place(at, true);
        follow_ = true;
    }
}

// ---- drawing

void CodeView::draw_line(const Metrics& metrics, const Theme& theme, size_t number) {
    const Range range = buffer.line(number);
    const std::string_view line(buffer.text().data() + range.begin, range.end - range.begin);
    const float top = metrics.top(number);
    const float left = metrics.origin.x + metrics.gutter;
    auto x_of = [&](size_t position) {
        return left + metrics.measure(line.substr(0, position - range.begin));
    };

    const Range selection = buffer.selection();
    const bool here = buffer.line_of(buffer.cursor()) == number;
    if (here && focused_ && selection.empty()) {
        const float x = ImGui::GetWindowPos().x;
        metrics.list->AddRectFilled({x, top}, {x + metrics.width, top + metrics.row}, theme.current_line);
    }
    if (!selection.empty() && selection.begin <= range.end && selection.end > range.begin) {
        float from = x_of(std::max(selection.begin, range.begin));
        float to = x_of(std::min(selection.end, range.end));
        if (selection.end > range.end) to += metrics.size * 0.4f; // the line end is part of it
        metrics.list->AddRectFilled({from, top}, {to, top + metrics.row},
                                    focused_ ? theme.selection : theme.selection_idle);
    }
    const std::string label = std::to_string(number + 1);
    const float label_width = metrics.measure(label);
    const float text_top = top + (metrics.row - metrics.size) / 2;
    metrics.list->AddText(metrics.font, metrics.size, {left - metrics.size * 0.9f - label_width, text_top},
                          here && focused_ ? theme.dim : theme.line_number, label.c_str());

    auto draw = [&](float x, std::string_view text, Theme::Ink ink) {
        metrics.list->AddText(metrics.font, metrics.size, {x, text_top}, ink, text.data(),
                              text.data() + text.size());
        return x + metrics.measure(text);
    };
    if (line.size() > kLongLine) {
        draw(left, line.substr(0, kLongLine), theme.ink(Colour::Plain));
    } else {
        bool in_text = in_text_[number];
        float x = left;
        for (const Stretch& stretch : highlight(line, in_text))
            x = draw(x, line.substr(stretch.begin, stretch.end - stretch.begin), theme.ink(stretch.colour));
    }
    if (here && focused_) {
        const float x = x_of(buffer.cursor());
        metrics.list->AddRectFilled({x - 1, top + 1}, {x + 1, top + metrics.row - 1}, theme.cursor);
    }
}

void CodeView::draw_marks(const Metrics& metrics, const Theme& theme, size_t number) {
    const Range range = buffer.line(number);
    const std::string_view line(buffer.text().data() + range.begin, range.end - range.begin);
    const float left = metrics.origin.x + metrics.gutter;
    float y = metrics.top(number) + metrics.row;
    for (const Mark& mark : marks_) {
        if (buffer.line_of(mark.span.begin) != number) continue;
        const Theme::Ink ink = mark.error ? theme.error : theme.warning;
        const float from = left + metrics.measure(line.substr(0, mark.span.begin - range.begin));
        const size_t end = std::clamp(mark.span.end, mark.span.begin, range.end);
        const float to =
            std::max(left + metrics.measure(line.substr(0, end - range.begin)), from + metrics.size * 0.6f);
        // A wave under what is meant …
        const float wave = metrics.top(number) + metrics.row - 2;
        const float step = metrics.size * 0.14f;
        bool up = false;
        for (float x = from; x < to; x += step, up = !up)
            metrics.list->AddLine({x, wave - (up ? step : 0)},
                                  {std::min(x + step, to), wave - (up ? 0 : step)}, ink, 1.2f);
        // … and the words below, from there if they fit.
        const float pane = ImGui::GetWindowPos().x;
        const auto words = words_of(mark, metrics.words_width(), metrics.measure("0"));
        const float bottom = y + float(words.rows()) * metrics.row;
        metrics.list->AddRectFilled({pane, y}, {pane + metrics.width, bottom},
                                    mark.error ? theme.error_background : theme.warning_background);
        float widest = 0;
        for (const auto* lines : {&words.message, &words.suggestion})
            for (const auto& text : *lines) widest = std::max(widest, metrics.measure(text));
        const float x = std::max(left, std::min(from, pane + metrics.width - widest - metrics.size));
        y += (metrics.row - metrics.size) / 2;
        for (const auto* lines : {&words.message, &words.suggestion})
            for (const auto& text : *lines) {
                metrics.list->AddText(metrics.font, metrics.size, {x, y},
                                      lines == &words.message ? ink : theme.dim, text.c_str());
                y += metrics.row;
            }
        y = bottom;
    }
}

void CodeView::draw(const char* name, float width, float height, const Theme& theme, const Fonts& fonts,
                    Input& input, bool read_only) {
    if (wants_focus_) ImGui::SetNextWindowFocus();
    wants_focus_ = false;
    ImGui::PushStyleColor(ImGuiCol_ChildBg, theme.background);
    ImGui::BeginChild(name, {width, height}, false,
                      ImGuiWindowFlags_HorizontalScrollbar | ImGuiWindowFlags_NoMove);
    ImGui::PopStyleColor();
    focused_ = ImGui::IsWindowFocused();
    Metrics metrics{};
    metrics.list = ImGui::GetWindowDrawList();
    metrics.font = fonts.code;
    metrics.size = fonts.code->FontSize;
    metrics.row = float(int(metrics.size * 1.32f));
    metrics.width = width;
    if (focused_) handle(input, read_only, std::max<size_t>(1, size_t(height / metrics.row) - 1));
    refresh();
    const float digit = metrics.measure("0");
    const size_t digits = std::max<size_t>(2, std::to_string(buffer.line_count()).size());
    metrics.gutter = digit * float(digits) + metrics.size * 1.5f;
    size_t rows = buffer.line_count();
    if (!marks_.empty()) {
        size_t row = 0;
        auto mark = marks_.begin();
        for (size_t number = 0; number < buffer.line_count(); number++) {
            metrics.rows.push_back(row++);
            for (; mark != marks_.end() && buffer.line_of(mark->span.begin) == number; ++mark)
                row += words_of(*mark, metrics.words_width(), digit).rows();
        }
        rows = row;
    }
    const ImVec2 room = ImGui::GetContentRegionAvail();
    const ImVec2 whole{std::max(room.x, metrics.gutter + digit * float(longest_ + 2)),
                       std::max(room.y, float(rows + 1) * metrics.row + 6)};
    metrics.origin = ImGui::GetCursorScreenPos();
    metrics.origin.y += 4;
    ImGui::InvisibleButton("text", whole);
    handle_mouse(metrics);

    if (follow_) {
        follow_ = false;
        const size_t number = buffer.line_of(buffer.cursor());
        const float top = float(metrics.row_of(number)) * metrics.row;
        const float scroll = ImGui::GetScrollY(), view = ImGui::GetWindowHeight();
        if (top < scroll)
            ImGui::SetScrollY(top);
        else if (top + metrics.row * 2 > scroll + view)
            ImGui::SetScrollY(top + metrics.row * 2 - view);
        Range range = buffer.line(number);
        const float x = metrics.measure({buffer.text().data() + range.begin, buffer.cursor() - range.begin});
        const float left = ImGui::GetScrollX();
        if (x < left)
            ImGui::SetScrollX(std::max(0.0f, x - digit * 8));
        else if (x + metrics.gutter + digit * 4 > left + width)
            ImGui::SetScrollX(x + metrics.gutter + digit * 8 - width);
    }

    const float first_y = ImGui::GetWindowPos().y;
    const size_t first = metrics.line_at(size_t(std::max(0.0f, (first_y - metrics.origin.y) / metrics.row)),
                                         buffer.line_count());
    for (size_t number = first; number < buffer.line_count(); number++) {
        if (metrics.top(number) > first_y + height) break;
        draw_line(metrics, theme, number);
        if (!marks_.empty()) draw_marks(metrics, theme, number);
    }
    ImGui::EndChild();
}

} // namespace indent::ide
