// What a turn says to others: spawn, send, watch, stop. It leaves with the segment.
#include "vm/actors/actor_system.h"
#include "vm/actors/supervisor.h"
#include "vm/actors/turn_tape.h"
#include "vm/interp/arguments.h"
#include "vm/interp/sketch.h"
#include "vm/model/number.h"
#include <algorithm>

namespace indent {

Value ActorSystem::self(Machine& vm) {
    return vm.self_address;
}

Actor* ActorSystem::actor_at(Machine& vm, Value* nf, const char* verb, Value& resumed) {
    if (has_shape(nf[0], shape::kAddress)) return actor_of(nf[0]);
    std::string words = std::string("`") + verb + "` takes an actor's address, not " + described(vm, nf[0]);
    if (nf[0].is_cell() && vm.shapes[nf[0].cell()->shape].class_value &&
        vm.shapes[nf[0].cell()->shape].class_value->kind == ClassKind::Actor)
        words += ": `spawn` makes an actor of it";
    resumed = vm.fail("WrongType", words, nf);
    return nullptr;
}

std::unique_ptr<ActorMessage> ActorSystem::letter(Machine& vm, const OutgoingMessage& out, Value& resumed) {
    auto message = std::make_unique<ActorMessage>();
    message->selector = out.selector;
    Actor* sender = worker_of(vm).running;
    if (out.nf[0] != vm.self_address) message->era = sender->era;
    if (out.plan) {
        message->labels.assign(out.plan->labels.begin(), out.plan->labels.end());
        message->trailing_block = out.plan->trailing_block;
    }
    if (out.count == 0) return message;
    std::string refusal;
    message->arguments = Parcel::pack(vm, out.nf + 1, out.count, refusal);
    if (message->arguments) return message;
    message.reset(); // errors may jump over this frame
    const std::string words = "this cannot be sent to another actor: " + refusal;
    refusal = {};
    resumed = vm.fail("ArgumentError", words, out.nf + out.count + 1);
    return nullptr;
}

std::optional<uint64_t> ActorSystem::duration(Machine& vm, Value value, Value* args, Value& resumed) {
    // A Duration, or a number of seconds.
    constexpr double kLongest = 1e18; // thirty years
    double wanted = -1;
    if (value.is_float())
        wanted = value.as_float() * 1e9;
    else if (is_any_integer(value))
        wanted = integer_as_double(value) * 1e9;
    else if (const SymbolId selector = vm.symbols.intern("nanoseconds"); vm.understands(value, selector)) {
        Value answer = vm.send(value, selector, {}, args);
        if (is_any_integer(answer))
            wanted = integer_as_double(answer);
        else if (answer.is_float())
            wanted = answer.as_float();
    }
    if (wanted >= 0) return uint64_t(std::min(wanted, kLongest));
    resumed = vm.fail(
        "ArgumentError",
        "a time to wait is a Duration that is not negative (`2.seconds`), not " + described(vm, value), args);
    return std::nullopt;
}

Value ActorSystem::fail_taken(Machine& vm, Value name, Value* nf) {
    std::string words = "an actor has the name :" + std::string(vm.symbol_text(name)) + " already";
    if (holding_ && worker_of(vm).running == elsewhere_)
        words += "; a reload runs the statements of a module again: what is to be spawned at the first load "
                 "alone stands under `once:`";
    return vm.fail("ArgumentError", words, nf);
}

// The turn is run again and spawns: that actor is there, or was.
Actor* ActorSystem::spawn_again(Machine& vm, const Class& cls, Value name, Value* nf, Value& resumed) {
    TurnTape& tape = *worker_of(vm).tape;
    if (tape.lost()) {
        resumed = tape.lose(vm, nf, {});
    } else if (const TapeEntry* spawned = tape.take_if(
                   TapeEntry::Spawned, [](const TapeEntry& each) { return bool(each.values); })) {
        return actor_of(spawned->values->peek(0)); // the tape holds it
    } else if (name.is_symbol() && tape.take_if(TapeEntry::Taken)) {
        resumed = fail_taken(vm, name, nf);
    } else {
        resumed = tape.diverge(vm, nf, "it spawns a " + std::string(vm.symbols.text(cls.name)));
    }
    return nullptr;
}

// An actor that is not born yet; null: an error was raised.
Actor* ActorSystem::create(Machine& vm, Class* cls, const OutgoingMessage& out, Value name, Actor* supervisor,
                           Value& resumed) {
    Value* nf = out.nf;
    const std::string class_name(vm.symbols.text(cls->name));
    if (cls->kind != ClassKind::Actor && cls->kind != ClassKind::Supervisor) {
        resumed = vm.fail("ArgumentError",
                          "`spawn` takes an actor, and `" + class_name + "` is none: `" + class_name +
                              "(…)` alone makes one",
                          nf);
        return nullptr;
    }
    if (name && !name.is_nil() && !name.is_symbol()) {
        resumed = vm.fail("ArgumentError",
                          "an actor's name is a Symbol (`as :main`), not " + described(vm, name), nf);
        return nullptr;
    }
    OutgoingMessage arranged = out;
    if (!cls->lookup(sym::init)) {
        // What is missing or too much is the spawner's error: it is found here.
        std::vector<ParameterInfo> parameters;
        for (const FieldInfo& field : cls->fields)
            parameters.push_back({field.name, field.initial != nullptr, false});
        resumed = arrange_arguments(vm, nf, out.count, out.plan, parameters, nullptr, cls->name);
        if (resumed) return nullptr;
        arranged.count = unsigned(parameters.size());
        arranged.plan = nullptr;
    }
    arranged.selector = 0;
    std::unique_ptr<ActorMessage> message = letter(vm, arranged, resumed);
    if (!message) return nullptr;
    TurnTape* tape = worker_of(vm).tape.get();
    if (tape && !tape->has_left() && tape->next_is(TapeEntry::Spawned)) [[unlikely]] {
        tape->take(); // nobody has seen that one: this is another
    } else if (tape && (tape->repeats() || tape->lost())) [[unlikely]] {
        message.reset();
        return spawn_again(vm, *cls, name, nf, resumed);
    }
    message->kind = ActorMessage::Start;
    message->starts_as = cls->shape;
    start_threads();
    Actor* actor = make_actor(cls);
    actor->layout_epoch = runtime_.layout_epoch;
    if (name && name.is_symbol() && !register_name(*actor, name.symbol_id())) {
        message.reset();
        unmake(*actor);
        if (tape) tape->note(TapeEntry::Taken);
        resumed = fail_taken(vm, name, nf);
        return nullptr;
    }
    if (tape) [[unlikely]]
        tape->note(TapeEntry::Spawned, actor->id);
    if (supervisor) {
        std::lock_guard lock(ties_mutex_);
        if (!actor->ties) actor->ties = std::make_unique<Ties>();
        actor->ties->supervisor = ActorRef(runtime_.shared, supervisor);
        actor->supervised = true;
        // Kept for restarts: the message that begins it only says so.
        actor->first_start = std::move(message);
        message = std::make_unique<ActorMessage>();
        message->kind = ActorMessage::Start;
    }
    actor->mailbox.fetch_add(1, std::memory_order_relaxed);
    actor->lock.lock();
    actor->add(message.release());
    actor->lock.unlock();
    worker_of(vm).outbox.spawned.emplace_back(runtime_.shared, actor);
    return actor;
}

Value ActorSystem::spawn(Machine& vm, Class* cls, const OutgoingMessage& out, Value name) {
    Value resumed;
    if (worker_of(vm).record()) [[unlikely]]
        if (Value known = before_spawn(vm, cls, out, name)) return known;
    if (TapeEntry* had = had_before(vm, BreakRecord::Spawn, nullptr, 0)) [[unlikely]] {
        if (!had->values) return worker_of(vm).tape->lose(vm, out.nf, "what it had spawned is gone");
        return spawned_before(vm, had->values->peek(0));
    }
    Actor* actor = create(vm, cls, out, name, nullptr, resumed);
    if (!actor) return resumed;
    if (BreakRecord* record = worker_of(vm).record()) [[unlikely]] {
        record->pending.whom = ActorRef(runtime_.shared, actor);
        record->do_pending(false);
    }
    Value address = Value::cell(actor->address);
    runtime_.shared.hold(address);
    vm.heap->hold_for_stretch(address);
    if (cls->kind == ClassKind::Supervisor && !make_supervision(vm, *actor, out.nf, resumed)) return resumed;
    return address;
}

Value ActorSystem::send(Machine& vm, const OutgoingMessage& out, Value after, Value every) {
    Value* nf = out.nf;
    Value resumed;
    Actor* actor = actor_at(vm, nf, "send", resumed);
    if (!actor) return resumed;
    Value* beyond = nf + out.count + 1;
    uint64_t delay = 0, period = 0;
    if (after) {
        auto time = duration(vm, after, native_frame(vm, nf, beyond), resumed);
        if (!time) return resumed;
        delay = *time;
    }
    if (every) {
        auto time = duration(vm, every, native_frame(vm, nf, beyond), resumed);
        if (!time) return resumed;
        if (*time == 0) return vm.fail("ArgumentError", "`every` wants more than no time", nf);
        period = *time;
        if (!after) delay = period;
    }
    Worker& worker = worker_of(vm);
    const size_t waiting = actor->mailbox.load(std::memory_order_relaxed);
    const size_t limit = mailbox_limit(*actor);
    bool full = !after && !every && waiting + worker.outbox.letters.size() >= limit &&
                waiting + worker.outbox.letters_to(*actor) >= limit;
    TurnTape* tape = worker.tape.get();
    if (tape) [[unlikely]] {
        if (tape->lost()) return tape->lose(vm, nf, {});
        full = tape->is_full(full, worker.outbox.letters.size());
    }
    if (full) [[unlikely]] {
        const std::string words = describe(*actor) + " has " + std::to_string(limit) +
                                  " messages waiting, which is its limit: `ask` waits for room, or send less";
        return vm.fail("MailboxFull", words, nf);
    }
    std::unique_ptr<ActorMessage> message = letter(vm, out, resumed);
    if (!message) return resumed;
    if (worker.record()) [[unlikely]] {
        const auto kind = after || every ? BreakRecord::Later : BreakRecord::Send;
        if (Value known = before_deed(vm, kind, *actor, *message, nf, beyond, delay, period)) return known;
    }
    BreakRecord* const record = worker.record();
    auto as_value = [&](uint64_t id) {
        nf[0] = vm.integer(int64_t(id), nf);
        return vm.object(vm.runtime.prelude_class("Timer"), {nf[0]}, nf);
    };
    const auto as = after || every ? BreakRecord::Later : BreakRecord::Send;
    if (TapeEntry* had = had_before(vm, as, actor, out.selector)) [[unlikely]] {
        message.reset();
        return as == BreakRecord::Later ? as_value(had->number) : Value::nil();
    }
    if (!after && !every) {
        if (record) [[unlikely]]
            record->do_pending(false);
        worker.outbox.letters.push_back({ActorRef(runtime_.shared, actor), std::move(message)});
        return Value::nil();
    }
    if (tape && tape->repeats()) [[unlikely]] {
        const bool has_left = tape->has_left();
        const TapeEntry* entry = tape->take_if(TapeEntry::Timer);
        if (tape->only_reads()) tape->collect(Collected::Timed, *actor, *message, delay, period);
        if (has_left || !entry) message.reset();
        if (!entry) return tape->diverge(vm, nf, "it sends with a timer");
        if (has_left) {
            if (record) {
                record->pending.timer = timer_of(entry->number);
                record->do_pending(false); // until its segment ends
            }
            return as_value(entry->number);
        }
    }
    auto timer = std::make_shared<TimerRecord>();
    timer->target = ActorRef(runtime_.shared, actor);
    timer->selector = message->selector;
    timer->arguments = std::move(message->arguments);
    timer->labels = std::move(message->labels);
    timer->trailing_block = message->trailing_block;
    timer->due = now() + delay;
    timer->every = period;
    message.reset();
    const bool brings_blocks = timer->arguments && timer->arguments->has_blocks();
    const uint64_t id = timers_.add(timer);
    if (tape) [[unlikely]]
        tape->note(TapeEntry::Timer, id);
    worker.outbox.timers.push_back(timer);
    if (record) [[unlikely]] {
        record->pending.timer = timer;
        record->do_pending(false);
    }
    {
        std::lock_guard lock(ties_mutex_);
        if (!actor->ties) actor->ties = std::make_unique<Ties>();
        auto& timers = actor->ties->timers;
        std::erase_if(timers, [](const TimerPointer& t) { return t->cancelled || t->over; });
        timers.push_back(timer);
    }
    if (brings_blocks) { // once it is there to be found
        std::lock_guard lock(actor->lock);
        if (actor->status != Actor::Ended) suspect(*actor);
    }
    timer.reset();
    return as_value(id);
}

Value ActorSystem::watch(Machine& vm, Value* nf) {
    Value resumed;
    Actor* actor = actor_at(vm, nf, "watch", resumed);
    if (!actor) return resumed;
    if (TurnTape* tape = worker_of(vm).tape.get(); tape && tape->has_left()) [[unlikely]]
        return nf[0]; // it watches already
    Actor& self = *worker_of(vm).running;
    actor->lock.lock();
    const bool ended = actor->status == Actor::Ended;
    if (!ended) {
        std::lock_guard lock(ties_mutex_);
        if (!actor->ties) actor->ties = std::make_unique<Ties>();
        auto& watchers = actor->ties->watchers;
        if (std::none_of(watchers.begin(), watchers.end(), [&](ActorRef& w) { return w.get() == &self; }))
            watchers.emplace_back(runtime_.shared, &self);
    }
    if (!ended && log) [[unlikely]]
        log->facts(*actor);
    actor->lock.unlock();
    if (ended) { // it is told at once
        Ties late;
        late.watchers.emplace_back(runtime_.shared, &self);
        tell_watchers(*actor, late);
    }
    return nf[0];
}

std::unique_ptr<ActorMessage> ActorSystem::stop_message(const char* reason) {
    auto message = std::make_unique<ActorMessage>();
    message->kind = ActorMessage::Stop;
    message->selector = sym::stop;
    const Value values[] = {Value::symbol(runtime_.symbols.intern(reason))};
    message->arguments = Parcel::of_shared(runtime_.shared, values, 1);
    return message;
}

Value ActorSystem::stop(Machine& vm, Value* nf) {
    Value resumed;
    Actor* actor = actor_at(vm, nf, "stop", resumed);
    if (!actor) return resumed;
    if (actor == main_) return vm.fail("ArgumentError", "the main program ends by itself or with `exit`", nf);
    std::unique_ptr<ActorMessage> message = stop_message("normal");
    message->era = worker_of(vm).running->era;
    if (worker_of(vm).record()) [[unlikely]] {
        if (Value known = before_deed(vm, BreakRecord::Stop, *actor, *message, nf, nf + 1)) return known;
    }
    if (had_before(vm, BreakRecord::Stop, actor, sym::stop)) [[unlikely]]
        return nf[0];
    if (BreakRecord* record = worker_of(vm).record()) [[unlikely]]
        record->do_pending(false);
    worker_of(vm).outbox.letters.push_back({ActorRef(runtime_.shared, actor), std::move(message)});
    return nf[0];
}

} // namespace indent
