#include "vm/actors/supervisor.h"
#include "vm/actors/actor_system.h"
#include "vm/actors/turn_tape.h"
#include "vm/interp/arguments.h"
#include "vm/interp/maker.h"
#include "vm/interp/sketch.h"
#include "vm/model/map.h"
#include <algorithm>

namespace indent {

namespace {

// An expression of a supervisor's definition, evaluated in the turn that spawns it.
Value evaluate(Machine& vm, const Class& cls, const syntax::Node* node, Value* args) {
    const syntax::Node* statements[] = {node};
    TopLevelBody body;
    body.tree = cls.tree;
    body.statements = statements;
    body.module = cls.module;
    body.name = vm.symbols.text(cls.name);
    body.assign_declares = false;
    Code* code = make_top_level(vm, body);
    Value* nf = native_frame(vm, args, args + kPrimitiveFrame);
    nf[0] = Value::nil();
    return enter(code, nf);
}

std::optional<Child::OnError> on_error_of(Machine& vm, Value value) {
    if (!value.is_symbol()) return std::nullopt;
    const auto text = vm.symbol_text(value);
    if (text == "restart") return Child::DoRestart;
    if (text == "resume") return Child::DoResume;
    if (text == "stop") return Child::DoStop;
    if (text == "escalate") return Child::DoEscalate;
    return std::nullopt;
}

} // namespace

bool ActorSystem::read_child_options(Machine& vm, Child& child, SymbolId label, Value value) {
    const auto name = vm.symbols.text(label);
    if (name == "on_error") {
        auto known = on_error_of(vm, value);
        if (known) child.on_error = *known;
        return known.has_value();
    }
    if (name == "restart" && value.is_symbol()) {
        const auto text = vm.symbol_text(value);
        if (text == "permanent")
            child.restart = Child::Permanent;
        else if (text == "transient")
            child.restart = Child::Transient;
        else if (text == "temporary")
            child.restart = Child::Temporary;
        else
            return false;
        return true;
    }
    return false;
}

// Its strategy, and its children, which leave with the segment that spawns it. False: an error was raised.
bool ActorSystem::make_supervision(Machine& vm, Actor& actor, Value* args, Value& resumed) {
    Class& cls = *actor.cls;
    auto* node = syntax::as<syntax::SupervisorNode>(cls.definition);
    // Of a turn that is run again: what is there stays as it has become.
    const TurnTape* tape = worker_of(vm).tape.get();
    const bool again = tape && tape->has_left();
    if (!again) actor.supervision = std::make_unique<Supervision>();
    const auto made_before = std::make_unique<Supervision>();
    Supervision& supervision = again ? *made_before : *actor.supervision;
    const std::string name(vm.symbols.text(cls.name));
    auto refuse = [&](const std::string& what, Value value) {
        resumed = vm.fail("ArgumentError",
                          "the supervisor " + name + ": " + what + ", not " + described(vm, value), args);
        return false;
    };
    if (node->strategy) {
        args[1] = evaluate(vm, cls, node->strategy, args);
        const auto text = args[1].is_symbol() ? vm.symbol_text(args[1]) : std::string_view();
        if (text == "one_for_one")
            supervision.strategy = Supervision::OneForOne;
        else if (text == "one_for_all")
            supervision.strategy = Supervision::OneForAll;
        else if (text == "rest_for_one")
            supervision.strategy = Supervision::RestForOne;
        else
            return refuse("a strategy is :one_for_one, :one_for_all or :rest_for_one", args[1]);
    }
    for (const auto& option : node->options) {
        const std::string label(option.label.text);
        args[1] = evaluate(vm, cls, option.value, args);
        if (label == "max") {
            if (!args[1].is_integer() || args[1].as_integer() < 0)
                return refuse("`max` is a number of restarts", args[1]);
            supervision.most = uint32_t(std::min<int64_t>(args[1].as_integer(), 1'000'000));
        } else if (label == "within") {
            auto time = duration(vm, args[1], args, resumed);
            if (!time) return false;
            supervision.within = *time;
        } else if (label == "on_error") {
            auto known = on_error_of(vm, args[1]);
            if (!known) return refuse("`on_error` is :restart, :resume, :stop or :escalate", args[1]);
            supervision.on_error = *known;
        } else {
            return refuse("a strategy takes max:, within: and on_error:, and `" + label + "` is none of them",
                          args[1]);
        }
    }
    for (const auto& declared : node->children) {
        const syntax::Arguments* list = nullptr;
        const Binding* binding = nullptr;
        if (auto* call = syntax::try_as<syntax::CallNode>(declared.spawn)) {
            binding = find_binding(vm.runtime, cls.module, call->name.text);
            list = &call->arguments;
        } else if (auto* send = syntax::try_as<syntax::SendNode>(declared.spawn)) {
            list = &send->arguments;
            if (auto* from = syntax::try_as<syntax::NameNode>(send->receiver))
                if (const Binding* module = find_binding(vm.runtime, cls.module, from->text);
                    module && module->target)
                    if (auto found =
                            module->target->current().names.find(vm.symbols.intern(send->selector.text));
                        found != module->target->current().names.end())
                        binding = found->second;
        }
        if (!binding || binding->kind != Binding::ClassName) {
            resumed = vm.fail("NotUnderstood",
                              "the supervisor " + name + " names a child that nothing defines", args);
            return false;
        }
        // The arguments stand behind what this frame has; each is evaluated above those before it.
        Value* nf = native_frame(vm, args, args + kPrimitiveFrame);
        nf[0] = Value::nil();
        std::vector<SymbolId> labels;
        unsigned count = 0;
        bool labelled = false;
        if (!Heap::raise_stack(vm, nf + list->size() + 8 * kPrimitiveFrame)) assert(false);
        for (const auto& argument : *list) {
            Value value = evaluate(vm, cls, argument.value, nf + count + 1);
            nf[++count] = value;
            labels.push_back(argument.label.text.empty() ? 0 : vm.symbols.intern(argument.label.text));
            labelled |= labels.back() != 0;
        }
        ArgumentPlan plan;
        if (labelled) plan.labels = labels;
        Value child_name;
        if (declared.name) child_name = evaluate(vm, cls, declared.name, nf + count + 1);
        Child child;
        for (const auto& option : declared.options) {
            Value value = evaluate(vm, cls, option.value, nf + count + 1);
            if (option.label.text == "patience") {
                auto time = duration(vm, value, nf + count + 1, resumed);
                if (!time) return false;
                child.patience = *time;
                continue;
            }
            if (!read_child_options(vm, child, vm.symbols.intern(option.label.text), value))
                return refuse(
                    "a child takes on_error: (:restart, :resume, :stop, :escalate), restart: (:permanent, "
                    ":transient, :temporary) and patience: (a duration)",
                    value);
        }
        Actor* made =
            create(vm, binding->cls, {nf, count, 0, labelled ? &plan : nullptr}, child_name, &actor, resumed);
        if (!made) return false;
        if (!again) {
            made->starts_in_order = true;
            made->first->from = ActorRef(runtime_.shared, &actor); // an image knows by it that this one waits
        }
        child.actor = ActorRef(runtime_.shared, made);
        supervision.children.push_back(std::move(child));
        if (binding->cls->kind == ClassKind::Supervisor && !make_supervision(vm, *made, nf, resumed))
            return false;
    }
    return true;
}

// ---- what happens to children

bool ActorSystem::to_supervisor(Actor& actor, const char* reason, const std::string& report) {
    if (!actor.supervised) return false;
    ActorRef supervisor;
    {
        std::lock_guard lock(ties_mutex_);
        if (actor.ties) supervisor = actor.ties->supervisor;
    }
    if (!supervisor) return false;
    auto message = std::make_unique<ActorMessage>();
    message->kind = ActorMessage::Child;
    message->from = ActorRef(runtime_.shared, &actor);
    message->selector = runtime_.symbols.intern(reason);
    message->report = report;
    message->reason = actor.incarnation;
    actor.lock.lock();
    actor.status = Actor::Held;
    actor.stop_requested = actor.stop_said = false;
    actor.lock.unlock();
    supervisor->mailbox.fetch_add(1, std::memory_order_relaxed);
    supervisor->lock.lock();
    const bool there = supervisor->status != Actor::Ended;
    supervisor->lock.unlock();
    if (there && post(*supervisor, std::move(message))) {
        actor.lock.lock();
        const bool goes_on = actor.supervisor_waits;
        actor.lock.unlock();
        if (goes_on) release(actor); // what the supervisor asks for is in the mailbox
        return true;
    }
    actor.lock.lock();
    actor.status = Actor::Running;
    actor.lock.unlock();
    return false;
}

void ActorSystem::release(Actor& actor) {
    actor.lock.lock();
    bool ready = false;
    if (actor.status == Actor::Held && !actor.switch_held) {
        if (actor.first || actor.on_worker)
            ready = wake_held(actor);
        else
            actor.status = Actor::Idle;
    }
    actor.lock.unlock();
    if (ready) schedule(actor, nullptr);
}

void ActorSystem::restart(Child& child) {
    ++child.restarts;
    auto message = std::make_unique<ActorMessage>();
    message->kind = ActorMessage::Restart;
    post_first(*child.actor, std::move(message));
}

void ActorSystem::restart_in_order(Worker& worker, Actor& supervisor, size_t from, size_t to) {
    auto& children = supervisor.supervision->children; // nobody else changes them during its turn
    for (size_t i = from; i < to; ++i) {
        Actor& child = *children[i].actor;
        ++children[i].restarts;
        auto message = std::make_unique<ActorMessage>();
        message->kind = ActorMessage::Restart;
        message->ask = worker.new_ask();
        message->from = ActorRef(runtime_.shared, &supervisor);
        supervisor.lock.lock();
        supervisor.waits_for = message->ask;
        supervisor.answered = false;
        supervisor.answer.reset();
        supervisor.lock.unlock();
        child.lock.lock();
        child.supervisor_waits = true; // until it begins
        child.lock.unlock();
        begins_asking(supervisor, child); // what asks the supervisor meanwhile hears of the circle
        post_first(child, std::move(message));
        worker.pause_turn(worker.machine->stack_base, worker.machine->stack_base, 0, false);
        ends_asking(supervisor);
        supervisor.lock.lock();
        supervisor.answer.reset();
        supervisor.waits_for = 0;
        supervisor.answered = false;
        const bool killed = supervisor.stop_requested;
        supervisor.lock.unlock();
        if (killed) return; // it ends, and they with it
    }
}

// What waits in its mailbox is for the new incarnation.
void ActorSystem::post_first(Actor& actor, std::unique_ptr<ActorMessage> message) {
    actor.mailbox.fetch_add(1, std::memory_order_relaxed);
    actor.lock.lock();
    if (actor.status == Actor::Ended) {
        actor.lock.unlock();
        post(actor, std::move(message)); // who waits hears of it
        return;
    }
    if (log) [[unlikely]]
        log->posted(actor, *message, true);
    actor.add_first(message.release());
    bool wakes = actor.status == Actor::Idle;
    if (wakes) {
        actor.status = Actor::Ready;
        became_active();
    } else if (actor.status == Actor::Held) {
        wakes = wake_held(actor);
    }
    actor.lock.unlock();
    if (wakes) schedule(actor, nullptr);
}

// Declared children begin one after the other, in the supervisor's turn.
bool ActorSystem::start_children(Worker& worker, Actor& supervisor, std::string& why) {
    for (const Child& each : supervisor.supervision->children) {
        Actor& child = *each.actor;
        const uint64_t number = worker.new_ask();
        supervisor.lock.lock();
        supervisor.waits_for = number;
        supervisor.answered = false;
        supervisor.answer.reset();
        supervisor.lock.unlock();
        child.lock.lock();
        const bool begins = child.status == Actor::Unborn;
        if (begins) {
            child.starts_in_order = false;
            child.status = Actor::Ready;
            child.first->ask = number;
            child.first->from = ActorRef(runtime_.shared, &supervisor);
            became_active();
        }
        child.lock.unlock();
        if (!begins) continue;            // another has made it ready already
        begins_asking(supervisor, child); // what asks the supervisor meanwhile hears of the circle
        schedule(child, &worker);
        worker.pause_turn(worker.machine->stack_base, worker.machine->stack_base, 0, false);
        ends_asking(supervisor);
        supervisor.lock.lock();
        const std::unique_ptr<Answer> reply = std::move(supervisor.answer);
        supervisor.waits_for = 0;
        supervisor.answered = false;
        supervisor.lock.unlock();
        if (reply && !reply->failed) continue;
        if (reply) why = reply->words;
        return false;
    }
    return true;
}

bool ActorSystem::stop_and_wait(Worker& worker, Actor& child, uint64_t patience, ActorMessage::Kind kind,
                                Value* frame, Value* top) {
    constexpr uint64_t kForKill = 5'000'000'000;
    if (!frame) frame = top = worker.machine->stack_base;
    Actor& self = *worker.running;
    const uint64_t number = worker.new_ask();
    std::unique_ptr<ActorMessage> message = stop_message("shutdown");
    message->ask = number;
    message->from = ActorRef(runtime_.shared, &self);
    message->reason = runtime_.symbols.intern("shutdown");
    if (kind == ActorMessage::Restart) message->kind = kind;
    self.lock.lock();
    self.waits_for = number;
    self.answered = false;
    self.answer.reset();
    self.lock.unlock();
    auto wait_for_child = [&](bool waits) {
        child.lock.lock();
        child.supervisor_waits = waits;
        child.lock.unlock();
    };
    wait_for_child(true);
    if (kind == ActorMessage::Restart) {
        post_first(child, std::move(message));
    } else {
        release(child); // one that is held stops, too
        child.mailbox.fetch_add(1, std::memory_order_relaxed);
        post(child, std::move(message));
    }
    begins_asking(self, child);
    worker.pause_turn(frame, top, now() + patience, false);
    self.lock.lock();
    const bool stopped = self.answer != nullptr;
    self.answered = stopped;
    self.lock.unlock();
    auto is_over = [&] { // who ends says so first, and answers then
        std::lock_guard lock(child.lock);
        return child.status == (kind == ActorMessage::Stop ? Actor::Ended : Actor::Held);
    };
    if (!stopped && (kind == ActorMessage::Stop || !is_over())) {
        if (kind == ActorMessage::Restart) wait_for_child(false); // where it is held just now, it stays so
        kill(child);
        if (!is_over()) worker.pause_turn(frame, top, now() + kForKill, false);
    }
    wait_for_child(false);
    ends_asking(self);
    self.lock.lock();
    self.answer.reset();
    self.waits_for = 0;
    self.answered = false;
    self.lock.unlock();
    return stopped;
}

// In the supervisor's turn: its children end, the last first.
void ActorSystem::end_children(Worker& worker, Actor& supervisor, bool patiently) {
    if (!supervisor.supervision) return;
    supervisor.supervision->ending = true;
    auto& all = supervisor.supervision->those_that_end;
    const auto children = all.insert(all.end(), std::move(supervisor.supervision->children));
    supervisor.supervision->children.clear();
    for (auto child = children->rbegin(); child != children->rend(); ++child) {
        child->actor->supervised = false;
        child->actor->lock.lock();
        const bool unborn = child->actor->status == Actor::Unborn;
        child->actor->lock.unlock();
        if (unborn)
            end(*child->actor, "killed", nullptr);
        else if (patiently)
            (void)stop_and_wait(worker, *child->actor, child->patience);
        else
            kill(*child->actor);
    }
    all.erase(children);
}

void ActorSystem::give_up(Worker& worker, Actor& supervisor, const std::string& why) {
    if (this->report && !supervisor.supervised)
        this->report(why + "  the supervisor " + describe(supervisor) + " gives up and ends its children\n");
    end_children(worker, supervisor, true);
    supervisor.lock.lock();
    supervisor.end_reason = runtime_.symbols.intern("gave_up");
    if (supervisor.supervision)
        supervisor.supervision->end_report = why + "  its supervisor " + describe(supervisor) + " gave up\n";
    supervisor.stop_requested = true; // ends, or goes to its own supervisor, when this turn is over
    supervisor.lock.unlock();
}

// One turn of the supervisor: what becomes of a child that failed or ended.
void ActorSystem::decide(Worker& worker, Actor& supervisor, ActorMessage& message) {
    Supervision* supervision = supervisor.supervision.get();
    Actor& actor = *message.from;
    if (!supervision) return;
    auto child = std::find_if(supervision->children.begin(), supervision->children.end(),
                              [&](const Child& c) { return c.actor.get() == &actor; });
    actor.lock.lock();
    const bool held =
        actor.status == Actor::Held; // else it was ended or woken since, and says itself what comes of that
    actor.lock.unlock();
    if (child == supervision->children.end() || message.reason != actor.incarnation || !held) {
        if (report && !message.report.empty())
            report(message.report + "  it has ended or begun anew since, with others\n");
        return;
    }
    const std::string_view reason = runtime_.symbols.text(message.selector);
    const bool failed = reason == "failed", by_reload = reason == "reload";
    Child::OnError what = Child::DoRestart;
    if (failed)
        what = child->on_error == Child::AsStrategy ? supervision->on_error : child->on_error;
    else if (!by_reload && (child->restart == Child::Temporary ||
                            (child->restart == Child::Transient && reason == "normal")))
        what = Child::DoStop;
    if (what == Child::DoRestart && failed && child->restart == Child::Temporary) what = Child::DoStop;
    auto tell = [&](const std::string& decision) {
        if (report && !message.report.empty())
            report(message.report + "  its supervisor " + describe(supervisor) + " " + decision + "\n");
    };
    // An actor whose first turn failed has no state to go on with.
    if (what == Child::DoResume && !actor.state) what = Child::DoRestart;
    if (what == Child::DoResume) {
        tell("lets it go on");
        release(actor);
        return;
    }
    if (what == Child::DoStop) {
        tell("ends it");
        ActorRef ended = child->actor;
        supervision->children.erase(child);
        ended->supervised = false;
        end_children(worker, *ended, true);
        end(*ended, reason == "normal" ? "normal" : failed ? "failed" : "killed", nullptr);
        return;
    }
    if (what == Child::DoEscalate) {
        tell("hands it on");
        give_up(worker, supervisor, message.report);
        return;
    }
    const uint64_t time = now();
    auto& times = supervision->restarted;
    while (!times.empty() && time - times.front() > supervision->within) times.pop_front();
    if (!by_reload) times.push_back(time);
    if (times.size() > supervision->most) {
        give_up(worker, supervisor,
                message.report + "  that is more than " + std::to_string(supervision->most) +
                    " restarts within " + in_words(supervision->within) + "\n");
        return;
    }
    tell("restarts it");
    const size_t place = size_t(child - supervision->children.begin());
    const size_t from = supervision->strategy == Supervision::OneForAll ? 0 : place;
    const size_t to =
        supervision->strategy == Supervision::OneForOne ? place + 1 : supervision->children.size();
    // The last ends first; then all begin in their order.
    for (size_t i = to; to - from > 1 && i-- > from;) {
        const Child& each = supervision->children[i];
        (void)stop_and_wait(worker, *each.actor, each.patience, ActorMessage::Restart);
    }
    if (to - from > 1)
        restart_in_order(worker, supervisor, from, to);
    else
        restart(*child);
}

// ---- what every supervisor understands

bool ActorSystem::supervisor_message(Machine& vm, Actor& supervisor, ActorMessage& message, Value* nf,
                                     unsigned count, Value& answer) {
    const std::string_view name = vm.symbols.text(message.selector);
    Supervision& supervision = *supervisor.supervision;
    Value* top = nf + count + 1;
    if (name == "start_child") {
        // The class, its arguments, and by name: as, restart, on_error, patience.
        if (count == 0 || !nf[1].is_cell() || !vm.shapes[nf[1].cell()->shape].class_value) {
            answer = vm.fail("ArgumentError", "`start_child` takes an actor's class first", nf);
            return true;
        }
        auto* cls = const_cast<Class*>(vm.shapes[nf[1].cell()->shape].class_value);
        Child child;
        Value child_name;
        std::vector<SymbolId> labels;
        Value* frame = native_frame(vm, nf, top);
        unsigned given = 0;
        for (unsigned i = 1; i < count; ++i) {
            const SymbolId label = i < message.labels.size() ? message.labels[i] : 0;
            const auto text = label ? vm.symbols.text(label) : std::string_view();
            if (text == "as")
                child_name = nf[i + 1];
            else if (text == "patience" && cls->field_index(label) < 0) {
                Value resumed;
                auto time = duration(vm, nf[i + 1], native_frame(vm, nf, frame + given + 1), resumed);
                if (!time) {
                    answer = resumed;
                    return true;
                }
                child.patience = *time;
            } else if ((text == "restart" || text == "on_error") && cls->field_index(label) < 0) {
                if (!read_child_options(vm, child, label, nf[i + 1])) {
                    answer = vm.fail("ArgumentError",
                                     "`" + std::string(text) + "` cannot be " + described(vm, nf[i + 1]), nf);
                    return true;
                }
            } else {
                frame[++given] = nf[i + 1];
                labels.push_back(label);
            }
        }
        frame[0] = Value::nil();
        ArgumentPlan plan;
        plan.labels = labels;
        Value resumed;
        Actor* made = create(vm, cls, {frame, given, 0, &plan}, child_name, &supervisor, resumed);
        if (made && cls->kind == ClassKind::Supervisor && !make_supervision(vm, *made, frame, resumed))
            made = nullptr;
        if (!made) {
            answer = resumed;
            return true;
        }
        child.actor = ActorRef(runtime_.shared, made);
        supervision.children.push_back(std::move(child));
        answer = Value::cell(made->address);
        return true;
    }
    if (name == "stop_child") {
        Value resumed;
        nf[0] = count > 0 ? nf[1] : Value::nil();
        if (nf[0].is_symbol())
            if (ActorRef found = named(nf[0].symbol_id())) nf[0] = Value::cell(found->address);
        Actor* actor = actor_at(vm, nf, "stop_child", resumed);
        if (!actor) {
            answer = resumed;
            return true;
        }
        auto child = std::find_if(supervision.children.begin(), supervision.children.end(),
                                  [&](const Child& c) { return c.actor.get() == actor; });
        answer = Value::boolean(child != supervision.children.end());
        if (child == supervision.children.end()) return true;
        ActorRef leaving = child->actor;
        const uint64_t patience = child->patience;
        supervision.children.erase(child);
        leaving->supervised = false;
        (void)stop_and_wait(worker_of(vm), *leaving, patience, ActorMessage::Stop, nf, top);
        return true;
    }
    if (name == "children") {
        Value* frame = native_frame(vm, nf, top);
        frame[0] = vm.list(supervision.children.size(), frame);
        for (const Child& child : supervision.children) {
            Value address = Value::cell(child.actor->address);
            runtime_.shared.hold(address);
            vm.heap->hold_for_stretch(address);
            SymbolId child_name = 0;
            {
                std::lock_guard lock(ties_mutex_);
                if (child.actor->ties && !child.actor->ties->names.empty())
                    child_name = child.actor->ties->names[0];
            }
            const std::pair<const char*, Value> rows[] = {
                {"name", child_name ? Value::symbol(child_name) : Value::nil()},
                {"address", address},
                {"class", child.actor->cls->value},
                {"restarts", Value::integer(child.restarts)}};
            frame[1] = make_map(vm, std::size(rows), frame + kPrimitiveFrame);
            for (auto& [key, value] : rows) {
                frame[2] = vm.symbol(key);
                frame[3] = value;
                if (map_put(vm, vm.symbols, frame[1], frame[2], frame[3], frame + kPrimitiveFrame) !=
                    MapPut::Done)
                    assert(false);
            }
            if (!list_add(vm, frame[0], frame[1], frame + kPrimitiveFrame)) assert(false);
        }
        answer = frame[0];
        return true;
    }
    return false;
}

} // namespace indent
