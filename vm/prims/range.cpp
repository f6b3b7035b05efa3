// Ranges of small integers are counted by the machine; all others by what their ends answer to `<=`, `+` and
// `-`.
#include "vm/model/range.h"
#include "vm/interp/range_ends.h"
#include "vm/model/key.h"
#include "vm/model/list.h"
#include "vm/model/number.h"
#include "vm/prims/collection_tables.h"
#include "vm/prims/sequence.h"

namespace indent {

namespace {

Value range_class_new(Machine& vm, Value* args) {
    if (!args[3].is_boolean()) return vm.wrong_type(args, 3, "true or false");
    if (!may_end_range(vm, args[1], args[2])) return fail_range(vm, args[1], args[2], args);
    return make_range(vm, args[1], args[2], args[3].is_true(), args + kPrimitiveFrame);
}

Value range_low_of(Machine&, Value* args) {
    return range_low(args[0]);
}
Value range_high_of(Machine&, Value* args) {
    return range_high(args[0]);
}
Value range_is_exclusive(Machine&, Value* args) {
    return Value::boolean(range_exclusive(args[0]));
}

bool of_integers(Value range) {
    return is_any_integer(range_low(range)) && is_any_integer(range_high(range));
}

Value fail_walk(Machine& vm, Value* args) {
    return vm.fail("ArgumentError",
                   "the Range " + vm.inspect(args[0], args) +
                       " has no elements to count, for its ends are not Integers: use `step`",
                   args);
}

Value range_size(Machine& vm, Value* args) {
    if (range_is_small(args[0])) {
        int64_t size = range_end(args[0]) - range_low(args[0]).as_integer();
        return vm.integer(size < 0 ? 0 : size, args);
    }
    if (!of_integers(args[0])) return fail_walk(vm, args);
    args[1] = vm.send(range_high(args[0]), sym::minus, {range_low(args[0])}, args);
    if (!range_exclusive(args[0])) args[1] = vm.send(args[1], sym::plus, {Value::integer(1)}, args);
    return vm.truth(vm.send(args[1], sym::less, {Value::integer(0)}, args), args) ? Value::integer(0)
                                                                                  : args[1];
}

Value range_each(Machine& vm, Value* args) {
    if (range_is_small(args[0])) {
        int64_t end = range_end(args[0]);
        for (int64_t i = range_low(args[0]).as_integer(); i < end; ++i)
            vm.call(args[1], {Value::integer(i)}, args);
        return args[0];
    }
    if (!of_integers(args[0])) return fail_walk(vm, args);
    args[2] = range_low(args[0]);
    SymbolId within = range_exclusive(args[0]) ? sym::less : sym::less_equal;
    while (vm.truth(vm.send(args[2], within, {range_high(args[0])}, args), args)) {
        vm.call(args[1], {args[2]}, args);
        args[2] = vm.send(args[2], sym::plus, {Value::integer(1)}, args);
    }
    return args[0];
}

Value range_to_list(Machine& vm, Value* args) {
    if (!range_is_small(args[0])) {
        if (!of_integers(args[0])) return fail_walk(vm, args);
        // As many elements as fit in memory are never that far apart from zero without these sends.
        args[1] = vm.list(0, args);
        args[2] = range_low(args[0]);
        SymbolId within = range_exclusive(args[0]) ? sym::less : sym::less_equal;
        while (vm.truth(vm.send(args[2], within, {range_high(args[0])}, args), args)) {
            if (!list_add(vm, args[1], args[2], args + kPrimitiveFrame)) assert(false);
            args[2] = vm.send(args[2], sym::plus, {Value::integer(1)}, args);
        }
        return args[1];
    }
    int64_t low = range_low(args[0]).as_integer(), end = range_end(args[0]);
    size_t size = end > low ? size_t(end - low) : 0;
    args[1] = vm.list(size, args);
    for (size_t i = 0; i < size; ++i) {
        args[2] = Value::integer(low + int64_t(i));
        if (!list_add(vm, args[1], args[2], args + kPrimitiveFrame)) assert(false);
        poll_sometimes(vm, i, args);
    }
    return args[1];
}

// What lies between the ends, whole number or not. What can not be compared with them does not.
Value range_includes(Machine& vm, Value* args) {
    Value value = args[1];
    if (Value::both_integers(value, range_low(args[0])) && range_high(args[0]).is_integer())
        return Value::boolean(value.as_integer() >= range_low(args[0]).as_integer() &&
                              value.as_integer() < range_end(args[0]));
    // Numbers lie among numbers, texts among texts; objects answer for themselves.
    bool ends_are_text = is_text(range_low(args[0])),
         ends_are_numbers = is_any_integer(range_low(args[0])) || range_low(args[0]).is_float();
    bool is_number = is_any_integer(value) || value.is_float();
    bool is_built_in = shape_of(value) < shape::kFirstFree;
    if (is_built_in && ((ends_are_text && !is_text(value)) || (ends_are_numbers && !is_number)))
        return Value::boolean(false);
    if (!vm.truth(vm.send(range_low(args[0]), sym::less_equal, {args[1]}, args), args))
        return Value::boolean(false);
    SymbolId within = range_exclusive(args[0]) ? sym::less : sym::less_equal;
    return Value::boolean(vm.truth(vm.send(args[1], within, {range_high(args[0])}, args), args));
}

Value range_equal(Machine& vm, Value* args) {
    if (args[0] == args[1]) return Value::boolean(true);
    if (!is_range(args[1]) || range_exclusive(args[0]) != range_exclusive(args[1]))
        return Value::boolean(false);
    go_deeper(vm, args);
    return Value::boolean(vm.equals(range_low(args[0]), range_low(args[1]), args) &&
                          vm.equals(range_high(args[0]), range_high(args[1]), args));
}

Value range_hash(Machine& vm, Value* args) {
    go_deeper(vm, args);
    HashSequence sequence(shape::kRange);
    for (size_t i = 0; i < 3; ++i) sequence.add(vm.hash_of((*args[0].cell())[i], args));
    return hash_value(sequence.finish());
}

Value range_inspect(Machine& vm, Value* args) {
    go_deeper(vm, args);
    std::string out;
    append_inspected(vm, out, range_low(args[0]), args);
    out += range_exclusive(args[0]) ? "..<" : "..";
    append_inspected(vm, out, range_high(args[0]), args);
    return vm.text(out, args);
}

constexpr PrimitiveRow kRangeRows[] = {
    {"low", 0, range_low_of},
    {"high", 0, range_high_of},
    {"exclusive?", 0, range_is_exclusive},
    {"size", 0, range_size},
    {"each", 1, range_each, Effect::Pure, Control::RangeEach},
    {"to_list", 0, range_to_list},
    {"includes?", 1, range_includes},
    {"==", 1, range_equal},
    {"hash", 0, range_hash},
    {"inspect", 0, range_inspect},
};
constexpr PrimitiveRow kRangeClassRows[] = {{"new", 3, range_class_new}};

} // namespace

PrimitiveTable range_primitives() {
    return {"Range", kRangeRows};
}
PrimitiveTable range_class_primitives() {
    return {"Range class", kRangeClassRows};
}

} // namespace indent
