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
