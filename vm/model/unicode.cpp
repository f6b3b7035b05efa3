#include "vm/model/unicode.h"
#include <algorithm>
#include <iterator>
#include <utf8proc.h>

namespace indent::unicode {

namespace {

utf8proc_category_t category(char32_t c) {
    return utf8proc_category(utf8proc_int32_t(c));
}

// Letters whose capitals are several (SpecialCasing.txt of Unicode, what holds in every language); sorted.
struct Expansion {
    char32_t from;
    char32_t upper[3];
    char32_t title[3];
};
constexpr Expansion kExpansions[] = {
    {0x00DF, {'S', 'S'}, {'S', 's'}},
    {0x0149, {0x02BC, 'N'}, {0x02BC, 'N'}},
    {0x01F0, {'J', 0x030C}, {'J', 0x030C}},
    {0x0390, {0x0399, 0x0308, 0x0301}, {0x0399, 0x0308, 0x0301}},
    {0x03B0, {0x03A5, 0x0308, 0x0301}, {0x03A5, 0x0308, 0x0301}},
    {0x0587, {0x0535, 0x0552}, {0x0535, 0x0582}},
    {0x1E96, {'H', 0x0331}, {'H', 0x0331}},
    {0x1E97, {'T', 0x0308}, {'T', 0x0308}},
    {0x1E98, {'W', 0x030A}, {'W', 0x030A}},
    {0x1E99, {'Y', 0x030A}, {'Y', 0x030A}},
    {0x1E9A, {'A', 0x02BE}, {'A', 0x02BE}},
    {0x1F50, {0x03A5, 0x0313}, {0x03A5, 0x0313}},
    {0x1F52, {0x03A5, 0x0313, 0x0300}, {0x03A5, 0x0313, 0x0300}},
    {0x1F54, {0x03A5, 0x0313, 0x0301}, {0x03A5, 0x0313, 0x0301}},
    {0x1F56, {0x03A5, 0x0313, 0x0342}, {0x03A5, 0x0313, 0x0342}},
    {0x1FB6, {0x0391, 0x0342}, {0x0391, 0x0342}},
    {0x1FC6, {0x0397, 0x0342}, {0x0397, 0x0342}},
    {0x1FD2, {0x0399, 0x0308, 0x0300}, {0x0399, 0x0308, 0x0300}},
    {0x1FD6, {0x0399, 0x0342}, {0x0399, 0x0342}},
    {0x1FE2, {0x03A5, 0x0308, 0x0300}, {0x03A5, 0x0308, 0x0300}},
    {0x1FE4, {0x03A1, 0x0313}, {0x03A1, 0x0313}},
    {0x1FE6, {0x03A5, 0x0342}, {0x03A5, 0x0342}},
    {0x1FF6, {0x03A9, 0x0342}, {0x03A9, 0x0342}},
    {0xFB00, {'F', 'F'}, {'F', 'f'}},
    {0xFB01, {'F', 'I'}, {'F', 'i'}},
    {0xFB02, {'F', 'L'}, {'F', 'l'}},
    {0xFB03, {'F', 'F', 'I'}, {'F', 'f', 'i'}},
    {0xFB04, {'F', 'F', 'L'}, {'F', 'f', 'l'}},
    {0xFB05, {'S', 'T'}, {'S', 't'}},
    {0xFB06, {'S', 'T'}, {'S', 't'}},
};

const Expansion* expansion_of(char32_t c) {
    const auto* found = std::lower_bound(std::begin(kExpansions), std::end(kExpansions), c,
                                         [](const Expansion& e, char32_t x) { return e.from < x; });
    return found != std::end(kExpansions) && found->from == c ? found : nullptr;
}

size_t copy_expansion(const char32_t (&from)[3], char32_t out[3]) {
    size_t count = 0;
    while (count < 3 && from[count] != 0) {
        out[count] = from[count];
        ++count;
    }
    return count;
}

bool ascii_upper(char32_t c) {
    return c - U'A' < 26;
}
bool ascii_lower(char32_t c) {
    return c - U'a' < 26;
}

} // namespace

int width(char32_t c) {
    return c < 0x7F ? (c < 0x20 ? 0 : 1) : utf8proc_charwidth(utf8proc_int32_t(c));
}

bool is_letter(char32_t c) {
    if (c < 0x80) return ascii_upper(c) || ascii_lower(c);
    auto k = category(c);
    return k >= UTF8PROC_CATEGORY_LU && k <= UTF8PROC_CATEGORY_LO;
}

bool is_digit(char32_t c) {
    if (c < 0x80) return c - U'0' < 10;
    return category(c) == UTF8PROC_CATEGORY_ND;
}

bool is_space(char32_t c) {
    if (c < 0x80) return c == ' ' || (c >= 9 && c <= 13);
    if (c == 0x85) return true;
    auto k = category(c);
    return k == UTF8PROC_CATEGORY_ZS || k == UTF8PROC_CATEGORY_ZL || k == UTF8PROC_CATEGORY_ZP;
}

bool is_upper(char32_t c) {
    if (c < 0x80) return ascii_upper(c);
    auto k = category(c);
    return k == UTF8PROC_CATEGORY_LU || k == UTF8PROC_CATEGORY_LT;
}

bool is_lower(char32_t c) {
    if (c < 0x80) return ascii_lower(c);
    return category(c) == UTF8PROC_CATEGORY_LL;
}

bool is_punctuation(char32_t c) {
    if (c < 0x80) return c > ' ' && c < 0x7F && !is_letter(c) && !is_digit(c);
    auto k = category(c);
    return k >= UTF8PROC_CATEGORY_PC && k <= UTF8PROC_CATEGORY_SO;
}

bool is_printable(char32_t c) {
    if (c < 0x80) return c >= ' ' && c < 0x7F;
    switch (category(c)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP: return false;
    default: return true;
    }
}

size_t to_upper(char32_t c, char32_t out[3]) {
    if (c < 0x80) {
        out[0] = ascii_lower(c) ? c - 32 : c;
        return 1;
    }
    if (const Expansion* e = expansion_of(c)) return copy_expansion(e->upper, out);
    out[0] = char32_t(utf8proc_toupper(utf8proc_int32_t(c)));
    return 1;
}

size_t to_title(char32_t c, char32_t out[3]) {
    if (c < 0x80) return to_upper(c, out);
    if (const Expansion* e = expansion_of(c)) return copy_expansion(e->title, out);
    out[0] = char32_t(utf8proc_totitle(utf8proc_int32_t(c)));
    return 1;
}

size_t to_lower(char32_t c, char32_t out[3]) {
    if (c < 0x80) {
        out[0] = ascii_upper(c) ? c + 32 : c;
        return 1;
    }
    if (c == 0x130) { // the dotted capital I
        out[0] = 'i', out[1] = 0x307;
        return 2;
    }
    out[0] = char32_t(utf8proc_tolower(utf8proc_int32_t(c)));
    return 1;
}

bool Clusters::begins(char32_t c) {
    bool first = !any_;
    any_ = true;
    bool begins = first;
    if (!first)
        begins = utf8proc_grapheme_break_stateful(utf8proc_int32_t(last_), utf8proc_int32_t(c), &state_);
    last_ = c;
    return begins;
}

} // namespace indent::unicode
