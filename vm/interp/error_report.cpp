#include "vm/interp/error_report.h"
#include "vm/interp/inner.h"
#include "vm/interp/protected_run.h"
#include "vm/model/module.h"
#include "vm/syntax/source.h"

namespace indent {

namespace {
// A line for each frame; repeated ones are counted.
void add_trace(std::string& text, const std::vector<TraceFrame>& trace, size_t frames, bool omitted) {
    std::string last;
    size_t repeated = 0;
    auto flush = [&] {
        if (repeated > 1) text += "  … " + std::to_string(repeated - 1) + " more like this\n";
    };
    for (size_t i = 0; i < trace.size(); ++i) {
        const auto& frame = trace[i];
        std::string line = "  in " + std::string(frame.code->name.empty() ? "?" : frame.code->name);
        if (frame.code->is_block) line += " (block)";
        if (frame.code->tree) {
            syntax::Source source(frame.code->tree->file, *frame.code->tree->source);
            auto at = source.position(frame.position);
            line += " at " + frame.code->tree->file + ":" + std::to_string(at.line);
        }
        line += "\n";
        if (omitted && i == trace.size() / 2) {
            flush();
            repeated = 0;
            last.clear();
            text += "  … " + std::to_string(frames - trace.size()) + " frames are left out\n";
        }
        if (line == last) {
            ++repeated;
            continue;
        }
        flush();
        text += line;
        last = line;
        repeated = 1;
    }
    flush();
}
} // namespace

ErrorReport describe_error(Machine& vm, Value error, Value* above) {
    ErrorReport outcome;
    const ActiveRaise raise{nullptr,
                            error,
                            nullptr,
                            Value(),
                            vm.inner->uncaught.trace,
                            vm.inner->uncaught.frames,
                            vm.inner->uncaught.omitted};
    Class* cls = vm.class_of(error);
    outcome.class_name = vm.symbols.text(cls->name);
    outcome.stopped = outcome.class_name == "Stopped";
    std::shared_ptr<const RemoteTrace> from;
    for (auto& remote : vm.inner->remote_errors)
        if (remote.error == error) from = remote.trace;
    // The message may be a method of the program: it runs protected, and may fail.
    auto ask = [&](Value* args) {
        args[0] = error;
        Value message = vm.send(args[0], sym::message, {}, args);
        outcome.message = vm.to_text(message, args);
        if (cls == vm.runtime.prelude_class("ExitRequest")) {
            Value code = vm.send(args[0], vm.symbols.intern("code"), {}, args);
            outcome.exit_code = code.is_integer() ? int(code.as_integer() & 0xFF) : 1;
        }
        return Value::nil();
    };
    const RunResult asked = above ? run_protected_above(vm, above, ask) : run_protected(vm, ask);
    if (!asked.ok) outcome.message = "(its message could not be made)";

    // The place: the innermost frame in the program's own text, else the innermost of all.
    const TraceFrame* place = nullptr;
    for (const auto& frame : raise.trace)
        if (frame.code->module && !frame.code->module->library && frame.code->tree) {
            place = &frame;
            break;
        }
    if (!place && !raise.trace.empty() && raise.trace[0].code->tree) place = &raise.trace[0];
    std::string text;
    std::string summary = "error: " + outcome.class_name;
    if (!outcome.message.empty()) summary += ": " + outcome.message;
    if (place) {
        syntax::Source source(place->code->tree->file, *place->code->tree->source);
        auto at = source.position(place->position);
        outcome.file = place->code->tree->file;
        outcome.line = at.line;
        text += outcome.file + ":" + std::to_string(at.line) + ":" + std::to_string(at.column) + ": " +
                summary + "\n";
        std::string_view line = source.line(at.line);
        if (line.size() <= 200) {
            text += "    " + std::string(line) + "\n    ";
            uint32_t column = 1;
            for (size_t i = 0; i < line.size() && column < at.column; ++i) {
                if ((line[i] & 0xC0) == 0x80) continue;
                text += line[i] == '\t' ? '\t' : ' ';
                ++column;
            }
            text += "^\n";
        }
    } else {
        text += summary + "\n";
    }
    add_trace(text, raise.trace, raise.frames, raise.omitted);
    for (const RemoteTrace* remote = from.get(); remote; remote = remote->before.get()) {
        text += "  asked of " + remote->where + ", where it was raised:\n";
        add_trace(text, remote->trace, remote->frames, remote->omitted);
    }
    outcome.text = text;
    return outcome;
}

} // namespace indent
