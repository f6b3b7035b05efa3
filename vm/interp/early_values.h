// A module's value that is read before the module's effects have made it: its own line comes later, or its module, which
// the reading one imports in a circle, has not begun.
#pragma once
#include "vm/interp/machine.h"

namespace indent {

// What a reader gets: an error that says which value, and why it is not there (raised in the frame nf). While a reload runs
// the effects of new modules, turns that are in the middle of something are no part of that: they go on with the value of
// the generation before.
Value value_before_it_exists(Machine& vm, const Binding& binding, Value* nf);

} // namespace indent
