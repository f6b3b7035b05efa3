#include "vm/reload/capture.h"
#include "vm/interp/maker.h"
#include "vm/reload/checker.h"
#include "vm/reload/known_runtime.h"
#include <algorithm>
#include <set>
#include <tuple>

namespace indent {

namespace {

using syntax::Kind;

// The name of the class that a body belongs to, or that its definition extends; empty where that is not said by a name.
std::string_view class_name_of(const syntax::Node* definition) {
    switch (definition->kind) {
    case Kind::Class: return syntax::as<syntax::ClassNode>(definition)->head.name.text;
    case Kind::Record: return syntax::as<syntax::RecordNode>(definition)->head.name.text;
    case Kind::Actor: return syntax::as<syntax::ActorNode>(definition)->head.name.text;
    case Kind::Supervisor: return syntax::as<syntax::SupervisorNode>(definition)->head.name.text;
    case Kind::Extend: {
        auto* name = syntax::try_as<syntax::NameNode>(syntax::as<syntax::ExtendNode>(definition)->target);
        return name ? name->text : std::string_view();
    }
    default: return {};
    }
}

using Place = std::tuple<std::string, bool, std::string, bool, std::string>;

Place place_of(const NameUse& use) {
    return {std::string(class_name_of(use.of)), use.of->kind == Kind::Extend, std::string(use.member),
            use.class_side, std::string(use.name)};
}

std::vector<NameUse> uses_in(Runtime& runtime, const Module& module, const syntax::SyntaxTree& tree,
                             RuntimeNames::Options names) {
    std::vector<NameUse> uses;
    CheckOptions options;
    options.uses = &uses;
    check(tree, RuntimeNames(runtime, &module, std::move(names)), options);
    return uses;
}

std::string last_part(const std::string& path) {
    return path.substr(path.rfind('.') + 1);
}

// What the name is in the module, in words, and how else it may be called there.
struct Meaning {
    std::string words;
    std::string instead; // empty, or goes on from "rename the field"
};

Meaning meaning_of(Runtime& runtime, const Module& module, std::string_view name, bool knows_itself) {
    Meaning meaning{"a module", ""};
    const Binding* binding = find_binding(runtime, &module, name);
    if (!binding || binding->kind == Binding::ImportedModule) return meaning;
    const bool own = binding->module == &module;
    const bool everywhere = binding->module->library;
    meaning.words = binding->kind == Binding::Function    ? "the function"
                    : binding->kind == Binding::ClassName ? "the class"
                                                          : "the value";
    meaning.words += everywhere ? " of the library" : " of the module `" + binding->module->path + "`";
    const std::string qualified = last_part(binding->module->path) + "." + std::string(name);
    if (own && knows_itself) meaning.instead = ", or write `" + qualified + "` here";
    if (!own && !everywhere)
        meaning.instead = ", or `import " + binding->module->path + "` and write `" + qualified + "` here";
    return meaning;
}

} // namespace

std::vector<syntax::Diagnostic> find_captures(Runtime& runtime, const Module& before, const Module& now,
                                              const syntax::SyntaxTree& tree,
                                              std::span<const ClassChange> changes,
                                              const std::vector<const Module*>& instead) {
    std::set<Place> meant_something;
    for (const auto& text : before.trees)
        for (const NameUse& use : uses_in(runtime, before, *text, {true, true, {}}))
            if (!use.field) meant_something.insert(place_of(use));
    std::vector<syntax::Diagnostic> found;
    if (meant_something.empty()) return found;
    const bool same_text = &before == &now;
    for (const NameUse& use : uses_in(runtime, now, tree, {same_text, true, {}, instead})) {
        if (!use.field || !meant_something.count(place_of(use))) continue;
        const Binding* named = find_binding(runtime, &now, class_name_of(use.of));
        const Class* cls = named && named->kind == Binding::ClassName ? named->cls : nullptr;
        for (const ClassChange& change : changes)
            if (cls == change.live) cls = change.staged;
        const int at = cls ? cls->field_index(runtime.symbols.intern(use.name)) : -1;
        if (at < 0) continue;
        const Class* owner = cls->fields[size_t(at)].declared_in;
        if (owner == cls && use.of->kind != Kind::Extend) continue; // it says itself that it has it
        Meaning meaning = meaning_of(runtime, before, use.name, tree.module != nullptr);
        if (use.of->kind != Kind::Extend)
            meaning.instead += "; where it is meant, `" + std::string(runtime.symbols.text(cls->name)) +
                               "` declares it, too";
        else if (meaning.instead.empty())
            meaning.instead = ", or what is used here";
        found.push_back(syntax::make_diagnostic(
            syntax::Code::NameCaptured, use.where,
            {std::string(use.name), meaning.words, owner->kind == ClassKind::Actor ? "state" : "field",
             std::string(runtime.symbols.text(owner->name)), meaning.instead}));
    }
    return found;
}

} // namespace indent
