// Expressions into nodes. Which operand waits where is said with each node's run function.
#include "vm/interp/arguments.h"
#include "vm/interp/block.h"
#include "vm/interp/maker_scope.h"
#include "vm/interp/primitive.h"
#include "vm/model/number.h"
#include "vm/syntax/did_you_mean.h"

namespace indent {

SendSite* Maker::site(SymbolId selector, std::span<Node* const> operands, const ArgumentPlan* plan,
                      syntax::Span at, unsigned temp, bool unrewritable) {
    SendSite* send = placed(make_send(arena(), selector, operands, plan), at, temp);
    if (unrewritable) send->run = site_run_unrewritable;
    reserve(temp + 2 + unsigned(operands.size()));
    b_.code->caches.push_back({send, reset_site});
    return send;
}

Node* Maker::failure(const syntax::Node* at, std::string_view error_class, const std::string& message) {
    return placed(make_failure(arena(), error_class, message), at, b_.next);
}

std::string Maker::undefined_message(std::string_view name) {
    std::vector<std::string_view> candidates;
    for (const Environment* e = b_.environment; e; e = e->outer) candidates.push_back(e->variable.name);
    auto add = [&](const auto& names) {
        for (const auto& [id, binding] : names) candidates.push_back(vm_.symbols.text(id));
    };
    if (b_.module) add(b_.module->names), add(b_.module->imports);
    for (SymbolId id : vm_.runtime.prelude.names()) candidates.push_back(vm_.symbols.text(id));
    if (b_.cls)
        for (const auto& field : b_.cls->fields) candidates.push_back(vm_.symbols.text(field.name));
    std::string message = "nothing is named `" + std::string(name) + "`";
    if (auto close = syntax::nearest(name, candidates); !close.empty())
        message += " (did you mean `" + std::string(close) + "`?)";
    return message;
}

Node* Maker::expression(const syntax::Node* node, bool statement) {
    using syntax::Kind;
    const unsigned temp = b_.next;
    switch (node->kind) {
    case Kind::Integer: {
        auto* integer = syntax::as<syntax::IntegerNode>(node);
        Value value = make_shared_integer(vm_.runtime.shared, integer->digits, integer->base);
        if (value.is_cell()) b_.code->literals.push_back(value);
        return placed(make_literal(arena(), value), node, temp);
    }
    case Kind::Float:
        return placed(make_literal(arena(), Value::floating(syntax::as<syntax::FloatNode>(node)->value)),
                      node, temp);
    case Kind::Boolean:
        return placed(make_literal(arena(), Value::boolean(syntax::as<syntax::BooleanNode>(node)->value)),
                      node, temp);
    case Kind::Nil: return placed(make_literal(arena(), Value::nil()), node, temp);
    case Kind::Symbol:
        return placed(
            make_literal(arena(), Value::symbol(symbol(syntax::as<syntax::SymbolNode>(node)->name))), node,
            temp);
    case Kind::Text:
        return placed(make_literal(arena(), literal_text(syntax::as<syntax::TextNode>(node)->value)), node,
                      temp);
    case Kind::Interpolation: return interpolation(syntax::as<syntax::InterpolationNode>(node));
    case Kind::List: {
        auto* list = syntax::as<syntax::ListNode>(node);
        std::vector<Node*> elements;
        uint64_t spreads = 0;
        for (size_t i = 0; i < list->elements.size(); ++i) {
            if (list->elements[i].spread) {
                if (i >= 64)
                    return failure(node, "ArgumentError", "* may stand only among the first 64 elements");
                spreads |= uint64_t(1) << i;
            }
            elements.push_back(operand(list->elements[i].value, temp + 2));
        }
        reserve(temp + 8);
        return placed(make_list_literal(arena(), elements, spreads), node, temp);
    }
    case Kind::Tuple: {
        auto* tuple = syntax::as<syntax::TupleNode>(node);
        std::vector<Node*> elements;
        for (size_t i = 0; i < tuple->elements.size(); ++i)
            elements.push_back(operand(tuple->elements[i], temp + unsigned(i)));
        reserve(temp + unsigned(elements.size()));
        return placed(make_tuple_literal(arena(), elements), node, temp);
    }
    case Kind::Map: return map_literal(syntax::as<syntax::MapNode>(node));
    case Kind::Range: {
        auto* range = syntax::as<syntax::RangeNode>(node);
        Node* low = operand(range->low, temp + 1);
        Node* high = operand(range->high, temp + 2);
        return placed(make_range(arena(), low, high, range->exclusive), node, temp);
    }
    case Kind::Name: return name(syntax::as<syntax::NameNode>(node));
    case Kind::Self: return placed(in_actor() ? make_actor_self(arena()) : make_self(arena()), node, temp);
    case Kind::Send: return send(syntax::as<syntax::SendNode>(node), statement);
    case Kind::SuperSend: {
        auto* super = syntax::as<syntax::SuperSendNode>(node);
        if (!b_.owner) return failure(node, "NotUnderstood", "`super` stands outside a class");
        return send_to(&Maker::self_operand, nullptr, symbol(super->selector.text), super->arguments,
                       super->block, node, b_.owner);
    }
    case Kind::Call: return call(syntax::as<syntax::CallNode>(node), statement);
    case Kind::CallValue: {
        auto* call = syntax::as<syntax::CallValueNode>(node);
        return send_to(&Maker::plain_operand, call->callee, sym::call, call->arguments, call->block, node,
                       nullptr);
    }
    case Kind::Identity: {
        auto* identity = syntax::as<syntax::IdentityNode>(node);
        Node* left = operand(identity->left, temp + 1);
        Node* right = operand(identity->right, temp + 2);
        return placed(make_identity(arena(), left, right, identity->negated), node, temp);
    }
    case Kind::Membership: {
        auto* membership = syntax::as<syntax::MembershipNode>(node);
        // The left side is evaluated first, as written, though the right one receives.
        Node* left = operand(membership->left, temp + 3);
        Node* right = operand(membership->right, temp + 4);
        Node* read = placed(make_local(arena(), uint16_t(temp + 3)), node, temp + 4);
        SendSite* includes =
            site(sym::includes, std::vector<Node*>{right, read}, nullptr, node->span, temp + 4);
        Node* both =
            placed(make_sequence(arena(),
                                 std::vector<Node*>{placed(make_set_local(arena(), uint16_t(temp + 3), left),
                                                           node, temp + 4),
                                                    includes}),
                   node, temp);
        reserve(temp + 8);
        return membership->negated ? placed(make_not(arena(), both), node, temp) : both;
    }
    case Kind::And: {
        auto* both = syntax::as<syntax::AndNode>(node);
        Node* left = expression(both->left);
        return placed(make_and(arena(), left, expression(both->right)), node, temp);
    }
    case Kind::Or: {
        auto* either = syntax::as<syntax::OrNode>(node);
        Node* left = expression(either->left);
        return placed(make_or(arena(), left, expression(either->right)), node, temp);
    }
    case Kind::Not:
        return placed(make_not(arena(), expression(syntax::as<syntax::NotNode>(node)->operand)), node, temp);
    case Kind::IfExpression: {
        auto* choice = syntax::as<syntax::IfExpressionNode>(node);
        Node* condition = expression(choice->condition);
        Node* then_value = expression(choice->then_value);
        Node* else_value = expression(choice->else_value);
        return placed(make_if(arena(), condition, then_value, else_value), node, temp);
    }
    case Kind::Block: return block(syntax::as<syntax::BlockNode>(node));
    case Kind::Reference: return reference(syntax::as<syntax::ReferenceNode>(node));
    case Kind::ActorCall: return actor_call(syntax::as<syntax::ActorCallNode>(node));
    case Kind::Raise: {
        Node* error = operand(syntax::as<syntax::RaiseNode>(node)->value, temp + 1);
        return placed(make_raise(arena(), error), node, temp);
    }
    case Kind::Error: return failure(node, "ParseError", "this text could not be read");
    default: return this->statement(node, false);
    }
}

bool Maker::in_actor() const {
    return b_.cls && (b_.cls->kind == ClassKind::Actor || b_.cls->kind == ClassKind::Supervisor);
}

Node* Maker::actor_call(const syntax::ActorCallNode* node) {
    const unsigned temp = b_.next + 2; // the clauses' slots stand before
    ActorVerb verb = ActorVerb::Ask;
    switch (node->verb) {
    case syntax::ActorVerb::Spawn: verb = ActorVerb::Spawn; break;
    case syntax::ActorVerb::Send: verb = ActorVerb::Send; break;
    case syntax::ActorVerb::Ask: verb = ActorVerb::Ask; break;
    case syntax::ActorVerb::Watch: verb = ActorVerb::Watch; break;
    case syntax::ActorVerb::Stop: verb = ActorVerb::Stop; break;
    }
    const ArgumentPlan* plan = nullptr;
    std::vector<Node*> nodes;
    Node* receiver = nullptr;
    Binding* spawned = nullptr;
    SymbolId selector = 0;
    if (verb == ActorVerb::Spawn) {
        if (auto* call = syntax::try_as<syntax::CallNode>(node->message)) {
            spawned = find_binding(vm_.runtime, b_.module, call->name.text);
            nodes = arguments(call->arguments, call->block, temp + 2, plan);
        } else if (auto* send = syntax::try_as<syntax::SendNode>(node->message)) {
            if (Module* module = module_path(send->receiver))
                if (auto found = module->names.find(symbol(send->selector.text));
                    found != module->names.end())
                    spawned = found->second;
            nodes = arguments(send->arguments, send->block, temp + 2, plan);
        }
        if (!spawned || spawned->kind != Binding::ClassName)
            return failure(node, "NotUnderstood", "`spawn` takes an actor's name: `spawn Counter(count: 5)`");
    } else if (auto* send = syntax::try_as<syntax::SendNode>(node->message);
               send && (verb == ActorVerb::Send || verb == ActorVerb::Ask)) {
        receiver = operand(send->receiver, temp + 1);
        selector = symbol(send->selector.text);
        nodes = arguments(send->arguments, send->block, temp + 2, plan);
    } else {
        receiver = operand(node->message, temp + 1);
    }
    if (nodes.size() > kMostArguments)
        return failure(node, "ArgumentError",
                       "a message takes at most " + std::to_string(kMostArguments) + " arguments");
    const bool spread = plan && plan->spreads;
    const unsigned beyond = temp + 4 + (spread ? kMostArguments : unsigned(nodes.size()));
    const syntax::Node* first = node->within ? node->within : node->after ? node->after : node->name;
    Node* first_clause = first ? operand(first, beyond) : nullptr;
    Node* second_clause = node->every ? operand(node->every, beyond) : nullptr;
    reserve(beyond + 2);
    return placed(
        make_actor_call(arena(), verb, selector, spawned, receiver, nodes, plan, first_clause, second_clause),
        node, temp);
}

Node* Maker::name(const syntax::NameNode* node) {
    if (Node* variable = read_variable(node->text)) return placed(variable, node, b_.next);
    if (Binding* binding = find_binding(vm_.runtime, b_.module, node->text))
        return binding_value(binding, node);
    if (Module* module = module_path(node))
        return placed(make_literal(arena(), module->value), node, b_.next);
    return failure(node, "NotUnderstood", undefined_message(node->text));
}

// A bare function name is a call.
Node* Maker::binding_value(Binding* binding, const syntax::Node* at, bool qualified) {
    switch (binding->kind) {
    case Binding::Function: return call_binding(binding, {}, nullptr, at, qualified);
    case Binding::ClassName: return placed(make_class_value(arena(), binding), at, b_.next);
    case Binding::Stable:
    case Binding::Var: {
        Node* value = make_module_value(arena(), binding);
        if (is_foreign(binding, qualified)) {
            set_foreign_value(value, qualified || b_.script);
            b_.code->caches.push_back({value, follow_value});
        }
        return placed(value, at, b_.next);
    }
    case Binding::ImportedModule: return placed(make_literal(arena(), binding->target->value), at, b_.next);
    }
    return nullptr;
}

std::vector<Node*> Maker::arguments(syntax::Arguments arguments, const syntax::BlockNode* block,
                                    unsigned first, const ArgumentPlan*& plan) {
    std::vector<Node*> nodes;
    std::vector<SymbolId> labels;
    ArgumentPlan found;
    bool any_label = false;
    unsigned room = first;
    for (const auto& argument : arguments)
        if (argument.spread) room = first + kMostArguments + 2; // their number is not known before
    for (size_t i = 0; i < arguments.size(); ++i) {
        const auto& argument = arguments[i];
        labels.push_back(argument.label.text.empty() ? 0 : symbol(argument.label.text));
        any_label |= labels.back() != 0;
        if (argument.spread && i < 64) found.spreads |= uint64_t(1) << i;
        nodes.push_back(operand(argument.value, room + unsigned(i)));
    }
    if (block) {
        labels.push_back(0);
        found.trailing_block = true;
        nodes.push_back(operand(block, room + unsigned(arguments.size())));
    }
    reserve(room + unsigned(nodes.size()) + 2);
    if (any_label) found.labels = arena().copy(labels);
    bool needed = any_label || found.spreads || found.trailing_block;
    plan = needed ? arena().make<ArgumentPlan>(found) : nullptr;
    return nodes;
}

Node* Maker::call_binding(Binding* binding, syntax::Arguments args, const syntax::BlockNode* block,
                          const syntax::Node* at, bool qualified) {
    const unsigned temp = b_.next;
    const ArgumentPlan* plan = nullptr;
    std::vector<Node*> nodes = arguments(args, block, temp + 2, plan);
    if (nodes.size() > kMostArguments)
        return failure(at, "ArgumentError",
                       "a call takes at most " + std::to_string(kMostArguments) + " arguments");
    if (binding->kind == Binding::ClassName) {
        Node* made = make_construction(arena(), vm_, binding, nodes, plan);
        b_.code->caches.push_back({made, reset_construction});
        return placed(made, at, temp);
    }
    Node* made = make_function_call(arena(), binding, nodes, plan);
    if (is_foreign(binding, qualified)) {
        set_foreign(made, qualified || b_.script);
        b_.code->caches.push_back({made, follow_binding});
    }
    return placed(made, at, temp);
}

Node* Maker::call(const syntax::CallNode* node, bool) {
    const unsigned temp = b_.next;
    if (Node* variable = read_variable(node->name.text)) {
        const ArgumentPlan* plan = nullptr;
        placed(variable, node, temp + 1);
        std::vector<Node*> nodes = arguments(node->arguments, node->block, temp + 2, plan);
        nodes.insert(nodes.begin(), variable);
        return site(sym::call, nodes, plan, node->span, temp);
    }
    Binding* binding = find_binding(vm_.runtime, b_.module, node->name.text);
    if (!binding) return failure(node, "NotUnderstood", undefined_message(node->name.text));
    if (binding->kind == Binding::Function || binding->kind == Binding::ClassName)
        return call_binding(binding, node->arguments, node->block, node);
    const ArgumentPlan* plan = nullptr;
    Node* value = above(temp + 1, [&] { return binding_value(binding, node); });
    std::vector<Node*> nodes = arguments(node->arguments, node->block, temp + 2, plan);
    nodes.insert(nodes.begin(), value);
    return site(sym::call, nodes, plan, node->span, temp);
}

// The module that a dotted path of names means, where no variable or definition takes its first name.
Module* Maker::module_path(const syntax::Node* node) const {
    std::string path;
    std::vector<std::string_view> parts;
    for (;;) {
        if (auto* name = syntax::try_as<syntax::NameNode>(node)) {
            parts.push_back(name->text);
            break;
        }
        auto* send = syntax::try_as<syntax::SendNode>(node);
        if (!send || send->parentheses || send->is_operator || send->block || !send->arguments.empty())
            return nullptr;
        parts.push_back(send->selector.text);
        node = send->receiver;
    }
    std::string_view first = parts.back();
    if (find_local(first)) return nullptr;
    for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
        if (!path.empty()) path += '.';
        path += *part;
    }
    if (Binding* binding = find_binding(vm_.runtime, b_.module, first)) {
        if (binding->kind != Binding::ImportedModule) return nullptr;
        if (parts.size() == 1) return &binding->target->current();
        if (binding->target->path == first) return nullptr;
    }
    if (b_.module && b_.module->path == path) return &b_.module->current();
    if (parts.size() == 1 && b_.module) { // the last part of its own path
        size_t dot = b_.module->path.rfind('.');
        if (dot != std::string::npos && b_.module->path.substr(dot + 1) == path) return &b_.module->current();
    }
    bool imported = b_.sees_all_modules;
    if (b_.module)
        for (const auto& [id, binding] : b_.module->imports)
            imported |= binding->kind == Binding::ImportedModule && binding->target->path == path;
    if (!imported) return nullptr;
    auto found = vm_.runtime.modules.find(path);
    return found != vm_.runtime.modules.end() && !found->second->library ? found->second.get() : nullptr;
}

Node* Maker::send(const syntax::SendNode* node, bool statement) {
    SymbolId selector = symbol(node->selector.text);
    if (Module* module = module_path(node->receiver)) {
        auto found = module->names.find(selector);
        if (found != module->names.end()) {
            Binding* binding = found->second;
            if (binding->kind == Binding::Function ||
                (binding->kind == Binding::ClassName && node->parentheses))
                return call_binding(binding, node->arguments, node->block, node, true);
            if (!node->parentheses && !node->block) return binding_value(binding, node, true);
        }
    }
    if (node->is_operator && is_fast_operator(selector) && node->arguments.size() == 1)
        return binary(selector, node->receiver, node->arguments[0].value, node);
    const unsigned temp = b_.next;
    if (selector == sym::negated && node->is_operator) {
        Node* value = operand(node->receiver, temp + 1);
        SendSite* send = site(selector, std::vector<Node*>{value}, nullptr, node->span, temp, true);
        return placed(make_negated(arena(), value, send), node, temp);
    }
    if (selector == sym::at && node->arguments.size() == 1 && !node->arguments[0].spread &&
        node->arguments[0].label.text.empty()) {
        Node* receiver = operand(node->receiver, temp + 1);
        Node* index = operand(node->arguments[0].value, temp + 2);
        SendSite* send = site(selector, std::vector<Node*>{receiver, index}, nullptr, node->span, temp, true);
        return placed(make_index(arena(), receiver, index, send), node, temp);
    }
    // A control send with a block written right here.
    if (selector == sym::each || selector == sym::times_do) {
        const syntax::BlockNode* block = node->block;
        if (!block && node->arguments.size() == 1 && node->arguments[0].label.text.empty() &&
            !node->arguments[0].spread)
            block = syntax::try_as<syntax::BlockNode>(node->arguments[0].value);
        if (block && node->arguments.size() == (node->block ? 0u : 1u) && block->parameters.size() <= 2 &&
            (statement || !contains_return(block->body)))
            return inline_loop(selector, node->receiver, block->parameters, block->has_parameters,
                               block->body, node, false);
    }
    // `self.m()` in an actor calls its own method.
    if (node->receiver->kind == syntax::Kind::Self && in_actor()) {
        mark(&Code::sees_state);
        return send_to(&Maker::self_operand, node->receiver, selector, node->arguments, node->block, node,
                       nullptr);
    }
    return send_to(&Maker::plain_operand, node->receiver, selector, node->arguments, node->block, node,
                   nullptr);
}

Node* Maker::send_to(Node* (Maker::*receiver)(const syntax::Node*, unsigned),
                     const syntax::Node* receiver_node, SymbolId selector, syntax::Arguments args,
                     const syntax::BlockNode* block, const syntax::Node* at, Class* super_of) {
    const unsigned temp = b_.next;
    Node* self = (this->*receiver)(receiver_node, temp + 1);
    const ArgumentPlan* plan = nullptr;
    std::vector<Node*> nodes = arguments(args, block, temp + 2, plan);
    if (nodes.size() > kMostArguments)
        return failure(at, "ArgumentError",
                       "a send takes at most " + std::to_string(kMostArguments) + " arguments");
    nodes.insert(nodes.begin(), self);
    SendSite* send = site(selector, nodes, plan, at->span, temp);
    send->super_of = super_of;
    return send;
}

Node* Maker::binary_of(SymbolId selector, Node* left, Node* right, syntax::Span at, unsigned temp) {
    SendSite* send = site(selector, std::vector<Node*>{left, right}, nullptr, at, temp, true);
    return placed(make_binary(arena(), selector, left, right, send), at, temp);
}

Node* Maker::binary(SymbolId selector, const syntax::Node* left, const syntax::Node* right,
                    const syntax::Node* at) {
    const unsigned temp = b_.next;
    Node* a = operand(left, temp + 1);
    Node* b = operand(right, temp + 2);
    return binary_of(selector, a, b, at->span, temp);
}

Node* Maker::inline_loop(SymbolId selector, const syntax::Node* receiver, syntax::Parameters parameters,
                         bool has_parameters, const syntax::Suite& suite, const syntax::Node* at,
                         bool is_for) {
    const unsigned saved = b_.next;
    const Environment* environment = b_.environment;
    InlineLoop loop;
    loop.selector = selector;
    loop.is_for = is_for;
    loop.state_slot = take(4);
    const unsigned after_state = b_.next;
    loop.receiver = operand(receiver, after_state);
    std::vector<uint16_t> slots;
    const unsigned first = b_.next;
    std::vector<std::pair<const syntax::Pattern*, uint16_t>> patterns;
    for (const auto& parameter : parameters) {
        uint16_t slot = take();
        slots.push_back(slot);
        if (parameter.pattern)
            patterns.emplace_back(parameter.pattern, slot);
        else
            declare(parameter.name.text, slot);
    }
    std::vector<Node*> prologue;
    for (auto& [pattern, slot] : patterns)
        prologue.push_back(
            destructure(pattern, placed(make_local(arena(), slot), at, b_.next), pattern->span));
    if (!prologue.empty()) {
        loop.prologue = make_sequence(arena(), prologue);
        if (!loop.prologue->code) placed(loop.prologue, at, b_.next);
    }
    if (is_for) ++b_.loops;
    ++b_.suite_depth;
    loop.body = statements(suite.statements, false);
    --b_.suite_depth;
    if (is_for) --b_.loops;
    if (!loop.body->code) placed(loop.body, at, b_.next);
    loop.close_from = close_from(first);
    loop.slots = slots;
    b_.environment = environment;
    const unsigned temp = b_.next;
    // The fallback: an ordinary send with a block made when it is first needed.
    Node* lazy = placed(make_lazy_block(*this, vm_, body_, parameters, has_parameters, suite,
                                        is_for || loop.body->abrupt, false, environment),
                        at, temp + 2);
    reserve(temp + 24);
    loop.fallback = site(selector, std::vector<Node*>{loop.receiver, lazy}, nullptr, at->span, temp, true);
    Node* node = placed(make_inline_loop(arena(), loop), at, temp);
    b_.code->caches.push_back({node, reset_inline_loop});
    b_.next = saved;
    return node;
}

Node* Maker::map_literal(const syntax::MapNode* node) {
    const unsigned temp = b_.next;
    std::vector<Node*> parts;
    for (const auto& entry : node->entries) {
        parts.push_back(operand(entry.key, temp + 1));
        parts.push_back(operand(entry.value, temp + 4));
    }
    reserve(temp + 8);
    auto find = [&](const char* name) {
        auto found = vm_.runtime.primitives.find(name);
        assert(found != vm_.runtime.primitives.end());
        return found->second->function;
    };
    return placed(make_map_literal(arena(), parts, find("Map class.new"), find("Map.at_put")), node, temp);
}

Node* Maker::interpolation(const syntax::InterpolationNode* node) {
    return interpolation(node, std::span(node->parts.begin(), node->parts.size()));
}

// The parts wait on the stack, so very many are made in pieces.
Node* Maker::interpolation(const syntax::InterpolationNode* node, std::span<const syntax::Node* const> of) {
    constexpr size_t kMost = 64;
    const unsigned temp = b_.next;
    std::vector<Node*> parts;
    std::vector<SendSite*> sends;
    auto add = [&](Node* made, SendSite* to_text) {
        parts.push_back(made);
        sends.push_back(to_text);
    };
    const size_t piece = of.size() <= kMost ? 1 : (of.size() + kMost - 1) / kMost;
    for (size_t i = 0; i < of.size(); i += piece) {
        const unsigned at = temp + unsigned(parts.size());
        if (piece > 1) {
            b_.next = at;
            add(interpolation(node, of.subspan(i, std::min(piece, of.size() - i))), nullptr);
            b_.next = temp;
            continue;
        }
        Node* made = operand(of[i], at);
        add(made, of[i]->kind == syntax::Kind::Text
                      ? nullptr
                      : site(sym::to_text, std::vector<Node*>{made}, nullptr, of[i]->span, at, true));
    }
    reserve(temp + unsigned(parts.size()) + 1);
    return placed(make_interpolation(arena(), parts, sends), node, temp);
}

Node* Maker::reference(const syntax::ReferenceNode* node) {
    const auto& path = node->path;
    if (path.size() == 1) {
        Binding* binding = find_binding(vm_.runtime, b_.module, path[0].text);
        if (binding && binding->kind == Binding::Function)
            return placed(make_reference(arena(), binding, binding->name), node, b_.next);
        if (binding && binding->kind == Binding::ClassName)
            return placed(make_reference(arena(), binding, sym::new_), node, b_.next);
        return failure(node, "NoSuchFunction",
                       "`&` names a function, and " + undefined_message(path[0].text));
    }
    std::string module_path;
    for (size_t i = 0; i + 1 < path.size(); ++i) {
        if (i) module_path += '.';
        module_path += path[i].text;
    }
    std::string_view last = path.back().text;
    if (path.size() == 2)
        if (Binding* binding = find_binding(vm_.runtime, b_.module, path[0].text);
            binding && binding->kind == Binding::ClassName)
            return placed(make_reference(arena(), binding, symbol(last)), node, b_.next);
    auto found = vm_.runtime.modules.find(module_path);
    if (found == vm_.runtime.modules.end())
        return failure(node, "NoSuchFunction", "no module or class is named `" + module_path + "`");
    auto binding = found->second->names.find(symbol(last));
    if (binding == found->second->names.end() || binding->second->kind != Binding::Function)
        return failure(node, "NoSuchFunction",
                       "module `" + module_path + "` has no function `" + std::string(last) + "`");
    return placed(make_reference(arena(), binding->second, binding->second->name), node, b_.next);
}

} // namespace indent
