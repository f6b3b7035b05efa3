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

} // namespace indent::image
