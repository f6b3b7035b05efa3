// Ranges: 1..10 and 0..<n, of whatever compares.
//
//   Range  word 0  low      word 1  high      word 2  exclusive: true or false
#pragma once
#include "vm/model/array.h"

namespace indent {

inline bool is_range(Value v) {
    return has_shape(v, shape::kRange);
}
inline Value range_low(Value range) {
    return (*range.cell())[0];
}
inline Value range_high(Value range) {
    return (*range.cell())[1];
}
inline bool range_exclusive(Value range) {
    return (*range.cell())[2].is_true();
}
// Both ends are small integers: it can be counted through by the machine alone.
inline bool range_is_small(Value range) {
    return Value::both_integers(range_low(range), range_high(range));
}
// Of a small one: the integer after the last.
inline int64_t range_end(Value range) {
    return range_high(range).as_integer() + (range_exclusive(range) ? 0 : 1);
}

// Frozen where both ends are, as numbers and texts always are. The ends stand in slots.
inline Value make_range(Mutator& mutator, const Value& low_slot, const Value& high_slot, bool exclusive,
                        Value* top) {
    Cell* range = Heap::allocate(mutator, shape::kRange, 3, top);
    (*range)[0] = low_slot;
    (*range)[1] = high_slot;
    (*range)[2] = Value::boolean(exclusive);
    if (is_frozen(low_slot) && is_frozen(high_slot)) freeze_cell(range);
    return Value::cell(range);
}

} // namespace indent
