#include "vm/interp/stepping.h"
#include "vm/interp/machine.h"
#include "vm/interp/nodes.h"

namespace indent {

Stepper*& Stepper::here() {
    static thread_local Stepper* stepper = nullptr;
    return stepper;
}

namespace {

Value run_step(Node* node, Value* fp) {
    if (Stepper* stepper = Stepper::here()) {
        Value* args = fp + node->temp + 1;
        args[-1] = Value::raw(node);
        args[0] = Value::nil();
        stepper->statement(Machine::of(fp), *node, args);
    }
    return Value::nil();
}

} // namespace

Node* make_step(Arena& arena) {
    Node* node = arena.make<Node>();
    node->run = run_step;
    return node;
}

} // namespace indent
