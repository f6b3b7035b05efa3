// How an error stops a turn, what a person may do with it then, and how a turn that is retried meets what it had done.
#include "vm/actors/broken.h"
#include "vm/actors/actor_system.h"
#include "vm/actors/turn_tape.h"
#include "vm/interp/error_report.h"
#include "vm/interp/frames.h"
#include "vm/interp/nodes_try.h"
#include "vm/interp/sketch.h"
#include "vm/model/module.h"
#include "vm/os/clock.h"
#include "vm/syntax/source.h"
#include <algorithm>

namespace indent {

namespace {
constexpr size_t kMostFrames = 200;
constexpr size_t kMostShown = 200;                // bytes of a value's text
constexpr uint64_t kLookAtCourse = 1'500'000'000; // ns that a decision waits for what comes of it
} // namespace

BreakRecord* Worker::record() const {
    BreakRecord* record = running && running->message ? running->message->record.get() : nullptr;
    return record && record->may_break && !record->looked_at ? record : nullptr;
}

// ---- who catches

// Whoever asks says what it catches, as nobody else may look at its frames while it waits.
void ActorSystem::note_catchers(Machine& vm, ActorMessage& message) {
    auto record = std::make_shared<BreakRecord>();
    for (TryRecord* at = vm.inner->handlers; at; at = at->outer) {
        if (!at->node) continue;
        for (const CatchTemplate& clause : at->node->catches) {
            const Class* cls = nullptr;
            if (clause.type) {
                const Value type = run(clause.type, at->fp);
                cls = type.is_cell() ? vm.shapes[type.cell()->shape].class_value : nullptr;
                if (!cls) continue;
            }
            record->caught_by.push_back(cls);
        }
    }
    // What leaves this turn goes to who waits for it.
    const Actor& self = *worker_of(vm).running;
    if (self.message && self.message->ask && self.message->record)
        for (const Class* cls : self.message->record->caught_by) record->caught_by.push_back(cls);
    message.record = std::move(record);
}

// ---- the list

std::vector<BrokenInfo> ActorSystem::broken_turns() {
    std::vector<BrokenInfo> all;
    std::lock_guard lock(broken_mutex_);
    for (const auto& broken : broken_) all.push_back(broken->info);
    return all;
}

std::shared_ptr<BrokenTurn> ActorSystem::stop_turn(Machine& vm, BrokenInfo info) {
    Actor& self = *worker_of(vm).running;
    BreakRecord& record = *self.message->record;
    auto broken = std::make_shared<BrokenTurn>();
    info.actor = self.id;
    info.who = describe(self);
    info.message = message_in_words(vm, *self.message);
    info.report += "  in the actor " + info.who + ", handling `" + info.message + "`\n" +
                   departed_in_words(worker_of(vm).departed);
    broken->actor = ActorRef(runtime_.shared, &self);
    {
        std::lock_guard lock(broken_mutex_);
        info.number = ++last_broken_;
        broken->info = std::move(info);
        broken_.push_back(broken);
    }
    // What it has met so far is known before anything else comes: an answer that is too late is not to be in time when it is
    // run again.
    if (log && vm.had_effects) log->inputs(worker_of(vm));
    record.broken = broken;
    self.broken = true;
    broken_count_.fetch_add(1);
    if (auto course = std::exchange(record.course, nullptr)) {
        course->again = broken->info.number;
        course->course = BreakAnswer::StoppedAgain;
    }
    if (on_broken) on_broken(broken->info);
    tell_main_of(*broken);
    return broken;
}

void ActorSystem::mend(BrokenTurn& broken, const std::string& why) {
    {
        std::lock_guard lock(broken_mutex_);
        std::erase_if(broken_, [&](const auto& one) { return one.get() == &broken; });
    }
    broken.actor->broken = false;
    broken_count_.fetch_sub(1);
    {
        std::lock_guard lock(broken.mutex);
        broken.over = true;
        broken.command.reset();
        if (!broken.answered) broken.answer.problem = why;
        broken.answered = true;
    }
    if (on_mended) on_mended(broken.info);
    wake_one();
}

void ActorSystem::wake_broken(Actor& actor) {
    actor.lock.lock();
    actor.answered = true;
    const bool wakes = actor.status == Actor::Waiting;
    if (wakes) actor.status = Actor::Ready;
    actor.lock.unlock();
    if (wakes) schedule(actor, nullptr);
}

// ---- who waits for one

bool ActorSystem::waits_for_broken(Actor& actor) {
    if (broken_count_.load(std::memory_order_relaxed) == 0 || &actor == main_) return false;
    constexpr size_t kFar = 10'000;
    bool found = false;
    walkers_.fetch_add(1);
    {
        std::lock_guard lock(asking_lock_);
        size_t steps = 0;
        for (Actor* at = actor.asks; at && !found && ++steps < kFar; at = at->asks) found = at->broken;
    }
    walkers_.fetch_sub(1);
    return found;
}

namespace {
std::string waits_for_a_person(const BrokenInfo& info) {
    const std::string what = info.differs.empty() ? "is stopped at an error" : "is stopped";
    return info.who + " " + what + " in `" + info.message + "`" +
           (info.error.empty() ? ": " + info.differs : ": " + info.error) + "\n  it waits as stopped turn " +
           std::to_string(info.number) +
           " until a person decides: `:broken` at the prompt of `indent repl` shows it";
}
} // namespace

// The main program is what a person types: it does not wait for another decision of that person.
void ActorSystem::tell_main_of(BrokenTurn& broken) {
    main_->lock.lock();
    const uint64_t number = main_->waits_for;
    main_->lock.unlock();
    if (!number) return;
    bool found = false;
    walkers_.fetch_add(1);
    {
        std::lock_guard lock(asking_lock_);
        size_t steps = 0;
        for (Actor* at = main_->asks; at && !found && ++steps < 10'000; at = at->asks)
            found = at == broken.actor.get();
    }
    walkers_.fetch_sub(1);
    if (!found) return;
    auto reply = std::make_unique<Answer>();
    reply->failed = true;
    reply->error_class = "Error";
    reply->words = waits_for_a_person(broken.info);
    answer(*main_, number, std::move(reply), here());
}

// Empty: it may be asked.
std::string ActorSystem::why_not_asked(Machine& vm, Actor& target, Value*) {
    if (worker_of(vm).running != main_ || !target.broken) return "";
    std::lock_guard lock(broken_mutex_);
    for (const auto& broken : broken_)
        if (broken->actor.get() == &target) return waits_for_a_person(broken->info);
    return "";
}

// ---- an error

Value ActorSystem::uncaught(Machine& vm, Value* args) {
    Worker& worker = worker_of(vm);
    BreakRecord* record = worker.record();
    if (!record || !break_on_error || record->retries || record->returns || record->gives_up || ending_ ||
        !worker.may_pause || worker.opening_ || vm.inner->reserve_in_use)
        return Value();
    const Value error = vm.inner->uncaught.error;
    const Class* cls = vm.class_of(error);
    if (vm.is_uncatchable(error) || cls == runtime_.prelude_class("OutOfMemory") ||
        cls == runtime_.prelude_class("StackOverflow") || record->is_caught(vm, error))
        return Value();
    Value* above = native_frame(vm, args, args + kPrimitiveFrame);
    if (!Heap::raise_stack(vm, above + 16 * kPrimitiveFrame)) return Value();
    std::shared_ptr<BrokenTurn> broken;
    {
        const ErrorReport report = describe_error(vm, error, above);
        BrokenInfo info;
        info.error = report.class_name + (report.message.empty() ? "" : ": " + report.message);
        info.report = report.text;
        info.file = report.file;
        info.line = report.line;
        broken = stop_turn(vm, std::move(info));
    }
    return stand(vm, *broken, args);
}

Value ActorSystem::stand(Machine& vm, BrokenTurn& broken, Value* args) {
    Worker& worker = worker_of(vm);
    Actor& self = *worker.running;
    BreakRecord& record = *self.message->record;
    const bool differs = !broken.info.differs.empty();
    struct Leaving {
        ActorSystem& system;
        BreakRecord& record;
        BrokenTurn& broken;
        ~Leaving() {
            record.looked_at = false;
            system.mend(broken, "error: that turn has ended\n");
            record.broken.reset(); // whoever called `stand` holds it, too
        }
    } leaving{*this, record, broken};
    for (;;) {
        self.lock.lock();
        self.answered = false;
        self.waits_for = 0;
        const bool stopped = self.stop_requested;
        if (stopped) self.stop_said = true;
        self.lock.unlock();
        if (stopped) return vm.fail("Stopped", "the program was stopped", args);
        BreakCommand command;
        bool commanded = false;
        {
            std::lock_guard lock(broken.mutex);
            if (broken.command) {
                command = std::move(*broken.command);
                broken.command.reset();
                commanded = true;
            }
        }
        if (!commanded) {
            worker.pause_turn(args, args + kPrimitiveFrame, 0, false);
            continue;
        }
        BreakAnswer answer;
        Value yielded; // nothing is allocated between here and where it is used
        bool leaves = false;
        auto refuse = [&](const char* why) { answer.problem = std::string("error: ") + why + "\n"; };
        switch (command.kind) {
        case BreakCommand::Frames: tell_frames(vm, args, answer); break;
        case BreakCommand::Evaluate: (void)evaluate_in_frame(vm, command, args, answer); break;
        case BreakCommand::Resume:
        case BreakCommand::Return: {
            if (differs && command.kind == BreakCommand::Resume) {
                refuse("there is no value that it waits for; it may go on, or return a value as a whole");
                break;
            }
            const RunResult result = evaluate_in_frame(vm, command, args, answer);
            if (!answer.problem.empty()) break;
            if (command.kind == BreakCommand::Resume) {
                yielded = result.value;
            } else {
                vm.inner->uncaught.resumed_with = result.value;
                record.returns = leaves = true;
            }
            break;
        }
        case BreakCommand::Retry:
            if (!record.whole && vm.had_effects)
                refuse("it had begun before errors stopped turns, and something of it has left that "
                       "nobody has noted");
            else
                record.retries = leaves = true;
            break;
        case BreakCommand::GiveUp: record.gives_up = leaves = true; break;
        case BreakCommand::GoOn:
        case BreakCommand::GoOnAnew:
            if (!differs) {
                refuse("an error stopped it: it goes on where it is given a value");
                break;
            }
            if (command.kind == BreakCommand::GoOnAnew) {
                record.forget_expected();
                if (worker.tape) worker.tape->note(TapeEntry::Forgets, 0);
            }
            yielded = Value::nil();
            break;
        }
        const bool decided = leaves || yielded;
        {
            std::lock_guard lock(broken.mutex);
            if (decided) record.course = broken.course;
            broken.answer = std::move(answer);
            broken.answered = true;
        }
        worker.ask_for_poll();
        wake_one();
        if (decided) return yielded;
    }
}

BreakAnswer ActorSystem::command_broken(uint64_t number, BreakCommand command) {
    std::shared_ptr<BrokenTurn> broken;
    {
        std::lock_guard lock(broken_mutex_);
        for (const auto& one : broken_)
            if (one->info.number == number) broken = one;
    }
    BreakAnswer answer;
    if (!broken) {
        answer.problem = "error: no turn is stopped under the number " + std::to_string(number) + "\n";
        return answer;
    }
    auto course = std::make_shared<BreakCourse>();
    const bool decides = command.kind != BreakCommand::Frames && command.kind != BreakCommand::Evaluate;
    {
        std::lock_guard lock(broken->mutex);
        if (broken->over) {
            answer.problem = "error: that turn has ended\n";
            return answer;
        }
        broken->command = std::move(command);
        broken->course = course;
        broken->answered = false;
    }
    wake_broken(*broken->actor);
    workers_[0]->work([&] { return broken->answered || main_stopped_; });
    if (!broken->answered) { // what it does goes on and on
        broken->stop_wanted = true;
        wake_broken(*broken->actor);
        for (auto& worker : workers_) worker->ask_for_poll();
        workers_[0]->work([&] { return broken->answered.load(); });
    }
    {
        std::lock_guard lock(broken->mutex);
        answer = std::move(broken->answer);
        broken->answer = {};
    }
    broken->stop_wanted = false;
    if (!decides || !answer.problem.empty()) return answer;
    const uint64_t until = os::monotonic_ns() + kLookAtCourse;
    workers_[0]->work(
        [&] { return course->course != BreakAnswer::GoesOn || main_stopped_ || os::monotonic_ns() > until; });
    answer.course = BreakAnswer::Course(course->course.load());
    answer.again = course->again;
    return answer;
}

// ---- looking at it

// Without running any code of the program.
std::string ActorSystem::in_short(Machine& vm, Value value) {
    if (value.is_nil()) return "nil";
    if (value.is_boolean()) return value.is_true() ? "true" : "false";
    if (has_shape(value, shape::kAddress)) return describe(*actor_of(value));
    std::string text = sketch(vm, value);
    const Shape& shape = vm.shapes[shape_of(value)];
    if (value.is_cell() && shape.cls && !shape.class_value && value.cell()->format() == Format::Slots &&
        shape.cls->kind != ClassKind::Builtin && shape.fields.size() == value.cell()->word_count()) {
        text = std::string(vm.symbols.text(shape.cls->name)) + "(";
        for (size_t i = 0; i < shape.fields.size() && text.size() < kMostShown; ++i) {
            const Value field = (*value.cell())[i];
            std::string shown = !field || field.is_nil()            ? "nil"
                                : field.is_boolean()                ? field.is_true() ? "true" : "false"
                                : has_shape(field, shape::kAddress) ? describe(*actor_of(field))
                                                                    : sketch(vm, field);
            if (shown.empty()) shown = vm.with_article(field);
            text += (i ? ", " : "") + std::string(vm.symbols.text(shape.fields[i])) + ": " + shown;
        }
        text += ")";
    }
    return text.empty() ? vm.with_article(value) : text;
}

void ActorSystem::tell_frames(Machine& vm, Value* args, BreakAnswer& answer) {
    for (const LiveFrame& live : live_frames(vm, args, kMostFrames)) {
        BrokenFrame frame;
        const Code& code = *live.site->code;
        frame.what = code.name;
        if (code.tree) {
            frame.file = code.tree->file;
            frame.line =
                syntax::Source(code.tree->file, *code.tree->source).position(live.site->position).line;
        }
        if (live.fp[0] && !live.fp[0].is_nil() && !live.fp[0].is_raw())
            frame.receiver = in_short(vm, live.fp[0]);
        for (const FrameVariable& variable : variables_at(vm, live)) {
            const Value value = read_variable(live, variable);
            if (value) frame.variables.push_back({variable.name, in_short(vm, value), variable.changes()});
        }
        answer.frames.push_back(std::move(frame));
    }
}

RunResult ActorSystem::evaluate_in_frame(Machine& vm, const BreakCommand& command, Value* args,
                                         BreakAnswer& answer) {
    BreakRecord& record = *worker_of(vm).running->message->record;
    const std::vector<LiveFrame> frames = live_frames(vm, args, kMostFrames);
    RunResult result;
    if (command.frame >= std::max<size_t>(frames.size(), 1)) {
        answer.problem = "error: there is no frame " + std::to_string(command.frame) + "; they are 0 to " +
                         std::to_string(std::max<size_t>(frames.size(), 1) - 1) + "\n";
        return result;
    }
    // A turn that fails before any code of it runs has no frame.
    const bool framed = !frames.empty();
    const LiveFrame frame = framed ? frames[command.frame] : LiveFrame{};
    std::vector<FrameVariable> variables;
    if (framed) variables = variables_at(vm, frame);
    std::erase_if(variables, [&](const auto& variable) { return !read_variable(frame, variable); });
    std::vector<std::string> names;
    for (const auto& variable : variables) names.push_back(variable.name);
    Code* code = compile_in_frame
                     ? compile_in_frame(vm, framed ? frame.site->code->module : nullptr, std::move(names),
                                        framed ? class_in_sight(*frame.site->code) : nullptr, command.text,
                                        answer.problem)
                     : nullptr;
    if (!code) {
        if (answer.problem.empty()) answer.problem = "error: nothing can be evaluated here\n";
        return result;
    }
    Value* above = native_frame(vm, args, args + kPrimitiveFrame);
    record.looked_at = true;
    const size_t n = variables.size();
    auto work = [&](Value* own) {
        Value* before = own + kPrimitiveFrame;
        Value* nf = native_frame(vm, own, before + n);
        if (!Heap::raise_stack(vm, nf + n + code->frame_words + 4 * kPrimitiveFrame))
            return vm.fail("StackOverflow", "there is no room left to evaluate anything", own);
        for (Value* at = own; at < nf - 3; ++at) *at = Value::nil();
        nf[0] = framed ? frame.fp[0] : vm.actor_state ? vm.actor_state : Value::nil();
        for (size_t i = 0; i < n; ++i) nf[1 + i] = before[i] = read_variable(frame, variables[i]);
        own[0] = enter(code, nf);
        if (!own[0]) own[0] = Value::nil();
        for (size_t i = 0; i < n; ++i) {
            if (nf[1 + i] == before[i]) continue;
            if (variables[i].changes())
                write_variable(vm, frame, variables[i], nf[1 + i]);
            else
                answer.value += "(`" + variables[i].name + "` keeps its value: the block has a copy of it) ";
        }
        answer.value += vm.inspect(own[0], own);
        return own[0];
    };
    result = run_protected_above(vm, above, work, [&](Value error) {
        const ErrorReport report = describe_error(vm, error, above);
        answer.stopped = report.stopped;
        answer.problem = report.text;
    });
    if (result.out_of_memory)
        answer.problem = "error: OutOfMemory: the program needs more memory than it may take\n";
    record.looked_at = false;
    return result;
}

// ---- a turn that is handled anew

void Worker::begin_again(Actor& actor, ActorMessage& message) {
    Machine& vm = *machine;
    vm.inner->uncaught = {};
    message.record->may_break = false;
    message.anew = true;
    segment_fails();
    vm.heap->rollback();
    end_turn(actor);
    actor.lock.lock();
    actor.message->next = actor.first;
    actor.first = actor.message.release();
    if (!actor.last) actor.last = actor.first;
    actor.mailbox.fetch_add(1, std::memory_order_relaxed);
    actor.lock.unlock();
}

std::string ActorSystem::deed_in_words(Machine& vm, const BreakRecord::Deed& deed) {
    if (deed.kind == BreakRecord::Spawn)
        return "spawn " + call_in_words(vm, deed.cls->name, deed.labels, deed.arguments.get());
    const char* verb = deed.kind == BreakRecord::Ask    ? "ask "
                       : deed.kind == BreakRecord::Stop ? "stop "
                                                        : "send ";
    return verb + describe(*deed.whom) + " `" +
           call_in_words(vm, deed.selector, deed.labels, deed.arguments.get()) + "`";
}

Value ActorSystem::done_before(Machine& vm, BreakRecord::Deed& deed, Value* nf, Value* top) {
    BreakRecord& record = *worker_of(vm).running->message->record;
    const TurnTape* again = worker_of(vm).tape.get();
    if (!record.expected() || (again && again->repeats())) return Value(); // its tape says what it had
    if (!record.is_expected(vm, deed)) {
        differs(vm,
                "it had done before: " + deed_in_words(vm, *record.expected()) +
                    "; now it would: " + deed_in_words(vm, deed),
                native_frame(vm, nf, top));
        return Value();
    }
    if (deed.kind == BreakRecord::Ask && !record.expected()->answer) {
        differs(vm,
                "nobody knows what became of this, as no answer came in time, and it would be asked again: " +
                    deed_in_words(vm, deed),
                native_frame(vm, nf, top));
        if (record.expected()) {
            record.forget_first();
            if (TurnTape* tape = worker_of(vm).tape.get()) tape->note(TapeEntry::Forgets, 1);
        }
        return Value();
    }
    const BreakRecord::Deed& known = record.meet();
    if (TurnTape* tape =
            worker_of(vm).tape.get()) { // if the program ends here, the turn is run again on that
        TapeEntry had;
        had.count = known.kind;
        had.selector = known.selector;
        if (known.whom) (known.kind == BreakRecord::Spawn ? had.number : had.to) = known.whom->id;
        if (known.timer) had.number = known.timer->number;
        if (known.answer) had.values = std::move(BreakRecord::copy_of(vm, *known.answer)->value);
        tape->note_had(std::move(had));
    }
    switch (known.kind) {
    case BreakRecord::Ask: {
        const std::unique_ptr<Answer> reply = BreakRecord::copy_of(vm, *known.answer);
        open_answer(vm, *reply, nf);
        return nf[1];
    }
    case BreakRecord::Send: return Value::nil();
    case BreakRecord::Stop: return nf[0];
    case BreakRecord::Later:
        nf[0] = vm.integer(int64_t(known.timer->number), nf);
        return vm.object(vm.runtime.prelude_class("Timer"), {nf[0]}, nf);
    case BreakRecord::Spawn: break;
    }
    return spawned_before(vm, Value::cell(known.whom->address));
}

Value ActorSystem::spawned_before(Machine& vm, Value address) {
    runtime_.shared.hold(address);
    vm.heap->hold_for_stretch(address);
    return address;
}

[[gnu::noinline]] Value ActorSystem::before_deed(Machine& vm, BreakRecord::Kind kind, Actor& whom,
                                                 const ActorMessage& call, Value* nf, Value* top,
                                                 uint64_t delay, uint64_t period) {
    BreakRecord::Deed deed = BreakRecord::deed(vm, kind, runtime_.shared, whom, call);
    deed.delay = delay;
    deed.period = period;
    if (Value known = done_before(vm, deed, nf, top)) return known;
    worker_of(vm).running->message->record->pending = std::move(deed);
    return Value();
}

// `spawn`: what it is given is looked at before an actor is made.
[[gnu::noinline]] Value ActorSystem::before_spawn(Machine& vm, const Class* cls, const OutgoingMessage& out,
                                                  Value name) {
    BreakRecord::Deed deed;
    deed.kind = BreakRecord::Spawn;
    deed.cls = cls;
    if (name && name.is_symbol()) deed.name = name.symbol_id();
    if (out.plan) {
        deed.labels.assign(out.plan->labels.begin(), out.plan->labels.end());
        deed.trailing_block = out.plan->trailing_block;
    }
    std::string refusal;
    if (out.count > 0) deed.arguments = Parcel::pack(vm, out.nf + 1, out.count, refusal);
    if (!refusal.empty()) return Value(); // it is an error there
    if (Value known = done_before(vm, deed, out.nf, out.nf + out.count + 1)) return known;
    worker_of(vm).running->message->record->pending = std::move(deed);
    return Value();
}

void ActorSystem::nothing_left_over(Machine& vm, Value* args) {
    BreakRecord& record = *worker_of(vm).running->message->record;
    if (!record.expected()) return;
    differs(vm, "it ends, and had done before: " + deed_in_words(vm, *record.expected()),
            native_frame(vm, args, args + kPrimitiveFrame));
    record.forget_expected();
}

void ActorSystem::differs(Machine& vm, std::string words, Value* above) {
    BreakRecord& record = *worker_of(vm).running->message->record;
    if (break_on_error && worker_of(vm).may_pause && !ending_ && !record.gives_up &&
        Heap::raise_stack(vm, above + 16 * kPrimitiveFrame)) {
        above[0] = Value::nil();
        BrokenInfo info;
        info.differs = words;
        info.report = "what this turn does now is not what it did before it was retried:\n  " + words + "\n";
        const std::shared_ptr<BrokenTurn> broken = stop_turn(vm, std::move(info));
        if (stand(vm, *broken, above)) return;
        if (record.retries || record.returns) vm.fail("Stopped", "a person has decided so", above);
    }
    record.gives_up = true;
    vm.fail("Error", "what this turn does now is not what it did before it was retried: " + words, above);
}

} // namespace indent
