#include "image/history/what_if.h"
#include "image/history/past_world.h"
#include "image/history/rerun.h"
#include "image/history/turns.h"
#include "vm/session/code_as_it_was.h"
#include "vm/world/world.h"
#include <algorithm>
#include <map>
#include <set>

namespace indent::image {

namespace {

using State = std::vector<std::pair<std::string, std::string>>;

// Of a report: what was raised, without the place, which is another one in another text.
std::string error_in(const std::string& report) {
    constexpr std::string_view kError = ": error: ";
    const std::string line = report.substr(0, report.find('\n'));
    const size_t at = line.find(kError);
    return at == std::string::npos ? line : line.substr(at + kError.size());
}

const std::string* field_in(const State& state, const std::string& name) {
    for (const auto& field : state)
        if (field.first == name) return &field.second;
    return nullptr;
}

class WhatIf {
  public:
    WhatIf(Past& past, DefinitionStore& store) : past_(past), store_(store) {}

    Result<WhatIfReport> run(const StoryPlace& from, const StoryPlace& upto, std::vector<ReloadText> texts) {
        auto made = PastWorld::make(past_, store_, from, PastWorld::How::Still);
        if (!made) return std::move(made).failure();
        edited_ = std::move(*made);
        for (const std::string& trouble : edited_->troubles()) report_.notes.push_back(trouble);
        if (auto taken = take(std::move(texts)); !taken) return std::move(taken).failure();
        if (!report_.refusal.empty()) return std::move(report_);
        edited_->born = [this](uint64_t number) { return facts_of(number); };
        auto walked =
            past_.walk(from, upto, [&](const Past::Step& step) -> Result<bool> { return take_step(step); });
        if (!walked) return std::move(walked).failure();
        return std::move(report_);
    }

  private:
    Result<void> take(std::vector<ReloadText> texts) {
        World& world = edited_->world();
        auto epochs = store_.epochs();
        if (!epochs) return std::move(epochs).failure();
        if (!epochs->empty() && epochs->back().number > edited_->epoch()) {
            auto trouble = [&](const std::string& words) { report_.notes.push_back(words); };
            const uint64_t newest = epochs->back().number;
            // What lies between says how states follow; where that cannot be had again, the newest alone does.
            if (!take_code(world, store_, edited_->epoch(), newest, trouble))
                (void)take_code(world, store_, newest, newest, trouble);
        }
        if (texts.empty()) return ok();
        ReloadOptions without_effects;
        without_effects.effects = false;
        const ReloadReport taken = world.take(std::move(texts), without_effects);
        if (!taken.ok) report_.refusal = taken.refusal;
        for (const std::string& words : taken.states) report_.notes.push_back(words);
        return ok();
    }

    // Of an actor that has been born since the edited timeline begins.
    const FactsRecord* facts_of(uint64_t number) {
        for (const Record& record : *step_->records)
            if (auto* facts = std::get_if<FactsRecord>(&record); facts && facts->actor == number)
                return facts;
        const Recovery::State* state = step_->recovery->actor(number);
        return state && state->facts.actor == number ? &state->facts : nullptr;
    }

    // The world with the code of then is as the step found it.
    Result<void> meet_then(const Past::Step& step) {
        if (then_ && then_epoch_ == step.recovery->epoch()) return ok();
        StoryPlace before = step.place;
        --before.groups;
        --before.turn;
        then_.reset();
        auto made = PastWorld::make(past_, store_, before, PastWorld::How::Still);
        if (!made) return std::move(made).failure();
        then_ = std::move(*made);
        then_epoch_ = step.recovery->epoch();
        then_->born = [this](uint64_t number) { return facts_of(number); };
        return ok();
    }

    // The actor is in this world as the record says that the turn has left it.
    static void put_recorded(PastWorld& world, const Past::Step& step) {
        if (!step.before || step.segment->end != SegmentRecord::Done) return;
        Recovery::State state = *step.before;
        if (state.follow(*step.segment, *step.records) && state.has_heap())
            (void)world.put(step.segment->actor, state);
    }

    Result<bool> take_step(const Past::Step& step) {
        step_ = &step;
        if (auto met = meet_then(step); !met) return std::move(met).failure();
        const auto turn = turn_of(step);
        if (!turn) { // the machine has done it by itself
            put_recorded(*then_, step);
            return true;
        }
        const uint64_t bytes =
            WorldNames::kMostPerByte *
            (turn->tape.size() + turn->message.arguments.size() + step.segment->heap.size() + kEachTurn);
        for (PastWorld* world : {then_.get(), edited_.get()}) world->names().allow_memory(bytes);
        WhatIfReport::Message message;
        message.turn = step.turn;
        message.at_ms = step.segment->at_ms;
        compare(*turn, step, message);
        ++report_.counts[message.verdict];
        report_.messages.push_back(std::move(message));
        return true;
    }

    void compare(const RecordedTurn& turn, const Past::Step& step, WhatIfReport::Message& message) {
        auto not_run = [&](std::string why) {
            message.verdict = WhatIfReport::NotRun;
            message.words = std::move(why);
            put_recorded(*edited_, step); // so that what comes after it can be run
        };
        Actor* was = then_->find(turn.actor);
        message.actor = was ? then_->world().actors().describe(*was) : "actor " + std::to_string(turn.actor);
        message.text = message_in_words(*then_, turn.message);
        if (turn.message.kind == ActorMessage::Child) {
            put_recorded(*then_, step);
            return not_run("a supervisor decides about a child, which no code of the program does");
        }
        if (!was || was->status == Actor::Ended) return not_run("the actor cannot be brought back");
        Rerun then(then_->world().actors(), then_->names());
        const Rerun::Outcome old = then.run(*was, turn.message, turn.tape, Rerun::Strict);
        if (!old.trouble.empty() || !old.diverged.empty() || old.done == turn.failed) {
            put_recorded(*then_, step);
            return not_run(!old.trouble.empty()    ? old.trouble
                           : !old.diverged.empty() ? "with the code of then, " + old.diverged
                           : old.done ? "with the code of then it does not fail, though it had failed"
                                      : "with the code of then it fails: " + error_in(old.report));
        }
        Actor* is = edited_->find(turn.actor);
        if (!is || is->status == Actor::Ended)
            return not_run(is ? "with the edited code, the actor has ended" : "the actor's class is gone");
        if (is->status == Actor::Held) return not_run("the actor's state cannot be brought back");
        Rerun edited(edited_->world().actors(), edited_->names());
        const Rerun::Outcome now = edited.run(*is, turn.message, turn.tape, Rerun::Loose);
        if (!now.trouble.empty()) return not_run(now.trouble);
        judge(old, now, message);
    }

    void judge(const Rerun::Outcome& old, const Rerun::Outcome& now, WhatIfReport::Message& message) {
        auto differs = [&](WhatIfReport::Verdict verdict, const std::string& line) {
            if (message.verdict == WhatIfReport::Same) message.verdict = verdict;
            if (message.words.empty()) message.words = line;
            message.lines.push_back(line);
        };
        if (!now.diverged.empty()) return differs(WhatIfReport::Diverged, now.diverged);
        const std::string old_end = old.done ? "" : error_in(old.report),
                          new_end = now.done ? "" : error_in(now.report);
        if (old.done != now.done || old_end != new_end) {
            differs(now.done ? WhatIfReport::OtherState : WhatIfReport::Failed,
                    now.done   ? "it does not fail any more: " + old_end
                    : old.done ? "it fails: " + new_end
                               : "it fails otherwise: " + old_end + " -> " + new_end);
            if (!now.done) {
                for (size_t at = now.report.find('\n'); at != std::string::npos;) {
                    const size_t end = now.report.find('\n', at + 1);
                    if (std::string line = now.report.substr(at + 1, end - at - 1); !line.empty())
                        message.lines.push_back("  " + line);
                    at = end;
                }
                return;
            }
        }
        for (const auto& field : now.state) {
            const std::string* before = field_in(old.state, field.first);
            if (!before)
                note(message.actor, field.first, "has");
            else if (*before != field.second)
                differs(WhatIfReport::OtherState, field.first + ": " + *before + " -> " + field.second);
        }
        for (const auto& field : old.state)
            if (!field_in(now.state, field.first)) note(message.actor, field.first, "has no");
        if (!old.done) return; // what it would have sent is gone
        for (const std::string& line : letters(old, now)) differs(WhatIfReport::OtherMessages, line);
        if (old.reply != now.reply)
            differs(WhatIfReport::OtherMessages, "answers " + (now.reply.empty() ? "nothing" : now.reply) +
                                                     ", and not " +
                                                     (old.reply.empty() ? "nothing" : old.reply));
    }

    // A field that only one of the two has is a matter of the class, and not of each turn.
    void note(const std::string& actor, const std::string& field, const char* how) {
        const std::string cls = actor.substr(0, actor.find(' '));
        const std::string words =
            cls + " " + how + " `" + field + "` in the edited code, which is not compared";
        if (noted_.insert(words).second) report_.notes.push_back(words);
    }

    // What is left out and what is new, in order: those that both have in this order stay silent.
    std::vector<std::string> letters(const Rerun::Outcome& old, const Rerun::Outcome& now) {
        std::vector<std::string> lines;
        size_t a = 0, b = 0;
        while (a < old.letters.size() || b < now.letters.size()) {
            if (a < old.letters.size() && b < now.letters.size() && old.letters[a] == now.letters[b]) {
                ++a, ++b;
                continue;
            }
            const bool comes_later =
                a < old.letters.size() && std::find(now.letters.begin() + std::ptrdiff_t(b),
                                                    now.letters.end(), old.letters[a]) != now.letters.end();
            if (a < old.letters.size() && !comes_later)
                lines.push_back("no more: " + in_words(old.letters[a++]));
            else
                lines.push_back("new: " + in_words(now.letters[b++]));
        }
        return lines;
    }

    std::string in_words(const Rerun::Letter& letter) {
        static constexpr const char* kWays[] = {"sends", "asks for", "sends with a timer"};
        Actor* to = then_->find(letter.to);
        std::string text = std::string(kWays[letter.way]) + " `" + letter.selector;
        for (size_t i = 0; i < letter.arguments.size(); ++i) text += (i ? ", " : "(") + letter.arguments[i];
        if (!letter.arguments.empty()) text += ")";
        return text + "` " + (letter.way == Rerun::Letter::Asked ? "of " : "to ") +
               (to ? then_->world().actors().describe(*to) : "actor " + std::to_string(letter.to));
    }

    static std::string message_in_words(PastWorld& world, const PostRecord& post) {
        return Rerun(world.world().actors(), world.names()).in_words(post);
    }

    static constexpr uint64_t kEachTurn = 1024;
    Past& past_;
    DefinitionStore& store_;
    std::unique_ptr<PastWorld> edited_, then_;
    uint64_t then_epoch_ = 0;
    const Past::Step* step_ = nullptr;
    std::set<std::string> noted_;
    WhatIfReport report_;
};

} // namespace

Result<WhatIfReport> what_if(Past& past, DefinitionStore& store, const StoryPlace& from,
                             const StoryPlace& upto, std::vector<ReloadText> texts) {
    return WhatIf(past, store).run(from, upto, std::move(texts));
}

} // namespace indent::image
