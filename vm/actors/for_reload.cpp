// What the reload engine asks of the actors: turns apart from all others, the held window, the draining of a live reload,
// and who may hold old code.
//
// A live reload lets nobody see two versions. Each message belongs to an era: the one of the turn that sent it, or (of
// timers, of what comes from outside, of what an actor sends to itself) the present one. Draining begins a new era; from
// then on an actor takes only messages of the old one, whose messages and turns are counted until there are none. What an
// actor sends to itself begins a chain of its own because the actor changes as a whole, between two of its turns: with
// chains through such messages, no actor that works by them would ever come to an end.
#include "vm/actors/actor_system.h"
#include <algorithm>
#include <cassert>

namespace indent {

Actor* ActorSystem::elsewhere() {
    std::lock_guard lock(elsewhere_mutex_);
    if (!elsewhere_) {
        start_threads(); // migrators run under a limit, for which the ticker asks
        Actor* made = make_actor(nullptr);
        made->status = Actor::Idle;
        elsewhere_ = made;
    }
    return elsewhere_;
}

void ActorSystem::run_apart(const std::function<bool(Machine&)>& work) {
    Actor* apart = elsewhere();
    auto done = std::make_shared<std::atomic<bool>>(false);
    auto message = std::make_unique<ActorMessage>();
    message->kind = ActorMessage::Native;
    message->work = [this, apart, done, &work](Machine& vm) {
        apart->stop_said = false;
        reloads_for_ = main_;
        const bool ok = work(vm);
        reloads_for_ = nullptr;
        *done = true;
        workers_[0]->ask_for_poll();
        wake_one();
        return ok;
    };
    apart->mailbox.fetch_add(1, std::memory_order_relaxed);
    post(*apart, std::move(message));
    workers_[0]->work([done] { return done->load(); });
}

void ActorSystem::run_elsewhere(Machine& vm, Value* args, const std::function<bool(Machine&)>& work) {
    Actor& self = *worker_of(vm).running;
    auto begin = [&](uint64_t number) {
        Actor* apart = elsewhere();
        auto message = std::make_unique<ActorMessage>();
        message->kind = ActorMessage::Native;
        message->ask = number;
        message->from = ActorRef(runtime_.shared, &self);
        message->work = [this, apart, me = &self, work](Machine& there) {
            apart->stop_said = false;
            reloads_for_ = me;
            const bool ok = work(there);
            reloads_for_ = nullptr;
            return ok;
        };
        apart->mailbox.fetch_add(1, std::memory_order_relaxed);
        post(*apart, std::move(message));
    };
    wait_until_answered(vm, args, begin, [&] { // whoever is to stop has it stopped, and waits until it has
        if (reloads_for_ == &self) nudge_reload();
        return true;
    });
}

void ActorSystem::wait_until_answered(Machine& vm, Value* args, const std::function<void(uint64_t)>& begin,
                                      const std::function<bool()>& stopped) {
    Worker& worker = worker_of(vm);
    Actor& self = *worker.running;
    const uint64_t number = worker.new_ask();
    self.lock.lock();
    self.waits_for = number;
    self.answered = false;
    self.answer.reset();
    self.lock.unlock();
    worker.segment_leaves();
    begin(number);
    bool answered = false;
    bool stops = false;
    while (!answered && !ending_) {
        worker.pause_turn(args, args + kPrimitiveFrame, 0, false);
        self.lock.lock();
        answered = self.answer != nullptr;
        if (!answered) self.answered = false;
        stops = &self == main_ ? main_stopped_.load() : self.stop_requested;
        self.lock.unlock();
        if (!answered && stops && !stopped()) break;
    }
    self.lock.lock();
    self.answer.reset();
    self.waits_for = 0;
    self.answered = false;
    self.lock.unlock();
    if (stops) worker.ask_for_poll(); // the turn hears of it there
}

bool ActorSystem::reload_stops() {
    Actor* who = reloads_for_;
    if (ending_) return true;
    if (!who || who == main_) return who && main_stopped_;
    std::lock_guard lock(who->lock);
    return who->stop_requested;
}

void ActorSystem::nudge_reload() {
    Actor& apart = *elsewhere_;
    apart.lock.lock();
    const bool wakes = apart.status == Actor::Waiting;
    if (wakes) {
        apart.answered = true;
        apart.status = Actor::Ready;
    }
    apart.lock.unlock();
    if (wakes) {
        schedule(apart, nullptr);
        return;
    }
    for (auto& worker : workers_) worker->ask_for_poll();
}

void ActorSystem::suspect(Actor& actor) {
    std::lock_guard lock(suspects_lock_);
    if (std::exchange(actor.may_hold_blocks, true)) return;
    suspects_.insert(&actor);
}

void ActorSystem::forget_suspect(Actor& actor) {
    std::lock_guard lock(suspects_lock_);
    if (std::exchange(actor.may_hold_blocks, false)) suspects_.erase(&actor);
}

std::vector<ActorRef> ActorSystem::suspects() {
    std::vector<ActorRef> all;
    std::lock_guard lock(suspects_lock_);
    for (Actor* actor : suspects_) all.emplace_back(runtime_.shared, actor);
    std::sort(all.begin(), all.end(), [](const ActorRef& a, const ActorRef& b) { return a->id < b->id; });
    return all;
}

std::vector<ActorRef> ActorSystem::turns_before(uint32_t epoch) {
    std::vector<ActorRef> found;
    auto look_at = [&](Actor* actor) {
        if (actor && actor != elsewhere_ && actor->turn_epoch.load(std::memory_order_relaxed) < epoch)
            found.emplace_back(runtime_.shared, actor);
    };
    exclusively([&] { // in one look: turns begin to wait and go on all the time
        for (auto& worker : workers_) {
            std::lock_guard lock(worker->waiting_lock);
            for (const WaitingTurn* turn : worker->waiting_turns) look_at(turn->actor);
            look_at(worker->running);
        }
    });
    return found;
}

bool ActorSystem::have_restarted(Actor& actor) {
    if (!actor.supervised || !actor.first_start) return false;
    actor.lock.lock();
    const bool there = actor.status != Actor::Ended;
    actor.begins_anew = there;
    const bool wakes = actor.status == Actor::Idle;
    if (wakes) {
        actor.status = Actor::Ready;
        became_active();
    }
    actor.lock.unlock();
    if (wakes) schedule(actor, nullptr);
    return there;
}

void ActorSystem::for_each_timer(Actor& actor, const std::function<void(const TimerRecord&)>& visit) {
    std::vector<TimerPointer> timers;
    {
        std::lock_guard lock(ties_mutex_);
        if (actor.ties) timers = actor.ties->timers;
    }
    for (const TimerPointer& timer : timers)
        if (!timer->cancelled && !timer->over) visit(*timer);
}

bool ActorSystem::handle_again(Actor& actor, bool later) {
    actor.lock.lock();
    const auto status = actor.status;
    const bool waits = status != Actor::Running && actor.turn;
    // Of one that runs its worker knows what others may have seen (Worker::failed).
    const bool can = &actor != main_ && (waits ? !actor.turn->escaped && actor.message &&
                                                     actor.message->kind == ActorMessage::Call
                                               : status == Actor::Running);
    if (can) {
        actor.again = actor.stop_requested = true;
        actor.again_later = later;
        if (status == Actor::Waiting) actor.status = Actor::Ready;
    }
    actor.lock.unlock();
    if (can && status == Actor::Waiting) schedule(actor, nullptr);
    if (can && !waits)
        for (auto& worker : workers_) worker->ask_for_poll();
    return can;
}

void ActorSystem::let_handle(Actor& actor) {
    actor.lock.lock();
    const bool asked = std::exchange(actor.again_later, false);
    actor.lock.unlock();
    if (asked) release(actor);
}

bool ActorSystem::borrow(Actor& actor) {
    std::lock_guard lock(actor.lock);
    if (actor.status != Actor::Idle || actor.turn) return false;
    actor.status = Actor::Held;
    actor.lent = true;
    return true;
}

void ActorSystem::give_back(Actor& actor) {
    actor.lock.lock();
    actor.lent = false;
    const bool wakes = actor.first || actor.stop_requested || actor.begins_anew; // what came meanwhile
    actor.status = wakes ? Actor::Ready : Actor::Idle;
    if (wakes) became_active();
    actor.lock.unlock();
    if (wakes) schedule(actor, nullptr);
}

void ActorSystem::give_way(Machine& vm) {
    worker_of(vm).give_way();
}

bool ActorSystem::wake_held(Actor& actor) {
    if (actor.lent) return false; // give_back sees what is to be done
    if (actor.on_worker) {        // which has not let go of it, and goes on with it
        actor.status = Actor::Running;
        return false;
    }
    actor.status = Actor::Ready;
    if (!std::exchange(actor.switch_held, false)) became_active();
    return true;
}

void ActorSystem::hold() {
    held_since_ = now();
    holding_ = true;
}

void ActorSystem::freeze() {
    frozen_ = true;
}

bool ActorSystem::put_aside(Actor& actor) {
    if (!frozen_.load(std::memory_order_relaxed) || &actor == elsewhere_) return false;
    std::lock_guard lock(held_lock_);
    if (frozen_) put_aside_.emplace_back(runtime_.shared, &actor);
    return frozen_;
}

void ActorSystem::go_on() {
    std::vector<ActorRef> held, turns;
    if (held_since_) held_total_ += now() - std::exchange(held_since_, 0); // before time goes on
    {
        std::lock_guard lock(held_lock_);
        holding_ = frozen_ = false;
        held.swap(held_);
        turns.swap(put_aside_);
    }
    for (ActorRef& actor : turns) schedule(*actor, nullptr);
    for (ActorRef& actor : held) {
        actor->lock.lock();
        const bool ready = actor->status == Actor::Held && actor->switch_held && wake_held(*actor);
        actor->lock.unlock();
        if (ready) schedule(*actor, nullptr);
    }
    if (idle_workers_.load() > 0) wake_one(); // deadlines count again
}

void ActorSystem::try_stuck_again() {
    std::vector<ActorRef> stuck;
    {
        std::lock_guard lock(held_lock_);
        stuck.swap(stuck_);
    }
    for (ActorRef& actor : stuck) {
        actor->lock.lock();
        const bool ready = actor->status == Actor::Held && actor->stuck && wake_held(*actor);
        actor->stuck = false;
        actor->lock.unlock();
        if (ready) schedule(*actor, nullptr);
    }
}

std::vector<ActorRef> ActorSystem::actors_of(const std::function<bool(const Class&)>& which) {
    if (dormant) dormant->make_all();
    std::vector<ActorRef> found;
    std::lock_guard lock(actors_mutex_);
    for (Actor* at = first_actor_; at; at = at->next)
        if (at->cls && which(*at->cls)) found.emplace_back(runtime_.shared, at);
    return found;
}

ActorWalk::ActorWalk(ActorSystem& system) : system_(system), at_(std::make_unique<Actor*>(nullptr)) {
    if (system.dormant) system.dormant->awaken_all(); // whoever goes this way wants their states
    std::lock_guard lock(system.actors_mutex_);
    *at_ = system.first_actor_;
    system.walks_.push_back(at_.get());
}

ActorWalk::~ActorWalk() {
    std::lock_guard lock(system_.actors_mutex_);
    std::erase(system_.walks_, at_.get());
}

std::vector<ActorRef> ActorWalk::some() {
    constexpr size_t kSome = 256;
    std::vector<ActorRef> found;
    std::lock_guard lock(system_.actors_mutex_);
    for (Actor*& at = *at_; at && found.size() < kSome; at = at->next)
        if (at->cls) found.emplace_back(system_.runtime_.shared, at);
    return found;
}

// ---- draining

void ActorSystem::for_each_busy(const std::function<void(Actor&)>& visit) {
    for (auto& worker : workers_) {
        std::vector<Actor*> found;
        {
            std::lock_guard lock(worker->queue_lock); // the ticks put `soon` into the queue under it
            if (Actor* actor = worker->soon) found.push_back(actor);
            for (Actor* at = worker->ready.first; at; at = at->next_ready) found.push_back(at);
            for (Actor* at = worker->pinned.first; at; at = at->next_ready)
                if (!at->turn) found.push_back(at);
        }
        {
            std::lock_guard lock(worker->waiting_lock);
            for (const WaitingTurn* turn : worker->waiting_turns) found.push_back(turn->actor);
        }
        if (Actor* actor = worker->soon_pinned_; actor && !actor->turn) found.push_back(actor);
        if (worker->to_resume_ && !worker->to_resume_->turn) found.push_back(worker->to_resume_);
        if (worker->running) found.push_back(worker->running);
        for (Actor* actor : found)
            if (actor != elsewhere_) visit(*actor);
    }
    std::vector<Actor*> coming;
    {
        std::lock_guard held(held_lock_);
        coming = coming_;
    }
    for (Actor* actor : coming) visit(*actor);
}

void ActorSystem::begin_drain(const Actor* without) {
    exclusively([&] {
        undrained_ = std::make_shared<std::atomic<size_t>>(0);
        const uint32_t old_era = era_.fetch_add(1);
        draining_ = true;
        for_each_busy([&](Actor& actor) {
            std::lock_guard lock(actor.lock);
            if (actor.message && &actor != without) actor.message->drained.begin(undrained_);
            for (ActorMessage* message = actor.first; message; message = message->next)
                if (message->era <= old_era) message->drained.begin(undrained_);
        });
    });
}

std::vector<std::string> ActorSystem::undrained_names(size_t most) {
    std::vector<std::string> names;
    exclusively([&] {
        for_each_busy([&](Actor& actor) {
            if (names.size() >= most) return;
            size_t waiting = 0;
            bool runs = false;
            std::string turn;
            {
                std::lock_guard lock(actor.lock);
                runs = actor.message && actor.message->drained.is_of(undrained_);
                if (runs && actor.message->selector)
                    turn =
                        ", handling `" + std::string(runtime_.symbols.text(actor.message->selector)) + "`,";
                for (ActorMessage* message = actor.first; message; message = message->next)
                    waiting += message->drained.is_of(undrained_);
            }
            if (runs)
                names.push_back(describe(actor) + turn + " has not come to an end");
            else if (waiting)
                names.push_back(describe(actor) + " has " + std::to_string(waiting) + " messages to take");
        });
    });
    return names;
}

void ActorSystem::end_drain() {
    draining_ = false;
}

} // namespace indent
