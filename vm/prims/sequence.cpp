#include "vm/prims/sequence.h"
#include "vm/model/array.h"
#include <charconv>

namespace indent {

void append_inspected(Machine& vm, std::string& out, Value value, Value* args) {
    if (value.is_integer()) {
        char digits[24];
        out.append(digits, std::to_chars(digits, digits + sizeof digits, value.as_integer()).ptr);
    } else {
        out += vm.inspect(value, args);
    }
    check_length(out);
}

bool frozen_part(Machine& vm, Value& slot, Value* args) {
    if (is_frozen(slot)) return true;
    Value answer = vm.send(slot, sym::frozen, {}, args);
    if (!is_frozen(answer)) {
        slot = vm.fail("ArgumentError",
                       vm.with_article(slot) + " answered `frozen` with what can still change", args);
        return false;
    }
    slot = answer;
    return true;
}

} // namespace indent
