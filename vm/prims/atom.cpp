// Atoms: shared cells for one frozen value (vm/heap/atom.h). What is read from one is held until the stretch ends.
#include "vm/heap/atom.h"
#include "vm/actors/actor_system.h"
#include "vm/interp/inner.h"
#include "vm/interp/sketch.h"
#include "vm/prims/reflection_tables.h"
#include "vm/prims/sequence.h"

namespace indent {

namespace {

// A shared copy of the value in args[i], held by the caller; absent: an error was raised.
Value share_argument(Machine& vm, Value* args, int i, Value& resumed) {
    if (has_shape(args[i], shape::kBlock))
        args[i] = vm.send(args[i], sym::frozen, {}, args); // it is frozen, or says why not
    Value shared = is_frozen(args[i]) ? vm.runtime.shared.share(args[i]) : Value();
    if (!shared)
        resumed = vm.fail("FrozenError",
                          "an Atom holds what is frozen, and " + described(vm, args[i]) +
                              " can change (`x.frozen` answers what cannot)",
                          args);
    return shared;
}

Value read(Machine& vm, Value atom) {
    Value value = atom_value(vm.runtime.shared, atom.cell());
    vm.heap->hold_for_stretch(value);
    return value;
}

Value atom_new(Machine& vm, Value* args) {
    Value resumed, shared = share_argument(vm, args, 1, resumed);
    if (!shared) return resumed;
    Value atom = Value::cell(make_atom(vm.runtime.shared, shape::kAtom, shared));
    vm.heap->hold_for_stretch(atom);
    return atom;
}

// Sets it, and tells the log of an image. `set` answers whether it did.
template <class Set>
bool set_and_tell(Machine& vm, Value atom, Value value, Set set) {
    auto* system = static_cast<ActorSystem*>(vm.actors);
    TurnLog* log = system ? system->log : nullptr;
    if (!log) return set();
    std::lock_guard lock(log->atoms);
    if (!set()) return false;
    if (InputTape* tape = vm.inner->tape) tape->mark(InputTape::Changed);
    log->atom(system->worker_of(vm), atom.cell(), value);
    return true;
}

bool not_an_atom(Machine& vm, Value* args, Value& resumed) {
    if (has_shape(args[0], shape::kAtom)) return false;
    resumed = vm.wrong_type(args, 0, "an Atom");
    return true;
}

Value atom_get(Machine& vm, Value* args) {
    Value resumed;
    return not_an_atom(vm, args, resumed) ? resumed : read(vm, args[0]);
}

Value atom_set(Machine& vm, Value* args) {
    Value resumed;
    if (not_an_atom(vm, args, resumed)) return resumed;
    Value shared = share_argument(vm, args, 1, resumed);
    if (!shared) return resumed;
    if (InputTape* tape = vm.inner->tape; tape && tape->repeats()) {
        vm.runtime.shared.release(shared);
        return tape->had(InputTape::Changed) ? args[1] : tape->diverge(vm, args, "it sets an Atom");
    }
    set_and_tell(vm, args[0], shared, [&] {
        set_atom(vm.runtime.shared, args[0].cell(), shared);
        return true;
    });
    return args[1];
}

Value atom_swap(Machine& vm, Value* args) {
    Value resumed;
    if (not_an_atom(vm, args, resumed)) return resumed;
    InputTape* tape = vm.inner->tape;
    for (;;) {
        vm.poll(args);
        const bool again = tape && tape->repeats();
        args[2] = again ? Value() : read(vm, args[0]);
        if (tape) args[2] = tape->input(vm, vm.symbols.intern("swap"), args[2], args);
        args[3] = vm.call(args[1], {args[2]}, args);
        Value shared = share_argument(vm, args, 3, resumed);
        if (!shared) return resumed;
        if (tape && tape->repeats()) {
            vm.runtime.shared.release(shared);
            if (tape->had(InputTape::Again)) continue;
            return tape->had(InputTape::Changed) ? args[3] : tape->diverge(vm, args, "it changes an Atom");
        }
        if (set_and_tell(vm, args[0], shared,
                         [&] { return replace_in_atom(vm.runtime.shared, args[0].cell(), args[2], shared); }))
            return args[3];
        vm.runtime.shared.release(shared);
        if (tape) tape->mark(InputTape::Again);
    }
}

Value atom_inspect(Machine& vm, Value* args) {
    Value resumed;
    if (not_an_atom(vm, args, resumed)) return resumed;
    std::string out = "Atom(";
    vm.check_native_stack(args); // an atom may hold what holds the atom
    args[1] = read(vm, args[0]);
    out += sketch(vm, args[1]).empty() ? vm.with_article(args[1]) : sketch(vm, args[1]);
    return vm.text(out + ")", args);
}

constexpr PrimitiveRow kAtomRows[] = {
    {"value", 0, atom_get, Effect::Input},
    {"set", 1, atom_set, Effect::Inside},
    {"swap", 1, atom_swap, Effect::Inside},
    {"inspect", 0, atom_inspect, Effect::Input},
};
constexpr PrimitiveRow kAtomClassRows[] = {{"new", 1, atom_new, Effect::Inside}};

} // namespace

PrimitiveTable atom_primitives() {
    return {"Atom", kAtomRows};
}
PrimitiveTable atom_class_primitives() {
    return {"Atom class", kAtomClassRows};
}

} // namespace indent
