// One turn: from a message to a commit or a rollback, and who hears of it.
#include "vm/actors/actor_system.h"
#include "vm/actors/supervisor.h"
#include "vm/actors/turn_tape.h"
#include "vm/actors/worker.h"
#include "vm/interp/arguments.h"
#include "vm/interp/error_report.h"
#include "vm/interp/maker.h"
#include "vm/os/clock.h"
#include "vm/syntax/did_you_mean.h"
#include <algorithm>
#include <cassert>
#include <new>

namespace indent {

namespace {

// What a start was given for the layout `was` stands at the places of today's, if that is what it means there: where nothing was
// given, or all of it has its name still and no migrator says otherwise. Then it begins with today's initialisers. `given` has
// room for both.
Class* in_todays_layout(Machine& vm, Class* was, Value* given) {
    Class* now = was->itself();
    if (now == was) return was;
    const size_t n = was->fields.size(), m = now->fields.size();
    const bool by_hand = now->lookup(vm.symbols.intern("migrate_state")) != nullptr;
    Value* arranged = given + n;
    for (size_t i = 0; i < m; ++i) arranged[i] = Value();
    for (size_t i = 0; i < n; ++i) {
        if (!given[i]) continue;
        const int at = now->field_index(was->fields[i].name);
        if (by_hand || at < 0) return was;
        arranged[at] = given[i];
    }
    for (size_t i = 0; i < m; ++i) given[i] = arranged[i];
    return now;
}

} // namespace

void Worker::begin_turn(Actor& actor) {
    Machine& vm = *machine;
    vm.had_effects = false;
    departed = {};
    actor.turn_epoch.store(system.runtime_.epoch.load(std::memory_order_relaxed), std::memory_order_relaxed);
    vm.self_address = Value::cell(actor.address);
    vm.actor_state = actor.state;
    vm.actor_journal = actor.journal;
    vm.actor_drawings = vm.drawings_before = actor.drawings;
    vm.actor_unchanged = actor.unchanged;
    vm.layout_epoch = actor.layout_epoch;
    vm.kept_roots = &actor == system.main_ ? system.main_kept_roots : nullptr;
    if (!actor.heap) actor.heap.emplace(system.runtime_.shared, system.options_.actor_heap);
    actor.heap->enter(vm);
}

void Worker::end_turn(Actor& actor) {
    Machine& vm = *machine;
    actor.heap_bytes.store(vm.heap->used_bytes(), std::memory_order_relaxed);
    vm.heap->leave(vm.stack_base);
    if (std::exchange(vm.young->met_watched, false)) system.suspect(actor);
    vm.inner->remote_errors.clear();
    if (tape) [[unlikely]]
        end_tape();
    actor.journal = std::exchange(vm.actor_journal, Value());
    actor.drawings = std::exchange(vm.actor_drawings, Value());
    vm.drawings_before = Value();
    actor.unchanged = vm.actor_unchanged && !std::exchange(vm.young->changed, false);
    vm.actor_state = Value();
    vm.self_address = Value();
    vm.kept_roots = nullptr;
    count_time(actor, os::monotonic_ns());
    actor.turns.fetch_add(1, std::memory_order_relaxed);
}

// The outbox keeps its memory: nothing that leaves runs code of the program here.
void Worker::segment_leaves(SegmentEnd end) {
    if (tape) [[unlikely]] {
        if (tape->repeats()) { // it has left already
            if (end == SegmentEnd::Waits) (void)tape->leave(outbox);
            if (end == SegmentEnd::Done) tape->collect_end();
            leaves_again();
            return;
        }
        if (end == SegmentEnd::Waits) tape->note_left(outbox);
    }
    if (system.log) [[unlikely]]
        system.log->segment(*this, *running, running->message.get(), end);
    if (outbox.empty()) return;
    machine->had_effects = true;
    if (running && running->message && running->message->record) [[unlikely]]
        running->message->record->all_left();
    departed.spawned += uint32_t(outbox.spawned.size());
    departed.timers += uint32_t(outbox.timers.size());
    for (ActorRef& born : outbox.spawned) {
        born->lock.lock();
        const bool begins = born->status == Actor::Unborn && !born->starts_in_order;
        if (begins) {
            born->status = Actor::Ready;
            became_active();
        }
        born->lock.unlock();
        if (begins) system.schedule_soon(*born, this);
    }
    for (auto& letter : outbox.letters) {
        departed.add(letter.message->selector, *letter.to);
        letter.to->mailbox.fetch_add(1, std::memory_order_relaxed);
        system.post(*letter.to, std::move(letter.message), this);
    }
    for (TimerPointer& timer : outbox.cancelled) system.timers_.cancel(timer);
    for (TimerPointer& timer : outbox.timers) system.timers_.start(std::move(timer));
    outbox.clear();
}

// What has left of a turn that is run again stays what it has become.
void Worker::leaves_again() {
    if (running && running->message && running->message->record) [[unlikely]]
        running->message->record->all_left();
    if (!outbox.empty()) {
        machine->had_effects = true;
        departed.spawned += uint32_t(outbox.spawned.size());
        departed.timers += uint32_t(outbox.timers.size());
        for (auto& letter : outbox.letters) departed.add(letter.message->selector, *letter.to);
    }
    if (tape->only_reads()) tape->collect(outbox);
    outbox.clear();
}

void Worker::begin_tape(Actor& actor, ActorMessage& message) {
    if (message.tape)
        tape = std::move(message.tape);
    else if (system.log && actor.cls)
        tape = spare_tape_ ? std::move(spare_tape_) : std::make_shared<TurnTape>(system);
    else
        return;
    machine->inner->tape = tape.get();
    if (message.anew) tape->note(TapeEntry::Anew);
    tape->begin_epoch(actor.turn_epoch.load(std::memory_order_relaxed));
}

void Worker::end_tape() {
    machine->inner->tape = nullptr;
    if (tape->pending_ask()) { // it may not have come so far again
        system.ends_asking(*running);
        running->lock.lock();
        running->waits_for = 0;
        running->answered = false;
        running->answer.reset();
        running->lock.unlock();
    }
    if (tape->is_blank())
        spare_tape_ = std::move(tape);
    else
        tape.reset();
}

void Worker::segment_fails() {
    Outbox dropped = std::exchange(outbox, {});
    for (ActorRef& unborn : dropped.spawned) system.unmake(*unborn);
    machine->actor_journal = running->journal; // what the turn has added to it is gone
    machine->actor_drawings = running->drawings;
    if (running) // nobody has what its turn has opened
        system.runtime_.devices.close_those_of({running->id, running->turns});
}

// The state object, from what was given and the initialisers; then `on start`.
void Worker::start_state(Actor& actor, const ActorMessage& message, Value* args) {
    Machine& vm = *machine;
    // What it was given is for the layout of that time.
    Class* cls = message.starts_as ? vm.shapes[message.starts_as].cls : actor.cls;
    size_t n = cls->fields.size();
    Value* given = args + kPrimitiveFrame;
    Value* top = given + n + cls->itself()->fields.size() + 1;
    if (!Heap::raise_stack(vm, top + 4 * kPrimitiveFrame)) assert(false);
    for (Value* at = given; at < top; ++at) *at = Value();
    const bool by_init = cls->lookup(sym::init) != nullptr;
    if (message.arguments && !by_init) message.arguments->copy_out(vm, given, top);
    cls = in_todays_layout(vm, cls, given);
    n = cls->fields.size();
    Cell* cell = Heap::allocate(vm, cls->shape, uint16_t(n), top);
    for (size_t i = 0; i < n; ++i) (*cell)[i] = given[i] ? given[i] : Value::nil();
    vm.actor_state = Value::cell(cell);
    for (size_t i = 0; i < n; ++i) {
        // A reload may come while an initialiser runs; what answers for this layout is asked for each.
        cls = vm.shapes[vm.actor_state.cell()->shape].cls;
        if (given[i] || !cls->fields[i].initial) continue;
        Value* frame = native_frame(vm, args, top);
        frame[0] = vm.actor_state;
        Value value = enter(code_of_initialiser(vm, cls->fields[i]), frame);
        if (!Heap::store(vm, vm.actor_state.cell(), i, value)) assert(false);
    }
    cls = vm.shapes[vm.actor_state.cell()->shape].cls;
    const bool old_arguments = message.arguments && message.arguments->layout_epoch() < vm.layout_epoch;
    if (cls->lineage || (old_arguments && !by_init)) {
        system.migrate_in_turn(vm, args, {});
        cls = cls->itself();
    }
    auto run_method = [&](Method* method, unsigned count, const ArgumentPlan* plan, Value* frame) {
        frame[0] = vm.actor_state;
        call_method(vm, method, frame, count, plan);
    };
    if (by_init && message.arguments && !cls->lookup(sym::init)) {
        const std::string name(vm.symbols.text(cls->name));
        vm.fail("ArgumentError", "`" + name + "` has no `init` any more, which took what it begins with",
                args);
        return;
    }
    if (by_init && cls->lookup(sym::init)) {
        Value* frame = native_frame(vm, args, args + kPrimitiveFrame, sym::init);
        const auto count = unsigned(message.arguments ? message.arguments->count() : 0);
        if (!Heap::raise_stack(vm, frame + count + 4 * kPrimitiveFrame)) assert(false);
        if (count) message.arguments->copy_out(vm, frame + 1, frame + 1 + count);
        if (old_arguments) {
            frame[0] = vm.actor_state;
            system.migrate_in_turn(vm, native_frame(vm, frame, frame + count + 1), {frame + 1, count});
        }
        ArgumentPlan plan;
        plan.labels = message.labels;
        plan.trailing_block = message.trailing_block;
        run_method(cls->lookup(sym::init), count, &plan, frame);
    }
    if (Method* method = cls->lookup(sym::start); method && method->message)
        run_method(method, 0, nullptr, native_frame(vm, args, args + kPrimitiveFrame, sym::start));
}

// What the message asks for.
Value Worker::call_handler(Actor& actor, ActorMessage& message, Value* args) {
    Machine& vm = *machine;
    Value* nf = native_frame(vm, args, args + kPrimitiveFrame, message.selector);
    const Parcel* parcel = message.timer ? message.timer->arguments.get() : message.arguments.get();
    auto count = unsigned(parcel ? parcel->count() : 0);
    if (!Heap::raise_stack(vm, nf + count + 8 * kPrimitiveFrame)) assert(false);
    nf[0] = vm.actor_state;
    if (count) parcel->copy_out(vm, nf + 1, nf + 1 + count);
    if (count && parcel->layout_epoch() < vm.layout_epoch) [[unlikely]] {
        opening_ = true; // what cannot be migrated is a dead letter
        system.migrate_in_turn(vm, native_frame(vm, nf, nf + count + 1), {nf + 1, count});
        opening_ = false;
        nf[0] = vm.actor_state;
    }
    const Class* cls = vm.class_of(nf[0]);
    Method* method = cls->lookup(message.selector);
    if (actor.supervision && message.kind == ActorMessage::Call && !method)
        if (Value answer; system.supervisor_message(vm, actor, message, nf, count, answer)) return answer;
    const bool system_message = message.kind != ActorMessage::Call;
    if (system_message && (!method || !method->message)) return Value::nil();
    if (message.kind == ActorMessage::Call && method && method->message &&
        (message.selector == sym::start || message.selector == sym::stop || message.selector == sym::down ||
         message.selector == sym::other))
        method = nullptr; // the runtime's alone
    if (method && method->message) {
        if (system_message) count = unsigned(std::min<size_t>(count, method->parameters.size()));
        if (!message.labels.empty() || message.trailing_block)
            return call_with_labels(method, message, nf, count);
        return call_method(vm, method, nf, count, nullptr);
    }
    if (Method* other = cls->lookup(sym::other); other && other->message)
        return hand_to_other(other, message, nf, count);
    return not_understood(*cls, message, method != nullptr, nf);
}

// Apart, so that the frame of call_handler is small: it is copied with each turn that waits.
[[gnu::noinline]] Value Worker::call_with_labels(Method* method, const ActorMessage& message, Value* nf,
                                                 unsigned count) {
    ArgumentPlan plan;
    plan.labels = message.labels;
    plan.trailing_block = message.trailing_block;
    return call_method(*machine, method, nf, count, &plan);
}

// `on _(message)`: a message object has selector, arguments, labels.
[[gnu::noinline]] Value Worker::hand_to_other(Method* method, const ActorMessage& message, Value* nf,
                                              unsigned count) {
    Machine& vm = *machine;
    nf[1] = make_message(vm, message.selector, nf + 1, count, message.labels, nf + count + 1);
    return call_method(vm, method, nf, 1, nullptr);
}

[[gnu::noinline]] Value Worker::not_understood(const Class& cls, const ActorMessage& message, bool is_its_own,
                                               Value* nf) {
    Machine& vm = *machine;
    const std::string name(vm.symbols.text(message.selector));
    const std::string owner(vm.symbols.text(cls.name));
    if (is_its_own)
        return vm.fail("NotUnderstood",
                       "`" + owner + "." + name + "` is the actor's own: a message is defined with `on " +
                           name + "`",
                       nf);
    std::vector<std::string_view> known;
    for (const Class* at = &cls; at; at = at->superclass)
        for (const auto& [selector, method] : at->methods)
            if (method->message) known.push_back(vm.symbols.text(selector));
    std::sort(known.begin(), known.end()); // dictionaries have no order, messages should not change
    const std::string near = syntax::nearest(name, known);
    return vm.fail("NotUnderstood",
                   "the actor " + owner + " has no message `" + name + "`" +
                       (near.empty() ? "" : "; did you mean `" + near + "`?"),
                   nf);
}

void Worker::handle(Actor& actor, ActorMessage& message) {
    Machine& vm = *machine;
    if (message.kind == ActorMessage::Child && message.from.get() == &actor && actor.supervision) {
        (void)start_children(actor, message); // it had begun to, and the program ended
        return;
    }
    if (message.kind == ActorMessage::Child) {
        begin_turn(actor);
        system.decide(*this, actor, message);
        segment_leaves(SegmentEnd::Done);
        vm.heap->commit(vm.stack_base);
        end_turn(actor);
        return;
    }
    if (message.kind == ActorMessage::Restart) {
        if (message.tape)
            forget_state(actor); // its end was heard of
        else
            begin_anew(actor);
        actor.lock.lock();
        const bool ends_only = message.ask && message.reason;          // the others end first; then all begin
        if (ends_only) actor.stop_requested = actor.stop_said = false; // that was for its end
        actor.supervisor_waits = false; // where it fails from here on, its supervisor decides anew
        actor.lock.unlock();
        if (ends_only) {
            if (system.log) [[unlikely]]
                system.log->segment(*this, actor, &message, SegmentEnd::Apart);
            actor.lock.lock();
            const bool goes_on =
                actor.first && actor.first->kind == ActorMessage::Restart; // nobody waited so long
            if (!goes_on) actor.status = Actor::Held;
            actor.lock.unlock();
            answer(message, std::make_unique<Answer>());
            return;
        }
    }
    if (message.kind == ActorMessage::Native) {
        begin_turn(actor);
        if (message.work(vm))
            segment_leaves(SegmentEnd::Apart);
        else
            segment_fails();
        actor.state = vm.actor_state;
        end_turn(actor);
        if (message.ask) answer(message, std::make_unique<Answer>());
        return;
    }
    if (message.kind == ActorMessage::Call && actor.cls &&
        !actor.state) { // it could not start, and is to end
        if (!message.ask) return;
        auto refusal = std::make_unique<Answer>();
        refusal->failed = true;
        refusal->error_class = "ActorDown";
        refusal->words = system.describe(actor) + " could not start";
        answer(message, std::move(refusal));
        return;
    }
    const bool taped = system.log || message.tape;
    const bool looked_at = message.tape && message.tape->only_reads(); // nobody else is there to hear of it
    begin_turn(actor);
    if (taped) [[unlikely]]
        begin_tape(actor, message);
    std::unique_ptr<Answer> reply;
    if (system.break_on_error && !message.record && actor.cls) [[unlikely]]
        message.record = std::make_shared<BreakRecord>();
    BreakRecord* const record = message.kind == ActorMessage::Call || message.kind == ActorMessage::Down
                                    ? message.record.get()
                                    : nullptr;
    if (record) [[unlikely]] {
        record->begin();
        if (tape) {
            for (BreakRecord::Deed& deed : tape->take_expected()) record->expect(std::move(deed));
            if (message.anew) tape->note_expected(vm, *record);
        }
    }
    auto answer_with = [&](Value* args) { // what is in args[0]
        if (!message.ask) return Value::nil();
        reply = std::make_unique<Answer>();
        std::string refusal;
        reply->value = Parcel::pack(vm, args, 1, refusal);
        if (!reply->value) vm.fail("ArgumentError", "an answer cannot leave its actor: " + refusal, args);
        return Value::nil();
    };
    auto turn = [&](Value* args) {
        if (tape) [[unlikely]]
            tape->begin_turn(vm, args);
        if (message.kind == ActorMessage::Start || message.kind == ActorMessage::Restart) {
            start_state(actor, actor.first_start ? *actor.first_start : message, args);
            if (Value resumed;
                message.kind == ActorMessage::Restart && actor.cls->kind == ClassKind::Supervisor)
                (void)system.make_supervision(vm, actor, args, resumed);
            if (tape) [[unlikely]]
                tape->end_turn(vm, args);
            return Value::nil();
        }
        args[0] = call_handler(actor, message, args);
        if (tape) [[unlikely]] {
            tape->end_turn(vm, args + 1);
            if (tape->only_reads()) tape->collect_reply(vm, args);
        }
        if (record) [[unlikely]]
            system.nothing_left_over(vm, args);
        return answer_with(args);
    };
    RunResult result = run_protected(vm, std::ref(turn)); // by reference: a copy would take memory
    if (record) [[unlikely]] {
        if (!result.ok && record->returns) // a person has said what it answers
            result = run_protected(vm, [&, value = vm.inner->uncaught.resumed_with](Value* args) {
                args[0] = value;
                return answer_with(args);
            });
        if (!result.ok && record->retries) {
            begin_again(actor, message);
            return;
        }
        record->may_break = false;
        if (record->course) record->course->course = result.ok ? BreakAnswer::Done : BreakAnswer::Failed;
    }
    if (!result.ok) {
        failed(actor, message, result);
        return;
    }
    this->reply = reply.get();
    segment_leaves(SegmentEnd::Done);
    this->reply = nullptr;
    vm.heap->commit(vm.stack_base);
    actor.state = vm.actor_state;
    end_turn(actor);
    if (message.kind == ActorMessage::Stop) {
        if (actor.supervision) {
            begin_turn(actor);
            system.end_children(*this, actor, true);
            end_turn(actor);
        }
        actor.state = actor.journal = actor.drawings =
            Value(); // it has heard of its end: a restart need not tell it again
        if (!message.ask && !looked_at && system.to_supervisor(actor, "normal", "")) return;
        system.end(actor, message.reason ? std::string(vm.symbols.text(message.reason)).c_str() : "normal",
                   nullptr);
        if (message.ask) answer(message, std::make_unique<Answer>()); // its supervisor stops it
        return;
    }
    const bool starting = message.kind == ActorMessage::Start || message.kind == ActorMessage::Restart;
    if (starting && actor.supervision && !looked_at && !start_children(actor, message)) return;
    if (message.ask) answer(message, starting ? std::make_unique<Answer>() : std::move(reply));
}

// Of a supervisor that has started: its children start, each when those before it have. False: one failed, and all is
// undone.
bool Worker::start_children(Actor& actor, ActorMessage& message) {
    begin_turn(actor);
    const bool started = system.start_children(*this, actor, actor.supervision->why_not_started);
    if (!started) system.end_children(*this, actor, true);
    end_turn(actor);
    if (started) return true;
    std::string why = std::exchange(actor.supervision->why_not_started, {});
    actor.lock.lock();
    const bool killed = actor.stop_requested;
    actor.lock.unlock();
    if (!killed)
        why += "  so the supervisor " + system.describe(actor) +
               " does not start; its children before that one end\n";
    const bool first_start =
        message.kind == ActorMessage::Start && message.ask; // its supervisor waits for it
    bool decides = false;
    if (!first_start) {
        decides = system.to_supervisor(actor, killed ? "killed" : "failed", why);
        if (!decides && !killed && system.report) system.report(why);
    }
    if (!decides) system.end(actor, killed ? "killed" : "start_failed", nullptr);
    if (!message.ask) return false;
    auto reply = std::make_unique<Answer>();
    reply->failed = true;
    reply->words = std::move(why);
    answer(message, std::move(reply));
    return false;
}

// The old incarnation ends: it hears of it, and what it had is gone.
void Worker::begin_anew(Actor& actor) {
    Machine& vm = *machine;
    if (actor.state && actor.heap) {
        begin_turn(actor);
        Method* method = vm.class_of(vm.actor_state)->lookup(sym::stop);
        RunResult result;
        result.ok = true;
        if (method && method->message)
            result = run_protected(vm, [&](Value* args) {
                Value* nf = native_frame(vm, args, args + kPrimitiveFrame, sym::stop);
                nf[0] = vm.actor_state;
                nf[1] = Value::symbol(vm.symbols.intern("restart"));
                return call_method(vm, method, nf, unsigned(std::min<size_t>(1, method->parameters.size())),
                                   nullptr);
            });
        if (result.ok) {
            segment_leaves(SegmentEnd::Done);
            vm.heap->commit(vm.stack_base);
        } else {
            std::string report;
            if (result.out_of_memory || !vm.is_uncatchable(result.error)) { // else it took too long
                ActorMessage stop;
                stop.selector = sym::stop;
                RemoteTrace here;
                here.where = system.describe(actor);
                report = system.report_of(vm, actor, stop, result, here);
            }
            vm.inner->uncaught = {};
            segment_fails();
            vm.heap->rollback();
            if (!report.empty() && system.report) system.report(report);
        }
        end_turn(actor);
    }
    if (actor.supervision) {
        begin_turn(actor);
        system.end_children(*this, actor, true);
        end_turn(actor);
    }
    forget_state(actor);
}

void Worker::forget_state(Actor& actor) {
    actor.state = actor.journal = actor.drawings = Value();
    actor.heap.reset();
    system.runtime_.devices.close_those_of({actor.id});
    actor.layout_epoch = system.runtime_.layout_epoch;
    ++actor.incarnation;
    actor.stuck = false;
    if (system.log) [[unlikely]] // what is still to be decided is about the one before
        system.log->facts(actor);
}

void Worker::answer(ActorMessage& message, std::unique_ptr<Answer> answer) {
    system.answer(*message.from, message.ask, std::move(answer), this);
    message.ask = 0;
}

void Worker::failed(Actor& actor, ActorMessage& message, RunResult& result) {
    Machine& vm = *machine;
    auto reply = std::make_unique<Answer>();
    reply->failed = true;
    auto trace = std::make_shared<RemoteTrace>();
    trace->where = system.describe(actor);
    if (message.selector)
        trace->where += ", handling `" + std::string(vm.symbols.text(message.selector)) + "`";
    else if (message.kind == ActorMessage::Start || message.kind == ActorMessage::Restart)
        trace->where += ", starting";
    ActiveRaise& uncaught = vm.inner->uncaught;
    trace->trace = uncaught.trace;
    trace->frames = uncaught.frames;
    trace->omitted = uncaught.omitted;
    for (auto& remote : vm.inner->remote_errors)
        if (remote.error == result.error) trace->before = remote.trace;
    reply->trace = trace;
    bool stopped = false;
    std::string refusal;
    if (result.out_of_memory) {
        reply->error_class = "OutOfMemory";
        reply->words = "the program needs more memory than it may take";
    } else {
        stopped = vm.is_uncatchable(result.error) && !(tape && tape->lost());
        if (const int code = stopped ? describe_error(vm, result.error).exit_code : -1;
            code >= 0 && system.exit_code_ < 0) {
            system.exit_code_ = code;
            system.stop_main();
        }
        try {
            reply->value = Parcel::pack(vm, &result.error, 1, refusal);
        } catch (const OutOfMemory&) {
        }
        if (!reply->value) {
            reply->error_class = "Error";
            reply->words = std::string(vm.symbols.text(vm.class_of(result.error)->name)) +
                           " (it cannot leave its actor: " + refusal + ")";
        }
    }
    // Who hears of it? The asker, or the supervisor; a report is made while the error is at hand.
    std::string report;
    const bool starting = message.kind == ActorMessage::Start || message.kind == ActorMessage::Restart;
    const bool first_start =
        message.kind == ActorMessage::Start && message.ask; // its supervisor waits for it
    const bool supervisor_asks = first_start || (message.kind == ActorMessage::Stop && message.ask);
    const bool restarts =
        message.kind == ActorMessage::Restart; // who waits for it hears that it is over, no more
    if ((!message.ask || supervisor_asks || restarts) && !stopped)
        report = system.report_of(vm, actor, message, result, *trace);
    uncaught = {};
    const bool escaped = vm.had_effects;
    const bool looked_at = tape && tape->only_reads();
    if (looked_at) tape->collect_failure();
    if (system.log && !(actor.again && stopped && !escaped)) [[unlikely]] {
        this->reply = reply.get();
        system.log->segment(*this, actor, &message, SegmentEnd::Failed);
        this->reply = nullptr;
    }
    segment_fails();
    vm.heap->rollback();
    end_turn(actor);
    actor.errors.fetch_add(1, std::memory_order_relaxed);
    actor.lock.lock();
    const bool again =
        std::exchange(actor.again, false) && stopped && !escaped && message.kind == ActorMessage::Call;
    if (!again) actor.again_later = false;
    if (again) {
        // Nobody has seen anything of this turn: its message begins anew, in today's code.
        actor.stop_requested = actor.stop_said = false;
        if (actor.again_later) actor.status = Actor::Held;
        actor.message->anew = true;
        actor.message->next = actor.first;
        actor.first = actor.message.release();
        if (!actor.last) actor.last = actor.first;
        actor.mailbox.fetch_add(1, std::memory_order_relaxed);
    }
    const bool ends = actor.stop_requested;
    actor.lock.unlock();
    if (again) return;
    if (supervisor_asks) {
        if (first_start)
            reply->words = std::move(report);
        else if (!report.empty() && system.report)
            system.report(report);
        system.end(actor, ends ? "killed" : first_start ? "start_failed" : "stop_failed", nullptr);
        answer(message, std::move(reply));
        return;
    }
    if (message.ask) answer(message, std::move(reply));
    if (std::exchange(opening_, false)) {
        if (system.report)
            system.report("error: a dead letter: `" + std::string(vm.symbols.text(message.selector)) +
                          "` for " + system.describe(actor) +
                          " was sent before a reload and cannot follow it\n" + report);
        return;
    }
    if (looked_at) {
        if (!report.empty() && system.report) system.report(report);
        if (ends || starting || message.kind == ActorMessage::Stop) system.end(actor, "failed", nullptr);
        return;
    }
    if (starting && !ends && system.to_supervisor(actor, "failed", report)) return;
    if (ends && system.to_supervisor(actor, "killed", "")) return;
    if (ends || starting || message.kind == ActorMessage::Stop) {
        if (!report.empty() && system.report) system.report(report);
        system.end(actor, ends ? "killed" : starting ? "start_failed" : "stop_failed", nullptr);
        return;
    }
    if (!report.empty() && system.to_supervisor(actor, "failed", report)) return;
    if (!report.empty() && system.report) system.report(report);
}

} // namespace indent
