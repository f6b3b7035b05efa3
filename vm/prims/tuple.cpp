// Tuples never change, so their elements need no second look after a call, only their address.
#include "vm/interp/visiting.h"
#include "vm/model/key.h"
#include "vm/model/list.h"
#include "vm/model/number.h"
#include "vm/prims/collection_tables.h"
#include "vm/prims/indexing.h"
#include "vm/prims/sequence.h"
#include <algorithm>

namespace indent {

namespace {

Value tuple_size_of(Machine&, Value* args) {
    return Value::integer(int64_t(tuple_size(args[0])));
}

Value tuple_at(Machine& vm, Value* args) {
    size_t size = tuple_size(args[0]), at;
    if (args[1].is_integer()) [[likely]] {
        if (resolve_index(args[1].as_integer(), size, at)) [[likely]]
            return tuple_get(args[0], at);
        return fail_index(vm, args, args[1], size);
    }
    if (is_big_integer(args[1])) return fail_index(vm, args, args[1], size);
    Slice slice;
    Value resumed;
    if (!resolve_slice(vm, args, size, slice, resumed)) return resumed;
    args[2] = make_list_of_tuple(vm, args[0], slice.from, slice.count, args + kPrimitiveFrame);
    return make_tuple_of_list(vm, args[2], args + kPrimitiveFrame);
}

Value tuple_each(Machine& vm, Value* args) {
    for (size_t i = 0, size = tuple_size(args[0]); i < size; ++i)
        vm.call(args[1], {tuple_get(args[0], i)}, args);
    return args[0];
}

Value tuple_to_list(Machine& vm, Value* args) {
    return make_list_of_tuple(vm, args[0], 0, tuple_size(args[0]), args + kPrimitiveFrame);
}

Value tuple_equal(Machine& vm, Value* args) {
    if (args[0] == args[1]) return Value::boolean(true);
    if (!is_tuple(args[1]) || tuple_size(args[0]) != tuple_size(args[1])) return Value::boolean(false);
    go_deeper(vm, args);
    for (size_t i = 0, size = tuple_size(args[0]); i < size; ++i) {
        poll_sometimes(vm, i, args);
        if (!vm.equals(tuple_get(args[0], i), tuple_get(args[1], i), args)) return Value::boolean(false);
    }
    return Value::boolean(true);
}

Value tuple_hash(Machine& vm, Value* args) {
    go_deeper(vm, args);
    HashSequence sequence(shape::kTuple);
    for (size_t i = 0, size = tuple_size(args[0]); i < size; ++i) {
        poll_sometimes(vm, i, args);
        sequence.add(vm.hash_of(tuple_get(args[0], i), args));
    }
    return hash_value(sequence.finish());
}

Value tuple_inspect(Machine& vm, Value* args) {
    if (Visiting::inside(vm, args[0])) return vm.text("(...)", args);
    go_deeper(vm, args);
    Visiting visiting(vm, args[0]);
    size_t size = tuple_size(args[0]);
    std::string out = "(";
    for (size_t i = 0; i < size; ++i) {
        poll_sometimes(vm, i, args);
        if (i > 0) out += ", ";
        append_inspected(vm, out, tuple_get(args[0], i), args);
    }
    out += size == 1 ? ",)" : ")";
    return vm.text(out, args);
}

// A tuple just made may stand in the old space, if it is large.
Value finish_tuple(Machine& vm, Value* args, Cell* made, size_t kept_before, const Value& value, size_t from,
                   bool with_value) {
    const Value* old = args[0].cell()->words();
    size_t size = tuple_size(args[0]);
    bool frozen = is_frozen(value);
    fill_new(vm, made, 0, old, kept_before);
    if (with_value) fill_new(vm, made, kept_before, &value, 1);
    fill_new(vm, made, kept_before + with_value, old + from, size - from);
    if (frozen && (args[0].cell()->is_frozen() ||
                   std::all_of(made->words(), made->words() + made->word_count(), is_frozen)))
        freeze_cell(made);
    return Value::cell(made);
}

// The place that args[1] names among `size`. False: an error was raised, and `resumed` is the answer.
bool place_argument(Machine& vm, Value* args, size_t size, size_t& at, Value& resumed) {
    if (args[1].is_integer() && resolve_index(args[1].as_integer(), size, at)) return true;
    resumed = args[1].is_integer() || is_big_integer(args[1])
                  ? fail_index(vm, args, args[1], tuple_size(args[0]))
                  : vm.wrong_type(args, 1, "an Integer");
    return false;
}

Value tuple_with(Machine& vm, Value* args) {
    size_t size = tuple_size(args[0]), at;
    Value resumed;
    if (!place_argument(vm, args, size, at, resumed)) return resumed;
    Cell* made = Heap::allocate(vm, shape::kTuple, uint16_t(size), args + kPrimitiveFrame);
    return finish_tuple(vm, args, made, at, args[2], at + 1, true);
}

Value tuple_with_inserted(Machine& vm, Value* args) {
    size_t size = tuple_size(args[0]), at;
    Value resumed;
    if (args[1] == Value::integer(int64_t(size)))
        at = size;
    else if (!place_argument(vm, args, size, at, resumed))
        return resumed;
    if (size >= kMaxTuple)
        return vm.fail("ArgumentError", "a Tuple has at most " + std::to_string(kMaxTuple) + " elements",
                       args);
    Cell* made = Heap::allocate(vm, shape::kTuple, uint16_t(size + 1), args + kPrimitiveFrame);
    return finish_tuple(vm, args, made, at, args[2], at, true);
}

Value tuple_without(Machine& vm, Value* args) {
    size_t size = tuple_size(args[0]), at;
    Value resumed;
    if (!place_argument(vm, args, size, at, resumed)) return resumed;
    Cell* made = Heap::allocate(vm, shape::kTuple, uint16_t(size - 1), args + kPrimitiveFrame);
    return finish_tuple(vm, args, made, at, Value::nil(), at + 1, false);
}

Value tuple_frozen(Machine& vm, Value* args) {
    if (args[0].cell()->is_frozen()) return args[0];
    if (Visiting::inside(vm, args[0]))
        return vm.fail("FrozenError", "a Tuple that contains itself cannot be frozen", args);
    go_deeper(vm, args);
    Visiting visiting(vm, args[0]);
    args[1] = tuple_to_list(vm, args);
    for (size_t i = 0, size = tuple_size(args[0]); i < size; ++i) {
        poll_sometimes(vm, i, args);
        args[2] = tuple_get(args[0], i);
        if (!frozen_part(vm, args[2], args)) return args[2];
        if (!list_set(vm, args[1], i, args[2])) assert(false);
    }
    return make_tuple_of_list(vm, args[1], args + kPrimitiveFrame);
}

Value tuple_is_frozen(Machine&, Value* args) {
    return Value::boolean(args[0].cell()->is_frozen());
}

constexpr PrimitiveRow kTupleRows[] = {
    {"size", 0, tuple_size_of},    {"at", 1, tuple_at},
    {"each", 1, tuple_each},       {"to_list", 0, tuple_to_list},
    {"==", 1, tuple_equal},        {"hash", 0, tuple_hash},
    {"with", 2, tuple_with},       {"with_inserted", 2, tuple_with_inserted},
    {"without", 1, tuple_without}, {"inspect", 0, tuple_inspect},
    {"frozen", 0, tuple_frozen},   {"frozen?", 0, tuple_is_frozen},
};

} // namespace

PrimitiveTable tuple_primitives() {
    return {"Tuple", kTupleRows};
}

} // namespace indent
