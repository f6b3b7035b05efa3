// Lists. Whatever calls Indent code looks at the size again afterwards: the code may have changed the list.
#include "vm/model/list.h"
#include "vm/interp/visiting.h"
#include "vm/model/key.h"
#include "vm/model/number.h"
#include "vm/prims/collection_tables.h"
#include "vm/prims/indexing.h"
#include "vm/prims/sequence.h"
#include <algorithm>

namespace indent {

namespace {

Value fail_empty(Machine& vm, Value* args, const char* what) {
    return vm.fail("IndexError", std::string("an empty List has no ") + what, args);
}

// args[1] is no small integer: a large one names no place in any list.
Value fail_place(Machine& vm, Value* args) {
    if (is_big_integer(args[1])) return fail_index(vm, args, args[1], list_size(args[0]));
    return vm.wrong_type(args, 1, "an Integer");
}

// ---- making

Value list_class_new(Machine& vm, Value* args) {
    return vm.list(0, args);
}

Value list_class_filled(Machine& vm, Value* args) {
    size_t size;
    Value resumed;
    if (!count_argument(vm, args, 1, size, resumed)) return resumed;
    args[3] = vm.list(size, args);
    if (!list_resize(vm, args[3], size, args[2], args + kPrimitiveFrame)) assert(false);
    return args[3];
}

Value list_copy(Machine& vm, Value* args) {
    return make_list_part(vm, args[0], 0, list_size(args[0]), args + kPrimitiveFrame);
}

Value list_plus(Machine& vm, Value* args) {
    if (!is_list(args[1])) return vm.wrong_type(args, 1, "a List");
    args[2] = vm.list(list_size(args[0]) + list_size(args[1]), args);
    if (!list_append(vm, args[2], args[0], args + kPrimitiveFrame) ||
        !list_append(vm, args[2], args[1], args + kPrimitiveFrame))
        assert(false);
    return args[2];
}

// ---- elements

Value list_size_of(Machine&, Value* args) {
    return Value::integer(int64_t(list_size(args[0])));
}

Value list_at(Machine& vm, Value* args) {
    size_t size = list_size(args[0]), at;
    if (args[1].is_integer()) [[likely]] {
        if (resolve_index(args[1].as_integer(), size, at)) [[likely]]
            return list_get(args[0], at);
        return fail_index(vm, args, args[1], size);
    }
    if (is_big_integer(args[1])) return fail_index(vm, args, args[1], size);
    Slice slice;
    Value resumed;
    if (!resolve_slice(vm, args, size, slice, resumed)) return resumed;
    return make_list_part(vm, args[0], slice.from, slice.count, args + kPrimitiveFrame);
}

Value list_at_put(Machine& vm, Value* args) {
    if (!args[1].is_integer()) return fail_place(vm, args);
    size_t at;
    if (!resolve_index(args[1].as_integer(), list_size(args[0]), at))
        return fail_index(vm, args, args[1], list_size(args[0]));
    if (!list_set(vm, args[0], at, args[2])) return vm.fail_frozen(args[0], args);
    return args[2];
}

Value list_add_value(Machine& vm, Value* args) {
    if (!list_add(vm, args[0], args[1], args + kPrimitiveFrame)) return vm.fail_frozen(args[0], args);
    return args[1];
}

Value list_add_list(Machine& vm, Value* args) {
    if (!is_list(args[1])) return vm.wrong_type(args, 1, "a List");
    if (!list_append(vm, args[0], args[1], args + kPrimitiveFrame)) return vm.fail_frozen(args[0], args);
    return args[0];
}

Value list_insert_value(Machine& vm, Value* args) {
    if (!args[1].is_integer()) return fail_place(vm, args);
    size_t size = list_size(args[0]), at;
    // The place after the last is one too, and -1 stands before the last element.
    if (args[1].as_integer() == int64_t(size))
        at = size;
    else if (!resolve_index(args[1].as_integer(), size, at))
        return fail_index(vm, args, args[1], size);
    if (!list_insert(vm, args[0], at, args[2], args + kPrimitiveFrame)) return vm.fail_frozen(args[0], args);
    return args[2];
}

Value remove_element(Machine& vm, Value* args, size_t at) {
    args[2] = list_get(args[0], at);
    if (!list_remove(vm, args[0], at)) return vm.fail_frozen(args[0], args);
    return args[2];
}

Value list_remove_at(Machine& vm, Value* args) {
    if (!args[1].is_integer()) return fail_place(vm, args);
    size_t at;
    if (!resolve_index(args[1].as_integer(), list_size(args[0]), at))
        return fail_index(vm, args, args[1], list_size(args[0]));
    return remove_element(vm, args, at);
}

Value list_remove_last(Machine& vm, Value* args) {
    size_t size = list_size(args[0]);
    if (size == 0) return fail_empty(vm, args, "last element to remove");
    return remove_element(vm, args, size - 1);
}

Value list_remove_first(Machine& vm, Value* args) {
    if (list_size(args[0]) == 0) return fail_empty(vm, args, "first element to remove");
    return remove_element(vm, args, 0);
}

Value list_clear(Machine& vm, Value* args) {
    if (!list_resize(vm, args[0], 0, Value::nil(), args + kPrimitiveFrame))
        return vm.fail_frozen(args[0], args);
    return args[0];
}

Value list_fill(Machine& vm, Value* args) {
    if (args[0].cell()->is_frozen()) return vm.fail_frozen(args[0], args);
    size_t size = list_size(args[0]);
    Cell* storage = list_storage(args[0]);
    if (size > 0 && !may_change(vm, storage, 1, size)) return vm.fail_frozen(args[0], args);
    std::fill_n(storage->words() + 1, size, args[1]);
    return args[0];
}

Value list_reverse(Machine& vm, Value* args) {
    if (args[0].cell()->is_frozen()) return vm.fail_frozen(args[0], args);
    size_t size = list_size(args[0]);
    Cell* storage = list_storage(args[0]);
    if (size == 0 || !may_change(vm, storage, 1, size)) return args[0];
    std::reverse(storage->words() + 1, storage->words() + 1 + size);
    return args[0];
}

// Elements for which the block answers true leave, in one pass. If the block changes the list, what it did
// stands and the rest of the pass works on what is there.
Value list_remove_where(Machine& vm, Value* args) {
    if (args[0].cell()->is_frozen()) return vm.fail_frozen(args[0], args);
    args[2] = vm.list(0, args); // what stays
    for (size_t i = 0; i < list_size(args[0]); ++i) {
        args[3] = list_get(args[0], i);
        args[4] = vm.call(args[1], {args[3]}, args);
        if (!vm.truth(args[4], args) && !list_add(vm, args[2], args[3], args + kPrimitiveFrame))
            assert(false);
    }
    if (!list_resize(vm, args[0], 0, Value::nil(), args + kPrimitiveFrame) ||
        !list_append(vm, args[0], args[2], args + kPrimitiveFrame))
        return vm.fail_frozen(args[0], args);
    return args[0];
}

// ---- looking

Value list_each(Machine& vm, Value* args) {
    for (size_t i = 0; i < list_size(args[0]); ++i) vm.call(args[1], {list_get(args[0], i)}, args);
    return args[0];
}

// The first place at or after `from` of what equals args[1]; size if there is none.
size_t find_place(Machine& vm, Value* args) {
    size_t i = 0;
    for (; i < list_size(args[0]); ++i) {
        poll_sometimes(vm, i, args);
        if (i >= list_size(args[0])) break;
        Value element = list_get(args[0], i);
        if (element == args[1] && !element.is_float()) return i;
        if (vm.equals(element, args[1], args)) return i;
    }
    return SIZE_MAX;
}

Value list_index_of(Machine& vm, Value* args) {
    size_t at = find_place(vm, args);
    return at == SIZE_MAX ? Value::nil() : Value::integer(int64_t(at));
}

Value list_includes(Machine& vm, Value* args) {
    return Value::boolean(find_place(vm, args) != SIZE_MAX);
}

Value list_equal(Machine& vm, Value* args) {
    if (args[0] == args[1]) return Value::boolean(true);
    if (!is_list(args[1])) return Value::boolean(false);
    go_deeper(vm, args);
    for (size_t i = 0;; ++i) {
        poll_sometimes(vm, i, args);
        if (list_size(args[0]) != list_size(args[1])) return Value::boolean(false);
        if (i >= list_size(args[0])) return Value::boolean(true);
        if (!vm.equals(list_get(args[0], i), list_get(args[1], i), args)) return Value::boolean(false);
    }
}

Value list_hash(Machine& vm, Value* args) {
    if (!args[0].cell()->is_frozen())
        return vm.fail("ArgumentError", "a List that can change has no hash: use a tuple, or .frozen", args);
    go_deeper(vm, args);
    HashSequence sequence(shape::kList);
    for (size_t i = 0, size = list_size(args[0]); i < size; ++i) {
        poll_sometimes(vm, i, args);
        sequence.add(vm.hash_of(list_get(args[0], i), args));
    }
    return hash_value(sequence.finish());
}

// ---- text

Value list_inspect(Machine& vm, Value* args) {
    if (Visiting::inside(vm, args[0])) return vm.text("[...]", args);
    go_deeper(vm, args);
    Visiting visiting(vm, args[0]);
    std::string out = "[";
    for (size_t i = 0; i < list_size(args[0]); ++i) {
        poll_sometimes(vm, i, args);
        if (i >= list_size(args[0])) break;
        if (i > 0) out += ", ";
        append_inspected(vm, out, list_get(args[0], i), args);
    }
    out += "]";
    return vm.text(out, args);
}

Value list_join(Machine& vm, Value* args) {
    if (!is_text(args[1])) return vm.wrong_type(args, 1, "a Text");
    std::string separator = text_utf8(args[1]);
    std::string out;
    for (size_t i = 0; i < list_size(args[0]); ++i) {
        poll_sometimes(vm, i, args);
        if (i >= list_size(args[0])) break;
        if (i > 0) out += separator;
        Value element = list_get(args[0], i);
        out += is_text(element) ? text_utf8(element) : vm.to_text(element, args);
        check_length(out);
    }
    return vm.text(out, args);
}

// ---- shapes of lists

// Appends the elements of `source`, those of lists inside it one by one, to the list in args[2].
void flatten_into(Machine& vm, Value source, int64_t levels, Value* args) {
    Rooted list(vm, source);
    go_deeper(vm, args);
    for (size_t i = 0; i < list_size(list); ++i) {
        poll_sometimes(vm, i, args);
        if (i >= list_size(list)) break;
        args[3] = list_get(list, i);
        if (is_list(args[3]) && levels > 0)
            flatten_into(vm, args[3], levels - 1, args);
        else if (!list_add(vm, args[2], args[3], args + kPrimitiveFrame))
            assert(false);
    }
}

Value list_flatten(Machine& vm, Value* args) {
    size_t levels = size_t(Value::kMaxInteger);
    Value resumed;
    if (!args[1].is_nil() && !count_argument(vm, args, 1, levels, resumed)) return resumed;
    args[2] = vm.list(list_size(args[0]), args);
    flatten_into(vm, args[0], int64_t(levels), args);
    return args[2];
}

Value list_to_tuple(Machine& vm, Value* args) {
    size_t size = list_size(args[0]);
    if (size > kMaxTuple)
        return vm.fail("ArgumentError",
                       "a Tuple holds at most " + std::to_string(kMaxTuple) + " elements, not " +
                           std::to_string(size),
                       args);
    return make_tuple_of_list(vm, args[0], args + kPrimitiveFrame);
}

// ---- freezing

Value list_frozen(Machine& vm, Value* args) {
    if (args[0].cell()->is_frozen()) return args[0];
    if (Visiting::inside(vm, args[0]))
        return vm.fail("FrozenError", "a List that contains itself cannot be frozen", args);
    go_deeper(vm, args);
    Visiting visiting(vm, args[0]);
    args[1] = vm.list(list_size(args[0]), args);
    for (size_t i = 0; i < list_size(args[0]); ++i) {
        poll_sometimes(vm, i, args);
        if (i >= list_size(args[0])) break;
        args[2] = list_get(args[0], i);
        if (!frozen_part(vm, args[2], args)) return args[2];
        if (!list_add(vm, args[1], args[2], args + kPrimitiveFrame)) assert(false);
    }
    list_freeze(vm, args[1]);
    return args[1];
}

Value list_is_frozen(Machine&, Value* args) {
    return Value::boolean(args[0].cell()->is_frozen());
}

constexpr PrimitiveRow kListRows[] = {
    {"size", 0, list_size_of},
    {"at", 1, list_at},
    {"at_put", 2, list_at_put},
    {"add", 1, list_add_value},
    {"append_list", 1, list_add_list},
    {"insert", 2, list_insert_value},
    {"remove_at", 1, list_remove_at},
    {"remove_last", 0, list_remove_last},
    {"remove_first", 0, list_remove_first},
    {"remove_where", 1, list_remove_where},
    {"clear", 0, list_clear},
    {"fill", 1, list_fill},
    {"reverse", 0, list_reverse},
    {"each", 1, list_each, Effect::Pure, Control::ListEach},
    {"copy", 0, list_copy},
    {"+", 1, list_plus},
    {"index_of", 1, list_index_of},
    {"includes?", 1, list_includes},
    {"==", 1, list_equal},
    {"hash", 0, list_hash},
    {"inspect", 0, list_inspect},
    {"join", 1, list_join},
    {"flatten", 1, list_flatten},
    {"to_tuple", 0, list_to_tuple},
    {"frozen", 0, list_frozen},
    {"frozen?", 0, list_is_frozen},
};

constexpr PrimitiveRow kListClassRows[] = {
    {"new", 0, list_class_new},
    {"filled", 2, list_class_filled},
};

} // namespace

PrimitiveTable list_primitives() {
    return {"List", kListRows};
}
PrimitiveTable list_class_primitives() {
    return {"List class", kListClassRows};
}

} // namespace indent
