// The thread that serves a person goes on with what waits on it, until it is wanted.
#include "vm/actors/actor_system.h"
#include "vm/os/clock.h"
#include "vm/os/thread.h"
#include "vm/world/world.h"
#include <atomic>
#include <chrono>
#include <doctest/doctest.h>
#include <thread>

using namespace indent;

namespace {

constexpr const char* kActors = R"(module m
actor Sleeper:
    on sleep:
        sleep(20.milliseconds)
        print("slept")
    on sleep_on:
        while true: sleep(5.milliseconds)
    on compute:
        let n = 0
        while true: n += 1
once: spawn Sleeper() as :sleeper
)";

// On a thread that may run a world with one worker.
void with_world(const std::function<void(World&, const std::atomic<int>& lines)>& work) {
    auto thread = os::Thread::start("test", kThreadStack, [&] {
        std::atomic<int> lines = 0;
        WorldOptions options;
        options.workers = 1;
        options.output = [&](std::string_view) { ++lines; };
        auto world = World::make(std::move(options));
        REQUIRE(world);
        REQUIRE((*world)->load_text("m", kActors).ok);
        work(**world, lines);
    });
    REQUIRE(thread);
    thread->join();
}

} // namespace

TEST_CASE("A turn that began to wait while a request ran goes on without the next one") {
    with_world([](World& world, const std::atomic<int>& lines) {
        std::atomic<bool> wanted = false;
        (void)world.actors().go_on_until(wanted); // it begins
        CHECK(!world.actors().go_on_until(wanted));
        REQUIRE(world.evaluate("send actor(:sleeper).sleep").ok);
        CHECK(lines == 0);
        CHECK(world.actors().go_on_until(wanted));
        CHECK(lines == 1);
        CHECK(!world.actors().go_on_until(wanted));
    });
}

TEST_CASE("Whoever wants the thread gets it at once, whatever goes on there") {
    for (const char* what : {"sleep_on", "compute"})
        with_world([&](World& world, const std::atomic<int>&) {
            CAPTURE(what);
            for (int i = 0; i < 3; ++i) {
                REQUIRE(world.evaluate(i == 0 ? "send actor(:sleeper)." + std::string(what) : "1 + 1").ok);
                std::atomic<bool> wanted = false;
                std::thread person([&] {
                    std::this_thread::sleep_for(std::chrono::milliseconds(20));
                    wanted = true;
                    world.actors().look_up();
                });
                CHECK(world.actors().go_on_until(wanted));
                CHECK(wanted);
                person.join();
            }
        });
}
