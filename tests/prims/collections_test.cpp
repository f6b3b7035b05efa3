// What the tests in stdlib/tests cannot say in Indent: Stop, the limit of memory, collections at every safe point.
#include "vm/os/thread.h"
#include "vm/world/world.h"
#include <doctest/doctest.h>

using namespace indent;

namespace {

// Runs the texts one after the other in one world; stops the world when something is printed.
std::vector<Outcome> run_all(std::vector<std::string> texts, WorldOptions options = {}) {
    std::vector<Outcome> outcomes;
    World* running = nullptr;
    options.output = [&](std::string_view) { running->request_stop(); };
    auto thread = os::Thread::start("test", kThreadStack, [&] {
        auto world = World::make(std::move(options));
        if (!world) return;
        running = world->get();
        for (const auto& text : texts) outcomes.push_back(running->evaluate(text));
    });
    REQUIRE(thread);
    thread->join();
    REQUIRE(outcomes.size() == texts.size());
    return outcomes;
}

// 2 ** 60 elements where each list is counted as often as it is met: no walk over them ends.
const char* const kEndless = R"(
endless = [1]
again = [1]
for n in 1..60:
    endless = [endless, endless]
    again = [again, again]
)";

} // namespace

TEST_CASE("a walk over more elements than there is time for ends when it is stopped") {
    for (const std::string walk : {"endless == again", "endless.flatten", "endless.inspect", "endless.join",
                                   "(1..10 ** 13).each(n -> n)", "(1..10 ** 13).map(n -> 0)",
                                   "endless.frozen", "endless.includes?(again)", "[endless] < [again]"}) {
        CAPTURE(walk);
        auto outcomes = run_all({kEndless, "print(\"now\")\n" + walk + "\n", "1 + 1"});
        CHECK(outcomes[0].ok);
        CHECK_FALSE(outcomes[1].ok);
        CHECK(outcomes[1].stopped);
        CHECK(outcomes[2].value == "2"); // the world goes on
    }
}

TEST_CASE("collections that grow past the limit of memory are errors of the program") {
    for (const std::string growth :
         {"List.filled(10 ** 9, 0)", "List.filled(2 ** 46, 0)", "(1..10 ** 9).to_list",
          "all = []\nloop:\n    all.add(all.size)", "all = {}\nloop:\n    all[all.size] = 1",
          "all = [1]\nloop:\n    all.add_all(all)", "all = [1]\nloop:\n    all = all + all",
          "all = \"text\"\nloop:\n    all = [all, all].join"}) {
        CAPTURE(growth);
        WorldOptions options;
        options.memory_limit = size_t(64) << 20;
        auto outcomes = run_all({growth, "all = nil", "(1..1000).to_list.sum"}, options);
        CHECK(outcomes[0].error_class == "OutOfMemory");
        CHECK(outcomes[2].value == "500500");
    }
}

TEST_CASE("things survive a collection at every step of what is done with them") {
    WorldOptions options;
    options.collect_always = true;
    auto outcomes = run_all({R"(
def noise(n) = [n, "{n}", (n, [n])]
let words = (1..60).map(n -> "word {n * 7919 % 61}")
let sorted = words.sorted((a, b) -> noise(a) == noise(b) or a < b)
let by_size = words.sorted_by(word -> (noise(word.size)[0], word)).group_by(word -> word.size)
let map = {}
for word in words:
    map.update((word, [word.size].frozen), [], list -> list + noise(word))
let set = map.keys.map(key -> key.frozen).to_set
(sorted == words.sorted, by_size.keys, map.size, set.size, map.frozen == map, set.frozen == set.copy)
)"},
                            options);
    CHECK(outcomes[0].text() == "");
    CHECK(outcomes[0].value == "(true, [6, 7], 60, 60, true, true)");
}
