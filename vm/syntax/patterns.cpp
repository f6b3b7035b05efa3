#include "vm/syntax/parsing.h"

namespace indent::syntax {

const Pattern* Parser::parse_pattern() {
    Deeper deeper(*this);
    uint32_t begin = token().begin;
    const Pattern* first = parse_single_pattern();
    if (!at(TokenKind::Bar) || panicking_) return first;
    List<PatternEntry> parts(patterns_);
    parts.add({nullptr, first});
    while (!panicking_ && accept(TokenKind::Bar)) parts.add({nullptr, parse_single_pattern()});
    auto* either = tree_.arena.make<Pattern>();
    either->kind = PatternKind::Either;
    either->entries = parts.take(tree_.arena);
    either->span = span_from(begin);
    return either;
}

const Pattern* Parser::parse_single_pattern() {
    auto* pattern = tree_.arena.make<Pattern>();
    uint32_t begin = token().begin;
    pattern->span = span(token());
    if (panicking_) return pattern;
    switch (token().kind) {
    case TokenKind::Integer:
    case TokenKind::Float:
    case TokenKind::Minus:
    case TokenKind::Symbol:
    case TokenKind::Text:
    case TokenKind::TextStart:
    case TokenKind::RawText: return parse_literal_pattern();
    case TokenKind::LeftParen: {
        During<unsigned> inside(brackets_, brackets_ + 1);
        advance();
        List<PatternEntry> entries(patterns_);
        bool comma = false;
        while (!at(TokenKind::RightParen) && !panicking_) {
            entries.add({nullptr, parse_pattern()});
            comma = accept(TokenKind::Comma);
            if (!comma) break;
        }
        expect(TokenKind::RightParen, "`,` or `)`");
        if (entries.size() == 1 && !comma) return entries[0].pattern; // grouped
        pattern->kind = PatternKind::Tuple;
        pattern->entries = entries.take(tree_.arena);
        pattern->span = span_from(begin);
        return pattern;
    }
    case TokenKind::LeftBracket: {
        During<unsigned> inside(brackets_, brackets_ + 1);
        advance();
        pattern->kind = PatternKind::List;
        pattern->entries = parse_pattern_entries(TokenKind::RightBracket, pattern, false);
        expect(TokenKind::RightBracket, "`,` or `]`");
        pattern->span = span_from(begin);
        return pattern;
    }
    case TokenKind::LeftBrace: return parse_map_pattern();
    case TokenKind::Name: break;
    default: {
        fail_here(Code::InvalidPattern, {found(), advice_here()});
        return pattern;
    }
    }
    if (token().word == Word::True || token().word == Word::False || token().word == Word::Nil)
        return parse_literal_pattern();
    if (is_reserved(token().word)) {
        fail_here(Code::ReservedName, {std::string(text(token())), advice_for_reserved()});
        return pattern;
    }
    if (is_capital(token()) || peek(1).kind == TokenKind::Dot) return parse_class_pattern();
    Name name = name_of(advance());
    if (at(Word::Is)) {
        advance();
        pattern->kind = name.text == "_" ? PatternKind::Type : PatternKind::BindType;
        pattern->name = name;
        pattern->value = parse_qualified("a class");
        pattern->span = span_from(begin);
        return pattern;
    }
    pattern->kind = name.text == "_" ? PatternKind::Ignore : PatternKind::Bind;
    pattern->name = name;
    return pattern;
}

const Pattern* Parser::parse_literal_pattern() {
    auto* pattern = tree_.arena.make<Pattern>();
    uint32_t begin = token().begin;
    auto literal = [&]() -> const Node* {
        if (at(TokenKind::TextStart)) return fail_here(Code::TextPatternInterpolates);
        if (at(TokenKind::Minus)) {
            if (peek(1).kind != TokenKind::Integer && peek(1).kind != TokenKind::Float) {
                advance();
                return fail_here(Code::InvalidPattern, {found(), "a sign stands before a number"});
            }
            return parse_number(true);
        }
        if (at(TokenKind::Name) && token().word != Word::True && token().word != Word::False &&
            token().word != Word::Nil)
            return fail_here(Code::InvalidPattern,
                             {found(), "a pattern holds literals; test the rest with `if`"});
        return parse_primary(false);
    };
    const Node* value = literal();
    pattern->kind = PatternKind::Literal;
    if (!panicking_ && (at(TokenKind::Range) || at(TokenKind::RangeExclusive))) {
        auto* range = make<RangeNode>(begin);
        range->low = value;
        range->exclusive = at(TokenKind::RangeExclusive);
        advance();
        range->high = literal();
        value = finish(range);
        pattern->kind = PatternKind::Range;
    }
    pattern->value = value;
    pattern->span = span_from(begin);
    return pattern;
}

// `Point`, `shop.Item`, `Point(x, y: 0)`.
const Pattern* Parser::parse_class_pattern() {
    auto* pattern = tree_.arena.make<Pattern>();
    uint32_t begin = token().begin;
    pattern->kind = PatternKind::Type;
    pattern->value = parse_qualified("a class");
    if (touching(TokenKind::LeftParen)) {
        During<unsigned> inside(brackets_, brackets_ + 1);
        advance();
        pattern->kind = PatternKind::Record;
        pattern->entries = parse_pattern_entries(TokenKind::RightParen, nullptr, true);
        expect(TokenKind::RightParen, "`,` or `)`");
    }
    pattern->span = span_from(begin);
    return pattern;
}

// `list` is where a rest is noted; null where none may stand.
std::span<const PatternEntry> Parser::parse_pattern_entries(TokenKind closing, Pattern* list, bool labels) {
    List<PatternEntry> entries(patterns_);
    while (!at(closing) && !panicking_) {
        PatternEntry entry;
        if (labels && at(TokenKind::Name) && peek(1).kind == TokenKind::Colon) {
            auto* key = make<SymbolNode>(token().begin);
            key->name = text(advance());
            entry.key = finish(key);
            advance();
        }
        if (list && at(TokenKind::Star)) {
            Span star = span(advance());
            if (list->rest >= 0) report(Code::RestTwice, star);
            list->rest = static_cast<int>(entries.size());
            if (!at_name()) {
                fail_here(Code::NameExpected, {"the rest", found()});
                break;
            }
            auto* rest = tree_.arena.make<Pattern>();
            rest->span = span(token());
            rest->name = name_of(advance());
            rest->kind = rest->name.text == "_" ? PatternKind::Ignore : PatternKind::Bind;
            entry.pattern = rest;
        } else {
            entry.pattern = parse_pattern();
        }
        entries.add(entry);
        if (!accept(TokenKind::Comma)) break;
    }
    return entries.take(tree_.arena);
}

const Pattern* Parser::parse_map_pattern() {
    auto* pattern = tree_.arena.make<Pattern>();
    uint32_t begin = token().begin;
    During<unsigned> inside(brackets_, brackets_ + 1);
    pattern->kind = PatternKind::Map;
    advance();
    List<PatternEntry> entries(patterns_);
    while (!at(TokenKind::RightBrace) && !panicking_) {
        PatternEntry entry;
        if (at(TokenKind::Name) && peek(1).kind == TokenKind::Colon) {
            auto* key = make<SymbolNode>(token().begin);
            key->name = text(advance());
            entry.key = finish(key);
        } else if (at(TokenKind::LeftParen)) {
            entry.key = parse_parenthesised();
        } else {
            entry.key = parse_literal_pattern()->value;
        }
        if (!expect(TokenKind::Colon, "`:` after the key")) break;
        entry.pattern = parse_pattern();
        entries.add(entry);
        if (!accept(TokenKind::Comma)) break;
    }
    expect(TokenKind::RightBrace, "`,` or `}`");
    pattern->entries = entries.take(tree_.arena);
    pattern->span = span_from(begin);
    return pattern;
}

// The target of `let` and `for`. Names side by side are a tuple without its parentheses.
const Pattern* Parser::parse_target(std::string_view what) {
    uint32_t begin = token().begin;
    const Pattern* target = parse_pattern();
    if (!at(TokenKind::Comma) || panicking_) return target;
    List<PatternEntry> entries(patterns_);
    entries.add({nullptr, target});
    while (!panicking_ && accept(TokenKind::Comma)) entries.add({nullptr, parse_pattern()});
    std::string written(source_.substr(begin, last_end_ - begin));
    report(Code::TupleNeedsParentheses, span_from(begin), {std::string(what) + " (" + written + ") …"});
    auto* tuple = tree_.arena.make<Pattern>();
    tuple->kind = PatternKind::Tuple;
    tuple->entries = entries.take(tree_.arena);
    tuple->span = span_from(begin);
    return tuple;
}

// ---- parameters

Parameters Parser::parse_parameters(bool patterns) {
    During<unsigned> inside(brackets_, brackets_ + 1);
    advance();
    List<Parameter> parameters(parameters_);
    while (!at(TokenKind::RightParen) && !panicking_) {
        Parameter parameter = parse_parameter(patterns);
        if (accept(TokenKind::Colon)) parameter.type = parse_type();
        if (accept(TokenKind::Assign)) parameter.initial = parse_expression();
        parameter.span.end = std::max(parameter.span.end, last_end_);
        parameters.add(parameter);
        if (!accept(TokenKind::Comma)) break;
    }
    expect(TokenKind::RightParen, "`,` or `)`");
    check_parameters(parameters);
    return parameters.take(tree_.arena);
}

Parameters Parser::parse_do_parameters() {
    List<Parameter> parameters(parameters_);
    while (!panicking_) {
        parameters.add(parse_parameter(true));
        if (!accept(TokenKind::Comma)) break;
    }
    check_parameters(parameters);
    return parameters.take(tree_.arena);
}

// A name, `*rest`, or where `patterns` are allowed a pattern.
Parameter Parser::parse_parameter(bool patterns) {
    Parameter parameter;
    parameter.span = span(token());
    if (panicking_) return parameter;
    if (accept(TokenKind::Star)) parameter.rest = true;
    if (at_name() && !is_capital(token()) && peek(1).word != Word::Is && peek(1).kind != TokenKind::Dot) {
        if (patterns && !parameter.rest && text(token()) == "_") {
            parameter.pattern = parse_single_pattern();
        } else {
            parameter.name = name_of(advance());
        }
    } else if (patterns && !parameter.rest) {
        parameter.pattern = parse_pattern();
    } else if (at(TokenKind::Name) && is_reserved(token().word)) {
        fail_here(Code::ReservedName, {std::string(text(token())), advice_for_reserved()});
    } else {
        fail_here(Code::NameExpected, {"a parameter", found()});
    }
    parameter.span.end = std::max(parameter.span.begin, last_end_);
    return parameter;
}

void Parser::check_parameters(List<Parameter>& parameters) {
    bool rest = false;
    for (size_t i = 0; i < parameters.size(); ++i) {
        if (parameters[i].rest && rest) report(Code::RestTwice, parameters[i].span);
        rest = rest || parameters[i].rest;
    }
}

// `(a, b) = pair` as the pattern that it means; null where it is none.
const Pattern* Parser::pattern_of_target(const Node* target) {
    auto* pattern = tree_.arena.make<Pattern>();
    pattern->span = target->span;
    if (auto* name = try_as<NameNode>(target)) {
        pattern->kind = name->text == "_" ? PatternKind::Ignore : PatternKind::Bind;
        pattern->name = {name->text, name->span};
        return pattern;
    }
    List<PatternEntry> entries(patterns_);
    if (auto* tuple = try_as<TupleNode>(target)) {
        pattern->kind = PatternKind::Tuple;
        for (const Node* element : tuple->elements) {
            const Pattern* part = pattern_of_target(element);
            if (!part) return nullptr;
            entries.add({nullptr, part});
        }
    } else if (auto* list = try_as<ListNode>(target)) {
        pattern->kind = PatternKind::List;
        for (const SpreadOr& element : list->elements) {
            const Pattern* part = pattern_of_target(element.value);
            if (!part || (element.spread && (pattern->rest >= 0 || element.value->kind != Kind::Name)))
                return nullptr;
            if (element.spread) pattern->rest = static_cast<int>(entries.size());
            entries.add({nullptr, part});
        }
    } else {
        return nullptr;
    }
    pattern->entries = entries.take(tree_.arena);
    return pattern;
}

} // namespace indent::syntax
