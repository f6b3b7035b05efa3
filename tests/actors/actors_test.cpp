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
std::vector<std::string> run(const std::string& text, uint32_t workers, std::optional<uint64_t> seed = {}) {
    std::vector<std::string> lines;
    auto thread = os::Thread::start("test", kThreadStack, [&] {
        WorldOptions options;
        options.workers = workers;
        options.seed = seed;
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
)~", 4);
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
)~", 2);
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
)~", 4);
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
let waiters = (1..)~" + std::to_string(kTurns) + R"~().map(n -> spawn Waiter(gate: gate))
waiters.each(w -> send w.go)
let sum = 0
waiters.each(w -> sum += (ask w.passed? within 60.seconds))
print(sum)
)~", 2);
    CHECK(lines == std::vector<std::string>{std::to_string(kTurns)});
    const uint64_t each = (os::peak_resident_bytes() - before) / kTurns;
    MESSAGE("bytes for each actor with its waiting turn: ", each);
    if (kTurns > 1000) CHECK(each < 16 * 1024);
}

} // namespace indent
