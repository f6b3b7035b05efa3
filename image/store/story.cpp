#include "image/store/story.h"
#include "image/store/rows.h"
#include <algorithm>
#include <set>

namespace indent::image {

namespace {

// Columns from `at` on: timeline, batch, groups, turn.
StoryPlace place_at(const Statement& row, int at) {
    return {uint64_t(row.integer(at)), uint64_t(row.integer(at + 1)), uint64_t(row.integer(at + 2)),
            uint64_t(row.integer(at + 3))};
}
void bind_place(Statement& row, int at, const StoryPlace& place) {
    row.bind(at, int64_t(place.timeline));
    row.bind(at + 1, int64_t(place.batch));
    row.bind(at + 2, int64_t(place.groups));
    row.bind(at + 3, int64_t(place.turn));
}

Result<void> run(Statement& row) {
    auto done = row.step();
    if (!done) return std::move(done).failure();
    return ok();
}

} // namespace

std::string StoryHeads::encode() const {
    std::string bytes;
    for (uint64_t n : {timeline, first, last, last_checkpoint, last_timeline, last_snapshot})
        bytes += number_bytes(n);
    for (const RowSum* sum : {&names, &checkpoints, &timelines, &snapshots})
        bytes += number_bytes(sum->rows) + number_bytes(sum->sum);
    return bytes;
}

std::optional<StoryHeads> StoryHeads::decode(std::string_view bytes) {
    StoryHeads heads;
    for (uint64_t* n : {&heads.timeline, &heads.first, &heads.last, &heads.last_checkpoint,
                        &heads.last_timeline, &heads.last_snapshot})
        if (!take_number(bytes, *n)) return std::nullopt;
    for (RowSum* sum : {&heads.names, &heads.checkpoints, &heads.timelines, &heads.snapshots})
        if (!take_number(bytes, sum->rows) || !take_number(bytes, sum->sum)) return std::nullopt;
    if (!bytes.empty() || heads.first == 0 || heads.last + 1 < heads.first || heads.timeline == 0 ||
        heads.timeline > heads.last_timeline)
        return std::nullopt;
    return heads;
}

Failure Story::damaged(std::string_view what) const {
    return {"damaged", connection_.path() + " is damaged: " + std::string(what)};
}

Result<void> Story::prepare() {
    const std::pair<Statement*, std::string_view> all[] = {
        {&put_batch_, "INSERT INTO batches VALUES(?1, ?2, ?3, ?4, ?5, ?6)"},
        {&drop_batches_, "DELETE FROM batches WHERE number < ?1"},
        {&batches_, "SELECT number, timeline, turn, at_ms, checksum, body FROM batches "
                    "WHERE number BETWEEN ?1 AND ?2 ORDER BY number"},
        {&batches_back_, "SELECT number, timeline, turn, at_ms, checksum, body FROM batches "
                         "WHERE number BETWEEN ?1 AND ?2 ORDER BY number DESC"},
        {&with_turn_,
         "SELECT number FROM batches WHERE timeline = ?1 AND turn >= ?2 ORDER BY number LIMIT 1"},
        {&sizes_, "SELECT number, length(body) FROM batches WHERE number BETWEEN ?1 AND ?2 ORDER BY number"},
        {&put_name_, "INSERT INTO names VALUES(?1, ?2, ?3, ?4)"},
        {&all_names_, "SELECT kind, number, content, checksum FROM names WHERE kind <= ?1 "
                      "ORDER BY kind, number"},
        {&one_name_, "SELECT content, checksum FROM names WHERE kind = ?1 AND number = ?2"},
        {&last_name_, "SELECT max(number) FROM names WHERE kind = ?1"},
        {&put_piece_, "INSERT INTO checkpoint_pieces VALUES(?1, ?2)"},
        {&has_piece_, "SELECT 1 FROM checkpoint_pieces WHERE hash = ?1"},
        {&get_piece_, "SELECT body FROM checkpoint_pieces WHERE hash = ?1"},
        {&drop_piece_, "DELETE FROM checkpoint_pieces WHERE hash = ?1"},
        {&piece_hashes_, "SELECT hash FROM checkpoint_pieces"},
        {&put_checkpoint_, "INSERT INTO checkpoints VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"},
        {&checkpoint_before_,
         "SELECT number, timeline, batch, groups, turn, at_ms, epoch, checksum, manifest FROM checkpoints "
         "WHERE timeline = ?1 AND (batch < ?2 OR (batch = ?2 AND groups <= ?3)) "
         "ORDER BY batch DESC, groups DESC, number DESC LIMIT 1"},
        {&all_checkpoints_,
         "SELECT number, timeline, batch, groups, turn, at_ms, epoch, checksum, manifest FROM checkpoints "
         "ORDER BY number"},
        {&drop_checkpoint_, "DELETE FROM checkpoints WHERE number = ?1 RETURNING checksum"},
        {&put_timeline_, "INSERT OR REPLACE INTO timelines VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"},
        {&all_timelines_, "SELECT number, name, parent, batch, groups, turn, epoch, at_ms, checksum "
                          "FROM timelines ORDER BY number"},
        {&put_snapshot_, "INSERT INTO snapshots VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"},
        {&all_snapshots_, "SELECT number, name, timeline, batch, groups, turn, epoch, at_ms, pinned, "
                          "checksum FROM snapshots ORDER BY number"},
        {&drop_snapshot_, "DELETE FROM snapshots WHERE number = ?1 RETURNING checksum"},
        {&count_batches_, "SELECT count(*) FROM batches"},
        {&bytes_, "SELECT coalesce((SELECT sum(length(body)) FROM batches), 0) + "
                  "coalesce((SELECT sum(length(body)) FROM checkpoint_pieces), 0)"},
    };
    for (auto [statement, sql] : all) {
        auto prepared = connection_.prepare(sql);
        if (!prepared) return std::move(prepared).failure();
        *statement = std::move(prepared).value();
    }
    return ok();
}

// ---- batches and names

Result<void> Story::put_names(StoryHeads& heads, const std::vector<NameRecord>& names) {
    for (const NameRecord& name : names) {
        const int64_t sum = name_checksum(name.kind, name.number, name.content);
        Using row(put_name_);
        row->bind(1, int64_t(name.kind));
        row->bind(2, int64_t(name.number));
        row->bind_blob(3, name.content);
        row->bind(4, sum);
        if (auto done = run(put_name_); !done) return done;
        heads.names.add(sum);
    }
    return ok();
}

Result<void> Story::append(const std::vector<NameRecord>& names, const BatchRecord& batch) {
    if (batch.body.size() > kLargestBatch)
        return Failure{"too_large", "what was done at once is too large for " + connection_.path()};
    return commit_([&](StoryHeads& heads) -> Result<void> {
        if (auto put = put_names(heads, names); !put || batch.body.empty()) return put;
        const uint64_t number = ++heads.last;
        Using row(put_batch_);
        row->bind(1, int64_t(number));
        row->bind(2, int64_t(heads.timeline));
        row->bind(3, int64_t(batch.turn));
        row->bind(4, batch.at_ms);
        row->bind(5, batch_checksum(number, heads.timeline, batch));
        row->bind_blob(6, batch.body);
        return run(put_batch_);
    });
}

Result<std::optional<std::string>> Story::name(uint64_t kind, uint64_t number) {
    Using row(one_name_);
    row->bind(1, int64_t(kind));
    row->bind(2, int64_t(number));
    auto found = row->step();
    if (!found) return std::move(found).failure();
    if (!*found) return std::optional<std::string>();
    std::string content(row->bytes(0));
    if (row->integer(1) != name_checksum(kind, number, content))
        return damaged("a name does not match its checksum");
    return std::optional(std::move(content));
}

Result<uint64_t> Story::last_name(uint64_t kind) {
    Using row(last_name_);
    row->bind(1, int64_t(kind));
    auto found = row->step();
    if (!found) return std::move(found).failure();
    return *found ? uint64_t(row->integer(0)) : 0;
}

Result<void> Story::read_names(const std::function<Result<void>(NameRecord)>& name, uint64_t upto) {
    RowSum sum;
    Using row(all_names_);
    row->bind(1, int64_t(upto));
    for (;;) {
        auto found = row->step();
        if (!found) return std::move(found).failure();
        if (!*found) break;
        NameRecord record{uint64_t(row->integer(0)), uint64_t(row->integer(1)), std::string(row->bytes(2))};
        if (row->integer(3) != name_checksum(record.kind, record.number, record.content))
            return damaged("a name does not match its checksum");
        sum.add(row->integer(3));
        if (auto done = name(std::move(record)); !done) return done;
    }
    if (upto == kAllKinds && sum != heads_.names) return damaged("a name is missing");
    return ok();
}

Result<void> Story::read(Statement& rows, uint64_t timeline, uint64_t from, uint64_t upto,
                         const std::function<Result<bool>(BatchRecord&)>& batch) {
    from = std::max(from, heads_.first);
    upto = std::min(upto, heads_.last);
    if (from > upto) return ok();
    const bool back = &rows == &batches_back_;
    uint64_t next = back ? upto : from;
    Using row(rows);
    row->bind(1, int64_t(from));
    row->bind(2, int64_t(upto));
    for (uint64_t left = upto - from + 1; left > 0; --left, back ? --next : ++next) {
        auto found = row->step();
        if (!found) return std::move(found).failure();
        if (!*found || uint64_t(row->integer(0)) != next)
            return damaged("the batch " + std::to_string(next) + " of the story is missing");
        BatchRecord record{next, uint64_t(row->integer(1)), uint64_t(row->integer(2)), row->integer(3), {}};
        if (timeline != 0 && record.timeline != timeline) continue;
        record.body = row->bytes(5);
        if (row->integer(4) != checksum(record))
            return damaged("the batch " + std::to_string(next) + " of the story is not what it was");
        auto goes_on = batch(record);
        if (!goes_on) return std::move(goes_on).failure();
        if (!*goes_on) break;
    }
    return ok();
}

Result<void> Story::read_batches(uint64_t timeline, uint64_t from, uint64_t upto,
                                 const std::function<Result<bool>(BatchRecord&)>& batch) {
    return read(batches_, timeline, from, upto, batch);
}
Result<void> Story::read_batches_back(uint64_t timeline, uint64_t from, uint64_t upto,
                                      const std::function<Result<bool>(BatchRecord&)>& batch) {
    return read(batches_back_, timeline, from, upto, batch);
}

Result<uint64_t> Story::batch_with_turn(uint64_t timeline, uint64_t turn) {
    Using row(with_turn_);
    row->bind(1, int64_t(timeline));
    row->bind(2, int64_t(turn));
    auto found = row->step();
    if (!found) return std::move(found).failure();
    return *found ? uint64_t(row->integer(0)) : 0;
}

Result<uint64_t> Story::last_within(uint64_t from, uint64_t upto, uint64_t bytes) {
    Using row(sizes_);
    row->bind(1, int64_t(from));
    row->bind(2, int64_t(upto));
    uint64_t last = from, sum = 0;
    for (;;) {
        auto there = row->step();
        if (!there) return std::move(there).failure();
        if (!*there) return last;
        sum += uint64_t(row->integer(1));
        if (sum > bytes) return last;
        last = uint64_t(row->integer(0));
    }
}

// ---- checkpoints

Result<void> Story::put_pieces(const std::vector<std::string>& pieces) {
    return commit_([&](StoryHeads&) -> Result<void> {
        for (const std::string& piece : pieces) {
            const Hash hash = hash_of(piece);
            {
                Using row(has_piece_);
                row->bind_blob(1, bytes_of(hash));
                auto found = row->step();
                if (!found) return std::move(found).failure();
                if (*found) continue;
            }
            Using row(put_piece_);
            row->bind_blob(1, bytes_of(hash));
            row->bind_blob(2, piece);
            if (auto done = run(put_piece_); !done) return done;
        }
        return ok();
    });
}

Result<std::string> Story::piece(const Hash& hash) {
    Using row(get_piece_);
    row->bind_blob(1, bytes_of(hash));
    auto found = row->step();
    if (!found) return std::move(found).failure();
    if (!*found) return damaged("a piece of a checkpoint is missing");
    std::string body(row->bytes(0));
    if (hash_of(body) != hash) return damaged("a piece of a checkpoint does not match its hash");
    return body;
}

Result<uint64_t> Story::put(StoryHeads& heads, CheckpointRecord checkpoint) {
    checkpoint.number = ++heads.last_checkpoint;
    const int64_t sum = checksum(checkpoint);
    Using row(put_checkpoint_);
    row->bind(1, int64_t(checkpoint.number));
    bind_place(put_checkpoint_, 2, checkpoint.place);
    row->bind(6, checkpoint.at_ms);
    row->bind(7, int64_t(checkpoint.epoch));
    row->bind(8, sum);
    row->bind_blob(9, checkpoint.manifest);
    if (auto done = run(put_checkpoint_); !done) return std::move(done).failure();
    heads.checkpoints.add(sum);
    return checkpoint.number;
}

Result<uint64_t> Story::put_checkpoint(const CheckpointRecord& checkpoint) {
    uint64_t number = 0;
    auto done = commit_([&](StoryHeads& heads) -> Result<void> {
        auto put_it = put(heads, checkpoint);
        if (!put_it) return std::move(put_it).failure();
        number = *put_it;
        return ok();
    });
    if (!done) return std::move(done).failure();
    return number;
}

Result<std::optional<CheckpointRecord>> Story::read_checkpoint(Statement& row) {
    auto found = row.step();
    if (!found) return std::move(found).failure();
    if (!*found) return std::optional<CheckpointRecord>();
    CheckpointRecord record{uint64_t(row.integer(0)), place_at(row, 1), row.integer(5),
                            uint64_t(row.integer(6)), std::string(row.bytes(8))};
    if (row.integer(7) != checksum(record)) return damaged("a checkpoint does not match its checksum");
    return std::optional(std::move(record));
}

Result<std::optional<CheckpointRecord>> Story::checkpoint_before(const StoryPlace& place) {
    Using row(checkpoint_before_);
    row->bind(1, int64_t(place.timeline));
    row->bind(2, int64_t(place.batch));
    row->bind(3, int64_t(place.groups));
    return read_checkpoint(checkpoint_before_);
}

Result<std::vector<CheckpointRecord>> Story::checkpoints() {
    std::vector<CheckpointRecord> all;
    RowSum sum;
    Using row(all_checkpoints_);
    for (;;) {
        auto read = read_checkpoint(all_checkpoints_);
        if (!read) return std::move(read).failure();
        if (!*read) break;
        sum.add(checksum(**read));
        all.push_back(std::move(**read));
        all.back().manifest = {};
    }
    if (sum != heads_.checkpoints) return damaged("a checkpoint is missing");
    return all;
}

// ---- timelines and snapshots

Result<std::vector<TimelineRecord>> Story::timelines() {
    std::vector<TimelineRecord> all;
    RowSum sum;
    Using row(all_timelines_);
    for (;;) {
        auto found = row->step();
        if (!found) return std::move(found).failure();
        if (!*found) break;
        TimelineRecord record{uint64_t(row->integer(0)), std::string(row->bytes(1)),
                              place_at(all_timelines_, 2), uint64_t(row->integer(6)), row->integer(7)};
        if (row->integer(8) != checksum(record)) return damaged("a timeline does not match its checksum");
        sum.add(row->integer(8));
        all.push_back(std::move(record));
    }
    if (sum != heads_.timelines) return damaged("a timeline is missing");
    return all;
}

Result<void> Story::put(StoryHeads& heads, const TimelineRecord& timeline) {
    const int64_t sum = checksum(timeline);
    Using row(put_timeline_);
    row->bind(1, int64_t(timeline.number));
    row->bind_blob(2, timeline.name);
    bind_place(put_timeline_, 3, timeline.from);
    row->bind(7, int64_t(timeline.epoch));
    row->bind(8, timeline.at_ms);
    row->bind(9, sum);
    heads.timelines.add(sum);
    return run(put_timeline_);
}

Result<uint64_t> Story::begin_timeline(TimelineRecord timeline, CheckpointRecord checkpoint, bool goes_on) {
    auto done = commit_([&](StoryHeads& heads) -> Result<void> {
        timeline.number = ++heads.last_timeline;
        if (auto put_it = put(heads, timeline); !put_it) return put_it;
        checkpoint.place.timeline = timeline.number;
        if (auto put_it = put(heads, checkpoint); !put_it) return std::move(put_it).failure();
        if (goes_on) heads.timeline = timeline.number;
        return ok();
    });
    if (!done) return std::move(done).failure();
    return timeline.number;
}

Result<void> Story::go_on_with(uint64_t timeline) {
    if (timeline == 0 || timeline > heads_.last_timeline)
        return Failure{"not_found", connection_.path() + " has no timeline " + std::to_string(timeline)};
    return commit_([&](StoryHeads& heads) {
        heads.timeline = timeline;
        return ok();
    });
}

Result<void> Story::name_timeline(uint64_t number, std::string name) {
    auto all = timelines();
    if (!all) return std::move(all).failure();
    for (TimelineRecord& timeline : *all) {
        if (timeline.number != number) continue;
        return commit_([&](StoryHeads& heads) {
            heads.timelines.drop(checksum(timeline));
            timeline.name = name;
            return put(heads, timeline);
        });
    }
    return Failure{"not_found",
                   connection_.path() + " has no timeline " + std::to_string(number) + " that can be named"};
}

Result<std::vector<SnapshotRecord>> Story::snapshots() {
    std::vector<SnapshotRecord> all;
    RowSum sum;
    Using row(all_snapshots_);
    for (;;) {
        auto found = row->step();
        if (!found) return std::move(found).failure();
        if (!*found) break;
        SnapshotRecord record{uint64_t(row->integer(0)),
                              std::string(row->bytes(1)),
                              place_at(all_snapshots_, 2),
                              uint64_t(row->integer(6)),
                              row->integer(7),
                              row->integer(8) != 0};
        if (row->integer(9) != checksum(record)) return damaged("a snapshot does not match its checksum");
        sum.add(row->integer(9));
        all.push_back(std::move(record));
    }
    if (sum != heads_.snapshots) return damaged("a snapshot is missing");
    return all;
}

Result<uint64_t> Story::put_snapshot(SnapshotRecord snapshot) {
    auto done = commit_([&](StoryHeads& heads) {
        snapshot.number = ++heads.last_snapshot;
        const int64_t sum = checksum(snapshot);
        Using row(put_snapshot_);
        row->bind(1, int64_t(snapshot.number));
        row->bind_blob(2, snapshot.name);
        bind_place(put_snapshot_, 3, snapshot.place);
        row->bind(7, int64_t(snapshot.epoch));
        row->bind(8, snapshot.at_ms);
        row->bind(9, int64_t(snapshot.pinned));
        row->bind(10, sum);
        heads.snapshots.add(sum);
        return run(put_snapshot_);
    });
    if (!done) return std::move(done).failure();
    return snapshot.number;
}

Result<void> Story::drop_snapshot(uint64_t number) {
    return commit_([&](StoryHeads& heads) -> Result<void> {
        Using row(drop_snapshot_);
        row->bind(1, int64_t(number));
        auto found = row->step();
        if (!found) return std::move(found).failure();
        if (!*found) {
            auto all = snapshots(); // is it that all are there?
            if (!all) return std::move(all).failure();
            return Failure{"not_found", connection_.path() + " has no snapshot " + std::to_string(number)};
        }
        heads.snapshots.drop(row->integer(0));
        return run(drop_snapshot_);
    });
}

// ---- what is forgotten

Result<void> Story::forget(uint64_t first, const std::vector<uint64_t>& checkpoints) {
    std::vector<uint64_t> there; // of them
    {
        auto all = this->checkpoints();
        if (!all) return std::move(all).failure();
        for (const CheckpointRecord& each : *all)
            if (std::count(checkpoints.begin(), checkpoints.end(), each.number)) there.push_back(each.number);
    }
    return commit_([&](StoryHeads& heads) -> Result<void> {
        for (uint64_t number : there) {
            Using row(drop_checkpoint_);
            row->bind(1, int64_t(number));
            auto found = row->step();
            if (!found) return std::move(found).failure();
            if (!*found) return damaged("a checkpoint is missing");
            heads.checkpoints.drop(row->integer(0));
            if (auto done = run(drop_checkpoint_); !done) return done;
        }
        first = std::min(first, heads.last + 1);
        if (first <= heads.first) return ok();
        heads.first = first;
        Using row(drop_batches_);
        row->bind(1, int64_t(first));
        return run(drop_batches_);
    });
}

Result<bool> Story::sweep_pieces(size_t most) {
    std::set<Hash> wanted;
    {
        RowSum sum;
        Using row(all_checkpoints_);
        for (;;) {
            auto read = read_checkpoint(all_checkpoints_);
            if (!read) return std::move(read).failure();
            if (!*read) break;
            sum.add(checksum(**read));
            auto listing = decode_listing((*read)->manifest);
            if (!listing) return damaged("a checkpoint is not what it was");
            for (const ListingEntry& entry : listing->entries) wanted.insert(entry.hash);
        }
        if (sum != heads_.checkpoints) return damaged("a checkpoint is missing"); // its pieces stay
    }
    std::vector<Hash> dropped;
    {
        Using row(piece_hashes_);
        while (dropped.size() < most) {
            auto found = row->step();
            if (!found) return std::move(found).failure();
            if (!*found) break;
            auto hash = hash_from(row->bytes(0));
            if (!hash) return damaged("a piece of a checkpoint has no hash");
            if (!wanted.contains(*hash)) dropped.push_back(*hash);
        }
    }
    if (dropped.empty()) return false;
    auto done = commit_([&](StoryHeads&) -> Result<void> {
        for (const Hash& hash : dropped) {
            Using row(drop_piece_);
            row->bind_blob(1, bytes_of(hash));
            if (auto gone = run(drop_piece_); !gone) return gone;
        }
        return ok();
    });
    if (!done) return std::move(done).failure();
    return dropped.size() == most;
}

Result<uint64_t> Story::bytes() {
    Using row(bytes_);
    auto found = row->step();
    if (!found) return std::move(found).failure();
    return *found ? uint64_t(row->integer(0)) : 0;
}

// ---- looking at everything

Result<void> Story::verify() {
    if (auto read = read_names([](NameRecord) { return ok(); }); !read) return read;
    if (auto read =
            read_batches(0, heads_.first, heads_.last, [](const BatchRecord&) { return Result<bool>(true); });
        !read)
        return read;
    {
        Using row(count_batches_);
        auto found = row->step();
        if (!found) return std::move(found).failure();
        if (uint64_t(row->integer(0)) != heads_.last + 1 - heads_.first)
            return damaged("it has batches that nobody has told");
    }
    if (auto read = timelines(); !read) return std::move(read).failure();
    if (auto read = snapshots(); !read) return std::move(read).failure();
    if (auto read = checkpoints(); !read) return std::move(read).failure();
    std::set<Hash> wanted;
    {
        Using row(all_checkpoints_);
        for (;;) {
            auto read = read_checkpoint(all_checkpoints_);
            if (!read) return std::move(read).failure();
            if (!*read) break;
            auto listing = decode_listing((*read)->manifest);
            if (!listing) return damaged("a checkpoint is not what it was");
            for (const ListingEntry& entry : listing->entries) wanted.insert(entry.hash);
        }
    }
    for (const Hash& hash : wanted)
        if (auto read = piece(hash); !read) return std::move(read).failure();
    return ok();
}

} // namespace indent::image
