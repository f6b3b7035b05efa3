#include "image/history/turn_test.h"
#include "image/history/literals.h"
#include "image/history/past_world.h"
#include "image/history/rerun.h"
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

bool is_word(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
}
bool is_name(std::string_view text) {
    return !text.empty() && (std::islower(static_cast<unsigned char>(text[0])) || text[0] == '_') &&
           std::all_of(text.begin(), text.end() - 1, is_word) && (is_word(text.back()) || text.back() == '?');
}
// `shop_of_books` for ShopOfBooks.
std::string small(const std::string& name) {
    std::string text;
    for (const char c : name) {
        if (std::isupper(static_cast<unsigned char>(c)) && !text.empty()) text += '_';
        text += char(std::tolower(static_cast<unsigned char>(c)));
    }
    return text;
}

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
        const bool begins = turn_.message.kind == ActorMessage::Start;
        if (turn_.message.kind != ActorMessage::Call && !begins) {
            misses("what comes as `" + message_ + "` is no message that a test can send");
            return finish();
        }
        sent_ = message_from(turn_.message, world_.world().runtime(), world_.names());
        if (!sent_) {
            misses("its message cannot be brought back");
            return finish();
        }
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
        meet_inputs();
        for (const Rerun::Letter& letter : outcome.letters) meet(letter);
        if (begins)
            write_birth();
        else
            write_spawn(before);
        write_message(outcome, begins);
        write_state(outcome.done ? state() : before);
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
    struct StandIn {
        std::string variable, cls, who;
        std::map<std::string, Handler> handlers;
        std::vector<std::string> heard;
        bool by_text = false; // what it heard is to be compared as text
    };

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

    // Who is there in the place of an actor; null: it cannot be replaced.
    StandIn* stand_in(uint64_t number) {
        if (number == turn_.actor) {
            misses("the turn names its own actor, which has no name in the test");
            return nullptr;
        }
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
                const StandIn* there = stand_in(number);
                if (!there) return std::nullopt;
                text += there->variable;
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
        for (const Rerun::Input& input : inputs_)
            if (input.kind == Rerun::Input::Born) born_.insert(input.actor);
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
        if (letter.way == Rerun::Letter::Timed)
            return misses("`" + letter.selector + "` is sent with a timer, which the test does not wait for");
        if (born_.contains(letter.to)) return;
        if (letter.to == turn_.actor)
            return misses("it sends `" + letter.selector + "` to itself, which may change its state again");
        if (!is_name(letter.selector))
            return misses("no handler can be written for `" + letter.selector + "`");
        StandIn* there = stand_in(letter.to);
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
        if (!handler.refuses) there->heard.push_back(heard + "]");
        there->by_text = there->by_text || by_text_;
    }

    std::string arguments() {
        std::string text;
        for (size_t i = 0; sent_->arguments && i < sent_->arguments->count(); ++i) {
            const Value argument = sent_->arguments->peek(i);
            if (!argument) continue; // it has its default
            text += text.empty() ? "" : ", ";
            if (i < sent_->labels.size() && sent_->labels[i])
                text += std::string(world_.world().runtime().symbols.text(sent_->labels[i])) + ": ";
            text += literal(argument, "an argument").value_or("nil");
        }
        return text;
    }

    void write_birth() {
        const auto& symbols = world_.world().runtime().symbols;
        const bool has_init = actor_->cls->lookup(sym::init) != nullptr;
        const size_t given = sent_->arguments ? sent_->arguments->count() : 0;
        std::string inside;
        if (has_init) {
            inside = arguments();
        } else {
            for (size_t i = 0; i < given && i < actor_->cls->fields.size(); ++i) {
                if (!sent_->arguments->peek(i)) continue;
                auto value = literal(sent_->arguments->peek(i), "an argument");
                inside += (inside.empty() ? "" : ", ") +
                          std::string(symbols.text(actor_->cls->fields[i].name)) + ": " +
                          value.value_or("nil");
            }
        }
        note_names(cls_);
        body_ += "    let one = spawn " + cls_ + "(" + inside + ")\n";
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
            for (const auto& each : stand_ins_) {
                const std::string& variable = each.second.variable;
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
        if (plain) {
            body_ += "    let one = spawn " + cls_ + "(" + labelled + ")\n";
            return;
        }
        const std::string then = cls_ + "Then";
        head_ += "# " + cls_ + " as it was before the turn.\nactor " + then + " extends " + cls_ +
                 ":\n    def init(" + parameters + "):\n" + (assigned.empty() ? "        nil\n" : assigned);
        if (start && start->message) head_ += "    on start: nil\n";
        head_ += "\n";
        body_ += "    let one = spawn " + then + "(" + given + ")\n";
    }

    void write_message(const Rerun::Outcome& outcome, bool begins) {
        if (begins) {
            if (!outcome.done) misses("it fails when it begins, which no test can expect");
            body_ += "    while one.state == nil: sleep(1.milliseconds)\n";
            return;
        }
        const std::string selector = world_.symbol(turn_.message.selector);
        if (!is_name(selector)) misses("`" + selector + "` is no message that a test can write");
        if (turn_.message.trailing_block) misses("a block that the message brings has no literal form");
        const std::string inside = arguments();
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
        auto reply = outcome.reply ? literal(outcome.reply->peek(0), "the reply") : std::nullopt;
        if (!reply)
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
                std::string parameters, given;
                for (size_t i = 0; i < handler.arguments; ++i) {
                    const std::string& label = handler.labels[i];
                    const std::string name = label.empty() ? "a" + std::to_string(i + 1) : label;
                    parameters += (parameters.empty() ? "" : ", ") + name + (label.empty() ? "" : " = nil");
                    given += ", " + name;
                }
                handlers += "    on " + selector + (parameters.empty() ? "" : "(" + parameters + ")") +
                            ":\n        heard.add([:" + selector + given + "])\n";
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
            std::string heard;
            for (const std::string& each : there.heard) heard += (heard.empty() ? "" : ", ") + each;
            by_text_ = there.by_text;
            body_ += "    expect " + equals("(ask " + there.variable + ".what_it_heard)", "[" + heard + "]") +
                     "\n";
        }
        body_ = spawns + body_;
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
        if (body_.empty()) return text;
        std::map<std::string, std::string> imports; // by module
        for (const auto& [name, path] : imported_) {
            std::string& names = imports[path];
            names += (names.empty() ? "" : ", ") + name;
        }
        for (const auto& [path, names] : imports) text += "import " + path + " (" + names + ")\n";
        return text + "\n" + head_ + "test \"turn " + std::to_string(step_.turn) + ": " +
               (turn_.message.kind == ActorMessage::Start
                    ? cls_ + " begins"
                    : cls_ + " handles " + world_.symbol(turn_.message.selector)) +
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
    std::string who_, message_, cls_, head_, body_;
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
