// A value is one word. What the word says, by its top sixteen bits:
//
//   0000            0 is "absent" (no value at all: an abrupt completion, an empty slot); anything else is the
//                   address of a Cell
//   0001 … FFF9     a float: its IEEE bits plus 2^48 (NaNs are made canonical first)
//   FFFA            a raw word of the machine (a code address, a frame address); never seen by programs
//   FFFB            nil, false, true
//   FFFC            a symbol: its number in the table of symbols
//   FFFF            an integer i with -2^47 <= i < 2^47, as the signed word i - 2^47
//
// Addresses need no unmasking, floats one subtraction, and two integers are known by one comparison of
// `a & b`, compare as words, and add with one subtraction. Larger integers are cells (vm/prims/integer).
#pragma once
#include <bit>
#include <cassert>
#include <cstdint>
#include <limits>

namespace indent {

struct Cell;

class Value {
  public:
    constexpr Value() = default; // absent
    static constexpr Value from_bits(uint64_t bits) {
        Value value;
        value.bits_ = bits;
        return value;
    }
    constexpr uint64_t bits() const { return bits_; }
    constexpr bool is_absent() const { return bits_ == 0; }
    constexpr explicit operator bool() const { return bits_ != 0; }
    // Identity of words: the same object, the same small number.
    constexpr bool operator==(const Value&) const = default;

    // ---- cells
    static Value cell(const Cell* cell) { return from_bits(reinterpret_cast<uint64_t>(cell)); }
    constexpr bool is_cell() const { return bits_ >> 48 == 0 && bits_ != 0; }
    Cell* cell() const { return reinterpret_cast<Cell*>(bits_); }

    // ---- small integers
    static constexpr int64_t kMinInteger = -(int64_t(1) << 47);
    static constexpr int64_t kMaxInteger = (int64_t(1) << 47) - 1;
    static constexpr uint64_t kIntegerTag = 0xFFFF'0000'0000'0000;
    static constexpr int64_t kIntegerBias = int64_t(1) << 47;
    static constexpr bool fits_integer(int64_t i) { return i >= kMinInteger && i <= kMaxInteger; }
    static constexpr Value integer(int64_t i) { return from_bits(uint64_t(i - kIntegerBias)); }
    constexpr bool is_integer() const { return bits_ >= kIntegerTag; }
    constexpr int64_t as_integer() const { return int64_t(bits_) + kIntegerBias; }
    static constexpr bool both_integers(Value a, Value b) { return (a.bits_ & b.bits_) >= kIntegerTag; }

    // ---- floats
    static constexpr uint64_t kFloatBias = uint64_t(1) << 48;
    static constexpr uint64_t kLastFloat = 0xFFF8'0000'0000'0000; // the default NaN of x86
    static Value floating(double d) {
        uint64_t bits = std::bit_cast<uint64_t>(d);
        if (bits > kLastFloat) bits = kLastFloat;
        return from_bits(bits + kFloatBias);
    }
    // The result of + - * / on floats: its NaN, if it is one, is an operand's or the processor's, so in order.
    static Value arithmetic(double d) { return from_bits(std::bit_cast<uint64_t>(d) + kFloatBias); }
    constexpr bool is_float() const { return bits_ - kFloatBias <= kLastFloat; }
    double as_float() const { return std::bit_cast<double>(bits_ - kFloatBias); }

    // ---- the few
    constexpr bool is_nil() const { return bits_ == kSpecialTag; }
    constexpr bool is_false() const { return bits_ == (kSpecialTag | 2); }
    constexpr bool is_true() const { return bits_ == (kSpecialTag | 3); }
    constexpr bool is_boolean() const { return (bits_ | 1) == (kSpecialTag | 3); }
    static constexpr Value nil() { return from_bits(kSpecialTag); }
    static constexpr Value boolean(bool b) { return from_bits(kSpecialTag | 2 | uint64_t(b)); }

    // ---- symbols
    static constexpr Value symbol(uint32_t id) { return from_bits(kSymbolTag | id); }
    constexpr bool is_symbol() const { return bits_ >> 48 == kSymbolTag >> 48; }
    constexpr uint32_t symbol_id() const { return uint32_t(bits_); }

    // ---- raw words
    static Value raw(const void* address) { return from_bits(kRawTag | reinterpret_cast<uint64_t>(address)); }
    static constexpr Value raw_number(uint64_t n) { return from_bits(kRawTag | (n & 0xFFFF'FFFF'FFFF)); }
    constexpr bool is_raw() const { return bits_ >> 48 == kRawTag >> 48; }
    template <class T>
    T* raw_address() const {
        return reinterpret_cast<T*>(bits_ & 0xFFFF'FFFF'FFFF);
    }
    constexpr uint64_t raw_number() const { return bits_ & 0xFFFF'FFFF'FFFF; }

  private:
    static constexpr uint64_t kRawTag = 0xFFFA'0000'0000'0000;
    static constexpr uint64_t kSpecialTag = 0xFFFB'0000'0000'0000;
    static constexpr uint64_t kSymbolTag = 0xFFFC'0000'0000'0000;
    uint64_t bits_ = 0;
};
static_assert(sizeof(Value) == 8);

} // namespace indent
