// What tools see of an actor: copies of its state and of the messages that wait for it.
#include "vm/actors/actor_system.h"
#include "vm/actors/timers.h"
#include "vm/interp/inner.h"
#include <algorithm>
#include <memory>

namespace indent {

Parcel::Pointer ActorSystem::state_as_it_is(Machine& vm, Actor& actor) {
    auto copy_of = [&](Value state) { return state ? Parcel::pack_whole(vm, &state, 1) : Parcel::Pointer(); };
    if (worker_of(vm).running == &actor) return copy_of(vm.actor_state);
    if (actor.dormant && dormant) (void)dormant->awaken(actor);
    auto at_rest = [&] { return copy_of(actor.turn ? actor.turn->state : actor.state); };
    {
        std::lock_guard lock(actor.lock);
        if (actor.status != Actor::Running) return at_rest();
    }
    Parcel::Pointer copy;
    exclusively([&] {
        for (auto& worker : workers_)
            if (worker->running == &actor) {
                copy = copy_of(worker->machine->actor_state);
                return;
            }
        copy = at_rest();
    });
    return copy;
}

Parcel::Pointer ActorSystem::look_at_state(Machine& vm, Actor& actor, Value* args) {
    const Worker& worker = worker_of(vm);
    if (dormant && worker.may_pause && worker.running != elsewhere_ && dormant->takes_long(actor)) {
        auto begin = [&](uint64_t number) {
            dormant->bring(actor, [this, me = ActorRef(runtime_.shared, worker.running), number](bool) {
                answer(*me, number, std::make_unique<Answer>());
            });
        };
        wait_until_answered(vm, args, begin, [] { return false; });
        if (actor.dormant) return {}; // the turn is to stop
    }
    Parcel::Pointer copy = state_as_it_is(vm, actor);
    const bool behind =
        copy && actor.layout_epoch != runtime_.layout_epoch.load(std::memory_order_relaxed) && !actor.stuck;
    if (!behind || worker_of(vm).running == elsewhere_) return copy;
    // It follows a reload with its next message; what is shown has followed already. In a heap of its own, as a migration
    // concerns all of a heap.
    auto state = std::make_shared<Parcel::Pointer>(std::move(copy));
    run_elsewhere(vm, args, [this, state](Machine& there) {
        const Value own = there.actor_state;
        std::string why;
        size_t objects = 0;
        bool unpacked = false;
        RunResult result = run_protected(there, [&](Value* frame) {
            (*state)->copy_out(there, frame, frame + 1);
            there.actor_state = frame[0];
            unpacked = true;
            return Value::nil();
        });
        if (result.ok && unpacked && migrate(there, false, objects, why))
            *state = Parcel::pack_whole(there, &there.actor_state, 1); // else it is shown as it is
        there.inner->uncaught = {};
        there.actor_state = own;
        there.actor_journal = Value();
        there.heap->rollback();
        return false;
    });
    return std::move(*state);
}

void ActorSystem::for_each_drawing(const std::function<void(uint64_t, Value)>& visit) {
    exclusively([&] {
        std::vector<std::pair<uint64_t, Value>> all;
        {
            std::lock_guard lock(actors_mutex_);
            for (const Actor* actor = first_actor_; actor; actor = actor->next)
                if (actor->drawings) all.emplace_back(actor->id, actor->drawings);
        }
        std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
        for (const auto& [id, drawings] : all) visit(id, drawings);
    });
}

std::vector<WaitingLetter> ActorSystem::look_at_mailbox(Machine& vm, Actor& actor) {
    std::vector<WaitingLetter> letters;
    std::lock_guard lock(actor.lock);
    for (const ActorMessage* message = actor.first; message; message = message->next) {
        if (message->kind != ActorMessage::Call && message->kind != ActorMessage::Stop &&
            message->kind != ActorMessage::Down)
            continue;
        WaitingLetter letter;
        letter.selector = message->selector;
        letter.labels = message->labels;
        const Parcel* parcel = message->timer ? message->timer->arguments.get() : message->arguments.get();
        if (parcel) letter.arguments = Parcel::pack_whole(vm, parcel->peek_all(), parcel->count());
        letters.push_back(std::move(letter));
    }
    return letters;
}

} // namespace indent
