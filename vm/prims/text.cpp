// Texts: their code points, their order, putting them together.
#include "vm/model/key.h"
#include "vm/model/number.h"
#include "vm/model/text_literal.h"
#include "vm/prims/indexing.h"
#include "vm/prims/text_tables.h"

namespace indent {

namespace {

Value* top_of(Value* args) {
    return args + kPrimitiveFrame;
}

Value one_character(Machine& vm, Value* args, size_t at) {
    TextView view = view_text(args[0]);
    if (view.width == 1) {
        uint8_t c = view.data[at];
        Value text;
        *make_text_room(vm, 1, 1, text, top_of(args)) = c;
        return text;
    }
    return make_text_part(vm, args[0], at, at + 1, top_of(args));
}

Value text_size(Machine&, Value* args) {
    return Value::integer(int64_t(view_text(args[0]).length));
}

Value text_at(Machine& vm, Value* args) {
    if (args[1].is_integer()) {
        size_t size = view_text(args[0]).length, at;
        if (!resolve_index(args[1].as_integer(), size, at)) return fail_index(vm, args, args[1], size);
        return one_character(vm, args, at);
    }
    if (is_big_integer(args[1])) return fail_index(vm, args, args[1], view_text(args[0]).length);
    Slice slice;
    Value resumed;
    if (!resolve_slice(vm, args, view_text(args[0]).length, slice, resumed)) return resumed;
    return make_text_part(vm, args[0], slice.from, slice.from + slice.count, top_of(args));
}

Value text_plus(Machine& vm, Value* args) {
    if (!is_text(args[1])) return vm.wrong_type(args, 1, "a Text (`x.to_text` is one, and \"{x}\")");
    return make_text_joined(vm, args[0], args[1], top_of(args));
}

Value text_repeated(Machine& vm, Value* args) {
    if (is_big_integer(args[1]) && !integer_is_negative(args[1])) throw OutOfMemory{SIZE_MAX};
    size_t count = 0;
    Value resumed;
    if (!count_argument(vm, args, 1, count, resumed)) return resumed;
    TextView view = view_text(args[0]);
    if (count == 1) return args[0];
    if (count == 0 || view.length == 0) return vm.text("", args);
    size_t length;
    if (__builtin_mul_overflow(view.length, count, &length)) throw OutOfMemory{SIZE_MAX};
    Value result;
    uint8_t* to = make_text_room(vm, length, view.width, result, top_of(args));
    view = view_text(args[0]);
    size_t bytes = view.length * size_t(view.width);
    for (size_t i = 0; i < count; ++i) copy_text(to + i * bytes, view.width, view);
    return result;
}

Value text_is_equal(Machine&, Value* args) {
    return Value::boolean(is_text(args[1]) && text_equal(args[0], args[1]));
}

template <class Decide>
Value compare(Machine& vm, Value* args, Decide decide) {
    if (!is_text(args[1])) return vm.wrong_type(args, 1, "a Text");
    return decide(text_compare(args[0], args[1]));
}
Value text_less(Machine& vm, Value* args) {
    return compare(vm, args, [](int order) { return Value::boolean(order < 0); });
}
Value text_less_equal(Machine& vm, Value* args) {
    return compare(vm, args, [](int order) { return Value::boolean(order <= 0); });
}
Value text_greater(Machine& vm, Value* args) {
    return compare(vm, args, [](int order) { return Value::boolean(order > 0); });
}
Value text_greater_equal(Machine& vm, Value* args) {
    return compare(vm, args, [](int order) { return Value::boolean(order >= 0); });
}
Value text_compare_to(Machine& vm, Value* args) {
    return compare(vm, args, [](int order) { return Value::integer(order < 0 ? -1 : order > 0 ? 1 : 0); });
}

Value text_hash_of(Machine&, Value* args) {
    return hash_value(text_hash(args[0]));
}

Value text_to_text(Machine&, Value* args) {
    return args[0];
}

Value text_inspect(Machine& vm, Value* args) {
    std::string quoted;
    append_quoted(quoted, view_text(args[0]));
    return vm.text(quoted, args);
}

Value text_to_symbol(Machine& vm, Value* args) {
    return vm.symbol(text_utf8(args[0]));
}

Value text_code(Machine& vm, Value* args) {
    TextView view = view_text(args[0]);
    if (view.length == 0) return vm.fail("ArgumentError", "an empty Text has no code", args);
    return Value::integer(int64_t(view[0]));
}

// Appends integers to the list in args[2].
template <class At>
Value integers(Machine& vm, Value* args, size_t count, At at) {
    args[2] = vm.list(count, args);
    for (size_t i = 0; i < count; ++i) {
        if ((i & 1023) == 1023) vm.poll(args);
        args[3] = Value::integer(int64_t(at(i)));
        if (!list_add(vm, args[2], args[3], top_of(args))) assert(false);
    }
    return args[2];
}

Value text_code_points(Machine& vm, Value* args) {
    return integers(vm, args, view_text(args[0]).length, [&](size_t i) { return view_text(args[0])[i]; });
}

Value text_bytes(Machine& vm, Value* args) {
    std::string utf8 = text_utf8(args[0]);
    return integers(vm, args, utf8.size(), [&](size_t i) { return uint8_t(utf8[i]); });
}

Value text_byte_size(Machine&, Value* args) {
    TextView view = view_text(args[0]);
    size_t bytes = view.length;
    for (size_t i = 0; i < view.length; ++i) {
        char32_t c = view[i];
        bytes += size_t(c >= 0x80) + size_t(c >= 0x800) + size_t(c >= 0x10000);
    }
    return Value::integer(int64_t(bytes));
}

Value text_characters(Machine& vm, Value* args) {
    size_t count = view_text(args[0]).length;
    args[1] = vm.list(count, args);
    for (size_t i = 0; i < count; ++i) {
        if ((i & 1023) == 1023) vm.poll(args);
        args[2] = one_character(vm, args, i);
        if (!list_add(vm, args[1], args[2], top_of(args))) assert(false);
    }
    return args[1];
}

constexpr PrimitiveRow kTextRows[] = {
    {"size", 0, text_size},
    {"at", 1, text_at},
    {"+", 1, text_plus},
    {"*", 1, text_repeated},
    {"==", 1, text_is_equal},
    {"<", 1, text_less},
    {"<=", 1, text_less_equal},
    {">", 1, text_greater},
    {">=", 1, text_greater_equal},
    {"compare", 1, text_compare_to},
    {"hash", 0, text_hash_of},
    {"to_text", 0, text_to_text},
    {"inspect", 0, text_inspect},
    {"to_symbol", 0, text_to_symbol},
    {"code", 0, text_code},
    {"code_points", 0, text_code_points},
    {"bytes", 0, text_bytes},
    {"byte_size", 0, text_byte_size},
    {"characters", 0, text_characters},
};

} // namespace

PrimitiveTable text_primitives() {
    return {"Text", kTextRows};
}

} // namespace indent
