// Actors as an image has them: they are put together while nothing runs, and begin together.
#include "vm/actors/actor_system.h"
#include "vm/actors/turn_tape.h"
#include <cassert>

namespace indent {

Actor& ActorSystem::restore_actor(uint64_t number, Class* cls, bool ended) {
    auto* actor = new Actor(number);
    actor->cls = cls;
    actor->address = runtime_.shared.allocate(shape::kAddress, Format::Slots, 1, false);
    (*actor->address)[0] = Value::raw(actor);
    number_from(number);
    if (ended) { // whoever names it holds it, and we do not
        actor->status = Actor::Ended;
        return *actor;
    }
    actor->status = Actor::Idle;
    actor->layout_epoch = 0; // its objects may be of layouts before today's
    std::lock_guard lock(actors_mutex_);
    actor->next = first_actor_;
    if (first_actor_) first_actor_->previous = actor;
    first_actor_ = actor;
    alive_.fetch_add(1, std::memory_order_relaxed);
    return *actor;
}

void ActorSystem::restore_ties(Actor& actor, const std::vector<Actor*>& watchers, Actor* supervisor) {
    if (watchers.empty() && !supervisor) return;
    std::lock_guard lock(ties_mutex_);
    if (!actor.ties) actor.ties = std::make_unique<Ties>();
    for (Actor* watcher : watchers) actor.ties->watchers.emplace_back(runtime_.shared, watcher);
    if (!supervisor) return;
    actor.ties->supervisor = ActorRef(runtime_.shared, supervisor);
    actor.supervised = true;
}

void ActorSystem::restore_message(Actor& actor, std::unique_ptr<ActorMessage> message) {
    if (message->arguments && message->arguments->has_blocks()) suspect(actor);
    message->era = era_;
    actor.mailbox.fetch_add(1, std::memory_order_relaxed);
    actor.add(message.release());
}

void ActorSystem::restore_turn(Actor& actor, std::unique_ptr<ActorMessage> message) {
    const TurnTape& tape = *message->tape;
    if (const uint64_t ask = tape.pending_ask()) {
        // What is asked may answer before the turn has come so far again.
        actor.waits_for = ask;
        if (Actor* whom = tape.asked().get(); whom && whom->status != Actor::Ended)
            begins_asking(actor, *whom);
    }
    message->era = era_;
    actor.mailbox.fetch_add(1, std::memory_order_relaxed);
    actor.add_first(message.release());
}

void ActorSystem::restore_unborn(Actor& actor) {
    ActorRef supervisor;
    {
        std::lock_guard lock(ties_mutex_);
        if (actor.ties) supervisor = actor.ties->supervisor;
    }
    if (!supervisor || !supervisor->supervision || actor.status != Actor::Idle) return;
    actor.status = Actor::Unborn;
    actor.starts_in_order = true;
    // It has not begun itself, or does so anew, and begins them then; or it has been told.
    const ActorMessage* first = supervisor->first;
    for (const ActorMessage* at = first; at; at = at->next)
        if (at->kind == ActorMessage::Start || at->kind == ActorMessage::Restart) return;
    if (first && first->kind == ActorMessage::Child && first->from.get() == supervisor.get()) return;
    auto message = std::make_unique<ActorMessage>();
    message->kind = ActorMessage::Child;
    message->from = supervisor;
    message->era = era_;
    supervisor->mailbox.fetch_add(1, std::memory_order_relaxed);
    supervisor->add_first(message.release());
}

void ActorSystem::asks_from(uint64_t last) {
    for (auto& worker : workers_) worker->last_ask_ = std::max(worker->last_ask_, last >> 8);
}

void ActorSystem::restore_timer(Actor& actor, uint64_t number, uint64_t in, uint64_t every,
                                std::unique_ptr<ActorMessage> message) {
    auto timer = std::make_shared<TimerRecord>();
    timer->target = ActorRef(runtime_.shared, &actor);
    timer->selector = message->selector;
    timer->arguments = std::move(message->arguments);
    timer->labels = std::move(message->labels);
    timer->trailing_block = message->trailing_block;
    timer->due = now() + in;
    timer->every = every;
    timers_.add_again(timer, number);
    {
        std::lock_guard lock(ties_mutex_);
        if (!actor.ties) actor.ties = std::make_unique<Ties>();
        actor.ties->timers.push_back(std::move(timer));
    }
}

void ActorSystem::begin_restored(const std::vector<Actor*>& actors) {
    if (!actors.empty()) start_threads();
    for (Actor* actor :
         actors) { // not before: workers may run already, and nobody could bring a dormant actor in
        std::lock_guard lock(ties_mutex_);
        if (!actor->ties) continue;
        for (const TimerPointer& timer : actor->ties->timers) timers_.start(timer);
    }
    for (Actor* actor : actors) {
        actor->lock.lock();
        const bool begins = actor->first && actor->status == Actor::Idle; // those before it may have woken it
        if (begins) actor->status = Actor::Ready;
        actor->lock.unlock();
        if (!begins) continue;
        became_active();
        schedule(*actor, nullptr);
    }
}

// ---- large heaps come beside

void ActorSystem::let_come(Actor& actor) {
    actor.lock.lock();
    actor.add_first(actor.message.release());
    actor.mailbox.fetch_add(1, std::memory_order_relaxed);
    actor.status = Actor::Held;
    actor.lent = true; // whoever wakes it leaves it to has_come
    actor.on_worker = false;
    {
        std::lock_guard held(held_lock_);
        coming_.push_back(&actor);
    }
    actor.lock.unlock();
    dormant->bring(actor, [this, &actor](bool whole) { has_come(actor, whole); });
}

void ActorSystem::has_come(Actor& actor, bool whole) {
    {
        std::lock_guard held(held_lock_);
        std::erase(coming_, &actor);
    }
    actor.lock.lock();
    actor.lent = false;
    const bool wakes = whole || actor.stop_requested;
    if (wakes) actor.status = Actor::Ready;
    actor.lock.unlock();
    if (wakes)
        schedule(actor, nullptr);
    else
        became_idle();
}

void ActorSystem::wait_beside(const std::function<void()>& wait) {
    {
        std::lock_guard lock(still_mutex_);
        assert(exclusive_owner_ != std::this_thread::get_id()); // else such a thread waits for the caller
    }
    const Worker* mine = here();
    const bool in_turn = mine && mine->turn_began.load(std::memory_order_relaxed) != 0;
    if (in_turn) end_work();
    wait();
    if (in_turn) begin_work();
}

} // namespace indent
