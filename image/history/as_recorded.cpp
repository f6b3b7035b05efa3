#include "image/history/as_recorded.h"
#include "image/journal/letters.h"
#include "image/journal/parcels.h"
#include "image/journal/tape.h"
#include "vm/world/world.h"

namespace indent::image {

namespace {

constexpr uint64_t kMostCompared = 16 << 20; // bytes

std::string in_words(const Difference& other) {
    return other.path + " was " + other.was + ", and is " + other.is;
}

std::string other_state(PastWorld& world, const Past::Step& step, const RecordedTurn& turn, bool at_all) {
    Actor* actor = world.find(turn.actor);
    if (!actor || actor->status == Actor::Ended || !actor->heap || !step.before) return "";
    Recovery::State state = *step.before;
    if (!state.follow(*step.segment, *step.records) || !state.has_heap()) return "";
    if (!at_all && state.heap_bytes() > kMostCompared) return "";
    const Heap heap(std::move(*actor->heap)); // what it has left now stays for as long
    const Value now = std::exchange(actor->state, Value());
    actor->heap.reset();
    if (!world.put(turn.actor, state)) return "the state that it left cannot be brought back";
    const std::vector<Field> was = fields_of(world.system(), *actor),
                             is = fields_of_state(world.system(), now);
    if (was.size() != is.size()) return "its state has other fields";
    for (size_t i = 0; i < was.size(); ++i)
        if (auto other = first_difference(world.system(), was[i].value, world.system(), is[i].value))
            return "of its state, `" + was[i].name + "`" + in_words(*other);
    return "";
}

// What left with its end; what had left before is on its tape.
std::string other_letters(PastWorld& world, const Past::Step& step, const Rerun::Outcome& outcome) {
    std::vector<const Rerun::Letter*> sent;
    for (const Rerun::Letter& letter : outcome.letters)
        if (letter.way == Rerun::Letter::Sent) sent.push_back(&letter);
    std::vector<const PostRecord*> posts;
    for (const Record& record : *step.records)
        if (const auto* post = std::get_if<PostRecord>(&record);
            post && post->kind == ActorMessage::Call && !post->ask)
            posts.push_back(post);
    if (sent.size() < posts.size()) return "it sends fewer messages";
    for (size_t i = 0; i < posts.size(); ++i) {
        const Rerun::Letter& letter = *sent[sent.size() - posts.size() + i];
        const auto message = message_from(*posts[i], world.world().runtime(), world.names());
        if (!message) continue; // it cannot be read
        const size_t count = message->arguments ? message->arguments->count() : 0;
        if (letter.to != posts[i]->to || letter.selector != world.symbol(posts[i]->selector) ||
            letter.count() != count)
            return "it sends `" + letter.selector + "`, where it sent `" + world.symbol(posts[i]->selector) +
                   "`";
        for (size_t k = 0; k < count; ++k)
            if (auto other = first_difference(world.system(), message->arguments->peek(k), world.system(),
                                              letter.arguments->peek(k)))
                return "what `" + letter.selector + "` brings" + in_words(*other);
    }
    for (const Record& record : *step.records) {
        const auto* answer = std::get_if<AnswerRecord>(&record);
        Parcel::Pointer value;
        if (!answer || answer->failed || !outcome.reply ||
            !parcel_from(answer->value, world.world().runtime().shared, 0, world.names(), value) || !value)
            continue;
        if (auto other =
                first_difference(world.system(), value->peek(0), world.system(), outcome.reply->peek(0)))
            return "its answer" + in_words(*other);
    }
    return "";
}

} // namespace

std::string differs_from_record(PastWorld& world, const Past::Step& step, const RecordedTurn& turn,
                                const Rerun::Outcome& outcome) {
    if (!outcome.done || world.patience().is_over()) return "";
    const bool crosses = crosses_reload(turn.tape);
    std::string other = other_letters(world, step, outcome);
    if (const std::string state = other_state(world, step, turn, crosses); !state.empty()) other = state;
    if (other.empty()) return "";
    return "run again it is another turn: " + other +
           (crosses
                ? " (a reload came in the middle of it, and it is run again in the code in which it ended)"
                : "");
}

} // namespace indent::image
