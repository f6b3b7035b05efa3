// Numbers of batches tell their order, whatever timeline they are of, and timelines go on in the order of their numbers. So
// a batch that is lost is of no timeline that had not begun, and of none before that of a batch before it or after that of a
// batch after it; where neither says so, it may be of the timeline that is read, which ends before it.
//
// What is kept is one run of batches without gaps. Checkpoints stay where what follows them in the run is all that followed
// them, or where nothing is read from them but their own place.
#include "image/store/story_salvage.h"
#include "image/store/rows.h"
#include <algorithm>
#include <tuple>

namespace indent::image {

std::string counted(uint64_t n, const std::string& one) {
    return std::to_string(n) + " " + one + (n == 1 ? "" : one.ends_with("ch") ? "es" : "s");
}

// ---- rows

template <class R>
void StorySalvage::Found<R>::take(R record, Way way) {
    const uint64_t number = record.number;
    if (way == Newer) // frames come in their order
        sure[number] = std::move(record);
    else
        (way == FromRoots ? sure : other).emplace(number, std::move(record));
}

template <class R>
std::map<uint64_t, R> StorySalvage::Found<R>::rows(const std::optional<RowSum>& told, bool all_others) const {
    std::map<uint64_t, R> all = sure;
    RowSum sum;
    for (const auto& entry : all) sum.add(checksum(entry.second));
    if (told && sum == *told) return all;
    for (const auto& entry : other)
        if (all_others || !told || all.size() < told->rows) all.insert(entry);
    return all;
}

bool StorySalvage::take(const Row& row, uint64_t number, const PageReader::Cell& cell, Way way) {
    constexpr auto I = Column::Integer, B = Column::Bytes, N = Column::Null;
    auto at = [&](size_t column) { return uint64_t(row[column].integer); };
    auto place_at = [&](size_t column) {
        return StoryPlace{at(column), at(column + 1), at(column + 2), at(column + 3)};
    };
    if (has_kinds(row, {N, I, I, I, I, B})) { // batches
        const BatchRecord batch{number, at(1), at(2), row[3].integer, row[5].bytes};
        if (way != Free && row[4].integer == checksum(batch))
            batches_.emplace(number, Batch{cell, batch.timeline});
        return true;
    }
    if (has_kinds(row, {N, I, I, I, I, I, I, I, B})) { // checkpoints
        CheckpointRecord checkpoint{number, place_at(1), row[5].integer, at(6), row[8].bytes};
        if (row[7].integer == checksum(checkpoint)) found_checkpoints_.take(std::move(checkpoint), way);
        return true;
    }
    if (has_kinds(row, {N, B, I, I, I, I, I, I, I})) { // timelines
        TimelineRecord timeline{number, row[1].bytes, place_at(2), at(6), row[7].integer};
        if (way != Free && row[8].integer == checksum(timeline))
            found_timelines_.take(std::move(timeline), way);
        return true;
    }
    if (has_kinds(row, {N, B, I, I, I, I, I, I, I, I})) { // snapshots
        SnapshotRecord snapshot{number, row[1].bytes,   place_at(2),
                                at(6),  row[7].integer, row[8].integer != 0};
        if (way != Free && row[9].integer == checksum(snapshot))
            found_snapshots_.take(std::move(snapshot), way);
        return true;
    }
    return false;
}

bool StorySalvage::is_whole(const CheckpointRecord& checkpoint) const {
    auto listing = decode_listing(checkpoint.manifest);
    return listing && std::all_of(listing->entries.begin(), listing->entries.end(),
                                  [&](const ListingEntry& entry) { return pieces_.contains(entry.hash); });
}

// ---- what can be read

// The last batch that is surely not of the timeline.
uint64_t StorySalvage::begins_after(uint64_t timeline) const {
    if (timeline == 1) return 0;
    if (auto found = timelines_.find(timeline); found != timelines_.end()) return found->second.from.batch;
    uint64_t after = UINT64_MAX;
    for (const auto& entry : all_checkpoints_)
        if (entry.second.place.timeline == timeline) after = std::min(after, entry.second.place.batch);
    return after == UINT64_MAX ? 0 : after;
}

// The first batch from `from` on that is of the timeline, or may be; after the last one if there is none.
uint64_t StorySalvage::first_of(uint64_t timeline, uint64_t from) const {
    uint64_t expected = std::max(from, begins_after(timeline) + (timeline == 1 ? 0 : 1));
    auto next = batches_.lower_bound(expected);
    uint64_t before = next == batches_.begin() ? 0 : std::prev(next)->second.timeline;
    for (; next != batches_.end() && next->first <= known_last_; ++next) {
        const auto& [number, batch] = *next;
        if (number > expected && before <= timeline && timeline <= batch.timeline) return expected;
        if (batch.timeline == timeline) return number;
        before = batch.timeline;
        expected = number + 1;
    }
    return before <= timeline ? std::min(expected, known_last_ + 1) : known_last_ + 1;
}

const CheckpointRecord* StorySalvage::newest_of(uint64_t timeline) const {
    const CheckpointRecord* newest = nullptr;
    auto order = [](const CheckpointRecord& c) {
        return std::tuple(c.place.batch, c.place.groups, c.number);
    };
    for (const auto& entry : all_checkpoints_) {
        const CheckpointRecord& each = entry.second;
        if (each.place.timeline == timeline && each.place.batch <= known_last_ &&
            (!newest || order(*newest) < order(each)))
            newest = &each;
    }
    return newest;
}

// This timeline is to go on: the run of batches, and a checkpoint where it can be read from. False: it cannot be read.
bool StorySalvage::choose(uint64_t timeline) {
    const CheckpointRecord* from = newest_of(timeline);
    const bool from_beginning = !from && timeline == 1 && known_first_ == 1;
    if (!from && !from_beginning) return false;
    const uint64_t wanted = first_of(timeline, from ? next_after(from->place) : 1);
    uint64_t first = wanted, last = wanted - 1;
    while (last < known_last_ && batches_.contains(last + 1)) ++last;
    while (first > known_first_ && batches_.contains(first - 1)) --first;
    if (from_beginning && (first != 1 || last == 0)) return false;
    if (from && from->place.batch > last) first = wanted; // what is before it leads to less than it has
    heads_.timeline = timeline;
    heads_.first = first;
    heads_.last = last;
    if (!from || (first <= last && from->place.batch <= last) || // or it is where the story goes on
        (from->place.batch == last && from->place.groups == StoryPlace::kWhole))
        return true;
    CheckpointRecord moved = *from;
    moved.number = ++heads_.last_checkpoint;
    moved.place.batch = last;
    moved.place.groups = StoryPlace::kWhole;
    all_checkpoints_[moved.number] = std::move(moved);
    return true;
}

void StorySalvage::settle_checkpoints() {
    std::map<uint64_t, std::vector<const CheckpointRecord*>> by_timeline;
    for (const auto& entry : all_checkpoints_)
        if (entry.second.place.batch <= heads_.last)
            by_timeline[entry.second.place.timeline].push_back(&entry.second);
    for (auto& entry : by_timeline) {
        const uint64_t timeline = entry.first;
        std::vector<const CheckpointRecord*>& each = entry.second;
        std::sort(each.begin(), each.end(), [](const auto* a, const auto* b) {
            return std::tuple(a->place.batch, a->place.groups, a->number) <
                   std::tuple(b->place.batch, b->place.groups, b->number);
        });
        // Of those before the run, the last one is what the timeline is read from in the run.
        auto in_run = std::find_if(each.begin(), each.end(), [&](const CheckpointRecord* checkpoint) {
            return checkpoint->place.batch >= heads_.first;
        });
        if (in_run != each.begin()) {
            const StoryPlace& before = (*std::prev(in_run))->place;
            const bool goes_on =
                timeline == heads_.timeline ||
                std::any_of(batches_.lower_bound(heads_.first), batches_.upper_bound(heads_.last),
                            [&](const auto& batch) { return batch.second.timeline == timeline; });
            if (goes_on && first_of(timeline, next_after(before)) < heads_.first)
                each.erase(each.begin(), in_run);
        }
        for (const CheckpointRecord* checkpoint : each) checkpoints_[checkpoint->number] = *checkpoint;
    }
}

// As image/history reads it.
bool StorySalvage::is_there(const StoryPlace& place) const {
    if (place.batch > heads_.last) return false;
    if (place.timeline == 1 && place.batch == 0) return true;
    const CheckpointRecord* from = nullptr;
    auto at = [](const StoryPlace& p) { return std::pair(p.batch, p.groups); };
    for (const auto& entry : checkpoints_) {
        const StoryPlace& each = entry.second.place;
        if (each.timeline == place.timeline && at(each) <= at(place) &&
            (!from || at(from->place) <= at(each)))
            from = &entry.second;
    }
    if (from) return place.batch >= heads_.first || at(from->place) == at(place);
    return place.timeline == 1 && heads_.first == 1;
}

void StorySalvage::settle_timelines() {
    std::set<uint64_t> wanted{heads_.timeline};
    for (auto batch = batches_.lower_bound(heads_.first);
         batch != batches_.end() && batch->first <= heads_.last; ++batch)
        wanted.insert(batch->second.timeline);
    for (const auto& entry : checkpoints_) wanted.insert(entry.second.place.timeline);
    std::erase_if(timelines_, [&](const auto& entry) {
        return entry.first != heads_.timeline && entry.second.from.batch > heads_.last;
    });
    told_.timelines.kept = timelines_.size();
    for (uint64_t number : wanted) { // one whose row is lost begins where its first checkpoint is
        if (number == 1 || timelines_.contains(number)) continue;
        TimelineRecord stand_in{number, "", {1, 0, StoryPlace::kWhole, 0}, 0, 0};
        const CheckpointRecord* first = nullptr;
        for (const auto& entry : checkpoints_)
            if (const CheckpointRecord& each = entry.second;
                each.place.timeline == number && (!first || each.place.batch < first->place.batch))
                first = &each;
        if (first) {
            stand_in = {number, "", first->place, first->epoch, first->at_ms};
            auto in = batches_.find(first->place.batch);
            stand_in.from.timeline =
                in != batches_.end() && in->second.timeline < number ? in->second.timeline : 1;
        }
        timelines_[number] = stand_in;
    }
}

void StorySalvage::settle_snapshots() {
    std::erase_if(snapshots_, [&](const auto& entry) { return !is_there(entry.second.place); });
    told_.snapshots.kept = snapshots_.size();
}

void StorySalvage::tell_batches(uint64_t wanted) {
    const uint64_t all = known_last_ + 1 - known_first_;
    told_.batches.kept = is_empty_ ? 0 : heads_.last + 1 - heads_.first;
    told_.batches.lost = all - std::min(all, told_.batches.kept);
    if (is_empty_) {
        if (all > 0 || !batches_.empty())
            lose("the beginning of the story of the actors is lost: they begin anew, with the effects of "
                 "their modules");
        return;
    }
    if (heads_.timeline != wanted)
        lose("the beginning of timeline " + std::to_string(wanted) + " is lost: timeline " +
             std::to_string(heads_.timeline) + " goes on");
    auto readable = [&](uint64_t from, uint64_t upto) {
        uint64_t n = 0;
        for (auto at = batches_.lower_bound(from); at != batches_.end() && at->first <= upto; ++at) ++n;
        return n;
    };
    if (heads_.first > known_first_) {
        const uint64_t n = heads_.first - known_first_, there = readable(known_first_, heads_.first - 1);
        lose("the history of the actors begins " + counted(n, "batch") +
             " later than it did, with a checkpoint: the one before that is lost" +
             (there ? ", and " + counted(there, "batch") + " before it lead nowhere without it" : ""));
    }
    if (heads_.last < known_last_) {
        const uint64_t there = readable(heads_.last + 1, known_last_);
        lose("the story of the actors ends " + counted(known_last_ - heads_.last, "batch") +
             " earlier than it did: the one after the last that is kept is lost" +
             (there ? ", and " + counted(there, "batch") + " after it cannot do without it" : ""));
    }
}

void StorySalvage::settle(const std::optional<StoryHeads>& heads) {
    auto sum_of = [&](RowSum StoryHeads::*sum) {
        return heads ? std::optional((*heads).*sum) : std::nullopt;
    };
    for (auto& entry : found_checkpoints_.rows(sum_of(&StoryHeads::checkpoints), true))
        if (is_whole(entry.second)) all_checkpoints_.insert(entry);
    for (const auto* found : {&found_checkpoints_.sure, &found_checkpoints_.other})
        for (const auto& entry : *found)
            if (auto listing = decode_listing(entry.second.manifest))
                for (const ListingEntry& each : listing->entries) named_pieces_.insert(each.hash);
    timelines_ = found_timelines_.rows(sum_of(&StoryHeads::timelines), false);
    snapshots_ = found_snapshots_.rows(sum_of(&StoryHeads::snapshots), false);
    if (heads) {
        heads_ = *heads;
        known_first_ = heads->first;
        known_last_ = heads->last;
    } else if (!batches_.empty()) { // what was forgotten is in no row, and what is no longer told may be
        known_first_ = batches_.begin()->first;
        known_last_ = batches_.rbegin()->first;
        heads_.timeline = batches_.rbegin()->second.timeline;
    }
    auto raise = [](uint64_t& last, uint64_t number) { last = std::max(last, number); };
    for (const auto& entry : all_checkpoints_) {
        raise(heads_.last_checkpoint, entry.first);
        raise(heads_.last_timeline, entry.second.place.timeline);
        if (!heads) raise(known_last_, entry.second.place.batch);
    }
    if (!heads && batches_.empty()) known_first_ = known_last_ + 1;
    if (!timelines_.empty()) raise(heads_.last_timeline, timelines_.rbegin()->first);
    if (!snapshots_.empty()) raise(heads_.last_snapshot, snapshots_.rbegin()->first);
    raise(heads_.last_timeline, heads_.timeline);
    heads_.names = heads_.checkpoints = heads_.timelines = heads_.snapshots = {};

    const uint64_t wanted = heads_.timeline, last_checkpoint = heads_.last_checkpoint;
    is_empty_ = !choose(wanted);
    if (is_empty_) {
        std::set<uint64_t, std::greater<>> others{1};
        for (const auto& entry : all_checkpoints_) others.insert(entry.second.place.timeline);
        for (uint64_t timeline : others)
            if (is_empty_) is_empty_ = !choose(timeline);
    }
    if (is_empty_) {
        const uint64_t checkpoints = heads_.last_checkpoint, snapshots = heads_.last_snapshot;
        heads_ = {};
        heads_.last_checkpoint = checkpoints;
        heads_.last_snapshot = snapshots;
        all_checkpoints_.clear();
        timelines_.clear();
        snapshots_.clear();
    } else {
        settle_checkpoints();
        settle_timelines();
        settle_snapshots();
    }
    tell_batches(wanted);
    told_.checkpoints.kept = checkpoints_.size() - (heads_.last_checkpoint > last_checkpoint ? 1 : 0);
    if (!heads) return;
    auto told_lost = [&](Counted& count, const RowSum& sum, const char* one, const std::string& why) {
        count.lost = sum.rows - std::min(sum.rows, count.kept);
        if (count.lost > 0)
            lose(counted(count.lost, one) + (count.lost == 1 ? " is lost" : " are lost") + why);
    };
    told_lost(told_.checkpoints, heads->checkpoints, "checkpoint",
              is_empty_ ? "" : ": what is kept is read from others");
    told_lost(told_.timelines, heads->timelines, "timeline", ", with its name and where it began");
    told_lost(told_.snapshots, heads->snapshots, "snapshot", ", or the place that it names");
}

// ---- writing

Result<void> StorySalvage::write(Connection& into,
                                 const std::map<std::pair<uint64_t, uint64_t>, std::string>& names,
                                 StoryHeads& heads) {
    heads = heads_;
    auto put = [&](Statement& statement, auto bind) -> Result<void> {
        Using row(statement);
        bind(statement);
        if (auto done = row->step(); !done) return std::move(done).failure();
        return ok();
    };
    auto bind_place = [](Statement& row, int at, const StoryPlace& place) {
        row.bind(at, int64_t(place.timeline));
        row.bind(at + 1, int64_t(place.batch));
        row.bind(at + 2, int64_t(place.groups));
        row.bind(at + 3, int64_t(place.turn));
    };
    const Failure changes{"io_error", "the image cannot be read a second time: it changes while it is read"};
    Statement name, batch, piece, checkpoint, timeline, snapshot;
    const std::pair<Statement*, std::string_view> all[] = {
        {&name, "INSERT INTO names VALUES(?1, ?2, ?3, ?4)"},
        {&batch, "INSERT INTO batches VALUES(?1, ?2, ?3, ?4, ?5, ?6)"},
        {&piece, "INSERT INTO checkpoint_pieces VALUES(?1, ?2)"},
        {&checkpoint, "INSERT INTO checkpoints VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"},
        {&timeline, "INSERT INTO timelines VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"},
        {&snapshot, "INSERT INTO snapshots VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"},
    };
    for (auto [statement, sql] : all) {
        auto prepared = into.prepare(sql);
        if (!prepared) return std::move(prepared).failure();
        *statement = std::move(prepared).value();
    }
    for (const auto& [key, content] : names) {
        const int64_t sum = name_checksum(key.first, key.second, content);
        const auto& [kind, number] = key;
        Using row(name);
        row->bind(1, int64_t(kind));
        row->bind(2, int64_t(number));
        row->bind_blob(3, content);
        row->bind(4, sum);
        if (auto done = row->step(); !done) return std::move(done).failure();
        heads.names.add(sum);
    }
    for (uint64_t number = heads.first; number <= heads.last; ++number) {
        int64_t told = 0;
        const auto read = pages_.row_of(batches_.at(number).cell, told);
        if (!read || read->size() != 6) return changes;
        auto done = put(batch, [&](Statement& row) {
            row.bind(1, int64_t(number));
            for (int column = 2; column <= 5; ++column) row.bind(column, (*read)[size_t(column - 1)].integer);
            row.bind_blob(6, (*read)[5].bytes);
        });
        if (!done) return done;
    }
    std::set<Hash> pieces;
    for (const auto& entry : checkpoints_) {
        const CheckpointRecord& each = entry.second;
        auto listing = decode_listing(each.manifest);
        if (!listing) return changes;
        for (const ListingEntry& one : listing->entries) pieces.insert(one.hash);
        auto done = put(checkpoint, [&](Statement& row) {
            row.bind(1, int64_t(each.number));
            bind_place(row, 2, each.place);
            row.bind(6, each.at_ms);
            row.bind(7, int64_t(each.epoch));
            row.bind(8, checksum(each));
            row.bind_blob(9, each.manifest);
        });
        if (!done) return done;
        heads.checkpoints.add(checksum(each));
    }
    for (const Hash& hash : pieces) {
        int64_t told = 0;
        const auto read = pages_.row_of(pieces_.at(hash), told);
        if (!read || read->size() != 2) return changes;
        auto done = put(piece, [&](Statement& row) {
            row.bind_blob(1, (*read)[0].bytes);
            row.bind_blob(2, (*read)[1].bytes);
        });
        if (!done) return done;
    }
    for (const auto& entry : timelines_) {
        const TimelineRecord& each = entry.second;
        auto done = put(timeline, [&](Statement& row) {
            row.bind(1, int64_t(each.number));
            row.bind_blob(2, each.name);
            bind_place(row, 3, each.from);
            row.bind(7, int64_t(each.epoch));
            row.bind(8, each.at_ms);
            row.bind(9, checksum(each));
        });
        if (!done) return done;
        heads.timelines.add(checksum(each));
    }
    for (const auto& entry : snapshots_) {
        const SnapshotRecord& each = entry.second;
        auto done = put(snapshot, [&](Statement& row) {
            row.bind(1, int64_t(each.number));
            row.bind_blob(2, each.name);
            bind_place(row, 3, each.place);
            row.bind(7, int64_t(each.epoch));
            row.bind(8, each.at_ms);
            row.bind(9, int64_t(each.pinned));
            row.bind(10, checksum(each));
        });
        if (!done) return done;
        heads.snapshots.add(checksum(each));
    }
    return ok();
}

} // namespace indent::image
