// Places of a story that an image keeps: each is what there was, whatever stands between.
#include "image/history/budget.h"
#include "tests/history/kept.h"
#include <random>

using namespace indent;
using namespace indent::image;

namespace {

constexpr const char* kModule = R"(module m
actor Cell:
    state n = 0
    state last = []
    on add(x):
        if x > 10000: raise Error("too much")
        n += x
        last.add(x)
        if last.size > 3: last = [x]
    on pass(x, to): send to.add(x)
actor Large:
    state all = []
    on fill(n):
        for i in 1..n: all.add([i * 1_000_003, self])
    on put(at, x):
        let was = all[at][0]
        all[at][0] = x
        was
    on drop: all = []
    on sum = all.map(each -> each[0]).sum
)";

class Kept : public KeptImage {
  public:
    Kept() : KeptImage(kModule) {}
};

constexpr const char* kStates =
    "actors().map(a -> \"n={a.state[:n].inspect} last={a.state[:last].inspect} \").join(\"\")";

} // namespace

TEST_CASE("A checkpoint of batches that are still in memory is the one that the file gives") {
    Kept kept;
    kept.begin();
    for (int i = 0; i < 5; ++i) kept.value("spawn m.Cell() as :c" + std::to_string(i));
    for (int round = 0; round < 3; ++round) {
        for (int i = 1; i <= 20; ++i)
            kept.value("ask actor(:c" + std::to_string(i % 5) + ").add(" + std::to_string(round * i) + ")");
        const uint64_t last = kept.image->story().heads().last;
        if (round == 1) kept.recent.forget(last - 7); // the rest comes from the file
        CHECK(kept.recent.from(1, last, last, 1).size() == 1);
        auto of_file = checkpoint_of(*kept.image, kept.mutex, *kept.past->now(), Kept::never);
        REQUIRE(of_file);
        REQUIRE(make_checkpoint(*kept.image, kept.mutex, Kept::never, {}, &kept.recent));
        auto made = kept.image->story().checkpoint_before(*kept.past->now());
        REQUIRE(made);
        REQUIRE(*made);
        CHECK(!of_file->manifest.empty());
        CHECK((*made)->manifest == of_file->manifest);
        CHECK(kept.recent.from(1, last, last, 1).empty());
    }
    kept.end();
    REQUIRE(kept.image->verify());
}

TEST_CASE("Batches in memory are a run without gaps of one timeline, and the last of them") {
    RecentBatches recent;
    recent.add(1, 7, "seven");
    recent.add(1, 8, "eight");
    auto both = recent.from(1, 7, 20, 1000);
    REQUIRE(both.size() == 2);
    CHECK(both[1].first == 8);
    CHECK(*both[1].second == "eight");
    CHECK(recent.from(1, 7, 20, 1).size() == 1);
    CHECK(recent.from(1, 7, 7, 1000).size() == 1);
    CHECK(recent.from(1, 6, 20, 1000).empty());
    CHECK(recent.from(1, 9, 20, 1000).empty());
    CHECK(recent.from(2, 7, 20, 1000).empty());
    recent.add(1, 10, "ten"); // after a gap
    CHECK(recent.from(1, 8, 20, 1000).empty());
    CHECK(recent.from(1, 10, 20, 1000).size() == 1);
    recent.add(2, 11, "eleven");
    CHECK(recent.from(1, 10, 20, 1000).empty());
    CHECK(recent.from(2, 11, 20, 1000).size() == 1);
    recent.forget(11);
    CHECK(recent.from(2, 11, 20, 1000).empty());
    recent.add(2, 12, "twelve");
    CHECK(recent.from(2, 12, 20, 1000).size() == 1);
    for (uint64_t number = 13; number < 33; ++number) recent.add(2, number, std::string(1 << 20, 'x'));
    CHECK(recent.from(2, 13, 13, 1).empty());
    CHECK(recent.from(2, 32, 32, 1).size() == 1);
}

TEST_CASE("Each place of the history is what there was, whatever checkpoints and programs stand between") {
    Kept kept;
    std::map<uint64_t, std::string> then;
    std::mt19937 random(5);
    size_t in_parts = 0;
    kept.begin();
    for (int i = 0; i < 5; ++i) kept.value("spawn m.Cell() as :c" + std::to_string(i));
    for (int i = 1; i <= 160; ++i) {
        const std::string at = "actor(:c" + std::to_string(random() % 5) + ")";
        if (i % 17 == 0)
            kept.value("ask " + at + ".add(20000)"); // fails
        else
            kept.value("ask " + at + ".add(" + std::to_string(i) + ")");
        if (i % 20 == 0) then[kept.turns()] = "\"" + kept.value(kStates).substr(1);
        if (i == 50 || i == 51) REQUIRE(make_checkpoint(*kept.image, kept.mutex, Kept::never));
        if (i == 120) // a little at a time
            for (;;) {
                constexpr uint64_t kFolded = 400;
                auto made = make_checkpoint(*kept.image, kept.mutex, Kept::never, {UINT64_MAX, kFolded});
                REQUIRE(made);
                if (!made->is_written) break;
                CHECK(made->folded <= kFolded);
                ++in_parts;
            }
        if (i % 40 == 0) {
            kept.end();
            kept.begin();
        }
    }
    kept.end();
    REQUIRE(kept.image->verify());
    CHECK(in_parts > 5);
    CHECK(kept.image->story().checkpoints()->size() == 2 + in_parts);
    size_t looked = 0;
    for (const auto& each : then) {
        CAPTURE(each.first);
        auto place = kept.past->at_turn(1, each.first);
        REQUIRE(place);
        CHECK("\"" + kept.shown(*place) + "\"" == each.second);
        ++looked;
    }
    MESSAGE("places looked at: " << looked);

    SUBCASE("what the budget has no room for is forgotten, but for what is pinned") {
        const uint64_t turn = std::next(then.begin())->first;
        const std::string states = std::next(then.begin())->second;
        auto pinned = kept.past->at_turn(1, turn);
        REQUIRE(pinned);
        REQUIRE(kept.image->story().put_snapshot({0, "kept", *pinned, 0, 0, true}));
        auto line = fork(*kept.image, kept.mutex, *pinned, "aside", false);
        REQUIRE(line);
        const uint64_t before = *kept.image->story().bytes();
        REQUIRE(keep_budget(*kept.image, kept.mutex, before / 2, Kept::never));
        CHECK(*kept.image->story().bytes() < before);
        REQUIRE(kept.image->verify());
        auto gone = kept.past->at_turn(1, then.begin()->first);
        if (gone) CHECK(kept.past->read(*gone).failure().code == "forgotten");
        CHECK("\"" + kept.shown(*kept.past->find("kept")) + "\"" == states);
        CHECK("\"" + kept.shown(*kept.past->find("aside")) + "\"" == states);
        CHECK("\"" + kept.shown(*kept.past->now()) + "\"" == then.rbegin()->second);
        auto first = kept.past->earliest(*kept.past->now());
        REQUIRE(first);
        CHECK(first->turn > 0);
        size_t walked = 0;
        REQUIRE(kept.past->walk(*first, *kept.past->now(), [&](const Past::Step&) {
            ++walked;
            return Result<bool>(true);
        }));
        CHECK(walked == kept.past->now()->turn - first->turn);
    }
    SUBCASE("a timeline that begins in the middle is told apart from the one that it comes from") {
        const uint64_t turn = std::next(then.begin())->first;
        const std::string states = std::next(then.begin())->second;
        auto place = kept.past->at_turn(1, turn);
        auto line = go_back(*kept.image, kept.mutex, *place, "again");
        REQUIRE(line);
        kept.begin();
        CHECK("\"" + kept.value(kStates).substr(1) == states);
        kept.value("ask actor(:c0).add(1)");
        const std::string other = "\"" + kept.value(kStates).substr(1);
        kept.end();
        REQUIRE(kept.image->verify());
        CHECK("\"" + kept.shown(*kept.past->now()) + "\"" == other);
        CHECK("\"" + kept.shown(*kept.past->find("1:" + std::to_string(then.rbegin()->first))) + "\"" ==
              then.rbegin()->second);
        CHECK("\"" + kept.shown(*kept.past->at_turn(*line, then.begin()->first)) + "\"" ==
              then.begin()->second);
        CHECK_FALSE(kept.past->at_turn(*line, then.rbegin()->first));
    }
}

TEST_CASE(
    "Actors that nobody asks for stay where they are, and come when a message, a name or a list wants them") {
    Kept kept;
    kept.begin();
    kept.value("for i in 1..200: spawn m.Cell() as \"c{i}\".to_symbol");
    kept.value("for i in 1..200: ask actor(\"c{i}\".to_symbol).add(i)");
    kept.end();
    REQUIRE(make_checkpoint(*kept.image, kept.mutex, Kept::never));
    kept.begin();
    CHECK(kept.at_once == 0);
    kept.value("ask actor(:c7).add(1)");
    CHECK(kept.value("actor(:c7).state[:n]") == "8");
    CHECK(kept.value("actor(:c199).state[:n]") == "199"); // seen without a message
    kept.value("ask actor(:c3).pass(5, actor(:c4))");
    CHECK(kept.value("sleep(5.milliseconds)\nactor(:c4).state[:n]") == "9");
    CHECK(kept.value("find_actor(:nobody)") == "nil");
    CHECK(kept.value("spawn m.Cell() as :c9").find("has the name :c9 already") != std::string::npos);
    CHECK(kept.value("actors().size") == "200");
    CHECK(kept.value("stop actor(:c20)\nsleep(5.milliseconds)\nfind_actor(:c20)") == "nil");
    kept.value("actor(:c21).kill\nsleep(5.milliseconds)");
    kept.end();
    REQUIRE(make_checkpoint(*kept.image, kept.mutex, Kept::never));
    kept.begin();
    CHECK(kept.value("actors().size") == "198");
    CHECK(kept.value("find_actor(:c20)") == "nil");
    CHECK(kept.value("actors().map(a -> a.state[:n]).sum") ==
          std::to_string(200 * 201 / 2 + 1 + 5 - 20 - 21));
}

TEST_CASE("Large heaps come in beside each other and beside small ones, as checkpoints and changes after "
          "them say") {
    constexpr int kLarge = 3, kSmall = 8, kItems = 60'000;
    Kept kept;
    auto at = [](int i) { return "actor(:l" + std::to_string(i) + ")"; };
    std::vector<int64_t> sums(kLarge);
    kept.begin();
    for (int i = 0; i < kLarge; ++i) {
        kept.value("spawn m.Large() as :l" + std::to_string(i));
        kept.value("ask " + at(i) + ".fill(" + std::to_string(kItems) + ") within 5.minutes");
        sums[size_t(i)] = int64_t(kItems) * (kItems + 1) / 2 * 1'000'003;
    }
    for (int i = 0; i < kSmall; ++i) {
        kept.value("spawn m.Cell() as :c" + std::to_string(i));
        kept.value("ask actor(:c" + std::to_string(i) + ").add(" + std::to_string(i) + ")");
    }
    const uint64_t first = kept.turns();
    std::mt19937 random(3);
    size_t written = 0;
    for (int round = 0; round < 4; ++round) {
        // A few changes are kept beside the leaves, many are folded into them.
        for (int i = 0; i < (round == 2 ? 400 : 5); ++i) {
            const int actor = int(random() % kLarge), item = round == 2 ? 150 * i : int(random() % kItems);
            const std::string was = kept.value("ask " + at(actor) + ".put(" + std::to_string(item) + ", " +
                                               std::to_string(i) + ") within 5.minutes");
            sums[size_t(actor)] += i - std::stoll(was);
        }
        auto made = make_checkpoint(*kept.image, kept.mutex, Kept::never);
        REQUIRE(made);
        if (round > 0) written = std::max<size_t>(written, made->bytes);
        if (round % 2) // after the checkpoint
            sums[0] += 7 - std::stoll(kept.value("ask " + at(0) + ".put(7, 7)"));
        kept.end();
        kept.begin();
        CHECK(kept.at_once == 0);
        // All at once, and small ones meanwhile.
        kept.value(
            "let asks = [0, 1, 2].map(i -> actor(\"l{i}\".to_symbol))\nfor a in asks: send a.put(0, 0)");
        for (int i = 0; i < kSmall; ++i)
            CHECK(kept.value("ask actor(:c" + std::to_string(i) + ").add(0)") != "");
        for (int i = 0; i < kLarge; ++i) {
            const int64_t sum = std::stoll(kept.value("ask " + at(i) + ".sum within 5.minutes"));
            CAPTURE(round);
            CAPTURE(i);
            CHECK(sum <= sums[size_t(i)]); // but for what item 0 was
            CHECK(sum >= sums[size_t(i)] - 1'000'003);
            sums[size_t(i)] = sum;
        }
    }
    MESSAGE("the largest checkpoint after the first has " << written << " bytes");
    CHECK(written > 0);
    kept.value("ask " + at(1) + ".drop");
    kept.end();
    REQUIRE(kept.image->verify());
    auto place = kept.past->at_turn(1, first);
    REQUIRE(place);
    auto then = kept.past->read(*place);
    REQUIRE(then);
    uint64_t large = 0;
    for (uint64_t number : (*then)->actors()) large += (*then)->actor(number)->heap_bytes() > 500'000;
    CHECK(large == kLarge);
}
