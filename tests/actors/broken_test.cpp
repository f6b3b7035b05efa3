// Turns that errors stop: what a person sees of them and what becomes of them (these run under ThreadSanitizer, too).
#include "vm/os/clock.h"
#include "vm/os/thread.h"
#include "vm/world/world.h"
#include <doctest/doctest.h>
#include <mutex>
#include <string>
#include <vector>

namespace indent {

namespace {

// A world in which errors stop turns, on a thread of its own.
class Broken {
  public:
    explicit Broken(const std::function<void(Broken&)>& test, uint32_t workers = 2, bool collecting = false) {
        auto thread = os::Thread::start("test", kThreadStack, [&] {
            WorldOptions options;
            options.workers = workers;
            options.collect_always = collecting;
            options.output = [this](std::string_view line) { add(printed_, line); };
            options.errors = [this](std::string_view text) { add(reports_, text); };
            auto made = World::make(std::move(options));
            REQUIRE(made);
            world = std::move(*made);
            world->actors().break_on_error = true;
            world->actors().on_broken = [this](const BrokenInfo& info) { add(broken_, info.error); };
            world->actors().on_mended = [this](const BrokenInfo& info) { add(mended_, info.error); };
            test(*this);
            world.reset();
        });
        REQUIRE(thread);
        thread->join();
    }

    // The value's text, or the error's whole text.
    std::string value(const std::string& text) {
        Outcome outcome = world->evaluate(text);
        return outcome.ok ? outcome.value : outcome.text();
    }
    void take(const std::string& module, const std::string& text) {
        const ReloadReport report = world->take({{module, module, text, true}});
        CHECK_MESSAGE(report.ok, report.refusal);
    }
    // The turn that was stopped last; waits until there is one with a larger number than `after`.
    BrokenInfo stopped(uint64_t after = 0) {
        for (int i = 0; i < 1000; ++i) {
            auto all = world->actors().broken_turns();
            if (!all.empty() && all.back().number > after) return all.back();
            value("sleep(5.milliseconds)");
        }
        FAIL_CHECK("no turn is stopped");
        return {};
    }
    BreakAnswer command(const BrokenInfo& of, BreakCommand::Kind kind, std::string text = "",
                        size_t frame = 0) {
        return world->actors().command_broken(of.number, {kind, frame, std::move(text)});
    }
    std::string evaluate(const BrokenInfo& of, const std::string& text, size_t frame = 0) {
        const BreakAnswer answer = command(of, BreakCommand::Evaluate, text, frame);
        return answer.problem.empty() ? answer.value : "!" + answer.problem;
    }
    std::string reports() {
        std::lock_guard lock(mutex_);
        return reports_;
    }
    std::string mended() {
        std::lock_guard lock(mutex_);
        return mended_;
    }
    std::string printed() {
        std::lock_guard lock(mutex_);
        return printed_;
    }
    std::unique_ptr<World> world;

  private:
    void add(std::string& to, std::string_view text) {
        std::lock_guard lock(mutex_);
        to += std::string(text) + "\n";
    }
    std::mutex mutex_;
    std::string printed_, reports_, broken_, mended_;
};

bool has(const std::string& text, std::string_view part) {
    if (text.find(part) != std::string::npos) return true;
    MESSAGE(text);
    return false;
}

// A bank: `transfer` asks one account, then another.
std::string bank(const std::string& transfer) {
    return R"(module bank

actor Account:
    state balance = 100
    state visits = 0
    on withdraw(amount):
        balance -= amount
        visits += 1
        balance
    on deposit(amount):
        balance += amount
        visits += 1
        balance
    on seen = [balance, visits]

actor Log:
    state lines = []
    on note(line): lines.add(line)
    on lines? = lines

actor Teller:
    state from
    state to
    state log
    state done = 0
    on transfer(amount):
)" + transfer +
           R"(
    on done? = done
)";
}
const char* kBad = R"(        done += 1
        let left = ask from.withdraw(amount)
        send log.note("left {left}")
        let share = left / (amount - amount)
        ask to.deposit(amount)
        share)";
const char* kGood = R"(        done += 1
        let left = ask from.withdraw(amount)
        send log.note("left {left}")
        ask to.deposit(amount)
        left)";
const char* kOther = R"(        done += 1
        let left = ask from.withdraw(amount + 1)
        ask to.deposit(amount)
        left)";
const char* kSetUp = "import bank\nfrom_ = spawn bank.Account()\nto_ = spawn bank.Account()\nlog_ = spawn "
                     "bank.Log()\nteller = spawn bank.Teller(from: from_, to: to_, log: log_)\nnil";

} // namespace

TEST_CASE(
    "A transfer that fails after its withdraw is retried with mended code: withdrawn once, deposited once") {
    auto test = [](Broken& b) {
        b.take("bank", bank(kBad));
        CHECK(b.value(kSetUp) == "nil");
        b.value("send teller.transfer(30)");
        const BrokenInfo stopped = b.stopped();
        CHECK(stopped.error == "ZeroDivide: division by zero");
        CHECK(stopped.message == "transfer(30)");
        CHECK(has(stopped.report, "let share = left / (amount - amount)"));
        CHECK(has(stopped.report, "had left before, and stays: `withdraw` to Account"));
        CHECK(b.value("ask from_.seen") == "[70, 1]");
        b.take("bank", bank(kGood));
        const BreakAnswer answer = b.command(stopped, BreakCommand::Retry);
        CHECK(answer.problem.empty());
        CHECK(answer.course == BreakAnswer::Done);
        CHECK(b.value("ask from_.seen") == "[70, 1]");
        CHECK(b.value("ask to_.seen") == "[130, 1]");
        CHECK(b.value("ask log_.lines?") == "[\"left 70\"]");
        CHECK(b.value("ask teller.done?") == "1");
        CHECK(b.world->actors().broken_turns().empty());
        CHECK(b.reports().empty());
        CHECK(b.mended() == "ZeroDivide: division by zero\n");
    };
    Broken{test};
    Broken{test, 2, true}; // a collection at every safe point
}

TEST_CASE("A retried turn that does otherwise than before stops before it does, and goes on when a person "
          "says so") {
    Broken([](Broken& b) {
        b.take("bank", bank(kBad));
        b.value(kSetUp);
        b.value("send teller.transfer(30)");
        BrokenInfo stopped = b.stopped();
        b.take("bank", bank(kOther));
        BreakAnswer answer = b.command(stopped, BreakCommand::Retry);
        CHECK(answer.course == BreakAnswer::StoppedAgain);
        stopped = b.stopped(stopped.number);
        CHECK(stopped.number == answer.again);
        CHECK(stopped.error.empty());
        CHECK(has(stopped.differs, "`withdraw(30)`; now it would: ask Account"));
        CHECK(has(stopped.differs, "`withdraw(31)`"));
        CHECK(b.value("ask from_.seen") == "[70, 1]");
        CHECK(b.evaluate(stopped, "amount") == "30");
        CHECK(has(b.command(stopped, BreakCommand::Resume, "1").problem, "no value that it waits for"));
        // Mended once more: it meets what it had done.
        b.take("bank", bank(kGood));
        answer = b.command(stopped, BreakCommand::Retry);
        CHECK(answer.course == BreakAnswer::Done);
        CHECK(b.value("ask from_.seen") == "[70, 1]");
        CHECK(b.value("ask to_.seen") == "[130, 1]");
    });
    Broken([](Broken& b) {
        b.take("bank", bank(kBad));
        b.value(kSetUp);
        b.value("send teller.transfer(30)");
        BrokenInfo stopped = b.stopped();
        b.take("bank", bank(kOther));
        CHECK(b.command(stopped, BreakCommand::Retry).course == BreakAnswer::StoppedAgain);
        stopped = b.stopped(stopped.number);
        // It withdraws once more; the deposit is not what is expected either.
        CHECK(b.command(stopped, BreakCommand::GoOn).course == BreakAnswer::StoppedAgain);
        stopped = b.stopped(stopped.number);
        CHECK(has(stopped.differs, "`deposit(30)`"));
        CHECK(b.value("ask from_.seen") == "[39, 2]");
        CHECK(b.command(stopped, BreakCommand::GoOnAnew).course == BreakAnswer::Done);
        CHECK(b.value("ask to_.seen") == "[130, 1]");
    });
    Broken([](Broken& b) {
        b.take("bank", bank(kBad));
        b.value(kSetUp);
        b.value("send teller.transfer(30)");
        BrokenInfo stopped = b.stopped();
        b.take("bank", bank("        done += 1\n        done")); // nothing of it is done any more
        CHECK(b.command(stopped, BreakCommand::Retry).course == BreakAnswer::StoppedAgain);
        stopped = b.stopped(stopped.number);
        CHECK(has(stopped.differs, "it ends, and had done before: ask Account"));
        CHECK(b.command(stopped, BreakCommand::GiveUp).course == BreakAnswer::Failed);
        CHECK(has(b.reports(), "not what it did before it was retried"));
        CHECK(b.value("ask teller.done?") == "0");
    });
}

TEST_CASE("The frames of a stopped turn are told with their variables, and texts are evaluated in them") {
    auto test = [](Broken& b) {
        b.take("shop", R"(module shop

def price(kind, count):
    let unit = {apple: 3, pear: 4}
    var_free(unit, kind) * count

def var_free(unit, kind):
    let seen = []
    let total = 0
    ["x", "y"].each do letter:
        total += letter.size
        seen.add(letter)
        let f = (n -> n + total + unit[kind])
        if letter == "y": f(total)
    total

actor Shop:
    state sold = 7
    on sell(kind, count = 2):
        let bill = price(kind, count)
        sold += count
        bill
    on sold? = sold
)");
        b.value("import shop\nshop_ = spawn shop.Shop()\nsend shop_.sell(:plum)");
        const BrokenInfo stopped = b.stopped();
        CHECK(has(stopped.error, "KeyError"));
        const BreakAnswer frames = b.command(stopped, BreakCommand::Frames);
        std::string shown;
        for (const auto& frame : frames.frames) {
            shown += frame.what + ":" + std::to_string(frame.line);
            for (const auto& variable : frame.variables)
                shown += " " + variable.name + "=" + variable.text + (variable.changes ? "" : "!");
            shown += "\n";
        }
        CHECK(shown == "var_free:13 n=2 total=2 unit={apple: 3, pear: 4}! kind=:plum!\n"
                       "var_free:14 f=a Block letter=\"y\" total=2 seen=[\"x\", \"y\"] kind=:plum "
                       "unit={apple: 3, pear: 4}\n"
                       "price:5 unit={apple: 3, pear: 4} count=2 kind=:plum\n"
                       "Shop.sell:20 count=2 kind=:plum\n");
        CHECK(b.evaluate(stopped, "n * 10 + total") == "22");
        CHECK(b.evaluate(stopped, "seen.size + letter.size", 1) == "3");
        CHECK(b.evaluate(stopped, "sold + count", 3) == "9");
        CHECK(has(b.evaluate(stopped, "cuont", 3), "nothing defines `cuont`"));
        CHECK(has(b.evaluate(stopped, "1 / 0", 3), "ZeroDivide"));
        CHECK(has(b.evaluate(stopped, "1 +", 3), "frame:1"));
        CHECK(has(b.evaluate(stopped, "1", 9), "no frame 9"));
        CHECK(has(b.evaluate(stopped, "def x = 1"), "no definitions"));
        // What is assigned is the turn's.
        CHECK(b.evaluate(stopped, "total = 40") == "40");
        CHECK(b.evaluate(stopped, "total", 1) == "40");
        CHECK(has(b.evaluate(stopped, "kind = :pear"), "keeps its value"));
        CHECK(b.evaluate(stopped, "count = 5\nsold += 100", 3) == "107");
        // `unit[kind]` is 2: the block is done, and the loop with it.
        CHECK(b.command(stopped, BreakCommand::Resume, "1 + 1").course == BreakAnswer::Done);
        CHECK(b.value("ask shop_.sold?") == "112");
    };
    Broken{test};
    Broken{test, 1};
    Broken{test, 2, true};
}

TEST_CASE("A stopped turn ends with a value that a person gives it, or fails as it would have") {
    Broken([](Broken& b) {
        b.take("m", R"(module m
actor Half:
    state asked = 0
    on half(n):
        asked += 1
        if n % 2 == 1: raise ArgumentError("{n} is odd")
        n // 2
    on asked? = asked
actor Asker:
    state half
    state got = nil
    on go(n):
        got = ask half.half(n) within 100.milliseconds
        got
    on careful(n):
        try:
            ask half.half(n)
        catch e: ArgumentError:
            "no half"
    on got? = got
)");
        b.value("import m\nhalf = spawn m.Half()\nasker = spawn m.Asker(half: half)\nsend asker.go(7)");
        BrokenInfo stopped = b.stopped();
        CHECK(stopped.error == "ArgumentError: 7 is odd");
        b.value("sleep(400.milliseconds)"); // nobody's patience runs out meanwhile
        CHECK(b.command(stopped, BreakCommand::Return, "n * 100").course == BreakAnswer::Done);
        CHECK(b.value("sleep(50.milliseconds)\nask asker.got?") == "700");
        CHECK(b.value("ask half.asked?") == "1"); // what it had changed stays
        // Given up, it is the asker's error, which stops there.
        b.value("send asker.go(9)");
        stopped = b.stopped(stopped.number);
        CHECK(b.command(stopped, BreakCommand::GiveUp).course == BreakAnswer::Failed);
        stopped = b.stopped(stopped.number);
        CHECK(has(stopped.who, "Asker"));
        CHECK(b.value("ask half.asked?") == "1");
        CHECK(b.command(stopped, BreakCommand::GiveUp).course == BreakAnswer::Failed);
        CHECK(has(b.reports(), "9 is odd"));
        CHECK(b.value("ask asker.got?") == "700");
        // Whoever catches it does, though it is in another actor, and in the main program.
        CHECK(b.value("ask asker.careful(11)") == "\"no half\"");
        CHECK(b.value("try:\n    ask half.half(3)\ncatch e: ArgumentError:\n    e.message\n") ==
              "\"3 is odd\"");
        CHECK(b.world->actors().broken_turns().empty());
    });
}

TEST_CASE("Who types an ask hears that the turn is stopped, and does not wait for it") {
    Broken([](Broken& b) {
        b.take("bank", bank(kBad));
        b.value(kSetUp);
        std::string said = b.value("ask teller.transfer(30)");
        CHECK(has(said, "is stopped at an error in `transfer(30)`: ZeroDivide: division by zero"));
        CHECK(has(said, "stopped turn 1"));
        said = b.value("ask teller.done?");
        CHECK(has(said, "is stopped at an error in `transfer(30)`"));
        CHECK(b.value("ask from_.seen") == "[70, 1]"); // others go on
        // What is evaluated in it goes on and on until it is stopped; the turn is there still.
        const BrokenInfo stopped = b.stopped();
        auto stopper = os::Thread::start("stopper", 1 << 20, [&] {
            os::sleep_ns(100'000'000);
            b.world->request_stop();
        });
        REQUIRE(stopper);
        const BreakAnswer answer = b.command(stopped, BreakCommand::Evaluate, "loop:\n    pass\n");
        stopper->join();
        b.world->forget_stop();
        CHECK(answer.stopped);
        CHECK(b.evaluate(stopped, "amount") == "30");
        // One that is killed ends, and nobody can decide about it any more.
        for (ActorRef& actor : b.world->actors().actors_of([](const Class&) { return true; }))
            if (actor->broken) b.world->actors().kill(*actor);
        for (int i = 0; i < 1000 && !b.world->actors().broken_turns().empty(); ++i)
            b.value("sleep(5.milliseconds)");
        CHECK(has(b.command(stopped, BreakCommand::Retry).problem, "no turn is stopped under the number 1"));
        CHECK(has(b.value("ask teller.done?"), "has ended"));
    });
}

TEST_CASE("Many turns are stopped and retried by several workers at once") {
    Broken(
        [](Broken& b) {
            b.take("many", R"(module many
actor Sum:
    state total = 0
    on add(n): total += n
    on total? = total
actor One:
    state sum
    on go(n):
        ask sum.add(n)
        nil.size
        ask sum.add(1000)
)");
            b.value("import many\nsum = spawn many.Sum()\nones = (1..20).map(n -> spawn many.One(sum: sum))\n"
                    "ones.each(o -> send o.go(1))");
            for (int i = 0; i < 2000 && b.world->actors().broken_turns().size() < 20; ++i)
                b.value("sleep(5.milliseconds)");
            auto all = b.world->actors().broken_turns();
            REQUIRE(all.size() == 20);
            CHECK(b.value("ask sum.total?") == "20");
            b.take("many", R"(module many
actor Sum:
    state total = 0
    on add(n): total += n
    on total? = total
actor One:
    state sum
    on go(n):
        ask sum.add(n)
        ask sum.add(1000)
)");
            size_t done = 0;
            for (const auto& one : all)
                done += b.command(one, BreakCommand::Retry).course == BreakAnswer::Done;
            CHECK(done == 20);
            CHECK(b.value("ask sum.total?") == "20020");
            MESSAGE("20 turns retried, 20 asks answered from the record");
        },
        4);
}

} // namespace indent
