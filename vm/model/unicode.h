// What Unicode says of code points: classes, case, clusters. Thin over utf8proc, with a quick way for ASCII.
#pragma once
#include <cstddef>
#include <cstdint>

namespace indent::unicode {

bool is_letter(char32_t c);
bool is_digit(char32_t c); // decimal digits of all scripts
bool is_space(char32_t c); // white space and line ends
bool is_upper(char32_t c);
bool is_lower(char32_t c);
bool is_punctuation(char32_t c); // punctuation and symbols
bool is_printable(char32_t c);   // may stand in a literal as it is

int width(char32_t c); // columns of a terminal: 0, 1 or 2; control characters have none

// May a text hold it: up to 0x10FFFF and no surrogate.
inline bool is_code_point(int64_t c) {
    return c >= 0 && c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF);
}

// Up to three code points; answers how many.
size_t to_upper(char32_t c, char32_t out[3]);
size_t to_title(char32_t c, char32_t out[3]);
size_t to_lower(char32_t c, char32_t out[3]);

// Tells where what a reader sees as one character ends: feed it the code points of a text one by one.
class Clusters {
  public:
    // Whether a new cluster begins with c (also for the first).
    bool begins(char32_t c);

  private:
    char32_t last_ = 0;
    int32_t state_ = 0;
    bool any_ = false;
};

} // namespace indent::unicode
