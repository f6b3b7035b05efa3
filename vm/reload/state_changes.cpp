// Two generations of a class are compared while both are there, the new one staged: its superclasses and the classes that
// its types name may be staged ones too, which become the live ones of the same name. So classes are compared by lineage:
// the same name in the same module.
#include "vm/reload/state_changes.h"
#include "vm/interp/maker.h"
#include "vm/interp/runtime.h"
#include "vm/syntax/printer.h"
#include <algorithm>

namespace indent {

namespace {

const syntax::Behaviour* state_members_of(const syntax::Node* node) {
    if (auto* actor = syntax::try_as<syntax::ActorNode>(node)) return &actor->members;
    if (auto* cls = syntax::try_as<syntax::ClassNode>(node)) return &cls->members;
    return nullptr;
}

std::span<const syntax::Annotation> annotations_of(const Class& cls) {
    const auto* head = syntax::head_of(cls.definition);
    return head ? head->annotations : std::span<const syntax::Annotation>();
}

bool resets(const SymbolTable& symbols, const FieldInfo& field) {
    const auto* members = field.declared_in ? state_members_of(field.declared_in->definition) : nullptr;
    if (!members) return false;
    for (const auto& declared : members->fields)
        if (declared.head.name.text == symbols.text(field.name))
            return is_marked(declared.head.annotations, "reset");
    return false;
}

std::string printed(const syntax::Node* node) {
    return node ? syntax::print(node) : std::string();
}

bool same_lineage(const Class* a, const Class* b) {
    if (!a || !b) return a == b;
    if (a->itself() == b->itself()) return true;
    return a->name == b->name && a->module && b->module && a->module->path == b->module->path;
}

bool same_declaration(const FieldInfo& a, const FieldInfo& b) {
    return a.name == b.name && printed(a.type) == printed(b.type) && printed(a.initial) == printed(b.initial);
}

bool same_signature(const Class& a, const Class& b) {
    return a.state_version == b.state_version && same_lineage(a.superclass, b.superclass) &&
           a.fields.size() == b.fields.size() &&
           std::equal(a.fields.begin(), a.fields.end(), b.fields.begin(), same_declaration);
}

const Class* class_named(Runtime& runtime, const FieldInfo& field) {
    auto* name = syntax::try_as<syntax::NameNode>(field.type);
    const Binding* found = name ? find_binding(runtime, field.module, name->text) : nullptr;
    return found && found->kind == Binding::ClassName ? found->cls : nullptr;
}

enum class Types { Same, LookAtValues, Incompatible };

Types compare_types(Runtime& runtime, const FieldInfo& before, const FieldInfo& now) {
    if (!now.type || printed(before.type) == printed(now.type)) return Types::Same;
    if (!before.type) return Types::LookAtValues;
    const Class* from = class_named(runtime, before);
    const Class* to = class_named(runtime, now);
    return from && to && is_of_lineage(from, *to) ? Types::LookAtValues : Types::Incompatible;
}

} // namespace

bool is_marked(std::span<const syntax::Annotation> annotations, std::string_view name) {
    return std::any_of(annotations.begin(), annotations.end(),
                       [&](const auto& a) { return a.name.text == name; });
}

bool is_of_lineage(const Class* cls, const Class& wanted) {
    for (const Class* c = cls; c; c = c->superclass) {
        if (same_lineage(c, &wanted)) return true;
        for (const Class* trait : c->traits)
            if (is_of_lineage(trait, wanted)) return true;
    }
    return false;
}

ClassChange compare_state(Runtime& runtime, Class& live, Class& staged, bool back,
                          std::vector<syntax::Diagnostic>& diagnostics) {
    SymbolTable& symbols = runtime.symbols;
    ClassChange change;
    change.live = &live;
    change.staged = &staged;
    change.by_hand = back ? live.lookup(symbols.intern("migrate_back")) != nullptr
                          : staged.lookup(symbols.intern("migrate_state")) != nullptr;
    // What the way forward was, or is.
    Class& before = back ? staged : live;
    Class& after = back ? live : staged;
    // @renamed(old: :new), above the class or the field.
    auto take_renames = [&](std::span<const syntax::Annotation> annotations) {
        for (const auto& annotation : annotations) {
            if (annotation.name.text != "renamed") continue;
            for (const auto& argument : annotation.arguments)
                if (auto* symbol = syntax::try_as<syntax::SymbolNode>(argument.value)) {
                    const SymbolId from = symbols.intern(argument.label.text),
                                   to = symbols.intern(symbol->name);
                    // One that stands there since an earlier reload says nothing of this one.
                    if (before.field_index(from) < 0 || before.field_index(to) >= 0) continue;
                    change.renamed.emplace_back(back ? to : from, back ? from : to);
                }
        }
    };
    take_renames(annotations_of(after));
    if (const auto* members = state_members_of(after.definition))
        for (const auto& field : members->fields) take_renames(field.head.annotations);
    // A @reset that stands there since before says nothing new unless the state does.
    const bool same = same_signature(before, after);
    const bool all_anew =
        is_marked(annotations_of(after), "reset") && !(same && is_marked(annotations_of(before), "reset"));
    change.reset = all_anew && !back;
    bool some_anew = false;
    for (const FieldInfo& field : after.fields) {
        const int old = before.field_index(field.name);
        if (old < 0 || !resets(symbols, field)) continue;
        const FieldInfo& was = before.fields[size_t(old)];
        if (resets(symbols, was) && same_declaration(was, field)) continue;
        change.renamed.emplace_back(field.name, 0);
        change.anew.emplace_back(symbols.text(field.name));
        some_anew = true;
    }
    bool same_names =
        before.fields.size() == after.fields.size() && same_lineage(before.superclass, after.superclass);
    for (size_t i = 0; same_names && i < before.fields.size(); ++i)
        same_names = before.fields[i].name == after.fields[i].name;
    bool incompatible = false, look = false;
    for (const FieldInfo& field : after.fields)
        if (const int old = before.field_index(field.name); old >= 0) {
            const Types types = compare_types(runtime, before.fields[size_t(old)], field);
            incompatible |= types == Types::Incompatible;
            look |= types == Types::LookAtValues;
        }
    const Method* migrator = after.lookup(symbols.intern("migrate_state"));
    const Method* migrator_before = before.lookup(symbols.intern("migrate_state"));
    const bool new_migrator = migrator && (!migrator_before || printed(migrator->definition) !=
                                                                   printed(migrator_before->definition));
    const bool next_version =
        migrator && (after.state_version > before.state_version || (new_migrator && look));
    change.layout = !same_names || all_anew || some_anew || incompatible || next_version || (look && !back);
    if (!change.layout) return change;
    change.only_looked_at = same_names && !all_anew && !some_anew && !incompatible && !next_version;
    if (change.only_looked_at) change.by_hand = false;
    auto is_anew = [&](SymbolId name) {
        return std::find(change.renamed.begin(), change.renamed.end(), std::pair(name, SymbolId(0))) !=
               change.renamed.end();
    };
    auto new_name = [&](SymbolId old) {
        for (auto& [from, to] : change.renamed)
            if (from == old) return to;
        return old;
    };
    std::vector<const FieldInfo*> added, dropped;
    for (const FieldInfo& field : live.fields) {
        if (is_anew(field.name)) continue;
        if (staged.field_index(new_name(field.name)) < 0)
            dropped.push_back(&field);
        else
            change.carried.emplace_back(symbols.text(field.name));
    }
    for (const FieldInfo& field : staged.fields)
        if (!is_anew(field.name) &&
            std::none_of(live.fields.begin(), live.fields.end(),
                         [&](const FieldInfo& old) { return new_name(old.name) == field.name; }))
            added.push_back(&field);
    for (auto* field : added) change.added.emplace_back(symbols.text(field->name));
    for (auto* field : dropped) change.dropped.emplace_back(symbols.text(field->name));
    if (change.reset) {
        change.by_hand = false;
        change.added.clear(), change.dropped.clear(), change.carried.clear();
        added.clear(), dropped.clear();
    }
    if (change.by_hand || back) return change;
    const std::string name(symbols.text(staged.name));
    const auto* head = syntax::head_of(staged.definition);
    const syntax::Span at = head ? head->name.span : staged.definition->span;
    auto say = [&](syntax::Code code, std::vector<std::string> words) {
        diagnostics.push_back(syntax::make_diagnostic(code, at, std::move(words)));
    };
    if (!added.empty() && !dropped.empty())
        say(syntax::Code::LikelyRename,
            {name, std::string(symbols.text(dropped[0]->name)), std::string(symbols.text(added[0]->name))});
    for (const FieldInfo& field : live.fields) {
        const int now = change.reset || is_anew(field.name) ? -1 : staged.field_index(new_name(field.name));
        if (now < 0 || compare_types(runtime, field, staged.fields[size_t(now)]) != Types::Incompatible)
            continue;
        const FieldInfo& to = staged.fields[size_t(now)];
        say(syntax::Code::FieldTypeChanged,
            {name + "." + std::string(symbols.text(to.name)), printed(field.type), printed(to.type)});
    }
    for (const FieldInfo& field : staged.fields) {
        const bool from_nothing = change.reset || is_anew(field.name) ||
                                  std::find(added.begin(), added.end(), &field) != added.end();
        if (from_nothing && !field.initial)
            say(syntax::Code::NewFieldNeedsValue, {name, std::string(symbols.text(field.name))});
    }
    return change;
}

StableFate fate_of_stable(const Module& old, const syntax::ModuleValueNode& now) {
    const bool says_reset = is_marked(now.head.annotations, "reset");
    for (const auto& tree : old.trees)
        for (const syntax::Node* node : tree->top_level) {
            auto* was = syntax::try_as<syntax::ModuleValueNode>(node);
            if (!was || !was->stable || was->head.name.text != now.head.name.text) continue;
            const bool edited = printed(was->initial) != printed(now.initial);
            if (says_reset && (edited || !is_marked(was->head.annotations, "reset"))) return StableFate::Anew;
            return edited ? StableFate::KeptInSpiteOfEdit : StableFate::Kept;
        }
    return says_reset ? StableFate::Anew : StableFate::Kept;
}

std::vector<std::string> kept_in_spite_of_edits(const Module& old, const syntax::SyntaxTree& now) {
    std::vector<std::string> lines;
    if (!now.module) return lines; // a script's statements are the program
    for (const syntax::Node* node : now.top_level)
        if (auto* value = syntax::try_as<syntax::ModuleValueNode>(node);
            value && value->stable && fate_of_stable(old, *value) == StableFate::KeptInSpiteOfEdit)
            lines.push_back("`stable " + std::string(value->head.name.text) + "` of `" + old.path +
                            "` keeps its value, though its first value was edited: `@reset` above it takes "
                            "the new one\n");
    return lines;
}

} // namespace indent
