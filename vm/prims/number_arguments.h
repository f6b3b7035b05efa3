// What the primitives of numbers share.
#pragma once
#include "vm/interp/machine.h"
#include "vm/model/number.h"

namespace indent {

inline double number_as_double(Value number) {
    return number.is_float() ? number.as_float() : integer_as_double(number);
}

inline Value fail_zero_divide(Machine& vm, Value* args) {
    return vm.fail("ZeroDivide", "division by zero", args);
}

// The operand in args[1] is no number that the machine knows: it answers `adapt(number, selector)` if it can
// (fractions, durations, what programs add); else WrongType.
Value adapt_operand(Machine& vm, Value* args, SymbolId selector);
// For `==`: what cannot adapt is not equal.
Value adapt_equality(Machine& vm, Value* args);

// args[i] as a float, where it is a number of any kind (what is no built-in one is asked for `to_float`). False: an
// error was raised and a handler has given `resumed` for the answer.
[[nodiscard]] bool float_argument(Machine& vm, Value* args, int i, double& number, Value& resumed);

// A float as an integer of any size, cut off behind the point; what is not finite raises an ArithmeticError.
Value integer_of_float(Machine& vm, double number, Value* args);

// number ** exponent as floats; what has no real result raises.
Value float_power(Machine& vm, double number, double exponent, Value* args);
// The root of args[0], a built-in number, as a float.
Value root_of_receiver(Machine& vm, Value* args);
// Rounded down, and what is left of it, with the divisor's sign. The divisor is not zero.
double floor_quotient(double a, double b);
double floor_remainder(double a, double b);

// Digits of a finite float with so many behind the point, ties away from zero; -1 … 400.
std::string fixed_text(double number, int decimals);

} // namespace indent
