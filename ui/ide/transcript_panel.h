// What the program printed. Holds the newest lines only; draws the lines in sight.
#pragma once
#include "ui/ide/theme.h"
#include <deque>
#include <string>
#include <string_view>

namespace indent::ide {

class TranscriptPanel {
  public:
    enum class Kind : uint8_t { Output, Error, Note };
    // Text as it comes, in pieces of lines.
    void add(std::string_view text, Kind kind = Kind::Output);
    void clear() { lines_.clear(); }
    void draw(float width, float height, const Theme& theme, const Fonts& fonts);

  private:
    struct Line {
        std::string text;
        Kind kind;
        bool ended = false;
    };
    std::deque<Line> lines_;
    size_t bytes_ = 0;
    bool at_end_ = true; // stays at the newest line
};

} // namespace indent::ide
