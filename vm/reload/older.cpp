// A generation that is in memory no more, from its text, for blocks that were made in it.
#include "vm/reload/checker.h"
#include "vm/reload/known_runtime.h"
#include "vm/reload/loader.h"
#include <algorithm>

namespace indent {

using Mistake = syntax::Code; // `Code` alone is the executable tree's

namespace {

// What is wrong with a text only because of what is there now beside it.
bool is_of_what_it_names(Mistake code) {
    constexpr Mistake kOfNames[] = {
        Mistake::UndefinedName,       Mistake::UndefinedClass,  Mistake::UndefinedModule,
        Mistake::UndefinedInModule,   Mistake::UndefinedSelf,   Mistake::AssignUndefined,
        Mistake::TooManyArguments,    Mistake::TooFewArguments, Mistake::UnknownLabel,
        Mistake::ModuleValueAssigned, Mistake::NotAClass,       Mistake::IsWithClass,
        Mistake::MissingField,        Mistake::NoSuchField,     Mistake::MessageMissing};
    return std::find(std::begin(kOfNames), std::end(kOfNames), code) != std::end(kOfNames);
}

ClassKind kind_of(syntax::Kind kind) {
    switch (kind) {
    case syntax::Kind::Record: return ClassKind::Record;
    case syntax::Kind::Trait: return ClassKind::Trait;
    case syntax::Kind::Actor: return ClassKind::Actor;
    case syntax::Kind::Supervisor: return ClassKind::Supervisor;
    default: return ClassKind::Plain;
    }
}

} // namespace

std::unique_ptr<Loader::Older> Loader::make_older(Module& current, TreePointer tree) {
    auto older = std::make_unique<Older>();
    older->module = new_module(current.path, current.file);
    Module& module = *older->module;
    module.library = current.library;
    for (const syntax::Node* node : tree->top_level)
        if (auto* import = syntax::try_as<syntax::ImportNode>(node))
            if (auto from = runtime_.modules.find(std::string(import->path)); from != runtime_.modules.end())
                (void)this->import(module, *import, *from->second);
    if (!module.library) { // which is written in more than the language
        RuntimeNames known(runtime_, &module, {false, false, {}});
        for (const auto& found : check(*tree, known, {}))
            if (found.severity == syntax::Severity::Error && !is_of_what_it_names(found.code)) return nullptr;
    }
    declare(module, *tree);
    auto today = [&](SymbolId name, Binding::Kind kind) -> Binding* {
        auto found = current.names.find(name);
        return found != current.names.end() && found->second->kind == kind ? found->second : nullptr;
    };
    // Classes first: bodies name them.
    for (auto entry = module.names.begin(); entry != module.names.end();) {
        auto& [name, binding] = *entry;
        if (binding->kind == Binding::ClassName) {
            auto gone = current.gone.find(name);
            if (Binding* now = today(name, Binding::ClassName))
                binding->cls = now->cls->itself();
            else if (gone != current.gone.end())
                binding->cls = gone->second->itself();
            else {
                entry = module.names.erase(entry);
                continue;
            }
        } else if (binding->kind == Binding::Stable || binding->kind == Binding::Var) {
            if (Binding* now = today(name, binding->kind)) binding = now;
        }
        ++entry;
    }
    auto add_methods = [&](Class& cls, const syntax::Behaviour& members) {
        for (const auto* node : members.methods)
            older->methods.push_back(make_method(module, &cls, node, tree, node->class_side));
    };
    for (const syntax::Node* node : tree->top_level) {
        if (auto* function = syntax::try_as<syntax::DefinitionNode>(node)) {
            Method* method = make_method(module, nullptr, function, tree, false);
            module.names.at(method->selector)->method = method;
            older->methods.push_back(method);
        } else if (auto* extend = syntax::try_as<syntax::ExtendNode>(node)) {
            if (Class* target = find_class(module, extend->target)) add_methods(*target, extend->members);
        } else if (const syntax::Behaviour* members = members_of(node)) {
            auto named = module.names.find(vm_.symbols.intern(syntax::head_of(node)->name.text));
            if (named == module.names.end()) continue;
            Class& cls = *named->second->cls;
            // As an object of another kind it has other fields.
            if (cls.gone_since || (cls.kind != kind_of(node->kind) && cls.kind != ClassKind::Builtin))
                continue;
            add_methods(cls, *members);
            auto add_initialiser = [&](std::string_view name, const syntax::Node* initial) {
                if (!initial) return;
                FieldInfo field;
                field.name = vm_.symbols.intern(name);
                field.initial = initial;
                field.tree = tree;
                field.module = &module;
                field.declared_in = &cls;
                field.number = ++runtime_.last_code_number;
                older->initialisers.push_back(std::move(field));
            };
            if (auto* record = syntax::try_as<syntax::RecordNode>(node))
                for (const auto& parameter : record->parameters)
                    add_initialiser(parameter.name.text, parameter.initial);
            for (const auto& field : members->fields) add_initialiser(field.head.name.text, field.initial);
        }
    }
    module.trees.push_back(std::move(tree));
    (void)take_missing_primitives(); // whoever comes to such a method is told
    return older;
}

} // namespace indent
