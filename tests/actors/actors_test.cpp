// Actors as a whole, through a world: what threads share (these run under ThreadSanitizer, too).
#include "vm/os/memory.h"
#include "vm/os/thread.h"
#include "vm/world/world.h"
#include <doctest/doctest.h>
#include <mutex>
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
clerks.each(c -> ask c.work(0) within 60.seconds)
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
#if defined(__SANITIZE_THREAD__)
#define INDENT_SHALLOW 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define INDENT_SHALLOW 1
#endif
#endif
#ifndef INDENT_SHALLOW
TEST_CASE("A stack that is too deep is the error of one actor, which goes on") {
    auto lines = run(R"~(
actor Deep:
    on down_forever: self.again(1)
    def again(n) = 1 + self.again(n + 1)
    on fine = :fine
let deep = spawn Deep()
try:
    ask deep.down_forever within 60.seconds
catch e: StackOverflow:
    print("StackOverflow, and then {ask deep.fine}")
)~",
                     2);
    CHECK(lines == std::vector<std::string>{"StackOverflow, and then fine"});
}
#endif

TEST_CASE("Code is reloaded while several workers run it") {
    auto lines = run(R"~(
def version(n) = "module moving\ndef step = {n}\nactor Mover:\n    state at = 0\n    state v{n} = {n}\n    on go: at += step()\n    on at? = at\n    def migrate_state(old, version) = \{at: old[:at]}\n"
load(version(1))
let movers = (1..50).map(n -> eval("spawn moving.Mover()"))
(2..12).each do n:
    movers.each(m -> send m.go)
    load(version(n))
print(movers.map(m -> ask m.at? within 60.seconds).min >= 11, eval("moving.step()"))
)~",
                     4);
    CHECK(lines == std::vector<std::string>{"true 12"});
}

TEST_CASE("A hundred thousand turns wait in an ask at once") {
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
    constexpr int kTurns = 300;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
    constexpr int kTurns = 300;
#else
    constexpr int kTurns = 100'000;
#endif
#else
    constexpr int kTurns = 100'000;
#endif
    const uint64_t before = os::peak_resident_bytes();
    auto lines = run(R"~(
actor Gate:
    state open = false
    on hold: sleep(400.milliseconds)
    on pass = 1
actor Waiter:
    state gate
    state passed = 0
    on go: passed = ask gate.pass within 60.seconds
    on passed? = passed
let gate = spawn Gate()
send gate.hold
let waiters = (1..)~" + std::to_string(kTurns) +
                         R"~().map(n -> spawn Waiter(gate: gate))
waiters.each(w -> send w.go)
let sum = 0
waiters.each(w -> sum += (ask w.passed? within 60.seconds))
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
    on nap(t): sleep(t)
    on take(x):
        taken.add(x)
        taken.size
    on taken? = taken
actor Asker:
    state slow
    on go(x): ask slow.take(x) within 60.seconds
    on hurry(x): ask slow.take(x) within 30.milliseconds
let slow = spawn Slow()
def refused(block):
    try:
        block()
    catch e: Error:
        "{e.class.name}: {e.message.replace("10 ", "its ")}"
ask slow.taken?
send slow.nap(500.milliseconds)
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
print(ask slow.take(50) within 60.seconds > 0)
askers.each(a -> ask a.go(1) within 60.seconds)
let all = ask slow.taken? within 60.seconds
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
    on call(slow): ask slow.nap(0) within 60.seconds
def outcome(block):
    try:
        block()
    catch e: Error:
        e.class.name
let slow = spawn Slow()
send slow.nap(60.seconds)
sleep(20.milliseconds)
(1..2).each(i -> send slow.nap(0))
let askers = (1..4).map(n -> spawn Asker())
let ends = []
actor Killer:
    on go(who):
        sleep(50.milliseconds)
        who.kill
send (spawn Killer()).go(slow)
print(outcome(() -> ask askers[0].call(slow) within 60.seconds))
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
    on go:
        send sink.take(:first)
        let n = 0
        while n < 8_000_000: n += 1
        send sink.take(:second)
        n
actor Failing:
    on tick: raise Error("fails")
let sink = spawn Sink()
let long = spawn Long(sink: sink)
let failing = spawn Failing()
send failing.tick() every 1.milliseconds
ask long.go within 60.seconds
print(ask sink.got?)
)~",
                     1);
    CHECK(lines.back() == "[:first, :second]");
    CHECK(lines.size() > 1); // some have failed meanwhile
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
sleep(50.milliseconds)
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
    on fail: raise Error("on purpose")
let busy = spawn Busy()
ask busy.nap
let at_first = busy.metrics
ask busy.work within 60.seconds
let worked = busy.metrics
ask busy.keep
try: ask busy.fail
catch e: Error: nil
let at_last = busy.metrics
print(at_first[:turns], at_last[:turns], at_first[:errors], at_last[:errors])
print(at_first[:nanoseconds] > 0, at_first[:nanoseconds] < 50_000_000, worked[:nanoseconds] - at_first[:nanoseconds] > 1_000_000)
print(at_last[:bytes] - at_first[:bytes] > 60_000)
send busy.nap
sleep(20.milliseconds)
(1..5).each(n -> send busy.nap)
sleep(1.milliseconds)
print(busy.metrics[:messages])
)~",
                     2);
    CHECK(joined(lines) == "2 5 0 1\ntrue true true\ntrue\n5\n");
}

} // namespace indent
