// A pane in which code is read and written: line numbers, colours, selection, and what is wrong shown under the line
// that it is about.
#pragma once
#include "ui/ide/edit_buffer.h"
#include "ui/ide/input.h"
#include "ui/ide/theme.h"
#include <optional>
#include <string>
#include <vector>

namespace indent::ide {

struct Mark {
    Range span;
    bool error = true; // else a warning
    std::string message;
    std::string suggestion; // may be empty
};

class CodeView {
  public:
    EditBuffer buffer;

    // Shown until the text changes.
    void show(std::vector<Mark> marks);
    const std::vector<Mark>& marks() const { return marks_; }

    void take_focus() { wants_focus_ = true; }
    bool focused() const { return focused_; }
    void reveal_cursor() { follow_ = true; }

    // Draws the pane into the current window and, if it has the keyboard, takes from `input` what it understands.
    void draw(const char* name, float width, float height, const Theme& theme, const Fonts& fonts,
              Input& input, bool read_only = false);

  private:
    struct Metrics;
    void refresh(); // what depends on the text alone
    void handle(Input& input, bool read_only, size_t page);
    bool handle(const InputEvent& event, bool read_only, size_t page);
    void handle_mouse(const Metrics& metrics);
    size_t position_at(const Metrics& metrics, float x, float y) const;
    void draw_line(const Metrics& metrics, const Theme& theme, size_t number);
    void draw_marks(const Metrics& metrics, const Theme& theme, size_t number);

    std::vector<Mark> marks_;
    uint64_t marked_version_ = 0;
    uint64_t seen_version_ = ~uint64_t(0);
    std::vector<bool> in_text_; // by line: it begins inside a multi-line text
    size_t longest_ = 0;        // line, in code points
    bool wants_focus_ = false;
    bool focused_ = false;
    bool follow_ = false;
};

} // namespace indent::ide
