// What may stand at the ends of a range: two numbers, two texts, two of anything that has an order.
#pragma once
#include "vm/interp/machine.h"

namespace indent {

inline bool may_end_range(const Machine& vm, Value low, Value high) {
    if (Value::both_integers(low, high)) [[likely]]
        return true;
    return is_text(low) == is_text(high) && vm.understands(low, sym::less) && vm.understands(high, sym::less);
}

inline Value fail_range(Machine& vm, Value low, Value high, Value* args) {
    std::string what = vm.with_article(low) + " and " + vm.with_article(high);
    return vm.fail("ArgumentError",
                   "the ends of a range need one order for both, which " + what + " have not", args);
}

} // namespace indent
