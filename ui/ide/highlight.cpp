#include "ui/ide/highlight.h"
#include "ui/ide/statement.h"
#include <algorithm>
#include <array>

namespace indent::ide {

namespace {

constexpr auto kKeywords = std::to_array<std::string_view>({
    "actor",    "after",      "and",    "ask",     "break", "case",  "catch",  "child",        "class",
    "continue", "def",        "do",     "elif",    "else",  "every", "expect", "expect_error", "extend",
    "extends",  "false",      "field",  "finally", "for",   "if",    "import", "in",           "is",
    "let",      "loop",       "match",  "module",  "nil",   "not",   "on",     "once",         "or",
    "pass",     "raise",      "record", "return",  "self",  "send",  "spawn",  "stable",       "state",
    "super",    "supervisor", "test",   "then",    "trait", "true",  "try",    "var",          "watch",
    "while",    "with",       "within",
});

bool is_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c < 0;
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

class Scanner {
  public:
    Scanner(std::string_view line, std::vector<Stretch>& out) : line_(line), out_(out) {}

    void run(bool& in_text) {
        if (in_text) multiline(0, in_text);
        while (at_ < line_.size()) one(in_text);
    }

  private:
    void add(size_t end, Colour colour) {
        if (!out_.empty() && out_.back().colour == colour)
            out_.back().end = uint32_t(end);
        else
            out_.push_back({uint32_t(at_), uint32_t(end), colour});
        at_ = end;
    }
    char look(size_t ahead) const { return at_ + ahead < line_.size() ? line_[at_ + ahead] : '\0'; }

    // From the opening marks (or the line's begin) to the closing ones.
    void multiline(size_t marks, bool& in_text) {
        size_t close = line_.find("\"\"\"", at_ + marks);
        in_text = close == std::string_view::npos;
        add(in_text ? line_.size() : close + 3, Colour::Text);
    }

    void one(bool& in_text) {
        const char c = line_[at_];
        if (c == '#') return comment();
        if (c == '"' && look(1) == '"' && look(2) == '"') return multiline(3, in_text);
        if (c == '"' || c == '\'') return text(c);
        if (is_digit(c)) return number();
        if (c == ':' && (is_name(look(1)) && !is_digit(look(1))) &&
            (at_ == 0 || (!is_name(line_[at_ - 1]) && line_[at_ - 1] != ')' && line_[at_ - 1] != ']'))) {
            size_t end = at_ + 1;
            while (end < line_.size() && is_name(line_[end])) end++;
            if (end < line_.size() && (line_[end] == '?' || line_[end] == '!')) end++;
            return add(end, Colour::Symbol);
        }
        if (is_name(c)) return name();
        add(at_ + 1, c == ' ' ? Colour::Plain : Colour::Operator);
    }

    void comment() {
        const bool result = line_.substr(at_).substr(0, kResultMark.size()) == kResultMark;
        add(line_.size(), result ? Colour::Result : Colour::Comment);
    }

    // Interpolations are shown as text too, but what they quote does not end it.
    void text(char mark) {
        size_t end = at_ + 1;
        int depth = 0;
        while (end < line_.size() && (depth > 0 || line_[end] != mark)) {
            if (mark == '"' && line_[end] == '\\')
                end++;
            else if (mark == '"' && line_[end] == '{')
                depth++;
            else if (depth > 0 && line_[end] == '}')
                depth--;
            end++;
        }
        add(std::min(end + 1, line_.size()), Colour::Text);
    }

    void number() {
        size_t end = at_;
        while (end < line_.size() && is_name(line_[end])) end++;
        if (end + 1 < line_.size() && line_[end] == '.' && is_digit(line_[end + 1])) {
            end++;
            while (end < line_.size() && is_name(line_[end])) end++;
        }
        add(end, Colour::Number);
    }

    void name() {
        size_t end = at_;
        while (end < line_.size() && is_name(line_[end])) end++;
        if (end < line_.size() &&
            (line_[end] == '?' || (line_[end] == '!' && end + 1 < line_.size() && line_[end + 1] != '=')))
            end++;
        std::string_view word = line_.substr(at_, end - at_);
        const bool after_dot = at_ > 0 && line_[at_ - 1] == '.' && (at_ < 2 || line_[at_ - 2] != '.');
        const bool key =
            end < line_.size() && line_[end] == ':' && end + 1 < line_.size() && line_[end + 1] == ' ';
        const bool keyword = std::find(kKeywords.begin(), kKeywords.end(), word) != kKeywords.end();
        Colour colour = Colour::Plain;
        if (after_dot)
            colour = Colour::Plain;
        else if (keyword && !(key && end + 1 < line_.size() && inside_brackets()))
            colour = Colour::Keyword;
        else if (word[0] >= 'A' && word[0] <= 'Z')
            colour = Colour::Class;
        else if (defines_)
            colour = Colour::Definition;
        else if (key && inside_brackets())
            colour = Colour::Symbol;
        defines_ = colour == Colour::Keyword && (word == "def" || word == "on");
        add(end, colour);
    }

    bool inside_brackets() const {
        int depth = 0;
        for (char c : line_.substr(0, at_)) depth += (c == '(' || c == '{') - (c == ')' || c == '}');
        return depth > 0;
    }

    std::string_view line_;
    std::vector<Stretch>& out_;
    size_t at_ = 0;
    bool defines_ = false; // the next name is what `def` defines
};

} // namespace

std::vector<Stretch> highlight(std::string_view line, bool& in_text) {
    std::vector<Stretch> out;
    Scanner(line, out).run(in_text);
    return out;
}

} // namespace indent::ide
