// Advice for what is no Indent, but something that people bring from other languages. It is asked for only where an
// error is reported anyway, so it may look around among the tokens.
#include "vm/syntax/foreign_names.h"
#include "vm/syntax/parsing.h"

namespace indent::syntax {

namespace {

constexpr size_t longest_shown = 60;
constexpr const char* conditional = "a conditional expression is `if c then a else b`";
constexpr const char* arrow_block = "a block is written `x -> …`, or `do x:` with a suite behind the call";

bool opens(TokenKind kind) {
    return kind == TokenKind::LeftParen || kind == TokenKind::LeftBracket || kind == TokenKind::LeftBrace ||
           kind == TokenKind::TextStart;
}
bool closes(TokenKind kind) {
    return kind == TokenKind::RightParen || kind == TokenKind::RightBracket ||
           kind == TokenKind::RightBrace || kind == TokenKind::TextEnd;
}
bool begins_text(TokenKind kind) {
    return kind == TokenKind::Text || kind == TokenKind::TextStart || kind == TokenKind::RawText;
}
bool is_break(TokenKind kind) {
    return kind == TokenKind::Newline || kind == TokenKind::Indent || kind == TokenKind::Dedent ||
           kind == TokenKind::End;
}

} // namespace

// The tokens around `for` in `[x * 2 for x in xs if x > 1]`.
std::string Parser::advice_for_comprehension() const {
    const std::string general = "write `xs.map(x -> …)`, and `xs.select(x -> …)` before it to choose";
    int depth = 0;
    size_t open = at_;
    while (open > 0 && depth >= 0) {
        --open;
        if (closes(tokens_[open].kind)) ++depth;
        if (opens(tokens_[open].kind)) --depth;
        if (is_break(tokens_[open].kind)) return general;
    }
    bool named = peek(1).kind == TokenKind::Name && peek(2).word == Word::In;
    if (depth >= 0 || !named || tokens_[open].kind != TokenKind::LeftBracket) return general;
    size_t end = at_ + 3, condition = 0;
    for (depth = 0;; ++end) {
        const Token& t = tokens_[end];
        if (is_break(t.kind)) return general;
        if (depth == 0 && closes(t.kind)) break;
        if (depth == 0 && t.word == Word::If && !condition) condition = end;
        if (opens(t.kind)) ++depth;
        if (closes(t.kind)) --depth;
    }
    auto between = [&](size_t from, size_t to) { // tokens [from, to)
        return std::string(source_.substr(tokens_[from].begin, tokens_[to - 1].end - tokens_[from].begin));
    };
    if (open + 1 >= at_ || at_ + 3 >= (condition ? condition : end) || (condition && condition + 1 >= end))
        return general;
    std::string element = between(open + 1, at_), name(text(peek(1)));
    std::string from = between(at_ + 3, condition ? condition : end);
    if (from.find(' ') != std::string::npos && from[0] != '[') from = "(" + from + ")";
    std::string better = from;
    if (condition) better += ".select(" + name + " -> " + between(condition + 1, end) + ")";
    if (element != name) better += ".map(" + name + " -> " + element + ")";
    return better.size() > longest_shown ? general : "write `" + better + "`";
}

std::string Parser::advice_here() const {
    const Token& before = previous();
    if (at(Word::If)) return conditional;
    if (at(Word::For) && brackets_ > 0) return advice_for_comprehension();
    if (begins_text(token().kind) && !token().has(Token::Spaced) && before.kind == TokenKind::Name)
        return "a text needs no `" + std::string(text(before)) +
               "` before it: it takes expressions in braces by itself";
    if (before.kind == TokenKind::Name && before.word == Word::None)
        if (auto advice = advice_for_word(text(before)); !advice.empty()) return std::string(advice);
    if (at(TokenKind::Bar)) return arrow_block;
    if (at(TokenKind::RightBracket) &&
        (before.kind == TokenKind::Range || before.kind == TokenKind::RangeExclusive))
        return "a range has two ends; the rest from there on is `xs.drop(n)`";
    if (at(TokenKind::Colon) && brackets_ > 0)
        return "a part of a list or text is `xs[1..<3]`, `xs.take(n)` or `xs.drop(n)`";
    if (at(TokenKind::LeftBrace))
        return "a suite has no braces: end the line with `:` and indent what follows";
    return {};
}

std::string Parser::advice_at_line_end() const {
    if (at(Word::Then)) return conditional;
    if (at(Word::Else)) return "write `else:` on a line of its own, or `if c then a else b` as a value";
    if (at(TokenKind::Dot))
        return "`.name` goes on with the statement right above it, which has no value here";
    size_t first = at_;
    while (first > 0 && !is_break(tokens_[first - 1].kind)) --first;
    const Token& word = tokens_[first];
    bool foreign = word.kind == TokenKind::Name && !is_reserved(word.word) && first < at_;
    if (foreign && first + 1 == at_)
        if (auto advice = advice_for_word(text(word)); !advice.empty()) return std::string(advice);
    if (at(TokenKind::Comma)) return "a tuple stands in parentheses: `(a, b)`";
    if (at(TokenKind::Colon) && peek(1).kind == TokenKind::Assign)
        return "write `let name = value`, and `name = value` to change it";
    if (at(TokenKind::LeftBrace) && peek(1).kind == TokenKind::Bar) return arrow_block;
    if (word.word == Word::Import && at(TokenKind::Name) && text(token()) == "from" && first + 2 == at_ &&
        peek(1).kind == TokenKind::Name)
        return "write `import " + std::string(text(peek(1))) + " (" + std::string(text(previous())) + ")`";
    if (word.word == Word::Import && first + 1 == at_)
        return "write `import shop.catalog`: a module goes by its name";
    if (auto advice = advice_here(); !advice.empty()) return advice;
    // print "hi"
    bool operand =
        begins_text(token().kind) || token().kind == TokenKind::Integer || token().kind == TokenKind::Float ||
        (token().kind == TokenKind::Name && !is_reserved(token().word)) || token().kind == TokenKind::Symbol;
    if (!foreign || !operand || previous().kind != TokenKind::Name) return {};
    size_t end = at_;
    while (!is_break(tokens_[end].kind)) ++end;
    std::string callee(source_.substr(word.begin, previous().end - word.begin));
    std::string rest(source_.substr(token().begin, tokens_[end - 1].end - token().begin));
    if (callee.find(' ') != std::string::npos || tokens_[end - 1].kind == TokenKind::Colon) return {};
    if (callee.size() + rest.size() > longest_shown) rest = "…";
    return "arguments stand in parentheses: `" + callee + "(" + rest + ")`";
}

std::string Parser::advice_for_reserved() const {
    if (!at(Word::Self)) return "choose another name";
    bool initialiser = at_ >= 2 && text(tokens_[at_ - 2]) == "__init__";
    return initialiser ? "leave it out, and name the method `init`: `def init(…)`"
                       : "leave it out: `self` is there by itself";
}

} // namespace indent::syntax
