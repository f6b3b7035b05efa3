// Sorting lists. What is sorted is a permutation in C++ memory, never the list itself: a comparison may run
// any code, which may move cells and change the list, and the elements compared stand in a list of their own
// that nobody else has. Numbers are sorted as they are, since nothing moves them.
#include "vm/model/list.h"
#include "vm/model/number.h"
#include "vm/prims/collection_tables.h"
#include "vm/prims/merge_sort.h"
#include "vm/prims/sequence.h"

namespace indent {

namespace {

// args of all four: the list, then an order or key block; the private lists of elements and of keys stand
// here.
constexpr size_t kElements = 2;
constexpr size_t kKeys = 3;

double as_double(Value number) {
    return number.is_integer() ? double(number.as_integer()) : number.as_float();
}
bool number_before(Value a, Value b) {
    if (Value::both_integers(a, b)) return a.as_integer() < b.as_integer();
    return as_double(a) < as_double(b); // small integers are doubles without loss
}

bool all_numbers(Value list) {
    const Value* first = list_elements(list);
    return std::all_of(first, first + list_size(list),
                       [](Value v) { return v.is_integer() || v.is_float(); });
}

// The order of the language between keys i and j: numbers and texts here, all else by `<`.
bool natural_before(Machine& vm, uint32_t i, uint32_t j, Value* args) {
    Value a = list_get(args[kKeys], i), b = list_get(args[kKeys], j);
    if ((a.is_integer() || a.is_float()) && (b.is_integer() || b.is_float())) return number_before(a, b);
    if (is_text(a) && is_text(b)) return text_compare(a, b) < 0;
    return vm.truth(vm.send(a, sym::less, {b}, args), args);
}

// A block says whether a stands before b, or answers a number as `<=>` does.
bool block_before(Machine& vm, uint32_t i, uint32_t j, Value* args) {
    args[4] = vm.call(args[1], {list_get(args[kKeys], i), list_get(args[kKeys], j)}, args);
    if (args[4].is_integer()) return args[4].as_integer() < 0;
    return vm.truth(args[4], args);
}

std::vector<uint32_t> counting(size_t size) {
    std::vector<uint32_t> order(size);
    for (size_t i = 0; i < size; ++i) order[i] = uint32_t(i);
    return order;
}

// The elements of args[kElements] in the order of args[kKeys], as a new list.
Value sorted_list(Machine& vm, Value* args, bool by_block) {
    size_t size = list_size(args[kElements]);
    size_t steps = 0;
    if (!by_block && args[kElements] == args[kKeys] && all_numbers(args[kKeys])) {
        const Value* first = list_elements(args[kKeys]);
        std::vector<Value> numbers(first, first + size);
        merge_sort(numbers, [&](Value a, Value b) {
            poll_sometimes(vm, steps++, args);
            return number_before(a, b);
        });
        args[5] = vm.list(size, args);
        for (Value number : numbers) {
            args[6] = number;
            if (!list_add(vm, args[5], args[6], args + kPrimitiveFrame)) assert(false);
        }
        return args[5];
    }
    std::vector<uint32_t> order = counting(size);
    merge_sort(order, [&](uint32_t i, uint32_t j) {
        poll_sometimes(vm, steps++, args);
        return by_block ? block_before(vm, i, j, args) : natural_before(vm, i, j, args);
    });
    args[5] = vm.list(size, args);
    for (uint32_t i : order) {
        args[6] = list_get(args[kElements], i);
        if (!list_add(vm, args[5], args[6], args + kPrimitiveFrame)) assert(false);
    }
    return args[5];
}

void copy_elements(Machine& vm, Value* args) {
    args[kElements] = make_list_part(vm, args[0], 0, list_size(args[0]), args + kPrimitiveFrame);
}

// args[1]: nil for the natural order, or a block of two.
Value list_sorted(Machine& vm, Value* args) {
    copy_elements(vm, args);
    args[kKeys] = args[kElements];
    return sorted_list(vm, args, !args[1].is_nil());
}

// args[1]: a block from an element to its key, asked once for each.
Value list_sorted_by(Machine& vm, Value* args) {
    copy_elements(vm, args);
    size_t size = list_size(args[kElements]);
    args[kKeys] = vm.list(size, args);
    for (size_t i = 0; i < size; ++i) {
        args[4] = vm.call(args[1], {list_get(args[kElements], i)}, args);
        if (!list_add(vm, args[kKeys], args[4], args + kPrimitiveFrame)) assert(false);
    }
    return sorted_list(vm, args, false);
}

Value put_back(Machine& vm, Value* args, Value sorted) {
    args[5] = sorted;
    if (list_size(args[0]) != list_size(args[5]))
        return vm.fail("IterationError", "the List was changed while it was sorted", args);
    for (size_t i = 0, size = list_size(args[5]); i < size; ++i)
        if (!list_set(vm, args[0], i, list_get(args[5], i))) return vm.fail_frozen(args[0], args);
    return args[0];
}

Value list_sort(Machine& vm, Value* args) {
    if (args[0].cell()->is_frozen()) return vm.fail_frozen(args[0], args);
    return put_back(vm, args, list_sorted(vm, args));
}

Value list_sort_by(Machine& vm, Value* args) {
    if (args[0].cell()->is_frozen()) return vm.fail_frozen(args[0], args);
    return put_back(vm, args, list_sorted_by(vm, args));
}

constexpr PrimitiveRow kSortRows[] = {
    {"sorted", 1, list_sorted},
    {"sorted_by", 1, list_sorted_by},
    {"sort", 1, list_sort},
    {"sort_by", 1, list_sort_by},
};

} // namespace

PrimitiveTable sort_primitives() {
    return {"List", kSortRows};
}

} // namespace indent
