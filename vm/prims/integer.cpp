// Integers: arithmetic that never overflows. Two small operands are computed in 128 bits; larger ones outside the
// heap, by vm/model/big_integer.h. The interpreter's nodes do the plain cases before anything comes here.
#include "vm/model/key.h"
#include "vm/prims/big_arguments.h"
#include "vm/prims/number_tables.h"
#include <charconv>
#include <cmath>

namespace indent {

namespace {

using Wide = __int128;

Value make_wide(Machine& vm, Wide number, Value* args) {
    if (number >= Value::kMinInteger && number <= Value::kMaxInteger) [[likely]]
        return Value::integer(int64_t(number));
    auto magnitude = static_cast<unsigned __int128>(number < 0 ? -number : number);
    uint64_t limbs[] = {uint64_t(magnitude), uint64_t(magnitude >> 64)};
    return make_integer(vm, number < 0, limbs, args + kPrimitiveFrame);
}

// Numbers whose result cannot be too long are computed; the others are refused before.
Value add(Machine& vm, Value* args) {
    Value a = args[0], b = args[1];
    if (Value::both_integers(a, b)) return make_wide(vm, Wide(a.as_integer()) + b.as_integer(), args);
    if (b.is_float()) return Value::floating(integer_as_double(a) + b.as_float());
    if (!is_big_integer(b) && !b.is_integer()) return adapt_operand(vm, args, sym::plus);
    BigInteger sum = big_integer_of(a) + big_integer_of(b);
    if (bit_length(sum) > kMostIntegerBits) return fail_too_large(vm, args, "+");
    return make(vm, sum, args);
}

Value subtract(Machine& vm, Value* args) {
    Value a = args[0], b = args[1];
    if (Value::both_integers(a, b)) return make_wide(vm, Wide(a.as_integer()) - b.as_integer(), args);
    if (b.is_float()) return Value::floating(integer_as_double(a) - b.as_float());
    if (!is_any_integer(b)) return adapt_operand(vm, args, sym::minus);
    BigInteger difference = big_integer_of(a) - big_integer_of(b);
    if (bit_length(difference) > kMostIntegerBits) return fail_too_large(vm, args, "-");
    return make(vm, difference, args);
}

Value times(Machine& vm, Value* args) {
    Value a = args[0], b = args[1];
    if (Value::both_integers(a, b)) return make_wide(vm, Wide(a.as_integer()) * b.as_integer(), args);
    if (b.is_float()) return Value::floating(integer_as_double(a) * b.as_float());
    if (!is_any_integer(b)) return adapt_operand(vm, args, sym::times);
    // The product has as many bits as both together, or one less.
    if (integer_bit_length(a) + integer_bit_length(b) > kMostIntegerBits + 1)
        return fail_too_large(vm, args, "*");
    BigInteger product = multiply(big_integer_of(a), big_integer_of(b), poll_of(vm, args));
    if (bit_length(product) > kMostIntegerBits) return fail_too_large(vm, args, "*");
    return make(vm, product, args);
}

Value divide(Machine& vm, Value* args) {
    Value a = args[0], b = args[1];
    if (b.is_integer() || b.is_float()) {
        if (number_as_double(b) == 0) return fail_zero_divide(vm, args);
        // Small integers are floats without loss, so one division rounds once.
        if (a.is_integer() || b.is_float())
            return Value::floating(integer_as_double(a) / number_as_double(b));
    }
    if (!is_any_integer(b)) return adapt_operand(vm, args, sym::divide);
    return Value::floating(nearest_quotient(big_integer_of(a), big_integer_of(b)));
}

enum class Part { Quotient, Remainder };

template <Part P>
Value divide_down(Machine& vm, Value* args) {
    Value a = args[0], b = args[1];
    if (Value::both_integers(a, b)) {
        int64_t x = a.as_integer(), y = b.as_integer();
        if (y == 0) return fail_zero_divide(vm, args);
        int64_t quotient = x / y, remainder = x % y;
        if (remainder != 0 && (remainder < 0) != (y < 0)) {
            --quotient;
            remainder += y;
        }
        return P == Part::Quotient ? vm.integer(quotient, args) : Value::integer(remainder);
    }
    if (b.is_float()) {
        if (b.as_float() == 0) return fail_zero_divide(vm, args);
        double x = integer_as_double(a);
        return Value::floating(P == Part::Quotient ? floor_quotient(x, b.as_float())
                                                   : floor_remainder(x, b.as_float()));
    }
    if (!is_any_integer(b))
        return adapt_operand(vm, args, P == Part::Quotient ? sym::floor_divide : sym::modulo);
    if (b.is_integer() && b.as_integer() == 0) return fail_zero_divide(vm, args);
    BigInteger quotient, remainder;
    divide_floor(big_integer_of(a), big_integer_of(b), quotient, remainder, poll_of(vm, args));
    return make(vm, P == Part::Quotient ? quotient : remainder, args);
}

Value power_of(Machine& vm, Value* args) {
    Value a = args[0], b = args[1];
    if (b.is_float()) return float_power(vm, integer_as_double(a), b.as_float(), args);
    if (!is_any_integer(b)) return adapt_operand(vm, args, sym::power);
    if (integer_is_negative(b)) return float_power(vm, integer_as_double(a), integer_as_double(b), args);
    // 0, 1 and -1 stay small whatever the exponent.
    if (a.is_integer() && a.as_integer() >= -1 && a.as_integer() <= 1) {
        bool odd = b.is_integer() ? (b.as_integer() & 1) != 0 : (big_limbs(b)[0] & 1) != 0;
        bool zero = b.is_integer() && b.as_integer() == 0;
        if (zero || a.as_integer() == 1) return Value::integer(1);
        return Value::integer(a.as_integer() == 0 ? 0 : odd ? -1 : 1);
    }
    // The result has more than (bits of a - 1) * b bits.
    size_t bits = integer_bit_length(a);
    if (!b.is_integer() || uint64_t(b.as_integer()) > kMostIntegerBits ||
        (bits - 1) * uint64_t(b.as_integer()) >= kMostIntegerBits)
        return fail_too_large(vm, args, "**");
    BigInteger result = power(big_integer_of(a), uint64_t(b.as_integer()), poll_of(vm, args));
    if (bit_length(result) > kMostIntegerBits) return fail_too_large(vm, args, "**");
    return make(vm, result, args);
}

Value negated(Machine& vm, Value* args) {
    if (args[0].is_integer()) return vm.integer(-args[0].as_integer(), args);
    return make(vm, -big_integer_of(args[0]), args);
}

Value absolute(Machine& vm, Value* args) {
    return integer_is_negative(args[0]) ? negated(vm, args) : args[0];
}

// ---- comparing

template <class Decide>
Value compare(Machine& vm, Value* args, SymbolId selector, Decide decide) {
    if (!is_built_in_number(args[1])) return adapt_operand(vm, args, selector);
    return Value::boolean(decide(compare_numbers(args[0], args[1])));
}
Value less(Machine& vm, Value* args) {
    return compare(vm, args, sym::less, [](Order order) { return order == Order::Less; });
}
Value less_equal(Machine& vm, Value* args) {
    return compare(vm, args, sym::less_equal,
                   [](Order order) { return order == Order::Less || order == Order::Equal; });
}
Value greater(Machine& vm, Value* args) {
    return compare(vm, args, sym::greater, [](Order order) { return order == Order::Greater; });
}
Value greater_equal(Machine& vm, Value* args) {
    return compare(vm, args, sym::greater_equal,
                   [](Order order) { return order == Order::Greater || order == Order::Equal; });
}
Value equal(Machine& vm, Value* args) {
    if (!is_built_in_number(args[1])) return adapt_equality(vm, args);
    return Value::boolean(compare_numbers(args[0], args[1]) == Order::Equal);
}
Value hash(Machine& vm, Value* args) {
    return hash_value(*quick_hash(vm.symbols, args[0]));
}

// ---- text and other kinds of numbers

Value to_text(Machine& vm, Value* args) {
    if (!args[1].is_integer() || args[1].as_integer() < 2 || args[1].as_integer() > 36)
        return vm.wrong_type(args, 1, "an Integer from 2 to 36");
    auto base = int(args[1].as_integer());
    if (args[0].is_integer()) {
        char digits[64];
        auto end = std::to_chars(digits, digits + sizeof digits, args[0].as_integer(), base).ptr;
        return vm.text({digits, size_t(end - digits)}, args);
    }
    return vm.text(digits_of(big_integer_of(args[0]), base, poll_of(vm, args)), args);
}

Value to_float(Machine&, Value* args) {
    return Value::floating(integer_as_double(args[0]));
}

// Calls the block that many times.
Value times_do(Machine& vm, Value* args) {
    // Nobody lives to see a large one end, but it is what was asked for.
    int64_t count = args[0].is_integer()       ? args[0].as_integer()
                    : big_is_negative(args[0]) ? 0
                                               : Value::kMaxInteger;
    for (int64_t i = 0; i < count; ++i) vm.call(args[1], {Value::integer(i)}, args);
    return args[0];
}

constexpr PrimitiveRow kIntegerRows[] = {
    {"+", 1, add},
    {"-", 1, subtract},
    {"*", 1, times},
    {"/", 1, divide},
    {"//", 1, divide_down<Part::Quotient>},
    {"%", 1, divide_down<Part::Remainder>},
    {"**", 1, power_of},
    {"negated", 0, negated},
    {"abs", 0, absolute},
    {"sqrt", 0, root_of_receiver},
    {"<", 1, less},
    {"<=", 1, less_equal},
    {">", 1, greater},
    {">=", 1, greater_equal},
    {"==", 1, equal},
    {"hash", 0, hash},
    {"to_text", 1, to_text},
    {"to_float", 0, to_float},
    {"times", 1, times_do, Effect::Pure, Control::IntegerTimes},
};

} // namespace

PrimitiveTable integer_primitives() {
    return {"Integer", kIntegerRows};
}

} // namespace indent
