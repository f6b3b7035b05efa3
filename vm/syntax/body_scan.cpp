#include "vm/syntax/body_scan.h"
#include <algorithm>

namespace indent::syntax {

namespace {

// Calls visit(child, in_block) for each child node; in_block: the child may run as a block.
template <class F>
void each_child(const Node* node, F visit);

template <class F>
void each_in(const Suite& suite, bool in_block, F& visit) {
    for (const Node* child : suite.statements) visit(child, in_block);
}
template <class F>
void each_pattern(const Pattern* pattern, F& visit) {
    if (!pattern) return;
    if (pattern->value) visit(pattern->value, false);
    for (const auto& entry : pattern->entries) {
        if (entry.key) visit(entry.key, false);
        each_pattern(entry.pattern, visit);
    }
}
template <class F>
void each_argument(Arguments arguments, F& visit) {
    for (const auto& argument : arguments) visit(argument.value, false);
}

template <class F>
void each_child(const Node* node, F visit) {
    auto one = [&](const Node* child) {
        if (child) visit(child, false);
    };
    switch (node->kind) {
    case Kind::Interpolation:
        for (const Node* part : as<InterpolationNode>(node)->parts) one(part);
        break;
    case Kind::List: each_argument(as<ListNode>(node)->elements, visit); break;
    case Kind::Tuple:
        for (const Node* element : as<TupleNode>(node)->elements) one(element);
        break;
    case Kind::Map:
        for (const auto& entry : as<MapNode>(node)->entries) one(entry.key), one(entry.value);
        break;
    case Kind::Range: one(as<RangeNode>(node)->low), one(as<RangeNode>(node)->high); break;
    case Kind::Send: {
        auto* send = as<SendNode>(node);
        one(send->receiver);
        each_argument(send->arguments, visit);
        one(send->block);
        break;
    }
    case Kind::SuperSend: {
        auto* send = as<SuperSendNode>(node);
        each_argument(send->arguments, visit);
        one(send->block);
        break;
    }
    case Kind::Call: {
        auto* call = as<CallNode>(node);
        each_argument(call->arguments, visit);
        one(call->block);
        break;
    }
    case Kind::CallValue: {
        auto* call = as<CallValueNode>(node);
        one(call->callee);
        each_argument(call->arguments, visit);
        one(call->block);
        break;
    }
    case Kind::Identity: one(as<IdentityNode>(node)->left), one(as<IdentityNode>(node)->right); break;
    case Kind::Membership: one(as<MembershipNode>(node)->left), one(as<MembershipNode>(node)->right); break;
    case Kind::And: one(as<AndNode>(node)->left), one(as<AndNode>(node)->right); break;
    case Kind::Or: one(as<OrNode>(node)->left), one(as<OrNode>(node)->right); break;
    case Kind::Not: one(as<NotNode>(node)->operand); break;
    case Kind::IfExpression: {
        auto* choice = as<IfExpressionNode>(node);
        one(choice->condition), one(choice->then_value), one(choice->else_value);
        break;
    }
    case Kind::Block: {
        auto* block = as<BlockNode>(node);
        for (const auto& parameter : block->parameters)
            if (parameter.initial) visit(parameter.initial, true);
        each_in(block->body, true, visit);
        break;
    }
    case Kind::ActorCall: {
        auto* call = as<ActorCallNode>(node);
        one(call->message), one(call->within), one(call->after), one(call->every), one(call->name);
        break;
    }
    case Kind::Let:
        each_pattern(as<LetNode>(node)->target, visit);
        one(as<LetNode>(node)->value);
        break;
    case Kind::Assign:
        one(as<AssignNode>(node)->target);
        each_pattern(as<AssignNode>(node)->pattern, visit);
        one(as<AssignNode>(node)->value);
        break;
    case Kind::If: {
        auto* choice = as<IfNode>(node);
        for (const auto& branch : choice->branches) {
            one(branch.condition);
            each_in(branch.body, false, visit);
        }
        each_in(choice->else_body, false, visit);
        break;
    }
    case Kind::While:
        one(as<WhileNode>(node)->condition);
        each_in(as<WhileNode>(node)->body, false, visit);
        break;
    case Kind::For:
        each_pattern(as<ForNode>(node)->target, visit);
        one(as<ForNode>(node)->iterable);
        each_in(as<ForNode>(node)->body, true, visit);
        break;
    case Kind::Loop: each_in(as<LoopNode>(node)->body, false, visit); break;
    case Kind::Return: one(as<ReturnNode>(node)->value); break;
    case Kind::Raise: one(as<RaiseNode>(node)->value); break;
    case Kind::Match: {
        auto* match = as<MatchNode>(node);
        one(match->subject);
        for (const auto& arm : match->cases) {
            each_pattern(arm.pattern, visit);
            one(arm.guard);
            each_in(arm.body, false, visit);
        }
        break;
    }
    case Kind::Try: {
        auto* guarded = as<TryNode>(node);
        each_in(guarded->body, false, visit);
        for (const auto& clause : guarded->catches) {
            one(clause.type);
            each_in(clause.body, true, visit);
        }
        each_in(guarded->finally_body, false, visit);
        break;
    }
    case Kind::Expect: one(as<ExpectNode>(node)->condition); break;
    case Kind::ExpectError:
        one(as<ExpectErrorNode>(node)->type);
        each_in(as<ExpectErrorNode>(node)->body, false, visit);
        break;
    default: break;
    }
}

void assigned_by_pattern(const Pattern* pattern, NameUse& use) {
    if (!pattern) return;
    if (!pattern->name.text.empty()) use.assigned.insert(pattern->name.text);
    for (const auto& entry : pattern->entries) assigned_by_pattern(entry.pattern, use);
}

void scan(const Node* node, bool in_block, NameUse& use) {
    if (node->kind == Kind::Name && in_block) use.in_blocks.insert(as<NameNode>(node)->text);
    if (node->kind == Kind::Call && in_block) use.in_blocks.insert(as<CallNode>(node)->name.text);
    if (auto* assign = try_as<AssignNode>(node)) {
        if (auto* target = try_as<NameNode>(assign->target)) use.assigned.insert(target->text);
        assigned_by_pattern(assign->pattern, use);
        if (in_block && assign->pattern) use.in_blocks.insert(use.assigned.begin(), use.assigned.end());
    }
    // A block that names the variable it is the value of sees it before it is set.
    if (auto* let = try_as<LetNode>(node);
        let && let->value && let->value->kind == Kind::Block && let->target->kind == PatternKind::Bind)
        use.assigned.insert(let->target->name.text);
    each_child(node,
               [&](const Node* child, bool child_in_block) { scan(child, in_block || child_in_block, use); });
}

bool mentions_beyond_message(const Node* node, std::string_view name) {
    if (auto* send = try_as<SendNode>(node)) {
        auto* receiver = try_as<NameNode>(send->receiver);
        if (receiver && receiver->text == name) {
            static constexpr std::string_view kHarmless[] = {"message", "to_text", "class", "inspect"};
            if (std::find(std::begin(kHarmless), std::end(kHarmless), send->selector.text) ==
                std::end(kHarmless))
                return true;
            return false;
        }
    }
    if (auto* text = try_as<InterpolationNode>(node)) {
        for (const Node* part : text->parts)
            if (part->kind != Kind::Name && mentions_beyond_message(part, name)) return true;
        return false;
    }
    if (auto* mention = try_as<NameNode>(node)) return mention->text == name;
    if (auto* call = try_as<CallNode>(node); call && call->name.text == name) return true;
    bool found = false;
    each_child(node, [&](const Node* child, bool) { found |= mentions_beyond_message(child, name); });
    return found;
}

} // namespace

NameUse scan_names(Nodes statements) {
    NameUse use;
    for (const Node* statement : statements) scan(statement, false, use);
    return use;
}

bool contains_return(const Node* node) {
    if (node->kind == Kind::Return) return true;
    bool found = false;
    each_child(node, [&](const Node* child, bool) { found = found || contains_return(child); });
    return found;
}
bool contains_return(const Suite& suite) {
    for (const Node* statement : suite.statements)
        if (contains_return(statement)) return true;
    return false;
}

bool may_resume(const CatchClause& clause) {
    if (clause.name.text.empty() || clause.name.text == "_") return false;
    for (const Node* statement : clause.body.statements)
        if (mentions_beyond_message(statement, clause.name.text)) return true;
    return false;
}

bool ends_abruptly(const Suite& suite) {
    if (suite.statements.empty()) return false;
    const Node* last = suite.statements.back();
    if (last->kind == Kind::Return || last->kind == Kind::Raise) return true;
    if (auto* choice = try_as<IfNode>(last)) {
        if (!choice->has_else || !ends_abruptly(choice->else_body)) return false;
        for (const auto& branch : choice->branches)
            if (!ends_abruptly(branch.body)) return false;
        return true;
    }
    return false;
}

} // namespace indent::syntax
