// Running code from outside: the one place where C++ exceptions of the interpreter end.
#pragma once
#include "vm/interp/inner.h"
#include <functional>

namespace indent {

struct RunResult {
    bool ok = false;
    Value value;                // rooted by nobody: use it before the next allocation
    Value error;                // of a run that failed; the trace is in Machine::Inner::uncaught
    bool out_of_memory = false; // not even the error could be made
};

// Runs code with nothing below it; does not commit or roll back. The value stack is free again afterwards.
RunResult run_protected(Machine& vm, Code* code, Value self);
// The same for C++ code that calls through the machine: `args` is its frame.
RunResult run_protected(Machine& vm, const std::function<Value(Value* args)>& work);

} // namespace indent
