// Changes stories where they matter: the sizes of what stands around a change are made to fit again, which libFuzzer by itself
// would seldom find.
#include "tests/fuzz/story_base.h"
#include <cstring>
#include <random>

using namespace indent;
using namespace indent::image;
using namespace indent::image::test;

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t most);

namespace {

using Random = std::minstd_rand;

std::string changed(const std::string& bytes, Random& random) {
    if (bytes.empty() || random() % 2) {
        constexpr size_t kMore = 64;
        std::string room = bytes;
        room.resize(bytes.size() + kMore);
        room.resize(LLVMFuzzerMutate(reinterpret_cast<uint8_t*>(room.data()), bytes.size(), room.size()));
        return room;
    }
    // In place: what it consists of keeps its sizes.
    std::string same = bytes;
    for (size_t times = 1 + random() % 3; times > 0; --times) {
        char& byte = same[random() % same.size()];
        switch (random() % 4) {
        case 0: byte = char(random()); break;
        case 1: byte = char(byte + 1); break;
        case 2: byte = char(byte - 1); break;
        default: byte = same[random() % same.size()];
        }
    }
    return same;
}

void change_record(Record& record, Random& random) {
    if (auto* segment = std::get_if<SegmentRecord>(&record)) {
        if (!segment->heap.empty() && random() % 8)
            segment->heap = changed(segment->heap, random);
        else
            (random() % 2 ? segment->message : segment->actor) += random() % 3;
    } else if (auto* post = std::get_if<PostRecord>(&record)) {
        switch (random() % 6) {
        case 0: post->kind = uint8_t(random() % 8); break;
        case 1: post->labels.push_back(random() % 8); break;
        case 2: post->starts_as = random() % 80; break;
        case 3: post->trailing_block = !post->trailing_block; break;
        default: post->arguments = changed(post->arguments, random);
        }
    } else if (auto* atom = std::get_if<AtomRecord>(&record)) {
        atom->value = changed(atom->value, random);
    } else if (auto* facts = std::get_if<FactsRecord>(&record)) {
        switch (random() % 4) {
        case 0: facts->supervisor = random() % 6; break;
        case 1: facts->watchers.push_back(random() % 6); break;
        case 2: facts->shape = 64 + random() % 8; break;
        default: facts->actor = random() % 8;
        }
    } else {
        ByteWriter one;
        write(one, record);
        std::vector<Record> records;
        if (read_all(changed(one.take(), random), records) && records.size() == 1) record = records[0];
    }
}

} // namespace

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t most, unsigned seed) {
    Random random(seed);
    if (size < 2 || data[0] != kStoryInput || random() % 8 == 0) return LLVMFuzzerMutate(data, size, most);
    StoryText story = StoryText::of({reinterpret_cast<const char*>(data) + 1, size - 1});
    if (!story.rows.empty() && random() % 3 == 0) {
        NameRow& row = story.rows[random() % story.rows.size()];
        row.content = changed(row.content, random);
    } else if (!story.bodies.empty()) {
        std::string& body = story.bodies[random() % story.bodies.size()];
        std::vector<Record> records;
        if (!read_all(body, records) || records.empty()) return LLVMFuzzerMutate(data, size, most);
        const size_t at = random() % records.size();
        switch (random() % 8) {
        case 0: records.push_back(records[at]); break;
        case 1: records.erase(records.begin() + long(at)); break;
        case 2: std::swap(records[at], records[random() % records.size()]); break;
        default: change_record(records[at], random);
        }
        ByteWriter out;
        for (const Record& record : records) write(out, record);
        body = out.take();
    }
    const std::string bytes = story.bytes();
    if (bytes.size() + 1 > most) return LLVMFuzzerMutate(data, size, most);
    std::memcpy(data + 1, bytes.data(), bytes.size());
    return bytes.size() + 1;
}
