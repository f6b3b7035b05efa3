// How far a change goes. It stops at its own module as long as whoever imports that still fits. Where somebody does not, the
// reload is refused, unless a boundary says otherwise: the module accepts its own changes, its importer accepts those of
// this import, or one of them declines to change in place. The boundary of the generation that is there decides, not that
// of the one that comes.
//
// Handlers of `hot.accept` run after the switch, at every change of their import, whether it fits or not, those of
// importers that others import first. A handler may pass the change up: then the importers of its own module are asked. Where
// nobody takes it, the actors of all modules on that way begin anew, as their supervisors started them; so do those of
// modules that decline.
#include "vm/reload/boundaries.h"
#include "vm/interp/error_report.h"
#include "vm/interp/inner.h"
#include "vm/interp/protected_run.h"
#include "vm/model/list.h"
#include "vm/model/map.h"
#include "vm/reload/module_order.h"
#include "vm/reload/reload_plan.h"
#include <algorithm>

namespace indent {

namespace {

// `said`: the path of an import, or the last part of it.
bool means(std::string_view said, std::string_view path) {
    return path == said ||
           (path.size() > said.size() && path.ends_with(said) && path[path.size() - said.size() - 1] == '.');
}

const Module* origin(const Binding& import) {
    return import.kind == Binding::ImportedModule ? import.target : import.module;
}

bool is_private(std::string_view name) {
    return name.starts_with('_');
}

std::string parameters_of(const SymbolTable& symbols, const Method& method) {
    std::string text = "(";
    for (const ParameterInfo& p : method.parameters)
        text += std::string(symbols.text(p.name)) + (p.has_default ? "=," : p.rest ? "*," : ",");
    return text + ")";
}

// What others see of a class: fields and messages, what it inherits among them.
void add_members(const SymbolTable& symbols, const Class& cls, std::set<std::string>& members) {
    for (const FieldInfo& field : cls.fields)
        if (const std::string name(symbols.text(field.name)); !is_private(name))
            members.insert("." + name + (field.initial ? "=" : ""));
    for (const Class* at = &cls; at && at->module && !at->module->library; at = at->superclass) {
        for (const auto& [selector, method] : at->methods)
            if (const std::string name(symbols.text(selector)); !is_private(name))
                members.insert((method->message ? "on " : "") + name + parameters_of(symbols, *method));
        for (const Class* trait : at->traits)
            if (trait->module && !trait->module->library) add_members(symbols, *trait, members);
    }
}

// All modules but the library's, what is imported before who imports it.
std::vector<std::string> paths_in_order(const Runtime& runtime) {
    std::vector<std::pair<std::string, std::vector<std::string>>> modules;
    for (const auto& [path, module] : runtime.modules) {
        if (module->library) continue;
        modules.emplace_back(path, std::vector<std::string>());
        for (const auto& [name, binding] : module->imports)
            if (const Module* from = origin(*binding)) modules.back().second.push_back(from->path);
    }
    std::sort(modules.begin(), modules.end());
    std::vector<std::string> paths;
    for (const auto& unit : module_units(modules))
        for (size_t i : unit) paths.push_back(modules[i].first);
    return paths;
}

} // namespace

bool imports(const Module& module, std::string_view path) {
    return std::any_of(module.imports.begin(), module.imports.end(), [&](const auto& entry) {
        const Module* from = origin(*entry.second);
        return from && from->path == path;
    });
}

bool accepts_changes(const Module& importer, std::string_view path) {
    const auto& accepts = importer.boundary.accepts;
    return std::any_of(accepts.begin(), accepts.end(),
                       [&](const Boundary::Accept& accept) { return means(accept.module, path); });
}

std::string public_face(const SymbolTable& symbols, const Binding& binding) {
    if (binding.kind == Binding::Function && binding.method) return parameters_of(symbols, *binding.method);
    if (binding.kind != Binding::ClassName || !binding.cls) return std::to_string(binding.kind);
    std::set<std::string> members;
    add_members(symbols, *binding.cls, members);
    std::string text;
    for (const std::string& member : members) text += member + ";";
    return text;
}

bool ReloadEngine::misfit_is_accepted(const Module& importer, ReloadPlan& plan) const {
    // Every change that concerns it must be.
    bool declined = false;
    for (const ReloadPlan::One& one : plan.modules) {
        if (!one.old || !imports(importer, one.text.path)) continue;
        if (one.old->boundary.accepts_itself || one.old->boundary.declines ||
            accepts_changes(importer, one.text.path))
            continue;
        if (!importer.boundary.declines) return false;
        declined = true;
    }
    if (declined) plan.restarts.insert(importer.path);
    return true;
}

// Of a state that cannot follow: whether that does not matter, as everybody who has it begins anew.
bool ReloadEngine::begins_anew_anyway(const ReloadPlan::One& one, const Class& live) {
    if (!one.old || !one.old->boundary.declines) return false;
    if (live.kind != ClassKind::Actor && live.kind != ClassKind::Supervisor) return false;
    const auto actors = actors_.actors_of([&](const Class& cls) { return cls.itself() == live.itself(); });
    return std::all_of(actors.begin(), actors.end(),
                       [&](const ActorRef& actor) { return actor->supervised.load(); });
}

bool ReloadEngine::is_affected(const ReloadPlan& plan, const Class* cls) const {
    for (; cls; cls = cls->superclass)
        if (cls->module && plan.restarts.count(cls->module->path)) return true;
    return false;
}

void ReloadEngine::note_decliners(ReloadPlan& plan) const {
    for (const ReloadPlan::One& one : plan.modules)
        if (one.old && !one.laid_out_anew && one.old->boundary.declines) plan.restarts.insert(one.text.path);
}

// What importers see now, to be compared with what they will.
void ReloadEngine::note_faces(ReloadPlan& plan) const {
    for (ReloadPlan::One& one : plan.modules)
        if (one.old)
            for (auto& [name, binding] : one.old->names)
                one.faces[name] = public_face(runtime_.symbols, *binding);
}

// The generations that leave say what they leave to those that come.
bool ReloadEngine::dispose(Machine& vm, ReloadPlan& plan) {
    for (ReloadPlan::One& one : plan.modules) {
        if (!one.old || one.laid_out_anew || one.old->boundary.disposes.empty()) continue;
        const std::vector<Value> blocks = one.old->boundary.disposes; // held by the generation
        RunResult result = run_protected(vm, [&](Value* args) {
            args[1] = make_map(vm, 4, args + kPrimitiveFrame);
            for (Value block : blocks) {
                args[2] = block;
                vm.call(args[2], {args[1]}, args);
            }
            args[1] = vm.send(args[1], sym::frozen, {}, args);
            one.module->boundary.data = runtime_.shared.share(args[1]);
            return Value::nil();
        });
        if (result.ok)
            vm.heap->commit(vm.stack_base);
        else if (!taken_back(vm, result, "`hot.dispose` of `" + one.text.path + "`", plan.report))
            return false;
    }
    return true;
}

bool ReloadEngine::invalidate(const Machine& vm) {
    if (handler_ != &vm) return false;
    return invalidated_ = true;
}

// Runs one handler, with what has changed. False: it failed.
bool ReloadEngine::run_handler(Machine& vm, Value handler, const BoundaryChange& change,
                               const std::string& importer, ReloadReport& report) {
    handler_ = &vm;
    invalidated_ = false;
    RunResult result = run_protected(vm, [&](Value* args) {
        args[1] = make_map(vm, 4, args + kPrimitiveFrame);
        auto put = [&](const char* name) { // args[4]
            args[3] = vm.symbol(name);
            if (map_put(vm, vm.symbols, args[1], args[3], args[4], args + kPrimitiveFrame) != MapPut::Done)
                assert(false);
        };
        auto put_names = [&](const char* name, const std::vector<std::string>& names) {
            args[4] = vm.list(names.size(), args);
            for (const std::string& each : names) {
                args[5] = vm.symbol(each);
                if (!list_add(vm, args[4], args[5], args + kPrimitiveFrame)) assert(false);
            }
            put(name);
        };
        args[4] = vm.text(change.module, args);
        put("module");
        put_names("added", change.added);
        put_names("removed", change.removed);
        put_names("changed", change.changed);
        args[2] = handler;
        vm.call(args[2], {args[1]}, args);
        return Value::nil();
    });
    handler_ = nullptr;
    if (!result.ok) return taken_back(vm, result, "`hot.accept` of `" + importer + "`", report);
    vm.heap->commit(vm.stack_base);
    return true;
}

// Tells the importers, and theirs where one passes it up. `way`: the modules that it came through.
bool ReloadEngine::tell_importers(Machine& vm, ReloadPlan& plan, const BoundaryChange& change,
                                  std::vector<std::string> way) {
    bool taken = false;
    for (const std::string& path : paths_in_order(runtime_)) {
        auto found = runtime_.modules.find(path);
        if (found == runtime_.modules.end() || !imports(*found->second, change.module)) continue;
        if (std::find(way.begin(), way.end(), path) != way.end()) continue;
        if (std::any_of(plan.modules.begin(), plan.modules.end(),
                        [&](const ReloadPlan::One& one) { return one.text.path == path; })) {
            taken = true; // it has begun anew itself
            continue;
        }
        const std::vector<Boundary::Accept> accepts = found->second->boundary.accepts;
        for (const Boundary::Accept& accept : accepts) {
            if (!means(accept.module, change.module)) continue;
            if (accept.handler.is_nil()) {
                taken = true;
                continue;
            }
            if (!run_handler(vm, accept.handler, change, path, plan.report)) return false;
            if (!std::exchange(invalidated_, false)) {
                taken = true;
                continue;
            }
            std::vector<std::string> further = way;
            further.push_back(path);
            taken = true; // what becomes of it is decided further up
            if (!tell_importers(vm, plan, {path, {}, {}, {}}, std::move(further))) return false;
        }
    }
    if (taken || way.size() == 1) return true;
    plan.restarts.insert(way.begin(), way.end());
    plan.report.notes.push_back("nobody takes the change that `" + way.back() +
                                "` passes up: actors begin anew\n");
    return true;
}

// After the switch.
bool ReloadEngine::tell_boundaries(Machine& vm, ReloadPlan& plan) {
    for (ReloadPlan::One& one : plan.modules) {
        if (!one.old || one.laid_out_anew) continue;
        BoundaryChange change{one.text.path, {}, {}, {}};
        for (auto& [name, binding] : one.module->names) {
            const std::string text(runtime_.symbols.text(name));
            auto before = one.faces.find(name);
            if (is_private(text)) continue;
            if (before == one.faces.end())
                change.added.push_back(text);
            else if (before->second != public_face(runtime_.symbols, *binding))
                change.changed.push_back(text);
        }
        for (auto& [name, face] : one.faces)
            if (const std::string text(runtime_.symbols.text(name));
                !is_private(text) && !one.module->names.count(name))
                change.removed.push_back(text);
        for (auto* list : {&change.added, &change.removed, &change.changed})
            std::sort(list->begin(), list->end());
        if (!tell_importers(vm, plan, change, {one.text.path})) return false;
        if (one.old->boundary.declines)
            plan.report.notes.push_back("`" + one.text.path +
                                        "` declines to change in place: its actors begin anew\n");
    }
    return true;
}

// Once the reload is true.
void ReloadEngine::restart_affected(ReloadPlan& plan) {
    for (ReloadPlan::One& one : plan.modules)
        if (one.old) runtime_.release(one.old->boundary, false); // its code may still ask for its data
    if (plan.restarts.empty()) return;
    size_t restarted = 0, alone = 0;
    for (ActorRef& actor : actors_.actors_of([&](const Class& cls) { return is_affected(plan, &cls); }))
        ++(actors_.have_restarted(*actor) ? restarted : alone);
    std::string line =
        "  " + std::to_string(restarted) + (restarted == 1 ? " actor begins anew" : " actors begin anew");
    if (alone) line += "; " + std::to_string(alone) + " without a supervisor went on with their states";
    plan.report.notes.push_back(line + "\n");
}

} // namespace indent
