// Step 5 of a reload: what the new classes say goes into the classes that are there, and `current` moves on.
#include "vm/interp/send.h"
#include "vm/reload/reload_engine.h"
#include "vm/reload/reload_plan.h"
#include <algorithm>

namespace indent {

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
                    if (cls.get() != &other && cls->lineage == &live && !cls->newer &&
                        cls->shape != live.shape && cls->shape != other.shape)
                        cls->newer = &other;
                runtime_.shapes[other.shape].cls = &other;
            } else {
                // The same layout: the objects that are there are its own.
                std::swap(live.shape, other.shape);
            }
            if (live.kind != ClassKind::Builtin) runtime_.shapes[live.shape].cls = &live;
        } else {
            if (!change.layout) std::swap(live.shape, other.shape);
            for (auto& cls : runtime_.classes)
                if (cls->newer == &other) cls->newer = nullptr;
            other.lineage = nullptr;
            other.side->lineage = nullptr;
            for (FieldInfo& field : live.fields)
                if (field.declared_in == &other) field.declared_in = &live;
            if (live.kind == ClassKind::Builtin) continue;
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
            if (!back && cls == change.staged->side) return change.live->side;
            if (back && cls == change.live) return change.live;
        }
        return cls;
    };
    if (!back) {
        auto relink = [&](Class& cls, bool archived, Class* live) {
            cls.superclass = cls.superclass ? meant(cls.superclass) : nullptr;
            for (Class*& trait : cls.traits) trait = meant(trait);
            for (FieldInfo& field : cls.fields)
                field.declared_in = archived && field.declared_in == live ? &cls
                                    : archived                            ? field.declared_in
                                                                          : meant(field.declared_in);
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
    // Objects of an old layout stay with code that knows it, inherited code too; what was never run is made with the
    // fields of its owner.
    for (ClassChange& change : plan.classes) {
        if (!change.layout) continue;
        Class* from = back ? change.staged : change.live;
        Class* to = back ? change.live : change.staged;
        for (auto& [selector, method] : to->methods)
            if (method->owner == from) method->owner = to;
        for (auto& cls : runtime_.classes)
            if (cls->superclass == from && (back || cls->lineage)) cls->superclass = to;
    }
    for (ReloadPlan::One& one : plan.modules) {
        if (!back) {
            auto& slot = runtime_.modules[one.text.path];
            if (slot) {
                one.module->generation = slot->generation + 1; // an older one may have been brought meanwhile
                slot->successor = one.module;
                runtime_.old_modules.push_back(std::move(slot));
            }
            slot = std::move(one.made);
        } else {
            auto& slot = runtime_.modules[one.text.path];
            one.made = std::move(slot);
            if (one.old) {
                one.old->successor = nullptr;
                auto at = std::find_if(runtime_.old_modules.begin(), runtime_.old_modules.end(),
                                       [&](auto& m) { return m.get() == one.old; });
                slot = std::move(*at);
                runtime_.old_modules.erase(at);
            } else {
                runtime_.modules.erase(one.text.path);
            }
        }
    }
    // What everybody sees of the library.
    for (ReloadPlan::One& one : plan.modules) {
        if (!one.module->library) continue;
        Module* leaving = back ? one.module : one.old;
        Module* coming = back ? one.old : one.module;
        if (leaving)
            for (auto& [name, binding] : leaving->names)
                if (runtime_.prelude.find(name) == binding) runtime_.prelude.remove(name);
        if (coming)
            for (auto& [name, binding] : coming->names)
                if (runtime_.symbols.text(name)[0] != '_') runtime_.prelude.add(name, binding);
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
    // What others add to classes that say something new.
    if (!back)
        for (auto& [path, module] : runtime_.modules) {
            if ((module->library && !plan.options.library) ||
                std::any_of(plan.modules.begin(), plan.modules.end(),
                            [m = module.get()](const ReloadPlan::One& one) { return one.module == m; }))
                continue;
            for (const TreePointer& tree : module->trees)
                for (const syntax::Node* node : tree->top_level)
                    if (auto* extend = syntax::try_as<syntax::ExtendNode>(node)) {
                        Class* target = loader_.find_class(*module, extend->target);
                        if (target && target->module != module.get() &&
                            std::any_of(plan.classes.begin(), plan.classes.end(),
                                        [&](const ClassChange& change) { return change.live == target; }))
                            (void)loader_.extend({module.get(), tree, extend, target});
                    }
        }
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

} // namespace indent
