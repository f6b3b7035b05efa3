// Numbers, texts, lists, maps, and what stands in parentheses.
#include "vm/syntax/parsing.h"
#include <charconv>

namespace indent::syntax {

const Node* Parser::parse_number(bool negative) {
    uint32_t begin = token().begin;
    if (negative) advance();
    const Token t = advance();
    std::string_view digits = text(t);
    bool clean = digits.find('_') == std::string_view::npos;
    std::string without;
    if (!clean)
        for (char c : digits)
            if (c != '_') without += c;
    if (t.kind == TokenKind::Float) {
        std::string_view from = clean ? digits : without;
        auto* node = make<FloatNode>(begin);
        auto read = std::from_chars(from.data(), from.data() + from.size(), node->value);
        if (read.ec == std::errc::result_out_of_range) {
            // Both ends are out of range; only the upper one is a mistake.
            size_t exponent = from.find_first_of("eE");
            bool small = exponent != std::string_view::npos && from[exponent + 1] == '-';
            if (small || from.find_first_of("123456789") == std::string_view::npos)
                node->value = 0;
            else
                report(Code::FloatTooLarge, span(t));
        }
        if (negative) node->value = -node->value;
        return finish(node);
    }
    auto* node = make<IntegerNode>(begin);
    if (digits.size() > 2 && digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X')) node->base = 16;
    if (digits.size() > 2 && digits[0] == '0' && (digits[1] == 'b' || digits[1] == 'B')) node->base = 2;
    std::string_view from = clean ? digits : std::string_view(without);
    if (node->base != 10) from.remove_prefix(2);
    if (negative) {
        node->digits = tree_.arena.copy("-" + std::string(from));
    } else {
        node->digits = clean ? from : tree_.arena.copy(from);
    }
    return finish(node);
}

const Node* Parser::parse_text() {
    const Token t = token();
    uint32_t begin = t.begin;
    uint32_t quotes = t.has(Token::Multiline) ? 3 : 1;
    auto closing = [&](const Token& last) { return last.has(Token::Unfinished) ? 0 : quotes; };
    if (t.kind == TokenKind::RawText) {
        auto* node = make<TextNode>(begin);
        advance();
        node->value = source_.substr(t.begin + 1, t.end - t.begin - 1 - closing(t));
        return finish(node);
    }
    auto decode = [&](std::span<TextPiece> pieces) {
        decode_text(source_, pieces, quotes == 3, tree_.arena, diagnostics_);
    };
    if (t.kind == TokenKind::Text) {
        auto* node = make<TextNode>(begin);
        advance();
        TextPiece piece{
            {t.begin + quotes, std::max(t.begin + quotes, t.end - closing(t))}, t.has(Token::Escaped), {}};
        decode({&piece, 1});
        node->value = piece.value;
        return finish(node);
    }
    auto* node = make<InterpolationNode>(begin);
    const size_t errors_before = diagnostics_.size();
    List<TextPiece> pieces(pieces_);
    List<const Node*> expressions(nodes_);
    During<unsigned> inside(brackets_, brackets_ + 1);
    During<std::string_view> no_head(head_, {});
    pieces.add({{t.begin + quotes, t.end - 1}, t.has(Token::Escaped), {}});
    advance();
    while (!panicking_) {
        bool empty = at(TokenKind::TextMiddle) || at(TokenKind::TextEnd);
        expressions.add(empty ? error_node() : parse_expression()); // the lexer reports the empty ones
        if (panicking_) break;
        const Token piece = token();
        if (piece.kind != TokenKind::TextMiddle && piece.kind != TokenKind::TextEnd) {
            fail_here(Code::Expected, {"`}` after the expression in the text", found(),
                                       at(TokenKind::Colon) ? "for two digits write `{x.format(2)}`" : ""});
            break;
        }
        advance();
        bool last = piece.kind == TokenKind::TextEnd;
        uint32_t from = piece.begin + (piece.end > piece.begin ? 1 : 0);
        uint32_t until = std::max(from, piece.end - (last ? closing(piece) : 1));
        pieces.add({{from, until}, piece.has(Token::Escaped), {}});
        if (last) break;
    }
    for (size_t i = errors_before; i < diagnostics_.size(); ++i) diagnostics_[i].in_text = true;
    decode({&pieces[0], pieces.size()});
    // A plain text in the braces is a part of the text around it.
    size_t expression_count = expressions.size(); // before the parts pile up on the same stack
    List<const Node*> parts(nodes_);
    TextNode* open = nullptr; // the last part, where it is text
    auto add_text = [&](std::string_view value, Span where) {
        if (value.empty()) return;
        if (open) {
            open->value = tree_.arena.copy(std::string(open->value) + std::string(value));
            return;
        }
        open = tree_.arena.make<TextNode>(where);
        open->value = value;
        parts.add(open);
    };
    for (size_t i = 0; i < pieces.size(); ++i) {
        add_text(pieces[i].value, pieces[i].span);
        if (i >= expression_count) break;
        if (auto* plain = try_as<TextNode>(expressions[i])) {
            add_text(plain->value, plain->span);
        } else {
            parts.add(expressions[i]);
            open = nullptr;
        }
    }
    if (parts.empty() || (parts.size() == 1 && open)) {
        auto* plain = make<TextNode>(begin);
        if (open) plain->value = open->value;
        return finish(plain);
    }
    node->parts = parts.take(tree_.arena);
    return finish(node);
}

const Node* Parser::parse_list() {
    auto* node = make<ListNode>(token().begin);
    advance();
    During<unsigned> inside(brackets_, brackets_ + 1);
    During<std::string_view> no_head(head_, {});
    List<SpreadOr> elements(arguments_);
    while (!at(TokenKind::RightBracket) && !panicking_) {
        elements.add(parse_argument(false));
        if (!accept(TokenKind::Comma)) break;
    }
    expect(TokenKind::RightBracket, "`,` or `]`");
    node->elements = elements.take(tree_.arena);
    return finish(node);
}

const Node* Parser::parse_map() {
    auto* node = make<MapNode>(token().begin);
    advance();
    During<unsigned> inside(brackets_, brackets_ + 1);
    During<std::string_view> no_head(head_, {});
    List<MapEntry> entries(entries_);
    while (!at(TokenKind::RightBrace) && !panicking_) {
        MapEntry entry;
        if (at(TokenKind::Name) && peek(1).kind == TokenKind::Colon) {
            auto* key = make<SymbolNode>(token().begin);
            key->name = text(advance());
            entry.key = finish(key);
        } else if (at(TokenKind::LeftParen) || at(TokenKind::Text) || at(TokenKind::TextStart) ||
                   at(TokenKind::RawText) || at(TokenKind::Integer) || at(TokenKind::Float) ||
                   at(TokenKind::Symbol) || at(TokenKind::Minus)) {
            entry.key = parse_primary(at(TokenKind::Minus) && (peek(1).kind == TokenKind::Integer ||
                                                               peek(1).kind == TokenKind::Float));
        } else {
            fail_here(Code::Expected, {"a key of the map", found(),
                                       "write `{name: 1}`, `{\"any text\": 1}` or `{(expression): 1}`"});
            break;
        }
        if (!expect(TokenKind::Colon, "`:` after the key",
                    "a key that is computed stands in parentheses: `{(k): 1}`"))
            break;
        entry.value = parse_expression();
        entries.add(entry);
        if (!accept(TokenKind::Comma)) break;
    }
    expect(TokenKind::RightBrace, "`,` or `}`");
    node->entries = entries.take(tree_.arena);
    return finish(node);
}

const Node* Parser::parse_parenthesised() {
    uint32_t begin = token().begin;
    advance();
    During<unsigned> inside(brackets_, brackets_ + 1);
    During<std::string_view> no_head(head_, {});
    List<const Node*> elements(nodes_);
    bool comma = false;
    while (!at(TokenKind::RightParen) && !panicking_) {
        elements.add(parse_expression());
        comma = accept(TokenKind::Comma);
        if (!comma) break;
    }
    expect(TokenKind::RightParen, elements.empty() ? "an expression" : "`,` or `)`");
    if (panicking_) return error_node();
    if (elements.size() == 1 && !comma) {
        // The parentheses only group, but belong to the place of what they hold.
        auto* only = const_cast<Node*>(elements[0]);
        only->span = span_from(begin);
        return only;
    }
    auto* node = make<TupleNode>(begin);
    node->elements = elements.take(tree_.arena);
    return finish(node);
}

} // namespace indent::syntax
