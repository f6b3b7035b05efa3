#include "vm/actors/actor_system.h"
#include "vm/actors/supervisor.h"
#include "vm/interp/arguments.h"
#include "vm/interp/error_report.h"
#include "vm/interp/sketch.h"
#include "vm/model/number.h"
#include "vm/os/clock.h"
#include <algorithm>
#include <cassert>
#include <new>

namespace indent {

namespace {
constexpr size_t kTurnStackBytes = size_t(1) << 30; // reserved, not committed
constexpr size_t kNativeMargin = size_t(4) << 20;
constexpr uint64_t kPatience = 5'000'000'000; // of an ask that does not say
constexpr uint64_t kTick = 5'000'000;

void finish_address(Cell* cell) { delete (*cell)[0].raw_address<Actor>(); }
} // namespace

// ---- life

ActorSystem::ActorSystem(Runtime& runtime, ActorOptions options)
    : runtime_(runtime), options_(std::move(options)), order_(options_.seed.value_or(0)) {}

Result<std::unique_ptr<ActorSystem>> ActorSystem::make(Runtime& runtime, ActorOptions options) {
    if (options.seed) options.workers = 1;
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
    runtime.shared.list_shape(shape::kAtom); // a reload looks at what they hold,
    runtime.shared.list_shape(shape::kBlock); // and who holds old code is found by them
    runtime.exclusive = [system = system.get()](const std::function<void()>& work) { system->exclusively(work); };
    system->main_ = system->make_actor(nullptr);
    system->main_->status = Actor::Idle;
    system->main_->pinned = 0;
    return system;
}

ActorSystem::~ActorSystem() {
    {
        std::lock_guard lock(idle_mutex_);
        ending_ = true;
    }
    idle_.notify_all();
    {
        std::lock_guard lock(actors_mutex_);
        for (Actor* actor = first_actor_; actor; actor = actor->next) {
            std::lock_guard own(actor->lock);
            actor->stop_requested = actor != main_; // a turn that never ends by itself, too
        }
    }
    for (auto& worker : workers_) worker->ask_for_poll();
    for (size_t i = 1; i < workers_.size(); ++i) workers_[i]->thread_.join();
    if (workers_[0]->thread_id == std::this_thread::get_id()) workers_[0]->unwind_waiting();
    {
        std::lock_guard lock(tick_mutex_);
    }
    tick_.notify_all();
    ticker_.join();
    elsewhere_ = nullptr;
    end_all();
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
                if (!began || now - began < options_.slice / 2) continue;
                worker->ask_for_poll();
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
        for (auto& worker : workers_)
            if (victim->turn) worker->drop_deadline(*victim->turn);
        unmake(*victim);
    }
    for (auto& worker : workers_) {
        worker->ready = {};
        worker->pinned = {};
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
    workers_[0]->work([this] { return interrupted_.load() || main_->status == Actor::Waiting || main_->status == Actor::Idle; });
}

bool ActorSystem::main_is_busy() {
    std::lock_guard lock(main_->lock);
    return main_->status != Actor::Idle;
}

void ActorSystem::run_until_quiet() {
    workers_[0]->work([&] { return (active_.load() == 0 && timers_.size() == 0) || main_stopped_; });
}

void ActorSystem::run_for(uint64_t nanoseconds) {
    const uint64_t end = os::monotonic_ns() + nanoseconds;
    workers_[0]->work([&] { return os::monotonic_ns() >= end || main_stopped_; });
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
    if (idle_workers_.load() > 0 && (queued > 1 || &target != here)) wake_one();
}

void ActorSystem::wake_one() {
    { std::lock_guard lock(idle_mutex_); }
    idle_.notify_all();
}

void ActorSystem::became_idle() {
    if (active_.fetch_sub(1) == 1 && idle_workers_.load() > 0) wake_one();
}

bool ActorSystem::post(Actor& actor, std::unique_ptr<ActorMessage> message) {
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
    bool drains = false;
    if (draining_.load(std::memory_order_relaxed) && message->era < era) [[unlikely]] {
        message->drained.begin(undrained_);
        drains = actor.status == Actor::Held && std::exchange(actor.switch_held, false);
    }
    actor.add(message.release());
    const bool wakes = actor.status == Actor::Idle || drains;
    if (wakes) {
        actor.status = Actor::Ready;
        if (!drains) became_active();
    }
    actor.lock.unlock();
    if (wakes) {
        Worker* here = nullptr;
        const auto me = std::this_thread::get_id();
        for (auto& worker : workers_)
            if (worker->thread_id == me) here = worker.get();
        schedule(actor, here);
    }
    return true;
}

void ActorSystem::answer(Actor& asker, uint64_t ask, std::unique_ptr<Answer> reply) {
    asker.lock.lock();
    if (asker.waits_for != ask || asker.answered) { // too late
        asker.lock.unlock();
        return;
    }
    asker.answer = std::move(reply);
    asker.answered = true;
    const bool wakes = asker.status == Actor::Waiting;
    if (wakes) asker.status = Actor::Ready;
    asker.lock.unlock();
    if (!wakes) return;
    Worker* here = nullptr;
    const auto me = std::this_thread::get_id();
    for (auto& worker : workers_)
        if (worker->thread_id == me) here = worker.get();
    schedule(asker, here);
}

// ---- ends

void ActorSystem::kill(Actor& actor) {
    actor.lock.lock();
    const auto status = actor.status;
    if (status != Actor::Ended) actor.stop_requested = true;
    bool wakes = status == Actor::Waiting || status == Actor::Idle;
    if (wakes) actor.status = Actor::Ready;
    if (status == Actor::Idle) became_active();
    if (status == Actor::Held) wakes = wake_held(actor);
    actor.lock.unlock();
    if (wakes) schedule(actor, nullptr);
    else if (status == Actor::Running)
        for (auto& worker : workers_) worker->ask_for_poll();
}

// What is common to an end and to never having been.
void ActorSystem::unmake(Actor& actor) {
    actor.lock.lock();
    const auto before = actor.status;
    actor.status = Actor::Ended;
    std::vector<std::unique_ptr<ActorMessage>> left;
    while (auto message = actor.take()) left.push_back(std::move(message));
    actor.lock.unlock();
    if (before == Actor::Ready || before == Actor::Running || before == Actor::Waiting) became_idle();
    {
        std::lock_guard lock(actors_mutex_);
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
    if (ties) {
        std::unique_lock lock(names_mutex_);
        for (SymbolId name : ties->names)
            if (auto found = names_.find(name); found != names_.end() && found->second == &actor) names_.erase(found);
    }
    if (ties)
        for (const TimerPointer& timer : ties->timers) timers_.cancel(timer);
    actor.heap.reset();
    actor.state = actor.journal = Value();
    if (actor.turn) workers_[actor.turn->worker]->unlink_waiting(actor);
    actor.turn.reset();
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

bool ActorSystem::cancel_timer(uint64_t number) {
    TimerPointer timer = timers_.find(number);
    if (!timer) return false;
    timers_.cancel(timer);
    if (timers_.size() == 0) wake_one();
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
    std::shared_lock lock(names_mutex_);
    auto found = names_.find(name);
    return found == names_.end() ? ActorRef() : ActorRef(runtime_.shared, found->second);
}

bool ActorSystem::register_name(Actor& actor, SymbolId name) {
    std::unique_lock lock(names_mutex_);
    if (!names_.emplace(name, &actor).second) return false;
    lock.unlock();
    std::lock_guard ties(ties_mutex_);
    if (!actor.ties) actor.ties = std::make_unique<Ties>();
    actor.ties->names.push_back(name);
    return true;
}

std::string ActorSystem::describe(Actor& actor) {
    if (!actor.cls) return &actor == main_ ? "the main program" : "the reload itself";
    std::string text(runtime_.symbols.text(actor.cls->name));
    std::lock_guard lock(ties_mutex_);
    text += " (";
    if (actor.ties && !actor.ties->names.empty()) text += ":" + std::string(runtime_.symbols.text(actor.ties->names[0]));
    else text += "actor " + std::to_string(actor.id);
    return text + ")";
}

// ---- what code asks for

Value ActorSystem::self(Machine& vm) { return vm.self_address; }

Actor* ActorSystem::actor_at(Machine& vm, Value* nf, const char* verb, Value& resumed) {
    if (has_shape(nf[0], shape::kAddress)) return actor_of(nf[0]);
    std::string words = std::string("`") + verb + "` takes an actor's address, not " + described(vm, nf[0]);
    if (nf[0].is_cell() && vm.shapes[nf[0].cell()->shape].class_value &&
        vm.shapes[nf[0].cell()->shape].class_value->kind == ClassKind::Actor)
        words += ": `spawn` makes an actor of it";
    resumed = vm.fail("WrongType", words, nf);
    return nullptr;
}

std::unique_ptr<ActorMessage> ActorSystem::letter(Machine& vm, const OutgoingMessage& out, Value& resumed) {
    auto message = std::make_unique<ActorMessage>();
    message->selector = out.selector;
    Actor* sender = worker_of(vm).running;
    if (out.nf[0] != vm.self_address) message->era = sender->era;
    if (out.plan) {
        message->labels.assign(out.plan->labels.begin(), out.plan->labels.end());
        message->trailing_block = out.plan->trailing_block;
    }
    if (out.count == 0) return message;
    std::string refusal;
    message->arguments = Parcel::pack(vm, out.nf + 1, out.count, refusal);
    if (message->arguments) return message;
    message.reset(); // errors may jump over this frame
    const std::string words = "this cannot be sent to another actor: " + refusal;
    refusal = {};
    resumed = vm.fail("ArgumentError", words, out.nf + out.count + 1);
    return nullptr;
}

std::optional<uint64_t> ActorSystem::duration(Machine& vm, Value value, Value* args, Value& resumed) {
    // A Duration, or a number of seconds.
    constexpr double kLongest = 1e18; // thirty years
    double wanted = -1;
    if (value.is_float()) wanted = value.as_float() * 1e9;
    else if (value.is_integer()) wanted = double(value.as_integer()) * 1e9;
    else if (const SymbolId selector = vm.symbols.intern("nanoseconds"); vm.understands(value, selector)) {
        Value answer = vm.send(value, selector, {}, args);
        if (answer.is_integer()) wanted = double(answer.as_integer());
        else if (answer.is_float()) wanted = answer.as_float();
    }
    if (wanted >= 0) return uint64_t(std::min(wanted, kLongest));
    resumed = vm.fail("ArgumentError", "a time to wait is a Duration (`2.seconds`), not " + described(vm, value), args);
    return std::nullopt;
}

// An actor that is not born yet; null: an error was raised.
Actor* ActorSystem::create(Machine& vm, Class* cls, const OutgoingMessage& out, Value name, Actor* supervisor, Value& resumed) {
    Value* nf = out.nf;
    const std::string class_name(vm.symbols.text(cls->name));
    if (cls->kind != ClassKind::Actor && cls->kind != ClassKind::Supervisor) {
        resumed = vm.fail("ArgumentError", "`spawn` takes an actor, and `" + class_name + "` is none: `" + class_name +
                                               "(…)` alone makes one", nf);
        return nullptr;
    }
    if (name && !name.is_nil() && !name.is_symbol()) {
        resumed = vm.fail("ArgumentError", "an actor's name is a Symbol (`as :main`), not " + described(vm, name), nf);
        return nullptr;
    }
    OutgoingMessage arranged = out;
    if (!cls->lookup(sym::init)) {
        // What is missing or too much is the spawner's error: it is found here.
        std::vector<ParameterInfo> parameters;
        for (const FieldInfo& field : cls->fields) parameters.push_back({field.name, field.initial != nullptr, false});
        resumed = arrange_arguments(vm, nf, out.count, out.plan, parameters, nullptr, cls->name);
        if (resumed) return nullptr;
        arranged.count = unsigned(parameters.size());
        arranged.plan = nullptr;
    }
    arranged.selector = 0;
    std::unique_ptr<ActorMessage> message = letter(vm, arranged, resumed);
    if (!message) return nullptr;
    message->kind = ActorMessage::Start;
    message->starts_as = cls->shape;
    start_threads();
    Actor* actor = make_actor(cls);
    actor->layout_epoch = runtime_.layout_epoch;
    if (name && name.is_symbol() && !register_name(*actor, name.symbol_id())) {
        message.reset();
        unmake(*actor);
        resumed = vm.fail("ArgumentError", "an actor has the name :" + std::string(vm.symbol_text(name)) + " already", nf);
        return nullptr;
    }
    if (supervisor) {
        std::lock_guard lock(ties_mutex_);
        if (!actor->ties) actor->ties = std::make_unique<Ties>();
        actor->ties->supervisor = ActorRef(runtime_.shared, supervisor);
        actor->supervised = true;
        // Kept for restarts: the message that begins it only says so.
        actor->first_start = std::shared_ptr<const ActorMessage>(std::move(message));
        message = std::make_unique<ActorMessage>();
        message->kind = ActorMessage::Start;
    }
    actor->mailbox.fetch_add(1, std::memory_order_relaxed);
    actor->lock.lock();
    actor->add(message.release());
    actor->lock.unlock();
    worker_of(vm).outbox.spawned.emplace_back(runtime_.shared, actor);
    return actor;
}

Value ActorSystem::spawn(Machine& vm, Class* cls, const OutgoingMessage& out, Value name) {
    Value resumed;
    Actor* actor = create(vm, cls, out, name, nullptr, resumed);
    if (!actor) return resumed;
    Value address = Value::cell(actor->address);
    runtime_.shared.hold(address);
    vm.heap->hold_for_stretch(address);
    if (cls->kind == ClassKind::Supervisor && !make_supervision(vm, *actor, out.nf, resumed)) return resumed;
    return address;
}

Value ActorSystem::send(Machine& vm, const OutgoingMessage& out, Value after, Value every) {
    Value* nf = out.nf;
    Value resumed;
    Actor* actor = actor_at(vm, nf, "send", resumed);
    if (!actor) return resumed;
    Value* beyond = nf + out.count + 1;
    uint64_t delay = 0, period = 0;
    if (after) {
        auto time = duration(vm, after, native_frame(vm, nf, beyond), resumed);
        if (!time) return resumed;
        delay = *time;
    }
    if (every) {
        auto time = duration(vm, every, native_frame(vm, nf, beyond), resumed);
        if (!time) return resumed;
        if (*time == 0) return vm.fail("ArgumentError", "`every` wants more than no time", nf);
        period = *time;
        if (!after) delay = period;
    }
    Worker& worker = worker_of(vm);
    const size_t waiting = actor->mailbox.load(std::memory_order_relaxed);
    if (!after && !every && waiting + worker.outbox.letters.size() >= options_.mailbox_limit &&
        waiting + worker.outbox.letters_to(*actor) >= options_.mailbox_limit) [[unlikely]] {
        const std::string words = describe(*actor) + " has " + std::to_string(options_.mailbox_limit) +
                                  " messages waiting, which is its limit: `ask` waits for room, or send less";
        return vm.fail("MailboxFull", words, nf);
    }
    std::unique_ptr<ActorMessage> message = letter(vm, out, resumed);
    if (!message) return resumed;
    if (!after && !every) {
        worker.outbox.letters.push_back({ActorRef(runtime_.shared, actor), std::move(message)});
        return Value::nil();
    }
    auto timer = std::make_shared<TimerRecord>();
    timer->target = ActorRef(runtime_.shared, actor);
    timer->selector = message->selector;
    timer->arguments = std::move(message->arguments);
    timer->labels = std::move(message->labels);
    timer->trailing_block = message->trailing_block;
    timer->due = os::monotonic_ns() + delay;
    timer->every = period;
    message.reset();
    if (timer->arguments && timer->arguments->has_blocks()) {
        std::lock_guard lock(actor->lock);
        if (actor->status != Actor::Ended) suspect(*actor);
    }
    const uint64_t id = timers_.add(timer);
    worker.outbox.timers.push_back(timer);
    {
        std::lock_guard lock(ties_mutex_);
        if (!actor->ties) actor->ties = std::make_unique<Ties>();
        auto& timers = actor->ties->timers;
        std::erase_if(timers, [](const TimerPointer& t) { return t->cancelled || t->over; });
        timers.push_back(timer);
    }
    timer.reset();
    nf[0] = vm.integer(int64_t(id), nf);
    return vm.object(vm.runtime.prelude_class("Timer"), {nf[0]}, nf);
}

// Whether the asker is among those that the target's turn waits for, directly or not.
bool ActorSystem::closes_cycle(Actor& asker, Actor& target, std::string& cycle) {
    std::vector<Actor*> path{&target};
    bool found = &target == &asker;
    {
        std::lock_guard lock(asking_lock_);
        asker.asks = &target;
        for (Actor* at = target.asks; at && !found && path.size() < 10'000; at = at->asks) {
            path.push_back(at);
            found = at == &asker;
        }
        if (found) asker.asks = nullptr;
    }
    if (!found) return false;
    cycle = describe(asker);
    for (Actor* at : path) cycle += " asks " + describe(*at);
    return true;
}

// The value goes to nf[1]. What was answered before a reload is for the code of before, unless this turn has begun before
// too.
void ActorSystem::open_answer(Machine& vm, Answer& reply, Value* nf) {
    const uint32_t epoch = reply.value->layout_epoch();
    Parcel::unpack(std::move(reply.value), vm, nf + 1, nf + 2);
    if (epoch < vm.layout_epoch) [[unlikely]]
        migrate_in_turn(vm, native_frame(vm, nf, nf + 2), {nf + 1, 1});
}

Value ActorSystem::ask(Machine& vm, const OutgoingMessage& out, Value within) {
    Value* nf = out.nf;
    Value resumed;
    Actor* actor = actor_at(vm, nf, "ask", resumed);
    if (!actor) return resumed;
    uint64_t patience = kPatience;
    if (within) {
        auto time = duration(vm, within, native_frame(vm, nf, nf + out.count + 1), resumed);
        if (!time) return resumed;
        patience = *time;
    }
    Worker& worker = worker_of(vm);
    Actor& self = *worker.running;
    if (!worker.may_pause || (holding_ && &self == elsewhere_))
        return vm.fail("Error", "`ask` cannot wait here: no actor begins a turn before the reload is done", nf);
    {
        std::string cycle;
        if (closes_cycle(self, *actor, cycle)) {
            const std::string words = "these wait for each other: " + cycle;
            cycle = {};
            return vm.fail("Deadlock", words, nf);
        }
    }
    std::unique_ptr<ActorMessage> message = letter(vm, out, resumed);
    if (!message) {
        set_asks(self, nullptr);
        return resumed;
    }
    worker.segment_leaves();
    uint64_t until = os::monotonic_ns() + patience;
    if (!wait_for_room(vm, *actor, until, nf, nf + out.count + 1)) [[unlikely]] {
        message.reset();
        set_asks(self, nullptr);
        if (stop_arrived(vm, self)) return vm.fail("Stopped", "the program was stopped", nf);
        const std::string words = "no room for `" + std::string(vm.symbols.text(out.selector)) + "` among the " +
                                  std::to_string(options_.mailbox_limit) + " messages that wait for " +
                                  describe(*actor_of(nf[0])) + " within " + in_words(patience);
        return vm.fail("Timeout", words, nf);
    }
    const uint64_t number = last_ask_.fetch_add(1, std::memory_order_relaxed) + 1;
    message->ask = number;
    message->from = ActorRef(runtime_.shared, &self);
    self.lock.lock();
    self.waits_for = number;
    self.answered = false;
    self.answer.reset();
    self.lock.unlock();
    worker.departed.add(out.selector, *actor);
    post(*actor, std::move(message));
    vm.had_effects = true;
    worker.pause_turn(nf, nf + out.count + 1, until, false);
    set_asks(self, nullptr);
    self.lock.lock();
    std::unique_ptr<Answer> reply = std::move(self.answer);
    self.waits_for = 0;
    self.answered = false;
    self.lock.unlock();
    if (stop_arrived(vm, self)) {
        reply.reset();
        return vm.fail("Stopped", "the program was stopped", nf);
    }
    if (!reply) {
        const std::string words = "no answer to `" + std::string(vm.symbols.text(out.selector)) + "` from " +
                                  describe(*actor_of(nf[0])) + " within " + in_words(patience);
        return vm.fail("Timeout", words, nf);
    }
    if (!reply->failed) {
        open_answer(vm, *reply, nf);
        return nf[1];
    }
    if (reply->value) {
        open_answer(vm, *reply, nf);
        vm.inner->remote_errors.push_back({nf[1], std::move(reply->trace)});
        reply.reset();
        return raise_from_node(vm, nf[1], nf);
    }
    const char* error_class = reply->error_class;
    const std::string words = reply->words;
    reply.reset();
    return vm.fail(error_class, words, nf);
}

bool ActorSystem::wait_for_room(Machine& vm, Actor& actor, uint64_t& until, Value* frame, Value* top) {
    if (actor.mailbox.load(std::memory_order_relaxed) < options_.mailbox_limit) [[likely]] {
        actor.mailbox.fetch_add(1, std::memory_order_relaxed);
        return true;
    }
    Worker& worker = worker_of(vm);
    Actor& self = *worker.running;
    for (;;) {
        const uint64_t number = last_ask_.fetch_add(1, std::memory_order_relaxed) + 1;
        self.lock.lock();
        self.waits_for = number;
        self.answered = false;
        self.lock.unlock();
        actor.lock.lock(); // who takes a message has it, and looks at room_wanted
        const bool room =
            actor.status == Actor::Ended || actor.mailbox.load(std::memory_order_relaxed) < options_.mailbox_limit;
        if (room) {
            actor.mailbox.fetch_add(1, std::memory_order_relaxed);
        } else {
            std::lock_guard lock(ties_mutex_);
            if (!actor.ties) actor.ties = std::make_unique<Ties>();
            actor.ties->for_room.emplace_back(ActorRef(runtime_.shared, &self), number);
            actor.room_wanted = true;
        }
        actor.lock.unlock();
        const uint64_t held = held_total_.load(std::memory_order_relaxed);
        if (!room) worker.pause_turn(frame, top, until, false);
        until += held_total_.load(std::memory_order_relaxed) - held;
        self.lock.lock();
        self.waits_for = 0;
        self.answered = false;
        const bool stopped = self.stop_requested || (&self == main_ && main_stopped_);
        self.lock.unlock();
        if (room) return true;
        if (!stopped && os::monotonic_ns() < until) continue;
        // What came for this turn is for the next.
        bool was_told = true;
        {
            std::lock_guard lock(ties_mutex_);
            if (actor.ties)
                was_told = std::erase_if(actor.ties->for_room, [&](auto& who) { return who.second == number; }) == 0;
        }
        if (was_told) made_room(actor);
        return false;
    }
}

void ActorSystem::made_room(Actor& actor) {
    std::pair<ActorRef, uint64_t> first;
    actor.lock.lock();
    {
        std::lock_guard lock(ties_mutex_);
        const bool any = actor.ties && !actor.ties->for_room.empty();
        if (any) {
            first = std::move(actor.ties->for_room.front());
            actor.ties->for_room.pop_front();
        }
        actor.room_wanted = any && !actor.ties->for_room.empty();
    }
    actor.lock.unlock();
    if (first.first) answer(*first.first, first.second, nullptr);
}

void ActorSystem::set_asks(Actor& actor, Actor* whom) {
    std::lock_guard lock(asking_lock_);
    actor.asks = whom;
}

bool ActorSystem::stop_arrived(Machine&, Actor& actor) {
    if (&actor == main_) return main_stopped_.exchange(false);
    std::lock_guard lock(actor.lock);
    return actor.stop_requested && !std::exchange(actor.stop_said, true);
}

std::string ActorSystem::in_words(uint64_t nanoseconds) {
    char text[40];
    if (nanoseconds >= 1'000'000'000) std::snprintf(text, sizeof text, "%g s", double(nanoseconds) * 1e-9);
    else std::snprintf(text, sizeof text, "%g ms", double(nanoseconds) * 1e-6);
    return text;
}

Value ActorSystem::watch(Machine& vm, Value* nf) {
    Value resumed;
    Actor* actor = actor_at(vm, nf, "watch", resumed);
    if (!actor) return resumed;
    Actor& self = *worker_of(vm).running;
    actor->lock.lock();
    const bool ended = actor->status == Actor::Ended;
    if (!ended) {
        std::lock_guard lock(ties_mutex_);
        if (!actor->ties) actor->ties = std::make_unique<Ties>();
        auto& watchers = actor->ties->watchers;
        if (std::none_of(watchers.begin(), watchers.end(), [&](ActorRef& w) { return w.get() == &self; }))
            watchers.emplace_back(runtime_.shared, &self);
    }
    actor->lock.unlock();
    if (ended) { // it is told at once
        Ties late;
        late.watchers.emplace_back(runtime_.shared, &self);
        tell_watchers(*actor, late);
    }
    return nf[0];
}

Value ActorSystem::stop(Machine& vm, Value* nf) {
    Value resumed;
    Actor* actor = actor_at(vm, nf, "stop", resumed);
    if (!actor) return resumed;
    if (actor == main_) return vm.fail("ArgumentError", "the main program ends by itself or with `exit`", nf);
    auto message = std::make_unique<ActorMessage>();
    message->kind = ActorMessage::Stop;
    message->selector = sym::stop;
    message->era = worker_of(vm).running->era;
    const Value reason[] = {Value::symbol(runtime_.symbols.intern("normal"))};
    message->arguments = Parcel::of_shared(runtime_.shared, reason, 1);
    worker_of(vm).outbox.letters.push_back({ActorRef(runtime_.shared, actor), std::move(message)});
    return nf[0];
}

void ActorSystem::sleep(Machine& vm, uint64_t nanoseconds, Value* args) {
    Worker& worker = worker_of(vm);
    Actor& self = *worker.running;
    self.lock.lock();
    self.answered = false;
    self.waits_for = 0;
    self.lock.unlock();
    worker.segment_leaves();
    worker.pause_turn(args, args + kPrimitiveFrame, os::monotonic_ns() + nanoseconds, false);
    self.lock.lock();
    self.answered = false;
    self.lock.unlock();
    if (stop_arrived(vm, self)) vm.fail("Stopped", "the program was stopped", args);
}

void ActorSystem::polled(Machine& vm, Value* top) {
    Worker& worker = worker_of(vm);
    if (worker.budget_until && os::monotonic_ns() > worker.budget_until) {
        worker.budget_until = 0;
        vm.fail("Timeout", "this takes longer than it may", top);
        return;
    }
    worker.polled(top - kPrimitiveFrame, top);
}

bool ActorSystem::stop_wanted(Machine& vm) {
    Worker& worker = worker_of(vm);
    return worker.running && stop_arrived(vm, *worker.running);
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
        if (worker->thread_id == me && worker->turn_began.load(std::memory_order_relaxed)) mine = worker.get();
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

// ---- reports

std::string ActorSystem::report_of(Machine& vm, Actor& actor, const ActorMessage& message, const RunResult& result,
                                   const RemoteTrace& trace) {
    ErrorReport report;
    if (result.out_of_memory) report.text = "error: OutOfMemory: the program needs more memory than it may take\n";
    else report = describe_error(vm, result.error);
    std::string text = report.text;
    if (message.kind == ActorMessage::Call)
        text += "  in the actor " + describe(actor) + ", handling `" + message_in_words(vm, message) + "`; its changes are undone\n";
    else text += "  in the actor " + trace.where + "\n";
    return text + departed_in_words(worker_of(vm).departed);
}

// "add(100, by: [1, 2, …])"
std::string ActorSystem::message_in_words(Machine& vm, const ActorMessage& message) {
    constexpr size_t kEnough = 80;
    std::string text(vm.symbols.text(message.selector));
    const Parcel* parcel = message.timer ? message.timer->arguments.get() : message.arguments.get();
    if (!parcel || parcel->count() == 0) return text;
    text += "(";
    for (size_t i = 0; i < parcel->count(); ++i) {
        if (i > 0) text += ", ";
        if (text.size() > kEnough) {
            text += "…";
            break;
        }
        if (i < message.labels.size() && message.labels[i]) text += std::string(vm.symbols.text(message.labels[i])) + ": ";
        const Value value = parcel->peek(i);
        std::string shown = value ? sketch(vm, value) : "nil";
        text += shown.empty() ? described(vm, value) : shown;
    }
    return text + ")";
}

// A line of a report; empty: nothing has left.
std::string ActorSystem::departed_in_words(const Departed& departed) {
    std::string text;
    auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
    const size_t shown = std::min<size_t>(departed.messages, std::size(departed.first));
    for (size_t i = 0; i < shown; ++i) {
        const Departed::Letter& letter = departed.first[i];
        std::string who = letter.cls ? std::string(runtime_.symbols.text(letter.cls->name)) : "the main program";
        if (letter.cls) {
            std::string name = "actor " + std::to_string(letter.to);
            std::shared_lock lock(names_mutex_);
            for (auto& [symbol, actor] : names_)
                if (actor->id == letter.to) name = ":" + std::string(runtime_.symbols.text(symbol));
            who += " (" + name + ")";
        }
        add("`" + std::string(runtime_.symbols.text(letter.selector)) + "` to " + who);
    }
    auto number = [](size_t n, const char* what) { return std::to_string(n) + " " + what + (n == 1 ? "" : "s"); };
    if (departed.messages > shown) add(number(departed.messages - shown, "more message"));
    if (departed.spawned) add(number(departed.spawned, "new actor"));
    if (departed.timers) add(number(departed.timers, "timer"));
    return text.empty() ? text : "  had left before, and stays: " + text + "\n";
}

} // namespace indent
