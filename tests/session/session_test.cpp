#include "ui/client/in_process.h"
#include "vm/os/thread.h"
#include "vm/session/session.h"
#include "vm/world/world.h"
#include <doctest/doctest.h>
#include <thread>

using namespace indent;
using namespace indent::protocol;
using namespace std::chrono_literals;

namespace {

// A session with its two threads, and a face that waits for replies.
class Talk {
  public:
    explicit Talk(DefinitionStore& store, Session::Options options = {"test"}) {
        link_.on_stop([this] { session_.load()->stop(); });
        auto started = os::Thread::start("program", kThreadStack, [this, &store, options] {
            auto made = Session::make(
                store, [this](Message m) { link_.deliver(std::move(m)); }, options);
            if (!made) {
                problem_ = made.failure().message;
                failed_ = true;
                return;
            }
            session_ = made->get();
            while (auto request = link_.next(Lane::Program)) (*made)->serve(*request);
            desk_.join();
            session_ = nullptr;
        });
        REQUIRE(started);
        while (!session_ && !failed_) std::this_thread::sleep_for(1ms);
        if (failed_) FAIL(problem_);
        desk_ = std::thread([this] {
            while (auto request = link_.next(Lane::Desk)) session_.load()->serve(*request);
        });
        program_ = std::move(started).value();
    }
    ~Talk() {
        link_.close();
        program_.join();
    }

    ui::Client& client() { return link_; }
    // Sends and waits for the reply; what was printed meanwhile goes to `output`.
    template <class Answer>
    Answer ask(Request request) {
        const RequestId id = link_.send(std::move(request));
        return reply<Answer>(id);
    }
    template <class Answer>
    Answer reply(RequestId id) {
        for (;;) {
            auto message = link_.wait(20'000ms);
            REQUIRE(message);
            if (auto* event = std::get_if<Event>(&*message)) {
                if (auto* out = std::get_if<Output>(event)) output += out->text;
                if (auto* trouble = std::get_if<Trouble>(event)) troubles += trouble->message;
                trusted |= std::holds_alternative<Trusted>(*event);
                continue;
            }
            auto& reply = std::get<Reply>(*message);
            if (reply.id != id) continue;
            if (auto* failed = std::get_if<Failed>(&reply.body)) MESSAGE(failed->message);
            REQUIRE(std::holds_alternative<Answer>(reply.body));
            return std::get<Answer>(reply.body);
        }
    }
    std::string value(const std::string& text) {
        auto result = ask<Evaluated>(Evaluate{"workspace", text});
        return result.outcome == Evaluated::Outcome::Value ? result.text : "!" + result.report;
    }
    Accepted accept(const std::string& path, const std::string& text, const std::string& owner = "") {
        return ask<Accepted>(Accept{"shapes", path, owner, text, ""});
    }

    std::string output, troubles;
    bool trusted = false;

  private:
    ui::InProcessLink link_;
    std::atomic<Session*> session_{nullptr};
    std::string problem_;
    std::atomic<bool> failed_{false};
    std::thread desk_;
    os::Thread program_;
};

const char* kShapes = R"(module shapes

class Square:
    field side = 1

    def area = side * side
    def name = "square"

def unit = Square(side: 1)

var factor = 3
def scaled(n) = n * factor
)";

} // namespace

TEST_CASE("texts are run, their values and what they print come back") {
    MemoryStore store;
    Talk talk(store);
    CHECK(talk.value("1 + 2") == "3");
    CHECK(talk.value("x = \"a\"\nx + \"b\"") == "\"ab\"");
    CHECK(talk.value("x") == "\"a\""); // variables stay
    CHECK(talk.value("nil") == "nil");
    talk.value("print(\"hello\")");
    CHECK(talk.output == "hello\n");
    auto silent = talk.ask<Evaluated>(Evaluate{"workspace", "41 + 1", false});
    CHECK(silent.text == "");
}

TEST_CASE("a text that is wrong is refused with its places, and an error says where it came from") {
    MemoryStore store;
    Talk talk(store);
    auto result = talk.ask<Evaluated>(Evaluate{"workspace", "x = 1\ny = (2 +\n"});
    CHECK(result.outcome == Evaluated::Outcome::Refused);
    REQUIRE(!result.diagnostics.empty());
    CHECK(result.diagnostics[0].line >= 2);
    CHECK(result.diagnostics[0].begin <= 15);
    result = talk.ask<Evaluated>(Evaluate{"workspace", "1\n2 / 0"});
    CHECK(result.outcome == Evaluated::Outcome::Raised);
    REQUIRE(!result.trace.empty());
    CHECK(result.trace[0].line == 2);
    CHECK(result.report.find("workspace:2:") == 0);
    result = talk.ask<Evaluated>(Evaluate{"workspace", "if true:", true, true});
    CHECK(result.outcome == Evaluated::Outcome::Unfinished);
}

TEST_CASE("an endless loop is stopped, and the desk answers while it runs") {
    MemoryStore store;
    Talk talk(store);
    talk.value("n = 0");
    const RequestId id = talk.client().send(Evaluate{"workspace", "loop: n += 1"});
    talk.ask<Done>(SaveDesk{"workspace/1", "loop: n += 1"});
    for (;;) { // until it runs
        if (talk.ask<Description>(Describe{}).running) break;
    }
    CHECK(talk.ask<Desk>(LoadDesk{}).texts["workspace/1"] == "loop: n += 1");
    CHECK(!talk.ask<Modules>(ListModules{}).modules.empty());
    talk.client().stop();
    CHECK(talk.reply<Evaluated>(id).outcome == Evaluated::Outcome::Stopped);
    talk.client().stop(); // nothing runs: the next is not stopped
    CHECK(talk.value("1 + 1") == "2");
}

TEST_CASE("an accepted method is what the next send runs, also of objects that were there before") {
    MemoryStore store;
    Talk talk(store);
    auto made = talk.accept("", kShapes);
    REQUIRE(made.taken);
    talk.value("s = shapes.Square(side: 3)");
    CHECK(talk.value("s.area") == "9");
    CHECK(talk.value("shapes.scaled(5)") == "15");
    auto source = talk.ask<protocol::Source>(GetSource{"shapes", "Square.area"});
    CHECK(source.text == "    def area = side * side\n");
    auto taken =
        talk.ask<Accepted>(Accept{"shapes", "Square.area", "", "    def area = side * 100\n", source.hash});
    CHECK(taken.taken);
    CHECK(taken.path == "Square.area");
    CHECK(talk.value("s.area") == "300");
    CHECK(talk.accept("", "def perimeter = side * 4", "Square").path == "Square.perimeter");
    CHECK(talk.value("s.perimeter") == "12");
    CHECK(talk.accept("scaled", "def scaled(n) = n - 1").taken);
    CHECK(talk.value("shapes.scaled(5)") == "4");
    // The class as a whole, with only a method changed: the object stays one of it.
    auto whole = talk.ask<protocol::Source>(GetSource{"shapes", "Square"}).text;
    whole.replace(whole.find("\"square\""), 8, "\"quadrat\"");
    CHECK(talk.accept("Square", whole).taken);
    CHECK(talk.value("s.name") == "\"quadrat\"");
}

TEST_CASE("what is wrong is refused in place, and nothing has changed") {
    MemoryStore store;
    Talk talk(store);
    REQUIRE(talk.accept("", kShapes).taken);
    const auto before = talk.ask<protocol::Source>(GetSource{"shapes", ""}).text;
    const std::string wrong = "    def area = side * (\n";
    auto refused = talk.accept("Square.area", wrong);
    CHECK(!refused.taken);
    REQUIRE(!refused.diagnostics.empty());
    CHECK(refused.diagnostics[0].error);
    CHECK(refused.diagnostics[0].end <= wrong.size());
    CHECK(!refused.diagnostics[0].message.empty());
    CHECK(talk.ask<protocol::Source>(GetSource{"shapes", ""}).text == before);
    CHECK(talk.value("shapes.Square(side: 2).area") == "4");
    // Edited from an older source.
    auto late =
        talk.ask<Accepted>(Accept{"shapes", "Square.area", "", "    def area = 1\n", "0123456789abcdef"});
    CHECK(!late.taken);
    CHECK(late.conflict);
    CHECK(!talk.ask<Accepted>(Accept{"std.list", "List", "", "class List: pass", ""}).taken);
    CHECK(!talk.ask<Accepted>(Accept{"No Module", "", "", "def f = 1", ""}).taken);
    CHECK(!talk.accept("", "   \n").taken);
}

TEST_CASE("what was accepted is there again in the next session, byte for byte") {
    MemoryStore store;
    std::string text;
    {
        Talk talk(store);
        REQUIRE(talk.accept("", kShapes).taken);
        REQUIRE(talk.accept("Square.area", "    # Wider.\n    def area = side * 7   # !\n").taken);
        REQUIRE(talk.ask<Accepted>(Accept{"user", "", "",
                                          "module user\n\nimport shapes\n\ndef six = shapes.unit.area\n", ""})
                    .taken);
        text = talk.ask<protocol::Source>(GetSource{"shapes", ""}).text;
    }
    Talk talk(store);
    CHECK(talk.troubles == "");
    CHECK(talk.ask<protocol::Source>(GetSource{"shapes", ""}).text == text);
    CHECK(talk.value("shapes.unit.area") == "7");
    CHECK(talk.value("user.six") == "7");
    CHECK(talk.value("shapes.factor") == "3");
}

TEST_CASE("an accepted class brings the objects that are there to its new fields, and running actors to its "
          "new code") {
    MemoryStore store;
    Talk talk(store);
    REQUIRE(
        talk.accept("",
                    "module shapes\n\nclass Box:\n    field side\n    def area = side * side\n\n"
                    "actor Counter:\n    state count = 0\n    on add:\n        count += 1\n        count\n")
            .taken);
    talk.value("b = shapes.Box(side: 3)");
    talk.value("c = spawn shapes.Counter()");
    CHECK(talk.value("ask c.add") == "1");
    auto taken =
        talk.accept("Box", "class Box:\n    field side\n    field depth = 2\n    def area = side * depth\n");
    CHECK(taken.problem == "");
    REQUIRE(taken.taken);
    CHECK(talk.value("b.area") == "6");
    CHECK(talk.accept("Counter", "actor Counter:\n    state count = 0\n    state step = 10\n    on add:\n"
                                 "        count += step\n        count\n")
              .taken);
    CHECK(talk.value("ask c.add") == "11");
    // A likely rename is not guessed, and nothing has changed.
    auto refused =
        talk.accept("Box", "class Box:\n    field edge\n    field depth = 2\n    def area = edge * depth\n");
    CHECK(!refused.taken);
    REQUIRE(!refused.diagnostics.empty());
    CHECK(talk.value("b.area") == "6");
    // Who imports it must still fit.
    REQUIRE(talk.ask<Accepted>(Accept{"user", "", "",
                                      "module user\nimport shapes\ndef big = shapes.Box(side: 9).area\n", ""})
                .taken);
    auto misfit = talk.accept("Box", "class Cube:\n    field side\n");
    CHECK(!misfit.taken);
    CHECK(talk.value("user.big") == "18");
}

TEST_CASE("what was typed into a workspace does not keep a module from changing") {
    MemoryStore store;
    Talk talk(store);
    REQUIRE(talk.accept("", kShapes).taken);
    talk.value("shapes.scaled(5)");
    talk.value("def twice = shapes.scaled(2)");
    CHECK(talk.accept("scaled", "def enlarged(n) = n * 10").taken);
    CHECK(talk.value("shapes.enlarged(5)") == "50");
}

TEST_CASE("a change that cannot be kept is not taken") {
    struct Full final : DefinitionStore {
        MemoryStore kept;
        bool full = false;
        std::string name() const override { return "full.indent"; }
        Result<std::vector<StoredModule>> modules() override { return kept.modules(); }
        Result<void> save_modules(const std::vector<StoredModule>& modules, std::string_view what) override {
            if (full) return Failure{"no_space", "there is no space left"};
            return kept.save_modules(modules, what);
        }
        Result<std::map<std::string, std::string>> desk() override { return kept.desk(); }
        Result<void> save_desk(std::string_view, std::string_view) override {
            return Failure{"no_space", "there is no space left"};
        }
        Result<void> forget_desk(std::string_view key) override { return kept.forget_desk(key); }
    };
    Full store;
    Talk talk(store);
    REQUIRE(talk.accept("", kShapes).taken);
    store.full = true;
    auto refused = talk.accept("Square.area", "    def area = 0\n");
    CHECK(!refused.taken);
    CHECK(refused.problem == "there is no space left");
    CHECK(talk.value("shapes.Square(side: 2).area") == "4");
    CHECK(talk.ask<Failed>(SaveDesk{"workspace/1", "x"}).code == "no_space");
    CHECK(talk.troubles == "there is no space left");
}

TEST_CASE("the library can be looked at") {
    MemoryStore store;
    Talk talk(store);
    auto all = talk.ask<Definitions>(ListDefinitions{"std.list"});
    REQUIRE(!all.definitions.empty());
    auto source = talk.ask<protocol::Source>(GetSource{"std.list", all.definitions.back().path});
    CHECK(!source.editable);
    CHECK(!source.text.empty());
    CHECK(talk.ask<Failed>(GetSource{"std.list", "Nothing"}).code == "not_found");
}

namespace {

const char* kCounter1 =
    "module counter\n\nactor Counter:\n    state clicks = 0\n    on add:\n        clicks += 1\n"
    "        clicks\n\nonce:\n    spawn Counter() as :counter\n";
const char* kCounter2 =
    "module counter\n\nactor Counter:\n    state_version 2\n    state count = 0\n    on add:\n"
    "        count += 10\n        count\n\n    def migrate_state(old, version):\n"
    "        {count: old[:clicks]}\n\nonce:\n    spawn Counter() as :counter\n";

// Counts what is kept.
struct Counting final : DefinitionStore {
    MemoryStore kept;
    std::vector<std::string> changes;
    bool full = false;
    std::string name() const override { return "counting"; }
    Result<std::vector<StoredModule>> modules() override { return kept.modules(); }
    Result<void> save_modules(const std::vector<StoredModule>& modules, std::string_view what) override {
        if (full) return Failure{"no_space", "there is no space left"};
        changes.emplace_back(what);
        return kept.save_modules(modules, what);
    }
    Result<std::map<std::string, std::string>> desk() override { return kept.desk(); }
    Result<void> save_desk(std::string_view key, std::string_view text) override {
        return kept.save_desk(key, text);
    }
    Result<void> forget_desk(std::string_view key) override { return kept.forget_desk(key); }
};

} // namespace

TEST_CASE("modules are loaded in one reload: running actors follow, and it is kept as one change") {
    Counting store;
    Talk talk(store);
    const std::string user = "module user\nimport counter\n\ndef add = ask actor(:counter).add\n";
    auto first = talk.ask<Loaded>(Load{{{"user", "user.ind", user}, {"counter", "v1.ind", kCounter1}}});
    CHECK(first.problem == "");
    REQUIRE(first.taken);
    CHECK(first.modules.size() == 2);
    CHECK(store.changes == std::vector<std::string>{"load user, counter"});
    CHECK(talk.value("user.add") == "1");
    auto second = talk.ask<Loaded>(Load{{{"counter", "v2.ind", kCounter2}}});
    CHECK(second.problem == "");
    REQUIRE(second.taken);
    CHECK(second.actors == 1);
    CHECK(second.modules == std::vector<std::string>{"counter: generation 2"});
    CHECK(talk.value("user.add") == "11"); // its state was migrated
    CHECK(talk.ask<protocol::Source>(GetSource{"counter", ""}).text == kCounter2);
    auto again = talk.ask<Loaded>(Load{{{"counter", "v2.ind", kCounter2}, {"user", "user.ind", user}}});
    CHECK(again.taken);
    CHECK(again.identical);
    CHECK(store.changes.size() == 2);
}

TEST_CASE("a load that is refused, or cannot be kept, has changed nothing") {
    Counting store;
    Talk talk(store);
    REQUIRE(talk.ask<Loaded>(Load{{{"counter", "v1.ind", kCounter1}}}).taken);
    CHECK(talk.value("ask actor(:counter).add") == "1");
    auto problem = [&](std::vector<NewText> texts) {
        auto answer = talk.ask<Loaded>(Load{std::move(texts)});
        CHECK(!answer.taken);
        CHECK(!answer.problem.empty());
        CHECK(talk.ask<protocol::Source>(GetSource{"counter", ""}).text == kCounter1);
        return answer.problem;
    };
    const std::string other = "module other\ndef f = 1\n";
    // One that is wrong keeps the others out, too.
    auto wrong = talk.ask<Loaded>(Load{
        {{"other", "other.ind", other}, {"counter", "src/v3.ind", "module counter\n\ndef f = cuont\n"}}});
    CHECK(!wrong.taken);
    REQUIRE(!wrong.diagnostics.empty());
    CHECK(wrong.diagnostics[0].file == "src/v3.ind");
    CHECK(wrong.diagnostics[0].line == 3);
    CHECK(wrong.problem.find("src/v3.ind:3:") != std::string::npos);
    CHECK(talk.ask<Failed>(GetSource{"other", ""}).code == "not_found");
    problem({});
    CHECK(problem({{"other", "a.ind", other}, {"other", "b.ind", other}}).find("a.ind and in b.ind") !=
          std::string::npos);
    CHECK(problem({{"std.list", "", "module std.list\n"}}).find("read only") != std::string::npos);
    CHECK(problem({{"../evil", "", "def f = 1\n"}}).find("cannot be a module's name") != std::string::npos);
    CHECK(problem({{"counter", "x.ind", other}}).find("says that it is `other`") != std::string::npos);
    problem({{"user", "user.ind", "module user\nimport nowhere\n"}});
    problem(
        {{"counter", "v.ind", std::string(kCounter1) + "raise ArgumentError(\"no\")\n"}}); // its effects fail
    store.full = true;
    CHECK(problem({{"counter", "v2.ind", kCounter2}}).find("no space left") != std::string::npos);
    CHECK(talk.value("ask actor(:counter).add") == "2"); // its code and its state are those from before
    store.full = false;
    REQUIRE(talk.ask<Loaded>(Load{{{"counter", "v2.ind", kCounter2}}}).taken);
    CHECK(talk.value("ask actor(:counter).add") == "12");
    CHECK(store.changes.size() == 2);
}

TEST_CASE("modules that import each other in a circle are loaded, and there again in the next session") {
    MemoryStore store;
    const std::string even = "module even\nimport odd\n\ndef even?(n) = n == 0 or odd.odd?(n - 1)\n";
    const std::string odd = "module odd\nimport even\n\ndef odd?(n) = n != 0 and even.even?(n - 1)\n";
    {
        Talk talk(store);
        auto loaded = talk.ask<Loaded>(Load{{{"even", "", even}, {"odd", "", odd}}});
        CHECK(loaded.problem == "");
        CHECK(loaded.taken);
    }
    Talk talk(store);
    CHECK(talk.troubles == "");
    CHECK(talk.value("even.even?(10)") == "true");
    // What was opened is what is loaded.
    CHECK(talk.ask<Loaded>(Load{{{"even", "", even}, {"odd", "", odd}}}).identical);
}

TEST_CASE("the store's own matters are answered, and where nothing is kept in a file, that is said") {
    MemoryStore store;
    Talk talk(store);
    CHECK(talk.ask<Failed>(ListEpochs{}).code == "no_image");
    CHECK(talk.ask<Failed>(VerifyImage{}).code == "no_image");
    CHECK(talk.ask<Failed>(SaveImageAs{"/nowhere"}).code == "no_image");
    CHECK(talk.ask<Failed>(SaveImageAs{"nowhere"}).code == "bad_path");
    CHECK(talk.ask<Failed>(CompactImage{}).code == "no_image");
}

TEST_CASE("a turn that an error has stopped is told of, looked at, mended and retried") {
    MemoryStore store;
    Talk talk(store);
    CHECK(talk.value("1") == "1");
    talk.ask<Done>(BreakOnError{true});
    CHECK(talk.ask<BrokenTurns>(ListBroken{}).on);
    const std::string text = R"(module till

actor Till:
    state sum = 0
    on pay(price):
        sum += price
        let each = sum / 0
        each
    on sum? = sum
)";
    CHECK(talk.ask<Loaded>(Load{{{"till", "", text}}}).taken);
    CHECK(talk.value("till_ = spawn till.Till()\nnil") == "nil");
    const std::string said = talk.value("ask till_.pay(5)");
    CHECK(said.find("is stopped at an error in `pay(5)`: ZeroDivide") != std::string::npos);
    auto broken = talk.ask<BrokenTurns>(ListBroken{});
    REQUIRE(broken.turns.size() == 1);
    CHECK(broken.turns[0].message == "pay(5)");
    CHECK(broken.turns[0].line == 7);
    const uint64_t turn = broken.turns[0].turn;
    const auto frames = talk.ask<Frames>(GetFrames{turn});
    REQUIRE(frames.frames.size() == 1);
    CHECK(frames.frames[0].what == "Till.pay");
    CHECK(frames.frames[0].receiver == "Till(sum: 5)");
    REQUIRE(frames.frames[0].variables.size() == 1);
    CHECK(frames.frames[0].variables[0].text == "5");
    CHECK(talk.ask<Evaluated>(EvaluateInFrame{turn, 0, "sum + price"}).text == "10");
    auto wrong = talk.ask<Evaluated>(EvaluateInFrame{turn, 0, "nobody"});
    CHECK(wrong.outcome == Evaluated::Outcome::Raised);
    CHECK(wrong.report.find("nothing defines `nobody`") != std::string::npos);
    CHECK(!talk.ask<Resolved>(ResolveBroken{turn, Decision::Return, 0, "nobody"}).taken);
    CHECK(!talk.ask<Resolved>(ResolveBroken{turn + 1, Decision::Retry, 0, ""}).taken);
    // Mended, but not well: it is stopped again, its changes undone.
    auto accepted = talk.ask<Accepted>(
        Accept{"till", "Till.pay", "", "    on pay(price):\n        sum += price\n        nil.up\n", ""});
    CHECK(accepted.taken);
    auto resolved = talk.ask<Resolved>(ResolveBroken{turn, Decision::Retry, 0, ""});
    CHECK(resolved.course == Resolved::Course::StoppedAgain);
    CHECK(talk.ask<Evaluated>(EvaluateInFrame{resolved.turn, 0, "sum"}).text == "5");
    accepted = talk.ask<Accepted>(
        Accept{"till", "Till.pay", "", "    on pay(price):\n        sum += price\n        sum\n", ""});
    CHECK(accepted.taken);
    resolved = talk.ask<Resolved>(ResolveBroken{resolved.turn, Decision::Retry, 0, ""});
    CHECK(resolved.course == Resolved::Course::Done);
    CHECK(talk.value("ask till_.sum?") == "5");
    CHECK(talk.ask<BrokenTurns>(ListBroken{}).turns.empty());
    talk.ask<Done>(BreakOnError{false});
    CHECK(talk.value("send till_.pay(nil)\nask till_.sum?") == "5");
    CHECK(talk.ask<BrokenTurns>(ListBroken{}).turns.empty());
}

TEST_CASE("a block that an input in a frame has left in a state finds its fields by name after a reload") {
    MemoryStore store;
    Talk talk(store);
    CHECK(talk.value("1") == "1");
    talk.ask<Done>(BreakOnError{true});
    auto text = [](const std::string& fields) {
        return "module till\nactor Till:\n" + fields +
               "    state get = nil\n    on pay:\n        nil.up\n    on got = get()\n";
    };
    REQUIRE(talk.ask<Loaded>(Load{{{"till", "", text("    state sum = 5\n")}}}).taken);
    CHECK(talk.value("till_ = spawn till.Till()\nnil") == "nil");
    CHECK(talk.value("ask till_.pay()").find("is stopped") != std::string::npos);
    const auto broken = talk.ask<BrokenTurns>(ListBroken{});
    REQUIRE(broken.turns.size() == 1);
    const uint64_t turn = broken.turns[0].turn;
    const auto made = talk.ask<Evaluated>(
        EvaluateInFrame{turn, 0, "get = () -> [sum, [1, 2].map(n -> sum * 10 + n).last]\nnil"});
    CHECK(made.text == "nil");
    CHECK(talk.ask<Resolved>(ResolveBroken{turn, Decision::Return, 0, "1"}).course == Resolved::Course::Done);
    CHECK(talk.value("ask till_.got()") == "[5, 52]");
    REQUIRE(talk.ask<Loaded>(Load{{{"till", "", text("    state first = 77\n    state sum = 5\n")}}}).taken);
    CHECK(talk.value("ask till_.got()") == "[5, 52]");
    REQUIRE(talk.ask<Loaded>(Load{{{"till", "", text("")}}}).taken);
    CHECK(talk.value("ask till_.got()").find("sum") !=
          std::string::npos); // gone, which is an error that says so
}

TEST_CASE("what is paused answers what needs no running program, and runs when it is trusted") {
    MemoryStore store;
    {
        Talk talk(store);
        REQUIRE(talk.accept("", "print(\"it runs\")\ndef one = 1").taken);
    }
    bool may = false;
    size_t asked = 0;
    Session::Options options{"test"};
    options.paused = "it came from elsewhere";
    options.trust = [&]() -> Result<void> {
        ++asked;
        if (!may) return Failure{"no_space", "there is no space"};
        return ok();
    };
    Talk talk(store, options);
    CHECK(talk.output == "");
    CHECK(talk.ask<Description>(Describe{}).paused == "it came from elsewhere");
    for (Request request :
         {Request(Evaluate{"workspace", "1"}), Request(Accept{"shapes", "", "", "def two = 2", ""}),
          Request(Load{{{"other", "", "module other\n"}}}), Request(GetFrames{1}),
          Request(EvaluateInFrame{1, 0, "1"}), Request(ResolveBroken{1})}) {
        const auto failed = talk.ask<Failed>(request);
        CHECK(failed.code == "paused");
        CHECK(failed.message == "it came from elsewhere");
    }
    CHECK(talk.ask<Source>(GetSource{"shapes", "one"}).text.find("def one = 1") != std::string::npos);
    CHECK(talk.ask<Modules>(ListModules{}).modules[0].path == "shapes");
    CHECK(!talk.ask<Documentation>(Document{"List.map"}).text.empty());
    CHECK(!talk.ask<Completions>(Complete{"List"}).completions.empty());
    talk.ask<Done>(SaveDesk{"workspace/1", "a draft"});
    CHECK(talk.ask<Desk>(LoadDesk{}).texts.at("workspace/1") == "a draft");
    CHECK(talk.ask<BrokenTurns>(ListBroken{}).turns.empty());
    talk.ask<Done>(BreakOnError{true});
    CHECK(talk.ask<BrokenTurns>(ListBroken{}).on);

    CHECK(talk.ask<Failed>(TrustImage{}).message == "there is no space");
    CHECK(talk.ask<Failed>(Evaluate{"workspace", "1"}).code == "paused");
    CHECK(talk.output == "");
    may = true;
    talk.ask<Done>(TrustImage{});
    CHECK(talk.trusted);
    CHECK(talk.ask<Description>(Describe{}).paused == "");
    CHECK(talk.value("shapes.one") == "1");
    CHECK(talk.output == "it runs\n");
    CHECK(talk.ask<BrokenTurns>(ListBroken{}).on); // as it was said while it was paused
    talk.ask<Done>(TrustImage{});                  // it runs already
    CHECK(asked == 2);
}

TEST_CASE("what each of several modules adds to classes of others is there when they are loaded together") {
    MemoryStore store;
    Talk talk(store);
    const auto loaded = talk.ask<Loaded>(Load{{{"adds", "", "module adds\nextend List:\n    def four = 4\n"},
                                               {"more", "", "module more\nextend List:\n    def five = 5\n"},
                                               {"other", "", "module other\ndef one = 1\n"}}});
    REQUIRE(loaded.taken);
    CHECK(talk.value("[[].four, [].five, other.one]") == "[4, 5, 1]");
}
