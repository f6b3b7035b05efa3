// What programs ask of the reload engine: reload, plans, undo, generations and purges.
#include "vm/interp/actor_port.h"
#include "vm/interp/node.h"
#include "vm/interp/reload_port.h"
#include "vm/model/map.h"
#include "vm/model/number.h"
#include "vm/prims/reflection_tables.h"
#include <algorithm>

namespace indent {

namespace {

ReloadPort* port_of(Machine& vm, Value* args, Value& resumed) {
    if (vm.runtime.reloads && vm.actors) return vm.runtime.reloads;
    resumed = vm.fail("EffectDenied", "nothing can be reloaded here", args);
    return nullptr;
}

Value refused(Machine& vm, Value* args, std::string words) {
    if (vm.actors->stop_wanted(vm)) return vm.fail("Stopped", "the program was stopped", args);
    while (!words.empty() && words.back() == '\n') words.pop_back();
    return vm.fail("ReloadRefused", words, args);
}

Value answer(Machine& vm, Value* args, bool done, const std::string& words) {
    return done ? Value::boolean(true) : refused(vm, args, words);
}

// A list of patience (ns), three flags: live, force, tombstones, and perhaps how many messages are rehearsed (nil: none).
bool read_options(Machine& vm, Value* args, int index, ReloadOptions& options, Value& resumed) {
    const Value list = args[index];
    if (!has_shape(list, shape::kList) || list_size(list) < 4 || list_size(list) > 5 ||
        !is_any_integer(list_get(list, 0)) || integer_as_double(list_get(list, 0)) < 0) {
        resumed =
            vm.fail("WrongType",
                    "`patience` is a Duration that is not negative, and the others are true or false", args);
        return false;
    }
    constexpr double kLongest = 1e18; // ns: thirty years
    options.patience = uint64_t(std::min(integer_as_double(list_get(list, 0)), kLongest));
    options.live = list_get(list, 1).is_true();
    options.force = list_get(list, 2).is_true();
    options.tombstones = list_get(list, 3).is_true();
    const Value rehearse = list_size(list) == 5 ? list_get(list, 4) : Value::nil();
    if (rehearse.is_nil()) return true;
    if (!rehearse.is_integer() || rehearse.as_integer() < 1) {
        resumed = vm.fail("WrongType", "`rehearse` is how many messages, 1 or more", args);
        return false;
    }
    options.rehearse = uint64_t(rehearse.as_integer());
    return true;
}

// A module, or its path as a Text. Empty: raised.
std::string path_of(Machine& vm, Value* args, int index, Value& resumed) {
    if (has_shape(args[index], shape::kModule)) return (*args[index].cell())[0].raw_address<Module>()->path;
    if (is_text(args[index])) return text_utf8(args[index]);
    resumed = vm.wrong_type(args, index, "a Module or its path");
    return {};
}

Value load(Machine& vm, Value* args) {
    Value resumed;
    ReloadOptions options;
    ReloadPort* port = port_of(vm, args, resumed);
    if (!port || !read_options(vm, args, 2, options, resumed)) return resumed;
    if (!is_text(args[1])) return vm.wrong_type(args, 1, "a Text");
    const std::string text = text_utf8(args[1]);
    std::string words;
    const bool done = port->reload(vm, args, "", &text, options, words);
    return answer(vm, args, done, words);
}

Value reload(Machine& vm, Value* args) {
    Value resumed;
    ReloadOptions options;
    ReloadPort* port = port_of(vm, args, resumed);
    if (!port || !read_options(vm, args, 2, options, resumed)) return resumed;
    const std::string path = path_of(vm, args, 1, resumed);
    if (resumed) return resumed;
    std::string words;
    const bool done = port->reload(vm, args, path, nullptr, options, words);
    return answer(vm, args, done, words);
}

Value prepare(Machine& vm, Value* args) {
    Value resumed;
    ReloadOptions options;
    ReloadPort* port = port_of(vm, args, resumed);
    if (!port || !read_options(vm, args, 2, options, resumed)) return resumed;
    std::vector<std::string> texts;
    if (!has_shape(args[1], shape::kList)) return vm.wrong_type(args, 1, "a List of Texts");
    for (size_t i = 0; i < list_size(args[1]); ++i) {
        if (!is_text(list_get(args[1], i))) return vm.wrong_type(args, 1, "a List of Texts");
        texts.push_back(text_utf8(list_get(args[1], i)));
    }
    std::string words;
    const uint64_t plan = port->prepare(vm, args, std::move(texts), options, words);
    return plan ? vm.integer(int64_t(plan), args) : refused(vm, args, words);
}

Value commit(Machine& vm, Value* args) {
    Value resumed;
    ReloadPort* port = port_of(vm, args, resumed);
    if (!port) return resumed;
    if (!args[1].is_integer()) return vm.wrong_type(args, 1, "a plan's number");
    std::string words;
    const bool done = port->commit(vm, args, uint64_t(args[1].as_integer()), words);
    return answer(vm, args, done, words);
}

Value abort_plan(Machine& vm, Value* args) {
    Value resumed;
    ReloadPort* port = port_of(vm, args, resumed);
    if (!port) return resumed;
    if (!args[1].is_integer()) return vm.wrong_type(args, 1, "a plan's number");
    return Value::boolean(port->abort(uint64_t(args[1].as_integer())));
}

// state, accept_loss, options
Value undo(Machine& vm, Value* args) {
    Value resumed;
    UndoOptions options;
    ReloadPort* port = port_of(vm, args, resumed);
    if (!port || !read_options(vm, args, 3, options.reload, resumed)) return resumed;
    options.state = args[1].is_true();
    options.accept_loss = args[2].is_true();
    std::string words;
    const bool done = port->undo(vm, args, options, words);
    return answer(vm, args, done, words);
}

// A list of texts.
Value texts_of(Machine& vm, Value* args, Value* at, const std::vector<std::string>& texts) {
    at[0] = vm.list(texts.size(), args);
    for (const std::string& text : texts) {
        at[1] = vm.text(text, args);
        if (!list_add(vm, at[0], at[1], args + kPrimitiveFrame)) assert(false);
    }
    at[1] = Value();
    return at[0];
}

// module, hard: nil, or the holders
Value purge(Machine& vm, Value* args) {
    Value resumed;
    ReloadPort* port = port_of(vm, args, resumed);
    if (!port) return resumed;
    const std::string path = path_of(vm, args, 1, resumed);
    if (resumed) return resumed;
    std::vector<std::string> holders;
    const bool done = port->purge(vm, args, path, args[2].is_true(), holders);
    return done ? Value::nil() : texts_of(vm, args, args + 3, holders);
}

Value generations(Machine& vm, Value* args) {
    Value resumed;
    ReloadPort* port = port_of(vm, args, resumed);
    if (!port) return resumed;
    const std::string path = path_of(vm, args, 0, resumed);
    if (resumed) return resumed;
    const std::vector<GenerationInfo> all = port->generations(vm, args, path);
    args[2] = vm.list(all.size(), args);
    for (const GenerationInfo& info : all) {
        args[3] = make_map(vm, 5, args + kPrimitiveFrame);
        auto put = [&](const char* name, Value value) {
            args[6] = vm.symbol(name);
            args[7] = value;
            if (map_put(vm, vm.symbols, args[3], args[6], args[7], args + kPrimitiveFrame) != MapPut::Done)
                assert(false);
        };
        put("generation", Value::integer(info.number));
        put("current", Value::boolean(info.current));
        put("purged", Value::boolean(info.purged));
        put("amended", Value::integer(info.amended));
        put("holders", texts_of(vm, args, args + 4, info.holders));
        if (!list_add(vm, args[2], args[3], args + kPrimitiveFrame)) assert(false);
    }
    return args[2];
}

// A plan's number, or nil: the last reload that was taken. Answers a map; empty: there was none.
Value report(Machine& vm, Value* args) {
    ReloadSummary all;
    if (args[1].is_nil()) {
        all = vm.runtime.last_reload;
    } else {
        Value resumed;
        ReloadPort* port = port_of(vm, args, resumed);
        if (!port) return resumed;
        if (!args[1].is_integer()) return vm.wrong_type(args, 1, "a plan's number");
        if (!port->plan(uint64_t(args[1].as_integer()), all))
            return refused(vm, args,
                           "error: there is no plan " + std::to_string(args[1].as_integer()) +
                               ": it was committed or aborted, or never made");
    }
    args[2] = make_map(vm, all.numbers.size() + 3, args + kPrimitiveFrame);
    auto put = [&](const std::string& name) { // args[4]
        args[3] = vm.symbol(name);
        if (map_put(vm, vm.symbols, args[2], args[3], args[4], args + kPrimitiveFrame) != MapPut::Done)
            assert(false);
    };
    for (const auto& [name, number] : all.numbers) {
        args[4] = vm.integer(number, args);
        put(name);
    }
    if (all.numbers.empty()) return args[2];
    auto put_lines = [&](const char* name, std::vector<std::string>& lines) {
        for (std::string& line : lines)
            while (!line.empty() && line.back() == '\n') line.pop_back();
        args[4] = texts_of(vm, args, args + 4, lines);
        put(name);
    };
    put_lines("modules", all.modules);
    put_lines("states", all.states);
    put_lines("notes", all.notes);
    return args[2];
}

// ---- boundaries

Module* module_in(Value value) {
    return (*value.cell())[0].raw_address<Module>();
}

// Of the code that calls.
Value hot(Machine& vm, Value* args) {
    Module* module = nullptr;
    if (args[-1].is_raw())
        if (const Code* code = args[-1].raw_address<Node>()->code) module = code->module;
    if (!module) return vm.fail("ArgumentError", "`hot` is for the code of a module", args);
    return vm.object(vm.runtime.prelude_class("Boundary"), {module->value}, args);
}

// args[i]: a block or nil; becomes a shared one that is held. False: raised.
bool share_handler(Machine& vm, Value* args, int i, Value& resumed) {
    if (args[i].is_nil()) return true;
    if (!has_shape(args[i], shape::kBlock)) {
        resumed = vm.wrong_type(args, i, "a block");
        return false;
    }
    args[i] = vm.send(args[i], sym::frozen, {}, args);
    args[i] = vm.runtime.shared.share(args[i]);
    return true;
}

// module, import, handler
Value hot_accept(Machine& vm, Value* args) {
    Module& module = *module_in(args[1]);
    if (args[2].is_nil()) {
        vm.runtime.exclusively([&] { module.boundary.accepts_itself = true; });
        return Value::nil();
    }
    Value resumed;
    if (!args[2].is_symbol() && !is_text(args[2])) return vm.wrong_type(args, 2, "the name of an import");
    const std::string name = args[2].is_symbol() ? std::string(vm.symbol_text(args[2])) : text_utf8(args[2]);
    if (!share_handler(vm, args, 3, resumed)) return resumed;
    vm.runtime.exclusively([&] { module.boundary.accepts.push_back({name, args[3]}); });
    return Value::nil();
}

Value hot_dispose(Machine& vm, Value* args) {
    Value resumed;
    if (args[2].is_nil()) return vm.wrong_type(args, 2, "a block");
    if (!share_handler(vm, args, 2, resumed)) return resumed;
    vm.runtime.exclusively([&] { module_in(args[1])->boundary.disposes.push_back(args[2]); });
    return Value::nil();
}

Value hot_decline(Machine& vm, Value* args) {
    vm.runtime.exclusively([&] { module_in(args[1])->boundary.declines = true; });
    return Value::nil();
}

Value hot_data(Machine& vm, Value* args) {
    const Value data = module_in(args[1])->boundary.data;
    if (!data) {
        args[2] = make_map(vm, 0, args + kPrimitiveFrame);
        return vm.send(args[2], sym::frozen, {}, args);
    }
    vm.runtime.shared.hold(data);
    vm.heap->hold_for_stretch(data);
    return data;
}

Value hot_invalidate(Machine& vm, Value* args) {
    Value resumed;
    ReloadPort* port = port_of(vm, args, resumed);
    if (!port) return resumed;
    if (port->invalidate(vm)) return Value::nil();
    return vm.fail("ArgumentError", "`hot.invalidate()` is for the block of a `hot.accept`", args);
}

} // namespace

PrimitiveTable reload_primitives() {
    static constexpr PrimitiveRow kRows[] = {
        {"_load", 2, load, Effect::Inside},
        {"_reload", 2, reload, Effect::Inside},
        {"_prepare", 2, prepare, Effect::Inside},
        {"_commit", 1, commit, Effect::Inside},
        {"abort_reload", 1, abort_plan, Effect::Inside},
        {"_undo", 3, undo, Effect::Inside},
        {"_purge", 2, purge, Effect::Inside},
        {"hot", 0, hot},
        {"_hot_accept", 3, hot_accept, Effect::Inside},
        {"_hot_dispose", 2, hot_dispose, Effect::Inside},
        {"_hot_decline", 1, hot_decline, Effect::Inside},
        {"_hot_data", 1, hot_data, Effect::Input},
        {"_hot_invalidate", 0, hot_invalidate, Effect::Inside},
        {"_reload_report", 1, report, Effect::Input},
    };
    return {"", kRows};
}

PrimitiveTable module_generations_primitives() {
    static constexpr PrimitiveRow kRows[] = {{"generations", 0, generations, Effect::Input}};
    return {"Module", kRows};
}

} // namespace indent
