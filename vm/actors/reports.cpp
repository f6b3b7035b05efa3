// What is said of actors in words: who they are, what failed, what had left.
#include "vm/actors/actor_system.h"
#include "vm/interp/error_report.h"
#include "vm/interp/sketch.h"

namespace indent {

std::vector<SymbolId> ActorSystem::names_of(Actor& actor) {
    std::lock_guard lock(ties_mutex_);
    return actor.ties ? actor.ties->names : std::vector<SymbolId>();
}

ActorRef ActorSystem::supervisor_of(Actor& actor) {
    std::lock_guard lock(ties_mutex_);
    return actor.ties ? actor.ties->supervisor : ActorRef();
}

std::vector<ActorRef> ActorSystem::watchers_of(Actor& actor) {
    std::lock_guard lock(ties_mutex_);
    return actor.ties ? actor.ties->watchers : std::vector<ActorRef>();
}

std::string ActorSystem::describe(Actor& actor) {
    if (!actor.cls) return &actor == main_ ? "the main program" : "the reload itself";
    std::string text(runtime_.symbols.text(actor.cls->name));
    std::lock_guard lock(ties_mutex_);
    text += " (";
    if (actor.ties && !actor.ties->names.empty())
        text += ":" + std::string(runtime_.symbols.text(actor.ties->names[0]));
    else
        text += "actor " + std::to_string(actor.id);
    return text + ")";
}

std::string ActorSystem::in_words(uint64_t nanoseconds) {
    char text[40];
    if (nanoseconds >= 1'000'000'000)
        std::snprintf(text, sizeof text, "%g s", double(nanoseconds) * 1e-9);
    else
        std::snprintf(text, sizeof text, "%g ms", double(nanoseconds) * 1e-6);
    return text;
}

std::string ActorSystem::report_of(Machine& vm, Actor& actor, const ActorMessage& message,
                                   const RunResult& result, const RemoteTrace& trace) {
    ErrorReport report;
    if (result.out_of_memory)
        report.text = "error: OutOfMemory: the program needs more memory than it may take\n";
    else
        report = describe_error(vm, result.error);
    std::string text = report.text;
    if (message.kind == ActorMessage::Call)
        text += "  in the actor " + describe(actor) + ", handling `" + message_in_words(vm, message) +
                "`; its changes are undone\n";
    else
        text += "  in the actor " + trace.where + "\n";
    return text + departed_in_words(worker_of(vm).departed);
}

std::string ActorSystem::message_in_words(Machine& vm, const ActorMessage& message) {
    const Parcel* parcel = message.timer ? message.timer->arguments.get() : message.arguments.get();
    return call_in_words(vm, message.selector, message.labels, parcel);
}

// "add(100, by: [1, 2, …])"
std::string ActorSystem::call_in_words(Machine& vm, SymbolId selector, const std::vector<SymbolId>& labels,
                                       const Parcel* parcel) {
    constexpr size_t kEnough = 80;
    std::string text(vm.symbols.text(selector));
    if (!parcel || parcel->count() == 0) return text;
    text += "(";
    for (size_t i = 0; i < parcel->count(); ++i) {
        if (i > 0) text += ", ";
        if (text.size() > kEnough) {
            text += "…";
            break;
        }
        if (i < labels.size() && labels[i]) text += std::string(vm.symbols.text(labels[i])) + ": ";
        const Value value = parcel->peek(i);
        std::string shown = value ? sketch(vm, value) : "nil";
        if (!shown.empty() && value.is_cell() && vm.class_of(value)->kind == ClassKind::Record)
            text += vm.symbols.text(vm.class_of(value)->name);
        text += shown.empty() ? described(vm, value) : shown;
    }
    return text + ")";
}

// A line of a report; empty: nothing has left.
std::string ActorSystem::departed_in_words(const Departed& departed) {
    std::string text;
    auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
    const size_t shown = std::min<size_t>(departed.messages, std::size(departed.first));
    for (size_t i = 0; i < shown; ++i) {
        const Departed::Letter& letter = departed.first[i];
        std::string who =
            letter.cls ? std::string(runtime_.symbols.text(letter.cls->name)) : "the main program";
        if (letter.cls) {
            std::string name = "actor " + std::to_string(letter.to);
            std::shared_lock lock(names_mutex_);
            for (auto& [symbol, actor] : names_)
                if (actor->id == letter.to) name = ":" + std::string(runtime_.symbols.text(symbol));
            who += " (" + name + ")";
        }
        add("`" + std::string(runtime_.symbols.text(letter.selector)) + "` to " + who);
    }
    auto number = [](size_t n, const char* what) {
        return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
    };
    if (departed.messages > shown) add(number(departed.messages - shown, "more message"));
    if (departed.spawned) add(number(departed.spawned, "new actor"));
    if (departed.timers) add(number(departed.timers, "timer"));
    return text.empty() ? text : "  had left before, and stays: " + text + "\n";
}

} // namespace indent
