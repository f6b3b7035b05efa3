// An error that nobody handled, in words: what a terminal, a transcript, a crash report show.
#pragma once
#include "vm/interp/machine.h"
#include <string>

namespace indent {

struct ErrorReport {
    std::string class_name;
    std::string message;
    std::string
        text; // the place, its line with a caret, the trace here and where it came from; ends in a line end
    std::string file; // where it was raised, in the program's own text if there is one
    uint32_t line = 0;
    bool stopped = false; // by a request to stop
    int exit_code = -1;   // `exit(code)` was called
};

// Of the error that ended the last protected run (Machine::Inner::uncaught). Its message may be code of the program,
// which runs in a protected run of its own.
// `above`: in the middle of a turn, the frame for that; null: there is no other on the stack.
ErrorReport describe_error(Machine& vm, Value error, Value* above = nullptr);

} // namespace indent
