#include "image/history/past.h"
#include "vm/os/clock.h"
#include <algorithm>
#include <charconv>
#include <map>

namespace indent::image {

namespace {

constexpr size_t kSliceBytes = 256 << 10;     // of rows that one transaction writes, or one call reads
constexpr size_t kLargestWaypoint = 16 << 20; // bytes that it was read from
constexpr size_t kNewestSnapshots = 100;      // that were made by themselves, and stay
constexpr int64_t kMillisecond = 1'000'000;

bool whole_number(std::string_view text, uint64_t& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return !text.empty() && error == std::errc() && end == text.data() + text.size();
}

// The turn that ends with this group; null: none does.
const SegmentRecord* end_in(const std::vector<Record>& records) {
    for (const Record& record : records)
        if (auto* segment = std::get_if<SegmentRecord>(&record))
            return ends_turn(*segment) ? segment : nullptr;
    return nullptr;
}

// How many groups of a batch, in which there were `before` turns when it began, are over when there are `turn`.
bool groups_with(std::string_view body, uint64_t before, uint64_t turn, uint64_t& groups) {
    ByteReader in(body);
    std::string_view group;
    std::vector<Record> records;
    groups = 0;
    while (next_group(in, group)) {
        records.clear();
        if (!read_all(group, records)) return false;
        ++groups;
        if (end_in(records) && ++before == turn) return true;
    }
    return !in.failed();
}

uint64_t turns_in(std::string_view body) {
    ByteReader in(body);
    std::string_view group;
    std::vector<Record> records;
    uint64_t turns = 0;
    while (next_group(in, group)) {
        records.clear();
        if (!read_all(group, records)) break;
        turns += end_in(records) != nullptr;
    }
    return turns;
}

} // namespace

// ---- where

Result<StoryPlace> Past::now() {
    std::lock_guard lock(mutex_);
    const StoryHeads& heads = image_.story().heads();
    StoryPlace place{heads.timeline, heads.last, StoryPlace::kWhole, 0};
    uint64_t turn = 0;
    bool found = false;
    auto read = image_.story().read_batches_back(heads.timeline, heads.first, heads.last,
                                                 [&](const BatchRecord& batch) {
                                                     turn = batch.turn;
                                                     found = true;
                                                     return Result<bool>(false);
                                                 });
    if (!read) return std::move(read).failure();
    auto checkpoint = image_.story().checkpoint_before(place);
    if (!checkpoint) return std::move(checkpoint).failure();
    if (*checkpoint && !found) turn = (*checkpoint)->place.turn;
    place.turn = turn;
    return place;
}

Result<StoryPlace> Past::at_turn(uint64_t timeline, uint64_t turn) {
    std::lock_guard lock(mutex_);
    Story& story = image_.story();
    auto timelines = story.timelines();
    if (!timelines) return std::move(timelines).failure();
    std::map<uint64_t, StoryPlace> from;
    for (const TimelineRecord& each : *timelines) from[each.number] = each.from;
    if (timeline != 1 && !from.contains(timeline))
        return Failure{"not_found", image_.path() + " has no timeline " + std::to_string(timeline) +
                                        "; `indent image lines` lists them"};
    for (size_t steps = from.size(); timeline != 1 && turn <= from[timeline].turn; --steps) {
        if (steps == 0) return damaged();
        if (turn == from[timeline].turn) return from[timeline];
        timeline = from[timeline].timeline;
        if (timeline != 1 && !from.contains(timeline)) return damaged();
    }
    if (turn == 0) return StoryPlace{1, 0, StoryPlace::kWhole, 0};
    auto number = story.batch_with_turn(timeline, turn);
    if (!number) return std::move(number).failure();
    if (*number == 0)
        return Failure{"not_found", "there is no turn " + std::to_string(turn) + " on timeline " +
                                        std::to_string(timeline) + " of " + image_.path() +
                                        "; `indent image turns` lists the last ones"};
    StoryPlace place{timeline, *number, 0, turn};
    bool good = true;
    auto read = story.read_batches(timeline, *number, *number, [&](const BatchRecord& batch) {
        const uint64_t before = batch.turn - std::min(batch.turn, turns_in(batch.body));
        if (before >= turn) { // it came with a batch that has been forgotten
            good = false;
            return Result<bool>(false);
        }
        good = groups_with(batch.body, before, turn, place.groups);
        return Result<bool>(false);
    });
    if (!read) return std::move(read).failure();
    if (!good) {
        // A checkpoint may have exactly this turn still.
        auto all = story.checkpoints();
        if (!all) return std::move(all).failure();
        for (const CheckpointRecord& each : *all)
            if (each.place.timeline == timeline && each.place.turn == turn) return each.place;
        return Failure{"forgotten", "turn " + std::to_string(turn) + " of " + image_.path() +
                                        " has been forgotten: its history has a budget"};
    }
    return place;
}

Result<void> Past::may_be_named(const std::string& name) {
    auto refused = [&](const std::string& why) {
        return Failure{"bad_name", "`" + name + "` cannot be a name: " + why};
    };
    if (name.find_first_not_of(' ') == std::string::npos) return refused("there is nothing to read");
    if (std::any_of(name.begin(), name.end(), [](char c) { return uint8_t(c) < ' ' || c == 0x7f; }))
        return refused("it has a character that cannot be shown");
    std::string_view rest = name;
    if (rest.starts_with("now-"))
        rest.remove_prefix(4);
    else if (rest[0] == '-' || rest[0] == '#')
        rest.remove_prefix(1);
    const size_t colon = rest.find(':');
    uint64_t number = 0;
    if (name == "now" || whole_number(rest, number) ||
        (colon != std::string_view::npos && whole_number(rest.substr(0, colon), number) &&
         whole_number(rest.substr(colon + 1), number)))
        return refused("it says a turn, or how many turns back, wherever a place is asked for");
    std::lock_guard lock(mutex_);
    auto snapshots = image_.story().snapshots();
    if (!snapshots) return std::move(snapshots).failure();
    for (const SnapshotRecord& each : *snapshots)
        if (each.name == name)
            return refused("snapshot #" + std::to_string(each.number) +
                           " is called so; `indent image forget " + image_.path() + " '#" +
                           std::to_string(each.number) + "'` forgets that one");
    auto timelines = image_.story().timelines();
    if (!timelines) return std::move(timelines).failure();
    for (const TimelineRecord& each : *timelines)
        if (each.name == name) return refused("timeline " + std::to_string(each.number) + " is called so");
    return ok();
}

Result<StoryPlace> Past::find(const std::string& where) {
    if (where == "now" || where.empty()) return now();
    uint64_t number = 0, timeline = 0;
    {
        std::lock_guard lock(mutex_);
        timeline = image_.story().heads().timeline;
    }
    if (whole_number(where, number)) return at_turn(timeline, number);
    const std::string_view back = std::string_view(where).substr(where.starts_with("now-") ? 3 : 0);
    if (back[0] == '-' && whole_number(back.substr(1), number)) {
        auto at = now();
        if (!at) return at;
        if (number > at->turn)
            return Failure{"not_found", "there are only " + std::to_string(at->turn) + " turns to go back"};
        return at_turn(at->timeline, at->turn - number);
    }
    if (const size_t colon = where.find(':'); colon != std::string::npos) {
        uint64_t line = 0;
        if (whole_number(std::string_view(where).substr(0, colon), line) &&
            whole_number(std::string_view(where).substr(colon + 1), number))
            return at_turn(line, number);
    }
    std::string names;
    {
        std::lock_guard lock(mutex_);
        auto snapshots = image_.story().snapshots();
        if (!snapshots) return std::move(snapshots).failure();
        const bool by_number = where[0] == '#' && whole_number(std::string_view(where).substr(1), number);
        for (auto at = snapshots->rbegin(); at != snapshots->rend(); ++at) { // the newest of a name
            if (by_number ? at->number == number : at->name == where) return at->place;
            if (at->pinned && names.size() < 200) names += (names.empty() ? "" : ", ") + at->name;
        }
        auto timelines = image_.story().timelines();
        if (!timelines) return std::move(timelines).failure();
        for (const TimelineRecord& each : *timelines)
            if (each.name == where) timeline = each.number, number = UINT64_MAX;
        if (number == UINT64_MAX) {
            // The last place of that timeline.
            StoryPlace place = {timeline, 0, StoryPlace::kWhole, 0};
            for (const TimelineRecord& each : *timelines)
                if (each.number == timeline)
                    place = {timeline, each.from.batch, each.from.groups, each.from.turn};
            auto read =
                image_.story().read_batches_back(timeline, 0, UINT64_MAX, [&](const BatchRecord& batch) {
                    place = {timeline, batch.number, StoryPlace::kWhole, batch.turn};
                    return Result<bool>(false);
                });
            if (!read) return std::move(read).failure();
            return place;
        }
    }
    return Failure{"not_found", "`" + where + "` is no place in " + image_.path() +
                                    ": a turn (500, or 2:500 on timeline 2), `now`, turns back (now-3), or a "
                                    "snapshot" +
                                    (names.empty() ? " (there is none yet)" : " (" + names + ")")};
}

Result<StoryPlace> Past::earliest(const StoryPlace& place) {
    auto way = way_to(place);
    if (!way) return std::move(way).failure();
    std::lock_guard lock(mutex_);
    const uint64_t first = image_.story().heads().first;
    if (first == 1) return StoryPlace{1, 0, StoryPlace::kWhole, 0};
    // Whatever is read of a timeline after `first` is read from its last checkpoint before that.
    for (const StoryPlace& leg : *way) {
        if (leg.batch < first) continue;
        auto checkpoint = image_.story().checkpoint_before({leg.timeline, first - 1, StoryPlace::kWhole, 0});
        if (!checkpoint) return std::move(checkpoint).failure();
        if (*checkpoint) return (*checkpoint)->place;
    }
    return place;
}

// ---- what there was

Recovery::Piece Past::pieces() {
    return [this](const Hash& hash, std::string& content) {
        std::lock_guard lock(mutex_);
        auto piece = image_.story().piece(hash);
        if (!piece) return false;
        content = std::move(*piece);
        return true;
    };
}

Result<std::unique_ptr<Recovery>> Past::read(const StoryPlace& place) {
    auto recovery = std::make_unique<Recovery>();
    std::optional<CheckpointRecord> checkpoint;
    uint64_t first = 0;
    {
        std::lock_guard lock(mutex_);
        auto found = image_.story().checkpoint_before(place);
        if (!found) return std::move(found).failure();
        checkpoint = std::move(*found);
        first = image_.story().heads().first;
    }
    uint64_t next = 1, skip = 0;
    if (checkpoint) {
        if (!recovery->begin(checkpoint->manifest, pieces())) return damaged();
        const StoryPlace& from = checkpoint->place;
        next = from.groups == StoryPlace::kWhole ? from.batch + 1 : from.batch;
        skip = from.groups == StoryPlace::kWhole ? 0 : from.groups;
        if (place.batch < first && (from.batch != place.batch || from.groups != place.groups))
            return Failure{"forgotten", "turn " + std::to_string(place.turn) + " of " + image_.path() +
                                            " has been forgotten: its history has a budget"};
    } else if (place.timeline != 1) {
        return damaged();
    } else if (first > 1 && place.batch > 0) {
        return Failure{"forgotten", "turn " + std::to_string(place.turn) + " of " + image_.path() +
                                        " has been forgotten: its history has a budget"};
    }
    {
        std::lock_guard lock(waypoint_mutex_);
        if (waypoint_.recovery && waypoint_.timeline == place.timeline && waypoint_.batch < place.batch &&
            waypoint_.batch >= next) {
            *recovery = *waypoint_.recovery;
            next = waypoint_.batch + 1;
            skip = 0;
        }
    }
    const uint64_t skip_in = next;
    bool good = true;
    while (next <= place.batch && good) {
        std::vector<std::pair<uint64_t, std::string>> bodies;
        size_t bytes = 0;
        uint64_t seen = next;
        {
            std::lock_guard lock(mutex_);
            auto read =
                image_.story().read_batches(place.timeline, next, place.batch, [&](BatchRecord& batch) {
                    bytes += batch.body.size();
                    bodies.emplace_back(batch.number, std::move(batch.body));
                    seen = batch.number + 1;
                    return Result<bool>(bytes < kSliceBytes);
                });
            if (!read) return std::move(read).failure();
        }
        if (bytes < kSliceBytes) seen = place.batch + 1;
        const bool has_more = next > skip_in;
        if (keeps_way_ && seen > place.batch && has_more && recovery->bytes_read() <= kLargestWaypoint) {
            auto kept = std::make_unique<const Recovery>(*recovery);
            std::lock_guard lock(waypoint_mutex_);
            waypoint_ = {place.timeline, next - 1, std::move(kept)};
        }
        for (const auto& [number, body] : bodies) {
            const uint64_t upto = number == place.batch ? place.groups : UINT64_MAX;
            good = good && recovery->add(body, number == skip_in ? skip : 0, upto);
        }
        next = seen;
    }
    if (!good) return damaged();
    return recovery;
}

Result<std::vector<StoryPlace>> Past::way_to(StoryPlace place) {
    std::lock_guard lock(mutex_);
    auto timelines = image_.story().timelines();
    if (!timelines) return std::move(timelines).failure();
    std::vector<StoryPlace> way{place};
    while (way.front().timeline != 1) {
        const uint64_t at = way.front().timeline;
        auto found = std::find_if(timelines->begin(), timelines->end(),
                                  [&](const TimelineRecord& each) { return each.number == at; });
        if (found == timelines->end() || way.size() > timelines->size()) return damaged();
        way.insert(way.begin(), found->from);
    }
    return way;
}

Result<void> Past::walk(const StoryPlace& from, const StoryPlace& upto,
                        const std::function<Result<bool>(const Step&)>& step) {
    auto way = way_to(upto);
    if (!way) return std::move(way).failure();
    auto recovery = read(from);
    if (!recovery) return std::move(recovery).failure();
    auto leg = std::find_if(way->begin(), way->end(),
                            [&](const StoryPlace& each) { return each.timeline == from.timeline; });
    if (leg == way->end())
        return Failure{"not_found", "turn " + std::to_string(from.turn) + " of timeline " +
                                        std::to_string(from.timeline) + " is not on the way to turn " +
                                        std::to_string(upto.turn) + " of timeline " +
                                        std::to_string(upto.timeline)};
    StoryPlace at = from;
    std::vector<Record> records;
    for (; leg != way->end(); ++leg) {
        uint64_t next =
            at.groups == StoryPlace::kWhole || at.timeline != leg->timeline ? at.batch + 1 : at.batch;
        const uint64_t skip = at.groups == StoryPlace::kWhole || at.timeline != leg->timeline ? 0 : at.groups;
        const uint64_t skip_in = next;
        while (next <= leg->batch) {
            std::vector<std::pair<uint64_t, std::string>> bodies;
            size_t bytes = 0;
            uint64_t seen = leg->batch + 1;
            {
                std::lock_guard lock(mutex_);
                auto read =
                    image_.story().read_batches(leg->timeline, next, leg->batch, [&](BatchRecord& batch) {
                        bytes += batch.body.size();
                        bodies.emplace_back(batch.number, std::move(batch.body));
                        if (bytes < kSliceBytes) return Result<bool>(true);
                        seen = batch.number + 1;
                        return Result<bool>(false);
                    });
                if (!read) return std::move(read).failure();
            }
            next = seen;
            for (const auto& [number, body] : bodies) {
                ByteReader in(body);
                std::string_view group;
                const uint64_t most = number == leg->batch ? leg->groups : UINT64_MAX;
                for (uint64_t i = 0; i < most && next_group(in, group); ++i) {
                    if (number == skip_in && i < skip) continue;
                    records.clear();
                    if (!read_all(group, records)) return damaged();
                    if (const SegmentRecord* segment = end_in(records)) {
                        Step here;
                        here.turn = (*recovery)->turns() + 1;
                        here.place = {leg->timeline, number, i + 1, here.turn};
                        here.segment = segment;
                        here.records = &records;
                        here.before = (*recovery)->actor(segment->actor);
                        here.recovery = recovery->get();
                        if (here.before && segment->message) {
                            const auto& mailbox = here.before->mailbox;
                            auto found =
                                std::find_if(mailbox.begin(), mailbox.end(), [&](const PostRecord& post) {
                                    return post.number == segment->message;
                                });
                            if (found != mailbox.end())
                                here.message = &*found;
                            else if (here.before->begun && here.before->begun->number == segment->message)
                                here.message = &*here.before->begun;
                        }
                        auto goes_on = step(here);
                        if (!goes_on) return std::move(goes_on).failure();
                        if (!*goes_on) return ok();
                    }
                    if (!(*recovery)->take_records(records)) return damaged();
                }
                if (in.failed()) return damaged();
            }
        }
        at = *leg;
    }
    return ok();
}

Result<void> Past::give_rows(WorldNames& names) {
    std::vector<NameRow> rows; // whoever asks names for one of them asks the image while those are locked
    {
        std::lock_guard lock(mutex_);
        auto last = image_.story().last_name(NameRow::Shared);
        if (!last) return std::move(last).failure();
        names.shared_from(*last);
        auto read = image_.story().read_names(
            [&](NameRecord row) -> Result<void> {
                if (row.kind > NameRow::Shared) return damaged();
                rows.push_back({uint8_t(row.kind), row.number, std::move(row.content)});
                return ok();
            },
            NameRow::Code);
        if (!read) return read;
    }
    for (NameRow& row : rows)
        if (!names.add(std::move(row))) return damaged();
    names.shared_row = [this](uint64_t number, std::string& content) {
        std::lock_guard lock(mutex_);
        auto row = image_.story().name(NameRow::Shared, number);
        if (!row || !*row) return false;
        content = std::move(**row);
        return true;
    };
    return ok();
}

// ---- damage

Result<std::string> Past::damaged_actors() {
    auto place = now();
    if (!place) return std::move(place).failure();
    auto recovery = read(*place);
    if (!recovery) return std::move(recovery).failure();
    std::string all;
    for (const Recovery::Damaged& some : (*recovery)->damaged(Recovery::Look::AtAll)) {
        all += all.empty() ? "" : ", ";
        all += some.first == some.last
                   ? "actor " + std::to_string(some.first)
                   : "actors " + std::to_string(some.first) + " to " + std::to_string(some.last);
        std::string names;
        std::lock_guard lock(mutex_);
        for (uint64_t symbol : some.names) {
            auto name = image_.story().name(NameRow::Symbol, symbol);
            if (name && *name) names += (names.empty() ? " (:" : ", :") + **name;
        }
        all += names.empty() ? names : names + ")";
    }
    return all;
}

// ---- checkpoints

namespace {

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

// What there was at `place` as a checkpoint, of which the pieces are written already: so many `bytes`. If they would be more
// than `most` they are not written.
Result<CheckpointRecord> checkpoint_of(Image& image, std::mutex& mutex, const StoryPlace& place,
                                       const std::function<bool()>& stop, uint64_t most, uint64_t& bytes) {
    Past past(image, mutex, Past::ReadsOnce);
    auto recovery = past.read(place);
    if (!recovery) return std::move(recovery).failure();
    Recovery::Checkpoint made;
    if (!(*recovery)->checkpoint(made))
        return Failure{"damaged", image.path() + " is damaged: a checkpoint cannot be read"};
    bytes = bytes_of(made);
    if (bytes > most) return Failure{"too_large", "a checkpoint would be too large"};
    if (auto put = put_pieces(image, mutex, made.pieces, stop); !put) return std::move(put).failure();
    CheckpointRecord checkpoint;
    checkpoint.place = place;
    checkpoint.place.turn = (*recovery)->turns();
    checkpoint.at_ms = os::wall_ns() / kMillisecond;
    checkpoint.epoch = (*recovery)->epoch();
    checkpoint.manifest = std::move(made.manifest);
    return checkpoint;
}
Result<CheckpointRecord> checkpoint_of(Image& image, std::mutex& mutex, const StoryPlace& place,
                                       const std::function<bool()>& stop) {
    uint64_t bytes = 0;
    return checkpoint_of(image, mutex, place, stop, UINT64_MAX, bytes);
}

} // namespace

Result<uint64_t> make_checkpoint(Image& image, std::mutex& mutex, const std::function<bool()>& stop,
                                 uint64_t most) {
    StoryPlace place;
    {
        std::lock_guard lock(mutex);
        const StoryHeads& heads = image.story().heads();
        place = {heads.timeline, heads.last, StoryPlace::kWhole, 0};
        auto last = image.story().checkpoint_before(place);
        if (!last) return std::move(last).failure();
        if (heads.last == 0 || (*last && (*last)->place.batch == heads.last)) return 0;
    }
    uint64_t bytes = 0;
    auto checkpoint = checkpoint_of(image, mutex, place, stop, most, bytes);
    if (bytes > most) return bytes;
    if (!checkpoint) return std::move(checkpoint).failure();
    std::lock_guard lock(mutex);
    auto put = image.story().put_checkpoint(*checkpoint);
    if (!put) return std::move(put).failure();
    return bytes;
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

// ---- what is forgotten
//
// Batches go from the oldest on. Before they go, the snapshots among them that stay, and where each timeline is now, get
// checkpoints of their own, unless they have such; other checkpoints go with the batches that lead from them.
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
