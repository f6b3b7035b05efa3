#include "vm/prims/indexing.h"
#include "vm/model/number.h"

namespace indent {

Value fail_index(Machine& vm, Value* args, Value index, size_t size) {
    std::string message = "index " + vm.inspect(index, args) + " is outside " + vm.with_article(args[0]);
    if (size == 0)
        message += " without elements";
    else if (size == 1)
        message += " of one element (0, or -1)";
    else
        message += " of " + std::to_string(size) + " elements (0 to " + std::to_string(size - 1) + ", or -" +
                   std::to_string(size) + " to -1)";
    return vm.fail("IndexError", message, args);
}

bool resolve_slice(Machine& vm, Value* args, size_t size, Slice& slice, Value& resumed) {
    Value range = args[1];
    if (!has_shape(range, shape::kRange)) {
        resumed = vm.wrong_type(args, 1, "an Integer or a Range");
        return false;
    }
    Value low = (*range.cell())[0], high = (*range.cell())[1];
    if (is_any_integer(low) && is_any_integer(high) && !Value::both_integers(low, high)) {
        resumed = fail_index(vm, args, range, size);
        return false;
    }
    if (!Value::both_integers(low, high)) {
        resumed = vm.wrong_type(args, 1, "a Range of Integers");
        return false;
    }
    int64_t length = int64_t(size);
    int64_t from = low.as_integer(), to = high.as_integer(); // [from, to)
    if (from < 0) from += length;
    if (to < 0) to += length;
    if (!(*range.cell())[2].is_true()) ++to;
    // A range that ends where it begins, or before, names no elements; it must still begin within reach.
    bool ends_well = to <= length || to <= from;
    if (from < 0 || from > length || !ends_well) {
        resumed = fail_index(vm, args, range, size);
        return false;
    }
    slice.from = size_t(from);
    slice.count = to > from ? size_t(to - from) : 0;
    return true;
}

bool count_argument(Machine& vm, Value* args, int i, size_t& count, Value& resumed) {
    if (args[i].is_integer() && args[i].as_integer() >= 0) {
        count = size_t(args[i].as_integer());
        return true;
    }
    resumed = vm.wrong_type(args, i, "an Integer that is not negative");
    return false;
}

} // namespace indent
