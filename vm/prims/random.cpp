// Random numbers that are a pure function of a seed and a count, so that a program's state is two integers: the
// n-th word is what SplitMix64 gives after n steps from the seed. Every platform gives the same.
#include "vm/interp/machine.h"
#include "vm/model/number.h"
#include "vm/prims/number_tables.h"
#include <random>

namespace indent {

namespace {

uint64_t mixed(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58'476D'1CE4'E5B9;
    z = (z ^ (z >> 27)) * 0x94D0'49BB'1331'11EB;
    return z ^ (z >> 31);
}

constexpr uint64_t kStep = 0x9E37'79B9'7F4A'7C15;

// Large seeds are folded; small ones stand for themselves.
uint64_t word_of(Value integer) {
    if (integer.is_integer()) return uint64_t(integer.as_integer());
    uint64_t word = big_is_negative(integer) ? 1 : 0;
    for (uint64_t limb : big_limbs(integer)) word = mixed((word ^ limb) + kStep);
    return word;
}

struct Draw {
    bool given = false;
    uint64_t word = 0;
    Value resumed;
};
Draw draw(Machine& vm, Value* args) {
    Draw result;
    for (int i : {1, 2})
        if (!is_any_integer(args[i])) {
            result.resumed = vm.wrong_type(args, i, "an Integer");
            return result;
        }
    result.given = true;
    result.word = mixed(word_of(args[1]) + kStep * word_of(args[2]));
    return result;
}

Value random_float(Machine& vm, Value* args) {
    Draw drawn = draw(vm, args);
    return drawn.given ? Value::floating(double(drawn.word >> 11) * 0x1p-53) : drawn.resumed;
}

// Each of 0 … limit - 1 is as likely as the others: words that would favour some are drawn anew.
Value random_below(Machine& vm, Value* args) {
    if (!args[3].is_integer() || args[3].as_integer() < 1)
        return vm.wrong_type(args, 3, "a positive Integer");
    Draw drawn = draw(vm, args);
    if (!drawn.given) return drawn.resumed;
    auto limit = uint64_t(args[3].as_integer());
    uint64_t favoured = -limit % limit; // 2^64 modulo the limit
    auto product = static_cast<unsigned __int128>(drawn.word) * limit;
    while (uint64_t(product) < favoured) {
        drawn.word = mixed(drawn.word + kStep);
        product = static_cast<unsigned __int128>(drawn.word) * limit;
    }
    return Value::integer(int64_t(product >> 64));
}

Value random_seed(Machine& vm, Value*) {
    if (vm.runtime.random_seed) // one thread: nobody else draws
        return Value::integer(int64_t(mixed((*vm.runtime.random_seed)++) & uint64_t(Value::kMaxInteger)));
    std::random_device device;
    return Value::integer(int64_t((uint64_t(device()) << 32 | device()) & uint64_t(Value::kMaxInteger)));
}

constexpr PrimitiveRow kRandomRows[] = {
    {"_random_float", 2, random_float},
    {"_random_below", 3, random_below},
    {"_random_seed", 0, random_seed, Effect::Input},
};

} // namespace

PrimitiveTable random_primitives() {
    return {"", kRandomRows};
}

} // namespace indent
