// The rows of the story: what actors did, in batches, and the names that batches use. Part of an image (image.h); within
// transactions of the caller's.
#pragma once
#include "image/store/connection.h"
#include "image/store/records.h"
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace indent::image {

// What says which rows there are.
struct StoryHeads {
    uint64_t first = 1, last = 0; // batches: first … last
    uint64_t names = 0;
    uint64_t names_sum = 0; // of their checksums, exclusive or

    std::string encode() const;
    static std::optional<StoryHeads> decode(std::string_view bytes); // of all of them
};

class StoryRows {
  public:
    explicit StoryRows(Connection& connection) : connection_(connection) {}
    Result<void> prepare();

    // One batch more, after its names. Bodies are of at most kLargestBatch bytes.
    Result<void> append(StoryHeads& heads, const std::vector<NameRecord>& names, std::string_view body);
    // These stand for all batches so far.
    Result<void> begin_anew(StoryHeads& heads, const std::vector<std::string>& bodies);
    // All names, in the order of kinds and numbers, then all batches in theirs. Failure "damaged": a row is missing or is
    // not what it was.
    Result<void> read(const StoryHeads& heads, const std::function<Result<void>(NameRecord)>& name,
                      const std::function<Result<void>(std::string_view body)>& batch);

    static constexpr size_t kLargestBatch = size_t(900) << 20; // SQLite takes a gigabyte

  private:
    Failure damaged(std::string_view what) const;
    Connection& connection_;
    Statement put_batch_, drop_batches_, all_batches_, put_name_, all_names_;
};

} // namespace indent::image
