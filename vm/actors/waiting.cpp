// How a turn waits: it is cut out of the worker's stacks with all that the machine knows of it, and put back.
#include "vm/actors/actor_system.h"
#include "vm/actors/turn_tape.h"
#include "vm/actors/worker.h"
#include "vm/os/clock.h"
#include <algorithm>
#include <cassert>

namespace indent {

void Worker::unwind_waiting() {
    constexpr int kRounds = 3; // what frees itself may wait again, but not for ever
    const std::function<bool()> at_once = [] { return true; };
    system.begin_work();
    until_ = &at_once;
    for (int round = 0; round < kRounds; ++round) {
        std::vector<ActorRef> waiting_here;
        {
            std::lock_guard lock(waiting_lock);
            for (const WaitingTurn* turn : waiting_turns)
                if (turn->actor != system.elsewhere_ &&
                    !(turn->actor == system.main_ && system.reloads_for_ == system.main_)) // it goes on there
                    waiting_here.emplace_back(system.runtime_.shared, turn->actor);
        }
        for (ActorRef& actor : waiting_here) {
            if (!actor->turn) continue;
            if (actor.get() == system.main_) system.main_stopped_ = true;
            actor->lock.lock();
            actor->stop_requested = actor->answered = true;
            actor->stop_said = false;
            actor->status = Actor::Ready;
            actor->lock.unlock();
            give_up_soon();
            {
                std::lock_guard lock(queue_lock); // it may be there
                waiting.fetch_sub(pinned.size, std::memory_order_relaxed);
                pinned = {};
            }
            counted_until_ = os::monotonic_ns();
            turn_began.store(counted_until_, std::memory_order_relaxed); // this thread runs a turn
            resume(*actor);
        }
    }
    turn_began.store(0, std::memory_order_relaxed);
    until_ = nullptr;
    system.end_work();
}

// One look at the clock for each turn: the next one begins where this one ends.
void Worker::count_time(Actor& actor, uint64_t now) {
    actor.nanoseconds.fetch_add(now - counted_until_, std::memory_order_relaxed);
    counted_until_ = now;
}

std::unique_ptr<WaitingTurn> Worker::new_turn() {
    if (spare_turns_.empty()) return std::make_unique<WaitingTurn>();
    std::unique_ptr<WaitingTurn> turn = std::move(spare_turns_.back());
    spare_turns_.pop_back();
    return turn;
}

void Worker::spare(std::unique_ptr<WaitingTurn> turn) {
    constexpr size_t kMost = 64, kMostBytes = size_t(16) << 10;
    if (spare_turns_.size() < kMost && turn->native.room + 8 * turn->stack.capacity() <= kMostBytes)
        spare_turns_.push_back(std::move(turn));
}

void Worker::pause_turn(Value* frame, Value* top, uint64_t deadline, bool yields, uint64_t now) {
    assert(may_pause && running);
    Machine& vm = *machine;
    Actor& actor = *running;
    std::unique_ptr<WaitingTurn> turn = new_turn();
    vm.heap->leave(top); // all that the stacks and the machine know is old now, and stays where it is
    turn->stack.assign(vm.stack_base, top);
    turn->frame = size_t(frame - vm.stack_base);
    turn->escaped = std::exchange(vm.had_effects, false);
    turn->worker = number;
    turn->actor = &actor;
    turn->state = std::exchange(vm.actor_state, Value());
    turn->journal = std::exchange(vm.actor_journal, Value());
    turn->drawings = std::exchange(vm.actor_drawings, Value());
    vm.drawings_before = Value();
    Machine::Inner& inner = *vm.inner;
    turn->roots = std::exchange(vm.roots, nullptr);
    turn->visiting = std::exchange(vm.visiting, nullptr);
    turn->handlers = std::exchange(inner.handlers, nullptr);
    turn->raises = std::exchange(inner.raises, nullptr);
    turn->uncaught = std::exchange(inner.uncaught, {});
    turn->open_variables = std::exchange(inner.open_variables, {});
    turn->completion = std::exchange(inner.completion, Completion::None);
    turn->completion_value = std::exchange(inner.completion_value, Value());
    turn->remote_errors = std::exchange(inner.remote_errors, {});
    turn->reserve_in_use = std::exchange(inner.reserve_in_use, false);
    turn->native_limit = std::exchange(vm.native_limit, stack_->low() + kNativeMargin);
    turn->until = deadline;
    turn->departed = std::exchange(departed, {});
    turn->tape = std::move(tape);
    inner.tape = nullptr;
    if (!outbox.empty()) turn->outbox = std::make_shared<Outbox>(std::exchange(outbox, {}));
    vm.kept_roots = nullptr;
    vm.self_address = Value();
    vm.young->clear_stack();
    count_time(actor, now && !system.options_.seed ? now : os::monotonic_ns());
    if (deadline) turn->patience = deadline - std::min(deadline, time());
    actor.turn = std::move(turn);
    if (std::exchange(vm.young->met_watched, false)) system.suspect(actor);
    yields_ = yields;
    stack_->pause();
}

// The running turn has paused: it is cut out of the stack and waits.
void Worker::keep_paused() {
    Actor& actor = *std::exchange(running, nullptr);
    stack_->cut(actor.turn->native);
    link_waiting(actor);
    actor.lock.lock();
    const bool at_once = yields_ || actor.answered || actor.stop_requested;
    actor.pinned = uint8_t(number);
    actor.status = at_once ? Actor::Ready : Actor::Waiting;
    if (!at_once && actor.turn->until)
        add_deadline(*actor.turn); // its turn is ours: nobody else may wake it yet
    actor.lock.unlock();
    if (at_once) system.schedule(actor, this);
}

void Worker::link_waiting(Actor& actor) {
    std::lock_guard lock(waiting_lock);
    actor.turn->place = waiting_turns.size();
    waiting_turns.push_back(actor.turn.get());
}

void Worker::unlink_waiting(Actor& actor) {
    std::lock_guard lock(waiting_lock);
    const size_t place = actor.turn->place;
    waiting_turns[place] = waiting_turns.back();
    waiting_turns[place]->place = place;
    waiting_turns.pop_back();
}

void Worker::resume(Actor& actor) {
    Machine& vm = *machine;
    unlink_waiting(actor);
    actor.lock.lock(); // who looks at a waiting turn has the lock
    std::unique_ptr<WaitingTurn> turn = std::move(actor.turn);
    drop_deadline(*turn);
    actor.status = Actor::Running;
    actor.pinned = &actor == system.main_ ? 0 : Actor::kAnyWorker;
    actor.lock.unlock();
    running = &actor;
    Value* top = vm.stack_base + turn->stack.size();
    if (!Heap::raise_stack(vm, top)) assert(false);
    std::copy(turn->stack.begin(), turn->stack.end(), vm.stack_base);
    Machine::Inner& inner = *vm.inner;
    vm.roots = turn->roots;
    vm.visiting = turn->visiting;
    vm.native_limit = turn->native_limit;
    vm.had_effects = turn->escaped;
    vm.actor_state = turn->state;
    vm.actor_journal = turn->journal;
    vm.actor_drawings = turn->drawings;
    vm.drawings_before = actor.drawings;
    vm.actor_unchanged = actor.unchanged;
    vm.layout_epoch = actor.layout_epoch;
    vm.self_address = Value::cell(actor.address);
    vm.kept_roots = &actor == system.main_ ? system.main_kept_roots : nullptr;
    inner.handlers = turn->handlers;
    inner.raises = turn->raises;
    inner.uncaught = std::move(turn->uncaught);
    inner.open_variables = std::move(turn->open_variables);
    inner.completion = turn->completion;
    inner.completion_value = turn->completion_value;
    inner.remote_errors = std::move(turn->remote_errors);
    inner.reserve_in_use = turn->reserve_in_use;
    departed = turn->departed;
    tape = std::move(turn->tape);
    inner.tape = tape.get();
    if (tape) [[unlikely]]
        tape->note_epoch(system.runtime_.epoch.load(std::memory_order_relaxed));
    if (turn->outbox) outbox = std::move(*turn->outbox);
    turn->outbox.reset();
    actor.heap->enter(vm);
    stack_->put_back(turn->native);
    spare(std::move(turn));
    if (!stack_->go_on()) keep_paused();
}

} // namespace indent
