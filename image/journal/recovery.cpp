#include "image/journal/recovery.h"
#include "image/codec/cell_form.h"
#include "image/journal/parcels.h"
#include "vm/actors/actor_system.h"
#include "vm/actors/supervisor.h"
#include "vm/heap/atom.h"
#include "vm/interp/arguments.h"
#include "vm/model/list.h"
#include "vm/os/clock.h"
#include <algorithm>

namespace indent::image {

namespace {

// Of actors, timers, messages: they are integers of programs, and new ones are larger.
constexpr uint64_t kLargestNumber = uint64_t(1) << 46;
constexpr uint64_t kMainActor = 1;         // the program itself, which is in no image
constexpr uint64_t kMostPassedOver = 4096; // for each record, on the way to the message that was handled
constexpr uint64_t kLongest = 1'000'000'000'000'000'000; // ns: ActorSystem::duration
constexpr uint64_t kShortest = 1'000; // ns, from one message of a timer to the next: no turn is quicker

} // namespace

// ---- reading

bool Recovery::add(std::string_view body) {
    bytes_ += body.size();
    return read_each(body, [&](const Record& record) {
        ++records_;
        return std::visit([&](const auto& one) { return take(one); }, record);
    });
}

void Recovery::drop_timer(uint64_t number) {
    auto timer = timers_.find(number);
    if (timer == timers_.end()) return;
    if (auto to = actors_.find(timer->second.message.to); to != actors_.end())
        to->second.timers.erase(number);
    timers_.erase(timer);
}

bool Recovery::take(const PostRecord& post) {
    if (post.number > kLargestNumber) return false;
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
    if (auto timer = timers_.find(segment.timer); timer != timers_.end() && timer->second.every == 0)
        drop_timer(segment.timer);
    auto found = actors_.find(segment.actor);
    if (found == actors_.end()) return ended_.contains(segment.actor);
    State& state = found->second;
    state.turns = std::max(state.turns, segment.turn);
    auto message = std::find_if(state.mailbox.begin(), state.mailbox.end(), [&](const PostRecord& post) {
        return segment.message != 0 && post.number == segment.message;
    });
    // Messages are handled nearly in the order in which they came.
    passed_over_ += uint64_t(message - state.mailbox.begin());
    if (passed_over_ > kMostPassedOver * records_) return false;
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
    if (facts.actor <= kMainActor || facts.actor > kLargestNumber) return false;
    last_actor_ = std::max(last_actor_, facts.actor);
    if (ended_.contains(facts.actor)) return true;
    actors_[facts.actor].facts = facts;
    return true;
}

bool Recovery::take(const EndRecord& end) {
    auto found = actors_.find(end.actor);
    if (found == actors_.end()) return ended_.contains(end.actor);
    ended_[end.actor] = {found->second.facts.shape, end.reason};
    for (uint64_t timer : found->second.timers) timers_.erase(timer);
    actors_.erase(found);
    return true;
}

bool Recovery::take(const TimerStartRecord& timer) {
    if (timer.number == 0 || timer.number > kLargestNumber) return false;
    drop_timer(timer.number);
    if (auto to = actors_.find(timer.message.to); to != actors_.end()) {
        to->second.timers.insert(timer.number);
        timers_[timer.number] = timer;
    }
    return true;
}
bool Recovery::take(const TimerEndRecord& timer) {
    drop_timer(timer.number);
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
    // For an actor of this class. Null: it is none that could have been sent, or names what is not there.
    std::unique_ptr<ActorMessage> message(const PostRecord& post, Class* cls) {
        auto message = std::make_unique<ActorMessage>();
        if (post.kind > ActorMessage::Child || post.kind == ActorMessage::Native) return nullptr;
        message->kind = ActorMessage::Kind(post.kind);
        message->number = post.number;
        message->selector = symbol(post.selector);
        for (uint64_t label : post.labels) message->labels.push_back(symbol(label));
        message->trailing_block = post.trailing_block;
        message->report = post.report;
        message->reason = message->kind == ActorMessage::Child ? SymbolId(post.reason) : symbol(post.reason);
        if (post.starts_as && !names_.shape_of(post.starts_as, message->starts_as)) return nullptr;
        if (Actor* from = actor(post.from)) message->from = ActorRef(actors_.runtime().shared, from);
        // Whoever asked waited for the answer, and that turn is not there any more.
        message->ask = 0;
        if (!parcel_from(post.arguments, actors_.runtime().shared, 0, names_, message->arguments) ||
            !is_whole(*message, cls))
            return nullptr;
        return message;
    }
    std::map<uint64_t, Actor*> by_number;

  private:
    // Whoever handles it does not ask whether there are as many arguments as it says.
    bool is_whole(const ActorMessage& message, Class* cls) const {
        const size_t count = message.arguments ? message.arguments->count() : 0;
        if (!message.labels.empty() && message.labels.size() != count) return false;
        if (message.kind == ActorMessage::Child && !message.from) return false;
        const Class* made = cls;
        if (message.starts_as) {
            made = actors_.runtime().shapes[message.starts_as].cls;
            if (!made || made->itself() != cls) return false;
        }
        const bool starts = message.kind == ActorMessage::Start || message.kind == ActorMessage::Restart;
        if (starts && count > 0 && !made->lookup(sym::init)) return count == made->fields.size();
        for (size_t i = 0; i < count; ++i)
            if (message.arguments->peek(i).is_absent()) return false;
        return count <= kMostArguments;
    }
    ActorSystem& actors_;
    WorldNames& names_;
};

} // namespace

Recovery::Restored Recovery::restore(ActorSystem& actors, WorldNames& names) {
    Restored restored;
    Runtime& runtime = actors.runtime();
    Restoring from(actors, names);
    names.limit_memory(WorldNames::kMostAtOnce + WorldNames::kMostPerByte * (bytes_ + names.row_bytes()));
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
    // For each object that a migration has changed: the object, whether by hand, how many fields, their names and values.
    auto is_journal = [](Value journal) {
        if (!is_list(journal)) return false;
        const size_t size = list_size(journal);
        for (size_t at = 0; at < size;) {
            if (size - at < 3 || !list_get(journal, at).is_cell() ||
                !list_get(journal, at + 1).is_boolean() || !list_get(journal, at + 2).is_integer())
                return false;
            const auto fields = uint64_t(list_get(journal, at + 2).as_integer());
            if (fields > (size - at - 3) / 2) return false;
            at += 3 + 2 * size_t(fields);
        }
        return true;
    };
    // The state is an object of the actor's class, in whatever layout; then what a migration has dropped, and what it shows.
    auto is_state = [&](const Actor& actor, const std::vector<Value>& roots) {
        if (roots.size() < 2 || !roots[0].is_cell() || roots[0].cell()->is_frozen()) return false;
        const Class* cls = runtime.shapes[roots[0].cell()->shape].cls;
        return cls && cls->itself() == actor.cls && (!roots[1] || is_journal(roots[1])) &&
               (roots.size() < 3 || !roots[2] || are_drawings(roots[2]));
    };
    // A supervisor was there before its children, so nobody is his own.
    auto supervisor_of = [](const FactsRecord& facts) {
        return facts.supervisor < facts.actor ? facts.supervisor : 0;
    };
    // What an Atom and a module hold is shared.
    auto one_shared = [&](std::string_view bytes, Value& value) {
        Parcel::Pointer parcel;
        if (!parcel_from(bytes, runtime.shared, 0, names, parcel) || !parcel || parcel->count() != 1)
            return false;
        value = parcel->peek(0);
        if (!is_value(value) || (value.is_cell() && !value.cell()->is_shared())) return false;
        runtime.shared.hold(value);
        return true;
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
    std::vector<std::pair<Actor*, uint64_t>> to_be_decided;
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
        Actor* supervisor = from.actor(supervisor_of(facts));
        actors.restore_ties(actor, watchers,
                            supervisor && supervisor->status != Actor::Ended ? supervisor : nullptr);
        if (facts.first_start)
            if (auto message = from.message(*facts.first_start, actor.cls))
                actor.first_start = std::shared_ptr<const ActorMessage>(std::move(message));
        if (facts.supervision && actor.cls->kind == ClassKind::Supervisor) {
            actor.supervision = std::make_unique<Supervision>();
            auto& made = *actor.supervision;
            made.strategy = Supervision::Strategy(
                std::min<uint8_t>(facts.supervision->strategy, Supervision::RestForOne));
            made.on_error = Child::OnError(std::min<uint8_t>(facts.supervision->on_error, Child::DoEscalate));
            made.most = uint32_t(std::min<uint64_t>(facts.supervision->most, 1'000'000));
            made.within = std::min(facts.supervision->within, kLongest);
            std::set<uint64_t> met;
            for (const ChildRecord& record : facts.supervision->children) {
                Actor* who = from.actor(record.actor);
                auto its = actors_.find(record.actor);
                if (!who || who->status == Actor::Ended || its == actors_.end() ||
                    supervisor_of(its->second.facts) != number || !met.insert(record.actor).second)
                    continue;
                Child child;
                child.actor = ActorRef(runtime.shared, who);
                child.restart = Child::Restart(std::min<uint8_t>(record.restart, Child::Temporary));
                child.on_error = Child::OnError(std::min<uint8_t>(record.on_error, Child::DoEscalate));
                child.patience = std::min(record.patience, kLongest);
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
                if (auto message = from.message(*state.begun, actor.cls))
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
            if (auto message = from.message(post, actor.cls)) {
                if (message->kind == ActorMessage::Child)
                    to_be_decided.emplace_back(message->from.get(), message->reason);
                actors.restore_message(actor, std::move(message));
            } else
                trouble("a message for " + actors.describe(actor) + " is lost" + because(known_before));
        }
        restored.actors.push_back(&actor);
    }
    for (auto& [child, incarnation] : to_be_decided) // no turn of it begins before its supervisor has decided
        if (child->status == Actor::Idle && child->incarnation == incarnation) child->status = Actor::Held;
    const uint64_t now_ms = uint64_t(os::wall_ns()) / 1'000'000;
    for (auto& [number, timer] : timers_) {
        Actor* to = from.actor(timer.message.to);
        if (!to || to->status == Actor::Ended) continue;
        const uint64_t in_ms = timer.due_ms > now_ms ? timer.due_ms - now_ms : 0;
        const uint64_t in = std::min(in_ms, kLongest / 1'000'000) * 1'000'000;
        if (auto message = from.message(timer.message, to->cls)) {
            const uint64_t every = timer.every ? std::clamp(timer.every, kShortest, kLongest) : 0;
            actors.restore_timer(*to, number, in, every, std::move(message));
        }
    }
    for (auto& [number, bytes] : atoms_) {
        Value atom, value;
        if (!names.shared_of(number, atom) || !has_shape(atom, shape::kAtom) || !one_shared(bytes, value)) {
            trouble("the value of an Atom is lost");
            continue;
        }
        set_atom(runtime.shared, atom.cell(), value);
    }
    for (auto& [name, bytes] : module_values_) {
        Value value;
        auto module = runtime.modules.find(name.first);
        if (module == runtime.modules.end()) continue; // it is gone, and its values with it
        auto found = module->second->names.find(runtime.symbols.intern(name.second));
        if (found == module->second->names.end() ||
            (found->second->kind != Binding::Stable && found->second->kind != Binding::Var))
            continue;
        if (!one_shared(bytes, value)) {
            trouble("the value of `" + name.first + "." + name.second + "` is lost");
            continue;
        }
        runtime.replaced_values.push_back(std::exchange(found->second->value, value));
    }
    names.address_of = nullptr;
    names.limit_memory(WorldNames::kNoLimit);
    return restored;
}

} // namespace indent::image
