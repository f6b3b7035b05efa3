// Other programs, run to their end. What comes of one is a list: :done, :failed, :late or :too_large, and its parts.
#include "vm/model/map.h"
#include "vm/os/clock.h"
#include "vm/os/subprocess.h"
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

// The list of words in args[kWords]: at least one, all texts. False: an error was raised.
bool command_words(Machine& vm, Value* args, std::vector<std::string>& words, Value& resumed) {
    bool fits = is_list(args[kWords]) && list_size(args[kWords]) > 0;
    for (size_t i = 0; fits && i < list_size(args[kWords]); ++i) {
        Value word = list_get(args[kWords], i);
        fits = is_text(word);
        if (fits) words.push_back(text_utf8(word));
        fits = fits && plain(words.back());
    }
    fits = fits && !words[0].empty();
    if (!fits)
        resumed = vm.wrong_type(args, kWords, "a program and its arguments, all Texts without zero bytes");
    return fits;
}

bool command_environment(Machine& vm, Value* args, os::Command& command, Value& resumed) {
    Value map = args[kEnvironment];
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
    if (!fits)
        resumed = vm.wrong_type(args, kEnvironment, "a Map of names to Texts (nil takes a variable away)");
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
    if (!command_words(vm, args, command.words, resumed) || !command_environment(vm, args, command, resumed))
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

Value all_environment(Machine& vm, Value* args) {
    auto variables = os::all_environment();
    args[1] = make_map(vm, variables.size(), args + kPrimitiveFrame);
    for (const auto& [name, value] : variables) {
        args[2] = vm.text(name, args);
        args[3] = vm.text(value, args);
        if (map_put(vm, args[1], args[2], args[3], args + kPrimitiveFrame) != MapPut::Done) assert(false);
    }
    return args[1];
}

constexpr PrimitiveRow kRows[] = {
    {"_run_process", 6, run_process, Effect::Output},
    {"_all_environment", 0, all_environment, Effect::Input},
};

} // namespace

PrimitiveTable process_primitives() {
    return {"", kRows};
}

} // namespace indent
