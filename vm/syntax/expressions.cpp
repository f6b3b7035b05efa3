#include "vm/syntax/parsing.h"

namespace indent::syntax {

namespace {

// How tightly the operators bind; 0 is none.
enum Tightness {
    tight_none,
    tight_or,
    tight_and,
    tight_not,
    tight_compare,
    tight_range,
    tight_add,
    tight_multiply
};

int tightness_of(const Token& t, const Token& next) {
    switch (t.kind) {
    case TokenKind::Name:
        switch (t.word) {
        case Word::Or: return tight_or;
        case Word::And: return tight_and;
        case Word::Is:
        case Word::In: return tight_compare;
        case Word::Not:
            return next.kind == TokenKind::Name && next.word == Word::In ? tight_compare : tight_none;
        default: return tight_none;
        }
    case TokenKind::Equal:
    case TokenKind::NotEqual:
    case TokenKind::Less:
    case TokenKind::LessEqual:
    case TokenKind::Greater:
    case TokenKind::GreaterEqual: return tight_compare;
    case TokenKind::Range:
    case TokenKind::RangeExclusive: return tight_range;
    case TokenKind::Plus:
    case TokenKind::Minus: return tight_add;
    case TokenKind::Star:
    case TokenKind::Slash:
    case TokenKind::DoubleSlash:
    case TokenKind::Percent: return tight_multiply;
    default: return tight_none;
    }
}

} // namespace

// Loosest first: raise, a block with an arrow, a conditional, then the operators.
const Node* Parser::parse_expression() {
    Deeper deeper(*this);
    if (panicking_) return error_node();
    if (at(TokenKind::Name)) {
        if (at(Word::If)) return parse_if_expression();
        if (at(Word::Raise)) return parse_raise();
    }
    if (arrow_block_here()) return parse_arrow_block();
    const Node* result = parse_binary(tight_or);
    if (at(TokenKind::Arrow) && !panicking_)
        return fail_here(Code::Expected, {"a parameter before `->`", "an expression",
                                          "write `x -> …`, `(x, y) -> …` or `() -> …`"});
    return result;
}

const Node* Parser::parse_binary(int least) {
    uint32_t begin = token().begin;
    const Node* left;
    if (at(Word::Not)) {
        if (least > tight_not) report(Code::ParenthesesNeeded, span(token()), {"not"});
        left = parse_not();
    } else {
        left = parse_unary();
    }
    while (!panicking_) {
        const Token op = token();
        int tightness = tightness_of(op, peek(1));
        if (tightness == tight_none || tightness < least) break;
        advance();
        bool negated = false;
        if (op.kind == TokenKind::Name && op.word == Word::Is) negated = accept(Word::Not);
        if (op.kind == TokenKind::Name && op.word == Word::Not) {
            advance(); // in
            negated = true;
        }
        unsigned height = height_;
        height_ = 0;
        uint32_t right_begin = token().begin;
        const Node* right = parse_binary(tightness + 1);
        height_ = std::max(height, height_);
        link();
        const Node* made;
        if (op.kind != TokenKind::Name) {
            made = binary(op, left, right);
        } else if (op.word == Word::And || op.word == Word::Or) {
            if (op.word == Word::And) {
                auto* node = make<AndNode>(begin);
                node->left = left;
                node->right = right;
                made = finish(node);
            } else {
                auto* node = make<OrNode>(begin);
                node->left = left;
                node->right = right;
                made = finish(node);
            }
        } else if (op.word == Word::Is) {
            auto* node = make<IdentityNode>(begin);
            node->left = left;
            node->right = right;
            node->negated = negated;
            made = finish(node);
        } else {
            auto* node = make<MembershipNode>(begin);
            node->left = left;
            node->right = right;
            node->negated = negated;
            made = finish(node);
        }
        left = made;
        if (panicking_) break;
        // Comparisons and ranges have no side to lean to.
        if (tightness == tight_compare && tightness_of(token(), peek(1)) == tight_compare) {
            std::string middle(source_.substr(right_begin, last_end_ - right_begin));
            if (middle.size() > 30 || middle.find('\n') != std::string::npos) middle = "b";
            std::string first(source_.substr(begin, last_end_ - begin));
            if (first.size() > 40 || first.find('\n') != std::string::npos)
                first = "a " + std::string(text(op)) + " b";
            std::string next(text(token()));
            report(Code::ComparisonChain, span(token()), {first + " and " + middle + " " + next + " …"});
        }
        if (tightness == tight_range && tightness_of(token(), peek(1)) == tight_range)
            report(Code::RangeChain, span(token()));
    }
    return left;
}

const Node* Parser::binary(const Token& op, const Node* left, const Node* right) {
    uint32_t begin = left->span.begin;
    if (op.kind == TokenKind::Range || op.kind == TokenKind::RangeExclusive) {
        auto* node = make<RangeNode>(begin);
        node->low = left;
        node->high = right;
        node->exclusive = op.kind == TokenKind::RangeExclusive;
        return finish(node);
    }
    auto* node = make<SendNode>(begin);
    node->receiver = left;
    node->selector = name_of(op);
    SpreadOr* argument = tree_.arena.make<SpreadOr>();
    argument->value = right;
    node->arguments = {argument, 1};
    node->is_operator = true;
    return finish(node);
}

const Node* Parser::parse_not() {
    Deeper deeper(*this);
    auto* node = make<NotNode>(token().begin);
    advance();
    node->operand = panicking_ ? error_node() : parse_binary(tight_not);
    return finish(node);
}

const Node* Parser::parse_unary() {
    if (!at(TokenKind::Minus)) return parse_power(false);
    const Token& number = peek(1);
    bool literal = number.kind == TokenKind::Integer || number.kind == TokenKind::Float;
    if (literal && !number.has(Token::Spaced) && peek(2).kind != TokenKind::Power) {
        // The sign touches a literal and belongs to it.
        return parse_power(true);
    }
    Deeper deeper(*this);
    auto* node = make<SendNode>(token().begin);
    Span sign = span(token());
    advance();
    node->receiver = panicking_ ? error_node() : parse_unary();
    node->selector = {"negated", sign};
    node->is_operator = true;
    return finish(node);
}

const Node* Parser::parse_power(bool negative) {
    const Node* base = parse_postfix(negative);
    if (!at(TokenKind::Power) || panicking_) return base;
    Token op = token();
    advance();
    unsigned height = height_;
    const Node* exponent;
    {
        Deeper deeper(*this);
        exponent = panicking_ ? error_node() : parse_unary();
    }
    height_ = std::max(height, height_);
    link();
    return binary(op, base, exponent);
}

// A primary and what follows it without space: selectors, arguments, indexes; and a trailing `do`.
const Node* Parser::parse_postfix(bool negative) {
    if (verb_here()) return parse_verb();
    uint32_t begin = token().begin;
    Node* node = nullptr;
    const BlockNode** slot = nullptr; // where a trailing block goes
    bool bare_name = false;           // `f do x:` calls f
    bool applicable = false;          // a value that a trailing block is given to, as in xs[0] do x:
    if (at_name()) {
        Name name = name_of(advance());
        if (touching(TokenKind::LeftParen)) {
            auto* call = make<CallNode>(begin);
            call->name = name;
            call->arguments = parse_arguments();
            call->parentheses = true;
            slot = &call->block;
            node = finish(call);
        } else {
            auto* made = make<NameNode>(begin);
            made->text = name.text;
            node = finish(made);
            bare_name = true;
        }
    } else if (at(Word::Super)) {
        auto* made = const_cast<Node*>(parse_super());
        if (made->kind == Kind::SuperSend) slot = &static_cast<SuperSendNode*>(made)->block;
        node = made;
    } else {
        applicable = at(TokenKind::LeftParen);
        node = const_cast<Node*>(parse_primary(negative));
        if (node->kind == Kind::Block || node->kind == Kind::Reference) applicable = true;
    }
    while (!panicking_) {
        if (at(TokenKind::Dot)) {
            advance();
            auto* send = make<SendNode>(begin);
            send->receiver = node;
            send->selector = parse_selector();
            if (panicking_) break;
            if (touching(TokenKind::LeftParen)) {
                send->arguments = parse_arguments();
                send->parentheses = true;
            }
            slot = &send->block;
            node = finish(send);
        } else if (touching(TokenKind::LeftParen)) {
            auto* call = make<CallValueNode>(begin);
            call->callee = node;
            call->arguments = parse_arguments();
            slot = &call->block;
            node = finish(call);
        } else if (touching(TokenKind::LeftBracket)) {
            auto* send = make<SendNode>(begin);
            send->receiver = node;
            send->is_operator = true;
            send->selector = {"at", span(token())};
            During<unsigned> inside(brackets_, brackets_ + 1);
            Span open = span(advance());
            List<SpreadOr> arguments(arguments_);
            while (!at(TokenKind::RightBracket) && !panicking_) {
                SpreadOr argument;
                argument.value = parse_expression();
                arguments.add(argument);
                if (!accept(TokenKind::Comma)) break;
            }
            if (arguments.empty() && !panicking_) fail(Code::IndexNeedsValue, {open.begin, token().end});
            expect(TokenKind::RightBracket, "`]`");
            send->arguments = arguments.take(tree_.arena);
            node = finish(send);
            slot = nullptr;
            applicable = true;
            bare_name = false;
            link();
            continue;
        } else if (at(Word::Do) && head_.empty() && (slot || bare_name || applicable)) {
            if (slot && *slot) {
                fail_here(Code::BlockTwice);
                break;
            }
            if (!slot && bare_name) {
                auto* call = make<CallNode>(begin);
                call->name = {static_cast<NameNode*>(node)->text, node->span};
                slot = &call->block;
                node = call;
            } else if (!slot) {
                auto* call = make<CallValueNode>(begin);
                call->callee = node;
                slot = &call->block;
                node = call;
            }
            *slot = parse_do_block();
            node->span.end = last_end_;
        } else {
            break;
        }
        bare_name = applicable = false;
        link();
    }
    return node;
}

// After the dot: any name or word, or an operator's selector.
Name Parser::parse_selector() {
    if (at(TokenKind::Name)) return name_of(advance());
    if (panicking_) return {};
    std::string help;
    if (at(TokenKind::Integer))
        help = "write `xs[" + std::string(text(token()).substr(0, 20)) + "]` for an element";
    fail_here(Code::SelectorExpected, {found(), help});
    return {};
}

const Node* Parser::parse_super() {
    auto* node = make<SuperSendNode>(token().begin);
    advance();
    if (!at(TokenKind::Dot))
        return fail_here(Code::Expected,
                         {"`.` and a selector after `super`", found(), "write `super.selector(…)`"});
    advance();
    node->selector = parse_selector();
    if (touching(TokenKind::LeftParen)) node->arguments = parse_arguments();
    return finish(node);
}

const Node* Parser::parse_primary(bool negative) {
    if (panicking_) return error_node();
    switch (token().kind) {
    case TokenKind::Minus: // a sign that belongs to the literal after it
    case TokenKind::Integer:
    case TokenKind::Float: return parse_number(negative);
    case TokenKind::Text:
    case TokenKind::TextStart:
    case TokenKind::RawText: return parse_text();
    case TokenKind::Symbol: {
        auto* node = make<SymbolNode>(token().begin);
        node->name = text(token()).substr(1);
        advance();
        return finish(node);
    }
    case TokenKind::Name: return parse_word();
    case TokenKind::LeftParen: return parse_parenthesised();
    case TokenKind::LeftBracket: return parse_list();
    case TokenKind::LeftBrace: return parse_map();
    case TokenKind::Ampersand: return parse_reference();
    case TokenKind::Newline:
    case TokenKind::End:
        if (previous().word == Word::Then)
            return fail_here(Code::ExpectedExpression,
                             {found(), "a suite is opened by `:`; `then` is for `if c then a else b`"});
        if (last_end_ > 0) return fail_here(Code::ExpressionAtLineEnd);
        break;
    case TokenKind::Assign:
        if (brackets_ > 0 || !head_.empty()) return fail_here(Code::AssignInExpression);
        break;
    case TokenKind::Star:
        return fail_here(Code::ExpectedExpression, {found(), "`*` spreads a list among arguments only"});
    case TokenKind::Plus: return fail_here(Code::ExpectedExpression, {found(), "a number needs no `+`"});
    default: break;
    }
    return fail_here(Code::ExpectedExpression, {found(), advice_here()});
}

// A reserved word where an operand may begin.
const Node* Parser::parse_word() {
    const Token t = token();
    switch (t.word) {
    case Word::True:
    case Word::False: {
        auto* node = make<BooleanNode>(t.begin);
        node->value = t.word == Word::True;
        advance();
        return finish(node);
    }
    case Word::Nil: {
        auto* node = make<NilNode>(t.begin);
        advance();
        return finish(node);
    }
    case Word::Self: {
        auto* node = make<SelfNode>(t.begin);
        advance();
        return finish(node);
    }
    case Word::If: {
        report(Code::ParenthesesNeeded, span(t), {"if … then … else …"});
        Deeper deeper(*this);
        return parse_if_expression();
    }
    case Word::Raise: {
        Deeper deeper(*this);
        return parse_raise();
    }
    case Word::Not: {
        report(Code::ParenthesesNeeded, span(t), {"not"});
        return parse_not();
    }
    case Word::Do: {
        if (!head_.empty()) return fail(Code::DoInHead, span(t), {std::string(head_)});
        return parse_do_block();
    }
    case Word::And:
    case Word::Or:
    case Word::Is:
    case Word::In:
        return fail_here(Code::ExpectedExpression, {found(), "an operand stands on both sides of it"});
    case Word::Let:
    case Word::While:
    case Word::For:
    case Word::Loop:
    case Word::Match:
    case Word::Try:
        return fail_here(
            Code::StatementAsValue,
            {std::string(text(t)), "put it on a line of its own, or into a function that you call here"});
    case Word::Return:
    case Word::Break:
    case Word::Continue:
    case Word::Pass:
        return fail_here(Code::StatementAsValue, {std::string(text(t)), "put it on a line of its own"});
    default: return fail_here(Code::ReservedName, {std::string(text(t)), advice_for_reserved()});
    }
}

const Node* Parser::parse_reference() {
    auto* node = make<ReferenceNode>(token().begin);
    advance();
    List<Name> path(names_);
    if (!at(TokenKind::Name) || (is_reserved(token().word)))
        return fail_here(Code::Expected,
                         {"a name after `&`", found(), "write `&f`, `&module.f` or `&Class.selector`"});
    path.add(name_of(advance()));
    while (at(TokenKind::Dot) && !panicking_) {
        advance();
        switch (token().kind) {
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
        case TokenKind::GreaterEqual: path.add(name_of(advance())); break;
        default: path.add(parse_selector()); break;
        }
    }
    node->path = path.take(tree_.arena);
    return finish(node);
}

const Node* Parser::parse_if_expression() {
    uint32_t begin = token().begin;
    advance();
    const Node* condition = parse_head("if");
    return parse_conditional_rest(begin, condition);
}

// From `then` on.
const Node* Parser::parse_conditional_rest(uint32_t begin, const Node* condition) {
    if (panicking_) return error_node();
    auto* node = make<IfExpressionNode>(begin);
    node->condition = condition;
    if (!at(Word::Then)) {
        if (at(TokenKind::Colon))
            return fail_here(Code::Expected,
                             {"`then`", found(), "as a value write `if condition then a else b`"});
        return fail_here(Code::Expected, {"`then`", found(), "write `if condition then a else b`"});
    }
    advance();
    node->then_value = parse_head("if … then");
    if (!panicking_ && !at(Word::Else)) return fail_here(Code::ElseMissing);
    if (panicking_) return error_node();
    advance();
    node->else_value = parse_expression();
    return finish(node);
}

const Node* Parser::parse_raise() {
    auto* node = make<RaiseNode>(token().begin);
    advance();
    node->value = parse_expression();
    return finish(node);
}

// ---- blocks

bool Parser::arrow_block_here() const {
    if (at(TokenKind::Name)) return peek(1).kind == TokenKind::Arrow && !is_reserved(token().word);
    if (!at(TokenKind::LeftParen)) return false;
    size_t after = token().partner + 1;
    return after < tokens_.size() && tokens_[after].kind == TokenKind::Arrow;
}

const Node* Parser::parse_arrow_block() {
    auto* node = make<BlockNode>(token().begin);
    if (at(TokenKind::LeftParen)) {
        node->parameters = parse_parameters(true);
        node->has_parameters = !node->parameters.empty();
    } else {
        List<Parameter> parameters(parameters_);
        parameters.add(parse_parameter(true));
        node->parameters = parameters.take(tree_.arena);
    }
    if (!expect(TokenKind::Arrow, "`->`")) return error_node();
    uint32_t begin = token().begin;
    List<const Node*> body(nodes_);
    if (at_end_of_line()) return fail_here(Code::ExpressionAtLineEnd);
    body.add(parse_simple_statement());
    node->body.statements = body.take(tree_.arena);
    node->body.span = span_from(begin);
    return finish(node);
}

const BlockNode* Parser::parse_do_block() {
    Deeper deeper(*this);
    auto* node = make<BlockNode>(token().begin);
    node->is_suite = true;
    node->has_parameters = false;
    if (panicking_) return node;
    if (brackets_ > 0) {
        fail(Code::SuiteInBrackets, span(token()));
        return node;
    }
    advance();
    if (!at(TokenKind::Colon)) {
        node->parameters = parse_do_parameters();
        node->has_parameters = true;
    }
    node->body = parse_suite("do");
    return finish(node);
}

// ---- arguments

Arguments Parser::parse_arguments() {
    During<unsigned> inside(brackets_, brackets_ + 1);
    During<std::string_view> no_head(head_, {});
    advance();
    List<SpreadOr> arguments(arguments_);
    bool labelled = false;
    while (!at(TokenKind::RightParen) && !panicking_) {
        uint32_t begin = token().begin;
        SpreadOr argument = parse_argument(true);
        bool has_label = !argument.label.text.empty();
        if (labelled && !has_label) report(Code::PositionalAfterLabel, span_from(begin));
        labelled = labelled || has_label;
        arguments.add(argument);
        if (!accept(TokenKind::Comma)) break;
    }
    expect(TokenKind::RightParen, "`,` or `)`");
    return arguments.take(tree_.arena);
}

SpreadOr Parser::parse_argument(bool labels) {
    SpreadOr argument;
    if (labels && at(TokenKind::Name) && peek(1).kind == TokenKind::Colon) {
        argument.label = name_of(advance());
        advance();
    } else if (at(TokenKind::Star)) {
        advance();
        argument.spread = true;
    }
    argument.value = parse_expression();
    return argument;
}

// Arguments without parentheses, to the end of the line: `strategy :one_for_one, max: 3`.
Arguments Parser::parse_open_arguments(std::string_view word) {
    During<std::string_view> no_suite(head_, word);
    List<SpreadOr> arguments(arguments_);
    while (!panicking_ && accept(TokenKind::Comma)) arguments.add(parse_argument(true));
    return arguments.take(tree_.arena);
}

// A class by its name: `Circle`, `shop.catalog.Item`.
const Node* Parser::parse_qualified(std::string_view what) {
    if (panicking_) return error_node();
    uint32_t begin = token().begin;
    if (!at_name()) return fail_here(Code::NameExpected, {std::string(what), found()});
    auto* name = make<NameNode>(begin);
    name->text = text(advance());
    const Node* node = finish(name);
    while (at(TokenKind::Dot) && !panicking_) {
        advance();
        auto* send = make<SendNode>(begin);
        send->receiver = node;
        send->selector = parse_selector();
        node = finish(send);
        link();
    }
    return node;
}

} // namespace indent::syntax
