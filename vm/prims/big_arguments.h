// What the primitives of integers of any size share. Includes the large header of big integers.
#pragma once
#include "vm/model/big_integer.h"
#include "vm/prims/number_arguments.h"

namespace indent {

inline Poll poll_of(Machine& vm, Value* args) {
    return [&vm, args] { vm.poll(args); };
}

inline Value make(Machine& vm, const BigInteger& number, Value* args) {
    return make_integer(vm, number, args + kPrimitiveFrame);
}

// What would be longer than an Integer can be; nobody has computed it.
inline Value fail_too_large(Machine& vm, Value* args, const char* what) {
    return vm.fail("ArithmeticError",
                   std::string("the result of `") + what + "` would have more than " +
                       std::to_string(kMostIntegerBits) + " bits, the most that an Integer can have",
                   args);
}

} // namespace indent
