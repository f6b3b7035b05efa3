// Where what comes into a turn from outside is written down, or read from where it was: a port, filled by vm/actors
// (turn_tape.h). Machine::Inner has that of the turn that runs; null: nobody asks for it. The thread of the machine.
#pragma once
#include "vm/heap/value.h"
#include "vm/model/symbol.h"
#include <string>

namespace indent {

class Machine;
struct Method;

class InputTape {
  public:
    virtual ~InputTape() = default;

    // A primitive with an effect, its arguments in nf: runs it and notes what it answers, or answers what was noted. May
    // raise and unwind as the primitive itself.
    virtual Value call(Machine& vm, Method& method, Value* nf) = 0;
    // An error is being raised in the turn.
    virtual void raised(Machine& vm, Value error) = 0;
    // The turn cannot be what it was: nothing catches its errors.
    virtual bool lost() const = 0;

    // ---- for primitives that run code of the program, and say by themselves what comes in

    // What they do to the world outside was done before.
    virtual bool repeats() const = 0;
    // What the primitive has read (absent where it repeats), or had read. `nf`: the caller's frame.
    virtual Value input(Machine& vm, SymbolId selector, Value read, Value* nf) = 0;
    // It has changed what it is to change, or somebody else was faster and it does it once more; whether that came next where
    // it repeats.
    enum Mark : uint8_t { Again, Changed };
    virtual void mark(Mark mark) = 0;
    virtual bool had(Mark mark) = 0;
    // It does not fit: the turn fails. Raises. `does`: what it does, in words.
    virtual Value diverge(Machine& vm, Value* args, const std::string& does) = 0;
};

} // namespace indent
