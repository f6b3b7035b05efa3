#include "vm/reload/checking.h"
#include "vm/syntax/did_you_mean.h"
#include "vm/syntax/source.h"

namespace indent {

using syntax::as;
using syntax::Kind;
using syntax::PatternKind;

// Whether control never goes on to the next statement.
bool Checker::leaves(const syntax::Node* node) {
    switch (node->kind) {
    case Kind::Return:
    case Kind::Break:
    case Kind::Continue: return true;
    case Kind::If: {
        auto* it = as<syntax::IfNode>(node);
        if (!it->has_else || !leaves(it->else_body)) return false;
        for (const auto& branch : it->branches)
            if (!leaves(branch.body)) return false;
        return true;
    }
    default: return false; // a raise may be resumed
    }
}
bool Checker::leaves(const syntax::Suite& suite) {
    for (const syntax::Node* node : suite.statements)
        if (leaves(node)) return true;
    return false;
}

void Checker::statements(syntax::Nodes nodes) {
    bool warned = false;
    for (size_t i = 0; i < nodes.size(); ++i) {
        statement(nodes[i]);
        if (warned || i + 1 == nodes.size() || !leaves(nodes[i])) continue;
        const char* word = nodes[i]->kind == Kind::Return     ? "return"
                           : nodes[i]->kind == Kind::Break    ? "break"
                           : nodes[i]->kind == Kind::Continue ? "continue"
                                                              : "if";
        report(Mistake::Unreachable, nodes[i + 1]->span, {word});
        warned = true;
    }
}

void Checker::suite(const syntax::Suite& suite) {
    size_t mark = locals_.size();
    statements(suite.statements);
    locals_.resize(mark);
}

void Checker::declare(std::string_view name, syntax::Span where) {
    if (name.empty() || name == "_") return;
    if (body_.sees_fields && fields_.count(name)) {
        bool actor = body_.cls && body_.cls->kind() == ClassKind::Actor;
        report(Mistake::FieldHidden, where, {std::string(name), actor ? "state" : "field"});
    }
    locals_.push_back({name});
}

void Checker::condition(const syntax::Node* node, bool of_loop) {
    expression(node);
    const char* what = nullptr;
    const char* help = "";
    switch (node->kind) {
    case Kind::Integer:
    case Kind::Float:
        what = "a number";
        help = of_loop ? "for an endless loop write `loop:`" : "compare it: `x != 0`";
        break;
    case Kind::Text:
    case Kind::Interpolation:
        what = "a text";
        help = "ask it: `text.not_empty?`";
        break;
    case Kind::List:
        what = "a list";
        help = "ask it: `list.not_empty?`";
        break;
    case Kind::Map:
        what = "a map";
        help = "ask it: `map.not_empty?`";
        break;
    case Kind::Nil: what = "nil"; break;
    case Kind::Tuple: what = "a tuple"; break;
    case Kind::Symbol: what = "a symbol"; break;
    default: return;
    }
    report(Mistake::ConditionNeverBoolean, node->span, {what, help});
}

void Checker::statement(const syntax::Node* node) {
    switch (node->kind) {
    case Kind::Let: {
        auto* it = as<syntax::LetNode>(node);
        if (it->type) class_name(it->type, "a class", false);
        bool self_reference = it->value->kind == Kind::Block && it->target->kind == PatternKind::Bind;
        if (self_reference) {
            pattern(*it->target); // a block may name the variable that holds it
            expression(it->value);
        } else {
            expression(it->value);
            pattern(*it->target);
        }
        return;
    }
    case Kind::Assign: return assign(as<syntax::AssignNode>(node));
    case Kind::If: {
        auto* it = as<syntax::IfNode>(node);
        for (const auto& branch : it->branches) {
            condition(branch.condition);
            suite(branch.body);
        }
        suite(it->else_body);
        return;
    }
    case Kind::While: {
        auto* it = as<syntax::WhileNode>(node);
        condition(it->condition, true);
        ++body_.loops;
        suite(it->body);
        --body_.loops;
        return;
    }
    case Kind::For: {
        auto* it = as<syntax::ForNode>(node);
        expression(it->iterable);
        size_t mark = locals_.size();
        pattern(*it->target);
        ++body_.loops;
        suite(it->body);
        --body_.loops;
        locals_.resize(mark);
        return;
    }
    case Kind::Loop:
        ++body_.loops;
        suite(as<syntax::LoopNode>(node)->body);
        --body_.loops;
        return;
    case Kind::Break:
    case Kind::Continue: {
        if (body_.loops) return;
        std::string help;
        if (body_.in_block)
            help = node->kind == Kind::Break
                       ? "a block is no loop: write `for x in xs:`, or leave the method with `return`"
                       : "a block is no loop: write `for x in xs:`, or put the rest into an `if`";
        return report(node->kind == Kind::Break ? Mistake::BreakOutsideLoop : Mistake::ContinueOutsideLoop,
                      node->span, {help});
    }
    case Kind::Return:
        if (as<syntax::ReturnNode>(node)->value) expression(as<syntax::ReturnNode>(node)->value);
        if (!body_.returns) report(Mistake::ReturnOutsideFunction, node->span);
        if (body_.sent_block != std::string::npos)
            report(Mistake::BlockCannotBeSent, node->span, {"contains `return`"});
        return;
    case Kind::Match: return match(as<syntax::MatchNode>(node));
    case Kind::Try: {
        auto* it = as<syntax::TryNode>(node);
        suite(it->body);
        for (const auto& clause : it->catches) {
            if (clause.type) class_name(clause.type, "a class", false);
            size_t mark = locals_.size();
            declare(clause.name.text, clause.name.span);
            suite(clause.body);
            locals_.resize(mark);
        }
        suite(it->finally_body);
        return;
    }
    case Kind::Expect: return expression(as<syntax::ExpectNode>(node)->condition);
    case Kind::ExpectError:
        class_name(as<syntax::ExpectErrorNode>(node)->type, "a class", false);
        suite(as<syntax::ExpectErrorNode>(node)->body);
        return;
    case Kind::ModuleValue:
        if (as<syntax::ModuleValueNode>(node)->type)
            class_name(as<syntax::ModuleValueNode>(node)->type, "a class", false);
        if (as<syntax::ModuleValueNode>(node)->initial)
            expression(as<syntax::ModuleValueNode>(node)->initial);
        return;
    case Kind::Once: return suite(as<syntax::OnceNode>(node)->body);
    case Kind::Pass:
    case Kind::Module:
    case Kind::Import:
    case Kind::Definition:
    case Kind::Class:
    case Kind::Record:
    case Kind::Trait:
    case Kind::Extend:
    case Kind::Actor:
    case Kind::Supervisor:
    case Kind::Hook:
    case Kind::Test:
    case Kind::Error: return;
    default: return expression(node);
    }
}

void Checker::assign(const syntax::AssignNode* node) {
    expression(node->value);
    if (node->pattern) return assign_pattern(*node->pattern);
    if (auto* name = syntax::try_as<syntax::NameNode>(node->target))
        return assign_name(name->text, name->span, node->op.empty());
    if (node->target) expression(node->target);
}

void Checker::assign_pattern(const syntax::Pattern& pattern) {
    if (pattern.kind == PatternKind::Bind) assign_name(pattern.name.text, pattern.name.span, true);
    for (const auto& entry : pattern.entries) assign_pattern(*entry.pattern);
}

void Checker::assign_name(std::string_view name, syntax::Span where, bool declares) {
    Resolved found = resolve(name);
    note_use(name, where, found);
    std::string text(name);
    switch (found.meaning) {
    case Meaning::Local:
        if (body_.sent_block != std::string::npos && found.local < body_.sent_block)
            report(Mistake::BlockCannotBeSent, where, {"assigns `" + text + "`, which stands outside of it"});
        return;
    case Meaning::Field:
        if (record_fields_.count(name) && !body_.is_init)
            return report(Mistake::AssignConstant, where, {text, "a field of a record"});
        if (body_.sent_block != std::string::npos && body_.cls && body_.cls->kind() == ClassKind::Actor)
            report(Mistake::BlockCannotBeSent, where, {"assigns the state `" + text + "`"});
        return;
    case Meaning::Known:
        if (found.known.kind == KnownName::Variable) return;
        if (found.known.kind == KnownName::Stable || found.known.kind == KnownName::Var) {
            if (!body_.assigns_module_values || !facts_.find(name))
                report(Mistake::ModuleValueAssigned, where,
                       {text, found.known.kind == KnownName::Stable ? "stable" : "var"});
            return;
        }
        break;
    case Meaning::Nothing: break;
    }
    bool may_declare = body_.top_level && declares && (is_script_ || options_.interactive);
    if (may_declare && !body_.in_block) {
        locals_.push_back({name});
        return;
    }
    if (found.meaning == Meaning::Known) {
        const char* what = found.known.kind == KnownName::Function ? "a function"
                           : found.known.kind == KnownName::Class  ? "a class"
                                                                   : "a module";
        return report(Mistake::AssignConstant, where, {text, what});
    }
    if (!body_.top_level && script_names_.count(name))
        return report(Mistake::ScriptLocalInFunction, where, {text});
    std::string near = near_name(name, true);
    std::string help =
        near.empty() ? "to declare a local write `let " + text + " = …`" : "did you mean `" + near + "`?";
    if (near.empty() && body_.sees_fields)
        help += body_.cls->kind() == ClassKind::Actor ? "; to keep it in the actor add `state " + text + "`"
                                                      : "; to keep it in the object add `field " + text + "`";
    report(Mistake::AssignUndefined, where, {text, help});
    locals_.push_back({name}); // so that it is said once
}

void Checker::match(const syntax::MatchNode* node) {
    expression(node->subject);
    const syntax::MatchCase* takes_all = nullptr;
    for (const auto& one : node->cases) {
        if (takes_all) {
            syntax::Source source(tree_.file, *tree_.source);
            report(Mistake::MatchCaseUnreachable, one.pattern->span,
                   {std::to_string(source.position(takes_all->span.begin).line)});
            takes_all = nullptr; // said once
        }
        size_t mark = locals_.size();
        pattern(*one.pattern);
        if (one.guard) condition(one.guard);
        suite(one.body);
        locals_.resize(mark);
        bool all = one.pattern->kind == PatternKind::Ignore || one.pattern->kind == PatternKind::Bind;
        if (all && !one.guard) takes_all = &one;
    }
}

void Checker::pattern(const syntax::Pattern& p) {
    switch (p.kind) {
    case PatternKind::Ignore:
    case PatternKind::Literal:
    case PatternKind::Range: return;
    case PatternKind::Bind: return declare(p.name.text, p.name.span);
    case PatternKind::Type: return class_name(p.value, "a class", false);
    case PatternKind::BindType:
        class_name(p.value, "a class", false);
        return declare(p.name.text, p.name.span);
    case PatternKind::Record: {
        class_name(p.value, "a class", false);
        auto* name = syntax::try_as<syntax::NameNode>(p.value);
        auto known = name ? resolve(name->text) : Resolved();
        if (known.meaning == Meaning::Known && known.known.cls) {
            Signature fields = known.known.cls->fields();
            bool record = known.known.cls->kind() == ClassKind::Record;
            for (const auto& entry : p.entries) {
                auto* key = syntax::try_as<syntax::SymbolNode>(entry.key);
                if (!key || !record) continue;
                std::vector<std::string_view> names;
                bool there = false;
                for (const auto& field : fields) {
                    names.push_back(field.name);
                    there |= field.name == key->name;
                }
                if (!there)
                    report(
                        Mistake::NoSuchField, key->span,
                        {std::string(name->text), std::string(key->name), syntax::nearest(key->name, names)});
            }
            if (record && p.entries.size() > fields.size())
                report(Mistake::TooManyArguments, p.span,
                       {std::string(name->text), std::to_string(fields.size()) + " fields",
                        std::to_string(p.entries.size()) + " patterns are", ""});
        }
        break;
    }
    case PatternKind::Either: {
        // Which alternative fitted is not known afterwards: each binds the same names.
        const size_t first = locals_.size();
        pattern(*p.entries[0].pattern);
        const size_t others = locals_.size();
        for (size_t i = 1; i < p.entries.size(); ++i) {
            const syntax::Pattern& other = *p.entries[i].pattern;
            pattern(other);
            auto bound = [&](std::string_view name, size_t from, size_t to) {
                for (size_t k = from; k < to; ++k)
                    if (locals_[k].name == name) return true;
                return false;
            };
            for (size_t k = first; k < others; ++k)
                if (!bound(locals_[k].name, others, locals_.size()))
                    report(Mistake::AlternativesDiffer, other.span, {std::string(locals_[k].name), "others"});
            for (size_t k = others; k < locals_.size(); ++k)
                if (!bound(locals_[k].name, first, others))
                    report(Mistake::AlternativesDiffer, other.span,
                           {std::string(locals_[k].name), "this one"});
            locals_.resize(others);
        }
        return;
    }
    case PatternKind::Tuple:
    case PatternKind::List:
    case PatternKind::Map: break;
    }
    for (const auto& entry : p.entries) {
        if (entry.key && p.kind == PatternKind::Map) expression(entry.key);
        pattern(*entry.pattern);
    }
}

} // namespace indent
