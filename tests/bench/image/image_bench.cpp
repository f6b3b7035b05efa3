// image_bench past IMAGE TURNS: goes to turns of a story and steps back from them, in an image that nobody has open.
// image_bench memory MEGABYTES: how long a thread stands still at most while two others, which stand back, take that much
// memory from the system, and nothing else.
#include "image/history/past_world.h"
#include "ui/main/image_store.h"
#include "vm/os/clock.h"
#include "vm/os/memory.h"
#include "vm/os/thread.h"
#include "vm/world/world.h"
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <utility>
#include <vector>

using namespace indent;
using namespace indent::image;

namespace {

constexpr int kPlaces = 40;

[[noreturn]] void give_up(const std::string& words) {
    std::fprintf(stderr, "%s\n", words.c_str());
    std::exit(1);
}
template <class T>
T must(Result<T> result) {
    if (!result) give_up(result.failure().message);
    return std::move(result).value();
}

double since(uint64_t begun) {
    return double(os::monotonic_ns() - begun) / 1e6;
}

void tell(const char* name, std::vector<double>& times) {
    std::sort(times.begin(), times.end());
    std::printf("%s_p50 %f\n%s_max %f\n", name, times[times.size() / 2], name, times.back());
}

// The actor of a turn in its world, then the same actor in that world as it was one turn before.
void look_around(const char* path, uint64_t turns) {
    ImageStore store(must(Image::open(path)));
    Past past(store.image(), store.mutex());
    std::mt19937_64 random(7);
    std::vector<double> go, step;
    for (int i = 0; i < kPlaces; ++i) {
        const uint64_t turn = 1000 + random() % (turns - 1000);
        uint64_t begun = os::monotonic_ns();
        const StoryPlace place = must(past.at_turn(1, turn));
        auto world = must(PastWorld::make(past, store, place, PastWorld::How::Looked));
        const std::vector<uint64_t> all = world->actors();
        for (const uint64_t each : all) (void)world->fields(each);
        if (all.empty()) give_up("nobody was there");
        go.push_back(since(begun));
        const uint64_t number = all[random() % all.size()];
        begun = os::monotonic_ns();
        auto before = must(past.read(must(past.at_turn(1, turn - 1))));
        const Recovery::State* state = before->actor(number);
        if (!state || !world->put(number, *state) || world->fields(number).empty())
            give_up("it was not there before");
        step.push_back(since(begun));
    }
    tell("go", go);
    tell("step", step);
}

void take_memory(size_t bytes) {
    constexpr size_t kAtOnce = size_t(4) << 20; // as a heap takes it
    std::atomic<int> taking = 2;
    std::vector<os::Thread> takers;
    for (int i = 0; i < 2; ++i)
        takers.push_back(must(os::Thread::start("takes", kThreadStack, [&, bytes] {
            os::stand_back();
            std::vector<os::MappedMemory> all;
            for (size_t taken = 0; taken < bytes / 2; taken += kAtOnce) {
                all.push_back(must(os::map_aligned(kAtOnce, kAtOnce)));
                all.back().will_be_written();
                all.back().touch(all.back().begin(), kAtOnce);
            }
            --taking;
        })));
    uint64_t longest = 0, last = os::monotonic_ns();
    while (taking > 0) {
        const uint64_t now = os::monotonic_ns();
        longest = std::max(longest, now - std::exchange(last, now));
    }
    std::printf("memory_longest %f\n", double(longest) / 1e6);
}

} // namespace

int main(int count, char** words) {
    if (count == 3 && std::string_view(words[1]) == "memory") {
        take_memory(std::strtoull(words[2], nullptr, 10) << 20);
        return 0;
    }
    if (count != 4 || std::string_view(words[1]) != "past")
        give_up("image_bench past IMAGE TURNS | memory MEGABYTES");
    auto thread = os::Thread::start("past", kThreadStack,
                                    [&] { look_around(words[2], std::strtoull(words[3], nullptr, 10)); });
    if (!thread) give_up(thread.failure().message);
    thread->join();
    return 0;
}
