#include "vm/reload/checking.h"
#include "vm/syntax/did_you_mean.h"
#include "vm/syntax/foreign_names.h"

namespace indent {

using syntax::Kind;

namespace {

std::string pick(std::string_view wanted, const std::vector<std::string>& names) {
    std::vector<std::string_view> views(names.begin(), names.end());
    return syntax::nearest(wanted, views);
}

} // namespace

Checker::Resolved Checker::resolve(std::string_view name) {
    Resolved result;
    for (size_t i = locals_.size(); i > body_.first_local; --i) {
        if (locals_[i - 1].name != name) continue;
        result.meaning = Meaning::Local;
        result.local = i - 1;
        return result;
    }
    if (body_.sees_fields && fields_.count(name)) {
        result.meaning = Meaning::Field;
        return result;
    }
    auto found = facts_.find(name);
    if (!found) found = known_.find(name);
    // The variables of a workspace are not for functions.
    if (found && found->kind == KnownName::Variable && !body_.top_level) return result;
    if (found) {
        result.meaning = Meaning::Known;
        result.known = std::move(*found);
    }
    return result;
}

// For CheckOptions::uses: fields, and what a field of this name would hide.
void Checker::note_use(std::string_view name, syntax::Span where, const Resolved& found) {
    if (!options_.uses || !body_.sees_fields || found.meaning == Meaning::Local) return;
    options_.uses->push_back({body_.text_class->node, body_.member, body_.class_side, name, where,
                              found.meaning == Meaning::Field});
}

// The nearest name that could stand here; fields and locals alone where it is to be assigned.
std::string Checker::near_name(std::string_view name, bool assignable) const {
    std::vector<std::string> names;
    for (size_t i = body_.first_local; i < locals_.size(); ++i) names.emplace_back(locals_[i].name);
    if (body_.sees_fields) names.insert(names.end(), fields_.begin(), fields_.end());
    std::string near = pick(name, names);
    if (!near.empty() || assignable) return near;
    if (body_.cls) {
        // A method of the same object wants its self.
        std::vector<std::string> selectors;
        body_.cls->selectors(selectors, body_.class_side);
        for (const auto& selector : selectors)
            if (selector == name) return "self." + selector;
    }
    facts_.names(names);
    std::string own = pick(name, names);
    if (!own.empty()) return own;
    known_.names(names);
    std::string far = pick(name, names);
    if (!far.empty() || !body_.cls) return far;
    std::vector<std::string> selectors;
    body_.cls->selectors(selectors, body_.class_side);
    std::string method = pick(name, selectors);
    return method.empty() ? "" : "self." + method;
}

namespace {

// An argument as it is written, fit to be a receiver; empty where that would be long.
std::string as_receiver(std::string_view source, const syntax::Node* argument) {
    constexpr size_t longest = 30;
    std::string written(source.substr(argument->span.begin, argument->span.end - argument->span.begin));
    if (written.empty() || written.size() > longest || written.find('\n') != std::string::npos) return {};
    switch (argument->kind) {
    case Kind::Name:
    case Kind::Integer:
    case Kind::Float:
    case Kind::Text:
    case Kind::Interpolation:
    case Kind::List:
    case Kind::Tuple:
    case Kind::Map:
    case Kind::Call:
    case Kind::Self: return written;
    case Kind::Send:
        if (!syntax::as<syntax::SendNode>(argument)->is_operator || written.back() == ']') return written;
        break;
    default: break;
    }
    return "(" + written + ")";
}

} // namespace

// What is called as a function elsewhere is mostly a message here: `len(xs)` is `xs.size`.
std::string Checker::as_message(std::string_view name, const syntax::CallNode* call) const {
    if (!call || call->block || call->arguments.empty() || call->arguments.size() > 2) return {};
    for (const auto& argument : call->arguments)
        if (argument.spread || !argument.label.text.empty()) return {};
    std::string receiver = as_receiver(*tree_.source, call->arguments[0].value);
    if (auto advice = syntax::advice_for_name(name, receiver); !advice.empty()) return advice;
    std::vector<std::string> names;
    known_.names(names);
    for (const auto& known_name : names) {
        if (!syntax::is_capital(known_name)) continue;
        auto known = known_.find(known_name);
        if (!known || !known->cls) continue;
        auto understood = [&](std::string_view selector) {
            return known->cls->kind() != ClassKind::Trait && known->cls->understands(selector, false);
        };
        std::string selector(understood(name) ? name : syntax::selector_for(name, understood));
        if (selector.empty() || selector[0] < 'a') continue;
        std::string rest;
        if (call->arguments.size() == 2) {
            const syntax::Node* second = call->arguments[1].value;
            rest =
                "(" +
                std::string(tree_.source->substr(second->span.begin, second->span.end - second->span.begin)) +
                ")";
            if (rest.size() > 30 || rest.find('\n') != std::string::npos) rest = "(…)";
        }
        return "it is a message: `" + (receiver.empty() ? "x" : receiver) + "." + selector + rest + "`";
    }
    return {};
}

void Checker::undefined(std::string_view name, syntax::Span where, const syntax::CallNode* call) {
    bool script_local = !body_.top_level && script_names_.count(name);
    if (!script_local && !body_.top_level) {
        auto known = known_.find(name);
        script_local = known && known->kind == KnownName::Variable;
    }
    if (script_local) return report(Mistake::ScriptLocalInFunction, where, {std::string(name)});
    std::string help = call ? as_message(name, call) : std::string();
    if (help.empty()) help = syntax::advice_for_name(name);
    if (help.empty())
        if (auto near = near_name(name, false); !near.empty()) help = "did you mean `" + near + "`?";
    report(syntax::is_capital(name) ? Mistake::UndefinedClass : Mistake::UndefinedName, where,
           {std::string(name), help});
}

// `shop.catalog` as a module, where no variable or definition takes its first name.
std::string Checker::module_path(const syntax::Node* node) {
    std::vector<std::string_view> parts;
    for (;;) {
        if (auto* name = syntax::try_as<syntax::NameNode>(node)) {
            parts.push_back(name->text);
            break;
        }
        auto* send = syntax::try_as<syntax::SendNode>(node);
        if (!send || send->parentheses || send->is_operator || send->block || !send->arguments.empty())
            return {};
        parts.push_back(send->selector.text);
        node = send->receiver;
    }
    Resolved first = resolve(parts.back());
    if (first.meaning == Meaning::Known && first.known.kind == KnownName::Module && parts.size() == 1)
        return first.known.path;
    bool taken = first.meaning != Meaning::Nothing &&
                 !(first.meaning == Meaning::Known && first.known.kind == KnownName::Module);
    if (taken) return {};
    std::string path;
    for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
        if (!path.empty()) path += '.';
        path += *part;
    }
    if (!module_.empty()) {
        size_t dot = module_.rfind('.');
        bool own = path == module_ ||
                   (dot != std::string::npos && path == std::string_view(module_).substr(dot + 1));
        if (own) return module_;
    }
    return known_.module_in_sight(path) ? path : std::string();
}

std::optional<KnownName> Checker::find_in_module(std::string_view path, std::string_view name) const {
    if (path == module_)
        if (auto own = facts_.find(name)) return own;
    return known_.find_in_module(path, name);
}

std::string Checker::near_in_module(std::string_view path, std::string_view name) const {
    std::vector<std::string> names;
    if (path == module_) facts_.names(names);
    known_.names_in_module(path, names);
    return pick(name, names);
}

} // namespace indent
