// Integers as bits: an endless row of them, negative numbers in two's complement.
#include "vm/prims/big_arguments.h"
#include "vm/prims/number_tables.h"

namespace indent {

namespace {

template <class Small, class Big>
Value combine(Machine& vm, Value* args, Small small, Big big) {
    Value a = args[0], b = args[1];
    if (Value::both_integers(a, b)) return Value::integer(small(a.as_integer(), b.as_integer()));
    if (!is_any_integer(b)) return vm.wrong_type(args, 1, "an Integer");
    return make(vm, big(big_integer_of(a), big_integer_of(b)), args);
}

Value bit_and(Machine& vm, Value* args) {
    return combine(
        vm, args, [](int64_t a, int64_t b) { return a & b; },
        [](const BigInteger& a, const BigInteger& b) { return BigInteger(a & b); });
}
Value bit_or(Machine& vm, Value* args) {
    return combine(
        vm, args, [](int64_t a, int64_t b) { return a | b; },
        [](const BigInteger& a, const BigInteger& b) { return BigInteger(a | b); });
}
Value bit_xor(Machine& vm, Value* args) {
    return combine(
        vm, args, [](int64_t a, int64_t b) { return a ^ b; },
        [](const BigInteger& a, const BigInteger& b) { return BigInteger(a ^ b); });
}

Value bit_not(Machine& vm, Value* args) {
    if (args[0].is_integer()) return Value::integer(~args[0].as_integer());
    return make(vm, -big_integer_of(args[0]) - 1, args);
}

Value shift(Machine& vm, Value* args, int64_t places, const char* what) {
    Value number = args[0];
    if (number == Value::integer(0) || places == 0) return number;
    auto bits = int64_t(integer_bit_length(number));
    if (places > 0) {
        if (places > int64_t(kMostIntegerBits) - bits) return fail_too_large(vm, args, what);
        if (bits + places < 48) return Value::integer(number.as_integer() * (int64_t(1) << places));
        return make(vm, big_integer_of(number) << unsigned(places), args);
    }
    if (-places >= bits) return Value::integer(integer_is_negative(number) ? -1 : 0);
    if (number.is_integer()) return Value::integer(number.as_integer() >> -places);
    BigInteger big = big_integer_of(number);
    bool negative = big < 0;
    if (negative) big = -big - 1;
    big >>= unsigned(-places);
    return make(vm, negative ? BigInteger(-big - 1) : big, args);
}

// Absurd distances are as good as any that is far enough.
int64_t distance(Value places) {
    if (!places.is_integer()) return big_is_negative(places) ? Value::kMinInteger : Value::kMaxInteger;
    return places.as_integer();
}

Value shift_left(Machine& vm, Value* args) {
    if (!is_any_integer(args[1])) return vm.wrong_type(args, 1, "an Integer");
    return shift(vm, args, distance(args[1]), "shift_left");
}
Value shift_right(Machine& vm, Value* args) {
    if (!is_any_integer(args[1])) return vm.wrong_type(args, 1, "an Integer");
    return shift(vm, args, -distance(args[1]), "shift_right");
}

Value bit_at(Machine& vm, Value* args) {
    if (!is_any_integer(args[1]) || integer_is_negative(args[1]))
        return vm.wrong_type(args, 1, "an Integer that is not negative");
    bool negative = integer_is_negative(args[0]);
    if (!args[1].is_integer() || uint64_t(args[1].as_integer()) >= kMostIntegerBits)
        return Value::integer(negative ? 1 : 0);
    auto place = uint64_t(args[1].as_integer());
    if (args[0].is_integer())
        return Value::integer(args[0].as_integer() >> std::min<uint64_t>(place, 63) & 1);
    auto limbs = big_limbs(args[0]);
    uint64_t limb = place / 64 < limbs.size() ? limbs[place / 64] : 0;
    if (negative) {
        // -m has the bits of ~(m - 1): those of m up to its lowest one, and the others turned round above.
        size_t lowest = 0;
        while (limbs[lowest] == 0) ++lowest;
        uint64_t low_place = lowest * 64 + uint64_t(std::countr_zero(limbs[lowest]));
        if (place > low_place) limb = ~limb;
    }
    return Value::integer(int64_t(limb >> (place % 64) & 1));
}

Value bit_length_of(Machine&, Value* args) {
    return Value::integer(int64_t(integer_bit_length(args[0])));
}

// How many bits of the magnitude are set.
Value bit_count(Machine&, Value* args) {
    if (args[0].is_integer()) return Value::integer(std::popcount(uint64_t(std::abs(args[0].as_integer()))));
    int64_t count = 0;
    for (uint64_t limb : big_limbs(args[0])) count += std::popcount(limb);
    return Value::integer(count);
}

constexpr PrimitiveRow kIntegerBitsRows[] = {
    {"bit_and", 1, bit_and},       {"bit_or", 1, bit_or},
    {"bit_xor", 1, bit_xor},       {"bit_not", 0, bit_not},
    {"shift_left", 1, shift_left}, {"shift_right", 1, shift_right},
    {"bit_at", 1, bit_at},         {"bit_length", 0, bit_length_of},
    {"bit_count", 0, bit_count},
};

} // namespace

PrimitiveTable integer_bit_primitives() {
    return {"Integer", kIntegerBitsRows};
}

} // namespace indent
