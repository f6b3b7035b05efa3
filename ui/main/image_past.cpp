#include "ui/main/image_past.h"
#include "image/history/checkpoints.h"
#include "image/history/past_world.h"
#include "image/history/step_through.h"
#include "image/history/turn_test.h"
#include "image/history/turns.h"
#include "image/history/why.h"
#include "ui/main/asking.h"
#include "ui/main/canvas_files.h"
#include "ui/main/image_home.h"
#include "ui/main/past_words.h"
#include "ui/main/what_if.h"
#include "vm/actors/actor.h"
#include "vm/os/clock.h"
#include "vm/world/world.h"
#include <algorithm>
#include <set>

namespace indent {

using namespace image;

namespace {

constexpr size_t kInFull = 1 << 20; // bytes of a value that is looked at by itself

std::string name_of(PastWorld& world, uint64_t number) {
    return std::to_string(number) + "  " + world.describe(number);
}

// With the fields, of which at most so many bytes are shown each.
std::string told(PastWorld& world, uint64_t number, size_t most) {
    std::string text = name_of(world, number);
    if (const uint64_t waiting = world.waiting(number))
        text += ", " + counted(waiting, "message") + " waiting";
    text += "\n";
    const std::vector<Field> fields = world.fields(number);
    if (fields.empty() && !world.has_state(number)) text += "      has not started\n";
    bool is_cut = false;
    for (const Field& field : fields) {
        const Shown shown = show(world.system(), field.value, most);
        text += "      " + field.name + " = " + shown.text + "\n";
        is_cut |= shown.is_cut;
    }
    if (is_cut && most == kInFull)
        text += "note: values are cut after a megabyte; an expression shows a part, such as "
                "`actor(:name).state[:field].last(3)`\n";
    return text;
}

// Of an actor that lived at both places: a line for each field that is another.
std::string differences(PastWorld& before, PastWorld& after, uint64_t number) {
    std::string text;
    const uint64_t waited = before.waiting(number), waits = after.waiting(number);
    if (!after.has_same_record(number, before)) {
        const std::vector<Field> was = before.fields(number), is = after.fields(number);
        auto find = [](const std::vector<Field>& all, const std::string& name) {
            auto found =
                std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == name; });
            return found == all.end() ? nullptr : &*found;
        };
        for (const Field& field : is) {
            const Field* old = find(was, field.name);
            if (!old)
                text += "      " + field.name + ": new, " + in_short(after.system(), field.value) + "\n";
            else if (auto other = first_difference(before.system(), old->value, after.system(), field.value))
                text += "      " + field.name + other->path + ": " + other->was + " -> " + other->is + "\n";
        }
        for (const Field& field : was)
            if (!find(is, field.name))
                text +=
                    "      " + field.name + ": gone, it was " + in_short(before.system(), field.value) + "\n";
    }
    if (waited != waits)
        text += "      messages waiting: " + std::to_string(waited) + " -> " + std::to_string(waits) + "\n";
    return text;
}

std::string troubles_of(const PastWorld& world) {
    std::string text;
    for (const std::string& trouble : world.troubles()) text += "note: " + trouble + "\n";
    return text;
}

const char* ended_how(const Past::Step& step) {
    return step.segment->end == SegmentRecord::Failed ? "failed"
           : step.segment->message                    ? ""
           : ends_for_restart(step)                   ? "on stop(:restart)"
                                                      : "followed a reload";
}

} // namespace

Result<std::string> ImagePast::ask(const std::string& question, const std::vector<std::string>& words) {
    auto word = [&](size_t at, const char* otherwise = "") {
        return at < words.size() ? words[at] : std::string(otherwise);
    };
    auto usage = [&](const char* how) { return Failure{"bad_words", "ask `" + question + "` with " + how}; };
    uint64_t number = 0;
    if (question == "what-if" || question == "rehearse" || question == "test-from" || question == "step")
        if (std::string why = why_paused(); !why.empty()) return Failure{"paused", std::move(why)};
    if (question == "info") return info();
    if (question == "turns") {
        number = 20;
        if (!words.empty() && !whole_number(words[0], number)) return usage("how many and where");
        return turns(number, word(1, "now"), false);
    }
    if (question == "history") {
        if (words.size() != 1 || !whole_number(words[0], number)) return usage("how many");
        return turns(number, "now", true);
    }
    if (question == "state") {
        if (words.empty()) return usage("an actor and perhaps a place");
        return state(words[0], word(1, "now"));
    }
    if (question == "places") return snapshots(true);
    if (question == "show") return show(word(0, "now"), word(1));
    if (question == "pictures") return pictures(word(0, "now"));
    if (question == "diff") {
        if (words.empty()) return usage("one place or two");
        return diff(words[0], word(1, "now"));
    }
    if (question == "why") {
        if (words.size() < 2) return usage("an actor, a field and perhaps a place");
        return why(words[0], words[1], word(2, "now"));
    }
    if (question == "what-if" || question == "rehearse") {
        number = 100;
        if ((!word(0).empty() && !whole_number(word(0), number)) ||
            (words.size() > 3 && (words.size() - 3) % 3 != 0))
            return usage(
                "how many messages, from where, to where, and for each text its module, file and text");
        std::vector<ReloadText> texts;
        for (size_t i = 3; i < words.size(); i += 3)
            texts.push_back({words[i], words[i + 1].empty() ? words[i] : words[i + 1], words[i + 2], true});
        auto upto = past_.find(word(2).empty() ? "now" : word(2));
        if (!upto) return std::move(upto).failure();
        auto from = word(1).empty() ? back_from(*upto, number) : past_.find(word(1));
        if (!from) return std::move(from).failure();
        if (from->turn > upto->turn)
            return Failure{"bad_words", "the span would begin after turn " + std::to_string(from->turn) +
                                            ", which is not before turn " + std::to_string(upto->turn)};
        return tell_what_if(past_, store_, *from, *upto, std::move(texts), question == "rehearse");
    }
    if (question == "test-from") {
        if (words.size() != 1) return usage("a turn");
        return test_of(words[0]);
    }
    if (question == "step") {
        number = 0;
        if (words.empty() || words.size() > 2 ||
            (words.size() == 2 && (!whole_number(words[1], number) || !number)))
            return usage("a turn and perhaps which of its statements, from 1");
        return step(words[0], number);
    }
    if (question == "foreign") {
        if (words.size() % 2) return usage("modules, each with the hash of a text");
        return foreign(words);
    }
    if (question == "lines") return lines();
    if (question == "fork") {
        if (words.empty()) return usage("a place and perhaps a name");
        auto place = past_.find(words[0]);
        if (!place) return std::move(place).failure();
        if (!word(1).empty())
            if (auto may = past_.may_be_named(word(1)); !may) return std::move(may).failure();
        auto made = fork(image(), mutex(), *place, word(1), false);
        if (!made) return std::move(made).failure();
        return "timeline " + std::to_string(*made) + " begins after turn " + std::to_string(place->turn) +
               "\n";
    }
    if (question == "name") {
        if (words.size() != 2 || !whole_number(words[0], number))
            return usage("a timeline's number and its name");
        if (auto may = past_.may_be_named(words[1]); !may) return std::move(may).failure();
        std::lock_guard lock(mutex());
        if (auto named = image().story().name_timeline(number, words[1]); !named)
            return std::move(named).failure();
        return "timeline " + words[0] + " is called " + words[1] + "\n";
    }
    if (question == "snapshots") return snapshots(false);
    if (question == "snapshot") {
        if (words.empty() || words[0].empty()) return usage("a name and perhaps a place");
        return put_snapshot(words[0], word(1, "now"));
    }
    if (question == "forget") {
        if (words.size() != 1 || words[0].empty()) return usage("a snapshot's name or number");
        return forget_snapshot(words[0]);
    }
    return Failure{"unknown_question",
                   "`" + question +
                       "` is no question about the past; there are: info, turns, "
                       "show, pictures, diff, why, what-if, rehearse, test-from, step, foreign, lines, "
                       "fork, name, snapshots, snapshot, forget"};
}

std::string ImagePast::why_paused() {
    if (trusted_) return "";
    std::lock_guard lock(mutex());
    std::string why = indent::why_paused(image());
    trusted_ = why.empty();
    return why;
}

Result<void> ImagePast::may_go_back(const std::string& where, const std::string& name) {
    auto place = past_.find(where);
    if (!place) return std::move(place).failure();
    return name.empty() ? ok() : past_.may_be_named(name);
}

Result<std::string> ImagePast::go_back(const std::string& where, const std::string& name) {
    if (auto may = may_go_back(where, name); !may) return std::move(may).failure();
    auto place = past_.find(where);
    if (!place) return std::move(place).failure();
    auto made = image::go_back(image(), mutex(), *place, name);
    if (!made) return std::move(made).failure();
    return "went back to after turn " + std::to_string(place->turn) + ", on timeline " +
           std::to_string(*made) + "; `indent image lines` lists them all\n";
}

Result<std::string> ImagePast::info() {
    auto now = past_.now();
    if (!now) return std::move(now).failure();
    std::lock_guard lock(mutex());
    Story& story = image().story();
    auto bytes = story.bytes();
    if (!bytes) return std::move(bytes).failure();
    auto checkpoints = story.checkpoints();
    if (!checkpoints) return std::move(checkpoints).failure();
    auto timelines = story.timelines();
    if (!timelines) return std::move(timelines).failure();
    auto snapshots = story.snapshots();
    if (!snapshots) return std::move(snapshots).failure();
    const StoryHeads& heads = story.heads();
    return "turns: " + std::to_string(now->turn) + ", in " + std::to_string(heads.last + 1 - heads.first) +
           (heads.last == heads.first ? " batch" : " batches") + " from number " +
           std::to_string(heads.first) + " on\n" + "history: " + std::to_string(*bytes) + " bytes, " +
           counted(checkpoints->size(), "checkpoint") + ", " + counted(snapshots->size(), "snapshot") + ", " +
           counted(timelines->size() + 1, "timeline") + " (number " + std::to_string(heads.timeline) +
           " goes on)\n";
}

// ---- turns

Result<StoryPlace> ImagePast::back_from(const StoryPlace& upto, uint64_t most) {
    uint64_t least = upto.turn - std::min(upto.turn, most), most_turn = upto.turn;
    auto from = past_.at_turn(upto.timeline, least);
    if (from || from.failure().code != "forgotten") return from;
    StoryPlace found = upto; // from the first that is known
    while (least < most_turn) {
        const uint64_t middle = least + (most_turn - least) / 2;
        auto at = past_.at_turn(upto.timeline, middle);
        if (at)
            most_turn = middle, found = *at;
        else
            least = middle + 1;
    }
    return found;
}

Result<std::string> ImagePast::turns(uint64_t most, const std::string& where, bool table) {
    auto upto = past_.find(where);
    if (!upto) return std::move(upto).failure();
    auto from = back_from(*upto, most);
    if (!from) return std::move(from).failure();
    return in_world_thread([&]() -> Result<std::string> {
        auto world = PastWorld::make(past_, store_, *upto, PastWorld::How::Looked);
        if (!world) return std::move(world).failure();
        std::string text;
        auto walked = past_.walk(*from, *upto, [&](const Past::Step& step) -> Result<bool> {
            const SegmentRecord& segment = *step.segment;
            const std::string who = (*world)->describe(segment.actor);
            if (table) {
                const auto turn = turn_of(step);
                text += std::to_string(step.turn) + "\t" + std::to_string(segment.at_ms) + "\t" + who + "\t" +
                        (turn ? (*world)->message(turn->message) : "") + "\t" + ended_how(step) + "\n";
                return true;
            }
            text += std::to_string(step.turn) + "  " + moment_in_words(segment.at_ms) + "  " + who + "  ";
            if (const auto turn = turn_of(step))
                text += (*world)->message(turn->message) + (segment.timer ? ", by a timer  " : "  ");
            else if (segment.timer)
                text += "a timer's message  ";
            text += std::string(ended_how(step)) + "\n";
            return true;
        });
        if (!walked) return std::move(walked).failure();
        return text.empty() && !table ? std::string("no turn has ended yet\n") : text;
    });
}

// ---- what there was

Result<std::string> ImagePast::show(const std::string& where, const std::string& what) {
    auto place = past_.find(where);
    if (!place) return std::move(place).failure();
    return in_world_thread([&]() -> Result<std::string> {
        auto world = PastWorld::make(past_, store_, *place, PastWorld::How::Looked);
        if (!world) return std::move(world).failure();
        std::string text;
        if (what.empty()) {
            text = "after turn " + std::to_string(place->turn) + ", definitions of epoch " +
                   std::to_string((*world)->epoch()) + "\n";
            for (const uint64_t number : std::vector((*world)->actors()))
                text += told(**world, number, kInShort);
        } else if (const uint64_t number = (*world)->number_of(what)) {
            text = told(**world, number, kInFull);
        } else {
            return value(*place, what);
        }
        return text + troubles_of(**world);
    });
}

// The one question that runs code of then.
Result<std::string> ImagePast::value(const StoryPlace& place, const std::string& text) {
    if (std::string why = why_paused(); !why.empty()) return Failure{"paused", std::move(why)};
    auto world = PastWorld::make(past_, store_, place, PastWorld::How::Alive);
    if (!world) return std::move(world).failure();
    auto value = (*world)->value(text);
    if (!value) return std::move(value).failure();
    return *value + "\n" + troubles_of(**world);
}

Result<std::string> ImagePast::state(const std::string& who, const std::string& where) {
    auto place = past_.find(where);
    if (!place) return std::move(place).failure();
    return in_world_thread([&]() -> Result<std::string> {
        auto world = PastWorld::make(past_, store_, *place, PastWorld::How::Looked);
        if (!world) return std::move(world).failure();
        const uint64_t number = (*world)->number_of(who);
        if (!number) return Failure{"not_found", "there was no actor " + who + " then"};
        std::string text;
        for (const Field& field : (*world)->fields(number))
            text +=
                field.name + "\t" + indent::image::show((*world)->system(), field.value, kInFull).text + "\n";
        return text;
    });
}

Result<std::string> ImagePast::pictures(const std::string& where) {
    auto place = past_.find(where);
    if (!place) return std::move(place).failure();
    return in_world_thread([&]() -> Result<std::string> {
        auto world = PastWorld::make(past_, store_, *place, PastWorld::How::Looked);
        if (!world) return std::move(world).failure();
        (*world)->find_pictures();
        auto painted = paint_canvases((*world)->world(), "a picture of turn " + std::to_string(place->turn));
        if (!painted) return std::move(painted).failure();
        std::string text;
        for (const std::string& bytes : *painted) text += as_hexadecimal(bytes) + "\n";
        return text;
    });
}

Result<std::string> ImagePast::diff(const std::string& from, const std::string& to) {
    auto first = past_.find(from);
    if (!first) return std::move(first).failure();
    auto second = past_.find(to);
    if (!second) return std::move(second).failure();
    return in_world_thread([&]() -> Result<std::string> {
        auto before = PastWorld::make(past_, store_, *first, PastWorld::How::Looked);
        if (!before) return std::move(before).failure();
        auto after = PastWorld::make(past_, store_, *second, PastWorld::How::Looked);
        if (!after) return std::move(after).failure();
        std::string text;
        if ((*before)->epoch() != (*after)->epoch())
            text += "definitions: epoch " + std::to_string((*before)->epoch()) + " -> " +
                    std::to_string((*after)->epoch()) + "\n";
        for (const uint64_t number : std::vector((*before)->actors()))
            if (!(*after)->lives(number)) text += "- " + name_of(**before, number) + "\n";
        for (const uint64_t number : std::vector((*after)->actors())) {
            if (past_.gives_up()) return Failure{"stopped", "the comparison was given up"};
            if (!(*before)->lives(number)) {
                text += "+ " + told(**after, number, kInShort);
                continue;
            }
            const std::string lines = differences(**before, **after, number);
            if (!lines.empty() || (*before)->describe(number) != (*after)->describe(number))
                text += "  " + name_of(**after, number) + "\n" + lines;
        }
        return (text.empty() ? "nothing is different\n" : text) + troubles_of(**before) +
               troubles_of(**after);
    });
}

// ---- why it is so

Result<std::string> ImagePast::why(const std::string& who, const std::string& field,
                                   const std::string& where) {
    auto upto = past_.find(where);
    if (!upto) return std::move(upto).failure();
    return in_world_thread([&]() -> Result<std::string> {
        auto found = image::why(past_, store_, *upto, who, field);
        if (!found) return std::move(found).failure();
        std::string text = found->actor + ": " + field + " = " + found->value + "\n";
        if (!found->cause) return text + "  it was so before the history begins that is kept\n";
        const Why::Cause& cause = *found->cause;
        text += "  since turn " + std::to_string(cause.turn) + " at " + moment_in_words(cause.at_ms);
        if (!cause.before.empty()) text += ", which found " + cause.before;
        text += "\n";
        if (!cause.message.empty())
            text += "  handling " + cause.message;
        else
            text += "  which followed a reload";
        if (cause.epoch) text += ", in the code of epoch " + std::to_string(cause.epoch);
        text += "\n";
        if (cause.sender)
            text +=
                "  sent by " + cause.sender->actor + " in turn " + std::to_string(cause.sender->turn) + "\n";
        else if (!cause.message.empty())
            text += "  sent by no actor: a prompt, `eval`, a script, a timer\n";
        return text;
    });
}

// ---- a test of a turn

Result<std::string> ImagePast::test_of(const std::string& where) {
    auto place = past_.find(where);
    if (!place) return std::move(place).failure();
    if (place->turn == 0) return Failure{"not_found", "there is no turn 0: they are counted from 1"};
    auto before = past_.at_turn(place->timeline, place->turn - 1);
    if (!before) return std::move(before).failure();
    return in_world_thread([&]() -> Result<std::string> {
        auto test = test_from(past_, store_, *before, *place);
        if (!test) return std::move(test).failure();
        if (test->missing.empty()) return std::move(test->text);
        return Failure{"incomplete", std::move(test->text)};
    });
}

// ---- step by step

Result<std::string> ImagePast::step(const std::string& where, uint64_t number) {
    auto place = past_.find(where);
    if (!place) return std::move(place).failure();
    if (place->turn == 0) return Failure{"not_found", "there is no turn 0: they are counted from 1"};
    auto before = past_.at_turn(place->timeline, place->turn - 1);
    if (!before) return std::move(before).failure();
    return in_world_thread([&]() -> Result<std::string> {
        auto stepped = step_through(past_, store_, *before, *place, number);
        if (!stepped) return std::move(stepped).failure();
        if (!stepped->trouble.empty())
            return Failure{"not_run", "it cannot be run again: " + stepped->trouble};
        std::string text = "turn " + std::to_string(place->turn) + ": " + stepped->actor + " handles " +
                           stepped->message + "\n";
        auto shown = [](size_t i, const SteppedTurn::Statement& statement) {
            return std::to_string(i) + "  " + statement.file + ":" + std::to_string(statement.line) + "  " +
                   statement.text + "\n";
        };
        const uint64_t count = stepped->count;
        if (number == 0) {
            const size_t listed = stepped->statements.size();
            for (size_t i = 0; i < listed; ++i) text += shown(i + 1, stepped->statements[i]);
            if (listed < count) text += "… and " + std::to_string(count - listed) + " more\n";
            return text + counted(count, "statement") + "\n";
        }
        if (stepped->frames.empty())
            return Failure{"not_found", "the turn has " + counted(count, "statement") + ", and no number " +
                                            std::to_string(number)};
        text += "before " + shown(number, stepped->here);
        for (const SteppedTurn::Frame& frame : stepped->frames) {
            text += "  in " + frame.what + " at " + frame.file + ":" + std::to_string(frame.line) + "\n";
            for (const auto& variable : frame.variables)
                text += "      " + variable.first + " = " + variable.second + "\n";
        }
        text += "  state\n";
        for (const auto& field : stepped->state) text += "      " + field.first + " = " + field.second + "\n";
        return text;
    });
}

// ---- texts of modules

Result<std::string> ImagePast::foreign(const std::vector<std::string>& words) {
    std::lock_guard lock(mutex());
    std::string text;
    for (size_t i = 0; i + 1 < words.size(); i += 2) {
        const auto bytes = from_hexadecimal(words[i + 1]);
        const auto hash = bytes ? hash_from(*bytes) : std::nullopt;
        if (!hash) return Failure{"bad_words", "`" + words[i + 1] + "` is no hash of a text"};
        auto had = image().had(words[i], *hash);
        if (!had) return std::move(had).failure();
        if (!*had) text += words[i] + "\n";
    }
    return text;
}

// ---- places with names

Result<std::string> ImagePast::lines() {
    std::lock_guard lock(mutex());
    auto timelines = image().story().timelines();
    if (!timelines) return std::move(timelines).failure();
    const uint64_t now = image().story().heads().timeline;
    timelines->insert(timelines->begin(), TimelineRecord{1, "", {}, 0, 0});
    std::string text;
    for (const TimelineRecord& line : *timelines) {
        uint64_t last = line.from.turn;
        auto read =
            image().story().read_batches_back(line.number, 0, UINT64_MAX, [&](const BatchRecord& batch) {
                last = batch.turn;
                return Result<bool>(false);
            });
        if (!read) return std::move(read).failure();
        text += (line.number == now ? "* " : "  ") + std::to_string(line.number);
        if (!line.name.empty()) text += "  " + line.name;
        text += line.number == 1 ? "  from the beginning"
                                 : "  from turn " + std::to_string(line.from.turn) + " of " +
                                       std::to_string(line.from.timeline) + ", made " +
                                       moment_in_words(uint64_t(line.at_ms));
        text += ", now at turn " + std::to_string(last) + "\n";
    }
    return text;
}

Result<std::string> ImagePast::snapshots(bool table) {
    std::lock_guard lock(mutex());
    auto all = image().story().snapshots();
    if (!all) return std::move(all).failure();
    std::string text;
    for (const SnapshotRecord& one : *all) {
        if (table) {
            text += std::to_string(one.number) + "\t" + std::to_string(one.at_ms) + "\t" +
                    std::to_string(one.place.turn) + "\t" + std::to_string(one.place.timeline) + "\t" +
                    one.name + "\n";
            continue;
        }
        text += "#" + std::to_string(one.number) + "  " + moment_in_words(uint64_t(one.at_ms)) + "  turn " +
                std::to_string(one.place.turn) +
                (one.place.timeline == image().story().heads().timeline
                     ? ""
                     : " of timeline " + std::to_string(one.place.timeline)) +
                "  " + one.name + (one.pinned ? "" : " (made by itself)") + "\n";
    }
    return text.empty() && !table ? std::string("there is no snapshot yet\n") : text;
}

Result<std::string> ImagePast::put_snapshot(const std::string& name, const std::string& where) {
    if (auto may = past_.may_be_named(name); !may) return std::move(may).failure();
    auto place = past_.find(where);
    if (!place) return std::move(place).failure();
    auto recovery = past_.read(*place);
    if (!recovery) return std::move(recovery).failure();
    SnapshotRecord snapshot;
    snapshot.name = name;
    snapshot.place = *place;
    snapshot.epoch = (*recovery)->epoch();
    snapshot.at_ms = os::wall_ns() / 1'000'000;
    std::lock_guard lock(mutex());
    auto made = image().story().put_snapshot(std::move(snapshot));
    if (!made) return std::move(made).failure();
    return "snapshot #" + std::to_string(*made) + ", " + name + ", is what there was after turn " +
           std::to_string(place->turn) + "\n";
}

// By its name, or by its number where no snapshot has that name.
Result<std::string> ImagePast::forget_snapshot(const std::string& which) {
    std::lock_guard lock(mutex());
    auto all = image().story().snapshots();
    if (!all) return std::move(all).failure();
    uint64_t number = 0;
    if (!whole_number(which, number) && which[0] == '#') (void)whole_number(which.substr(1), number);
    auto found = std::find_if(all->begin(), all->end(), [&](const auto& one) { return one.name == which; });
    if (found == all->end())
        found = std::find_if(all->begin(), all->end(), [&](const auto& one) { return one.number == number; });
    if (found == all->end())
        return Failure{"not_found", image().path() + " has no snapshot " + which +
                                        "; `indent image snapshots` lists them"};
    if (auto gone = image().story().drop_snapshot(found->number); !gone) return std::move(gone).failure();
    return "snapshot #" + std::to_string(found->number) + ", " + found->name + ", is forgotten\n";
}

} // namespace indent
