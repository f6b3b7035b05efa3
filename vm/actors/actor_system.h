// All actors of a world and the workers that run them.
//
// Worker 0 is the thread that owns the world: it runs the main actor (the script, inputs of a REPL), and while it does
// or waits, others too. Further workers have threads of their own, started with the first actor that is spawned.
// Definitions change only inside exclusively(), while all workers stand at a poll or idle.
#pragma once
#include "vm/actors/break_record.h"
#include "vm/actors/broken.h"
#include "vm/actors/dormant.h"
#include "vm/actors/turn_log.h"
#include "vm/actors/worker.h"
#include "vm/interp/actor_port.h"
#include "vm/interp/protected_run.h"
#include <condition_variable>
#include <mutex>
#include <optional>
#include <random>
#include <shared_mutex>
#include <span>
#include <unordered_map>
#include <unordered_set>

namespace indent {

struct ActorOptions {
    uint32_t workers = 1; // threads that run turns, worker 0 among them
    // Deterministic: one worker, which takes ready actors in an order that this decides; turns are not divided by time,
    // and time is the actors' own: it stands still while anybody has something to do, then leaps to what is due.
    std::optional<uint64_t> seed;
    uint64_t slice = 10'000'000; // ns that a turn may run while others wait
    uint32_t mailbox_limit = 100'000;
    HeapOptions machine_heap; // nurseries of the workers
    HeapOptions actor_heap;
};

struct ActorMetrics {
    uint64_t turns = 0;
    uint64_t errors = 0;      // turns that failed
    uint64_t messages = 0;    // that wait
    uint64_t bytes = 0;       // of its heap
    uint64_t nanoseconds = 0; // that its turns have run
};

struct Child;

// A message that waits, as tools see it.
struct WaitingLetter {
    SymbolId selector = 0;
    std::vector<SymbolId> labels; // one for each argument, or none at all
    Parcel::Pointer arguments;    // null: none
};

// A way through all actors but the main one that there are when it begins, some at a time: the list is nobody's for long,
// though there be a million. Those that end meanwhile are left out.
class ActorWalk {
  public:
    explicit ActorWalk(ActorSystem& system);
    ~ActorWalk();
    std::vector<ActorRef> some(); // the next; none: these were all

  private:
    ActorSystem& system_;
    std::unique_ptr<Actor*> at_; // the system knows where: a turn's stack would not do
};

class ActorSystem final : public ActorPort {
  public:
    // Failure code: "no_memory".
    static Result<std::unique_ptr<ActorSystem>> make(Runtime& runtime, ActorOptions options);
    ~ActorSystem() override; // ends all actors
    // No turn runs from here on, and none that waits goes on. Before anything goes that turns may use.
    void stop_workers();

    Runtime& runtime() { return runtime_; }
    Machine& main_machine() { return *workers_[0]->machine; }
    Actor& main() { return *main_; }

    // ---- the thread of worker 0, outside of turns

    // Runs work as a turn of the main actor and answers when it has ended; others run meanwhile. `work` commits or rolls
    // back by itself and says whether what its last segment did may leave.
    void run_main(std::function<bool(Machine&)> work);
    // The same, but comes back as soon as that turn waits, too, or somebody calls interrupt: it goes on whenever the
    // thread runs actors again. `work` refers to nothing of the caller's.
    void start_main(std::function<bool(Machine&)> work);
    bool main_is_busy(); // its turn has not ended, or another is to begin
    // Until nothing is ready, runs, waits or is due, or until stop_main, or until `or_until` answers true.
    void run_until_quiet(const std::function<bool()>& or_until = nullptr);
    // From this time on (as `now` tells it) start_main and run_until_quiet come back, whatever is still to be done.
    // Deterministic time goes on to there even where nothing is due.
    void end_at(uint64_t time);
    bool is_over() const { return end_at_ && time_now() >= end_at_; }
    // Stops the actor with this name, if there is one, and runs until quiet.
    void stop_named(SymbolId name);
    bool main_stop_wanted() const { return main_stopped_; }
    // Until somebody has called interrupt, or stop_main.
    void run_until_interrupted();
    // Any thread: the next (or present) run_until_interrupted ends.
    void interrupt();
    // Goes on with turns that wait on this thread's worker, and that no other can take; with anything, where there is no other
    // worker. Until `wanted` is true or there are none; false: there were none.
    bool go_on_until(const std::atomic<bool>& wanted);
    // Any thread, after that has become true.
    void look_up();
    // Tests: a collection at every safe point of every worker. Before anything runs.
    void collect_always();
    // Ends all actors but the main one, without asking them or their supervisors, and answers when they have.
    void end_all();

    // Any thread and signal handlers: the turn of the main actor ends with Stopped.
    void stop_main();
    void forget_stop() { main_stopped_ = false; }
    // `exit(code)` in an actor's turn: ends the program as one in the main program would. -1: nobody has asked.
    int exit_code() const { return exit_code_; }

    // ---- turns (vm/interp/actor_port.h)
    Value spawn(Machine& vm, Class* cls, const OutgoingMessage& arguments, Value name) override;
    Value send(Machine& vm, const OutgoingMessage& message, Value after, Value every) override;
    Value ask(Machine& vm, const OutgoingMessage& message, Value within) override;
    Value watch(Machine& vm, Value* nf) override;
    Value stop(Machine& vm, Value* nf) override;
    Value self(Machine& vm) override;
    uint64_t now() override;
    // As sleep, but it does not raise. False: the turn is to end.
    bool wait(Machine& vm, uint64_t nanoseconds, Value* args);
    void sleep(Machine& vm, uint64_t nanoseconds, Value* args) override;
    void polled(Machine& vm, Value* top) override;
    bool stop_wanted(Machine& vm) override;
    Value uncaught(Machine& vm, Value* args) override;
    void exclusively(const std::function<void()>& work) override;

    // ---- any thread

    // The actor with this name; null: nobody.
    ActorRef named(SymbolId name);
    std::vector<SymbolId> names_of(Actor& actor);
    ActorRef supervisor_of(Actor& actor); // null: it has none
    std::vector<ActorRef> watchers_of(Actor& actor);
    // Puts the message into the mailbox. False: the actor has ended (an ask is answered with ActorDown).
    // `here`: the caller's worker, if it is one's thread and the caller knows it.
    bool post(Actor& actor, std::unique_ptr<ActorMessage> message, Worker* here = nullptr);
    void answer(Actor& asker, uint64_t ask, std::unique_ptr<Answer> answer, Worker* here = nullptr);
    // Ends the actor at once where it is between turns, else after its turn.
    void kill(Actor& actor);
    // With the segment of the turn that vm is in. False: there is none to come.
    bool cancel_timer(Machine& vm, uint64_t number);
    ActorMetrics metrics(Actor& actor);
    // A copy of the actor's state object, as it is between two of its turns or stands in the middle of one; null: it has
    // none, because it has not started or has ended. One that has yet to follow a reload is shown as it will be (`args`:
    // the caller's frame; its turn may wait).
    Parcel::Pointer look_at_state(Machine& vm, Actor& actor, Value* args);
    // Of each actor that shows something on a canvas, the oldest first: its id, and what its last turn left of that
    // (Machine::actor_drawings), which nobody touches until `visit` comes back. Outside of turns.
    void for_each_drawing(const std::function<void(uint64_t actor, Value drawings)>& visit);
    // Copies of the messages that wait, the first to come first, without the machine's own.
    std::vector<WaitingLetter> look_at_mailbox(Machine& vm, Actor& actor);
    size_t actor_count() const { return alive_; }

    // ---- for the reload engine

    // From the thread of worker 0, outside of turns: runs `work` as such a turn, whatever the main actor does.
    void run_apart(const std::function<bool(Machine&)>& work);
    // Runs `work` as a turn of an actor of its own (nothing else is in its heap or on the stacks) while the turn of `vm`
    // waits. `work` commits or rolls back, and may not refer to the caller's stack, which is not there meanwhile.
    // `args`: the caller's frame.
    void run_elsewhere(Machine& vm, Value* args, const std::function<bool(Machine&)>& work);
    // From here on no actor begins a turn but the one that runs, until go_on. Turns that run go on,
    void hold();
    // but none from here on: new code is there, and it is not certain that it stays. Inside exclusively.
    void freeze();
    void go_on();
    // A live reload: from here on only messages are taken of chains that have begun before, until end_drain and go_on.
    // The turn of `without` (may be null) is not waited for.
    void begin_drain(const Actor* without);
    size_t undrained() const { return *undrained_; } // messages and turns of chains that have begun before
    std::vector<std::string> undrained_names(size_t most);
    void end_drain();
    // Actors that a migration has left behind try again: code has changed.
    void try_stuck_again();
    // Brings the heap that vm is in, with the state in vm.actor_state, to the newest layouts; in a protected run of its
    // own. `objects`: how many were not. False with words: it stays as it is. `past_what_fails`: it was so once; over layouts
    // in between, if there are any.
    std::function<bool(Machine& vm, bool past_what_fails, size_t& objects, std::string& why)> migrate;
    // The same inside a protected run, with what is in `slots` of the stack; raises.
    std::function<void(Machine& vm, Value* args, std::span<Value> slots)> migrate_in_turn;
    // Turns that wait or run and began before `epoch`, and actors that may hold blocks: what keeps old code in use.
    std::vector<ActorRef> turns_before(uint32_t epoch);
    std::vector<ActorRef> suspects();
    void suspect(Actor& actor); // it may hold a block from now on
    void forget_suspect(Actor& actor);
    // Ends the actor's turn, if one waits or runs: undone and handled anew where nobody has seen anything of it, or else the
    // actor ends (false: it is for the caller to end it). `later`: the actor is held until let_handle.
    bool handle_again(Actor& actor, bool later);
    void let_handle(Actor& actor);
    // A supervised actor is restarted as its supervisor's strategy says, before it takes another message; this does not
    // count as a failure. False: nobody supervises it.
    bool have_restarted(Actor& actor);
    // Between turns, with or without a message: nobody begins a turn of it until give_back. False: it is not. Whoever
    // borrows it may look at its state and heap, soon.
    bool borrow(Actor& actor);
    void give_back(Actor& actor);
    // In a turn that may not be divided at polls, where it may: others have their turns if they wait and this one has run
    // for a few milliseconds. As with any turn that waits, its stack is not there meanwhile.
    void give_way(Machine& vm);
    // Under the lock of an actor that is Held: it is to run. True: the caller schedules it when the lock is free.
    bool wake_held(Actor& actor);
    // Timers that bring messages to it.
    void for_each_timer(Actor& actor, const std::function<void(const struct TimerRecord&)>& visit);
    Actor& actor_in(Machine& vm) { return *worker_of(vm).running; } // whose turn runs there
    Actor& apart() { return *elsewhere(); }
    Machine& machine_of(uint32_t worker) { return *workers_[worker]->machine; }
    // Holds of all actors but the main one whose class answers true.
    std::vector<ActorRef> actors_of(const std::function<bool(const Class&)>& which);
    Worker& worker_of(Machine& vm) { return *workers_[vm.worker]; }

    // ---- turns that errors stop (broken.cpp)

    // Whether errors that nobody would catch stop the turns that begin from here on. Any thread.
    std::atomic<bool> break_on_error = false;
    // Any thread.
    std::vector<BrokenInfo> broken_turns();
    // From the thread of worker 0, outside of turns, which runs actors meanwhile; stop_main stops what is evaluated. Of a
    // decision it waits a little for what comes of it.
    BreakAnswer command_broken(uint64_t number, BreakCommand command);
    // Hear of them, on the thread that runs the turn. Set while nothing runs.
    std::function<void(const BrokenInfo&)> on_broken;
    std::function<void(const BrokenInfo&)> on_mended; // it goes on, whatever comes of it
    // Makes code of a text that a person evaluates in a frame: its module, the names of variables (TopLevelBody::given), the
    // class whose fields are in sight (may be null). Null with words: it cannot be read. In the turn.
    std::function<Code*(Machine& vm, Module* module, std::vector<std::string> variables, Class* cls,
                        const std::string& text, std::string& problem)>
        compile_in_frame;

    // ---- coming back from an image, while nothing runs (restoring.cpp)

    // An actor with the number that it had, which does nothing before begin_restored. `ended`: it is known as such.
    Actor& restore_actor(uint64_t number, Class* cls, bool ended);
    void restore_name(Actor& actor, SymbolId name) { (void)register_name(actor, name); }
    void restore_ties(Actor& actor, const std::vector<Actor*>& watchers, Actor* supervisor);
    void restore_message(Actor& actor, std::unique_ptr<ActorMessage> message);
    // Before other messages: a turn of it waited, which had begun with this message and is run again on the tape that comes
    // with it.
    void restore_turn(Actor& actor, std::unique_ptr<ActorMessage> message);
    // A child whose supervisor had not started it yet, after its messages: that goes on to, each when the one before has begun.
    void restore_unborn(Actor& actor);
    void asks_from(uint64_t last); // numbers of asks that come later are other ones
    // Due in so many ns.
    void restore_timer(Actor& actor, uint64_t number, uint64_t in, uint64_t every,
                       std::unique_ptr<ActorMessage> message);
    // Actors that come later have larger numbers.
    void number_from(uint64_t last) { last_id_ = std::max(last_id_.load(), last); }
    void begin_restored(const std::vector<Actor*>& actors);
    bool is_deterministic() const { return options_.seed.has_value(); }
    // A thread that is no worker's and reads what exclusive sections change: between the two it polls, often.
    void begin_beside() { begin_work(); }
    void end_beside() { end_work(); }
    void poll_beside() {
        if (pause_.load(std::memory_order_relaxed)) stand_still();
    }
    // `wait` comes back when such a thread has done something. Exclusive sections run meanwhile, if the caller is in a turn:
    // as at a poll.
    void wait_beside(const std::function<void()>& wait);
    const HeapOptions& heap_options() const { return options_.actor_heap; }

    // Hears of everything; null: nobody does. Set while nothing runs.
    TurnLog* log = nullptr;
    // Actors that are not in memory yet; null: none. Set while nothing runs.
    DormantActors* dormant = nullptr;
    // How errors that nobody catches are shown: a whole report, with a line end.
    std::function<void(const std::string& report)> report;
    // "Counter (:main)"
    std::string describe(Actor& actor);
    // Roots of the main actor's heap besides its state: workspaces.
    std::vector<Value*>* main_kept_roots = nullptr;
    // Makes the words of an error that nobody handles, in the turn that failed (vm/interp/error_report.h).
    std::string report_of(Machine& vm, Actor& actor, const ActorMessage& message, const RunResult& result,
                          const RemoteTrace& trace);

  private:
    friend class Worker;
    friend class ActorWalk;
    ActorSystem(Runtime& runtime, ActorOptions options);
    Actor* make_actor(Class* cls);
    Actor* elsewhere();
    bool put_aside(Actor& actor); // its turn is to go on, but not now
    // It has taken a message, and its heap is not there: both wait for the heap, which comes beside.
    void let_come(Actor& actor);
    // In a turn: it waits until the ask with the number that `begin` gets is answered. `stopped` hears that the turn is to
    // stop; false: it waits no longer. `args`: the caller's frame.
    void wait_until_answered(Machine& vm, Value* args, const std::function<void(uint64_t ask)>& begin,
                             const std::function<bool()>& stopped);
    void has_come(Actor& actor, bool whole);
    Parcel::Pointer state_as_it_is(Machine& vm, Actor& actor);
    void for_each_busy(const std::function<void(Actor&)>& visit);
    bool patience_stands_still() const { return holding_; } // while draining, turns that wait are to go on
    // Monotonic ns without those for which all were held.
    uint64_t patience_at(uint64_t time) const {
        return time - std::min(time, held_total_.load(std::memory_order_relaxed));
    }
    bool register_name(Actor& actor, SymbolId name);
    void schedule(Actor& actor, Worker* here); // its status is Ready
    // The same of one that a turn on this thread has woken, which may run next.
    void schedule_soon(Actor& actor, Worker* here);
    void became_active(Worker* here = nullptr);
    void became_idle();
    Worker* here() const; // the worker of this thread; null: it is none's
    void end(Actor& actor, const char* reason, Parcel::Pointer why);
    void unmake(Actor& actor);
    void unmake_all(); // when no worker runs
    void start_threads();
    void wake_one();  // all that sleep, whatever has happened
    void wake_idle(); // the same for something in a queue, unless it is done already
    Actor* actor_at(Machine& vm, Value* nf, const char* verb, Value& resumed);
    std::unique_ptr<ActorMessage> stop_message(const char* reason);
    std::unique_ptr<ActorMessage> letter(Machine& vm, const OutgoingMessage& message, Value& resumed);
    std::optional<uint64_t> duration(Machine& vm, Value value, Value* args, Value& resumed);
    // ---- supervisors (supervisor.cpp)
    Actor* create(Machine& vm, Class* cls, const OutgoingMessage& out, Value name, Actor* supervisor,
                  Value& resumed);
    bool make_supervision(Machine& vm, Actor& actor, Value* args, Value& resumed);
    // Hands the matter to the actor's supervisor, if it has one: it is held until that decides. `reason`: failed, killed,
    // normal.
    bool to_supervisor(Actor& actor, const char* reason, const std::string& report);
    void decide(Worker& worker, Actor& supervisor, ActorMessage& message);
    void restart(Child& child);
    // In the supervisor's turn: those from `from` to before `to` begin anew, each when the one before has begun or failed to.
    void restart_in_order(Worker& worker, Actor& supervisor, size_t from, size_t to);
    void post_first(Actor& actor, std::unique_ptr<ActorMessage> message);
    void release(Actor& actor);
    void end_children(Worker& worker, Actor& supervisor, bool patiently);
    void give_up(Worker& worker, Actor& supervisor, const std::string& why);
    bool supervisor_message(Machine& vm, Actor& supervisor, ActorMessage& message, Value* nf, unsigned count,
                            Value& answer);
    bool start_children(Worker& worker, Actor& supervisor, std::string& why);
    // In the supervisor's turn, whose innermost frame begins at `frame` (null: it has none): the child ends, or where
    // `kind` is Restart, is held without its state. What has not stopped when `patience` is over is killed: the child, or its
    // `on stop` alone. False: that was necessary.
    bool stop_and_wait(Worker& worker, Actor& child, uint64_t patience,
                       ActorMessage::Kind kind = ActorMessage::Stop, Value* frame = nullptr,
                       Value* top = nullptr);
    std::string message_in_words(Machine& vm, const ActorMessage& message);
    std::string departed_in_words(const Departed& departed);
    bool read_child_options(Machine& vm, Child& child, SymbolId label, Value value);

    void tell_watchers(Actor& actor, Ties& ties);
    void open_answer(Machine& vm, Answer& reply, Value* nf);
    void wake_main(); // its turn waits, and is to stop
    void begins_asking(Actor& actor, Actor& whom);
    void ends_asking(Actor& actor);
    Value deadlock(Machine& vm, Value* nf, std::string cycle);
    Value no_room(Machine& vm, SymbolId selector, Value* nf, uint64_t patience);
    Value no_answer(Machine& vm, SymbolId selector, Value* nf, uint64_t patience);
    Value failed_answer(Machine& vm, std::unique_ptr<Answer> reply, Value* nf);
    Value await_answer(Machine& vm, const OutgoingMessage& out, uint64_t patience, uint64_t until,
                       uint64_t begun);
    // ---- turns that are run again (turn_tape.h)
    Value ask_again(Machine& vm, const OutgoingMessage& out, Actor& actor, uint64_t patience);
    Value give_recorded(Machine& vm, struct TapeEntry& entry, Value* nf);
    struct TapeEntry* had_before(Machine& vm, uint8_t kind, const Actor* whom, SymbolId selector);
    TimerPointer timer_of(uint64_t number);
    Value spawned_before(Machine& vm, Value address);
    void sleep_again(Machine& vm, Value* args);
    Actor* spawn_again(Machine& vm, const Class& cls, Value name, Value* nf, Value& resumed);
    Value fail_taken(Machine& vm, Value name, Value* nf);
    size_t mailbox_limit(const Actor& actor) const {
        return actor.cls && actor.cls->mailbox_limit ? actor.cls->mailbox_limit : options_.mailbox_limit;
    }
    // In a turn: waits until the mailbox has room for one message more, and takes it. False: it was not to be before
    // `until`, which moves on while all are held, or the turn is to end. `frame`, `top` as in Worker::pause_turn.
    bool wait_for_room(Machine& vm, Actor& actor, uint64_t& until, Value* frame, Value* top);
    void made_room(Actor& actor); // for the first of those that wait for it
    bool stop_arrived(Machine& vm, Actor& actor);
    bool reload_stops(); // who asked for the reload that runs is to stop
    void nudge_reload(); // it may be that: it looks
    static std::string in_words(uint64_t nanoseconds);
    // ---- broken.cpp
    void note_catchers(Machine& vm, ActorMessage& message);
    bool waits_for_broken(Actor& actor);
    std::string why_not_asked(Machine& vm, Actor& target, Value* nf);
    void tell_main_of(BrokenTurn& broken);
    std::shared_ptr<BrokenTurn> stop_turn(Machine& vm, BrokenInfo info);
    void mend(BrokenTurn& broken, const std::string& why);
    void wake_broken(Actor& actor);
    // Where the turn stands still. Absent: it is to end; else what a raise yields, or nil where it differs and goes on.
    Value stand(Machine& vm, BrokenTurn& broken, Value* args);
    RunResult evaluate_in_frame(Machine& vm, const BreakCommand& command, Value* args, BreakAnswer& answer);
    void tell_frames(Machine& vm, Value* args, BreakAnswer& answer);
    std::string in_short(Machine& vm, Value value);
    // A deed of a turn that is retried, before it is done: absent where it is done now, else what the program gets.
    Value done_before(Machine& vm, BreakRecord::Deed& deed, Value* nf, Value* top);
    // The same; else it is BreakRecord::pending.
    Value before_deed(Machine& vm, BreakRecord::Kind kind, Actor& whom, const ActorMessage& call, Value* nf,
                      Value* top, uint64_t delay = 0, uint64_t period = 0);
    Value before_spawn(Machine& vm, const Class* cls, const OutgoingMessage& out, Value name);
    void differs(Machine& vm, std::string words, Value* above);
    void nothing_left_over(Machine& vm, Value* args); // at the end of such a turn
    std::string call_in_words(Machine& vm, SymbolId selector, const std::vector<SymbolId>& labels,
                              const Parcel* arguments);
    std::string deed_in_words(Machine& vm, const BreakRecord::Deed& deed);
    bool closes_cycle(Actor& asker, Actor& target, std::string& cycle);

    // ---- standing still
    uint64_t time_now() const;
    void begin_work(); // a thread begins to run turns
    void end_work();
    void stand_still(); // at a poll: lets an exclusive section run
    std::mutex still_mutex_;
    std::condition_variable still_;
    uint32_t working_ = 0;
    std::thread::id exclusive_owner_;
    std::atomic<bool> pause_ = false;

    Runtime& runtime_;
    ActorOptions options_;
    std::vector<std::unique_ptr<Worker>> workers_;
    Actor* main_ = nullptr;
    bool threads_started_ = false;
    std::atomic<bool> ending_ = false;
    std::atomic<bool> main_stopped_ = false;
    std::atomic<bool> interrupted_ = false;
    const std::atomic<bool>* wanted_ = nullptr; // worker 0's own: of go_on_until
    std::atomic<int> exit_code_ = -1;
    std::atomic<uint64_t> last_id_ = 0;
    // Actors that are Ready, Running or Waiting, and those of Worker::idle_ahead.
    std::atomic<size_t> active_ = 0;
    std::atomic<size_t> alive_ = 0;
    Timers timers_;
    std::mt19937_64 order_;
    uint64_t own_time_ = 1'000'000'000; // ns, of deterministic runs; what is never due is at 0
    uint64_t end_at_ = 0;               // when all is to be over; 0: never. Of the thread of worker 0

    std::shared_mutex names_mutex_;
    std::unordered_map<SymbolId, Actor*> names_; // held by their ties
    std::mutex ties_mutex_;
    SpinLock asking_lock_;              // of those who walk along Actor::asks,
    std::atomic<uint32_t> walkers_ = 0; // who are so many

    std::atomic<Actor*> elsewhere_ = nullptr;   // whose turn run_elsewhere is
    std::atomic<Actor*> reloads_for_ = nullptr; // who waits for it
    std::mutex elsewhere_mutex_;
    std::atomic<bool> holding_ = false;
    std::atomic<bool> frozen_ = false;
    std::atomic<bool> draining_ = false;
    std::atomic<uint32_t> era_ = 1;                                   // counts live reloads
    DrainCount undrained_ = std::make_shared<std::atomic<size_t>>(0); // of the last live reload
    uint64_t held_since_ = 0;                                         // when holding began
    std::atomic<uint64_t> held_total_ = 0; // ns that turns' deadlines have been put off by so far
    SpinLock held_lock_;
    std::vector<ActorRef> stuck_;     // whose state could not be brought to the newest layout
    std::vector<ActorRef> put_aside_; // whose turns are to go on when nothing is frozen any more
    std::vector<ActorRef> held_;      // that had something to do while holding
    std::vector<Actor*> coming_;      // in let_come; they count as active
    SpinLock suspects_lock_;
    std::unordered_set<Actor*> suspects_;
    std::mutex broken_mutex_;
    std::vector<std::shared_ptr<BrokenTurn>> broken_;
    std::atomic<size_t> broken_count_ = 0;
    uint64_t last_broken_ = 0;

    std::mutex actors_mutex_; // of the list of all actors
    Actor* first_actor_ = nullptr;
    std::vector<Actor**> walks_; // where those are that go through the list

    std::mutex idle_mutex_;
    std::condition_variable idle_;
    std::atomic<uint32_t> idle_workers_ = 0;
    std::atomic<bool> waking_ = false; // those that sleep have been told, and none has looked yet

    os::Thread ticker_;
    std::condition_variable tick_;
    std::mutex tick_mutex_;
};

} // namespace indent
