// What the rows of an image carry besides their content: for who writes them and for who salvages them.
#pragma once
#include "image/store/listing.h"
#include "image/store/story.h"
#include <optional>
#include <string>
#include <string_view>

namespace indent::image {

// What holds the rest together: which epoch is the newest, and what is on the desk.
struct Heads {
    uint64_t epoch = 0;
    uint64_t desk_rows = 0;
    uint64_t desk_sum = 0; // of the rows' checksums, exclusive or
    StoryHeads story;      // since version 2

    std::string encode() const {
        return number_bytes(epoch) + number_bytes(desk_rows) + number_bytes(desk_sum) + story.encode();
    }
    static std::optional<Heads> decode(std::string_view bytes) {
        Heads heads;
        if (!take_number(bytes, heads.epoch) || !take_number(bytes, heads.desk_rows) ||
            !take_number(bytes, heads.desk_sum))
            return std::nullopt;
        if (bytes.empty()) return heads; // of version 1
        auto story = StoryHeads::decode(bytes);
        if (!story) return std::nullopt;
        heads.story = *story;
        return heads;
    }
};

inline int64_t epoch_checksum(uint64_t number, int64_t at_ms, std::string_view what,
                              std::string_view manifest) {
    return checksum_of({number_bytes(number), number_bytes(uint64_t(at_ms)), what, manifest});
}
inline int64_t name_checksum(uint64_t kind, uint64_t number, std::string_view content) {
    return checksum_of({number_bytes(kind), number_bytes(number), content});
}
inline int64_t batch_checksum(uint64_t number, uint64_t timeline, const BatchRecord& batch) {
    return checksum_of({number_bytes(number), number_bytes(timeline), number_bytes(batch.turn),
                        number_bytes(uint64_t(batch.at_ms)), batch.body});
}
inline int64_t checksum(const BatchRecord& batch) {
    return batch_checksum(batch.number, batch.timeline, batch);
}
inline std::string place_bytes(const StoryPlace& place) {
    return number_bytes(place.timeline) + number_bytes(place.batch) + number_bytes(place.groups) +
           number_bytes(place.turn);
}
inline int64_t checksum(const CheckpointRecord& checkpoint) {
    return checksum_of({"checkpoint", number_bytes(checkpoint.number), place_bytes(checkpoint.place),
                        number_bytes(uint64_t(checkpoint.at_ms)), number_bytes(checkpoint.epoch),
                        checkpoint.manifest});
}
inline int64_t checksum(const TimelineRecord& timeline) {
    return checksum_of({"timeline", number_bytes(timeline.number), timeline.name, place_bytes(timeline.from),
                        number_bytes(timeline.epoch), number_bytes(uint64_t(timeline.at_ms))});
}
inline int64_t checksum(const SnapshotRecord& snapshot) {
    return checksum_of({"snapshot", number_bytes(snapshot.number), snapshot.name, place_bytes(snapshot.place),
                        number_bytes(snapshot.epoch), number_bytes(uint64_t(snapshot.at_ms)),
                        number_bytes(snapshot.pinned)});
}
// Of a row of meta, and of one of the desk.
inline int64_t text_checksum(std::string_view key, std::string_view text) {
    return checksum_of({key, text});
}

// The content of a name of the story that a damaged image has lost: nothing that has it can be brought back, and nothing
// else ever gets its number.
constexpr std::string_view kLostName("\0lost", 5);

} // namespace indent::image
