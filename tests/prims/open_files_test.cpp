// What of the handles of open files only the host sees.
#include "vm/interp/device.h"
#include "vm/os/files.h"
#include "vm/world/world.h"
#include <doctest/doctest.h>
#include <thread>

using namespace indent;

namespace {

struct Counted : Device {
    explicit Counted(std::vector<int>& closed, int number) : closed(closed), number(number) {}
    ~Counted() override { closed.push_back(number); }
    std::vector<int>& closed;
    int number;
};

} // namespace

TEST_CASE("what a program leaves open is written when its world ends, in every way that it can end") {
    auto folder = os::TemporaryFolder::make().value();
    const std::string path = folder.path() + "/text";
    for (const char* ending : {"", "raise Error(\"no\")", "exit(3)",
                               "actor Idle:\n    state file = nil\n    on start: file = File.open(path, "
                               ":append).tap(f -> f.write(\"+\"))\nspawn Idle()\nsleep(1.milliseconds)"}) {
        CAPTURE(ending);
        std::string text = ending;
        if (size_t at = text.find("File.open(path"); at != std::string::npos)
            text.replace(at + 10, 4, "\"" + path + "\"");
        const std::string program = folder.path() + "/program.ind";
        REQUIRE(bool(os::write_file_atomically(program, "let file = File.open(\"" + path +
                                                            "\", :append)\nfile.write(\"some text\")\n" +
                                                            text + "\n")));
        {
            auto world = World::make({}).value();
            const Outcome outcome = world->run_file(program);
            CHECK(outcome.problems.empty());
        }
        CHECK(os::read_file(path, 100).value().find("some text") != std::string::npos);
        REQUIRE(bool(os::remove_path(path)));
    }
}

TEST_CASE(
    "devices are closed with their owner or its turn, the last first, and never by a number of another run") {
    std::vector<int> closed;
    DeviceTable table;
    table.begin_after(1'000'000);
    uint64_t numbers[5];
    for (int i = 0; i < 5; ++i)
        numbers[i] = table.add(std::make_shared<Counted>(closed, i), {uint64_t(i == 4 ? 8 : 7), uint64_t(i)});
    CHECK(numbers[0] == 1'000'001);
    CHECK(table.find(1) == nullptr);
    table.close(1);
    table.close_those_of({7, 2});
    CHECK(closed == std::vector<int>{3, 2});
    {
        const std::shared_ptr<Device> used = table.find(numbers[1]);
        table.close(numbers[1]);
        CHECK(table.find(numbers[1]) == nullptr);
        CHECK(closed.size() == 2); // who uses it may go on
    }
    CHECK(closed.back() == 1);
    table.close_those_of({7});
    table.close_those_of({9});
    CHECK(closed == std::vector<int>{3, 2, 1, 0});
    CHECK(table.size() == 1);
}

TEST_CASE("the table of devices is for all threads") {
    DeviceTable table;
    struct Plain : Device {};
    std::vector<std::thread> threads;
    for (uint64_t owner = 1; owner <= 4; ++owner)
        threads.emplace_back([&table, owner] {
            for (uint64_t i = 0; i < 2000; ++i) {
                const uint64_t number = table.add(std::make_shared<Plain>(), {owner, i});
                if (i % 3 == 0) table.close(number);
                if (i % 100 == 0) table.close_those_of({owner, i / 2});
                (void)table.find(number - 1);
            }
            table.close_those_of({owner});
        });
    for (auto& thread : threads) thread.join();
    CHECK(table.size() == 0);
}
