// Batches go from the oldest on. Before they go, the snapshots among them that stay, and where each timeline is now, get
// checkpoints of their own, unless they have such; other checkpoints go with the batches that lead from them.
#include "image/history/budget.h"
#include "image/history/checkpoints.h"
#include <algorithm>

namespace indent::image {

namespace {

constexpr size_t kNewestSnapshots = 100; // that were made by themselves, and stay

}

Result<void> keep_budget(Image& image, std::mutex& mutex, uint64_t budget,
                         const std::function<bool()>& stop) {
    uint64_t bytes = 0;
    StoryHeads heads;
    {
        std::lock_guard lock(mutex);
        auto all = image.story().bytes();
        if (!all) return std::move(all).failure();
        bytes = *all;
        heads = image.story().heads();
    }
    if (bytes <= budget || heads.last == 0) return ok();
    if (auto made = make_checkpoint(image, mutex, stop); !made) return std::move(made).failure();
    // So many batches that what remains is a little under the budget: not with each call a few.
    uint64_t first = heads.first, freed = 0;
    const uint64_t wanted = bytes - budget + budget / 10;
    {
        std::lock_guard lock(mutex);
        auto read = image.story().read_batches(0, heads.first, heads.last, [&](const BatchRecord& batch) {
            freed += batch.body.size();
            first = batch.number + 1;
            return Result<bool>(freed < wanted);
        });
        if (!read) return read;
    }
    std::vector<StoryPlace> kept;
    std::vector<SnapshotRecord> snapshots;
    std::vector<TimelineRecord> timelines;
    {
        std::lock_guard lock(mutex);
        auto those = image.story().snapshots();
        if (!those) return std::move(those).failure();
        snapshots = std::move(*those);
        auto lines = image.story().timelines();
        if (!lines) return std::move(lines).failure();
        timelines = std::move(*lines);
    }
    size_t by_themselves = 0;
    for (auto at = snapshots.rbegin(); at != snapshots.rend(); ++at) {
        const bool stays = at->pinned || ++by_themselves <= kNewestSnapshots;
        if (at->place.batch >= first) continue;
        if (stays) {
            kept.push_back(at->place);
            continue;
        }
        std::lock_guard lock(mutex);
        if (auto dropped = image.story().drop_snapshot(at->number); !dropped) return dropped;
    }
    timelines.push_back({1, "", {}, 0, 0});
    for (const TimelineRecord& line : timelines) { // where it is then: what comes after is read from there
        StoryPlace last = line.from;
        last.timeline = line.number;
        std::lock_guard lock(mutex);
        auto read = image.story().read_batches_back(line.number, 0, first - 1, [&](const BatchRecord& batch) {
            last = {line.number, batch.number, StoryPlace::kWhole, batch.turn};
            return Result<bool>(false);
        });
        if (!read) return read;
        if (last.batch < first && last.batch > 0) kept.push_back(last);
        if (line.number != 1 && line.from.batch < first && line.from.batch > 0) kept.push_back(line.from);
    }
    for (const StoryPlace& place : kept) {
        if (stop()) return ok();
        {
            std::lock_guard lock(mutex);
            auto there = image.story().checkpoint_before(place);
            if (!there) return std::move(there).failure();
            if (*there && (*there)->place.batch == place.batch && (*there)->place.groups == place.groups)
                continue;
        }
        auto checkpoint = checkpoint_of(image, mutex, place, stop);
        if (!checkpoint) return std::move(checkpoint).failure();
        std::lock_guard lock(mutex);
        if (auto put = image.story().put_checkpoint(*checkpoint); !put) return std::move(put).failure();
    }
    std::vector<uint64_t> dropped;
    {
        std::lock_guard lock(mutex);
        auto all = image.story().checkpoints();
        if (!all) return std::move(all).failure();
        for (const CheckpointRecord& each : *all) {
            const StoryPlace& place = each.place;
            if (place.batch >= first) continue;
            const bool is_kept = std::any_of(kept.begin(), kept.end(), [&](const StoryPlace& one) {
                return one.timeline == place.timeline && one.batch == place.batch &&
                       one.groups == place.groups;
            });
            if (!is_kept) dropped.push_back(each.number);
        }
        if (auto gone = image.story().forget(first, dropped); !gone) return gone;
    }
    constexpr size_t kSlice = 200;
    for (bool more = true; more && !stop();) {
        std::lock_guard lock(mutex);
        auto swept = image.story().sweep_pieces(kSlice);
        if (!swept) return std::move(swept).failure();
        more = *swept;
    }
    return ok();
}

} // namespace indent::image
