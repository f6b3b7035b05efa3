// Mathematical functions of floats. What has no real result raises an ArithmeticError.
#include "vm/prims/number_arguments.h"
#include "vm/prims/number_tables.h"
#include <cmath>

namespace indent {

Value adapt_operand(Machine& vm, Value* args, SymbolId selector) {
    SymbolId adapt = vm.symbols.intern("adapt");
    if (!vm.understands(args[1], adapt)) return vm.wrong_type(args, 1, "a Number");
    return vm.send(args[1], adapt, {args[0], Value::symbol(selector)}, args);
}

Value adapt_equality(Machine& vm, Value* args) {
    // What the machine knows by itself is no number here; others may be.
    if (!args[1].is_cell() || args[1].cell()->shape < shape::kFirstFree) return Value::boolean(false);
    SymbolId adapt = vm.symbols.intern("adapt");
    if (!vm.understands(args[1], adapt)) return Value::boolean(false);
    return vm.send(args[1], adapt, {args[0], Value::symbol(sym::equal)}, args);
}

bool float_argument(Machine& vm, Value* args, int i, double& number, Value& resumed) {
    Value value = args[i];
    if (!is_built_in_number(value)) {
        SymbolId to_float = vm.symbols.intern("to_float");
        // Texts have a to_float too, but are no numbers.
        if (!vm.is_a(value, vm.runtime.prelude_class("Number"))) {
            resumed = vm.wrong_type(args, i, "a Number");
            return false;
        }
        value = vm.send(value, to_float, {}, args);
        if (!is_built_in_number(value)) {
            resumed = vm.wrong_type(args, i, "a Number whose to_float answers a Float");
            return false;
        }
    }
    number = number_as_double(value);
    return true;
}

Value root_of_receiver(Machine& vm, Value* args) {
    double number = number_as_double(args[0]);
    if (number < 0) return vm.fail("ArithmeticError", "a negative number has no real square root", args);
    if (std::isinf(number) && is_big_integer(args[0])) {
        // Too large for a float, but its root may not be: from the leading bits, by an even power of two.
        auto limbs = big_limbs(args[0]);
        size_t top = limbs.size() - 1;
        double lead = double(limbs[top]) + double(limbs[top - 1]) * 0x1p-64;
        return Value::floating(std::ldexp(std::sqrt(lead), int(top * 32)));
    }
    return Value::floating(std::sqrt(number));
}

namespace {

Value finish(Machine& vm, Value* args, double result, bool defined) {
    if (std::isnan(result) && defined)
        return vm.fail("ArithmeticError", "there is no real result for " + vm.inspect(args[1], args), args);
    return Value::floating(result);
}

// A function of one number.
template <double Function(double)>
Value one(Machine& vm, Value* args) {
    double x;
    Value resumed;
    if (!float_argument(vm, args, 1, x, resumed)) return resumed;
    return finish(vm, args, Function(x), !std::isnan(x));
}

// As `one`, of what is greater than zero only.
template <double Function(double)>
Value logarithm(Machine& vm, Value* args) {
    double x;
    Value resumed;
    // Large integers have logarithms though they are no floats.
    if (is_big_integer(args[1]) && !integer_is_negative(args[1])) {
        auto limbs = big_limbs(args[1]);
        auto bits = int64_t(integer_bit_length(args[1]));
        if (bits > 1000) {
            double lead = double(limbs.back()) + double(limbs[limbs.size() - 2]) * 0x1p-64;
            return Value::floating(Function(lead) + double(limbs.size() - 1) * 64 * Function(2.0));
        }
    }
    if (!float_argument(vm, args, 1, x, resumed)) return resumed;
    if (x == 0) return vm.fail("ArithmeticError", "0 has no logarithm", args);
    return finish(vm, args, Function(x), !std::isnan(x));
}

// Exact where the root is whole, which the host's may miss by a hair.
double cube_root(double x) {
    double root = std::cbrt(x), whole = std::round(root);
    return whole * whole * whole == x ? whole : root;
}

template <double Function(double, double)>
Value two(Machine& vm, Value* args) {
    double x, y;
    Value resumed;
    if (!float_argument(vm, args, 1, x, resumed) || !float_argument(vm, args, 2, y, resumed)) return resumed;
    return Value::floating(Function(x, y));
}

constexpr PrimitiveRow kMathRows[] = {
    {"sqrt", 1, one<std::sqrt>},     {"cbrt", 1, one<cube_root>},       {"exp", 1, one<std::exp>},
    {"_ln", 1, logarithm<std::log>}, {"log2", 1, logarithm<std::log2>}, {"log10", 1, logarithm<std::log10>},
    {"sin", 1, one<std::sin>},       {"cos", 1, one<std::cos>},         {"tan", 1, one<std::tan>},
    {"asin", 1, one<std::asin>},     {"acos", 1, one<std::acos>},       {"_atan", 1, one<std::atan>},
    {"atan2", 2, two<std::atan2>},   {"sinh", 1, one<std::sinh>},       {"cosh", 1, one<std::cosh>},
    {"tanh", 1, one<std::tanh>},     {"gamma", 1, one<std::tgamma>},    {"hypot", 2, two<std::hypot>},
};

} // namespace

PrimitiveTable math_primitives() {
    return {"Math class", kMathRows};
}

} // namespace indent
