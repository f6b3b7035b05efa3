// Writes the seeds of the target `story`: story_seeds FOLDER
#include "tests/fuzz/story_base.h"
#include <fstream>
#include <set>

using namespace indent;
using namespace indent::image;
using namespace indent::image::test;

int main(int count, char** arguments) {
    if (count != 2) {
        std::fprintf(stderr, "usage: %s FOLDER\n", arguments[0]);
        return 2;
    }
    const std::string folder = arguments[1];
    auto keep = [&](const std::string& name, InputKind kind, std::string_view bytes) {
        std::ofstream file(folder + "/" + name, std::ios::binary);
        file << char(kind) << bytes;
    };
    for (auto& [name, lines] : small_stories()) {
        SmallWorld world;
        keep("story_" + name, kStoryInput, world.tell(lines).bytes());
    }
    std::set<std::string> heaps, messages;
    for (const Record& record : base_records()) {
        constexpr size_t kMost = 700;
        auto* segment = std::get_if<SegmentRecord>(&record);
        if (segment && !segment->heap.empty() && segment->heap.size() < kMost &&
            heaps.insert(segment->heap).second)
            keep("heap_" + std::to_string(heaps.size()), kHeapInput, segment->heap);
        auto* post = std::get_if<PostRecord>(&record);
        if (post && post->arguments.size() > 3 && post->arguments.size() < kMost &&
            messages.insert(post->arguments).second)
            keep("message_" + std::to_string(messages.size()), kMessageInput, post->arguments);
    }
    return 0;
}
