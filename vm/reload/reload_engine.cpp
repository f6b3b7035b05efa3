#include "vm/reload/reload_engine.h"
#include "vm/interp/error_report.h"
#include "vm/interp/inner.h"
#include "vm/interp/maker.h"
#include "vm/interp/send.h"
#include "vm/os/clock.h"
#include "vm/reload/checker.h"
#include "vm/reload/known_runtime.h"
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

std::string joined(const std::vector<std::string>& parts) {
    std::string text;
    for (const auto& part : parts) text += (text.empty() ? "" : ", ") + part;
    return text;
}

} // namespace

uint64_t hash_of_text(std::string_view text) { return XXH3_64bits(text.data(), text.size()); }

struct ReloadEngine::Plan {
    struct One {
        ReloadText text;
        TreePointer tree;
        Module* old = nullptr; // null: the module is new
        std::unique_ptr<Module> made;
        Module* module = nullptr; // the new generation, wherever it is owned
    };
    std::vector<One> modules; // in dependency order
    Loader::Staged staged;
    std::vector<ClassChange> classes;
    MigrationSteps steps;
    bool layouts = false;
    struct Kept {
        Binding* binding;
        Value value;
    };
    std::vector<Kept> stable; // values from before
};

ReloadEngine::ReloadEngine(ActorSystem& actors, Loader& loader)
    : actors_(actors), loader_(loader), runtime_(actors.runtime()) {
    actors_.migrate_in_turn = [](Machine& vm, Value* args) { migrate_heap(vm, args, nullptr); };
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

bool ReloadEngine::prepare(Plan& plan, ReloadReport& report) {
    auto refuse = [&](const Plan::One& one, Diagnostics diagnostics) {
        report.refusal += rendered(*one.tree, diagnostics);
        report.tree = one.tree;
        report.diagnostics = std::move(diagnostics);
        return false;
    };
    bool readable = true;
    for (Plan::One& one : plan.modules) {
        auto parsed = syntax::parse(one.text.file, one.text.text, syntax::ParseMode::Module);
        one.tree = std::make_shared<syntax::SyntaxTree>(std::move(parsed.tree));
        if (syntax::has_errors(parsed.diagnostics)) readable = refuse(one, parsed.diagnostics);
    }
    if (!readable) return false;
    // What is imported comes first.
    auto imports = [](const Plan::One& one, std::string_view path) {
        for (const syntax::Node* node : one.tree->top_level)
            if (auto* import = syntax::try_as<syntax::ImportNode>(node); import && import->path == path) return true;
        return false;
    };
    std::vector<Plan::One> ordered;
    std::vector<char> taken(plan.modules.size());
    std::vector<std::vector<size_t>> needs(plan.modules.size());
    for (size_t i = 0; i < plan.modules.size(); ++i)
        for (size_t j = 0; j < plan.modules.size(); ++j)
            if (j != i && imports(plan.modules[i], plan.modules[j].text.path)) needs[i].push_back(j);
    std::function<void(size_t)> take = [&](size_t i) {
        if (taken[i]) return;
        taken[i] = 1;
        for (size_t j : needs[i]) take(j);
        ordered.push_back(std::move(plan.modules[i]));
    };
    for (size_t i = 0; i < plan.modules.size(); ++i) take(i);
    plan.modules = std::move(ordered);

    auto staged_module = [&](std::string_view path) -> Module* {
        for (Plan::One& one : plan.modules)
            if (one.text.path == path) return one.module;
        return nullptr;
    };
    for (Plan::One& one : plan.modules) {
        auto found = runtime_.modules.find(one.text.path);
        one.old = found == runtime_.modules.end() ? nullptr : found->second.get();
        one.made = loader_.new_module(one.text.path, one.text.file);
        one.module = one.made.get();
        one.module->generation = one.old ? one.old->generation + 1 : 1;
        one.module->hash = hash_of_text(one.text.text);
    }
    for (Plan::One& one : plan.modules) {
        if (!importer(*one.module, *one.tree, staged_module, report.refusal)) return false;
        RuntimeNames known(runtime_, one.module, {false, false, {}});
        Diagnostics found = check(*one.tree, known, {});
        const bool strict = one.tree->module && std::any_of(one.tree->module->annotations.begin(), one.tree->module->annotations.end(),
                                                            [](const auto& a) { return a.name.text == "strict"; });
        if (syntax::has_errors(found) || (strict && !found.empty())) return refuse(one, found);
        if (!found.empty()) report.notes.push_back(rendered(*one.tree, found));
        Diagnostics wrong = loader_.stage({{one.module, one.tree}}, plan.staged);
        if (!wrong.empty()) return refuse(one, wrong);
        if (!one.old) continue;
        // `stable` is one value through all generations.
        for (auto& [name, binding] : one.module->names)
            if (auto before = one.old->names.find(name); binding->kind == Binding::Stable && before != one.old->names.end() &&
                                                         before->second->kind == Binding::Stable)
                binding = before->second;
    }
    // Who imports what changes must still fit.
    std::vector<const Module*> instead;
    for (Plan::One& one : plan.modules) instead.push_back(one.module);
    for (auto& [path, module] : runtime_.modules) {
        if (module->library || staged_module(path)) continue;
        const bool imports_one = std::any_of(module->imports.begin(), module->imports.end(), [&](const auto& entry) {
            const Module* from = entry.second->kind == Binding::ImportedModule ? entry.second->target : entry.second->module;
            return from && staged_module(from->path);
        });
        if (!imports_one) continue;
        for (const TreePointer& tree : module->trees) {
            RuntimeNames known(runtime_, module.get(), {true, false, {}, instead});
            Diagnostics found = check(*tree, known, {});
            if (!syntax::has_errors(found)) continue;
            report.refusal += rendered(*tree, found) + "  in `" + path + "`, which imports what changes: reload both together\n";
            return false;
        }
    }
    // States.
    for (Class* staged : plan.staged.classes) {
        for (Plan::One& one : plan.modules) {
            if (staged->module != one.module || !one.old) continue;
            auto before = one.old->names.find(staged->name);
            if (before == one.old->names.end() || before->second->kind != Binding::ClassName) continue;
            Class* live = before->second->cls;
            if (live->kind != staged->kind) {
                report.refusal += "error: `" + std::string(runtime_.symbols.text(live->name)) +
                                  "` cannot become another kind of definition while the program runs\n";
                return false;
            }
            Diagnostics found;
            ClassChange change = compare_state(runtime_.symbols, *live, *staged, found);
            if (!found.empty()) return refuse(one, found);
            if (change.layout) {
                plan.layouts = true;
                std::string line(runtime_.symbols.text(live->name));
                line += ":";
                if (!change.carried.empty()) line += " carries " + joined(change.carried) + ";";
                if (!change.added.empty()) line += " adds " + joined(change.added) + ";";
                if (!change.dropped.empty()) line += " drops " + joined(change.dropped) + ";";
                if (change.by_hand) line += " by migrate_state;";
                line.pop_back();
                report.states.push_back(line);
            }
            plan.classes.push_back(std::move(change));
        }
    }
    // Classes that are gone must have no actors.
    for (Plan::One& one : plan.modules) {
        if (!one.old) continue;
        for (auto& [name, binding] : one.old->names) {
            if (binding->kind != Binding::ClassName || binding->module != one.old || one.module->names.count(name)) continue;
            const Class* cls = binding->cls;
            auto left = actors_.actors_of([&](const Class& of) { return &of == cls; });
            if (left.empty()) continue;
            std::string who;
            for (size_t i = 0; i < left.size() && i < 3; ++i) who += (i ? ", " : "") + actors_.describe(*left[i]);
            if (left.size() > 3) who += ", …";
            report.refusal += "error: `" + std::string(runtime_.symbols.text(name)) + "` is gone from `" + one.text.path + "`, and " +
                              std::to_string(left.size()) + (left.size() == 1 ? " actor of it lives: " : " actors of it live: ") +
                              who + "\n  stop them first, or keep the definition\n";
            return false;
        }
    }
    // Subclasses elsewhere share the layout: they are laid out anew with it, which needs their module's text too.
    for (const ClassChange& change : plan.classes) {
        if (!change.layout) continue;
        for (auto& cls : runtime_.classes) {
            if (cls->superclass != change.live || cls->lineage || !cls->shape) continue;
            const bool here = std::any_of(plan.classes.begin(), plan.classes.end(), [&](const ClassChange& c) { return c.live == cls.get(); });
            const bool known = std::any_of(plan.staged.classes.begin(), plan.staged.classes.end(), [&](Class* c) { return c == cls.get(); });
            if (here || known || !cls->module || cls->module->successor) continue;
            report.refusal += "error: `" + std::string(runtime_.symbols.text(change.live->name)) + "` changes its fields, and `" +
                              std::string(runtime_.symbols.text(cls->name)) + "` of the module `" + cls->module->path +
                              "` inherits from it\n  reload both modules together\n";
            return false;
        }
    }
    for (const ClassChange& change : plan.classes)
        if (change.layout) plan.steps.by_shape[change.live->shape] = {change.live, change.staged, &change.renamed};
    return true;
}

// ---- 3. dry run

bool ReloadEngine::dry_run(Machine& vm, Plan& plan, ReloadReport& report) {
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
        actor->lock.lock();
        const auto status = actor->status;
        const bool between = status == Actor::Idle || status == Actor::Ready || status == Actor::Held;
        if (between && actor->state && !actor->turn) copy = Parcel::pack_state(vm, actor->state);
        actor->lock.unlock();
        if (!copy) {
            if (!between) ++report.actors_running;
            continue;
        }
        worker.budget_until = os::monotonic_ns() + kMigrationBudget;
        RunResult result = run_protected(vm, [&](Value* args) {
            Parcel::unpack(std::move(copy), vm, args, args + 1);
            vm.actor_state = args[0];
            const size_t objects = migrate_heap(vm, args, &plan.steps);
            report.objects_tried += objects;
            report.actors_tried += objects > 0;
            return Value::nil();
        });
        worker.budget_until = 0;
        std::string words;
        if (!result.ok) words = result.out_of_memory ? "error: OutOfMemory\n" : describe_error(vm, result.error).text;
        vm.inner->uncaught = {};
        vm.actor_state = Value();
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
    if (result.ok) {
        vm.heap->commit(vm.stack_base);
        return true;
    }
    report.refusal += result.out_of_memory ? "error: OutOfMemory\n" : describe_error(vm, result.error).text;
    report.refusal += "  in " + std::string(name) + " of `" + module.path + "`: the reload is taken back\n";
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

bool ReloadEngine::arrive(Machine& vm, Plan& plan, ReloadReport& report) {
    for (Plan::One& one : plan.modules) {
        std::vector<const syntax::Node*> effects;
        for (const syntax::Node* node : one.tree->top_level) {
            if (one.old) {
                if (node->kind == syntax::Kind::Once) continue; // the first load only
                if (auto* value = syntax::try_as<syntax::ModuleValueNode>(node); value && value->stable) {
                    auto before = one.old->names.find(runtime_.symbols.intern(value->head.name.text));
                    const bool reset = std::any_of(value->head.annotations.begin(), value->head.annotations.end(),
                                                   [](const auto& a) { return a.name.text == "reset"; });
                    if (!reset && before != one.old->names.end() && before->second->kind == Binding::Stable &&
                        before->second->value)
                        continue; // it keeps its value
                }
            }
            effects.push_back(node);
        }
        if (!run_top_level(vm, *one.module, one.tree, std::move(effects), "the effects", report)) return false;
    }
    for (Plan::One& one : plan.modules)
        if (one.old && !run_hooks(vm, *one.module, syntax::HookKind::AfterReload, report)) return false;
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
void ReloadEngine::exchange(Plan& plan, bool back) {
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
        for (Plan::One& one : plan.modules)
            for (auto& [name, binding] : one.module->names)
                if (binding->kind == Binding::ClassName) binding->cls = meant(binding->cls);
    }
    for (Plan::One& one : plan.modules) {
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
    // Methods that modules add to others' classes.
    auto take_away = [&](Module& module) {
        for (auto& cls : runtime_.classes)
            if (cls->module != &module)
                std::erase_if(cls->methods, [&](auto& entry) {
                    return entry.second->module == &module && cls->module && cls->module->path != module.path;
                });
    };
    for (Plan::One& one : plan.modules)
        if (Module* leaving = back ? one.module : one.old) take_away(*leaving);
    if (!back)
        for (auto& extension : plan.staged.extensions) {
            auto e = extension;
            e.target = meant(e.target);
            (void)loader_.extend(e);
        }
    else
        for (Plan::One& one : plan.modules)
            if (one.old)
                for (const TreePointer& tree : one.old->trees)
                    for (const syntax::Node* node : tree->top_level)
                        if (auto* extend = syntax::try_as<syntax::ExtendNode>(node))
                            if (Class* target = loader_.find_class(*one.old, extend->target))
                                (void)loader_.extend({one.old, tree, extend, target});
    flush_caches(runtime_);
}

// ---- the whole

ReloadReport ReloadEngine::reload(Machine& caller, Value* args, std::vector<ReloadText> texts) {
    const uint64_t begin = os::monotonic_ns();
    std::erase_if(texts, [&](const ReloadText& text) {
        auto found = runtime_.modules.find(text.path);
        return found != runtime_.modules.end() && found->second->hash != 0 &&
               found->second->hash == hash_of_text(text.text);
    });
    if (texts.empty()) {
        ReloadReport report;
        report.ok = report.identical = true;
        return report;
    }
    // The caller's frames are cut out of the stack while this runs: what both see is on the heap.
    auto shared_report = std::make_shared<ReloadReport>();
    auto shared_texts = std::make_shared<std::vector<ReloadText>>(std::move(texts));
    actors_.run_elsewhere(caller, args, [this, shared_report, shared_texts](Machine& vm) {
        ReloadReport& report = *shared_report;
        auto& texts = *shared_texts;
        Plan plan;
        for (ReloadText& text : texts) plan.modules.push_back({std::move(text), nullptr, nullptr, nullptr, nullptr});
        bool prepared = false;
        actors_.exclusively([&] { prepared = prepare(plan, report); });
        auto give_up = [&] {
            // What was staged stays in the runtime's lists, named by nobody.
            for (Plan::One& one : plan.modules)
                if (one.made) runtime_.old_modules.push_back(std::move(one.made));
            return false;
        };
        if (!prepared || !dry_run(vm, plan, report)) return give_up();
        for (auto one = plan.modules.rbegin(); one != plan.modules.rend(); ++one)
            if (one->old && !run_hooks(vm, *one->old, syntax::HookKind::BeforeReload, report)) return give_up();
        for (Plan::One& one : plan.modules)
            if (one.old)
                for (auto& [name, binding] : one.old->names)
                    if (binding->kind == Binding::Stable && binding->value) {
                        runtime_.shared.hold(binding->value);
                        plan.stable.push_back({binding, binding->value});
                    }
        const uint64_t held_from = os::monotonic_ns();
        actors_.hold();
        actors_.exclusively([&] { exchange(plan, false); });
        const bool arrived = arrive(vm, plan, report);
        if (!arrived) {
            actors_.exclusively([&] {
                exchange(plan, true);
                for (auto& kept : plan.stable) {
                    runtime_.replaced_values.push_back(kept.binding->value);
                    kept.binding->value = kept.value;
                }
            });
        } else {
            for (auto& kept : plan.stable) runtime_.shared.release(kept.value);
            // The commit: an image's transaction stands here.
            if (plan.layouts) runtime_.layout_epoch.fetch_add(1);
            report.epoch = ++epoch_;
            report.ok = true;
        }
        actors_.go_on();
        report.held_ns = os::monotonic_ns() - held_from;
        if (!arrived) return give_up();
        actors_.try_stuck_again();
        for (Plan::One& one : plan.modules)
            report.modules.push_back(one.text.path + ": generation " + std::to_string(one.module->generation));
        return true;
    });
    ReloadReport report = std::move(*shared_report);
    report.total_ns = os::monotonic_ns() - begin;
    if (report.ok)
        runtime_.exclusively([&] {
            runtime_.last_reload = {{"epoch", report.epoch},
                                    {"actors_tried", int64_t(report.actors_tried)},
                                    {"objects_tried", int64_t(report.objects_tried)},
                                    {"actors_running", int64_t(report.actors_running)},
                                    {"held_ns", int64_t(report.held_ns)},
                                    {"total_ns", int64_t(report.total_ns)}};
        });
    return report;
}

} // namespace indent
