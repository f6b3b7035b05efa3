#include "image/journal/recovery.h"
#include "image/journal/parcels.h"
#include "vm/actors/actor_system.h"
#include "vm/actors/supervisor.h"
#include "vm/heap/atom.h"
#include "vm/model/list.h"
#include "vm/os/clock.h"
#include <algorithm>

namespace indent::image {

// ---- reading

bool Recovery::add(std::string_view body) {
    std::vector<Record> records;
    if (!read_all(body, records)) return false;
    for (const Record& record : records)
        if (!std::visit([&](const auto& one) { return take(one); }, record)) return false;
    return true;
}

bool Recovery::take(const PostRecord& post) {
    last_message_ = std::max(last_message_, post.number);
    auto found = actors_.find(post.to);
    if (found == actors_.end()) return ended_.contains(post.to); // it came too late
    auto& mailbox = found->second.mailbox;
    if (post.first)
        mailbox.push_front(post);
    else
        mailbox.push_back(post);
    return true;
}

bool Recovery::take(const SegmentRecord& segment) {
    if (segment.end > SegmentRecord::Failed) return false;
    if (segment.timer)
        if (auto timer = timers_.find(segment.timer); timer != timers_.end() && timer->second.every == 0)
            timers_.erase(timer);
    auto found = actors_.find(segment.actor);
    if (found == actors_.end()) return ended_.contains(segment.actor);
    State& state = found->second;
    state.turns = std::max(state.turns, segment.turn);
    auto message = std::find_if(state.mailbox.begin(), state.mailbox.end(), [&](const PostRecord& post) {
        return segment.message != 0 && post.number == segment.message;
    });
    std::optional<PostRecord> handled;
    if (message != state.mailbox.end()) {
        handled = std::move(*message);
        state.mailbox.erase(message);
    }
    if (segment.end == SegmentRecord::Waits) {
        if (handled) state.begun = std::move(handled);
        state.begun_by_timer = segment.timer != 0;
    } else if (segment.message || segment.timer) {
        state.begun.reset();
        state.begun_by_timer = false;
    }
    if (segment.fresh && segment.end != SegmentRecord::Failed) state.picture = HeapPicture();
    return segment.heap.empty() || state.picture.add(segment.heap);
}

bool Recovery::take(const FactsRecord& facts) {
    last_actor_ = std::max(last_actor_, facts.actor);
    if (ended_.contains(facts.actor)) return true;
    actors_[facts.actor].facts = facts;
    return true;
}

bool Recovery::take(const EndRecord& end) {
    auto found = actors_.find(end.actor);
    if (found == actors_.end()) return ended_.contains(end.actor);
    ended_[end.actor] = {found->second.facts.shape, end.reason};
    actors_.erase(found);
    std::erase_if(timers_, [&](auto& timer) { return timer.second.message.to == end.actor; });
    return true;
}

bool Recovery::take(const TimerStartRecord& timer) {
    if (actors_.contains(timer.message.to)) timers_[timer.number] = timer;
    return true;
}
bool Recovery::take(const TimerEndRecord& timer) {
    timers_.erase(timer.number);
    return true;
}
bool Recovery::take(const AtomRecord& atom) {
    atoms_[atom.atom] = atom.value;
    return true;
}
bool Recovery::take(const ModuleValueRecord& value) {
    module_values_[{value.module, value.name}] = value.value;
    return true;
}

// ---- and writing it again as one

std::string Recovery::checkpoint() const {
    ByteWriter out;
    write(out, BeginRecord{});
    for (auto& [number, state] : actors_) write(out, state.facts);
    for (auto& [number, ended] : ended_) { // it is known that they were there
        FactsRecord facts;
        facts.actor = number;
        facts.shape = ended.shape;
        write(out, facts);
        write(out, EndRecord{number, ended.reason});
    }
    for (auto& entry : actors_) {
        const uint64_t number = entry.first;
        const State& state = entry.second;
        bool fresh = true;
        auto write_heap = [&](const std::string& heap) {
            SegmentRecord segment;
            segment.actor = number;
            segment.turn = state.turns;
            segment.fresh = std::exchange(fresh, false);
            segment.heap = heap;
            write(out, segment);
        };
        if (!state.base.empty()) {
            write_heap(state.base);
        } else {
            for (auto& heap : state.picture.records()) write_heap(*heap);
        }
        if (state.begun) {
            PostRecord post = *state.begun;
            post.first = false;
            write(out, post);
            SegmentRecord segment;
            segment.actor = number;
            segment.turn = state.turns;
            segment.message = post.number;
            segment.end = SegmentRecord::Waits;
            write(out, segment);
        }
        for (PostRecord post : state.mailbox) {
            post.first = false;
            write(out, post);
        }
    }
    for (auto& [number, timer] : timers_) write(out, timer);
    for (auto& [number, value] : atoms_) write(out, AtomRecord{number, value});
    for (auto& [name, value] : module_values_) write(out, ModuleValueRecord{name.first, name.second, value});
    return out.take();
}

std::string Recovery::checkpoint(WorldNames& names, const std::vector<Actor*>& restored) {
    for (Actor* actor : restored) {
        State& state = actors_.at(actor->id);
        if (!actor->heap || !actor->state || state.picture.records().size() < 2) continue;
        ByteWriter base;
        const Value roots[] = {actor->state, actor->journal, actor->drawings};
        write_base(base, *actor->heap, roots, names);
        state.base = base.take();
    }
    return checkpoint();
}

bool Recovery::fits(WorldNames& names) const {
    ShapeId shape = 0;
    for (auto& [number, state] : actors_) {
        if (!names.shape_of(state.facts.shape, shape)) return false;
        for (uint64_t each : state.picture.shapes())
            if (!names.shape_of(each, shape)) return false;
        for (const PostRecord& post : state.mailbox)
            if (post.starts_as && !names.shape_of(post.starts_as, shape)) return false;
    }
    return true;
}

// ---- a world comes back

namespace {

class Restoring {
  public:
    Restoring(ActorSystem& actors, WorldNames& names) : actors_(actors), names_(names) {}

    SymbolId symbol(uint64_t number) {
        SymbolId id = 0;
        if (number) (void)names_.symbol_of(number, id);
        return id;
    }
    Actor* actor(uint64_t number) {
        auto found = by_number.find(number);
        return found == by_number.end() ? nullptr : found->second;
    }
    std::unique_ptr<ActorMessage> message(const PostRecord& post) {
        auto message = std::make_unique<ActorMessage>();
        if (post.kind > ActorMessage::Child || post.kind == ActorMessage::Native) return nullptr;
        message->kind = ActorMessage::Kind(post.kind);
        message->number = post.number;
        message->selector = symbol(post.selector);
        if (post.selector && !message->selector) return nullptr;
        for (uint64_t label : post.labels) {
            message->labels.push_back(symbol(label));
            if (label && !message->labels.back()) return nullptr;
        }
        message->trailing_block = post.trailing_block;
        message->report = post.report;
        message->reason = message->kind == ActorMessage::Child ? SymbolId(post.reason) : symbol(post.reason);
        if (post.starts_as && !names_.shape_of(post.starts_as, message->starts_as)) return nullptr;
        if (Actor* from = actor(post.from)) message->from = ActorRef(actors_.runtime().shared, from);
        // Whoever asked waited for the answer, and that turn is not there any more.
        message->ask = 0;
        if (!parcel_from(post.arguments, actors_.runtime().shared, 0, names_, message->arguments))
            return nullptr;
        return message;
    }
    std::map<uint64_t, Actor*> by_number;

  private:
    ActorSystem& actors_;
    WorldNames& names_;
};

} // namespace

Recovery::Restored Recovery::restore(ActorSystem& actors, WorldNames& names) {
    Restored restored;
    Runtime& runtime = actors.runtime();
    Restoring from(actors, names);
    auto trouble = [&](std::string words) { restored.troubles.push_back(std::move(words)); };
    auto because = [&](size_t known) {
        std::string words;
        for (size_t i = known; i < names.troubles().size(); ++i)
            words += (i > known ? "; " : ": ") + names.troubles()[i];
        return words;
    };
    // A row for each canvas (vm/prims/canvas.cpp).
    auto are_drawings = [](Value drawings) {
        if (!is_tuple(drawings)) return false;
        for (size_t i = 0; i < tuple_size(drawings); ++i)
            if (Value row = tuple_get(drawings, i); !is_tuple(row) || tuple_size(row) != 6) return false;
        return true;
    };
    // The state is an object of the actor's class, in whatever layout; then what a migration has dropped, and what it shows.
    auto is_state = [&](const Actor& actor, const std::vector<Value>& roots) {
        if (roots.size() < 2 || !roots[0].is_cell() || roots[0].cell()->is_shared()) return false;
        const Class* cls = runtime.shapes[roots[0].cell()->shape].cls;
        return cls && cls->itself() == actor.cls && (!roots[1] || is_list(roots[1])) &&
               (roots.size() < 3 || !roots[2] || are_drawings(roots[2]));
    };
    std::vector<uint64_t> lost;
    for (auto& [number, state] : actors_) {
        ShapeId shape = 0;
        const size_t known = names.troubles().size();
        Class* cls = names.shape_of(state.facts.shape, shape) && shape >= shape::kFirstFree
                         ? runtime.shapes[shape].cls
                         : nullptr;
        if (!cls || (cls->kind != ClassKind::Actor && cls->kind != ClassKind::Supervisor)) {
            trouble("actor " + std::to_string(number) + " is left out: its class" + because(known));
            lost.push_back(number);
            continue;
        }
        from.by_number[number] = &actors.restore_actor(number, cls->itself(), false);
    }
    auto dead = [&](uint64_t number, Ended ended) {
        ShapeId shape = 0;
        Class* cls = names.shape_of(ended.shape, shape) ? runtime.shapes[shape].cls : nullptr;
        Actor& actor = actors.restore_actor(number, cls ? cls->itself() : nullptr, true);
        actor.end_reason = from.symbol(ended.reason);
        restored.held.push_back(Value::cell(actor.address));
        from.by_number[number] = &actor;
        return &actor;
    };
    for (uint64_t number : lost) dead(number, {0, 0});
    names.address_of = [&](uint64_t number) {
        Actor* actor = from.actor(number);
        if (auto ended = ended_.find(number); !actor && ended != ended_.end())
            actor = dead(number, ended->second);
        return actor ? Value::cell(actor->address) : Value();
    };
    actors.number_from(last_actor_);
    for (auto& [number, state] : actors_) {
        Actor& actor = *from.actor(number);
        if (actor.status == Actor::Ended) continue;
        const FactsRecord& facts = state.facts;
        actor.turns = uint32_t(state.turns);
        actor.incarnation = uint32_t(facts.incarnation);
        for (uint64_t name : facts.names)
            if (SymbolId id = from.symbol(name)) actors.restore_name(actor, id);
        std::vector<Actor*> watchers;
        for (uint64_t watcher : facts.watchers)
            if (Actor* who = from.actor(watcher)) watchers.push_back(who);
        Actor* supervisor = from.actor(facts.supervisor);
        actors.restore_ties(actor, watchers,
                            supervisor && supervisor->status != Actor::Ended ? supervisor : nullptr);
        if (facts.first_start)
            if (auto message = from.message(*facts.first_start))
                actor.first_start = std::shared_ptr<const ActorMessage>(std::move(message));
        if (facts.supervision) {
            actor.supervision = std::make_unique<Supervision>();
            auto& made = *actor.supervision;
            made.strategy = Supervision::Strategy(
                std::min<uint8_t>(facts.supervision->strategy, Supervision::RestForOne));
            made.on_error = Child::OnError(std::min<uint8_t>(facts.supervision->on_error, Child::DoEscalate));
            made.most = uint32_t(facts.supervision->most);
            made.within = facts.supervision->within;
            for (const ChildRecord& record : facts.supervision->children) {
                Actor* who = from.actor(record.actor);
                if (!who || who->status == Actor::Ended) continue;
                Child child;
                child.actor = ActorRef(runtime.shared, who);
                child.restart = Child::Restart(std::min<uint8_t>(record.restart, Child::Temporary));
                child.on_error = Child::OnError(std::min<uint8_t>(record.on_error, Child::DoEscalate));
                child.patience = record.patience;
                child.restarts = uint32_t(record.restarts);
                made.children.push_back(std::move(child));
            }
        }
        if (!state.picture.records().empty()) {
            const size_t known = names.troubles().size();
            std::vector<Value> roots;
            actor.heap.emplace(runtime.shared, actors.heap_options());
            if (state.picture.restore(*actor.heap, roots, names) && is_state(actor, roots)) {
                actor.state = roots[0];
                actor.journal = roots[1];
                actor.drawings = roots.size() > 2 ? roots[2] : Value();
                actor.heap_bytes = actor.heap->used_bytes();
            } else {
                actor.heap.reset();
                trouble(actors.describe(actor) + " is held: its state cannot be brought back" +
                        because(known));
                actor.status = Actor::Held;
            }
        }
        if (state.begun || state.begun_by_timer) {
            if (state.begun && state.begun->kind == ActorMessage::Start) {
                // It had not come into being: it begins once more.
                if (auto message = from.message(*state.begun))
                    actors.restore_message(actor, std::move(message));
            } else {
                trouble("TurnLost: " + actors.describe(actor) + " waited in the middle of a turn" +
                        (state.begun && state.begun->selector
                             ? ", handling `" +
                                   std::string(runtime.symbols.text(from.symbol(state.begun->selector))) + "`"
                             : "") +
                        ", which is not there any more; its state is that from before it");
            }
        }
        for (const PostRecord& post : state.mailbox) {
            const size_t known_before = names.troubles().size();
            if (auto message = from.message(post))
                actors.restore_message(actor, std::move(message));
            else
                trouble("a message for " + actors.describe(actor) + " is lost" + because(known_before));
        }
        restored.actors.push_back(&actor);
    }
    const uint64_t now_ms = uint64_t(os::wall_ns()) / 1'000'000;
    for (auto& [number, timer] : timers_) {
        Actor* to = from.actor(timer.message.to);
        if (!to || to->status == Actor::Ended) continue;
        const uint64_t in = timer.due_ms > now_ms ? (timer.due_ms - now_ms) * 1'000'000 : 0;
        if (auto message = from.message(timer.message))
            actors.restore_timer(*to, number, in, timer.every, std::move(message));
    }
    for (auto& [number, bytes] : atoms_) {
        Value atom;
        Parcel::Pointer value;
        if (!names.shared_of(number, atom) || !has_shape(atom, shape::kAtom) ||
            !parcel_from(bytes, runtime.shared, 0, names, value) || !value || value->count() != 1) {
            trouble("the value of an Atom is lost");
            continue;
        }
        runtime.shared.hold(value->peek(0));
        set_atom(runtime.shared, atom.cell(), value->peek(0));
    }
    for (auto& [name, bytes] : module_values_) {
        Parcel::Pointer value;
        auto module = runtime.modules.find(name.first);
        if (module == runtime.modules.end()) continue; // it is gone, and its values with it
        auto found = module->second->names.find(runtime.symbols.intern(name.second));
        if (found == module->second->names.end() ||
            (found->second->kind != Binding::Stable && found->second->kind != Binding::Var))
            continue;
        if (!parcel_from(bytes, runtime.shared, 0, names, value) || !value || value->count() != 1) {
            trouble("the value of `" + name.first + "." + name.second + "` is lost");
            continue;
        }
        runtime.shared.hold(value->peek(0));
        runtime.replaced_values.push_back(std::exchange(found->second->value, value->peek(0)));
    }
    names.address_of = nullptr;
    return restored;
}

} // namespace indent::image
