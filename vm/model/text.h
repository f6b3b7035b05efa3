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

inline bool is_text(Value v) { return has_shape(v, shape::kText); }

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
// From UTF-8; bytes that are not UTF-8 become U+FFFD (whoever must refuse them checks before).
Value make_text(Mutator& mutator, std::string_view utf8, Value* top);
Value make_text(Mutator& mutator, const char32_t* points, size_t length, Value* top);
// A part of another text, whose slot may be changed by the allocation. 0 <= from <= to <= length.
Value make_text_part(Mutator& mutator, const Value& text_slot, size_t from, size_t to, Value* top);
Value make_text_joined(Mutator& mutator, const Value& a_slot, const Value& b_slot, Value* top);
// In the shared space, with a count of one for the caller: literals, names.
Value make_shared_text(SharedSpace& space, std::string_view utf8);
std::string text_utf8(Value text);
bool text_equal(Value a, Value b);
int text_compare(Value a, Value b); // by code points: < 0, 0, > 0
uint64_t text_hash(Value text);
bool text_is(Value v, std::string_view ascii);

} // namespace indent
