// Changes of the current generation in place, in the middle of a turn: `Class.define`, `Class.remove`, `module.eval`. The
// very next send runs them, a turn may make thousands, and none of them is a reload: no new generation that would count for
// the version limit, no hooks, effects or handlers, nothing for undo. So no more is allowed than what needs none of these:
// - the text is checked like any other, and everything stays as it was where something is wrong with it;
// - who imports the module still fits, or has said that it takes changes;
// - objects keep their layout. A class that is defined anew with other fields, another superclass, as another kind of
//   definition, is taken where no object of it lives and nobody else inherits from it; for the rest there is `load`.
//   Objects that only the turns under way have are migrated when they are next looked at between turns, as after a reload.
// What it did is not kept apart: the module is then no longer what its text says (`hash` 0), so that the same text is a
// reload again, and it counts as amended, which `module.generations` tells, and a reload or an undo that drops it.
//
// A class stays who it is: its lineage. What it says is exchanged, as in the switch of a reload.
#include "vm/interp/machine.h"
#include "vm/interp/send.h"
#include "vm/reload/boundaries.h"
#include "vm/reload/checker.h"
#include "vm/reload/known_runtime.h"
#include "vm/reload/reload_plan.h"
#include "vm/syntax/source.h"
#include <algorithm>

namespace indent {

namespace {

std::string errors_of(const syntax::SyntaxTree& tree, const Diagnostics& diagnostics) {
    syntax::Source source(tree.file, *tree.source);
    std::string text;
    for (const auto& diagnostic : diagnostics)
        if (diagnostic.severity == syntax::Severity::Error) text += syntax::render(diagnostic, source);
    return text;
}

std::string_view name_of(const syntax::Node* node) {
    using syntax::Kind;
    switch (node->kind) {
    case Kind::Definition: return syntax::as<syntax::DefinitionNode>(node)->head.name.text;
    case Kind::ModuleValue: return syntax::as<syntax::ModuleValueNode>(node)->head.name.text;
    case Kind::Class: return syntax::as<syntax::ClassNode>(node)->head.name.text;
    case Kind::Record: return syntax::as<syntax::RecordNode>(node)->head.name.text;
    case Kind::Trait: return syntax::as<syntax::TraitNode>(node)->head.name.text;
    case Kind::Actor: return syntax::as<syntax::ActorNode>(node)->head.name.text;
    case Kind::Supervisor: return syntax::as<syntax::SupervisorNode>(node)->head.name.text;
    default: return {};
    }
}

// What an amendment may change, as it was.
class Before {
  public:
    Before(Runtime& runtime, Module& module)
        : runtime_(runtime), module_(module), trees_(module.trees.size()), tests_(module.tests),
          doc_(module.doc) {}

    void keep(SymbolId name) {
        auto found = module_.names.find(name);
        Binding* binding = found == module_.names.end() ? nullptr : found->second;
        names_.push_back({name, binding, binding ? *binding : Binding(),
                          binding ? public_face(runtime_.symbols, *binding) : std::string()});
    }
    void keep(Class& cls) {
        classes_.push_back({&cls, cls.methods, cls.traits});
        if (cls.side) classes_.push_back({cls.side, cls.side->methods, cls.side->traits});
        keep(cls.name); // its face
    }
    // The class that the name stood for; null: none of this module.
    Class* class_named(SymbolId name) const {
        for (const Name& one : names_)
            if (one.name == name && one.binding && one.was.kind == Binding::ClassName && one.was.cls &&
                one.was.cls->module == &module_)
                return one.was.cls;
        return nullptr;
    }
    bool shows_other_faces() const {
        return std::any_of(names_.begin(), names_.end(), [&](const Name& one) {
            auto now = module_.names.find(one.name);
            const bool there = now != module_.names.end();
            return one.binding && (!there || public_face(runtime_.symbols, *now->second) != one.face);
        });
    }
    void restore() {
        for (auto one = names_.rbegin(); one != names_.rend(); ++one)
            if (one->binding)
                *one->binding = one->was;
            else
                module_.names.erase(one->name);
        for (ClassWas& one : classes_) {
            one.cls->methods = one.methods;
            one.cls->traits = one.traits;
        }
        module_.trees.resize(trees_);
        module_.tests = tests_;
        module_.doc = doc_;
        flush_caches(runtime_);
    }

  private:
    struct Name {
        SymbolId name;
        Binding* binding;
        Binding was;
        std::string face;
    };
    struct ClassWas {
        Class* cls;
        std::unordered_map<SymbolId, Method*> methods;
        std::vector<Class*> traits;
    };
    Runtime& runtime_;
    Module& module_;
    std::vector<Name> names_;
    std::vector<ClassWas> classes_;
    size_t trees_;
    std::vector<Module::Test> tests_;
    std::string doc_;
};

} // namespace

// Who imports the module, and does not fit any more, in words; empty: everybody does.
std::string ReloadEngine::misfits(const Module& module) {
    if (module.boundary.accepts_itself) return {};
    for (auto& [path, importer] : runtime_.modules) {
        if (importer->library || path == "workspace" || importer.get() == &module ||
            !imports(*importer, module.path) || accepts_changes(*importer, module.path))
            continue;
        for (const TreePointer& tree : importer->trees) {
            const Diagnostics found =
                indent::check(*tree, RuntimeNames(runtime_, importer.get(), {true, true, {}}), {});
            if (syntax::has_errors(found))
                return errors_of(*tree, found) + "  in `" + path + "`, which imports `" + module.path +
                       "`: change both in one reload";
        }
    }
    return {};
}

Amendment ReloadEngine::amend(Machine& vm, Module& of, Class* cls, TreePointer tree, std::string& words) {
    Amendment result = Amendment::Done;
    runtime_.exclusively([&] { result = amend_now(vm, of.current(), cls, tree, words); });
    return result;
}

Amendment ReloadEngine::amend_now(Machine& vm, Module& module, Class* cls, const TreePointer& tree,
                                  std::string& words) {
    CheckOptions options;
    options.module_path = module.path;
    options.interactive = !cls;
    if (cls) options.members_of = known_class(runtime_, cls);
    Diagnostics found = indent::check(*tree, RuntimeNames(runtime_, &module, {true, true, {}}), options);
    if (syntax::has_errors(found)) {
        words = errors_of(*tree, found);
        return Amendment::Wrong;
    }
    const bool defines =
        cls || std::any_of(tree->top_level.begin(), tree->top_level.end(), [](const syntax::Node* node) {
            return node->kind == syntax::Kind::Extend || node->kind == syntax::Kind::Test ||
                   node->kind == syntax::Kind::Hook || !name_of(node).empty();
        });
    if (!defines) return Amendment::Done; // its statements are all of it
    Before before(runtime_, module);
    if (cls)
        before.keep(*cls);
    else
        for (const syntax::Node* node : tree->top_level) {
            if (const std::string_view name = name_of(node); !name.empty())
                before.keep(runtime_.symbols.intern(name));
            if (auto* extend = syntax::try_as<syntax::ExtendNode>(node))
                if (Class* target = loader_.find_class(module, extend->target)) before.keep(*target);
        }
    found = cls ? loader_.define_members(module, *cls, tree) : loader_.define(module, tree);
    if (!found.empty()) {
        before.restore();
        words = errors_of(*tree, found);
        return Amendment::Wrong;
    }
    ReloadPlan plan;
    for (const syntax::Node* node : tree->top_level) {
        auto named = module.names.find(runtime_.symbols.intern(name_of(node)));
        if (cls || named == module.names.end() || named->second->kind != Binding::ClassName) continue;
        Class* fresh = named->second->cls;
        if (fresh->definition != node) continue;
        plan.staged.classes.push_back(fresh);
        Class* live = before.class_named(fresh->name);
        if (!live) continue;
        Diagnostics nobody; // has objects that these are about
        ClassChange change = compare_state(runtime_, *live, *fresh, false, nobody);
        if (change.layout || live->kind != fresh->kind) words = why_not_laid_out_anew(vm, *live, *tree);
        if (!words.empty()) {
            before.restore();
            return Amendment::Refused;
        }
        if (live->kind == fresh->kind) plan.classes.push_back(std::move(change));
        plan.layouts |= change.layout;
    }
    if (before.shows_other_faces()) words = misfits(module);
    if (!words.empty()) {
        before.restore();
        return Amendment::Refused;
    }
    if (!plan.classes.empty()) {
        exchange(plan, false);
        for (const ClassChange& change : plan.classes) module.names.at(change.live->name)->cls = change.live;
        if (plan.layouts) runtime_.layout_epoch.fetch_add(1);
    }
    amended_classes_ += !plan.staged.classes.empty();
    note_amended(module);
    return Amendment::Done;
}

void ReloadEngine::note_amended(Module& module) {
    module.hash = 0;
    ++module.amended;
    ++amendments_;
}

// Empty: nothing is in the way.
std::string ReloadEngine::why_not_laid_out_anew(Machine& vm, const Class& live,
                                                const syntax::SyntaxTree& tree) {
    const std::string name(runtime_.symbols.text(live.name));
    const std::string advice = "\n  change the text of `" + live.module->path +
                               "` by `load` or `reload`, which brings along what is there";
    for (auto& cls : runtime_.classes) {
        if (cls->superclass != &live || cls->lineage || !cls->shape || !cls->module || cls->module->successor)
            continue;
        auto current = runtime_.modules.find(cls->module->path);
        auto named = cls->module->names.find(cls->name);
        if (current == runtime_.modules.end() || current->second.get() != cls->module ||
            named == cls->module->names.end() || named->second->cls != cls.get())
            continue; // never taken, or not any more
        if (cls->tree.get() == &tree) continue;
        return "error: `" + name + "` changes its fields, its superclass or its kind, and `" +
               std::string(runtime_.symbols.text(cls->name)) + "` inherits from it" + advice;
    }
    const Instances there = find_instances(vm, live);
    if (there.count == 0) return {};
    return "error: `" + name + "` changes its fields, its superclass or its kind, and " +
           std::to_string(there.count) +
           (there.count == 1 ? " object of it lives, in " : " objects of it live, in ") + there.who + advice;
}

Amendment ReloadEngine::remove(Class& cls, SymbolId selector, std::string& words) {
    Amendment result = Amendment::Done;
    runtime_.exclusively([&] {
        Module& module = *cls.module;
        Before before(runtime_, module);
        before.keep(cls);
        switch (loader_.remove_method(cls, selector)) {
        case Loader::Removed::No: result = Amendment::Missing; return;
        case Loader::Removed::Reader: result = Amendment::Reader; return;
        case Loader::Removed::Yes: break;
        }
        if (before.shows_other_faces()) words = misfits(module);
        if (words.empty()) return note_amended(module);
        before.restore();
        result = Amendment::Refused;
    });
    return result;
}

} // namespace indent
