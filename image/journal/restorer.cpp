#include "image/journal/restorer.h"
#include "image/codec/cell_form.h"
#include "image/journal/letters.h"
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

constexpr uint64_t kLongest = 1'000'000'000'000'000'000; // ns: ActorSystem::duration
constexpr size_t kBringerStack = size_t(1) << 20;
constexpr const char* kWhatToDo =
    "; `indent image verify` says what is damaged, `indent image recover` brings back into a new image what "
    "can be read, and a copy of the image may have it still";
constexpr uint64_t kShortest = 1'000; // ns, from one message of a timer to the next: no turn is quicker

// A supervisor was there before its children, so nobody is his own.
uint64_t supervisor_of(const FactsRecord& facts) {
    return facts.supervisor < facts.actor ? facts.supervisor : 0;
}

// A row for each canvas (vm/prims/canvas.cpp).
bool are_drawings(Value drawings) {
    if (!is_tuple(drawings)) return false;
    for (size_t i = 0; i < tuple_size(drawings); ++i)
        if (Value row = tuple_get(drawings, i); !is_tuple(row) || tuple_size(row) != 6) return false;
    return true;
}

// For each object that a migration has changed: the object, whether by hand, how many fields, their names and values.
bool is_journal(Value journal) {
    if (!is_list(journal)) return false;
    const size_t size = list_size(journal);
    for (size_t at = 0; at < size;) {
        if (size - at < 3 || !list_get(journal, at).is_cell() || !list_get(journal, at + 1).is_boolean() ||
            !list_get(journal, at + 2).is_integer())
            return false;
        const auto fields = uint64_t(list_get(journal, at + 2).as_integer());
        if (fields > (size - at - 3) / 2) return false;
        at += 3 + 2 * size_t(fields);
    }
    return true;
}

// The state is an object of the actor's class, in whatever layout; then what a migration has dropped, and what it shows.
bool is_state(Runtime& runtime, const Actor& actor, const std::vector<Value>& roots) {
    if (roots.size() < 2 || !roots[0].is_cell() || roots[0].cell()->is_frozen()) return false;
    const Class* cls = runtime.shapes[roots[0].cell()->shape].cls;
    return cls && cls->itself() == actor.cls && (!roots[1] || is_journal(roots[1])) &&
           (roots.size() < 3 || !roots[2] || are_drawings(roots[2]));
}

// Whoever handles it does not ask whether there are as many arguments as it says.
bool is_whole(Runtime& runtime, const ActorMessage& message, Class* cls) {
    const size_t count = message.arguments ? message.arguments->count() : 0;
    if (!message.labels.empty() && message.labels.size() != count) return false;
    if (message.kind == ActorMessage::Child && !message.from) return false;
    const Class* made = cls;
    if (message.starts_as) {
        made = runtime.shapes[message.starts_as].cls;
        if (!made || made->itself() != cls) return false;
    }
    const bool starts = message.kind == ActorMessage::Start || message.kind == ActorMessage::Restart;
    if (starts && count > 0 && !made->lookup(sym::init)) return count == made->fields.size();
    for (size_t i = 0; i < count; ++i)
        if (message.arguments->peek(i).is_absent()) return false;
    return count <= kMostArguments;
}

} // namespace

Restorer::Restorer(Recovery& recovery, ActorSystem& actors, WorldNames& names)
    : recovery_(recovery), actors_(actors), names_(names) {
    names.limit_memory(WorldNames::kMostAtOnce);
    // The actor alone: its mailbox may lead to the very thing that is being made, and is read when that is there.
    names.address_of = [this](uint64_t number) {
        Actor* actor = find_or_make(number);
        return actor ? Value::cell(actor->address) : Value();
    };
    names.shared_made = [this] { finish_all(); };
}

Restorer::~Restorer() {
    stop_bringing();
    names_.address_of = nullptr;
    names_.shared_made = nullptr;
    names_.limit_memory(WorldNames::kNoLimit);
    for (Value address : held_) actors_.runtime().shared.release(address);
}

// As much more as has been read since the last time.
void Restorer::allow_memory() {
    const uint64_t read = recovery_.bytes_read() + names_.row_bytes();
    names_.allow_memory(WorldNames::kMostPerByte * (read - allowed_for_));
    allowed_for_ = read;
}

void Restorer::trouble(std::string words, size_t known) {
    for (size_t i = known; i < names_.troubles().size(); ++i)
        words += (i > known ? "; " : ": ") + names_.troubles()[i];
    if (begun_ && tell)
        tell(words);
    else if (begun_ && actors_.report)
        actors_.report("error: " + words + "\n");
    else
        troubles_.push_back(std::move(words));
}

SymbolId Restorer::symbol(uint64_t number) {
    SymbolId id = 0;
    if (number) (void)names_.symbol_of(number, id);
    return id;
}

// For an actor of this class. Null: it is none that could have been sent, or names what is not there.
std::unique_ptr<ActorMessage> Restorer::message(const PostRecord& post, Class* cls) {
    auto message = message_from(post, actors_.runtime(), names_);
    if (!message) return nullptr;
    if (Actor* from = post.from ? make(post.from) : nullptr)
        message->from = ActorRef(actors_.runtime().shared, from);
    if (recovery_.waits_for(post)) message->ask = post.ask; // else nobody waits for it any more
    if (!is_whole(actors_.runtime(), *message, cls)) return nullptr;
    return message;
}

// What a turn that waited is run again on.
std::shared_ptr<TurnTape> Restorer::tape_of(const Recovery::State& state) {
    std::string bytes = state.tape, broken;
    const PendingAsk pending = pending_ask(bytes);
    auto actor = [&](uint64_t number) {
        const Value address = names_.address_of(number);
        return address ? actor_of(address) : nullptr;
    };
    if (Actor* asked = actor(pending.to);
        pending.ask && !pending.answered && (!asked || asked->status == Actor::Ended))
        append_down(bytes, pending.to);
    const size_t known = names_.troubles().size();
    std::vector<TapeEntry> entries;
    if (!tape_from(bytes, actors_, names_, names_.address_of, entries)) {
        broken = "what it had got cannot be brought back";
        for (size_t i = known; i < names_.troubles().size(); ++i)
            broken += (i > known ? "; " : ": ") + names_.troubles()[i];
        entries.clear();
    }
    return std::make_shared<TurnTape>(actors_, std::move(entries), std::move(broken), recovery_.last_ms(),
                                      ActorRef(actors_.runtime().shared, actor(pending.to)));
}

bool Restorer::restore_heap(Actor& actor, const Recovery::State& state) {
    bool damaged = false;
    const bool whole = restore_heap(actor, state, names_, damaged, {});
    if (!whole) {
        actor.heap.reset();
        actor.state = actor.journal = actor.drawings = Value();
    }
    return whole;
}

bool Restorer::restore_heap(Actor& actor, HeapPicture& picture) {
    Runtime& runtime = actors_.runtime();
    Heap heap(runtime.shared, actors_.heap_options());
    std::vector<Value> roots;
    if (!picture.restore(heap, roots, names_) || !is_state(runtime, actor, roots)) return false;
    std::lock_guard lock(actor.lock);
    if (actor.status == Actor::Ended) return false;
    actor.heap.emplace(std::move(heap));
    actor.state = roots[0];
    actor.journal = roots[1];
    actor.drawings = roots.size() > 2 ? roots[2] : Value();
    actor.heap_bytes = actor.heap->used_bytes();
    return true;
}

bool Restorer::restore_heap(Actor& actor, const Recovery::State& state, Names& names, bool& damaged,
                            const Hands& hands) {
    Runtime& runtime = actors_.runtime();
    if (!state.has_heap()) return false;
    const uint64_t blocks = names_.blocks_met();
    HeapPicture picture;
    Heap heap(runtime.shared, actors_.heap_options());
    HeapRestore restore(picture, heap, names, hands);
    bool makes_sense = true;
    auto take = [&](std::string leaf, bool is_changed) {
        if (hands.poll && !hands.poll()) return false;
        {
            std::lock_guard lock(mutex_);
            names_.allow_memory(WorldNames::kMostPerByte * leaf.size());
        }
        return makes_sense = is_changed ? picture.add(std::move(leaf)) : restore.add_leaf(std::move(leaf));
    };
    if (!recovery_.give_heap(state, picture, take)) {
        damaged = makes_sense;
        return false;
    }
    std::vector<Value> roots;
    if (!restore.finish(roots) || !is_state(runtime, actor, roots)) return false;
    const uint64_t base = state.head.empty() ? state.heap.front().size() : state.leaf_bytes;
    std::lock_guard lock(actor.lock);
    if (actor.status == Actor::Ended) return true; // meanwhile
    actor.heap.emplace(std::move(heap));
    actor.state = roots[0];
    actor.journal = roots[1];
    actor.drawings = roots.size() > 2 ? roots[2] : Value();
    actor.heap_bytes = actor.heap->used_bytes();
    actor.log_room =
        room_after(base, state.heap_bytes() - std::min(base, state.heap_bytes()), actor.heap->used_bytes());
    if (names_.blocks_met() != blocks) actors_.suspect(actor);
    return true;
}

// What an Atom and a module hold is shared.
bool Restorer::one_shared(std::string_view bytes, Value& value) {
    SharedSpace& shared = actors_.runtime().shared;
    Parcel::Pointer parcel;
    if (!parcel_from(bytes, shared, 0, names_, parcel) || !parcel || parcel->count() != 1) return false;
    value = parcel->peek(0);
    if (!is_value(value) || (value.is_cell() && !value.cell()->is_shared())) return false;
    shared.hold(value);
    return true;
}

// ---- actors

// Whoever has ended is there as long as somebody names him.
Actor* Restorer::dead(uint64_t number, uint64_t was, uint64_t reason) {
    ShapeId shape = 0;
    Class* cls = was && names_.shape_of(was, shape) ? actors_.runtime().shapes[shape].cls : nullptr;
    Actor& actor = actors_.restore_actor(number, cls ? cls->itself() : nullptr, true);
    actor.end_reason = symbol(reason);
    held_.push_back(Value::cell(actor.address));
    return by_number_[number] = &actor;
}

Actor* Restorer::find_or_make(uint64_t number) {
    std::lock_guard lock(mutex_);
    if (auto found = by_number_.find(number); found != by_number_.end()) return found->second;
    const Recovery::State* state = recovery_.actor(number);
    if (!state && recovery_.is_damaged(number)) {
        trouble("actor " + std::to_string(number) + names_in_words(recovery_.names_of(number)) +
                    " is left out: what the image has of it is damaged" + kWhatToDo,
                names_.troubles().size());
        return dead(number, 0, 0);
    }
    if (!state) return nullptr;
    if (state->ended) return dead(number, state->facts.shape, state->end_reason);
    ShapeId shape = 0;
    const size_t known = names_.troubles().size();
    Class* cls = names_.shape_of(state->facts.shape, shape) && shape >= shape::kFirstFree
                     ? actors_.runtime().shapes[shape].cls
                     : nullptr;
    if (!cls || (cls->kind != ClassKind::Actor && cls->kind != ClassKind::Supervisor)) {
        trouble("actor " + std::to_string(number) + " is left out: its class", known);
        return dead(number, 0, 0);
    }
    Actor* actor = by_number_[number] = &actors_.restore_actor(number, cls->itself(), false);
    actor->dormant = state->has_heap();
    unfinished_.push_back(number);
    return actor;
}

Actor* Restorer::make(uint64_t number) {
    std::lock_guard lock(mutex_);
    Actor* actor = find_or_make(number);
    finish_all();
    return actor;
}

// It and those that belong to it are put together one after the other: they may be many, and in circles.
void Restorer::finish_all() {
    std::lock_guard lock(mutex_);
    if (std::exchange(finishing_, true)) return;
    while (!unfinished_.empty()) {
        const uint64_t next = unfinished_.back();
        unfinished_.pop_back();
        finish(next);
    }
    for (Actor* child : std::exchange(unborn_, {})) actors_.restore_unborn(*child);
    for (ActorMessage* message : std::exchange(to_be_decided_, {})) hold_for_decision(*message);
    finishing_ = false;
}

// No turn of the child begins before its supervisor has decided, nor one of those that it was about to restart when the
// program ended: it decides anew.
void Restorer::hold_for_decision(ActorMessage& message) {
    Actor& child = *message.from;
    bool is_cut_short = false;
    if (child.ties && child.ties->supervisor && child.ties->supervisor->supervision)
        for (const Child& other : child.ties->supervisor->supervision->children)
            if (other.actor->status == Actor::Idle && has_only_ended(other.actor->id)) {
                other.actor->status = Actor::Held;
                is_cut_short = true;
            }
    if (is_cut_short) message.reason = child.incarnation;
    if (child.status == Actor::Idle && child.incarnation == message.reason) child.status = Actor::Held;
}

// Its old incarnation has, and nothing says yet that it begins anew.
bool Restorer::has_only_ended(uint64_t number) {
    const Recovery::State& state = *recovery_.actor(number);
    return !state.has_heap() && !state.begun &&
           std::none_of(state.mailbox.begin(), state.mailbox.end(), [](const PostRecord& post) {
               return post.kind == ActorMessage::Start || post.kind == ActorMessage::Restart;
           });
}

void Restorer::finish(uint64_t number) {
    const Recovery::State& state = *recovery_.actor(number);
    Actor& actor = *by_number_.at(number);
    const FactsRecord& facts = state.facts;
    actor.turns = uint32_t(state.begun ? state.tape_turn : state.turns);
    actor.incarnation = uint32_t(facts.incarnation);
    for (uint64_t name : facts.names)
        if (SymbolId id = symbol(name)) actors_.restore_name(actor, id);
    std::vector<Actor*> watchers;
    for (uint64_t watcher : facts.watchers)
        if (Actor* who = make(watcher)) watchers.push_back(who);
    Actor* supervisor = supervisor_of(facts) ? make(supervisor_of(facts)) : nullptr;
    actors_.restore_ties(actor, watchers,
                         supervisor && supervisor->status != Actor::Ended ? supervisor : nullptr);
    if (facts.first_start) {
        if (auto first = message(*facts.first_start, actor.cls))
            actor.first_start = std::move(first);
        else if (names_.wants_code())
            without_start_.push_back(number);
    }
    if (facts.supervision && actor.cls->kind == ClassKind::Supervisor) supervise(actor, *facts.supervision);
    if (still_) return;
    if (state.begun) {
        const size_t known = names_.troubles().size();
        if (auto handled = message(*state.begun, actor.cls); !handled) {
            trouble("TurnLost: " + actors_.describe(actor) +
                        " waited in the middle of a turn, and its message cannot be brought back",
                    known);
        } else if (handled->kind == ActorMessage::Child) {
            to_be_decided_.push_back(handled.get());
            actors_.restore_message(actor, std::move(handled)); // the machine decides anew
        } else {
            if (handled->kind == ActorMessage::Start && handled->from) unborn_.push_back(&actor);
            handled->tape = tape_of(state);
            actors_.restore_turn(actor, std::move(handled));
            ++waited_;
        }
    }
    for (const PostRecord& post : state.mailbox) {
        const size_t known = names_.troubles().size();
        if (auto waits = message(post, actor.cls)) {
            if (waits->kind == ActorMessage::Child) to_be_decided_.push_back(waits.get());
            if (waits->kind == ActorMessage::Start && waits->from) unborn_.push_back(&actor);
            actors_.restore_message(actor, std::move(waits));
        } else
            trouble("a message for " + actors_.describe(actor) + " is lost", known);
    }
}

void Restorer::supervise(Actor& actor, const SupervisionRecord& record) {
    actor.supervision = std::make_unique<Supervision>();
    Supervision& made = *actor.supervision;
    made.strategy = Supervision::Strategy(std::min<uint8_t>(record.strategy, Supervision::RestForOne));
    made.on_error = Child::OnError(std::min<uint8_t>(record.on_error, Child::DoEscalate));
    made.most = uint32_t(std::min<uint64_t>(record.most, 1'000'000));
    made.within = std::min(record.within, kLongest);
    std::set<uint64_t> met;
    for (const ChildRecord& one : record.children) {
        Actor* who = make(one.actor);
        const Recovery::State* its = recovery_.actor(one.actor);
        if (!who || who->status == Actor::Ended || !its || supervisor_of(its->facts) != actor.id ||
            !met.insert(one.actor).second)
            continue;
        Child child;
        child.actor = ActorRef(actors_.runtime().shared, who);
        child.restart = Child::Restart(std::min<uint8_t>(one.restart, Child::Temporary));
        child.on_error = Child::OnError(std::min<uint8_t>(one.on_error, Child::DoEscalate));
        child.patience = std::min(one.patience, kLongest);
        child.restarts = uint32_t(one.restarts);
        made.children.push_back(std::move(child));
    }
}

// What a large heap names is looked up under the lock, and the rest of it is read beside it: others come in meanwhile.
class Restorer::NamesBeside final : public NamesOfOther {
  public:
    NamesBeside(WorldNames& names, std::recursive_mutex& mutex)
        : NamesOfOther(names), all_(names), mutex_(mutex) {}
    bool symbol_of(uint64_t number, SymbolId& id) override {
        std::lock_guard lock(mutex_);
        return names_.symbol_of(number, id);
    }
    bool shape_of(uint64_t number, ShapeId& id) override {
        std::lock_guard lock(mutex_);
        return names_.shape_of(number, id);
    }
    // It may make actors, for which the lock comes before that of the names.
    bool shared_of(uint64_t number, Value& cell) override {
        std::lock_guard lock(mutex_);
        const WorldNames::Beside beside(all_);
        return names_.shared_of(number, cell);
    }
    bool raw_of(ShapeId shape, size_t word, uint64_t number, Value& value) override {
        std::lock_guard lock(mutex_);
        const WorldNames::Beside beside(all_);
        return names_.raw_of(shape, word, number, value);
    }
    bool may_take(uint64_t bytes) override {
        std::lock_guard lock(mutex_);
        return names_.may_take(bytes);
    }

  private:
    WorldNames& all_;
    std::recursive_mutex& mutex_;
};

bool Restorer::is_large(const Actor& actor) {
    constexpr uint64_t kLarge = 1 << 20; // bytes
    const Recovery::State* state = recovery_.actor(actor.id);
    return state && state->heap_bytes() >= kLarge;
}

bool Restorer::takes_long(const Actor& actor) {
    std::lock_guard lock(mutex_);
    return brings_ && actor.dormant && is_large(actor);
}

bool Restorer::awaken(Actor& actor) {
    if (!takes_long(actor)) {
        std::unique_lock lock(mutex_);
        return awaken_now(actor, lock, false);
    }
    struct Answer {
        bool is_there = false, whole = false;
    };
    auto answer = std::make_shared<Answer>();
    actors_.wait_beside([&] {
        std::unique_lock lock(mutex_);
        bring(actor, [this, answer](bool whole) {
            std::lock_guard own(mutex_);
            *answer = {true, whole};
            wanted_.notify_all();
        });
        wanted_.wait(lock, [&] { return answer->is_there || stopping_; });
    });
    std::lock_guard lock(mutex_);
    return answer->whole;
}

namespace {
// Of one that was brought already; its worker may be at it by now.
bool has_come(Actor& actor) {
    std::lock_guard lock(actor.lock);
    return actor.status != Actor::Held || bool(actor.state);
}
} // namespace

bool Restorer::awaken_now(Actor& actor, std::unique_lock<std::recursive_mutex>& lock, bool beside) {
    if (!actor.dormant) return has_come(actor);
    const Recovery::State* state = recovery_.actor(actor.id);
    const size_t known = names_.troubles().size();
    allow_memory();
    bool whole = false, damaged = false;
    const auto try_it = [&] {
        if (!state || !beside) {
            whole = state && restore_heap(actor, *state, names_, damaged, {});
            return;
        }
        lock.unlock();
        NamesBeside names(names_, mutex_);
        const Hands hands{[this] {
                              actors_.poll_beside();
                              return !stopping_;
                          },
                          [this](std::function<void()> work) {
                              auto thread = os::Thread::start("bringer's", kBringerStack, [this, work] {
                                  os::stand_back();
                                  actors_.begin_beside();
                                  work();
                                  actors_.end_beside();
                              });
                              return thread ? std::move(*thread) : os::Thread();
                          }};
        whole = restore_heap(actor, *state, names, damaged, hands);
        lock.lock();
    };
    try_it();
    while (names_.wants_code() && !stopping_) { // also what it leads to: Atoms, how others begin anew
        make_wanted_code(lock, beside);
        if (!actor.dormant) return has_come(actor); // others have done it
        if (whole) continue;
        if (state) names_.allow_memory(WorldNames::kMostPerByte * state->heap_bytes());
        damaged = false;
        try_it();
    }
    if (!whole && beside && stopping_) return false;
    if (!whole)
        trouble(actors_.describe(actor) + " is held: " +
                    (damaged ? std::string("what the image has of its state is damaged") + kWhatToDo
                             : "its state cannot be brought back"),
                known);
    if (!whole) { // before anybody takes it for one that has come
        std::lock_guard own(actor.lock);
        if (actor.status == Actor::Idle || actor.status == Actor::Ready) actor.status = Actor::Held;
    }
    actor.dormant = false;
    recovery_.forget_heap(actor.id); // it is in memory once
    return whole;
}

// Code comes while nobody else runs, and whoever waits for that has no lock.
void Restorer::make_wanted_code(std::unique_lock<std::recursive_mutex>& lock, bool beside) {
    lock.unlock();
    names_.look_for_wanted_code();
    if (beside) actors_.end_beside();
    actors_.exclusively([&] {
        std::lock_guard own(mutex_);
        names_.make_wanted_code();
        for (const uint64_t number : std::exchange(without_start_, {})) {
            Actor& actor = *by_number_.at(number);
            auto first = message(*recovery_.actor(number)->facts.first_start, actor.cls);
            std::lock_guard of_actor(actor.lock);
            if (first && !actor.first_start) actor.first_start = std::move(first);
        }
    });
    if (beside) actors_.begin_beside();
    lock.lock();
}

void Restorer::bring(Actor& actor, std::function<void(bool whole)> then) {
    std::lock_guard lock(mutex_);
    to_bring_.push_back({ActorRef(actors_.runtime().shared, &actor), std::move(then)});
    wanted_.notify_all();
}

void Restorer::bring_those_wanted() {
    os::stand_back();
    std::unique_lock lock(mutex_);
    for (;;) {
        wanted_.wait(lock, [&] { return stopping_ || !to_bring_.empty(); });
        if (stopping_) return;
        const Wanted next = std::move(to_bring_.front());
        to_bring_.pop_front();
        lock.unlock();
        actors_.begin_beside(); // before the lock: whoever is alone may want that
        lock.lock();
        const bool whole = awaken_now(*next.actor, lock, true);
        lock.unlock();
        if (next.then && !stopping_) next.then(whole);
        actors_.end_beside();
        lock.lock();
    }
}

void Restorer::stop_bringing() {
    {
        std::lock_guard lock(mutex_);
        stopping_ = true;
        wanted_.notify_all();
    }
    bringer_.join();
    std::lock_guard lock(mutex_);
    to_bring_.clear();
}

Actor* Restorer::named(SymbolId name) {
    std::lock_guard lock(mutex_);
    const uint64_t number = recovery_.named(names_.symbol_number(name));
    if (!number || by_number_.contains(number)) return nullptr; // the system knows its names
    Actor* actor = make(number);
    return actor && actor->status != Actor::Ended ? actor : nullptr;
}

void Restorer::make_all() {
    std::lock_guard lock(mutex_);
    if (std::exchange(all_made_, true)) return;
    for (uint64_t number : recovery_.actors()) (void)make(number);
    for (const Recovery::Damaged& some : recovery_.damaged(Recovery::Look::AtWhatWasRead))
        trouble("actors from number " + std::to_string(some.first) + " to " + std::to_string(some.last) +
                    names_in_words(some.names) + " are left out: what the image has of them is damaged" +
                    kWhatToDo,
                names_.troubles().size());
}

std::string Restorer::names_in_words(const std::vector<uint64_t>& symbols) {
    std::string all;
    for (uint64_t each : symbols)
        if (SymbolId id = symbol(each))
            all += (all.empty() ? " (:" : ", :") + std::string(actors_.runtime().symbols.text(id));
    return all.empty() ? all : all + ")";
}

void Restorer::awaken_all() {
    std::vector<Actor*> all;
    {
        std::lock_guard lock(mutex_);
        make_all();
        if (all_awake_) return;
        for (auto& [number, actor] : by_number_) all.push_back(actor);
    }
    for (Actor* actor : all) // one by one: whoever holds the lock must not wait for one that arrives
        if (actor->status != Actor::Ended && actor->dormant && !awaken(*actor)) actor->status = Actor::Held;
    std::lock_guard lock(mutex_);
    all_awake_ = true;
}

// ---- all that must be there

Recovery::Restored Restorer::begin(bool everything, bool still) {
    std::lock_guard lock(mutex_);
    still_ = still;
    allow_memory();
    actors_.number_from(recovery_.last_actor());
    actors_.asks_from(recovery_.last_ask());
    const bool brings = !everything && !still && !actors_.is_deterministic();
    for (uint64_t number : everything ? recovery_.actors() : recovery_.busy()) {
        Actor* actor = make(number);
        if (!actor || actor->status == Actor::Ended || !actor->dormant) continue;
        if (still && !everything) continue; // it is needed when somebody looks at it
        if (brings && is_large(*actor))
            large_.push_back(actor);
        else if (!awaken(*actor))
            actor->status = Actor::Held;
    }
    if (everything) make_all();
    restore_rest();
    const size_t known = names_.troubles().size();
    if (SymbolId id = 0; recovery_.last_name() && !names_.symbol_of(recovery_.last_name(), id))
        trouble(std::string("names of actors are lost: what the image has of them is damaged") + kWhatToDo,
                known);
    Recovery::Restored restored;
    for (auto& [number, actor] : by_number_)
        if (actor->status != Actor::Ended) restored.actors.push_back(actor);
    restored.troubles = std::exchange(troubles_, {});
    restored.waited = waited_;
    restored.held = std::exchange(held_, {});
    begun_ = true;
    if (brings) begin_bringing();
    return restored;
}

void Restorer::begin_bringing() {
    auto thread = os::Thread::start("bringer", kBringerStack, [this] { bring_those_wanted(); });
    if (!thread) return; // then whoever needs one waits for it
    bringer_ = std::move(*thread);
    brings_ = true;
}

void Restorer::bring_busy() {
    std::unique_lock lock(mutex_);
    const std::vector<Actor*> large = std::exchange(large_, {});
    const bool brings = brings_;
    lock.unlock();
    for (Actor* actor : large) {
        if (brings)
            bring(*actor, nullptr);
        else
            (void)awaken(*actor);
    }
}

void Restorer::restore_rest() {
    Runtime& runtime = actors_.runtime();
    const uint64_t now_ms = uint64_t(os::wall_ns()) / 1'000'000;
    for (auto& [number, timer] : recovery_.timers()) {
        Actor* to = make(timer.message.to);
        if (still_ || !to || to->status == Actor::Ended) continue;
        const uint64_t in_ms = timer.due_ms > now_ms ? timer.due_ms - now_ms : 0;
        const uint64_t in = std::min(in_ms, kLongest / 1'000'000) * 1'000'000;
        if (auto sent = message(timer.message, to->cls))
            actors_.restore_timer(*to, number, in,
                                  timer.every ? std::clamp(timer.every, kShortest, kLongest) : 0,
                                  std::move(sent));
    }
    for (auto& [number, bytes] : recovery_.atoms()) {
        Value atom, value;
        const size_t known = names_.troubles().size();
        if (!names_.shared_of(number, atom) || !has_shape(atom, shape::kAtom) || !one_shared(bytes, value)) {
            trouble("the value of an Atom is lost", known);
            continue;
        }
        set_atom(runtime.shared, atom.cell(), value);
    }
    for (auto& [name, bytes] : recovery_.module_values()) {
        Value value;
        auto module = runtime.modules.find(name.first);
        if (module == runtime.modules.end()) continue; // it is gone, and its values with it
        auto found = module->second->names.find(runtime.symbols.intern(name.second));
        if (found == module->second->names.end() ||
            (found->second->kind != Binding::Stable && found->second->kind != Binding::Var))
            continue;
        const size_t known = names_.troubles().size();
        if (!one_shared(bytes, value)) {
            trouble("the value of `" + name.first + "." + name.second + "` is lost", known);
            continue;
        }
        runtime.replaced_values.push_back(std::exchange(found->second->value, value));
    }
}

} // namespace indent::image
