#include "vm/prims/json_reader.h"
#include "vm/model/text.h"
#include <algorithm>
#include <cstring>

namespace indent {

namespace {

bool is_digit(int c) {
    return c >= '0' && c <= '9';
}

// What stands at a place, for messages.
std::string shown(std::string_view text, size_t at) {
    if (at >= text.size()) return "the end of the text";
    unsigned char c = static_cast<unsigned char>(text[at]);
    if (c == '\n' || c == '\r') return "the end of the line";
    if (c < 0x20 || c == 0x7f) return "control character " + std::to_string(c);
    size_t end = at + 1;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
    return "`" + std::string(text.substr(at, end - at)) + "`";
}

} // namespace

JsonEvent JsonReader::next() {
    skip_space();
    value_at_ = at_;
    switch (expect_) {
    case Expect::Broken: return JsonEvent::Fault;
    case Expect::Nothing: return peek() < 0 ? JsonEvent::End : expected("the end of the text");
    case Expect::ValueOrEnd: return peek() == ']' ? end() : read_value();
    case Expect::KeyOrEnd: return peek() == '}' ? end() : read_key();
    case Expect::Key: return read_key();
    case Expect::Value: return read_value();
    case Expect::CommaOrEnd: break;
    }
    bool in_map = open_.back();
    if (peek() == (in_map ? '}' : ']')) return end();
    if (peek() != ',') return expected(in_map ? "`,` or `}`" : "`,` or `]`");
    ++at_;
    skip_space();
    value_at_ = at_;
    return in_map ? read_key() : read_value();
}

JsonEvent JsonReader::refuse(std::string message) {
    at_ = value_at_;
    fault_ = std::move(message);
    expect_ = Expect::Broken;
    return JsonEvent::Fault;
}

JsonEvent JsonReader::expected(std::string_view what) {
    fault_ = std::string(what) + " is expected, not " + shown(text_, at_);
    expect_ = Expect::Broken;
    return JsonEvent::Fault;
}

void JsonReader::skip_space() {
    for (int c = peek(); c == ' ' || c == '\n' || c == '\r' || c == '\t'; c = peek()) ++at_;
}

JsonEvent JsonReader::done(JsonEvent event) {
    expect_ = open_.empty() ? Expect::Nothing : Expect::CommaOrEnd;
    return event;
}

JsonEvent JsonReader::begin(bool is_map) {
    if (open_.size() >= most_depth_)
        return refuse("nested deeper than " + std::to_string(most_depth_) + " (`depth:` allows more)");
    ++at_;
    open_.push_back(is_map);
    expect_ = is_map ? Expect::KeyOrEnd : Expect::ValueOrEnd;
    return is_map ? JsonEvent::Map : JsonEvent::List;
}

JsonEvent JsonReader::end() {
    ++at_;
    bool is_map = open_.back();
    open_.pop_back();
    return done(is_map ? JsonEvent::EndMap : JsonEvent::EndList);
}

JsonEvent JsonReader::read_value() {
    switch (int c = peek()) {
    case '{': return begin(true);
    case '[': return begin(false);
    case '"': return read_text() ? done(JsonEvent::Text) : JsonEvent::Fault;
    case 't': return read_word("true", JsonEvent::True);
    case 'f': return read_word("false", JsonEvent::False);
    case 'n': return read_word("null", JsonEvent::Nil);
    default: return c == '-' || is_digit(c) ? read_number() : expected("a value");
    }
}

JsonEvent JsonReader::read_key() {
    if (peek() != '"')
        return expected(expect_ == Expect::KeyOrEnd ? "a key in `\"` or `}`" : "a key in `\"`");
    if (!read_text()) return JsonEvent::Fault;
    skip_space();
    if (peek() != ':') return expected("`:`");
    ++at_;
    expect_ = Expect::Value;
    return JsonEvent::Key;
}

JsonEvent JsonReader::read_word(std::string_view word, JsonEvent event) {
    if (text_.substr(at_, word.size()) != word) return expected("a value (`" + std::string(word) + "`?)");
    at_ += word.size();
    return done(event);
}

JsonEvent JsonReader::read_number() {
    size_t begin = at_;
    auto digits = [&] {
        size_t first = at_;
        while (is_digit(peek())) ++at_;
        return at_ > first;
    };
    if (peek() == '-') ++at_;
    if (peek() == '0') {
        ++at_;
        if (is_digit(peek())) return refuse("a number does not begin with a needless 0");
    } else if (!digits()) {
        return expected("a digit");
    }
    JsonEvent event = JsonEvent::Integer;
    if (peek() == '.') {
        event = JsonEvent::Float;
        ++at_;
        if (!digits()) return expected("a digit");
    }
    if (peek() == 'e' || peek() == 'E') {
        event = JsonEvent::Float;
        ++at_;
        if (peek() == '+' || peek() == '-') ++at_;
        if (!digits()) return expected("a digit");
    }
    value_ = text_.substr(begin, at_ - begin);
    return done(event);
}

namespace {
// Whether one of eight bytes ends a stretch of letters that stand for themselves: `"`, `\` or a control character.
bool has_end(uint64_t eight) {
    constexpr uint64_t kOnes = 0x0101010101010101, kHigh = 0x8080808080808080;
    auto has_less = [&](uint64_t bytes, uint64_t than) { return (bytes - kOnes * than) & ~bytes & kHigh; };
    return has_less(eight, 0x20) | has_less(eight ^ kOnes * '"', 1) | has_less(eight ^ kOnes * '\\', 1);
}
} // namespace

bool JsonReader::read_text() {
    size_t from = ++at_;
    bool plain = true;
    unescaped_.clear();
    for (;;) {
        // Eight at once: nobody can stop us before the text is over.
        for (uint64_t eight; at_ + sizeof eight <= text_.size(); at_ += sizeof eight) {
            std::memcpy(&eight, text_.data() + at_, sizeof eight);
            if (has_end(eight)) break;
        }
        int c = peek();
        if (c >= 0x20 && c != '"' && c != '\\') {
            ++at_;
            continue;
        }
        if (c != '"' && c != '\\') {
            expected(c < 0 ? "`\"`" : "`\"`, or an escape such as `\\n`,");
            return false;
        }
        if (plain && c == '"') {
            value_ = text_.substr(from, at_ - from);
        } else {
            unescaped_.append(text_, from, at_ - from);
            value_ = unescaped_;
        }
        ++at_;
        if (c == '"') return true;
        plain = false;
        if (!read_escape()) return false;
        from = at_;
    }
}

bool JsonReader::read_hex(unsigned& unit) {
    unit = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
        int c = peek(), low = c | 0x20;
        if (!is_digit(c) && !(low >= 'a' && low <= 'f' && c > 0)) {
            expected("a hexadecimal digit");
            return false;
        }
        unit = unit * 16 + unsigned(is_digit(c) ? c - '0' : low - 'a' + 10);
    }
    return true;
}

bool JsonReader::read_escape() {
    constexpr std::string_view kLetters = "\"\\/bfnrt", kMeanings = "\"\\/\b\f\n\r\t";
    size_t at = at_ - 1;
    if (peek() != 'u') {
        size_t letter = peek() < 0 ? std::string_view::npos : kLetters.find(char(peek()));
        if (letter == std::string_view::npos) {
            expected("one of `\" \\ / b f n r t u` behind `\\`");
            return false;
        }
        unescaped_ += kMeanings[letter];
        ++at_;
        return true;
    }
    ++at_;
    unsigned high, low = 0;
    if (!read_hex(high)) return false;
    bool is_high = high >= 0xD800 && high < 0xDC00, paired = false;
    if (is_high && text_.substr(at_, 2) == "\\u") {
        at_ += 2;
        if (!read_hex(low)) return false;
        paired = low >= 0xDC00 && low < 0xE000;
    }
    if ((is_high && !paired) || (high >= 0xDC00 && high < 0xE000)) {
        value_at_ = at;
        refuse("half of a surrogate pair is no character");
        return false;
    }
    append_utf8(unescaped_,
                is_high ? char32_t(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)) : char32_t(high));
    return true;
}

TextPlace place_of(std::string_view text, size_t offset) {
    std::string_view before = text.substr(0, std::min(offset, text.size()));
    TextPlace place;
    place.line += size_t(std::count(before.begin(), before.end(), '\n'));
    size_t line = before.rfind('\n') + 1; // 0 where there is none
    for (char c : before.substr(line)) place.column += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    return place;
}

} // namespace indent
