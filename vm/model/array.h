// The storage of lists and maps: a kArray cell, word 0 its capacity as an integer, then the elements.
#pragma once
#include "vm/heap/heap.h"
#include "vm/model/shape.h"
#include <cstring>

namespace indent {

inline size_t array_capacity(const Cell* array) {
    return size_t((*array)[0].as_integer());
}

// May words [first, first + count) of the cell change? To be asked right before they do, with no allocation in
// between. False: the cell is frozen.
[[nodiscard]] inline bool may_change(Mutator& mutator, Cell* cell, size_t first, size_t count) {
    return cell->barrier == 0 || mutator.heap->before_stores(cell, first, count);
}

// Fills words of a cell just made, which may be a large one that stands in the old space already.
inline void fill_new(Mutator& mutator, Cell* cell, size_t first, const Value* from, size_t count) {
    if (count == 0) return;
    [[maybe_unused]] bool may = may_change(mutator, cell, first, count);
    assert(may);
    std::memcpy(cell->words() + first, from, count * sizeof(Value));
}

// Frozen: an immediate, or a cell that may never change again.
inline bool is_frozen(Value v) {
    return !v.is_cell() || v.cell()->is_frozen();
}

// A cell just made, with nothing allocated since. What it points to must be frozen. (Others: Heap::freeze.)
inline void freeze_cell(Cell* cell) {
    cell->bits |= Cell::kFrozen;
    cell->barrier = Cell::kNever;
}

} // namespace indent
