#include "image/history/past.h"
#include <algorithm>

namespace indent::image {

namespace {

constexpr size_t kReadBytes = 256 << 10;      // of rows that one call reads
constexpr size_t kLargestWaypoint = 16 << 20; // bytes that it was read from

} // namespace

const SegmentRecord* end_in(const std::vector<Record>& records) {
    for (const Record& record : records)
        if (auto* segment = std::get_if<SegmentRecord>(&record))
            return ends_turn(*segment) ? segment : nullptr;
    return nullptr;
}

Recovery::Piece Past::pieces() {
    return [this](const Hash& hash, std::string& content) {
        std::lock_guard lock(mutex_);
        auto piece = image_.story().piece(hash);
        if (!piece) return false;
        content = std::move(*piece);
        return true;
    };
}

Result<Past::Bodies> Past::next_bodies(uint64_t timeline, uint64_t next, uint64_t upto, uint64_t& seen) {
    Bodies bodies = recent_ ? recent_->from(timeline, next, upto, kReadBytes) : Bodies();
    if (!bodies.empty()) {
        seen = bodies.back().first + 1;
        return bodies;
    }
    size_t bytes = 0;
    seen = upto + 1;
    std::lock_guard lock(mutex_);
    auto read = image_.story().read_batches(timeline, next, upto, [&](BatchRecord& batch) {
        bytes += batch.body.size();
        bodies.emplace_back(batch.number, std::make_shared<const std::string>(std::move(batch.body)));
        if (bytes < kReadBytes) return Result<bool>(true);
        seen = batch.number + 1;
        return Result<bool>(false);
    });
    if (!read) return std::move(read).failure();
    return bodies;
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
        if (gives_up_) return stopped();
        uint64_t seen = next;
        auto bodies = next_bodies(place.timeline, next, place.batch, seen);
        if (!bodies) return std::move(bodies).failure();
        const bool has_more = next > skip_in;
        if (keeps_way_ && seen > place.batch && has_more && recovery->bytes_read() <= kLargestWaypoint) {
            auto kept = std::make_unique<const Recovery>(*recovery);
            std::lock_guard lock(waypoint_mutex_);
            waypoint_ = {place.timeline, next - 1, std::move(kept)};
        }
        for (const auto& [number, body] : *bodies) {
            const uint64_t upto = number == place.batch ? place.groups : UINT64_MAX;
            good = good && recovery->add(*body, number == skip_in ? skip : 0, upto);
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
            auto bodies = next_bodies(leg->timeline, next, leg->batch, next);
            if (!bodies) return std::move(bodies).failure();
            for (const auto& [number, body] : *bodies) {
                ByteReader in(*body);
                std::string_view group;
                const uint64_t most = number == leg->batch ? leg->groups : UINT64_MAX;
                for (uint64_t i = 0; i < most && next_group(in, group); ++i) {
                    if (number == skip_in && i < skip) continue;
                    records.clear();
                    if (!read_all(group, records)) return damaged();
                    if (const SegmentRecord* segment = end_in(records)) {
                        if (gives_up_) return stopped();
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

} // namespace indent::image
