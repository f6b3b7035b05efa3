// Checkpoints of the story, and timelines, which begin with one. The lock is of whoever uses the image: it is taken for as long
// as some rows are read or written.
#pragma once
#include "image/history/past.h"
#include <functional>
#include <mutex>
#include <string>

namespace indent::image {

// What there was at a place, as a checkpoint that is still to be put, and whose pieces are written. `stop`: gives up when it
// becomes true.
Result<CheckpointRecord> checkpoint_of(Image& image, std::mutex& mutex, const StoryPlace& place,
                                       const std::function<bool()>& stop);

struct CheckpointLimits {
    uint64_t most = UINT64_MAX; // bytes that it may have: a larger one is not written
    uint64_t folded =
        UINT64_MAX; // bytes of batches that are folded at once, one batch at least; the rest is the next one's
};
struct MadeCheckpoint {
    uint64_t bytes = 0;  // that it has, or would have; 0: there is nothing new
    uint64_t folded = 0; // bytes of the batches that it stands for, from the one before on
    uint64_t turns = 0;  // that there are with it
    bool is_written = false;
};
// Folds what has come since the last checkpoint of the timeline that goes on into one more, in slices between which others
// have the image. `stop`: gives up when it becomes true. `recent` (null: none): the image's last batches, which are forgotten
// then.
Result<MadeCheckpoint> make_checkpoint(Image& image, std::mutex& mutex, const std::function<bool()>& stop,
                                       const CheckpointLimits& limits = {}, RecentBatches* recent = nullptr);

// A timeline that begins at this place with the checkpoint of what there was. Answers its number.
Result<uint64_t> fork(Image& image, std::mutex& mutex, const StoryPlace& place, const std::string& name,
                      bool goes_on);

// Goes on from there: on a timeline of its own, and with the definitions of that time as the newest. Nothing is
// overwritten. Nobody tells the image's story meanwhile. Answers the timeline's number.
Result<uint64_t> go_back(Image& image, std::mutex& mutex, const StoryPlace& place, const std::string& name);

} // namespace indent::image
