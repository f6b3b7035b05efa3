#include "vm/actors/actor_system.h"
#include "vm/actors/supervisor.h"
#include "vm/actors/turn_tape.h"
#include "vm/os/clock.h"
#include <algorithm>
#include <cassert>
#include <new>

namespace indent {

namespace {
constexpr size_t kTurnStackBytes = size_t(1) << 30; // reserved, not committed
constexpr uint64_t kTick = 5'000'000;
constexpr uint64_t kSeededSlice = 1'000'000'000; // ns

void finish_address(Cell* cell) {
    delete (*cell)[0].raw_address<Actor>();
}
} // namespace

// ---- life

ActorSystem::ActorSystem(Runtime& runtime, ActorOptions options)
    : runtime_(runtime), options_(std::move(options)), order_(options_.seed.value_or(0)) {}

Result<std::unique_ptr<ActorSystem>> ActorSystem::make(Runtime& runtime, ActorOptions options) {
    if (options.seed) {
        options.workers = 1;
        // Where a turn is divided is the clock's to say, not the seed's: only one that would go on for ever is.
        options.slice = std::max(options.slice, kSeededSlice);
    }
    std::unique_ptr<ActorSystem> system(new ActorSystem(runtime, std::move(options)));
    for (uint32_t i = 0; i < system->options_.workers; ++i) {
        auto worker = std::make_unique<Worker>(*system, i);
        auto memory = os::map_aligned(kStackBytes, kStackBytes);
        if (!memory) return std::move(memory).failure();
        worker->memory_ = std::move(memory).value();
        auto stack = TurnStack::make(kTurnStackBytes);
        if (!stack) return std::move(stack).failure();
        worker->stack_ = std::move(stack).value();
        worker->machine = new (worker->memory_.begin()) Machine(runtime, system->options_.machine_heap);
        worker->machine->worker = i;
        worker->machine->actors = system.get();
        worker->machine->native_limit = worker->stack_->low() + kNativeMargin;
        system->workers_.push_back(std::move(worker));
    }
    runtime.shared.set_finisher(shape::kAddress, finish_address);
    runtime.shared.list_shape(shape::kAtom);  // a reload looks at what they hold,
    runtime.shared.list_shape(shape::kBlock); // and who holds old code is found by them
    runtime.exclusive = [system = system.get()](const std::function<void()>& work) {
        system->exclusively(work);
    };
    system->main_ = system->make_actor(nullptr);
    system->main_->status = Actor::Idle;
    system->main_->pinned = 0;
    return system;
}

void ActorSystem::stop_workers() {
    {
        std::lock_guard lock(idle_mutex_);
        if (ending_.exchange(true)) return;
    }
    idle_.notify_all();
    if (dormant) dormant->stop_bringing();
    {
        std::lock_guard lock(actors_mutex_);
        for (Actor* actor = first_actor_; actor; actor = actor->next) {
            std::lock_guard own(actor->lock);
            actor->stop_requested = actor != main_; // a turn that never ends by itself, too
        }
    }
    for (auto& worker : workers_) worker->ask_for_poll();
    for (size_t i = 1; i < workers_.size(); ++i) workers_[i]->thread_.join();
    if (workers_[0]->thread_id.load() == std::this_thread::get_id()) workers_[0]->unwind_waiting();
    { std::lock_guard lock(tick_mutex_); }
    tick_.notify_all();
    ticker_.join();
}

ActorSystem::~ActorSystem() {
    stop_workers();
    elsewhere_ = nullptr;
    unmake_all();
    runtime_.devices.close_those_of({main_->id});
    main_->heap.reset();
    runtime_.shared.release(Value::cell(main_->address));
    runtime_.exclusive = nullptr;
    timers_.clear();
    workers_.clear();
}

Actor* ActorSystem::make_actor(Class* cls) {
    auto* actor = new Actor(last_id_.fetch_add(1) + 1);
    actor->cls = cls;
    actor->address = runtime_.shared.allocate(shape::kAddress, Format::Slots, 1, false);
    (*actor->address)[0] = Value::raw(actor);
    std::lock_guard lock(actors_mutex_);
    actor->next = first_actor_;
    if (first_actor_) first_actor_->previous = actor;
    first_actor_ = actor;
    alive_.fetch_add(1, std::memory_order_relaxed);
    return actor;
}

void ActorSystem::start_threads() {
    if (threads_started_) return;
    threads_started_ = true;
    for (size_t i = 1; i < workers_.size(); ++i) {
        Worker* worker = workers_[i].get();
        auto thread = os::Thread::start("worker " + std::to_string(i), size_t(1) << 20, [this, worker] {
            worker->work([this] { return ending_.load(std::memory_order_relaxed); });
            worker->unwind_waiting();
        });
        if (thread) worker->thread_ = std::move(thread).value();
    }
    auto ticker = os::Thread::start("ticks", size_t(256) << 10, [this] {
        std::unique_lock lock(tick_mutex_);
        while (!ending_) {
            // Nobody runs: nothing to divide.
            tick_.wait_for(lock, std::chrono::nanoseconds(kTick));
            bool wake = false;
            const uint64_t now = os::monotonic_ns();
            for (auto& worker : workers_) {
                const uint64_t began = worker->turn_began.load(std::memory_order_relaxed);
                if (!began || now < began + options_.slice / 2) continue;
                worker->ask_for_poll();
                worker->put_soon_in_queue(); // its waker runs on and on
                wake |= worker->waiting.load(std::memory_order_relaxed) > 0;
            }
            if (wake) wake_one();
        }
    });
    if (ticker) ticker_ = std::move(ticker).value();
}

void ActorSystem::collect_always() {
    for (auto& worker : workers_) worker->machine->young->set_collect_always(true);
}

void ActorSystem::end_all() {
    for (;;) { // what ends may still spawn others
        std::vector<ActorRef> left = actors_of([](const Class&) { return true; });
        if (left.empty()) return;
        for (ActorRef& actor : left) actor->supervised = false;
        for (ActorRef& actor : left) kill(*actor);
        workers_[0]->work([&] { return active_.load() == 0; });
        for (ActorRef& actor : left) { // those that nobody had begun
            actor->lock.lock();
            const bool unborn = actor->status == Actor::Unborn;
            actor->lock.unlock();
            if (unborn) unmake(*actor);
        }
    }
}

void ActorSystem::unmake_all() {
    elsewhere_ = nullptr; // it ends with the others
    for (;;) {
        Actor* victim = nullptr;
        {
            std::lock_guard lock(actors_mutex_);
            for (Actor* at = first_actor_; at && !victim; at = at->next)
                if (at != main_) victim = at;
        }
        if (!victim) break;
        // No worker runs: what waits or is ready ends as it is.
        if (victim->turn) workers_[victim->turn->worker]->drop_deadline(*victim->turn);
        unmake(*victim);
    }
    for (auto& worker : workers_) {
        worker->ready = {};
        worker->pinned = {};
        worker->soon = worker->soon_pinned_ = nullptr;
        worker->waiting = 0;
    }
}

// ---- worker 0

void ActorSystem::run_main(std::function<bool(Machine&)> work) {
    bool done = false;
    auto message = std::make_unique<ActorMessage>();
    message->kind = ActorMessage::Native;
    message->work = [&](Machine& vm) {
        const bool ok = work(vm);
        done = true;
        return ok;
    };
    main_->mailbox.fetch_add(1, std::memory_order_relaxed);
    post(*main_, std::move(message));
    workers_[0]->work([&] { return done && main_->status != Actor::Running; });
}

void ActorSystem::start_main(std::function<bool(Machine&)> work) {
    auto message = std::make_unique<ActorMessage>();
    message->kind = ActorMessage::Native;
    message->work = std::move(work);
    main_->mailbox.fetch_add(1, std::memory_order_relaxed);
    post(*main_, std::move(message));
    workers_[0]->work([this] {
        return interrupted_.load() || main_->status == Actor::Waiting || main_->status == Actor::Idle ||
               is_over();
    });
}

bool ActorSystem::main_is_busy() {
    std::lock_guard lock(main_->lock);
    return main_->status != Actor::Idle;
}

void ActorSystem::run_until_quiet(const std::function<bool()>& or_until) {
    workers_[0]->work([&] {
        return (active_.load() == workers_[0]->idle_ahead && timers_.size() == 0) || main_stopped_ ||
               is_over() || (or_until && or_until());
    });
}

void ActorSystem::end_at(uint64_t time) {
    end_at_ = time;
    start_threads(); // the ticks, which divide a turn that goes on and on
}

void ActorSystem::stop_named(SymbolId name) {
    ActorRef actor = named(name);
    if (!actor) return;
    actor->mailbox.fetch_add(1, std::memory_order_relaxed);
    post(*actor, stop_message("normal"));
    run_until_quiet();
}

void ActorSystem::run_until_interrupted() {
    workers_[0]->work([&] { return interrupted_.load() || main_stopped_; });
    interrupted_ = false;
}

void ActorSystem::interrupt() {
    interrupted_ = true;
    workers_[0]->ask_for_poll();
    wake_one();
}

// A primitive that waits in the system must not keep the thread's owner away: so it takes no turn that another can have.
bool ActorSystem::go_on_until(const std::atomic<bool>& wanted) {
    Worker& worker = *workers_[0];
    const bool alone = workers_.size() == 1;
    auto has_more = [&] {
        if (alone && (worker.waiting.load() > 0 || timers_.size() > 0)) return true;
        std::lock_guard lock(worker.waiting_lock);
        return std::any_of(
            worker.waiting_turns.begin(), worker.waiting_turns.end(),
            [&](const WaitingTurn* turn) { return turn->actor != main_ && turn->actor != elsewhere_; });
    };
    if (!has_more()) return false;
    worker.only_own_ = !alone;
    wanted_ = &wanted;
    worker.work([&] { return wanted.load() || !has_more(); });
    wanted_ = nullptr;
    worker.only_own_ = false;
    return true;
}

void ActorSystem::look_up() {
    workers_[0]->ask_for_poll();
    wake_one();
}

void ActorSystem::stop_main() {
    main_stopped_ = true;
    workers_[0]->ask_for_poll();
}

void ActorSystem::wake_main() {
    main_->lock.lock();
    const bool wakes = main_->status == Actor::Waiting;
    if (wakes) {
        main_->answered = true;
        main_->status = Actor::Ready;
    }
    main_->lock.unlock();
    if (wakes) schedule(*main_, workers_[0].get());
}

// ---- scheduling

uint64_t ActorSystem::now() {
    return time_now();
}

uint64_t ActorSystem::time_now() const {
    return options_.seed ? own_time_ : os::monotonic_ns();
}

void ActorSystem::schedule(Actor& actor, Worker* here) {
    const bool bound = actor.pinned != Actor::kAnyWorker;
    Worker& target = bound ? *workers_[actor.pinned] : here ? *here : *workers_[0];
    size_t queued;
    {
        std::lock_guard lock(target.queue_lock);
        (bound ? target.pinned : target.ready).push(&actor);
        queued = target.waiting.fetch_add(1) + 1;
    }
    // The worker that does this takes the first itself, soon; somebody else is woken for more.
    if (idle_workers_.load() > 0 && (queued > 1 || &target != here || target.only_own_)) wake_idle();
}

void ActorSystem::schedule_soon(Actor& actor, Worker* here) {
    if (!here || (actor.pinned != Actor::kAnyWorker && actor.pinned != here->number) ||
        !here->run_soon(actor))
        schedule(actor, here);
}

void ActorSystem::wake_one() {
    { std::lock_guard lock(idle_mutex_); }
    idle_.notify_all();
}

// Whoever goes to sleep says that nobody has been told, and looks into the queues after that; so either it finds what was
// put there before somebody found it told, or it is told.
void ActorSystem::wake_idle() {
    if (!waking_.exchange(true)) wake_one();
}

Worker* ActorSystem::here() const {
    const auto me = std::this_thread::get_id();
    for (auto& worker : workers_)
        if (worker->thread_id.load(std::memory_order_relaxed) == me) return worker.get();
    return nullptr;
}

void ActorSystem::became_active(Worker* here) {
    if (here)
        here->became_active();
    else
        active_.fetch_add(1, std::memory_order_relaxed);
}

void ActorSystem::became_idle() {
    if (active_.fetch_sub(1) == 1 && idle_workers_.load() > 0) wake_one();
}

bool ActorSystem::post(Actor& actor, std::unique_ptr<ActorMessage> message, Worker* worker) {
    actor.lock.lock();
    if (actor.status == Actor::Ended) {
        actor.lock.unlock();
        actor.mailbox.fetch_sub(1, std::memory_order_relaxed);
        if (message->ask) {
            auto reply = std::make_unique<Answer>();
            reply->failed = true;
            reply->error_class = "ActorDown";
            reply->words = describe(actor) + " has ended";
            answer(*message->from, message->ask, std::move(reply));
        }
        return false;
    }
    if (message->arguments && message->arguments->has_blocks()) [[unlikely]]
        suspect(actor); // not ended: whoever ends it forgets it then
    const uint32_t era = era_.load(std::memory_order_relaxed);
    if (message->era == 0) message->era = era;
    if (log && message->number == 0) [[unlikely]]
        log->posted(actor, *message, false);
    bool drains = false;
    if (draining_.load(std::memory_order_relaxed) && message->era < era) [[unlikely]] {
        message->drained.begin(undrained_);
        drains = actor.status == Actor::Held && std::exchange(actor.switch_held, false);
    }
    actor.add(message.release());
    const bool wakes = actor.status == Actor::Idle || drains;
    if (wakes) {
        actor.status = Actor::Ready;
        if (!drains) became_active(worker);
    }
    actor.lock.unlock();
    if (wakes) schedule_soon(actor, worker ? worker : here());
    return true;
}

// ---- ends

void ActorSystem::kill(Actor& actor) {
    actor.lock.lock();
    const auto status = actor.status;
    if (status != Actor::Ended) actor.stop_requested = true;
    actor.again = false;
    bool wakes = status == Actor::Waiting || status == Actor::Idle;
    if (wakes) actor.status = Actor::Ready;
    if (status == Actor::Idle) became_active();
    if (status == Actor::Held) wakes = wake_held(actor);
    actor.lock.unlock();
    if (wakes)
        schedule(actor, nullptr);
    else if (status == Actor::Running)
        for (auto& worker : workers_) worker->ask_for_poll();
}

// What is common to an end and to never having been.
void ActorSystem::unmake(Actor& actor) {
    {
        std::lock_guard lock(ties_mutex_);
        if (actor.ties) {
            std::unique_lock names(names_mutex_); // free before anybody can see that it has ended
            for (SymbolId name : actor.ties->names)
                if (auto found = names_.find(name); found != names_.end() && found->second == &actor)
                    names_.erase(found);
        }
    }
    actor.lock.lock();
    const auto before = actor.status;
    // Of one that is held: its worker has not let go of it yet (and will only see that it has ended), or a reload holds it.
    const bool was_active = before == Actor::Ready || before == Actor::Running || before == Actor::Waiting ||
                            (before == Actor::Held && (actor.on_worker || actor.switch_held));
    actor.status = Actor::Ended;
    // A supervisor's child may be known there before it begins.
    if (log && (before != Actor::Unborn || (actor.first && actor.first->number))) [[unlikely]]
        log->ended(actor);
    std::vector<std::unique_ptr<ActorMessage>> left;
    while (auto message = actor.take()) left.push_back(std::move(message));
    actor.lock.unlock();
    {
        std::lock_guard lock(actors_mutex_);
        for (Actor** walk : walks_)
            if (*walk == &actor) *walk = actor.next;
        (actor.previous ? actor.previous->next : first_actor_) = actor.next;
        if (actor.next) actor.next->previous = actor.previous;
    }
    alive_.fetch_sub(1, std::memory_order_relaxed);
    std::unique_ptr<Ties> ties;
    {
        std::lock_guard lock(ties_mutex_);
        ties = std::move(actor.ties);
        actor.supervised = false;
    }
    actor.first_start.reset();
    actor.supervision.reset();
    if (ties)
        for (const TimerPointer& timer : ties->timers) timers_.cancel(timer);
    actor.heap.reset();
    actor.state = actor.journal = actor.drawings = Value();
    runtime_.devices.close_those_of({actor.id});
    if (actor.turn) workers_[actor.turn->worker]->unlink_waiting(actor);
    actor.turn.reset();
    if (actor.asks.load()) [[unlikely]] // a turn that was to be run again
        ends_asking(actor);
    forget_suspect(actor);
    for (auto& message : left)
        if (message->ask) {
            auto reply = std::make_unique<Answer>();
            reply->failed = true;
            reply->error_class = "ActorDown";
            reply->words = describe(actor) + " has ended";
            answer(*message->from, message->ask, std::move(reply));
        }
    left.clear();
    if (ties)
        for (auto& [asker, number] : ties->for_room) answer(*asker, number, nullptr);
    if (ties && !ties->watchers.empty()) tell_watchers(actor, *ties);
    runtime_.shared.release(Value::cell(actor.address)); // may be the last hold: the actor is gone
    // Last: what it has left to do for others is theirs by now, and who waits until all is quiet waits for it.
    if (was_active) became_idle();
}

void ActorSystem::end(Actor& actor, const char* reason, Parcel::Pointer) {
    actor.end_reason = runtime_.symbols.intern(reason);
    unmake(actor);
}

void ActorSystem::tell_watchers(Actor& actor, Ties& ties) {
    for (ActorRef& watcher : ties.watchers) {
        auto message = std::make_unique<ActorMessage>();
        message->kind = ActorMessage::Down;
        message->selector = sym::down;
        const Value values[] = {Value::cell(actor.address), Value::symbol(actor.end_reason)};
        message->arguments = Parcel::of_shared(runtime_.shared, values, 2);
        watcher->mailbox.fetch_add(1, std::memory_order_relaxed);
        post(*watcher, std::move(message));
    }
}

bool ActorSystem::cancel_timer(Machine& vm, uint64_t number) {
    const TimerPointer timer = timers_.find(number);
    auto& cancelled = worker_of(vm).outbox.cancelled;
    if (!timer || std::find(cancelled.begin(), cancelled.end(), timer) != cancelled.end()) return false;
    cancelled.push_back(timer);
    return true;
}

ActorMetrics ActorSystem::metrics(Actor& actor) {
    ActorMetrics metrics;
    metrics.turns = actor.turns;
    metrics.errors = actor.errors;
    metrics.messages = actor.mailbox;
    metrics.nanoseconds = actor.nanoseconds;
    std::lock_guard lock(actor.lock);
    metrics.bytes = actor.heap_bytes.load(std::memory_order_relaxed);
    return metrics;
}

// ---- names

ActorRef ActorSystem::named(SymbolId name) {
    {
        std::shared_lock lock(names_mutex_);
        auto found = names_.find(name);
        if (found != names_.end()) return ActorRef(runtime_.shared, found->second);
    }
    return dormant ? ActorRef(runtime_.shared, dormant->named(name)) : ActorRef();
}

bool ActorSystem::register_name(Actor& actor, SymbolId name) {
    if (dormant) (void)dormant->named(name); // it has the name then
    std::unique_lock lock(names_mutex_);
    if (!names_.emplace(name, &actor).second) return false;
    lock.unlock();
    std::lock_guard ties(ties_mutex_);
    if (!actor.ties) actor.ties = std::make_unique<Ties>();
    actor.ties->names.push_back(name);
    return true;
}

void ActorSystem::polled(Machine& vm, Value* top) {
    Worker& worker = worker_of(vm);
    if (worker.budget_until && os::thread_cpu_ns() > worker.budget_until) {
        worker.budget_until = 0;
        vm.fail("Timeout", "this takes longer than it may", top);
        return;
    }
    worker.polled(top - kPrimitiveFrame, top);
}

bool ActorSystem::stop_wanted(Machine& vm) {
    Worker& worker = worker_of(vm);
    const bool stops = worker.running && stop_arrived(vm, *worker.running);
    if (stops && worker.tape) worker.tape->note(TapeEntry::Stopped);
    return stops;
}

// ---- standing still

void ActorSystem::begin_work() {
    std::unique_lock lock(still_mutex_);
    still_.wait(lock, [&] { return exclusive_owner_ == std::thread::id(); });
    ++working_;
}

void ActorSystem::end_work() {
    std::lock_guard lock(still_mutex_);
    --working_;
    still_.notify_all();
}

void ActorSystem::stand_still() {
    std::unique_lock lock(still_mutex_);
    if (exclusive_owner_ == std::this_thread::get_id()) return;
    --working_;
    still_.notify_all();
    still_.wait(lock, [&] { return exclusive_owner_ == std::thread::id(); });
    ++working_;
}

void ActorSystem::exclusively(const std::function<void()>& work) {
    const auto me = std::this_thread::get_id();
    std::unique_lock lock(still_mutex_);
    if (exclusive_owner_ == me) {
        lock.unlock();
        work();
        return;
    }
    Worker* mine = nullptr;
    for (auto& worker : workers_)
        if (worker->thread_id.load() == me && worker->turn_began.load(std::memory_order_relaxed))
            mine = worker.get();
    if (mine) --working_;
    still_.notify_all();
    still_.wait(lock, [&] { return exclusive_owner_ == std::thread::id(); });
    exclusive_owner_ = me;
    pause_ = true;
    for (auto& worker : workers_)
        if (worker.get() != mine) worker->ask_for_poll();
    still_.wait(lock, [&] { return working_ == 0; });
    lock.unlock();
    const bool could_pause = mine && mine->may_pause;
    if (mine) mine->may_pause = false;
    struct Release {
        ActorSystem& system;
        Worker* mine;
        bool could_pause;
        std::unique_lock<std::mutex>& lock;
        ~Release() {
            lock.lock();
            if (mine) {
                mine->may_pause = could_pause;
                ++system.working_;
            }
            system.exclusive_owner_ = {};
            system.pause_ = false;
            system.still_.notify_all();
        }
    } release{*this, mine, could_pause, lock};
    work();
}

} // namespace indent
