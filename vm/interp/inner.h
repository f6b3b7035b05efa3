// What the machine keeps for the interpreter's own use.
#pragma once
#include "vm/interp/input_tape.h"
#include "vm/interp/node.h"
#include <csetjmp>
#include <map>
#include <unordered_map>

namespace indent {

enum class Completion : uint8_t { None, Return, Break, Continue };

struct TryNode;

// A frame's promise to handle errors, for as long as its `try` runs. On the C++ stack of the try node.
struct TryRecord {
    TryRecord* outer = nullptr;
    TryNode* node = nullptr; // null: the base of a protected run, which takes what nobody handles
    Value* fp = nullptr;
    uint16_t temp = 0; // slots of its frame from here on are nobody's after unwinding
    Value result;      // what the handler answered; absent: a completion is under way
    bool retry = false;
    bool has_finally = false; // no catches: only says that a finally lies here
    int in_place = -1;        // the catch whose suite runs after unwinding; its error is in result
    // Where jump_to arrives, and what its frame had at the time.
    std::jmp_buf jump;
    Rooted* roots = nullptr;
    Visiting* visiting = nullptr;
    TryRecord* heading_for = nullptr; // of a jump that stops here because of a finally
};

struct TraceFrame {
    const Code* code = nullptr;
    Method* primitive = nullptr;
    uint32_t position = 0;
};

// An error that is being handled, from its raise until its handler is done.
struct ActiveRaise {
    ActiveRaise* outer = nullptr;
    Value error;
    TryRecord* handled_by = nullptr;
    Value resumed_with; // absent until e.resume(v)
    std::vector<TraceFrame> trace;
    size_t frames = 0;    // how many there were
    bool omitted = false; // frames in the middle were left out
};

// Where an error was raised in another actor.
struct RemoteTrace {
    std::string where; // "Counter (:main), handling `increment`"
    std::vector<TraceFrame> trace;
    size_t frames = 0;
    bool omitted = false;
    std::shared_ptr<const RemoteTrace> before; // where it came from there
};

// Leaves the C++ frames between here and its target; carries no Value (they wait where the collector sees them).
struct Unwinding {
    const void*
        target; // a TryRecord, an ActiveRaise (resume), a home slot (return from a block), a loop record
};

struct Machine::Inner : RootProvider {
    std::shared_ptr<class PatternCache>
        patterns; // compiled regular expressions that were used last; of vm/prims
    explicit Inner(Machine& machine) : vm(machine) {}
    void visit_roots(RootVisitor& visitor) override { vm.visit_roots(visitor); }

    Machine& vm;
    InputTape* tape = nullptr; // of the turn that runs; null: nobody asks for one
    Completion completion = Completion::None;
    Value completion_value;
    TryRecord* handlers = nullptr;
    ActiveRaise* raises = nullptr;
    uint64_t next_home_serial = 1;
    std::vector<Value> open_variables;            // Variables whose slots are on the stack, by rising slot
    std::unordered_map<const Code*, Code*> twins; // of other workers' blocks
    std::map<std::pair<const Code*, ShapeId>, Code*> twins_laid_out; // the same, for such a self
    // Errors that came from other actors in this turn, with what was said of them there.
    struct Remote {
        Value error;
        std::shared_ptr<const RemoteTrace> trace;
    };
    std::vector<Remote> remote_errors;
    Node native;                        // the call site of frames that C++ code enters
    ActiveRaise uncaught;               // what ended the protected run
    struct ScopeWatch* watch = nullptr; // what the maker is asked about the body that it makes (frames.h)
    bool reserve_in_use = false;        // StackOverflow is being handled on the last part of the stack
};

// Begins a frame that C++ code enters from the primitive (or the like) whose frame is `args`, at `at` or behind:
// answers where self goes, with the three words before it saying so: a trace finds its way by them, and an error the
// selector's name (0: it is no send).
Value* native_frame(Machine& vm, Value* args, Value* at, SymbolId selector = 0);

// Variables with slots at or above `from` take their values over.
void close_variables(Machine& vm, Value* from);
inline void close_variables_if_any(Machine& vm, Value* from) {
    if (!vm.inner->open_variables.empty()) [[unlikely]]
        close_variables(vm, from);
}
// The Variable that shares this slot.
Value open_variable(Machine& vm, Value* slot, Value* top);

[[noreturn]] void unwind_to(const void* target);
// The same for code that owns nothing which would have to be given back, such as a node: where no C++ code lies
// between `frame` and the record, it is a jump, which costs a hundredth of a C++ exception.
[[noreturn]] void jump_to(Machine& vm, Value* frame, TryRecord* target);
// Machine::raise for such code.
Value raise_from_node(Machine& vm, Value error, Value* frame);

} // namespace indent
