#include "vm/syntax/text_literal.h"
#include "vm/syntax/source.h"
#include <algorithm>
#include <cstdio>
#include <limits>

namespace indent::syntax {

namespace {

class Decoder {
  public:
    Decoder(std::string_view source, std::vector<Diagnostic>& diagnostics)
        : source_(source), diagnostics_(diagnostics) {}

    // `strip` spaces are taken from the begin of each line after the first; `at_line_begin` says that the
    // piece begins with such a line.
    std::string decode(Span span, size_t strip, bool at_line_begin) {
        std::string result;
        size_t at = span.begin;
        if (at_line_begin) at = skip_indentation(at, span.end, strip);
        while (at < span.end) {
            char c = source_[at];
            if (c == '\\') {
                at = escape(at, span.end, result);
            } else if (c == '\n' || (c == '\r' && at + 1 < span.end && source_[at + 1] == '\n')) {
                result += '\n';
                at = skip_indentation(at + (c == '\n' ? 1 : 2), span.end, strip);
            } else {
                result += c;
                ++at;
            }
        }
        return result;
    }

  private:
    size_t skip_indentation(size_t at, size_t end, size_t strip) const {
        size_t stop = std::min(end, strip > end - at ? end : at + strip);
        while (at < stop && source_[at] == ' ') ++at;
        return at;
    }

    void report(Code code, size_t begin, size_t end) {
        diagnostics_.push_back(make_diagnostic(code,
                                               {static_cast<uint32_t>(begin), static_cast<uint32_t>(end)},
                                               {std::string(source_.substr(begin, end - begin))}));
    }

    size_t escape(size_t at, size_t end, std::string& to) {
        if (at + 1 >= end) {
            report(Code::InvalidEscape, at, at + 1);
            return at + 1;
        }
        switch (source_[at + 1]) {
        case 'n': to += '\n'; return at + 2;
        case 't': to += '\t'; return at + 2;
        case 'r': to += '\r'; return at + 2;
        case 'e': to += '\x1B'; return at + 2;
        case '0': to += '\0'; return at + 2;
        case '\\':
        case '"':
        case '\'':
        case '{':
        case '}': to += source_[at + 1]; return at + 2;
        case 'u': return unicode(at, end, to);
        default: break;
        }
        size_t stop = std::min<size_t>(end, at + 1 + code_point_at(source_, at + 1).bytes);
        report(Code::InvalidEscape, at, stop);
        return stop;
    }

    size_t unicode(size_t at, size_t end, std::string& to) {
        size_t i = at + 2;
        if (i >= end || source_[i] != '{') {
            report(Code::InvalidEscape, at, i);
            return i;
        }
        char32_t value = 0;
        size_t digits = 0;
        for (++i; i < end && digits <= 6; ++i, ++digits) {
            char c = source_[i];
            if (c >= '0' && c <= '9')
                value = value * 16 + static_cast<char32_t>(c - '0');
            else if (c >= 'a' && c <= 'f')
                value = value * 16 + static_cast<char32_t>(c - 'a' + 10);
            else if (c >= 'A' && c <= 'F')
                value = value * 16 + static_cast<char32_t>(c - 'A' + 10);
            else
                break;
        }
        bool closed = i < end && source_[i] == '}';
        size_t stop = closed ? i + 1 : i;
        if (!closed || digits == 0 || digits > 6 || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000))
            report(Code::InvalidCodePoint, at, stop);
        else
            append_utf8(to, value);
        return stop;
    }

    std::string_view source_;
    std::vector<Diagnostic>& diagnostics_;
};

// The indentation that all lines share which say something. A line that begins with an interpolation does say
// something; the line of the closing mark does not count where only the mark stands in it.
size_t common_indentation(std::string_view source, std::span<const TextPiece> pieces,
                          bool first_line_counts) {
    size_t least = std::numeric_limits<size_t>::max();
    for (size_t i = 0; i < pieces.size(); ++i) {
        const Span span = pieces[i].span;
        bool last = i + 1 == pieces.size();
        size_t at = span.begin;
        bool line_begin = i == 0 && first_line_counts;
        while (true) {
            if (line_begin) {
                size_t begin = at;
                while (at < span.end && source[at] == ' ') ++at;
                bool says = at < span.end ? source[at] != '\n' && source[at] != '\r' : !last;
                if (says) least = std::min(least, at - begin);
            }
            at = source.find('\n', at);
            if (at >= span.end) break;
            ++at;
            line_begin = true;
        }
    }
    return least == std::numeric_limits<size_t>::max() ? 0 : least;
}

} // namespace

void decode_text(std::string_view source, std::span<TextPiece> pieces, bool multiline, Arena& arena,
                 std::vector<Diagnostic>& diagnostics) {
    size_t strip = 0;
    bool first_at_line_begin = false;
    if (multiline) {
        // The line end after the opening mark does not belong to the text.
        TextPiece& first = pieces.front();
        size_t at = first.span.begin;
        while (at < first.span.end && (source[at] == ' ' || source[at] == '\r')) ++at;
        if (at < first.span.end && source[at] == '\n') {
            first.span.begin = static_cast<uint32_t>(at + 1);
            first_at_line_begin = true;
        }
        strip = common_indentation(source, pieces, first_at_line_begin);
        // Nor does the line of the closing mark, where nothing else stands in it.
        TextPiece& last = pieces.back();
        size_t end = last.span.end;
        while (end > last.span.begin && source[end - 1] == ' ') --end;
        if (end > last.span.begin && source[end - 1] == '\n') {
            --end;
            if (end > last.span.begin && source[end - 1] == '\r') --end;
            last.span.end = static_cast<uint32_t>(end);
        } else if (end == last.span.begin && pieces.size() == 1 && first_at_line_begin) {
            last.span.end = last.span.begin;
        }
    }
    Decoder decoder(source, diagnostics);
    for (size_t i = 0; i < pieces.size(); ++i) {
        TextPiece& piece = pieces[i];
        std::string_view raw = source.substr(piece.span.begin, piece.span.end - piece.span.begin);
        bool at_line_begin = i == 0 && first_at_line_begin;
        piece.value = piece.escaped || at_line_begin
                          ? arena.copy(decoder.decode(piece.span, strip, at_line_begin))
                          : raw;
    }
}

void append_escaped(std::string& to, std::string_view value) {
    for (char c : value) {
        switch (c) {
        case '\n': to += "\\n"; break;
        case '\t': to += "\\t"; break;
        case '\r': to += "\\r"; break;
        case '\x1B': to += "\\e"; break;
        case '\0': to += "\\0"; break;
        case '"': to += "\\\""; break;
        case '\\': to += "\\\\"; break;
        case '{': to += "\\{"; break;
        default:
            if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) {
                to += c;
            } else { // no source may hold it as it is
                char code[8];
                std::snprintf(code, sizeof code, "\\u{%X}",
                              static_cast<unsigned>(static_cast<unsigned char>(c)));
                to += code;
            }
        }
    }
}

std::string quoted(std::string_view value) {
    std::string result = "\"";
    append_escaped(result, value);
    return result + '"';
}

} // namespace indent::syntax
