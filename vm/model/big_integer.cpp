// Long numbers. cpp_int multiplies long numbers well but divides, reads and writes them in quadratic time and
// cannot be interrupted, so for numbers of more than a few dozen words:
//   multiply     Karatsuba's method down to pieces that take less than a millisecond
//   divide       recursive division: half of the quotient at a time, by multiplications (Burnikel and Ziegler, as
//                in Brent and Zimmermann, "Modern Computer Arithmetic", algorithm 1.8)
//   text         divided by powers of the base that are half as long, again and again; read back the same way
#include "vm/model/big_integer.h"
#include <array>
#include <bit>
#include <cmath>
#include <cstring>

namespace indent {

namespace {

using Limb = boost::multiprecision::limb_type;
static_assert(sizeof(Limb) == 8, "integers are made of 64 bits at a time");

constexpr size_t kPieceLimbs = 256; // multiplied by cpp_int at once
constexpr size_t kDivideLimbs = 48; // of a quotient that cpp_int computes at once
constexpr size_t kTextLimbs = 32;   // written digit by digit

size_t limbs_of(const BigInteger& n) {
    return n.backend().size();
}

// From `count` words of 64 bits, least first (bytes, for cpp_int and the heap have different names for the type).
void set_limbs(BigInteger& n, const void* limbs, size_t count) {
    if (count == 0) {
        n = 0;
        return;
    }
    auto& backend = n.backend();
    backend.resize(unsigned(count), unsigned(count));
    std::memcpy(backend.limbs(), limbs, count * sizeof(Limb));
    backend.sign(false);
    backend.normalize();
}

// Limbs [from, from + count) of the magnitude, as far as there are.
BigInteger part(const BigInteger& n, size_t from, size_t count) {
    BigInteger result;
    if (from < limbs_of(n))
        set_limbs(result, n.backend().limbs() + from, std::min(count, limbs_of(n) - from));
    return result;
}
BigInteger rest(const BigInteger& n, size_t from) {
    return part(n, from, SIZE_MAX);
}

// n * 2^(64 * limbs), exact for negative ones too
BigInteger shifted(const BigInteger& n, size_t limbs) {
    return n << (64 * limbs);
}

// Neither is negative.
BigInteger multiply_magnitudes(const BigInteger& a, const BigInteger& b, const Poll& poll) {
    size_t longer = std::max(limbs_of(a), limbs_of(b)), shorter = std::min(limbs_of(a), limbs_of(b));
    if (shorter <= 32 || longer <= kPieceLimbs) {
        if (longer * shorter >= kPieceLimbs * 32) poll();
        return a * b;
    }
    const BigInteger& big = limbs_of(a) >= limbs_of(b) ? a : b;
    const BigInteger& small = limbs_of(a) >= limbs_of(b) ? b : a;
    if (longer >= 2 * shorter) {
        // Pieces as long as the shorter one.
        BigInteger result = 0;
        std::vector<uint64_t> limbs(longer + shorter + 1, 0);
        for (size_t from = 0; from < longer; from += shorter) {
            BigInteger product = multiply_magnitudes(part(big, from, shorter), small, poll);
            unsigned char carry = 0;
            size_t i = from;
            for (size_t k = 0; k < limbs_of(product) || carry; ++k, ++i) {
                uint64_t add = k < limbs_of(product) ? product.backend().limbs()[k] : 0;
                unsigned __int128 sum = static_cast<unsigned __int128>(limbs[i]) + add + carry;
                limbs[i] = uint64_t(sum);
                carry = static_cast<unsigned char>(sum >> 64);
            }
        }
        set_limbs(result, limbs.data(), limbs.size());
        return result;
    }
    size_t half = (longer + 1) / 2;
    BigInteger low_a = part(a, 0, half), high_a = rest(a, half), low_b = part(b, 0, half),
               high_b = rest(b, half);
    BigInteger low = multiply_magnitudes(low_a, low_b, poll);
    BigInteger high = multiply_magnitudes(high_a, high_b, poll);
    low_a += high_a;
    low_b += high_b;
    BigInteger middle = multiply_magnitudes(low_a, low_b, poll);
    middle -= low;
    middle -= high;
    high <<= 64 * half;
    high += middle;
    high <<= 64 * half;
    high += low;
    return high;
}

struct Division {
    BigInteger quotient, remainder;
};

// a / b with b's highest bit set in its highest limb, both positive, and a < b * 2^(64 * limbs): so many limbs has
// the quotient, at most as many as b.
Division divide_normal(const BigInteger& a, const BigInteger& b, size_t limbs, const Poll& poll) {
    Division result;
    if (a < b) {
        result.remainder = a;
        return result;
    }
    if (limbs <= kDivideLimbs) {
        if (limbs_of(b) > kDivideLimbs) poll();
        boost::multiprecision::divide_qr(a, b, result.quotient, result.remainder);
        return result;
    }
    // First by the part of b that matters, then what the rest of b changes.
    auto by_leading_part = [&](const BigInteger& number, size_t dropped, size_t quotient_limbs) {
        Division lead = divide_normal(rest(number, dropped), rest(b, dropped), quotient_limbs, poll);
        BigInteger remainder = shifted(lead.remainder, dropped) + part(number, 0, dropped);
        remainder -= multiply_magnitudes(lead.quotient, part(b, 0, dropped), poll);
        while (remainder < 0) {
            --lead.quotient;
            remainder += b;
        }
        lead.remainder = std::move(remainder);
        return lead;
    };
    size_t length = limbs_of(b);
    if (length > limbs + 1) return by_leading_part(a, length - limbs - 1, limbs);
    size_t half = limbs / 2;
    // The quotient's high part, of a without its last `half` limbs, then the low part.
    Division high = divide_normal(rest(a, half), b, limbs - half, poll);
    BigInteger left = shifted(high.remainder, half) + part(a, 0, half);
    Division low = length > half + 1 ? by_leading_part(left, length - half - 1, half)
                                     : divide_normal(left, b, half, poll);
    result.quotient = shifted(high.quotient, half) + low.quotient;
    result.remainder = std::move(low.remainder);
    return result;
}

Division divide_magnitudes(const BigInteger& a, const BigInteger& b, const Poll& poll) {
    Division result;
    if (a < b) {
        result.remainder = a;
        return result;
    }
    size_t a_limbs = limbs_of(a), b_limbs = limbs_of(b);
    if (a_limbs - b_limbs <= kDivideLimbs || b_limbs <= kDivideLimbs) {
        if (a_limbs > kPieceLimbs) poll();
        boost::multiprecision::divide_qr(a, b, result.quotient, result.remainder);
        return result;
    }
    auto shift = unsigned(std::countl_zero(uint64_t(b.backend().limbs()[b_limbs - 1])));
    BigInteger x = a << shift, y = b << shift;
    // Pieces of as many limbs as b has, from the top: the remainder so far stands before each.
    size_t pieces = (limbs_of(x) + b_limbs - 1) / b_limbs;
    for (size_t piece = pieces; piece-- > 0;) {
        BigInteger number = shifted(result.remainder, b_limbs) + part(x, piece * b_limbs, b_limbs);
        Division step = divide_normal(number, y, b_limbs, poll);
        result.quotient = shifted(result.quotient, b_limbs) + step.quotient;
        result.remainder = std::move(step.remainder);
    }
    result.remainder >>= shift;
    return result;
}

// ---- text

// The largest power of the base in one limb, and its exponent.
struct Chunk {
    uint64_t scale = 1;
    size_t digits = 0;
    explicit Chunk(int base) {
        while (scale <= UINT64_MAX / uint64_t(base)) {
            scale *= uint64_t(base);
            ++digits;
        }
    }
};

char digit_char(unsigned digit) {
    return "0123456789abcdefghijklmnopqrstuvwxyz"[digit];
}
unsigned digit_value(char c) {
    return unsigned(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
}

class Writer {
  public:
    Writer(int base, const Poll& poll) : base_(unsigned(base)), chunk_(base), poll_(poll) {}

    std::string write(BigInteger number) {
        // powers_[i] is base^(chunk digits * 2^i)
        powers_.emplace_back(chunk_.scale);
        while (2 * limbs_of(powers_.back()) - 1 <= limbs_of(number)) {
            const BigInteger& last = powers_.back();
            powers_.push_back(multiply_magnitudes(last, last, poll_));
        }
        write_part(number, powers_.size(), 0);
        size_t first = out_.find_first_not_of('0');
        return first == std::string::npos ? "0" : out_.substr(first);
    }

  private:
    // Writes what is below powers_[level], with zeros before it up to `width` digits.
    void write_part(BigInteger& number, size_t level, size_t width) {
        if (limbs_of(number) <= kTextLimbs || level == 0) return write_slowly(number, width);
        --level;
        if (number < powers_[level]) return write_part(number, level, width);
        size_t low_digits = chunk_.digits << level;
        Division parts = divide_magnitudes(number, powers_[level], poll_);
        write_part(parts.quotient, level, width > low_digits ? width - low_digits : 0);
        write_part(parts.remainder, level, low_digits);
    }
    void write_slowly(BigInteger& number, size_t width) {
        std::string reversed;
        auto& backend = number.backend();
        while (number != 0) {
            unsigned __int128 remainder = 0;
            for (size_t i = backend.size(); i-- > 0;) {
                remainder = remainder << 64 | backend.limbs()[i];
                backend.limbs()[i] = uint64_t(remainder / chunk_.scale);
                remainder %= chunk_.scale;
            }
            backend.normalize();
            auto digits = uint64_t(remainder);
            for (size_t i = 0; i < chunk_.digits && (digits != 0 || number != 0); ++i, digits /= base_)
                reversed += digit_char(unsigned(digits % base_));
        }
        if (width > reversed.size()) out_.append(width - reversed.size(), '0');
        out_.append(reversed.rbegin(), reversed.rend());
        poll_();
    }

    uint64_t base_;
    Chunk chunk_;
    const Poll& poll_;
    std::vector<BigInteger> powers_;
    std::string out_;
};

} // namespace

size_t bit_length(const BigInteger& number) {
    if (number == 0) return 0;
    size_t limbs = limbs_of(number);
    return limbs * 64 - size_t(std::countl_zero(uint64_t(number.backend().limbs()[limbs - 1])));
}

BigInteger big_integer_of(Value number) {
    if (number.is_integer()) return BigInteger(number.as_integer());
    BigInteger result;
    auto limbs = big_limbs(number);
    set_limbs(result, limbs.data(), limbs.size());
    if (big_is_negative(number)) result.backend().negate();
    return result;
}

BigInteger big_integer_of(double number) {
    int exponent = 0;
    auto mantissa = int64_t(std::ldexp(std::frexp(std::trunc(number), &exponent), 53));
    BigInteger result = mantissa < 0 ? -mantissa : mantissa;
    if (exponent >= 53)
        result <<= unsigned(exponent - 53);
    else
        result >>= unsigned(53 - exponent);
    return mantissa < 0 ? BigInteger(-result) : result;
}

Value make_integer(Mutator& mutator, const BigInteger& number, Value* top) {
    const auto& backend = number.backend();
    size_t limbs = backend.size();
    if (limbs <= 2) {
        std::array<uint64_t, 2> words = {};
        std::memcpy(words.data(), backend.limbs(), limbs * sizeof(Limb));
        return make_integer(mutator, backend.sign(), words, top);
    }
    Cell* cell = mutator.heap->allocate_array(shape::kBigInteger, Format::Bytes, 2 + limbs, top);
    (*cell)[1] = Value::from_bits(backend.sign() ? 1 : 0);
    std::memcpy(static_cast<void*>(cell->words() + 2), backend.limbs(), limbs * sizeof(Limb));
    cell->bits |= Cell::kFrozen;
    cell->barrier = Cell::kNever;
    return Value::cell(cell);
}

BigInteger multiply(const BigInteger& a, const BigInteger& b, const Poll& poll) {
    if (limbs_of(a) + limbs_of(b) <= kPieceLimbs) return a * b;
    BigInteger result = multiply_magnitudes(abs(a), abs(b), poll);
    if ((a < 0) != (b < 0)) result.backend().negate();
    return result;
}

void divide_floor(const BigInteger& a, const BigInteger& b, BigInteger& quotient, BigInteger& remainder,
                  const Poll& poll) {
    Division result = divide_magnitudes(abs(a), abs(b), poll);
    bool negative = (a < 0) != (b < 0);
    if (negative && result.remainder != 0) {
        ++result.quotient;
        result.remainder = abs(b) - result.remainder;
    }
    if (negative) result.quotient.backend().negate();
    if (b < 0) result.remainder.backend().negate();
    quotient = std::move(result.quotient);
    remainder = std::move(result.remainder);
}

BigInteger power(BigInteger base, uint64_t exponent, const Poll& poll) {
    if (exponent == 0) return 1;
    if (base == 0) return 0;
    // Factors of two are a shift at the end.
    bool negative = base < 0 && (exponent & 1) != 0;
    base = abs(base);
    auto twos = lsb(base);
    base >>= twos;
    BigInteger result = 1;
    if (base != 1) {
        for (int bit = int(std::bit_width(exponent)); bit-- > 0;) {
            result = multiply(result, result, poll);
            if (exponent >> bit & 1) result = multiply(result, base, poll);
        }
    }
    result <<= uint64_t(twos) * exponent;
    if (negative) result.backend().negate();
    return result;
}

BigInteger power_modulo(const BigInteger& base, const BigInteger& exponent, const BigInteger& modulus,
                        const Poll& poll) {
    BigInteger quotient, factor, result = 1;
    divide_floor(base, modulus, quotient, factor, poll);
    divide_floor(BigInteger(1), modulus, quotient, result, poll);
    for (size_t bit = bit_length(exponent); bit-- > 0;) {
        divide_floor(multiply(result, result, poll), modulus, quotient, result, poll);
        if (bit_test(exponent, unsigned(bit)))
            divide_floor(multiply(result, factor, poll), modulus, quotient, result, poll);
        poll();
    }
    return result;
}

// Newton's method from the leading bits, with twice as many right ones at each step.
BigInteger square_root(const BigInteger& number, const Poll& poll) {
    if (number == 0) return 0;
    size_t half_bits = (bit_length(number) - 1) / 2;
    BigInteger root = 1, quotient, remainder;
    size_t known = 0;
    for (int step = int(std::bit_width(half_bits)); step-- > 0;) {
        size_t before = known;
        known = half_bits >> step;
        divide_floor(number >> (2 * half_bits - before - known + 1), root, quotient, remainder, poll);
        root = (root << (known - before - 1)) + quotient;
    }
    if (multiply(root, root, poll) > number) --root;
    return root;
}

BigInteger greatest_common_divisor(BigInteger a, BigInteger b, const Poll& poll) {
    a = abs(a);
    b = abs(b);
    for (size_t round = 0; b != 0; ++round) {
        if (std::max(limbs_of(a), limbs_of(b)) <= kDivideLimbs) return gcd(a, b);
        Division step = divide_magnitudes(a, b, poll);
        a = std::move(b);
        b = std::move(step.remainder);
        if ((round & 63) == 0) poll();
    }
    return a;
}

namespace {

BigInteger product_of(uint64_t low, uint64_t high, const Poll& poll) {
    if (high - low < 16) {
        BigInteger result = low;
        for (uint64_t i = low + 1; i <= high; ++i) result *= i;
        return result;
    }
    uint64_t middle = low + (high - low) / 2;
    if (high - low > 1024) poll();
    return multiply(product_of(low, middle, poll), product_of(middle + 1, high, poll), poll);
}

} // namespace

BigInteger factorial(uint64_t n, const Poll& poll) {
    return n < 2 ? BigInteger(1) : product_of(1, n, poll);
}

bool is_prime(const BigInteger& n, const Poll& poll) {
    static constexpr std::array<unsigned, 40> kPrimes = {
        2,  3,  5,  7,  11, 13,  17,  19,  23,  29,  31,  37,  41,  43,  47,  53,  59,  61,  67,  71,
        73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167, 173};
    if (n < 2) return false;
    for (unsigned prime : kPrimes) {
        if (n == prime) return true;
        if (n % prime == 0) return false;
    }
    if (n < 173 * 173) return true;
    // The first 13 primes as bases leave no doubt below this (Sorenson and Webster).
    static const BigInteger kSure("3317044064679887385961981");
    size_t rounds = n < kSure ? 13 : kPrimes.size();
    BigInteger minus_one = n - 1;
    auto twos = lsb(minus_one);
    BigInteger odd = minus_one >> twos;
    BigInteger quotient;
    for (size_t i = 0; i < rounds; ++i) {
        BigInteger x = power_modulo(BigInteger(kPrimes[i]), odd, n, poll);
        if (x == 1 || x == minus_one) continue;
        bool passed = false;
        for (unsigned k = 1; k < twos && !passed; ++k) {
            divide_floor(multiply(x, x, poll), n, quotient, x, poll);
            passed = x == minus_one;
        }
        if (!passed) return false;
    }
    return true;
}

std::string digits_of(const BigInteger& number, int base, const Poll& poll) {
    std::string digits = Writer(base, poll).write(abs(number));
    return number < 0 ? "-" + digits : digits;
}

BigInteger integer_from_digits(std::string_view digits, int base, const Poll& poll) {
    Chunk chunk(base);
    // Chunks, the most significant first one maybe shorter; least first here.
    std::vector<BigInteger> parts;
    parts.reserve(digits.size() / chunk.digits + 1);
    for (size_t end = digits.size(); end > 0;) {
        size_t begin = end > chunk.digits ? end - chunk.digits : 0;
        uint64_t value = 0;
        for (size_t i = begin; i < end; ++i) value = value * uint64_t(base) + digit_value(digits[i]);
        parts.emplace_back(value);
        end = begin;
        if ((parts.size() & 0xFFFF) == 0) poll();
    }
    if (parts.empty()) return 0;
    BigInteger scale = chunk.scale;
    while (parts.size() > 1) {
        size_t to = 0;
        for (size_t i = 0; i < parts.size(); i += 2) {
            if (i + 1 < parts.size()) {
                BigInteger pair = multiply_magnitudes(parts[i + 1], scale, poll);
                pair += parts[i];
                parts[to++] = std::move(pair);
            } else if (to != i) {
                parts[to++] = std::move(parts[i]);
            } else {
                ++to;
            }
            if ((to & 0xFFF) == 0) poll();
        }
        parts.resize(to);
        if (parts.size() > 1) scale = multiply_magnitudes(scale, scale, poll);
    }
    return std::move(parts[0]);
}

double nearest_quotient(const BigInteger& a, const BigInteger& b) {
    if (a == 0) return b < 0 ? -0.0 : 0.0; // as floats divide
    bool negative = (a < 0) != (b < 0);
    BigInteger x = abs(a), y = abs(b);
    // As many of the leading bits of both as tell the first 64 of the quotient, and whether more follow.
    int64_t shift = int64_t(bit_length(y)) - int64_t(bit_length(x)) + 65;
    if (shift > 0)
        x <<= uint64_t(shift);
    else
        y <<= uint64_t(-shift);
    BigInteger quotient, remainder;
    boost::multiprecision::divide_qr(x, y, quotient, remainder);
    // The quotient has 65 or 66 bits.
    unsigned extra = unsigned(bit_length(quotient)) - 64;
    bool more = remainder != 0 || lsb(quotient) < extra;
    auto mantissa = static_cast<uint64_t>(BigInteger(quotient >> extra));
    double result = nearest_double(mantissa, more, int64_t(extra) - shift);
    return negative ? -result : result;
}

} // namespace indent
