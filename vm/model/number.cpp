#include "vm/model/number.h"
#include "vm/heap/shared.h"
#include "vm/model/big_integer.h"
#include <charconv>
#include <cmath>

namespace indent {

namespace {

// A magnitude without leading zeros as a small integer, if it is one.
std::optional<int64_t> as_small(bool negative, std::span<const uint64_t> limbs) {
    if (limbs.empty()) return 0;
    if (limbs.size() > 1 || limbs[0] > uint64_t(Value::kMaxInteger) + uint64_t(negative)) return {};
    return negative ? -int64_t(limbs[0]) : int64_t(limbs[0]);
}

std::span<const uint64_t> without_leading_zeros(std::span<const uint64_t> limbs) {
    while (!limbs.empty() && limbs.back() == 0) limbs = limbs.first(limbs.size() - 1);
    return limbs;
}

void fill(Cell* cell, bool negative, std::span<const uint64_t> limbs) {
    (*cell)[1] = Value::from_bits(negative ? 1 : 0);
    for (size_t i = 0; i < limbs.size(); ++i) (*cell)[2 + i] = Value::from_bits(limbs[i]);
    cell->bits |= Cell::kFrozen;
    cell->barrier = Cell::kNever;
}

Order order_of(int sign) {
    return sign < 0 ? Order::Less : sign > 0 ? Order::Greater : Order::Equal;
}

int compare_bigs(Value a, Value b) {
    bool negative = big_is_negative(a);
    if (negative != big_is_negative(b)) return negative ? -1 : 1;
    auto x = big_limbs(a), y = big_limbs(b);
    int sign = 0;
    if (x.size() != y.size())
        sign = x.size() < y.size() ? -1 : 1;
    else
        for (size_t i = x.size(); i-- > 0 && sign == 0;)
            if (x[i] != y[i]) sign = x[i] < y[i] ? -1 : 1;
    return negative ? -sign : sign;
}

int compare_big_with_float(Value big, double number) {
    int big_sign = big_is_negative(big) ? -1 : 1;
    if (std::isinf(number) || (number < 0) != (big_sign < 0)) return number > 0 ? -1 : 1;
    int exponent = 0; // |number| is in [2^(exponent - 1), 2^exponent)
    double fraction = std::frexp(std::fabs(number), &exponent);
    auto bits = int64_t(integer_bit_length(big));
    if (number == 0 || bits != exponent) return number != 0 && bits < exponent ? -big_sign : big_sign;
    // Both have `bits` bits before the point: the top 64, then whether the integer has more.
    auto limbs = big_limbs(big);
    size_t top = limbs.size() - 1;
    int shift = std::countl_zero(limbs[top]);
    uint64_t leading = limbs[top] << shift;
    if (shift > 0 && top > 0) leading |= limbs[top - 1] >> (64 - shift);
    auto mantissa = uint64_t(std::ldexp(fraction, 64));
    if (leading != mantissa) return leading < mantissa ? -big_sign : big_sign;
    if (bits < 64) return 0; // every bit of both was compared
    if (top > 0 && shift < 64 && (limbs[top - 1] << shift) != 0 && shift > 0) return big_sign;
    for (size_t i = shift > 0 && top > 0 ? top - 1 : top; i-- > 0;)
        if (limbs[i] != 0) return big_sign;
    return 0;
}

} // namespace

Value make_integer(Mutator& mutator, int64_t number, Value* top) {
    if (Value::fits_integer(number)) return Value::integer(number);
    uint64_t limb = number < 0 ? -uint64_t(number) : uint64_t(number);
    return make_integer(mutator, number < 0, {&limb, 1}, top);
}

Value make_integer(Mutator& mutator, bool negative, std::span<const uint64_t> limbs, Value* top) {
    limbs = without_leading_zeros(limbs);
    if (auto small = as_small(negative, limbs)) return Value::integer(*small);
    Cell* cell = mutator.heap->allocate_array(shape::kBigInteger, Format::Bytes, 2 + limbs.size(), top);
    fill(cell, negative, limbs);
    return Value::cell(cell);
}

Value make_shared_integer(SharedSpace& space, std::string_view digits, int base) {
    bool negative = !digits.empty() && digits[0] == '-';
    if (negative) digits.remove_prefix(1);
    BigInteger number = integer_from_digits(digits, base, [] {});
    const auto& backend = number.backend();
    std::vector<uint64_t> copy(backend.limbs(), backend.limbs() + backend.size());
    auto limbs = without_leading_zeros(copy);
    if (auto small = as_small(negative, limbs)) return Value::integer(*small);
    Cell* cell = space.allocate(shape::kBigInteger, Format::Bytes, 2 + limbs.size(), true);
    fill(cell, negative, limbs);
    return Value::cell(cell);
}

std::optional<int64_t> integer_as_int64(Value number) {
    if (number.is_integer()) return number.as_integer();
    auto limbs = big_limbs(number);
    bool negative = big_is_negative(number);
    if (limbs.size() > 1 || limbs[0] > uint64_t(INT64_MAX) + uint64_t(negative)) return {};
    return negative ? int64_t(-limbs[0]) : int64_t(limbs[0]);
}

double nearest_double(uint64_t mantissa, bool more, int64_t exponent) {
    if (mantissa == 0) return 0;
    int shift = std::countl_zero(mantissa);
    mantissa <<= shift;
    exponent -= shift;
    // The number lies in [2^(exponent + 63), 2^(exponent + 64)); of it 53 bits stay, less where it is subnormal.
    if (exponent + 63 > 1023) return std::numeric_limits<double>::infinity();
    int64_t dropped = std::max<int64_t>(11, -1074 - exponent);
    if (dropped > 64) return 0;
    uint64_t kept = dropped == 64 ? 0 : mantissa >> dropped;
    uint64_t half = uint64_t(1) << (dropped - 1);
    uint64_t below = dropped == 64 ? mantissa : mantissa & ((half << 1) - 1);
    if (below > half || (below == half && (more || (kept & 1) != 0))) ++kept;
    return std::ldexp(double(kept), int(exponent + dropped));
}

double integer_as_double(Value number) {
    if (number.is_integer()) return double(number.as_integer());
    auto limbs = big_limbs(number);
    size_t top = limbs.size() - 1;
    int shift = std::countl_zero(limbs[top]);
    uint64_t mantissa = limbs[top] << shift;
    bool more = false;
    if (top > 0) {
        if (shift > 0) mantissa |= limbs[top - 1] >> (64 - shift);
        more = (limbs[top - 1] << shift) != 0;
        for (size_t i = 0; i + 1 < top && !more; ++i) more = limbs[i] != 0;
    }
    double magnitude = nearest_double(mantissa, more, int64_t(top) * 64 - shift);
    return big_is_negative(number) ? -magnitude : magnitude;
}

bool integer_is_negative(Value number) {
    return number.is_integer() ? number.as_integer() < 0 : big_is_negative(number);
}

size_t integer_bit_length(Value number) {
    if (number.is_integer()) {
        int64_t small = number.as_integer();
        return size_t(std::bit_width(uint64_t(small < 0 ? -small : small)));
    }
    auto limbs = big_limbs(number);
    return limbs.size() * 64 - size_t(std::countl_zero(limbs.back()));
}

Order compare_numbers(Value a, Value b) {
    if (Value::both_integers(a, b)) return order_of(a.as_integer() < b.as_integer() ? -1 : a != b);
    if ((a.is_float() && std::isnan(a.as_float())) || (b.is_float() && std::isnan(b.as_float())))
        return Order::None;
    bool a_is_big = is_big_integer(a), b_is_big = is_big_integer(b);
    if (a_is_big && b_is_big) return order_of(compare_bigs(a, b));
    if (a_is_big && b.is_float()) return order_of(compare_big_with_float(a, b.as_float()));
    if (b_is_big && a.is_float()) return order_of(-compare_big_with_float(b, a.as_float()));
    if (a_is_big) return order_of(big_is_negative(a) ? -1 : 1);
    if (b_is_big) return order_of(big_is_negative(b) ? 1 : -1);
    // Small integers are floats without loss.
    double x = a.is_float() ? a.as_float() : double(a.as_integer());
    double y = b.is_float() ? b.as_float() : double(b.as_integer());
    return x < y ? Order::Less : x > y ? Order::Greater : Order::Equal;
}

std::string float_text(double number) {
    if (std::isnan(number)) return "nan";
    if (std::isinf(number)) return number < 0 ? "-infinity" : "infinity";
    // d[.ddd]e±xx: the shortest digits that read back.
    char written[40];
    auto end = std::to_chars(written, written + sizeof written, number, std::chars_format::scientific).ptr;
    std::string_view all(written, size_t(end - written));
    std::string out;
    if (all[0] == '-') {
        out = "-";
        all.remove_prefix(1);
    }
    size_t e = all.find('e');
    std::string digits(1, all[0]);
    if (e > 2) digits += all.substr(2, e - 2);
    int exponent = 0;
    std::from_chars(all.data() + e + (all[e + 1] == '+' ? 2 : 1), end, exponent);
    auto count = int(digits.size());
    if (exponent < -5 || exponent > 15) {
        out += digits[0];
        if (count > 1) out.append(".").append(digits, 1);
        return out + "e" + std::to_string(exponent);
    }
    if (exponent < 0) return out + "0." + std::string(size_t(-exponent - 1), '0') + digits;
    if (count <= exponent + 1) return out + digits + std::string(size_t(exponent + 1 - count), '0') + ".0";
    return out + digits.substr(0, size_t(exponent) + 1) + "." + digits.substr(size_t(exponent) + 1);
}

} // namespace indent
