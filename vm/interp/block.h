// Blocks, the variables that they share with their home, and references.
//
//   Block      word 0  raw: Code            Variable  word 0  raw: the slot on the stack while the home's scope
//              word 1  self                                   lives; nil afterwards
//              word 2  raw: home slot, or nil         word 1  the value afterwards
//              word 3  raw number: home serial
//              word 4… captured: values that never change again, or Variables
//
//   Reference  word 0  raw: Binding, or nil           &f, &module.f
//              word 1  the class value, or nil        &Class.selector
//              word 2  symbol: selector
//
// A variable that a block captures is copied into the block if nothing assigns it after its `let`. Otherwise both
// share a Variable, which points at the home's slot as long as the scope lives (so that the home itself uses
// plain slots) and takes the value over when the scope is left; after Lua's upvalues.
#pragma once
#include "vm/interp/node.h"

namespace indent {

namespace block {
enum Word { kCode, kSelf, kHome, kSerial, kCaptured };
}
namespace variable {
enum Word { kSlot, kValue };
}
namespace reference {
enum Word { kBinding, kClass, kSelector };
}

inline Code* block_code(Value b) {
    return (*b.cell())[block::kCode].raw_address<Code>();
}

// The value of a Variable, wherever it is.
inline Value variable_get(const Cell* variable) {
    Value slot = (*variable)[variable::kSlot];
    return slot.is_raw() ? *slot.raw_address<Value>() : (*variable)[variable::kValue];
}

} // namespace indent
