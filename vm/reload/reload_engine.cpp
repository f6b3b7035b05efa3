#include "vm/reload/reload_engine.h"
#include "vm/heap/atom.h"
#include "vm/heap/pointer_table.h"
#include "vm/interp/error_report.h"
#include "vm/interp/inner.h"
#include "vm/interp/maker.h"
#include "vm/interp/send.h"
#include "vm/os/clock.h"
#include "vm/reload/checker.h"
#include "vm/reload/holders.h"
#include "vm/reload/known_runtime.h"
#include "vm/reload/module_order.h"
#include "vm/reload/reload_plan.h"
#include "vm/syntax/parser.h"
#include "vm/syntax/source.h"
#include <algorithm>
#include <xxhash.h>

namespace indent {

namespace {

constexpr uint64_t kMigrationBudget = 300'000'000; // ns that the migration of one actor may take

std::string rendered(const syntax::SyntaxTree& tree, const Diagnostics& diagnostics) {
    syntax::Source source(tree.file, *tree.source);
    std::string text;
    for (const auto& diagnostic : diagnostics) text += syntax::render(diagnostic, source);
    return text;
}

bool same_fields(const Class& a, const Class& b) {
    if (a.fields.size() != b.fields.size()) return false;
    for (size_t i = 0; i < a.fields.size(); ++i)
        if (a.fields[i].name != b.fields[i].name) return false;
    return true;
}

std::string joined(const std::vector<std::string>& parts) {
    std::string text;
    for (const auto& part : parts) text += (text.empty() ? "" : ", ") + part;
    return text;
}

} // namespace

uint64_t hash_of_text(std::string_view text) { return XXH3_64bits(text.data(), text.size()); }

ReloadEngine::~ReloadEngine() = default;

ReloadEngine::ReloadEngine(ActorSystem& actors, Loader& loader)
    : actors_(actors), loader_(loader), runtime_(actors.runtime()) {
    actors_.migrate_in_turn = [](Machine& vm, Value* args, std::span<Value> slots) { migrate_heap(vm, args, nullptr, slots); };
    actors_.migrate = [](Machine& vm, std::string& why) {
        RunResult result = run_protected(vm, [&](Value* args) {
            migrate_heap(vm, args, nullptr);
            return Value::nil();
        });
        if (!result.ok) why = result.out_of_memory ? "OutOfMemory" : describe_error(vm, result.error).text;
        return result.ok;
    };
}

// ---- 1. prepare

bool ReloadEngine::check(ReloadPlan& plan, ReloadReport& report) {
    auto refuse = [&](const ReloadPlan::One& one, Diagnostics diagnostics) {
        report.refusal += rendered(*one.tree, diagnostics);
        report.tree = one.tree;
        report.diagnostics = std::move(diagnostics);
        return false;
    };
    bool readable = true;
    for (ReloadPlan::One& one : plan.modules) {
        auto parsed = syntax::parse(one.text.file, one.text.text, syntax::ParseMode::Module);
        one.tree = std::make_shared<syntax::SyntaxTree>(std::move(parsed.tree));
        if (syntax::has_errors(parsed.diagnostics)) readable = refuse(one, parsed.diagnostics);
    }
    if (!readable) return false;
    // What is imported comes first; modules that import each other in a circle are one unit.
    std::vector<std::pair<std::string, std::vector<std::string>>> imports;
    for (const ReloadPlan::One& one : plan.modules) {
        imports.emplace_back(one.text.path, std::vector<std::string>());
        for (const syntax::Node* node : one.tree->top_level)
            if (auto* import = syntax::try_as<syntax::ImportNode>(node)) imports.back().second.emplace_back(import->path);
    }
    const std::vector<std::vector<size_t>> units = module_units(imports);
    std::vector<ReloadPlan::One> ordered;
    std::vector<size_t> unit_ends;
    for (const auto& unit : units) {
        for (size_t i : unit) ordered.push_back(std::move(plan.modules[i]));
        unit_ends.push_back(ordered.size());
    }
    plan.modules = std::move(ordered);

    auto staged_module = [&](std::string_view path) -> Module* {
        for (ReloadPlan::One& one : plan.modules)
            if (one.text.path == path) return one.module;
        return nullptr;
    };
    for (ReloadPlan::One& one : plan.modules) {
        auto found = runtime_.modules.find(one.text.path);
        one.old = found == runtime_.modules.end() ? nullptr : found->second.get();
        one.made = loader_.new_module(one.text.path, one.text.file);
        one.module = one.made.get();
        one.module->generation = one.old ? one.old->generation + 1 : 1;
        one.module->hash = hash_of_text(one.text.text);
    }
    size_t begin = 0;
    for (const size_t end : unit_ends) {
        const bool circle = end - begin > 1;
        std::vector<std::pair<Module*, TreePointer>> files;
        for (size_t i = begin; i < end; ++i) {
            files.emplace_back(plan.modules[i].module, plan.modules[i].tree);
            if (circle) loader_.declare(*plan.modules[i].module, *plan.modules[i].tree);
        }
        for (size_t i = begin; i < end; ++i)
            if (!importer(*plan.modules[i].module, *plan.modules[i].tree, staged_module, report.refusal)) return false;
        auto meaning = [&](ReloadPlan::One& one) {
            RuntimeNames known(runtime_, one.module, {false, false, {}});
            Diagnostics found = indent::check(*one.tree, known, {});
            const bool strict = one.tree->module && std::any_of(one.tree->module->annotations.begin(), one.tree->module->annotations.end(),
                                                                [](const auto& a) { return a.name.text == "strict"; });
            if (syntax::has_errors(found) || (strict && !found.empty())) return refuse(one, found);
            if (!found.empty()) report.notes.push_back(rendered(*one.tree, found));
            return true;
        };
        if (!circle && !meaning(plan.modules[begin])) return false;
        size_t faulty = 0;
        Diagnostics wrong = loader_.stage(files, plan.staged, faulty);
        if (!wrong.empty()) return refuse(plan.modules[begin + faulty], wrong);
        for (size_t i = begin; circle && i < end; ++i) // each can be asked about the others now
            if (!meaning(plan.modules[i])) return false;
        begin = end;
    }
    for (ReloadPlan::One& one : plan.modules) {
        if (!one.old) continue;
        // `stable` is one value through all generations.
        for (auto& [name, binding] : one.module->names)
            for (Module* before : {one.old, one.back_to}) {
                // A script's statements go on, and with them its `var`s.
                const bool kept_kind = binding->kind == Binding::Stable || (binding->kind == Binding::Var && (!one.tree->module || one.laid_out_anew));
                if (!before || !kept_kind) continue;
                if (auto kept = before->names.find(name); kept != before->names.end() && kept->second->kind == binding->kind) {
                    binding = kept->second;
                    break;
                }
            }
    }
    // Who imports what changes must still fit.
    std::vector<const Module*> instead;
    for (ReloadPlan::One& one : plan.modules) instead.push_back(one.module);
    for (auto& [path, module] : runtime_.modules) {
        if (module->library || staged_module(path)) continue;
        const bool imports_one = std::any_of(module->imports.begin(), module->imports.end(), [&](const auto& entry) {
            const Module* from = entry.second->kind == Binding::ImportedModule ? entry.second->target : entry.second->module;
            return from && staged_module(from->path);
        });
        if (!imports_one) continue;
        for (const TreePointer& tree : module->trees) {
            RuntimeNames known(runtime_, module.get(), {true, false, {}, instead});
            Diagnostics found = indent::check(*tree, known, {});
            if (!syntax::has_errors(found)) continue;
            if (misfit_is_accepted(*module, plan)) {
                report.notes.push_back(rendered(*tree, found) + "  in `" + path + "`, behind a boundary\n");
                continue;
            }
            report.refusal += rendered(*tree, found) + "  in `" + path + "`, which imports what changes: reload both together\n";
            return false;
        }
    }
    note_decliners(plan);
    // States.
    for (Class* staged : plan.staged.classes) {
        for (ReloadPlan::One& one : plan.modules) {
            if (staged->module != one.module || !one.old) continue;
            auto before = one.old->names.find(staged->name);
            auto tomb = one.old->gone.find(staged->name);
            Class* live = nullptr;
            if (before != one.old->names.end() && before->second->kind == Binding::ClassName) live = before->second->cls;
            else if (tomb != one.old->gone.end()) live = tomb->second; // it comes back
            if (!live) continue;
            if (live->kind != staged->kind) {
                report.refusal += "error: `" + std::string(runtime_.symbols.text(live->name)) +
                                  "` cannot become another kind of definition while the program runs\n";
                return false;
            }
            Diagnostics found;
            ClassChange change = compare_state(runtime_, *live, *staged, plan.undoes, found);
            if (!found.empty() && begins_anew_anyway(one, *live)) {
                found.clear();
                change.reset = true;
            }
            if (!found.empty()) return refuse(one, found);
            if (change.layout) {
                plan.layouts = true;
                std::string line(runtime_.symbols.text(live->name));
                line += ":";
                if (!change.carried.empty()) line += " carries " + joined(change.carried) + ";";
                if (!change.added.empty()) line += " adds " + joined(change.added) + ";";
                if (!change.dropped.empty()) line += " drops " + joined(change.dropped) + ";";
                if (!change.anew.empty()) line += " makes " + joined(change.anew) + " anew;";
                if (change.only_looked_at) line += " only declared types change;";
                if (change.by_hand) line += " by migrate_state;";
                if (change.reset) line += " is made anew (@reset);";
                line.pop_back();
                report.states.push_back(line);
            }
            plan.classes.push_back(std::move(change));
        }
    }
    // Classes that are gone; what they have left is looked for in the background.
    for (ReloadPlan::One& one : plan.modules) {
        if (!one.old) continue;
        for (auto& [name, binding] : one.old->names)
            if (binding->kind == Binding::ClassName && binding->module == one.old && !one.module->names.count(name) &&
                binding->cls->kind != ClassKind::Trait)
                plan.gone.push_back({binding->cls, &one, {}, {}});
    }
    // Subclasses elsewhere share the layout: their modules come in again, with the texts that they have.
    for (const ClassChange& change : plan.classes) {
        if (!change.layout) continue;
        for (auto& cls : runtime_.classes) {
            if (cls->superclass != change.live || cls->lineage || !cls->shape || !cls->module || cls->module->successor) continue;
            const bool here = std::any_of(plan.classes.begin(), plan.classes.end(), [&](const ClassChange& c) { return c.live == cls.get(); });
            const bool known = std::any_of(plan.staged.classes.begin(), plan.staged.classes.end(), [&](Class* c) { return c == cls.get(); });
            auto current = runtime_.modules.find(cls->module->path);
            if (here || known || staged_module(cls->module->path)) continue;
            if (current == runtime_.modules.end() || current->second.get() != cls->module) continue; // never taken
            if (cls->module->trees.size() == 1) {
                plan.also.insert(cls->module->path);
                continue;
            }
            report.refusal += "error: `" + std::string(runtime_.symbols.text(change.live->name)) + "` changes its fields, and `" +
                              std::string(runtime_.symbols.text(cls->name)) + "` of the module `" + cls->module->path +
                              "`, which has grown from several texts, inherits from it\n  reload both modules together\n";
            return false;
        }
    }
    if (!plan.also.empty()) return false; // once more, with them
    if (plan.undoes) // objects that have not taken the way forward need not go back
        for (auto& cls : runtime_.classes)
            for (const ClassChange& change : plan.classes)
                if (change.layout && cls->lineage == change.live && !cls->newer && same_fields(*cls, *change.staged))
                    plan.never_left.push_back({cls.get(), cls->way, change.staged});
    for (auto& [cls, way, to] : plan.never_left) plan.steps.by_shape[cls->shape] = {cls, to, nullptr, Class::Same, false};
    for (const ClassChange& change : plan.classes)
        if (change.layout) plan.steps.by_shape[change.live->shape] = {change.live, change.staged, &change.renamed,
                                                      change.way(plan.way()), plan.accept_loss};
    return true;
}

// ---- classes that are gone

// Objects of them in actors, messages, `stable` and Atoms; those that are only on stacks find out themselves.
bool ReloadEngine::find_instances_of_gone(Machine& vm, ReloadPlan& plan) {
    if (plan.gone.empty() || plan.options.tombstones) return true;
    for (const ReloadPlan::Gone& gone : plan.gone) {
        auto is_one = [&](const Cell* cell) {
            if (cell->shape < shape::kFirstFree) return false;
            const Class* cls = runtime_.shapes[cell->shape].cls;
            return cls && cls->itself() == gone.cls;
        };
        size_t count = 0, holders = 0;
        std::string who;
        auto add = [&](size_t found, const std::string& name) {
            if (found == 0) return;
            count += found;
            if (++holders <= 3) who += (who.empty() ? "" : ", ") + name;
        };
        for (ActorRef& actor : actors_.actors_of([](const Class&) { return true; })) {
            size_t found = 0;
            auto in_parcel = [&](const Parcel* parcel) {
                if (parcel) parcel->for_each_cell([&](const Cell* cell) { found += is_one(cell); });
            };
            {
                std::lock_guard lock(actor->lock);
                const bool between = actor->status != Actor::Running && actor->status != Actor::Ended && !actor->turn;
                if (between && actor->state) in_parcel(Parcel::pack_state(vm, actor->state, Value()).get());
                for (const ActorMessage* message = actor->first; message; message = message->next) in_parcel(message->arguments.get());
            }
            if (actor->cls->itself() == gone.cls) found = std::max<size_t>(found, 1);
            add(found, actors_.describe(*actor));
        }
        auto in_shared = [&](Value value) {
            size_t found = 0;
            PointerTable seen;
            std::vector<Value> waiting{value};
            while (!waiting.empty()) {
                const Value at = waiting.back();
                waiting.pop_back();
                if (!at.is_cell() || !seen.add(at.cell(), 0)) continue;
                found += is_one(at.cell());
                if (at.cell()->bits & Cell::kBytes || at.cell()->shape == shape::kAtom || at.cell()->shape == shape::kAddress) continue;
                for (size_t w = 0; w < at.cell()->word_count(); ++w) waiting.push_back((*at.cell())[w]);
            }
            return found;
        };
        for (auto& [path, module] : runtime_.modules)
            for (auto& [name, binding] : module->names)
                if (binding->kind == Binding::Stable && binding->module == module.get() && binding->value)
                    add(in_shared(binding->value), "`stable " + std::string(runtime_.symbols.text(name)) + "`");
        for (Value atom : runtime_.shared.listed(shape::kAtom)) {
            const Value value = atom_value(runtime_.shared, atom.cell());
            add(in_shared(value), "an Atom");
            runtime_.shared.release(value);
            runtime_.shared.release(atom);
        }
        if (count == 0) continue;
        if (holders > 3) who += ", …";
        const bool actors = gone.cls->kind == ClassKind::Actor || gone.cls->kind == ClassKind::Supervisor;
        plan.report.refusal += "error: `" + std::string(runtime_.symbols.text(gone.cls->name)) + "` is gone from `" + gone.from->text.path +
                               "`, and " + std::to_string(count) +
                               (actors ? count == 1 ? " actor of it lives: " : " actors of it live: "
                                       : count == 1 ? " object of it lives, in " : " objects of it live, in ") +
                               who + "\n  " + (actors ? "stop them first" : "let go of them first") +
                               ", keep the definition, or keep them as tombstones, which come back to life with it (`tombstones: true`)\n";
        return false;
    }
    return true;
}

// ---- 3. dry run

bool ReloadEngine::dry_run(Machine& vm, ReloadPlan& plan, ReloadReport& report) {
    if (!plan.layouts) return true;
    auto all = actors_.actors_of([](const Class&) { return true; });
    Worker& worker = actors_.worker_of(vm);
    struct Denied {
        Machine& vm;
        Worker& worker;
        explicit Denied(Machine& m, Worker& w) : vm(m), worker(w) {
            vm.effects_denied = true;
            worker.may_pause = false;
        }
        ~Denied() {
            vm.effects_denied = false;
            worker.may_pause = true;
            worker.budget_until = 0;
        }
    } denied(vm, worker);
    const Value own_state = vm.actor_state;
    for (ActorRef& actor : all) {
        Parcel::Pointer copy;
        if (actor->supervised && is_affected(plan, actor->cls)) continue; // it begins anew
        actor->lock.lock();
        const auto status = actor->status;
        const bool between = status == Actor::Idle || status == Actor::Ready || status == Actor::Held;
        bool unchanged = false;
        if (between && actor->state && !actor->turn) {
            copy = Parcel::pack_state(vm, actor->state, actor->journal);
            unchanged = actor->unchanged;
        }
        actor->lock.unlock();
        if (!copy) {
            if (!between) ++report.actors_running;
            continue;
        }
        worker.budget_until = os::monotonic_ns() + kMigrationBudget;
        RunResult result = run_protected(vm, [&](Value* args) {
            Parcel::unpack(std::move(copy), vm, args, args + 2);
            vm.actor_state = args[0];
            vm.actor_journal = args[1];
            vm.actor_unchanged = unchanged;
            args[1] = Value();
            const size_t objects = migrate_heap(vm, args, &plan.steps);
            report.objects_tried += objects;
            report.actors_tried += objects > 0;
            return Value::nil();
        });
        worker.budget_until = 0;
        std::string words;
        if (!result.ok) words = result.out_of_memory ? "error: OutOfMemory\n" : describe_error(vm, result.error).text;
        vm.inner->uncaught = {};
        vm.actor_state = vm.actor_journal = Value();
        vm.heap->rollback();
        if (!result.ok) {
            report.refusal += words + "  while the state of " + actors_.describe(*actor) +
                              " was migrated as a copy; nothing has changed\n";
            vm.actor_state = own_state;
            return false;
        }
    }
    vm.actor_state = own_state;
    return true;
}

// ---- 4 and 6: hooks, effects

bool ReloadEngine::run_top_level(Machine& vm, Module& module, TreePointer tree, std::vector<const syntax::Node*> statements,
                                 std::string_view name, ReloadReport& report) {
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

bool ReloadEngine::taken_back(Machine& vm, const RunResult& result, const std::string& what, ReloadReport& report) {
    report.refusal += result.out_of_memory ? "error: OutOfMemory\n" : describe_error(vm, result.error).text;
    report.refusal += "  in " + what + ": the reload is taken back\n";
    vm.inner->uncaught = {};
    vm.heap->rollback();
    return false;
}

bool ReloadEngine::run_hooks(Machine& vm, Module& module, syntax::HookKind kind, ReloadReport& report) {
    for (const TreePointer& tree : module.trees)
        for (const syntax::Node* node : tree->top_level)
            if (auto* hook = syntax::try_as<syntax::HookNode>(node); hook && hook->hook == kind) {
                std::vector<const syntax::Node*> statements(hook->body.statements.begin(), hook->body.statements.end());
                if (!run_top_level(vm, module, tree, std::move(statements),
                                   kind == syntax::HookKind::BeforeReload ? "before_reload" : "after_reload", report))
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
        RunResult result = run_protected(vm, [&](Value* args) {
            args[10] = before;
            migrate_heap(vm, args, nullptr, {args + 10, 1});
            if (!(args[10] == before)) after = runtime_.shared.share(args[10]);
            return Value::nil();
        });
        if (!result.ok) {
            report.refusal += result.out_of_memory ? "error: OutOfMemory\n" : describe_error(vm, result.error).text;
            report.refusal += "  while the value of " + where + " was migrated: the reload is taken back\n";
            vm.inner->uncaught = {};
        }
        vm.actor_state = own_state;
        vm.actor_journal = Value();
        vm.heap->rollback();
        return result.ok;
    };
    for (ReloadPlan::Kept& kept : plan.stable) {
        Value after;
        const std::string name = "`stable " + std::string(runtime_.symbols.text(kept.binding->name)) + "` of `" + kept.binding->module->path + "`";
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
        if (one.laid_out_anew) continue; // its text is what it was
        std::vector<const syntax::Node*> effects;
        for (const syntax::Node* node : one.tree->top_level) {
            if (one.old) {
                if (node->kind == syntax::Kind::Once) continue; // the first load only
                if (auto* value = syntax::try_as<syntax::ModuleValueNode>(node); value && (value->stable || !one.tree->module)) {
                    auto now = one.module->names.find(runtime_.symbols.intern(value->head.name.text));
                    if (now->second->value && fate_of_stable(*one.old, *value) != StableFate::Anew)
                        continue; // it keeps its value
                }
            }
            // The statements of a script are the program itself, which is not begun in the middle of a reload.
            if ((!one.tree->module || !plan.options.effects) && node->kind != syntax::Kind::ModuleValue) continue;
            effects.push_back(node);
        }
        if (!run_top_level(vm, *one.module, one.tree, std::move(effects), "the effects", report)) return false;
    }
    for (ReloadPlan::One& one : plan.modules)
        if (one.old && !one.laid_out_anew && plan.options.effects && !run_hooks(vm, *one.module, syntax::HookKind::AfterReload, report)) return false;
    return true;
}

// ---- 5. switch

namespace {

// What a class says, without who it is.
void exchange_contents(Class& a, Class& b) {
    std::swap(a, b);
    std::swap(a.value, b.value);
    std::swap(a.side, b.side);
    std::swap(a.instance_class, b.instance_class);
    std::swap(a.lineage, b.lineage);
    std::swap(a.newer, b.newer);
}

} // namespace

// Back and forth are the same but for the order.
void ReloadEngine::exchange(ReloadPlan& plan, bool back) {
    // Each live class takes over what the staged one says, which becomes what answers for the old layout.
    for (ClassChange& change : plan.classes) {
        Class& live = *change.live;
        Class& other = *change.staged;
        exchange_contents(live, other);
        exchange_contents(*live.side, *other.side);
        if (!back) {
            other.lineage = &live;
            other.side->lineage = live.side;
            if (change.layout) {
                other.renamed = change.renamed;
                other.way = change.way(plan.way());
                other.accept_loss = plan.accept_loss;
                // What came before it now leads to it.
                for (auto& cls : runtime_.classes)
                    if (cls.get() != &other && cls->lineage == &live && !cls->newer && cls->shape != live.shape &&
                        cls->shape != other.shape)
                        cls->newer = &other;
                runtime_.shapes[other.shape].cls = &other;
            } else {
                // The same layout: the objects that are there are its own.
                std::swap(live.shape, other.shape);
            }
            runtime_.shapes[live.shape].cls = &live;
        } else {
            if (!change.layout) std::swap(live.shape, other.shape);
            for (auto& cls : runtime_.classes)
                if (cls->newer == &other) cls->newer = nullptr;
            other.lineage = nullptr;
            other.side->lineage = nullptr;
            for (FieldInfo& field : live.fields)
                if (field.declared_in == &other) field.declared_in = &live;
            runtime_.shapes[live.shape].cls = &live;
            runtime_.shapes[other.shape].cls = &other;
        }
    }
    for (auto& [cls, way, to] : plan.never_left) {
        cls->newer = nullptr;
        cls->way = back ? way : Class::Same;
    }
    // Whoever speaks of a staged class means the live one.
    auto meant = [&](Class* cls) {
        for (ClassChange& change : plan.classes) {
            if (!back && cls == change.staged) return change.live;
            if (back && cls == change.live) return change.live;
        }
        return cls;
    };
    if (!back) {
        auto relink = [&](Class& cls, bool archived, Class* live) {
            cls.superclass = cls.superclass ? meant(cls.superclass) : nullptr;
            for (Class*& trait : cls.traits) trait = meant(trait);
            for (FieldInfo& field : cls.fields)
                field.declared_in = archived && field.declared_in == live ? &cls : archived ? field.declared_in : meant(field.declared_in);
            if (!archived)
                for (auto& [selector, method] : cls.methods) method->owner = meant(method->owner);
        };
        for (ClassChange& change : plan.classes) {
            relink(*change.live, false, change.live);
            relink(*change.live->side, false, change.live->side);
            relink(*change.staged, true, change.live);
        }
        for (Class* cls : plan.staged.classes)
            if (!cls->lineage) relink(*cls, false, cls), relink(*cls->side, false, cls->side);
        for (ReloadPlan::One& one : plan.modules)
            for (auto& [name, binding] : one.module->names)
                if (binding->kind == Binding::ClassName) binding->cls = meant(binding->cls);
    }
    for (ReloadPlan::One& one : plan.modules) {
        if (!back) {
            auto& slot = runtime_.modules[one.text.path];
            if (slot) {
                slot->successor = one.module;
                runtime_.old_modules.push_back(std::move(slot));
            }
            slot = std::move(one.made);
        } else {
            auto& slot = runtime_.modules[one.text.path];
            one.made = std::move(slot);
            if (one.old) {
                one.old->successor = nullptr;
                auto at = std::find_if(runtime_.old_modules.begin(), runtime_.old_modules.end(), [&](auto& m) { return m.get() == one.old; });
                slot = std::move(*at);
                runtime_.old_modules.erase(at);
            } else {
                runtime_.modules.erase(one.text.path);
            }
        }
    }
    // What is gone understands nothing any more, until it comes back.
    for (ReloadPlan::Gone& gone : plan.gone) {
        std::swap(gone.cls->methods, gone.methods);
        std::swap(gone.cls->traits, gone.traits);
        gone.cls->gone_since = back ? 0 : epoch_ + 1;
        if (!back) gone.from->module->gone[gone.cls->name] = gone.cls;
    }
    if (!back)
        for (ReloadPlan::One& one : plan.modules)
            if (one.old)
                for (auto& [name, cls] : one.old->gone)
                    if (!one.module->names.count(name)) one.module->gone.emplace(name, cls);
    // Methods that modules add to others' classes.
    auto take_away = [&](Module& module) {
        for (auto& cls : runtime_.classes)
            if (cls->module != &module)
                std::erase_if(cls->methods, [&](auto& entry) {
                    return entry.second->module == &module && cls->module && cls->module->path != module.path;
                });
    };
    for (ReloadPlan::One& one : plan.modules)
        if (Module* leaving = back ? one.module : one.old) take_away(*leaving);
    if (!back)
        for (auto& extension : plan.staged.extensions) {
            auto e = extension;
            e.target = meant(e.target);
            (void)loader_.extend(e);
        }
    else
        for (ReloadPlan::One& one : plan.modules)
            if (one.old)
                for (const TreePointer& tree : one.old->trees)
                    for (const syntax::Node* node : tree->top_level)
                        if (auto* extend = syntax::try_as<syntax::ExtendNode>(node))
                            if (Class* target = loader_.find_class(*one.old, extend->target))
                                (void)loader_.extend({one.old, tree, extend, target});
    flush_caches(runtime_);
}

// ---- live mode

// Chains that have begun come to their ends in the old code; what begins now waits.
bool ReloadEngine::drain(Machine& vm, ReloadPlan& plan, const Actor* caller) {
    constexpr uint64_t kLookAgain = 100'000; // ns
    const uint64_t deadline = os::monotonic_ns() + plan.options.patience;
    actors_.begin_drain(caller);
    while (actors_.undrained() > 0) {
        if (os::monotonic_ns() < deadline) {
            actors_.sleep(vm, kLookAgain, vm.stack_base);
            continue;
        }
        constexpr size_t kMostNamed = 5;
        const std::vector<std::string> names = actors_.undrained_names(kMostNamed + 1);
        actors_.end_drain();
        actors_.go_on();
        for (const ReloadPlan::Kept& kept : plan.stable) runtime_.shared.release(kept.value);
        plan.report.refusal += "error: what had begun before did not come to an end in time, and nobody is to see two versions:\n";
        for (size_t i = 0; i < names.size() && i < kMostNamed; ++i) plan.report.refusal += "  " + names[i] + "\n";
        if (names.size() > kMostNamed) plan.report.refusal += "  and others\n";
        plan.report.refusal += "  a longer `patience` waits longer; without `live` each actor follows when its turn ends\n";
        return false;
    }
    return true;
}

// ---- the whole

// The caller's frames are cut out of the stack while `work` runs: what both see is on the heap.
void ReloadEngine::in_a_turn(Machine* caller, Value* args, const std::function<bool(Machine&)>& work) {
    if (caller) actors_.run_elsewhere(*caller, args, work);
    else actors_.run_apart(work);
}

std::shared_ptr<ReloadPlan> ReloadEngine::make_plan(std::vector<ReloadText> texts, const ReloadOptions& options) {
    auto plan = std::make_shared<ReloadPlan>();
    plan->number = ++last_plan_;
    plan->options = options;
    for (ReloadText& text : texts) {
        auto found = runtime_.modules.find(text.path);
        if (found != runtime_.modules.end() && found->second->hash != 0 && found->second->hash == hash_of_text(text.text)) continue;
        plan->modules.emplace_back();
        plan->modules.back().text = std::move(text);
    }
    if (plan->modules.empty()) plan->report.ok = plan->report.identical = true;
    return plan;
}

bool ReloadEngine::prepare(Machine& vm, ReloadPlan& plan) {
    bool checked = false;
    plan.epoch = epoch_;
    for (;;) {
        actors_.exclusively([&] { checked = check(plan, plan.report); });
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
        if (one->old && !one->laid_out_anew && plan.options.effects && !run_hooks(vm, *one->old, syntax::HookKind::BeforeReload, report)) return false;
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
    if (left) actors_.exclusively([&] { exchange(plan, false); });
    const bool arrived = left && arrive(vm, plan, report) && (!plan.options.effects || tell_boundaries(vm, plan));
    if (!arrived) {
        actors_.exclusively([&] {
            if (left) exchange(plan, true);
            for (auto& kept : plan.stable) {
                runtime_.replaced_values.push_back(kept.binding->value);
                kept.binding->value = kept.value;
            }
            for (auto& kept : plan.data) {
                runtime_.shared.release(kept.module->boundary.data);
                kept.module->boundary.data = kept.value;
            }
        });
        for (ReloadPlan::KeptAtom& kept : plan.atoms) {
            runtime_.shared.hold(kept.before);
            if (!replace_in_atom(runtime_.shared, kept.atom.cell(), kept.after, kept.before)) runtime_.shared.release(kept.before);
        }
    } else {
        for (auto& kept : plan.stable) runtime_.shared.release(kept.value);
        for (auto& kept : plan.data) runtime_.shared.release(kept.value);
        // The commit: an image's transaction stands here.
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
    for (ReloadPlan::One& one : plan.modules)
        report.modules.push_back(one.text.path + ": generation " + std::to_string(one.module->generation));
    for (const ReloadPlan::One& one : plan.modules)
        if (one.old)
            for (std::string& line : kept_in_spite_of_edits(*one.old, *one.tree)) report.notes.push_back(std::move(line));
    tell_stale_blocks(plan);
    return true;
}

void ReloadEngine::finish(ReloadPlan& plan, uint64_t begin) {
    ReloadReport& report = plan.report;
    report.total_ns = os::monotonic_ns() - begin;
    if (!report.ok) return;
    runtime_.exclusively([&] {
        runtime_.last_reload = {{"epoch", report.epoch},
                                {"actors_tried", int64_t(report.actors_tried)},
                                {"objects_tried", int64_t(report.objects_tried)},
                                {"actors_running", int64_t(report.actors_running)},
                                {"held_ns", int64_t(report.held_ns)},
                                {"total_ns", int64_t(report.total_ns)}};
        runtime_.last_reload_notes = report.notes;
    });
}

ReloadReport ReloadEngine::run(Machine* caller, Value* args, const std::shared_ptr<ReloadPlan>& plan) {
    if (plan->report.identical) return plan->report;
    const uint64_t begin = os::monotonic_ns();
    const Actor* asks = caller ? &actors_.actor_in(*caller) : nullptr;
    in_a_turn(caller, args, [this, plan, asks](Machine& vm) {
        const bool done = prepare(vm, *plan) && commit(vm, *plan, asks);
        if (!done) give_up(*plan);
        let_forced_go(*plan);
        return done;
    });
    finish(*plan, begin);
    return plan->report;
}

ReloadReport ReloadEngine::reload(Machine* caller, Value* args, std::vector<ReloadText> texts, const ReloadOptions& options) {
    return run(caller, args, make_plan(std::move(texts), options));
}

// ---- plans

uint64_t ReloadEngine::prepare(Machine* caller, Value* args, std::vector<ReloadText> texts, const ReloadOptions& options,
                               ReloadReport& report) {
    auto plan = make_plan(std::move(texts), options);
    if (!plan->report.identical) {
        in_a_turn(caller, args, [this, plan](Machine& vm) {
            if (!prepare(vm, *plan)) {
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
    {
        std::lock_guard lock(plans_mutex_);
        if (auto found = plans_.find(number); found != plans_.end()) {
            plan = std::move(found->second);
            plans_.erase(found);
        }
    }
    if (!plan) {
        ReloadReport report;
        report.refusal = "error: there is no plan " + std::to_string(number) + ": it was committed or aborted, or never made\n";
        return report;
    }
    if (plan->report.identical) return plan->report;
    const uint64_t begin = os::monotonic_ns();
    const Actor* asks = caller ? &actors_.actor_in(*caller) : nullptr;
    in_a_turn(caller, args, [this, plan, asks](Machine& vm) {
        bool done = false;
        if (plan->epoch != epoch_)
            plan->report.refusal += "error: code has changed since plan " + std::to_string(plan->number) + " was prepared (epoch " +
                                    std::to_string(plan->epoch) + ", now " + std::to_string(epoch_) + "): prepare it again\n";
        else // states have changed since: they are tried again
            done = dry_run(vm, *plan, plan->report) && commit(vm, *plan, asks);
        if (!done) give_up(*plan);
        return done;
    });
    finish(*plan, begin);
    return plan->report;
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
