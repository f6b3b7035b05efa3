#include "vm/syntax/parser.h"
#include "vm/syntax/parsing.h"
#include "vm/syntax/source.h"

namespace indent::syntax {

namespace {

constexpr size_t most_shown = 100;
constexpr size_t largest_source = size_t{64} << 20;

} // namespace

Parser::Parser(SyntaxTree& tree, Lexed lexed, std::vector<Diagnostic>& diagnostics, bool interactive)
    : tree_(tree), source_(*tree.source), tokens_(std::move(lexed.tokens)),
      comments_(std::move(lexed.comments)), broken_(std::move(lexed.broken)), diagnostics_(diagnostics),
      interactive_(interactive) {
    // The layout before the first line says nothing.
    while (at(TokenKind::Newline)) ++at_;
}

const Token& Parser::advance() {
    const Token& t = tokens_[at_];
    if (t.kind != TokenKind::End) {
        ++at_;
        if (t.end > t.begin) last_end_ = t.end;
    }
    return t;
}

bool Parser::accept(TokenKind kind) {
    if (!at(kind)) return false;
    advance();
    return true;
}

bool Parser::accept(Word word) {
    if (!at(word)) return false;
    advance();
    return true;
}

bool Parser::expect(TokenKind kind, std::string_view what, std::string_view help) {
    if (panicking_) return false;
    if (accept(kind)) return true;
    if (at(TokenKind::Assign) && brackets_ + head_.size() > 0)
        fail_here(Code::AssignInExpression);
    else
        fail_here(Code::Expected,
                  {std::string(what), found(), help.empty() ? advice_here() : std::string(help)});
    return false;
}

bool Parser::is_capital(const Token& t) const {
    return t.kind == TokenKind::Name && syntax::is_capital(text(t));
}

bool Parser::begins_operand(const Token& t) const {
    switch (t.kind) {
    case TokenKind::Integer:
    case TokenKind::Float:
    case TokenKind::Symbol:
    case TokenKind::Text:
    case TokenKind::TextStart:
    case TokenKind::RawText:
    case TokenKind::LeftParen:
    case TokenKind::LeftBracket:
    case TokenKind::LeftBrace:
    case TokenKind::Ampersand: return true;
    case TokenKind::Name:
        switch (t.word) {
        case Word::Not:
        case Word::If:
        case Word::Raise:
        case Word::Do:
        case Word::True:
        case Word::False:
        case Word::Nil:
        case Word::Self:
        case Word::Super: return true;
        default: return !is_reserved(t.word);
        }
    default: return false;
    }
}

Span Parser::span_here() const {
    const Token& t = token();
    bool layout = t.kind == TokenKind::Newline || t.kind == TokenKind::Indent ||
                  t.kind == TokenKind::Dedent || t.kind == TokenKind::End;
    // What is missing at the end of a line is missing right after the last thing in it.
    return layout ? Span{last_end_, last_end_} : span(t);
}

std::string Parser::describe(const Token& t) const {
    switch (t.kind) {
    case TokenKind::End: return "the end of the text";
    case TokenKind::Newline:
    case TokenKind::Dedent: return at_ + 2 >= tokens_.size() ? "the end of the text" : "the end of the line";
    case TokenKind::Indent: return "an indented line";
    case TokenKind::Text:
    case TokenKind::TextStart:
    case TokenKind::RawText: return "a text";
    case TokenKind::TextMiddle:
    case TokenKind::TextEnd: return "the end of the braces";
    default: break;
    }
    std::string_view shown = text(t);
    if (shown.empty()) return "the end of the brackets";
    if (shown.size() > 40) return "`" + std::string(shown.substr(0, 30)) + "…`";
    return "`" + std::string(shown) + "`";
}

void Parser::report(Code code, Span where, std::vector<std::string> arguments) {
    if (panicking_ || gave_up_) return;
    // Inside what the lexer saw broken, one report is enough.
    for (const Span& bad : broken_)
        if (where.begin >= bad.begin && where.begin <= bad.end) return;
    diagnostics_.push_back(make_diagnostic(code, where, std::move(arguments)));
    if (diagnostics_.size() > most_shown * 2) give_up();
}

const Node* Parser::fail(Code code, Span where, std::vector<std::string> arguments) {
    // A token that the lexer refused has its report already.
    if (!at(TokenKind::Error) || where.begin != token().begin) report(code, where, std::move(arguments));
    panicking_ = true;
    return error_node();
}

const Node* Parser::error_node() {
    Span where = span_here();
    return tree_.arena.make<ErrorNode>(where);
}

void Parser::give_up() {
    bool said = gave_up_ || diagnostics_.size() > most_shown * 2 ||
                std::any_of(diagnostics_.begin(), diagnostics_.end(),
                            [](const Diagnostic& d) { return d.code == Code::TooDeep; });
    if (!said) diagnostics_.push_back(make_diagnostic(Code::TooDeep, span_here()));
    gave_up_ = true;
    panicking_ = true;
    at_ = tokens_.size() - 1;
}

void Parser::synchronise() {
    while (!at(TokenKind::Newline) && !at(TokenKind::End)) advance();
    panicking_ = gave_up_;
}

ParseOutcome parse(std::string file, std::string source, ParseMode mode) {
    ParseOutcome outcome;
    outcome.tree.file = std::move(file);
    outcome.tree.source = std::make_unique<std::string>(std::move(source));
    std::string_view text = *outcome.tree.source;
    auto& diagnostics = outcome.diagnostics;

    if (text.size() > largest_source) {
        diagnostics.push_back(
            make_diagnostic(Code::SourceTooLarge, {}, {std::to_string(largest_source >> 20)}));
        return outcome;
    }
    // Where the bytes are no text, the rest would be guesses.
    auto invalid = find_invalid_utf8(text);
    for (int shown = 0; invalid && shown < 10; ++shown) {
        char byte[8];
        std::snprintf(byte, sizeof byte, "0x%02X",
                      static_cast<unsigned>(static_cast<unsigned char>(text[*invalid])));
        auto at = static_cast<uint32_t>(*invalid);
        diagnostics.push_back(make_diagnostic(Code::InvalidUtf8, {at, at + 1}, {byte}));
        size_t next = *invalid + 1;
        while (next < text.size() && (static_cast<unsigned char>(text[next]) & 0xC0) == 0x80) ++next;
        invalid = find_invalid_utf8(text, next);
    }
    for (size_t at = 0; at < text.size() && diagnostics.size() < 10; ++at) {
        const auto byte = static_cast<unsigned char>(text[at]);
        const bool line_end = byte == '\n' || byte == '\t' || byte == '\r';
        if ((byte >= 0x20 || line_end) && byte != 0x7F) continue;
        diagnostics.push_back(make_diagnostic(Code::UnexpectedCharacter, {uint32_t(at), uint32_t(at + 1)},
                                              {byte == 0 ? "a zero byte" : "a control character"}));
    }
    if (!diagnostics.empty()) return outcome;

    bool interactive = mode == ParseMode::Interactive;
    Lexed lexed = lex(text, diagnostics, mode != ParseMode::Module);
    bool open_at_end = lexed.open_at_end;
    bool in_suite = lexed.ends_in_suite;
    Parser parser(outcome.tree, std::move(lexed), diagnostics, interactive);
    switch (mode) {
    case ParseMode::Module:
    case ParseMode::Interactive: parser.parse_module(); break;
    case ParseMode::ClassMembers: parser.parse_members_alone(Place::Class); break;
    case ParseMode::RecordMembers: parser.parse_members_alone(Place::Record); break;
    case ParseMode::TraitMembers: parser.parse_members_alone(Place::Trait); break;
    case ParseMode::ExtendMembers: parser.parse_members_alone(Place::Extend); break;
    case ParseMode::ActorMembers: parser.parse_members_alone(Place::Actor); break;
    case ParseMode::SupervisorMembers: parser.parse_members_alone(Place::Supervisor); break;
    }
    if (interactive) {
        // An empty line ends a suite.
        size_t last = text.find_last_not_of(" \r");
        bool empty_line = last != std::string_view::npos && last > 0 && text[last] == '\n' &&
                          text.find_last_not_of(" \r\n") != std::string_view::npos &&
                          std::count(text.begin() + static_cast<ptrdiff_t>(text.find_last_not_of(" \r\n")),
                                     text.end(), '\n') > 1;
        outcome.incomplete = open_at_end || ((in_suite || parser.wants_more()) && !empty_line);
    }
    sort_diagnostics(diagnostics);
    if (diagnostics.size() > most_shown) {
        Span where = diagnostics[most_shown].span;
        diagnostics.resize(most_shown);
        diagnostics.push_back(make_diagnostic(Code::TooManyErrors, where));
    }
    return outcome;
}

bool needs_more_lines(std::string_view text) {
    return parse("", std::string(text), ParseMode::Interactive).incomplete;
}

std::string render(const ParseOutcome& outcome) {
    return render(outcome.diagnostics, Source(outcome.tree.file, *outcome.tree.source));
}

} // namespace indent::syntax
