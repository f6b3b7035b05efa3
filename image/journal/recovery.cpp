#include "image/journal/recovery.h"
#include "image/codec/cell_form.h"
#include "image/journal/parcels.h"
#include "image/journal/tape.h"
#include "vm/actors/actor_system.h"
#include "vm/actors/supervisor.h"
#include "vm/heap/atom.h"
#include "vm/interp/arguments.h"
#include "vm/model/list.h"
#include "vm/os/clock.h"
#include <algorithm>

namespace indent::image {

namespace {

constexpr std::string_view kRest = "rest"; // the piece of what is of no actor

// Of actors, timers, messages: they are integers of programs, and new ones are larger.
constexpr uint64_t kLargestNumber = uint64_t(1) << 46;
constexpr uint64_t kMainActor = 1;         // the program itself, which is in no image
constexpr uint64_t kMostPassedOver = 4096; // for each record, on the way to the message that was handled
constexpr uint64_t kLongest = 1'000'000'000'000'000'000; // ns: ActorSystem::duration

} // namespace

// ---- reading

bool Recovery::begin(std::string_view manifest, Piece piece) {
    piece_ = std::move(piece);
    auto listing = decode_listing(manifest);
    if (!listing) return false;
    std::string rest;
    for (const ListingEntry& entry : listing->entries) {
        if (entry.name == kRest) {
            if (!piece_(entry.hash, rest)) return false;
            continue;
        }
        uint64_t number = 0;
        ByteReader in(entry.name);
        number = in.fixed64();
        if (!in.at_end()) return false;
        Bundle& bundle = bundles_[number];
        bundle.hash = entry.hash;
        bundle.there = true;
    }
    return take_group(rest);
}

bool Recovery::take_group(std::string_view group) {
    bytes_ += group.size();
    return read_each(group, [&](const Record& record) { return take_one(record); });
}

bool Recovery::take_records(const std::vector<Record>& records) {
    return std::all_of(records.begin(), records.end(), [&](const Record& record) { return take_one(record); });
}

bool Recovery::take_one(const Record& record) {
    ++records_;
    return std::visit([&](const auto& one) { return take(one); }, record) && !broken_;
}

void Recovery::drop_timer(uint64_t number) {
    auto timer = timers_.find(number);
    if (timer == timers_.end()) return;
    const uint64_t to = timer->second.message.to;
    if (auto its = timers_of_.find(to); its != timers_of_.end() && its->second.erase(number) && its->second.empty())
        timers_of_.erase(its);
    timers_.erase(timer);
}

bool Recovery::add(std::string_view batch, uint64_t from, uint64_t upto) {
    ByteReader in(batch);
    std::string_view group;
    for (uint64_t i = 0; i < upto && next_group(in, group); ++i)
        if (i >= from && !take_group(group)) return false;
    return !in.failed();
}

Recovery::Bundle* Recovery::bundle_of(uint64_t actor) {
    if (reading_ && actor / kBundle != reading_number_) return nullptr; // a piece says nothing of others
    Bundle& bundle = bundles_[actor / kBundle];
    if (bundle.read || !bundle.there) return &bundle;
    bundle.read = true;
    std::string content;
    if (!piece_(bundle.hash, content)) {
        broken_ = true;
        return nullptr;
    }
    reading_ = true;
    reading_number_ = actor / kBundle;
    const bool whole = take_group(content);
    reading_ = false;
    bundle.changed = false;
    if (!whole) broken_ = true;
    return broken_ ? nullptr : &bundle;
}

Recovery::State* Recovery::find(uint64_t actor) {
    Bundle* bundle = bundle_of(actor);
    if (!bundle) return nullptr;
    auto found = bundle->actors.find(actor);
    return found == bundle->actors.end() ? nullptr : &found->second;
}

Recovery::State* Recovery::change(uint64_t actor) {
    State* state = find(actor);
    if (state) bundles_[actor / kBundle].changed = true;
    return state;
}

bool Recovery::read_all_bundles() {
    for (auto& entry : bundles_)
        if (!bundle_of(entry.first * kBundle)) return false;
    return true;
}

template <class Visit>
void Recovery::each_actor(Visit visit) {
    for (auto& bundle : bundles_) {
        (void)bundle_of(bundle.first * kBundle);
        for (auto& actor : bundle.second.actors) visit(actor.first, actor.second);
    }
}

std::vector<uint64_t> Recovery::actors() {
    std::vector<uint64_t> all;
    each_actor([&](uint64_t number, const State& state) {
        if (!state.ended) all.push_back(number);
    });
    return all;
}

size_t Recovery::actor_count() {
    return actors().size();
}

bool Recovery::take(const PostRecord& post) {
    if (post.number > kLargestNumber) return false;
    totals_.last_message = std::max(totals_.last_message, post.number);
    totals_.last_ask = std::max(totals_.last_ask, post.ask);
    if (post.ask && !reading_)
        if (State* waits = find(post.from); waits && waits->begun && pending_ask(waits->tape).ask != post.ask)
            append_asked(change(post.from)->tape, post);
    State* state = change(post.to);
    if (!state) return false;
    if (state->ended) return true; // it came too late
    if (post.first)
        state->mailbox.push_front(post);
    else
        state->mailbox.push_back(post);
    return true;
}

bool Recovery::take(const SegmentRecord& segment) {
    if (segment.end > SegmentRecord::Failed) return false;
    if (!reading_ && ends_turn(segment)) ++totals_.turns;
    totals_.last_message = std::max(totals_.last_message, segment.message);
    totals_.last_ms = std::max(totals_.last_ms, segment.at_ms);
    std::optional<PostRecord> handled;
    if (auto timer = timers_.find(segment.timer); segment.timer && timer != timers_.end()) {
        handled = timer->second.message;
        handled->number = segment.message;
        if (timer->second.every == 0) drop_timer(segment.timer);
    }
    State* found = change(segment.actor);
    if (!found) return false;
    if (found->ended) return true;
    State& state = *found;
    state.turns = std::max(state.turns, segment.turn);
    auto message = std::find_if(state.mailbox.begin(), state.mailbox.end(), [&](const PostRecord& post) {
        return segment.message != 0 && post.number == segment.message;
    });
    // Messages are handled nearly in the order in which they came.
    passed_over_ += uint64_t(message - state.mailbox.begin());
    if (passed_over_ > kMostPassedOver * records_) return false;
    if (message != state.mailbox.end()) {
        handled = std::move(*message);
        state.mailbox.erase(message);
    }
    if (segment.end == SegmentRecord::Waits) {
        const bool goes_on = state.begun && state.begun->number == segment.message;
        if (!goes_on && handled) state.begun = std::move(handled);
        if (!goes_on || state.tape_turn != segment.turn) state.tape.clear(); // it may have begun anew
        state.tape_turn = segment.turn;
        if (state.begun && state.begun->number == segment.message) state.tape += segment.inputs;
    } else if (segment.message || segment.timer) {
        state.begun.reset();
        state.tape.clear();
    }
    if (segment.fresh && segment.end != SegmentRecord::Failed) state.heap.clear();
    if (!segment.heap.empty()) state.heap.push_back(segment.heap);
    return true;
}

bool Recovery::take(const FactsRecord& facts) {
    if (facts.actor <= kMainActor || facts.actor > kLargestNumber) return false;
    Bundle* bundle = bundle_of(facts.actor);
    if (!bundle) return false;
    totals_.last_actor = std::max(totals_.last_actor, facts.actor);
    bundle->changed = true;
    State& state = bundle->actors[facts.actor];
    if (!state.ended) state.facts = facts;
    return true;
}

bool Recovery::take(const EndRecord& end) {
    State* state = change(end.actor);
    if (!state) return false;
    if (state->ended) return true;
    const State was = std::exchange(*state, State());
    const uint64_t shape = was.facts.shape;
    state->ended = true;
    state->end_reason = end.reason;
    state->facts.actor = end.actor;
    state->facts.shape = shape; // it is known that it was there
    if (reading_) return true;
    end_asks(end.actor, was);
    if (auto its = timers_of_.find(end.actor); its != timers_of_.end()) {
        for (uint64_t timer : its->second) timers_.erase(timer);
        timers_of_.erase(its);
    }
    return true;
}

bool Recovery::take(const TimerStartRecord& timer) {
    if (timer.number == 0 || timer.number > kLargestNumber) return false;
    drop_timer(timer.number);
    timers_of_[timer.message.to].insert(timer.number);
    timers_[timer.number] = timer;
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
bool Recovery::take(const DefinitionsRecord& epoch) {
    epoch_ = epoch.epoch;
    return true;
}
bool Recovery::take(const TotalsRecord& totals) {
    totals_ = totals;
    return true;
}

bool Recovery::take(const AnswerRecord& answer) {
    State* asker = find(answer.asker);
    if (!asker) return false;
    const PendingAsk pending = pending_ask(asker->tape);
    if (!asker->ended && pending.ask == answer.ask && !pending.answered)
        append_answer(change(answer.asker)->tape, answer);
    return true;
}

bool Recovery::take(const TurnRecord& turn) {
    State* state = change(turn.message.to);
    if (!state) return false;
    totals_.last_message = std::max(totals_.last_message, turn.message.number);
    totals_.last_ask = std::max({totals_.last_ask, turn.message.ask, pending_ask(turn.inputs).ask});
    totals_.last_ms = std::max(totals_.last_ms, turn.last_ms);
    state->begun = turn.message;
    state->tape = turn.inputs;
    state->tape_turn = turn.turn;
    return true;
}

// Who waits for an answer of an actor that has ended hears of that.
void Recovery::end_asks(uint64_t actor, const State& state) {
    auto tell = [&](const PostRecord& post) {
        if (waits_for(post)) append_down(change(post.from)->tape, actor);
    };
    for (const PostRecord& post : state.mailbox) tell(post);
    if (state.begun) tell(*state.begun);
}

// Whether somebody waits for the answer to this message.
bool Recovery::waits_for(const PostRecord& post) {
    if (!post.ask) return false;
    const State* asker = find(post.from);
    if (!asker || !asker->begun) return false;
    const PendingAsk pending = pending_ask(asker->tape);
    return pending.ask == post.ask && !pending.answered;
}

// ---- and writing it again as one

void Recovery::write_state(ByteWriter& out, uint64_t number, const State& state) {
    write(out, state.facts);
    if (state.ended) {
        write(out, EndRecord{number, state.end_reason});
        return;
    }
    bool fresh = true;
    SegmentRecord segment;
    segment.actor = number;
    segment.turn = state.turns;
    for (const std::string& heap : state.heap) {
        segment.fresh = std::exchange(fresh, false);
        segment.heap = heap;
        write(out, segment);
    }
    if (state.heap.empty() && state.turns > 0) write(out, segment);
    if (state.begun) {
        TurnRecord turn{*state.begun, state.tape_turn, totals_.last_ms, state.tape};
        if (!waits_for(turn.message)) turn.message.ask = 0;
        write(out, turn);
    }
    for (PostRecord post : state.mailbox) {
        post.first = false;
        if (!waits_for(post)) post.ask = 0;
        write(out, post);
    }
}

bool Recovery::checkpoint(Checkpoint& made) {
    std::vector<ListingEntry> entries;
    ByteWriter rest;
    write(rest, BeginRecord{});
    write(rest, totals_);
    write(rest, DefinitionsRecord{epoch_});
    for (auto& [number, timer] : timers_) write(rest, timer);
    for (auto& [number, value] : atoms_) write(rest, AtomRecord{number, value});
    for (auto& [name, value] : module_values_) write(rest, ModuleValueRecord{name.first, name.second, value});
    made.pieces.push_back(rest.take());
    entries.push_back({std::string(kRest), hash_of(made.pieces.back())});
    for (auto& [number, bundle] : bundles_) {
        if (bundle.changed) {
            ByteWriter piece;
            for (auto& [actor, state] : bundle.actors) write_state(piece, actor, state);
            bundle.hash = hash_of(piece.view());
            bundle.there = bundle.read = true;
            bundle.changed = false;
            made.pieces.push_back(piece.take());
        }
        if (!bundle.there) continue;
        ByteWriter name;
        name.fixed64(number);
        entries.push_back({name.take(), bundle.hash});
    }
    made.manifest = encode_listing("", entries);
    return !broken_;
}

bool Recovery::fits(WorldNames& names) {
    ShapeId shape = 0;
    bool fits = true;
    each_actor([&](uint64_t, const State& state) {
        if (!fits || state.ended) return;
        fits = names.shape_of(state.facts.shape, shape);
        HeapPicture picture;
        for (const std::string& heap : state.heap)
            if (!picture.add(heap)) return; // it is held, whatever the layouts are
        for (uint64_t each : picture.shapes()) fits = fits && names.shape_of(each, shape);
        for (const PostRecord& post : state.mailbox)
            if (post.starts_as) fits = fits && names.shape_of(post.starts_as, shape);
    });
    return fits;
}

// ---- a world comes back

namespace {

class Restoring {
  public:
    Restoring(ActorSystem& actors, WorldNames& names, std::function<Actor*(uint64_t)> actor = {})
        : actors_(actors), names_(names), find_(std::move(actor)) {}

    SymbolId symbol(uint64_t number) {
        SymbolId id = 0;
        if (number) (void)names_.symbol_of(number, id);
        return id;
    }
    Actor* actor(uint64_t number) {
        if (find_) return number ? find_(number) : nullptr;
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
        if (auto asker = waits.find(post.from); asker != waits.end() && asker->second == post.ask)
            message->ask = post.ask; // else nobody waits for it any more
        if (!parcel_from(post.arguments, actors_.runtime().shared, 0, names_, message->arguments) ||
            !is_whole(*message, cls))
            return nullptr;
        return message;
    }
    std::map<uint64_t, Actor*> by_number;
    std::map<uint64_t, uint64_t> waits; // numbers of asks, by asker

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
    std::function<Actor*(uint64_t)> find_;
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
    return std::make_shared<TurnTape>(actors, std::move(entries), std::move(broken), totals_.last_ms,
                                      ActorRef(actors.runtime().shared, actor(pending.to)));
}

bool restore_heap(ActorSystem& actors, WorldNames& names, Actor& actor, const Recovery::State& state) {
    Runtime& runtime = actors.runtime();
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
    HeapPicture picture;
    uint64_t bytes = 0;
    for (const std::string& record : state.heap) {
        if (!picture.add(record)) return false;
        bytes += record.size();
    }
    if (state.heap.empty()) return false;
    const uint64_t base = state.heap.front().size();
    actor.log_base = uint32_t(std::min<uint64_t>(base, UINT32_MAX));
    actor.log_changes = uint32_t(std::min<uint64_t>(bytes - base, UINT32_MAX));
    std::vector<Value> roots;
    actor.state = actor.journal = actor.drawings = Value();
    actor.heap.emplace(runtime.shared, actors.heap_options());
    if (!picture.restore(*actor.heap, roots, names) || !is_state(actor, roots)) {
        actor.heap.reset();
        return false;
    }
    actor.state = roots[0];
    actor.journal = roots[1];
    actor.drawings = roots.size() > 2 ? roots[2] : Value();
    actor.heap_bytes = actor.heap->used_bytes();
    return true;
}

std::unique_ptr<ActorMessage> message_from(ActorSystem& actors, WorldNames& names, const PostRecord& post,
                                           const std::function<Actor*(uint64_t)>& actor) {
    Actor* to = actor(post.to);
    return to ? Restoring(actors, names, actor).message(post, to->cls) : nullptr;
}

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
    each_actor([&](uint64_t number, const State& state) {
        if (state.ended) return;
        ShapeId shape = 0;
        const size_t known = names.troubles().size();
        Class* cls = names.shape_of(state.facts.shape, shape) && shape >= shape::kFirstFree
                         ? runtime.shapes[shape].cls
                         : nullptr;
        if (!cls || (cls->kind != ClassKind::Actor && cls->kind != ClassKind::Supervisor)) {
            trouble("actor " + std::to_string(number) + " is left out: its class" + because(known));
            lost.push_back(number);
            return;
        }
        from.by_number[number] = &actors.restore_actor(number, cls->itself(), false);
    });
    auto dead = [&](uint64_t number, uint64_t was, uint64_t reason) {
        ShapeId shape = 0;
        Class* cls = was && names.shape_of(was, shape) ? runtime.shapes[shape].cls : nullptr;
        Actor& actor = actors.restore_actor(number, cls ? cls->itself() : nullptr, true);
        actor.end_reason = from.symbol(reason);
        restored.held.push_back(Value::cell(actor.address));
        from.by_number[number] = &actor;
        return &actor;
    };
    for (uint64_t number : lost) dead(number, 0, 0);
    names.address_of = [&](uint64_t number) {
        Actor* actor = from.actor(number);
        if (!actor)
            if (const State* state = find(number); state && state->ended)
                actor = dead(number, state->facts.shape, state->end_reason);
        return actor ? Value::cell(actor->address) : Value();
    };
    actors.number_from(totals_.last_actor);
    actors.asks_from(totals_.last_ask);
    each_actor([&](uint64_t number, const State& state) {
        if (const PendingAsk pending = pending_ask(state.tape);
            state.begun && pending.ask && !pending.answered)
            from.waits[number] = pending.ask;
    });
    each_actor([&](uint64_t number, const State& state) {
        if (state.ended) return;
        Actor& actor = *from.actor(number);
        if (actor.status == Actor::Ended) return;
        const FactsRecord& facts = state.facts;
        actor.turns = uint32_t(state.begun ? state.tape_turn : state.turns);
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
                const State* its = find(record.actor);
                if (!who || who->status == Actor::Ended || !its || supervisor_of(its->facts) != number ||
                    !met.insert(record.actor).second)
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
        if (!state.heap.empty()) {
            const size_t known = names.troubles().size();
            if (!restore_heap(actors, names, actor, state)) {
                trouble(actors.describe(actor) + " is held: its state cannot be brought back" +
                        because(known));
                actor.status = Actor::Held;
            }
        }
        if (state.begun) {
            const size_t known_before = names.troubles().size();
            if (auto message = from.message(*state.begun, actor.cls); !message) {
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
        for (const PostRecord& post : state.mailbox) {
            const size_t known_before = names.troubles().size();
            if (auto message = from.message(post, actor.cls))
                actors.restore_message(actor, std::move(message));
            else
                trouble("a message for " + actors.describe(actor) + " is lost" + because(known_before));
        }
        restored.actors.push_back(&actor);
    });
    if (broken_) trouble("some actors are left out: what the image says of them is damaged");
    const uint64_t now_ms = uint64_t(os::wall_ns()) / 1'000'000;
    for (auto& [number, timer] : timers_) {
        Actor* to = from.actor(timer.message.to);
        if (!to || to->status == Actor::Ended) continue;
        const uint64_t in_ms = timer.due_ms > now_ms ? timer.due_ms - now_ms : 0;
        const uint64_t in = std::min(in_ms, kLongest / 1'000'000) * 1'000'000;
        if (auto message = from.message(timer.message, to->cls))
            actors.restore_timer(*to, number, in, std::min(timer.every, kLongest), std::move(message));
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
