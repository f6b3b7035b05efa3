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
    Story story;
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
    Story story;
    {
        Told a(kBank, story, SIZE_MAX, true);
        a.value("let accounts = (1..6).map(n -> spawn m.Account())");
        for (int i = 0; i < 5; ++i)
            a.value("for i in 0..2: send accounts[i].give(" + std::to_string(i + 1) +
                    ", accounts[i + 3])\nsend accounts[0].pass_on(2, accounts[2], accounts[5])");
        CHECK(a.value("accounts.map(a -> ask a.balance).sum") == "600");
    }
    const Story whole = story;
    size_t cuts = 0, waited = 0;
    for (size_t upto = 7; upto <= whole.batches.size(); ++upto) {
        Story part = whole;
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
