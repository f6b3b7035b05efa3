// A text always has the least width that holds its code points, so equal texts have equal bytes: equality is
// one memcmp and a hash may be taken over the bytes as they are.
#include "vm/model/text.h"
#include <algorithm>
#include <cstring>
#include <utf8proc.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace indent {

namespace {

constexpr size_t kHeaderWords = 3;
constexpr size_t kLengthWord = 1;
constexpr size_t kHashWord = 2;
constexpr char32_t kReplacement = 0xFFFD;
// Texts up to here are made by moving the nursery's pointer; longer ones take the heap's way.
constexpr size_t kQuickWords = 256;
// No machine holds more; so lengths can be multiplied by four without thinking.
constexpr size_t kMostPoints = size_t(1) << 46;

uint8_t* data_of(Cell* cell) {
    return reinterpret_cast<uint8_t*>(cell->words() + kHeaderWords);
}

size_t words_for(size_t length, int width) {
    return kHeaderWords + (length * size_t(width) + 7) / 8;
}

Cell* begin_text(Cell* cell, size_t length, int width) {
    cell->bits |= Cell::kFrozen;
    cell->barrier = Cell::kNever;
    (*cell)[kLengthWord] = Value::from_bits(uint64_t(length) | uint64_t(width) << 56);
    (*cell)[kHashWord] = Value::from_bits(0);
    return cell;
}

// Its code points are to be filled in; what pads the last word may be anything.
Cell* new_text(Mutator& mutator, size_t length, int width, Value* top) {
    if (length > kMostPoints) throw OutOfMemory{SIZE_MAX};
    size_t words = words_for(length, width);
    size_t bytes = sizeof(Cell) + 8 * words;
    std::byte* at = mutator.nursery_next;
    if (words <= kQuickWords && size_t(mutator.nursery_end - at) >= bytes) [[likely]] {
        mutator.nursery_next = at + bytes;
        Cell* cell = reinterpret_cast<Cell*>(at);
        *cell = Cell{shape::kText, Cell::kFree, Cell::kBytes, Cell::kWide};
        (*cell)[0] = Value::integer(int64_t(words) - 1);
        return begin_text(cell, length, width);
    }
    return begin_text(mutator.heap->allocate_array(shape::kText, Format::Bytes, words, top), length, width);
}

int width_for(char32_t widest) {
    return widest < 0x100 ? 1 : widest < 0x10000 ? 2 : 4;
}

// Calls `write(i, point)` for each code point from UTF-8, with U+FFFD for bytes that are none.
template <class Write>
void decode(std::string_view utf8, Write write) {
    const auto* at = reinterpret_cast<const utf8proc_uint8_t*>(utf8.data());
    const auto* end = at + utf8.size();
    for (size_t i = 0; at < end; ++i) {
        if (*at < 0x80) {
            write(i, char32_t(*at++));
            continue;
        }
        utf8proc_int32_t point = 0;
        utf8proc_ssize_t used = utf8proc_iterate(at, end - at, &point);
        if (used <= 0) {
            write(i, kReplacement);
            ++at;
        } else {
            write(i, char32_t(point));
            at += used;
        }
    }
}

bool is_ascii(const uint8_t* data, size_t bytes) {
    size_t i = 0;
    for (; i + 8 <= bytes; i += 8) {
        uint64_t word;
        std::memcpy(&word, data + i, 8);
        if (word & 0x8080'8080'8080'8080) return false;
    }
    for (; i < bytes; ++i)
        if (data[i] & 0x80) return false;
    return true;
}

template <class Unit>
char32_t widest_of(const Unit* points, size_t length) {
    char32_t all = 0; // or-ing finds the width as surely as the maximum does, and is quicker
    for (size_t i = 0; i < length; ++i) all |= points[i];
    return all;
}

// Copies code points from one width to another; the target is wide enough.
template <class To, class From>
void copy_points(uint8_t* to, const From* from, size_t length) {
    if constexpr (sizeof(To) == sizeof(From)) {
        std::memcpy(to, from, length * sizeof(To));
    } else {
        To* out = reinterpret_cast<To*>(to);
        for (size_t i = 0; i < length; ++i) out[i] = static_cast<To>(from[i]);
    }
}

template <class From>
void copy_points(uint8_t* to, int to_width, const From* from, size_t length) {
    if (to_width == 1) return copy_points<uint8_t>(to, from, length);
    if (to_width == 2) return copy_points<uint16_t>(to, from, length);
    copy_points<uint32_t>(to, from, length);
}

// Fills a new text's code points from UTF-8.
void fill(Cell* cell, int width, bool ascii, std::string_view utf8) {
    uint8_t* to = data_of(cell);
    if (ascii) {
        if (!utf8.empty()) std::memcpy(to, utf8.data(), utf8.size());
    } else if (width == 1) {
        decode(utf8, [to](size_t i, char32_t c) { to[i] = uint8_t(c); });
    } else if (width == 2) {
        decode(utf8, [to](size_t i, char32_t c) { reinterpret_cast<uint16_t*>(to)[i] = uint16_t(c); });
    } else {
        decode(utf8, [to](size_t i, char32_t c) { reinterpret_cast<uint32_t*>(to)[i] = c; });
    }
}

struct Measure {
    size_t length;
    int width;
    bool ascii;
};

Measure measure(std::string_view utf8) {
    if (is_ascii(reinterpret_cast<const uint8_t*>(utf8.data()), utf8.size())) return {utf8.size(), 1, true};
    size_t length = 0;
    char32_t widest = 0;
    decode(utf8, [&](size_t, char32_t c) { ++length, widest |= c; });
    return {length, width_for(widest), false};
}

} // namespace

TextView view_text(Value text) {
    Cell* cell = text.cell();
    uint64_t word = (*cell)[kLengthWord].bits();
    return {data_of(cell), size_t(word & 0x00FF'FFFF'FFFF'FFFF), int(word >> 56)};
}

TextView view_part(TextView text, size_t from, size_t to) {
    return {text.data + from * size_t(text.width), to - from, text.width};
}

Value make_text(Mutator& mutator, std::string_view utf8, Value* top) {
    Measure m = measure(utf8);
    Cell* cell = new_text(mutator, m.length, m.width, top);
    fill(cell, m.width, m.ascii, utf8);
    return Value::cell(cell);
}

Value make_text(Mutator& mutator, const char32_t* points, size_t length, Value* top) {
    int width = width_for(widest_of(points, length));
    Cell* cell = new_text(mutator, length, width, top);
    copy_points(data_of(cell), width, reinterpret_cast<const uint32_t*>(points), length);
    return Value::cell(cell);
}

Value make_text_part(Mutator& mutator, const Value& text_slot, size_t from, size_t to, Value* top) {
    TextView part = view_part(view_text(text_slot), from, to);
    size_t length = to - from;
    int width = 1;
    if (part.width == 2)
        width = width_for(widest_of(reinterpret_cast<const uint16_t*>(part.data), length));
    else if (part.width == 4)
        width = width_for(widest_of(reinterpret_cast<const uint32_t*>(part.data), length));
    Cell* cell = new_text(mutator, length, width, top);
    part = view_part(view_text(text_slot), from, to);
    copy_text(data_of(cell), width, part);
    return Value::cell(cell);
}

Value make_text_joined(Mutator& mutator, const Value& a_slot, const Value& b_slot, Value* top) {
    TextView a = view_text(a_slot), b = view_text(b_slot);
    if (b.length == 0) return a_slot;
    if (a.length == 0) return b_slot;
    int width = std::max(a.width, b.width);
    Cell* cell = new_text(mutator, a.length + b.length, width, top);
    a = view_text(a_slot), b = view_text(b_slot);
    copy_text(data_of(cell), width, a);
    copy_text(data_of(cell) + a.length * size_t(width), width, b);
    return Value::cell(cell);
}

uint8_t* make_text_room(Mutator& mutator, size_t length, int width, Value& result, Value* top) {
    Cell* cell = new_text(mutator, length, width, top);
    result = Value::cell(cell);
    return data_of(cell);
}

void copy_text(uint8_t* to, int to_width, TextView from) {
    if (from.length == 0) return;
    if (from.width == 1)
        copy_points(to, to_width, from.data, from.length);
    else if (from.width == 2)
        copy_points(to, to_width, reinterpret_cast<const uint16_t*>(from.data), from.length);
    else
        copy_points(to, to_width, reinterpret_cast<const uint32_t*>(from.data), from.length);
}

Value make_shared_text(SharedSpace& space, std::string_view utf8) {
    Measure m = measure(utf8);
    Cell* cell = space.allocate(shape::kText, Format::Bytes, words_for(m.length, m.width), true);
    begin_text(cell, m.length, m.width);
    fill(cell, m.width, m.ascii, utf8);
    return Value::cell(cell);
}

void append_utf8(std::string& to, char32_t point) {
    if (point < 0x80) {
        to += char(point);
    } else if (point < 0x800) {
        to += {char(0xC0 | point >> 6), char(0x80 | (point & 0x3F))};
    } else if (point < 0x10000) {
        to += {char(0xE0 | point >> 12), char(0x80 | (point >> 6 & 0x3F)), char(0x80 | (point & 0x3F))};
    } else {
        to += {char(0xF0 | point >> 18), char(0x80 | (point >> 12 & 0x3F)), char(0x80 | (point >> 6 & 0x3F)),
               char(0x80 | (point & 0x3F))};
    }
}

void append_utf8(std::string& to, TextView text) {
    if (text.width == 1 && is_ascii(text.data, text.length)) {
        to.append(reinterpret_cast<const char*>(text.data), text.length);
        return;
    }
    to.reserve(to.size() + text.length + text.length / 2);
    for (size_t i = 0; i < text.length; ++i) append_utf8(to, text[i]);
}

std::string text_utf8(Value text) {
    std::string utf8;
    append_utf8(utf8, view_text(text));
    return utf8;
}

bool text_equal(Value a, Value b) {
    if (a == b) return true;
    const Cell *left = a.cell(), *right = b.cell();
    if ((*left)[kLengthWord] != (*right)[kLengthWord]) return false;
    uint64_t left_hash = (*left)[kHashWord].bits(), right_hash = (*right)[kHashWord].bits();
    if (left_hash != right_hash && left_hash != 0 && right_hash != 0) return false;
    TextView x = view_text(a), y = view_text(b);
    if (x.length == 0) return true;
    // Texts that differ mostly do so at once.
    return x.data[0] == y.data[0] && std::memcmp(x.data, y.data, x.length * size_t(x.width)) == 0;
}

int compare_points(TextView a, TextView b) {
    size_t common = std::min(a.length, b.length);
    if (a.width == 1 && b.width == 1) {
        if (int order = common == 0 ? 0 : std::memcmp(a.data, b.data, common)) return order;
    } else {
        for (size_t i = 0; i < common; ++i) {
            char32_t x = a[i], y = b[i];
            if (x != y) return x < y ? -1 : 1;
        }
    }
    return a.length == b.length ? 0 : a.length < b.length ? -1 : 1;
}

int text_compare(Value a, Value b) {
    if (a == b) return 0;
    return compare_points(view_text(a), view_text(b));
}

uint64_t text_hash(Value text) {
    Cell* cell = text.cell();
    // Shared texts may be asked by several threads at once; all of them write the same number.
    auto* kept = reinterpret_cast<uint64_t*>(&(*cell)[kHashWord]);
    uint64_t hash = __atomic_load_n(kept, __ATOMIC_RELAXED);
    if (hash != 0) return hash;
    TextView view = view_text(text);
    hash = XXH3_64bits(view.data, view.length * size_t(view.width));
    if (hash == 0) hash = 1;
    __atomic_store_n(kept, hash, __ATOMIC_RELAXED);
    return hash;
}

bool text_is(Value v, std::string_view ascii) {
    if (!is_text(v)) return false;
    TextView view = view_text(v);
    return view.width == 1 && view.length == ascii.size() &&
           (ascii.empty() || std::memcmp(view.data, ascii.data(), ascii.size()) == 0);
}

size_t find_invalid_utf8(std::string_view bytes) {
    const auto* begin = reinterpret_cast<const utf8proc_uint8_t*>(bytes.data());
    const auto* end = begin + bytes.size();
    for (const auto* at = begin; at < end;) {
        if (*at < 0x80) {
            ++at;
            continue;
        }
        utf8proc_int32_t point = 0;
        utf8proc_ssize_t used = utf8proc_iterate(at, end - at, &point);
        if (used <= 0) return size_t(at - begin);
        at += used;
    }
    return std::string_view::npos;
}

} // namespace indent
