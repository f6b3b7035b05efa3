// Integers of any size: small ones are immediate, larger ones cells. What mixes them with floats is exact.
//
//   BigInteger  word 0  integer: words that follow (Bytes, kFrozen)
//               word 1  0 for positive, 1 for negative
//               word 2… limbs of 64 bits, least first, no leading zero limb; the magnitude never fits a small one
//
// Arithmetic on large ones: vm/model/big_integer.h.
#pragma once
#include "vm/heap/heap.h"
#include "vm/model/shape.h"
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace indent {

// No integer has more bits than this: what would is refused before it is computed.
inline constexpr size_t kMostIntegerBits = size_t(1) << 27;

inline bool is_big_integer(Value v) {
    return has_shape(v, shape::kBigInteger);
}
inline bool is_any_integer(Value v) {
    return v.is_integer() || is_big_integer(v);
}
// Integers and floats: the numbers that the machine knows by itself.
inline bool is_built_in_number(Value v) {
    return v.is_integer() || v.is_float() || is_big_integer(v);
}

Value make_integer(Mutator& mutator, int64_t number, Value* top);
// From sign and magnitude, least limb first, leading zeros allowed. The limbs may not lie in the heap.
Value make_integer(Mutator& mutator, bool negative, std::span<const uint64_t> limbs, Value* top);
// From a literal's digits (base 2 to 36, may begin with '-'), in the shared space with a count of one for the
// caller where it is large.
Value make_shared_integer(class SharedSpace& space, std::string_view digits, int base);

// The number if it fits.
std::optional<int64_t> integer_as_int64(Value any_integer);
// The nearest float, ties to even; infinite where it is too large for all.
double integer_as_double(Value any_integer);
bool integer_is_negative(Value any_integer);
// Bits of the magnitude; 0 for 0.
size_t integer_bit_length(Value any_integer);

// Of a big one; void after anything that may allocate.
inline std::span<const uint64_t> big_limbs(Value big) {
    const Cell& cell = *big.cell();
    return {reinterpret_cast<const uint64_t*>(cell.words() + 2), size_t(cell[0].as_integer()) - 1};
}
inline bool big_is_negative(Value big) {
    return (*big.cell())[1].bits() != 0;
}

// How two built-in numbers stand to each other, exactly; not-a-number stands nowhere.
enum class Order : int8_t { Less = -1, Equal = 0, Greater = 1, None = 2 };
Order compare_numbers(Value a, Value b);

// mantissa * 2^exponent as the nearest float, ties to even; `more`: something below the mantissa's last bit is not
// zero (the mantissa must have its highest bit set then).
double nearest_double(uint64_t mantissa, bool more, int64_t exponent);

// The shortest text that reads back as the same float, always with `.` or an exponent; `infinity`, `-infinity`,
// `nan`.
std::string float_text(double number);

} // namespace indent
