// Steps 4 and 6 of a reload: hooks, effects, and what `stable` and Atoms hold.
#include "vm/heap/atom.h"
#include "vm/interp/error_report.h"
#include "vm/interp/inner.h"
#include "vm/interp/maker.h"
#include "vm/reload/only_computes.h"
#include "vm/reload/reload_engine.h"
#include "vm/reload/reload_plan.h"

namespace indent {

bool ReloadEngine::run_top_level(Machine& vm, Module& module, TreePointer tree,
                                 std::vector<const syntax::Node*> statements, std::string_view name,
                                 ReloadReport& report) {
    if (statements.empty()) return true;
    TopLevelBody body;
    body.tree = std::move(tree);
    body.statements = statements;
    body.module = &module;
    body.name = name;
    body.assign_declares = false;
    body.sets_module_values = true;
    RunResult result = run_protected(vm, make_top_level(vm, body), Value::nil());
    if (!result.ok) return taken_back(vm, result, std::string(name) + " of `" + module.path + "`", report);
    vm.heap->commit(vm.stack_base);
    return true;
}

bool ReloadEngine::taken_back(Machine& vm, const RunResult& result, const std::string& what,
                              ReloadReport& report) {
    report.refusal += result.out_of_memory ? "error: OutOfMemory\n" : describe_error(vm, result.error).text;
    report.refusal += "  in " + what + std::string(kTakenBack) + "\n";
    vm.inner->uncaught = {};
    vm.heap->rollback();
    return false;
}

bool ReloadEngine::run_hooks(Machine& vm, Module& module, syntax::HookKind kind, ReloadReport& report) {
    for (const TreePointer& tree : module.trees)
        for (const syntax::Node* node : tree->top_level)
            if (auto* hook = syntax::try_as<syntax::HookNode>(node); hook && hook->hook == kind) {
                std::vector<const syntax::Node*> statements(hook->body.statements.begin(),
                                                            hook->body.statements.end());
                if (!run_top_level(vm, module, tree, std::move(statements),
                                   kind == syntax::HookKind::BeforeReload ? "before_reload" : "after_reload",
                                   report))
                    return false;
            }
    return true;
}

// What `stable` and Atoms hold becomes what the new code knows.
bool ReloadEngine::migrate_shared_values(Machine& vm, ReloadPlan& plan, ReloadReport& report) {
    const Value own_state = vm.actor_state;
    // Absent with a refusal in the report, or as it was.
    auto migrated = [&](Value before, const std::string& where, Value& after) {
        after = Value();
        OnlyComputes guard(vm, actors_.worker_of(vm));
        guard.begin(kMigrationBudget);
        RunResult result = run_protected(vm, [&](Value* args) {
            args[10] = before;
            migrate_heap(vm, args, nullptr, {args + 10, 1});
            if (!(args[10] == before)) after = runtime_.shared.share(args[10]);
            return Value::nil();
        });
        if (!result.ok) {
            report.refusal +=
                result.out_of_memory ? "error: OutOfMemory\n" : describe_error(vm, result.error).text;
            report.refusal +=
                "  while the value of " + where + " was migrated" + std::string(kTakenBack) + "\n";
            vm.inner->uncaught = {};
        }
        vm.actor_state = own_state;
        vm.actor_journal = Value();
        vm.heap->rollback();
        return result.ok;
    };
    for (ReloadPlan::Kept& kept : plan.stable) {
        Value after;
        const std::string name = "`stable " + std::string(runtime_.symbols.text(kept.binding->name)) +
                                 "` of `" + kept.binding->module->path + "`";
        if (!migrated(kept.value, name, after)) return false;
        if (!after) continue;
        runtime_.exclusively([&] {
            runtime_.replaced_values.push_back(kept.binding->value);
            kept.binding->value = after;
        });
    }
    for (auto& [path, module] : runtime_.modules) {
        const Value before = module->boundary.data;
        Value after;
        if (!before) continue;
        if (!migrated(before, "`hot.data` of `" + path + "`", after)) return false;
        if (!after) continue;
        plan.data.push_back({module.get(), before});
        runtime_.exclusively([&, to = module.get()] { to->boundary.data = after; });
    }
    bool ok = true;
    for (Value atom : runtime_.shared.listed(shape::kAtom)) {
        for (bool done = false; ok && !done;) { // turns that run may set it meanwhile
            const Value before = atom_value(runtime_.shared, atom.cell());
            Value after;
            ok = migrated(before, "an Atom", after);
            done = !after;
            if (after) {
                runtime_.shared.hold(after);
                done = replace_in_atom(runtime_.shared, atom.cell(), before, after);
                if (!done) runtime_.shared.release(after);
            }
            if (done && after) {
                runtime_.shared.hold(atom);
                plan.atoms.push_back({atom, before, after});
            } else {
                runtime_.shared.release(before);
                if (after) runtime_.shared.release(after);
            }
        }
        runtime_.shared.release(atom);
    }
    return ok;
}

bool ReloadEngine::arrive(Machine& vm, ReloadPlan& plan, ReloadReport& report) {
    if (plan.layouts && !migrate_shared_values(vm, plan, report)) return false;
    for (ReloadPlan::One& one : plan.modules) {
        if (one.laid_out_anew || (!plan.options.effects && !plan.options.values))
            continue;                      // its text is what it was, or is only looked at
        if (one.module->library) continue; // it has definitions alone
        std::vector<const syntax::Node*> effects;
        for (const syntax::Node* node : one.tree->top_level) {
            if (one.old) {
                if (node->kind == syntax::Kind::Once && !one.old->failed) continue; // the first load only
                if (auto* value = syntax::try_as<syntax::ModuleValueNode>(node);
                    value && (value->stable || one.is_script())) {
                    auto now = one.module->names.find(runtime_.symbols.intern(value->head.name.text));
                    if (now->second->value && fate_of_stable(*one.old, *value) != StableFate::Anew)
                        continue; // it keeps its value
                }
            }
            // The statements of a script are the program itself, which is not begun in the middle of a reload.
            if ((one.is_script() || !plan.options.effects) && node->kind != syntax::Kind::ModuleValue)
                continue;
            effects.push_back(node);
        }
        runtime_.arriving = one.module;
        runtime_.arriving_in = vm.self_address.cell();
        const bool done = run_top_level(vm, *one.module, one.tree, std::move(effects), "the effects", report);
        runtime_.arriving_in = nullptr;
        runtime_.arriving = nullptr;
        if (!done) return false;
    }
    for (ReloadPlan::One& one : plan.modules)
        if (one.old && !one.laid_out_anew && plan.options.effects &&
            !run_hooks(vm, *one.module, syntax::HookKind::AfterReload, report))
            return false;
    return true;
}

} // namespace indent
