// What a program says to the world around it and hears from there: printing, lines typed, arguments, exit.
#include "vm/interp/inner.h"
#include "vm/os/process.h"
#include "vm/prims/text_arguments.h"
#include "vm/prims/text_tables.h"

namespace indent {

namespace {

// The text forms of the values in the list in args[1], with the separator between.
std::string joined(Machine& vm, Value* args, std::string_view separator) {
    std::string line;
    for (size_t i = 0; i < list_size(args[1]); ++i) {
        if (i > 0) line += separator;
        line += vm.to_text(list_get(args[1], i), args);
    }
    return line;
}

// The same by the texts in args[2] (separator) and args[3] (end). False: an error was raised.
bool written(Machine& vm, Value* args, std::string& text, Value& resumed) {
    for (int i : {2, 3})
        if (!is_text(args[i])) {
            resumed = vm.wrong_type(args, i, "a Text");
            return false;
        }
    text = joined(vm, args, text_utf8(args[2])) + text_utf8(args[3]);
    return true;
}

// The turn is run again, and this was written before.
bool was_said(Machine& vm) {
    return vm.inner->tape && vm.inner->tape->repeats();
}

Value system_print(Machine& vm, Value* args) {
    std::string text;
    Value resumed;
    if (!written(vm, args, text, resumed)) return resumed;
    if (!was_said(vm)) vm.runtime.port.print(text);
    return Value::nil();
}

Value system_print_error(Machine& vm, Value* args) {
    std::string text;
    Value resumed;
    if (!written(vm, args, text, resumed)) return resumed;
    if (!was_said(vm)) vm.runtime.port.print_error(text);
    return Value::nil();
}

Value system_log(Machine& vm, Value* args) {
    std::string line = joined(vm, args, " ");
    if (!was_said(vm)) vm.runtime.port.write_log(line);
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

Value environment_get(Machine& vm, Value* args) {
    if (!is_text(args[1])) return vm.wrong_type(args, 1, "a Text");
    auto value = os::environment(text_utf8(args[1]));
    return value ? vm.text(*value, args) : args[2];
}

Value program_path(Machine& vm, Value* args) {
    return vm.text(vm.runtime.program, args);
}
Value program_id(Machine&, Value*) {
    return Value::integer(os::process_id());
}
Value console_is_terminal(Machine&, Value*) {
    return Value::boolean(os::is_terminal(os::Stream::Output));
}
Value console_width(Machine&, Value*) {
    return Value::integer(os::terminal_width());
}

// Unwinds like an error, so that `finally` runs; but nothing catches it.
Value system_exit(Machine& vm, Value* args) {
    if (!args[1].is_integer() || args[1].as_integer() < 0 || args[1].as_integer() > 255)
        return vm.wrong_type(args, 1, "an Integer from 0 to 255");
    args[2] = vm.text("the program asked to end", args);
    args[2] = vm.object(vm.runtime.prelude_class("ExitRequest"), {args[2], args[1]}, args);
    return vm.raise(args[2], args);
}

constexpr PrimitiveRow kSystemRows[] = {
    {"print", 3, system_print, Effect::Inside},
    {"print_error", 3, system_print_error, Effect::Inside},
    {"log", 1, system_log, Effect::Inside},
    {"read_line", 1, system_read_line, Effect::Input},
    {"arguments", 0, system_arguments, Effect::Input},
    {"exit", 1, system_exit},
};

constexpr PrimitiveRow kEnvironmentRows[] = {{"get", 2, environment_get, Effect::Input}};
constexpr PrimitiveRow kProgramRows[] = {
    {"path", 0, program_path, Effect::Input},
    {"id", 0, program_id, Effect::Input},
};
constexpr PrimitiveRow kConsoleRows[] = {
    {"terminal?", 0, console_is_terminal, Effect::Input},
    {"width", 0, console_width, Effect::Input},
};

} // namespace

PrimitiveTable environment_primitives() {
    return {"Environment class", kEnvironmentRows};
}
PrimitiveTable program_primitives() {
    return {"Program class", kProgramRows};
}
PrimitiveTable console_primitives() {
    return {"Console class", kConsoleRows};
}
PrimitiveTable system_primitives() {
    return {"", kSystemRows};
}

} // namespace indent
