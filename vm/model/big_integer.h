// Arithmetic on integers of any size, outside the heap: Boost's cpp_int, with what takes long done here by methods
// that are quick for long numbers and poll. Only for the few files that compute with large ones: this header is
// slow to compile.
//
// `poll` is called about every millisecond of work; it may throw (Stop), and nothing is lost then.
#pragma once
#include "vm/model/number.h"
#include <boost/multiprecision/cpp_int.hpp>
#include <functional>

namespace indent {

using BigInteger = boost::multiprecision::cpp_int;
using Poll = std::function<void()>;

BigInteger big_integer_of(Value any_integer);
// Small or large as it needs. The number must not have more than kMostIntegerBits.
Value make_integer(Mutator& mutator, const BigInteger& number, Value* top);
// Finite; the part behind the point is cut off.
BigInteger big_integer_of(double number);
size_t bit_length(const BigInteger& number);

BigInteger multiply(const BigInteger& a, const BigInteger& b, const Poll& poll);
// Rounds down; the remainder has the divisor's sign. The divisor is not zero.
void divide_floor(const BigInteger& a, const BigInteger& b, BigInteger& quotient, BigInteger& remainder,
                  const Poll& poll);
BigInteger power(BigInteger base, uint64_t exponent, const Poll& poll);
// base ** exponent modulo `modulus`, which is positive; the exponent is not negative.
BigInteger power_modulo(const BigInteger& base, const BigInteger& exponent, const BigInteger& modulus,
                        const Poll& poll);
// Of a number that is not negative, rounded down.
BigInteger square_root(const BigInteger& number, const Poll& poll);
BigInteger greatest_common_divisor(BigInteger a, BigInteger b, const Poll& poll);
// 1 * 2 * … * n
BigInteger factorial(uint64_t n, const Poll& poll);
// Whether n is a prime: sure below 3.3 * 10^24, beyond that to all that 40 rounds of Miller and Rabin's test say.
bool is_prime(const BigInteger& n, const Poll& poll);

// Digits in a base from 2 to 36, with letters in lower case; '-' before a negative number.
std::string digits_of(const BigInteger& number, int base, const Poll& poll);
// The reverse: only digits of the base (either case), at least one.
BigInteger integer_from_digits(std::string_view digits, int base, const Poll& poll);
// The nearest float to a / b, ties to even.
double nearest_quotient(const BigInteger& a, const BigInteger& b);

} // namespace indent
