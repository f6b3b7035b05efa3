// The rows of the story: what actors did, in batches; checkpoints, which stand for all batches before them; timelines, one
// for each time that somebody has gone back; snapshots, which are named places; and the names that batches use. Part of an
// image (image.h); every call is a transaction of its own.
//
// Batches have numbers without gaps, whatever timeline they are of; those before StoryHeads::first have been forgotten.
// The story of a timeline is its parent's up to where it begins and its own batches after that, but each timeline begins
// with a checkpoint, so that nobody has to walk there.
//
// A checkpoint is a list of pieces, which are named by their content: what did not change is there already.
#pragma once
#include "image/store/connection.h"
#include "image/store/listing.h"
#include "image/store/records.h"
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace indent::image {

// Rows of one kind: how many there are, and the exclusive or of their checksums.
struct RowSum {
    uint64_t rows = 0, sum = 0;
    void add(int64_t checksum) { ++rows, sum ^= uint64_t(checksum); }
    void drop(int64_t checksum) { --rows, sum ^= uint64_t(checksum); }
    bool operator==(const RowSum&) const = default;
};

// What says which rows there are.
struct StoryHeads {
    uint64_t timeline = 1;        // that goes on
    uint64_t first = 1, last = 0; // batches: first … last
    uint64_t last_checkpoint = 0, last_timeline = 1, last_snapshot = 0;
    RowSum names, checkpoints, timelines, snapshots;

    std::string encode() const;
    static std::optional<StoryHeads> decode(std::string_view bytes); // of all of them
};

class Story {
  public:
    // Runs the change in a transaction, with the heads, which it keeps.
    using Commit = std::function<Result<void>(const std::function<Result<void>(StoryHeads&)>&)>;
    Story(Connection& connection, const StoryHeads& heads, Commit commit)
        : connection_(connection), heads_(heads), commit_(std::move(commit)) {}
    Result<void> prepare();
    const StoryHeads& heads() const { return heads_; }

    // One batch more for the timeline that goes on, after the names that it is the first to use; an empty body: names
    // alone. Bodies are of at most kLargestBatch bytes. Timeline and number of `batch` are not looked at.
    Result<void> append(const std::vector<NameRecord>& names, const BatchRecord& batch);
    // All names of kinds up to `upto`, in the order of kinds and numbers. Failure "damaged": a row is not what it was, or, of
    // all kinds, one is missing.
    static constexpr uint64_t kAllKinds = uint64_t(1) << 62;
    Result<void> read_names(const std::function<Result<void>(NameRecord)>& name, uint64_t upto = kAllKinds);
    // One of them; nothing: there is no such row.
    Result<std::optional<std::string>> name(uint64_t kind, uint64_t number);
    Result<uint64_t> last_name(uint64_t kind); // its number; 0: there is none
    // The batches of a timeline itself with numbers in [from, upto], in their order, until `batch` answers false, which may
    // take what it is given.
    Result<void> read_batches(uint64_t timeline, uint64_t from, uint64_t upto,
                              const std::function<Result<bool>(BatchRecord&)>& batch);
    // The same, from the last to the first.
    Result<void> read_batches_back(uint64_t timeline, uint64_t from, uint64_t upto,
                                   const std::function<Result<bool>(BatchRecord&)>& batch);

    // The number of the first batch of a timeline itself with which there are so many turns; 0: there is none.
    Result<uint64_t> batch_with_turn(uint64_t timeline, uint64_t turn);

    // The last batch with a number in [from, upto] up to which those from `from` on have no more than so many bytes, or `from`
    // where that alone has more.
    Result<uint64_t> last_within(uint64_t from, uint64_t upto, uint64_t bytes);

    // Pieces of a checkpoint to come, which may be many: slices of them are transactions of their own.
    Result<void> put_pieces(const std::vector<std::string>& pieces);
    Result<std::string> piece(const Hash& hash);
    // Its pieces are there. Answers its number.
    Result<uint64_t> put_checkpoint(const CheckpointRecord& checkpoint);
    // The last one of this timeline at a place or before it; nothing: the story is to be read from its beginning.
    Result<std::optional<CheckpointRecord>> checkpoint_before(const StoryPlace& place);
    Result<std::vector<CheckpointRecord>> checkpoints(); // all, without their manifests

    // By their numbers; the first is there from the beginning and has no row.
    Result<std::vector<TimelineRecord>> timelines();
    // A timeline more, whose beginning is this checkpoint; `goes_on`: it is the one that goes on. Answers its number.
    Result<uint64_t> begin_timeline(TimelineRecord timeline, CheckpointRecord checkpoint, bool goes_on);
    Result<void> go_on_with(uint64_t timeline);
    Result<void> name_timeline(uint64_t number, std::string name);

    Result<std::vector<SnapshotRecord>> snapshots();
    Result<uint64_t> put_snapshot(SnapshotRecord snapshot);
    Result<void> drop_snapshot(uint64_t number);

    // Forgets batches before `first` and checkpoints with these numbers.
    Result<void> forget(uint64_t first, const std::vector<uint64_t>& checkpoints);
    // Drops pieces that no checkpoint has, some at a time; false: that was all.
    Result<bool> sweep_pieces(size_t most);
    // Bytes of batches and pieces.
    Result<uint64_t> bytes();

    // Reads and checks all rows.
    Result<void> verify();

    static constexpr size_t kLargestBatch = size_t(250) << 20; // a connection of ours takes 256 MB

  private:
    Failure damaged(std::string_view what) const;
    Result<void> put_names(StoryHeads& heads, const std::vector<NameRecord>& names);
    Result<uint64_t> put(StoryHeads& heads, CheckpointRecord checkpoint);
    Result<void> put(StoryHeads& heads, const TimelineRecord& timeline);
    Result<void> read(Statement& rows, uint64_t timeline, uint64_t from, uint64_t upto,
                      const std::function<Result<bool>(BatchRecord&)>& batch);
    Result<std::optional<CheckpointRecord>> read_checkpoint(Statement& row);

    Connection& connection_;
    const StoryHeads& heads_;
    Commit commit_;
    Statement put_batch_, drop_batches_, batches_, batches_back_, with_turn_, sizes_, count_batches_,
        put_name_, all_names_, one_name_, last_name_;
    Statement put_piece_, has_piece_, get_piece_, drop_piece_, piece_hashes_;
    Statement put_checkpoint_, checkpoint_before_, all_checkpoints_, drop_checkpoint_;
    Statement put_timeline_, all_timelines_, put_snapshot_, all_snapshots_, drop_snapshot_, bytes_;
};

} // namespace indent::image
