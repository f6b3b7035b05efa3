// image_bench past IMAGE TURNS: goes to turns of a story and steps back from them, in an image that nobody has open.
#include "image/history/past_world.h"
#include "ui/main/image_store.h"
#include "vm/os/clock.h"
#include "vm/os/thread.h"
#include "vm/world/world.h"
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

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

} // namespace

int main(int count, char** words) {
    if (count != 4 || std::string_view(words[1]) != "past") give_up("image_bench past IMAGE TURNS");
    auto thread = os::Thread::start("past", kThreadStack,
                                    [&] { look_around(words[2], std::strtoull(words[3], nullptr, 10)); });
    if (!thread) give_up(thread.failure().message);
    thread->join();
    return 0;
}
