// Turns that waited when the program ended go on in the next one, wherever the story is cut.
#include "tests/journal/told.h"
#include "tests/sanitizers.h"

using namespace indent;
using namespace indent::image;

namespace {

// Each cut is a world or two, which are slow under a sanitizer: every third is tried there.
constexpr size_t kStep = kSanitizers ? 3 : 1;

constexpr const char* kBank = R"(module m
actor Account:
    state balance = 100
    state moves = 0
    on give(amount, to):
        balance -= amount
        let taken = ask to.take(amount) within 1.hours
        if taken != amount: raise Error("not taken")
        moves += 1
        nil
    on take(amount):
        balance += amount
        amount
    on pass_on(amount, by, to):
        balance -= amount
        (ask by.hand_on(amount, to) within 1.hours)
        moves += 1
    on hand_on(amount, to): ask to.take(amount) within 1.hours
    on balance = balance
    on moves = moves
)";

} // namespace

TEST_CASE("A turn that waits for an answer goes on in the next world, once and twice") {
    constexpr const char* text = R"(module m
actor Answerer:
    state open = false
    state asked = 0
    on get(x):
        asked += 1
        while not open.value: sleep(1.milliseconds)
        x * 2
    on asked = asked
actor Asker:
    state got = []
    on go(whom):
        got.add(:begun)
        got.add(ask whom.get(21) within 1.hours)
    on got = got
)";
    ToldStory story;
    {
        Told a(text, story);
        a.value("spawn m.Answerer(open: Atom(false)) as :answerer");
        a.value("spawn m.Asker() as :asker");
        a.value("send actor(:asker).go(actor(:answerer))");
        a.value("sleep(30.milliseconds)");
    }
    for (int again = 0; again < 2; ++again) { // and it waits once more
        Told b(text, story);
        CHECK(b.troubles.empty());
        b.value("sleep(30.milliseconds)");
        CHECK(b.value("actor(:asker).state[:got]") == "[:begun]");
    }
    {
        Told c(text, story);
        CHECK(c.troubles.empty());
        c.value("actor(:answerer).state[:open].set(true)");
        CHECK(c.value("ask actor(:asker).got") == "[:begun, 42]");
        CHECK(c.value("ask actor(:answerer).asked") == "1");
        CHECK(c.reports.empty());
    }
    Told d(text, story);
    CHECK(d.troubles.empty());
    CHECK(d.value("ask actor(:asker).got") == "[:begun, 42]");
    CHECK(d.value("ask actor(:answerer).asked") == "1");
}

TEST_CASE("Money that moves by asks is neither lost nor doubled, after whatever group the story ends") {
    ToldStory story;
    {
        Told a(kBank, story, SIZE_MAX, true);
        a.value("let accounts = (1..6).map(n -> spawn m.Account())");
        for (int i = 0; i < 5; ++i)
            a.value("for i in 0..2: send accounts[i].give(" + std::to_string(i + 1) +
                    ", accounts[i + 3])\nsend accounts[0].pass_on(2, accounts[2], accounts[5])");
        CHECK(a.value("accounts.map(a -> ask a.balance).sum") == "600");
    }
    const ToldStory whole = story;
    size_t cuts = 0, waited = 0;
    for (size_t upto = 7; upto <= whole.batches.size(); upto += kStep) {
        ToldStory part = whole;
        for (int again = 0; again < 2; ++again) {
            Told b(kBank, part, again ? SIZE_MAX : upto);
            CHECK(b.troubles.empty());
            CAPTURE(upto);
            waited += again ? 0 : b.waited;
            CHECK(
                b.value(
                    "let all = actors()\nall.map(a -> ask a.balance within 1.hours).sum == 100 * all.size") ==
                "true");
            CHECK(b.reports == "");
        }
        ++cuts;
    }
    MESSAGE("stories cut: " << cuts << ", turns that waited there: " << waited);
    CHECK(waited > 20);
}

TEST_CASE("A turn that waits has its clock, random numbers, Atoms, sleeps, errors, time-outs and children "
          "once, after "
          "whatever group the story ends") {
    constexpr const char* text = R"(module m
actor Helper:
    state asked = 0
    on twice(x):
        asked += 1
        x * 2
    on refuse(x): raise Error("no {x}")
    on nap(x):
        sleep(20.milliseconds)
        x
    on asked = asked
actor Book:
    state notes = []
    on note(key): notes.add(key)
    on later(key): notes.add("late {key}")
    on notes = notes
actor Worker:
    state done = []
    state children = 0
    state counted = nil
    on work(helper, book, counter, key):
        counted = counter
        let began = Time.monotonic
        let dice = Random().between(1, 1000000)
        counter.swap do n:
            n + 1
        send book.note(key)
        let a = ask helper.twice(dice) within 1.hours
        send book.later(key) after 1.milliseconds
        let child = spawn Helper()
        let b = ask child.twice(a) within 1.hours
        children += 1
        sleep(2.milliseconds)
        let c = self.refused(helper, key)
        let d = self.late(helper, key)
        counter.swap(n -> n + 1)
        send book.note("{key} again")
        let e = ask child.asked within 1.hours
        done.add((key, a == dice * 2, b == a * 2, c, d, e, Time.monotonic >= began or true))
    def refused(helper, key):
        try:
            ask helper.refuse(key) within 1.hours
        catch e: Error:
            e.message
    def late(helper, key):
        try:
            ask helper.nap(key) within 1.milliseconds
        catch e: Timeout:
            :late
    on done = done
)";
    ToldStory story;
    {
        Told a(text, story, SIZE_MAX, true);
        a.value("let counter = Atom(0)");
        a.value("let helper = spawn m.Helper() as :helper");
        a.value("let book = spawn m.Book() as :book");
        a.value("spawn m.Worker() as :one");
        a.value("spawn m.Worker() as :two");
        a.value("for i in 1..3: send actor(:one).work(helper, book, counter, i)");
        a.value("for i in 4..5: send actor(:two).work(helper, book, counter, i)");
        CHECK(a.value("(ask actor(:one).done within 1.hours).size") == "3");
        CHECK(a.value("(ask actor(:two).done within 1.hours).size") == "2");
        CHECK(a.value("counter.value") == "10");
    }
    const ToldStory whole = story;
    size_t cuts = 0, waited = 0, done = 0;
    for (size_t upto = 8; upto <= whole.batches.size(); upto += kStep) {
        ToldStory part = whole;
        Told b(text, part, upto);
        CAPTURE(upto);
        CHECK(b.troubles.empty());
        waited += b.waited;
        // What each has done, once each.
        const std::string all = b.value(
            "let all = (ask actor(:one).done within 1.hours) + (ask actor(:two).done within 1.hours)\n"
            "all.all?(r -> r == (r[0], true, true, \"no {r[0]}\", r[4], 1, true) and [:late, "
            "r[0]].includes?(r[4]))");
        // What sleeps while nothing runs may be awake before who waits for it has lost its patience.
        if (all != "true") { // the cut is before the second one
            CAPTURE(all);
            CHECK(all.find("actor") != std::string::npos);
            continue;
        }
        CHECK(b.value("all.map(r -> r[0]).unique.size == all.size") == "true");
        b.value("sleep(3.milliseconds)");
        CHECK(b.value("let notes = ask actor(:book).notes within 1.hours\nnotes.size == 3 * all.size and "
                      "notes.unique.size == notes.size") == "true");
        CHECK(b.value("let counts = [:one, :two].map(n -> actor(n).state[:counted]).reject(c -> c == nil)\n"
                      "counts.all?(c -> c.value == 2 * all.size)") == "true");
        CHECK(b.value("actors().size") == b.value("4 + all.size"));
        CHECK(b.value("(ask actor(:helper).asked within 1.hours) == all.size") == "true");
        CHECK(b.reports == "");
        done += size_t(std::stoi(b.value("all.size")));
        ++cuts;
    }
    MESSAGE("stories cut: " << cuts << ", turns that waited there: " << waited
                            << ", done in the end: " << done);
    CHECK(waited > 20);
}

TEST_CASE("A turn that is another one in today's code, or cannot be run again, fails with TurnLost: its "
          "state is that from "
          "before it, and who asked hears of it") {
    const std::string text = R"(module m
actor Gate:
    state open = false
    on pass(x):
        while not open.value: sleep(1.milliseconds)
        x
    on enter(x): x
actor Middle:
    state got = []
    on go(gate, x):
        got.add(:begun)
        got.add(ask gate.pass(x) within 1.hours)
        :through
    on run(gate):
        got.add(Gate.module.eval("1 + 1"))
        got.add(ask gate.pass(1) within 1.hours)
    on got = got
actor First:
    state heard = nil
    on ask_it(middle, gate):
        try:
            heard = ask middle.go(gate, 1) within 1.hours
        catch e: TurnLost:
            heard = :lost
    on heard = heard
)";
    std::string edited = text;
    const std::string was = "got.add(ask gate.pass(x) within 1.hours)\n        :through";
    edited.replace(edited.find(was), was.size(),
                   "got.add(ask gate.enter(x) within 1.hours)\n        :through");
    ToldStory story;
    {
        Told a(text, story);
        a.value("let gate = spawn m.Gate(open: Atom(false)) as :gate");
        a.value("spawn m.Middle() as :middle");
        a.value("spawn m.First() as :first");
        a.value("send actor(:first).ask_it(actor(:middle), gate)");
        a.value("sleep(30.milliseconds)");
    }
    for (const std::string& today : {text, edited}) {
        const bool same = today == text;
        ToldStory part = story;
        Told b(today, part);
        CHECK(b.waited == 3);
        if (same) b.value("actor(:gate).state[:open].set(true)");
        CHECK(b.value("ask actor(:first).heard within 1.hours") == (same ? ":through" : ":lost"));
        CHECK(b.value("actor(:middle).state[:got]") == (same ? "[:begun, 1]" : "[]"));
        CHECK(b.reports == "");
    }
    ToldStory other;
    {
        Told a(text, other);
        a.value("spawn m.Gate(open: Atom(false)) as :gate");
        a.value("spawn m.Middle() as :middle");
        a.value("send actor(:middle).run(actor(:gate))");
        a.value("sleep(30.milliseconds)");
    }
    Told b(text, other);
    CHECK(b.value("ask actor(:middle).got within 1.hours") == "[]");
    CAPTURE(b.reports);
    CHECK(b.reports.find("TurnLost: the program ended while this turn waited, and it cannot be run again, "
                         "because `eval` ran "
                         "code that is in no method") != std::string::npos);
}

TEST_CASE("Turns that a timer or a start has begun go on, too; what supervisors watch over stays with them") {
    constexpr const char* text = R"(module m
actor Gate:
    state open = false
    on pass(x):
        while not open.value: sleep(1.milliseconds)
        x
actor Late:
    state log = []
    on tick(gate, x): log.add(ask gate.pass(x) within 1.hours)
    on log = log
actor Slow:
    state gate = nil
    state log = []
    on start: log.add(ask gate.pass(:started) within 1.hours)
    on log = log
supervisor Top:
    strategy :one_for_one
    child Late() as :child
actor Maker:
    state top = nil
    state log = []
    on make(gate):
        top = spawn Top() as :top
        log.add(ask gate.pass(:made) within 1.hours)
        send actor(:child).tick(gate, :from_maker)
    on log = log
)";
    ToldStory story;
    {
        Told a(text, story, SIZE_MAX, true);
        a.value("let gate = spawn m.Gate(open: Atom(false)) as :gate");
        a.value("spawn m.Late() as :late");
        a.value("send actor(:late).tick(gate, :once) after 1.milliseconds");
        a.value("spawn m.Slow(gate: gate) as :slow");
        a.value("spawn m.Maker() as :maker");
        a.value("send actor(:maker).make(gate)");
        a.value("sleep(40.milliseconds)");
    }
    for (int again = 0; again < 2; ++again) {
        Told b(text, story);
        CHECK(b.troubles.empty());
        CHECK(b.waited == 4);
        b.value("sleep(20.milliseconds)");
        CHECK(b.value("actors().size") == "6");
    }
    Told c(text, story);
    c.value("actor(:gate).state[:open].set(true)");
    CHECK(c.value("ask actor(:late).log within 1.hours") == "[:once]");
    CHECK(c.value("ask actor(:slow).log within 1.hours") == "[:started]");
    CHECK(c.value("ask actor(:maker).log within 1.hours") == "[:made]");
    CHECK(c.value("ask actor(:child).log within 1.hours") == "[:from_maker]");
    CHECK(c.value("actors().size") == "6");
    CHECK(c.value("(ask actor(:top).children).size") == "1");
    CHECK(c.reports == "");
}

TEST_CASE("A turn that reads the clock a hundred thousand times is written down as it goes, and goes on "
          "where it was") {
    constexpr const char* text = R"(module m
actor Reader:
    state sum = 0
    state rounds = 0
    state gate = nil
    on read(n):
        let first = Time.monotonic
        for i in 1..n: sum += Time.monotonic - first
        rounds += 1
        while not gate.value: sleep(1.milliseconds)
        sum >= 0
    on rounds = rounds
)";
    ToldStory story;
    {
        Told a(text, story);
        a.value("spawn m.Reader(gate: Atom(false)) as :reader");
        CHECK(a.value("ask actor(:reader).rounds within 1.hours") == "0"); // it has begun, and has a state
        a.value("send actor(:reader).read(100000)");
        a.value("while actor(:reader).state[:rounds] == 0: sleep(10.milliseconds)");
    }
    size_t bytes = 0;
    for (const Batch& batch : story.batches) bytes += batch.body.size();
    MESSAGE("bytes for a hundred thousand times: " << bytes);
    CHECK(bytes < 1'400'000);
    Told b(text, story);
    CHECK(b.waited == 1);
    b.value("actor(:reader).state[:gate].set(true)");
    CHECK(b.value("ask actor(:reader).rounds within 1.hours") == "1");
    CHECK(b.reports == "");
}
