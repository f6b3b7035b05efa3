// Short parts are compared place by place, after a quick search for their first code point; long ones by the
// method of Knuth, Morris and Pratt, which never goes back in the text.
#include "vm/model/text_search.h"
#include <cstring>
#include <vector>

namespace indent {

namespace {

constexpr size_t kShortPart = 16;

template <class Unit>
struct Forwards {
    const Unit* data;
    size_t length;
    char32_t operator[](size_t i) const { return data[i]; }
};
template <class Unit>
struct Backwards {
    const Unit* data;
    size_t length;
    char32_t operator[](size_t i) const { return data[length - 1 - i]; }
};

template <class Text, class Part>
size_t find_long(Text text, Part part, size_t from) {
    // fallback[i]: how much of the part is still matched when part[i] does not fit.
    std::vector<size_t> fallback(part.length);
    fallback[0] = 0;
    for (size_t i = 1, matched = 0; i < part.length; ++i) {
        while (matched > 0 && part[i] != part[matched]) matched = fallback[matched - 1];
        if (part[i] == part[matched]) ++matched;
        fallback[i] = matched;
    }
    for (size_t i = from, matched = 0; i < text.length; ++i) {
        while (matched > 0 && text[i] != part[matched]) matched = fallback[matched - 1];
        if (text[i] == part[matched]) ++matched;
        if (matched == part.length) return i + 1 - matched;
    }
    return kNotFound;
}

template <class Text, class Part>
size_t find_short(Text text, Part part, size_t from) {
    char32_t first = part[0];
    for (size_t i = from; i + part.length <= text.length; ++i) {
        if (text[i] != first) continue;
        size_t k = 1;
        while (k < part.length && text[i + k] == part[k]) ++k;
        if (k == part.length) return i;
    }
    return kNotFound;
}

size_t find_short(Forwards<uint8_t> text, Forwards<uint8_t> part, size_t from) {
    const uint8_t* at = text.data + from;
    const uint8_t* last = text.data + text.length - part.length; // the last place where it may stand
    while (at <= last) {
        at = static_cast<const uint8_t*>(std::memchr(at, part.data[0], size_t(last - at) + 1));
        if (!at) return kNotFound;
        if (std::memcmp(at, part.data, part.length) == 0) return size_t(at - text.data);
        ++at;
    }
    return kNotFound;
}

template <class Text, class Part>
size_t find_any(Text text, Part part, size_t from) {
    if (part.length > text.length || from > text.length - part.length) return kNotFound;
    return part.length <= kShortPart ? find_short(text, part, from) : find_long(text, part, from);
}

template <template <class> class Direction, class Unit>
size_t find_in(const Unit* data, TextView text, TextView part, size_t from) {
    Direction<Unit> in{data, text.length};
    if (part.width == 1) return find_any(in, Direction<uint8_t>{part.data, part.length}, from);
    if constexpr (sizeof(Unit) >= 2)
        if (part.width == 2)
            return find_any(
                in, Direction<uint16_t>{reinterpret_cast<const uint16_t*>(part.data), part.length}, from);
    if constexpr (sizeof(Unit) == 4)
        if (part.width == 4)
            return find_any(
                in, Direction<uint32_t>{reinterpret_cast<const uint32_t*>(part.data), part.length}, from);
    return kNotFound; // a code point of the part is wider than any of the text
}

template <template <class> class Direction>
size_t find_directed(TextView text, TextView part, size_t from) {
    if (text.width == 1) return find_in<Direction>(text.data, text, part, from);
    if (text.width == 2)
        return find_in<Direction>(reinterpret_cast<const uint16_t*>(text.data), text, part, from);
    return find_in<Direction>(reinterpret_cast<const uint32_t*>(text.data), text, part, from);
}

bool stands_at(TextView text, TextView part, size_t at) {
    if (text.width == part.width)
        return std::memcmp(text.data + at * size_t(text.width), part.data,
                           part.length * size_t(part.width)) == 0;
    for (size_t i = 0; i < part.length; ++i)
        if (text[at + i] != part[i]) return false;
    return true;
}

} // namespace

size_t find_text(TextView text, TextView part, size_t from) {
    if (part.length == 0) return from;
    return find_directed<Forwards>(text, part, from);
}

size_t find_last_text(TextView text, TextView part, size_t from) {
    if (part.length > text.length) return kNotFound;
    if (from > text.length - part.length) from = text.length - part.length;
    if (part.length == 0) return from;
    // Seen from the end, the last place is the first one.
    size_t skipped = text.length - part.length - from;
    size_t found = find_directed<Backwards>(text, part, skipped);
    return found == kNotFound ? kNotFound : text.length - part.length - found;
}

bool starts_with(TextView text, TextView part) {
    return part.length <= text.length && stands_at(text, part, 0);
}

bool ends_with(TextView text, TextView part) {
    return part.length <= text.length && stands_at(text, part, text.length - part.length);
}

} // namespace indent
