// The quick ways with long numbers against the plain ones of the library, and against 128 bits.
#include "tests/model/heap_fixture.h"
#include "vm/model/big_integer.h"
#include <cmath>
#include <doctest/doctest.h>
#include <random>

using namespace indent;

namespace {

// Numbers with runs of zeros and ones, where carries and guesses go wrong.
class Numbers {
  public:
    explicit Numbers(unsigned seed) : random_(seed) {}
    uint64_t below(uint64_t limit) { return random_() % limit; }
    uint64_t bits() { return random_(); }
    BigInteger of_bits(size_t bits) {
        BigInteger number = 0;
        for (size_t i = 0; i < bits; i += 64) {
            uint64_t pattern = random_() % 4;
            number = (number << 64) | (pattern == 0 ? 0 : pattern == 1 ? ~uint64_t(0) : random_());
        }
        number &= (BigInteger(1) << bits) - 1;
        return random_() % 2 == 0 ? number : BigInteger(-number);
    }
    // Around the sizes where the methods change.
    BigInteger any() {
        constexpr size_t kSizes[] = {1, 47, 48, 64, 128, 1000, 3100, 4200, 6500, 12000, 70000, 140000};
        return of_bits(kSizes[below(std::size(kSizes))] + below(70));
    }

  private:
    std::mt19937_64 random_;
};

const Poll kNoPoll = [] {};

// A float that is not negative in units of 2^-1074, the least there is.
BigInteger units(double number) {
    int exponent = 0;
    auto mantissa = uint64_t(std::ldexp(std::frexp(number, &exponent), 53));
    int shift = exponent - 53 + 1074;
    return shift >= 0 ? BigInteger(mantissa) << unsigned(shift) : BigInteger(mantissa >> unsigned(-shift));
}

} // namespace

TEST_CASE("products, quotients and rests of long numbers are those of the library") {
    Numbers numbers(1);
    for (int round = 0; round < 300; ++round) {
        BigInteger a = numbers.any(), b = numbers.any();
        CHECK(multiply(a, b, kNoPoll) == a * b);
        if (b == 0) continue;
        BigInteger quotient, rest;
        divide_floor(a, b, quotient, rest, kNoPoll);
        CHECK(quotient * b + rest == a);
        CHECK((rest == 0 || (rest < 0) == (b < 0)));
        CHECK(abs(rest) < abs(b));
    }
}

TEST_CASE("long numbers are written as the library writes them, and read back in every base") {
    Numbers numbers(2);
    for (int round = 0; round < 100; ++round) {
        BigInteger number = numbers.of_bits(1 + numbers.below(20000));
        CHECK(digits_of(number, 10, kNoPoll) == number.str());
        int base = 2 + int(numbers.below(35));
        CAPTURE(base);
        BigInteger magnitude = abs(number);
        CHECK(integer_from_digits(digits_of(magnitude, base, kNoPoll), base, kNoPoll) == magnitude);
    }
    CHECK(digits_of(0, 7, kNoPoll) == "0");
    CHECK(digits_of(-255, 16, kNoPoll) == "-ff");
    CHECK(integer_from_digits("00ffFF", 16, kNoPoll) == 0xffff);
}

TEST_CASE("roots, powers and common divisors hold what they promise") {
    Numbers numbers(3);
    for (int round = 0; round < 60; ++round) {
        BigInteger number = abs(numbers.of_bits(1 + numbers.below(5000)));
        BigInteger root = square_root(number, kNoPoll);
        CHECK(root * root <= number);
        CHECK((root + 1) * (root + 1) > number);
        BigInteger base = numbers.of_bits(1 + numbers.below(200));
        unsigned exponent = unsigned(numbers.below(30));
        BigInteger expected = 1;
        for (unsigned i = 0; i < exponent; ++i) expected *= base;
        CHECK(power(base, exponent, kNoPoll) == expected);
        BigInteger modulus = abs(numbers.of_bits(1 + numbers.below(300))) + 1, quotient, rest;
        divide_floor(expected, modulus, quotient, rest, kNoPoll);
        CHECK(power_modulo(base, exponent, modulus, kNoPoll) == rest);
        BigInteger other = numbers.of_bits(1 + numbers.below(9000));
        CHECK(greatest_common_divisor(number, other, kNoPoll) == gcd(number, other));
    }
}

TEST_CASE("primes are told from numbers that only look like them") {
    for (const char* prime : {"2", "3", "173", "29929", "999983", "18446744073709551557",
                              "170141183460469231731687303715884105727"}) {
        CAPTURE(prime);
        bool is_square = std::string_view(prime) == "29929"; // 173 * 173
        CHECK(is_prime(BigInteger(prime), kNoPoll) == !is_square);
    }
    // Carmichael numbers, a strong pseudoprime to the first eight primes, a product of two large primes.
    for (const char* composite : {"0", "1", "561", "294409", "341550071728321", "3317044064679887385961981",
                                  "340282366920938463463374607431768211457"}) {
        CAPTURE(composite);
        CHECK_FALSE(is_prime(BigInteger(composite), kNoPoll));
    }
}

TEST_CASE("quotients are rounded once, to the nearest float") {
    Numbers numbers(4);
    for (int round = 0; round < 2000; ++round) {
        BigInteger a = numbers.of_bits(1 + numbers.below(1200)), b = numbers.of_bits(1 + numbers.below(1200));
        if (a == 0 || b == 0) continue;
        double quotient = nearest_quotient(a, b);
        if (std::fabs(quotient) >= std::numeric_limits<double>::max()) {
            CHECK(bit_length(a) - bit_length(b) >= 1023);
            continue;
        }
        // Not further away than the middle to the neighbour on that side, in units of 2^-1074.
        BigInteger number = abs(a) << 1074, divisor = abs(b);
        BigInteger low = units(std::nextafter(std::fabs(quotient), 0)), got = units(std::fabs(quotient)),
                   high = units(std::nextafter(std::fabs(quotient), HUGE_VAL));
        CHECK(2 * number <= (got + high) * divisor);
        if (got != 0) CHECK(2 * number >= (got + low) * divisor);
        if (quotient != 0) CHECK((quotient < 0) == ((a < 0) != (b < 0)));
    }
    CHECK(nearest_quotient(1, BigInteger(1) << 1074) == std::ldexp(1.0, -1074));
    CHECK(nearest_quotient(1, BigInteger(1) << 1075) == 0);
    CHECK(nearest_quotient(3, BigInteger(1) << 1075) == std::ldexp(1.0, -1073)); // the even one of two
    CHECK(std::isinf(nearest_quotient(BigInteger(1) << 1024, 1)));
}

TEST_CASE("long work polls, and what poll throws leaves it") {
    struct Enough {};
    BigInteger number = (BigInteger(1) << 400000) / 3;
    for (int allowed : {0, 1, 5}) {
        int left = allowed;
        Poll poll = [&] {
            if (left-- == 0) throw Enough();
        };
        CHECK_THROWS_AS(digits_of(number, 10, poll), Enough);
        left = allowed;
        CHECK_THROWS_AS(multiply(number, number, poll), Enough);
        left = allowed;
        CHECK_THROWS_AS(factorial(100000, poll), Enough);
    }
}

TEST_CASE("integers go into cells and come back, small ones without a cell") {
    test::HeapFixture heap;
    Numbers numbers(5);
    for (int round = 0; round < 2000; ++round) {
        BigInteger number = numbers.of_bits(1 + numbers.below(200));
        heap.slot(0) = make_integer(heap.mutator(), number, heap.top());
        CHECK(big_integer_of(heap.slot(0)) == number);
        bool small = number >= Value::kMinInteger && number <= Value::kMaxInteger;
        CHECK(heap.slot(0).is_integer() == small);
        CHECK(integer_as_double(heap.slot(0)) == nearest_quotient(number, 1));
        bool fits = number >= INT64_MIN && number <= INT64_MAX;
        CHECK(integer_as_int64(heap.slot(0)).has_value() == fits);
        if (fits) CHECK(*integer_as_int64(heap.slot(0)) == number.convert_to<int64_t>());
    }
}

TEST_CASE("integers and floats are compared exactly, on both sides of every float") {
    test::HeapFixture heap;
    Numbers numbers(6);
    for (int round = 0; round < 3000; ++round) {
        double number = std::ldexp(double(int64_t(numbers.bits()) >> 10), int(numbers.below(120)) - 8);
        for (int off : {-1, 0, 1}) {
            BigInteger near = big_integer_of(number) + off;
            heap.slot(0) = make_integer(heap.mutator(), near, heap.top());
            using Exact = boost::multiprecision::cpp_rational;
            Exact integer(near), exact(number);
            Order expected = integer < exact ? Order::Less : integer > exact ? Order::Greater : Order::Equal;
            CHECK(compare_numbers(heap.slot(0), Value::floating(number)) == expected);
        }
    }
    heap.slot(0) = make_integer(heap.mutator(), BigInteger(1) << 2000, heap.top());
    CHECK(compare_numbers(heap.slot(0), Value::floating(HUGE_VAL)) == Order::Less);
    CHECK(compare_numbers(heap.slot(0), Value::floating(-HUGE_VAL)) == Order::Greater);
    CHECK(compare_numbers(heap.slot(0), Value::floating(std::nan(""))) == Order::None);
}

TEST_CASE("floats are written with the fewest digits that read back") {
    CHECK(float_text(0.1) == "0.1");
    CHECK(float_text(100) == "100.0");
    CHECK(float_text(-0.0) == "-0.0");
    CHECK(float_text(1e15) == "1000000000000000.0");
    CHECK(float_text(1e16) == "1e16");
    CHECK(float_text(1.5e300) == "1.5e300");
    CHECK(float_text(0.00001) == "0.00001");
    CHECK(float_text(1.25e-7) == "1.25e-7");
    CHECK(float_text(5e-324) == "5e-324");
    Numbers numbers(7);
    for (int round = 0; round < 5000; ++round) {
        auto number = std::bit_cast<double>(numbers.bits());
        if (!std::isfinite(number)) continue;
        std::string text = float_text(number);
        CHECK(std::strtod(text.c_str(), nullptr) == number);
        CHECK(text.find_first_of(".e") != std::string::npos);
    }
}
