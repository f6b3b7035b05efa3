#include "vm/syntax/source.h"
#include <algorithm>

namespace indent::syntax {

void Source::count() const {
    if (!begins_.empty()) return;
    begins_.push_back(0);
    for (size_t at = text_.find('\n'); at != std::string_view::npos; at = text_.find('\n', at + 1))
        begins_.push_back(static_cast<uint32_t>(at + 1));
}

uint32_t Source::line_count() const {
    count();
    return static_cast<uint32_t>(begins_.size());
}

uint32_t Source::line_begin(uint32_t number) const {
    count();
    if (number == 0) return 0;
    if (number > begins_.size()) return static_cast<uint32_t>(text_.size());
    return begins_[number - 1];
}

std::string_view Source::line(uint32_t number) const {
    if (number == 0 || number > line_count()) return {};
    size_t begin = begins_[number - 1];
    size_t end = number < begins_.size() ? begins_[number] - 1 : text_.size();
    if (end > begin && text_[end - 1] == '\r') --end;
    return text_.substr(begin, end - begin);
}

Position Source::position(uint32_t offset) const {
    count();
    offset = std::min<uint32_t>(offset, static_cast<uint32_t>(text_.size()));
    auto after = std::upper_bound(begins_.begin(), begins_.end(), offset);
    Position result;
    result.line = static_cast<uint32_t>(after - begins_.begin());
    for (uint32_t at = *(after - 1); at < offset; ++at)
        if ((static_cast<unsigned char>(text_[at]) & 0xC0) != 0x80) ++result.column;
    return result;
}

namespace {

bool continues(std::string_view text, size_t at) {
    return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
}

// The length of the well-formed sequence that begins here, or 0.
uint32_t sequence_length(std::string_view text, size_t at) {
    auto byte = [&](size_t i) { return static_cast<unsigned char>(text[at + i]); };
    unsigned char first = byte(0);
    if (first < 0x80) return 1;
    if (first < 0xC2 || first > 0xF4 || !continues(text, at + 1)) return 0;
    if (first < 0xE0) return 2;
    unsigned char second = byte(1);
    if (first == 0xE0 && second < 0xA0) return 0;
    if (first == 0xED && second > 0x9F) return 0; // surrogates
    if (first == 0xF0 && second < 0x90) return 0;
    if (first == 0xF4 && second > 0x8F) return 0;
    if (!continues(text, at + 2)) return 0;
    if (first < 0xF0) return 3;
    return continues(text, at + 3) ? 4 : 0;
}

} // namespace

std::optional<size_t> find_invalid_utf8(std::string_view text, size_t from) {
    size_t at = from;
    while (at < text.size()) {
        if (static_cast<unsigned char>(text[at]) < 0x80) {
            ++at;
            continue;
        }
        uint32_t length = sequence_length(text, at);
        if (length == 0) return at;
        at += length;
    }
    return std::nullopt;
}

CodePoint code_point_at(std::string_view text, size_t offset) {
    uint32_t length = sequence_length(text, offset);
    auto byte = [&](size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(text[offset + i])); };
    switch (length) {
    case 1: return {byte(0), 1};
    case 2: return {(byte(0) & 0x1F) << 6 | (byte(1) & 0x3F), 2};
    case 3: return {(byte(0) & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F), 3};
    case 4:
        return {(byte(0) & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F),
                4};
    default: return {0xFFFD, 1};
    }
}

void append_utf8(std::string& to, char32_t value) {
    auto put = [&](char32_t byte) { to.push_back(static_cast<char>(byte)); };
    if (value < 0x80) {
        put(value);
    } else if (value < 0x800) {
        put(0xC0 | value >> 6);
        put(0x80 | (value & 0x3F));
    } else if (value < 0x10000) {
        put(0xE0 | value >> 12);
        put(0x80 | (value >> 6 & 0x3F));
        put(0x80 | (value & 0x3F));
    } else {
        put(0xF0 | value >> 18);
        put(0x80 | (value >> 12 & 0x3F));
        put(0x80 | (value >> 6 & 0x3F));
        put(0x80 | (value & 0x3F));
    }
}

} // namespace indent::syntax
