// Floats: IEEE numbers of 64 bits. A zero divisor raises; what grows too large is infinite.
#include "vm/model/key.h"
#include "vm/prims/big_arguments.h"
#include "vm/prims/number_tables.h"
#include <charconv>
#include <cmath>

namespace indent {

double floor_quotient(double a, double b) {
    double remainder = std::fmod(a, b);
    double quotient = (a - remainder) / b;
    if (remainder != 0 && (remainder < 0) != (b < 0)) quotient -= 1;
    double floored = std::floor(quotient);
    // The division may have rounded: the quotient is next to a whole number.
    return quotient - floored > 0.5 ? floored + 1 : floored;
}

double floor_remainder(double a, double b) {
    double remainder = std::fmod(a, b);
    if (remainder == 0) return std::copysign(0.0, b);
    return (remainder < 0) != (b < 0) ? remainder + b : remainder;
}

Value float_power(Machine& vm, double number, double exponent, Value* args) {
    if (number == 0 && exponent < 0) return fail_zero_divide(vm, args);
    double result = std::pow(number, exponent);
    if (std::isnan(result) && !std::isnan(number) && !std::isnan(exponent))
        return vm.fail("ArithmeticError",
                       "a negative number has no real power with the exponent " + float_text(exponent), args);
    return Value::floating(result);
}

Value integer_of_float(Machine& vm, double number, Value* args) {
    if (std::fabs(number) < double(Value::kMaxInteger)) return Value::integer(int64_t(number));
    if (!std::isfinite(number))
        return vm.fail("ArithmeticError", float_text(number) + " cannot become an Integer", args);
    return make(vm, big_integer_of(number), args);
}

namespace {

// Adds one to the last digit of a decimal text without sign.
void increment(std::string& digits) {
    for (size_t i = digits.size(); i-- > 0;) {
        if (digits[i] == '.') continue;
        if (digits[i] != '9') {
            ++digits[i];
            return;
        }
        digits[i] = '0';
    }
    digits.insert(digits.begin(), '1');
}

std::string written(double number, int decimals) {
    std::string text(size_t(340 + decimals), '\0');
    auto end =
        std::to_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed, decimals).ptr;
    text.resize(size_t(end - text.data()));
    return text;
}

} // namespace

// to_chars rounds exactly, ties to even. A tie has one digit more than is wanted, so it is found by looking whether
// that many digits are the whole number.
std::string fixed_text(double number, int decimals) {
    bool negative = std::signbit(number);
    number = std::fabs(number);
    std::string text = written(number, decimals);
    double scaled = std::ldexp(number, decimals + 1);
    if (std::isfinite(scaled) && scaled == std::trunc(scaled)) {
        std::string exact = written(number, decimals + 1);
        if (exact.back() == '5') {
            exact.pop_back();
            if (exact.back() == '.') exact.pop_back();
            increment(exact);
            text = std::move(exact);
        }
    }
    return negative ? "-" + text : text;
}

namespace {

template <class Compute>
Value arithmetic(Machine& vm, Value* args, SymbolId selector, Compute compute) {
    if (!is_built_in_number(args[1])) return adapt_operand(vm, args, selector);
    return Value::floating(compute(args[0].as_float(), number_as_double(args[1])));
}
template <class Compute>
Value division(Machine& vm, Value* args, SymbolId selector, Compute compute) {
    if (!is_built_in_number(args[1])) return adapt_operand(vm, args, selector);
    double divisor = number_as_double(args[1]);
    if (divisor == 0) return fail_zero_divide(vm, args);
    return Value::floating(compute(args[0].as_float(), divisor));
}

Value add(Machine& vm, Value* args) {
    return arithmetic(vm, args, sym::plus, [](double a, double b) { return a + b; });
}
Value subtract(Machine& vm, Value* args) {
    return arithmetic(vm, args, sym::minus, [](double a, double b) { return a - b; });
}
Value times(Machine& vm, Value* args) {
    return arithmetic(vm, args, sym::times, [](double a, double b) { return a * b; });
}
Value divide(Machine& vm, Value* args) {
    return division(vm, args, sym::divide, [](double a, double b) { return a / b; });
}
Value floor_divide(Machine& vm, Value* args) {
    return division(vm, args, sym::floor_divide, floor_quotient);
}
Value modulo(Machine& vm, Value* args) {
    return division(vm, args, sym::modulo, floor_remainder);
}
Value power_of(Machine& vm, Value* args) {
    if (!is_built_in_number(args[1])) return adapt_operand(vm, args, sym::power);
    return float_power(vm, args[0].as_float(), number_as_double(args[1]), args);
}
Value negated(Machine&, Value* args) {
    return Value::floating(-args[0].as_float());
}
Value absolute(Machine&, Value* args) {
    return Value::floating(std::fabs(args[0].as_float()));
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

// ---- to whole numbers and to decimals

Value floor_of(Machine& vm, Value* args) {
    return integer_of_float(vm, std::floor(args[0].as_float()), args);
}
Value ceiling_of(Machine& vm, Value* args) {
    return integer_of_float(vm, std::ceil(args[0].as_float()), args);
}
Value truncated(Machine& vm, Value* args) {
    return integer_of_float(vm, args[0].as_float(), args);
}

// More decimals than this no float has, and beyond so many places before the point all are zero.
constexpr int64_t kMostDecimals = 1100;

Value round_of(Machine& vm, Value* args) {
    double number = args[0].as_float();
    if (args[1].is_nil()) return integer_of_float(vm, std::round(number), args);
    if (!args[1].is_integer()) return vm.wrong_type(args, 1, "an Integer");
    int64_t decimals = args[1].as_integer();
    if (!std::isfinite(number) || decimals > kMostDecimals) return args[0];
    if (decimals < -320) return Value::floating(std::copysign(0.0, number));
    std::string text;
    if (decimals >= 0) {
        text = fixed_text(number, int(decimals));
    } else {
        // Places before the point: the first digit that goes decides.
        text = written(std::trunc(std::fabs(number)), 0);
        auto dropped = size_t(-decimals);
        if (dropped > text.size()) return Value::floating(std::copysign(0.0, number));
        bool up = text[text.size() - dropped] >= '5';
        text.resize(text.size() - dropped);
        if (up) increment(text);
        text = (std::signbit(number) ? "-0" : "0") + text + std::string(dropped, '0');
    }
    double rounded = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), rounded);
    if (error == std::errc::result_out_of_range)
        rounded = std::copysign(std::numeric_limits<double>::infinity(), number);
    return Value::floating(rounded);
}

Value fixed(Machine& vm, Value* args) {
    if (!args[1].is_integer() || args[1].as_integer() < 0 || args[1].as_integer() > kMostDecimals)
        return vm.wrong_type(args, 1, "an Integer from 0 to " + std::to_string(kMostDecimals));
    if (!std::isfinite(args[0].as_float())) return vm.text(float_text(args[0].as_float()), args);
    return vm.text(fixed_text(args[0].as_float(), int(args[1].as_integer())), args);
}

Value to_text(Machine& vm, Value* args) {
    return vm.text(float_text(args[0].as_float()), args);
}

// (numerator, denominator) of the exact value.
Value ratio(Machine& vm, Value* args) {
    double number = args[0].as_float();
    if (!std::isfinite(number))
        return vm.fail("ArithmeticError", float_text(number) + " cannot become a Fraction", args);
    int exponent = 0;
    auto mantissa = int64_t(std::ldexp(std::frexp(number, &exponent), 53));
    exponent -= 53;
    while (mantissa != 0 && (mantissa & 1) == 0 && exponent < 0) {
        mantissa /= 2;
        ++exponent;
    }
    BigInteger numerator = mantissa, denominator = 1;
    if (exponent > 0) numerator *= BigInteger(1) << unsigned(exponent);
    if (exponent < 0 && mantissa != 0) denominator <<= unsigned(-exponent);
    args[1] = vm.list(2, args);
    args[2] = make(vm, numerator, args);
    if (!list_add(vm, args[1], args[2], args + kPrimitiveFrame)) assert(false);
    args[2] = make(vm, denominator, args);
    if (!list_add(vm, args[1], args[2], args + kPrimitiveFrame)) assert(false);
    return args[1];
}

Value is_nan(Machine&, Value* args) {
    return Value::boolean(std::isnan(args[0].as_float()));
}
Value is_infinite(Machine&, Value* args) {
    return Value::boolean(std::isinf(args[0].as_float()));
}
Value next_up(Machine&, Value* args) {
    return Value::floating(std::nextafter(args[0].as_float(), std::numeric_limits<double>::infinity()));
}
Value next_down(Machine&, Value* args) {
    return Value::floating(std::nextafter(args[0].as_float(), -std::numeric_limits<double>::infinity()));
}

constexpr PrimitiveRow kFloatRows[] = {
    {"+", 1, add},
    {"-", 1, subtract},
    {"*", 1, times},
    {"/", 1, divide},
    {"//", 1, floor_divide},
    {"%", 1, modulo},
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
    {"floor", 0, floor_of},
    {"ceiling", 0, ceiling_of},
    {"truncated", 0, truncated},
    {"round", 1, round_of},
    {"fixed", 1, fixed},
    {"to_text", 0, to_text},
    {"ratio", 0, ratio},
    {"nan?", 0, is_nan},
    {"infinite?", 0, is_infinite},
    {"next_up", 0, next_up},
    {"next_down", 0, next_down},
};

} // namespace

PrimitiveTable float_primitives() {
    return {"Float", kFloatRows};
}

} // namespace indent
