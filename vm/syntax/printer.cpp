// Parentheses stand only where the tree needs them. That is more than looks: a `do` suite cannot stand inside
// brackets, so an expression that holds one must come out exactly as free of them as it came in. Hence levels
// for every form, and the few places where the parser reads on (raise, the clauses of a verb) are told apart
// by whether a suite is in them.
#include "vm/syntax/printing.h"
#include "vm/syntax/text_literal.h"
#include "vm/syntax/token.h"
#include <charconv>
#include <cmath>

namespace indent::syntax {

namespace {

int operator_level(std::string_view op) {
    if (op == "+" || op == "-") return level_add;
    if (op == "*" || op == "/" || op == "//" || op == "%") return level_multiply;
    if (op == "**") return level_power;
    return level_compare;
}

bool is_index(const SendNode& send) {
    return send.is_operator && send.selector.text == "at";
}
bool is_negation(const SendNode& send) {
    return send.is_operator && send.selector.text == "negated";
}

bool is_negative(const Node* node) {
    if (auto* integer = try_as<IntegerNode>(node)) return integer->digits.starts_with('-');
    if (auto* real = try_as<FloatNode>(node)) return std::signbit(real->value);
    return false;
}

int level_of(const Node* node) {
    switch (node->kind) {
    case Kind::Or: return level_or;
    case Kind::And: return level_and;
    case Kind::Not: return level_not;
    case Kind::Identity:
    case Kind::Membership: return level_compare;
    case Kind::Range: return level_range;
    case Kind::Send: {
        auto* send = as<SendNode>(node);
        if (!send->is_operator || is_index(*send)) return level_postfix;
        if (is_negation(*send)) return level_unary;
        return operator_level(send->selector.text);
    }
    case Kind::Integer:
    case Kind::Float: return is_negative(node) ? level_unary : level_postfix;
    case Kind::ActorCall: {
        auto* call = as<ActorCallNode>(node);
        bool clauses = call->within || call->after || call->every || call->name;
        // A clause reads on over sums; without one the verb ends with its message.
        return clauses ? level_range : level_power;
    }
    case Kind::Block: return as<BlockNode>(node)->is_suite ? level_postfix : any;
    case Kind::Reference: return level_power;
    case Kind::IfExpression:
    case Kind::Raise:
    case Kind::Let:
    case Kind::Assign:
    case Kind::Return:
    case Kind::Break:
    case Kind::Continue:
    case Kind::Pass:
    case Kind::Expect:
    case Kind::ExpectError: return any;
    default: return level_postfix;
    }
}

// Whether the expression ends in a `do` suite, which is then the end of its line.
bool ends_in_suite(const Node* node) {
    if (!node) return false;
    switch (node->kind) {
    case Kind::Block: {
        auto* block = as<BlockNode>(node);
        return block->is_suite ||
               (!block->body.statements.empty() && ends_in_suite(block->body.statements.back()));
    }
    case Kind::Send: {
        auto* send = as<SendNode>(node);
        if (send->block) return true;
        if (is_negation(*send)) return ends_in_suite(send->receiver);
        return send->is_operator && !is_index(*send) && ends_in_suite(send->arguments.back().value);
    }
    case Kind::SuperSend: return as<SuperSendNode>(node)->block;
    case Kind::Call: return as<CallNode>(node)->block;
    case Kind::CallValue: return as<CallValueNode>(node)->block;
    case Kind::Not: return ends_in_suite(as<NotNode>(node)->operand);
    case Kind::And: return ends_in_suite(as<AndNode>(node)->right);
    case Kind::Or: return ends_in_suite(as<OrNode>(node)->right);
    case Kind::Identity: return ends_in_suite(as<IdentityNode>(node)->right);
    case Kind::Membership: return ends_in_suite(as<MembershipNode>(node)->right);
    case Kind::Range: return ends_in_suite(as<RangeNode>(node)->high);
    case Kind::Raise: return ends_in_suite(as<RaiseNode>(node)->value);
    case Kind::IfExpression: return ends_in_suite(as<IfExpressionNode>(node)->else_value);
    case Kind::ActorCall: return ends_in_suite(as<ActorCallNode>(node)->message);
    case Kind::Assign: return ends_in_suite(as<AssignNode>(node)->value);
    case Kind::Let: return ends_in_suite(as<LetNode>(node)->value);
    case Kind::Return: return ends_in_suite(as<ReturnNode>(node)->value);
    case Kind::Expect: return ends_in_suite(as<ExpectNode>(node)->condition);
    case Kind::ExpectError: return true;
    default: return false;
    }
}

} // namespace

// ---- expressions

void Printer::expression(const Node* node, int least) {
    bool open = level_of(node) < least;
    // What is open at its end cannot be closed with a bracket; it stands last, so it need not be.
    if (open && (node->kind == Kind::Raise || node->kind == Kind::ActorCall) && ends_in_suite(node))
        open = false;
    if (open) {
        out += '(';
        unparenthesised(node);
        out += ')';
    } else {
        unparenthesised(node);
    }
}

void Printer::binary(const Node* left, std::string_view op, const Node* right, int level, bool leans) {
    expression(left, leans ? level : level + 1);
    out += ' ';
    out += op;
    out += ' ';
    expression(right, level + 1);
}

void Printer::number(const Node* node) {
    if (auto* integer = try_as<IntegerNode>(node)) {
        std::string_view digits = integer->digits;
        if (digits.starts_with('-')) {
            out += '-';
            digits.remove_prefix(1);
        }
        if (integer->base == 16) out += "0x";
        if (integer->base == 2) out += "0b";
        out += digits;
        return;
    }
    char buffer[40];
    auto end = std::to_chars(buffer, buffer + sizeof buffer, as<FloatNode>(node)->value).ptr;
    std::string_view digits(buffer, static_cast<size_t>(end - buffer));
    out += digits;
    if (digits.find_first_of(".e") == std::string_view::npos) out += ".0";
}

// Where a statement begins, a name that is one of the language's words would be taken for it; and the actor
// verbs wherever a name may follow.
void Printer::name(std::string_view text, bool call) {
    Word word = find_word(text);
    bool verb = word >= Word::Ask && word <= Word::Stop;
    bool shielded = word != Word::None && (out.size() == statement_begin_ || (verb && !call));
    if (shielded) out += '(';
    out += text;
    if (shielded && !call) out += ')';
}

void Printer::unparenthesised(const Node* node) {
    switch (node->kind) {
    case Kind::Integer:
    case Kind::Float: return number(node);
    case Kind::Boolean: out += as<BooleanNode>(node)->value ? "true" : "false"; return;
    case Kind::Nil: out += "nil"; return;
    case Kind::Self: out += "self"; return;
    case Kind::Symbol:
        out += ':';
        out += as<SymbolNode>(node)->name;
        return;
    case Kind::Text: out += quoted(as<TextNode>(node)->value); return;
    case Kind::Interpolation:
        out += '"';
        for (const Node* part : as<InterpolationNode>(node)->parts) {
            if (auto* text = try_as<TextNode>(part)) {
                append_escaped(out, text->value);
            } else {
                out += '{';
                expression(part);
                out += '}';
            }
        }
        out += '"';
        return;
    case Kind::List: {
        out += '[';
        const char* between = "";
        for (const SpreadOr& element : as<ListNode>(node)->elements) {
            out += between;
            argument(element);
            between = ", ";
        }
        out += ']';
        return;
    }
    case Kind::Tuple: {
        auto* tuple = as<TupleNode>(node);
        out += '(';
        const char* between = "";
        for (const Node* element : tuple->elements) {
            out += between;
            expression(element);
            between = ", ";
        }
        out += tuple->elements.size() == 1 ? ",)" : ")";
        return;
    }
    case Kind::Map: {
        out += '{';
        const char* between = "";
        for (const MapEntry& entry : as<MapNode>(node)->entries) {
            out += between;
            key(entry.key);
            out += ": ";
            expression(entry.value);
            between = ", ";
        }
        out += '}';
        return;
    }
    case Kind::Range: {
        auto* range = as<RangeNode>(node);
        expression(range->low, level_range + 1);
        out += range->exclusive ? "..<" : "..";
        expression(range->high, level_range + 1);
        return;
    }
    case Kind::Name: return name(as<NameNode>(node)->text, false);
    case Kind::Send: return send(as<SendNode>(node));
    case Kind::SuperSend: {
        auto* it = as<SuperSendNode>(node);
        out += "super.";
        out += it->selector.text;
        if (!it->arguments.empty()) arguments(it->arguments);
        if (it->block) block(it->block);
        return;
    }
    case Kind::Call: {
        auto* it = as<CallNode>(node);
        size_t before = out.size();
        if (it->block) {
            out += it->name.text;
        } else {
            name(it->name.text, true);
        }
        bool shielded = out[before] == '(';
        if (it->parentheses || !it->block) arguments(it->arguments);
        if (shielded) out += ')';
        if (it->block) block(it->block);
        return;
    }
    case Kind::CallValue: {
        auto* it = as<CallValueNode>(node);
        callee(it->callee);
        arguments(it->arguments);
        if (it->block) block(it->block);
        return;
    }
    case Kind::Identity: {
        auto* it = as<IdentityNode>(node);
        return binary(it->left, it->negated ? "is not" : "is", it->right, level_compare, false);
    }
    case Kind::Membership: {
        auto* it = as<MembershipNode>(node);
        return binary(it->left, it->negated ? "not in" : "in", it->right, level_compare, false);
    }
    case Kind::And: return binary(as<AndNode>(node)->left, "and", as<AndNode>(node)->right, level_and, true);
    case Kind::Or: return binary(as<OrNode>(node)->left, "or", as<OrNode>(node)->right, level_or, true);
    case Kind::Not: out += "not "; return expression(as<NotNode>(node)->operand, level_not);
    case Kind::IfExpression: {
        auto* it = as<IfExpressionNode>(node);
        out += "if ";
        expression(it->condition);
        out += " then ";
        expression(it->then_value);
        out += " else ";
        return expression(it->else_value);
    }
    case Kind::Block:
        return as<BlockNode>(node)->is_suite ? block(as<BlockNode>(node)) : arrow_block(as<BlockNode>(node));
    case Kind::Reference: {
        out += '&';
        const char* between = "";
        for (const Name& part : as<ReferenceNode>(node)->path) {
            out += between;
            out += part.text;
            between = ".";
        }
        return;
    }
    case Kind::ActorCall: {
        auto* it = as<ActorCallNode>(node);
        constexpr const char* verbs[] = {"spawn ", "send ", "ask ", "watch ", "stop "};
        out += verbs[static_cast<size_t>(it->verb)];
        if (it->message->kind == Kind::ActorCall)
            unparenthesised(it->message); // watch spawn X()
        else
            expression(it->message, level_postfix);
        clause(" within ", it->within);
        clause(" after ", it->after);
        clause(" every ", it->every);
        clause(" as ", it->name);
        return;
    }
    case Kind::Error: out += "<error>"; return;
    case Kind::Let: {
        auto* it = as<LetNode>(node);
        out += "let ";
        pattern(*it->target);
        if (it->type) {
            out += ": ";
            expression(it->type);
        }
        out += " = ";
        return expression(it->value);
    }
    case Kind::Assign: {
        auto* it = as<AssignNode>(node);
        if (it->pattern)
            pattern(*it->pattern);
        else
            expression(it->target);
        out += ' ';
        out += it->op;
        out += "= ";
        return expression(it->value);
    }
    case Kind::Break: out += "break"; return;
    case Kind::Continue: out += "continue"; return;
    case Kind::Pass: out += "pass"; return;
    case Kind::Return:
        out += "return";
        if (as<ReturnNode>(node)->value) {
            out += ' ';
            expression(as<ReturnNode>(node)->value);
        }
        return;
    case Kind::Raise: out += "raise "; return expression(as<RaiseNode>(node)->value);
    case Kind::Expect: out += "expect "; return expression(as<ExpectNode>(node)->condition);
    case Kind::ExpectError: {
        auto* it = as<ExpectErrorNode>(node);
        out += "expect_error ";
        if (it->type) {
            expression(it->type);
            out += ' ';
        }
        out += "do";
        return body(it->body);
    }
    default: out += "<statement>"; return;
    }
}

void Printer::clause(const char* word, const Node* value) {
    if (!value) return;
    out += word;
    expression(value, level_add);
}

void Printer::key(const Node* node) {
    if (auto* symbol = try_as<SymbolNode>(node)) {
        out += symbol->name;
        return;
    }
    bool literal = node->kind == Kind::Text || node->kind == Kind::Interpolation ||
                   node->kind == Kind::Integer || node->kind == Kind::Float;
    if (!literal) out += '(';
    expression(node);
    if (!literal) out += ')';
}

// What is called as a value: a bare name or selector in front of `(` would be a call or a send.
void Printer::callee(const Node* node) {
    auto* send = try_as<SendNode>(node);
    bool bare = (send && (is_index(*send) || (!send->is_operator && send->parentheses))) ||
                node->kind == Kind::Call || node->kind == Kind::CallValue;
    if (bare) return unparenthesised(node);
    out += '(';
    unparenthesised(node);
    out += ')';
}

void Printer::send(const SendNode* node) {
    if (is_index(*node)) {
        expression(node->receiver, level_postfix);
        out += '[';
        const char* between = "";
        for (const SpreadOr& argument : node->arguments) {
            out += between;
            expression(argument.value);
            between = ", ";
        }
        out += ']';
        return;
    }
    if (is_negation(*node)) {
        size_t at = out.size();
        out += '-';
        expression(node->receiver, level_unary);
        // A sign that touches a number would become part of it.
        if (out[at + 1] >= '0' && out[at + 1] <= '9') out.insert(at + 1, 1, ' ');
        return;
    }
    if (node->is_operator) {
        int level = operator_level(node->selector.text);
        const Node* right = node->arguments[0].value;
        if (level == level_power) {
            expression(node->receiver, level_postfix);
            out += " ** ";
            return expression(right, level_unary);
        }
        return binary(node->receiver, node->selector.text, right, level, level != level_compare);
    }
    expression(node->receiver, level_postfix);
    continue_line();
    out += '.';
    out += node->selector.text;
    if (node->parentheses || !node->arguments.empty()) arguments(node->arguments);
    if (node->block) block(node->block);
}

void Printer::argument(const SpreadOr& argument) {
    if (!argument.label.text.empty()) {
        out += argument.label.text;
        out += ": ";
    }
    if (argument.spread) out += '*';
    expression(argument.value);
}

void Printer::arguments(Arguments list) {
    out += '(';
    const char* between = "";
    for (const SpreadOr& one : list) {
        out += between;
        argument(one);
        between = ", ";
    }
    out += ')';
}

void Printer::parameter(const Parameter& parameter) {
    if (parameter.rest) out += '*';
    if (parameter.pattern)
        pattern(*parameter.pattern);
    else
        out += parameter.name.text;
    if (parameter.type) {
        out += ": ";
        expression(parameter.type);
    }
    if (parameter.initial) {
        out += " = ";
        expression(parameter.initial);
    }
}

void Printer::parameters(Parameters list) {
    out += '(';
    const char* between = "";
    for (const Parameter& one : list) {
        out += between;
        parameter(one);
        between = ", ";
    }
    out += ')';
}

void Printer::block(const BlockNode* node) {
    if (!out.empty() && out.back() != ' ' && out.back() != '\n' && out.size() != statement_begin_) out += ' ';
    out += "do";
    const char* between = " ";
    for (const Parameter& one : node->parameters) {
        out += between;
        parameter(one);
        between = ", ";
    }
    body(node->body);
}

void Printer::arrow_block(const BlockNode* node) {
    bool plain = node->parameters.size() == 1 && !node->parameters[0].rest && !node->parameters[0].type &&
                 !node->parameters[0].initial && !node->parameters[0].pattern;
    if (plain)
        out += node->parameters[0].name.text;
    else
        parameters(node->parameters);
    out += " -> ";
    size_t outer = statement_begin_;
    statement_begin_ = out.size();
    unparenthesised(node->body.statements[0]);
    statement_begin_ = outer;
}

// ---- patterns

void Printer::pattern_list(const Pattern& p, const char* open, const char* close) {
    out += open;
    for (size_t i = 0; i < p.entries.size(); ++i) {
        if (i > 0) out += ", ";
        const PatternEntry& entry = p.entries[i];
        if (entry.key) {
            key(entry.key);
            out += ": ";
        }
        if (p.rest == static_cast<int>(i)) out += '*';
        pattern(*entry.pattern);
    }
    out += close;
}

void Printer::pattern(const Pattern& p, bool in_either) {
    switch (p.kind) {
    case PatternKind::Ignore: out += '_'; return;
    case PatternKind::Bind: out += p.name.text; return;
    case PatternKind::Literal:
    case PatternKind::Range: return expression(p.value);
    case PatternKind::Type:
        if (auto* name = try_as<NameNode>(p.value); name && !name->capital()) out += "_ is ";
        return expression(p.value);
    case PatternKind::BindType:
        out += p.name.text;
        out += " is ";
        return expression(p.value);
    case PatternKind::Tuple: return pattern_list(p, "(", p.entries.size() == 1 ? ",)" : ")");
    case PatternKind::List: return pattern_list(p, "[", "]");
    case PatternKind::Record: expression(p.value); return pattern_list(p, "(", ")");
    case PatternKind::Map: return pattern_list(p, "{", "}");
    case PatternKind::Either: {
        if (in_either) out += '(';
        const char* between = "";
        for (const PatternEntry& part : p.entries) {
            out += between;
            pattern(*part.pattern, true);
            between = " | ";
        }
        if (in_either) out += ')';
        return;
    }
    }
}

} // namespace indent::syntax
