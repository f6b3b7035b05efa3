#include "image/history/turns.h"
#include "image/journal/tape.h"
#include "vm/actors/actor.h"
#include <algorithm>

namespace indent::image {

std::optional<RecordedTurn> turn_of(const Past::Step& step) {
    const SegmentRecord& segment = *step.segment;
    RecordedTurn turn;
    const Recovery::State* state = step.before;
    if (state && state->begun && state->begun->number == segment.message) {
        turn.message = *state->begun;
        if (state->tape_turn == segment.turn && !begins_anew(segment.inputs)) turn.tape = state->tape;
    } else if (step.message) {
        turn.message = *step.message;
    } else {
        const auto& timers = step.recovery->timers();
        auto timer = segment.timer ? timers.find(segment.timer) : timers.end();
        if (timer == timers.end()) return std::nullopt;
        turn.message = timer->second.message;
        turn.message.number = segment.message;
    }
    turn.actor = segment.actor;
    turn.turn = segment.turn;
    turn.tape += segment.inputs;
    turn.failed = segment.end == SegmentRecord::Failed;
    turn.epoch = segment.epoch;
    turn.at_ms = segment.at_ms;
    return turn;
}

bool ends_for_restart(const Past::Step& step) {
    if (step.segment->message || step.segment->timer || !step.before || step.before->mailbox.empty() ||
        step.before->mailbox.front().kind != ActorMessage::Restart)
        return false;
    // One that followed a reload says who it is by now; a supervisor always does.
    return step.before->facts.supervision ||
           std::none_of(step.records->begin(), step.records->end(), [&](const Record& record) {
               const auto* facts = std::get_if<FactsRecord>(&record);
               return facts && facts->actor == step.segment->actor;
           });
}

std::optional<RecordedTurn> Turns::segment(const SegmentRecord& segment) {
    auto begun = begun_.find(segment.actor);
    const bool begun_before = begun != begun_.end() && begun->second.message.number == segment.message;
    const bool goes_on = begun_before && !begins_anew(segment.inputs);
    std::optional<PostRecord> message;
    if (begun_before) message = begun->second.message;
    if (auto found = waiting_.find(segment.message); found != waiting_.end()) {
        message = std::move(found->second);
        waiting_.erase(found);
    }
    if (auto timer = timers_.find(segment.timer); segment.timer && timer != timers_.end()) {
        message = timer->second.message;
        message->number = segment.message;
        if (timer->second.every == 0) timers_.erase(timer);
    }
    if (!message) return std::nullopt; // the machine's own affair
    std::string tape = goes_on ? std::move(begun->second.tape) : std::string();
    if (begun != begun_.end()) begun_.erase(begun);
    tape += segment.inputs;
    if (segment.end == SegmentRecord::Waits) {
        begun_[segment.actor] = {std::move(*message), segment.turn, std::move(tape)};
        return std::nullopt;
    }
    RecordedTurn turn;
    turn.actor = segment.actor;
    turn.turn = segment.turn;
    turn.message = std::move(*message);
    turn.tape = std::move(tape);
    turn.failed = segment.end == SegmentRecord::Failed;
    turn.epoch = segment.epoch;
    turn.at_ms = segment.at_ms;
    return turn;
}

std::optional<RecordedTurn> Turns::take(const Record& record) {
    if (const auto* post = std::get_if<PostRecord>(&record)) {
        waiting_[post->number] = *post;
        if (auto asker = begun_.find(post->from); post->ask && asker != begun_.end())
            if (pending_ask(asker->second.tape).ask != post->ask) append_asked(asker->second.tape, *post);
    } else if (const auto* one = std::get_if<SegmentRecord>(&record)) {
        return segment(*one);
    } else if (const auto* timer = std::get_if<TimerStartRecord>(&record)) {
        timers_[timer->number] = *timer;
    } else if (const auto* end_of_timer = std::get_if<TimerEndRecord>(&record)) {
        timers_.erase(end_of_timer->number);
    } else if (const auto* answer = std::get_if<AnswerRecord>(&record)) {
        if (auto asker = begun_.find(answer->asker); asker != begun_.end()) {
            const PendingAsk pending = pending_ask(asker->second.tape);
            if (pending.ask == answer->ask && !pending.answered) append_answer(asker->second.tape, *answer);
        }
    } else if (const auto* turn = std::get_if<TurnRecord>(&record)) {
        begun_[turn->message.to] = {turn->message, turn->turn, turn->inputs};
    } else if (const auto* end = std::get_if<EndRecord>(&record)) {
        begun_.erase(end->actor); // who asked it has noted its end
        std::erase_if(waiting_, [&](const auto& each) { return each.second.to == end->actor; });
    }
    return std::nullopt;
}

} // namespace indent::image
