#include "vm/reload/text_facts.h"
#include <algorithm>

namespace indent {

using syntax::Kind;

Signature signature_of(syntax::Parameters parameters) {
    Signature result;
    for (const auto& parameter : parameters)
        result.push_back({std::string(parameter.name.text), parameter.initial != nullptr, parameter.rest});
    return result;
}

namespace {

template <class N>
const syntax::Behaviour* members(const syntax::Node* node) {
    return &syntax::as<N>(node)->members;
}

std::string_view type_name(const syntax::Node* node) {
    auto* name = syntax::try_as<syntax::NameNode>(node);
    return name ? name->text : std::string_view();
}

// Adds fields to those inherited: one of the same name changes its default and keeps its place.
void add_field(Signature& fields, const KnownParameter& field) {
    for (auto& known : fields) {
        if (known.name != field.name) continue;
        known.has_default = field.has_default;
        return;
    }
    fields.push_back(field);
}

} // namespace

TextClass::TextClass(const syntax::Node* of, std::string_view name) : node(of), name_(name) {
    switch (of->kind) {
    case Kind::Record:
        members = indent::members<syntax::RecordNode>(of);
        trait_names = syntax::as<syntax::RecordNode>(of)->traits;
        kind_ = ClassKind::Record;
        break;
    case Kind::Trait:
        members = indent::members<syntax::TraitNode>(of);
        trait_names = syntax::as<syntax::TraitNode>(of)->traits;
        kind_ = ClassKind::Trait;
        break;
    case Kind::Extend:
        members = indent::members<syntax::ExtendNode>(of);
        trait_names = syntax::as<syntax::ExtendNode>(of)->traits;
        superclass_name = syntax::as<syntax::ExtendNode>(of)->target;
        break;
    case Kind::Actor:
        members = indent::members<syntax::ActorNode>(of);
        trait_names = syntax::as<syntax::ActorNode>(of)->traits;
        superclass_name = syntax::as<syntax::ActorNode>(of)->superclass;
        kind_ = ClassKind::Actor;
        break;
    case Kind::Supervisor:
        members = indent::members<syntax::SupervisorNode>(of);
        kind_ = ClassKind::Supervisor;
        break;
    default:
        members = indent::members<syntax::ClassNode>(of);
        trait_names = syntax::as<syntax::ClassNode>(of)->traits;
        superclass_name = syntax::as<syntax::ClassNode>(of)->superclass;
        break;
    }
    for (const auto* method : members->methods)
        (method->class_side ? class_methods_ : methods_).emplace(method->head.name.text, method);
}

Signature TextClass::fields() const {
    if (kind_ == ClassKind::Record) return signature_of(syntax::as<syntax::RecordNode>(node)->parameters);
    Signature result;
    if (superclass) result = superclass->fields();
    for (const auto& field : members->fields)
        add_field(result, {std::string(field.head.name.text), field.initial != nullptr, false});
    return result;
}

bool TextClass::defines(std::string_view selector, bool class_side) const {
    if (class_side ? class_methods_.count(selector) : methods_.count(selector)) return true;
    if (class_side) return false;
    for (const auto& field : members->fields)
        if (field.head.name.text == selector) return true;
    if (kind_ == ClassKind::Record)
        for (const auto& parameter : syntax::as<syntax::RecordNode>(node)->parameters)
            if (parameter.name.text == selector) return true;
    return false;
}

bool TextClass::understands(std::string_view selector, bool class_side) const {
    if (open || kind_ == ClassKind::Trait) return true;
    if (defines(selector, class_side) || defines("not_understood", class_side)) return true;
    for (const TextClass* extension : extensions)
        if (extension->defines(selector, class_side)) return true;
    for (const auto& trait : traits) {
        auto* text = dynamic_cast<const TextClass*>(trait.get());
        if (text ? text->defines(selector, class_side) : trait->understands(selector, class_side))
            return true;
        // A trait of a trait: not followed, so not known.
        if (text && !text->trait_names.empty()) return true;
    }
    if (superclass) return superclass->understands(selector, class_side);
    return class_side && class_of_classes && class_of_classes->understands(selector, false);
}

std::optional<Signature> TextClass::init() const {
    if (auto found = methods_.find("init"); found != methods_.end())
        return signature_of(found->second->parameters);
    for (const auto& trait : traits) {
        // Traits of the text may name each other in a circle: only their own methods count.
        if (auto* text = dynamic_cast<const TextClass*>(trait.get())) {
            auto found = text->methods_.find("init");
            if (found != text->methods_.end()) return signature_of(found->second->parameters);
        } else if (auto from = trait->init()) {
            return from;
        }
    }
    return superclass ? superclass->init() : std::nullopt;
}

std::optional<Signature> TextClass::construction() const {
    if (open || kind_ == ClassKind::Trait) return std::nullopt;
    if (auto defined = init()) return defined;
    if (class_methods_.count("construct") || class_methods_.count("new")) return std::nullopt;
    if (superclass && superclass->kind() == ClassKind::Builtin) return std::nullopt;
    return fields();
}

void TextClass::selectors(std::vector<std::string>& into, bool class_side) const {
    auto own = [&](const TextClass& cls) {
        for (const auto& [name, method] : class_side ? cls.class_methods_ : cls.methods_)
            into.emplace_back(name);
    };
    own(*this);
    if (!class_side)
        for (const auto& field : fields()) into.push_back(field.name);
    for (const auto& trait : traits) {
        if (auto* text = dynamic_cast<const TextClass*>(trait.get()))
            own(*text);
        else
            trait->selectors(into, class_side);
    }
    if (superclass) superclass->selectors(into, class_side);
}

bool TextClass::has_message(std::string_view name) const {
    for (const auto* method : members->methods)
        if (method->role == syntax::DefinitionRole::On && method->head.name.text == name) return true;
    if (!superclass_name) return kind_ != ClassKind::Actor;
    auto* text = dynamic_cast<const TextClass*>(superclass.get());
    return !text || text->has_message(name);
}

void TextClass::messages(std::vector<std::string>& into) const {
    for (const auto* method : members->methods)
        if (method->role == syntax::DefinitionRole::On) into.emplace_back(method->head.name.text);
}

TextFacts::TextFacts(const syntax::SyntaxTree& tree, const KnownNames& known) {
    std::map<std::string_view, std::shared_ptr<TextClass>> by_name;
    auto add = [&](std::string_view name, KnownName what) { names_.emplace(name, std::move(what)); };
    auto add_class = [&](const syntax::Node* node, std::string_view name) {
        auto made = std::make_shared<TextClass>(node, name);
        classes.push_back(made);
        if (node->kind == Kind::Extend) return;
        by_name.emplace(name, made);
        add(name, {KnownName::Class, {}, made, {}});
    };
    for (const syntax::Node* node : tree.top_level) {
        switch (node->kind) {
        case Kind::Definition: {
            auto* it = syntax::as<syntax::DefinitionNode>(node);
            add(it->head.name.text, {KnownName::Function, signature_of(it->parameters), nullptr, {}});
            break;
        }
        case Kind::ModuleValue: {
            auto* it = syntax::as<syntax::ModuleValueNode>(node);
            add(it->head.name.text, {it->stable ? KnownName::Stable : KnownName::Var, {}, nullptr, {}});
            break;
        }
        case Kind::Class: add_class(node, syntax::as<syntax::ClassNode>(node)->head.name.text); break;
        case Kind::Record: add_class(node, syntax::as<syntax::RecordNode>(node)->head.name.text); break;
        case Kind::Trait: add_class(node, syntax::as<syntax::TraitNode>(node)->head.name.text); break;
        case Kind::Actor: add_class(node, syntax::as<syntax::ActorNode>(node)->head.name.text); break;
        case Kind::Supervisor:
            add_class(node, syntax::as<syntax::SupervisorNode>(node)->head.name.text);
            break;
        case Kind::Extend: add_class(node, syntax::as<syntax::ExtendNode>(node)->head.name.text); break;
        default: break;
        }
    }
    // Who inherits from whom. A class that would inherit from itself stays without a superclass.
    auto find_class = [&](std::string_view name) -> std::shared_ptr<const KnownClass> {
        // Those of the text are kept by these facts: they may name each other in a circle.
        if (auto own = by_name.find(name); own != by_name.end())
            return {std::shared_ptr<const KnownClass>(), own->second.get()};
        auto found = known.find(name);
        return found ? found->cls : nullptr;
    };
    auto inherits = [](const TextClass* from, const TextClass* what) {
        for (const KnownClass* c = from; c;) {
            if (c == what) return true;
            auto* text = dynamic_cast<const TextClass*>(c);
            c = text ? text->superclass.get() : nullptr;
        }
        return false;
    };
    for (auto& cls : classes) {
        if (cls->superclass_name) {
            auto found = find_class(type_name(cls->superclass_name));
            auto* text = dynamic_cast<const TextClass*>(found.get());
            if (!found || (text && inherits(text, cls.get())))
                cls->open = true;
            else
                cls->superclass = found;
        } else {
            const char* base = cls->kind() == ClassKind::Record       ? "Record"
                               : cls->kind() == ClassKind::Actor      ? "Actor"
                               : cls->kind() == ClassKind::Supervisor ? "Supervisor"
                                                                      : "Object";
            if (cls->name() == "Object") { // the root
                cls->class_of_classes = find_class("Class");
                continue;
            }
            auto found = find_class(base);
            if (!found) found = find_class("Object");
            if (found && found.get() != cls.get())
                cls->superclass = found;
            else
                cls->open = true;
        }
        for (const syntax::Node* trait : cls->trait_names) {
            auto found = find_class(type_name(trait));
            if (found && found.get() != cls.get())
                cls->traits.push_back(found);
            else
                cls->open = true;
        }
    }
    for (auto& cls : classes) {
        if (cls->node->kind != Kind::Extend) continue;
        if (auto own = by_name.find(type_name(cls->superclass_name)); own != by_name.end())
            own->second->extensions.push_back(cls.get());
    }
}

std::optional<KnownName> TextFacts::find(std::string_view name) const {
    auto found = names_.find(name);
    if (found == names_.end()) return std::nullopt;
    return found->second;
}

const TextClass* TextFacts::class_of(const syntax::Node* node) const {
    for (const auto& cls : classes)
        if (cls->node == node) return cls.get();
    return nullptr;
}

bool TextFacts::any_class_defines(std::string_view selector, bool class_side) const {
    return std::any_of(classes.begin(), classes.end(),
                       [&](const auto& cls) { return cls->defines(selector, class_side); });
}

void TextFacts::names(std::vector<std::string>& into) const {
    for (const auto& [name, what] : names_) into.emplace_back(name);
}

} // namespace indent
