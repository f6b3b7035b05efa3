// Actors as a whole, through a world: what threads share (these run under ThreadSanitizer, too).
#include "tests/sanitizers.h"
#include "vm/actors/actor.h"
#include "vm/os/memory.h"
#include "vm/os/thread.h"
#include "vm/world/world.h"
#include <algorithm>
#include <deque>
#include <doctest/doctest.h>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace indent {

namespace {

// What the text prints, line by line.
std::vector<std::string> run(const std::string& text, uint32_t workers, std::optional<uint64_t> seed = {},
                             uint32_t mailbox_limit = 100'000) {
    std::vector<std::string> lines;
    auto thread = os::Thread::start("test", kThreadStack, [&] {
        WorldOptions options;
        options.workers = workers;
        options.seed = seed;
        options.mailbox_limit = mailbox_limit;
        options.output = [&](std::string_view line) { lines.emplace_back(line); };
        auto world = World::make(std::move(options));
        REQUIRE(world);
        Outcome outcome = (*world)->evaluate(text);
        if (!outcome.ok) lines.push_back(outcome.text());
    });
    REQUIRE(thread);
    thread->join();
    return lines;
}

std::string joined(const std::vector<std::string>& lines) {
    std::string all;
    for (const std::string& line : lines) all += line + "\n";
    return all;
}

constexpr const char* kClerks = R"~(
actor Store:
    state total = 0
    state lines = []
    on add(line):
        total += line.size
        lines.add(line)
        total
    on total? = total
    on lines? = lines
actor Clerk:
    state store
    on work(n):
        let made = []
        (1..n).each do i:
            made.add([i, "{i}", {key: i}])
            ask store.add(made)
            if i % 3 == 0: made = []
        n
let store = spawn Store()
let clerks = (1..8).map(n -> spawn Clerk(store: store))
clerks.each(c -> send c.work(60))
clerks.each(c -> ask c.work(0) within 10.minutes)
print(ask store.total?)
)~";

constexpr const char* kRace = R"~(
actor Board:
    state notes = []
    on note(x): notes.add(x)
    on notes? = notes
actor Runner:
    state board
    state name
    on run:
        (1..5).each do i:
            send board.note(name)
            ask board.notes?
let board = spawn Board()
let runners = ["a", "b", "c"].map(n -> spawn Runner(board: board, name: n))
runners.each(r -> send r.run)
runners.each(r -> ask r.run)
print((ask board.notes?).join(""))
)~";

} // namespace

TEST_CASE("Four workers count the same as one") {
    for (uint32_t workers : {1u, 2u, 4u}) CHECK(run(kClerks, workers) == std::vector<std::string>{"960"});
}

TEST_CASE("The same seed gives the same interleaving, and another seed another") {
    std::set<std::vector<std::string>> seen;
    for (uint64_t seed = 1; seed <= 6; ++seed) {
        auto first = run(kRace, 1, seed);
        REQUIRE(first.size() == 1);
        CHECK(first[0].size() == 30);
        CHECK(run(kRace, 1, seed) == first);
        seen.insert(first);
    }
    CHECK(seen.size() > 1);
}

TEST_CASE("With a seed time leaps to what is due: a day passes at once, and things come in their order") {
    constexpr const char* kDay = R"~(
actor Clock:
    state seen = []
    state begun = Time.monotonic
    on start: send self.hour every 1.hours
    on hour: seen.add((:hour, (Time.monotonic - begun).round))
    on noon: seen.add((:noon, (Time.monotonic - begun).round))
    on never: sleep(100.hours)
    on seen? = seen
let clock = spawn Clock()
send clock.noon after 2.5.hours
sleep(3.5.hours)
print(ask clock.seen?)
sleep(20.hours)
print((ask clock.seen?).size)
try:
    ask clock.never within 50.hours
catch e: Timeout: print(e.message)
print(Time.monotonic.round // 3600, Random().integer(1_000_000) == Random().integer(1_000_000))
exit(0)
)~";
    const auto lines = run(kDay, 1, 7);
    REQUIRE(lines.size() >= 4);
    CHECK(lines[0] == "[(:hour, 3600), (:hour, 7200), (:noon, 9000), (:hour, 10800)]");
    CHECK(lines[1] == "24");
    CHECK(lines[2].find("within 180000 s") != std::string::npos);
    CHECK(lines[3] == "73 false");
    CHECK(run(kDay, 1, 7) == lines);
}

// An update that is lost where one clerk reads between the other's reading and writing.
TEST_CASE("Some seeds find a lost update, others do not, and each does so again") {
    constexpr const char* kPays = R"~(
actor Account:
    state amount = 0
    on amount = amount
    on set(n): amount = n
actor Clerk:
    on pay(account):
        let before = ask account.amount
        ask account.set(before + 1)
let account = spawn Account()
let clerks = (1..2).map(n -> spawn Clerk())
clerks.each(c -> send c.pay(account))
clerks.each(c -> ask c.pay(account))
print(ask account.amount)
)~";
    std::set<std::string> seen;
    for (uint64_t seed = 1; seed <= 60; ++seed) {
        auto first = run(kPays, 1, seed);
        REQUIRE(first.size() == 1);
        if (seed % 10 == 0) CHECK(run(kPays, 1, seed) == first);
        seen.insert(first[0]);
    }
    CHECK(seen.count("4") == 1);
    CHECK(seen.size() > 1);
}

TEST_CASE("Blocks run where their receiver runs, on whatever worker") {
    auto lines = run(R"~(
actor Applier:
    state kept = nil
    on keep(block): kept = block
    on apply(xs): xs.map(kept)
def scaled(k) = x -> [x, x + 1].map(y -> y * k).sum
let appliers = (1..8).map(n -> spawn Applier())
(0..7).each(i -> ask appliers[i].keep(scaled(i)))
let sums = []
(1..20).each do round:
    (0..7).each(i -> sums.add((ask appliers[i].apply([1, 2, 3])).sum))
print(sums.size, sums.sum)
)~",
                     4);
    CHECK(lines == std::vector<std::string>{"160 8400"});
}

// ThreadSanitizer's own record of calls is not as deep as our stack.
#if !INDENT_THREAD_SANITIZER
TEST_CASE("A stack that is too deep is the error of one actor, which goes on") {
    auto lines = run(R"~(
actor Deep:
    on down_forever: self.again(1)
    def again(n) = 1 + self.again(n + 1)
    on fine = :fine
let deep = spawn Deep()
try:
    ask deep.down_forever within 10.minutes
catch e: StackOverflow:
    print("StackOverflow, and then {ask deep.fine}")
)~",
                     2);
    CHECK(lines == std::vector<std::string>{"StackOverflow, and then fine"});
}
#endif

TEST_CASE("Two that talk about long work keep nobody waiting for more than one piece of it") {
    const auto lines = run(R"~(
actor Slow:
    on work:
        let sum = 0
        for i in 1..700_000: sum += i # for more than the millisecond in which two that talk go first
        sum
actor Echo:
    on ping = :pong
actor Other:
    state to
    state seen
    state going = true
    on go:
        for i in 1..10:
            ask to.ping
            seen.swap(n -> n + 1)
        if going: send self.go
    on rest:
        going = false
let slow = spawn Slow()
let seen = Atom(0)
let other = spawn Other(to: spawn Echo(), seen: seen)
send other.go
let before = -1
let stood_still = 0
for i in 1..40:
    ask slow.work
    let now = seen.value
    if now == before: stood_still += 1
    before = now
ask other.rest
print(stood_still)
)~",
                           1);
    REQUIRE(lines.size() == 1);
    CHECK(std::stoi(lines[0]) < 20);
}

TEST_CASE("Code is reloaded while several workers run it") {
    auto lines = run(R"~(
def version(n) = "module moving\ndef step = {n}\nactor Mover:\n    state at = 0\n    state v{n} = {n}\n    on go: at += step()\n    on at? = at\n    def migrate_state(old, version) = \{at: old[:at]}\n"
load(version(1))
let movers = (1..50).map(n -> eval("spawn moving.Mover()"))
(2..12).each do n:
    movers.each(m -> send m.go)
    load(version(n))
print(movers.map(m -> ask m.at? within 10.minutes).min >= 11, eval("moving.step()"))
)~",
                     4);
    CHECK(lines == std::vector<std::string>{"true 12"});
}

TEST_CASE("Others have their turns while a reload tries what many states become") {
    // One worker, whom the reload keeps busy for at least 3 million steps of a loop: in one go, the ticker would have its
    // 46 turns before and after.
    auto lines = run(R"~(
def version(n) = "module many\ndef steps = 10_000\nactor Cell:\n    state a = 1\n    state v{n} = {n}\n    on a? = a\n    def migrate_state(old, version):\n        let sum = 0\n        for i in 1..steps(): sum = (sum * 31 + i) % 1_000_003\n        \{a: old[:a]}\n"
load(version(1))
let cells = (1..500).map(i -> eval("spawn many.Cell(a: {i})"))
cells.each(c -> ask c.a?)
actor Ticker:
    state ticks = 0
    on tick:
        ticks += 1
        send self.tick
    on ticks = ticks
let ticker = spawn Ticker()
send ticker.tick
let before = ask ticker.ticks
load(version(2))
print((ask ticker.ticks) - before > 100, cells.map(c -> ask c.a?).sum)
)~",
                     1);
    CHECK(lines == std::vector<std::string>{"true 125250"});
}

TEST_CASE("Of those who ask in a circle at the same moment one hears of it, and all go on") {
    auto lines = run(R"~(
actor Neighbour:
    state next = nil
    state refused = 0
    on meet(other): next = other
    on poke = :poked
    on go(n):
        for i in 1..n:
            try:
                ask next.poke within 60.seconds
            catch e: Deadlock:
                refused += 1
    on refused? = refused
let all = (1..3).map(n -> spawn Neighbour())
(0..2).each(i -> ask all[i].meet(all[(i + 1) % 3]))
for round in 1..50:
    all.each(a -> send a.go(20))
    all.each(a -> ask a.poke within 60.seconds)
print(all.map(a -> ask a.refused?).sum >= 0)
)~",
                     4);
    CHECK(lines == std::vector<std::string>{"true"});
}

TEST_CASE("Deadlines come due in their order, however far away they were and whoever went before") {
    std::mt19937_64 random(7);
    Deadlines deadlines;
    std::deque<WaitingTurn> turns(2000);
    std::set<std::pair<uint64_t, WaitingTurn*>> expected;
    uint64_t now = 1'000'000'000'000;
    for (int step = 0; step < 200'000; ++step) {
        WaitingTurn& turn = turns[random() % turns.size()];
        if (expected.erase({turn.deadline.time, &turn})) {
            deadlines.drop(turn);
        } else {
            // Some at once, some in microseconds, some in half a minute.
            const uint64_t time = now + random() % (uint64_t(1) << random() % 36);
            deadlines.add(turn, time, now);
            expected.emplace(time, &turn);
        }
        REQUIRE(deadlines.empty() == expected.empty());
        now += random() % (step % 1000 == 0 ? 20'000'000'000 : 1'000'000);
        while (WaitingTurn* due = deadlines.due(now)) {
            REQUIRE(!expected.empty());
            REQUIRE(due->deadline.time == expected.begin()->first);
            expected.erase({due->deadline.time, due});
            deadlines.drop(*due);
        }
        REQUIRE((expected.empty() || expected.begin()->first > now));
        if (!expected.empty()) REQUIRE(deadlines.next() <= expected.begin()->first);
    }
}

TEST_CASE("A hundred thousand turns wait in an ask at once") {
    constexpr int kTurns = kSanitizers ? 300 : 100'000;
    const uint64_t before = os::peak_resident_bytes();
    auto lines = run(R"~(
actor Gate:
    state open = false
    on hold(open):
        while not open.value: sleep(2.milliseconds)
    on pass = 1
actor Waiter:
    state gate
    state passed = 0
    on go: passed = ask gate.pass within 10.minutes
    on passed? = passed
let gate = spawn Gate()
let open = Atom(false)
send gate.hold(open)
sleep(1.milliseconds)
while gate.metrics[:messages] > 0: sleep(1.milliseconds)
let waiters = (1..)~" + std::to_string(kTurns) +
                         R"~().map(n -> spawn Waiter(gate: gate))
waiters.each(w -> send w.go)
while gate.metrics[:messages] < waiters.size: sleep(1.milliseconds)
open.set(true)
let sum = 0
waiters.each(w -> sum += (ask w.passed? within 10.minutes))
print(sum)
)~",
                     2);
    CHECK(lines == std::vector<std::string>{std::to_string(kTurns)});
    const uint64_t each = (os::peak_resident_bytes() - before) / kTurns;
    MESSAGE("bytes for each actor with its waiting turn: ", each);
    if (kTurns > 1000) CHECK(each < 16 * 1024);
}

TEST_CASE("A full mailbox refuses a send, and an ask waits for room") {
    constexpr const char* kFull = R"~(
actor Slow:
    state taken = []
    on wait(gate):
        while not gate.value: sleep(2.milliseconds)
    on take(x):
        taken.add(x)
        taken.size
    on taken? = taken
actor Asker:
    state slow
    on go(x): ask slow.take(x) within 10.minutes
    on hurry(x): ask slow.take(x) within 30.milliseconds
let slow = spawn Slow()
def refused(block):
    try:
        block()
    catch e: Error:
        "{e.class.name}: {e.message.replace("10 ", "its ")}"
ask slow.taken?
let gate = Atom(false)
send slow.wait(gate)
sleep(1.milliseconds)
while slow.metrics[:messages] > 0: sleep(1.milliseconds)
let sent = 0
let flood = do:
    (1..20).each do i:
        send slow.take(i)
        sent += 1
print(refused(flood), sent)
let impatient = spawn Asker(slow: slow)
let askers = (1..30).map(n -> spawn Asker(slow: slow))
print(refused(() -> ask impatient.hurry(99)))
(0..29).each(i -> send askers[i].go(100 + i))
sleep(1.milliseconds)
while askers.any?(a -> a.metrics[:messages] > 0): sleep(1.milliseconds)
gate.set(true)
print(ask slow.take(50) within 10.minutes > 0)
askers.each(a -> ask a.go(1) within 10.minutes)
let all = ask slow.taken? within 10.minutes
print(all.size, all.take(10), all.to_set.size, 99 in all)
)~";
    for (uint32_t workers : {1u, 3u}) {
        auto lines = run(kFull, workers, {}, 10);
        INFO(joined(lines));
        REQUIRE(lines.size() == 4);
        CHECK(lines[0].starts_with("MailboxFull: Slow (actor 2) has its messages waiting"));
        CHECK(lines[0].ends_with(" 10"));
        CHECK(lines[1] ==
              "Timeout: no room for `take` among the its messages that wait for Slow (actor 2) within 30 ms");
        CHECK(lines[2] == "true");
        CHECK(lines[3] == "71 [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] 41 false");
    }
}

TEST_CASE("Who waits for room hears of the actor's end, and a circle through full mailboxes is found") {
    auto lines = run(R"~(
actor Slow:
    on nap(t): sleep(t)
    on back(who): ask who.call(self)
actor Asker:
    on call(slow): ask slow.nap(0) within 10.minutes
def outcome(block):
    try:
        block()
    catch e: Error:
        e.class.name
let slow = spawn Slow()
send slow.nap(1.hours)
sleep(1.milliseconds)
while slow.metrics[:messages] > 0: sleep(1.milliseconds)
(1..2).each(i -> send slow.nap(0))
let askers = (1..4).map(n -> spawn Asker())
let ends = []
actor Killer:
    on go(who):
        sleep(50.milliseconds)
        who.kill
send (spawn Killer()).go(slow)
print(outcome(() -> ask askers[0].call(slow) within 10.minutes))
let other = spawn Slow()
print(outcome(() -> ask other.back(askers[1])))
)~",
                     2, {}, 2);
    CHECK(joined(lines) == "ActorDown\nDeadlock\n");
}

TEST_CASE("What has not left is the turn's own, whatever runs on its worker in a slice between") {
    // The failing turns run while the long one has given way: they may neither send its letters nor drop them.
    auto lines = run(R"~(
actor Sink:
    state got = []
    on take(x): got.add(x)
    on got? = got
actor Long:
    state sink
    on go(ticks):
        send sink.take(:first)
        let n = 0
        while ticks.value < 3: n += 1
        send sink.take(:second)
        n
actor Failing:
    on tick(ticks):
        ticks.swap(n -> n + 1)
        raise Error("fails")
let sink = spawn Sink()
let long = spawn Long(sink: sink)
let failing = spawn Failing()
let ticks = Atom(0)
send failing.tick(ticks) every 1.milliseconds
ask long.go(ticks) within 10.minutes
print(ask sink.got?)
)~",
                     1);
    CHECK(lines.back() == "[:first, :second]");
    CHECK(lines.size() > 3); // that many have failed meanwhile
}

TEST_CASE(
    "A world ends whatever its turns do: those that wait let go of what they own, and endless ones end") {
    // What a waiting frame owns on the heap of the process is for the leak checker to see.
    for (uint32_t workers : {1u, 3u}) {
        auto lines = run(R"~(
actor Wall:
    on never: sleep(1.hours)
actor Asker:
    state wall
    on ask_it(xs): xs.map(x -> ask wall.never(x) within 1.hours)
    on full(n):
        (1..n).each(i -> send wall.never)
        ask wall.never within 1.hours
    on wait_in_cleaning:
        try:
            sleep(1.hours)
        finally:
            sleep(1.hours)
    on spawn_and_wait:
        spawn Wall()
        let n = 0
        while true: n += 1
let wall = spawn Wall()
send wall.never
let askers = (1..20).map(n -> spawn Asker(wall: wall))
askers.each(a -> send a.ask_it(["a long text that is no part of any cell {a}", 2, 3]))
send (spawn Asker(wall: wall)).full(100)
send (spawn Asker(wall: wall)).wait_in_cleaning
send (spawn Asker(wall: wall)).spawn_and_wait
sleep(1.milliseconds)
while askers.any?(a -> a.metrics[:messages] > 0): sleep(1.milliseconds)
sleep(20.milliseconds)
print("ends")
)~",
                         workers, {}, 30);
        CHECK(joined(lines).ends_with("ends\n"));
    }
}

TEST_CASE("Metrics count what an actor does: turns, failures, what waits, memory, time without waiting") {
    auto lines = run(R"~(
actor Busy:
    state kept = []
    on work:
        let n = 0
        while n < 3_000_000: n += 1
    on keep: kept = (1..10_000).to_list
    on nap: sleep(100.milliseconds)
    on wait(gate):
        while not gate.value: sleep(2.milliseconds)
    on fail: raise Error("on purpose")
let busy = spawn Busy()
let began = Time.monotonic
ask busy.nap within 10.minutes
let waited = Time.monotonic - began
let at_first = busy.metrics
ask busy.work within 10.minutes
let worked = busy.metrics
ask busy.keep
try: ask busy.fail
catch e: Error: nil
let at_last = busy.metrics
print(at_first[:turns], at_last[:turns], at_first[:errors], at_last[:errors])
print(at_first[:nanoseconds] > 0, at_first[:nanoseconds] < (waited - 0.09) * 1_000_000_000, worked[:nanoseconds] - at_first[:nanoseconds] > 1_000_000)
print(at_last[:bytes] - at_first[:bytes] > 60_000)
let gate = Atom(false)
send busy.wait(gate)
sleep(1.milliseconds)
while busy.metrics[:messages] > 0: sleep(1.milliseconds)
(1..5).each(n -> send busy.keep)
sleep(1.milliseconds)
print(busy.metrics[:messages])
gate.set(true)
)~",
                     2);
    CHECK(joined(lines) == "2 5 0 1\ntrue true true\ntrue\n5\n");
}

} // namespace indent
