// What an image holds, as plain values.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace indent::image {

// A piece of a module's text: a definition with its comment, or what stands between definitions. The pieces in
// their order, put together, are the text, byte for byte.
struct DefinitionRecord {
    std::string path; // "Counter.increment"; what the writer calls it, nothing is made of it here
    std::string text;

    bool operator==(const DefinitionRecord&) const = default;
};

struct ModuleRecord {
    std::string path; // "shop.pricing"
    std::vector<DefinitionRecord> definitions{};

    bool operator==(const ModuleRecord&) const = default;
};

// One accepted change.
struct EpochRecord {
    uint64_t number = 0; // from 1, without gaps
    int64_t at_ms = 0;   // since 1970, UTC
    std::string what;    // for people: "Counter.increment"
};

// What a number in the story stands for; kinds are the writer's.
struct NameRecord {
    uint64_t kind = 0;
    uint64_t number = 0;
    std::string content;

    bool operator==(const NameRecord&) const = default;
};

// A place in the story: after some groups of a batch, of which there are that many turns up to there.
struct StoryPlace {
    static constexpr uint64_t kWhole = uint64_t(1) << 62; // all groups of the batch

    uint64_t timeline = 1;
    uint64_t batch = 0; // 0: before all
    uint64_t groups = kWhole;
    uint64_t turn = 0;

    bool operator==(const StoryPlace&) const = default;
};

struct BatchRecord {
    uint64_t number = 0;
    uint64_t timeline = 1;
    uint64_t turn = 0; // how many turns there are after it, on the way to it
    int64_t at_ms = 0; // when its last group came, since 1970, UTC
    std::string_view body;
};

struct CheckpointRecord {
    uint64_t number = 0;
    StoryPlace place;
    int64_t at_ms = 0;
    uint64_t epoch = 0;   // of the definitions then
    std::string manifest; // a Listing of pieces
};

struct TimelineRecord {
    uint64_t number = 0;
    std::string name;
    StoryPlace from; // in its parent
    uint64_t epoch = 0;
    int64_t at_ms = 0; // when it was made
};

struct SnapshotRecord {
    uint64_t number = 0;
    std::string name;
    StoryPlace place;
    uint64_t epoch = 0;
    int64_t at_ms = 0;
    bool pinned = true; // false: made by itself, before a reload
};

} // namespace indent::image
