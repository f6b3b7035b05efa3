// What integers are made of: divisors, roots, primes, factorials.
#include "vm/prims/big_arguments.h"
#include "vm/prims/number_tables.h"
#include <cmath>
#include <numeric>

namespace indent {

namespace {

Value gcd_of(Machine& vm, Value* args) {
    Value a = args[0], b = args[1];
    if (Value::both_integers(a, b)) return vm.integer(std::gcd(a.as_integer(), b.as_integer()), args);
    if (!is_any_integer(b)) return vm.wrong_type(args, 1, "an Integer");
    return make(vm, greatest_common_divisor(big_integer_of(a), big_integer_of(b), poll_of(vm, args)), args);
}

// At each step the product is made before the next number comes in, so it is estimated first.
Value factorial_of(Machine& vm, Value* args) {
    if (integer_is_negative(args[0]))
        return vm.fail("ArithmeticError", "a negative number has no factorial", args);
    bool too_large = !args[0].is_integer() || args[0].as_integer() > int64_t(kMostIntegerBits) ||
                     std::lgamma(double(args[0].as_integer()) + 1) / std::log(2) > double(kMostIntegerBits);
    if (too_large) return fail_too_large(vm, args, "factorial");
    return make(vm, factorial(uint64_t(args[0].as_integer()), poll_of(vm, args)), args);
}

Value integer_sqrt(Machine& vm, Value* args) {
    if (integer_is_negative(args[0]))
        return vm.fail("ArithmeticError", "a negative number has no square root", args);
    if (args[0].is_integer()) {
        int64_t number = args[0].as_integer();
        auto root = int64_t(std::sqrt(double(number)));
        while (root * root > number) --root;
        while ((root + 1) * (root + 1) <= number) ++root;
        return Value::integer(root);
    }
    return make(vm, square_root(big_integer_of(args[0]), poll_of(vm, args)), args);
}

Value is_prime_of(Machine& vm, Value* args) {
    if (integer_is_negative(args[0])) return Value::boolean(false);
    if (args[0].is_integer() && args[0].as_integer() < 1 << 20) {
        int64_t number = args[0].as_integer();
        if (number < 4) return Value::boolean(number >= 2);
        if (number % 2 == 0) return Value::boolean(false);
        for (int64_t d = 3; d * d <= number; d += 2)
            if (number % d == 0) return Value::boolean(false);
        return Value::boolean(true);
    }
    return Value::boolean(is_prime(big_integer_of(args[0]), poll_of(vm, args)));
}

Value power_mod(Machine& vm, Value* args) {
    if (!is_any_integer(args[1]) || integer_is_negative(args[1]))
        return vm.wrong_type(args, 1, "an Integer that is not negative");
    if (!is_any_integer(args[2])) return vm.wrong_type(args, 2, "an Integer");
    if (args[2] == Value::integer(0)) return fail_zero_divide(vm, args);
    if (integer_is_negative(args[2])) return vm.wrong_type(args, 2, "a positive Integer");
    return make(vm,
                power_modulo(big_integer_of(args[0]), big_integer_of(args[1]), big_integer_of(args[2]),
                             poll_of(vm, args)),
                args);
}

constexpr PrimitiveRow kIntegerTheoryRows[] = {
    {"gcd", 1, gcd_of},         {"factorial", 0, factorial_of}, {"integer_sqrt", 0, integer_sqrt},
    {"prime?", 0, is_prime_of}, {"power_mod", 2, power_mod},
};

} // namespace

PrimitiveTable integer_theory_primitives() {
    return {"Integer", kIntegerTheoryRows};
}

} // namespace indent
