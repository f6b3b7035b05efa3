// What programs ask of actors' addresses, names and timers. `spawn`, `send`, `ask` are the language's own
// (vm/interp/nodes_actor.cpp).
#include "vm/actors/actor_system.h"
#include "vm/model/map.h"
#include "vm/prims/reflection_tables.h"

namespace indent {

namespace {

ActorSystem& system_of(Machine& vm) { return static_cast<ActorSystem&>(*vm.actors); }

bool wrong_receiver(Machine& vm, Value* args, Value& resumed) {
    if (has_shape(args[0], shape::kAddress)) return false;
    resumed = vm.wrong_type(args, 0, "an actor's address");
    return true;
}

Value address_hash(Machine& vm, Value* args) {
    Value resumed;
    if (wrong_receiver(vm, args, resumed)) return resumed;
    return hash_value(mix_hash(actor_of(args[0])->id));
}

Value address_text(Machine& vm, Value* args) {
    Value resumed;
    if (wrong_receiver(vm, args, resumed)) return resumed;
    return vm.text(system_of(vm).describe(*actor_of(args[0])), args);
}

Value address_class(Machine& vm, Value* args) {
    Value resumed;
    if (wrong_receiver(vm, args, resumed)) return resumed;
    Class* cls = actor_of(args[0])->cls;
    return cls ? cls->value : vm.runtime.prelude_class("Address")->value;
}

Value address_alive(Machine& vm, Value* args) {
    Value resumed;
    if (wrong_receiver(vm, args, resumed)) return resumed;
    Actor& actor = *actor_of(args[0]);
    std::lock_guard lock(actor.lock);
    return Value::boolean(actor.status != Actor::Ended);
}

Value address_metrics(Machine& vm, Value* args) {
    Value resumed;
    if (wrong_receiver(vm, args, resumed)) return resumed;
    const ActorMetrics metrics = system_of(vm).metrics(*actor_of(args[0]));
    const std::pair<const char*, uint64_t> rows[] = {{"turns", metrics.turns},
                                                     {"errors", metrics.errors},
                                                     {"messages", metrics.messages},
                                                     {"bytes", metrics.bytes},
                                                     {"nanoseconds", metrics.nanoseconds}};
    args[1] = make_map(vm, std::size(rows), args + kPrimitiveFrame);
    for (auto& [name, number] : rows) {
        args[2] = vm.symbol(name);
        args[3] = vm.integer(int64_t(number), args);
        if (map_put(vm, args[1], args[2], args[3], args + kPrimitiveFrame) != MapPut::Done) assert(false);
    }
    return args[1];
}

Value address_kill(Machine& vm, Value* args) {
    Value resumed;
    if (wrong_receiver(vm, args, resumed)) return resumed;
    system_of(vm).kill(*actor_of(args[0]));
    return args[0];
}

Value find_actor(Machine& vm, Value* args) {
    if (!args[1].is_symbol()) return vm.wrong_type(args, 1, "a Symbol");
    if (!vm.actors) return Value::nil();
    ActorRef found = system_of(vm).named(args[1].symbol_id());
    if (!found) return Value::nil();
    Value address = Value::cell(found->address);
    vm.runtime.shared.hold(address);
    vm.heap->hold_for_stretch(address);
    return address;
}

Value cancel_timer(Machine& vm, Value* args) {
    if (!args[1].is_integer()) return vm.wrong_type(args, 1, "an Integer");
    return Value::boolean(vm.actors && system_of(vm).cancel_timer(uint64_t(args[1].as_integer())));
}

constexpr PrimitiveRow kRows[] = {
    {"hash", 0, address_hash},      {"to_text", 0, address_text},
    {"inspect", 0, address_text},   {"class", 0, address_class},
    {"alive?", 0, address_alive, Effect::Input},    {"metrics", 0, address_metrics, Effect::Input},
    {"kill", 0, address_kill, Effect::Output},
};
constexpr PrimitiveRow kFunctions[] = {
    {"find_actor", 1, find_actor, Effect::Input},
    {"_cancel_timer", 1, cancel_timer, Effect::Output},
};

} // namespace

PrimitiveTable address_primitives() { return {"Address", kRows}; }
PrimitiveTable actor_functions() { return {"", kFunctions}; }

} // namespace indent
