// Texts taken apart: at separators, white space, line ends, clusters.
#include "vm/model/text_search.h"
#include "vm/model/unicode.h"
#include "vm/prims/text_arguments.h"
#include "vm/prims/text_tables.h"

namespace indent {

namespace {

// Lists are built in args[2], their elements in args[3].
constexpr int kList = 2;

Value split_at_space(Machine& vm, Value* args) {
    args[kList] = vm.list(8, args);
    size_t length = view_text(args[0]).length;
    for (size_t at = 0, round = 0; at < length; ++round) {
        poll_now_and_then(vm, round, args);
        TextView text = view_text(args[0]);
        while (at < length && unicode::is_space(text[at])) ++at;
        size_t begin = at;
        while (at < length && !unicode::is_space(text[at])) ++at;
        if (at > begin) add_part(vm, args, kList, begin, at);
    }
    return args[kList];
}

Value text_words(Machine& vm, Value* args) {
    return split_at_space(vm, args);
}

Value text_split(Machine& vm, Value* args) {
    if (!is_given(args[1])) return split_at_space(vm, args);
    if (!is_text(args[1])) return vm.wrong_type(args, 1, "a Text");
    if (view_text(args[1]).length == 0)
        return vm.fail("ArgumentError",
                       "split wants a separator that is not empty (`characters` takes all apart)", args);
    args[kList] = vm.list(8, args);
    for (size_t begin = 0, round = 0;; ++round) {
        poll_now_and_then(vm, round, args);
        TextView text = view_text(args[0]), separator = view_text(args[1]);
        size_t at = find_text(text, separator, begin), width = separator.length;
        if (at == kNotFound) {
            add_part(vm, args, kList, begin, text.length);
            return args[kList];
        }
        add_part(vm, args, kList, begin, at);
        begin = at + width;
    }
}

// Lines end with \n, \r\n or \r; what ends the text begins no further one.
Value text_lines(Machine& vm, Value* args) {
    args[kList] = vm.list(8, args);
    size_t length = view_text(args[0]).length;
    for (size_t begin = 0, round = 0; begin < length; ++round) {
        poll_now_and_then(vm, round, args);
        TextView text = view_text(args[0]);
        size_t end = begin;
        while (end < length && text[end] != '\n' && text[end] != '\r') ++end;
        size_t next = end + 1;
        if (end + 1 < length && text[end] == '\r' && text[end + 1] == '\n') ++next;
        add_part(vm, args, kList, begin, end);
        begin = next;
    }
    return args[kList];
}

Value text_graphemes(Machine& vm, Value* args) {
    args[kList] = vm.list(8, args);
    size_t length = view_text(args[0]).length, begin = 0;
    unicode::Clusters clusters;
    for (size_t i = 0; i < length; ++i) {
        poll_now_and_then(vm, i, args);
        if (!clusters.begins(view_text(args[0])[i]) || i == 0) continue;
        add_part(vm, args, kList, begin, i);
        begin = i;
    }
    if (begin < length) add_part(vm, args, kList, begin, length);
    return args[kList];
}

enum Sides { kStart = 1, kEnd = 2 };

Value trim(Machine& vm, Value* args, int sides) {
    TextView text = view_text(args[0]);
    size_t from = 0, to = text.length;
    if (sides & kStart)
        while (from < to && unicode::is_space(text[from])) ++from;
    if (sides & kEnd)
        while (to > from && unicode::is_space(text[to - 1])) --to;
    if (from == 0 && to == text.length) return args[0];
    return make_text_part(vm, args[0], from, to, args + kPrimitiveFrame);
}

Value text_trim(Machine& vm, Value* args) {
    return trim(vm, args, kStart | kEnd);
}
Value text_trim_start(Machine& vm, Value* args) {
    return trim(vm, args, kStart);
}
Value text_trim_end(Machine& vm, Value* args) {
    return trim(vm, args, kEnd);
}

constexpr PrimitiveRow kTextSplitRows[] = {
    {"split", 1, text_split},         {"words", 0, text_words}, {"lines", 0, text_lines},
    {"graphemes", 0, text_graphemes}, {"trim", 0, text_trim},   {"trim_start", 0, text_trim_start},
    {"trim_end", 0, text_trim_end},
};

} // namespace

PrimitiveTable text_split_primitives() {
    return {"Text", kTextSplitRows};
}

} // namespace indent
