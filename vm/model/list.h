// Lists that grow and tuples that do not.
//
//   List   word 0  integer: size      word 1  its storage, a kArray cell
//   Array  word 0  integer: words that follow (the capacity); then the elements, absent beyond the size
//   Tuple  its elements (kFrozen where they all are)
#pragma once
#include "vm/heap/heap.h"
#include "vm/model/shape.h"

namespace indent {

inline bool is_list(Value v) { return has_shape(v, shape::kList); }
inline bool is_tuple(Value v) { return has_shape(v, shape::kTuple); }

inline size_t list_size(Value list) { return size_t((*list.cell())[0].as_integer()); }
inline Cell* list_storage(Value list) { return (*list.cell())[1].cell(); }
inline size_t array_capacity(const Cell* array) { return size_t((*array)[0].as_integer()); }
inline Value list_get(Value list, size_t i) { return (*list_storage(list))[1 + i]; }

// An empty list with room for `capacity`.
Value make_list(Mutator& mutator, size_t capacity, Value* top);
// False: the list is frozen. The list and the value stand in slots, for they may move.
[[nodiscard]] bool list_add(Mutator& mutator, Value& list_slot, Value& value_slot, Value* top);
[[nodiscard]] bool list_set(Mutator& mutator, Value list, size_t i, Value value); // i < size
[[nodiscard]] bool list_insert(Mutator& mutator, Value& list_slot, size_t i, Value& value_slot, Value* top);
[[nodiscard]] bool list_remove(Mutator& mutator, Value list, size_t i); // i < size; the rest moves up
[[nodiscard]] bool list_resize(Mutator& mutator, Value& list_slot, size_t size, Value fill, Value* top);
// A tuple of the values at `elements` (slots of the stack).
Value make_tuple(Mutator& mutator, const Value* elements, size_t count, Value* top);

} // namespace indent
