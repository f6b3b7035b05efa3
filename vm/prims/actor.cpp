// What programs ask of actors' addresses, names and timers. `spawn`, `send`, `ask` are the language's own
// (vm/interp/nodes_actor.cpp).
#include "vm/actors/actor_system.h"
#include "vm/interp/arguments.h"
#include "vm/model/map.h"
#include "vm/prims/file_arguments.h"
#include "vm/prims/reflection_tables.h"
#include <algorithm>

namespace indent {

namespace {

ActorSystem& system_of(Machine& vm) {
    return static_cast<ActorSystem&>(*vm.actors);
}

bool not_an_address(Machine& vm, Value* args, Value& resumed) {
    if (has_shape(args[0], shape::kAddress)) return false;
    resumed = vm.wrong_type(args, 0, "an actor's address");
    return true;
}

Value address_hash(Machine& vm, Value* args) {
    Value resumed;
    if (not_an_address(vm, args, resumed)) return resumed;
    return hash_value(mix_hash(actor_of(args[0])->id));
}

Value address_text(Machine& vm, Value* args) {
    Value resumed;
    if (not_an_address(vm, args, resumed)) return resumed;
    return vm.text(system_of(vm).describe(*actor_of(args[0])), args);
}

Value address_class(Machine& vm, Value* args) {
    Value resumed;
    if (not_an_address(vm, args, resumed)) return resumed;
    Class* cls = actor_of(args[0])->cls;
    return cls ? cls->value : vm.runtime.prelude_class("Address")->value;
}

Value held_address(Machine& vm, Actor& actor) {
    const Value address = Value::cell(actor.address);
    vm.runtime.shared.hold(address);
    vm.heap->hold_for_stretch(address);
    return address;
}

Value address_names(Machine& vm, Value* args) {
    Value resumed;
    if (not_an_address(vm, args, resumed)) return resumed;
    const std::vector<SymbolId> names = system_of(vm).names_of(*actor_of(args[0]));
    args[1] = vm.list(names.size(), args);
    for (SymbolId name : names) {
        args[2] = Value::symbol(name);
        if (!list_add(vm, args[1], args[2], args + kPrimitiveFrame)) assert(false);
    }
    return args[1];
}

Value address_supervisor(Machine& vm, Value* args) {
    Value resumed;
    if (not_an_address(vm, args, resumed)) return resumed;
    const ActorRef supervisor = system_of(vm).supervisor_of(*actor_of(args[0]));
    return supervisor ? held_address(vm, *supervisor) : Value::nil();
}

Value all_actors(Machine& vm, Value* args) {
    if (!vm.actors) return vm.list(0, args);
    std::vector<ActorRef> all = system_of(vm).actors_of([](const Class&) { return true; });
    std::sort(all.begin(), all.end(), [](const ActorRef& a, const ActorRef& b) { return a->id < b->id; });
    args[1] = vm.list(all.size(), args);
    for (const ActorRef& actor : all) {
        args[2] = held_address(vm, *actor);
        if (!list_add(vm, args[1], args[2], args + kPrimitiveFrame)) assert(false);
    }
    return args[1];
}

Value address_alive(Machine& vm, Value* args) {
    Value resumed;
    if (not_an_address(vm, args, resumed)) return resumed;
    Actor& actor = *actor_of(args[0]);
    std::lock_guard lock(actor.lock);
    return Value::boolean(actor.status != Actor::Ended);
}

Value address_metrics(Machine& vm, Value* args) {
    Value resumed;
    if (not_an_address(vm, args, resumed)) return resumed;
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
        if (map_put(vm, vm.symbols, args[1], args[2], args[3], args + kPrimitiveFrame) != MapPut::Done)
            assert(false);
    }
    return args[1];
}

// args[i], which is a copy already, as one that cannot change.
void freeze_copy(Machine& vm, Value* args, int i) {
    Parcel::Pointer copy = Parcel::pack_whole(vm, args + i, 1);
    copy->freeze();
    Parcel::unpack(std::move(copy), vm, args + i, args + kPrimitiveFrame);
}

Value address_state(Machine& vm, Value* args) {
    Value resumed;
    if (not_an_address(vm, args, resumed)) return resumed;
    Parcel::Pointer copy = system_of(vm).look_at_state(vm, *actor_of(args[0]), args);
    if (!copy) return Value::nil();
    Parcel::unpack(std::move(copy), vm, args + 1, args + kPrimitiveFrame);
    const Class& cls = *vm.shapes[args[1].cell()->shape].cls;
    args[2] = make_map(vm, cls.fields.size(), args + kPrimitiveFrame);
    for (size_t i = 0; i < cls.fields.size(); ++i) {
        args[3] = Value::symbol(cls.fields[i].name);
        args[4] = (*args[1].cell())[i];
        if (map_put(vm, vm.symbols, args[2], args[3], args[4], args + kPrimitiveFrame) != MapPut::Done)
            assert(false);
    }
    args[1] = args[3] = args[4] = Value();
    freeze_copy(vm, args, 2);
    return args[2];
}

Value address_mailbox(Machine& vm, Value* args) {
    Value resumed;
    if (not_an_address(vm, args, resumed)) return resumed;
    std::vector<WaitingLetter> letters = system_of(vm).look_at_mailbox(vm, *actor_of(args[0]));
    args[1] = vm.list(letters.size(), args);
    for (WaitingLetter& letter : letters) {
        const auto count = unsigned(letter.arguments ? letter.arguments->count() : 0);
        Value* values = args + kPrimitiveFrame;
        if (!Heap::raise_stack(vm, values + count + 4 * kPrimitiveFrame)) assert(false);
        if (count) letter.arguments->copy_out(vm, values, values + count);
        args[2] = make_message(vm, letter.selector, values, count, letter.labels, values + count);
        if (!list_add(vm, args[1], args[2], values)) assert(false);
    }
    args[2] = Value();
    freeze_copy(vm, args, 1);
    return args[1];
}

Value address_current(Machine& vm, Value*) {
    if (!vm.self_address) return Value::nil();
    vm.runtime.shared.hold(vm.self_address);
    vm.heap->hold_for_stretch(vm.self_address);
    return vm.self_address;
}

Value address_kill(Machine& vm, Value* args) {
    Value resumed;
    if (not_an_address(vm, args, resumed)) return resumed;
    system_of(vm).kill(*actor_of(args[0]));
    return args[0];
}

Value find_actor(Machine& vm, Value* args) {
    if (!args[1].is_symbol()) return vm.wrong_type(args, 1, "a Symbol");
    if (!vm.actors) return Value::nil();
    ActorRef found = system_of(vm).named(args[1].symbol_id());
    if (!found) return Value::nil();
    return held_address(vm, *found);
}

Value cancel_timer(Machine& vm, Value* args) {
    if (!args[1].is_integer()) return vm.wrong_type(args, 1, "an Integer");
    return Value::boolean(vm.actors && system_of(vm).cancel_timer(vm, uint64_t(args[1].as_integer())));
}

// Belongs to the actor whose turn makes it, as an open file does: when it is closed, another actor hears of it.
class Tie : public Device {
  public:
    Tie(ActorSystem& system, ActorRef teller, SymbolId message, int64_t number)
        : system_(system), teller_(std::move(teller)), message_(message), number_(number) {}
    ~Tie() override {
        auto message = std::make_unique<ActorMessage>();
        message->selector = message_;
        const Value arguments[] = {Value::integer(number_)};
        message->arguments = Parcel::of_shared(system_.runtime().shared, arguments, 1);
        teller_->mailbox.fetch_add(1, std::memory_order_relaxed);
        system_.post(*teller_, std::move(message));
    }

  private:
    ActorSystem& system_;
    ActorRef teller_;
    SymbolId message_;
    int64_t number_;
};

// args: who is told, by which message, with which number. The tie's own number.
Value tie(Machine& vm, Value* args) {
    if (!has_shape(args[1], shape::kAddress)) return vm.wrong_type(args, 1, "an actor's address");
    if (!args[2].is_symbol()) return vm.wrong_type(args, 2, "a Symbol");
    if (!args[3].is_integer()) return vm.wrong_type(args, 3, "an Integer");
    auto made = std::make_shared<Tie>(system_of(vm), ActorRef(vm.runtime.shared, actor_of(args[1])),
                                      args[2].symbol_id(), args[3].as_integer());
    return vm.integer(int64_t(vm.runtime.devices.add(std::move(made), device_owner(vm))), args);
}

Value untie(Machine& vm, Value* args) {
    if (!args[1].is_integer()) return vm.wrong_type(args, 1, "an Integer");
    vm.runtime.devices.close(uint64_t(args[1].as_integer()));
    return Value::nil();
}

constexpr PrimitiveRow kActorRows[] = {
    {"hash", 0, address_hash},
    {"to_text", 0, address_text},
    {"inspect", 0, address_text},
    {"class", 0, address_class},
    {"names", 0, address_names, Effect::Input},
    {"supervisor", 0, address_supervisor, Effect::Input},
    {"alive?", 0, address_alive, Effect::Input},
    {"metrics", 0, address_metrics, Effect::Input},
    {"state", 0, address_state, Effect::Input},
    {"mailbox", 0, address_mailbox, Effect::Input},
    {"kill", 0, address_kill, Effect::Inside},
};
constexpr PrimitiveRow kActorClassRows[] = {
    {"current", 0, address_current, Effect::Input},
};
constexpr PrimitiveRow kActorFunctions[] = {
    {"find_actor", 1, find_actor, Effect::Input},
    {"actors", 0, all_actors, Effect::Input},
    {"_cancel_timer", 1, cancel_timer, Effect::Inside},
    {"_tie", 3, tie, Effect::Inside},
    {"_untie", 1, untie, Effect::Inside},
};

} // namespace

PrimitiveTable address_primitives() {
    return {"Address", kActorRows};
}
PrimitiveTable address_class_primitives() {
    return {"Address class", kActorClassRows};
}
PrimitiveTable actor_functions() {
    return {"", kActorFunctions};
}

} // namespace indent
