#include "image/history/what_if.h"
#include "image/history/as_recorded.h"
#include "image/history/past_world.h"
#include "image/history/recorded_states.h"
#include "image/history/rerun.h"
#include "image/history/turns.h"
#include "vm/os/clock.h"
#include "vm/session/code_as_it_was.h"
#include "vm/world/world.h"
#include <algorithm>
#include <map>
#include <set>

namespace indent::image {

namespace {

// Of a report: what was raised, without the place, which is another one in another text.
std::string error_in(const std::string& report) {
    constexpr std::string_view kError = ": error: ";
    const std::string line = report.substr(0, report.find('\n'));
    const size_t at = line.find(kError);
    return at == std::string::npos ? line : line.substr(at + kError.size());
}

const Field* field_in(const std::vector<Field>& fields, const std::string& name) {
    for (const Field& field : fields)
        if (field.name == name) return &field;
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
        if (!texts.empty()) {
            ReloadOptions without_effects;
            without_effects.effects = false;
            const ReloadReport taken = world.take(std::move(texts), without_effects);
            if (!taken.ok) report_.refusal = taken.refusal;
            for (const std::string& words : taken.states) report_.notes.push_back(words);
        }
        return ok();
    }

    // What modules hold, in words, by `module.name`.
    static std::map<std::string, std::string> module_values(PastWorld& of) {
        std::map<std::string, std::string> all;
        Runtime& runtime = of.world().runtime();
        for (const auto& [path, module] : runtime.modules)
            if (!module->library && path != "workspace")
                for (const auto& [name, binding] : module->names)
                    if ((binding->kind == Binding::Stable || binding->kind == Binding::Var) &&
                        binding->value && binding->module->path == path)
                        all[path + "." + std::string(runtime.symbols.text(name))] =
                            in_short(of.system(), binding->value);
        return all;
    }
    // A reload makes them anew, and here without what the statements of the module do to them.
    void note_module_values() {
        const auto then = module_values(*then_);
        for (const auto& [name, is] : module_values(*edited_))
            if (auto was = then.find(name); was != then.end() && was->second != is) {
                const std::string words =
                    "`" + name + "` was " + was->second + " then, and is " + is +
                    " in the edited code, as the statements of a module do not run here";
                if (noted_.insert(words).second) report_.notes.push_back(words);
            }
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
        note_module_values();
        return ok();
    }

    // The actor is in this world as the record says that the turn has left it.
    static void put_recorded(PastWorld& world, const Past::Step& step) {
        if (world.patience().is_over()) return; // its turn stands in the middle
        if (!step.before || step.segment->end != SegmentRecord::Done) return;
        Recovery::State state = *step.before;
        if (state.follow(*step.segment, *step.records) && state.has_heap())
            (void)world.put(step.segment->actor, state);
    }

    Result<bool> take_step(const Past::Step& step) {
        step_ = &step;
        recorded_.meet(step);
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
        if (past_.gives_up())
            return Failure{"stopped", "it was given up, as the program that has the image open ends"};
        if (!then_->patience().is_over() && !edited_->patience().is_over()) return true;
        report_.notes.push_back("what came after turn " + std::to_string(step.turn) +
                                " has not been tried, as that turn was ended in the middle");
        return false;
    }

    void compare(const RecordedTurn& turn, const Past::Step& step, WhatIfReport::Message& message) {
        auto not_run = [&](std::string why) {
            message.verdict = WhatIfReport::NotRun;
            message.words = std::move(why);
            put_recorded(*edited_, step); // so that what comes after it can be run
        };
        Actor* was = then_->find(turn.actor);
        message.actor = then_->describe(turn.actor);
        message.text = then_->message(turn.message);
        if (turn.message.kind == ActorMessage::Child) {
            put_recorded(*then_, step);
            return not_run("a supervisor decides about a child, which no code of the program does");
        }
        if (!was || was->status == Actor::Ended) return not_run("the actor cannot be brought back");
        // What the record has of the turn is what the code of then did. Where the edited code does the same that is all.
        Rerun edited(edited_->system(), edited_->names(), edited_->patience());
        std::optional<Rerun::Outcome> tried;
        if (RecordedStates::may_tell(turn, step))
            if (Actor* is = edited_->find(turn.actor);
                is && is->status != Actor::Ended && is->status != Actor::Held) {
                const uint64_t began = os::monotonic_ns();
                tried = edited.run(*is, turn.message, turn.tape, Rerun::Loose);
                if (is_as_recorded(turn, step, *tried, *was, *is, os::monotonic_ns() - began, message))
                    return;
            }
        Rerun then(then_->system(), then_->names(), then_->patience());
        const Rerun::Outcome old = then.run(*was, turn.message, turn.tape, Rerun::Strict);
        if (!old.trouble.empty() || !old.diverged.empty() || old.done == turn.failed) {
            put_recorded(*then_, step);
            return not_run(!old.trouble.empty()    ? old.trouble
                           : !old.diverged.empty() ? "with the code of then, " + old.diverged
                           : old.done ? "with the code of then it does not fail, though it had failed"
                                      : "with the code of then it fails: " + error_in(old.report));
        }
        if (std::string other = differs_from_record(*then_, step, turn, old); !other.empty())
            return not_run(std::move(other));
        Actor* is = edited_->find(turn.actor);
        if (!is || is->status == Actor::Ended)
            return not_run(is ? "with the edited code, the actor has ended" : "the actor's class is gone");
        if (is->status == Actor::Held) return not_run("the actor's state cannot be brought back");
        const Rerun::Outcome now =
            tried ? std::move(*tried) : edited.run(*is, turn.message, turn.tape, Rerun::Loose);
        if (!now.trouble.empty()) return not_run(now.trouble);
        judge({old, *was}, {now, *is}, turn.message.ask != 0, message);
    }

    // False: it is not, or that is not known; then the world of then is as the turn found it.
    bool is_as_recorded(const RecordedTurn& turn, const Past::Step& step, const Rerun::Outcome& now,
                        Actor& was, Actor& is, uint64_t took_ns, WhatIfReport::Message& message) {
        if (!now.done || !now.trouble.empty() || !now.diverged.empty() ||
            !RecordedStates::is_worth_it(step, took_ns))
            return false;
        Rerun::Outcome old;
        if (!RecordedStates::outcome(turn, step, *then_, old) || !recorded_.put_after(*then_, step))
            return false;
        WhatIfReport::Message told = message;
        judge({old, was}, {now, is}, turn.message.ask != 0, told);
        if (told.verdict != WhatIfReport::Same) {
            then_->names().allow_memory(WorldNames::kMostPerByte * step.before->heap_bytes());
            (void)then_->put(turn.actor, *step.before);
            return false;
        }
        message = std::move(told);
        ++report_.by_record;
        return true;
    }

    struct Side {
        const Rerun::Outcome& outcome;
        Actor& actor; // after it
    };

    // `is_asked`: somebody waits for what it answers.
    void judge(const Side& before, const Side& after, bool is_asked, WhatIfReport::Message& message) {
        const Rerun::Outcome &old = before.outcome, &now = after.outcome;
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
        const std::vector<Field> was = fields_after(*then_, before.actor),
                                 is = fields_after(*edited_, after.actor);
        for (const Field& field : is) {
            const Field* old_field = field_in(was, field.name);
            if (!old_field)
                note(message.actor, field.name, "has");
            else if (auto other = difference(old_field->value, field.value))
                differs(WhatIfReport::OtherState,
                        field.name + other->path + ": " + other->was + " -> " + other->is);
        }
        for (const Field& field : was)
            if (!field_in(is, field.name)) note(message.actor, field.name, "has no");
        if (!old.done) return; // what it would have sent is gone
        for (const std::string& line : letters(old, now)) differs(WhatIfReport::OtherMessages, line);
        if (!is_asked) return;
        if (!now.reply != !old.reply) {
            differs(WhatIfReport::OtherMessages,
                    now.reply ? "answers, and did not" : "does not answer, and did");
        } else if (now.reply) {
            const Value then = old.reply->peek(0), answer = now.reply->peek(0);
            if (auto other = difference(then, answer))
                differs(WhatIfReport::OtherMessages, "answers " + other->is + ", and not " + other->was +
                                                         (other->path.empty() ? "" : ", at " + other->path));
        }
    }

    std::optional<Difference> difference(Value was, Value is) {
        return first_difference(then_->system(), was, edited_->system(), is);
    }
    static std::vector<Field> fields_after(PastWorld& world, const Actor& actor) {
        return actor.status == Actor::Ended ? std::vector<Field>() : fields_of(world.system(), actor);
    }

    bool are_same(const Rerun::Letter& old, const Rerun::Letter& now) {
        if (old.way != now.way || old.to != now.to || old.selector != now.selector ||
            old.labels != now.labels)
            return false;
        for (size_t i = 0; i < old.count(); ++i)
            if (difference(old.arguments->peek(i), now.arguments->peek(i))) return false;
        return true;
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
            if (a < old.letters.size() && b < now.letters.size() &&
                are_same(old.letters[a], now.letters[b])) {
                ++a, ++b;
                continue;
            }
            const bool comes_later =
                a < old.letters.size() &&
                std::any_of(now.letters.begin() + std::ptrdiff_t(b), now.letters.end(),
                            [&](const Rerun::Letter& letter) { return are_same(old.letters[a], letter); });
            if (a < old.letters.size() && !comes_later)
                lines.push_back("no more: " + in_words(old.letters[a++], *then_));
            else
                lines.push_back("new: " + in_words(now.letters[b++], *edited_));
        }
        return lines;
    }

    std::string in_words(const Rerun::Letter& letter, PastWorld& world) {
        static constexpr const char* kWays[] = {"sends", "asks for", "sends with a timer"};
        std::string text = std::string(kWays[letter.way]) + " `" + letter.selector;
        for (size_t i = 0; i < letter.count(); ++i) {
            text += i ? ", " : "(";
            if (!letter.labels[i].empty()) text += letter.labels[i] + ": ";
            text += in_short(world.system(), letter.arguments->peek(i));
        }
        if (letter.count()) text += ")";
        return text + "` " + (letter.way == Rerun::Letter::Asked ? "of " : "to ") +
               then_->describe(letter.to);
    }

    static constexpr uint64_t kEachTurn = 1024;
    Past& past_;
    DefinitionStore& store_;
    std::unique_ptr<PastWorld> edited_, then_;
    uint64_t then_epoch_ = 0;
    RecordedStates recorded_;
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
