// One story of all small stories, whose names stand for those of a message or a heap that comes alone.
#pragma once
#include "tests/journal/small_world.h"

namespace indent::image::test {

enum InputKind : uint8_t { kStoryInput, kMessageInput, kHeapInput };

inline const StoryText& base_story() {
    static const StoryText story = [] {
        std::vector<std::string> lines;
        for (auto& [name, more] : small_stories()) {
            lines.insert(lines.end(), more.begin(), more.end());
            lines.push_back("for a in actors(): a.kill");
            lines.push_back("sleep(1.milliseconds)");
        }
        SmallWorld world;
        return world.tell(lines);
    }();
    return story;
}

inline std::vector<Record> base_records() {
    std::vector<Record> records;
    for (const std::string& body : base_story().bodies)
        if (!read_all(body, records)) std::abort();
    return records;
}

// The base's names, and one actor of the first class that there was.
inline StoryText story_with(const std::function<void(ByteWriter&, uint64_t actor)>& write_more) {
    static const FactsRecord facts = [] {
        for (const Record& record : base_records())
            if (auto* found = std::get_if<FactsRecord>(&record)) return *found;
        std::abort();
    }();
    StoryText story;
    story.rows = base_story().rows;
    ByteWriter body;
    write(body, BeginRecord{});
    write(body, facts);
    write_more(body, facts.actor);
    story.bodies = {body.take()};
    return story;
}

inline StoryText story_of_heap(std::string_view heap) {
    return story_with([&](ByteWriter& body, uint64_t actor) {
        SegmentRecord segment;
        segment.actor = actor;
        segment.turn = 1;
        segment.fresh = true;
        segment.heap = heap;
        write(body, segment);
    });
}

inline StoryText story_of_message(std::string_view arguments) {
    static const auto known = [] { // the state and the message that put something into it
        std::pair<SegmentRecord, PostRecord> known;
        for (const Record& record : base_records()) {
            if (auto* segment = std::get_if<SegmentRecord>(&record); segment && known.first.heap.empty())
                known.first = *segment;
            if (auto* post = std::get_if<PostRecord>(&record);
                post && post->kind == ActorMessage::Call && known.second.arguments.empty())
                known.second = *post;
        }
        return known;
    }();
    return story_with([&](ByteWriter& body, uint64_t actor) {
        SegmentRecord segment = known.first;
        segment.actor = actor;
        segment.message = 0;
        PostRecord post = known.second;
        post.to = actor;
        post.number = 1'000'000;
        post.from = post.ask = 0;
        post.arguments = arguments;
        write(body, segment);
        write(body, post);
    });
}

} // namespace indent::image::test
