// Integers of any size: small ones are immediate, larger ones cells.
//
//   BigInteger  word 0  integer: words that follow (Bytes, kFrozen)
//               word 1  0 for positive, 1 for negative
//               word 2… limbs of 64 bits, least first, no leading zero limb; the magnitude never fits a small one
#pragma once
#include "vm/heap/heap.h"
#include "vm/model/shape.h"
#include <optional>
#include <string_view>

namespace indent {

inline bool is_big_integer(Value v) { return has_shape(v, shape::kBigInteger); }
inline bool is_any_integer(Value v) { return v.is_integer() || is_big_integer(v); }

Value make_integer(Mutator& mutator, int64_t number, Value* top);
// From a literal's digits (base 2, 10, 16, may begin with '-'), in the shared space with a count of one for the
// caller where it is large.
Value make_shared_integer(class SharedSpace& space, std::string_view digits, int base);
// The number if it fits.
std::optional<int64_t> integer_as_int64(Value any_integer);
double integer_as_double(Value any_integer);

} // namespace indent
