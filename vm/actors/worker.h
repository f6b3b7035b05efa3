// A worker: one thread with a machine, a value stack and a C++ stack for turns, and a queue of actors that have something
// to do. Seen by vm/actors alone.
#pragma once
#include "vm/actors/actor.h"
#include "vm/actors/timers.h"
#include "vm/actors/turn_log.h"
#include "vm/interp/protected_run.h"
#include "vm/os/thread.h"
#include <atomic>
#include <deque>
#include <functional>
#include <thread>
#include <unordered_map>

namespace indent {

class ActorSystem;

// Actors in the order in which they came.
struct ActorQueue {
    Actor* first = nullptr;
    Actor* last = nullptr;
    size_t size = 0;
    void push(Actor* actor);
    void push_first(Actor* actor);
    Actor* pop();
    Actor* pop_at(size_t place);
};

// What a segment has done that others may not see before it ends.
struct Outbox {
    struct Letter {
        ActorRef to;
        std::unique_ptr<ActorMessage> message;
    };
    std::vector<Letter> letters;
    std::vector<TimerPointer> timers;
    std::vector<TimerPointer> cancelled;
    std::vector<ActorRef> spawned;
    std::unordered_map<const Actor*, uint32_t> counts; // of the first `counted` letters, by who gets them
    size_t counted = 0;
    size_t letters_to(const Actor& actor);
    bool empty() const { return letters.empty() && timers.empty() && cancelled.empty() && spawned.empty(); }
    void clear(); // keeps a little room
};

class Worker {
  public:
    Worker(ActorSystem& system, uint32_t number);
    ~Worker();

    // ---- any thread; written at the start. What follows stands on cache lines of its own: others look here often.
    ActorSystem& system;
    const uint32_t number;
    Machine* machine = nullptr;
    std::atomic<std::thread::id> thread_id;

    // ---- any thread
    alignas(64) SpinLock queue_lock;
    ActorQueue ready;                     // anybody may take from it
    ActorQueue pinned;                    // this worker alone
    std::atomic<size_t> waiting = 0;      // in both, and who is to run soon
    std::atomic<Actor*> soon = nullptr;   // who runs next (choosing, in worker.cpp)
    std::atomic<uint64_t> turn_began = 0; // when the stretch of running without a pause began; 0: idle
    void ask_for_poll();
    SpinLock waiting_lock;
    std::vector<WaitingTurn*> waiting_turns; // all that wait here

    // ---- its own thread
    // Makes it the next to run, where nobody is yet and those in the queues have not waited too long.
    bool run_soon(Actor& actor);
    void give_up_soon();      // whoever was to run next is in the queues
    void put_soon_in_queue(); // any thread: whoever was to run next, if anybody may take him
    uint64_t new_ask() { return ++last_ask_ << 8 | number; } // a number that no other has
    // Actors that have become active less those that have become idle, as far as no other worker needs to know yet.
    void became_active();
    void became_idle() { ++idle_ahead; }
    void tell_active();
    size_t idle_ahead = 0; // have become idle, and are still counted as active
    // Runs actors until `until` answers true, which is asked between turns.
    void work(const std::function<bool()>& until);

    // The world ends: turns that wait here end with Stopped, so that what their frames own is freed.
    void unwind_waiting();

    // In a turn: what it has done leaves.
    void segment_leaves(SegmentEnd end = SegmentEnd::Waits);
    // In a turn: what has not left never leaves.
    void segment_fails();
    // In a turn: gives the stacks to others until somebody makes the actor ready again. `top`: end of the live part of
    // the value stack. `deadline`: monotonic ns, or 0. `yields`: it is ready at once.
    // `frame`: where the innermost frame begins.
    // `now`: monotonic ns, or 0: to be asked.
    void pause_turn(Value* frame, Value* top, uint64_t deadline, bool yields, uint64_t now = 0);
    void polled(Value* frame, Value* top);
    void give_way();

    alignas(64) Actor* running = nullptr;
    uint64_t budget_until = 0; // the thread's processor time when what runs has to be done; 0: no limit
    Outbox outbox;
    Departed departed;                    // of the turn that runs
    std::shared_ptr<class TurnTape> tape; // of the same; null: nobody asks for one
    Answer* reply = nullptr;              // what the segment that ends answers to the message; null: nothing
    bool may_pause = true;

  private:
    friend class ActorSystem;
    static void run_on_stack(void* worker);
    void run_ready();
    Actor* next();
    Actor* steal();
    void resume(Actor& actor);
    void keep_paused();
    void link_waiting(Actor& actor);
    void unlink_waiting(Actor& actor);
    void run_actor(Actor& actor);
    void handle(Actor& actor, ActorMessage& message);
    bool bring_up_to_date(Actor& actor);
    bool awaken(Actor& actor);
    void hold_stuck(Actor& actor);
    void begin_anew(Actor& actor);
    void forget_state(Actor& actor);
    bool start_children(Actor& actor, ActorMessage& message);
    void begin_turn(Actor& actor);
    void end_turn(Actor& actor);
    void leaves_again();
    void begin_tape(Actor& actor, ActorMessage& message);
    void end_tape();
    void start_state(Actor& actor, const ActorMessage& message, Value* args);
    Value call_handler(Actor& actor, ActorMessage& message, Value* args);
    Value call_with_labels(Method* method, const ActorMessage& message, Value* nf, unsigned count);
    Value hand_to_other(Method* method, const ActorMessage& message, Value* nf, unsigned count);
    Value not_understood(const Class& cls, const ActorMessage& message, bool is_its_own, Value* nf);
    void failed(Actor& actor, ActorMessage& message, RunResult& result);
    void answer(ActorMessage& message, std::unique_ptr<Answer> answer);
    void begin_again(Actor& actor, ActorMessage& message);
    // Of the turn that runs; null: errors do not stop it.
    class BreakRecord* record() const;
    void idle();
    void fire_due(uint64_t now);
    void fire_timers(uint64_t now);
    void time_is_over(Actor& actor);
    void add_deadline(WaitingTurn& turn);
    bool leap();
    uint64_t time() const; // of actors, when the turn before ended
    void drop_deadline(WaitingTurn& turn);
    std::unique_ptr<WaitingTurn> new_turn();
    void spare(std::unique_ptr<WaitingTurn> turn);

    os::MappedMemory memory_; // the value stack, the machine at its base
    std::unique_ptr<TurnStack> stack_;
    os::Thread thread_;
    Actor* next_to_run_ = nullptr;
    Actor* to_resume_ = nullptr;
    bool yields_ = false;
    const std::function<bool()>* until_ = nullptr;
    Deadlines deadlines_;
    WaitingTurn* of_reload_ =
        nullptr; // a turn of the reload that waits here no longer than so: time runs for it alone
    std::vector<std::unique_ptr<WaitingTurn>> spare_turns_;
    uint64_t last_ask_ = 0;
    std::shared_ptr<class TurnTape> spare_tape_;
    std::atomic<bool> only_own_ = false; // turns that nobody else can take are all that it takes
    bool pinned_next_ = false;
    Actor* soon_pinned_ = nullptr; // as `soon`, of turns that go on
    unsigned handed_on_ = 0; // how many ran because they were to run soon, since one came from the queues
    uint64_t handing_on_since_ = 0; // when that was, as counted_until_
    bool opening_ = false;          // a message from before a reload is being migrated
    uint64_t counted_until_ = 0;    // monotonic ns: what ran before is in its actor's time
    void count_time(Actor& actor, uint64_t now);
};

} // namespace indent
