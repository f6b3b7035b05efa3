#include "vm/syntax/parsing.h"

namespace indent::syntax {

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
                fail_here(Code::Expected, {"`=` or `:` after `" + shown + "`", found(), advice_here()});
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
            fail_here(Code::ReservedName, {std::string(text(token())), advice_for_reserved()});
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

} // namespace indent::syntax
