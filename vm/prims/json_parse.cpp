// JSON read into values, or told to a block event by event.
#include "vm/model/map.h"
#include "vm/prims/big_arguments.h"
#include "vm/prims/format_tables.h"
#include "vm/prims/json_reader.h"
#include "vm/prims/text_arguments.h"
#include <charconv>
#include <cstring>

namespace indent {

namespace {

constexpr int64_t kMostDepth = 1'000'000;
constexpr size_t kFewDigits = 18;

// Slots. The first five are the arguments: what to read, how deep it may be, the number of its first line, the block
// that raises an error (message, line, column), and for events the block that is told.
enum Slot { kText = 1, kDepth, kLine, kFail, kTold, kOpen, kCurrent, kKey, kValue, kKnown };

// False where an argument does not fit: an error was raised, and a handler has given `resumed` for the answer.
bool check_arguments(Machine& vm, Value* args, Value& resumed) {
    if (!is_text(args[kText])) {
        resumed = vm.wrong_type(args, kText, "a Text");
        return false;
    }
    if (!args[kDepth].is_integer() || args[kDepth].as_integer() < 0 ||
        args[kDepth].as_integer() > kMostDepth) {
        resumed = vm.wrong_type(args, kDepth, "an Integer from 0 to " + std::to_string(kMostDepth));
        return false;
    }
    return true;
}

Value fail_at(Machine& vm, const std::string& source, const JsonReader& reader, Value* args) {
    TextPlace place = place_of(source, reader.offset());
    int64_t first = args[kLine].is_integer() ? args[kLine].as_integer() : 1;
    args[kValue] = vm.text(reader.fault(), args);
    return vm.call(args[kFail],
                   {args[kValue], Value::integer(first + int64_t(place.line) - 1),
                    Value::integer(int64_t(place.column))},
                   args);
}

// Keys come again and again: short ones are looked for among those that came before, so that they share a text.
constexpr size_t kKnownKeys = 64, kLongestKnown = 32;

Value key_text(Machine& vm, std::string_view key, Value* args) {
    if (key.size() > kLongestKnown) return vm.text(key, args);
    uint32_t hash = 2166136261u;
    for (char c : key) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
    size_t place = (hash ^ (hash >> 15)) % kKnownKeys;
    Value known = list_get(args[kKnown], place);
    if (is_text(known)) {
        TextView view = view_text(known);
        bool ascii = std::none_of(key.begin(), key.end(), [](char c) { return c < 0; });
        if (ascii && view.width == 1 && view.length == key.size() &&
            std::memcmp(view.data, key.data(), key.size()) == 0)
            return known;
    }
    Value made = vm.text(key, args);
    if (!list_set(vm, args[kKnown], place, made)) assert(false);
    return made;
}

// Whether a number that is no Float's is too near to zero, and not too far from it.
bool is_tiny(std::string_view number) {
    size_t e = std::min(number.find_first_of("eE"), number.size());
    std::string_view digits = number.substr(0, e);
    size_t point = std::min(digits.find('.'), digits.size()), first = digits.find_first_of("123456789");
    if (first == std::string_view::npos) return true;
    int64_t exponent = 0;
    if (e < number.size()) {
        const char* begin = number.data() + e + 1;
        if (*begin == '+') ++begin;
        if (std::from_chars(begin, number.data() + number.size(), exponent).ec != std::errc())
            return *begin == '-';
        exponent = std::clamp<int64_t>(exponent, -(int64_t(1) << 40), int64_t(1) << 40);
    }
    return exponent + int64_t(point) - int64_t(first) < 0;
}

bool read_float(std::string_view number, double& result) {
    auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), result);
    if (error != std::errc::result_out_of_range) return true;
    result = number[0] == '-' ? -0.0 : 0.0;
    return is_tiny(number);
}

bool read_integer(Machine& vm, std::string_view number, Value& result, Value* args) {
    if (number.size() <= kFewDigits) {
        int64_t small = 0;
        std::from_chars(number.data(), number.data() + number.size(), small);
        result = vm.integer(small, args);
        return true;
    }
    bool negative = number[0] == '-';
    if (negative) number.remove_prefix(1);
    if (number.size() > kMostIntegerBits / 4) return false;
    BigInteger big = integer_from_digits(number, 10, poll_of(vm, args));
    if (negative) big = -big;
    result = make(vm, big, args);
    return true;
}

// The value of an event that has one, into its slot. False: it was refused.
bool take_scalar(Machine& vm, JsonReader& reader, JsonEvent event, Value* args) {
    double number;
    switch (event) {
    case JsonEvent::Key: args[kValue] = key_text(vm, reader.value(), args); return true;
    case JsonEvent::Text: args[kValue] = vm.text(reader.value(), args); return true;
    case JsonEvent::True: args[kValue] = Value::boolean(true); return true;
    case JsonEvent::False: args[kValue] = Value::boolean(false); return true;
    case JsonEvent::Integer:
        if (read_integer(vm, reader.value(), args[kValue], args)) return true;
        reader.refuse("a number that no Integer holds");
        return false;
    case JsonEvent::Float:
        if (read_float(reader.value(), number)) {
            args[kValue] = Value::floating(number);
            return true;
        }
        reader.refuse("a number too large for a Float");
        return false;
    default: args[kValue] = Value::nil(); return true;
    }
}

void push(Machine& vm, int slot, Value* args) {
    add_to_new_list(vm, args[kOpen], args[slot], args);
}

Value pop(Machine& vm, Value* args) {
    size_t last = list_size(args[kOpen]) - 1;
    Value top = list_get(args[kOpen], last);
    if (!list_remove(vm, args[kOpen], last)) assert(false);
    return top;
}

void make_key_room(Machine& vm, Value* args) {
    args[kKnown] = vm.list(kKnownKeys, args);
    args[kValue] = Value::nil();
    for (size_t i = 0; i < kKnownKeys; ++i) add_to_new_list(vm, args[kKnown], args[kValue], args);
}

// The slot kValue goes where it belongs.
void put_value(Machine& vm, Value* args) {
    if (is_list(args[kCurrent])) {
        add_to_new_list(vm, args[kCurrent], args[kValue], args);
    } else if (is_map(args[kCurrent])) {
        MapPut put =
            map_put(vm, vm.symbols, args[kCurrent], args[kKey], args[kValue], args + kPrimitiveFrame);
        assert(put == MapPut::Done && "a map just made, with texts for keys");
        static_cast<void>(put);
    }
}

Value json_parse(Machine& vm, Value* args) {
    Value resumed;
    if (!check_arguments(vm, args, resumed)) return resumed;
    std::string source = utf8_in_pieces(vm, args[kText], args);
    JsonReader reader(source, size_t(args[kDepth].as_integer()));
    args[kOpen] = vm.list(16, args);
    args[kCurrent] = args[kKey] = Value::nil();
    make_key_room(vm, args);
    for (size_t round = 0;; ++round) {
        poll_now_and_then(vm, round, args);
        JsonEvent event = reader.next();
        switch (event) {
        case JsonEvent::Fault: return fail_at(vm, source, reader, args);
        case JsonEvent::End: return args[kValue];
        case JsonEvent::Map:
        case JsonEvent::List:
            push(vm, kCurrent, args);
            push(vm, kKey, args);
            args[kCurrent] =
                event == JsonEvent::List ? vm.list(4, args) : make_map(vm, 4, args + kPrimitiveFrame);
            break;
        case JsonEvent::EndMap:
        case JsonEvent::EndList:
            args[kValue] = args[kCurrent];
            args[kKey] = pop(vm, args);
            args[kCurrent] = pop(vm, args);
            put_value(vm, args);
            break;
        case JsonEvent::Key: args[kKey] = key_text(vm, reader.value(), args); break;
        default:
            if (!take_scalar(vm, reader, event, args)) return fail_at(vm, source, reader, args);
            put_value(vm, args);
        }
    }
}

Value json_events(Machine& vm, Value* args) {
    Value resumed;
    if (!check_arguments(vm, args, resumed)) return resumed;
    std::string source = utf8_in_pieces(vm, args[kText], args);
    JsonReader reader(source, size_t(args[kDepth].as_integer()));
    make_key_room(vm, args);
    for (;;) {
        vm.poll(args);
        JsonEvent event = reader.next();
        if (event == JsonEvent::End) return Value::nil();
        if (event == JsonEvent::Fault || !take_scalar(vm, reader, event, args))
            return fail_at(vm, source, reader, args);
        std::string_view kind = event == JsonEvent::Map       ? "map"
                                : event == JsonEvent::EndMap  ? "end_map"
                                : event == JsonEvent::List    ? "list"
                                : event == JsonEvent::EndList ? "end_list"
                                : event == JsonEvent::Key     ? "key"
                                                              : "value";
        vm.call(args[kTold], {vm.symbol(kind), args[kValue]}, args);
    }
}

constexpr PrimitiveRow kJsonParseRows[] = {{"_json_parse", 4, json_parse}, {"_json_events", 5, json_events}};

} // namespace

PrimitiveTable json_parse_primitives() {
    return {"", kJsonParseRows};
}

} // namespace indent
