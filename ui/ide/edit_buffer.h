// A text that is being edited: cursor, selection, undo. Knows nothing of how it is shown.
//
// Positions are byte offsets that stand at the beginning of a code point (or at the end of the text). One thread.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace indent::ide {

struct Range { // half open
    size_t begin = 0;
    size_t end = 0;
    bool empty() const { return begin == end; }
};

class EditBuffer {
  public:
    enum class Step : uint8_t { Left, Right, WordLeft, WordRight, Up, Down, LineBegin, LineEnd, Begin, End };

    const std::string& text() const { return text_; }
    size_t cursor() const { return cursor_; }
    Range selection() const {
        return {cursor_ < anchor_ ? cursor_ : anchor_, cursor_ < anchor_ ? anchor_ : cursor_};
    }
    std::string selected() const;
    // Changes with every change of the text, never back.
    uint64_t version() const { return version_; }

    // Another text altogether; nothing to undo.
    void load(std::string text);

    void move(Step step, bool select, size_t times = 1);
    void place(size_t cursor, bool select); // anywhere; goes to the beginning of the code point there
    void select(Range range);               // the cursor is at its end
    void select_all() { select({0, text_.size()}); }
    void select_word(size_t at);

    // What is typed or pasted takes the place of the selection. Line ends become '\n', tabs spaces.
    void type(std::string_view text);
    void new_line(); // with the indentation of this line, and one level more after a `:`
    void backspace(bool word);
    void erase(bool word); // forward
    void indent();         // Tab: spaces to the next level, or all selected lines
    void dedent();
    void toggle_comment();
    // A change from elsewhere, such as a printed result; the cursor stays with its text. Can be undone.
    void replace(Range range, std::string_view with);

    void undo();
    void redo();
    bool can_undo() const { return !undo_.empty(); }
    bool can_redo() const { return !redo_.empty(); }

    // ---- lines, from 0
    size_t line_count() const { return lines_.size(); }
    size_t line_of(size_t position) const;
    Range line(size_t number) const;         // without its end
    size_t column_of(size_t position) const; // in code points

  private:
    struct Change { // text_[at, at + inserted.size()) was `removed` before
        size_t at = 0;
        std::string removed, inserted;
        size_t cursor_before = 0, anchor_before = 0;
        bool typed = false; // one character; joins with those before it
    };
    void change(Range range, std::string_view with, bool typed = false);
    void apply(size_t at, size_t length, std::string_view with);
    void after_change(size_t cursor);
    size_t next(size_t position) const;
    size_t previous(size_t position) const;
    size_t word_end(size_t position) const;
    size_t word_begin(size_t position) const;
    size_t at_column(size_t line, size_t column) const;
    Range selected_lines() const; // whole lines, without the last line end

    std::string text_;
    std::vector<size_t> lines_{0}; // where each begins
    size_t cursor_ = 0;
    size_t anchor_ = 0;
    size_t wanted_column_ = 0; // of Up and Down
    uint64_t version_ = 0;
    std::vector<Change> undo_, redo_;
};

} // namespace indent::ide
