// Stories of actors out of any bytes, without checksums: they are refused, or their actors are held, or they come back and all
// of them can be used, collected, and kept again.
//
// The first byte says what the others are: a story of its own (small_world.h), what one message brings, or the heap of one actor;
// the latter two in a story whose names are those of all small stories together.
#include "tests/fuzz/story_base.h"
#include <memory>

using namespace indent;
using namespace indent::image;
using namespace indent::image::test;

namespace {

void must(bool holds) {
    if (!holds) std::abort();
}

// Worlds gather classes, symbols and numbers; a new one from time to time keeps inputs apart.
SmallWorld& world() {
    static std::unique_ptr<SmallWorld> world;
    static size_t used = 0;
    if (!world || ++used % 2000 == 0) {
        world.reset();
        world = std::make_unique<SmallWorld>();
    }
    return *world;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size == 0) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const StoryText story = data[0] == kMessageInput ? story_of_message(bytes)
                            : data[0] == kHeapInput  ? story_of_heap(bytes)
                                                     : StoryText::of(bytes);
    const SmallWorld::Came came = world().bring_back(story, true);
    if (!came.taken) return 0;
    // What was kept of it can be read, as it was made by us.
    Recovery again;
    for (const std::string& body : came.again.bodies) must(SmallWorld::add_to(again, body));
    must(again.actor_count() >= came.actors);
    (void)world().bring_back(came.again, false);
    return 0;
}
