#include "vm/model/key.h"
#include "vm/model/list.h"
#include "vm/model/number.h"
#include "vm/model/text.h"
#include <bit>
#include <cmath>

namespace indent {

namespace {

// Nested structure is followed for this many elements and levels; past it the machine asks, which polls and
// watches the C++ stack.
constexpr int kMostElements = 512;
constexpr int kMostLevels = 16;

uint64_t hash_integer(int64_t number) {
    return mix_hash(uint64_t(number));
}

uint64_t hash_float(double number) {
    if (number >= double(Value::kMinInteger) && number <= double(Value::kMaxInteger) &&
        number == std::trunc(number))
        return hash_integer(int64_t(number));
    return mix_hash(std::bit_cast<uint64_t>(number) ^ 0x5F10'A7ED);
}

// Whether the float has exactly this value.
bool big_equals_float(Value big, double number) {
    if (!std::isfinite(number) || number != std::trunc(number)) return false;
    const Cell& cell = *big.cell();
    size_t limbs = size_t(cell[0].as_integer()) - 1;
    if ((cell[1].bits() != 0) != (number < 0)) return false;
    int exponent = 0; // |number| is in [2^(exponent - 1), 2^exponent)
    double fraction = std::frexp(std::fabs(number), &exponent);
    uint64_t top = cell[1 + limbs].bits();
    if (size_t(exponent) != limbs * 64 - size_t(std::countl_zero(top))) return false;
    uint64_t mantissa = uint64_t(std::ldexp(fraction, 64)); // the top 64 bits of the number
    int shift = std::countl_zero(top);
    uint64_t below = limbs > 1 ? cell[limbs].bits() : 0;
    uint64_t leading = shift == 0 ? top : (top << shift) | (below >> (64 - shift));
    if (leading != mantissa) return false;
    if (limbs > 1 && shift != 0 && (below << shift) != 0) return false;
    if (limbs > 1 && shift == 0 && below != 0) return false;
    for (size_t i = 2; i < limbs; ++i)
        if (cell[i].bits() != 0) return false;
    return true;
}

bool bigs_equal(Value a, Value b) {
    const Cell& x = *a.cell();
    const Cell& y = *b.cell();
    size_t words = size_t(x[0].as_integer());
    return x[0] == y[0] && std::memcmp(&x[1], &y[1], words * sizeof(Value)) == 0;
}

struct Elements {
    const Value* first;
    size_t count;
};

// The elements of what is compared and hashed part by part; empty if it is not such a thing.
std::optional<Elements> elements_of(Value value, bool must_be_frozen) {
    if (!value.is_cell()) return {};
    const Cell& cell = *value.cell();
    switch (cell.shape) {
    case shape::kTuple: return Elements{cell.words(), cell.word_count()};
    case shape::kRange: return Elements{cell.words(), 3};
    case shape::kList:
        if (must_be_frozen && !cell.is_frozen()) return {};
        return Elements{list_elements(value), list_size(value)};
    default: return {};
    }
}

std::optional<uint64_t> hash_within(const SymbolTable& symbols, Value value, int& budget, int levels) {
    if (value.is_integer()) return hash_integer(value.as_integer());
    if (value.is_float()) return hash_float(value.as_float());
    if (value.is_symbol()) return symbols.hash(value.symbol_id());
    if (!value.is_cell()) return mix_hash(value.bits());
    if (is_text(value)) return text_hash(value);
    if (is_big_integer(value)) return hash_float(integer_as_double(value));
    auto elements = elements_of(value, true);
    if (!elements || levels == 0) return {};
    HashSequence sequence(value.cell()->shape);
    for (size_t i = 0; i < elements->count; ++i) {
        if (--budget < 0) return {};
        auto hash = hash_within(symbols, elements->first[i], budget, levels - 1);
        if (!hash) return {};
        sequence.add(*hash);
    }
    return sequence.finish();
}

// What equals only its own kind, so that two kinds are known to differ.
bool is_plain(Value value) {
    if (!value.is_cell()) return true;
    switch (value.cell()->shape) {
    case shape::kBigInteger:
    case shape::kText:
    case shape::kList:
    case shape::kMap:
    case shape::kTuple:
    case shape::kRange: return true;
    default: return false;
    }
}

Equal answer(bool yes) {
    return yes ? Equal::Yes : Equal::No;
}

Equal numbers_equal(Value a, Value b) {
    if (b.is_float()) std::swap(a, b);
    if (a.is_float()) {
        if (b.is_float()) return answer(a.as_float() == b.as_float());
        if (b.is_integer()) return answer(a.as_float() == double(b.as_integer()));
        return answer(big_equals_float(b, a.as_float()));
    }
    return answer(is_big_integer(a) && is_big_integer(b) && bigs_equal(a, b));
}

bool is_number(Value v) {
    return v.is_integer() || v.is_float() || is_big_integer(v);
}

Equal equal_within(Value a, Value b, int& budget, int levels) {
    if (a == b) return Equal::Yes;
    if (!is_plain(a) || !is_plain(b)) return Equal::Ask;
    if (is_number(a)) return is_number(b) ? numbers_equal(a, b) : Equal::No;
    if (shape_of(a) != shape_of(b) || !a.is_cell()) return Equal::No;
    if (is_text(a)) return answer(text_equal(a, b));
    auto x = elements_of(a, false), y = elements_of(b, false);
    if (!x || !y) return Equal::Ask;
    if (x->count != y->count) return Equal::No;
    if (levels == 0) return Equal::Ask;
    Equal all = Equal::Yes;
    for (size_t i = 0; i < x->count; ++i) {
        if (--budget < 0) return Equal::Ask;
        Equal one = equal_within(x->first[i], y->first[i], budget, levels - 1);
        if (one == Equal::No) return Equal::No;
        if (one == Equal::Ask) all = Equal::Ask;
    }
    return all;
}

} // namespace

std::optional<uint64_t> quick_hash(const SymbolTable& symbols, Value value) {
    int budget = kMostElements;
    return hash_within(symbols, value, budget, kMostLevels);
}

Equal quick_equal(Value a, Value b) {
    int budget = kMostElements;
    return equal_within(a, b, budget, kMostLevels);
}

} // namespace indent
