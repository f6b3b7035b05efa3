// Writing and reading bytes: numbers of any size in as few bytes as they need (LEB128), and runs of bytes. A reader never
// passes the end of what it was given: it answers zeros from there on and says that it has failed, so that whoever reads
// looks once, at the end. Sizes that were read are bounded by what remains before anything is made of them.
#pragma once
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace indent::image {

class ByteWriter {
  public:
    void byte(uint8_t b) { bytes_.push_back(char(b)); }
    void number(uint64_t n) {
        char out[10];
        size_t size = 0;
        for (; n >= 0x80; n >>= 7) out[size++] = char(n | 0x80);
        out[size++] = char(n);
        bytes_.append(out, size);
    }
    // Small ones of either sign are short.
    void signed_number(int64_t n) { number(uint64_t(n) << 1 ^ uint64_t(n >> 63)); }
    void fixed32(uint32_t n) { append_little_endian(n, 4); }
    void fixed64(uint64_t n) { append_little_endian(n, 8); }
    void raw(std::string_view bytes) { bytes_.append(bytes); }
    void text(std::string_view text) {
        number(text.size());
        raw(text);
    }

    size_t size() const { return bytes_.size(); }
    void cut_to(size_t size) { bytes_.resize(size); }
    std::string_view view() const { return bytes_; }
    std::string take() { return std::move(bytes_); }
    void clear() { bytes_.clear(); } // its memory stays

  private:
    void append_little_endian(uint64_t n, int size) {
        char out[8];
        for (int i = 0; i < size; ++i) out[i] = char(n >> 8 * i);
        bytes_.append(out, size_t(size));
    }
    std::string bytes_;
};

class ByteReader {
  public:
    explicit ByteReader(std::string_view bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

    uint8_t byte() {
        if (at_ == end_) return uint8_t(fail());
        return uint8_t(*at_++);
    }
    uint64_t number() {
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
