// Recorded turns are run again: they are the same turns, and with edited code it is said where they are not.
#include "image/history/rerun.h"
#include "image/history/turns.h"
#include "image/history/values.h"
#include "tests/journal/told.h"
#include <random>

using namespace indent;
using namespace indent::image;

namespace {

// A world with the module `m` and the actors of the first `batches` of a story, where nothing runs.
class Still {
  public:
    Still(const std::string& text, const ToldStory& story, size_t batches) {
        WorldOptions options;
        options.workers = 1;
        options.output = [this](std::string_view line) { printed += std::string(line) + "\n"; };
        auto made = World::make(options);
        REQUIRE(made);
        world_ = std::move(made).value();
        patience_ = std::make_unique<Patience>(world_->actors(), never_);
        REQUIRE(world_->load_text("m", text).ok);
        names_ = std::make_unique<WorldNames>(world_->actors());
        for (const Batch& batch : story.batches)
            for (const NameRow& row : batch.names) REQUIRE(names_->add(row));
        Recovery recovery;
        for (size_t i = 0; i < batches; ++i) REQUIRE(recovery.add(story.batches[i].body));
        auto restored = recovery.restore(world_->actors(), *names_, true);
        actors_ = restored.actors;
        for (Value address : restored.held) world_->runtime().shared.release(address);
        names_->address_of = [this](uint64_t number) {
            Actor* actor = find(number);
            return actor ? Value::cell(actor->address) : Value();
        };
    }
    ~Still() {
        patience_.reset();
        names_.reset();
    }
    Actor* find(uint64_t number) {
        for (Actor* actor : actors_)
            if (actor->id == number) return actor;
        return nullptr;
    }
    // In words, as values end with their world.
    struct Ran {
        bool done = false;
        std::string report, diverged, trouble, reply, state;
        std::vector<std::string> letters;
    };
    Ran run(const RecordedTurn& turn, Rerun::Mode mode = Rerun::Strict) {
        Actor* actor = find(turn.actor);
        REQUIRE(actor);
        const Rerun::Outcome outcome =
            Rerun(world_->actors(), *names_, *patience_).run(*actor, turn.message, turn.tape, mode);
        Ran ran{outcome.done,
                outcome.report,
                outcome.diverged,
                outcome.trouble,
                "",
                actor->status == Actor::Ended ? "" : state_of(turn.actor),
                {}};
        if (outcome.reply) ran.reply = shown(outcome.reply->peek(0));
        for (const Rerun::Letter& letter : outcome.letters) {
            std::string text = letter.way == Rerun::Letter::Sent    ? "sends "
                               : letter.way == Rerun::Letter::Asked ? "asks "
                                                                    : "times ";
            text += std::to_string(letter.to) + " " + letter.selector;
            for (size_t i = 0; i < letter.count(); ++i)
                text += (i ? ", " : " ") + letter.labels[i] + (letter.labels[i].empty() ? "" : ": ") +
                        shown(letter.arguments->peek(i));
            ran.letters.push_back(std::move(text));
        }
        return ran;
    }
    std::string state_of(uint64_t number) {
        std::string text;
        if (Actor* actor = find(number))
            for (const Field& field : fields_of(world_->actors(), *actor))
                text += field.name + ": " + shown(field.value) + "\n";
        return text;
    }
    std::string printed;

  private:
    std::string shown(Value value) { return show(world_->actors(), value, SIZE_MAX).text; }

    const std::atomic<bool> never_ = false;
    std::unique_ptr<World> world_;
    std::unique_ptr<Patience> patience_;
    std::unique_ptr<WorldNames> names_;
    std::vector<Actor*> actors_;
};

struct Ended {
    RecordedTurn turn;
    size_t batch = 0; // with whose end it ends
};
std::vector<Ended> turns_of(const ToldStory& story) {
    std::vector<Ended> all;
    Turns turns;
    for (size_t i = 0; i < story.batches.size(); ++i) {
        std::vector<Record> records;
        ByteReader in(story.batches[i].body);
        for (std::string_view group; next_group(in, group);) REQUIRE(read_all(group, records));
        for (const Record& record : records)
            if (auto turn = turns.take(record)) all.push_back({std::move(*turn), i + 1});
    }
    return all;
}

constexpr const char* kMixed = R"(module m
actor Other:
    state heard = []
    on hear(x): heard.add(x)
    on double(x): x * 2
    on refuse(x): raise Error("no {x}")
    on again(x, whom): ask whom.double(x) within 1.hours
actor Mixed:
    state log = []
    state table = {}
    state counter = nil
    def safely(block):
        try:
            block()
        catch e: Error:
            e.message
    on begin(atom):
        counter = atom
        nil
    on step(kind, key, other, third):
        match kind:
            case 0: log.add(Random().between(1, 1000000))
            case 1: table[key] = Time.now
            case 2: log.add(ask other.double(key) within 1.hours)
            case 3: log.add(self.safely(() -> ask other.refuse(key) within 1.hours))
            case 4: counter.swap(n -> n + key)
            case 5:
                let child = spawn Other()
                send child.hear(key)
                log.add(ask child.double(key) within 1.hours)
            case 6: sleep(1.milliseconds)
            case 7: send other.hear((key, log.size))
            case 8:
                log.add(ask other.again(key, third) within 1.hours)
                log.add(counter.value)
            case 9: raise Error("taken back {key}")
            case 10: log.add(find_actor(:nobody))
            case 11: send third.hear(key) after 1.hours
            case 12: print("step {key}")
        log.size
    on two(a, b, key, other, third):
        self.one(a, key, other, third)
        self.one(b, key + 1, other, third)
    def one(kind, key, other, third):
        if kind == 0: log.add(Random().between(1, 1000000))
        if kind == 1: counter.set(key)
        if kind == 2: log.add(ask other.double(key) within 1.hours)
        if kind == 3: send third.hear(key)
        if kind == 4: table[key] = Time.monotonic
        if kind == 5: raise Error("taken back {key}")
)";

} // namespace

TEST_CASE("Each turn of random programs, run again on its tape from the state before it, is the same turn") {
    size_t run = 0, with_tape = 0, failed = 0, letters = 0, bytes = 0;
    for (unsigned seed = 1; seed <= 3; ++seed) {
        std::mt19937 random(seed);
        ToldStory story;
        {
            Told a(kMixed, story, SIZE_MAX, true);
            a.value("let atom = Atom(0)");
            a.value("let mixed = (1..3).map(n -> spawn m.Mixed())");
            a.value("let others = (1..3).map(n -> spawn m.Other())");
            a.value("mixed.each(a -> ask a.begin(atom))");
            for (int i = 0; i < 16; ++i) {
                const std::string others = ", others[" + std::to_string(random() % 3) + "], others[" +
                                           std::to_string(random() % 3) + "])";
                const std::string to = "send mixed[" + std::to_string(random() % 3) + "].";
                if (random() % 2)
                    a.value(to + "step(" + std::to_string(random() % 13) + ", " + std::to_string(i) + others);
                else
                    a.value(to + "two(" + std::to_string(random() % 6) + ", " + std::to_string(random() % 6) +
                            ", " + std::to_string(i) + others);
            }
            a.value("mixed.each(a -> ask a.step(7, 99, others[0], others[1]) within 1.hours)");
            a.value("others.each(a -> ask a.hear(100) within 1.hours)");
        }
        for (const Ended& each : turns_of(story)) {
            CAPTURE(seed);
            CAPTURE(each.batch);
            Still before(kMixed, story, each.batch - 1), after(kMixed, story, each.batch);
            const Still::Ran outcome = before.run(each.turn);
            CHECK(outcome.trouble == "");
            CHECK(outcome.diverged == "");
            CHECK(outcome.done == !each.turn.failed);
            CHECK((outcome.report != "") == each.turn.failed);
            CHECK(outcome.state == after.state_of(each.turn.actor));
            CHECK(before.printed == "");
            ++run;
            with_tape += !each.turn.tape.empty();
            failed += each.turn.failed;
            letters += outcome.letters.size();
            bytes += each.turn.tape.size();
        }
    }
    MESSAGE("turns run again: " << run << ", with a tape " << with_tape << ", failed " << failed
                                << ", letters " << letters << ", bytes of tapes " << bytes);
    CHECK(run > 60);
    CHECK(with_tape > 20);
    CHECK(failed > 2);
}

TEST_CASE("What a turn sent, asked and answered is told in words; edited code is run on what was answered to "
          "the same, and "
          "the first thing that is new is named") {
    constexpr const char* before = R"(module m
actor Account:
    state balance = 100
    on give(amount, to):
        balance -= amount
        let fee = ask to.take(amount, note: "gift") within 1.hours
        send to.thank(fee)
        send self.check() after 1.hours
        balance
    on take(amount, note):
        balance += amount
        1
    on thank(x): nil
    on check: nil
    on fail(x):
        balance -= x
        raise Error("not {x}")
)";
    auto edited = [&](const std::string& from, const std::string& to) {
        std::string text = before;
        return text.replace(text.find(from), from.size(), to);
    };
    ToldStory story;
    {
        Told a(before, story, SIZE_MAX, true);
        a.value("let accounts = (1..2).map(n -> spawn m.Account())");
        a.value("accounts.each(a -> ask a.thank(0))");
        a.value("ask accounts[0].give(30, accounts[1])");
        a.value("send accounts[0].fail(7)");
        a.value("ask accounts[0].thank(0)");
    }
    Ended give, fail;
    for (const Ended& each : turns_of(story)) {
        if (each.turn.failed)
            fail = each;
        else if (!each.turn.tape.empty() && each.turn.tape.size() > give.turn.tape.size())
            give = each;
    }
    using Letters = std::vector<std::string>;
    const Letters letters = {"asks 3 take 30, note: \"gift\"", "sends 3 thank 1", "times 2 check"};
    auto sorted = [](Letters all) {
        std::sort(all.begin(), all.end());
        return all;
    };
    for (const Rerun::Mode mode : {Rerun::Strict, Rerun::Loose}) {
        const Still::Ran same = Still(before, story, give.batch - 1).run(give.turn, mode);
        CHECK(same.done);
        CHECK(same.diverged == "");
        CHECK(same.reply == "70");
        CHECK(same.state == "balance: 70\n");
        CHECK(sorted(same.letters) == letters);
    }
    const Still::Ran failed = Still(before, story, fail.batch - 1).run(fail.turn);
    CHECK(!failed.done);
    CHECK(failed.diverged == "");
    CHECK(failed.report.find("not 7") != std::string::npos);
    CHECK(failed.state == "balance: 70\n");
    CHECK(failed.reply == "");
    // Another state and another letter, of the same asks.
    {
        const Still::Ran other =
            Still(edited("balance -= amount\n        let", "balance -= amount + 1\n        let"), story,
                  give.batch - 1)
                .run(give.turn, Rerun::Loose);
        CHECK(other.done);
        CHECK(other.diverged == "");
        CHECK(other.reply == "69");
        CHECK(other.state == "balance: 69\n");
    }
    // What was not asked.
    for (const Rerun::Mode mode : {Rerun::Strict, Rerun::Loose}) {
        const Still::Ran other = Still(edited("ask to.take(amount, note: \"gift\")", "ask to.thank(amount)"),
                                       story, give.batch - 1)
                                     .run(give.turn, mode);
        CHECK(!other.done);
        CAPTURE(other.diverged);
        CHECK(other.diverged.find("it asks Account (actor 3) for `thank`") != std::string::npos);
        CHECK((other.diverged.find("where it asked the actor 3 for `take`") != std::string::npos) ==
              (mode == Rerun::Strict));
        CHECK(other.state == "balance: 100\n");
    }
    // What comes from outside.
    const Still::Ran clock = Still(edited("        balance -= amount\n        let",
                                          "        balance -= amount + Time.monotonic\n        let"),
                                   story, give.batch - 1)
                                 .run(give.turn, Rerun::Loose);
    CHECK(!clock.done);
    CHECK(clock.diverged.find("it calls `monotonic`, which it did not") != std::string::npos);
    // It does not wait any more.
    const Still::Ran ends = Still(edited("        let fee = ask to.take(amount, note: \"gift\") within "
                                         "1.hours\n        send to.thank(fee)\n",
                                         ""),
                                  story, give.batch - 1)
                                .run(give.turn);
    CHECK(ends.diverged != "");
    CHECK(!ends.done);
}
