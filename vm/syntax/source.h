// A text with its name, and the way from byte offsets to the lines and columns that people read.
#pragma once
#include "vm/syntax/tree.h"
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace indent::syntax {

struct Position {
    uint32_t line = 1;
    uint32_t column = 1; // in code points, from 1
};

// Looks at a text that somebody else keeps; the lines are counted at the first question. One thread at a
// time.
class Source {
  public:
    Source(std::string_view name, std::string_view text) : name_(name), text_(text) {}

    std::string_view name() const { return name_; }
    std::string_view text() const { return text_; }
    // The place of a byte offset; one past the end is allowed, and anything further counts as the end.
    Position position(uint32_t offset) const;
    // The line (from 1) without its line end; empty where there is no such line.
    std::string_view line(uint32_t number) const;
    uint32_t line_begin(uint32_t number) const; // the offset of its first byte
    uint32_t line_count() const;

  private:
    void count() const;
    std::string_view name_;
    std::string_view text_;
    mutable std::vector<uint32_t> begins_;
};

// The offset of the first byte that is not part of well-formed UTF-8 at or after `from`, or nothing.
std::optional<size_t> find_invalid_utf8(std::string_view text, size_t from = 0);

// The code point at an offset of well-formed UTF-8, and how many bytes it takes. A malformed byte is one byte
// long and counts as U+FFFD.
struct CodePoint {
    char32_t value;
    uint32_t bytes;
};
CodePoint code_point_at(std::string_view text, size_t offset);
// Appends the UTF-8 form; `value` must be a Unicode scalar value.
void append_utf8(std::string& to, char32_t value);

} // namespace indent::syntax
