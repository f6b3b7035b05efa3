// A list and its first storage are made by one allocation and then cut in two: one comparison of the bump
// pointer, and nothing has to be kept safe in between. That only works in the nursery, so long lists (whose
// storage begins in the old space) take the slow way, with a root registered for the moment.
//
// Every change tells the heap before it happens (may_change), and nothing allocates between that and the
// change.
#include "vm/model/list.h"
#include "vm/model/temporary_root.h"
#include <algorithm>

namespace indent {

namespace {

constexpr size_t kCutInTwo = 1024;   // capacities up to this are made with the list
constexpr size_t kFirstCapacity = 4; // of a list made empty

Value make_with_storage(Cell* list, Cell* storage) {
    (*list)[0] = Value::integer(0);
    (*list)[1] = Value::cell(storage);
    return Value::cell(list);
}

} // namespace

Value make_list(Mutator& mutator, size_t capacity, Value* top) {
    if (capacity == 0) capacity = kFirstCapacity;
    if (capacity <= kCutInTwo) {
        Cell* whole = Heap::allocate(mutator, shape::kArray, uint16_t(capacity + 4), top);
        if (!whole->is_old()) [[likely]] {
            *whole = Cell{shape::kList, Cell::kFree, 0, 2};
            Cell* storage = reinterpret_cast<Cell*>(whole->words() + 2);
            *storage = Cell{shape::kArray, Cell::kFree, 0, uint16_t(capacity + 1)};
            (*storage)[0] = Value::integer(int64_t(capacity));
            std::fill_n(storage->words() + 1, capacity, Value());
            return make_with_storage(whole, storage);
        }
        std::fill_n(whole->words(), capacity + 4, Value()); // not used: left to the collector, whole
    }
    TemporaryRoot storage(*mutator.heap);
    storage.value =
        Value::cell(mutator.heap->allocate_array(shape::kArray, Format::Slots, capacity + 1, top));
    Cell* list = Heap::allocate(mutator, shape::kList, 2, top);
    return make_with_storage(list, storage.value.cell());
}

Value make_list_of(Mutator& mutator, const Value* elements, size_t count, Value* top) {
    Value list = make_list(mutator, count, top);
    fill_new(mutator, list_storage(list), 1, elements, count);
    (*list.cell())[0] = Value::integer(int64_t(count)); // just made: in the nursery
    return list;
}

Value make_list_part(Mutator& mutator, const Value& list_slot, size_t from, size_t count, Value* top) {
    assert(from + count <= list_size(list_slot));
    Value list = make_list(mutator, count, top);
    fill_new(mutator, list_storage(list), 1, list_elements(list_slot) + from, count);
    (*list.cell())[0] = Value::integer(int64_t(count));
    return list;
}

Value make_list_of_tuple(Mutator& mutator, const Value& tuple_slot, size_t from, size_t count, Value* top) {
    assert(from + count <= tuple_size(tuple_slot));
    Value list = make_list(mutator, count, top);
    fill_new(mutator, list_storage(list), 1, tuple_slot.cell()->words() + from, count);
    (*list.cell())[0] = Value::integer(int64_t(count));
    return list;
}

bool list_reserve(Mutator& mutator, Value& list_slot, size_t capacity, Value* top) {
    if (list_slot.cell()->is_frozen()) return false;
    if (capacity <= array_capacity(list_storage(list_slot))) return true;
    Cell* storage = mutator.heap->allocate_array(shape::kArray, Format::Slots, capacity + 1, top);
    fill_new(mutator, storage, 1, list_elements(list_slot), list_size(list_slot));
    return Heap::store(mutator, list_slot.cell(), 1, Value::cell(storage));
}

namespace {

bool grow(Mutator& mutator, Value& list_slot, size_t wanted, Value* top) {
    size_t capacity = array_capacity(list_storage(list_slot));
    if (wanted <= capacity) return true;
    return list_reserve(mutator, list_slot, std::max(wanted, capacity + capacity / 2 + kFirstCapacity), top);
}

} // namespace

bool list_add(Mutator& mutator, Value& list_slot, Value& value_slot, Value* top) {
    Cell* list = list_slot.cell();
    if (list->barrier != 0 && !mutator.heap->before_store(list, 0)) [[unlikely]]
        return false;
    size_t size = list_size(list_slot);
    if (size == array_capacity(list_storage(list_slot))) [[unlikely]] {
        if (!grow(mutator, list_slot, size + 1, top)) return false;
        list = list_slot.cell();
        if (!may_change(mutator, list, 0, 1)) return false;
    }
    if (!Heap::store(mutator, list_storage(list_slot), 1 + size, value_slot)) return false;
    (*list)[0] = Value::integer(int64_t(size + 1));
    return true;
}

bool list_set(Mutator& mutator, Value list, size_t i, Value value) {
    assert(i < list_size(list));
    return Heap::store(mutator, list_storage(list), 1 + i, value);
}

bool list_insert(Mutator& mutator, Value& list_slot, size_t i, Value& value_slot, Value* top) {
    size_t size = list_size(list_slot);
    assert(i <= size);
    if (list_slot.cell()->is_frozen() || !grow(mutator, list_slot, size + 1, top)) return false;
    Cell* list = list_slot.cell();
    Cell* storage = list_storage(list_slot);
    if (!may_change(mutator, list, 0, 1) || !may_change(mutator, storage, 1 + i, size - i + 1)) return false;
    Value* at = storage->words() + 1 + i;
    std::memmove(at + 1, at, (size - i) * sizeof(Value));
    *at = value_slot;
    (*list)[0] = Value::integer(int64_t(size + 1));
    return true;
}

bool list_remove(Mutator& mutator, Value list, size_t i) {
    size_t size = list_size(list);
    assert(i < size);
    Cell* storage = list_storage(list);
    if (list.cell()->is_frozen() || !may_change(mutator, list.cell(), 0, 1) ||
        !may_change(mutator, storage, 1 + i, size - i))
        return false;
    Value* at = storage->words() + 1 + i;
    std::memmove(at, at + 1, (size - i - 1) * sizeof(Value));
    storage->words()[size] = Value();
    (*list.cell())[0] = Value::integer(int64_t(size - 1));
    return true;
}

bool list_resize(Mutator& mutator, Value& list_slot, size_t size, const Value& fill_slot, Value* top) {
    size_t old_size = list_size(list_slot);
    if (list_slot.cell()->is_frozen()) return false;
    if (size > old_size && !grow(mutator, list_slot, size, top)) return false;
    Cell* list = list_slot.cell();
    Cell* storage = list_storage(list_slot);
    size_t from = std::min(size, old_size), to = std::max(size, old_size);
    if (!may_change(mutator, list, 0, 1) || (to > from && !may_change(mutator, storage, 1 + from, to - from)))
        return false;
    std::fill(storage->words() + 1 + from, storage->words() + 1 + to, size > old_size ? fill_slot : Value());
    (*list)[0] = Value::integer(int64_t(size));
    return true;
}

bool list_append(Mutator& mutator, Value& list_slot, const Value& other_slot, Value* top) {
    size_t size = list_size(list_slot), more = list_size(other_slot);
    if (list_slot.cell()->is_frozen()) return false;
    if (more == 0) return true;
    if (!grow(mutator, list_slot, size + more, top)) return false;
    Cell* list = list_slot.cell();
    Cell* storage = list_storage(list_slot);
    if (!may_change(mutator, list, 0, 1) || !may_change(mutator, storage, 1 + size, more)) return false;
    std::memcpy(storage->words() + 1 + size, list_elements(other_slot), more * sizeof(Value));
    (*list)[0] = Value::integer(int64_t(size + more));
    return true;
}

void list_freeze(Mutator& mutator, Value list) {
    mutator.heap->freeze(list_storage(list));
    mutator.heap->freeze(list.cell());
}

namespace {

Value fill_tuple(Mutator& mutator, Cell* tuple, const Value* elements, size_t count) {
    fill_new(mutator, tuple, 0, elements, count);
    if (std::all_of(elements, elements + count, is_frozen)) freeze_cell(tuple);
    return Value::cell(tuple);
}

} // namespace

Value make_tuple(Mutator& mutator, const Value* elements, size_t count, Value* top) {
    assert(count <= kMaxTuple);
    Cell* tuple = Heap::allocate(mutator, shape::kTuple, uint16_t(count), top);
    return fill_tuple(mutator, tuple, elements, count);
}

Value make_tuple_of_list(Mutator& mutator, const Value& list_slot, Value* top) {
    size_t count = list_size(list_slot);
    assert(count <= kMaxTuple);
    Cell* tuple = Heap::allocate(mutator, shape::kTuple, uint16_t(count), top);
    return fill_tuple(mutator, tuple, list_elements(list_slot), count);
}

} // namespace indent
