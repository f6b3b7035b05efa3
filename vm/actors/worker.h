// A worker: one thread with a machine, a value stack and a C++ stack for turns, and a queue of actors that have something
// to do. Seen by vm/actors alone.
#pragma once
#include "vm/actors/actor.h"
#include "vm/actors/timers.h"
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
    std::vector<ActorRef> spawned;
    std::unordered_map<const Actor*, uint32_t> counts; // of the first `counted` letters, by who gets them
    size_t counted = 0;
    size_t letters_to(const Actor& actor);
    bool empty() const { return letters.empty() && timers.empty() && spawned.empty(); }
};

class Worker {
  public:
    Worker(ActorSystem& system, uint32_t number);
    ~Worker();

    ActorSystem& system;
    const uint32_t number;
    Machine* machine = nullptr;
    std::thread::id thread_id;

    // ---- any thread
    SpinLock queue_lock;
    ActorQueue ready;                     // anybody may take from it
    ActorQueue pinned;                    // this worker alone
    std::atomic<size_t> waiting = 0;      // in both
    std::atomic<uint64_t> turn_began = 0; // when the stretch of running without a pause began; 0: idle
    void ask_for_poll();
    SpinLock waiting_lock;
    Actor* first_waiting = nullptr; // turns that wait here

    // ---- its own thread
    // Runs actors until `until` answers true, which is asked between turns.
    void work(const std::function<bool()>& until);

    // The world ends: turns that wait here end with Stopped, so that what their frames own is freed.
    void unwind_waiting();

    // In a turn: what it has done leaves.
    void segment_leaves();
    // In a turn: what has not left never leaves.
    void segment_fails();
    // In a turn: gives the stacks to others until somebody makes the actor ready again. `top`: end of the live part of
    // the value stack. `deadline`: monotonic ns, or 0. `yields`: it is ready at once.
    // `frame`: where the innermost frame begins.
    void pause_turn(Value* frame, Value* top, uint64_t deadline, bool yields);
    void polled(Value* frame, Value* top);

    Actor* running = nullptr;
    uint64_t budget_until = 0; // monotonic ns when what runs has to be done; 0: no limit
    Outbox outbox;
    Departed departed; // of the turn that runs
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
    void hold_stuck(Actor& actor);
    void begin_anew(Actor& actor);
    bool start_children(Actor& actor, ActorMessage& message);
    void begin_turn(Actor& actor);
    void end_turn(Actor& actor);
    void start_state(Actor& actor, const ActorMessage& message, Value* args);
    Value call_handler(Actor& actor, ActorMessage& message, Value* args);
    void failed(Actor& actor, ActorMessage& message, RunResult& result);
    void answer(ActorMessage& message, std::unique_ptr<Answer> answer);
    void idle();
    void fire_due();
    void add_deadline(Actor* actor);
    void shift_deadlines();
    void drop_deadline(WaitingTurn& turn);
    void sift(size_t place);

    os::MappedMemory memory_; // the value stack, the machine at its base
    std::unique_ptr<TurnStack> stack_;
    os::Thread thread_;
    Actor* next_to_run_ = nullptr;
    Actor* to_resume_ = nullptr;
    bool yields_ = false;
    const std::function<bool()>* until_ = nullptr;
    std::vector<Actor*> deadlines_; // a heap of turns that wait no longer than so
    bool pinned_next_ = false;
    bool opening_ = false; // a message from before a reload is being migrated
    uint64_t counted_until_ = 0; // monotonic ns: what ran before is in its actor's time
    void count_time(Actor& actor);
    uint64_t shifted_ = 0; // of ActorSystem::held_total_, what the deadlines have been put off by
};

} // namespace indent
