// Texts: what stands in them and where.
#include "vm/model/text_search.h"
#include "vm/model/text_buffer.h"
#include "vm/prims/text_arguments.h"
#include "vm/prims/text_tables.h"

namespace indent {

namespace {

Value text_includes(Machine& vm, Value* args) {
    if (!is_text(args[1])) return vm.wrong_type(args, 1, "a Text");
    return Value::boolean(find_text(view_text(args[0]), view_text(args[1]), 0) != kNotFound);
}

Value text_starts_with(Machine& vm, Value* args) {
    if (!is_text(args[1])) return vm.wrong_type(args, 1, "a Text");
    return Value::boolean(starts_with(view_text(args[0]), view_text(args[1])));
}

Value text_ends_with(Machine& vm, Value* args) {
    if (!is_text(args[1])) return vm.wrong_type(args, 1, "a Text");
    return Value::boolean(ends_with(view_text(args[0]), view_text(args[1])));
}

Value place(size_t found) {
    return found == kNotFound ? Value::nil() : Value::integer(int64_t(found));
}

// A place to begin at, from the end where it is negative; past either end is no error, only nothing to find.
size_t clamp_place(int64_t from, size_t length) {
    if (from < 0) from += int64_t(length);
    if (from < 0) return 0;
    return size_t(from) > length ? length + 1 : size_t(from);
}

Value text_index_of(Machine& vm, Value* args) {
    if (!is_text(args[1])) return vm.wrong_type(args, 1, "a Text");
    if (is_given(args[2]) && !args[2].is_integer()) return vm.wrong_type(args, 2, "an Integer");
    TextView text = view_text(args[0]);
    size_t from = is_given(args[2]) ? clamp_place(args[2].as_integer(), text.length) : 0;
    if (from > text.length) return Value::nil();
    return place(find_text(text, view_text(args[1]), from));
}

Value text_last_index_of(Machine& vm, Value* args) {
    if (!is_text(args[1])) return vm.wrong_type(args, 1, "a Text");
    TextView text = view_text(args[0]);
    return place(find_last_text(text, view_text(args[1]), text.length));
}

// How often the part stands in the text, places that overlap counted once.
Value text_occurrences(Machine& vm, Value* args) {
    if (!is_text(args[1])) return vm.wrong_type(args, 1, "a Text");
    if (view_text(args[1]).length == 0)
        return vm.fail("ArgumentError", "the empty Text stands everywhere", args);
    size_t count = 0, at = 0;
    for (size_t round = 0;; ++round) {
        poll_now_and_then(vm, round, args);
        TextView part = view_text(args[1]);
        at = find_text(view_text(args[0]), part, at);
        if (at == kNotFound) return Value::integer(int64_t(count));
        ++count;
        at += part.length;
    }
}

Value replace_up_to(Machine& vm, Value* args, size_t most) {
    if (!is_text(args[1])) return vm.wrong_type(args, 1, "a Text");
    if (!is_text(args[2])) return vm.wrong_type(args, 2, "a Text");
    if (view_text(args[1]).length == 0)
        return vm.fail("ArgumentError", "the empty Text cannot be replaced: it stands everywhere", args);
    TextBuffer result;
    size_t done = 0;
    for (size_t round = 0; round < most; ++round) {
        poll_now_and_then(vm, round, args);
        TextView text = view_text(args[0]), part = view_text(args[1]);
        size_t at = find_text(text, part, done);
        if (at == kNotFound) break;
        result.append(view_part(text, done, at));
        result.append(view_text(args[2]));
        done = at + part.length;
    }
    if (done == 0) return args[0];
    TextView text = view_text(args[0]);
    result.append(view_part(text, done, text.length));
    return result.finish(vm, args + kPrimitiveFrame);
}

Value text_replace(Machine& vm, Value* args) {
    return replace_up_to(vm, args, SIZE_MAX);
}
Value text_replace_first(Machine& vm, Value* args) {
    return replace_up_to(vm, args, 1);
}

constexpr PrimitiveRow kTextSearchRows[] = {
    {"includes?", 1, text_includes},
    {"starts_with?", 1, text_starts_with},
    {"ends_with?", 1, text_ends_with},
    {"index_of", 2, text_index_of},
    {"last_index_of", 1, text_last_index_of},
    {"occurrences", 1, text_occurrences},
    {"replace", 2, text_replace},
    {"replace_first", 2, text_replace_first},
};

} // namespace

PrimitiveTable text_search_primitives() {
    return {"Text", kTextSearchRows};
}

} // namespace indent
