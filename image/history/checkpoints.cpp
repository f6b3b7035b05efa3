#include "image/history/checkpoints.h"
#include "vm/os/clock.h"
#include <algorithm>

namespace indent::image {

namespace {

constexpr size_t kSliceBytes = 256 << 10; // of rows that one transaction writes

Result<void> put_pieces(Image& image, std::mutex& mutex, std::vector<std::string>& pieces,
                        const std::function<bool()>& stop) {
    std::vector<std::string> slice;
    size_t bytes = 0;
    auto put = [&]() -> Result<void> {
        if (slice.empty()) return ok();
        std::lock_guard lock(mutex);
        auto done = image.story().put_pieces(slice);
        slice.clear();
        bytes = 0;
        return done;
    };
    for (std::string& piece : pieces) {
        if (stop()) return Failure{"stopped", "the checkpoint was given up"};
        bytes += piece.size();
        slice.push_back(std::move(piece));
        if (bytes >= kSliceBytes)
            if (auto done = put(); !done) return done;
    }
    return put();
}

uint64_t bytes_of(const Recovery::Checkpoint& checkpoint) {
    uint64_t bytes = checkpoint.manifest.size();
    for (const std::string& piece : checkpoint.pieces) bytes += piece.size();
    return bytes;
}

// What there was at `place` as a checkpoint, of which the pieces are written already, unless they would be more than `most`.
Result<CheckpointRecord> checkpoint_of(Image& image, std::mutex& mutex, const StoryPlace& place,
                                       const std::function<bool()>& stop, uint64_t most, MadeCheckpoint& made,
                                       const RecentBatches* recent) {
    Past past(image, mutex, Past::ReadsOnce, recent);
    auto recovery = past.read(place);
    if (!recovery) return std::move(recovery).failure();
    Recovery::Checkpoint content;
    if (!(*recovery)->checkpoint(content))
        return Failure{"damaged", image.path() + " is damaged: a checkpoint cannot be read"};
    made.bytes = bytes_of(content);
    made.folded = (*recovery)->batch_bytes();
    made.turns = (*recovery)->turns();
    if (made.bytes > most) return Failure{"too_large", "a checkpoint would be too large"};
    if (auto put = put_pieces(image, mutex, content.pieces, stop); !put) return std::move(put).failure();
    CheckpointRecord checkpoint;
    checkpoint.place = place;
    checkpoint.place.turn = made.turns;
    checkpoint.at_ms = os::wall_ns() / int64_t(os::kMillisecond);
    checkpoint.epoch = (*recovery)->epoch();
    checkpoint.manifest = std::move(content.manifest);
    return checkpoint;
}

} // namespace

Result<CheckpointRecord> checkpoint_of(Image& image, std::mutex& mutex, const StoryPlace& place,
                                       const std::function<bool()>& stop) {
    MadeCheckpoint made;
    return checkpoint_of(image, mutex, place, stop, UINT64_MAX, made, nullptr);
}

Result<MadeCheckpoint> make_checkpoint(Image& image, std::mutex& mutex, const std::function<bool()>& stop,
                                       const CheckpointLimits& limits, RecentBatches* recent) {
    StoryPlace place;
    MadeCheckpoint made;
    {
        std::lock_guard lock(mutex);
        const StoryHeads& heads = image.story().heads();
        place = {heads.timeline, heads.last, StoryPlace::kWhole, 0};
        auto last = image.story().checkpoint_before(place);
        if (!last) return std::move(last).failure();
        if (heads.last == 0 || (*last && (*last)->place.batch == heads.last)) return made;
        const uint64_t first = *last ? (*last)->place.batch + 1 : heads.first;
        auto upto = image.story().last_within(first, heads.last, limits.folded);
        if (!upto) return std::move(upto).failure();
        place.batch = *upto;
    }
    auto checkpoint = checkpoint_of(image, mutex, place, stop, limits.most, made, recent);
    if (made.bytes > limits.most) return made;
    if (!checkpoint) return std::move(checkpoint).failure();
    std::lock_guard lock(mutex);
    auto put = image.story().put_checkpoint(*checkpoint);
    if (!put) return std::move(put).failure();
    if (recent) recent->forget(place.batch);
    made.is_written = true;
    return made;
}

namespace {

TimelineRecord timeline_at(const StoryPlace& place, const CheckpointRecord& checkpoint,
                           const std::string& name) {
    TimelineRecord timeline;
    timeline.name = name;
    timeline.from = place;
    timeline.from.turn = checkpoint.place.turn;
    timeline.epoch = checkpoint.epoch;
    timeline.at_ms = checkpoint.at_ms;
    return timeline;
}

} // namespace

Result<uint64_t> fork(Image& image, std::mutex& mutex, const StoryPlace& place, const std::string& name,
                      bool goes_on) {
    auto checkpoint = checkpoint_of(image, mutex, place, [] { return false; });
    if (!checkpoint) return std::move(checkpoint).failure();
    std::lock_guard lock(mutex);
    return image.story().begin_timeline(timeline_at(place, *checkpoint, name), *checkpoint, goes_on);
}

Result<uint64_t> go_back(Image& image, std::mutex& mutex, const StoryPlace& place, const std::string& name) {
    auto checkpoint = checkpoint_of(image, mutex, place, [] { return false; });
    if (!checkpoint) return std::move(checkpoint).failure();
    std::lock_guard lock(mutex);
    uint64_t number = 0;
    auto done = image.together([&]() -> Result<void> {
        const uint64_t epoch = checkpoint->epoch;
        if (epoch != 0 && epoch != image.newest_epoch()) {
            auto then = image.modules_at(epoch);
            if (!then) return std::move(then).failure();
            auto today = image.modules();
            if (!today) return std::move(today).failure();
            for (const ModuleRecord& module : *today)
                if (std::none_of(then->begin(), then->end(),
                                 [&](const ModuleRecord& each) { return each.path == module.path; }))
                    then->push_back({module.path}); // it was not there yet
            auto committed = image.commit("back to turn " + std::to_string(checkpoint->place.turn), *then);
            if (!committed) return std::move(committed).failure();
        }
        auto begun = image.story().begin_timeline(timeline_at(place, *checkpoint, name), *checkpoint, true);
        if (!begun) return std::move(begun).failure();
        number = *begun;
        return ok();
    });
    if (!done) return std::move(done).failure();
    return number;
}

} // namespace indent::image
