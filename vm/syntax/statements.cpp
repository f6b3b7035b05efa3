#include "vm/syntax/foreign_names.h"
#include "vm/syntax/parsing.h"

namespace indent::syntax {

void Parser::parse_module() {
    List<const Node*> top(nodes_);
    parse_statements(top, true);
    tree_.top_level = top.take(tree_.arena);
    for (const Node* node : tree_.top_level)
        if (auto* module = try_as<ModuleNode>(node); module && !tree_.module) tree_.module = module;
}

// Statements up to the end of the suite, which is left to the caller.
void Parser::parse_statements(List<const Node*>& into, bool definitions) {
    while (!at(TokenKind::Dedent) && !at(TokenKind::End)) {
        if (at(TokenKind::Newline)) {
            advance();
            continue;
        }
        if (at(TokenKind::Indent)) {
            report(Code::UnexpectedIndent, {peek(1).begin, peek(1).begin + 1});
            advance();
            parse_statements(into, definitions);
            accept(TokenKind::Dedent);
            continue;
        }
        size_t before = at_;
        into.add(parse_statement(definitions));
        end_statement(&into, definitions);
        if (at_ == before) advance();
    }
}

// Past the line end; after an error past the rest of the line, and what was indented under it counts as
// statements of this suite.
void Parser::end_statement(List<const Node*>* orphans, bool definitions) {
    if (!panicking_) {
        if (at(TokenKind::Newline)) {
            advance();
            return;
        }
        if (at_end_of_line()) return;
        const Token& last = previous();
        if (at(TokenKind::LeftParen) && is_name(last) && !is_capital(last))
            fail_here(Code::CallSpace, {std::string(text(last)) + "(…)", "("});
        else
            fail_here(Code::ExpectedEndOfLine, {found(), advice_at_line_end()});
    }
    synchronise();
    accept(TokenKind::Newline);
    if (at(TokenKind::Indent) && orphans) {
        advance();
        parse_statements(*orphans, definitions);
        accept(TokenKind::Dedent);
    }
}

const Node* Parser::parse_statement(bool definitions) {
    if (at(TokenKind::At)) return parse_definition();
    if (!at(TokenKind::Name)) return parse_simple_statement();
    switch (token().word) {
    case Word::If: return parse_if();
    case Word::While: return parse_while();
    case Word::For: return parse_for();
    case Word::Loop: return parse_loop();
    case Word::Match: return parse_match();
    case Word::Try: return parse_try();
    case Word::Elif:
    case Word::Else:
    case Word::Catch:
    case Word::Finally:
    case Word::Case: return stray_word();
    default: break;
    }
    if (definition_here()) {
        if (!definitions) report(Code::DefinitionInBody, span(token()), {std::string(text(token()))});
        const Node* node = parse_definition();
        if (definitions) return node;
        return tree_.arena.make<ErrorNode>(node->span);
    }
    return parse_simple_statement();
}

const Node* Parser::stray_word() {
    Word word = token().word;
    std::string what = word == Word::Elif || word == Word::Else ? "an `if`"
                       : word == Word::Case                     ? "a `match`"
                                                                : "a `try`";
    report(Code::WordWithoutHead, span(token()),
           {std::string(text(token())), what, "line it up with the word that it belongs to"});
    panicking_ = true;
    return error_node();
}

const Node* Parser::parse_simple_statement() {
    if (panicking_) return error_node();
    if (!at(TokenKind::Name)) return parse_expression_statement();
    uint32_t begin = token().begin;
    switch (token().word) {
    case Word::Let: return parse_let();
    case Word::Break: advance(); return finish(make<BreakNode>(begin));
    case Word::Continue: advance(); return finish(make<ContinueNode>(begin));
    case Word::Pass: advance(); return finish(make<PassNode>(begin));
    case Word::Return: {
        auto* node = make<ReturnNode>(begin);
        advance();
        bool ends = at_end_of_line() || at(TokenKind::RightParen) || at(TokenKind::RightBracket) ||
                    at(TokenKind::RightBrace) || at(TokenKind::Comma);
        if (!ends) node->value = parse_expression();
        if (node->value && at(TokenKind::Comma) && brackets_ == 0 && !panicking_)
            fail_here(Code::TupleNeedsParentheses, {"return (a, b)"});
        return finish(node);
    }
    case Word::Expect:
        if (begins_operand(peek(1)) || peek(1).kind == TokenKind::Minus) return parse_expect();
        break;
    case Word::ExpectError:
        if (peek(1).kind == TokenKind::Name) return parse_expect_error();
        break;
    case Word::If: // a conditional expression as the one statement of a suite
    default: break;
    }
    return parse_expression_statement();
}

const Node* Parser::parse_let() {
    auto* node = make<LetNode>(token().begin);
    advance();
    node->target = parse_target("let");
    if (accept(TokenKind::Colon)) node->type = parse_type();
    if (panicking_) return error_node();
    if (!accept(TokenKind::Assign)) {
        if (at_end_of_line()) {
            std::string name(
                source_.substr(node->target->span.begin, node->target->span.end - node->target->span.begin));
            return fail_here(Code::LetNeedsValue, {name});
        }
        return fail_here(Code::Expected, {"`=` and a value", found(), "write `let name = value`"});
    }
    node->value = parse_expression();
    return finish(node);
}

const Node* Parser::parse_expression_statement() {
    const Node* value = parse_expression();
    switch (token().kind) {
    case TokenKind::Assign:
    case TokenKind::PlusAssign:
    case TokenKind::MinusAssign:
    case TokenKind::StarAssign:
    case TokenKind::SlashAssign:
        if (!panicking_) return parse_assignment(value);
        break;
    case TokenKind::Comma:
        if (!panicking_ && brackets_ == 0 && value->kind == Kind::Name) {
            // a, b = pair
            size_t i = at_;
            while (tokens_[i].kind != TokenKind::Newline && tokens_[i].kind != TokenKind::End &&
                   tokens_[i].kind != TokenKind::Assign)
                ++i;
            if (tokens_[i].kind == TokenKind::Assign) {
                std::string names(source_.substr(value->span.begin, tokens_[i - 1].end - value->span.begin));
                return fail_here(Code::TupleNeedsParentheses, {"(" + names + ") = …"});
            }
        }
        break;
    default: break;
    }
    return value;
}

const Node* Parser::parse_assignment(const Node* target) {
    auto* node = make<AssignNode>(target->span.begin);
    const Token op = advance();
    node->op = text(op).substr(0, op.end - op.begin - (op.kind == TokenKind::Assign ? op.end - op.begin : 1));
    if (target->kind == Kind::Name) {
        node->target = target;
    } else if (auto* send = try_as<SendNode>(target)) {
        bool element =
            send->is_operator && send->selector.text == "at" && source_[send->selector.span.begin] == '[';
        if (element) {
            node->target = target;
        } else if (send->is_operator || send->parentheses || send->block) {
            report(Code::InvalidTarget, target->span, {"the answer of a send"});
        } else if (send->receiver->kind == Kind::Self) {
            report(Code::AssignThroughSelf, target->span, {std::string(send->selector.text)});
        } else {
            report(Code::AssignFromOutside, target->span, {std::string(send->selector.text)});
        }
    } else if (target->kind == Kind::Tuple || target->kind == Kind::List) {
        node->pattern = op.kind == TokenKind::Assign ? pattern_of_target(target) : nullptr;
        if (!node->pattern) report(Code::InvalidTarget, target->span, {"this"});
    } else if (target->kind != Kind::Error) {
        const char* what = target->kind == Kind::Self ? "`self`"
                           : target->kind == Kind::Call || target->kind == Kind::CallValue
                               ? "the answer of a call"
                               : "this";
        report(Code::InvalidTarget, target->span, {what});
    }
    node->value = parse_expression();
    finish(node);
    if (!panicking_ && at(TokenKind::Assign)) return fail_here(Code::AssignInExpression);
    if (!node->target && !node->pattern) return tree_.arena.make<ErrorNode>(node->span);
    return node;
}

const Node* Parser::parse_expect() {
    auto* node = make<ExpectNode>(token().begin);
    advance();
    node->condition = parse_expression();
    return finish(node);
}

const Node* Parser::parse_expect_error() {
    Deeper deeper(*this);
    auto* node = make<ExpectErrorNode>(token().begin);
    advance();
    if (panicking_) return node;
    if (!at(Word::Do)) node->type = parse_qualified("an error class");
    if (!at(Word::Do) && !panicking_)
        return fail_here(Code::Expected, {"`do:`", found(), "write `expect_error Type do:` and a suite"});
    if (brackets_ > 0) return fail_here(Code::SuiteInBrackets);
    advance();
    node->body = parse_suite("expect_error");
    return finish(node);
}

// ---- suites

// The head of a statement: an expression that a bare `do` does not belong to.
const Node* Parser::parse_head(std::string_view word) {
    During<std::string_view> head(head_, word);
    const Node* value = parse_expression();
    if (at(Word::Do) && !panicking_) {
        report(Code::DoInHead, span(token()), {std::string(word)});
        // What follows is most likely the block's suite.
        while (!at(TokenKind::Colon) && !at_end_of_line()) advance();
    }
    return value;
}

// `:` and what it opens: an indented suite, or one simple statement on the same line.
Suite Parser::parse_suite(std::string_view head) {
    if (panicking_) return {};
    if (!accept(TokenKind::Colon)) {
        if (at(TokenKind::Assign)) {
            fail_here(Code::AssignInExpression);
        } else if (at(TokenKind::LeftParen) && is_name(previous())) {
            fail_here(Code::CallSpace, {std::string(text(previous())) + "(…)", "("});
        } else {
            std::string help = at_end_of_line() ? "end the line with `:`" : "";
            if (at(Word::Then)) help = "a conditional expression is `if c then a else b`";
            fail_here(Code::MissingColon, {std::string(head), found(), help});
        }
        return {};
    }
    return parse_suite_body();
}

Suite Parser::parse_suite_body() {
    Deeper deeper(*this);
    Suite suite;
    if (gave_up_) return suite;
    During<unsigned> no_brackets(brackets_, 0);
    During<std::string_view> no_head(head_, {});
    List<const Node*> statements(nodes_);
    suite.span.begin = token().begin;
    if (at(TokenKind::Newline) || at(TokenKind::End)) {
        if (peek(1).kind != TokenKind::Indent) {
            // Where the text ends here, a person at a prompt goes on with the suite.
            if (at_ + 2 >= tokens_.size() || at(TokenKind::End)) wants_more_ = true;
            report(Code::ExpectedSuite, {last_end_ > 0 ? last_end_ - 1 : 0, last_end_});
            suite.span = {last_end_, last_end_};
            return suite;
        }
        advance();
        advance();
        suite.span.begin = token().begin;
        parse_statements(statements, false);
        accept(TokenKind::Dedent);
    } else {
        if (at(TokenKind::Name)) {
            switch (token().word) {
            case Word::If: {
                // A conditional expression is fine here, an `if` statement is not.
                const Token word = token();
                const Node* node = parse_if();
                if (node->kind == Kind::If) report(Code::OneSimpleStatement, span(word), {"if"});
                statements.add(node);
                break;
            }
            case Word::While:
            case Word::For:
            case Word::Loop:
            case Word::Match:
            case Word::Try:
                report(Code::OneSimpleStatement, span(token()), {std::string(text(token()))});
                statements.add(parse_statement(false));
                break;
            default:
                if (definition_here())
                    statements.add(parse_statement(false));
                else
                    statements.add(parse_simple_statement());
            }
        } else {
            statements.add(parse_simple_statement());
        }
    }
    suite.statements = statements.take(tree_.arena);
    suite.span.end = std::max(suite.span.begin, last_end_);
    return suite;
}

// After a suite: whether the next line begins with this word, at the same level.
bool Parser::next_line_is(Word word) const {
    return at(TokenKind::Newline) && peek(1).kind == TokenKind::Name && peek(1).word == word;
}
bool Parser::take_next_line(Word word) {
    if (!next_line_is(word) || gave_up_) return false;
    // An error inside the suite above stays there.
    panicking_ = false;
    advance();
    advance();
    return true;
}

const Node* Parser::parse_if() {
    uint32_t begin = token().begin;
    advance();
    const Node* condition = parse_head("if");
    if (at(Word::Then) && !panicking_) return parse_conditional_rest(begin, condition);
    auto* node = make<IfNode>(begin);
    List<Branch> branches(branches_);
    auto recover = [&] {
        // A broken head or body: the branches after it are still branches.
        if (!panicking_) return;
        while (!at(TokenKind::Newline) && !at(TokenKind::End)) advance();
        if (peek(1).kind == TokenKind::Indent) {
            panicking_ = gave_up_;
            parse_suite_body();
        } else if (next_line_is(Word::Elif) || next_line_is(Word::Else)) {
            panicking_ = gave_up_;
        }
    };
    branches.add({condition, parse_suite("if")});
    recover();
    while (take_next_line(Word::Elif)) {
        const Node* test = parse_head("elif");
        branches.add({test, parse_suite("elif")});
        recover();
    }
    if (take_next_line(Word::Else)) {
        node->has_else = true;
        if (at(Word::If)) {
            fail_here(Code::Expected, {"`:` after `else`", found(), "write `elif condition:`"});
        } else {
            node->else_body = parse_suite("else");
        }
        recover();
    }
    node->branches = branches.take(tree_.arena);
    return finish(node);
}

const Node* Parser::parse_while() {
    auto* node = make<WhileNode>(token().begin);
    advance();
    node->condition = parse_head("while");
    node->body = parse_suite("while");
    return finish(node);
}

const Node* Parser::parse_for() {
    auto* node = make<ForNode>(token().begin);
    advance();
    node->target = parse_target("for");
    if (panicking_) return error_node();
    if (!accept(Word::In)) return fail_here(Code::Expected, {"`in`", found(), "write `for x in xs:`"});
    node->iterable = parse_head("for");
    node->body = parse_suite("for");
    return finish(node);
}

const Node* Parser::parse_loop() {
    auto* node = make<LoopNode>(token().begin);
    advance();
    node->body = parse_suite("loop");
    return finish(node);
}

const Node* Parser::parse_match() {
    auto* node = make<MatchNode>(token().begin);
    advance();
    node->subject = parse_head("match");
    if (panicking_) return error_node();
    if (!accept(TokenKind::Colon)) return fail_here(Code::MissingColon, {"match", found(), ""});
    if (!at(TokenKind::Newline) || peek(1).kind != TokenKind::Indent) {
        if (at_ + 2 >= tokens_.size()) wants_more_ = true;
        if (at_end_of_line()) return fail(Code::ExpectedSuite, {last_end_ - 1, last_end_});
        return fail_here(Code::MatchNeedsCases, {found()});
    }
    advance();
    advance();
    Deeper deeper(*this);
    During<unsigned> no_brackets(brackets_, 0);
    During<std::string_view> no_head(head_, {});
    List<MatchCase> cases(cases_);
    while (!at(TokenKind::Dedent) && !at(TokenKind::End)) {
        if (accept(TokenKind::Newline)) continue;
        size_t before = at_;
        if (!at(Word::Case)) {
            fail_here(Code::MatchNeedsCases, {found()});
        } else {
            MatchCase one;
            one.span.begin = token().begin;
            advance();
            one.pattern = parse_pattern();
            if (!panicking_ && at(TokenKind::Comma)) fail_here(Code::TupleNeedsParentheses, {"case (a, b):"});
            if (!panicking_ && accept(Word::If)) one.guard = parse_head("case");
            one.body = parse_suite("case");
            one.span.end = last_end_;
            cases.add(one);
        }
        List<const Node*> orphans(nodes_);
        end_statement(&orphans, false);
        if (at_ == before) advance();
    }
    accept(TokenKind::Dedent);
    node->cases = cases.take(tree_.arena);
    return finish(node);
}

const Node* Parser::parse_try() {
    auto* node = make<TryNode>(token().begin);
    uint32_t end = token().end;
    advance();
    node->body = parse_suite("try");
    List<CatchClause> catches(catches_);
    if (panicking_ && !gave_up_) {
        while (!at(TokenKind::Newline) && !at(TokenKind::End)) advance();
        if (next_line_is(Word::Catch) || next_line_is(Word::Finally)) panicking_ = false;
    }
    while (take_next_line(Word::Catch)) {
        CatchClause clause;
        clause.span.begin = previous().begin;
        if (at_name() && !is_capital(token()) && peek(1).kind != TokenKind::Dot)
            clause.name = name_of(advance());
        // After the colon a class and one more colon; anything else is the suite.
        bool typed = clause.name.text.empty() && at_name();
        if (!clause.name.text.empty() && at(TokenKind::Colon) && is_name(peek(1))) {
            size_t i = 2;
            while (peek(i).kind == TokenKind::Dot && peek(i + 1).kind == TokenKind::Name) i += 2;
            typed = peek(i).kind == TokenKind::Colon;
            if (typed) advance();
        }
        if (typed) clause.type = parse_qualified("an error class");
        if (typed && at(Word::As) && !panicking_) {
            std::string type(
                source_.substr(clause.type->span.begin, clause.type->span.end - clause.type->span.begin));
            std::string name(peek(1).kind == TokenKind::Name ? text(peek(1)) : "e");
            fail_here(Code::Expected, {"`:`", found(), "write `catch " + name + ": " + type + ":`"});
        } else if (at(TokenKind::LeftParen) && !panicking_) {
            fail_here(Code::Expected, {"a name", found(), "write `catch e:`, or `catch e: ErrorClass:`"});
        }
        clause.body = parse_suite("catch");
        clause.span.end = last_end_;
        catches.add(clause);
        if (panicking_ && !gave_up_) {
            while (!at(TokenKind::Newline) && !at(TokenKind::End)) advance();
            if (next_line_is(Word::Catch) || next_line_is(Word::Finally)) panicking_ = false;
        }
    }
    if (take_next_line(Word::Finally)) {
        node->has_finally = true;
        node->finally_body = parse_suite("finally");
    }
    if (catches.empty() && !node->has_finally) {
        if (at_ + 2 >= tokens_.size()) wants_more_ = true;
        // `except e:` says itself what is wrong with it.
        bool other_word = at(TokenKind::Newline) && peek(1).kind == TokenKind::Name &&
                          peek(1).word == Word::None && !advice_for_word(text(peek(1))).empty();
        if (!other_word) report(Code::TryNeedsCatch, {node->span.begin, end});
    }
    node->catches = catches.take(tree_.arena);
    return finish(node);
}

} // namespace indent::syntax
