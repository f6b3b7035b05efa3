// Text: code points in 1, 2 or 4 bytes each, whichever the widest needs, so that indexing takes constant time.
//
//   word 0  integer: words that follow        (Bytes, kFrozen; may be shared)
//   word 1  length in code points | width << 56
//   word 2  hash, 0 until asked for
//   word 3… the code points
#pragma once
#include "vm/heap/heap.h"
#include "vm/heap/shared.h"
#include "vm/model/shape.h"
#include <string>
#include <string_view>

namespace indent {

inline bool is_text(Value v) {
    return has_shape(v, shape::kText);
}

// A look into a text cell; void after anything that may allocate.
struct TextView {
    const uint8_t* data = nullptr;
    size_t length = 0; // code points
    int width = 1;
    char32_t operator[](size_t i) const {
        if (width == 1) return data[i];
        if (width == 2) return reinterpret_cast<const uint16_t*>(data)[i];
        return reinterpret_cast<const uint32_t*>(data)[i];
    }
};

TextView view_text(Value text);
TextView view_part(TextView text, size_t from, size_t to); // 0 <= from <= to <= length
// From UTF-8; bytes that are not UTF-8 become U+FFFD (whoever must refuse them checks before).
Value make_text(Mutator& mutator, std::string_view utf8, Value* top);
Value make_text(Mutator& mutator, const char32_t* points, size_t length, Value* top);
// A part of another text, whose slot may be changed by the allocation. 0 <= from <= to <= length.
Value make_text_part(Mutator& mutator, const Value& text_slot, size_t from, size_t to, Value* top);
Value make_text_joined(Mutator& mutator, const Value& a_slot, const Value& b_slot, Value* top);
// A new text whose code points the caller writes at once, before anything else is made; one of them must need
// this width (1, 2 or 4), unless that is 1. Throws OutOfMemory for lengths beyond all reason too.
uint8_t* make_text_room(Mutator& mutator, size_t length, int width, Value& result, Value* top);
// Writes the code points of `from` at `to` in a width that holds them.
void copy_text(uint8_t* to, int to_width, TextView from);
// In the shared space, with a count of one for the caller: literals, names.
Value make_shared_text(SharedSpace& space, std::string_view utf8);
std::string text_utf8(Value text);
bool text_equal(Value a, Value b);
int text_compare(Value a, Value b); // by code points: < 0, 0, > 0
int compare_points(TextView a, TextView b);
uint64_t text_hash(Value text); // never 0; the same in every run
// The same if it was asked for before, else 0.
inline uint64_t kept_text_hash(Value text) {
    return __atomic_load_n(reinterpret_cast<const uint64_t*>(text.cell()->words() + 2), __ATOMIC_RELAXED);
}
bool text_is(Value v, std::string_view ascii);

void append_utf8(std::string& to, char32_t point);
void append_utf8(std::string& to, TextView text);
// The offset of the first byte that is not UTF-8, or npos.
size_t find_invalid_utf8(std::string_view bytes);

} // namespace indent
