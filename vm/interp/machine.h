// The machine that runs one actor's code: its value stack, its heap, what is being raised. It stands at the base
// of its own value stack (Mutator::of), so it has no virtual functions. One thread at a time.
//
// How C++ code lives with a collector that moves things: a Value that points to a cell may be held across
// anything that allocates or calls only in a slot that the collector sees: args[0 … 15] of a primitive, or a
// Rooted. Everything below that is given `Value* args` may allocate, call into Indent code, raise, or unwind (by
// a C++ exception of type Unwinding: let it pass, own things by RAII only). It uses the stack from
// args + kPrimitiveFrame on.
#pragma once
#include "vm/heap/young.h"
#include "vm/interp/runtime.h"
#include "vm/model/class.h"
#include "vm/model/list.h"
#include "vm/model/text.h"
#include <atomic>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace indent {

inline constexpr size_t kPrimitiveFrame = 16;

class ActorPort;
class Machine;
class Visiting;

// A root for C++ code: the value stays reachable and the slot follows the cell. Strictly nested (a local).
class Rooted {
  public:
    Rooted(Machine& vm, Value value);
    ~Rooted();
    Rooted(const Rooted&) = delete;
    Rooted& operator=(const Rooted&) = delete;
    operator Value() const { return value_; }
    Value& slot() { return value_; }
    Rooted& operator=(Value value) {
        value_ = value;
        return *this;
    }

  private:
    friend class Machine;
    Machine& vm_;
    Value value_;
    Rooted* outer_;
};

class Machine : public Mutator {
  public:
    static Machine& of(const Value* frame) { return static_cast<Machine&>(Mutator::of(frame)); }

    uint32_t worker = 0; // the number of the thread that runs here
    Runtime& runtime;
    SymbolTable& symbols;
    ShapeTable& shapes;

    // ---- asking

    Class* class_of(Value value) const { return shapes[shape_of(value)].cls; }
    bool is_a(Value value, const Class* cls) const { return class_of(value)->inherits_from(cls); }
    std::string_view symbol_text(Value symbol) const { return symbols.text(symbol.symbol_id()); }
    // "an Integer", "a List", "nil": for messages.
    std::string with_article(Value value) const;

    // ---- making (cells of the other kinds: vm/model/*.h with *this as the mutator and `args + kPrimitiveFrame`
    //      as top)

    Value text(std::string_view utf8, Value* args) { return make_text(*this, utf8, args + kPrimitiveFrame); }
    Value symbol(std::string_view name) { return Value::symbol(symbols.intern(name)); }
    Value list(size_t capacity, Value* args) { return make_list(*this, capacity, args + kPrimitiveFrame); }
    // Small or large as it needs (vm/model/number.h).
    Value integer(int64_t number, Value* args);
    // A new object of the class with its fields set to the values in order (no initialisers, no init).
    Value object(Class* cls, std::initializer_list<Value> fields, Value* args);

    // ---- sending and calling; what Indent code answers (never absent)

    Value send(Value receiver, SymbolId selector, std::initializer_list<Value> arguments, Value* args) {
        return send(receiver, selector, std::span<const Value>(arguments.begin(), arguments.size()), args);
    }
    // The arguments are copied to the stack first, so they may stand in a cell. At most kMostArguments of them.
    Value send(Value receiver, SymbolId selector, std::span<const Value> arguments, Value* args);
    // A block, a reference, or anything else that understands `call`.
    Value call(Value callee, std::initializer_list<Value> arguments, Value* args);
    bool understands(Value receiver, SymbolId selector) const { return class_of(receiver)->lookup(selector); }

    // The `==` of the language: quick for what is built in, a send otherwise. Equal values have equal hashes.
    bool equals(Value a, Value b, Value* args);
    uint64_t hash_of(Value value, Value* args);
    std::string to_text(Value value, Value* args); // UTF-8, by a send of to_text where it is not built in
    std::string inspect(Value value, Value* args);
    // For conditions: raises unless true or false.
    bool truth(Value value, Value* args);

    // ---- raising; each answers what a handler resumed with, so primitives `return vm.fail(…)`

    Value raise(Value error, Value* args);
    // An error of the class with this name in the prelude, with its message.
    Value fail(std::string_view error_class, std::string_view message, Value* args);
    // ArgumentError: "`list.at` wants an Integer for `index`, not a Text (\"x\")". index: 0 is the receiver.
    Value wrong_type(Value* args, int index, std::string_view wanted);
    Value fail_frozen(Value receiver, Value* args);

    // ---- the polled flag: preemption, Stop, budgets. Loops in primitives that may run long call poll() about
    //      every thousand steps; calls and loops of Indent code do so by themselves.

    void poll(Value* args) {
        if (limit() == nullptr) [[unlikely]]
            poll_slowly(args);
    }
    void request_stop(); // any thread, also from a signal handler: the running stretch raises Stopped
    // Raises StackOverflow where the C++ stack is short: recursive primitives ask at each level.
    void check_native_stack(Value* args);

    // ---- effects: what leaves or enters the program passes the port of the runtime

    void print(std::string_view utf8); // one whole line without its end

    // ---- actors
    bool effects_denied = false; // what runs may compute, and nothing else: dry runs
    bool had_effects = false;    // the turn that runs has done what others may have seen
    ActorPort* actors = nullptr; // what serves code that speaks to them (vm/actors); null: nobody
    Value self_address;          // of the actor whose turn runs (shared), or absent
    Value actor_state;           // its state object, a root; absent: it has none
    Value
        actor_journal; // what its last migration has dropped (vm/reload/migration.h), a root; absent: nothing
    bool actor_unchanged = false; // since then
    // What it shows on canvases (vm/prims/canvas.cpp), a root; absent: nothing. It is replaced, never changed, so that what it
    // was before the turn, which is a root too, stays what others see and what a failure goes back to.
    Value actor_drawings;
    Value drawings_before;
    uint32_t layout_epoch = 0; // what the actor's heap has been migrated to
    // Roots that belong to the heap which is entered: workspaces of the main actor.
    std::vector<Value*>* kept_roots = nullptr;
    // The tree that this machine made of the method or initialiser with this number; null: none yet.
    Code*& code_slot(uint32_t number) {
        if (number >= code_slots_.size()) [[unlikely]]
            code_slots_.resize(number + 256);
        return code_slots_[number];
    }

    // ---- inner workings, used by vm/interp alone
    struct Inner;
    Inner* inner = nullptr;
    std::unique_ptr<Young> own_young;
    Rooted* roots = nullptr;
    Visiting* visiting = nullptr; // collections being walked, innermost first (vm/interp/visiting.h)
    char* native_limit = nullptr; // the C++ stack may not pass this address
    std::atomic<bool> stop_requested = false;
    void poll_slowly(Value* args);
    void poll_slowly_in_call(Value* nf, unsigned count);
    Value fail_overflow(Value* args);
    Value fail_at_base(std::string_view error_class, std::string_view message, Value* args);
    bool is_uncatchable(Value error) const;
    void visit_roots(RootVisitor& visitor);

    // The options are those of its nursery. It is in no heap yet.
    Machine(Runtime& runtime, const HeapOptions& options);
    ~Machine();

  private:
    std::vector<Code*> code_slots_;
};

inline Rooted::Rooted(Machine& vm, Value value) : vm_(vm), value_(value), outer_(vm.roots) {
    vm.roots = this;
}
inline Rooted::~Rooted() {
    vm_.roots = outer_;
}

} // namespace indent
