#include "vm/reload/checking.h"
#include "vm/syntax/did_you_mean.h"
#include "vm/syntax/foreign_names.h"

namespace indent {

using syntax::as;
using syntax::Kind;

// The left side of `x is Integer` where that is no class itself: a name that has a meaning, or a literal.
std::string Checker::asked_by_identity(const syntax::Node* left) {
    if (auto* name = syntax::try_as<syntax::NameNode>(left))
        return !name->capital() && resolve(name->text).meaning != Meaning::Nothing ? std::string(name->text)
                                                                                   : std::string();
    switch (left->kind) {
    case Kind::Integer:
    case Kind::Float:
    case Kind::Text:
    case Kind::List:
    case Kind::Map:
    case Kind::Symbol: break;
    default: return {};
    }
    std::string_view written = *tree_.source;
    written = written.substr(left->span.begin, left->span.end - left->span.begin);
    return written.size() <= 30 ? std::string(written) : std::string("x");
}

void Checker::expression(const syntax::Node* node) {
    if (!node) return;
    switch (node->kind) {
    case Kind::Integer:
    case Kind::Float:
    case Kind::Boolean:
    case Kind::Nil:
    case Kind::Symbol:
    case Kind::Text:
    case Kind::Self:
    case Kind::Error: return;
    case Kind::Interpolation:
        for (const syntax::Node* part : as<syntax::InterpolationNode>(node)->parts) expression(part);
        return;
    case Kind::List:
        for (const auto& element : as<syntax::ListNode>(node)->elements) expression(element.value);
        return;
    case Kind::Tuple:
        for (const syntax::Node* element : as<syntax::TupleNode>(node)->elements) expression(element);
        return;
    case Kind::Map:
        for (const auto& entry : as<syntax::MapNode>(node)->entries) {
            expression(entry.key);
            expression(entry.value);
        }
        return;
    case Kind::Range:
        expression(as<syntax::RangeNode>(node)->low);
        return expression(as<syntax::RangeNode>(node)->high);
    case Kind::Name: return name(as<syntax::NameNode>(node));
    case Kind::Send: return send(as<syntax::SendNode>(node));
    case Kind::SuperSend: {
        auto* it = as<syntax::SuperSendNode>(node);
        if (!body_.cls) report(Mistake::SuperOutsideClass, {node->span.begin, node->span.begin + 5});
        return arguments(it->arguments, it->block);
    }
    case Kind::Call: return call(as<syntax::CallNode>(node));
    case Kind::CallValue: {
        auto* it = as<syntax::CallValueNode>(node);
        expression(it->callee);
        return arguments(it->arguments, it->block);
    }
    case Kind::Identity: {
        auto* it = as<syntax::IdentityNode>(node);
        expression(it->left);
        expression(it->right);
        auto* right = syntax::try_as<syntax::NameNode>(it->right);
        if (!right || !right->capital()) return;
        std::string left = asked_by_identity(it->left);
        if (left.empty()) return;
        Resolved found = resolve(right->text);
        if (found.meaning == Meaning::Known && found.known.kind == KnownName::Class)
            report(Mistake::IsWithClass, node->span, {std::string(right->text), left});
        return;
    }
    case Kind::Membership:
        expression(as<syntax::MembershipNode>(node)->left);
        return expression(as<syntax::MembershipNode>(node)->right);
    case Kind::And:
        condition(as<syntax::AndNode>(node)->left);
        return condition(as<syntax::AndNode>(node)->right);
    case Kind::Or:
        condition(as<syntax::OrNode>(node)->left);
        return condition(as<syntax::OrNode>(node)->right);
    case Kind::Not: return condition(as<syntax::NotNode>(node)->operand);
    case Kind::IfExpression: {
        auto* it = as<syntax::IfExpressionNode>(node);
        condition(it->condition);
        expression(it->then_value);
        return expression(it->else_value);
    }
    case Kind::Block: return block(as<syntax::BlockNode>(node), false);
    case Kind::Reference: return reference(as<syntax::ReferenceNode>(node));
    case Kind::ActorCall: return actor_call(as<syntax::ActorCallNode>(node));
    case Kind::Raise: return expression(as<syntax::RaiseNode>(node)->value);
    default: return statement(node);
    }
}

void Checker::name(const syntax::NameNode* node) {
    Resolved found = resolve(node->text);
    note_use(node->text, node->span, found);
    switch (found.meaning) {
    case Meaning::Local: return;
    case Meaning::Field:
        if (body_.sent_block != std::string::npos && body_.cls && body_.cls->kind() == ClassKind::Actor)
            report(Mistake::BlockCannotBeSent, node->span,
                   {"names the state `" + std::string(node->text) + "`"});
        return;
    case Meaning::Known: // a bare function name is a call
        if (found.known.kind == KnownName::Function)
            check_call(node->text, found.known, {}, nullptr, node->span);
        return;
    case Meaning::Nothing:
        if (module_path(node).empty()) undefined(node->text, node->span);
        return;
    }
}

void Checker::call(const syntax::CallNode* node) {
    arguments(node->arguments, node->block);
    Resolved found = resolve(node->name.text);
    note_use(node->name.text, node->name.span, found);
    if (found.meaning == Meaning::Nothing) return undefined(node->name.text, node->name.span, node);
    if (found.meaning == Meaning::Known)
        check_call(node->name.text, found.known, node->arguments, node->block, node->name.span);
}

void Checker::send(const syntax::SendNode* node) {
    if (node->receiver->kind == Kind::Self) {
        self_send(node, false);
        return arguments(node->arguments, node->block);
    }
    std::string path;
    if (node->receiver->kind == Kind::Name || node->receiver->kind == Kind::Send)
        path = module_path(node->receiver);
    if (!path.empty() && !node->is_operator) {
        const syntax::Node* first = node->receiver;
        while (first->kind == Kind::Send) first = as<syntax::SendNode>(first)->receiver;
        if (auto* name = syntax::try_as<syntax::NameNode>(first))
            note_use(name->text, name->span, resolve(name->text));
        arguments(node->arguments, node->block);
        auto found = find_in_module(path, node->selector.text);
        if (found) {
            if (found->kind == KnownName::Function || (found->kind == KnownName::Class && node->parentheses))
                check_call(node->selector.text, *found, node->arguments, node->block, node->selector.span);
            return;
        }
        // A module is an object too, and answers what every object does.
        auto module_class = known_.find("Module");
        if (module_class && module_class->cls && module_class->cls->understands(node->selector.text, false))
            return;
        if (known_.module_in_sight(path + "." + std::string(node->selector.text))) return;
        return report(Mistake::UndefinedInModule, node->selector.span,
                      {path, std::string(node->selector.text), near_in_module(path, node->selector.text)});
    }
    // a.b.c where a.b is no module but the whole is a longer path: the outer send has looked.
    expression(node->receiver);
    arguments(node->arguments, node->block);
}

void Checker::self_send(const syntax::SendNode* node, bool is_message) {
    const TextClass* cls = body_.text_class;
    if (!cls || node->is_operator) return;
    std::string_view selector = node->selector.text;
    std::string class_name(cls->name());
    if (is_message) {
        if (cls->kind() != ClassKind::Actor || cls->name().empty() || cls->has_message(selector)) return;
        std::vector<std::string> names;
        cls->messages(names);
        std::vector<std::string_view> views(names.begin(), names.end());
        return report(Mistake::MessageMissing, node->selector.span,
                      {class_name, std::string(selector), syntax::nearest(selector, views)});
    }
    if (cls->understands(selector, body_.class_side)) return;
    if (facts_.any_class_defines(selector, body_.class_side)) return;
    if (cls->name().empty()) { // members alone: their class knows the rest
        if (!options_.members_of || options_.members_of->understands(selector, body_.class_side)) return;
        class_name = options_.members_of->name();
    }
    std::vector<std::string> names;
    cls->selectors(names, body_.class_side);
    if (cls->name().empty()) options_.members_of->selectors(names, body_.class_side);
    std::vector<std::string_view> views(names.begin(), names.end());
    report(Mistake::UndefinedSelf, node->selector.span,
           {class_name, std::string(selector), syntax::nearest(selector, views)});
}

void Checker::block(const syntax::BlockNode* node, bool sent) {
    size_t mark = locals_.size();
    unsigned loops = body_.loops;
    bool in_block = body_.in_block;
    size_t sent_block = body_.sent_block;
    body_.loops = 0;
    body_.in_block = true;
    if (sent) body_.sent_block = mark;
    parameters(node->parameters, true);
    statements(node->body.statements);
    locals_.resize(mark);
    body_.loops = loops;
    body_.in_block = in_block;
    body_.sent_block = sent_block;
}

void Checker::reference(const syntax::ReferenceNode* node) {
    const auto& path = node->path;
    if (path.empty()) return;
    auto first = facts_.find(path[0].text);
    if (!first) first = known_.find(path[0].text);
    if (path.size() == 1) {
        if (!first) undefined(path[0].text, path[0].span);
        return;
    }
    if (first && first->kind != KnownName::Module) return; // &Class.selector: looked up at the call
    std::string module;
    for (size_t i = 0; i + 1 < path.size(); ++i) {
        if (i) module += '.';
        module += path[i].text;
    }
    size_t dot = module_.rfind('.');
    bool own = !module_.empty() &&
               (module == module_ || (dot != std::string::npos && module == module_.substr(dot + 1)));
    if (own) module = module_;
    if (!own && !known_.module_in_sight(module)) {
        // &module.Class.selector
        size_t last = module.rfind('.');
        if (last != std::string::npos && known_.module_in_sight(module.substr(0, last))) return;
        return report(Mistake::UndefinedModule, {path[0].span.begin, path[path.size() - 2].span.end},
                      {module, ""});
    }
    std::string_view wanted = path.back().text;
    if (!find_in_module(module, wanted))
        report(Mistake::UndefinedInModule, path.back().span,
               {module, std::string(wanted), near_in_module(module, wanted)});
}

void Checker::actor_call(const syntax::ActorCallNode* node) {
    auto* send = syntax::try_as<syntax::SendNode>(node->message);
    bool message = node->verb == syntax::ActorVerb::Send || node->verb == syntax::ActorVerb::Ask;
    if (message && send) {
        if (send->receiver->kind == Kind::Self)
            self_send(send, true);
        else
            expression(send->receiver);
        arguments(send->arguments, send->block, true);
    } else {
        expression(node->message);
    }
    expression(node->within);
    expression(node->after);
    expression(node->every);
    expression(node->name);
}

// ---- arguments

// `sent`: they go to an actor.
void Checker::arguments(syntax::Arguments list, const syntax::BlockNode* trailing, bool sent) {
    for (const auto& argument : list) {
        if (argument.value->kind == Kind::Block)
            block(as<syntax::BlockNode>(argument.value), sent);
        else
            expression(argument.value);
    }
    if (trailing) block(trailing, sent);
}

void Checker::check_call(std::string_view callee, const KnownName& known, syntax::Arguments list,
                         const syntax::BlockNode* trailing, syntax::Span where) {
    if (known.kind == KnownName::Function)
        return check_arguments(callee, known.signature, list, trailing, where);
    if (known.kind == KnownName::Class && known.cls)
        if (auto signature = known.cls->construction())
            check_arguments(callee, *signature, list, trailing, where);
}

namespace {

std::string counted(size_t n, const char* what) {
    if (n == 0) return std::string("no ") + what + "s";
    return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}

// `f(a, b = …, *c)`
std::string shown(std::string_view callee, const Signature& signature) {
    std::string text(callee);
    text += '(';
    const char* between = "";
    for (const auto& parameter : signature) {
        text += between;
        if (parameter.rest) text += '*';
        text += parameter.name;
        if (parameter.has_default) text += " = …";
        between = ", ";
    }
    return text + ')';
}

} // namespace

void Checker::check_arguments(std::string_view callee, const Signature& signature, syntax::Arguments list,
                              const syntax::BlockNode* trailing, syntax::Span where) {
    std::string name(callee);
    std::vector<bool> given(signature.size(), false);
    bool spreads = false, rest = false;
    size_t positional = 0;
    syntax::Span last = where;
    for (const auto& parameter : signature) rest = rest || parameter.rest;
    for (const auto& argument : list) {
        spreads = spreads || argument.spread;
        if (argument.label.text.empty() && !argument.spread) {
            ++positional;
            last = argument.value->span;
        }
    }
    if (trailing && !signature.empty()) given.back() = true; // the block fills the last parameter
    // By position: up to a rest, which takes what is left; what follows a rest goes by name.
    size_t taken = 0;
    for (size_t i = 0; i < signature.size() && taken < positional; ++i) {
        if (signature[i].rest) break;
        if (given[i]) continue;
        given[i] = true;
        ++taken;
    }
    if (!spreads && !rest && taken < positional) {
        size_t least = 0;
        for (const auto& parameter : signature) least += parameter.has_default ? 0 : 1;
        std::string takes = least == signature.size()
                                ? counted(signature.size(), "argument")
                                : std::to_string(least) + " to " + counted(signature.size(), "argument");
        size_t number = list.size() + (trailing ? 1 : 0);
        std::string help = syntax::is_capital(callee) ? syntax::advice_for_name(callee) : std::string();
        report(Mistake::TooManyArguments, last,
               {name, takes, std::to_string(number) + (number == 1 ? " is" : " are"),
                help.empty() ? "it is `" + shown(callee, signature) + "`" : help});
        return;
    }
    if (trailing && signature.empty())
        return report(Mistake::TooManyArguments, trailing->span, {name, "no arguments", "a block is", ""});
    std::set<std::string_view> labels;
    for (const auto& argument : list) {
        if (argument.label.text.empty()) continue;
        std::string label(argument.label.text);
        if (!labels.insert(argument.label.text).second) {
            report(Mistake::LabelTwice, argument.label.span, {label});
            continue;
        }
        size_t index = 0;
        while (index < signature.size() && (signature[index].name != label || signature[index].rest)) ++index;
        if (index == signature.size()) {
            std::vector<std::string_view> names;
            for (const auto& parameter : signature) names.push_back(parameter.name);
            std::string near = syntax::nearest(label, names);
            for (std::string_view whole : names) // `sep` for `separator`
                if (near.empty() && label.size() > 2 && whole.starts_with(label)) near = whole;
            report(Mistake::UnknownLabel, argument.label.span, {name, label, near});
            spreads = true; // what it was meant for is not missing too
        } else if (given[index]) {
            report(Mistake::ArgumentTwice, argument.label.span, {label});
        } else {
            given[index] = true;
        }
    }
    if (spreads) return;
    std::string missing;
    for (size_t i = 0; i < signature.size(); ++i) {
        if (given[i] || signature[i].has_default || signature[i].rest) continue;
        if (!missing.empty()) missing += ", ";
        missing += "`" + signature[i].name + "`";
    }
    if (missing.empty()) return;
    std::string help = "write `" + shown(callee, signature) + "`";
    if (list.empty() && !trailing && callee[0] >= 'a') help += "; the function itself is `&" + name + "`";
    report(Mistake::TooFewArguments, where, {name, missing, help});
}

} // namespace indent
