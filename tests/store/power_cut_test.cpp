// What a power cut or a failing disk does to an image at each of its operations, against a list of what was
// acknowledged that no part of the image has made: everything acknowledged is there, nothing twice, nothing by half.
#include "faulty_disk.h"
#include "image/store/image.h"
#include "image/store/listing.h"
#include "tests/sanitizers.h"
#include "tests/store/folder.h"
#include <cstdlib>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <sqlite3.h>

using namespace indent;
using namespace indent::testing;
using image::Image;
using image::ModuleRecord;
using image::NameRecord;
namespace fs = std::filesystem;

namespace {

constexpr uint64_t kWhole = image::StoryPlace::kWhole;

// What an image holds, kept here by the script itself.
struct Content {
    std::map<std::string, ModuleRecord> modules;
    std::vector<std::string> epochs;
    std::map<std::string, std::string> desk;
    std::map<std::pair<uint64_t, uint64_t>, std::string> names;
    uint64_t first = 1, timeline = 1;
    std::vector<std::pair<uint64_t, std::string>> batches; // timelines and bodies
    std::set<std::string> pieces;
    std::map<uint64_t, std::string> checkpoints, timelines, snapshots; // in words
    uint64_t last_checkpoint = 0, last_timeline = 1, last_snapshot = 0;
    uint64_t last() const { return first + batches.size() - 1; }
    image::StoryPlace place() const { return {timeline, last(), kWhole, last()}; }
    bool operator==(const Content&) const = default;
};

std::string in_words(const image::StoryPlace& place) {
    return std::to_string(place.timeline) + "/" + std::to_string(place.batch) + "/" +
           (place.groups == kWhole ? "" : std::to_string(place.groups)) + "/" + std::to_string(place.turn);
}
std::string manifest_of(const std::vector<std::string>& pieces) {
    std::vector<image::ListingEntry> entries;
    for (const auto& piece : pieces)
        entries.push_back({std::to_string(entries.size()), image::hash_of(piece)});
    return image::encode_listing("", entries);
}
std::vector<std::string> pieces_of(const std::string& mark, size_t count) {
    std::vector<std::string> pieces;
    for (size_t i = 0; i < count; ++i)
        pieces.push_back(mark + std::to_string(i) + std::string(1 + i * 1700, char('0' + i)));
    return pieces;
}
const std::vector<std::string>& all_pieces() {
    static const std::vector<std::string> all = [] {
        std::vector<std::string> made;
        for (const char* mark : {"a", "b", "c"})
            for (auto& piece : pieces_of(mark, 4)) made.push_back(piece);
        return made;
    }();
    return all;
}

Result<Content> content_of(Image& image) {
    Content content;
    auto modules = image.modules();
    if (!modules) return std::move(modules).failure();
    for (auto& module : *modules) content.modules[module.path] = module;
    auto epochs = image.epochs();
    if (!epochs) return std::move(epochs).failure();
    for (auto& epoch : *epochs) content.epochs.push_back(epoch.what);
    auto desk = image.desk();
    if (!desk) return std::move(desk).failure();
    content.desk = std::move(desk).value();
    image::Story& story = image.story();
    auto names = story.read_names([&](NameRecord name) {
        content.names[{name.kind, name.number}] = name.content;
        return ok();
    });
    if (!names) return std::move(names).failure();
    const image::StoryHeads& heads = story.heads();
    content.first = heads.first;
    content.timeline = heads.timeline;
    content.last_checkpoint = heads.last_checkpoint;
    content.last_timeline = heads.last_timeline;
    content.last_snapshot = heads.last_snapshot;
    auto read = story.read_batches(0, 0, UINT64_MAX, [&](const image::BatchRecord& batch) {
        content.batches.emplace_back(batch.timeline, batch.body);
        return Result<bool>(true);
    });
    if (!read) return std::move(read).failure();
    if (auto whole = story.verify(); !whole) return std::move(whole).failure(); // no wanted piece is missing
    for (const std::string& piece : all_pieces()) {
        auto there = story.piece(image::hash_of(piece));
        if (there)
            content.pieces.insert(*there);
        else if (there.failure().message.find("is missing") == std::string::npos)
            return std::move(there).failure();
    }
    auto checkpoints = story.checkpoints();
    if (!checkpoints) return std::move(checkpoints).failure();
    for (auto& each : *checkpoints) content.checkpoints[each.number] = in_words(each.place);
    auto timelines = story.timelines();
    if (!timelines) return std::move(timelines).failure();
    for (auto& each : *timelines) content.timelines[each.number] = each.name + " " + in_words(each.from);
    auto snapshots = story.snapshots();
    if (!snapshots) return std::move(snapshots).failure();
    for (auto& each : *snapshots) content.snapshots[each.number] = each.name + " " + in_words(each.place);
    return content;
}

// In what they differ.
std::string difference(const Content& a, const Content& b) {
    std::string words;
    auto see = [&](const char* what, bool same) {
        if (!same) words += std::string(words.empty() ? "" : ", ") + what;
    };
    see("modules", a.modules == b.modules);
    see("epochs", a.epochs == b.epochs);
    see("desk", a.desk == b.desk);
    see("names", a.names == b.names);
    see("batches", a.first == b.first && a.timeline == b.timeline && a.batches == b.batches);
    see("pieces", a.pieces == b.pieces);
    see("checkpoints", a.checkpoints == b.checkpoints && a.last_checkpoint == b.last_checkpoint);
    see("timelines", a.timelines == b.timelines && a.last_timeline == b.last_timeline);
    see("snapshots", a.snapshots == b.snapshots && a.last_snapshot == b.last_snapshot);
    return words.empty() ? "nothing" : words;
}

// One thing that is done with an image, and what it makes of the content.
struct Step {
    std::string what;
    std::function<Result<void>(std::unique_ptr<Image>&)> run;
    std::function<void(Content&)> effect;
    std::string copy{}; // the file that it makes beside the image
};

class Script {
  public:
    explicit Script(std::string path) : path_(std::move(path)) {}
    // Begins with an image that is there already.
    Script(std::string path, std::string origin, Content begins_with)
        : path_(std::move(path)), origin_(std::move(origin)), begins_with_(std::move(begins_with)) {}

    void create() {
        steps_.push_back({"create",
                          [p = path_](auto& image) -> Result<void> {
                              auto made = Image::create(p);
                              if (!made) return std::move(made).failure();
                              image = std::move(made).value();
                              return ok();
                          },
                          [](Content&) {}});
    }
    void reopen() { // closing has no answer; what is open again is
        steps_.push_back({"reopen",
                          [p = path_](auto& image) -> Result<void> {
                              image.reset();
                              auto opened = Image::open(p);
                              if (!opened) return std::move(opened).failure();
                              image = std::move(opened).value();
                              return ok();
                          },
                          [](Content&) {}});
    }
    void commit(const std::string& what, std::vector<ModuleRecord> changed) {
        steps_.push_back({"commit " + what,
                          [=](auto& image) -> Result<void> {
                              auto number = image->commit(what, changed);
                              if (!number) return std::move(number).failure();
                              return ok();
                          },
                          [=](Content& content) {
                              content.epochs.push_back(what);
                              for (const auto& module : changed) {
                                  content.modules.erase(module.path);
                                  if (!module.definitions.empty()) content.modules[module.path] = module;
                              }
                          }});
    }
    void save(const std::string& key, const std::string& text) {
        steps_.push_back({"save " + key, [=](auto& image) { return image->save(key, text); },
                          [=](Content& content) { content.desk[key] = text; }});
    }
    void forget(const std::string& key) {
        steps_.push_back({"forget " + key, [=](auto& image) { return image->forget(key); },
                          [=](Content& content) { content.desk.erase(key); }});
    }
    void append(std::vector<NameRecord> names, const std::string& body) {
        steps_.push_back({"append",
                          [=](auto& image) {
                              return image->story().append(names, {0, 1, 7, 8, body});
                          },
                          [=](Content& content) {
                              for (const auto& name : names)
                                  content.names[{name.kind, name.number}] = name.content;
                              if (!body.empty()) content.batches.emplace_back(content.timeline, body);
                          }});
    }
    void put_pieces(std::vector<std::string> pieces) {
        steps_.push_back({"pieces", [=](auto& image) { return image->story().put_pieces(pieces); },
                          [=](Content& content) { content.pieces.insert(pieces.begin(), pieces.end()); }});
    }
    static image::StoryPlace place_in(Image& image) {
        const image::StoryHeads& heads = image.story().heads();
        return {heads.timeline, heads.last, kWhole, heads.last};
    }
    static Result<void> without_number(Result<uint64_t> number) {
        if (!number) return std::move(number).failure();
        return ok();
    }
    void put_checkpoint(std::vector<std::string> pieces) { // they are there
        steps_.push_back({"checkpoint",
                          [=](auto& image) {
                              return without_number(image->story().put_checkpoint(
                                  {0, place_in(*image), 5, 1, manifest_of(pieces)}));
                          },
                          [=](Content& content) {
                              content.checkpoints[++content.last_checkpoint] = in_words(content.place());
                          }});
    }
    void put_snapshot(const std::string& name) {
        steps_.push_back(
            {"snapshot",
             [=](auto& image) {
                 return without_number(image->story().put_snapshot({0, name, place_in(*image), 1, 5, true}));
             },
             [=](Content& content) {
                 content.snapshots[++content.last_snapshot] = name + " " + in_words(content.place());
             }});
    }
    void drop_snapshot(uint64_t number) {
        steps_.push_back({"drop snapshot", [=](auto& image) { return image->story().drop_snapshot(number); },
                          [=](Content& content) { content.snapshots.erase(number); }});
    }
    void begin_timeline(const std::string& name, std::vector<std::string> pieces, bool goes_on) {
        steps_.push_back({"timeline",
                          [=](auto& image) {
                              const image::StoryPlace from = place_in(*image);
                              return without_number(image->story().begin_timeline(
                                  {0, name, from, 1, 5}, {0, from, 5, 1, manifest_of(pieces)}, goes_on));
                          },
                          [=](Content& content) {
                              image::StoryPlace place = content.place();
                              content.timelines[++content.last_timeline] = name + " " + in_words(place);
                              place.timeline = content.last_timeline;
                              content.checkpoints[++content.last_checkpoint] = in_words(place);
                              if (goes_on) content.timeline = place.timeline;
                          }});
    }
    void name_timeline(uint64_t number, const std::string& name) {
        steps_.push_back({"name timeline",
                          [=](auto& image) { return image->story().name_timeline(number, name); },
                          [=](Content& content) {
                              std::string& words = content.timelines[number];
                              words = name + words.substr(words.find(' '));
                          }});
    }
    void forget_until(uint64_t first, std::vector<uint64_t> checkpoints) {
        steps_.push_back({"forget batches",
                          [=](auto& image) { return image->story().forget(first, checkpoints); },
                          [=](Content& content) {
                              for (uint64_t number : checkpoints) content.checkpoints.erase(number);
                              for (; content.first < first && !content.batches.empty(); ++content.first)
                                  content.batches.erase(content.batches.begin());
                          }});
    }
    void sweep(std::set<std::string> left) {
        steps_.push_back({"sweep",
                          [=](auto& image) -> Result<void> {
                              auto more = image->story().sweep_pieces(100);
                              if (!more) return std::move(more).failure();
                              return ok();
                          },
                          [=](Content& content) { content.pieces = left; }});
    }
    void save_as(const std::string& name) {
        const std::string to = (fs::path(path_).parent_path() / name).string();
        steps_.push_back({"save as", [=](auto& image) { return image->save_as(to); }, [](Content&) {}, name});
    }

    void compact(bool whole) {
        steps_.push_back({"compact",
                          [=](auto& image) -> Result<void> {
                              if (whole) return image->compact();
                              for (;;) {
                                  auto more = image->compact_some();
                                  if (!more) return std::move(more).failure();
                                  if (!*more) return ok();
                              }
                          },
                          [](Content&) {}});
    }

    const std::vector<Step>& steps() const { return steps_; }
    const std::string& path() const { return path_; }
    // What there is after so many steps.
    Content after(size_t steps) const {
        Content content = begins_with_;
        for (size_t i = 0; i < steps; ++i) steps_[i].effect(content);
        return content;
    }

    // Puts what it begins with into an empty folder.
    void prepare(const Folder& folder) const {
        folder.clear();
        if (!origin_.empty()) fs::copy_file(origin_, path_);
    }
    bool makes_it() const { return origin_.empty(); }

  private:
    std::string path_, origin_;
    Content begins_with_;
    std::vector<Step> steps_;
};

ModuleRecord module_of(const std::string& name, int definitions, char fill) {
    ModuleRecord module{name};
    for (int d = 0; d < definitions; ++d)
        module.definitions.push_back({name + std::to_string(d), "def f" + std::to_string(d) + " = " +
                                                                    std::string(size_t(d * 900), fill)});
    return module;
}

Script script_of(const std::string& path) {
    Script script(path);
    script.create();
    script.commit("first", {module_of("shop", 4, 'a'), module_of("bank", 2, 'b')});
    script.save("workspace/1", std::string(6000, 'w'));
    script.append({{0, 1, "symbol"}, {3, 1, std::string(400, 's')}}, "the beginning");
    script.append({}, std::string(9000, 'h'));
    script.append({{0, 2, "other"}}, "");
    script.reopen();
    script.append({{3, 2, std::string(5000, 't')}}, "more");
    const auto a = pieces_of("a", 4), b = pieces_of("b", 4), c = pieces_of("c", 4);
    script.put_pieces({a[0], a[1], a[2]});
    script.put_pieces({a[3], b[1]});
    script.put_checkpoint(a);
    script.commit("second", {module_of("shop", 5, 'c')});
    script.put_snapshot("before it");
    script.save_as("copy1");
    script.append({{0, 3, "third"}}, std::string(14000, 'x'));
    script.put_pieces({b[0], a[2]});
    script.put_checkpoint({b[0], a[2]});
    script.begin_timeline("aside", {a[0], a[1]}, false);
    script.begin_timeline("back", {b[0], b[1], a[2]}, true);
    script.append({}, "and then");
    script.save("workspace/1", "short");
    script.reopen();
    script.commit("bank goes", {{"bank"}});
    script.forget("workspace/1");
    script.append({}, std::string(3000, 'y'));
    script.put_snapshot("by itself");
    script.drop_snapshot(1);
    script.name_timeline(3, "the one that goes on");
    script.forget_until(5, {1, 2});
    script.sweep({a[0], a[1], a[2], b[0], b[1]});
    script.compact(false);
    script.save_as("copy2");
    script.put_pieces(c);
    script.put_checkpoint(c);
    script.forget_until(7, {3});
    script.sweep({b[0], b[1], a[2], c[0], c[1], c[2], c[3]});
    script.compact(true);
    script.append({}, "the end");
    script.reopen();
    return script;
}

// The story of an image that comes to checkpoints by itself, over and over, and begins its log anew.
Script long_script_of(const std::string& path) {
    Script script(path);
    script.create();
    for (uint64_t i = 1; i <= 60; ++i) {
        if (i % 5 == 0)
            script.commit("c" + std::to_string(i), {module_of("m", int(i % 4) + 1, char('a' + i % 26))});
        if (i % 16 == 0) {
            script.put_pieces(pieces_of("c", 4));
            script.put_checkpoint(pieces_of("c", 4));
            script.forget_until(i - 8, {i / 16 - 1});
            script.begin_timeline("line " + std::to_string(i), pieces_of("c", 2), i % 32 == 0);
        }
        script.append({{i % 3, i, "n" + std::to_string(i)}},
                      std::string((i * 977) % 9000, char('A' + i % 26)));
        if (i % 7 == 0) script.save("k" + std::to_string(i % 3), std::string(i * 50, 'k'));
    }
    return script;
}

// A checkpoint after so many pages, in every connection from now on.
int pages_to_checkpoint = 1000;
int set_checkpoints(sqlite3* handle, char**, const sqlite3_api_routines*) {
    return sqlite3_wal_autocheckpoint(handle, pages_to_checkpoint);
}
struct OftenCheckpointed {
    static auto entry() { return reinterpret_cast<void (*)()>(set_checkpoints); }
    explicit OftenCheckpointed(int pages) {
        pages_to_checkpoint = pages;
        sqlite3_auto_extension(entry());
    }
    ~OftenCheckpointed() { sqlite3_cancel_auto_extension(entry()); }
};

struct Counts {
    size_t points = 0, disks = 0, lost = 0, doubled = 0, damaged = 0, other = 0, ahead = 0;
};

// Which state a disk holds, and whether it may.
void check_disk(const Script& script, const std::string& folder, size_t acknowledged, bool under_way,
                Counts& counts) {
    ++counts.disks;
    const std::string path = folder + "/" + fs::path(script.path()).filename().string();
    {
        auto image = Image::open(path);
        if (acknowledged == 0 && !image && script.makes_it()) { // while it was made: it can be made now
            image = Image::create(path);
            if (!image) ++counts.other;
            CHECK_MESSAGE(image,
                          "an image that was not made cannot be made again: " << image.failure().message);
            return;
        }
        if (!image) {
            ++counts.damaged;
            FAIL_CHECK("it does not open: " << image.failure().message);
            return;
        }
        auto there = content_of(**image);
        auto whole = (*image)->verify();
        if (!there || !whole) {
            ++counts.damaged;
            FAIL_CHECK("it is not whole: " << (there ? whole.failure() : there.failure()).message);
            return;
        }
        const Content before = script.after(acknowledged);
        const Content next = under_way ? script.after(acknowledged + 1) : before;
        if (*there == next && !(next == before)) ++counts.ahead;
        if (!(*there == before) && !(*there == next)) {
            const bool fewer = there->last() < before.last() || there->epochs.size() < before.epochs.size();
            ++(fewer ? counts.lost : there->last() > next.last() ? counts.doubled : counts.other);
            FAIL_CHECK("it holds neither what was acknowledged nor what was under way");
            return;
        }
        // It goes on.
        const size_t epochs = there->epochs.size();
        CHECK((*image)->commit("after", {module_of("after", 2, 'z')}).value_or(0) == epochs + 1);
        CHECK((*image)->story().append({}, {0, 1, 0, 0, "after"}));
    }
    // Of copies: none, or a whole one; what was acknowledged is there.
    for (size_t i = 0; i < std::min(script.steps().size(), acknowledged + 1); ++i) {
        const std::string& name = script.steps()[i].copy;
        if (name.empty()) continue;
        const std::string copy = folder + "/" + name;
        if (!fs::exists(copy)) {
            if (i < acknowledged) ++counts.lost;
            CHECK_MESSAGE(i >= acknowledged, "a copy that was acknowledged is not there");
            continue;
        }
        auto opened = Image::open(copy);
        auto content = opened ? content_of(**opened) : Result<Content>(opened.failure());
        const bool good = content && *content == script.after(i) && (*opened)->verify();
        if (!good) ++counts.damaged;
        CHECK_MESSAGE(good, "a copy is not whole");
    }
}

// Runs the script with the power going at one operation; false: it never came to that.
bool cut_power_at(const Script& script, FaultyDisk& disk, const Folder& folder, const Folder& after,
                  uint64_t at, Counts& counts, std::initializer_list<Unsynced> kinds) {
    script.prepare(folder);
    disk.mend();
    disk.forget();
    disk.fail(Fault::PowerCut, at);
    size_t acknowledged = 0;
    bool failed = false;
    {
        std::unique_ptr<Image> image;
        for (const Step& step : script.steps()) {
            failed = !step.run(image);
            if (failed) break;
            ++acknowledged;
        }
    }
    if (!disk.has_failed()) return false;
    ++counts.points;
    // The files as they were at that moment: what the program does at its end has no effect any more.
    unsigned seed = unsigned(at);
    std::vector<std::pair<Unsynced, unsigned>> disks;
    for (Unsynced kind : kinds) disks.emplace_back(kind, seed++ * 31);
    FaultyDisk::Snapshot snapshot(disk);
    for (const auto& [of_kind, of_number] : disks) {
        const Unsynced kind = of_kind;
        const unsigned number = of_number;
        CAPTURE(at);
        CAPTURE(int(kind));
        CAPTURE(acknowledged);
        after.clear();
        snapshot.after_power_cut(kind, number, after.path.string());
        disk.mend();
        disk.forget();
        check_disk(script, after.path.string(), acknowledged, acknowledged < script.steps().size(), counts);
    }
    return true;
}

std::string in_words(const Counts& counts) {
    return std::to_string(counts.points) + " crash points, " + std::to_string(counts.disks) +
           " disks after them: " + std::to_string(counts.lost) + " lost, " + std::to_string(counts.doubled) +
           " doubled, " + std::to_string(counts.other) + " otherwise wrong, " +
           (counts.damaged ? std::to_string(counts.damaged) + " damaged" : "integrity ok") + " (" +
           std::to_string(counts.ahead) + " had what was under way)";
}

} // namespace

TEST_CASE("power that goes at any write or sync takes nothing that was acknowledged") {
    Folder folder, after;
    FaultyDisk disk;
    const Script script = script_of(folder.file("a.indent"));
    Counts counts;
    for (uint64_t at = 1;; at += kSanitizers ? 4 : 1)
        if (!cut_power_at(
                script, disk, folder, after, at, counts,
                {Unsynced::Lost, Unsynced::Kept, Unsynced::Sectors, Unsynced::Sectors, Unsynced::Torn}))
            break;
    MESSAGE(in_words(counts));
    CHECK(counts.points > 200);
    CHECK(counts.ahead > 0);
}

TEST_CASE("power that goes while an image of an earlier version is brought up to date takes nothing") {
    for (const char* version :
         {"version_1", "version_4"}) { // without a story; with pieces, which go to another table
        CAPTURE(version);
        Folder folder, after;
        FaultyDisk disk;
        const std::string origin =
            std::string(INDENT_SOURCE_DIR "/tests/store/images/") + version + ".indent";
        const std::string path = folder.file("a.indent");
        fs::copy_file(origin, path);
        auto content = [&]() -> Result<Content> {
            auto image = Image::open(path);
            return image ? content_of(**image) : Result<Content>(image.failure());
        }();
        REQUIRE(content);
        REQUIRE(!(*content == Content()));
        Script script(path, origin, *content);
        script.reopen();
        script.append({{9, 1, "first"}}, "a story");
        script.reopen();
        Counts counts;
        for (uint64_t at = 1;; ++at)
            if (!cut_power_at(script, disk, folder, after, at, counts,
                              {Unsynced::Lost, Unsynced::Kept, Unsynced::Sectors, Unsynced::Torn}))
                break;
        const std::string told = std::string(version) + ": " + in_words(counts);
        MESSAGE(told);
        CHECK(counts.points > 15);
    }
}

TEST_CASE("power that goes in checkpoints takes nothing that was acknowledged") {
    Folder folder, after;
    FaultyDisk disk;
    OftenCheckpointed often(12);
    const Script script = long_script_of(folder.file("a.indent"));
    Counts counts;
    for (uint64_t at = 1;; at += 5)
        if (!cut_power_at(script, disk, folder, after, at, counts, {Unsynced::Sectors, Unsynced::Torn}))
            break;
    MESSAGE(in_words(counts));
    CHECK(counts.points > 200);
}

// ---- a disk that fails while the program goes on

namespace {

struct FailureCounts {
    size_t points = 0, told = 0, unseen = 0, again = 0, reopened = 0, damaged = 0, wrong = 0;
    std::map<std::string, size_t> codes;
};

const std::set<std::string> kCodes = {"io_error", "no_space", "damaged", "denied", "not_an_image", "locked"};

// Runs the script with one operation failing; a step that fails is done again: by the image as it is, or by one that is
// opened anew. False: it never came to that operation. With `cut`, the power goes at the end, and what was not synced
// (of a sync that failed, too) is gone.
bool fail_at(const Script& script, FaultyDisk& disk, const Folder& folder, Fault fault, uint64_t at,
             uint64_t times, FailureCounts& counts, const Folder* cut = nullptr) {
    script.prepare(folder);
    disk.mend();
    disk.forget();
    disk.fail(fault, at, times);
    CAPTURE(at);
    std::unique_ptr<Image> image;
    for (size_t i = 0; i < script.steps().size(); ++i) {
        const Step& step = script.steps()[i];
        CAPTURE(step.what);
        auto done = step.run(image);
        if (done) continue;
        const Content before = script.after(i), next = script.after(i + 1);
        ++counts.told;
        const Failure failure = done.failure();
        ++counts.codes[failure.code];
        CHECK(disk.has_failed());
        CHECK_MESSAGE(kCodes.count(failure.code), failure.code << ": " << failure.message);
        CHECK(failure.message.find("a.indent") != std::string::npos);
        disk.mend();
        if (!step.copy.empty()) // no half of a copy is left
            for (const auto& entry : fs::directory_iterator(folder.path))
                CHECK(!entry.path().filename().string().starts_with(step.copy));
        // What failed has changed nothing that this image answers, and it can be done again.
        bool same = false;
        if (image && step.what != "reopen") {
            auto there = content_of(*image);
            same = there && *there == before;
            if (there && !same) ++counts.wrong;
            CHECK_MESSAGE((!there || same), "it answers something that is not so");
            if (same && step.run(image)) {
                ++counts.again;
                continue;
            }
        }
        // Or it is opened anew, and has either; a copy and making it begin again.
        ++counts.reopened;
        image.reset();
        auto opened = Image::open(script.path());
        if (!opened && i == 0) opened = Image::create(script.path());
        // Nothing helps against a file that is told to be cut; it is said to be so.
        if (fault == Fault::ReadShort && !opened && opened.failure().code == "damaged") {
            ++counts.damaged;
            ++counts.points;
            return true;
        }
        REQUIRE_MESSAGE(opened, "it can be neither used nor opened: " << opened.failure().message);
        image = std::move(opened).value();
        auto there = content_of(*image);
        if (fault == Fault::ReadShort && !there && there.failure().code == "damaged") {
            ++counts.damaged;
            ++counts.points;
            return true;
        }
        REQUIRE(there);
        const bool has_next = *there == next;
        if (!has_next && !(*there == before)) ++counts.wrong;
        INFO(difference(*there, before) << "; or: " << difference(*there, next));
        REQUIRE((has_next || *there == before));
        if (i > 0 && (!has_next || next == before)) REQUIRE(step.run(image));
    }
    if (!disk.has_failed() && disk.fault() == fault) return false;
    ++counts.points;
    if (disk.fault() == fault) ++counts.unseen;
    disk.mend();
    auto there = content_of(*image);
    const Content all = script.after(script.steps().size());
    auto whole = image->verify();
    bool right = there && *there == all && whole;
    if (fault == Fault::ReadShort && !right &&
        ((there && *there == all) || (!there && there.failure().code == "damaged"))) {
        ++counts.damaged; // which is told; so is the next opening
        return true;
    }
    if (!right) ++counts.wrong;
    CHECK_MESSAGE(right, "at the end it holds something else");
    if (!cut) return true;
    FaultyDisk::Snapshot snapshot(disk);
    image.reset();
    for (Unsynced kind : {Unsynced::Lost, Unsynced::Sectors}) {
        cut->clear();
        disk.forget();
        snapshot.after_power_cut(kind, unsigned(at), cut->path.string());
        auto opened = Image::open(cut->file("a.indent"));
        auto content = opened ? content_of(**opened) : Result<Content>(opened.failure());
        right = content && *content == all && (*opened)->verify();
        if (!right) ++counts.wrong;
        CHECK_MESSAGE(right, "after a sync that failed and a power cut it holds something else");
    }
    return true;
}

std::string in_words(const FailureCounts& counts) {
    std::string words =
        std::to_string(counts.points) + " failures: " + std::to_string(counts.told) + " told (";
    for (const auto& [code, n] : counts.codes)
        words += (words.ends_with('(') ? "" : ", ") + code + " " + std::to_string(n);
    return words + "), " + std::to_string(counts.unseen) + " not noticed by anybody; " +
           std::to_string(counts.again) + " went on as they were, " + std::to_string(counts.reopened) +
           " were opened anew" +
           (counts.damaged ? ", " + std::to_string(counts.damaged) + " are damaged and say so; " : "; ") +
           std::to_string(counts.wrong) + " answered or kept something wrong";
}

} // namespace

// Each operation fails in one way; where it fails in another way, too, every third will do.
static uint64_t step(Fault fault) {
    constexpr uint64_t kSome = kSanitizers ? 7 : 1; // these make each point three times as long
    return kSome * (fault == Fault::WriteError || fault == Fault::WriteTorn ? 3 : 1);
}

TEST_CASE("a disk that fails once is told of, and neither memory nor file is wrong afterwards") {
    Folder folder, after;
    FaultyDisk disk;
    OftenCheckpointed often(12);
    const Script script = script_of(folder.file("a.indent"));
    const std::pair<Fault, std::string> faults[] = {
        {Fault::WriteFull, "full at a write"}, {Fault::WriteError, "error at a write"},
        {Fault::WriteTorn, "half of a write"}, {Fault::SyncError, "error at a sync"},
        {Fault::ReadError, "error at a read"}, {Fault::ReadShort, "less than was asked for"},
    };
    for (const auto& [kind, words] : faults) {
        const Fault fault = kind;
        const std::string name = words;
        CAPTURE(name);
        FailureCounts counts;
        for (uint64_t at = 1; fail_at(script, disk, folder, fault, at, 1, counts, &after);
             at += step(fault)) {
        }
        MESSAGE(name << ": " << in_words(counts));
        CHECK(counts.points > 5);
        CHECK(counts.wrong == 0);
    }
}

TEST_CASE("a system that reads less than it was asked for is asked for the rest") {
    Folder folder;
    ShortReads shorts;
    const Script script = script_of(folder.file("a.indent"));
    std::unique_ptr<Image> image;
    for (const Step& step : script.steps()) REQUIRE(step.run(image));
    auto there = content_of(*image);
    REQUIRE(there);
    CHECK((*there == script.after(script.steps().size())));
    CHECK(image->verify());
    CHECK(shorts.count() > 100);
    MESSAGE(shorts.count() << " reads gave half of what was asked for: nothing is wrong");
}

TEST_CASE("a disk that stays full keeps what was there, and takes more when there is room again") {
    Folder folder;
    FaultyDisk disk;
    const Script script = script_of(folder.file("a.indent"));
    for (Fault fault : {Fault::WriteFull, Fault::WriteError, Fault::SyncError}) {
        FailureCounts counts;
        for (uint64_t at = 1; fail_at(script, disk, folder, fault, at, UINT64_MAX / 2, counts);
             at += step(fault)) {
        }
        MESSAGE(in_words(counts));
        CHECK(counts.wrong == 0);
        CHECK(counts.unseen < counts.points / 4);
    }
}

TEST_CASE("what a change survives is what was asked for: the power's end with syncs, the process's without") {
    Folder folder, after;
    FaultyDisk disk;
    const Script script = script_of(folder.file("a.indent"));
    for (auto survives : {Image::Survives::Power, Image::Survives::Process}) {
        folder.clear();
        disk.mend();
        disk.forget();
        auto image = Image::create(script.path());
        REQUIRE(image);
        REQUIRE((*image)->set_survives(survives));
        disk.fail(Fault::SyncError, 0); // counts
        for (int i = 0; i < 50; ++i) {
            const std::string body = "batch " + std::to_string(i);
            REQUIRE((*image)->story().append({}, {0, 1, 0, 0, body}));
        }
        const bool is_power = survives == Image::Survives::Power;
        CHECK((is_power ? disk.operations() >= 50 : disk.operations() < 3));
        FaultyDisk::Snapshot snapshot(disk);
        image->reset();
        for (Unsynced kind : {Unsynced::Kept, Unsynced::Lost, Unsynced::Sectors}) {
            after.clear();
            disk.forget();
            snapshot.after_power_cut(kind, 5, after.path.string());
            auto opened = Image::open(after.file("a.indent"));
            REQUIRE(opened);
            CHECK((*opened)->verify()); // whole in any case
            const size_t there = content_of(**opened).value_or({}).batches.size();
            if (is_power || kind == Unsynced::Kept) // Kept: as after a kill
                CHECK(there == 50);
            else
                CHECK(there <= 50);
        }
    }
}
