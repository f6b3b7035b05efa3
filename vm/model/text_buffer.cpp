#include "vm/model/text_buffer.h"
#include <cstring>

namespace indent {

void TextBuffer::widen() {
    wide_.reserve(narrow_.size() * 2);
    for (char c : narrow_) wide_ += char32_t(uint8_t(c));
    narrow_ = {};
    is_wide_ = true;
}

void TextBuffer::append(char32_t point) {
    if (!is_wide_) {
        if (point < 0x100) {
            narrow_ += char(point);
            return;
        }
        widen();
    }
    wide_ += point;
}

void TextBuffer::append(TextView text) {
    if (text.length == 0) return;
    if (!is_wide_) {
        if (text.width == 1) {
            narrow_.append(reinterpret_cast<const char*>(text.data), text.length);
            return;
        }
        widen();
    }
    size_t at = wide_.size();
    wide_.resize(at + text.length);
    copy_text(reinterpret_cast<uint8_t*>(wide_.data() + at), 4, text);
}

void TextBuffer::append_ascii(std::string_view ascii) {
    append(TextView{reinterpret_cast<const uint8_t*>(ascii.data()), ascii.size(), 1});
}

Value TextBuffer::finish(Mutator& mutator, Value* top) const {
    if (is_wide_) return make_text(mutator, wide_.data(), wide_.size(), top);
    Value text;
    uint8_t* to = make_text_room(mutator, narrow_.size(), 1, text, top);
    if (!narrow_.empty()) std::memcpy(to, narrow_.data(), narrow_.size());
    return text;
}

} // namespace indent
