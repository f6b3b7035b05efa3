// How people call places of the story.
#include "image/history/past.h"
#include "vm/model/text.h"
#include <algorithm>
#include <charconv>
#include <map>

namespace indent::image {

namespace {

bool whole_number(std::string_view text, uint64_t& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return !text.empty() && error == std::errc() && end == text.data() + text.size();
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
    auto number = story.batch_with_turn(timeline, std::min<uint64_t>(turn, INT64_MAX)); // no row has more
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
    constexpr size_t kLongest = 200;
    if (name.size() > kLongest)
        return Failure{"bad_name", "a name has at most " + std::to_string(kLongest) +
                                       " bytes, and this one has " + std::to_string(name.size())};
    if (find_invalid_utf8(name) != std::string::npos)
        return Failure{"bad_name", "a name is a text in UTF-8, and this one is not"};
    // The marks of direction, too: what is shown beside them would be turned around.
    auto is_hidden = [&](std::string_view mark) { return name.find(mark) != std::string::npos; };
    constexpr std::string_view kHidden[] = {"\u200e", "\u200f", "\u202a", "\u202b", "\u202c",
                                            "\u202d", "\u202e", "\u2066", "\u2067", "\u2068",
                                            "\u2069", "\u2028", "\u2029"};
    if (std::any_of(name.begin(), name.end(), [](char c) { return uint8_t(c) < ' ' || c == 0x7f; }) ||
        std::any_of(std::begin(kHidden), std::end(kHidden), is_hidden))
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

} // namespace indent::image
