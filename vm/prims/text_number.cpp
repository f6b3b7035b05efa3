// Texts read as numbers. White space around the number and `_` between digits are taken as in a program.
#include "vm/model/text_literal.h"
#include "vm/prims/big_arguments.h"
#include "vm/prims/text_arguments.h"
#include "vm/prims/text_tables.h"
#include <bit>
#include <charconv>
#include <optional>

namespace indent {

namespace {

int digit_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'z') return c - 'a' + 10;
    if (c >= 'A' && c <= 'Z') return c - 'A' + 10;
    return 99;
}

// The text without white space around it, if it is all ASCII; else nothing that could be a number.
std::string trimmed_ascii(Value text) {
    TextView view = view_text(text);
    std::string out;
    if (view.width != 1) return out;
    size_t from = 0, to = view.length;
    auto is_space = [&](size_t i) {
        return view.data[i] == ' ' || (view.data[i] >= 9 && view.data[i] <= 13);
    };
    while (from < to && is_space(from)) ++from;
    while (to > from && is_space(to - 1)) --to;
    out.assign(reinterpret_cast<const char*>(view.data) + from, to - from);
    return out;
}

// Takes the underscores out of `1_000`; false where one does not stand between two digits.
bool drop_underscores(std::string& digits, int base) {
    size_t to = 0;
    for (size_t i = 0; i < digits.size(); ++i) {
        if (digits[i] != '_') {
            digits[to++] = digits[i];
            continue;
        }
        bool inside = i > 0 && i + 1 < digits.size() && digit_value(digits[i - 1]) < base &&
                      digit_value(digits[i + 1]) < base;
        if (!inside) return false;
    }
    digits.resize(to);
    return true;
}

struct Digits {
    bool negative = false;
    std::string digits; // at least one, all below the base
};

std::optional<Digits> integer_digits(std::string text, int base) {
    Digits result;
    if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
        result.negative = text[0] == '-';
        text.erase(0, 1);
    }
    if (!drop_underscores(text, base) || text.empty()) return {};
    for (char c : text)
        if (digit_value(c) >= base) return {};
    result.digits = std::move(text);
    return result;
}

// So many digits fit a small integer in every base up to 36.
constexpr size_t kShortNumber = 9;

Value integer_of(Machine& vm, const Digits& from, int base, Value* args) {
    if (from.digits.size() <= kShortNumber) {
        int64_t number = 0;
        for (char c : from.digits) number = number * base + digit_value(c);
        return Value::integer(from.negative ? -number : number);
    }
    size_t bits_each = std::bit_width(unsigned(base)) - 1; // at least so many
    if (from.digits.size() > kMostIntegerBits / bits_each) return fail_too_large(vm, args, "to_integer");
    BigInteger number = integer_from_digits(from.digits, base, poll_of(vm, args));
    if (from.negative) number = -number;
    if (bit_length(number) > kMostIntegerBits) return fail_too_large(vm, args, "to_integer");
    return make(vm, number, args);
}

// digits [. digits] [e [sign] digits], with a digit on both sides of the point.
bool is_float(std::string_view text) {
    size_t i = 0;
    auto digits = [&] {
        size_t begin = i;
        while (i < text.size() && digit_value(text[i]) < 10) ++i;
        return i > begin;
    };
    if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
    if (!digits()) return false;
    if (i < text.size() && text[i] == '.') {
        ++i;
        if (!digits()) return false;
    }
    if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
        ++i;
        if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
        if (!digits()) return false;
    }
    return i == text.size();
}

std::optional<double> float_of(std::string text) {
    if (text == "infinity" || text == "-infinity" || text == "nan") // as floats are written
        return text == "nan"    ? std::numeric_limits<double>::quiet_NaN()
               : text[0] == '-' ? -std::numeric_limits<double>::infinity()
                                : std::numeric_limits<double>::infinity();
    if (!drop_underscores(text, 10) || !is_float(text)) return {};
    const char* begin = text.data() + (text[0] == '+' ? 1 : 0);
    double number = 0;
    auto [end, error] = std::from_chars(begin, text.data() + text.size(), number);
    if (error == std::errc::result_out_of_range) {
        // Too far from zero, or too near: what the sign of the exponent says.
        size_t e = text.find_first_of("eE");
        bool tiny = e != std::string::npos && text[e + 1] == '-';
        number = tiny ? 0.0 : std::numeric_limits<double>::infinity();
        return text[0] == '-' ? -number : number;
    }
    return number;
}

Value fail_number(Machine& vm, Value* args, std::string_view what) {
    constexpr size_t kShown = 60;
    TextView text = view_text(args[0]);
    std::string message;
    append_quoted(message, view_part(text, 0, std::min(text.length, kShown)));
    if (text.length > kShown) message += " …";
    message += " is not ";
    message += what;
    return vm.fail("ArgumentError", message, args);
}

Value text_to_integer(Machine& vm, Value* args) {
    if (!args[1].is_integer() || args[1].as_integer() < 2 || args[1].as_integer() > 36)
        return vm.wrong_type(args, 1, "an Integer from 2 to 36");
    int base = int(args[1].as_integer());
    auto digits = integer_digits(trimmed_ascii(args[0]), base);
    if (!digits)
        return fail_number(vm, args,
                           base == 10 ? "an Integer" : "an Integer in base " + std::to_string(base));
    return integer_of(vm, *digits, base, args);
}

Value text_to_float(Machine& vm, Value* args) {
    auto number = float_of(trimmed_ascii(args[0]));
    return number ? Value::floating(*number) : fail_number(vm, args, "a Float");
}

Value text_to_number(Machine& vm, Value* args) {
    std::string text = trimmed_ascii(args[0]);
    if (auto digits = integer_digits(text, 10)) return integer_of(vm, *digits, 10, args);
    auto number = float_of(text);
    return number ? Value::floating(*number) : fail_number(vm, args, "a number");
}

Value text_is_integer(Machine&, Value* args) {
    return Value::boolean(integer_digits(trimmed_ascii(args[0]), 10).has_value());
}

Value text_is_number(Machine&, Value* args) {
    std::string text = trimmed_ascii(args[0]);
    return Value::boolean(integer_digits(text, 10).has_value() || float_of(text).has_value());
}

constexpr PrimitiveRow kTextNumberRows[] = {
    {"to_integer", 1, text_to_integer}, {"to_float", 0, text_to_float}, {"to_number", 0, text_to_number},
    {"integer?", 0, text_is_integer},   {"number?", 0, text_is_number},
};

} // namespace

PrimitiveTable text_number_primitives() {
    return {"Text", kTextNumberRows};
}

} // namespace indent
