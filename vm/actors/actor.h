// One actor: its heap and state, its mailbox, what happens to it. Its address is a shared cell (shape::kAddress, word 0
// the Actor) that everybody who knows the actor holds; the struct lives as long as the address, the heap as long as the
// actor. Which thread may touch what is said at each part.
#pragma once
#include "vm/actors/deadlines.h"
#include "vm/actors/parcel.h"
#include "vm/actors/turn_stack.h"
#include "vm/heap/heap.h"
#include "vm/interp/inner.h"
#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace indent {

struct Actor;

// A hold of an actor's address.
class ActorRef {
  public:
    ActorRef() = default;
    ActorRef(SharedSpace& shared, Actor* actor); // a further hold; actor may be null
    ActorRef(ActorRef&& other) noexcept
        : shared_(other.shared_), actor_(std::exchange(other.actor_, nullptr)) {}
    ActorRef& operator=(ActorRef&& other) noexcept {
        std::swap(shared_, other.shared_);
        std::swap(actor_, other.actor_);
        return *this;
    }
    ActorRef(const ActorRef& other) : ActorRef() {
        if (other.actor_) *this = ActorRef(*other.shared_, other.actor_);
    }
    ActorRef& operator=(const ActorRef& other) {
        if (this != &other) *this = ActorRef(other);
        return *this;
    }
    ~ActorRef();
    Actor* get() const { return actor_; }
    Actor* operator->() const { return actor_; }
    Actor& operator*() const { return *actor_; }
    explicit operator bool() const { return actor_ != nullptr; }

  private:
    SharedSpace* shared_ = nullptr;
    Actor* actor_ = nullptr;
};

// How many messages and turns a live reload waits for. One that is refused leaves some behind, which the next one must not
// count, so each has a number of its own.
using DrainCount = std::shared_ptr<std::atomic<size_t>>;

// One of those that a live reload waits for, for as long as it lives.
class Drained {
  public:
    Drained() = default;
    Drained(const Drained&) = delete;
    ~Drained() { end(); }
    void begin(const DrainCount& count) {
        if (count_ == count) return;
        end();
        count_ = count;
        count_->fetch_add(1);
    }
    bool is_of(const DrainCount& count) const { return count_ == count; }

  private:
    void end() {
        if (count_) count_->fetch_sub(1);
    }
    DrainCount count_;
};

struct ActorMessage {
    enum Kind : uint8_t {
        Call, // a handler of `on`
        Start, // construct the state and run `on start`; arguments: one for each field, absent ones have initialisers
        Stop,    // run `on stop(reason)` and end
        Down,    // run `on down(who, reason)`
        Native,  // run `work`
        Restart, // begin anew, as after Start; with a reason: end the old state only, and be held
        Child, // of a supervisor: one of its children has failed or ended; from itself: it goes on to start them
    };
    ActorMessage* next = nullptr;
    Kind kind = Call;
    bool trailing_block = false;
    bool anew = false; // its turn has begun once, and what came into that counts no more
    SymbolId selector = 0;
    uint32_t era = 0; // of the chain that it belongs to; 0: it begins one
    Drained drained;
    uint64_t number = 0; // in the log of an image; 0: it is in none
    uint64_t ask = 0;    // not 0: somebody waits for the answer under this number
    ActorRef from;       // who waits; of Down and Child: who it is about
    Parcel::Pointer arguments;
    ShapeId starts_as = 0;                     // of Start: the layout that the arguments are for
    std::vector<SymbolId> labels;              // one for each argument, or none at all
    SymbolId reason = 0;                       // of Stop; 0: normal; of Restart; of Child: its incarnation
    std::string report;                        // of Child: what went wrong, in words
    std::shared_ptr<struct TimerRecord> timer; // that it came from: has the arguments
    std::function<bool(Machine&)> work;        // commits by itself; false: what has not left never leaves
    std::shared_ptr<class TurnTape> tape;      // of a turn that is run again; null: it has not begun
    std::shared_ptr<class BreakRecord> record; // while errors stop turns
};

// The answer to an ask.
struct Answer {
    Parcel::Pointer value; // one; the error where it failed
    bool failed = false;
    bool kept = false;                        // the log has it
    std::shared_ptr<const RemoteTrace> trace; // of an error
    // Of what the machine says itself: the class of an error and its words.
    const char* error_class = nullptr;
    std::string words;
};

// What of a turn has left before its end, which nothing takes back: for the report if it fails.
struct Departed {
    struct Letter {
        SymbolId selector = 0;
        uint64_t to = 0;
        const Class* cls = nullptr;
    };
    uint32_t messages = 0;
    uint32_t spawned = 0;
    uint32_t timers = 0;
    Letter first[3];
    void add(SymbolId selector, const Actor& to);
};

// What a turn has on a worker's stacks, while it waits. Workers use them again and again.
struct WaitingTurn {
    std::vector<Value> stack;
    size_t frame = 0; // where the innermost frame begins in it
    Value state;      // of the actor, as its turn has it
    Value journal;    // the same of what its migrations have dropped
    Value drawings;   // and of what it shows
    TurnStack::Cut native;
    // Machine and Machine::Inner, as they were.
    Rooted* roots = nullptr;
    Visiting* visiting = nullptr;
    TryRecord* handlers = nullptr;
    ActiveRaise* raises = nullptr;
    ActiveRaise uncaught;
    std::vector<Value> open_variables;
    Completion completion = Completion::None;
    Value completion_value;
    bool reserve_in_use = false;
    char* native_limit = nullptr; // moved while an overflow is handled
    std::vector<Machine::Inner::Remote> remote_errors;
    Departed departed;
    std::shared_ptr<class TurnTape> tape;
    std::shared_ptr<struct Outbox> outbox; // what has not left; null: nothing
    Actor* actor = nullptr;                // whose it is
    uint64_t until = 0;                    // monotonic ns; 0: none
    uint64_t patience = 0;                 // ns from the beginning to that
    bool asks_held = false;                // whom it asks was held when that time was over
    DeadlinePlace deadline;
    bool escaped = false; // others may have seen what it did
    uint32_t worker = 0;
    size_t place = 0; // among the waiting turns of the worker, under its lock of them
};

// What few actors have.
struct Ties {
    std::vector<SymbolId> names;
    std::vector<ActorRef> watchers;                          // get `down` when this one ends
    std::vector<std::shared_ptr<struct TimerRecord>> timers; // that bring messages to it
    ActorRef supervisor;                                     // that started it
    // Those whose `ask` waits for room in its mailbox, the first to come first, with the numbers that they wait for.
    std::deque<std::pair<ActorRef, uint64_t>> for_room;
};

class SpinLock {
  public:
    void lock() {
        if (taken_.exchange(true, std::memory_order_acquire)) [[unlikely]]
            wait();
    }
    void unlock() { taken_.store(false, std::memory_order_release); }

  private:
    void wait(); // until it is ours
    std::atomic<bool> taken_ = false;
};

struct Actor {
    enum Status : uint8_t {
        Unborn, // its spawner's segment has not left yet
        Idle,   // nothing to do
        Ready,  // in a worker's queue
        Running,
        Waiting, // its turn waits for an answer, for time
        Held,    // its supervisor decides, a reload or a person holds it
        Ended,
    };
    static constexpr uint8_t kAnyWorker = 0xFF;

    explicit Actor(uint64_t id);
    ~Actor();

    const uint64_t id;
    Cell* address = nullptr;
    Class* cls = nullptr; // null: the main actor

    // ---- under the lock
    SpinLock lock;
    Status status = Unborn;
    uint8_t pinned = kAnyWorker; // where its turn waits, or where alone it may run
    bool stop_requested = false; // its turn is to end with Stopped
    bool stop_said = false;
    bool on_worker = false;        // a worker handles its messages: whoever wakes it leaves it to that worker
    bool switch_held = false;      // Held by a reload until that is over; it counts as active meanwhile
    bool begins_anew = false;      // its supervisor restarts it before it takes another message
    bool supervisor_waits = false; // for it to end or begin anew, so it must not wait for its supervisor
    bool again = false;            // its turn ends so that its message can be handled anew,
    bool again_later = false;      // after it was let go
    bool answered = false;         // an answer came, or the time is over
    bool room_wanted = false;      // somebody is in Ties::for_room
    bool lent = false; // Held, idle but for a reload that looks at its state: whoever wakes it leaves that be
    ActorMessage* first = nullptr; // the mailbox
    ActorMessage* last = nullptr;
    uint64_t waits_for = 0; // the number of the ask that its turn waits for; 0: none
    std::unique_ptr<Answer> answer;
    Actor* next_ready = nullptr; // in a queue

    // ---- any thread
    std::atomic<uint32_t> mailbox = 0;    // messages that wait
    std::atomic<bool> stuck = false;      // its state could not follow a reload
    std::atomic<bool> dormant = false;    // its heap and state are in an image: DormantActors
    std::atomic<bool> broken = false;     // an error has stopped its turn (broken.h)
    std::atomic<bool> supervised = false; // written under the system's lock of ties
    bool may_hold_blocks = false;         // under the system's lock of suspects
    // ---- of the worker that runs it; here, where there is room: a million idle actors are a million of these structs
    bool unchanged = false;       // since its last migration
    bool starts_in_order = false; // its supervisor says when it begins; nobody else may see it before

    // ---- of the worker that runs it
    std::optional<Heap> heap;
    Value state;   // an old cell of the heap; absent before it is started
    Value journal; // what its last migration has dropped; absent: nothing
    Value
        drawings; // what it shows on canvases (Machine::actor_drawings), as its last turn left it; absent: nothing
    std::unique_ptr<WaitingTurn> turn;
    std::unique_ptr<ActorMessage> message; // that its turn handles

    std::unique_ptr<struct Supervision> supervision; // of a supervisor
    std::unique_ptr<const ActorMessage>
        first_start; // of a supervised actor: what it is started with, each time

    // ---- under the system's lock of ties
    std::unique_ptr<Ties> ties;
    std::atomic<Actor*> asks = nullptr; // whom its turn waits for, to find cycles

    // ---- links of all actors of its class, under the list's lock
    Actor* previous = nullptr;
    Actor* next = nullptr;

    // ---- metrics; written by the worker that runs it
    std::atomic<uint32_t> turns = 0;
    std::atomic<uint32_t> errors = 0;
    std::atomic<uint64_t> heap_bytes = 0;
    std::atomic<uint64_t> nanoseconds = 0; // that its turns have run, without what they waited
    uint32_t incarnation = 0;
    uint32_t log_room = 0; // the log's own: how many bytes of changes may come before it writes the heap anew
    uint32_t era = 0;      // of its turn; of the worker that runs it
    std::atomic<uint32_t> turn_epoch = 0; // Runtime::epoch when its turn began
    uint32_t layout_epoch = 0;            // of the worker that runs it: what its heap has been migrated to
    SymbolId end_reason = 0;

    void add(ActorMessage* message);       // lock held
    void add_first(ActorMessage* message); // lock held: before what waits
    std::unique_ptr<ActorMessage> take();  // lock held
    // Lock held: the first of an era before this one, or of the runtime's own; null: there is none.
    std::unique_ptr<ActorMessage> take_before(uint32_t era);
};

inline Actor* actor_of(Value address) {
    return (*address.cell())[0].raw_address<Actor>();
}

} // namespace indent
