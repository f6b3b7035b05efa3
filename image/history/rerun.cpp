#include "image/history/rerun.h"
#include "image/journal/letters.h"
#include "image/journal/tape.h"
#include "vm/actors/turn_tape.h"

namespace indent::image {

bool Rerun::inputs_of(std::string_view tape, std::vector<Input>& inputs) {
    std::vector<TapeEntry> entries;
    auto address_of = [&](uint64_t number) {
        return names_.address_of ? names_.address_of(number) : Value();
    };
    if (!tape_from(tape, actors_, names_, address_of, entries)) return false;
    const auto collected = std::make_shared<Collected>();
    const TurnTape words(actors_, {}, true, collected);
    for (TapeEntry& entry : entries) {
        Input input;
        switch (entry.kind) {
        case TapeEntry::Asked:
            input.actor = entry.to;
            input.selector = actors_.runtime().symbols.text(entry.selector);
            break;
        case TapeEntry::Answered:
            input.kind = entry.failed ? Input::Refused : Input::Answered;
            input.text = entry.error_class;
            input.values = std::move(entry.values);
            break;
        case TapeEntry::Spawned:
            input.kind = Input::Born;
            input.actor = entry.number;
            break;
        case TapeEntry::Timer:
            input.kind = Input::Timer;
            input.actor = entry.number;
            break;
        case TapeEntry::Result:
            if (actors_.runtime().symbols.text(entry.selector) == "_cancel_timer") {
                input.kind = Input::Cancelled;
                input.text = entry.plain == Value::boolean(true) ? "true" : "false";
            } else {
                input.kind = Input::Other;
                input.text = words.in_words(entry);
            }
            break;
        case TapeEntry::Left:
        case TapeEntry::Heard:
        case TapeEntry::Rests:
        case TapeEntry::Sleeps:
        case TapeEntry::Epoch:
        case TapeEntry::Anew:
        case TapeEntry::Expects:
        case TapeEntry::Forgets:
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
    if (patience_.is_over()) {
        outcome.trouble = patience_.why();
        return outcome;
    }
    while (actor.take()) {
    }
    const auto collected = std::make_shared<Collected>();
    message->tape = std::make_shared<TurnTape>(actors_, std::move(entries), mode == Loose, collected);
    const ActorRef kept(runtime.shared, &actor); // it may end
    const auto report =
        std::exchange(actors_.report, [&](const std::string& words) { outcome.report += words; });
    actors_.restore_message(actor, std::move(message));
    actors_.begin_restored({&actor});
    {
        const Patience::Run limit(patience_);
        actors_.run_until_quiet([&] {
            std::lock_guard lock(actor.lock);
            return !actor.first && actor.status != Actor::Ready && actor.status != Actor::Running &&
                   actor.status != Actor::Waiting;
        });
    }
    actors_.report = report;
    if (patience_.is_over()) {
        outcome.diverged = patience_.why();
        return outcome;
    }
    outcome.done = collected->done;
    outcome.diverged = collected->diverged;
    if (!outcome.diverged.empty()) outcome.report.clear();
    for (Collected::Letter& letter : collected->letters) {
        Letter made;
        made.way = Letter::Way(letter.way);
        made.to = letter.to;
        made.selector = runtime.symbols.text(letter.selector);
        made.arguments = std::move(letter.arguments);
        made.after = letter.after;
        made.every = letter.every;
        made.labels.resize(made.count());
        for (size_t i = 0; i < made.labels.size() && i < letter.labels.size(); ++i)
            if (letter.labels[i]) made.labels[i] = runtime.symbols.text(letter.labels[i]);
        outcome.letters.push_back(std::move(made));
    }
    outcome.reply = collected->done ? std::move(collected->reply) : nullptr;
    return outcome;
}

} // namespace indent::image
