// Writing and reading bytes: numbers of any size in as few bytes as they need (LEB128), and runs of bytes. A reader never
// passes the end of what it was given: it answers zeros from there on and says that it has failed, so that whoever reads
// looks once, at the end. Sizes that were read are bounded by what remains before anything is made of them.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace indent::image {

constexpr size_t kLongestNumber = 10; // bytes of one

// Writes a number where there is room for the longest; answers where it ends.
inline char* put_number(char* at, uint64_t n) {
    for (; n >= 0x80; n >>= 7) *at++ = char(n | 0x80);
    *at++ = char(n);
    return at;
}
// Small ones of either sign are short.
inline char* put_signed(char* at, int64_t n) {
    return put_number(at, uint64_t(n) << 1 ^ uint64_t(n >> 63));
}
inline char* put_little_endian(char* at, uint64_t n, int size) {
    for (int i = 0; i < size; ++i) *at++ = char(n >> 8 * i);
    return at;
}

// What is written stands at the front of a string that is longer: so a byte more is one store and one comparison.
class ByteWriter {
  public:
    void byte(uint8_t b) {
        *room(1) = char(b);
        ++size_;
    }
    void number(uint64_t n) { wrote(put_number(room(kLongestNumber), n)); }
    void signed_number(int64_t n) { wrote(put_signed(room(kLongestNumber), n)); }
    void fixed32(uint32_t n) { wrote(put_little_endian(room(4), n, 4)); }
    void fixed64(uint64_t n) { wrote(put_little_endian(room(8), n, 8)); }
    void raw(std::string_view bytes) {
        if (bytes.empty()) return;
        std::memcpy(room(bytes.size()), bytes.data(), bytes.size());
        size_ += bytes.size();
    }
    void text(std::string_view text) {
        number(text.size());
        raw(text);
    }

    // Where so many bytes may be written by hand; then `wrote` says where they end. Until the next call.
    char* room(size_t bytes) {
        if (bytes_.size() - size_ < bytes) [[unlikely]]
            grow(bytes);
        return bytes_.data() + size_;
    }
    void wrote(const char* end) { size_ = size_t(end - bytes_.data()); }
    // What stands behind `at` gets its size before it, as in `text`.
    void make_text_from(size_t at) {
        const size_t bytes = size_ - at;
        char number[kLongestNumber];
        const size_t digits = size_t(put_number(number, bytes) - number);
        (void)room(digits);
        char* const begin = bytes_.data() + at;
        std::memmove(begin + digits, begin, bytes);
        std::memcpy(begin, number, digits);
        size_ += digits;
    }

    size_t size() const { return size_; }
    void cut_to(size_t size) { size_ = size; } // no more than there is
    std::string_view view() const { return {bytes_.data(), size_}; }
    std::string take() {
        bytes_.resize(size_);
        size_ = 0;
        return std::exchange(bytes_, {});
    }
    // Its memory stays, unless that is much.
    void clear() {
        constexpr size_t kMuch = size_t(256) << 10;
        if (bytes_.size() > kMuch) bytes_ = {};
        size_ = 0;
    }

  private:
    [[gnu::noinline]] void grow(size_t bytes) {
        constexpr size_t kLeast = 64;
        bytes_.resize(std::max({2 * bytes_.size(), size_ + bytes, kLeast}));
    }
    std::string bytes_;
    size_t size_ = 0;
};

class ByteReader {
  public:
    explicit ByteReader(std::string_view bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

    uint8_t byte() {
        if (at_ == end_) return uint8_t(fail());
        return uint8_t(*at_++);
    }
    uint64_t number() {
        if (at_ != end_ && !(uint8_t(*at_) & 0x80)) return uint8_t(*at_++); // most
        uint64_t n = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const uint8_t b = byte();
            if (shift == 63 && b > 1) break;
            n |= uint64_t(b & 0x7F) << shift;
            if (!(b & 0x80)) return n;
        }
        return fail();
    }
    int64_t signed_number() {
        const uint64_t n = number();
        return int64_t(n >> 1) ^ -int64_t(n & 1);
    }
    uint32_t fixed32() { return uint32_t(little_endian(4)); }
    uint64_t fixed64() { return little_endian(8); }
    std::string_view raw(uint64_t size) {
        if (size > remaining()) return fail(), std::string_view();
        std::string_view bytes(at_, size_t(size));
        at_ += size;
        return bytes;
    }
    std::string_view text() { return raw(number()); }
    // How many things follow, each of at least `least` bytes.
    uint64_t count(size_t least = 1) {
        const uint64_t n = number();
        if (n > remaining() / least) return fail();
        return n;
    }

    std::string_view rest() const { return {at_, size_t(end_ - at_)}; }
    const char* at() const { return at_; } // the next byte, of those that it was given
    size_t remaining() const { return size_t(end_ - at_); }
    bool failed() const { return failed_; }
    bool at_end() const { return !failed_ && at_ == end_; }
    // From here on it has failed: what was read makes no sense. Answers 0.
    uint64_t fail() {
        failed_ = true;
        at_ = end_;
        return 0;
    }

  private:
    uint64_t little_endian(size_t size) {
        if (remaining() < size) return fail();
        uint64_t n = 0;
        for (size_t i = 0; i < size; ++i) n |= uint64_t(uint8_t(at_[i])) << 8 * i;
        at_ += size;
        return n;
    }
    const char* at_;
    const char* end_;
    bool failed_ = false;
};

} // namespace indent::image
