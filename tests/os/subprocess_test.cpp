#include "vm/os/clock.h"
#include "vm/os/subprocess.h"
#include <csignal>
#include <doctest/doctest.h>

using namespace indent;
using namespace indent::os;

namespace {

Command shell(const std::string& text) {
    Command command;
    command.words = {"/bin/sh", "-c", text};
    command.most_output = 1 << 20;
    return command;
}

Finished run(const Command& command) {
    auto process = Subprocess::start(command);
    REQUIRE(bool(process));
    for (;;) {
        auto ended = process->step(50);
        REQUIRE(bool(ended));
        if (*ended) return process->take();
    }
}

} // namespace

TEST_CASE("a program is fed and heard through pipes that are larger than any") {
    Command command = shell("cat; echo done >&2");
    command.input = std::string(900'000, 'x');
    Finished finished = run(command);
    CHECK(finished.output == command.input);
    CHECK(finished.errors == "done\n");
    CHECK(finished.status == 0);
}

TEST_CASE("a program that reads nothing does not raise a signal here") {
    Command command = shell("exec 0<&-; exit 3");
    command.input = std::string(900'000, 'x');
    CHECK(run(command).status == 3);
    sigset_t pending;
    sigpending(&pending);
    CHECK(sigismember(&pending, SIGPIPE) == 0);
}

TEST_CASE("too much output is a failure") {
    Command command = shell("yes");
    auto process = Subprocess::start(command);
    REQUIRE(bool(process));
    for (;;) {
        auto ended = process->step(50);
        if (!ended) {
            CHECK(ended.failure().code == "too_large");
            break;
        }
        REQUIRE(!*ended);
    }
}

TEST_CASE("who lets go of a program ends it, and what it has started") {
    auto begin = monotonic_ns();
    {
        auto process = Subprocess::start(shell("trap '' TERM; sleep 30 & echo $!; wait; sleep 30"));
        REQUIRE(bool(process));
        auto ended = process->step(50);
        CHECK((ended && !*ended));
    }
    CHECK(monotonic_ns() - begin < 10'000'000'000);
}

TEST_CASE("what cannot be started says why") {
    Command command;
    command.words = {"there is no such program"};
    auto process = Subprocess::start(command);
    REQUIRE(!process);
    CHECK(process.failure().code == "not_found");
    command.words = {"/bin/sh"};
    command.folder = "/there is no such folder";
    auto nowhere = Subprocess::start(command);
    REQUIRE(!nowhere);
    CHECK(nowhere.failure().code == "not_folder");
}

namespace {

Subprocess talk_to(const std::string& text) {
    Command command = shell(text);
    command.stays = true;
    auto process = Subprocess::start(command);
    REQUIRE(bool(process));
    return std::move(process).value();
}

// The next line, however long the program thinks; none where its output has ended.
std::optional<std::string> next_line(Subprocess& process) {
    for (;;) {
        REQUIRE(bool(process.step(5)));
        if (auto line = process.line()) return line;
        if (process.output_ended()) return std::nullopt;
    }
}

} // namespace

TEST_CASE("a program that stays is talked to in turns") {
    Subprocess process = talk_to("while read -r word; do echo \"<$word>\"; done; printf end; exit 3");
    process.write("one\ntwo\n");
    CHECK(next_line(process) == "<one>");
    CHECK(next_line(process) == "<two>");
    CHECK_FALSE(process.how_it_ended().has_value());
    process.write("three\n");
    process.end_input();
    CHECK(next_line(process) == "<three>");
    CHECK(next_line(process) == "end");
    CHECK_FALSE(next_line(process).has_value());
    while (!process.how_it_ended()) REQUIRE(bool(process.step(5)));
    CHECK(process.how_it_ended()->status == 3);
    process.write("nobody reads this");
    CHECK(bool(process.step(0)));
}

TEST_CASE("a program that stays waits with its output until somebody takes it") {
    Command command = shell("yes | head -n 200000");
    command.stays = true;
    command.most_output = 1000;
    auto process = Subprocess::start(command);
    REQUIRE(bool(process));
    size_t lines = 0;
    while (auto line = next_line(*process)) {
        REQUIRE(*line == "y");
        ++lines;
    }
    CHECK(lines == 200000);
}

TEST_CASE("a program that stays takes more than a pipe holds, bit by bit") {
    Subprocess process = talk_to("wc -c");
    process.write(std::string(1'000'000, 'x'));
    CHECK(process.unwritten() == 1'000'000);
    while (process.unwritten() > 0) REQUIRE(bool(process.step(5)));
    process.end_input();
    CHECK(next_line(process) == "1000000");
}
