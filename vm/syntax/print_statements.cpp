#include "vm/syntax/printing.h"
#include "vm/syntax/text_literal.h"

namespace indent::syntax {

void Printer::suite(const Suite& suite) {
    out += '\n';
    ++level_;
    for (const Node* node : suite.statements) statement(node);
    --level_;
}

void Printer::if_statement(const IfNode* node) {
    const char* word = "if ";
    for (const Branch& branch : node->branches) {
        if (word[0] == 'e') line();
        out += word;
        expression(branch.condition);
        body(branch.body);
        word = "elif ";
    }
    if (!node->has_else) return;
    line();
    out += "else";
    body(node->else_body);
}

void Printer::statement(const Node* node) {
    size_t outer = statement_begin_;
    size_t begin = out.size();
    line();
    statement_begin_ = out.size();
    switch (node->kind) {
    case Kind::If: if_statement(as<IfNode>(node)); break;
    case Kind::While:
        out += "while ";
        expression(as<WhileNode>(node)->condition);
        body(as<WhileNode>(node)->body);
        break;
    case Kind::For:
        out += "for ";
        pattern(*as<ForNode>(node)->target);
        out += " in ";
        expression(as<ForNode>(node)->iterable);
        body(as<ForNode>(node)->body);
        break;
    case Kind::Loop:
        out += "loop";
        body(as<LoopNode>(node)->body);
        break;
    case Kind::Match: {
        auto* it = as<MatchNode>(node);
        out += "match ";
        expression(it->subject);
        out += ":\n";
        ++level_;
        for (const MatchCase& one : it->cases) {
            line();
            out += "case ";
            pattern(*one.pattern);
            if (one.guard) {
                out += " if ";
                expression(one.guard);
            }
            body(one.body);
        }
        --level_;
        break;
    }
    case Kind::Try: {
        auto* it = as<TryNode>(node);
        out += "try";
        body(it->body);
        for (const CatchClause& clause : it->catches) {
            line();
            out += "catch";
            if (!clause.name.text.empty()) {
                out += ' ';
                out += clause.name.text;
                if (clause.type) out += ':';
            }
            if (clause.type) {
                out += ' ';
                expression(clause.type);
            }
            body(clause.body);
        }
        if (it->has_finally) {
            line();
            out += "finally";
            body(it->finally_body);
        }
        break;
    }
    case Kind::Module:
    case Kind::Import:
    case Kind::ModuleValue:
    case Kind::Definition:
    case Kind::Class:
    case Kind::Record:
    case Kind::Trait:
    case Kind::Extend:
    case Kind::Actor:
    case Kind::Supervisor:
    case Kind::Hook:
    case Kind::Once:
    case Kind::Test:
        out.resize(begin); // its comment and annotations come first
        definition(node);
        break;
    default: unparenthesised(node);
    }
    end_line();
    statement_begin_ = outer;
}

void Printer::top_level(Nodes nodes) {
    auto stands_alone = [](const Node* node) {
        switch (node->kind) {
        case Kind::Module:
        case Kind::Definition:
        case Kind::Class:
        case Kind::Record:
        case Kind::Trait:
        case Kind::Extend:
        case Kind::Actor:
        case Kind::Supervisor:
        case Kind::Hook:
        case Kind::Once:
        case Kind::Test: return true;
        default: return false;
        }
    };
    const Node* before = nullptr;
    for (const Node* node : nodes) {
        if (before && (stands_alone(before) || stands_alone(node))) out += '\n';
        statement(node);
        before = node;
    }
}

// ---- definitions

void Printer::comment(std::string_view doc) {
    while (!doc.empty()) {
        size_t end = doc.find('\n');
        std::string_view one = doc.substr(0, end);
        line();
        out += one.empty() ? "#" : "# ";
        out += one;
        out += '\n';
        if (end == std::string_view::npos) break;
        doc.remove_prefix(end + 1);
        if (doc.empty()) { // the last line of the comment is empty
            line();
            out += "#\n";
        }
    }
}

void Printer::annotations(std::span<const Annotation> list) {
    for (const Annotation& annotation : list) {
        line();
        out += '@';
        out += annotation.name.text;
        if (!annotation.arguments.empty()) arguments(annotation.arguments);
        out += '\n';
    }
}

void Printer::head(const DefinitionHead& head) {
    comment(head.doc);
    annotations(head.annotations);
    line();
}

void Printer::qualified_list(Nodes nodes) {
    const char* between = "";
    for (const Node* node : nodes) {
        out += between;
        expression(node);
        between = ", ";
    }
}

void Printer::class_head(const char* word, const DefinitionHead& shared, const Node* superclass,
                         Nodes traits) {
    head(shared);
    out += word;
    out += shared.name.text;
    if (superclass) {
        out += " extends ";
        expression(superclass);
    }
    if (!traits.empty()) {
        out += " with ";
        qualified_list(traits);
    }
}

void Printer::field(const char* word, const FieldDeclaration& field) {
    head(field.head);
    out += word;
    out += field.head.name.text;
    if (field.type) {
        out += ": ";
        expression(field.type);
    }
    if (field.initial) {
        out += " = ";
        expression(field.initial);
    }
    end_line();
}

void Printer::members(const Behaviour& members, bool state) {
    for (const FieldDeclaration& one : members.fields) field(state ? "state " : "field ", one);
    bool first = members.fields.empty();
    bool short_before = false;
    for (const DefinitionNode* method : members.methods) {
        bool is_short =
            method->expression_body && method->head.doc.empty() && method->head.annotations.empty();
        if (!first && !(short_before && is_short)) out += '\n';
        method_definition(method);
        end_line();
        first = false;
        short_before = is_short;
    }
}

void Printer::method_definition(const DefinitionNode* node) {
    head(node->head);
    if (node->class_side) out += "class ";
    out += node->role == DefinitionRole::On ? "on " : "def ";
    out += node->head.name.text;
    if (!node->parameters.empty()) parameters(node->parameters);
    if (node->result_type) {
        out += " -> ";
        expression(node->result_type);
    }
    if (node->primitive) return;
    if (!node->expression_body) return body(node->body);
    out += " = ";
    size_t outer = statement_begin_;
    statement_begin_ = out.size();
    unparenthesised(node->body.statements[0]);
    statement_begin_ = outer;
}

void Printer::supervisor(const SupervisorNode* node) {
    auto options = [&](Arguments list) {
        for (const SpreadOr& one : list) {
            out += ", ";
            argument(one);
        }
    };
    class_head("supervisor ", node->head, nullptr, {});
    bool empty = !node->strategy && node->children.empty() && node->members.methods.empty();
    if (empty) return;
    out += ":\n";
    ++level_;
    if (node->strategy) {
        line();
        out += "strategy ";
        expression(node->strategy);
        options(node->options);
        out += '\n';
    }
    for (const ChildDeclaration& child : node->children) {
        line();
        out += "child ";
        expression(child.spawn, level_postfix);
        if (child.name) {
            out += " as ";
            expression(child.name, level_postfix);
        }
        options(child.options);
        out += '\n';
    }
    if (!node->members.methods.empty() && (node->strategy || !node->children.empty())) out += '\n';
    members(node->members, false);
    --level_;
}

void Printer::definition(const Node* node) {
    auto hold = [&](const Behaviour& behaviour, bool state) {
        if (behaviour.fields.empty() && behaviour.methods.empty()) return;
        out += ":\n";
        ++level_;
        members(behaviour, state);
        --level_;
    };
    switch (node->kind) {
    case Kind::Module:
        comment(as<ModuleNode>(node)->doc);
        annotations(as<ModuleNode>(node)->annotations);
        line();
        out += "module ";
        out += as<ModuleNode>(node)->path;
        return;
    case Kind::Import: {
        auto* it = as<ImportNode>(node);
        line();
        out += "import ";
        out += it->path;
        if (!it->bare) return;
        const char* between = " (";
        for (const Name& name : it->names) {
            out += between;
            out += name.text;
            between = ", ";
        }
        out += it->names.empty() ? " ()" : ")";
        return;
    }
    case Kind::ModuleValue: {
        auto* it = as<ModuleValueNode>(node);
        return field(it->stable ? "stable " : "var ", {it->head, it->type, it->initial});
    }
    case Kind::Definition: return method_definition(as<DefinitionNode>(node));
    case Kind::Class: {
        auto* it = as<ClassNode>(node);
        class_head("class ", it->head, it->superclass, it->traits);
        return hold(it->members, false);
    }
    case Kind::Record: {
        auto* it = as<RecordNode>(node);
        head(it->head);
        out += "record ";
        out += it->head.name.text;
        if (!it->parameters.empty()) parameters(it->parameters);
        if (!it->traits.empty()) {
            out += " with ";
            qualified_list(it->traits);
        }
        return hold(it->members, false);
    }
    case Kind::Trait: {
        auto* it = as<TraitNode>(node);
        class_head("trait ", it->head, nullptr, it->traits);
        return hold(it->members, false);
    }
    case Kind::Extend: {
        auto* it = as<ExtendNode>(node);
        head(it->head);
        out += "extend ";
        expression(it->target);
        if (!it->traits.empty()) {
            out += " with ";
            qualified_list(it->traits);
        }
        return hold(it->members, false);
    }
    case Kind::Actor: {
        auto* it = as<ActorNode>(node);
        class_head("actor ", it->head, it->superclass, it->traits);
        if (!it->state_version) return hold(it->members, true);
        out += ":\n";
        ++level_;
        line();
        out += "state_version ";
        expression(it->state_version);
        out += '\n';
        if (it->members.fields.empty() && !it->members.methods.empty()) out += '\n';
        members(it->members, true);
        --level_;
        return;
    }
    case Kind::Supervisor: return supervisor(as<SupervisorNode>(node));
    case Kind::Hook: {
        auto* it = as<HookNode>(node);
        head(it->head);
        out += "def ";
        out += it->head.name.text;
        return body(it->body);
    }
    case Kind::Once:
        head(as<OnceNode>(node)->head);
        out += "once";
        return body(as<OnceNode>(node)->body);
    case Kind::Test:
        head(as<TestNode>(node)->head);
        out += "test " + quoted(as<TestNode>(node)->title);
        return body(as<TestNode>(node)->body);
    default: return;
    }
}

std::string print(const SyntaxTree& tree) {
    Printer printer(0);
    printer.top_level(tree.top_level);
    return std::move(printer.out);
}

std::string print(const Node* node, int level) {
    Printer printer(level);
    bool is_expression = node->kind <= Kind::Error;
    if (is_expression)
        printer.expression(node);
    else
        printer.statement(node);
    return std::move(printer.out);
}

} // namespace indent::syntax
