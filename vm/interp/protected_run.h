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

// The same in the middle of a turn, on top of what is there: `above` is its frame (native_frame). What the turn knows of
// errors, and of a completion that is under way, is the same afterwards.
// `failed` hears of an error while its trace is at hand.
RunResult run_protected_above(Machine& vm, Value* above, const std::function<Value(Value* args)>& work,
                              const std::function<void(Value error)>& failed = {});

} // namespace indent
