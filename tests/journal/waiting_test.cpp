// Turns that waited when the program ended go on in the next one, wherever the story is cut.
#include "tests/journal/told.h"

using namespace indent;
using namespace indent::image;

namespace {

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
    for (size_t upto = 7; upto <= whole.batches.size(); ++upto) {
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
    for (size_t upto = 8; upto <= whole.batches.size(); ++upto) {
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
