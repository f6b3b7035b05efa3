// How a turn waits for an answer, for room in a mailbox, for time.
#include "vm/actors/actor_system.h"
#include "vm/actors/turn_tape.h"
#include "vm/interp/arguments.h"
#include "vm/interp/inner.h"
#include "vm/os/clock.h"
#include <cassert>

namespace indent {

namespace {
constexpr uint64_t kPatience = 5'000'000'000; // of an ask that does not say
} // namespace

void ActorSystem::answer(Actor& asker, uint64_t ask, std::unique_ptr<Answer> reply, Worker* worker) {
    asker.lock.lock();
    // Too late, unless it was only woken and has not looked yet.
    if (asker.waits_for != ask || (asker.answered && (!reply || asker.answer))) {
        asker.lock.unlock();
        return;
    }
    asker.answer = std::move(reply);
    asker.answered = true;
    const bool wakes = asker.status == Actor::Waiting;
    if (wakes) asker.status = Actor::Ready;
    asker.lock.unlock();
    if (wakes) schedule_soon(asker, worker ? worker : here());
}

// ---- who asks whom
//
// Nobody may wait for somebody who waits for him. Each first says whom he asks and looks then whether that one asks
// somebody, both in the one order of all such steps (seq_cst): of those who close a circle at the same moment, the last
// one sees it whole. Mostly the one who is asked asks nobody, and that is all. Who has to walk along holds the lock and
// is counted; whoever has his answer waits for those who walk, since they may be looking at whom he asked, whom he alone
// keeps alive.

void ActorSystem::begins_asking(Actor& actor, Actor& whom) {
    actor.asks = &whom;
}

void ActorSystem::ends_asking(Actor& actor) {
    actor.asks = nullptr;
    if (walkers_.load() == 0) [[likely]]
        return;
    asking_lock_.lock();
    asking_lock_.unlock();
}

// Whether the asker is among those that the target's turn waits for, directly or not. If not, he asks from here on.
bool ActorSystem::closes_cycle(Actor& asker, Actor& target, std::string& cycle) {
    begins_asking(asker, target);
    if (&target != &asker && !target.asks.load()) [[likely]]
        return false;
    std::vector<Actor*> path{&target};
    bool found = &target == &asker;
    walkers_.fetch_add(1);
    {
        std::lock_guard lock(asking_lock_);
        for (Actor* at = target.asks; at && !found && path.size() < 10'000; at = at->asks) {
            path.push_back(at);
            found = at == &asker;
        }
        if (found) asker.asks = nullptr;
        if (found) {
            cycle = describe(asker);
            for (Actor* at : path) cycle += " asks " + describe(*at);
        }
    }
    walkers_.fetch_sub(1);
    return found;
}

// The value goes to nf[1]. What was answered before a reload is for the code of before, unless this turn has begun before
// too.
void ActorSystem::open_answer(Machine& vm, Answer& reply, Value* nf) {
    const uint32_t epoch = reply.value->layout_epoch();
    Parcel::unpack(std::move(reply.value), vm, nf + 1, nf + 2);
    if (epoch < vm.layout_epoch) [[unlikely]]
        migrate_in_turn(vm, native_frame(vm, nf, nf + 2), {nf + 1, 1});
}

// What goes wrong is apart: the frame of `ask` is copied with each turn that waits, and errors may jump over it.
[[gnu::noinline]] Value ActorSystem::deadlock(Machine& vm, Value* nf, std::string cycle) {
    const std::string words = "these wait for each other: " + cycle;
    cycle = {};
    return vm.fail("Deadlock", words, nf);
}

[[gnu::noinline]] Value ActorSystem::no_room(Machine& vm, SymbolId selector, Value* nf, uint64_t patience) {
    const std::string words = "no room for `" + std::string(vm.symbols.text(selector)) + "` among the " +
                              std::to_string(mailbox_limit(*actor_of(nf[0]))) + " messages that wait for " +
                              describe(*actor_of(nf[0])) + " within " + in_words(patience);
    return vm.fail("Timeout", words, nf);
}

[[gnu::noinline]] Value ActorSystem::no_answer(Machine& vm, SymbolId selector, Value* nf, uint64_t patience) {
    Actor* asked = actor_of(nf[0]);
    std::string words = "no answer to `" + std::string(vm.symbols.text(selector)) + "` from " +
                        describe(*actor_of(nf[0])) + " within " + in_words(patience);
    if (asked->broken) words += "; an error has stopped its turn (`:broken` at the prompt of `indent repl`)";
    std::lock_guard lock(asked->lock);
    if (asked->status == Actor::Held && !asked->broken && !asked->switch_held && !asked->lent)
        words += "; it is held";
    return vm.fail("Timeout", words, nf);
}

[[gnu::noinline]] Value ActorSystem::failed_answer(Machine& vm, std::unique_ptr<Answer> reply, Value* nf) {
    if (reply->value) {
        open_answer(vm, *reply, nf);
        vm.inner->remote_errors.push_back({nf[1], std::move(reply->trace)});
        reply.reset();
        return raise_from_node(vm, nf[1], nf);
    }
    const char* error_class = reply->error_class;
    const std::string words = reply->words;
    reply.reset();
    return vm.fail(error_class, words, nf);
}

// The turn is run again and asks. Answers what it got then, or gets now. Absent: it has not asked yet.
[[gnu::noinline]] Value ActorSystem::ask_again(Machine& vm, const OutgoingMessage& out, Actor& actor,
                                               uint64_t patience) {
    Value* nf = out.nf;
    Worker& worker = worker_of(vm);
    TurnTape& tape = *worker.tape;
    if (tape.lost()) return tape.lose(vm, nf, {});
    if (!tape.is_loose() && tape.next_is(TapeEntry::Deadlock)) return deadlock(vm, nf, tape.take().words);
    Value resumed;
    {
        const std::unique_ptr<ActorMessage> message = letter(vm, out, resumed);
        if (!message) return resumed;
        if (BreakRecord* record = worker.record()) // as when it was asked
            record->pending = BreakRecord::deed(vm, BreakRecord::Ask, runtime_.shared, actor, *message);
        if (TapeEntry* had = had_before(vm, BreakRecord::Ask, &actor, out.selector))
            return give_recorded(vm, *had, nf);
        worker.segment_leaves();
        if (tape.only_reads()) tape.collect(Collected::Asked, actor, *message);
    }
    if (tape.lost()) return tape.lose(vm, nf, {});
    if (!tape.repeats()) return Value();
    if (!tape.is_loose() && tape.next_is(TapeEntry::Stopped)) {
        tape.take();
        return vm.fail("Stopped", "the program was stopped", nf);
    }
    if (!tape.is_loose() && tape.next_is(TapeEntry::NoRoom)) {
        tape.take();
        return no_room(vm, out.selector, nf, patience);
    }
    if (!tape.take_if(TapeEntry::Asked, [&](const TapeEntry& each) {
            return each.to == actor.id && each.selector == out.selector;
        }))
        return tape.diverge(vm, nf,
                            "it asks " + describe(actor) + " for `" +
                                std::string(runtime_.symbols.text(out.selector)) + "`");
    vm.had_effects = true;
    worker.departed.add(out.selector, actor);
    if (BreakRecord* record = worker.record()) record->do_pending(true);
    if (!tape.repeats()) {
        // It is there, and may have been answered meanwhile.
        const uint64_t waited = tape.waited_ms() * os::kMillisecond;
        tape.note_rests();
        if (log) log->segment(worker, *worker.running, worker.running->message.get(), SegmentEnd::Waits);
        const uint64_t begun = now();
        return await_answer(vm, out, patience, begun + (patience - std::min(patience, waited)), begun);
    }
    TapeEntry* answer = nullptr;
    while (tape.next_is(TapeEntry::Answered))
        answer = &tape.take(); // what the log says, then what the turn got
    const TapeEntry* then = tape.next();
    if (then && then->kind == TapeEntry::TimedOut) {
        tape.take();
        return no_answer(vm, out.selector, nf, patience);
    }
    if (then && then->kind == TapeEntry::Stopped) {
        tape.take();
        return vm.fail("Stopped", "the program was stopped", nf);
    }
    if (then && then->kind == TapeEntry::Heard) tape.take();
    if (!answer) return tape.diverge(vm, nf, "it waits for an answer");
    return give_recorded(vm, *answer, nf);
}

// What the turn had done before it was retried, where it is run again from then on; it counts as done. Null: it is done now,
// as it was.
TapeEntry* ActorSystem::had_before(Machine& vm, uint8_t kind, const Actor* whom, SymbolId selector) {
    Worker& worker = worker_of(vm);
    TurnTape* tape = worker.tape.get();
    if (!tape || !tape->repeats() || !(tape->is_loose() || tape->next_is(TapeEntry::Had))) return nullptr;
    TapeEntry* had = tape->take_if(TapeEntry::Had, [&](const TapeEntry& each) {
        return each.count == kind && (!whom || each.to == whom->id) && each.selector == selector;
    });
    if (!had) return nullptr;
    if (BreakRecord* record = worker.record()) {
        if (kind == BreakRecord::Later) record->pending.timer = timer_of(had->number);
        if (kind == BreakRecord::Spawn && had->values)
            record->pending.whom = ActorRef(runtime_.shared, actor_of(had->values->peek(0)));
        record->do_pending(true);
    }
    return had;
}

// It may be over.
TimerPointer ActorSystem::timer_of(uint64_t number) {
    if (TimerPointer timer = timers_.find(number)) return timer;
    auto timer = std::make_shared<TimerRecord>();
    timer->number = number;
    timer->over = true;
    return timer;
}

Value ActorSystem::give_recorded(Machine& vm, TapeEntry& entry, Value* nf) {
    auto reply = std::make_unique<Answer>();
    reply->value = std::move(entry.values);
    reply->failed = entry.failed;
    if (BreakRecord* record = worker_of(vm).record()) record->answered(vm, *reply);
    if (!entry.failed) {
        open_answer(vm, *reply, nf);
        return nf[1];
    }
    if (!reply->value) {
        const std::string error_class = entry.error_class;
        reply.reset();
        return vm.fail(error_class, entry.words, nf);
    }
    auto trace = std::make_shared<RemoteTrace>();
    trace->where = entry.where;
    reply->trace = std::move(trace);
    return failed_answer(vm, std::move(reply), nf);
}

Value ActorSystem::ask(Machine& vm, const OutgoingMessage& out, Value within) {
    Value* nf = out.nf;
    Value resumed;
    Actor* actor = actor_at(vm, nf, "ask", resumed);
    if (!actor) return resumed;
    uint64_t patience = kPatience;
    if (within) {
        auto time = duration(vm, within, native_frame(vm, nf, nf + out.count + 1), resumed);
        if (!time) return resumed;
        patience = *time;
    }
    Worker& worker = worker_of(vm);
    Actor& self = *worker.running;
    if (!worker.may_pause || (holding_ && &self == elsewhere_))
        return vm.fail("Error", "`ask` cannot wait here: no actor begins a turn before the reload is done",
                       nf);
    if (worker.tape && (worker.tape->repeats() || worker.tape->lost())) [[unlikely]]
        if (Value answer = ask_again(vm, out, *actor, patience)) return answer;
    if (actor->broken) [[unlikely]]
        if (const std::string why = why_not_asked(vm, *actor, nf); !why.empty())
            return vm.fail("Error", why, nf);
    std::unique_ptr<ActorMessage> message = letter(vm, out, resumed);
    if (!message) return resumed;
    if (worker.record()) [[unlikely]]
        if (Value known = before_deed(vm, BreakRecord::Ask, *actor, *message, nf, nf + out.count + 1))
            return known;
    if (std::string cycle; closes_cycle(self, *actor, cycle)) [[unlikely]] {
        message.reset();
        if (worker.tape) worker.tape->note(TapeEntry::Deadlock, 0, cycle);
        return deadlock(vm, nf, std::move(cycle));
    }
    if (break_on_error) [[unlikely]]
        note_catchers(vm, *message);
    worker.segment_leaves();
    uint64_t begun = now();
    uint64_t until = begun + patience;
    if (actor->mailbox.load(std::memory_order_relaxed) < mailbox_limit(*actor)) [[likely]] {
        actor->mailbox.fetch_add(1, std::memory_order_relaxed);
    } else {
        begun = 0; // later
        if (!wait_for_room(vm, *actor, until, nf, nf + out.count + 1)) {
            message.reset();
            ends_asking(self);
            const bool stopped = stop_arrived(vm, self);
            if (worker.tape) worker.tape->note(stopped ? TapeEntry::Stopped : TapeEntry::NoRoom);
            if (stopped) return vm.fail("Stopped", "the program was stopped", nf);
            return no_room(vm, out.selector, nf, patience);
        }
    }
    const uint64_t number = worker.new_ask();
    message->ask = number;
    message->from = ActorRef(runtime_.shared, &self);
    self.lock.lock();
    self.waits_for = number;
    self.answered = false;
    self.answer.reset();
    self.lock.unlock();
    worker.departed.add(out.selector, *actor);
    if (BreakRecord* record = worker.record()) [[unlikely]]
        record->do_pending(true);
    const bool there = post(*actor, std::move(message), &worker);
    if (worker.tape && (!there || !actor->cls)) [[unlikely]] // no log tells of it
        worker.tape->note_asked(*actor, out.selector, number);
    vm.had_effects = true;
    return await_answer(vm, out, patience, until, begun);
}

// What is asked is there: the turn waits until `until`.
Value ActorSystem::await_answer(Machine& vm, const OutgoingMessage& out, uint64_t patience, uint64_t until,
                                uint64_t begun) {
    Value* nf = out.nf;
    Worker& worker = worker_of(vm);
    Actor& self = *worker.running;
    worker.pause_turn(nf, nf + out.count + 1, until, false, begun);
    ends_asking(self);
    self.lock.lock();
    std::unique_ptr<Answer> reply = std::move(self.answer);
    self.waits_for = 0;
    self.answered = false;
    const bool may_stop = self.stop_requested || &self == main_;
    self.lock.unlock();
    if (may_stop && stop_arrived(vm, self)) [[unlikely]] {
        if (worker.tape) worker.tape->note(TapeEntry::Stopped);
        reply.reset();
        return vm.fail("Stopped", "the program was stopped", nf);
    }
    if (worker.tape) [[unlikely]] {
        if (reply)
            worker.tape->note_answer(vm, *reply);
        else
            worker.tape->note(TapeEntry::TimedOut);
    }
    if (!reply) [[unlikely]]
        return no_answer(vm, out.selector, nf, patience);
    if (BreakRecord* record = worker.record()) [[unlikely]]
        record->answered(vm, *reply);
    if (reply->failed) return failed_answer(vm, std::move(reply), nf);
    open_answer(vm, *reply, nf);
    return nf[1];
}

bool ActorSystem::wait_for_room(Machine& vm, Actor& actor, uint64_t& until, Value* frame, Value* top) {
    Worker& worker = worker_of(vm);
    Actor& self = *worker.running;
    for (;;) {
        const uint64_t number = worker.new_ask();
        self.lock.lock();
        self.waits_for = number;
        self.answered = false;
        self.lock.unlock();
        actor.lock.lock(); // who takes a message has it, and looks at room_wanted
        const bool room = actor.status == Actor::Ended ||
                          actor.mailbox.load(std::memory_order_relaxed) < mailbox_limit(actor);
        if (room) {
            actor.mailbox.fetch_add(1, std::memory_order_relaxed);
        } else {
            std::lock_guard lock(ties_mutex_);
            if (!actor.ties) actor.ties = std::make_unique<Ties>();
            actor.ties->for_room.emplace_back(ActorRef(runtime_.shared, &self), number);
            actor.room_wanted = true;
        }
        actor.lock.unlock();
        const uint64_t held = held_total_.load(std::memory_order_relaxed);
        if (!room) worker.pause_turn(frame, top, until, false);
        until += held_total_.load(std::memory_order_relaxed) - held;
        self.lock.lock();
        self.waits_for = 0;
        self.answered = false;
        const bool stopped = self.stop_requested || (&self == main_ && main_stopped_);
        self.lock.unlock();
        if (room) return true;
        if (!stopped && now() < until) continue;
        // What came for this turn is for the next.
        bool was_told = true;
        {
            std::lock_guard lock(ties_mutex_);
            if (actor.ties)
                was_told =
                    std::erase_if(actor.ties->for_room, [&](auto& who) { return who.second == number; }) == 0;
        }
        if (was_told) made_room(actor);
        return false;
    }
}

void ActorSystem::made_room(Actor& actor) {
    std::pair<ActorRef, uint64_t> first;
    actor.lock.lock();
    {
        std::lock_guard lock(ties_mutex_);
        const bool any = actor.ties && !actor.ties->for_room.empty();
        if (any) {
            first = std::move(actor.ties->for_room.front());
            actor.ties->for_room.pop_front();
        }
        actor.room_wanted = any && !actor.ties->for_room.empty();
    }
    actor.lock.unlock();
    if (first.first) answer(*first.first, first.second, nullptr);
}

bool ActorSystem::stop_arrived(Machine&, Actor& actor) {
    if (&actor == main_) return main_stopped_.exchange(false);
    if (&actor == elsewhere_) return reload_stops() && !std::exchange(actor.stop_said, true);
    if (actor.broken && actor.message->record->looked_at &&
        (actor.message->record->broken->stop_wanted.exchange(false) || main_stopped_.exchange(false)))
        return true; // what a person evaluates there
    std::lock_guard lock(actor.lock);
    return actor.stop_requested && !std::exchange(actor.stop_said, true);
}

void ActorSystem::sleep(Machine& vm, uint64_t nanoseconds, Value* args) {
    TurnTape* tape = worker_of(vm).tape.get();
    if (tape) [[unlikely]] {
        if (tape->repeats() || tape->lost()) {
            sleep_again(vm, args);
            return;
        }
        tape->note(TapeEntry::Sleeps, (uint64_t(os::wall_ns()) + nanoseconds) / os::kMillisecond);
    }
    if (wait(vm, nanoseconds, args)) return;
    if (tape) tape->note(TapeEntry::Stopped);
    vm.fail("Stopped", "the program was stopped", args);
}

// The turn is run again and sleeps: what is left of that.
[[gnu::noinline]] void ActorSystem::sleep_again(Machine& vm, Value* args) {
    Worker& worker = worker_of(vm);
    TurnTape* tape = worker.tape.get();
    if (tape->lost()) {
        tape->lose(vm, args, {});
        return;
    }
    const TapeEntry* entry = tape->take_if(TapeEntry::Sleeps);
    if (!entry && !tape->is_loose()) {
        tape->diverge(vm, args, "it sleeps");
        return;
    }
    const uint64_t until = entry ? entry->number : 0;
    worker.segment_leaves();
    if (tape->lost()) {
        tape->lose(vm, args, {});
        return;
    }
    bool stopped = tape->next_is(TapeEntry::Stopped) && !tape->is_loose();
    if (stopped) {
        tape->take();
    } else if (!tape->repeats()) {
        const uint64_t now = uint64_t(os::wall_ns()) / os::kMillisecond;
        stopped = !wait(vm, (until - std::min(until, now)) * os::kMillisecond, args);
        if (stopped) tape->note(TapeEntry::Stopped);
    }
    if (stopped) vm.fail("Stopped", "the program was stopped", args);
}

bool ActorSystem::wait(Machine& vm, uint64_t nanoseconds, Value* args) {
    Worker& worker = worker_of(vm);
    Actor& self = *worker.running;
    self.lock.lock();
    self.answered = false;
    self.waits_for = 0;
    self.lock.unlock();
    // What a reload sends when its code arrives waits for the commit.
    if (!holding_ || &self != elsewhere_) worker.segment_leaves();
    const uint64_t begun = now();
    worker.pause_turn(args, args + kPrimitiveFrame, begun + nanoseconds, false, begun);
    self.lock.lock();
    self.answered = false;
    self.lock.unlock();
    return !stop_arrived(vm, self);
}

} // namespace indent
