#include "image/history/turn_test.h"
#include "image/history/as_recorded.h"
#include "image/history/literals.h"
#include "image/history/past_world.h"
#include "image/history/rerun.h"
#include "image/history/test_text.h"
#include "image/history/turns.h"
#include "image/history/visit_turn.h"
#include "image/journal/letters.h"
#include "vm/session/code_as_it_was.h"
#include "vm/world/world.h"
#include <algorithm>
#include <cctype>
#include <charconv>
#include <map>
#include <set>

namespace indent::image {

namespace {

constexpr uint64_t kSecondsForProof = 60; // for all code of the image, too

constexpr uint64_t kLongestWait = 1'000'000'000; // ns that a test waits for a timer

class Writer {
  public:
    Writer(Past& past, DefinitionStore& store, PastWorld& world, const Past::Step& step,
           const RecordedTurn& turn)
        : past_(past), store_(store), world_(world), actors_(world.world().actors()),
          rerun_(actors_, world.names(), world.patience()), literals_(actors_, world.patience()), step_(step),
          turn_(turn) {}

    TurnTest write() {
        actor_ = world_.find(turn_.actor);
        if (!actor_ || actor_->status == Actor::Ended || actor_->status == Actor::Held || !actor_->cls) {
            misses("the actor cannot be brought back");
            return finish();
        }
        who_ = actors_.describe(*actor_);
        message_ = world_.message(turn_.message);
        cls_ = world_.world().runtime().symbols.text(actor_->cls->name);
        then_ = cls_ + "Then";
        const uint8_t kind = turn_.message.kind;
        if (kind == ActorMessage::Child) {
            misses("a supervisor decides about a child, which no code of the program does; the child's own "
                   "turns "
                   "become tests");
            return finish();
        }
        const bool begins = is_begin();
        sent_ = message_from(turn_.message, world_.world().runtime(), world_.names());
        if (!sent_) {
            misses("its message cannot be brought back");
            return finish();
        }
        given_ = begins && actor_->first_start ? actor_->first_start.get() : sent_.get();
        (void)world_.value("let one = nil");
        const State before = begins ? State() : state();
        for (const auto& [name, value] : before)
            if (!value.why_not.empty())
                misses("`" + name + "` of the actor before the turn " + value.why_not);
        if (!made_.missing.empty()) return finish();
        if (!rerun_.inputs_of(turn_.tape, inputs_)) {
            misses("what the turn was given is not there any more");
            return finish();
        }
        const Rerun::Outcome outcome = rerun_.run(*actor_, turn_.message, turn_.tape, Rerun::Strict);
        if (!outcome.trouble.empty() || !outcome.diverged.empty()) {
            misses(outcome.trouble.empty() ? outcome.diverged : outcome.trouble);
            return finish();
        }
        if (const std::string other = differs_from_record(world_, step_, turn_, outcome); !other.empty()) {
            misses(other);
            return finish();
        }
        done_ = outcome.done;
        meet_inputs();
        is_there_ = true; // where the test has it as `one`
        for (const Rerun::Letter& letter : outcome.letters) meet(letter);
        is_there_ = !begins;
        const std::string inside = begins ? birth_arguments() : arguments();
        is_there_ = false;
        if (kind == ActorMessage::Down) choose_end();
        write_itself();
        if (begins)
            write_birth(inside);
        else
            write_spawn(before);
        is_there_ = true;
        if (kind == ActorMessage::Stop)
            write_stop();
        else if (!begins)
            write_message(outcome, inside);
        if (kind != ActorMessage::Stop && (done_ || !begins)) write_state(done_ ? state() : before);
        write_heard();
        return finish();
    }

  private:
    using State = std::vector<std::pair<std::string, Literal>>;
    struct Handler {
        size_t arguments = 0;
        std::vector<std::string> labels; // one for each, empty where it has none
        std::vector<std::string> answers;
        bool refuses = false;
    };
    struct Heard {
        std::string text;
        uint64_t after = 0; // ns; 0: it is sent
        bool again = false; // and again and again
    };
    struct StandIn {
        std::string variable, cls, who;
        std::map<std::string, Handler> handlers;
        std::vector<Heard> heard;
        bool by_text = false; // what it heard is to be compared as text
    };

    bool is_begin() const {
        return turn_.message.kind == ActorMessage::Start || turn_.message.kind == ActorMessage::Restart;
    }

    State state() {
        State state;
        if (actor_->status == Actor::Ended) return state;
        for (const Field& field : fields_of(actors_, *actor_))
            state.emplace_back(field.name, literals_.of(field.value));
        return state;
    }

    void misses(const std::string& words) {
        if (std::find(made_.missing.begin(), made_.missing.end(), words) == made_.missing.end())
            made_.missing.push_back(words);
    }
    // Said in the test, which is whole all the same.
    void notes(const std::string& words) {
        if (std::find(notes_.begin(), notes_.end(), words) == notes_.end()) notes_.push_back(words);
    }

    // How the test calls an actor; nothing: it cannot.
    std::optional<std::string> name_of(uint64_t number) {
        if (number == turn_.actor) {
            if (is_there_) return "one";
            misses("its own actor is named before the test has it");
            return std::nullopt;
        }
        const StandIn* there = stand_in(number);
        return there ? std::optional(there->variable) : std::nullopt;
    }

    // Who is there in the place of another actor; null: it cannot be replaced.
    StandIn* stand_in(uint64_t number) {
        if (born_.contains(number)) {
            misses("the turn names an actor that it has spawned, which has no name in the test");
            return nullptr;
        }
        auto found = stand_ins_.find(number);
        if (found != stand_ins_.end()) return &found->second;
        Actor* actor = world_.find(number);
        if (!actor || !actor->cls) {
            misses("the actor " + std::to_string(number) + " cannot be brought back");
            return nullptr;
        }
        StandIn made;
        const std::string name(world_.world().runtime().symbols.text(actor->cls->name));
        size_t& same = names_[name];
        const std::string which = ++same == 1 ? "" : std::to_string(same);
        made.cls = name + "There" + which;
        made.variable = small(name) + "_there" + which;
        made.who = actors_.describe(*actor);
        (void)world_.value("let " + made.variable + " = nil");
        return &stand_ins_.emplace(number, std::move(made)).first->second;
    }

    // An address in literal form at `at`, such as `Fees (:fees)`: its end and its actor.
    bool address_at(const std::string& text, size_t at, size_t& end, uint64_t& number) {
        if (!std::isupper(static_cast<unsigned char>(text[at])) || (at > 0 && is_word(text[at - 1])))
            return false;
        size_t i = at;
        while (i < text.size() && is_word(text[i])) ++i;
        if (text.compare(i, 2, " (") != 0) return false;
        const size_t close = text.find(')', i);
        if (close == std::string::npos) return false;
        const std::string inside = text.substr(i + 2, close - i - 2);
        constexpr std::string_view kActor = "actor ";
        if (inside.starts_with(':')) {
            number = world_.number_of(inside);
        } else if (inside.starts_with(kActor)) {
            const char* first = inside.data() + kActor.size();
            const auto [last, error] = std::from_chars(first, inside.data() + inside.size(), number);
            if (error != std::errc() || last != inside.data() + inside.size()) return false;
        } else {
            return false;
        }
        end = close + 1;
        return number != 0;
    }

    // A value as the test writes it. Nothing: it cannot, which has been said.
    std::optional<std::string> literal(Value value, const std::string& what) {
        return written(literals_.of(value), what);
    }
    std::optional<std::string> written(const Literal& literal, const std::string& what) {
        if (literal.why_not.empty()) return written(literal.text, what);
        misses(what + " " + literal.why_not);
        return std::nullopt;
    }
    std::optional<std::string> written(const std::string& value, const std::string& what) {
        std::string text;
        for (size_t at = 0; at < value.size();) {
            size_t end = at;
            uint64_t number = 0;
            if (value[at] == '"') {
                for (end = at + 1; end < value.size() && value[end] != '"'; ++end)
                    if (value[end] == '\\') ++end;
                end = std::min(end + 1, value.size());
                text += value.substr(at, end - at);
            } else if (address_at(value, at, end, number)) {
                const auto name = name_of(number);
                if (!name) return std::nullopt;
                text += *name;
            } else if (timer_at(value, at, end, number)) {
                if (new_timers_.contains(number)) {
                    misses(what +
                           " has a timer that the turn has started, whose number is another one each time");
                    return std::nullopt;
                }
                text += cancels_ ? timer_variable(number) : value.substr(at, end - at);
            } else {
                text += value[at];
                end = at + 1;
            }
            at = end;
        }
        note_names(text);
        const auto equal = world_.value("(" + text + ") == (" + text + ")");
        if (!equal || text.find('\n') != std::string::npos) {
            misses(what + " has no literal form: " + value.substr(0, value.find('\n')));
            return std::nullopt;
        }
        if (*equal != "true") by_text_ = true;
        return text;
    }

    // A timer that runs, which the turn can cancel.
    std::string timer_variable(uint64_t number) {
        const std::string name = "timer_" + std::to_string(number);
        if (old_timers_.insert(number).second) (void)world_.value("let " + name + " = nil");
        return name;
    }
    bool is_new_timer(const Literal& literal) const {
        size_t end = 0;
        uint64_t number = 0;
        return timer_at(literal.text, 0, end, number) && end == literal.text.size() &&
               new_timers_.contains(number);
    }

    // Classes are imported from where they are.
    void note_names(const std::string& text) {
        auto& runtime = world_.world().runtime();
        auto modules = store_.modules_at(world_.epoch());
        if (!modules) return;
        bool quoted = false;
        for (size_t at = 0; at < text.size();) {
            if (text[at] == '"' && (at == 0 || text[at - 1] != '\\')) quoted = !quoted;
            size_t end = at;
            while (end < text.size() && is_word(text[end])) ++end;
            if (end == at) {
                ++at;
                continue;
            }
            const std::string name = text.substr(at, end - at);
            at = end;
            if (quoted || !std::isupper(static_cast<unsigned char>(name[0])) || imported_.contains(name))
                continue;
            std::vector<std::string> paths{actor_->cls->module ? actor_->cls->module->path : ""};
            for (const StoredModule& module : *modules) paths.push_back(module.path);
            for (const std::string& path : paths) {
                auto module = runtime.modules.find(path);
                if (module == runtime.modules.end()) continue;
                auto found = module->second->names.find(runtime.symbols.intern(name));
                if (found == module->second->names.end() || found->second->kind != Binding::ClassName)
                    continue;
                imported_[name] = path;
                (void)world_.value("import " + path + " (" + name + ")");
                break;
            }
        }
    }

    void meet_inputs() {
        const Rerun::Input* asked = nullptr;
        bool cancels = false, fails_to = false;
        for (const Rerun::Input& input : inputs_) {
            if (input.kind == Rerun::Input::Born) born_.insert(input.actor);
            if (input.kind == Rerun::Input::Timer) new_timers_.insert(input.actor);
            if (input.kind != Rerun::Input::Cancelled) continue;
            (input.text == "true" ? cancels : fails_to) = true;
        }
        cancels_ = cancels;
        if (cancels && fails_to) misses("it cancels a timer that runs and one that is over");
        for (const Rerun::Input& input : inputs_) {
            if (input.kind == Rerun::Input::Other)
                misses("it cannot be given again what came from outside: " + input.text);
            if (input.kind == Rerun::Input::Asked) asked = &input;
            if (input.kind != Rerun::Input::Answered && input.kind != Rerun::Input::Refused) continue;
            if (!asked || born_.contains(asked->actor)) continue;
            StandIn* there = stand_in(asked->actor);
            if (!there) continue;
            Handler& handler = there->handlers[asked->selector];
            const std::string what = "the answer to `" + asked->selector + "`";
            auto answer = input.values         ? literal(input.values->peek(0), what)
                          : input.text.empty() ? std::optional<std::string>("nil")
                                               : written(input.text, what);
            const bool refuses = input.kind == Rerun::Input::Refused;
            if (!answer) continue;
            if (!handler.answers.empty() && handler.refuses != refuses)
                misses("`" + asked->selector + "` is answered once and refused once");
            handler.refuses = refuses;
            handler.answers.push_back(*answer);
        }
    }

    void meet(const Rerun::Letter& letter) {
        const bool to_itself = letter.to == turn_.actor;
        if (letter.after > kLongestWait)
            return notes("`" + letter.selector + "` comes to " +
                         (to_itself ? std::string("it") : world_.describe(letter.to)) + " after " +
                         time_in_words(letter.after) + ", which the test does not wait for");
        if (born_.contains(letter.to)) return;
        if (to_itself && turn_.message.kind == ActorMessage::Stop) return; // it has ended by then
        if (!is_name(letter.selector))
            return misses("no handler can be written for `" + letter.selector + "`");
        StandIn* there = to_itself ? &itself_ : stand_in(letter.to);
        if (!there) return;
        std::string heard = "[:" + letter.selector;
        by_text_ = false;
        Handler& handler = there->handlers[letter.selector];
        handler.arguments = std::max(handler.arguments, letter.count());
        handler.labels.resize(handler.arguments);
        for (size_t i = 0; i < letter.count(); ++i) {
            if (!letter.labels[i].empty()) handler.labels[i] = letter.labels[i];
            auto text = literal(letter.arguments->peek(i), "what `" + letter.selector + "` gets");
            if (!text) return;
            heard += ", " + *text;
        }
        // Of a turn that fails nothing is kept, what it has heard included.
        if (!handler.refuses) there->heard.push_back({heard + "]", letter.after, letter.every != 0});
        there->by_text = there->by_text || by_text_;
    }

    std::string arguments() {
        std::string text;
        for (size_t i = 0; given_->arguments && i < given_->arguments->count(); ++i) {
            const Value argument = given_->arguments->peek(i);
            if (!argument) continue; // it has its default
            text += text.empty() ? "" : ", ";
            if (i < given_->labels.size() && given_->labels[i])
                text += std::string(world_.world().runtime().symbols.text(given_->labels[i])) + ": ";
            text += literal(argument, "an argument").value_or("nil");
        }
        return text;
    }

    std::string birth_arguments() {
        if (actor_->cls->lookup(sym::init)) return arguments();
        const auto& symbols = world_.world().runtime().symbols;
        const size_t given = given_->arguments ? given_->arguments->count() : 0;
        std::string inside;
        for (size_t i = 0; i < given && i < actor_->cls->fields.size(); ++i) {
            if (!given_->arguments->peek(i)) continue;
            auto value = literal(given_->arguments->peek(i), "an argument");
            inside += (inside.empty() ? "" : ", ") + std::string(symbols.text(actor_->cls->fields[i].name)) +
                      ": " + value.value_or("nil");
        }
        return inside;
    }

    void write_birth(const std::string& inside) {
        note_names(cls_);
        if (!then_handlers_.empty())
            head_ += "# " + cls_ + ", but what it sends to itself is noted.\nactor " + then_ + " extends " +
                     cls_ + ":\n" + then_handlers_ + "\n";
        body_ += "    let one = spawn " + (then_handlers_.empty() ? cls_ : then_) + "(" + inside + ")\n";
        if (done_) {
            uses_wait_ = true; // its state can be seen before its first turn is over
            body_ += "    expect comes_true(() -> one.metrics[:turns] > 0)\n";
            if (actor_->cls->fields.empty()) body_ += "    expect one.alive?\n";
            return;
        }
        expect_end("start_failed");
    }

    // It has ended, or will soon.
    void expect_end(const std::string& reason) {
        uses_end_ = uses_wait_ = true;
        body_ += "    expect comes_true(() -> (ask hears_the_end.reason) != nil)\n"
                 "    expect (ask hears_the_end.reason) == :" +
                 reason + "\n";
    }

    // What it sends to itself comes in a turn of its own, which is not this one: it is noted only.
    void write_itself() {
        for (auto& [selector, handler] : itself_.handlers) {
            const auto [parameters, given] = signature(handler);
            const std::string note =
                "heard_by_itself.swap(all -> (all + [[:" + selector + given + "]]).frozen)\n";
            then_handlers_ += "    on " + selector + parameters + ":\n";
            if (turn_.message.kind != ActorMessage::Call ||
                selector != world_.symbol(turn_.message.selector)) {
                then_handlers_ += "        " + note;
                continue;
            }
            const size_t count = sent_->arguments ? sent_->arguments->count() : 0;
            const bool labelled =
                !sent_->labels.empty() || std::any_of(handler.labels.begin(), handler.labels.end(),
                                                      [](const auto& label) { return !label.empty(); });
            if (labelled || count != handler.arguments)
                misses("it sends `" + selector + "` to itself, but not as it got it");
            has_begun_ = true;
            then_handlers_ += "        if has_begun.value:\n            " + note +
                              "        else:\n            has_begun.set(true)\n            super." +
                              selector + (given.empty() ? "()" : "(" + given.substr(2) + ")") + "\n";
        }
    }

    // `(a1, by = nil)`, and what follows a selector in what is noted.
    static std::pair<std::string, std::string> signature(const Handler& handler) {
        std::string parameters, given;
        for (size_t i = 0; i < handler.arguments; ++i) {
            const std::string& label = handler.labels[i];
            const std::string name = label.empty() ? "a" + std::to_string(i + 1) : label;
            parameters += (parameters.empty() ? "" : ", ") + name + (label.empty() ? "" : " = nil");
            given += ", " + name;
        }
        return {parameters.empty() ? "" : "(" + parameters + ")", given};
    }

    void write_spawn(const State& before) {
        note_names(cls_);
        const Method* start = actor_->cls->lookup(sym::start);
        const bool plain = !actor_->cls->lookup(sym::init) && !(start && start->message);
        std::string labelled, assigned, parameters, given;
        for (const auto& [name, value] : before) {
            auto text = written(value, "`" + name + "` of the actor before the turn");
            if (!text) text = "nil";
            labelled += (labelled.empty() ? "" : ", ") + name + ": " + *text;
            std::string inside = *text;
            for (const std::string& variable : variables()) {
                for (size_t at = inside.find(variable); at != std::string::npos;
                     at = inside.find(variable, at + variable.size() + 4)) {
                    if ((at > 0 && is_word(inside[at - 1])) ||
                        (at + variable.size() < inside.size() && is_word(inside[at + variable.size()])))
                        continue;
                    inside.insert(at, "its_");
                    if (given.find(variable) == std::string::npos) {
                        parameters += (parameters.empty() ? "its_" : ", its_") + variable;
                        given += (given.empty() ? "" : ", ") + variable;
                    }
                }
            }
            assigned += "        " + name + " = " + inside + "\n";
        }
        std::string one = cls_, arguments = labelled;
        if (!plain || !then_handlers_.empty()) {
            one = then_;
            head_ += "# " + cls_ + " as it was before the turn.\nactor " + then_ + " extends " + cls_ + ":\n";
            if (!plain) {
                arguments = given;
                head_ +=
                    "    def init(" + parameters + "):\n" + (assigned.empty() ? "        nil\n" : assigned);
                if (start && start->message) head_ += "    on start: nil\n";
            }
            head_ += then_handlers_ + "\n";
        }
        for (const uint64_t timer : old_timers_)
            body_ += "    let " + timer_variable(timer) +
                     " = send (spawn HearsNothing()).nothing() after 1.hours\n";
        if (!is_shut_down())
            body_ += "    let one = spawn " + one + "(" + arguments + ")\n";
        else
            body_ += "    let above = spawn Above()\n    let one = ask above.start_child(" + one +
                     (arguments.empty() ? "" : ", ") + arguments + ")\n";
    }

    std::vector<std::string> variables() const {
        std::vector<std::string> all;
        for (const auto& each : stand_ins_) all.push_back(each.second.variable);
        for (const uint64_t timer : old_timers_) all.push_back("timer_" + std::to_string(timer));
        return all;
    }

    // ---- ends

    std::string reason() {
        const SymbolId reason = sent_->reason;
        return reason ? std::string(world_.world().runtime().symbols.text(reason)) : "normal";
    }
    // By its supervisor.
    bool is_shut_down() { return turn_.message.kind == ActorMessage::Stop && reason() == "shutdown"; }

    void write_stop() {
        uses_end_ = true;
        if (is_shut_down())
            body_ += "    ask above.stop_child(one)\n";
        else if (reason() == "normal")
            body_ += "    stop one\n";
        else
            misses("no test can stop an actor for the reason :" + reason() + "; call its `on stop` by hand");
        expect_end(done_ ? reason() : "stop_failed");
    }

    // How the test has it hear of the end of another one: that one ends, as it did, or where a test cannot have that, it is told
    // so.
    void choose_end() {
        const size_t count = sent_->arguments ? sent_->arguments->count() : 0;
        const Value why = count > 1 ? sent_->arguments->peek(1) : Value();
        const std::string reason = why.is_symbol()
                                       ? std::string(world_.world().runtime().symbols.text(why.symbol_id()))
                                       : std::string();
        const Value who = count > 0 ? sent_->arguments->peek(0) : Value();
        const uint64_t number = has_shape(who, shape::kAddress) ? actor_of(who)->id : 0;
        auto found = stand_ins_.find(number);
        const bool ends = (reason == "normal" || reason == "killed") && done_ && found != stand_ins_.end() &&
                          found->second.handlers.empty();
        if (ends) {
            ended_ = number;
            end_ = reason == "killed" ? found->second.variable + ".kill" : "stop " + found->second.variable;
            then_handlers_ += "    on watches_in_the_test(who): watch who\n";
            return;
        }
        const Method* down = actor_->cls->lookup(sym::down);
        if (!down || !down->message) return misses("it has no `on down`, so that nothing happens");
        const std::string given = down->parameters.empty()       ? ""
                                  : down->parameters.size() == 1 ? "who"
                                                                 : "who, reason";
        then_handlers_ +=
            "    on hears_in_the_test(who, reason):\n        self.down(" + given + ")\n        nil\n";
    }

    // ---- messages

    void write_message(const Rerun::Outcome& outcome, const std::string& inside) {
        std::string selector = world_.symbol(turn_.message.selector);
        if (!end_.empty()) {
            uses_wait_ = true;
            body_ += "    ask one.watches_in_the_test(" + stand_ins_.at(ended_).variable +
                     ")\n    let turns = one.metrics[:turns]\n    " + end_ +
                     "\n    expect comes_true(() -> one.metrics[:turns] > turns)\n";
            return;
        }
        if (turn_.message.kind == ActorMessage::Down) selector = "hears_in_the_test";
        if (!is_name(selector)) misses("`" + selector + "` is no message that a test can write");
        if (turn_.message.trailing_block) misses("a block that the message brings has no literal form");
        const std::string ask = "ask one." + selector + (inside.empty() ? "" : "(" + inside + ")");
        if (!outcome.done) {
            constexpr std::string_view kError = ": error: ";
            const size_t at = outcome.report.find(kError);
            std::string error = at == std::string::npos ? "Error" : outcome.report.substr(at + kError.size());
            size_t end = 0;
            while (end < error.size() && is_word(error[end])) ++end;
            error.resize(end);
            note_names(error);
            body_ += "    expect_error " + error + " do:\n        " + ask + "\n";
            return;
        }
        by_text_ = false;
        Literal answer;
        if (outcome.reply) answer = literals_.of(outcome.reply->peek(0));
        const bool hears = turn_.message.kind == ActorMessage::Down; // nobody waits for an answer
        auto reply =
            outcome.reply && !hears && !is_new_timer(answer) ? written(answer, "the reply") : std::nullopt;
        if (!hears && is_new_timer(answer))
            body_ += "    expect (" + ask + ").class == Timer\n";
        else if (!reply)
            body_ += "    " + ask + "\n";
        else
            body_ += "    expect " + equals("(" + ask + ")", *reply) + "\n";
    }

    std::string equals(const std::string& one, const std::string& value) const {
        return by_text_ ? one + ".inspect == (" + value + ").inspect" : one + " == " + value;
    }

    void write_state(const State& state) {
        std::string text;
        by_text_ = false;
        std::vector<std::string> fields;
        bool whole = true;
        for (const auto& [name, value] : state) {
            if (is_new_timer(value)) {
                fields.push_back("one.state[:" + name + "].class == Timer");
                whole = false;
                continue;
            }
            auto field = written(value, "`" + name + "` of the actor after the turn");
            whole = whole && field;
            if (!field) continue;
            text += (text.empty() ? "" : ", ") + name + ": " + *field;
            fields.push_back(equals("one.state[:" + name + "]", *field));
        }
        if (state.empty()) return;
        if (whole)
            body_ += "    expect " + equals("one.state", "{" + text + "}") + "\n";
        else
            for (const std::string& field : fields) body_ += "    expect " + field + "\n";
    }

    void write_heard() {
        std::string spawns;
        for (auto& [number, there] : stand_ins_) {
            head_ += "# It is there in the place of " + there.who + ".\nactor " + there.cls + ":\n";
            head_ += "    state heard = []\n";
            std::string handlers;
            for (auto& [selector, handler] : there.handlers) {
                const auto [parameters, given] = signature(handler);
                handlers +=
                    "    on " + selector + parameters + ":\n        heard.add([:" + selector + given + "])\n";
                const auto& answers = handler.answers;
                const bool alike = std::all_of(answers.begin(), answers.end(),
                                               [&](const std::string& each) { return each == answers[0]; });
                std::string answer = answers.empty() ? "nil" : answers[0];
                if (!alike) {
                    std::string name = selector;
                    if (name.ends_with('?')) name.pop_back();
                    name = "answers_to_" + name;
                    std::string all;
                    for (const std::string& each : answers) all += (all.empty() ? "" : ", ") + each;
                    head_ += "    state " + name + " = [" + all + "]\n";
                    answer = name + ".remove_first";
                }
                handlers += "        " + std::string(handler.refuses ? "raise " : "") + answer + "\n";
                for (const auto& each : stand_ins_)
                    if (answer.find(each.second.variable) != std::string::npos)
                        misses("the answer to `" + selector + "` names an actor");
            }
            head_ += handlers + "    on what_it_heard = heard\n\n";
            spawns += "    let " + there.variable + " = spawn " + there.cls + "()\n";
            if (number != ended_) expect_heard(there, "(ask " + there.variable + ".what_it_heard)", false);
        }
        if (!itself_.heard.empty()) expect_heard(itself_, "heard_by_itself.value", true);
        if (uses_end_) spawns += "    let hears_the_end = spawn HearsTheEnd()\n";
        if (!itself_.handlers.empty()) {
            head_ = "stable heard_by_itself = Atom([].frozen)\n" +
                    std::string(has_begun_ ? "stable has_begun = Atom(false)\n\n" : "\n") + head_;
            spawns += "    heard_by_itself.set([].frozen)\n";
            if (has_begun_) spawns += "    has_begun.set(false)\n";
        }
        if (uses_end_) {
            const size_t at = body_.find('\n', body_.find("let one = "));
            body_.insert(at + 1, "    ask hears_the_end.of(one)\n");
            head_ += kHearsTheEnd;
        }
        if (!old_timers_.empty()) head_ += kHearsNothing;
        if (is_shut_down()) head_ += kAbove;
        if (uses_wait_) head_ += kComesTrue;
        body_ = spawns + body_;
    }

    // What is sent comes in its order, then what timers bring; behind the first that comes again and again nothing is certain.
    void expect_heard(const StandIn& there, const std::string& what, bool waits) {
        std::vector<Heard> all = there.heard;
        std::stable_sort(all.begin(), all.end(),
                         [](const Heard& a, const Heard& b) { return a.after < b.after; });
        const auto again = std::find_if(all.begin(), all.end(), [](const Heard& each) { return each.again; });
        const bool more = again != all.end();
        if (more) all.erase(again + 1, all.end());
        std::string heard;
        for (const Heard& each : all) {
            heard += (heard.empty() ? "" : ", ") + each.text;
            waits = waits || each.after > 0;
        }
        const std::string count = std::to_string(all.size());
        if (waits) {
            uses_wait_ = true;
            body_ += "    expect comes_true(() -> " + what + ".size >= " + count + ")\n";
        }
        by_text_ = there.by_text;
        body_ +=
            "    expect " + equals(more ? what + ".take(" + count + ")" : what, "[" + heard + "]") + "\n";
    }

    TurnTest finish() {
        if (made_.missing.empty() && !body_.empty()) prove(whole());
        made_.text = whole();
        return std::move(made_);
    }

    std::string whole() const {
        std::string text = "# Turn " + std::to_string(step_.turn) + " of " + past_.image().path();
        text += who_.empty() ? "\n" : ": " + who_ + " handles " + message_ + "\n";
        for (const std::string& words : made_.missing) text += "# Not in the test: " + words + "\n";
        for (const std::string& words : notes_) text += "# " + words + "\n";
        if (body_.empty()) return text;
        std::map<std::string, std::string> imports; // by module
        for (const auto& [name, path] : imported_) {
            std::string& names = imports[path];
            names += (names.empty() ? "" : ", ") + name;
        }
        for (const auto& [path, names] : imports) text += "import " + path + " (" + names + ")\n";
        return text + "\n" + head_ + "test \"turn " + std::to_string(step_.turn) + ": " + cls_ +
               (is_begin()                                 ? std::string(" begins")
                : turn_.message.kind == ActorMessage::Stop ? " ends"
                : turn_.message.kind == ActorMessage::Down
                    ? " hears of an end"
                    : " handles " + world_.symbol(turn_.message.selector)) +
               "\":\n" + body_;
    }

    // The test passes with the code of then: what it says is true. It does nothing that anybody could notice.
    void prove(const std::string& text) {
        auto made = World::make({});
        if (!made) return misses("whether it passes has not been tried: " + made.failure().message);
        World& world = **made;
        world.runtime().port.mode = EffectPort::Inside;
        world.actors().report = [](const std::string&) {};
        Patience patience(world.actors(), past_.gives_up());
        const Patience::Run limit(patience, kSecondsForProof);
        (void)take_code(world, store_, world_.epoch(), world_.epoch(), [](const std::string&) {});
        const Outcome loaded = world.load_text("a_turn_test", text);
        if (!loaded.ok) return misses("it cannot be loaded: " + one_line(loaded.text()));
        const TestReport report = world.test_module("a_turn_test");
        if (patience.is_over()) return misses("whether it passes is not known: " + patience.why());
        for (const auto& failure : report.failures)
            misses("it does not pass with the code of then: " + one_line(failure.text));
    }
    static std::string one_line(const std::string& text) { return text.substr(0, text.find('\n')); }

    Past& past_;
    DefinitionStore& store_;
    PastWorld& world_;
    ActorSystem& actors_;
    Rerun rerun_;
    Literals literals_;
    const Past::Step& step_;
    const RecordedTurn& turn_;
    Actor* actor_ = nullptr;
    std::string who_, message_, cls_, then_, head_, body_;
    std::string then_handlers_;           // of the class in the test that extends the actor's
    const ActorMessage* given_ = nullptr; // what it is begun or called with
    StandIn itself_;                      // what it sends to itself
    std::set<uint64_t> new_timers_, old_timers_;
    uint64_t ended_ = 0; // who ends in the test, so that it hears of it,
    std::string end_;    // by this
    std::vector<std::string> notes_;
    bool done_ = false, is_there_ = false, cancels_ = false, has_begun_ = false;
    bool uses_end_ = false, uses_wait_ = false;
    std::unique_ptr<ActorMessage> sent_; // the message as the turn got it
    std::vector<Rerun::Input> inputs_;
    std::set<uint64_t> born_;
    std::map<uint64_t, StandIn> stand_ins_;
    std::map<std::string, size_t> names_;
    std::map<std::string, std::string> imported_; // a class, its module
    bool by_text_ = false; // a value since it was set is not equal to what is written the same
    TurnTest made_;
};

} // namespace

Result<TurnTest> test_from(Past& past, DefinitionStore& store, const StoryPlace& before,
                           const StoryPlace& place) {
    TurnTest test;
    auto visited = visit_turn(past, store, before, place, [&](const VisitedTurn& turn) {
        test = Writer(past, store, turn.world, turn.step, turn.turn).write();
    });
    if (!visited) return std::move(visited).failure();
    return test;
}

} // namespace indent::image
