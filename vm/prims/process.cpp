// Other programs: run to their end, or talked to while they run. What comes of one that has ended is a list: :done,
// :failed, :late or :too_large, and its parts.
#include "vm/model/map.h"
#include "vm/os/clock.h"
#include "vm/os/subprocess.h"
#include "vm/prims/file_arguments.h"
#include "vm/prims/number_arguments.h"
#include "vm/prims/text_arguments.h"
#include "vm/prims/text_tables.h"
#include <cmath>

namespace indent {

namespace {

enum { kWords = 1, kInput, kFolder, kEnvironment, kSeconds, kLimit, kResult, kPart };

bool plain(const std::string& text) {
    return text.find('\0') == std::string::npos;
}

// The list of words in args[at]: at least one, all texts. False: an error was raised.
bool command_words(Machine& vm, Value* args, int at, std::vector<std::string>& words, Value& resumed) {
    bool fits = is_list(args[at]) && list_size(args[at]) > 0;
    for (size_t i = 0; fits && i < list_size(args[at]); ++i) {
        Value word = list_get(args[at], i);
        fits = is_text(word);
        if (fits) words.push_back(text_utf8(word));
        fits = fits && plain(words.back());
    }
    fits = fits && !words[0].empty();
    if (!fits) resumed = vm.wrong_type(args, at, "a program and its arguments, all Texts without zero bytes");
    return fits;
}

bool command_environment(Machine& vm, Value* args, int at, os::Command& command, Value& resumed) {
    Value map = args[at];
    bool fits = is_map(map);
    for (size_t i = fits ? map_next(map, 0) : kNoEntry; fits && i != kNoEntry; i = map_next(map, i + 1)) {
        Value key = map_key_at(map, i), value = map_value_at(map, i);
        fits = (is_text(key) || key.is_symbol()) && (is_text(value) || value.is_nil());
        if (!fits) break;
        std::string name = is_text(key) ? text_utf8(key) : std::string(vm.symbol_text(key));
        std::optional<std::string> text = is_text(value) ? std::optional(text_utf8(value)) : std::nullopt;
        fits = !name.empty() && plain(name) && name.find('=') == std::string::npos && (!text || plain(*text));
        command.environment.emplace_back(std::move(name), std::move(text));
    }
    if (!fits) resumed = vm.wrong_type(args, at, "a Map of names to Texts (nil takes a variable away)");
    return fits;
}

Value answer(Machine& vm, Value* args, std::string_view word) {
    args[kResult] = vm.list(6, args);
    args[kPart] = vm.symbol(word);
    add_to_new_list(vm, args[kResult], args[kPart], args);
    return args[kResult];
}
void add_part(Machine& vm, Value* args, Value part) {
    args[kPart] = part;
    add_to_new_list(vm, args[kResult], args[kPart], args);
}

Value run_process(Machine& vm, Value* args) {
    os::Command command;
    Value resumed;
    double seconds;
    if (!command_words(vm, args, kWords, command.words, resumed) ||
        !command_environment(vm, args, kEnvironment, command, resumed))
        return resumed;
    if (!is_text(args[kInput])) return vm.wrong_type(args, kInput, "a Text");
    if (!is_text(args[kFolder]) || !plain(text_utf8(args[kFolder])))
        return vm.wrong_type(args, kFolder, "a path (a Text)");
    if (!float_argument(vm, args, kSeconds, seconds, resumed)) return resumed;
    constexpr int64_t kMost = int64_t(1) << 30;
    if (!args[kLimit].is_integer() || args[kLimit].as_integer() < 0 || args[kLimit].as_integer() > kMost)
        return vm.wrong_type(args, kLimit, "an Integer from 0 to " + std::to_string(kMost));
    command.input = text_utf8(args[kInput]);
    command.folder = text_utf8(args[kFolder]);
    command.most_output = uint64_t(args[kLimit].as_integer());
    auto started = os::Subprocess::start(command);
    if (!started) {
        answer(vm, args, "failed");
        add_part(vm, args, vm.text(started.failure().message, args));
        return args[kResult];
    }
    os::Subprocess process = std::move(started).value();
    const uint64_t begin = os::monotonic_ns();
    for (;;) {
        vm.poll(args); // Stop leaves from here, and the process ends with its owner
        if (double(os::monotonic_ns() - begin) * 1e-9 >= seconds) return answer(vm, args, "late");
        auto ended = process.step(20);
        if (!ended) {
            if (ended.failure().code == "too_large") return answer(vm, args, "too_large");
            answer(vm, args, "failed");
            add_part(vm, args, vm.text(ended.failure().message, args));
            return args[kResult];
        }
        if (*ended) break;
    }
    os::Finished finished = process.take();
    answer(vm, args, "done");
    add_part(vm, args, Value::integer(finished.status));
    add_part(vm, args, finished.signal ? Value::integer(finished.signal) : Value::nil());
    add_part(vm, args, vm.text(finished.output, args));
    add_part(vm, args, vm.text(finished.errors, args));
    return args[kResult];
}

// ---- programs that go on, by the numbers of their devices; a ProcessError says what went wrong

constexpr uint64_t kEnoughOutput = 64 * 1024; // that nobody has read yet

struct ProcessDevice : Device {
    explicit ProcessDevice(os::Subprocess started) : process(std::move(started)) {}
    os::Subprocess process;
};

Value fail_process(Machine& vm, const Failure& failure, Value* args) {
    return vm.fail("ProcessError", failure.message, args);
}

Value start_process(Machine& vm, Value* args) {
    enum { kWords = 1, kFolder, kEnvironment };
    os::Command command;
    Value resumed;
    if (!command_words(vm, args, kWords, command.words, resumed) ||
        !command_environment(vm, args, kEnvironment, command, resumed))
        return resumed;
    if (!is_text(args[kFolder]) || !plain(text_utf8(args[kFolder])))
        return vm.wrong_type(args, kFolder, "a path (a Text)");
    command.folder = text_utf8(args[kFolder]);
    command.most_output = kEnoughOutput;
    command.stays = true;
    auto started = os::Subprocess::start(command);
    if (!started) return fail_process(vm, started.failure(), args);
    const uint64_t number =
        vm.runtime.devices.add(std::make_shared<ProcessDevice>(std::move(started).value()), device_owner(vm));
    return vm.integer(int64_t(number), args);
}

std::shared_ptr<ProcessDevice> process_of(Machine& vm, Value number) {
    if (!number.is_integer() || number.as_integer() < 0) return nullptr;
    return std::dynamic_pointer_cast<ProcessDevice>(vm.runtime.devices.find(uint64_t(number.as_integer())));
}

// Does `work` with the process of args[1], fed and listened to, while nobody else has it.
template <class T, class Work>
Result<T> with_process(Machine& vm, Value* args, Work work) {
    const std::shared_ptr<ProcessDevice> device = process_of(vm, args[1]);
    if (!device) return Failure{"closed", "the program was closed"};
    std::lock_guard lock(device->mutex);
    if (auto stepped = device->process.step(0); !stepped) return std::move(stepped).failure();
    return work(device->process);
}

// How many bytes it has not taken yet, after args[2].
Value process_write(Machine& vm, Value* args) {
    if (!is_text(args[2])) return vm.wrong_type(args, 2, "a Text");
    const std::string text = text_utf8(args[2]);
    auto left = with_process<size_t>(vm, args, [&](os::Subprocess& process) -> Result<size_t> {
        process.write(text);
        if (auto stepped = process.step(0); !stepped) return std::move(stepped).failure();
        return process.unwritten();
    });
    return left ? vm.integer(int64_t(*left), args) : fail_process(vm, left.failure(), args);
}

Value process_end_input(Machine& vm, Value* args) {
    auto ended = with_process<bool>(vm, args, [&](os::Subprocess& process) {
        process.end_input();
        return Result<bool>(true);
    });
    return ended ? Value::nil() : fail_process(vm, ended.failure(), args);
}

// The next line; nil: its output has ended; false: none is there yet.
Value process_line(Machine& vm, Value* args) {
    bool over = false;
    using Line = std::optional<std::string>;
    auto line = with_process<Line>(vm, args, [&](os::Subprocess& process) {
        Line read = process.line();
        over = !read && process.output_ended();
        return Result<Line>(std::move(read));
    });
    if (!line) return fail_process(vm, line.failure(), args);
    return *line ? vm.text(**line, args) : over ? Value::nil() : Value::boolean(false);
}

// The status that it has ended with; nil: it runs.
Value process_status(Machine& vm, Value* args) {
    using Status = std::optional<os::Finished>;
    auto status = with_process<Status>(
        vm, args, [&](os::Subprocess& process) { return Result<Status>(process.how_it_ended()); });
    if (!status) return fail_process(vm, status.failure(), args);
    return *status ? Value::integer((*status)->status) : Value::nil();
}

Value process_close(Machine& vm, Value* args) {
    if (process_of(vm, args[1])) vm.runtime.devices.close(uint64_t(args[1].as_integer()));
    return Value::nil();
}

Value process_is_open(Machine& vm, Value* args) {
    return Value::boolean(process_of(vm, args[1]) != nullptr);
}

Value all_environment(Machine& vm, Value* args) {
    auto variables = os::all_environment();
    args[1] = make_map(vm, variables.size(), args + kPrimitiveFrame);
    for (const auto& [name, value] : variables) {
        args[2] = vm.text(name, args);
        args[3] = vm.text(value, args);
        if (map_put(vm, vm.symbols, args[1], args[2], args[3], args + kPrimitiveFrame) != MapPut::Done)
            assert(false);
    }
    return args[1];
}

constexpr PrimitiveRow kProcessRows[] = {
    {"_run_process", 6, run_process, Effect::Output},
    {"_start_process", 3, start_process, Effect::Output},
    {"_process_write", 2, process_write, Effect::Output},
    {"_process_end_input", 1, process_end_input, Effect::Output},
    {"_process_line", 1, process_line, Effect::Input},
    {"_process_status", 1, process_status, Effect::Input},
    {"_process_close", 1, process_close, Effect::Output},
    {"_process_open?", 1, process_is_open, Effect::Input},
    {"_all_environment", 0, all_environment, Effect::Input},
};

} // namespace

PrimitiveTable process_primitives() {
    return {"", kProcessRows};
}

} // namespace indent
