#include "vm/model/text_literal.h"
#include "vm/model/unicode.h"
#include <utf8proc.h>

namespace indent {

namespace {

void append_escaped(std::string& to, char32_t c) {
    switch (c) {
    case '\n': to += "\\n"; return;
    case '\t': to += "\\t"; return;
    case '\r': to += "\\r"; return;
    case 0x1B: to += "\\e"; return;
    case 0: to += "\\0"; return;
    case '"': to += "\\\""; return;
    case '\\': to += "\\\\"; return;
    case '{': to += "\\{"; return;
    default: break;
    }
    if (unicode::is_printable(c)) {
        append_utf8(to, c);
        return;
    }
    constexpr std::string_view kDigits = "0123456789abcdef";
    to += "\\u{";
    int shift = 20;
    while (shift > 0 && c >> shift == 0) shift -= 4;
    for (; shift >= 0; shift -= 4) to += kDigits[c >> shift & 0xF];
    to += '}';
}

} // namespace

void append_quoted(std::string& to, TextView text) {
    to += '"';
    for (size_t i = 0; i < text.length; ++i) append_escaped(to, text[i]);
    to += '"';
}

void append_quoted(std::string& to, std::string_view utf8) {
    to += '"';
    const auto* at = reinterpret_cast<const utf8proc_uint8_t*>(utf8.data());
    const auto* end = at + utf8.size();
    while (at < end) {
        utf8proc_int32_t point = 0;
        utf8proc_ssize_t used = utf8proc_iterate(at, end - at, &point);
        append_escaped(to, used > 0 ? char32_t(point) : char32_t(0xFFFD));
        at += used > 0 ? used : 1;
    }
    to += '"';
}

bool is_plain_name(std::string_view name) {
    auto begins = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || uint8_t(c) >= 0x80;
    };
    if (name.empty() || !begins(name[0])) return false;
    size_t end = name.size();
    if (name[end - 1] == '?' || name[end - 1] == '!') --end;
    for (size_t i = 1; i < end; ++i)
        if (!begins(name[i]) && !(name[i] >= '0' && name[i] <= '9')) return false;
    return end > 0;
}

void append_symbol(std::string& to, std::string_view name) {
    to += ':';
    if (is_plain_name(name))
        to += name;
    else
        append_quoted(to, name);
}

} // namespace indent
