// Texts: brought to a width, turned round, changed at a place.
#include "vm/model/number.h"
#include "vm/model/text_buffer.h"
#include "vm/model/unicode.h"
#include "vm/prims/indexing.h"
#include "vm/prims/text_arguments.h"
#include "vm/prims/text_tables.h"
#include <algorithm>

namespace indent {

namespace {

// Fills `count` places with the text, over and over.
uint8_t* fill(uint8_t* to, int width, TextView with, size_t count) {
    while (count > 0) {
        size_t now = std::min(count, with.length);
        copy_text(to, width, view_part(with, 0, now));
        to += now * size_t(width);
        count -= now;
    }
    return to;
}

// What of the missing places goes to the left.
Value pad(Machine& vm, Value* args, size_t (*left_of)(size_t missing)) {
    if (is_big_integer(args[1]) && !integer_is_negative(args[1])) throw OutOfMemory{SIZE_MAX};
    size_t width = 0;
    Value resumed;
    if (!count_argument(vm, args, 1, width, resumed)) return resumed;
    if (!is_text(args[2]) || view_text(args[2]).length == 0)
        return vm.wrong_type(args, 2, "a Text that is not empty");
    size_t length = view_text(args[0]).length;
    if (width <= length) return args[0];
    size_t missing = width - length, left = left_of(missing), right = missing - left;
    // The least width of what is really used: a long fill may be cut before its widest code point.
    TextView filling = view_text(args[2]);
    size_t used = std::min(filling.length, std::max(left, right));
    char32_t widest = 0;
    for (size_t i = 0; i < used; ++i) widest |= filling[i];
    int unit = std::max(view_text(args[0]).width, widest < 0x100 ? 1 : widest < 0x10000 ? 2 : 4);
    Value result;
    uint8_t* to = make_text_room(vm, width, unit, result, args + kPrimitiveFrame);
    filling = view_part(view_text(args[2]), 0, used);
    to = fill(to, unit, filling, left);
    copy_text(to, unit, view_text(args[0]));
    fill(to + length * size_t(unit), unit, filling, right);
    return result;
}

Value text_pad_left(Machine& vm, Value* args) {
    return pad(vm, args, [](size_t missing) { return missing; });
}
Value text_pad_right(Machine& vm, Value* args) {
    return pad(vm, args, [](size_t) { return size_t(0); });
}
Value text_centred(Machine& vm, Value* args) {
    return pad(vm, args, [](size_t missing) { return missing / 2; });
}

// By clusters, so that accents stay on their letters.
Value text_reversed(Machine& vm, Value* args) {
    size_t length = view_text(args[0]).length;
    std::vector<size_t> begins;
    unicode::Clusters clusters;
    for (size_t i = 0; i < length; ++i) {
        poll_now_and_then(vm, i, args);
        if (clusters.begins(view_text(args[0])[i])) begins.push_back(i);
    }
    Value result;
    int width = view_text(args[0]).width;
    uint8_t* to = make_text_room(vm, length, width, result, args + kPrimitiveFrame);
    TextView text = view_text(args[0]);
    size_t end = length;
    for (size_t i = begins.size(); i-- > 0;) {
        copy_text(to, width, view_part(text, begins[i], end));
        to += (end - begins[i]) * size_t(width);
        end = begins[i];
    }
    return result;
}

// Cluster by cluster: each is as wide as its widest part. Flags, and what asks to be drawn as a picture, take two.
Value text_display_width(Machine& vm, Value* args) {
    size_t length = view_text(args[0]).length;
    unicode::Clusters clusters;
    int64_t total = 0;
    int cluster = 0;
    for (size_t i = 0; i < length; ++i) {
        poll_now_and_then(vm, i, args);
        char32_t c = view_text(args[0])[i];
        if (clusters.begins(c)) {
            total += cluster;
            cluster = 0;
        }
        bool picture = c == 0xFE0F || (c >= 0x1F1E6 && c <= 0x1F1FF);
        cluster = std::max(cluster, picture ? 2 : unicode::width(c));
    }
    return Value::integer(total + cluster);
}

Value text_insert(Machine& vm, Value* args) {
    TextView text = view_text(args[0]);
    if (!args[1].is_integer()) return vm.wrong_type(args, 1, "an Integer");
    if (!is_text(args[2])) return vm.wrong_type(args, 2, "a Text");
    int64_t at = args[1].as_integer();
    if (at < 0) at += int64_t(text.length) + 1; // -1 is behind the last
    if (at < 0 || at > int64_t(text.length)) return fail_index(vm, args, args[1], text.length);
    TextBuffer result;
    result.append(view_part(text, 0, size_t(at)));
    result.append(view_text(args[2]));
    result.append(view_part(text, size_t(at), text.length));
    return result.finish(vm, args + kPrimitiveFrame);
}

constexpr PrimitiveRow kTextShapeRows[] = {
    {"pad_left", 2, text_pad_left}, {"pad_right", 2, text_pad_right},
    {"centred", 2, text_centred},   {"reversed", 0, text_reversed},
    {"insert", 2, text_insert},     {"display_width", 0, text_display_width},
};

} // namespace

PrimitiveTable text_shape_primitives() {
    return {"Text", kTextShapeRows};
}

} // namespace indent
