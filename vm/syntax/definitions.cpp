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

// Whether a definition begins here: one of its words, followed by what it takes.
bool Parser::definition_here() const {
    if (!at(TokenKind::Name)) return false;
    const Token& next = peek(1);
    bool name = next.kind == TokenKind::Name && next.has(Token::Spaced);
    switch (token().word) {
    case Word::Def: return next.kind != TokenKind::Assign && next.kind != TokenKind::Dot && !at_end_of_line();
    case Word::Class:
    case Word::Module:
    case Word::Import:
    case Word::Record:
    case Word::Trait:
    case Word::Extend:
    case Word::Actor:
    case Word::Supervisor:
    case Word::Stable:
    case Word::Var:
    case Word::Field:
    case Word::State:
    case Word::On:
        return name && !(is_reserved(next.word) &&
                         (next.word == Word::Is || next.word == Word::In || next.word == Word::And ||
                          next.word == Word::Or || next.word == Word::Not || next.word == Word::Then ||
                          next.word == Word::Else || next.word == Word::Do));
    case Word::Once: return next.kind == TokenKind::Colon;
    case Word::Test:
        return next.kind == TokenKind::Text || next.kind == TokenKind::TextStart ||
               next.kind == TokenKind::RawText;
    case Word::StateVersion: return next.kind == TokenKind::Integer;
    default: return false;
    }
}

// ---- what all definitions share

// The comment lines right above this offset, or empty. Moves `begin` to the first of them.
std::string_view Parser::doc_comment_before(uint32_t offset, uint32_t& begin) {
    while (next_comment_ < comments_.size() && comments_[next_comment_].span.begin < offset) ++next_comment_;
    size_t first = next_comment_;
    uint32_t above = offset;
    while (first > 0) {
        const Comment& comment = comments_[first - 1];
        std::string_view between = source_.substr(comment.span.end, above - comment.span.end);
        if (!comment.own_line || std::count(between.begin(), between.end(), '\n') != 1 ||
            between.find_first_not_of(" \t\r\n") != std::string_view::npos)
            break;
        if (source_.substr(comment.span.begin, 2) == "#!" && comment.span.begin == 0) break;
        above = comment.span.begin;
        --first;
    }
    if (first == next_comment_) return {};
    begin = above;
    std::string doc;
    for (size_t i = first; i < next_comment_; ++i) {
        std::string_view line =
            source_.substr(comments_[i].span.begin + 1, comments_[i].span.end - comments_[i].span.begin - 1);
        if (!line.empty() && line[0] == ' ') line.remove_prefix(1);
        while (!line.empty() && (line.back() == ' ' || line.back() == '\r')) line.remove_suffix(1);
        if (i > first) doc += '\n';
        doc += line;
    }
    return tree_.arena.copy(doc);
}

std::span<const Annotation> Parser::parse_annotations() {
    if (!at(TokenKind::At)) return {};
    List<Annotation> annotations(annotations_);
    while (at(TokenKind::At) && !panicking_) {
        Annotation annotation;
        annotation.span.begin = token().begin;
        advance();
        if (!at(TokenKind::Name)) {
            fail_here(Code::NameExpected, {"an annotation", found()});
            break;
        }
        annotation.name = name_of(advance());
        if (touching(TokenKind::LeftParen)) annotation.arguments = parse_arguments();
        annotation.span.end = last_end_;
        annotations.add(annotation);
        if (panicking_) break;
        if (at(TokenKind::Newline)) advance();
    }
    return annotations.take(tree_.arena);
}

// The comment above and the annotations; then the definition's word is next.
DefinitionHead Parser::begin_head() {
    DefinitionHead head;
    head.full.begin = token().begin;
    head.doc = doc_comment_before(token().begin, head.full.begin);
    bool annotated = at(TokenKind::At);
    head.annotations = parse_annotations();
    // A comment may stand between the annotations and the definition too.
    if (annotated && head.doc.empty() && !panicking_) {
        uint32_t ignored = 0;
        head.doc = doc_comment_before(token().begin, ignored);
    }
    return head;
}

void Parser::forbid_primitive(const DefinitionHead& head) {
    for (const Annotation& annotation : head.annotations)
        if (annotation.name.text == "primitive") report(Code::PrimitiveMisplaced, annotation.span);
}

const Node* Parser::parse_definition() {
    DefinitionHead head = begin_head();
    if (panicking_) return error_node();
    if (!definition_here()) {
        if (head.annotations.empty()) return fail_here(Code::NotADefinition, {found()});
        if (at_ + 2 >= tokens_.size()) wants_more_ = true;
        return fail(Code::AnnotationAlone, head.annotations.back().span);
    }
    uint32_t begin = token().begin;
    Word word = token().word;
    if (word == Word::Class && peek(1).word == Word::Def && peek(1).kind == TokenKind::Name &&
        peek(2).kind == TokenKind::Name) {
        report(Code::MemberNotHere, span(token()),
               {"class def", "a module", "a function of the module is a plain `def`"});
        advance();
        word = Word::Def;
    }
    if (word != Word::Def) forbid_primitive(head);
    switch (word) {
    case Word::Def:
        if ((peek(1).kind == TokenKind::Name) &&
            (text(peek(1)) == "before_reload" || text(peek(1)) == "after_reload"))
            return parse_hook(head, begin);
        return parse_def(head, Place::Module);
    case Word::Class: return parse_class(head);
    case Word::Module: return parse_module_line(head);
    case Word::Import: return parse_import();
    case Word::Record: return parse_record(head);
    case Word::Trait: return parse_trait(head);
    case Word::Extend: return parse_extend(head);
    case Word::Actor: return parse_actor(head);
    case Word::Supervisor: return parse_supervisor(head);
    case Word::Stable:
    case Word::Var: return parse_module_value(head);
    case Word::Once: return parse_once(head);
    case Word::Test: return parse_test(head);
    case Word::Field:
        report(Code::MemberNotHere, span(token()),
               {"field", "a module", "write `stable` or `var` for a module value"});
        break;
    case Word::State:
    case Word::StateVersion:
        report(Code::MemberNotHere, span(token()),
               {std::string(text(token())), "a module", "put it into an `actor`"});
        break;
    case Word::On:
        report(Code::MemberNotHere, span(token()),
               {"on", "a module", "put it into an `actor`, or write `def`"});
        return parse_def(head, Place::Actor);
    default: break;
    }
    // A member outside of its class: read it, keep nothing of it.
    if (token().word == Word::StateVersion) {
        advance();
        advance();
    } else {
        parse_field(head);
    }
    return tree_.arena.make<ErrorNode>(span_from(begin));
}

// ---- module, import, values, hooks

std::string_view Parser::parse_path(std::string_view what) {
    uint32_t begin = token().begin;
    do {
        if (!at(TokenKind::Name)) {
            fail_here(Code::NameExpected, {std::string(what), found(), "write it as `shop.pricing`"});
            return {};
        }
        advance();
    } while (accept(TokenKind::Dot));
    std::string_view path = source_.substr(begin, last_end_ - begin);
    if (path.find_first_of(" \t\n") == std::string_view::npos) return path;
    std::string clean;
    for (char c : path)
        if (c != ' ' && c != '\n' && c != '\r' && c != '\t') clean += c;
    return tree_.arena.copy(clean);
}

const Node* Parser::parse_module_line(DefinitionHead& head) {
    auto* node = make<ModuleNode>(token().begin);
    bool first = true;
    for (size_t i = 0; i < at_; ++i)
        if (tokens_[i].kind != TokenKind::Newline && head.annotations.empty()) first = false;
    if (!first) {
        bool twice = tokens_[0].word == Word::Module;
        report(twice ? Code::ModuleTwice : Code::ModuleNotFirst, span(token()));
    }
    advance();
    node->doc = head.doc;
    node->annotations = head.annotations;
    node->path = parse_path("the module");
    return finish(node);
}

const Node* Parser::parse_import() {
    auto* node = make<ImportNode>(token().begin);
    advance();
    node->path = parse_path("a module");
    if (at(TokenKind::LeftParen) && !panicking_) {
        During<unsigned> inside(brackets_, brackets_ + 1);
        node->bare = true;
        advance();
        List<Name> names(names_);
        while (!at(TokenKind::RightParen) && !panicking_) {
            if (!at_name()) {
                fail_here(Code::NameExpected, {"what is imported", found()});
                break;
            }
            names.add(name_of(advance()));
            if (!accept(TokenKind::Comma)) break;
        }
        expect(TokenKind::RightParen, "`,` or `)`");
        node->names = names.take(tree_.arena);
    }
    return finish(node);
}

const Node* Parser::parse_module_value(DefinitionHead& head) {
    auto* node = make<ModuleValueNode>(token().begin);
    node->stable = token().word == Word::Stable;
    FieldDeclaration value = parse_field(head);
    node->head = value.head;
    node->type = value.type;
    node->initial = value.initial;
    if (!value.initial && !panicking_)
        return fail(Code::LetNeedsValue, span_here(), {std::string(value.head.name.text)});
    return finish(node);
}

const Node* Parser::parse_hook(DefinitionHead& head, uint32_t begin) {
    auto* node = make<HookNode>(begin);
    advance();
    node->hook = text(token()) == "before_reload" ? HookKind::BeforeReload : HookKind::AfterReload;
    head.name = name_of(advance());
    if (touching(TokenKind::LeftParen)) {
        uint32_t open = token().begin;
        Parameters parameters = parse_parameters(false);
        if (!parameters.empty())
            report(Code::HookHasParameters, span_from(open), {std::string(head.name.text)});
    }
    if (accept(TokenKind::Assign)) {
        List<const Node*> body(nodes_);
        uint32_t from = token().begin;
        body.add(parse_simple_statement());
        node->body.statements = body.take(tree_.arena);
        node->body.span = span_from(from);
    } else {
        node->body = parse_suite("def");
    }
    finish_head(head);
    node->head = head;
    return finish(node);
}

const Node* Parser::parse_once(DefinitionHead& head) {
    auto* node = make<OnceNode>(token().begin);
    advance();
    node->body = parse_suite("once");
    finish_head(head);
    node->head = head;
    return finish(node);
}

const Node* Parser::parse_test(DefinitionHead& head) {
    auto* node = make<TestNode>(token().begin);
    advance();
    const Node* title = parse_text();
    if (auto* plain = try_as<TextNode>(title))
        node->title = plain->value;
    else
        report(Code::Expected, title->span, {"a plain text as the test's name", "one that interpolates"});
    node->body = parse_suite("test");
    finish_head(head);
    node->head = head;
    return finish(node);
}

// ---- def and on

const Node* Parser::parse_type() {
    return parse_qualified("a class");
}

// A name, any word, or an operator.
Name Parser::parse_def_name(std::string_view what) {
    switch (token().kind) {
    case TokenKind::Name: {
        Name name = name_of(advance());
        return name;
    }
    case TokenKind::Plus:
    case TokenKind::Minus:
    case TokenKind::Star:
    case TokenKind::Slash:
    case TokenKind::DoubleSlash:
    case TokenKind::Percent:
    case TokenKind::Power:
    case TokenKind::Equal:
    case TokenKind::NotEqual:
    case TokenKind::Less:
    case TokenKind::LessEqual:
    case TokenKind::Greater:
    case TokenKind::GreaterEqual: return name_of(advance());
    case TokenKind::LeftBracket:
        fail_here(Code::NameExpected,
                  {std::string(what), found(), "the selectors are `at(i)` and `at_put(i, value)`"});
        return {};
    default: fail_here(Code::NameExpected, {std::string(what), found()}); return {};
    }
}

const DefinitionNode* Parser::parse_def(DefinitionHead& head, Place place) {
    auto* node = make<DefinitionNode>(token().begin);
    if (at(Word::Class)) {
        node->class_side = true;
        advance();
    }
    node->role = at(Word::On) ? DefinitionRole::On : DefinitionRole::Def;
    std::string word(text(token()));
    advance();
    head.name = parse_def_name(node->role == DefinitionRole::On ? "a message" : "a function or method");
    for (const Annotation& annotation : head.annotations)
        if (annotation.name.text == "primitive") node->primitive = true;
    if (node->primitive && node->role == DefinitionRole::On) forbid_primitive(head);
    if (at(TokenKind::LeftParen) && !panicking_) {
        if (token().has(Token::Spaced))
            report(Code::CallSpace, span(token()), {std::string(head.name.text) + "(…)", "("});
        node->parameters = parse_parameters(false);
    }
    if (accept(TokenKind::Arrow)) node->result_type = parse_type();
    if (!panicking_) {
        if (at(TokenKind::Assign)) {
            Span sign = span(advance());
            if (node->primitive) report(Code::PrimitiveWithBody, sign);
            if (at_end_of_line()) {
                fail_here(Code::Expected,
                          {"an expression after `=`", found(), "for a suite end the line with `:`"});
            } else {
                node->expression_body = true;
                List<const Node*> body(nodes_);
                uint32_t from = token().begin;
                body.add(parse_simple_statement());
                node->body.statements = body.take(tree_.arena);
                node->body.span = span_from(from);
            }
        } else if (at(TokenKind::Colon)) {
            if (node->primitive) report(Code::PrimitiveWithBody, span(token()));
            advance();
            node->body = parse_suite_body();
        } else if (!node->primitive) {
            std::string shown = word + " " + std::string(head.name.text);
            if (at_end_of_line())
                fail(Code::MissingBody, span_from(node->span.begin), {shown});
            else
                fail_here(Code::Expected, {"`=` or `:` after `" + shown + "`", found(), ""});
        }
    }
    finish_head(head);
    node->head = head;
    return finish(node);
}

// `field x: Type = e`, and `state`, `stable`, `var` alike.
FieldDeclaration Parser::parse_field(DefinitionHead& head) {
    FieldDeclaration field;
    std::string word(text(token()));
    advance();
    if (!at_name()) {
        if (at(TokenKind::Name))
            fail_here(Code::ReservedName, {std::string(text(token()))});
        else
            fail_here(Code::NameExpected, {"a `" + word + "`", found()});
    } else {
        head.name = name_of(advance());
    }
    if (accept(TokenKind::Colon)) field.type = parse_type();
    if (accept(TokenKind::Assign)) field.initial = parse_expression();
    finish_head(head);
    field.head = head;
    return field;
}

// ---- classes and their kin

Name Parser::parse_class_name(std::string_view what) {
    if (!at_name()) {
        if (at(TokenKind::Name))
            fail_here(Code::ReservedName, {std::string(text(token()))});
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
        if (at(TokenKind::LeftParen))
            fail_here(Code::Expected, {"`:`", found(), "to inherit write `class Circle extends Shape:`"});
        else
            fail_here(Code::Expected, {"`:`", found(), ""});
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
