// Texts made from code points and from bytes.
#include "vm/model/unicode.h"
#include "vm/prims/text_arguments.h"
#include "vm/prims/text_tables.h"

namespace indent {

namespace {

std::string hexadecimal(uint64_t number) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string digits;
    do {
        digits.insert(digits.begin(), kDigits[number & 0xF]);
        number >>= 4;
    } while (number != 0);
    return digits;
}

Value text_from_code_points(Machine& vm, Value* args) {
    if (!is_list(args[1])) return vm.wrong_type(args, 1, "a List of code points");
    std::u32string points;
    points.reserve(list_size(args[1]));
    for (size_t i = 0; i < list_size(args[1]); ++i) {
        poll_now_and_then(vm, i, args);
        if (i >= list_size(args[1])) break;
        Value point = list_get(args[1], i);
        if (!point.is_integer() || !unicode::is_code_point(point.as_integer())) {
            std::string shown = vm.inspect(point, args);
            return vm.fail(
                "ArgumentError",
                "element " + std::to_string(i) + " is " + shown +
                    ", which is no code point (an Integer from 0 to 0x10ffff, but for 0xd800 to 0xdfff)",
                args);
        }
        points += char32_t(point.as_integer());
    }
    return make_text(vm, points.data(), points.size(), args + kPrimitiveFrame);
}

// Each part is a byte; what they spell must be UTF-8.
Value text_from_bytes(Machine& vm, Value* args) {
    if (!is_list(args[1])) return vm.wrong_type(args, 1, "a List of bytes");
    std::string bytes;
    bytes.reserve(list_size(args[1]));
    for (size_t i = 0; i < list_size(args[1]); ++i) {
        poll_now_and_then(vm, i, args);
        if (i >= list_size(args[1])) break;
        Value byte = list_get(args[1], i);
        if (!byte.is_integer() || byte.as_integer() < 0 || byte.as_integer() > 255) {
            std::string shown = vm.inspect(byte, args);
            return vm.fail("ArgumentError",
                           "element " + std::to_string(i) + " is " + shown +
                               ", which is no byte (an Integer from 0 to 255)",
                           args);
        }
        bytes += char(byte.as_integer());
    }
    if (size_t at = find_invalid_utf8(bytes); at != std::string::npos)
        return vm.fail("EncodingError",
                       "byte " + std::to_string(at) + " (0x" + hexadecimal(uint8_t(bytes[at])) +
                           ") does not continue UTF-8",
                       args);
    return vm.text(bytes, args);
}

constexpr PrimitiveRow kTextClassRows[] = {
    {"from_code_points", 1, text_from_code_points},
    {"from_bytes", 1, text_from_bytes},
};

} // namespace

PrimitiveTable text_class_primitives() {
    return {"Text class", kTextClassRows};
}

} // namespace indent
