// Turns that errors have stopped, as a session serves them. That there are some is kept in the image (the desk's texts
// "broken/ACTOR"): opened again, errors stop turns from the beginning, so that a message whose turn stood still when
// the image was closed, and which is handled anew, stops where it had stopped, and does not fail for good.
#include "vm/session/session.h"
#include "vm/world/world.h"

namespace indent {

using namespace protocol;

namespace {
std::string key_of(uint64_t actor) {
    return std::string(kStoppedTurns) + std::to_string(actor);
}
} // namespace

void Session::watch_broken() {
    ActorSystem& actors = world_->actors();
    actors.break_on_error = break_on_error_ || had_broken_;
    actors.on_broken = [this](const BrokenInfo& info) {
        if (options_.story) {
            std::lock_guard lock(store_mutex_);
            (void)store_.save_desk(key_of(info.actor),
                                   info.report); // without it, errors stop no turns when it is opened again
        }
        deliver_(
            Event{TurnStopped{info.number, info.who, info.message, info.error, info.differs, info.report}});
    };
    actors.on_mended = [this](const BrokenInfo& info) {
        if (ending_) return; // it is there still when the image is opened again
        if (options_.story) {
            std::lock_guard lock(store_mutex_);
            (void)store_.forget_desk(key_of(info.actor));
        }
        deliver_(Event{TurnGoesOn{info.number}});
    };
}

void Session::tell_of_broken_before() {
    auto desk = store_.desk();
    if (!desk) return;
    for (const auto& [key, report] : *desk) {
        if (key.rfind(kStoppedTurns, 0) != 0) continue;
        had_broken_ = true;
        deliver_(Event{Trouble{
            "a turn was stopped when the image was closed; it is run again, without sending twice what "
            "had left, and stops again where it fails\n" +
            report}});
    }
}

// The world is about to end. What is kept of turns that have been handled anew, and did not stop, is not so any more.
void Session::settle_broken() {
    ending_ = true;
    if (!had_broken_ || paused_ || !options_.story || !world_) return;
    std::map<std::string, bool> waits;
    for (ActorRef& actor : world_->actors().actors_of([](const Class&) { return true; })) {
        std::lock_guard lock(actor->lock);
        waits[key_of(actor->id)] = actor->broken || actor->first || actor->status != Actor::Idle;
    }
    std::lock_guard lock(store_mutex_);
    auto desk = store_.desk();
    if (!desk) return;
    for (const auto& [key, report] : *desk)
        if (key.rfind(kStoppedTurns, 0) == 0 && !waits[key]) (void)store_.forget_desk(key);
}

BrokenTurns Session::broken_turns() {
    BrokenTurns all;
    if (paused_) {
        all.on = break_on_error_;
        return all;
    }
    all.on = world_->actors().break_on_error;
    for (BrokenInfo& info : world_->actors().broken_turns())
        all.turns.push_back({info.number, info.actor, std::move(info.who), std::move(info.message),
                             std::move(info.error), std::move(info.differs), std::move(info.report),
                             std::move(info.file), info.line});
    return all;
}

void Session::get_frames(RequestId id, const GetFrames& request) {
    BreakAnswer answer = world_->actors().command_broken(request.turn, {BreakCommand::Frames, 0, ""});
    if (!answer.problem.empty()) return fail(id, {"not_found", answer.problem});
    Frames all;
    for (BrokenFrame& frame : answer.frames) {
        FrameMirror mirror{
            std::move(frame.what), std::move(frame.file), frame.line, std::move(frame.receiver), {}};
        for (BrokenVariable& variable : frame.variables)
            mirror.variables.push_back(
                {std::move(variable.name), std::move(variable.text), variable.changes});
        all.frames.push_back(std::move(mirror));
    }
    finish(id, std::move(all));
}

Evaluated Session::evaluate_in_frame(const EvaluateInFrame& request) {
    BreakAnswer answer = world_->actors().command_broken(
        request.turn, {BreakCommand::Evaluate, size_t(request.frame), request.text});
    Evaluated result;
    result.text = std::move(answer.value);
    if (answer.problem.empty()) return result;
    result.outcome = answer.stopped ? Evaluated::Outcome::Stopped : Evaluated::Outcome::Raised;
    result.report = std::move(answer.problem);
    result.text = result.report.substr(0, result.report.find('\n'));
    return result;
}

Resolved Session::resolve(const ResolveBroken& request) {
    constexpr BreakCommand::Kind kKinds[] = {BreakCommand::Retry,  BreakCommand::Resume,
                                             BreakCommand::Return, BreakCommand::GiveUp,
                                             BreakCommand::GoOn,   BreakCommand::GoOnAnew};
    BreakAnswer answer = world_->actors().command_broken(
        request.turn, {kKinds[size_t(request.decision)], size_t(request.frame), request.text});
    Resolved result;
    result.taken = answer.problem.empty();
    result.problem = std::move(answer.problem);
    result.course = Resolved::Course(answer.course);
    result.turn = answer.again;
    if (const std::string why = why_not_kept(); !why.empty())
        result.problem += "error: this was done and could not be kept: " + why + "\n";
    return result;
}

} // namespace indent
