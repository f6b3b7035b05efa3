#include "image/history/rerun.h"
#include "image/journal/letters.h"
#include "image/journal/tape.h"
#include "vm/actors/turn_tape.h"
#include "vm/interp/protected_run.h"

namespace indent::image {

std::vector<std::string> Rerun::literals(const Parcel* parcel) {
    std::vector<std::string> texts;
    if (!parcel) return texts;
    actors_.run_main([&](Machine& vm) {
        const size_t count = parcel->count();
        for (size_t i = 0; i < count; ++i) {
            std::string text;
            const bool denied = std::exchange(vm.effects_denied, true); // `inspect` is the program's
            const RunResult result = run_protected(vm, [&](Value* args) {
                Value* values = args + 1;
                if (!Heap::raise_stack(vm, values + count + 2 * kPrimitiveFrame)) return Value::nil();
                parcel->copy_out(vm, values, values + count);
                args[0] = values[i];
                text = vm.inspect(args[0], values + count);
                return Value::nil();
            });
            vm.effects_denied = denied;
            vm.inner->uncaught = {};
            texts.push_back(result.ok ? text : "(it cannot be shown)");
        }
        vm.heap->rollback();
        return false;
    });
    return texts;
}

std::vector<std::pair<std::string, std::string>> Rerun::state_of(Actor& actor) {
    std::vector<std::pair<std::string, std::string>> fields;
    if (!actor.state) return fields;
    Runtime& runtime = actors_.runtime();
    const Cell& state = *actor.state.cell();
    const Class& cls = *runtime.shapes[state.shape].cls;
    const size_t count = std::min(cls.fields.size(), state.word_count());
    const Parcel::Pointer copy = Parcel::pack_whole(actors_.main_machine(), state.words(), count);
    const std::vector<std::string> texts = literals(copy.get());
    for (size_t i = 0; i < texts.size(); ++i)
        fields.emplace_back(runtime.symbols.text(cls.fields[i].name), texts[i]);
    return fields;
}

std::string Rerun::in_words(const PostRecord& post) {
    static constexpr const char* kKinds[] = {"", "on start", "on stop",      "on down",
                                             "", "restart",  "a child's end"};
    const auto message = message_from(post, actors_.runtime(), names_);
    std::string text;
    if (post.kind != ActorMessage::Call)
        text = post.kind < std::size(kKinds) ? kKinds[post.kind] : "";
    else if (!message)
        return "a message that cannot be brought back";
    else
        text = actors_.runtime().symbols.text(message->selector);
    if (!message) return text;
    std::string inside;
    for (const std::string& argument : arguments_of(post))
        if (!argument.empty()) inside += (inside.empty() ? "" : ", ") + argument;
    return inside.empty() ? text : text + "(" + inside + ")";
}

std::vector<std::string> Rerun::arguments_of(const PostRecord& post) {
    const auto message = message_from(post, actors_.runtime(), names_);
    if (!message || !message->arguments) return {};
    std::vector<std::string> arguments = literals(message->arguments.get());
    for (size_t i = 0; i < arguments.size(); ++i)
        if (message->arguments->peek(i).is_absent())
            arguments[i].clear();
        else if (i < message->labels.size() && message->labels[i])
            arguments[i] =
                std::string(actors_.runtime().symbols.text(message->labels[i])) + ": " + arguments[i];
    return arguments;
}

bool Rerun::inputs_of(std::string_view tape, std::vector<Input>& inputs) {
    std::vector<TapeEntry> entries;
    auto address_of = [&](uint64_t number) {
        return names_.address_of ? names_.address_of(number) : Value();
    };
    if (!tape_from(tape, actors_, names_, address_of, entries)) return false;
    const auto collected = std::make_shared<Collected>();
    const TurnTape words(actors_, {}, true, collected);
    for (const TapeEntry& entry : entries) {
        Input input;
        switch (entry.kind) {
        case TapeEntry::Asked:
            input.actor = entry.to;
            input.selector = actors_.runtime().symbols.text(entry.selector);
            break;
        case TapeEntry::Answered: {
            input.kind = entry.failed ? Input::Refused : Input::Answered;
            const std::vector<std::string> values = literals(entry.values.get());
            if (!values.empty())
                input.text = values[0];
            else
                input.text = entry.failed ? entry.error_class : "nil";
            break;
        }
        case TapeEntry::Spawned:
            input.kind = Input::Born;
            input.actor = entry.number;
            break;
        case TapeEntry::Left:
        case TapeEntry::Heard:
        case TapeEntry::Rests:
        case TapeEntry::Sleeps:
        case TapeEntry::Timer: // the letter tells of it
        case TapeEntry::Changed: continue;
        case TapeEntry::Unkept:
            input.kind = Input::Other;
            input.text = entry.words;
            break;
        default: input.kind = Input::Other; input.text = words.in_words(entry);
        }
        inputs.push_back(std::move(input));
    }
    return true;
}

Rerun::Outcome Rerun::run(Actor& actor, const PostRecord& post, std::string_view tape, Mode mode) {
    Outcome outcome;
    Runtime& runtime = actors_.runtime();
    const size_t known = names_.troubles().size();
    std::vector<TapeEntry> entries;
    auto message = message_from(post, runtime, names_);
    auto address_of = [&](uint64_t number) {
        return names_.address_of ? names_.address_of(number) : Value();
    };
    if (!message || !tape_from(tape, actors_, names_, address_of, entries)) {
        outcome.trouble = "what the turn was given is not there";
        for (size_t i = known; i < names_.troubles().size(); ++i)
            outcome.trouble += (i > known ? "; " : ": ") + names_.troubles()[i];
        return outcome;
    }
    for (const TapeEntry& entry : entries)
        if (entry.kind == TapeEntry::Unkept)
            outcome.trouble = "it cannot be run again, because " + entry.words;
    if (!outcome.trouble.empty()) return outcome;
    while (actor.take()) {
    }
    const auto collected = std::make_shared<Collected>();
    message->tape = std::make_shared<TurnTape>(actors_, std::move(entries), mode == Loose, collected);
    const ActorRef kept(runtime.shared, &actor); // it may end
    const auto report =
        std::exchange(actors_.report, [&](const std::string& words) { outcome.report += words; });
    actors_.restore_message(actor, std::move(message));
    actors_.begin_restored({&actor});
    actors_.run_until_quiet([&] {
        std::lock_guard lock(actor.lock);
        return !actor.first && actor.status != Actor::Ready && actor.status != Actor::Running &&
               actor.status != Actor::Waiting;
    });
    actors_.report = report;
    outcome.done = collected->done;
    outcome.diverged = collected->diverged;
    if (!outcome.diverged.empty()) outcome.report.clear();
    for (const Collected::Letter& letter : collected->letters) {
        Letter made;
        made.way = Letter::Way(letter.way);
        made.to = letter.to;
        made.selector = runtime.symbols.text(letter.selector);
        made.arguments = literals(letter.arguments.get());
        for (size_t i = 0; i < made.arguments.size() && i < letter.labels.size(); ++i)
            if (letter.labels[i])
                made.arguments[i] =
                    std::string(runtime.symbols.text(letter.labels[i])) + ": " + made.arguments[i];
        outcome.letters.push_back(std::move(made));
    }
    if (collected->done && collected->reply) outcome.reply = literals(collected->reply.get())[0];
    if (actor.status != Actor::Ended) outcome.state = state_of(actor);
    return outcome;
}

} // namespace indent::image
