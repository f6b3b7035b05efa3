#include "vm/syntax/highlight.h"
#include "vm/syntax/lexer.h"
#include "vm/syntax/source.h"

namespace indent::syntax {

namespace {

class Highlighter {
  public:
    Highlighter(std::string_view text, const Lexed& lexed) : text_(text), tokens_(lexed.tokens) {}

    HighlightKind kind_of(size_t i) const {
        const Token& t = tokens_[i];
        switch (t.kind) {
        case TokenKind::Name: return name(i);
        case TokenKind::Integer:
        case TokenKind::Float: return HighlightKind::Number;
        case TokenKind::Symbol: return HighlightKind::Symbol;
        case TokenKind::Text:
        case TokenKind::TextStart:
        case TokenKind::TextMiddle:
        case TokenKind::TextEnd:
        case TokenKind::RawText: return HighlightKind::Text;
        case TokenKind::At: return HighlightKind::Annotation;
        case TokenKind::Error: return HighlightKind::Error;
        default: return HighlightKind::Operator;
        }
    }

  private:
    HighlightKind name(size_t i) const {
        const Token& t = tokens_[i];
        TokenKind before = i > 0 ? tokens_[i - 1].kind : TokenKind::Newline;
        TokenKind after = tokens_[i + 1].kind; // there is an End
        if (before == TokenKind::Dot) return HighlightKind::Selector;
        if (before == TokenKind::At) return HighlightKind::Annotation;
        bool opens_suite = t.word == Word::Else || t.word == Word::Try || t.word == Word::Finally ||
                           t.word == Word::Loop || t.word == Word::Do || t.word == Word::Once ||
                           t.word == Word::Catch;
        if (after == TokenKind::Colon && !tokens_[i + 1].has(Token::Spaced) && !opens_suite &&
            (before == TokenKind::LeftParen || before == TokenKind::LeftBrace || before == TokenKind::Comma))
            return HighlightKind::Label;
        if (i > 0 && before == TokenKind::Name && introduces(tokens_[i - 1].word) && definition_word(i - 1))
            return HighlightKind::Definition;
        if (is_reserved(t.word)) return HighlightKind::Word;
        if (t.word != Word::None && definition_word(i)) return HighlightKind::Word;
        return is_capital(text_.substr(t.begin, t.end - t.begin)) ? HighlightKind::ClassName
                                                                  : HighlightKind::Name;
    }

    static bool introduces(Word word) {
        switch (word) {
        case Word::Def:
        case Word::On:
        case Word::Field:
        case Word::State:
        case Word::Stable:
        case Word::Var:
        case Word::Class:
        case Word::Record:
        case Word::Trait:
        case Word::Actor:
        case Word::Supervisor: return true;
        default: return false;
        }
    }

    // Whether a word that may be a name is used as a word here: what follows it could not follow a name.
    bool definition_word(size_t i) const {
        const Token& next = tokens_[i + 1];
        switch (tokens_[i].word) {
        case Word::Def: return next.kind != TokenKind::Assign && next.kind != TokenKind::Dot;
        case Word::Once: return next.kind == TokenKind::Colon;
        case Word::StateVersion: return next.kind == TokenKind::Integer;
        case Word::Strategy: return next.kind == TokenKind::Symbol;
        default: break;
        }
        switch (next.kind) {
        case TokenKind::Name:
            return !is_reserved(next.word) || next.word == Word::Not || next.word == Word::Self;
        case TokenKind::Text:
        case TokenKind::TextStart:
        case TokenKind::Symbol:
        case TokenKind::Integer:
        case TokenKind::LeftParen:
        case TokenKind::LeftBracket: return next.has(Token::Spaced);
        default: return false;
        }
    }

    std::string_view text_;
    const std::vector<Token>& tokens_;
};

} // namespace

std::vector<Highlight> highlight(std::string_view text) {
    std::vector<Highlight> result;
    if (find_invalid_utf8(text) || text.size() > (size_t{64} << 20)) return result;
    std::vector<Diagnostic> ignored;
    Lexed lexed = lex(text, ignored, true);
    Highlighter highlighter(text, lexed);
    size_t comment = 0;
    auto comments_until = [&](uint32_t offset) {
        for (; comment < lexed.comments.size() && lexed.comments[comment].span.begin < offset; ++comment)
            result.push_back({lexed.comments[comment].span, HighlightKind::Comment});
    };
    for (size_t i = 0; i < lexed.tokens.size(); ++i) {
        const Token& t = lexed.tokens[i];
        if (t.end == t.begin) continue;
        comments_until(t.begin);
        bool bracket = t.kind >= TokenKind::LeftParen && t.kind <= TokenKind::RightBrace;
        if (!bracket) result.push_back({{t.begin, t.end}, highlighter.kind_of(i)});
    }
    comments_until(static_cast<uint32_t>(text.size()) + 1);
    return result;
}

} // namespace indent::syntax
