// Worlds whose story is written down, and worlds that go on from it.
#include "tests/journal/told.h"
#include "tests/sanitizers.h"
#include <random>

using namespace indent;
using namespace indent::image;

namespace {

constexpr const char* kThings = R"(module m
record Point(x, y)
class Bag:
    field things = {}
    def put(key, thing): things[key] = thing
    def get(key) = things[key]
actor Keeper:
    state bag = Bag()
    state log = []
    state big = 2 ** 100
    state block = nil
    on put(key, thing):
        bag.put(key, thing)
        log.add((key, thing))
    on get(key) = bag.get(key)
    on log = log
    on make(n):
        block = x -> x * n + big
        nil
    on use(x) = block(x)
    on fail(key):
        bag.put(key, :lost)
        raise Error("taken back")
)";

} // namespace

TEST_CASE("What an actor shows on a canvas is shown in the next world, too, and goes on") {
    constexpr const char* kPainter = R"(module m
stable canvas = Canvas.open("Kept", width: 50, height: 40)
actor Painter:
    state canvas
    on paint(n):
        canvas.add(self) do pen: pen.circle(n, n, 5, fill: :red)
        canvas.drawing.size
    on fail:
        canvas.erase(self)
        raise Error("taken back")
)";
    ToldStory story;
    {
        Told world(kPainter, story);
        world.value("spawn m.Painter(canvas: m.canvas) as :painter");
        CHECK(world.value("ask actor(:painter).paint(1)") == "1");
        CHECK(world.value("ask actor(:painter).paint(2)") == "2");
        world.value("ask actor(:painter).fail");
    }
    Told next(kPainter, story);
    CHECK(next.value("actor(:painter).state[:canvas]") == "Canvas(\"Kept\", 50 × 40)");
    // The module has opened a canvas of its own, which is none of the painter's.
    REQUIRE(next.pictures().size() == 2);
    CHECK(next.pictures()[0].width == 50);
    REQUIRE(next.pictures()[0].shapes.size() == 2);
    CHECK(next.pictures()[0].shapes[1].numbers[0] == 2);
    CHECK(next.value("ask actor(:painter).paint(3)") == "3");
    CHECK(next.pictures()[0].shapes.size() == 3);
}

TEST_CASE("An actor's state is the same in the next world: objects, maps, symbols, records, blocks, large "
          "numbers") {
    ToldStory story;
    std::string log;
    {
        Told a(kThings, story);
        CHECK(a.value("spawn m.Keeper() as :keeper").find("Keeper") != std::string::npos);
        a.value("for i in 1..200: ask actor(:keeper).put(\"k{i}\".to_symbol, m.Point(i, [i, :half, i / "
                "2.0]).frozen)");
        a.value("for i in 1..50: ask actor(:keeper).put(m.Point(i, :p), (i, \"text {i}\", nil, true))");
        a.value("ask actor(:keeper).put(\"actor\", actor(:keeper))");
        a.value("ask actor(:keeper).put(:class, m.Point)");
        a.value("ask actor(:keeper).make(3)");
        CHECK(a.value("ask actor(:keeper).use(5)") == "1267650600228229401496703205391");
        a.value("ask actor(:keeper).fail(:k1)");
        log = a.value("ask actor(:keeper).log");
    }
    for (int again = 0; again < 3; ++again) {
        Told b(kThings, story);
        CHECK(b.troubles.empty());
        CHECK(b.value("ask actor(:keeper).log") == log);
        CHECK(b.value("(ask actor(:keeper).get(:k7)).x") == "7");
        CHECK(b.value("ask actor(:keeper).get(m.Point(9, :p))") == "(9, \"text 9\", nil, true)");
        CHECK(b.value("(ask actor(:keeper).get(\"actor\")) == actor(:keeper)") == "true");
        CHECK(b.value("(ask actor(:keeper).get(:class)) == m.Point") == "true");
        CHECK(b.value("ask actor(:keeper).use(5)") == "1267650600228229401496703205391");
        b.value("ask actor(:keeper).put(:more, " + std::to_string(again) + ")");
        log = b.value("ask actor(:keeper).log");
    }
}

namespace {

constexpr const char* kBigAndSmall = R"(module m
actor Big:
    state all = []
    on fill(n):
        for i in 1..n: all.add(i * 1_000_003)
    on put(at, value): all[at] = value
    on size = all.size
    on sum = all.sum
actor Small:
    state n = 0
    on up: n += 1
)";

// What is known of an actor's heap, whatever records and pieces say it.
std::map<LeafNumber, std::string> heap_of(Recovery& recovery, uint64_t actor) {
    HeapPicture picture;
    std::map<LeafNumber, std::string> leaves;
    REQUIRE(recovery.give_heap(*recovery.actor(actor), picture));
    REQUIRE(picture.write_leaves(nullptr, [&](LeafNumber first, LeafNumber, std::string record) {
        if (!record.empty()) leaves[first] = std::move(record);
    }));
    leaves[UINT64_MAX] = picture.head();
    return leaves;
}

} // namespace

TEST_CASE("An actor with a large heap is a piece of its own, and its leaves are: neighbours are read, and "
          "written anew, "
          "without it, and of its heap what has changed") {
    constexpr size_t kLittle = 4096;
    ToldStory story;
    size_t before = 0, after_small = 0;
    {
        Told world(kBigAndSmall, story);
        world.value("spawn m.Big() as :big");
        world.value("spawn m.Small() as :small");
        world.value("ask actor(:big).fill(200_000)");
        CHECK(world.value("ask actor(:big).size") == "200000");
        before = story.batches.size();
        world.value("ask actor(:small).up");
        after_small = story.batches.size();
        world.value("ask actor(:big).put(100_000, 7)");
    }
    REQUIRE(after_small > before);
    REQUIRE(story.batches.size() > after_small);
    std::map<Hash, std::string> pieces;
    auto piece = [&](const Hash& hash, std::string& content) {
        if (!pieces.contains(hash)) return false;
        content = pieces[hash];
        return true;
    };
    Recovery::Checkpoint made;
    auto written_by = [&](Recovery& recovery) {
        made = {};
        REQUIRE(recovery.checkpoint(made));
        size_t written = 0;
        for (const std::string& each : made.pieces) pieces[hash_of(each)] = each, written += each.size();
        return written;
    };
    Recovery first;
    for (size_t i = 0; i < before; ++i) REQUIRE(first.add(story.batches[i].body));
    const size_t whole = written_by(first);
    CHECK(whole > 1'000'000);
    uint64_t big = 0, small = 0;
    for (uint64_t number : first.actors())
        (first.actor(number)->heap_bytes() > 16 * kLittle ? big : small) = number;
    REQUIRE((big && small));

    Recovery second;
    REQUIRE(second.begin(made.manifest, piece));
    REQUIRE(second.has(small));
    CHECK(second.bytes_read() < kLittle);
    for (size_t i = before; i < after_small; ++i) REQUIRE(second.add(story.batches[i].body));
    CHECK(written_by(second) < kLittle);

    Recovery third;
    REQUIRE(third.begin(made.manifest, piece));
    CHECK(third.actors() == first.actors());
    CHECK(heap_of(third, big) == heap_of(first, big));
    CHECK(third.actor(small)->turns == first.actor(small)->turns + 1);
    for (size_t i = after_small; i < story.batches.size(); ++i) REQUIRE(third.add(story.batches[i].body));
    const auto now = heap_of(third, big);
    const size_t changed = written_by(third);
    MESSAGE("a checkpoint after one change of a heap of " << whole << " bytes has " << changed);
    CHECK(changed < kLittle); // the change is kept beside the leaves

    Recovery fourth;
    REQUIRE(fourth.begin(made.manifest, piece));
    CHECK(heap_of(fourth, big) == now);
    CHECK(written_by(fourth) < kLittle); // nothing has changed
}

TEST_CASE("A turn that makes more than a row takes is written in parts, and has happened or not, wherever "
          "the story "
          "ends") {
    constexpr const char* kMany = "1_500_000";
    ToldStory story;
    {
        Told world(kBigAndSmall, story);
        world.value("spawn m.Big() as :big");
        world.value(std::string("ask actor(:big).fill(") + kMany + ")");
        world.value("ask actor(:big).put(5, 1)");
    }
    ToldStory whole; // each group is a batch of its own
    for (const Batch& batch : story.batches) {
        ByteReader in(batch.body);
        std::string_view group;
        while (next_group(in, group)) {
            whole.batches.push_back(batch);
            if (in.remaining() + group.size() + 10 < batch.body.size()) whole.batches.back().names.clear();
            whole.batches.back().body.clear();
            append_group(whole.batches.back().body, group);
        }
    }
    const size_t groups = whole.batches.size();
    constexpr size_t kStep = kThreadSanitizer ? 4 : 1; // a heap of megabytes each time, on one thread
    size_t upto = 0, cuts = 0;
    while (upto < groups && whole.batches[upto].body.size() < kPartBytes) ++upto;
    REQUIRE(upto < groups);
    for (; upto <= groups; upto += kStep) {
        ToldStory part = whole;
        CAPTURE(upto);
        {
            Told world(kBigAndSmall, part, upto);
            CHECK(world.troubles.empty());
            // Where it had not ended its message waits still, and parts before the cut are of no turn that did.
            CHECK(world.value("ask actor(:big).size") == "1500000");
            world.value("ask actor(:big).fill(3)");
        }
        Told next(kBigAndSmall, part);
        CHECK(next.troubles.empty());
        CHECK(next.value("ask actor(:big).size") == "1500003");
        ++cuts;
    }
    MESSAGE("stories cut between parts and after: " << cuts);
    CHECK(cuts > 4 / kStep);
}

TEST_CASE("Messages, timers, names, watchers, children and Atoms are there in the next world") {
    constexpr const char* text = R"(module m
actor Worker:
    state heard = []
    state seen = nil
    on hear(what): heard.add(what)
    on heard = heard
    on sit(there):
        there.set(true)
        while not seen.value: sleep(1.milliseconds)
    on look(at): watch at
    on down(who, reason): heard.add(reason)
    on crash: raise Error("crash")
    on keep(atom): seen = atom
    on kept = seen
supervisor Top:
    strategy :one_for_one, max: 5, within: 1.hours
    child Worker() as :first
    child Worker() as :second
)";
    ToldStory story;
    {
        Told a(text, story);
        a.value("spawn m.Top() as :top");
        a.value("spawn m.Worker() as :watcher");
        a.value("ask actor(:watcher).look(actor(:top))");
        a.value("let table = Atom(%{})");
        a.value("let number = Atom(0)");
        a.value("ask actor(:second).keep(number)");
        a.value("for i in 1..100: number.swap(n -> n + i)");
        a.value("send actor(:watcher).hear(:later) after 200.milliseconds");
        a.value("send actor(:watcher).hear(:never) after 1.hours");
        a.value("let gate = Atom(false)");
        a.value("let there = Atom(false)");
        a.value("ask actor(:first).keep(gate)");
        a.value("send actor(:first).sit(there)");
        a.value("for i in 1..5: send actor(:first).hear(i)");
        a.value("while not there.value: sleep(1.milliseconds)");
        a.value("sleep(20.milliseconds)"); // its turn has begun to wait
    }
    {
        Told b(text, story);
        CHECK(b.troubles.empty());
        CHECK(b.waited == 1); // the one that waits for the gate
        CHECK(b.value("actor(:first).state[:heard]") == "[]");
        b.value("actor(:first).state[:seen].set(true)");
        CHECK(b.value("ask actor(:first).heard") == "[1, 2, 3, 4, 5]");
        CHECK(b.value("(ask actor(:second).kept).value") == "5050");
        b.value("(ask actor(:second).kept).set((1, 2))");
        b.value("while (ask actor(:watcher).heard).size == 0: sleep(1.milliseconds)");
        CHECK(b.value("ask actor(:watcher).heard") == "[:later]");
        b.value("send actor(:first).crash()");
        CHECK(b.value("ask actor(:first).heard") == "[]");
        CHECK(b.value("(ask actor(:top).children).map(c -> c[:name])") == "[:first, :second]");
    }
    {
        Told c(text, story);
        CHECK(c.troubles.empty());
        CHECK(c.value("(ask actor(:second).kept).value") == "(1, 2)");
        CHECK(c.value("ask actor(:first).heard") == "[]");
        c.value("stop actor(:top)");
        c.value("while (ask actor(:watcher).heard).size < 2: sleep(1.milliseconds)");
        CHECK(c.value("ask actor(:watcher).heard") == "[:later, :normal]");
        CHECK(c.value("find_actor(:first)") == "nil");
    }
    {
        Told d(text, story);
        CHECK(d.value("find_actor(:top)") == "nil");
        CHECK(d.value("ask actor(:watcher).heard") == "[:later, :normal]");
    }
}

TEST_CASE("Whatever batch is the last, money that moves between accounts is neither lost nor doubled") {
    constexpr const char* text = R"(module m
actor Account:
    state balance = 100
    on give(amount, to):
        if amount > balance: return nil
        balance -= amount
        send to.take(amount)
    on take(amount): balance += amount
    on balance? = balance
)";
    std::mt19937_64 random(7);
    size_t cuts = 0;
    ToldStory story;
    {
        Told a(text, story);
        a.value("let accounts = (1..20).map(n -> spawn m.Account())");
        a.value("for i in 1..20: send (accounts[i - 1]).take(0)");
        a.value("spawn m.Account() as :bank");
        for (int i = 0; i < 60; ++i)
            a.value("for i in 0..19: send accounts[i].give(" + std::to_string(1 + random() % 9) +
                    ", accounts[(i * 7 + " + std::to_string(random() % 20) + ") % 20])");
    }
    const ToldStory whole = story;
    REQUIRE(whole.batches.size() > 50);
    for (size_t upto = 4; upto <= whole.batches.size(); upto += 1 + random() % 9) {
        ToldStory part = whole;
        Told b(text, part, upto);
        CHECK(b.troubles.empty());
        // What is under way arrives.
        std::string sum;
        for (int tries = 0; tries < 1000 && sum != "true"; ++tries)
            sum = b.value("sleep(1.milliseconds)\nlet all = actors()\nall.map(a -> ask a.balance?).sum == "
                          "100 * all.size");
        CHECK(sum == "true");
        ++cuts;
    }
    MESSAGE("stories cut and continued: " << cuts);
}
