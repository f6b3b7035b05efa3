// Lists that grow and tuples that do not.
//
//   List   word 0  integer: size      word 1  its storage, a kArray cell
//   Array  word 0  integer: words that follow (the capacity); then the elements, absent beyond the size
//   Tuple  its elements (kFrozen where they all are)
//
// What is named a slot is a root (a stack slot, a Rooted): the call may allocate, and the cell may move. A
// value that is not in a slot is void after such a call. One thread; allocation throws OutOfMemory.
#pragma once
#include "vm/model/array.h"

namespace indent {

inline bool is_list(Value v) {
    return has_shape(v, shape::kList);
}
inline bool is_tuple(Value v) {
    return has_shape(v, shape::kTuple);
}

inline size_t list_size(Value list) {
    return size_t((*list.cell())[0].as_integer());
}
inline Cell* list_storage(Value list) {
    return (*list.cell())[1].cell();
}
inline Value list_get(Value list, size_t i) {
    return (*list_storage(list))[1 + i];
}
// The elements in place: void after anything that may allocate or change the list. Read only.
inline const Value* list_elements(Value list) {
    return list_storage(list)->words() + 1;
}

inline constexpr size_t kMaxTuple = Cell::kWide - 1; // elements; makers of longer ones refuse
inline size_t tuple_size(Value tuple) {
    return tuple.cell()->size;
}
inline Value tuple_get(Value tuple, size_t i) {
    return (*tuple.cell())[i];
}

// An empty list with room for `capacity`.
Value make_list(Mutator& mutator, size_t capacity, Value* top);
// A list of the values at `elements` (slots of the stack).
Value make_list_of(Mutator& mutator, const Value* elements, size_t count, Value* top);
// A list of the elements [from, from + count) of another, which must have them.
Value make_list_part(Mutator& mutator, const Value& list_slot, size_t from, size_t count, Value* top);
// The same of a tuple.
Value make_list_of_tuple(Mutator& mutator, const Value& tuple_slot, size_t from, size_t count, Value* top);

// Each answers false where the list is frozen, and has done nothing then.
[[nodiscard]] bool list_add(Mutator& mutator, Value& list_slot, Value& value_slot, Value* top);
[[nodiscard]] bool list_set(Mutator& mutator, Value list, size_t i, Value value); // i < size
[[nodiscard]] bool list_insert(Mutator& mutator, Value& list_slot, size_t i, Value& value_slot, Value* top);
[[nodiscard]] bool list_remove(Mutator& mutator, Value list, size_t i); // i < size; the rest moves up
// Cuts the end off, or fills up with what stands in the slot.
[[nodiscard]] bool list_resize(Mutator& mutator, Value& list_slot, size_t size, const Value& fill_slot,
                               Value* top);
// Makes room for `capacity` elements in all.
[[nodiscard]] bool list_reserve(Mutator& mutator, Value& list_slot, size_t capacity, Value* top);
// All elements of the other list, which may be the same one.
[[nodiscard]] bool list_append(Mutator& mutator, Value& list_slot, const Value& other_slot, Value* top);

// For ever, storage included. The elements must be frozen.
void list_freeze(Mutator& mutator, Value list);

// A tuple of the values at `elements` (slots of the stack); count <= kMaxTuple.
Value make_tuple(Mutator& mutator, const Value* elements, size_t count, Value* top);
Value make_tuple_of_list(Mutator& mutator, const Value& list_slot, Value* top); // size <= kMaxTuple

} // namespace indent
