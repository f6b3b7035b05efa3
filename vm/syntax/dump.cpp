#include "vm/syntax/dump.h"
#include "vm/syntax/text_literal.h"
#include <cstdio>

namespace indent::syntax {

namespace {

class Dumper {
  public:
    std::string out;

    void tree(const SyntaxTree& tree) {
        for (const Node* n : tree.top_level) {
            node(n);
            out += '\n';
        }
    }

    void node(const Node* n);
    void pattern(const Pattern& p);

  private:
    void word(std::string_view text) {
        space();
        out += text;
    }
    // A space unless something has just been opened.
    void space() {
        if (!out.empty() && out.back() != '(' && out.back() != '\n' && out.back() != '[') out += ' ';
    }
    void open(std::string_view text) {
        space();
        out += '(';
        out += text;
    }
    void close() { out += ')'; }
    void text(std::string_view value) { word(quoted(value)); }

    template <class... Parts>
    void all(std::string_view name, Parts... parts) {
        open(name);
        (node(parts), ...);
        close();
    }
    void nodes(Nodes list) {
        for (const Node* n : list) node(n);
    }
    void optional(std::string_view name, const Node* n) {
        if (!n) return;
        open(name);
        node(n);
        close();
    }
    void arguments(Arguments list) {
        for (const SpreadOr& argument : list) {
            if (!argument.label.text.empty()) {
                open("label");
                word(argument.label.text);
                node(argument.value);
                close();
            } else if (argument.spread) {
                all("spread", argument.value);
            } else {
                node(argument.value);
            }
        }
    }
    void parameters(Parameters list) {
        space();
        out += '[';
        for (const Parameter& parameter : list) {
            open(parameter.rest ? "rest" : "parameter");
            if (parameter.pattern)
                pattern(*parameter.pattern);
            else
                word(parameter.name.text);
            optional("type", parameter.type);
            optional("default", parameter.initial);
            close();
        }
        out += ']';
    }
    void suite(std::string_view name, const Suite& suite) {
        open(name);
        nodes(suite.statements);
        close();
    }
    void head(const DefinitionHead& head) {
        word(head.name.text.empty() ? "-" : head.name.text);
        if (!head.doc.empty()) {
            open("doc");
            text(head.doc);
            close();
        }
        for (const Annotation& annotation : head.annotations) {
            open("annotation");
            word(annotation.name.text);
            arguments(annotation.arguments);
            close();
        }
    }
    void behaviour(const Behaviour& members) {
        for (const FieldDeclaration& field : members.fields) {
            open("field");
            head(field.head);
            optional("type", field.type);
            optional("default", field.initial);
            close();
        }
        for (const DefinitionNode* method : members.methods) node(method);
    }
    void traits(Nodes list) {
        if (list.empty()) return;
        open("with");
        nodes(list);
        close();
    }
};

const char* verb_name(ActorVerb verb) {
    switch (verb) {
    case ActorVerb::Spawn: return "spawn";
    case ActorVerb::Send: return "send-message";
    case ActorVerb::Ask: return "ask";
    case ActorVerb::Watch: return "watch";
    case ActorVerb::Stop: return "stop";
    }
    return "";
}

void Dumper::node(const Node* n) {
    if (!n) return word("_");
    switch (n->kind) {
    case Kind::Integer: {
        auto* it = as<IntegerNode>(n);
        std::string prefix = it->base == 16 ? "0x" : it->base == 2 ? "0b" : "";
        return word(prefix + std::string(it->digits));
    }
    case Kind::Float: {
        char digits[40];
        std::snprintf(digits, sizeof digits, "%.17g", as<FloatNode>(n)->value);
        open("float");
        word(digits);
        return close();
    }
    case Kind::Boolean: return word(as<BooleanNode>(n)->value ? "true" : "false");
    case Kind::Nil: return word("nil");
    case Kind::Symbol: return word(":" + std::string(as<SymbolNode>(n)->name));
    case Kind::Text: return text(as<TextNode>(n)->value);
    case Kind::Interpolation:
        open("text");
        nodes(as<InterpolationNode>(n)->parts);
        return close();
    case Kind::List:
        open("list");
        arguments(as<ListNode>(n)->elements);
        return close();
    case Kind::Tuple:
        open("tuple");
        nodes(as<TupleNode>(n)->elements);
        return close();
    case Kind::Map:
        open("map");
        for (const MapEntry& entry : as<MapNode>(n)->entries) all("", entry.key, entry.value);
        return close();
    case Kind::Range: {
        auto* it = as<RangeNode>(n);
        return all(it->exclusive ? "..<" : "..", it->low, it->high);
    }
    case Kind::Name: return word(as<NameNode>(n)->text);
    case Kind::Self: return word("self");
    case Kind::Send: {
        auto* it = as<SendNode>(n);
        open("send");
        node(it->receiver);
        word(it->selector.text);
        arguments(it->arguments);
        if (it->block) node(it->block);
        return close();
    }
    case Kind::SuperSend: {
        auto* it = as<SuperSendNode>(n);
        open("super");
        word(it->selector.text);
        arguments(it->arguments);
        if (it->block) node(it->block);
        return close();
    }
    case Kind::Call: {
        auto* it = as<CallNode>(n);
        open("call");
        word(it->name.text);
        arguments(it->arguments);
        if (it->block) node(it->block);
        return close();
    }
    case Kind::CallValue: {
        auto* it = as<CallValueNode>(n);
        open("call-value");
        node(it->callee);
        arguments(it->arguments);
        if (it->block) node(it->block);
        return close();
    }
    case Kind::Identity: {
        auto* it = as<IdentityNode>(n);
        return all(it->negated ? "is-not" : "is", it->left, it->right);
    }
    case Kind::Membership: {
        auto* it = as<MembershipNode>(n);
        return all(it->negated ? "not-in" : "in", it->left, it->right);
    }
    case Kind::And: return all("and", as<AndNode>(n)->left, as<AndNode>(n)->right);
    case Kind::Or: return all("or", as<OrNode>(n)->left, as<OrNode>(n)->right);
    case Kind::Not: return all("not", as<NotNode>(n)->operand);
    case Kind::IfExpression: {
        auto* it = as<IfExpressionNode>(n);
        return all("if-then", it->condition, it->then_value, it->else_value);
    }
    case Kind::Block: {
        auto* it = as<BlockNode>(n);
        open(it->is_suite ? "do" : "block");
        parameters(it->parameters);
        nodes(it->body.statements);
        return close();
    }
    case Kind::Reference: {
        std::string path = "&";
        for (const Name& name : as<ReferenceNode>(n)->path) {
            if (path.size() > 1) path += '.';
            path += name.text;
        }
        return word(path);
    }
    case Kind::ActorCall: {
        auto* it = as<ActorCallNode>(n);
        open(verb_name(it->verb));
        node(it->message);
        optional("within", it->within);
        optional("after", it->after);
        optional("every", it->every);
        optional("as", it->name);
        return close();
    }
    case Kind::Error: return word("<error>");
    case Kind::Let: {
        auto* it = as<LetNode>(n);
        open("let");
        pattern(*it->target);
        optional("type", it->type);
        node(it->value);
        return close();
    }
    case Kind::Assign: {
        auto* it = as<AssignNode>(n);
        open(std::string(it->op) + "=");
        if (it->pattern)
            pattern(*it->pattern);
        else
            node(it->target);
        node(it->value);
        return close();
    }
    case Kind::If: {
        auto* it = as<IfNode>(n);
        open("if");
        for (const Branch& branch : it->branches) {
            open("when");
            node(branch.condition);
            nodes(branch.body.statements);
            close();
        }
        if (it->has_else) suite("else", it->else_body);
        return close();
    }
    case Kind::While:
        open("while");
        node(as<WhileNode>(n)->condition);
        nodes(as<WhileNode>(n)->body.statements);
        return close();
    case Kind::For:
        open("for");
        pattern(*as<ForNode>(n)->target);
        node(as<ForNode>(n)->iterable);
        nodes(as<ForNode>(n)->body.statements);
        return close();
    case Kind::Loop: return suite("loop", as<LoopNode>(n)->body);
    case Kind::Break: return word("(break)");
    case Kind::Continue: return word("(continue)");
    case Kind::Return: return all("return", as<ReturnNode>(n)->value);
    case Kind::Raise: return all("raise", as<RaiseNode>(n)->value);
    case Kind::Match: {
        auto* it = as<MatchNode>(n);
        open("match");
        node(it->subject);
        for (const MatchCase& one : it->cases) {
            open("case");
            pattern(*one.pattern);
            optional("guard", one.guard);
            nodes(one.body.statements);
            close();
        }
        return close();
    }
    case Kind::Try: {
        auto* it = as<TryNode>(n);
        open("try");
        nodes(it->body.statements);
        for (const CatchClause& clause : it->catches) {
            open("catch");
            word(clause.name.text.empty() ? "_" : clause.name.text);
            node(clause.type);
            nodes(clause.body.statements);
            close();
        }
        if (it->has_finally) suite("finally", it->finally_body);
        return close();
    }
    case Kind::Pass: return word("(pass)");
    case Kind::Expect: return all("expect", as<ExpectNode>(n)->condition);
    case Kind::ExpectError:
        open("expect-error");
        node(as<ExpectErrorNode>(n)->type);
        nodes(as<ExpectErrorNode>(n)->body.statements);
        return close();
    case Kind::Module: {
        auto* it = as<ModuleNode>(n);
        open("module");
        word(it->path);
        if (!it->doc.empty()) text(it->doc);
        return close();
    }
    case Kind::Import: {
        auto* it = as<ImportNode>(n);
        open("import");
        word(it->path);
        if (it->bare) {
            open("names");
            for (const Name& name : it->names) word(name.text);
            close();
        }
        return close();
    }
    case Kind::ModuleValue: {
        auto* it = as<ModuleValueNode>(n);
        open(it->stable ? "stable" : "var");
        head(it->head);
        optional("type", it->type);
        node(it->initial);
        return close();
    }
    case Kind::Definition: {
        auto* it = as<DefinitionNode>(n);
        open(it->role == DefinitionRole::On ? "on" : it->class_side ? "class-def" : "def");
        head(it->head);
        parameters(it->parameters);
        optional("type", it->result_type);
        if (!it->primitive) nodes(it->body.statements);
        return close();
    }
    case Kind::Class: {
        auto* it = as<ClassNode>(n);
        open("class");
        head(it->head);
        optional("extends", it->superclass);
        traits(it->traits);
        behaviour(it->members);
        return close();
    }
    case Kind::Record: {
        auto* it = as<RecordNode>(n);
        open("record");
        head(it->head);
        parameters(it->parameters);
        traits(it->traits);
        behaviour(it->members);
        return close();
    }
    case Kind::Trait: {
        auto* it = as<TraitNode>(n);
        open("trait");
        head(it->head);
        traits(it->traits);
        behaviour(it->members);
        return close();
    }
    case Kind::Extend: {
        auto* it = as<ExtendNode>(n);
        open("extend");
        head(it->head);
        node(it->target);
        traits(it->traits);
        behaviour(it->members);
        return close();
    }
    case Kind::Actor: {
        auto* it = as<ActorNode>(n);
        open("actor");
        head(it->head);
        optional("extends", it->superclass);
        traits(it->traits);
        optional("state-version", it->state_version);
        behaviour(it->members);
        return close();
    }
    case Kind::Supervisor: {
        auto* it = as<SupervisorNode>(n);
        open("supervisor");
        head(it->head);
        if (it->strategy) {
            open("strategy");
            node(it->strategy);
            arguments(it->options);
            close();
        }
        for (const ChildDeclaration& child : it->children) {
            open("child");
            node(child.spawn);
            optional("as", child.name);
            arguments(child.options);
            close();
        }
        behaviour(it->members);
        return close();
    }
    case Kind::Hook: {
        auto* it = as<HookNode>(n);
        open("hook");
        head(it->head);
        nodes(it->body.statements);
        return close();
    }
    case Kind::Once: {
        auto* it = as<OnceNode>(n);
        open("once");
        head(it->head);
        nodes(it->body.statements);
        return close();
    }
    case Kind::Test: {
        auto* it = as<TestNode>(n);
        open("test");
        head(it->head);
        text(it->title);
        nodes(it->body.statements);
        return close();
    }
    }
}

void Dumper::pattern(const Pattern& p) {
    auto parts = [&](std::string_view name) {
        open(name);
        if (p.kind == PatternKind::Record) node(p.value);
        for (size_t i = 0; i < p.entries.size(); ++i) {
            const PatternEntry& entry = p.entries[i];
            bool rest = p.rest == static_cast<int>(i);
            if (rest) open("rest");
            if (entry.key) {
                open("");
                node(entry.key);
            }
            pattern(*entry.pattern);
            if (entry.key) close();
            if (rest) close();
        }
        close();
    };
    switch (p.kind) {
    case PatternKind::Ignore: return word("_");
    case PatternKind::Bind: return word(p.name.text);
    case PatternKind::Literal:
    case PatternKind::Range: return all("value", p.value);
    case PatternKind::Type: return all("type", p.value);
    case PatternKind::BindType:
        open("is");
        word(p.name.text);
        node(p.value);
        return close();
    case PatternKind::Tuple: return parts("tuple");
    case PatternKind::List: return parts("list");
    case PatternKind::Record: return parts("record");
    case PatternKind::Map: return parts("map");
    case PatternKind::Either: return parts("either");
    }
}

} // namespace

std::string dump(const SyntaxTree& tree) {
    Dumper dumper;
    dumper.tree(tree);
    return std::move(dumper.out);
}

std::string dump(const Node* node) {
    Dumper dumper;
    dumper.node(node);
    return std::move(dumper.out);
}

std::string dump(const Pattern& pattern) {
    Dumper dumper;
    dumper.pattern(pattern);
    return std::move(dumper.out);
}

} // namespace indent::syntax
