#include "vm/reload/reload_engine.h"
#include "vm/heap/atom.h"
#include "vm/interp/error_report.h"
#include "vm/os/clock.h"
#include "vm/reload/only_computes.h"
#include "vm/reload/reload_plan.h"
#include <algorithm>
#include <xxhash.h>

namespace indent {

uint64_t hash_of_text(std::string_view text) {
    return XXH3_64bits(text.data(), text.size());
}

ReloadEngine::~ReloadEngine() = default;

ReloadEngine::ReloadEngine(ActorSystem& actors, Loader& loader)
    : actors_(actors), loader_(loader), runtime_(actors.runtime()) {
    // The state may have changed since it was tried as a copy, so its migrator is no more trusted than then. It has more time:
    // nobody tries it again.
    actors_.migrate_in_turn = [this](Machine& vm, Value* args, std::span<Value> slots) {
        OnlyComputes guard(vm, actors_.worker_of(vm));
        guard.begin(10 * kMigrationBudget);
        migrate_heap(vm, args, nullptr, slots);
    };
    actors_.migrate = [this](Machine& vm, bool past_what_fails, size_t& objects, std::string& why) {
        MigrationSteps past;
        if (past_what_fails) {
            past = steps_past_what_fails(vm, nullptr);
            if (past.composed.empty()) return false;
        }
        OnlyComputes guard(vm, actors_.worker_of(vm));
        guard.begin(10 * kMigrationBudget);
        RunResult result = run_protected(vm, [&](Value* args) {
            objects = migrate_heap(vm, args, past_what_fails ? &past : nullptr);
            return Value::nil();
        });
        if (!result.ok) why = result.out_of_memory ? "OutOfMemory" : describe_error(vm, result.error).text;
        return result.ok;
    };
}

// ---- live mode

// Chains that have begun come to their ends in the old code; what begins now waits.
bool ReloadEngine::drain(Machine& vm, ReloadPlan& plan, const Actor* caller) {
    constexpr uint64_t kLookAgain = 100'000; // ns
    const uint64_t deadline = actors_.now() + plan.options.patience;
    actors_.begin_drain(caller);
    while (actors_.undrained() > 0) {
        if (actors_.now() < deadline && actors_.wait(vm, kLookAgain, vm.stack_base)) continue;
        constexpr size_t kMostNamed = 5;
        const std::vector<std::string> names = actors_.undrained_names(kMostNamed + 1);
        actors_.end_drain();
        actors_.go_on();
        for (const ReloadPlan::Kept& kept : plan.stable) runtime_.shared.release(kept.value);
        plan.report.refusal += "error: what had begun before did not come to an end in time, and nobody is "
                               "to see two versions:\n";
        for (size_t i = 0; i < names.size() && i < kMostNamed; ++i)
            plan.report.refusal += "  " + names[i] + "\n";
        if (names.size() > kMostNamed) plan.report.refusal += "  and others\n";
        plan.report.refusal +=
            "  a longer `patience` waits longer; without `live` each actor follows when its turn ends\n";
        return false;
    }
    return true;
}

// ---- the whole

// The caller's frames are cut out of the stack while `work` runs: what both see is on the heap.
void ReloadEngine::in_a_turn(Machine* caller, Value* args, const std::function<bool(Machine&)>& work) {
    if (is_inside(caller))
        (void)work(*caller); // it is that turn
    else if (caller)
        actors_.run_elsewhere(*caller, args, work);
    else
        actors_.run_apart(work);
}

// Hooks, effects and handlers of a reload run in its turn, which cannot wait for a turn after it.
bool ReloadEngine::is_inside(Machine* caller) const {
    return caller && &actors_.actor_in(*caller) == &actors_.apart();
}

bool ReloadEngine::is_refused_inside(Machine* caller, ReloadReport& report) const {
    if (!is_inside(caller)) return false;
    report.refusal = "error: this is a part of a reload that has not come to its end: what it sends leaves "
                     "with the end, so "
                     "`send` an actor a message that asks for the next one\n";
    return true;
}

std::shared_ptr<ReloadPlan> ReloadEngine::make_plan(std::vector<ReloadText> texts,
                                                    const ReloadOptions& options) {
    auto plan = std::make_shared<ReloadPlan>();
    plan->number = ++last_plan_;
    plan->options = options;
    for (ReloadText& text : texts) {
        plan->modules.emplace_back();
        plan->modules.back().text = std::move(text);
    }
    leave_out_what_runs(*plan);
    return plan;
}

void ReloadEngine::leave_out_what_runs(ReloadPlan& plan) {
    std::erase_if(plan.modules, [&](const ReloadPlan::One& one) {
        auto found = runtime_.modules.find(one.text.path);
        return found != runtime_.modules.end() && found->second->hash != 0 &&
               found->second->hash == hash_of_text(one.text.text);
    });
    if (plan.modules.empty()) plan.report.ok = plan.report.identical = true;
}

bool ReloadEngine::prepare(Machine& vm, ReloadPlan& plan) {
    bool checked = false;
    plan.epoch = epoch_;
    if (!plan.undoes) leave_out_what_runs(plan); // another one may have brought the same meanwhile
    if (plan.report.identical) return true;
    const std::vector<std::string> notes = plan.report.notes;
    for (;;) {
        actors_.exclusively([&] {
            plan.amendments = amendments_;
            plan.amended_classes = amended_classes_;
            checked = check(plan, plan.report);
        });
        if (checked || plan.also.empty()) break;
        // From the beginning, with the modules of subclasses.
        std::vector<ReloadPlan::One> again;
        for (ReloadPlan::One& one : plan.modules) {
            again.emplace_back();
            again.back().text = one.text;
            again.back().back_to = one.back_to;
            again.back().laid_out_anew = one.laid_out_anew;
        }
        give_up(plan);
        for (const std::string& path : std::exchange(plan.also, {})) {
            const Module& module = *runtime_.modules.at(path);
            again.emplace_back();
            again.back().text = {path, module.file, std::string(*module.trees[0]->source)};
            again.back().laid_out_anew = true;
        }
        plan.modules = std::move(again);
        plan.staged = {};
        plan.classes.clear();
        plan.never_left.clear();
        plan.gone.clear();
        plan.layouts = false;
        plan.restarts.clear();
        plan.steps.by_shape.clear();
        plan.report = {};
        plan.report.notes = notes;
    }
    return checked && find_instances_of_gone(vm, plan) && dry_run(vm, plan, plan.report);
}

// What was staged stays in the runtime's lists, named by nobody.
void ReloadEngine::give_up(ReloadPlan& plan) {
    for (ReloadPlan::One& one : plan.modules)
        if (one.made) {
            runtime_.release(one.made->boundary, true);
            runtime_.old_modules.push_back(std::move(one.made));
        }
}

bool ReloadEngine::commit(Machine& vm, ReloadPlan& plan, const Actor* caller) {
    ReloadReport& report = plan.report;
    if (!make_room_for_generation(vm, plan, caller)) return false;
    for (auto one = plan.modules.rbegin(); one != plan.modules.rend(); ++one)
        if (one->old && !one->laid_out_anew && plan.options.effects &&
            !run_hooks(vm, *one->old, syntax::HookKind::BeforeReload, report)) {
            if (!plan.options.force) {
                report.refusal += "  `force: true` goes past it\n";
                return false;
            }
            std::string words = std::exchange(report.refusal, "");
            if (const size_t at = words.rfind(kTakenBack); at != std::string::npos)
                words.replace(at, kTakenBack.size(), ": passed over by force");
            report.notes.push_back(std::move(words));
        }
    auto keep = [&](Module& module) {
        for (auto& [name, binding] : module.names)
            if (binding->kind == Binding::Stable && binding->value) {
                runtime_.shared.hold(binding->value);
                plan.stable.push_back({binding, binding->value});
            }
    };
    for (auto& [path, module] : runtime_.modules)
        if (plan.layouts || std::any_of(plan.modules.begin(), plan.modules.end(),
                                        [current = module.get()](auto& one) { return one.old == current; }))
            keep(*module);
    const uint64_t held_from = os::monotonic_ns();
    if (plan.options.live && !drain(vm, plan, caller)) return false;
    actors_.hold();
    note_faces(plan);
    const bool left = !plan.options.effects || dispose(vm, plan);
    bool switched = false;
    if (left)
        actors_.exclusively([&] {
            // A class that has come in the middle of it may inherit from what changes.
            switched = !plan.layouts || plan.amended_classes == amended_classes_;
            if (!switched) {
                report.refusal += "error: classes were defined in place meanwhile: reload once more\n";
                return;
            }
            exchange(plan, false);
            actors_.freeze();
        });
    const bool arrived =
        switched && arrive(vm, plan, report) && (!plan.options.effects || tell_boundaries(vm, plan)) &&
        (!plan.options.keep || plan.options.keep(report.refusal)); // the commit: an image's transaction
    if (!arrived) {
        actors_.exclusively([&] {
            if (switched) exchange(plan, true);
            for (auto& kept : plan.stable) {
                if (kept.binding->value == kept.value)
                    runtime_.shared.release(kept.value);
                else
                    runtime_.replaced_values.push_back(std::exchange(kept.binding->value, kept.value));
            }
            for (auto& kept : plan.data) {
                runtime_.shared.release(kept.module->boundary.data);
                kept.module->boundary.data = kept.value;
            }
        });
        for (ReloadPlan::KeptAtom& kept : plan.atoms) {
            runtime_.shared.hold(kept.before);
            if (!replace_in_atom(runtime_.shared, kept.atom.cell(), kept.after, kept.before))
                runtime_.shared.release(kept.before);
        }
    } else {
        for (auto& kept : plan.stable) runtime_.shared.release(kept.value);
        for (auto& kept : plan.data) runtime_.shared.release(kept.value);
        report.epoch = ++epoch_;
        for (ReloadPlan::One& one : plan.modules)
            if (one.old) one.old->replaced_at = epoch_;
        runtime_.epoch = epoch_;
        if (plan.layouts) runtime_.layout_epoch.fetch_add(1);
        report.ok = true;
        restart_affected(plan);
    }
    if (plan.options.live) actors_.end_drain();
    for (ReloadPlan::KeptAtom& kept : plan.atoms)
        for (Value value : {kept.atom, kept.before, kept.after}) runtime_.shared.release(value);
    actors_.go_on();
    report.held_ns = os::monotonic_ns() - held_from;
    if (!arrived) return false;
    actors_.try_stuck_again();
    remember(plan);
    for (const ReloadPlan::One& one : plan.modules)
        if (one.old && one.old->amended)
            report.notes.push_back(
                "what was changed in place in `" + one.text.path + "` (" + std::to_string(one.old->amended) +
                (one.old->amended == 1 ? " time" : " times") + ") is gone with its old generation\n");
    for (const ReloadPlan::One& one : plan.modules)
        if (one.old)
            for (std::string& line : kept_in_spite_of_edits(*one.old, *one.tree))
                report.notes.push_back(std::move(line));
    tell_stale_blocks(plan);
    return true;
}

namespace {

// What is known before it is committed.
ReloadSummary summary_of(const ReloadReport& report) {
    return {{{"actors_tried", int64_t(report.actors_tried)},
             {"objects_tried", int64_t(report.objects_tried)},
             {"actors_running", int64_t(report.actors_running)},
             {"fields_added", int64_t(report.fields_added)},
             {"fields_dropped", int64_t(report.fields_dropped)},
             {"fields_carried", int64_t(report.fields_carried)},
             {"by_hand", int64_t(report.by_hand)}},
            report.modules,
            report.states,
            report.notes};
}

} // namespace

void ReloadEngine::finish(ReloadPlan& plan, uint64_t begin) {
    ReloadReport& report = plan.report;
    report.total_ns = os::monotonic_ns() - begin;
    if (!report.ok || report.identical) return;
    ReloadSummary summary = summary_of(report);
    summary.numbers.insert(summary.numbers.begin(), {"epoch", report.epoch});
    summary.numbers.emplace_back("held_ns", int64_t(report.held_ns));
    summary.numbers.emplace_back("total_ns", int64_t(report.total_ns));
    runtime_.exclusively([&] { runtime_.last_reload = std::move(summary); });
}

ReloadReport ReloadEngine::run(Machine* caller, Value* args, const std::shared_ptr<ReloadPlan>& plan) {
    if (plan->report.identical || is_refused_inside(caller, plan->report)) return plan->report;
    const uint64_t begin = os::monotonic_ns();
    const Actor* asks = caller ? &actors_.actor_in(*caller) : nullptr;
    in_a_turn(caller, args, [this, plan, asks](Machine& vm) {
        const bool done = (!plan->undoes || find_what_to_undo(*plan)) && prepare(vm, *plan) &&
                          rehearsed(*plan) && (plan->report.identical || commit(vm, *plan, asks));
        if (!done) give_up(*plan);
        let_forced_go(*plan);
        return done;
    });
    finish(*plan, begin);
    return plan->report;
}

ReloadReport ReloadEngine::reload(Machine* caller, Value* args, std::vector<ReloadText> texts,
                                  const ReloadOptions& options) {
    return run(caller, args, make_plan(std::move(texts), options));
}

// What was prepared does the same as before, if that is wanted.
bool ReloadEngine::rehearsed(ReloadPlan& plan) {
    const uint64_t most = plan.options.rehearse;
    if (most == 0 || plan.report.identical) return true;
    plan.report.ok = false;
    std::string& words = plan.report.refusal;
    if (!past) {
        words = "error: `rehearse` needs an image, whose history has the messages; this program has none\n";
        return false;
    }
    std::vector<std::string> asked{std::to_string(most), "", ""}; // up to now
    for (const ReloadPlan::One& one : plan.modules)
        if (!one.laid_out_anew) asked.insert(asked.end(), {one.text.path, one.text.file, one.text.text});
    const auto answer = past("rehearse", asked);
    if (answer) return plan.report.ok = true;
    const Failure& failure = answer.failure();
    words = failure.code == "differs"
                ? "error: rehearsed with the last recorded messages, it does not do what was done then\n"
                : "error: it cannot be rehearsed:\n";
    words += failure.message;
    if (!words.ends_with('\n')) words += '\n';
    return false;
}

// ---- plans

uint64_t ReloadEngine::prepare(Machine* caller, Value* args, std::vector<ReloadText> texts,
                               const ReloadOptions& options, ReloadReport& report) {
    if (is_refused_inside(caller, report)) return 0;
    auto plan = make_plan(std::move(texts), options);
    if (!plan->report.identical) {
        in_a_turn(caller, args, [this, plan](Machine& vm) {
            if (!prepare(vm, *plan) || !rehearsed(*plan)) {
                give_up(*plan);
                plan->number = 0;
            }
            let_forced_go(*plan); // who commits it may take long
            return true;
        });
        report = plan->report;
        if (plan->number == 0) return 0;
    }
    report = plan->report;
    std::lock_guard lock(plans_mutex_);
    plans_[plan->number] = plan;
    return plan->number;
}

ReloadReport ReloadEngine::commit(Machine* caller, Value* args, uint64_t number) {
    std::shared_ptr<ReloadPlan> plan;
    ReloadReport report;
    if (is_refused_inside(caller, report)) return report;
    {
        std::lock_guard lock(plans_mutex_);
        if (auto found = plans_.find(number); found != plans_.end()) {
            plan = std::move(found->second);
            plans_.erase(found);
        }
    }
    if (!plan) {
        report.refusal = "error: there is no plan " + std::to_string(number) +
                         ": it was committed or aborted, or never made\n";
        return report;
    }
    if (plan->report.identical) return plan->report;
    const uint64_t begin = os::monotonic_ns();
    const Actor* asks = caller ? &actors_.actor_in(*caller) : nullptr;
    in_a_turn(caller, args, [this, plan, asks](Machine& vm) {
        bool done = false;
        if (plan->epoch != epoch_ || plan->amendments != amendments_)
            plan->report.refusal +=
                "error: code has changed since plan " + std::to_string(plan->number) + " was prepared (" +
                (plan->epoch == epoch_
                     ? "in place"
                     : "epoch " + std::to_string(plan->epoch) + ", now " + std::to_string(epoch_)) +
                "): prepare it again\n";
        else // actors have changed since: they are looked at again
            done = find_instances_of_gone(vm, *plan) && dry_run(vm, *plan, plan->report) &&
                   commit(vm, *plan, asks);
        if (!done) give_up(*plan);
        let_forced_go(*plan);
        return done;
    });
    finish(*plan, begin);
    return plan->report;
}

bool ReloadEngine::plan(uint64_t number, ReloadSummary& summary) {
    std::lock_guard lock(plans_mutex_);
    auto found = plans_.find(number);
    if (found == plans_.end()) return false;
    summary = summary_of(found->second->report);
    return true;
}

bool ReloadEngine::abort(uint64_t number) {
    std::shared_ptr<ReloadPlan> plan;
    {
        std::lock_guard lock(plans_mutex_);
        auto found = plans_.find(number);
        if (found == plans_.end()) return false;
        plan = std::move(found->second);
        plans_.erase(found);
    }
    runtime_.exclusively([&] { give_up(*plan); });
    return true;
}

} // namespace indent
