// An atom: a cell of the shared space whose one value changes, at once and for all heaps that know it. No write log
// sees it. The value is shared and frozen; each function says who holds what. Any thread.
#pragma once
#include "vm/heap/shared.h"

namespace indent {

// Begins with a count of one, which the caller has. Takes over the caller's hold of the value (from share).
Cell* make_atom(SharedSpace& space, ShapeId shape, Value shared);

// What it holds; the caller gets a hold of it.
Value atom_value(SharedSpace& space, Cell* atom);

// Takes over the caller's hold of the value.
void set_atom(SharedSpace& space, Cell* atom, Value shared);

// The same where the atom still has the value `expected`, which the caller holds; false: nothing was done.
[[nodiscard]] bool replace_in_atom(SharedSpace& space, Cell* atom, Value expected, Value shared);

} // namespace indent
