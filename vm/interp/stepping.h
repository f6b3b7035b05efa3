// A turn is looked at statement by statement: while somebody does that on a thread, the code that is made on it tells of each
// statement before it runs. Nothing else is slower for it.
#pragma once
#include "vm/heap/value.h"

namespace indent {

class Arena;
class Machine;
struct Node;

class Stepper {
  public:
    virtual ~Stepper() = default;
    // The next statement is about to run. `args`: the innermost frame, as C++ code has it. May raise.
    virtual void statement(Machine& vm, const Node& at, Value* args) = 0;

    // Of this thread; null: nobody looks. Whoever sets it outlives that.
    static Stepper*& here();
};

// What tells of a statement.
Node* make_step(Arena& arena);

} // namespace indent
