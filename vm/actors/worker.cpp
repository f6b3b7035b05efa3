// How turns run. The worker's loop lives on the thread's own stack; turns live on the turn stack, where a second loop
// runs one ready actor after the other, so that a turn that does not wait costs no switch. A turn that waits is cut out
// by the outer loop (keep_paused), which then begins a new inner loop; one that goes on is put back, inner loop and all.
#include "vm/actors/worker.h"
#include "vm/actors/actor_system.h"
#include "vm/actors/supervisor.h"
#include "vm/interp/arguments.h"
#include "vm/interp/error_report.h"
#include "vm/interp/maker.h"
#include "vm/os/clock.h"
#include <algorithm>
#include <cassert>
#include <new>

namespace indent {

namespace {
constexpr size_t kNativeMargin = size_t(4) << 20;
constexpr int kTurnsOfOne = 16;  // an actor with a full mailbox handles so many before others have their turn
constexpr int kTurnsInside = 64; // before the outer loop looks at the clock
constexpr uint64_t kLookAgain = 50'000'000; // ns between two looks at who is asked and held
constexpr uint64_t kReloadWaits = 200'000;  // ns
} // namespace

// ---- queues

void ActorQueue::push(Actor* actor) {
    actor->next_ready = nullptr;
    (last ? last->next_ready : first) = actor;
    last = actor;
    ++size;
}

Actor* ActorQueue::pop() {
    Actor* actor = first;
    if (!actor) return nullptr;
    first = actor->next_ready;
    if (!first) last = nullptr;
    --size;
    return actor;
}

Actor* ActorQueue::pop_at(size_t place) {
    if (place == 0) return pop();
    Actor* before = first;
    for (size_t i = 1; i < place; ++i) before = before->next_ready;
    Actor* actor = before->next_ready;
    before->next_ready = actor->next_ready;
    if (last == actor) last = before;
    --size;
    return actor;
}

size_t Outbox::letters_to(const Actor& actor) {
    for (; counted < letters.size(); ++counted) ++counts[letters[counted].to.get()];
    auto found = counts.find(&actor);
    return found == counts.end() ? 0 : found->second;
}

// ---- life

Worker::Worker(ActorSystem& s, uint32_t n) : system(s), number(n) {}

Worker::~Worker() {
    thread_.join();
    if (machine) machine->~Machine();
}

void Worker::ask_for_poll() { std::atomic_ref<Value*>(machine->stack_limit).store(nullptr); }

// ---- choosing

Actor* Worker::next() {
    if (waiting.load(std::memory_order_relaxed) > 0) {
        std::lock_guard lock(queue_lock);
        Actor* actor = nullptr;
        if (system.options_.seed) {
            // Deterministic: any of those that are ready.
            const size_t all = pinned.size + ready.size;
            if (all > 0) {
                const size_t place = size_t(system.order_() % all);
                actor = place < pinned.size ? pinned.pop_at(place) : ready.pop_at(place - pinned.size);
            }
        } else {
            // Turns that go on and turns that begin come by turns, so that neither waits for all of the other.
            pinned_next_ = !pinned_next_;
            actor = pinned_next_ ? pinned.pop() : ready.pop();
            if (!actor) actor = pinned_next_ ? ready.pop() : pinned.pop();
        }
        if (actor) {
            waiting.fetch_sub(1, std::memory_order_relaxed);
            return actor;
        }
    }
    return steal();
}

Actor* Worker::steal() {
    const size_t n = system.workers_.size();
    for (size_t i = 1; i < n; ++i) {
        Worker& other = *system.workers_[(number + i) % n];
        if (other.waiting.load(std::memory_order_relaxed) == 0) continue;
        std::lock_guard lock(other.queue_lock);
        if (Actor* actor = other.ready.pop()) {
            other.waiting.fetch_sub(1, std::memory_order_relaxed);
            return actor;
        }
    }
    return nullptr;
}

// ---- the outer loop

void Worker::work(const std::function<bool()>& until) {
    thread_id = std::this_thread::get_id();
    system.begin_work();
    until_ = &until;
    while (!until()) {
        if (system.pause_.load(std::memory_order_relaxed)) system.stand_still();
        fire_due();
        Actor* actor = to_resume_ ? std::exchange(to_resume_, nullptr) : next();
        if (!actor) {
            turn_began.store(0, std::memory_order_relaxed);
            idle();
            continue;
        }
        counted_until_ = os::monotonic_ns();
        turn_began.store(counted_until_, std::memory_order_relaxed);
        if (actor->turn) {
            resume(*actor);
        } else {
            next_to_run_ = actor;
            if (!stack_->run(run_on_stack, this)) keep_paused();
        }
    }
    turn_began.store(0, std::memory_order_relaxed);
    // Whoever was to go on next stays in the queue.
    if (Actor* actor = std::exchange(to_resume_, nullptr)) {
        std::lock_guard lock(queue_lock);
        pinned.push(actor);
        waiting.fetch_add(1, std::memory_order_relaxed);
    }
    until_ = nullptr;
    system.end_work();
}

void Worker::idle() {
    constexpr uint64_t kLongest = 50'000'000; // what signal handlers ask for is looked at
    std::unique_lock lock(system.idle_mutex_);
    system.idle_workers_.fetch_add(1);
    bool work_there = waiting.load() > 0 || (*until_)();
    for (auto& other : system.workers_) {
        std::lock_guard queue(other->queue_lock);
        work_there |= other->ready.size > 0;
    }
    if (!work_there) {
        uint64_t now = os::monotonic_ns();
        uint64_t wake = now + kLongest;
        if (uint64_t due = system.timers_.next(); due && due < wake) wake = due;
        if (!deadlines_.empty() && deadlines_[0]->turn->deadline < wake) wake = deadlines_[0]->turn->deadline;
        if (system.patience_stands_still()) wake = std::max(std::min(wake, now + kReloadWaits), now + kReloadWaits / 2);
        if (wake > now) {
            system.end_work();
            system.idle_.wait_for(lock, std::chrono::nanoseconds(wake - now));
            system.idle_workers_.fetch_sub(1);
            lock.unlock();
            system.begin_work();
            return;
        }
    }
    system.idle_workers_.fetch_sub(1);
}

void Worker::fire_due() {
    if (number == 0 && system.main_stopped_.load(std::memory_order_relaxed)) system.wake_main();
    const uint64_t next_timer = system.timers_.next();
    if (!next_timer && deadlines_.empty()) return;
    const uint64_t now = os::monotonic_ns();
    shift_deadlines();
    if (next_timer && next_timer <= now)
        for (TimerPointer& timer : system.timers_.take_due(now)) {
            if (timer->waits.exchange(true)) continue;
            auto message = std::make_unique<ActorMessage>();
            message->selector = timer->selector;
            message->labels = timer->labels;
            message->trailing_block = timer->trailing_block;
            message->timer = timer;
            timer->target->mailbox.fetch_add(1, std::memory_order_relaxed);
            if (!system.post(*timer->target, std::move(message)) && timer->every) system.timers_.cancel(timer);
        }
    // Nobody's patience runs while nobody's turn may begin, but for the reload's own.
    const bool only_reload = system.patience_stands_still();
    while (!deadlines_.empty()) {
        Actor* actor = deadlines_[0];
        if (only_reload) {
            actor = system.elsewhere_;
            if (!actor || !actor->turn || actor->turn->worker != number || actor->turn->place == SIZE_MAX) break;
        }
        if (actor->turn->deadline > now) break;
        if (const Actor* asked = actor->asks.load(std::memory_order_relaxed); asked && asked->stuck) {
            actor->turn->deadline = now + kLookAgain; // it is held: that is nobody's delay
            sift(actor->turn->place);
            continue;
        }
        drop_deadline(*actor->turn);
        actor->lock.lock();
        const bool wake = actor->status == Actor::Waiting && !actor->answered;
        if (wake) {
            actor->answered = true;
            actor->status = Actor::Ready;
        }
        actor->lock.unlock();
        if (wake) system.schedule(*actor, this);
    }
}

// ---- deadlines: a binary heap whose elements know their places

void Worker::sift(size_t place) {
    auto before = [&](size_t a, size_t b) { return deadlines_[a]->turn->deadline < deadlines_[b]->turn->deadline; };
    auto exchange = [&](size_t a, size_t b) {
        std::swap(deadlines_[a], deadlines_[b]);
        deadlines_[a]->turn->place = a;
        deadlines_[b]->turn->place = b;
    };
    deadlines_[place]->turn->place = place;
    while (place > 0 && before(place, (place - 1) / 2)) {
        exchange(place, (place - 1) / 2);
        place = (place - 1) / 2;
    }
    for (;;) {
        size_t least = place;
        for (size_t child = 2 * place + 1; child <= 2 * place + 2 && child < deadlines_.size(); ++child)
            if (before(child, least)) least = child;
        if (least == place) return;
        exchange(place, least);
        place = least;
    }
}

// What was held does not count.
void Worker::shift_deadlines() {
    const uint64_t total = system.held_total_.load(std::memory_order_relaxed);
    const uint64_t more = total - std::exchange(shifted_, total);
    if (more == 0) return;
    for (Actor* actor : deadlines_)
        if (actor != system.elsewhere_) actor->turn->deadline += more;
    std::make_heap(deadlines_.begin(), deadlines_.end(),
                   [](const Actor* a, const Actor* b) { return a->turn->deadline > b->turn->deadline; });
    for (size_t i = 0; i < deadlines_.size(); ++i) deadlines_[i]->turn->place = i;
}

void Worker::add_deadline(Actor* actor) {
    shift_deadlines();
    deadlines_.push_back(actor);
    sift(deadlines_.size() - 1);
}

void Worker::drop_deadline(WaitingTurn& turn) {
    if (turn.place == SIZE_MAX) return;
    const size_t place = std::exchange(turn.place, SIZE_MAX);
    if (place + 1 < deadlines_.size()) {
        deadlines_[place] = deadlines_.back();
        deadlines_.pop_back();
        sift(place);
    } else {
        deadlines_.pop_back();
    }
}

// ---- waiting

void Worker::unwind_waiting() {
    constexpr int kRounds = 3; // what frees itself may wait again, but not for ever
    const std::function<bool()> at_once = [] { return true; };
    system.begin_work();
    until_ = &at_once;
    for (int round = 0; round < kRounds; ++round) {
        std::vector<ActorRef> waiting_here;
        {
            std::lock_guard lock(waiting_lock);
            for (Actor* actor = first_waiting; actor; actor = actor->turn->next)
                if (actor != system.main_ && actor != system.elsewhere_)
                    waiting_here.emplace_back(system.runtime_.shared, actor);
        }
        for (ActorRef& actor : waiting_here) {
            if (!actor->turn) continue;
            actor->lock.lock();
            actor->stop_requested = actor->answered = true;
            actor->stop_said = false;
            actor->status = Actor::Ready;
            actor->lock.unlock();
            {
                std::lock_guard lock(queue_lock); // it may be there
                waiting.fetch_sub(pinned.size, std::memory_order_relaxed);
                pinned = {};
            }
            counted_until_ = os::monotonic_ns();
            resume(*actor);
        }
    }
    until_ = nullptr;
    system.end_work();
}

// One look at the clock for each turn: the next one begins where this one ends.
void Worker::count_time(Actor& actor) {
    const uint64_t now = os::monotonic_ns();
    actor.nanoseconds.fetch_add(now - counted_until_, std::memory_order_relaxed);
    counted_until_ = now;
}

void Worker::pause_turn(Value* frame, Value* top, uint64_t deadline, bool yields) {
    assert(may_pause && running);
    Machine& vm = *machine;
    Actor& actor = *running;
    auto turn = std::make_unique<WaitingTurn>();
    vm.heap->leave(top); // all that the stacks and the machine know is old now, and stays where it is
    turn->stack.assign(vm.stack_base, top);
    turn->frame = size_t(frame - vm.stack_base);
    turn->escaped = std::exchange(vm.had_effects, false);
    turn->worker = number;
    turn->state = std::exchange(vm.actor_state, Value());
    actor.journal = std::exchange(vm.actor_journal, Value());
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
    turn->deadline = deadline;
    turn->departed = std::exchange(departed, {});
    if (!outbox.empty()) turn->outbox = std::make_shared<Outbox>(std::exchange(outbox, {}));
    vm.kept_roots = nullptr;
    vm.self_address = Value();
    vm.young->clear_stack();
    count_time(actor);
    actor.turn = std::move(turn);
    if (std::exchange(vm.young->met_watched, false)) system.suspect(actor);
    yields_ = yields;
    stack_->pause();
}

// The running turn has paused: it is cut out of the stack and waits.
void Worker::keep_paused() {
    Actor& actor = *std::exchange(running, nullptr);
    actor.turn->native = stack_->cut();
    link_waiting(actor);
    actor.lock.lock();
    const bool at_once = yields_ || actor.answered || actor.stop_requested;
    actor.pinned = uint8_t(number);
    actor.status = at_once ? Actor::Ready : Actor::Waiting;
    if (!at_once && actor.turn->deadline) add_deadline(&actor); // its turn is ours: nobody else may wake it yet
    actor.lock.unlock();
    if (at_once) system.schedule(actor, this);
}

void Worker::link_waiting(Actor& actor) {
    std::lock_guard lock(waiting_lock);
    actor.turn->next = first_waiting;
    if (first_waiting) first_waiting->turn->previous = &actor;
    first_waiting = &actor;
}

void Worker::unlink_waiting(Actor& actor) {
    std::lock_guard lock(waiting_lock);
    WaitingTurn& turn = *actor.turn;
    (turn.previous ? turn.previous->turn->next : first_waiting) = turn.next;
    if (turn.next) turn.next->turn->previous = turn.previous;
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
    vm.actor_journal = actor.journal;
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
    if (turn->outbox) outbox = std::move(*turn->outbox);
    actor.heap->enter(vm);
    TurnStack::Cut native = std::move(turn->native);
    turn.reset();
    if (!stack_->go_on(std::move(native))) keep_paused();
}

// ---- the inner loop

void Worker::run_on_stack(void* worker) { static_cast<Worker*>(worker)->run_ready(); }

void Worker::run_ready() {
    Actor* actor = next_to_run_;
    for (int turns = 0; actor; ++turns) {
        run_actor(*actor);
        if (turns >= kTurnsInside || system.pause_.load(std::memory_order_relaxed) || (*until_)()) return;
        actor = next();
        if (actor && actor->turn) { // the outer loop puts it back
            to_resume_ = actor;
            return;
        }
    }
}

void Worker::run_actor(Actor& actor) {
    // Where it ends here and nobody else knows it, it is there until we are done with it.
    const ActorRef kept(system.runtime_.shared, &actor);
    for (int i = 0;; ++i) {
        actor.lock.lock();
        const bool ends = actor.stop_requested && &actor != system.main_;
        if (system.holding_.load(std::memory_order_relaxed) && &actor != system.elsewhere_ && actor.status == Actor::Ready) {
            std::lock_guard held(system.held_lock_);
            if (system.holding_) {
                actor.status = Actor::Held;
                actor.switch_held = true;
                actor.on_worker = false;
                system.held_.emplace_back(system.runtime_.shared, &actor);
                actor.lock.unlock();
                return;
            }
        }
        if (actor.status == Actor::Ended || ends) {
            if (ends) actor.status = Actor::Running, actor.on_worker = true; // ours to end
            const bool unstarted = actor.first && actor.first->kind == ActorMessage::Start && actor.first->ask;
            actor.lock.unlock();
            if (!ends) return;
            if (!unstarted && system.to_supervisor(actor, actor.end_reason ? "failed" : "killed", actor.end_report))
                continue;
            running = &actor;
            begin_turn(actor);
            system.end_children(*this, actor, false);
            end_turn(actor);
            running = nullptr;
            system.end(actor, actor.end_reason ? std::string(machine->symbols.text(actor.end_reason)).c_str() : "killed", nullptr);
            return;
        }
        if (actor.first && (actor.first->kind == ActorMessage::Restart || actor.first->kind == ActorMessage::Start))
            actor.begins_anew = false; // it does at once
        if (actor.begins_anew && !actor.supervisor_waits) [[unlikely]] {
            actor.begins_anew = false;
            actor.status = Actor::Running;
            actor.on_worker = true;
            actor.lock.unlock();
            (void)system.to_supervisor(actor, "reload", "");
            continue;
        }
        if (!actor.first || i == kTurnsOfOne || actor.status == Actor::Held) {
            const bool more = actor.first && actor.status != Actor::Held;
            if (actor.status != Actor::Held) actor.status = more ? Actor::Ready : Actor::Idle;
            actor.on_worker = false;
            actor.lock.unlock();
            if (more) system.schedule(actor, this);
            else system.became_idle();
            return;
        }
        if (system.draining_.load(std::memory_order_relaxed) && &actor != system.elsewhere_) [[unlikely]] {
            actor.message = actor.take_before(system.era_);
            if (!actor.message) {
                std::lock_guard held(system.held_lock_);
                if (system.draining_) {
                    actor.status = Actor::Held;
                    actor.switch_held = true;
                    actor.on_worker = false;
                    system.held_.emplace_back(system.runtime_.shared, &actor);
                    actor.lock.unlock();
                    return;
                }
                actor.message = actor.take();
            }
        } else {
            actor.message = actor.take();
        }
        actor.status = Actor::Running;
        actor.on_worker = true;
        actor.era = actor.message->era;
        const bool room_wanted = actor.room_wanted;
        actor.lock.unlock();
        if (room_wanted) [[unlikely]]
            system.made_room(actor);
        if (actor.message->timer) actor.message->timer->waits = false;
        running = &actor;
        if (actor.cls && actor.cls->gone_since && actor.message->kind == ActorMessage::Call) [[unlikely]] {
            hold_stuck(actor); // its mailbox waits for the class to come back
            return;
        }
        if (actor.layout_epoch != system.runtime_.layout_epoch.load(std::memory_order_relaxed) &&
            actor.message->kind != ActorMessage::Restart && !bring_up_to_date(actor)) // what begins anew need not follow
            return;
        handle(actor, *actor.message);
        running = nullptr;
        actor.message.reset();
        if (actor.status == Actor::Ended) { // only its own worker ends an actor that runs
            return;
        }
    }
}

// Layouts have changed since the actor's last turn.
bool Worker::bring_up_to_date(Actor& actor) {
    const uint32_t epoch = system.runtime_.layout_epoch.load();
    const bool is_main = &actor == system.main_;
    if (!actor.heap || (!actor.state && !is_main) || !system.migrate) {
        actor.layout_epoch = epoch;
        return true;
    }
    begin_turn(actor);
    std::string why;
    const bool migrated = system.migrate(*machine, why);
    if (migrated) {
        segment_leaves();
        machine->heap->commit(machine->stack_base);
        machine->young->changed = false;
        machine->heap->collect_fully(machine->stack_base); // what the objects were is gone
        actor.state = machine->actor_state;
        actor.layout_epoch = epoch;
    } else {
        segment_fails();
        machine->inner->uncaught = {};
        machine->heap->rollback();
    }
    end_turn(actor);
    if (migrated) return true;
    if (is_main) { // it goes on with objects as they are
        actor.layout_epoch = epoch;
        if (system.report) system.report("error: values of the main program cannot be brought to the reloaded code and stay as they are: " + why + "\n");
        return true;
    }
    hold_stuck(actor);
    if (system.report)
        system.report("error: " + system.describe(actor) + " cannot be brought to the reloaded code and is held: " + why +
                      "\n  a mended reload lets it go on\n");
    return false;
}

// It keeps its state and code; its message goes back to the front of the mailbox, which is held.
void Worker::hold_stuck(Actor& actor) {
    running = nullptr;
    actor.lock.lock();
    actor.message->next = actor.first;
    actor.first = actor.message.release();
    if (!actor.last) actor.last = actor.first;
    actor.mailbox.fetch_add(1, std::memory_order_relaxed);
    actor.status = Actor::Held;
    actor.on_worker = false;
    actor.lock.unlock();
    {
        std::lock_guard held(system.held_lock_);
        actor.stuck = true;
        system.stuck_.emplace_back(system.runtime_.shared, &actor);
    }
    system.became_idle();
}

// ---- one turn

void Worker::begin_turn(Actor& actor) {
    Machine& vm = *machine;
    vm.had_effects = false;
    departed = {};
    actor.turn_epoch.store(system.runtime_.epoch.load(std::memory_order_relaxed), std::memory_order_relaxed);
    vm.self_address = Value::cell(actor.address);
    vm.actor_state = actor.state;
    vm.actor_journal = actor.journal;
    vm.actor_unchanged = actor.unchanged;
    vm.layout_epoch = actor.layout_epoch;
    vm.kept_roots = &actor == system.main_ ? system.main_kept_roots : nullptr;
    if (!actor.heap) actor.heap = std::make_unique<Heap>(system.runtime_.shared, system.options_.actor_heap);
    actor.heap->enter(vm);
}

void Worker::end_turn(Actor& actor) {
    Machine& vm = *machine;
    actor.heap_bytes.store(vm.heap->used_bytes(), std::memory_order_relaxed);
    vm.heap->leave(vm.stack_base);
    if (std::exchange(vm.young->met_watched, false)) system.suspect(actor);
    vm.inner->remote_errors.clear();
    actor.journal = std::exchange(vm.actor_journal, Value());
    actor.unchanged = vm.actor_unchanged && !std::exchange(vm.young->changed, false);
    vm.actor_state = Value();
    vm.self_address = Value();
    vm.kept_roots = nullptr;
    count_time(actor);
    actor.turns.fetch_add(1, std::memory_order_relaxed);
}

void Worker::segment_leaves() {
    machine->had_effects |= !outbox.empty();
    Outbox leaving = std::exchange(outbox, {});
    departed.spawned += uint32_t(leaving.spawned.size());
    departed.timers += uint32_t(leaving.timers.size());
    for (ActorRef& born : leaving.spawned) {
        born->lock.lock();
        const bool begins = born->status == Actor::Unborn && !born->starts_in_order;
        if (begins) {
            born->status = Actor::Ready;
            system.became_active();
        }
        born->lock.unlock();
        if (begins) system.schedule(*born, this);
    }
    for (auto& letter : leaving.letters) {
        departed.add(letter.message->selector, *letter.to);
        letter.to->mailbox.fetch_add(1, std::memory_order_relaxed);
        system.post(*letter.to, std::move(letter.message));
    }
    for (TimerPointer& timer : leaving.timers) system.timers_.start(std::move(timer));
}

void Worker::segment_fails() {
    Outbox dropped = std::exchange(outbox, {});
    for (ActorRef& unborn : dropped.spawned) system.unmake(*unborn);
}

// The state object, from what was given and the initialisers; then `on start`.
void Worker::start_state(Actor& actor, const ActorMessage& message, Value* args) {
    Machine& vm = *machine;
    // What it was given is for the layout of that time.
    Class* cls = message.starts_as ? vm.shapes[message.starts_as].cls : actor.cls;
    const size_t n = cls->fields.size();
    Value* given = args + kPrimitiveFrame;
    Value* top = given + n + 1;
    if (!Heap::raise_stack(vm, top + 4 * kPrimitiveFrame)) assert(false);
    for (size_t i = 0; i < n; ++i) given[i] = Value();
    const bool by_init = cls->lookup(sym::init) != nullptr;
    if (message.arguments && !by_init) message.arguments->copy_out(vm, given, top);
    Cell* cell = Heap::allocate(vm, cls->shape, uint16_t(n), top);
    for (size_t i = 0; i < n; ++i) (*cell)[i] = given[i] ? given[i] : Value::nil();
    vm.actor_state = Value::cell(cell);
    for (size_t i = 0; i < n; ++i) {
        if (given[i] || !cls->fields[i].initial) continue;
        Value* frame = native_frame(vm, args, top);
        frame[0] = vm.actor_state;
        Value value = enter(code_of_initialiser(vm, cls->fields[i]), frame);
        if (!Heap::store(vm, vm.actor_state.cell(), i, value)) assert(false);
    }
    const bool old_arguments = message.arguments && message.arguments->layout_epoch() < vm.layout_epoch;
    if (cls->lineage || (old_arguments && !by_init)) {
        system.migrate_in_turn(vm, args, {});
        cls = cls->itself();
    }
    auto run_method = [&](Method* method, unsigned count, const ArgumentPlan* plan, Value* frame) {
        frame[0] = vm.actor_state;
        call_method(vm, method, frame, count, plan);
    };
    if (by_init) {
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
        ArgumentPlan plan;
        plan.labels = message.labels;
        plan.trailing_block = message.trailing_block;
        return call_method(vm, method, nf, count, message.labels.empty() && !message.trailing_block ? nullptr : &plan);
    }
    if (Method* other = cls->lookup(sym::other); other && other->message) {
        // A message object: selector, arguments, labels.
        for (unsigned i = count; i > 0; --i) nf[i + 3] = nf[i];
        nf[1] = vm.list(count, nf + count + 4);
        for (unsigned i = 0; i < count; ++i)
            if (!list_add(vm, nf[1], nf[i + 4], nf + count + 4)) assert(false);
        Cell* cell = Heap::allocate(vm, shape::kMessage, 3, nf + 2);
        (*cell)[0] = Value::symbol(message.selector);
        (*cell)[1] = nf[1];
        (*cell)[2] = Value::nil();
        nf[1] = Value::cell(cell);
        return call_method(vm, other, nf, 1, nullptr);
    }
    const std::string name(vm.symbols.text(message.selector));
    const std::string owner(vm.symbols.text(cls->name));
    if (method)
        return vm.fail("NotUnderstood",
                       "`" + owner + "." + name + "` is the actor's own: a message is defined with `on " + name + "`", nf);
    return vm.fail("NotUnderstood", "the actor " + owner + " has no message `" + name + "`", nf);
}

void Worker::handle(Actor& actor, ActorMessage& message) {
    Machine& vm = *machine;
    if (message.kind == ActorMessage::Child) {
        begin_turn(actor);
        system.decide(*this, actor, message);
        segment_leaves();
        vm.heap->commit(vm.stack_base);
        end_turn(actor);
        return;
    }
    if (message.kind == ActorMessage::Restart) {
        begin_anew(actor);
        if (message.ask) { // the others end first; then all begin
            actor.lock.lock();
            actor.status = Actor::Held;
            actor.lock.unlock();
            answer(message, std::make_unique<Answer>());
            return;
        }
    }
    if (message.kind == ActorMessage::Native) {
        begin_turn(actor);
        if (message.work(vm)) segment_leaves();
        else segment_fails();
        actor.state = vm.actor_state;
        end_turn(actor);
        if (message.ask) answer(message, std::make_unique<Answer>());
        return;
    }
    begin_turn(actor);
    std::unique_ptr<Answer> reply;
    RunResult result = run_protected(vm, [&](Value* args) {
        if (message.kind == ActorMessage::Start || message.kind == ActorMessage::Restart) {
            start_state(actor, actor.first_start ? *actor.first_start : message, args);
            if (Value resumed; message.kind == ActorMessage::Restart && actor.cls->kind == ClassKind::Supervisor)
                (void)system.make_supervision(vm, actor, args, resumed);
            return Value::nil();
        }
        args[0] = call_handler(actor, message, args);
        if (message.ask) {
            reply = std::make_unique<Answer>();
            std::string refusal;
            reply->value = Parcel::pack(vm, args, 1, refusal);
            if (!reply->value) vm.fail("ArgumentError", "an answer cannot leave its actor: " + refusal, args);
        }
        return Value::nil();
    });
    if (!result.ok) {
        failed(actor, message, result);
        return;
    }
    segment_leaves();
    vm.heap->commit(vm.stack_base);
    actor.state = vm.actor_state;
    end_turn(actor);
    if (message.kind == ActorMessage::Stop) {
        if (actor.supervision) {
            begin_turn(actor);
            system.end_children(*this, actor, true);
            end_turn(actor);
        }
        if (!message.ask && system.to_supervisor(actor, "normal", "")) return;
        system.end(actor, message.reason ? std::string(vm.symbols.text(message.reason)).c_str() : "normal", nullptr);
        if (message.ask) answer(message, std::make_unique<Answer>()); // its supervisor stops it
        return;
    }
    const bool starting = message.kind == ActorMessage::Start || message.kind == ActorMessage::Restart;
    if (starting && actor.supervision && !start_children(actor, message)) return;
    if (message.ask) answer(message, starting ? std::make_unique<Answer>() : std::move(reply));
}

// Of a supervisor that has started: its children start, each when those before it have. False: one failed, and all is
// undone.
bool Worker::start_children(Actor& actor, ActorMessage& message) {
    auto why = std::make_unique<std::string>();
    begin_turn(actor);
    const bool started = system.start_children(*this, actor, *why);
    if (!started) system.end_children(*this, actor, true);
    end_turn(actor);
    if (started) return true;
    actor.lock.lock();
    const bool killed = actor.stop_requested;
    actor.lock.unlock();
    if (!killed) *why += "  so the supervisor " + system.describe(actor) + " does not start; its children before that one end\n";
    if (!message.ask) {
        if (system.to_supervisor(actor, killed ? "killed" : "failed", *why)) return false;
        if (!killed && system.report) system.report(*why);
    }
    system.end(actor, killed ? "killed" : "start_failed", nullptr);
    if (!message.ask) return false;
    auto reply = std::make_unique<Answer>();
    reply->failed = true;
    reply->words = std::move(*why);
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
                return call_method(vm, method, nf, unsigned(std::min<size_t>(1, method->parameters.size())), nullptr);
            });
        if (result.ok) {
            segment_leaves();
            vm.heap->commit(vm.stack_base);
        } else {
            ActorMessage stop;
            stop.selector = sym::stop;
            RemoteTrace here;
            here.where = system.describe(actor);
            const std::string report = system.report_of(vm, actor, stop, result, here);
            vm.inner->uncaught = {};
            segment_fails();
            vm.heap->rollback();
            if (system.report) system.report(report);
        }
        end_turn(actor);
    }
    if (actor.supervision) {
        begin_turn(actor);
        system.end_children(*this, actor, true);
        end_turn(actor);
    }
    actor.state = actor.journal = Value();
    actor.heap.reset();
    actor.layout_epoch = system.runtime_.layout_epoch;
    ++actor.incarnation;
    actor.stuck = false;
}

void Worker::answer(ActorMessage& message, std::unique_ptr<Answer> answer) {
    system.answer(*message.from, message.ask, std::move(answer));
    message.ask = 0;
}

void Worker::failed(Actor& actor, ActorMessage& message, RunResult& result) {
    Machine& vm = *machine;
    auto reply = std::make_unique<Answer>();
    reply->failed = true;
    auto trace = std::make_shared<RemoteTrace>();
    trace->where = system.describe(actor);
    if (message.selector) trace->where += ", handling `" + std::string(vm.symbols.text(message.selector)) + "`";
    else if (message.kind == ActorMessage::Start || message.kind == ActorMessage::Restart) trace->where += ", starting";
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
        stopped = vm.is_uncatchable(result.error);
        if (const int code = stopped ? describe_error(vm, result.error).exit_code : -1; code >= 0 && system.exit_code_ < 0) {
            system.exit_code_ = code;
            system.stop_main();
        }
        try {
            reply->value = Parcel::pack(vm, &result.error, 1, refusal);
        } catch (const OutOfMemory&) {
        }
        if (!reply->value) {
            reply->error_class = "Error";
            reply->words = std::string(vm.symbols.text(vm.class_of(result.error)->name)) + " (it cannot leave its actor: " +
                           refusal + ")";
        }
    }
    // Who hears of it? The asker, or the supervisor; a report is made while the error is at hand.
    std::string report;
    const bool starting = message.kind == ActorMessage::Start || message.kind == ActorMessage::Restart;
    const bool first_start = message.kind == ActorMessage::Start && message.ask; // its supervisor waits for it
    const bool supervisor_asks = first_start || (message.kind == ActorMessage::Stop && message.ask);
    if ((!message.ask || supervisor_asks) && !stopped) report = system.report_of(vm, actor, message, result, *trace);
    uncaught = {};
    segment_fails();
    vm.heap->rollback();
    end_turn(actor);
    actor.errors.fetch_add(1, std::memory_order_relaxed);
    actor.lock.lock();
    const bool again = std::exchange(actor.again, false);
    if (again) {
        // Nobody has seen anything of this turn: its message begins anew, in today's code.
        actor.stop_requested = actor.stop_said = false;
        if (actor.again_later) actor.status = Actor::Held;
        actor.message->next = actor.first;
        actor.first = actor.message.release();
        if (!actor.last) actor.last = actor.first;
        actor.mailbox.fetch_add(1, std::memory_order_relaxed);
    }
    const bool ends = actor.stop_requested;
    actor.lock.unlock();
    if (again) return;
    if (supervisor_asks) {
        if (first_start) reply->words = std::move(report);
        else if (!report.empty() && system.report) system.report(report);
        system.end(actor, ends ? "killed" : first_start ? "start_failed" : "stop_failed", nullptr);
        answer(message, std::move(reply));
        return;
    }
    if (message.ask) answer(message, std::move(reply));
    if (std::exchange(opening_, false)) {
        if (system.report)
            system.report("error: a dead letter: `" + std::string(vm.symbols.text(message.selector)) + "` for " +
                          system.describe(actor) + " was sent before a reload and cannot follow it\n" + report);
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

void Worker::polled(Value* frame, Value* top) {
    if (system.pause_.load(std::memory_order_relaxed) && may_pause) system.stand_still();
    if (!running || !may_pause) return;
    const uint64_t began = turn_began.load(std::memory_order_relaxed);
    if (!began) return;
    const bool others = waiting.load(std::memory_order_relaxed) > 0 || !deadlines_.empty() || system.timers_.next();
    if (!others || os::monotonic_ns() - began < system.options_.slice) return;
    if (waiting.load(std::memory_order_relaxed) == 0) {
        fire_due();
        if (waiting.load(std::memory_order_relaxed) == 0) {
            turn_began.store(os::monotonic_ns(), std::memory_order_relaxed);
            return;
        }
    }
    pause_turn(frame, top, 0, true);
}

} // namespace indent
