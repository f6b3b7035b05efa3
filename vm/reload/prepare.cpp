// Steps 1 and 3 of a reload: what is read, checked and compared, and tried on copies. Nothing has changed yet.
#include "vm/actors/timers.h"
#include "vm/heap/atom.h"
#include "vm/interp/error_report.h"
#include "vm/interp/inner.h"
#include "vm/interp/sketch.h"
#include "vm/reload/capture.h"
#include "vm/reload/checker.h"
#include "vm/reload/holder_paths.h"
#include "vm/reload/known_runtime.h"
#include "vm/reload/module_order.h"
#include "vm/reload/only_computes.h"
#include "vm/reload/reload_engine.h"
#include "vm/reload/reload_plan.h"
#include "vm/syntax/parser.h"
#include "vm/syntax/source.h"
#include <algorithm>

namespace indent {

namespace {

bool is_library_path(std::string_view path) {
    return path.starts_with("std.");
}

std::string rendered(const syntax::SyntaxTree& tree, const Diagnostics& diagnostics) {
    syntax::Source source(tree.file, *tree.source);
    std::string text;
    for (const auto& diagnostic : diagnostics) text += syntax::render(diagnostic, source);
    return text;
}

std::string joined(const std::vector<std::string>& parts) {
    std::string text;
    for (const auto& part : parts) text += (text.empty() ? "" : ", ") + part;
    return text;
}

// An actor's state in words: `{number: 7, lines: [1, 2, …]}`.
std::string fields_of(const Machine& vm, Value state) {
    const Class& cls = *vm.class_of(state);
    std::string text;
    for (size_t i = 0; i < cls.fields.size(); ++i) {
        const Value value = (*state.cell())[i];
        const std::string shown = sketch(vm, value);
        text += (text.empty() ? "" : ", ") + std::string(vm.symbols.text(cls.fields[i].name)) + ": " +
                (shown.empty() ? described(vm, value) : shown);
    }
    return "{" + text + "}";
}

} // namespace

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
    // The library's files see each other without importing, and everybody sees them.
    std::vector<std::string> library;
    if (plan.options.library)
        for (const ReloadPlan::One& one : plan.modules)
            if (is_library_path(one.text.path)) library.push_back(one.text.path);
    std::vector<std::pair<std::string, std::vector<std::string>>> imports;
    for (const ReloadPlan::One& one : plan.modules) {
        imports.emplace_back(one.text.path, library);
        for (const syntax::Node* node : one.tree->top_level)
            if (auto* import = syntax::try_as<syntax::ImportNode>(node))
                imports.back().second.emplace_back(import->path);
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
        one.module->library = plan.options.library && is_library_path(one.text.path);
        if (one.module->library && one.old) // what it will not define means nothing from here on
            for (auto& [name, binding] : one.old->names)
                if (runtime_.prelude.find(name) == binding) runtime_.prelude.stage(name, nullptr);
    }
    struct Unstaged {
        Prelude& prelude;
        ~Unstaged() { prelude.unstage(); }
    } unstaged{runtime_.prelude};
    (void)loader_.take_missing_primitives();
    size_t begin = 0;
    for (const size_t end : unit_ends) {
        const bool circle = end - begin > 1;
        std::vector<std::pair<Module*, TreePointer>> files;
        for (size_t i = begin; i < end; ++i) {
            files.emplace_back(plan.modules[i].module, plan.modules[i].tree);
            if (circle) loader_.declare(*plan.modules[i].module, *plan.modules[i].tree);
        }
        for (size_t i = begin; i < end; ++i)
            if (!importer(*plan.modules[i].module, *plan.modules[i].tree, staged_module, report.refusal))
                return false;
        auto meaning = [&](ReloadPlan::One& one) {
            if (one.module->library) return true; // it is written in more than the language (@primitive)
            RuntimeNames known(runtime_, one.module, {false, false, {}});
            Diagnostics found = indent::check(*one.tree, known, {});
            const bool strict =
                one.tree->module &&
                std::any_of(one.tree->module->annotations.begin(), one.tree->module->annotations.end(),
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
    if (const std::string missing = loader_.take_missing_primitives(); !missing.empty()) {
        report.refusal += "error: " + missing;
        return false;
    }
    for (ReloadPlan::One& one : plan.modules) {
        if (!one.old) continue;
        // `stable` is one value through all generations.
        for (auto& [name, binding] : one.module->names) {
            if (auto was = one.old->names.find(name);
                was != one.old->names.end() &&
                (binding->kind == Binding::Stable || binding->kind == Binding::Var))
                binding->before = was->second;
            for (Module* before : {one.old, one.back_to}) {
                // A script's statements go on, and with them its `var`s.
                const bool kept_kind =
                    binding->kind == Binding::Stable ||
                    (binding->kind == Binding::Var && (one.is_script() || one.laid_out_anew));
                if (!before || !kept_kind) continue;
                if (auto kept = before->names.find(name);
                    kept != before->names.end() && kept->second->kind == binding->kind) {
                    binding = kept->second;
                    break;
                }
            }
        }
    }
    // Who imports what changes must still fit.
    std::vector<const Module*> instead;
    for (ReloadPlan::One& one : plan.modules) instead.push_back(one.module);
    for (auto& [path, module] : runtime_.modules) {
        // What was typed into the workspace has run; its definitions find out at their next call.
        if (module->library || path == "workspace" || staged_module(path)) continue;
        const bool imports_one =
            std::any_of(module->imports.begin(), module->imports.end(), [&](const auto& entry) {
                const Module* from = entry.second->kind == Binding::ImportedModule ? entry.second->target
                                                                                   : entry.second->module;
                return from && staged_module(from->path);
            });
        if (!imports_one && library.empty()) continue;
        for (const TreePointer& tree : module->trees) {
            RuntimeNames known(runtime_, module.get(), {true, false, {}, instead});
            Diagnostics found = indent::check(*tree, known, {});
            if (!syntax::has_errors(found)) continue;
            if (imports_one && misfit_is_accepted(*module, plan)) {
                report.notes.push_back(rendered(*tree, found) + "  in `" + path + "`, behind a boundary\n");
                continue;
            }
            report.refusal += rendered(*tree, found) + "  in `" + path +
                              (imports_one ? "`, which imports what changes: reload both together\n"
                                           : "`, which does not fit with the library that would come\n");
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
            if (before != one.old->names.end() && before->second->kind == Binding::ClassName)
                live = before->second->cls;
            else if (tomb != one.old->gone.end())
                live = tomb->second; // it comes back
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
                report.fields_added += change.added.size();
                report.fields_dropped += change.dropped.size();
                report.fields_carried += change.carried.size();
                report.by_hand += change.by_hand;
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
            if (binding->kind == Binding::ClassName && binding->module == one.old &&
                !one.module->names.count(name) && binding->cls->kind != ClassKind::Trait)
                plan.gone.push_back({binding->cls, &one, {}, {}});
    }
    // Subclasses elsewhere share the layout: their modules come in again, with the texts that they have.
    for (const ClassChange& change : plan.classes) {
        if (!change.layout) continue;
        for (auto& cls : runtime_.classes) {
            if (cls->superclass != change.live || cls->lineage || !cls->shape || !cls->module ||
                cls->module->successor)
                continue;
            const bool here = std::any_of(plan.classes.begin(), plan.classes.end(),
                                          [&](const ClassChange& c) { return c.live == cls.get(); });
            const bool known = std::any_of(plan.staged.classes.begin(), plan.staged.classes.end(),
                                           [&](Class* c) { return c == cls.get(); });
            auto current = runtime_.modules.find(cls->module->path);
            if (here || known || staged_module(cls->module->path)) continue;
            if (current == runtime_.modules.end() || current->second.get() != cls->module)
                continue; // never taken
            if (cls->module->trees.size() == 1 && !cls->module->amended) {
                plan.also.insert(cls->module->path);
                continue;
            }
            report.refusal +=
                "error: `" + std::string(runtime_.symbols.text(change.live->name)) +
                "` changes its fields, and `" + std::string(runtime_.symbols.text(cls->name)) +
                "` of the module `" + cls->module->path +
                "`, which has grown from several texts, inherits from it\n  reload both modules together\n";
            return false;
        }
    }
    if (!plan.also.empty()) return false; // once more, with them
    // Names that would mean a field. An undo goes back to texts that stood together before.
    if (plan.layouts && !plan.undoes) {
        for (const ReloadPlan::One& one : plan.modules)
            if (one.old)
                if (Diagnostics found =
                        find_captures(runtime_, *one.old, *one.module, *one.tree, plan.classes, instead);
                    !found.empty())
                    return refuse(one, std::move(found));
    }
    // What other modules add to these classes stays there.
    for (auto& [path, module] : runtime_.modules) {
        if ((module->library && library.empty()) || staged_module(path)) continue;
        for (const TreePointer& tree : module->trees) {
            bool extends = false;
            for (const syntax::Node* node : tree->top_level) {
                auto* extend = syntax::try_as<syntax::ExtendNode>(node);
                const Class* target = extend ? loader_.find_class(*module, extend->target) : nullptr;
                for (const ClassChange& change : plan.classes) {
                    if (!target || (change.live != target && change.staged != target)) continue;
                    extends = true;
                    for (const auto* added : extend->members.methods) {
                        const Class& of = added->class_side ? *change.staged->side : *change.staged;
                        auto own = of.methods.find(runtime_.symbols.intern(added->head.name.text));
                        if (own == of.methods.end() || !own->second->definition) continue;
                        for (const ReloadPlan::One& one : plan.modules)
                            if (one.module == change.staged->module)
                                return refuse(one, {syntax::make_diagnostic(
                                                       syntax::Code::MethodTaken,
                                                       own->second->definition->head.name.span,
                                                       {std::string(runtime_.symbols.text(target->name)) +
                                                            "." + std::string(added->head.name.text),
                                                        "the module `" + path + "`"})});
                    }
                }
            }
            if (!extends || !plan.layouts || plan.undoes) continue;
            if (Diagnostics found = find_captures(runtime_, *module, *module, *tree, plan.classes, instead);
                !found.empty()) {
                report.refusal +=
                    rendered(*tree, found) + "  in `" + path + "`, which extends what changes\n";
                return false;
            }
        }
    }
    if (plan.undoes) // objects that have not taken the way forward need not go back
        for (auto& cls : runtime_.classes)
            for (const ClassChange& change : plan.classes)
                if (change.layout && cls->lineage == change.live && !cls->newer &&
                    same_fields(*cls, *change.staged))
                    plan.never_left.push_back({cls.get(), cls->way, change.staged});
    for (auto& [cls, way, to] : plan.never_left)
        plan.steps.by_shape[cls->shape] = {cls, to, nullptr, Class::Same, false};
    for (const ReloadPlan::One& one : plan.modules)
        report.modules.push_back(one.text.path + ": generation " + std::to_string(one.module->generation));
    for (const ClassChange& change : plan.classes)
        if (change.layout)
            plan.steps.by_shape[change.live->shape] = {change.live, change.staged, &change.renamed,
                                                       change.way(plan.way()), plan.accept_loss};
    return true;
}

// One that has nothing to do is borrowed meanwhile, so that a large state is not copied under its lock; one that is about
// to begin a turn waits at its lock.
ReloadEngine::StateCopy ReloadEngine::state_of(Machine& vm, Actor& actor) {
    StateCopy state;
    if (actors_.borrow(actor)) {
        state.between = true;
        struct Back {
            ActorSystem& actors;
            Actor& actor;
            ~Back() { actors.give_back(actor); }
        } back{actors_, actor};
        state.unchanged = actor.unchanged;
        if (actor.state) state.copy = Parcel::pack_state(vm, actor.state, actor.journal);
        return state;
    }
    std::lock_guard lock(actor.lock);
    state.between = (actor.status == Actor::Ready || actor.status == Actor::Held ||
                     actor.status == Actor::Idle || actor.status == Actor::Unborn) &&
                    !actor.turn;
    if (!state.between) return state;
    state.unchanged = actor.unchanged;
    if (actor.state) state.copy = Parcel::pack_state(vm, actor.state, actor.journal);
    return state;
}

// ---- classes that are gone

// Objects in actors, messages, timers, `stable` and Atoms; those that are only on stacks find out themselves.
ReloadEngine::Instances ReloadEngine::find_instances(Machine& vm, const Class& wanted) {
    Instances found;
    auto count_in = [&](HeldGraph& graph) {
        size_t count = 0;
        graph.walk(true, [&](const Cell* cell, size_t) {
            if (cell->shape < shape::kFirstFree) return true;
            const Class* cls = runtime_.shapes[cell->shape].cls;
            count += cls && cls->itself() == &wanted;
            return true;
        });
        return count;
    };
    auto add = [&](size_t count, const std::string& name) {
        if (count == 0) return;
        found.count += count;
        if (++found.holders <= 3) found.who += (found.holders == 1 ? "" : ", ") + name;
        if (found.holders == 4) found.who += ", …";
    };
    const Actor* self = &actors_.actor_in(vm);
    auto look_at = [&](Actor& actor) {
        HeldGraph graph(runtime_);
        auto in_parcel = [&](const Parcel* parcel) {
            for (size_t i = 0; parcel && i < parcel->count(); ++i) graph.add_root(parcel->peek(i), "");
        };
        size_t count = 0;
        {
            std::lock_guard lock(actor.lock);
            if (actor.status == Actor::Ended) return;
            if (&actor == self) {
                graph.add_root(vm.actor_state, "");
            } else if (actor.status != Actor::Running && actor.heap) {
                graph.add_root(actor.turn ? actor.turn->state : actor.state, "");
                if (&actor == &actors_.main() && actors_.main_kept_roots)
                    for (Value* kept : *actors_.main_kept_roots) graph.add_root(*kept, "");
            }
            for (const ActorMessage* message = actor.first; message; message = message->next)
                in_parcel(message->timer ? message->timer->arguments.get() : message->arguments.get());
            actors_.for_each_timer(actor,
                                   [&](const TimerRecord& timer) { in_parcel(timer.arguments.get()); });
            count = count_in(graph);
        }
        if (actor.cls && actor.cls->itself() == &wanted) count = std::max<size_t>(count, 1);
        add(count, actors_.describe(actor));
    };
    if (actors_.dormant) actors_.dormant->awaken_all();
    for (ActorRef& actor : actors_.actors_of([](const Class&) { return true; })) look_at(*actor);
    look_at(actors_.main());
    for (auto& [path, module] : runtime_.modules)
        for (auto& [name, binding] : module->names)
            if (binding->kind == Binding::Stable && binding->module->path == path && binding->value) {
                HeldGraph graph(runtime_);
                graph.add_root(binding->value, "");
                add(count_in(graph), "`stable " + std::string(runtime_.symbols.text(name)) + "`");
            }
    for (Value atom : runtime_.shared.listed(shape::kAtom)) {
        const Value value = atom_value(runtime_.shared, atom.cell());
        HeldGraph graph(runtime_);
        graph.add_root(value, "");
        add(count_in(graph), "an Atom");
        runtime_.shared.release(value);
        runtime_.shared.release(atom);
    }
    return found;
}

bool ReloadEngine::find_instances_of_gone(Machine& vm, ReloadPlan& plan) {
    if (plan.gone.empty() || plan.options.tombstones) return true;
    for (const ReloadPlan::Gone& gone : plan.gone) {
        const Instances found = find_instances(vm, *gone.cls);
        const size_t count = found.count;
        if (count == 0) continue;
        const bool actors = gone.cls->kind == ClassKind::Actor || gone.cls->kind == ClassKind::Supervisor;
        plan.report.refusal +=
            "error: `" + std::string(runtime_.symbols.text(gone.cls->name)) + "` is gone from `" +
            gone.from->text.path + "`, and " + std::to_string(count) +
            (actors       ? count == 1 ? " actor of it lives: " : " actors of it live: "
             : count == 1 ? " object of it lives, in "
                          : " objects of it live, in ") +
            found.who + "\n  " +
            (actors ? "stop them first (`stop_child` of its supervisor ends a child for good)"
                    : "let go of them first") +
            ", keep the definition, or keep them as tombstones, which come back to life "
            "with it (`tombstones: true`)\n";
        return false;
    }
    return true;
}

// ---- 3. dry run

bool ReloadEngine::dry_run(Machine& vm, ReloadPlan& plan, ReloadReport& report) {
    report.actors_tried = report.objects_tried = report.actors_running = 0;
    if (!plan.layouts) return true;
    OnlyComputes guard(vm, actors_.worker_of(vm));
    ActorWalk walk(actors_);
    for (auto some = walk.some(); !some.empty(); some = walk.some())
        for (ActorRef& actor : some) {
            if (!dry_run(vm, plan, report, *actor, guard)) return false;
            guard.give_way();
        }
    return true;
}

// Of one actor. A copy of its state takes the way that the state will take.
bool ReloadEngine::dry_run(Machine& vm, ReloadPlan& plan, ReloadReport& report, Actor& actor,
                           OnlyComputes& guard) {
    if (actor.supervised && is_affected(plan, actor.cls)) return true; // it begins anew
    StateCopy state = state_of(vm, actor);
    if (!state.copy) {
        if (!state.between) ++report.actors_running;
        return true;
    }
    if (!concerns(vm, *state.copy, plan.steps)) return true; // it has nothing of what changes
    const Value own_state = vm.actor_state;
    std::string words, before;
    auto tried = [&](const MigrationSteps& steps) {
        guard.begin(kMigrationBudget);
        RunResult result = run_protected(vm, [&](Value* args) {
            Parcel::unpack(std::move(state.copy), vm, args, args + 2);
            vm.actor_state = args[0];
            vm.actor_journal = args[1];
            vm.actor_unchanged = state.unchanged;
            args[1] = Value();
            const size_t objects = migrate_heap(vm, args, &steps);
            report.objects_tried += objects;
            report.actors_tried += objects > 0;
            return Value::nil();
        });
        guard.end();
        if (!result.ok) {
            before = vm.actor_state.is_cell() ? fields_of(vm, vm.actor_state) : "";
            words = result.out_of_memory ? "error: OutOfMemory\n" : describe_error(vm, result.error).text;
        }
        vm.inner->uncaught = {};
        vm.actor_state = vm.actor_journal = Value();
        vm.heap->rollback();
        vm.actor_state = own_state;
        return result.ok;
    };
    if (tried(plan.steps)) return true;
    if (const MigrationSteps past = steps_past_what_fails(vm, &plan.steps); !past.composed.empty()) {
        state = state_of(vm, actor);
        if (!state.copy || tried(past)) return true;
    }
    report.refusal += words + "  while the state of " + actors_.describe(actor) + ", " + before +
                      ", was migrated as a copy; nothing has changed\n";
    return false;
}

} // namespace indent
