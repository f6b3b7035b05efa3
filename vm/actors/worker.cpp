// How turns run. The worker's loop lives on the thread's own stack; turns live on the turn stack, where a second loop
// runs one ready actor after the other, so that a turn that does not wait costs no switch. A turn that waits is cut out
// by the outer loop (keep_paused), which then begins a new inner loop; one that goes on is put back, inner loop and all.
#include "vm/actors/worker.h"
#include "vm/actors/actor_system.h"
#include "vm/actors/supervisor.h"
#include "vm/os/clock.h"
#include <algorithm>
#include <cassert>

namespace indent {

namespace {
constexpr int kTurnsOfOne = 16;  // an actor with a full mailbox handles so many before others have their turn
constexpr int kTurnsInside = 64; // before the outer loop looks at the clock
constexpr uint64_t kLookAgain = 50'000'000; // ns between two looks at who is asked and held
constexpr size_t kMostStolen = 64;
// Who was woken last runs before those who wait have their turn: so many of them, and for so long (ns), the last one aside.
constexpr unsigned kHandedOn = 8;
constexpr uint64_t kHandedOnFor = 1'000'000;
} // namespace

// ---- queues

void ActorQueue::push_first(Actor* actor) {
    actor->next_ready = first;
    if (!last) last = actor;
    first = actor;
    ++size;
}

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

void Outbox::clear() {
    constexpr size_t kKept = 256;
    letters.clear();
    timers.clear();
    cancelled.clear();
    spawned.clear();
    if (letters.capacity() > kKept) letters = std::vector<Letter>();
    if (spawned.capacity() > kKept) spawned = std::vector<ActorRef>();
    if (counted > 0) counts.clear();
    counted = 0;
}

// ---- life

Worker::Worker(ActorSystem& s, uint32_t n) : system(s), number(n) {}

Worker::~Worker() {
    thread_.join();
    if (machine) machine->~Machine();
}

void Worker::ask_for_poll() {
    std::atomic_ref<Value*>(machine->stack_limit).store(nullptr);
}

// ---- choosing
//
// Whoever is woken by a turn runs next, if it is the first that the turn wakes: what it was told is in the processor's
// cache, and so is the turn that it answers. Two that talk would keep all others away, so only a few go before the queues
// like this, then the next one goes behind those that wait. It stands in `soon`, where no other worker takes it: it would
// have to carry all of that over. If the turn that woke it runs on and on, or its worker sleeps in the system, the ticks
// put it into the queue, where others find it. Nobody is to run soon in a deterministic world.

bool Worker::run_soon(Actor& actor) {
    if (only_own_ && actor.pinned == Actor::kAnyWorker) return false;
    if (!until_ || system.options_.seed || soon_pinned_ || soon.load(std::memory_order_relaxed)) return false;
    const bool have_waited = handed_on_ >= kHandedOn || counted_until_ - handing_on_since_ > kHandedOnFor;
    if (have_waited && waiting.load(std::memory_order_relaxed) > 0) return false;
    waiting.fetch_add(1, std::memory_order_relaxed);
    if (actor.pinned != Actor::kAnyWorker)
        soon_pinned_ = &actor;
    else
        soon.store(&actor, std::memory_order_release);
    return true;
}

// In one step for whoever looks through the queues and has the lock.
void Worker::put_soon_in_queue() {
    if (!soon.load(std::memory_order_relaxed)) return;
    std::lock_guard lock(queue_lock);
    if (Actor* actor = soon.exchange(nullptr, std::memory_order_acquire)) ready.push_first(actor);
}

void Worker::give_up_soon() {
    put_soon_in_queue();
    if (Actor* actor = std::exchange(soon_pinned_, nullptr)) {
        std::lock_guard lock(queue_lock);
        pinned.push_first(actor);
    }
}

Actor* Worker::next() {
    if (waiting.load(std::memory_order_relaxed) > 0) {
        Actor* first = std::exchange(soon_pinned_, nullptr);
        if (!first && soon.load(std::memory_order_relaxed))
            first = soon.exchange(nullptr, std::memory_order_acquire);
        if (first) {
            ++handed_on_;
            waiting.fetch_sub(1, std::memory_order_relaxed);
            return first;
        }
        handed_on_ = 0;
        handing_on_since_ = counted_until_;
        std::lock_guard lock(queue_lock);
        Actor* actor = nullptr;
        if (system.options_.seed) {
            // Deterministic: any of those that are ready.
            const size_t all = pinned.size + ready.size;
            if (all > 0) {
                const size_t place = size_t(system.order_() % all);
                actor = place < pinned.size ? pinned.pop_at(place) : ready.pop_at(place - pinned.size);
            }
        } else if (only_own_) {
            actor = pinned.pop();
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
    return only_own_ ? nullptr : steal();
}

Actor* Worker::steal() {
    const size_t n = system.workers_.size();
    for (size_t i = 1; i < n; ++i) {
        Worker& other = *system.workers_[(number + i) % n];
        if (other.waiting.load(std::memory_order_relaxed) == 0) continue;
        // Half of them, so that they need not be fetched one by one; one lock at a time.
        ActorQueue taken;
        {
            std::lock_guard lock(other.queue_lock);
            const size_t most = std::min((other.ready.size + 1) / 2, kMostStolen);
            while (taken.size < most) taken.push(other.ready.pop());
            other.waiting.fetch_sub(taken.size, std::memory_order_relaxed);
        }
        Actor* actor = taken.pop();
        if (!actor) continue;
        if (taken.size > 0) {
            std::lock_guard lock(queue_lock);
            waiting.fetch_add(taken.size);
            while (Actor* more = taken.pop()) ready.push(more);
        }
        return actor;
    }
    return nullptr;
}

// ---- the outer loop

void Worker::work(const std::function<bool()>& until) {
    thread_id = std::this_thread::get_id();
    system.begin_work();
    until_ = &until;
    counted_until_ = os::monotonic_ns();
    while (!until()) {
        if (system.pause_.load(std::memory_order_relaxed)) {
            system.stand_still();
            counted_until_ = os::monotonic_ns();
        }
        fire_due(time()); // the last turn has just ended
        Actor* actor = to_resume_ ? std::exchange(to_resume_, nullptr) : next();
        if (!actor) {
            turn_began.store(0, std::memory_order_relaxed);
            idle();
            counted_until_ = os::monotonic_ns();
            continue;
        }
        turn_began.store(counted_until_, std::memory_order_relaxed);
        if (actor->turn) {
            if (system.put_aside(*actor)) continue;
            resume(*actor);
        } else {
            next_to_run_ = actor;
            if (!stack_->run(run_on_stack, this)) keep_paused();
        }
    }
    turn_began.store(0, std::memory_order_relaxed);
    give_up_soon();
    tell_active();
    // Whoever was to go on next stays in the queue.
    if (Actor* actor = std::exchange(to_resume_, nullptr)) {
        std::lock_guard lock(queue_lock);
        pinned.push(actor);
        waiting.fetch_add(1, std::memory_order_relaxed);
    }
    if (waiting.load() > 0 && system.idle_workers_.load() > 0) system.wake_idle();
    until_ = nullptr;
    system.end_work();
}

void Worker::became_active() {
    if (idle_ahead > 0)
        --idle_ahead;
    else
        system.active_.fetch_add(1, std::memory_order_relaxed);
}

void Worker::tell_active() {
    const size_t less = std::exchange(idle_ahead, 0);
    if (less > 0 && system.active_.fetch_sub(less) == less && system.idle_workers_.load() > 0)
        system.wake_idle();
}

void Worker::idle() {
    constexpr uint64_t kLongest = 50'000'000; // what signal handlers ask for is looked at
    tell_active();
    std::unique_lock lock(system.idle_mutex_);
    system.idle_workers_.fetch_add(1);
    system.waking_.store(false); // before the look: who comes after it wakes anew
    bool work_there = (*until_)();
    if (only_own_) {
        std::lock_guard queue(queue_lock);
        work_there |= pinned.size > 0 || soon_pinned_;
    } else {
        work_there |= waiting.load() > 0;
        for (auto& other : system.workers_) {
            std::lock_guard queue(other->queue_lock);
            work_there |= other->ready.size > 0;
        }
    }
    if (!work_there) {
        if (system.options_.seed && leap()) {
            system.idle_workers_.fetch_sub(1);
            return;
        }
        uint64_t now = os::monotonic_ns();
        uint64_t wake = now + kLongest;
        if (uint64_t due = system.timers_.next(); due && due < wake) wake = due;
        if (of_reload_) wake = std::min(wake, of_reload_->until);
        if (number == 0 && system.end_at_) wake = std::min(wake, system.end_at_);
        if (!deadlines_.empty() && !system.patience_stands_still())
            wake = std::min(wake, deadlines_.next() + system.held_total_.load(std::memory_order_relaxed));
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

// Nobody has anything to do: deterministic time goes on to what is due next. False: nothing is.
bool Worker::leap() {
    uint64_t due = system.timers_.next();
    auto look_at = [&](uint64_t time) {
        if (!due || time < due) due = time;
    };
    if (of_reload_) look_at(of_reload_->until);
    if (!deadlines_.empty() && !system.patience_stands_still())
        look_at(deadlines_.next() + system.held_total_.load(std::memory_order_relaxed));
    if (system.end_at_) look_at(system.end_at_);
    system.own_time_ = std::max(system.own_time_, due);
    return due != 0;
}

uint64_t Worker::time() const {
    return system.options_.seed ? system.own_time_ : counted_until_;
}

void Worker::fire_timers(uint64_t now) {
    for (TimerPointer& timer : system.timers_.take_due(now)) {
        if (timer->waits.exchange(true)) continue;
        auto message = std::make_unique<ActorMessage>();
        message->selector = timer->selector;
        message->labels = timer->labels;
        message->trailing_block = timer->trailing_block;
        message->timer = timer;
        timer->target->mailbox.fetch_add(1, std::memory_order_relaxed);
        if (!system.post(*timer->target, std::move(message), this) && timer->every)
            system.timers_.cancel(timer);
    }
}

void Worker::fire_due(uint64_t now) {
    if (number == 0 && system.main_stopped_.load(std::memory_order_relaxed)) {
        system.wake_main();
        if (system.reloads_for_ == system.main_) system.nudge_reload();
    }
    if (const uint64_t next = system.timers_.next(); next && next <= now) fire_timers(now);
    if (of_reload_ && of_reload_->until <= now) time_is_over(*of_reload_->actor);
    // Nobody's patience runs while nobody's turn may begin.
    if (deadlines_.empty() || system.patience_stands_still()) return;
    const uint64_t patience = system.patience_at(now);
    while (WaitingTurn* turn = deadlines_.due(patience)) {
        const Actor* asked = turn->actor->asks.load(std::memory_order_relaxed);
        if ((asked && asked->stuck && !asked->cls->gone_since) || system.waits_for_broken(*turn->actor)) {
            deadlines_.drop(*turn); // it is held: that is nobody's delay
            deadlines_.add(*turn, patience + kLookAgain, patience);
            turn->asks_held = true;
            continue;
        }
        if (std::exchange(turn->asks_held, false)) { // it was, and is not any more: there is time to answer
            deadlines_.drop(*turn);
            deadlines_.add(*turn, patience + turn->patience, patience);
            continue;
        }
        time_is_over(*turn->actor);
    }
}

void Worker::time_is_over(Actor& actor) {
    drop_deadline(*actor.turn);
    actor.lock.lock();
    const bool wake = actor.status == Actor::Waiting && !actor.answered;
    if (wake) {
        actor.answered = true;
        actor.status = Actor::Ready;
    }
    actor.lock.unlock();
    if (wake) system.schedule(actor, this);
}

void Worker::add_deadline(WaitingTurn& turn) {
    if (turn.actor == system.elsewhere_) {
        of_reload_ = &turn;
        return;
    }
    deadlines_.add(turn, system.patience_at(turn.until), system.patience_at(time()));
}

void Worker::drop_deadline(WaitingTurn& turn) {
    if (&turn == of_reload_)
        of_reload_ = nullptr;
    else
        deadlines_.drop(turn);
}

// ---- the inner loop

void Worker::run_on_stack(void* worker) {
    static_cast<Worker*>(worker)->run_ready();
}

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
        if (actor.again) // its turn has come to its end before it heard of that
            actor.again = actor.again_later = actor.stop_requested = actor.stop_said = false;
        const bool ends = actor.stop_requested && &actor != system.main_;
        if (system.holding_.load(std::memory_order_relaxed) && &actor != system.elsewhere_ &&
            actor.status == Actor::Ready) {
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
            const bool unstarted =
                actor.first && actor.first->kind == ActorMessage::Start && actor.first->ask;
            actor.lock.unlock();
            if (!ends) return;
            if (!unstarted &&
                system.to_supervisor(actor, actor.end_reason ? "failed" : "killed",
                                     actor.supervision ? actor.supervision->end_report : std::string()))
                continue;
            running = &actor;
            begin_turn(actor);
            system.end_children(*this, actor, false);
            end_turn(actor);
            running = nullptr;
            system.end(actor,
                       actor.end_reason ? std::string(machine->symbols.text(actor.end_reason)).c_str()
                                        : "killed",
                       nullptr);
            return;
        }
        if (actor.first &&
            (actor.first->kind == ActorMessage::Restart || actor.first->kind == ActorMessage::Start))
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
            if (more)
                system.schedule(actor, this);
            else
                became_idle();
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
        if (const auto& timer = actor.message->timer) {
            timer->waits = false;
            if (timer->cancelled) { // after it was due: it does not come any more all the same
                actor.message.reset();
                continue;
            }
        }
        if (actor.dormant.load(std::memory_order_acquire) && !awaken(actor)) [[unlikely]]
            return;
        running = &actor;
        if (actor.cls && actor.cls->gone_since && actor.message->kind == ActorMessage::Call) [[unlikely]] {
            hold_stuck(actor); // its mailbox waits for the class to come back
            return;
        }
        if (actor.layout_epoch != system.runtime_.layout_epoch.load(std::memory_order_relaxed) &&
            actor.message->kind != ActorMessage::Restart &&
            !bring_up_to_date(actor)) // what begins anew need not follow
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
    size_t objects = 0;
    auto migrate = [&](bool past_what_fails) {
        if (system.migrate(*machine, past_what_fails, objects, why)) return true;
        segment_fails();
        machine->inner->uncaught = {};
        machine->heap->rollback();
        return false;
    };
    const bool migrated = migrate(false) || migrate(true);
    if (migrated) {
        if (system.log) [[unlikely]] { // of no message: that comes after it
            assert(outbox.empty());
            system.log->segment(*this, actor, nullptr, SegmentEnd::Done);
        }
        machine->heap->commit(machine->stack_base);
        machine->young->changed = false;
        if (objects > 0) machine->heap->collect_fully(machine->stack_base); // what they were is gone
        actor.state = machine->actor_state;
        actor.layout_epoch = epoch;
    }
    end_turn(actor);
    if (migrated) return true;
    if (is_main) { // it goes on with objects as they are
        actor.layout_epoch = epoch;
        if (system.report)
            system.report("error: values of the main program cannot be brought to the reloaded code and stay "
                          "as they are: " +
                          why + "\n");
        return true;
    }
    hold_stuck(actor);
    if (system.report)
        system.report("error: " + system.describe(actor) +
                      " cannot be brought to the reloaded code and is held: " + why +
                      "\n  a mended reload lets it go on\n");
    return false;
}

// Its heap comes; false: later, beside. Where it cannot be brought back, the actor is held, and its mailbox with it.
bool Worker::awaken(Actor& actor) {
    if (system.dormant && system.dormant->takes_long(actor)) {
        system.let_come(actor);
        return false;
    }
    if (system.dormant && system.dormant->awaken(actor)) return true;
    actor.lock.lock();
    actor.add_first(actor.message.release());
    actor.mailbox.fetch_add(1, std::memory_order_relaxed);
    actor.status = Actor::Held;
    actor.on_worker = false;
    actor.lock.unlock();
    became_idle();
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
    became_idle();
}

void Worker::give_way() {
    constexpr uint64_t kSlice = 2'000'000; // ns; shorter than a turn's: it is in nobody's hurry
    if (!may_pause || !running) return;
    if (system.pause_.load(std::memory_order_relaxed)) system.stand_still();
    if (system.options_.seed) return; // what happens there does not depend on the clock
    const uint64_t now = os::monotonic_ns();
    if (now < turn_began.load(std::memory_order_relaxed) + kSlice) return;
    fire_due(now);
    if (waiting.load(std::memory_order_relaxed) == 0) {
        turn_began.store(now, std::memory_order_relaxed);
        return;
    }
    Answer* const answer = std::exchange(reply, nullptr); // others answer meanwhile
    pause_turn(machine->stack_base, machine->stack_base, 0, true, now);
    reply = answer;
}

void Worker::polled(Value* frame, Value* top) {
    if (system.pause_.load(std::memory_order_relaxed) && may_pause) system.stand_still();
    if (!running || !may_pause) return;
    if (system.frozen_.load(std::memory_order_relaxed) && running != system.elsewhere_) {
        pause_turn(frame, top, 0, true); // until it is certain which code is current
        return;
    }
    if (system.options_.seed) return;
    const bool main_stops = system.main_stopped_.load(std::memory_order_relaxed) && running != system.main_;
    const bool is_wanted = number == 0 && system.wanted_ && system.wanted_->load(std::memory_order_relaxed);
    if (is_wanted || (number == 0 && (system.is_over() || main_stops))) { // the outer loop sees to that
        pause_turn(frame, top, 0, true);
        return;
    }
    const uint64_t began = turn_began.load(std::memory_order_relaxed);
    if (!began) return;
    const bool others = waiting.load(std::memory_order_relaxed) > 0 || !deadlines_.empty() || of_reload_ ||
                        system.timers_.next();
    if (!others) return;
    const uint64_t now = os::monotonic_ns();
    if (now < began + system.options_.slice) return;
    if (waiting.load(std::memory_order_relaxed) == 0) {
        fire_due(now);
        if (waiting.load(std::memory_order_relaxed) == 0) {
            turn_began.store(now, std::memory_order_relaxed);
            return;
        }
    }
    pause_turn(frame, top, 0, true, now);
}

} // namespace indent
