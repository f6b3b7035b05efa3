// What a program says to the world around it and hears from there: printing, lines typed, arguments, exit.
#include "vm/prims/text_arguments.h"
#include "vm/prims/text_tables.h"
#include <cstdlib>

namespace indent {

namespace {

// The text forms of the values in the list in args[1], with spaces between.
std::string spaced(Machine& vm, Value* args) {
    std::string line;
    for (size_t i = 0; i < list_size(args[1]); ++i) {
        if (i > 0) line += ' ';
        line += vm.to_text(list_get(args[1], i), args);
    }
    return line;
}

Value system_print(Machine& vm, Value* args) {
    vm.print(spaced(vm, args));
    return Value::nil();
}

Value system_log(Machine& vm, Value* args) {
    std::string line = spaced(vm, args);
    if (vm.runtime.port.log)
        vm.runtime.port.log(line);
    else
        vm.print(line);
    return Value::nil();
}

Value system_read_line(Machine& vm, Value* args) {
    if (!is_text(args[1])) return vm.wrong_type(args, 1, "a Text");
    if (!vm.runtime.port.input)
        return vm.fail("InputError", "there is nobody to read a line from here", args);
    auto line = vm.runtime.port.input(text_utf8(args[1]));
    vm.poll(args); // Stop may have come while we waited
    if (!line) return Value::nil();
    if (size_t at = find_invalid_utf8(*line); at != std::string::npos)
        return vm.fail("EncodingError", "the line that was read is not UTF-8 at byte " + std::to_string(at),
                       args);
    return vm.text(*line, args);
}

Value system_arguments(Machine& vm, Value* args) {
    args[1] = vm.list(vm.runtime.arguments.size(), args);
    for (const std::string& argument : vm.runtime.arguments) {
        args[2] = vm.text(argument, args);
        add_to_new_list(vm, args[1], args[2], args);
    }
    return args[1];
}

Value system_environment(Machine& vm, Value* args) {
    if (!is_text(args[1])) return vm.wrong_type(args, 1, "a Text");
    const char* value = std::getenv(text_utf8(args[1]).c_str());
    return value ? vm.text(value, args) : args[2];
}

// Unwinds like an error, so that `finally` runs; but nothing catches it.
Value system_exit(Machine& vm, Value* args) {
    if (!args[1].is_integer() || args[1].as_integer() < 0 || args[1].as_integer() > 255)
        return vm.wrong_type(args, 1, "an Integer from 0 to 255");
    args[2] = vm.text("the program asked to end", args);
    args[2] = vm.object(vm.runtime.prelude_class("ExitRequest"), {args[2], args[1]}, args);
    return vm.raise(args[2], args);
}

constexpr PrimitiveRow kRows[] = {
    {"print", 1, system_print, Effect::Output},
    {"log", 1, system_log, Effect::Output},
    {"read_line", 1, system_read_line, Effect::Input},
    {"arguments", 0, system_arguments, Effect::Input},
    {"environment", 2, system_environment, Effect::Input},
    {"exit", 1, system_exit},
};

} // namespace

PrimitiveTable system_primitives() {
    return {"", kRows};
}

} // namespace indent
