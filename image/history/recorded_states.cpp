#include "image/history/recorded_states.h"
#include "image/journal/letters.h"
#include "image/journal/parcels.h"
#include "vm/actors/actor.h"
#include "vm/world/world.h"
#include <algorithm>

namespace indent::image {

namespace {

constexpr uint64_t kMostHeap = 64 << 10; // bytes of a state that is put together for a turn
constexpr size_t kMostKnown = 256;       // actors

} // namespace

void RecordedStates::meet(const Past::Step& step) {
    // Its heap is written anew: what has been read of it is of no use.
    if (step.segment->fresh) known_.erase(step.segment->actor);
    if (known_.size() > kMostKnown) known_.clear();
}

bool RecordedStates::may_tell(const RecordedTurn& turn, const Past::Step& step) {
    const Recovery::State* before = step.before;
    const SegmentRecord& segment = *step.segment;
    if (turn.message.kind != ActorMessage::Call || segment.end != SegmentRecord::Done || segment.fresh ||
        !before || before->begun || !before->parts.empty() || !before->leaves.empty() ||
        !before->head.empty() || before->heap.empty() || before->heap_bytes() > kMostHeap ||
        segment.heap.size() > kMostHeap)
        return false;
    bool is_answered = false;
    for (const Record& record : *step.records) {
        if (const auto* post = std::get_if<PostRecord>(&record)) {
            if (post->kind != ActorMessage::Call) return false;
        } else if (const auto* answer = std::get_if<AnswerRecord>(&record)) {
            if (answer->failed || answer->ask != turn.message.ask) return false;
            is_answered = true;
        } else if (!std::get_if<SegmentRecord>(&record)) {
            return false; // somebody is born, a timer starts
        }
    }
    return is_answered || turn.message.ask == 0; // what a prompt has heard is not in the story
}

bool RecordedStates::is_worth_it(const Past::Step& step, uint64_t took_ns) {
    constexpr uint64_t kEach = 20'000, kEachRecord = 80, kEachByte = 5; // ns
    const uint64_t cost =
        kEach + kEachRecord * step.before->heap.size() + kEachByte * step.before->heap_bytes();
    return took_ns > cost;
}

bool RecordedStates::outcome(const RecordedTurn& turn, const Past::Step& step, PastWorld& world,
                             Rerun::Outcome& outcome) {
    Runtime& runtime = world.world().runtime();
    outcome.done = true;
    for (const Record& record : *step.records) {
        if (const auto* answer = std::get_if<AnswerRecord>(&record)) {
            if (!parcel_from(answer->value, runtime.shared, 0, world.names(), outcome.reply)) return false;
        } else if (const auto* post = std::get_if<PostRecord>(&record)) {
            auto message = message_from(*post, runtime, world.names());
            if (!message) return false;
            Rerun::Letter letter;
            letter.to = post->to;
            letter.selector = runtime.symbols.text(message->selector);
            letter.arguments = std::move(message->arguments);
            letter.labels.resize(letter.count());
            for (size_t i = 0; i < letter.labels.size() && i < message->labels.size(); ++i)
                if (message->labels[i]) letter.labels[i] = runtime.symbols.text(message->labels[i]);
            outcome.letters.push_back(std::move(letter));
        }
    }
    return turn.message.ask == 0 || outcome.reply;
}

bool RecordedStates::put_after(PastWorld& world, const Past::Step& step) {
    const SegmentRecord& segment = *step.segment;
    if (segment.heap.empty()) return true; // it has changed nothing
    const std::vector<std::string>& heap = step.before->heap;
    Known& known = known_[segment.actor];
    auto add = [&](const std::string& record) {
        known.good = known.good && known.picture.add(record);
        ++known.records;
    };
    while (known.records < heap.size()) add(heap[known.records]);
    if (known.good && known.records == heap.size()) add(segment.heap);
    world.names().allow_memory(WorldNames::kMostPerByte * (step.before->heap_bytes() + segment.heap.size()));
    return known.good && known.records == heap.size() + 1 && world.put(segment.actor, known.picture);
}

} // namespace indent::image
