// The lexer keeps two stacks. `levels_` holds the indentation of the open suites; `brackets_` holds the open
// brackets, where an interpolation counts as one: its closing brace goes back to scanning the text that it
// stands in, so texts and expressions nest without recursion. While any bracket is open, line ends are white
// space.
//
// Newline, Indent and Dedent are emitted when the next line that says something begins, because only then is
// it known whether it continues the last one (`.name`). Each Dedent is followed by a Newline, which ends the
// statement that the suite belongs to, except where `.name` goes on with it.
//
// What is left open is closed where it most likely should have been: a text at the end of its line, a bracket
// before a line that begins a definition. The parser then sees balanced tokens and goes on.
#include "vm/syntax/lexer.h"
#include "vm/syntax/source.h"
#include <algorithm>
#include <array>
#include <charconv>
#include <utf8proc.h>

namespace indent::syntax {

namespace {

enum CharClass : uint8_t { Other, Space, Letter, Digit, High };

constexpr auto char_classes = [] {
    std::array<uint8_t, 256> result{};
    for (int c = 0; c < 256; ++c) {
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        bool digit = c >= '0' && c <= '9';
        result[static_cast<size_t>(c)] = letter      ? Letter
                                         : digit     ? Digit
                                         : c >= 0x80 ? High
                                         : c == ' '  ? Space
                                                     : Other;
    }
    return result;
}();

// Whether a code point outside ASCII may stand in a name: letters, marks and digits of any script.
bool is_name_code_point(char32_t value) {
    switch (utf8proc_category(static_cast<utf8proc_int32_t>(value))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL: return true;
    default: return false;
    }
}

constexpr size_t most_integer_digits = 100'000;
// The parser stops far before this; here it bounds the search for a bracket's partner.
constexpr size_t most_open_brackets = 1000;

struct Bracket {
    char mark = 0;            // ( [ { or " for an interpolation
    bool multiline = false;   // interpolation of a """text"""
    uint32_t token = 0;       // the opening token; interpolation: the TextStart
    uint32_t begin = 0;       // its offset
    uint32_t line_indent = 0; // of the line that it stands in
};

class Lexer {
  public:
    Lexer(std::string_view source, std::vector<Diagnostic>& diagnostics, bool may_be_indented)
        : source_(source), diagnostics_(diagnostics), may_be_indented_(may_be_indented) {
        result_.tokens.reserve(source.size() / 4 + 16);
    }

    Lexed run() {
        if (source_.substr(0, 3) == "\xEF\xBB\xBF") at_ = 3;
        begin_line();
        while (at_ < source_.size()) step();
        finish();
        return std::move(result_);
    }

  private:
    // ---- small things

    char peek(size_t ahead = 0) const { return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0'; }
    static uint8_t class_of(char c) { return char_classes[static_cast<unsigned char>(c)]; }
    bool begins_name(size_t at) const {
        if (at >= source_.size()) return false;
        uint8_t c = class_of(source_[at]);
        return c == Letter || (c == High && is_name_code_point(code_point_at(source_, at).value));
    }

    void report(Code code, size_t begin, size_t end, std::vector<std::string> arguments = {}) {
        if (diagnostics_.size() > 1000) return; // the parser cuts the list to what is shown
        diagnostics_.push_back(make_diagnostic(
            code, {static_cast<uint32_t>(begin), static_cast<uint32_t>(end)}, std::move(arguments)));
    }

    Token& emit(TokenKind kind, size_t begin, size_t end, uint8_t flags = 0) {
        Token token;
        token.kind = kind;
        token.begin = static_cast<uint32_t>(begin);
        token.end = static_cast<uint32_t>(end);
        token.flags = flags;
        if (begin != last_end_) token.flags |= Token::Spaced;
        if (first_of_line_) {
            token.flags |= Token::FirstOfLine | Token::Spaced;
            first_of_line_ = false;
        }
        last_end_ = end;
        result_.tokens.push_back(token);
        return result_.tokens.back();
    }
    // Layout tokens stand where a line begins, and do not count as the first of it.
    void emit_layout(TokenKind kind, size_t at) {
        Token token;
        token.kind = kind;
        token.begin = token.end = static_cast<uint32_t>(at);
        result_.tokens.push_back(token);
    }

    // ---- layout

    // At the begin of a line outside brackets: skips lines that say nothing, then settles the indentation of
    // the next that does.
    void begin_line() {
        while (true) {
            size_t line = at_;
            size_t column = 0;
            bool tab = false;
            for (; at_ < source_.size(); ++at_) {
                if (source_[at_] == ' ') {
                    ++column;
                } else if (source_[at_] == '\t') {
                    column = (column / 4 + 1) * 4;
                    tab = true;
                } else {
                    break;
                }
            }
            if (at_ >= source_.size()) return;
            if (source_[at_] == '\r' && peek(1) == '\n') ++at_;
            if (source_[at_] == '\n') {
                ++at_;
                continue;
            }
            if (source_[at_] == '#') {
                comment(true);
                if (at_ < source_.size()) ++at_; // the line end
                continue;
            }
            if (tab && tabs_reported_++ < 3) {
                size_t first = source_.find('\t', line);
                size_t last = source_.find_last_of('\t', at_ - 1);
                report(Code::TabInIndentation, first, last + 1);
            }
            line_indent_ = static_cast<uint32_t>(column);
            settle(column);
            first_of_line_ = true;
            return;
        }
    }

    void settle(size_t column) {
        if (levels_.empty()) {
            if (column > 0 && !may_be_indented_) report(Code::UnexpectedIndent, at_, at_ + 1);
            levels_.push_back(column);
            return;
        }
        bool continues = peek() == '.' && begins_name(at_ + 1);
        if (continues) {
            while (levels_.size() > 1 && levels_.back() > column) close_level();
            return;
        }
        if (column > levels_.back()) {
            emit_layout(TokenKind::Newline, at_);
            emit_layout(TokenKind::Indent, at_);
            levels_.push_back(column);
            return;
        }
        while (levels_.back() > column) {
            size_t below = levels_.size() > 1 ? levels_[levels_.size() - 2] : 0;
            if (levels_.size() == 1 || below < column) {
                // Between two levels: taken as the inner one, moved.
                report(Code::InconsistentDedent, at_, at_ + 1);
                levels_.back() = column;
                break;
            }
            close_level();
        }
        emit_layout(TokenKind::Newline, at_);
    }

    void close_level() {
        emit_layout(TokenKind::Newline, at_);
        emit_layout(TokenKind::Dedent, at_);
        levels_.pop_back();
    }

    void comment(bool own_line) {
        size_t end = std::min(source_.find('\n', at_), source_.size());
        size_t last = end > at_ && source_[end - 1] == '\r' ? end - 1 : end;
        result_.comments.push_back({{static_cast<uint32_t>(at_), static_cast<uint32_t>(last)}, own_line});
        at_ = end;
    }

    void line_end() {
        while (!brackets_.empty()) {
            // A text of one line ends here, and what is open inside its interpolation with it.
            auto one_line = std::find_if(brackets_.begin(), brackets_.end(),
                                         [](const Bracket& b) { return b.mark == '"' && !b.multiline; });
            if (one_line != brackets_.end()) {
                auto keep = static_cast<size_t>(one_line - brackets_.begin());
                report(Code::UnfinishedText, one_line->begin, one_line->begin + 1);
                result_.broken.push_back({one_line->begin, static_cast<uint32_t>(at_)});
                while (brackets_.size() > keep) close_bracket_here();
                continue;
            }
            ++at_;
            if (line_begins_definition()) {
                abandon_brackets(0);
                begin_line();
            } else {
                skip_indentation_in_brackets();
            }
            return;
        }
        ++at_;
        begin_line();
    }

    void skip_indentation_in_brackets() {
        while (peek() == ' ') ++at_;
        first_of_line_ = true;
    }

    // Inside brackets: whether the line that begins here can only be a definition or a statement that was
    // meant to stand outside, so that the bracket was forgotten.
    bool line_begins_definition() const {
        size_t p = at_;
        while (p < source_.size() && source_[p] == ' ') ++p;
        if (p - at_ > brackets_.front().line_indent) return false;
        size_t end = p;
        while (end < source_.size() && class_of(source_[end]) == Letter) ++end;
        if (end == p || end >= source_.size() || source_[end] != ' ') return false;
        while (end < source_.size() && source_[end] == ' ') ++end;
        bool text_follows = end < source_.size() && source_[end] == '"';
        bool name_follows = begins_name(end);
        switch (find_word(source_.substr(p, source_.find(' ', p) - p))) {
        case Word::Test: return text_follows;
        case Word::Let:
        case Word::Return:
        case Word::While: return true;
        case Word::For:
        case Word::Def:
        case Word::Class:
        case Word::Record:
        case Word::Trait:
        case Word::Extend:
        case Word::Actor:
        case Word::Supervisor:
        case Word::Field:
        case Word::State:
        case Word::On:
        case Word::Stable:
        case Word::Var:
        case Word::Import: return name_follows;
        default: return false;
        }
    }

    // ---- brackets

    static TokenKind closing_kind(char mark) {
        return mark == '('   ? TokenKind::RightParen
               : mark == '[' ? TokenKind::RightBracket
                             : TokenKind::RightBrace;
    }
    static char closing_char(char mark) { return mark == '(' ? ')' : mark == '[' ? ']' : '}'; }

    void open_bracket(char mark, TokenKind kind) {
        Bracket bracket;
        bracket.mark = mark;
        bracket.token = static_cast<uint32_t>(result_.tokens.size());
        bracket.begin = static_cast<uint32_t>(at_);
        bracket.line_indent = line_indent_;
        emit(kind, at_, at_ + 1);
        push(bracket);
        if (at_ < source_.size()) ++at_;
    }

    void push(const Bracket& bracket) {
        brackets_.push_back(bracket);
        if (brackets_.size() < most_open_brackets) return;
        report(Code::TooDeep, bracket.begin, bracket.begin + 1);
        result_.broken.push_back({bracket.begin, static_cast<uint32_t>(source_.size())});
        at_ = source_.size();
        while (!brackets_.empty()) close_bracket_here();
    }

    // Closes the innermost bracket with an empty token.
    void close_bracket_here() {
        const Bracket& top = brackets_.back();
        if (top.mark == '"') {
            emit(TokenKind::TextEnd, at_, at_, Token::Unfinished | (top.multiline ? Token::Multiline : 0));
        } else {
            result_.tokens[top.token].partner = static_cast<uint32_t>(result_.tokens.size());
            emit(closing_kind(top.mark), at_, at_, Token::Unfinished);
        }
        brackets_.pop_back();
    }

    // Whether a `{` ends its line.
    bool ends_line(uint32_t at) const {
        if (source_[at] != '{') return false;
        size_t next = source_.find_first_not_of(" \r", at + 1);
        return next == std::string_view::npos || source_[next] == '\n';
    }

    // Reports and closes all brackets above the first `keep`.
    void abandon_brackets(size_t keep) {
        while (brackets_.size() > keep) {
            const Bracket& top = brackets_.back();
            if (top.mark == '"')
                report(top.multiline ? Code::UnfinishedMultiline : Code::UnfinishedText, top.begin,
                       top.begin + (top.multiline ? 3 : 1));
            else
                report(Code::UnclosedBracket, top.begin, top.begin + 1,
                       {std::string(1, top.mark), std::string(1, closing_char(top.mark)),
                        ends_line(top.begin)
                            ? "a suite has no braces: end the line with `:` and indent what follows"
                            : "close it with `" + std::string(1, closing_char(top.mark)) + "`"});
            result_.broken.push_back({top.begin, static_cast<uint32_t>(at_)});
            close_bracket_here();
        }
    }

    void close_bracket(char mark) {
        // Not past an interpolation: a bracket inside it closes nothing outside.
        size_t opener = brackets_.size();
        while (opener > 0 && brackets_[opener - 1].mark != mark && brackets_[opener - 1].mark != '"')
            --opener;
        if (opener == 0 || brackets_[opener - 1].mark != mark) {
            report(Code::StrayBracket, at_, at_ + 1, {std::string(1, source_[at_])});
            ++at_;
            return;
        }
        abandon_brackets(opener);
        result_.tokens[brackets_.back().token].partner = static_cast<uint32_t>(result_.tokens.size());
        brackets_.pop_back();
        emit(closing_kind(mark), at_, at_ + 1);
        ++at_;
    }

    void close_brace() {
        size_t inner = brackets_.size();
        while (inner > 0 && brackets_[inner - 1].mark != '{' && brackets_[inner - 1].mark != '"') --inner;
        if (inner == 0 || brackets_[inner - 1].mark == '{') return close_bracket('{');
        abandon_brackets(inner);
        Bracket frame = brackets_.back();
        brackets_.pop_back();
        const Token& last = result_.tokens.back();
        if (last.kind == TokenKind::TextStart || last.kind == TokenKind::TextMiddle)
            report(Code::EmptyInterpolation, last.end - 1, at_ + 1);
        size_t begin = at_++;
        scan_text(begin, frame.begin, frame.multiline, true, frame.line_indent);
    }

    // ---- texts

    // From after an opening quote or the brace of an interpolation to the next brace or the closing quote.
    // `piece` is where the token begins, `opening` where the whole text does.
    void scan_text(size_t piece, size_t opening, bool multiline, bool continued, uint32_t line_indent) {
        auto flags = static_cast<uint8_t>(multiline ? Token::Multiline : 0);
        while (at_ < source_.size()) {
            char c = source_[at_];
            if (c == '"') {
                if (multiline && (peek(1) != '"' || peek(2) != '"')) {
                    ++at_;
                    continue;
                }
                at_ += multiline ? 3 : 1;
                emit(continued ? TokenKind::TextEnd : TokenKind::Text, piece, at_, flags);
                return;
            }
            if (c == '\\') {
                flags |= Token::Escaped;
                ++at_;
                if (at_ < source_.size() && source_[at_] != '\n' && source_[at_] != '\r') ++at_;
                // `\u{…}` holds a brace that begins no interpolation.
                if (source_[at_ - 1] == 'u' && peek() == '{') {
                    ++at_;
                    while (class_of(peek()) == Letter || class_of(peek()) == Digit) ++at_;
                }
                continue;
            }
            if (c == '{') {
                ++at_;
                Bracket frame;
                frame.mark = '"';
                frame.multiline = multiline;
                frame.token = static_cast<uint32_t>(result_.tokens.size());
                frame.begin = static_cast<uint32_t>(opening);
                frame.line_indent = line_indent;
                emit(continued ? TokenKind::TextMiddle : TokenKind::TextStart, piece, at_, flags);
                push(frame);
                return;
            }
            if (c == '\n') {
                if (!multiline) break;
                flags |= Token::Escaped;
            }
            ++at_;
        }
        size_t end = at_;
        if (!multiline && end > piece && end < source_.size() && source_[end - 1] == '\r') --end;
        report(multiline ? Code::UnfinishedMultiline : Code::UnfinishedText, opening,
               opening + (multiline ? 3 : 1));
        if (multiline) open_at_end_ = true;
        result_.broken.push_back({static_cast<uint32_t>(opening), static_cast<uint32_t>(end)});
        flags |= Token::Unfinished;
        emit(continued ? TokenKind::TextEnd : TokenKind::Text, piece, end, flags);
        if (!multiline) close_brackets_of_line(opening);
    }

    void raw_text() {
        size_t begin = at_++;
        while (at_ < source_.size() && source_[at_] != '\'' && source_[at_] != '\n') ++at_;
        if (peek() == '\'') {
            ++at_;
            emit(TokenKind::RawText, begin, at_);
            return;
        }
        report(Code::UnfinishedRawText, begin, begin + 1);
        result_.broken.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(at_)});
        emit(TokenKind::RawText, begin, at_, Token::Unfinished);
        close_brackets_of_line(begin);
    }

    // A text that ran to the end of its line has most likely swallowed what closes the brackets before it.
    void close_brackets_of_line(size_t offset) {
        size_t line = source_.rfind('\n', offset) + 1; // npos + 1 is 0
        while (!brackets_.empty() && brackets_.back().mark != '"' && brackets_.back().begin >= line)
            close_bracket_here();
    }

    // ---- names, numbers, symbols

    void skip_name_characters() {
        while (at_ < source_.size()) {
            uint8_t c = class_of(source_[at_]);
            if (c == Letter || c == Digit) {
                ++at_;
            } else if (c == High) {
                CodePoint point = code_point_at(source_, at_);
                if (!is_name_code_point(point.value)) return;
                at_ += point.bytes;
            } else {
                return;
            }
        }
    }
    void skip_name() {
        skip_name_characters();
        if (peek() == '?' || (peek() == '!' && peek(1) != '=')) ++at_;
    }

    void name() {
        size_t begin = at_;
        skip_name();
        Token& token = emit(TokenKind::Name, begin, at_);
        token.word = find_word(source_.substr(begin, at_ - begin));
    }

    void skip_digits() {
        while (class_of(peek()) == Digit || peek() == '_') ++at_;
    }

    static bool digit_in_base(char c, int base) {
        if (base == 2) return c == '0' || c == '1';
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    }

    void number() {
        size_t begin = at_;
        if (peek() == '0' && (peek(1) == 'x' || peek(1) == 'X' || peek(1) == 'b' || peek(1) == 'B')) {
            int base = peek(1) == 'x' || peek(1) == 'X' ? 16 : 2;
            at_ += 2;
            size_t digits = at_;
            while (class_of(peek()) == Letter || class_of(peek()) == Digit) ++at_;
            for (size_t i = digits; i < at_; ++i) {
                if (source_[i] == '_' || digit_in_base(source_[i], base)) continue;
                report(Code::DigitNotInBase, i, i + 1,
                       {std::string(1, source_[i]), base == 2 ? "binary" : "hexadecimal"});
                emit(TokenKind::Error, begin, at_);
                return;
            }
            if (digits == at_) {
                report(Code::DigitMissing, begin, at_, {std::string(source_.substr(begin, 2))});
                emit(TokenKind::Error, begin, at_);
                return;
            }
            check_integer(begin, digits);
            emit(TokenKind::Integer, begin, at_);
            return;
        }
        skip_digits();
        bool is_float = false;
        if (peek() == '.' && class_of(peek(1)) == Digit) {
            is_float = true;
            ++at_;
            skip_digits();
        }
        if (peek() == 'e' || peek() == 'E') {
            size_t sign = peek(1) == '+' || peek(1) == '-' ? 1 : 0;
            if (class_of(peek(1 + sign)) == Digit) {
                is_float = true;
                at_ += 1 + sign;
                skip_digits();
            } else if (sign || !begins_name(at_ + 1)) {
                at_ += 1 + sign;
                report(Code::DigitMissing, begin, at_, {std::string(source_.substr(begin, at_ - begin))});
                emit(TokenKind::Error, begin, at_);
                return;
            }
        }
        if (begins_name(at_)) {
            size_t from = at_;
            skip_name_characters();
            report(Code::NameAfterNumber, from, at_, {std::string(source_.substr(from, at_ - from))});
            emit(TokenKind::Error, begin, at_);
            return;
        }
        // `1.` is a float only in other languages; `1.name` is a send and `1..n` a range.
        if (!is_float && peek() == '.' && peek(1) != '.' && !begins_name(at_ + 1) &&
            class_of(peek(1)) != Digit) {
            std::string whole(source_.substr(begin, at_ - begin));
            report(Code::PointNeedsDigits, begin, at_ + 1, {whole + ".0"});
            ++at_;
            emit(TokenKind::Error, begin, at_);
            return;
        }
        check_integer(begin, begin);
        emit(is_float ? TokenKind::Float : TokenKind::Integer, begin, at_);
    }

    void check_integer(size_t begin, size_t digits) {
        std::string_view text = source_.substr(digits, at_ - digits);
        if (text.find('_') != std::string_view::npos) {
            for (size_t i = 0; i < text.size(); ++i) {
                if (text[i] != '_') continue;
                auto digit = [&](size_t k) { return k < text.size() && digit_in_base(text[k], 16); };
                if (i > 0 && digit(i - 1) && digit(i + 1)) continue;
                std::string clean(source_.substr(begin, digits - begin));
                for (char c : text)
                    if (c != '_') clean += c;
                report(Code::UnderscoreInNumber, digits + i, digits + i + 1, {clean.substr(0, 60)});
                break;
            }
        }
        if (text.size() > most_integer_digits)
            report(Code::IntegerTooLong, begin, at_, {std::to_string(most_integer_digits)});
    }

    // `:` begins a symbol where a letter or `_` follows and nothing touches it on the left that could be the
    // end of a label, a key or a head.
    void colon() {
        bool touched = false;
        if (at_ > 0) {
            char before = source_[at_ - 1];
            uint8_t c = class_of(before);
            touched = c == Letter || c == Digit || c == High || before == ')' || before == ']' ||
                      before == '}' || before == '"' || before == '\'' || before == '?' || before == '!';
        }
        size_t begin = at_++;
        if (!touched && begins_name(at_)) {
            skip_name();
            emit(TokenKind::Symbol, begin, at_);
        } else {
            emit(TokenKind::Colon, begin, at_);
        }
    }

    // ---- one token

    void simple(TokenKind kind, size_t length) {
        emit(kind, at_, at_ + length);
        at_ += length;
    }
    void not_an_operator(size_t length, std::string instead, TokenKind meant) {
        report(Code::NotAnOperator, at_, at_ + length,
               {std::string(source_.substr(at_, length)), std::move(instead)});
        simple(meant, length);
    }
    // The operator, or `op=` where that follows.
    void operator_or_assign(TokenKind kind, TokenKind assign) {
        if (peek(1) == '=' && peek(2) != '=')
            simple(assign, 2);
        else
            simple(kind, 1);
    }
    void word_for_operator(size_t length, const char* instead, Word word) {
        report(Code::NotAnOperator, at_, at_ + length, {std::string(source_.substr(at_, length)), instead});
        emit(TokenKind::Name, at_, at_ + length).word = word;
        at_ += length;
    }

    void step() {
        char c = source_[at_];
        switch (class_of(c)) {
        case Letter: return name();
        case Digit: return number();
        case Space: ++at_; return;
        case High: return high_character();
        default: break;
        }
        switch (c) {
        case '\n': return line_end();
        case '\r':
            if (peek(1) == '\n') {
                ++at_;
                return;
            }
            return unexpected("a carriage return without a line end");
        case '\t': ++at_; return;
        case '#': return comment(false);
        case '"': {
            size_t begin = at_;
            bool multiline = peek(1) == '"' && peek(2) == '"';
            at_ += multiline ? 3 : 1;
            return scan_text(begin, begin, multiline, false, line_indent_);
        }
        case '\'': return raw_text();
        case '(': return open_bracket('(', TokenKind::LeftParen);
        case '[': return open_bracket('[', TokenKind::LeftBracket);
        case '{': return open_bracket('{', TokenKind::LeftBrace);
        case ')': return close_bracket('(');
        case ']': return close_bracket('[');
        case '}': return close_brace();
        case ',': return simple(TokenKind::Comma, 1);
        case ':': return colon();
        case '@': return simple(TokenKind::At, 1);
        case '|':
            if (peek(1) == '|') return word_for_operator(2, "`or`", Word::Or);
            return simple(TokenKind::Bar, 1);
        case '&':
            if (peek(1) == '&') return word_for_operator(2, "`and`", Word::And);
            return simple(TokenKind::Ampersand, 1);
        case '.':
            if (peek(1) == '.') {
                if (peek(2) == '<') return simple(TokenKind::RangeExclusive, 3);
                if (peek(2) == '.')
                    return not_an_operator(3, "`..`, or `..<` without the last", TokenKind::Range);
                return simple(TokenKind::Range, 2);
            }
            if (class_of(peek(1)) == Digit && !touches_operand()) {
                size_t begin = at_++;
                skip_digits();
                std::string digits(source_.substr(begin, std::min<size_t>(at_ - begin, 60)));
                report(Code::PointNeedsDigits, begin, at_, {"0" + digits});
                emit(TokenKind::Error, begin, at_);
                return;
            }
            return simple(TokenKind::Dot, 1);
        case '+':
            if (peek(1) == '+') return not_an_operator(2, "`+= 1` to add one", TokenKind::Error);
            return operator_or_assign(TokenKind::Plus, TokenKind::PlusAssign);
        case '-':
            if (peek(1) == '>') return simple(TokenKind::Arrow, 2);
            return operator_or_assign(TokenKind::Minus, TokenKind::MinusAssign);
        case '*':
            if (peek(1) == '*') {
                if (peek(2) == '=' && peek(3) != '=')
                    return not_an_operator(3, "the assignment out: `x = x ** 2`", TokenKind::Assign);
                return simple(TokenKind::Power, 2);
            }
            return operator_or_assign(TokenKind::Star, TokenKind::StarAssign);
        case '/':
            if (peek(1) == '/') {
                if (peek(2) == '=' && peek(3) != '=')
                    return not_an_operator(3, "the assignment out: `x = x // 2`", TokenKind::Assign);
                return simple(TokenKind::DoubleSlash, 2);
            }
            return operator_or_assign(TokenKind::Slash, TokenKind::SlashAssign);
        case '%':
            if (peek(1) == '=' && peek(2) != '=')
                return not_an_operator(2, "the assignment out: `x = x % 2`", TokenKind::Assign);
            return simple(TokenKind::Percent, 1);
        case '=':
            if (peek(1) == '=') {
                if (peek(2) == '=') return not_an_operator(3, "`==`, or `is` for identity", TokenKind::Equal);
                return simple(TokenKind::Equal, 2);
            }
            if (peek(1) == '>')
                return not_an_operator(2, "`->` for a block, `:` for a key of a map", TokenKind::Arrow);
            return simple(TokenKind::Assign, 1);
        case '!':
            if (peek(1) == '=') {
                if (peek(2) == '=')
                    return not_an_operator(3, "`!=`, or `is not` for identity", TokenKind::NotEqual);
                return simple(TokenKind::NotEqual, 2);
            }
            return word_for_operator(1, "`not`", Word::Not);
        case '<':
            if (peek(1) == '=') return simple(TokenKind::LessEqual, 2);
            if (peek(1) == '<')
                return not_an_operator(2, "`.shift_left(n)`, or `.add(x)` for a list", TokenKind::Error);
            if (peek(1) == '>') return not_an_operator(2, "`!=`", TokenKind::NotEqual);
            return simple(TokenKind::Less, 1);
        case '>':
            if (peek(1) == '=') return simple(TokenKind::GreaterEqual, 2);
            if (peek(1) == '>') return not_an_operator(2, "`.shift_right(n)`", TokenKind::Error);
            return simple(TokenKind::Greater, 1);
        case '^': return not_an_operator(1, "`**` for a power, `.bit_xor(b)` for bits", TokenKind::Error);
        case '~': return not_an_operator(1, "`.bit_not` for bits", TokenKind::Error);
        case '?': return not_an_operator(1, "`if c then a else b`", TokenKind::Error);
        case ';': report(Code::Semicolon, at_, at_ + 1); return simple(TokenKind::Error, 1);
        case '\\': report(Code::Backslash, at_, at_ + 1); return simple(TokenKind::Error, 1);
        case '\0': return unexpected("a zero byte");
        default: break;
        }
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return unexpected("a control character");
        unexpected(("`" + std::string(1, c) + "`").c_str());
    }

    bool touches_operand() const {
        if (at_ == 0) return false;
        char before = source_[at_ - 1];
        uint8_t c = class_of(before);
        return c == Letter || c == Digit || c == High || before == ')' || before == ']' || before == '"' ||
               before == '}';
    }

    void unexpected(const char* what) {
        report(Code::UnexpectedCharacter, at_, at_ + 1, {what});
        simple(TokenKind::Error, 1);
    }

    void high_character() {
        CodePoint point = code_point_at(source_, at_);
        if (is_name_code_point(point.value)) return name();
        bool space = point.value == 0xA0 || point.value == 0x3000 || point.value == 0xFEFF ||
                     (point.value >= 0x2000 && point.value <= 0x200B);
        char number[16];
        std::snprintf(number, sizeof number, "U+%04X", static_cast<unsigned>(point.value));
        if (space) {
            report(Code::UnexpectedCharacter, at_, at_ + point.bytes,
                   {std::string("a space that is no plain space (") + number + ")"});
            at_ += point.bytes;
            return;
        }
        report(Code::UnexpectedCharacter, at_, at_ + point.bytes,
               {"`" + std::string(source_.substr(at_, point.bytes)) + "` (" + number + ")"});
        simple(TokenKind::Error, point.bytes);
    }

    // ---- the end

    void finish() {
        bool one_line = std::any_of(brackets_.begin(), brackets_.end(),
                                    [](const Bracket& b) { return b.mark == '"' && !b.multiline; });
        result_.open_at_end = (open_at_end_ || !brackets_.empty()) && !one_line;
        abandon_brackets(0);
        result_.ends_in_suite = levels_.size() > 1;
        while (levels_.size() > 1) close_level();
        emit_layout(TokenKind::Newline, at_);
        emit_layout(TokenKind::End, at_);
    }

    std::string_view source_;
    std::vector<Diagnostic>& diagnostics_;
    Lexed result_;
    size_t at_ = 0;
    size_t last_end_ = 0;
    uint32_t line_indent_ = 0;
    int tabs_reported_ = 0;
    bool first_of_line_ = false;
    bool may_be_indented_;
    bool open_at_end_ = false;
    std::vector<size_t> levels_;
    std::vector<Bracket> brackets_;
};

} // namespace

Lexed lex(std::string_view source, std::vector<Diagnostic>& diagnostics, bool may_be_indented) {
    return Lexer(source, diagnostics, may_be_indented).run();
}

bool is_name(std::string_view text) {
    std::vector<Diagnostic> diagnostics;
    Lexed lexed = lex(text, diagnostics);
    return diagnostics.empty() && lexed.tokens[0].kind == TokenKind::Name && lexed.tokens[0].begin == 0 &&
           lexed.tokens[0].end == text.size();
}

} // namespace indent::syntax
