#include "vm/actors/actor.h"
#include "vm/actors/supervisor.h"
#include <thread>

namespace indent {

ActorRef::ActorRef(SharedSpace& shared, Actor* actor) : shared_(&shared), actor_(actor) {
    if (actor_) shared_->hold(Value::cell(actor_->address));
}
ActorRef::~ActorRef() {
    if (actor_) shared_->release(Value::cell(actor_->address));
}

void SpinLock::wait() {
    for (int spins = 1;
         taken_.load(std::memory_order_relaxed) || taken_.exchange(true, std::memory_order_acquire); ++spins)
        if (spins > 64) std::this_thread::yield();
}

Actor::Actor(uint64_t number) : id(number) {}
Actor::~Actor() = default;

void Departed::add(SymbolId selector, const Actor& to) {
    if (messages < std::size(first)) first[messages] = {selector, to.id, to.cls};
    ++messages;
}

void Actor::add_first(ActorMessage* message) {
    message->next = first;
    first = message;
    if (!last) last = message;
}

void Actor::add(ActorMessage* message) {
    message->next = nullptr;
    (last ? last->next : first) = message;
    last = message;
}

std::unique_ptr<ActorMessage> Actor::take() {
    ActorMessage* message = first;
    if (!message) return nullptr;
    first = message->next;
    if (!first) last = nullptr;
    mailbox.fetch_sub(1, std::memory_order_relaxed);
    return std::unique_ptr<ActorMessage>(message);
}

std::unique_ptr<ActorMessage> Actor::take_before(uint32_t era) {
    ActorMessage* before = nullptr;
    for (ActorMessage* at = first; at; before = at, at = at->next) {
        if (at->era >= era && at->kind != ActorMessage::Child && at->kind != ActorMessage::Restart) continue;
        (before ? before->next : first) = at->next;
        if (last == at) last = before;
        mailbox.fetch_sub(1, std::memory_order_relaxed);
        return std::unique_ptr<ActorMessage>(at);
    }
    return nullptr;
}

} // namespace indent
