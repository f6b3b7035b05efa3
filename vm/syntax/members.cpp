// Classes, records, traits, extensions, actors and supervisors, and what stands in them.
#include "vm/syntax/parsing.h"

namespace indent::syntax {

namespace {

std::string_view place_name(Place place) {
    switch (place) {
    case Place::Module: return "a module";
    case Place::Class: return "a class";
    case Place::Record: return "a record";
    case Place::Trait: return "a trait";
    case Place::Extend: return "an `extend`";
    case Place::Actor: return "an actor";
    case Place::Supervisor: return "a supervisor";
    }
    return "";
}

} // namespace

Name Parser::parse_class_name(std::string_view what) {
    if (!at_name()) {
        if (at(TokenKind::Name))
            fail_here(Code::ReservedName, {std::string(text(token())), advice_for_reserved()});
        else
            fail_here(Code::NameExpected, {std::string(what), found()});
        return {};
    }
    if (!is_capital(token())) {
        std::string better;
        bool up = true;
        for (char c : text(token())) {
            if (c == '_') {
                up = true;
                continue;
            }
            better += up && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
            up = false;
        }
        report(Code::ClassNameExpected, span(token()), {std::string(what), better});
    }
    return name_of(advance());
}

Nodes Parser::parse_traits() {
    if (!at(Word::With) || panicking_) return {};
    advance();
    List<const Node*> traits(nodes_);
    do traits.add(parse_qualified("a trait"));
    while (accept(TokenKind::Comma));
    return traits.take(tree_.arena);
}

const Node* Parser::parse_class(DefinitionHead& head) {
    auto* node = make<ClassNode>(token().begin);
    advance();
    head.name = parse_class_name("a class");
    if (accept(Word::Extends)) node->superclass = parse_qualified("a class");
    node->traits = parse_traits();
    node->members = parse_members(Place::Class).behaviour;
    finish_head(head);
    node->head = head;
    return finish(node);
}

const Node* Parser::parse_record(DefinitionHead& head) {
    auto* node = make<RecordNode>(token().begin);
    advance();
    head.name = parse_class_name("a record");
    if (at(TokenKind::LeftParen) && !panicking_) {
        node->parameters = parse_parameters(false);
        for (const Parameter& parameter : node->parameters)
            if (parameter.rest) report(Code::RestInRecord, parameter.span);
    }
    node->traits = parse_traits();
    node->members = parse_members(Place::Record).behaviour;
    finish_head(head);
    node->head = head;
    return finish(node);
}

const Node* Parser::parse_trait(DefinitionHead& head) {
    auto* node = make<TraitNode>(token().begin);
    advance();
    head.name = parse_class_name("a trait");
    node->traits = parse_traits();
    node->members = parse_members(Place::Trait).behaviour;
    finish_head(head);
    node->head = head;
    return finish(node);
}

const Node* Parser::parse_extend(DefinitionHead& head) {
    auto* node = make<ExtendNode>(token().begin);
    advance();
    Span name = span(token());
    node->target = parse_qualified("a class");
    if (auto* plain = try_as<NameNode>(node->target)) head.name = {plain->text, name};
    if (auto* send = try_as<SendNode>(node->target)) head.name = send->selector;
    node->traits = parse_traits();
    node->members = parse_members(Place::Extend).behaviour;
    finish_head(head);
    node->head = head;
    return finish(node);
}

const Node* Parser::parse_actor(DefinitionHead& head) {
    auto* node = make<ActorNode>(token().begin);
    advance();
    head.name = parse_class_name("an actor");
    if (accept(Word::Extends)) node->superclass = parse_qualified("an actor");
    node->traits = parse_traits();
    Members members = parse_members(Place::Actor);
    node->members = members.behaviour;
    node->state_version = members.state_version;
    finish_head(head);
    node->head = head;
    return finish(node);
}

const Node* Parser::parse_supervisor(DefinitionHead& head) {
    auto* node = make<SupervisorNode>(token().begin);
    advance();
    head.name = parse_class_name("a supervisor");
    Members members = parse_members(Place::Supervisor);
    node->members = members.behaviour;
    node->strategy = members.strategy;
    node->options = members.options;
    node->children = members.children;
    finish_head(head);
    node->head = head;
    return finish(node);
}

void Parser::parse_members_alone(Place place) {
    Members members = parse_member_lines(place);
    const Node* top = nullptr;
    auto hold = [&](auto* node) {
        node->members = members.behaviour;
        node->head.full = {0, static_cast<uint32_t>(source_.size())};
        node->span = node->head.full;
        top = node;
        return node;
    };
    switch (place) {
    case Place::Module:
    case Place::Class: hold(make<ClassNode>(0)); break;
    case Place::Record: hold(make<RecordNode>(0)); break;
    case Place::Trait: hold(make<TraitNode>(0)); break;
    case Place::Extend: hold(make<ExtendNode>(0)); break;
    case Place::Actor: hold(make<ActorNode>(0))->state_version = members.state_version; break;
    case Place::Supervisor: {
        auto* node = hold(make<SupervisorNode>(0));
        node->strategy = members.strategy;
        node->options = members.options;
        node->children = members.children;
        break;
    }
    }
    List<const Node*> nodes(nodes_);
    nodes.add(top);
    tree_.top_level = nodes.take(tree_.arena);
}

// The suite of a class and its kin, which may be left out.
Parser::Members Parser::parse_members(Place place) {
    Deeper deeper(*this);
    if (gave_up_) return {};
    if (panicking_) {
        // A broken head: the members below it are still members.
        while (!at(TokenKind::Newline) && !at(TokenKind::End)) advance();
        if (peek(1).kind != TokenKind::Indent) return {};
        panicking_ = false;
    } else if (at_end_of_line()) {
        if (peek(1).kind != TokenKind::Indent) return {}; // no suite
        report(Code::MissingColon, span_here(),
               {place == Place::Record  ? "record"
                : place == Place::Actor ? "actor"
                                        : "class",
                found(), "end the line with `:`"});
    } else if (!accept(TokenKind::Colon)) {
        if (at(TokenKind::LeftParen) || at(TokenKind::Less))
            fail_here(Code::Expected, {"`:`", found(), "to inherit write `class Circle extends Shape:`"});
        else
            fail_here(Code::Expected, {"`:`", found(), advice_here()});
        while (!at(TokenKind::Newline) && !at(TokenKind::End)) advance();
        if (peek(1).kind != TokenKind::Indent) return {};
        panicking_ = gave_up_;
    }
    if (!at(TokenKind::Newline)) { // on the same line
        Members members;
        List<FieldDeclaration> fields(fields_);
        List<const DefinitionNode*> methods(methods_);
        List<ChildDeclaration> children(children_);
        parse_member(place, members, fields, methods, children);
        members.behaviour = {fields.take(tree_.arena), methods.take(tree_.arena)};
        members.children = children.take(tree_.arena);
        return members;
    }
    if (peek(1).kind != TokenKind::Indent) {
        if (at_ + 2 >= tokens_.size()) wants_more_ = true;
        report(Code::ExpectedSuite, {last_end_ - 1, last_end_});
        return {};
    }
    advance();
    advance();
    Members members = parse_member_lines(place);
    accept(TokenKind::Dedent);
    return members;
}

Parser::Members Parser::parse_member_lines(Place place) {
    Members members;
    List<FieldDeclaration> fields(fields_);
    List<const DefinitionNode*> methods(methods_);
    List<ChildDeclaration> children(children_);
    int extra = 0; // indentations that nothing opened
    while (!at(TokenKind::End)) {
        if (accept(TokenKind::Newline)) continue;
        if (at(TokenKind::Dedent)) {
            if (extra == 0) break;
            --extra;
            advance();
            continue;
        }
        if (at(TokenKind::Indent)) {
            report(Code::UnexpectedIndent, {peek(1).begin, peek(1).begin + 1});
            advance();
            ++extra;
            continue;
        }
        size_t before = at_;
        parse_member(place, members, fields, methods, children);
        List<const Node*> orphans(nodes_);
        end_statement(&orphans, false);
        if (at_ == before) advance();
    }
    members.behaviour = {fields.take(tree_.arena), methods.take(tree_.arena)};
    members.children = children.take(tree_.arena);
    return members;
}

void Parser::parse_member(Place place, Members& members, List<FieldDeclaration>& fields,
                          List<const DefinitionNode*>& methods, List<ChildDeclaration>& children) {
    bool actor = place == Place::Actor || place == Place::Supervisor;
    DefinitionHead head = begin_head();
    if (panicking_) return;
    auto not_here = [&](std::string help) {
        report(Code::MemberNotHere, span(token()),
               {std::string(text(token())), std::string(place_name(place)), std::move(help)});
    };
    if (at(Word::Pass)) {
        advance();
        return;
    }
    bool def =
        at(Word::Def) || (at(Word::Class) && peek(1).kind == TokenKind::Name && peek(1).word == Word::Def);
    if (def) {
        methods.add(parse_def(head, place));
        return;
    }
    forbid_primitive(head);
    switch (at(TokenKind::Name) ? token().word : Word::None) {
    case Word::Field:
    case Word::State:
    case Word::Stable:
    case Word::Var: {
        bool field = token().word == Word::Field;
        if (place == Place::Class && !field)
            not_here("write `field` for what each object holds");
        else if (place == Place::Actor && token().word != Word::State)
            not_here("write `state` for what the actor holds");
        else if (place == Place::Record)
            not_here("the fields of a record stand in its head: `record Point(x, y)`");
        else if (place != Place::Class && place != Place::Actor)
            not_here(place == Place::Supervisor ? "a supervisor has no state of its own"
                                                : "state stands in classes and actors");
        FieldDeclaration declaration = parse_field(head);
        if (!panicking_) fields.add(declaration);
        return;
    }
    case Word::On:
        if (!actor) not_here("messages stand in an `actor`; a method is a `def`");
        methods.add(parse_def(head, place));
        return;
    case Word::StateVersion: {
        if (place != Place::Actor) not_here("it stands in an `actor`");
        advance();
        if (!at(TokenKind::Integer)) {
            fail_here(Code::Expected, {"a number after `state_version`", found(), "write `state_version 2`"});
            return;
        }
        members.state_version = parse_number(false);
        return;
    }
    case Word::Strategy:
        if (place != Place::Supervisor) break;
        advance();
        members.strategy = parse_head("strategy");
        members.options = parse_open_arguments("strategy");
        return;
    case Word::Child:
        if (place != Place::Supervisor) break;
        children.add(parse_child());
        return;
    case Word::Class:
    case Word::Record:
    case Word::Trait:
    case Word::Extend:
    case Word::Actor:
    case Word::Supervisor:
    case Word::Import:
    case Word::Module:
    case Word::Once:
    case Word::Test:
        if (definition_here()) {
            not_here("it stands at the top level of a module");
            parse_definition();
            return;
        }
        break;
    default: break;
    }
    if (!head.annotations.empty() && at_end_of_line()) {
        fail(Code::AnnotationAlone, head.annotations.back().span);
        return;
    }
    std::string what(place_name(place));
    report(Code::StatementNotHere, span_here(), {what});
    panicking_ = true;
}

ChildDeclaration Parser::parse_child() {
    ChildDeclaration child;
    child.span.begin = token().begin;
    advance();
    During<std::string_view> no_suite(head_, "child");
    const Node* operand = parse_postfix(false);
    child.spawn = message_of(operand, Word::Spawn);
    if (accept(Word::As)) child.name = parse_postfix(false);
    child.options = parse_open_arguments("child");
    child.span.end = last_end_;
    return child;
}

} // namespace indent::syntax
