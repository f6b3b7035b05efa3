#include "vm/reload/checker.h"
#include "vm/reload/checking.h"
#include "vm/syntax/source.h"
#include <algorithm>

namespace indent {

using syntax::as;
using syntax::Kind;

namespace {

const char* word_of(ClassKind kind) {
    switch (kind) {
    case ClassKind::Record: return "a record";
    case ClassKind::Trait: return "a trait";
    case ClassKind::Actor: return "an actor";
    case ClassKind::Supervisor: return "a supervisor";
    default: return "a class";
    }
}

} // namespace

Checker::Checker(const syntax::SyntaxTree& tree, const KnownNames& known, const CheckOptions& options)
    : tree_(tree), known_(known), options_(options), facts_(tree, known), module_(options.module_path) {
    if (tree.module) module_ = tree.module->path;
    is_script_ = !tree.module;
}

void Checker::report(Mistake code, syntax::Span where, std::vector<std::string> arguments) {
    if (diagnostics_.size() < 1000)
        diagnostics_.push_back(syntax::make_diagnostic(code, where, std::move(arguments)));
}

std::vector<syntax::Diagnostic> Checker::run() {
    check_duplicates();
    collect_script_names(tree_.top_level);
    body_.top_level = true;
    body_.assigns_module_values = true;
    body_.returns = false;
    statements(tree_.top_level); // definitions are passed over
    definitions();
    syntax::sort_diagnostics(diagnostics_);
    if (diagnostics_.size() > 100) {
        auto where = diagnostics_[100].span;
        diagnostics_.resize(100);
        diagnostics_.push_back(syntax::make_diagnostic(Mistake::TooManyErrors, where));
    }
    return std::move(diagnostics_);
}

// The names that the top level of a script declares, in its suites too: functions do not see them, and are told.
void Checker::collect_script_names(syntax::Nodes nodes) {
    auto bound = [&](const syntax::Pattern& pattern, auto&& self) -> void {
        if (!pattern.name.text.empty()) script_names_.insert(pattern.name.text);
        for (const auto& entry : pattern.entries) self(*entry.pattern, self);
    };
    for (const syntax::Node* node : nodes) {
        switch (node->kind) {
        case Kind::Let: bound(*as<syntax::LetNode>(node)->target, bound); break;
        case Kind::Assign: {
            auto* it = as<syntax::AssignNode>(node);
            if (!is_script_ || !it->op.empty()) break;
            if (it->pattern) bound(*it->pattern, bound);
            if (auto* name = syntax::try_as<syntax::NameNode>(it->target)) script_names_.insert(name->text);
            break;
        }
        case Kind::If:
            for (const auto& branch : as<syntax::IfNode>(node)->branches)
                collect_script_names(branch.body.statements);
            collect_script_names(as<syntax::IfNode>(node)->else_body.statements);
            break;
        case Kind::For:
            bound(*as<syntax::ForNode>(node)->target, bound);
            collect_script_names(as<syntax::ForNode>(node)->body.statements);
            break;
        case Kind::While: collect_script_names(as<syntax::WhileNode>(node)->body.statements); break;
        case Kind::Loop: collect_script_names(as<syntax::LoopNode>(node)->body.statements); break;
        case Kind::Once: collect_script_names(as<syntax::OnceNode>(node)->body.statements); break;
        default: break;
        }
    }
}

// ---- twice

void Checker::check_duplicates() {
    syntax::Source source(tree_.file, *tree_.source);
    auto line = [&](syntax::Span where) { return std::to_string(source.position(where.begin).line); };
    std::map<std::string_view, syntax::Span> seen;
    for (const syntax::Node* node : tree_.top_level) {
        auto* head = syntax::head_of(node);
        if (!head || head->name.text.empty()) continue;
        auto [first, fresh] = seen.emplace(head->name.text, head->name.span);
        if (!fresh)
            report(Mistake::DuplicateDefinition, head->name.span,
                   {std::string(head->name.text), "this text", line(first->second)});
    }
}

void Checker::check_members(const syntax::Behaviour& members, std::string_view of) {
    syntax::Source source(tree_.file, *tree_.source);
    std::set<std::string_view> fields;
    for (const auto& field : members.fields)
        if (!fields.insert(field.head.name.text).second)
            report(Mistake::DuplicateField, field.head.name.span, {std::string(field.head.name.text)});
    std::map<std::pair<std::string_view, bool>, const syntax::DefinitionNode*> methods;
    std::string place = of.empty() ? "this class" : "`" + std::string(of) + "`";
    for (const auto* method : members.methods) {
        auto [first, fresh] = methods.emplace(std::pair(method->head.name.text, method->class_side), method);
        if (fresh) continue;
        std::string name(method->head.name.text);
        if (first->second->role != method->role)
            report(Mistake::OnAndDef, method->head.name.span, {name});
        else
            report(Mistake::DuplicateDefinition, method->head.name.span,
                   {name, place, std::to_string(source.position(first->second->head.name.span.begin).line)});
    }
}

// ---- definitions

void Checker::definitions() {
    annotations();
    for (const syntax::Node* node : tree_.top_level) {
        locals_.clear();
        body_ = Body();
        switch (node->kind) {
        case Kind::Definition: method(as<syntax::DefinitionNode>(node), nullptr); break;
        case Kind::Class:
        case Kind::Record:
        case Kind::Trait:
        case Kind::Extend:
        case Kind::Actor:
        case Kind::Supervisor: check_class(node); break;
        case Kind::Hook: {
            Body body;
            body.assigns_module_values = true;
            function_body(as<syntax::HookNode>(node)->body, body);
            break;
        }
        case Kind::Test: function_body(as<syntax::TestNode>(node)->body, Body()); break;
        default: break;
        }
    }
}

// A class by name, in `extends`, `with`, `extend`, `catch`, a pattern or a type.
void Checker::class_name(const syntax::Node* node, std::string_view what, bool trait_wanted) {
    if (!node || node->kind == Kind::Error) return;
    if (auto* send = syntax::try_as<syntax::SendNode>(node)) {
        std::string path = module_path(send->receiver);
        if (path.empty()) {
            std::string wanted(tree_.source->substr(send->receiver->span.begin,
                                                    send->receiver->span.end - send->receiver->span.begin));
            report(Mistake::UndefinedModule, send->receiver->span, {wanted, ""});
        } else if (!find_in_module(path, send->selector.text)) {
            report(Mistake::UndefinedInModule, send->selector.span,
                   {path, std::string(send->selector.text), near_in_module(path, send->selector.text)});
        }
        return;
    }
    auto* name = syntax::try_as<syntax::NameNode>(node);
    if (!name) return;
    std::optional<KnownName> known = facts_.find(name->text);
    if (!known) known = known_.find(name->text);
    if (!known) return undefined(name->text, name->span);
    if (known->kind == KnownName::Class) {
        if (trait_wanted && known->cls && known->cls->kind() != ClassKind::Trait)
            report(Mistake::NotAClass, name->span,
                   {std::string(name->text), word_of(known->cls->kind()), "a trait"});
        return;
    }
    bool value = known->kind == KnownName::Variable; // may hold a class
    if (!value)
        report(Mistake::NotAClass, name->span,
               {std::string(name->text),
                known->kind == KnownName::Function ? "a function"
                : known->kind == KnownName::Module ? "a module"
                                                   : "a module value",
                std::string(what)});
}

void Checker::check_class(const syntax::Node* node) {
    const TextClass* cls = facts_.class_of(node);
    check_members(*cls->members, cls->name());
    if (cls->superclass_name) class_name(cls->superclass_name, "a class", false);
    for (const syntax::Node* trait : cls->trait_names) class_name(trait, "a trait", true);
    if (auto* name = syntax::try_as<syntax::NameNode>(cls->superclass_name);
        name && cls->open && node->kind != Kind::Extend && facts_.find(name->text))
        report(Mistake::InheritsItself, name->span, {std::string(cls->name())});

    fields_.clear();
    record_fields_.clear();
    const KnownClass* holder = node->kind == Kind::Extend ? cls->superclass.get() : cls;
    if (!holder) holder = cls;
    if (cls->name().empty() && options_.members_of) {
        for (const auto& field : options_.members_of->fields()) fields_.insert(field.name);
        if (options_.members_of->kind() == ClassKind::Record) record_fields_ = fields_;
    }
    for (const auto& field : holder->fields()) fields_.insert(field.name);
    if (holder->kind() == ClassKind::Record) record_fields_ = fields_;

    for (const auto& field : cls->members->fields) {
        if (field.type) class_name(field.type, "a class", false);
        initialiser(field.initial, field.head.name.text, cls);
    }
    if (auto* record = syntax::try_as<syntax::RecordNode>(node)) {
        locals_.clear();
        body_ = Body();
        parameters(record->parameters, false);
    }
    for (const auto* one : cls->members->methods) method(one, cls);
    if (auto* supervisor = syntax::try_as<syntax::SupervisorNode>(node)) {
        locals_.clear();
        body_ = Body();
        if (supervisor->strategy) expression(supervisor->strategy);
        arguments(supervisor->options, nullptr);
        for (const auto& one : supervisor->children) child(one);
    }
    fields_.clear();
    record_fields_.clear();
}

void Checker::child(const syntax::ChildDeclaration& child) {
    if (child.spawn) expression(child.spawn);
    if (child.name) expression(child.name);
    arguments(child.options, nullptr);
}

void Checker::initialiser(const syntax::Node* value, std::string_view of, const TextClass* cls) {
    if (!value) return;
    locals_.clear();
    body_ = Body();
    body_.cls = body_.text_class = cls;
    body_.member = of;
    body_.sees_fields = true;
    body_.returns = false;
    expression(value);
}

void Checker::method(const syntax::DefinitionNode* node, const TextClass* cls) {
    Body body;
    body.cls = body.text_class = cls;
    body.member = node->head.name.text;
    body.class_side = node->class_side;
    body.is_init = node->head.name.text == "init" && !node->class_side;
    body.sees_fields = cls && !node->class_side;
    if (node->result_type) class_name(node->result_type, "a class", false);
    if (node->primitive) {
        locals_.clear();
        body_ = body;
        parameters(node->parameters, false);
        return;
    }
    function_body(node->body, body, node->parameters);
}

void Checker::function_body(const syntax::Suite& suite, Body body, syntax::Parameters of) {
    locals_.clear();
    body_ = body;
    parameters(of, false);
    statements(suite.statements);
}

// Declares them; a default sees those before it.
void Checker::parameters(syntax::Parameters list, bool of_block) {
    std::set<std::string_view> seen;
    for (const auto& parameter : list) {
        if (parameter.type) class_name(parameter.type, "a class", false);
        if (parameter.initial) expression(parameter.initial);
        if (parameter.pattern) {
            pattern(*parameter.pattern);
            continue;
        }
        std::string_view name = parameter.name.text;
        if (name.empty() || name == "_") continue;
        if (!seen.insert(name).second)
            report(Mistake::DuplicateParameter, parameter.name.span, {std::string(name)});
        declare(name, parameter.name.span);
    }
}

std::vector<syntax::Diagnostic> check(const syntax::SyntaxTree& tree, const KnownNames& known,
                                      const CheckOptions& options) {
    return Checker(tree, known, options).run();
}

} // namespace indent
