// What the interpreter asks of the layer above when code speaks to actors: spawn, send, ask, watch, stop, waiting.
// vm/actors fills it. All functions run on the thread of the machine that is given, in the turn that runs there, and
// may allocate, raise, unwind, and (where said) let the turn wait: everything that other turns may do happens meanwhile.
#pragma once
#include "vm/interp/send.h"
#include <functional>

namespace indent {

// The message that is sent: its receiver in nf[0], `count` arguments behind it, arranged as the plan says (may be
// null). nf[-1] is set.
struct OutgoingMessage {
    Value* nf;
    unsigned count;
    SymbolId selector;
    const ArgumentPlan* plan;
};

class ActorPort {
  public:
    virtual ~ActorPort() = default;

    // nf[1 …]: what the actor is constructed with. `name`: a symbol, or absent. Answers the address.
    virtual Value spawn(Machine& vm, Class* cls, const OutgoingMessage& arguments, Value name) = 0;
    // `after`, `every`: durations, or absent; with one of them the answer is a timer, else nil.
    virtual Value send(Machine& vm, const OutgoingMessage& message, Value after, Value every) = 0;
    // Lets the turn wait. `within`: a duration, or absent.
    virtual Value ask(Machine& vm, const OutgoingMessage& message, Value within) = 0;
    virtual Value watch(Machine& vm, Value* nf) = 0; // the address in nf[0]
    virtual Value stop(Machine& vm, Value* nf) = 0;

    // The address of the actor whose turn runs.
    virtual Value self(Machine& vm) = 0;
    // Nanoseconds of the monotonic clock, or of deterministic runs' own time.
    virtual uint64_t now() = 0;
    // Lets the turn wait for so long.
    virtual void sleep(Machine& vm, uint64_t nanoseconds, Value* args) = 0;
    // The polled flag was up: may let the turn wait for others. `top`: the end of the stack's live part.
    virtual void polled(Machine& vm, Value* top) = 0;
    // The polled flag was up: whether the turn is to end with Stopped (said once).
    virtual bool stop_wanted(Machine& vm) = 0;
    // Nobody in the turn handles the error of Machine::Inner::uncaught, and nothing is unwound yet: a person may repair that
    // while the turn waits. What the `raise` is to answer; absent: the turn fails. `args`: the frame of the raise.
    virtual Value uncaught(Machine& vm, Value* args) = 0;
    // Runs `work` while no other thread runs code of the world. `vm`: the caller's machine, or null.
    virtual void exclusively(const std::function<void()>& work) = 0;
};

} // namespace indent
