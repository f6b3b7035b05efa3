// Values written as JSON.
#include "vm/interp/visiting.h"
#include "vm/model/map.h"
#include "vm/model/number.h"
#include "vm/prims/format_tables.h"
#include "vm/prims/sequence.h"
#include "vm/prims/text_arguments.h"
#include <cmath>
#include <unordered_set>

namespace indent {

namespace {

constexpr int64_t kMostPrintedDepth = 10'000, kMostIndent = 64;

class JsonPrinter {
  public:
    // What is no value of JSON's is given to the block `plain`, in a slot, which answers one that is nearer to it.
    JsonPrinter(Machine& vm, Value* args, size_t most_depth, int indent, const Value& plain)
        : vm_(vm), args_(args), most_depth_(most_depth), indent_(indent), plain_(plain) {}

    // False: an error was raised, and a handler has given `resumed` for the answer.
    bool print(Value value, size_t depth);
    const std::string& out() const { return out_; }
    Value resumed() const { return resumed_; }

  private:
    bool print_list(Rooted& list, size_t depth);
    bool print_tuple(Rooted& tuple, size_t depth);
    bool print_map(Rooted& map, size_t depth);
    bool print_key(Value key, std::unordered_set<std::string>* seen);
    bool print_float(double number);
    bool print_other(Rooted& value, size_t depth);
    void print_quoted(std::string_view utf8);
    void new_line(size_t depth);
    bool fail(const std::string& message) {
        resumed_ = vm_.fail("JsonError", message, args_);
        return false;
    }
    void step() {
        poll_sometimes(vm_, steps_++, args_);
        check_length(out_);
    }

    Machine& vm_;
    Value* args_;
    size_t most_depth_, steps_ = 0;
    int indent_; // less than 0: all in one line
    const Value& plain_;
    std::string out_;
    Value resumed_ = Value::nil();
};

bool JsonPrinter::print(Value value, size_t depth) {
    step();
    if (is_text(value)) {
        print_quoted(text_utf8(value));
    } else if (value.is_symbol()) {
        print_quoted(vm_.symbol_text(value));
    } else if (value.is_nil()) {
        out_ += "null";
    } else if (value.is_boolean()) {
        out_ += value.is_true() ? "true" : "false";
    } else if (value.is_float()) {
        return print_float(value.as_float());
    } else if (is_any_integer(value)) {
        out_ += vm_.to_text(value, args_);
    } else {
        vm_.check_native_stack(args_);
        Rooted container(vm_, value);
        if (depth >= most_depth_)
            return fail(Visiting::inside(vm_, value)
                            ? vm_.with_article(value) + " that contains itself has no form in JSON"
                            : "nested deeper than " + std::to_string(most_depth_) +
                                  " (`depth:` allows more)");
        Visiting visiting(vm_, value);
        return is_list(value)    ? print_list(container, depth + 1)
               : is_tuple(value) ? print_tuple(container, depth + 1)
               : is_map(value)   ? print_map(container, depth + 1)
                                 : print_other(container, depth + 1);
    }
    return true;
}

void JsonPrinter::new_line(size_t depth) {
    if (indent_ < 0) return;
    out_ += '\n';
    out_.append(depth * size_t(indent_), ' ');
}

bool JsonPrinter::print_list(Rooted& list, size_t depth) {
    if (list_size(list) == 0) {
        out_ += "[]";
        return true;
    }
    out_ += '[';
    for (size_t i = 0; i < list_size(list); ++i) {
        if (i > 0) out_ += ',';
        new_line(depth);
        if (!print(list_get(list, i), depth)) return false;
    }
    new_line(depth - 1);
    out_ += ']';
    return true;
}

bool JsonPrinter::print_tuple(Rooted& tuple, size_t depth) {
    size_t size = tuple_size(tuple);
    if (size == 0) {
        out_ += "[]";
        return true;
    }
    out_ += '[';
    for (size_t i = 0; i < size; ++i) {
        if (i > 0) out_ += ',';
        new_line(depth);
        if (!print(tuple_get(tuple, i), depth)) return false;
    }
    new_line(depth - 1);
    out_ += ']';
    return true;
}

bool JsonPrinter::print_map(Rooted& map, size_t depth) {
    if (map_count(map) == 0) {
        out_ += "{}";
        return true;
    }
    // A symbol and a text of the same letters are two keys here and one there.
    bool symbols = false, texts = false;
    for (size_t i = map_next(map, 0); i != kNoEntry; i = map_next(map, i + 1))
        (map_key_at(map, i).is_symbol() ? symbols : texts) = true;
    std::unordered_set<std::string> seen;
    bool first = true;
    out_ += '{';
    for (size_t i = map_next(map, 0); i != kNoEntry; i = map_next(map, i + 1)) {
        if (!first) out_ += ',';
        first = false;
        new_line(depth);
        if (!print_key(map_key_at(map, i), symbols && texts ? &seen : nullptr)) return false;
        out_ += indent_ < 0 ? ":" : ": ";
        if (!print(map_value_at(map, i), depth)) return false;
    }
    new_line(depth - 1);
    out_ += '}';
    return true;
}

bool JsonPrinter::print_key(Value key, std::unordered_set<std::string>* seen) {
    if (!is_text(key) && !key.is_symbol()) {
        std::string shown = vm_.inspect(key, args_);
        return fail("a key in JSON is a Text or a Symbol, not " + shown);
    }
    std::string name = is_text(key) ? text_utf8(key) : std::string(vm_.symbol_text(key));
    print_quoted(name);
    if (seen && !seen->insert(name).second)
        return fail("two keys of a map are both \"" + name + "\" in JSON");
    return true;
}

bool JsonPrinter::print_float(double number) {
    if (!std::isfinite(number)) return fail(float_text(number) + " has no form in JSON");
    out_ += float_text(number);
    return true;
}

bool JsonPrinter::print_other(Rooted& value, size_t depth) {
    Value nearer = vm_.call(plain_, {value}, args_);
    return print(nearer, depth);
}

void JsonPrinter::print_quoted(std::string_view utf8) {
    constexpr char kHex[] = "0123456789abcdef";
    out_ += '"';
    size_t from = 0;
    for (size_t i = 0; i < utf8.size(); ++i) {
        unsigned char c = static_cast<unsigned char>(utf8[i]);
        if (c >= 0x20 && c != '"' && c != '\\') continue;
        out_.append(utf8, from, i - from);
        from = i + 1;
        out_ += '\\';
        switch (c) {
        case '\n': out_ += 'n'; break;
        case '\t': out_ += 't'; break;
        case '\r': out_ += 'r'; break;
        case '\b': out_ += 'b'; break;
        case '\f': out_ += 'f'; break;
        case '"':
        case '\\': out_ += char(c); break;
        default:
            out_ += "u00";
            out_ += kHex[c >> 4];
            out_ += kHex[c & 15];
        }
    }
    out_.append(utf8, from);
    out_ += '"';
}

bool is_integer_up_to(Value value, int64_t most) {
    return value.is_integer() && value.as_integer() >= 0 && value.as_integer() <= most;
}

// args: value, indent (nil: one line), depth, the block that brings what is not JSON's nearer to it.
Value json_print(Machine& vm, Value* args) {
    if (is_given(args[2]) && !is_integer_up_to(args[2], kMostIndent))
        return vm.wrong_type(args, 2, "an Integer from 0 to " + std::to_string(kMostIndent));
    if (!is_integer_up_to(args[3], kMostPrintedDepth))
        return vm.wrong_type(args, 3, "an Integer from 0 to " + std::to_string(kMostPrintedDepth));
    JsonPrinter printer(vm, args, size_t(args[3].as_integer()),
                        is_given(args[2]) ? int(args[2].as_integer()) : -1, args[4]);
    if (!printer.print(args[1], 0)) return printer.resumed();
    return vm.text(printer.out(), args);
}

constexpr PrimitiveRow kJsonPrintRows[] = {{"_json_print", 4, json_print}};

} // namespace

PrimitiveTable json_print_primitives() {
    return {"", kJsonPrintRows};
}

} // namespace indent
