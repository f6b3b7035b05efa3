// Statements, patterns and definitions' bodies into nodes.
#include "vm/interp/block.h"
#include "vm/interp/maker_scope.h"
#include "vm/interp/stepping.h"

namespace indent {

using syntax::PatternKind;

namespace {
bool is_definition(syntax::Kind kind) {
    return kind >= syntax::Kind::Module && kind != syntax::Kind::ModuleValue && kind != syntax::Kind::Once;
}
} // namespace

Node* Maker::statements(syntax::Nodes nodes, bool tail) {
    std::vector<Node*> made;
    syntax::Span span;
    for (size_t i = 0; i < nodes.size(); ++i) {
        const syntax::Node* node = nodes[i];
        if (is_definition(node->kind)) continue;
        span = node->span;
        if (Stepper::here()) [[unlikely]]
            made.push_back(placed(make_step(arena()), node, b_.next));
        bool last = i + 1 == nodes.size();
        // `if c: return a` with more behind it: the rest is its else, and no completion is needed.
        if (auto* choice = syntax::try_as<syntax::IfNode>(node);
            choice && tail && !last && !choice->has_else && !b_.top_level) {
            bool leaves = true;
            for (const auto& branch : choice->branches) leaves &= ends_abruptly(branch.body);
            if (leaves) {
                made.push_back(if_statement(choice, 0, true, nodes.subspan(i + 1)));
                break;
            }
        }
        made.push_back(statement(node, tail && last));
    }
    Node* sequence = make_sequence(arena(), made);
    if (!sequence->code) placed(sequence, span, b_.next);
    return sequence;
}

Node* Maker::suite(const syntax::Suite& suite, bool tail) {
    const Environment* environment = b_.environment;
    const unsigned first = b_.next;
    ++b_.suite_depth;
    Node* body = statements(suite.statements, tail);
    --b_.suite_depth;
    if (close_from(first) >= 0 && b_.environment != environment)
        body = placed(make_closing_scope(arena(), body, uint16_t(first)), suite.span, b_.next);
    b_.environment = environment;
    b_.next = first;
    return body;
}

Node* Maker::if_statement(const syntax::IfNode* node, size_t branch, bool tail, syntax::Nodes rest) {
    Node* condition = expression(node->branches[branch].condition);
    Node* then_body = suite(node->branches[branch].body, tail);
    Node* else_body = nullptr;
    if (branch + 1 < node->branches.size())
        else_body = if_statement(node, branch + 1, tail, rest);
    else if (node->has_else)
        else_body = suite(node->else_body, tail);
    else if (!rest.empty())
        else_body = statements(rest, tail);
    return placed(make_if(arena(), condition, then_body, else_body), node, b_.next);
}

Node* Maker::while_statement(const syntax::Node* at, const syntax::Node* condition,
                             const syntax::Suite& body) {
    Node* test = condition ? expression(condition) : nullptr;
    const Environment* environment = b_.environment;
    const unsigned first = b_.next;
    ++b_.loops;
    ++b_.suite_depth;
    Node* made = statements(body.statements, false);
    --b_.suite_depth;
    --b_.loops;
    int close = b_.environment != environment ? close_from(first) : -1;
    b_.environment = environment;
    b_.next = first;
    return placed(make_loop(arena(), test, made, close), at, b_.next);
}

Node* Maker::statement(const syntax::Node* node, bool tail) {
    const unsigned temp = b_.next;
    switch (node->kind) {
    case syntax::Kind::Let: return let(syntax::as<syntax::LetNode>(node));
    case syntax::Kind::Assign: return assign(syntax::as<syntax::AssignNode>(node));
    case syntax::Kind::If: return if_statement(syntax::as<syntax::IfNode>(node), 0, tail, {});
    case syntax::Kind::While: {
        auto* loop = syntax::as<syntax::WhileNode>(node);
        return while_statement(node, loop->condition, loop->body);
    }
    case syntax::Kind::Loop: return while_statement(node, nullptr, syntax::as<syntax::LoopNode>(node)->body);
    case syntax::Kind::For: {
        auto* loop = syntax::as<syntax::ForNode>(node);
        // The target is the parameter of the body: (a, b) two of them, anything else one.
        std::vector<syntax::Parameter> parameters;
        auto parameter_of = [](const syntax::Pattern* pattern) {
            syntax::Parameter parameter;
            parameter.span = pattern->span;
            if (pattern->kind == PatternKind::Bind)
                parameter.name = pattern->name;
            else
                parameter.pattern = pattern;
            return parameter;
        };
        if (loop->target->kind == PatternKind::Tuple && loop->target->entries.size() == 2)
            for (const auto& entry : loop->target->entries) parameters.push_back(parameter_of(entry.pattern));
        else
            parameters.push_back(parameter_of(loop->target));
        return inline_loop(sym::each, loop->iterable, arena().copy(parameters), true, loop->body, node, true);
    }
    case syntax::Kind::Break:
        if (!b_.loops) return failure(node, "ParseError", "`break` stands outside a loop");
        return placed(make_break(arena()), node, temp);
    case syntax::Kind::Continue:
        if (!b_.loops) return failure(node, "ParseError", "`continue` stands outside a loop");
        return placed(make_continue(arena()), node, temp);
    case syntax::Kind::Return: {
        auto* leave = syntax::as<syntax::ReturnNode>(node);
        Node* value =
            leave->value ? expression(leave->value) : placed(make_literal(arena(), Value::nil()), node, temp);
        return tail && !b_.is_block ? value : placed(make_return(arena(), value), node, temp);
    }
    case syntax::Kind::Pass: return placed(make_literal(arena(), Value::nil()), node, temp);
    case syntax::Kind::Match: return match(syntax::as<syntax::MatchNode>(node), tail);
    case syntax::Kind::Try: return try_statement(syntax::as<syntax::TryNode>(node), tail);
    case syntax::Kind::Expect: return expect(syntax::as<syntax::ExpectNode>(node));
    case syntax::Kind::ExpectError: return expect_error(syntax::as<syntax::ExpectErrorNode>(node));
    case syntax::Kind::ModuleValue: {
        auto* definition = syntax::as<syntax::ModuleValueNode>(node);
        Binding* binding = find_binding(vm_.runtime, b_.module, definition->head.name.text);
        if (!binding || !definition->initial) return placed(make_literal(arena(), Value::nil()), node, temp);
        return placed(make_set_module_value(arena(), binding, expression(definition->initial)), node, temp);
    }
    case syntax::Kind::Once: return suite(syntax::as<syntax::OnceNode>(node)->body, false);
    default:
        if (is_definition(node->kind)) return placed(make_literal(arena(), Value::nil()), node, temp);
        return expression(node, true);
    }
}

Node* Maker::let(const syntax::LetNode* node) {
    const unsigned temp = b_.next;
    if (node->target->kind != PatternKind::Bind) {
        Node* value = expression(node->value);
        return destructure(node->target, value, node->span);
    }
    std::string_view name = node->target->name.text;
    if (b_.workspace && b_.top_level && b_.suite_depth == 0) {
        Node* value = expression(node->value);
        b_.workspace->declare(name);
        return placed(write_variable(name, value), node, temp);
    }
    if (node->value->kind == syntax::Kind::Block && b_.names->assigned.count(name)) {
        // The block may name the variable: it is declared, as nil, before the block is made.
        uint16_t slot = take();
        declare(name, slot);
        Node* nil = placed(make_literal(arena(), Value::nil()), node, b_.next);
        Node* begin = placed(make_set_local(arena(), slot, nil), node, b_.next);
        Node* set = placed(make_set_local(arena(), slot, expression(node->value)), node, b_.next);
        return placed(make_sequence(arena(), std::vector<Node*>{begin, set}), node, b_.next);
    }
    Node* value = expression(node->value);
    uint16_t slot = take();
    declare(name, slot);
    return placed(make_set_local(arena(), slot, value), node, b_.next);
}

Node* Maker::assign(const syntax::AssignNode* node) {
    const unsigned temp = b_.next;
    if (node->pattern) {
        Node* value = expression(node->value);
        return destructure(node->pattern, value, node->span, true);
    }
    SymbolId op = node->op.empty() ? sym::none : symbol(node->op);
    if (auto* target = syntax::try_as<syntax::NameNode>(node->target)) {
        std::string_view name = target->text;
        Node* value = nullptr;
        if (op != sym::none) {
            Node* read = read_variable(name);
            if (!read) {
                Binding* binding = find_binding(vm_.runtime, b_.module, name);
                if (!binding) return failure(node, "NotUnderstood", undefined_message(name));
                read = above(temp + 1, [&] { return binding_value(binding, target); });
            }
            if (!read->code) placed(read, target, temp + 1);
            Node* right = operand(node->value, temp + 2);
            value = binary_of(op, read, right, node->span, temp);
        } else {
            value = expression(node->value);
        }
        if (Node* write = write_variable(name, value)) return placed(write, node, temp);
        Binding* binding = find_binding(vm_.runtime, b_.module, name);
        if (binding && (binding->kind == Binding::Stable || binding->kind == Binding::Var)) {
            if (b_.sets_module_values && binding->module->path == b_.module->path)
                return placed(make_set_module_value(arena(), binding, value), node, temp);
            return failure(node, "FrozenError",
                           "`" + std::string(name) + "` is a value of module `" + binding->module->path +
                               "`, which only its top level, `once` and its reload hooks assign: use an "
                               "`Atom`, or an actor");
        }
        if (b_.top_level && b_.assign_declares && op == sym::none) {
            if (b_.workspace) {
                b_.workspace->declare(name);
                return placed(write_variable(name, value), node, temp);
            }
            uint16_t slot = take();
            declare(name, slot);
            return placed(make_set_local(arena(), slot, value), node, b_.next);
        }
        return failure(node, "NotUnderstood",
                       undefined_message(name) + "; `let " + std::string(name) + " = …` declares a local");
    }
    auto* element = syntax::as<syntax::SendNode>(node->target);
    SymbolId at = symbol(element->selector.text);
    if (at != sym::at || element->arguments.empty())
        return failure(node, "NotUnderstood", "only a name or an element in [ ] can be assigned to");
    if (element->arguments.size() > 1) {
        std::vector<Node*> nodes{operand(element->receiver, temp + 1)};
        for (size_t i = 0; i < element->arguments.size(); ++i)
            nodes.push_back(operand(element->arguments[i].value, temp + 2 + unsigned(i)));
        if (op != sym::none)
            return failure(node, "NotUnderstood", "an element of several indexes takes only `=`");
        nodes.push_back(operand(node->value, temp + 2 + unsigned(nodes.size())));
        return site(sym::at_put, nodes, nullptr, node->span, temp);
    }
    const syntax::Node* index_node = element->arguments[0].value;
    if (op == sym::none) {
        Node* receiver = operand(element->receiver, temp + 2);
        Node* index = operand(index_node, temp + 3);
        Node* value = operand(node->value, temp + 4);
        SendSite* send = site(sym::at_put, std::vector<Node*>{receiver, index, value}, nullptr, node->span,
                              temp + 1, true);
        reserve(temp + 8);
        return placed(make_index_set(arena(), receiver, index, value, send), node, temp);
    }
    // xs[i] += v: receiver and index are evaluated once, into slots.
    Node* receiver = operand(element->receiver, temp);
    Node* index = operand(index_node, temp + 1);
    const unsigned own = temp + 2;
    auto read = [&](unsigned slot) { return placed(make_local(arena(), uint16_t(slot)), node, own); };
    Node* keep_receiver = placed(make_set_local(arena(), uint16_t(temp), receiver), node, own);
    Node* keep_index = placed(make_set_local(arena(), uint16_t(temp + 1), index), node, own);
    const unsigned inner = own + 4;
    SendSite* get =
        site(sym::at, std::vector<Node*>{read(temp), read(temp + 1)}, nullptr, node->span, inner + 1, true);
    Node* old = placed(make_index(arena(), read(temp), read(temp + 1), get), node, inner + 1);
    Node* right = operand(node->value, inner + 2);
    Node* value = binary_of(op, old, right, node->span, inner);
    SendSite* put = site(sym::at_put, std::vector<Node*>{read(temp), read(temp + 1), value}, nullptr,
                         node->span, own + 1, true);
    Node* set = placed(make_index_set(arena(), read(temp), read(temp + 1), value, put), node, own);
    reserve(inner + 8);
    Node* general =
        placed(make_sequence(arena(), std::vector<Node*>{keep_receiver, keep_index, set}), node, temp);
    Node* quick = make_index_update(arena(), op, receiver, index, right, general);
    return quick ? placed(quick, node, temp) : general;
}

// ---- patterns

void Maker::bind_pattern_name(Matcher* matcher, std::string_view name, bool assigns) {
    const bool in_workspace = b_.workspace && b_.top_level && b_.suite_depth == 0;
    auto store_from = [&](uint16_t slot) {
        Node* read = placed(make_local(arena(), slot), syntax::Span{}, b_.next);
        matcher->slot = slot;
        matcher->store = write_variable(name, read);
        placed(matcher->store, syntax::Span{}, b_.next);
    };
    if (in_workspace) {
        b_.workspace->declare(name);
        return store_from(take());
    }
    if (assigns) {
        uint16_t slot = take();
        Node* read = placed(make_local(arena(), slot), syntax::Span{}, b_.next);
        if (Node* write = write_variable(name, read)) {
            matcher->slot = slot;
            matcher->store = placed(write, syntax::Span{}, b_.next);
            return;
        }
        if (!(b_.top_level && b_.assign_declares)) {
            matcher->slot = slot;
            matcher->store = placed(make_failure(arena(), "NotUnderstood", undefined_message(name)),
                                    syntax::Span{}, b_.next);
            return;
        }
    }
    if (alternatives_)
        for (const Environment* e = b_.environment; e != *alternatives_; e = e->outer)
            if (e->variable.name == name) {
                matcher->slot = e->variable.slot;
                return;
            }
    uint16_t slot = take();
    declare(name, slot);
    matcher->slot = slot;
}

Matcher* Maker::matcher(const syntax::Pattern* pattern, bool assigns) {
    auto* made = arena().make<Matcher>();
    made->own = take();
    auto parts = [&] {
        std::vector<MatcherEntry> entries;
        for (const auto& entry : pattern->entries) {
            MatcherEntry part;
            if (pattern->kind == PatternKind::Map && entry.key) part.key = expression(entry.key);
            part.matcher = matcher(entry.pattern, assigns);
            entries.push_back(part);
        }
        made->entries = arena().copy(entries);
    };
    auto sends = [&](SymbolId selector) {
        return site(selector, std::vector<Node*>{nullptr, nullptr}, nullptr, pattern->span, b_.next, true);
    };
    switch (pattern->kind) {
    case PatternKind::Ignore: break;
    case PatternKind::Bind:
        made->kind = Matcher::Bind;
        bind_pattern_name(made, pattern->name.text, assigns);
        break;
    case PatternKind::Literal:
        made->kind = Matcher::Equal;
        made->value = expression(pattern->value);
        made->send = sends(sym::equal);
        break;
    case PatternKind::Range:
        made->kind = Matcher::InRange;
        made->value = expression(pattern->value);
        made->send = sends(sym::includes);
        break;
    case PatternKind::Type:
        made->kind = Matcher::IsA;
        made->value = expression(pattern->value);
        break;
    case PatternKind::BindType:
        made->kind = Matcher::IsA;
        made->value = expression(pattern->value);
        bind_pattern_name(made, pattern->name.text, assigns);
        break;
    case PatternKind::Tuple:
        made->kind = Matcher::Tuple;
        parts();
        break;
    case PatternKind::List:
        made->kind = Matcher::List;
        made->rest = pattern->rest;
        parts();
        break;
    case PatternKind::Record: {
        made->kind = Matcher::Record;
        made->value = expression(pattern->value);
        std::vector<SymbolId> fields;
        for (const auto& entry : pattern->entries)
            if (auto* key = syntax::try_as<syntax::SymbolNode>(entry.key))
                fields.push_back(symbol(key->name));
        if (fields.size() == pattern->entries.size()) made->fields = arena().copy(fields);
        parts();
        break;
    }
    case PatternKind::Map:
        made->kind = Matcher::Map;
        parts();
        made->has_key = sends(sym::has_key);
        made->at = sends(sym::at);
        break;
    case PatternKind::Either: {
        made->kind = Matcher::Either;
        const auto outer = alternatives_;
        if (!outer) alternatives_ = b_.environment;
        parts();
        alternatives_ = outer;
        break;
    }
    }
    reserve(b_.next + 8);
    return made;
}

Node* Maker::destructure(const syntax::Pattern* pattern, Node* value, syntax::Span at, bool assigns) {
    Matcher* made = matcher(pattern, assigns);
    std::string_view text(*b_.code->tree->source);
    std::string_view what = pattern->span.end <= text.size() && pattern->span.begin < pattern->span.end
                                ? text.substr(pattern->span.begin, pattern->span.end - pattern->span.begin)
                                : std::string_view("…");
    return placed(make_destructuring(arena(), made, value, what), at, b_.next);
}

Node* Maker::match(const syntax::MatchNode* node, bool tail) {
    const Environment* environment = b_.environment;
    const unsigned saved = b_.next;
    Node* subject = expression(node->subject);
    uint16_t slot = take();
    std::vector<MatchArm> arms;
    unsigned highest = b_.next;
    for (const auto& arm : node->cases) {
        const unsigned first = b_.next;
        const Environment* before = b_.environment;
        MatchArm made;
        made.matcher = matcher(arm.pattern);
        if (arm.guard) made.guard = expression(arm.guard);
        made.body = suite(arm.body, tail);
        if (b_.environment != before && close_from(first) >= 0)
            made.body = placed(make_closing_scope(arena(), made.body, uint16_t(first)), arm.span, b_.next);
        arms.push_back(made);
        highest = std::max(highest, b_.next);
        b_.next = first;
        b_.environment = before;
    }
    b_.environment = environment;
    // Patterns are tested above everything that any arm binds.
    Node* made = placed(make_match(arena(), subject, arms, slot), node, highest);
    reserve(highest + 24);
    b_.next = saved;
    return made;
}

// ---- errors

Node* Maker::try_statement(const syntax::TryNode* node, bool tail) {
    const unsigned saved = b_.next;
    uint16_t finally_slot = node->has_finally ? take(2) : 0;
    const unsigned temp = b_.next;
    Node* body = suite(node->body, tail && !node->has_finally);
    std::vector<CatchTemplate> catches;
    for (const auto& clause : node->catches) {
        CatchTemplate made;
        const Environment* environment = b_.environment;
        if (clause.type) made.type = expression(clause.type);
        // As a block of one parameter, for before unwinding.
        syntax::Parameter parameter;
        parameter.name = clause.name;
        parameter.span = clause.span;
        std::vector<syntax::Parameter> one{parameter};
        made.block = placed(make_lazy_block(*this, vm_, body_, arena().copy(one), true, clause.body, false,
                                            true, b_.environment),
                            clause.span, b_.next);
        // And in place, for after it.
        made.slot = take();
        if (!clause.name.text.empty()) declare(clause.name.text, made.slot);
        made.in_place = suite(clause.body, tail && !node->has_finally);
        if (close_from(made.slot) >= 0)
            made.in_place =
                placed(make_closing_scope(arena(), made.in_place, made.slot), clause.span, b_.next);
        b_.environment = environment;
        made.may_resume = may_resume(clause);
        catches.push_back(made);
        b_.next = temp;
    }
    Node* finally_body = node->has_finally ? suite(node->finally_body, false) : nullptr;
    reserve(temp + 32);
    Node* made = placed(make_try(arena(), body, catches, finally_body, finally_slot), node, temp);
    b_.next = saved;
    return made;
}

Node* Maker::expect(const syntax::ExpectNode* node) {
    const unsigned saved = b_.next;
    std::string_view source(*b_.code->tree->source);
    auto text_of = [&](const syntax::Node* part) {
        return part->span.end <= source.size()
                   ? source.substr(part->span.begin, part->span.end - part->span.begin)
                   : std::string_view();
    };
    auto* send = syntax::try_as<syntax::SendNode>(node->condition);
    if (send && send->is_operator && send->arguments.size() == 1) {
        SymbolId selector = symbol(send->selector.text);
        if (selector >= sym::equal && selector <= sym::greater_equal) {
            uint16_t slot = take(2);
            Node* left = expression(send->receiver);
            Node* right = operand(send->arguments[0].value, b_.next);
            SendSite* compare =
                site(selector, std::vector<Node*>{left, right}, nullptr, node->span, b_.next, true);
            Node* made =
                placed(make_expect_comparison(arena(), left, right, compare, text_of(node->condition), slot),
                       node, b_.next);
            b_.next = saved;
            return made;
        }
    }
    Node* condition = expression(node->condition);
    return placed(make_expect(arena(), condition, text_of(node->condition)), node, b_.next);
}

// A try around the suite that notes in a slot whether the error came.
Node* Maker::expect_error(const syntax::ExpectErrorNode* node) {
    const unsigned saved = b_.next;
    uint16_t came = take();
    const unsigned temp = b_.next;
    auto literal = [&](bool value) {
        return placed(make_literal(arena(), Value::boolean(value)), node, b_.next);
    };
    Node* begin = placed(make_set_local(arena(), came, literal(false)), node, b_.next);
    CatchTemplate clause;
    if (node->type) clause.type = expression(node->type);
    clause.slot = take();
    clause.in_place = placed(make_set_local(arena(), came, literal(true)), node, b_.next);
    Node* body = suite(node->body, false);
    Node* guarded =
        placed(make_try(arena(), body, std::vector<CatchTemplate>{clause}, nullptr, 0), node, temp);
    reserve(temp + 32);
    std::string type = "Error";
    if (node->type) {
        std::string_view source(*b_.code->tree->source);
        type = source.substr(node->type->span.begin, node->type->span.end - node->type->span.begin);
    }
    Node* missing = placed(make_expect(arena(), placed(make_local(arena(), came), node, b_.next),
                                       "the error " + type + ", but none came"),
                           node, b_.next);
    Node* made = placed(make_sequence(arena(), std::vector<Node*>{begin, guarded, missing}), node, b_.next);
    b_.next = saved;
    return made;
}

} // namespace indent
