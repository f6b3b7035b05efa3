// How programs name places in a sequence: from 0, or from the end by -1, -2 …; a part of it by a range.
#pragma once
#include "vm/interp/machine.h"

namespace indent {

// Whether `index` names one of `size` elements, and which.
inline bool resolve_index(int64_t index, size_t size, size_t& at) {
    at = size_t(index < 0 ? index + int64_t(size) : index);
    return at < size;
}

// IndexError: "index 7 is outside a List of 3 elements (0 to 2, or -3 to -1)". args[0] is the sequence.
Value fail_index(Machine& vm, Value* args, Value index, size_t size);

// The part [from, from + count) of args[0], which has `size` elements, that the range or index in args[1] names.
// False: an error was raised, and a handler has given `resumed` for the answer.
struct Slice {
    size_t from = 0;
    size_t count = 0;
};
bool resolve_slice(Machine& vm, Value* args, size_t size, Slice& slice, Value& resumed);

// args[i] as a number of elements or places, not negative. False as above; `what` names it in the message.
bool count_argument(Machine& vm, Value* args, int i, size_t& count, Value& resumed);

} // namespace indent
