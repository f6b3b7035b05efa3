#include "image/journal/recovery.h"
#include "image/journal/letters.h"
#include "image/journal/parcels.h"
#include "image/journal/tape.h"
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
    last_ask_ = std::max(last_ask_, post.ask);
    if (auto asker = actors_.find(post.from); post.ask && asker != actors_.end() && asker->second.begun) {
        State& waits = asker->second;
        if (pending_ask(waits.tape).ask != post.ask) append_asked(waits.tape, post);
    }
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
    last_message_ = std::max(last_message_, segment.message);
    last_ms_ = std::max(last_ms_, segment.at_ms);
    std::optional<PostRecord> handled;
    if (auto timer = timers_.find(segment.timer); segment.timer && timer != timers_.end()) {
        handled = timer->second.message;
        handled->number = segment.message;
        if (timer->second.every == 0) timers_.erase(timer);
    }
    auto found = actors_.find(segment.actor);
    if (found == actors_.end()) return ended_.contains(segment.actor);
    State& state = found->second;
    state.turns = std::max(state.turns, segment.turn);
    auto message = std::find_if(state.mailbox.begin(), state.mailbox.end(), [&](const PostRecord& post) {
        return segment.message != 0 && post.number == segment.message;
    });
    if (message != state.mailbox.end()) {
        handled = std::move(*message);
        state.mailbox.erase(message);
    }
    if (segment.end == SegmentRecord::Waits) {
        const bool goes_on = state.begun && state.begun->number == segment.message;
        if (!goes_on && handled) state.begun = std::move(handled);
        if (!goes_on || begins_anew(segment.inputs)) state.tape.clear();
        state.tape_turn = segment.turn;
        if (state.begun && state.begun->number == segment.message) state.tape += segment.inputs;
    } else if (segment.message || segment.timer) {
        state.begun.reset();
        state.tape.clear();
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
    const State state = std::move(found->second);
    actors_.erase(found);
    end_asks(end.actor, state);
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

bool Recovery::take(const AnswerRecord& answer) {
    auto asker = actors_.find(answer.asker);
    if (asker == actors_.end()) return ended_.contains(answer.asker);
    const PendingAsk pending = pending_ask(asker->second.tape);
    if (pending.ask == answer.ask && !pending.answered) append_answer(asker->second.tape, answer);
    return true;
}

bool Recovery::take(const TurnRecord& turn) {
    auto found = actors_.find(turn.message.to);
    if (found == actors_.end()) return false;
    last_message_ = std::max(last_message_, turn.message.number);
    last_ask_ = std::max({last_ask_, turn.message.ask, pending_ask(turn.inputs).ask});
    last_ms_ = std::max(last_ms_, turn.last_ms);
    found->second.begun = turn.message;
    found->second.tape = turn.inputs;
    found->second.tape_turn = turn.turn;
    return true;
}

// Who waits for an answer of an actor that has ended hears of that.
void Recovery::end_asks(uint64_t actor, const State& state) {
    auto tell = [&](const PostRecord& post) {
        if (waits_for(post)) append_down(actors_.at(post.from).tape, actor);
    };
    for (const PostRecord& post : state.mailbox) tell(post);
    if (state.begun) tell(*state.begun);
}

// Whether somebody waits for the answer to this message.
bool Recovery::waits_for(const PostRecord& post) const {
    auto asker = actors_.find(post.from);
    if (!post.ask || asker == actors_.end() || !asker->second.begun) return false;
    const PendingAsk pending = pending_ask(asker->second.tape);
    return pending.ask == post.ask && !pending.answered;
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
            TurnRecord turn{*state.begun, state.tape_turn, last_ms_, state.tape};
            if (!waits_for(turn.message)) turn.message.ask = 0;
            write(out, turn);
        }
        for (PostRecord post : state.mailbox) {
            post.first = false;
            if (!waits_for(post)) post.ask = 0;
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
        auto message = message_from(post, actors_.runtime(), names_);
        if (!message) return nullptr;
        if (Actor* from = actor(post.from)) message->from = ActorRef(actors_.runtime().shared, from);
        if (auto asker = waits.find(post.from); asker != waits.end() && asker->second == post.ask)
            message->ask = post.ask; // else nobody waits for it any more
        return message;
    }
    std::map<uint64_t, Actor*> by_number;
    std::map<uint64_t, uint64_t> waits; // numbers of asks, by asker

  private:
    ActorSystem& actors_;
    WorldNames& names_;
};

} // namespace

// What a turn that waited is run again on.
std::shared_ptr<TurnTape> Recovery::tape_of(const State& state, ActorSystem& actors,
                                            WorldNames& names) const {
    std::string bytes = state.tape, broken;
    const PendingAsk pending = pending_ask(bytes);
    auto actor = [&](uint64_t number) {
        const Value address = names.address_of(number);
        return address ? actor_of(address) : nullptr;
    };
    if (Actor* asked = actor(pending.to);
        pending.ask && !pending.answered && (!asked || asked->status == Actor::Ended))
        append_down(bytes, pending.to);
    const size_t known = names.troubles().size();
    std::vector<TapeEntry> entries;
    if (!tape_from(bytes, actors, names, names.address_of, entries)) {
        broken = "what it had got cannot be brought back";
        for (size_t i = known; i < names.troubles().size(); ++i)
            broken += (i > known ? "; " : ": ") + names.troubles()[i];
        entries.clear();
    }
    return std::make_shared<TurnTape>(actors, std::move(entries), std::move(broken), last_ms_,
                                      ActorRef(actors.runtime().shared, actor(pending.to)));
}

Recovery::Restored Recovery::restore(ActorSystem& actors, WorldNames& names, bool still) {
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
    actors.asks_from(last_ask_);
    for (auto& [number, state] : actors_)
        if (const PendingAsk pending = pending_ask(state.tape);
            state.begun && pending.ask && !pending.answered)
            from.waits[number] = pending.ask;
    for (auto& [number, state] : actors_) {
        Actor& actor = *from.actor(number);
        if (actor.status == Actor::Ended) continue;
        const FactsRecord& facts = state.facts;
        actor.turns = uint32_t(state.begun ? state.tape_turn : state.turns);
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
        if (state.begun && !still) {
            const size_t known_before = names.troubles().size();
            if (auto message = from.message(*state.begun); !message) {
                trouble("TurnLost: " + actors.describe(actor) +
                        " waited in the middle of a turn, and its message cannot be brought back" +
                        because(known_before));
            } else if (message->kind == ActorMessage::Child) {
                actors.restore_message(actor, std::move(message)); // the machine decides anew
            } else {
                message->tape = tape_of(state, actors, names);
                actors.restore_turn(actor, std::move(message));
                ++restored.waited;
            }
        }
        for (const PostRecord& post : still ? std::deque<PostRecord>() : state.mailbox) {
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
        if (still || !to || to->status == Actor::Ended) continue;
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
