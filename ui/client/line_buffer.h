// Lines out of a stream of bytes that nobody trusts: no more is kept than one line may have.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace indent::ui {

class LineBuffer {
  public:
    explicit LineBuffer(size_t longest) : longest_(longest) {}
    void set_longest(size_t bytes) { longest_ = bytes; } // of lines from here on

    // What has come, in pieces as they were read. Nothing more may be added once it is too long.
    void add(std::string_view bytes) { bytes_ += bytes; }
    // The next line without its end (`\n` or `\r\n`); nothing: it is not there as a whole yet, or it is too long.
    std::optional<std::string> next() {
        const size_t end = bytes_.find('\n', looked_);
        if (end == std::string::npos || end - begin_ > longest_) {
            looked_ = end == std::string::npos ? bytes_.size() : end;
            too_long_ = looked_ - begin_ > longest_;
            bytes_.erase(0, begin_);
            looked_ -= begin_;
            begin_ = 0;
            return std::nullopt;
        }
        std::string line = bytes_.substr(begin_, end - begin_);
        if (!line.empty() && line.back() == '\r') line.pop_back();
        begin_ = looked_ = end + 1;
        return line;
    }
    // Known after `next` has answered nothing.
    bool is_too_long() const { return too_long_; }

  private:
    size_t longest_;
    std::string bytes_;
    size_t begin_ = 0;  // of the line
    size_t looked_ = 0; // up to here there is no line end
    bool too_long_ = false;
};

} // namespace indent::ui
