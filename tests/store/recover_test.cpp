// Images of which pages are gone: `recover` gives back whatever lies on the others. Where a row lies is found out by the
// marks in its text, in the file's bytes.
#include "image/store/image.h"
#include "image/store/listing.h"
#include "image/store/recover.h"
#include "image/store/rows.h"
#include "tests/store/folder.h"
#include <cstdlib>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <sqlite3.h>

using namespace indent;
using namespace indent::testing;
using image::Image;
using image::ModuleRecord;
using image::NameRecord;
namespace fs = std::filesystem;

namespace {

constexpr size_t kPage = 4096;

// A text of nothing but its mark, over and over.
std::string marked(const std::string& mark, size_t times) {
    std::string text;
    for (size_t i = 0; i < times; ++i) text += "<" + mark + ">";
    return text;
}

constexpr uint64_t kWhole = image::StoryPlace::kWhole;

struct Content {
    std::vector<std::vector<ModuleRecord>> epochs; // from the first
    std::vector<std::string> whats;
    std::vector<int64_t> moments;
    std::map<std::string, std::string> desk;
    std::map<std::pair<uint64_t, uint64_t>, std::string> names;
    uint64_t first = 1, last = 0, timeline = 1;
    std::map<uint64_t, std::string> batches; // by number, with timeline and turn
    // Places with all the pieces; names with places.
    std::map<uint64_t, std::pair<image::StoryPlace, std::vector<std::string>>> checkpoints;
    std::map<uint64_t, std::pair<std::string, image::StoryPlace>> timelines, snapshots;
    bool operator==(const Content&) const = default;
};

Content content_of(const std::string& path) {
    Content content;
    auto image = Image::open(path);
    REQUIRE_MESSAGE(image, image.failure().message);
    auto whole = (*image)->verify();
    REQUIRE_MESSAGE(whole, whole.failure().message);
    for (auto& epoch : (*image)->epochs().value_or({})) {
        content.whats.push_back(epoch.what);
        content.moments.push_back(epoch.at_ms);
        content.epochs.push_back((*image)->modules_at(epoch.number).value_or({}));
    }
    content.desk = (*image)->desk().value_or({});
    image::Story& story = (*image)->story();
    REQUIRE(story.read_names([&](NameRecord name) {
        content.names[{name.kind, name.number}] = name.content;
        return ok();
    }));
    content.first = story.heads().first;
    content.last = story.heads().last;
    content.timeline = story.heads().timeline;
    REQUIRE(story.read_batches(0, 0, UINT64_MAX, [&](const image::BatchRecord& batch) {
        content.batches[batch.number] = std::string(batch.body) + " " + std::to_string(batch.timeline) + " " +
                                        std::to_string(batch.turn) + " " + std::to_string(batch.at_ms);
        return Result<bool>(true);
    }));
    for (auto& each : story.checkpoints().value_or({})) {
        auto with_manifest = story.checkpoint_before(each.place);
        REQUIRE(with_manifest);
        REQUIRE(*with_manifest);
        auto& made = content.checkpoints[each.number];
        made.first = each.place;
        auto listing = image::decode_listing((*with_manifest)->manifest);
        REQUIRE(listing);
        for (const auto& entry : listing->entries) {
            auto piece = story.piece(entry.hash);
            REQUIRE(piece);
            made.second.push_back(entry.name + *piece);
        }
    }
    for (auto& each : story.timelines().value_or({})) content.timelines[each.number] = {each.name, each.from};
    for (auto& each : story.snapshots().value_or({}))
        content.snapshots[each.number] = {each.name, each.place};
    return content;
}

std::set<std::string> texts_of(const std::string& path) {
    std::set<std::string> texts;
    sqlite3* handle = nullptr;
    REQUIRE(sqlite3_open(path.c_str(), &handle) == SQLITE_OK);
    auto add = [](void* to, int, char** values, char**) {
        static_cast<std::set<std::string>*>(to)->insert(values[0]);
        return 0;
    };
    REQUIRE(sqlite3_exec(handle, "SELECT CAST(text AS TEXT) FROM definitions", add, &texts, nullptr) ==
            SQLITE_OK);
    sqlite3_close(handle);
    return texts;
}

ModuleRecord module_of(const std::string& name, int version) {
    ModuleRecord module{name};
    for (int d = 0; d < 7; ++d) { // one of them is new in each version
        const std::string mark =
            name + "." + std::to_string(d) + (d == version % 7 ? "v" + std::to_string(version) : "");
        module.definitions.push_back({mark, marked(mark, size_t(d % 4 == 3 ? 900 : 5 + 12 * d))});
    }
    return module;
}

Result<void> append(Image& image, const std::vector<NameRecord>& names, const std::string& body) {
    const uint64_t turn = image.story().heads().last + 1;
    return image.story().append(names, {0, 1, 3 * turn, int64_t(1000 * turn), body});
}

// Of three pieces, one of which others have, too. The manifest has marks in it.
image::CheckpointRecord checkpoint_at(Image& image, const std::string& mark, image::StoryPlace place) {
    std::vector<image::ListingEntry> entries;
    const std::string pieces[] = {marked("shared piece", 300), marked(mark + "_one", 500),
                                  marked(mark + "_two", 20)};
    for (const std::string& piece : pieces)
        entries.push_back({"<" + mark + "_row>" + std::to_string(entries.size()), image::hash_of(piece)});
    REQUIRE(image.story().put_pieces({pieces[0], pieces[1], pieces[2]}));
    return {0, place, 77, 1, image::encode_listing("", entries)};
}
void put_checkpoint(Image& image, const std::string& mark, image::StoryPlace place) {
    REQUIRE(image.story().put_checkpoint(checkpoint_at(image, mark, place)));
}

const std::pair<uint64_t, std::string> kCheckpoints[] = {{7, "seven"}, {25, "twentyfive"}, {45, "fortyfive"}};

// Sixty batches on one timeline, of which the first seven are forgotten.
void make_image(const std::string& path, bool vacuumed) {
    {
        auto image = Image::create(path);
        REQUIRE(image);
        for (int version = 1; version <= 6; ++version)
            for (const char* name : {"shop", "bank", "ticket"})
                REQUIRE((*image)->commit(marked(std::string("what ") + name + std::to_string(version), 20),
                                         {module_of(name, version)}));
        for (int i = 0; i < 20; ++i)
            REQUIRE((*image)->save("workspace/" + std::to_string(i),
                                   marked("desk" + std::to_string(i), 30 * size_t(i) + 1)));
        for (uint64_t n = 1; n <= 60; ++n) {
            REQUIRE(append(**image,
                           {{0, n, marked("symbol" + std::to_string(n), 9)},
                            {1, 40 + n, marked("shape" + std::to_string(n), 20)},
                            {3, 7 * n, marked("shared" + std::to_string(n), 6)}},
                           marked("batch" + std::to_string(n), n % 9 == 8 ? 2500 : 3 * n)));
            for (const auto& [number, mark] : kCheckpoints)
                if (n == number) put_checkpoint(**image, mark, {1, n, kWhole, 3 * n});
            if (n == 10 || n == 30 || n == 55)
                REQUIRE((*image)->story().put_snapshot(
                    {0, marked("snapshot" + std::to_string(n), 2), {1, n, 1, 3 * n - 1}, 4, 99, true}));
        }
        const image::StoryPlace aside{1, 30, kWhole, 90};
        REQUIRE((*image)->story().begin_timeline({0, marked("aside", 3), aside, 2, 88},
                                                 checkpoint_at(**image, "thirty", aside), false));
        REQUIRE((*image)->story().forget(8, {}));
        if (vacuumed) REQUIRE((*image)->save_as(path + ".copy"));
    }
    if (vacuumed) fs::rename(path + ".copy", path); // nothing old lies about in it
}

// Whether a text that is on no damaged page is in the file.
class Places {
  public:
    explicit Places(const std::string& file) : file_(file) {}
    // The pages that have the mark.
    const std::set<size_t>& of(const std::string& text) {
        const std::string mark = text.substr(0, text.find('>') + 1);
        auto [found, is_new] = known_.try_emplace(mark);
        if (is_new)
            for (size_t at = file_.find(mark); at != std::string::npos; at = file_.find(mark, at + 1)) {
                found->second.insert(at / kPage);
                found->second.insert((at + mark.size() - 1) / kPage);
            }
        return found->second;
    }
    bool spared(const std::string& text, const std::set<size_t>& damaged) {
        for (size_t page : of(text))
            if (damaged.contains(page)) return false;
        return true;
    }

  private:
    std::string file_;
    std::map<std::string, std::set<size_t>> known_;
};

struct Tally {
    size_t damages = 0, whole = 0, refused = 0;
    size_t spared = 0, missed = 0; // things on undamaged pages that are there, and not there
    size_t kept = 0, lost = 0;     // and those on damaged ones
};

// Timeline 1 goes on from the newest checkpoint that is whole, up to the first batch that is not, and what came before that
// is there as far back as nothing is lost.
void check_story(const Content& there, const Content& good, Places& places, const std::set<size_t>& damaged,
                 Tally& tally) {
    auto spared = [&](const std::string& text) { return places.spared(text, damaged); };
    auto is_whole = [&](const std::string& mark) {
        return spared("<" + mark + "_row>") && spared("<" + mark + "_one>") && spared("<" + mark + "_two>") &&
               spared("<shared piece>");
    };
    uint64_t from = 0; // the newest one
    for (const auto& [number, mark] : kCheckpoints)
        if (is_whole(mark)) from = number;
    auto batch_spared = [&](uint64_t n) { return good.batches.contains(n) && spared(good.batches.at(n)); };
    uint64_t first = from + 1, last = from;
    while (batch_spared(last + 1)) ++last;
    while (first > good.first && batch_spared(first - 1)) --first;
    if (from > 0) {
        CHECK(there.timeline == 1);
        CHECK(there.last >= last);
        if (there.last == last) CHECK(there.first <= first);
        tally.spared += last + 1 - first;
    }
    tally.lost += good.batches.size() - there.batches.size();
    for (const auto& [number, body] : there.batches)
        CHECK((good.batches.contains(number) && good.batches.at(number) == body));
    // Whatever can be asked for is read from what it was.
    uint64_t base = 0;
    for (const auto& [number, checkpoint] : there.checkpoints) {
        const auto& place = checkpoint.first;
        bool known = false; // as it was, or a copy of one, just before the run
        for (const auto& other : good.checkpoints)
            known |=
                other.second.second == checkpoint.second &&
                (other.second.first == place || (place.batch == there.first - 1 && place.groups == kWhole));
        CHECK(known);
        if (place.timeline == 1) base = std::max(base, place.batch);
        // Nothing is between it and the run.
        const bool last_before =
            std::none_of(there.checkpoints.begin(), there.checkpoints.end(), [&](const auto& other) {
                const auto& p = other.second.first;
                return p.timeline == place.timeline && p.batch > place.batch && p.batch < there.first;
            });
        if (place.timeline == 1 && place.batch < there.first && last_before)
            CHECK(place.batch + 1 == there.first);
    }
    if (!there.batches.empty()) CHECK((base > 0 && base + 1 >= there.first && base <= there.last));
    for (const auto& [number, snapshot] : there.snapshots) {
        CHECK((good.snapshots.contains(number) && good.snapshots.at(number) == snapshot));
        CHECK((snapshot.second.batch >= there.first && snapshot.second.batch <= there.last));
    }
    for (const auto& [number, snapshot] : good.snapshots) {
        const uint64_t at = snapshot.second.batch;
        bool readable = false;
        for (const auto& entry : there.checkpoints)
            readable |= entry.second.first.timeline == 1 && entry.second.first.batch < at &&
                        entry.second.first.batch + 1 >= there.first;
        if (spared(snapshot.first) && readable && at >= there.first && at <= there.last) {
            ++tally.spared;
            CHECK(there.snapshots.contains(number));
        }
    }
    for (const auto& [number, timeline] : there.timelines) {
        CHECK(good.timelines.contains(number));
        if (!timeline.first.empty()) CHECK((good.timelines.at(number) == timeline));
    }
    if (spared(good.timelines.at(2).first) && there.last >= 30) CHECK(there.timelines.contains(2));
}

// What must be there is, nothing else is that was not, and what is told fits.
void check(const std::string& path, const std::string& to, const Content& good, Places& places,
           const std::set<size_t>& damaged, Tally& tally) {
    ++tally.damages;
    auto told = image::recover(path, to);
    if (!told) {
        ++tally.refused;
        FAIL_CHECK("refused: " << told.failure().message);
        return;
    }
    const Content there = content_of(to);
    const auto texts = texts_of(to);
    tally.whole += told->losses.empty();
    auto see = [&](const std::string& text, bool is_there) {
        if (places.spared(text, damaged)) {
            ++(is_there ? tally.spared : tally.missed);
            CHECK_MESSAGE(is_there, text.substr(0, 30) << " is not there");
        } else {
            ++(is_there ? tally.kept : tally.lost);
        }
    };
    std::set<std::string> all_texts;
    for (const auto& modules : good.epochs)
        for (const auto& module : modules)
            for (const auto& definition : module.definitions) all_texts.insert(definition.text);
    for (const auto& text : all_texts) see(text, texts.contains(text));
    for (const auto& text : texts) CHECK((all_texts.contains(text) || text.starts_with("# Here stood")));
    // Epochs: the row itself, and what it names.
    for (size_t i = 0; i < good.epochs.size(); ++i) {
        const bool is_there = i < there.whats.size() && there.whats[i].starts_with(good.whats[i]);
        see(good.whats[i], is_there);
        if (!is_there) continue;
        CHECK(there.moments[i] == good.moments[i]);
        if (there.whats[i] == good.whats[i]) CHECK((there.epochs[i] == good.epochs[i]));
    }
    for (const auto& [key, text] : good.desk) {
        auto found = there.desk.find(key);
        see(text, found != there.desk.end() && found->second == text);
    }
    for (const auto& [key, text] : there.desk) CHECK((good.desk.contains(key) && good.desk.at(key) == text));
    for (const auto& [key, content] : good.names) {
        auto found = there.names.find(key);
        if (there.batches.empty()) continue;
        see(content, found != there.names.end() && found->second == content);
    }
    for (const auto& [key, content] : there.names) {
        auto found = good.names.find(key);
        CHECK((content == image::kLostName || (found != good.names.end() && found->second == content)));
    }
    check_story(there, good, places, damaged, tally);
    CHECK(told->batches.kept == there.batches.size());
    CHECK(told->snapshots.kept == there.snapshots.size());
    CHECK(told->desk.kept == there.desk.size());
    if (told->losses.empty()) CHECK((there == good));
}

std::string in_words(const Tally& tally) {
    return std::to_string(tally.damages) + " damages: of what lay on undamaged pages " +
           std::to_string(tally.spared) + " are back and " + std::to_string(tally.missed) +
           " lost; of what lay on damaged ones " + std::to_string(tally.kept) + " are back and " +
           std::to_string(tally.lost) + " lost; nothing wrong; " + std::to_string(tally.whole) +
           " lost nothing at all, " + std::to_string(tally.refused) + " refused";
}

} // namespace

TEST_CASE("an image that is whole is recovered as it is") {
    Folder folder;
    for (bool vacuumed : {true, false}) {
        const std::string path = folder.file(vacuumed ? "a.indent" : "b.indent"), to = path + ".new image";
        make_image(path, vacuumed);
        const Content good = content_of(path);
        const std::string before = read(path);
        auto told = image::recover(path, to);
        REQUIRE(told);
        CHECK(told->losses.empty());
        CHECK(told->unreadable == 0);
        CHECK(told->batches.kept == 53);
        CHECK(told->checkpoints.kept == 4);
        CHECK(told->timelines.kept == 1);
        CHECK(told->snapshots.kept == 3);
        CHECK(told->epochs.kept == 18);
        CHECK((content_of(to) == good));
        CHECK(read(path) == before);
        CHECK(image::recover(path, to).failure().code == "exists");
    }
    write(folder.file("text"), "Dear diary" + std::string(9000, 'x'));
    CHECK(image::recover(folder.file("text"), folder.file("n")).failure().code == "not_an_image");
    CHECK(image::recover(folder.file("none"), folder.file("n")).failure().code == "not_found");
    CHECK(!fs::exists(folder.file("n")));
}

TEST_CASE("whatever page is gone, what lies on the others is recovered") {
    Folder folder;
    const std::string path = folder.file("a.indent"), to = folder.file("b.indent");
    make_image(path, true);
    const Content good = content_of(path);
    const std::string bytes = read(path);
    Places places(bytes);
    std::mt19937 random(3);
    for (int way = 0; way < 2; ++way) {
        Tally tally;
        for (size_t page = 0; page < bytes.size() / kPage; ++page) {
            CAPTURE(page);
            std::string bad = bytes;
            for (size_t i = 0; i < kPage; ++i) bad[page * kPage + i] = way == 0 ? '\0' : char(random());
            write(path, bad);
            fs::remove(to);
            check(path, to, good, places, {page}, tally);
        }
        const std::string what = way == 0 ? "zeroed pages: " : "pages of noise: ";
        MESSAGE(what << in_words(tally));
        CHECK(tally.spared > 10000);
        CHECK(tally.lost > 100);
    }
}

TEST_CASE("several pages that are gone, and flipped bits, cost what lies there and no more") {
    Folder folder;
    const std::string path = folder.file("a.indent"), to = folder.file("b.indent");
    make_image(path, true);
    const Content good = content_of(path);
    const std::string bytes = read(path);
    const size_t pages = bytes.size() / kPage;
    Places places(bytes);
    std::mt19937 random(5);
    Tally several, flips, cut;
    for (int i = 0; i < 60; ++i) {
        std::string bad = bytes;
        std::set<size_t> damaged;
        for (size_t n = 2 + random() % 8; n > 0; --n) damaged.insert(random() % pages);
        for (size_t page : damaged) std::fill_n(bad.begin() + long(page * kPage), kPage, '\0');
        write(path, bad);
        fs::remove(to);
        check(path, to, good, places, damaged, several);
    }
    for (int i = 0; i < 300; ++i) {
        std::string bad = bytes;
        const size_t page = random() % pages;
        const size_t at = page * kPage + random() % (i % 2 ? kPage : 60);
        CAPTURE(at);
        bad[at] = char(bad[at] ^ (1 << random() % 8));
        write(path, bad);
        fs::remove(to);
        check(path, to, good, places, {page}, flips);
    }
    for (size_t left = 1; left < pages; left += 5) {
        write(path, bytes.substr(0, left * kPage + random() % kPage));
        std::set<size_t> damaged;
        for (size_t page = left; page < pages; ++page) damaged.insert(page);
        fs::remove(to);
        check(path, to, good, places, damaged, cut);
    }
    MESSAGE("several pages: " << in_words(several));
    MESSAGE("flipped bits: " << in_words(flips));
    MESSAGE("cut short: " << in_words(cut));
}

TEST_CASE("of an image that was not closed, the -wal is read, damaged or not") {
    Folder folder;
    const std::string path = folder.file("a.indent"), bad = folder.file("bad.indent"),
                      to = folder.file("b.indent");
    std::vector<std::string> whats;
    {
        auto image = Image::create(path);
        REQUIRE(image);
        for (int i = 1; i <= 12; ++i) {
            whats.push_back("change " + std::to_string(i));
            REQUIRE((*image)->commit(whats.back(), {module_of("shop", i)}));
            REQUIRE((*image)->save("workspace/1", "text " + std::to_string(i)));
            REQUIRE((*image)->save("draft/" + std::to_string(i), "thrown away"));
            REQUIRE((*image)->forget("draft/" + std::to_string(i)));
            REQUIRE(append(**image, {{0, uint64_t(i), "s" + std::to_string(i)}},
                           marked("b" + std::to_string(i), 200)));
            if (i % 4 == 0)
                put_checkpoint(**image, "c" + std::to_string(i), {1, uint64_t(i), kWhole, uint64_t(3 * i)});
        }
        fs::copy_file(path, bad);
        fs::copy_file(path + "-wal", bad + "-wal");
    }
    auto told = image::recover(bad, to);
    REQUIRE(told);
    CHECK(told->losses.empty());
    CHECK((content_of(to) == content_of(path)));

    const std::string wal = read(bad + "-wal");
    const Content good = content_of(path);
    std::mt19937 random(9);
    size_t damages = 0, last = 0, complained = 0;
    for (int i = 0; i < 120; ++i) {
        std::string broken = wal;
        const size_t at = random() % wal.size();
        broken[at] = char(broken[at] ^ (1 << random() % 8));
        write(bad + "-wal", broken);
        fs::remove(to);
        auto got = image::recover(bad, to);
        CAPTURE(at);
        REQUIRE_MESSAGE(got, got.failure().message);
        const Content there = content_of(to);
        ++damages;
        last +=
            there.epochs.size() == 12 && there.epochs[11] == good.epochs[11] && there.batches == good.batches;
        complained += !got->losses.empty();
        if (got->losses.empty()) CHECK((there == good));
        for (size_t e = 0; e < there.epochs.size(); ++e)
            if (there.whats[e] == good.whats[e]) CHECK((there.epochs[e] == good.epochs[e]));
        for (const auto& [number, body] : there.batches)
            CHECK((good.batches.contains(number) && good.batches.at(number) == body));
    }
    MESSAGE(damages << " damages of a -wal: " << last << " have the last state all the same, " << complained
                    << " say what may be lost");
    CHECK(last > damages / 2);
}

// ---- rows that are lost, one by one

namespace {

void run_sql_and_vacuum(const std::string& path, const std::string& sql) {
    sqlite3* handle = nullptr;
    REQUIRE(sqlite3_open(path.c_str(), &handle) == SQLITE_OK);
    const std::string all = "PRAGMA secure_delete=ON;" + sql + "; VACUUM;";
    REQUIRE_MESSAGE(sqlite3_exec(handle, all.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK,
                    sqlite3_errmsg(handle));
    sqlite3_close(handle);
}

// Twenty batches; back to within the fifth; ten more. Timeline 1 has a checkpoint after ten, and one within the fifth.
void make_two_timelines(const std::string& path) {
    fs::remove(path);
    auto image = Image::create(path);
    REQUIRE(image);
    REQUIRE((*image)->commit("m", {module_of("m", 1)}));
    auto some = [&](uint64_t upto) {
        for (uint64_t n = (*image)->story().heads().last + 1; n <= upto; ++n)
            REQUIRE(append(**image, {{0, n, "n" + std::to_string(n)}}, "batch" + std::to_string(n)));
    };
    some(10);
    put_checkpoint(**image, "ten", {1, 10, kWhole, 30});
    some(20);
    put_checkpoint(**image, "in five", {1, 5, 2, 14});
    REQUIRE((*image)->story().put_snapshot({0, "at eighteen", {1, 18, kWhole, 54}, 1, 5, true}));
    REQUIRE((*image)->story().put_snapshot({0, "in five", {1, 5, 2, 14}, 1, 5, true}));
    const image::StoryPlace back{1, 5, 2, 14};
    REQUIRE((*image)->story().begin_timeline({0, "back", back, 1, 7}, checkpoint_at(**image, "back", back),
                                             true));
    some(30);
    REQUIRE((*image)->story().put_snapshot({0, "at twentyfive", {2, 25, kWhole, 75}, 1, 5, true}));
}

struct Left {
    uint64_t timeline = 0, first = 0, last = 0;
    std::string snapshots, checkpoints; // numbers; and of the latter places
    std::string loss;                   // is said
};

void check_left(const std::string& lost, const Left& left) {
    Folder folder;
    CAPTURE(lost);
    const std::string path = folder.file("a.indent"), to = folder.file("b.indent");
    make_two_timelines(path);
    run_sql_and_vacuum(path, lost);
    auto told = image::recover(path, to);
    REQUIRE_MESSAGE(told, told.failure().message);
    const Content there = content_of(to);
    CHECK(there.timeline == left.timeline);
    CHECK(there.first == left.first);
    CHECK(there.last == left.last);
    std::string snapshots, checkpoints, losses;
    for (const auto& entry : there.snapshots) snapshots += std::to_string(entry.first) + " ";
    for (const auto& entry : there.checkpoints) {
        const auto& place = entry.second.first;
        checkpoints += std::to_string(entry.first) + ":" + std::to_string(place.timeline) + "/" +
                       std::to_string(place.batch) + (place.groups == kWhole ? " " : "+ ");
    }
    for (const auto& loss : told->losses) losses += loss + "\n";
    CHECK(snapshots == left.snapshots);
    CHECK(checkpoints == left.checkpoints);
    CHECK(losses.find(left.loss) != std::string::npos);
    INFO(losses);
    CHECK(told->batches.kept == there.batches.size());
    CHECK(told->batches.kept + told->batches.lost == 30);
    // It goes on.
    auto image = Image::open(to);
    REQUIRE(image);
    REQUIRE(append(**image, {}, "more"));
    REQUIRE((*image)->verify());
    CHECK((*image)->story().heads().last == left.last + 1);
}

std::string piece_of(const std::string& mark) {
    return "DELETE FROM checkpoint_pieces WHERE instr(CAST(body AS TEXT), '<" + mark + "_two>')";
}

} // namespace

TEST_CASE("what is lost of a story costs no more than what cannot be read without it") {
    const std::string all = "1:1/10 2:1/5+ 3:2/5+ ";
    check_left("SELECT 1", {2, 1, 30, "1 2 3 ", all, ""});
    // A batch of the timeline that goes on ends it.
    check_left("DELETE FROM batches WHERE number = 26", {2, 1, 25, "1 2 3 ", all, "ends 5 batches earlier"});
    check_left("DELETE FROM batches WHERE number = 24",
               {2, 1, 23, "1 2 ", all, "and 6 batches after it cannot"});
    // One that may be of either does, too.
    check_left("DELETE FROM batches WHERE number = 21", {2, 1, 20, "1 2 ", all, "ends 10 batches earlier"});
    // One of the timeline that was left costs history alone.
    check_left("DELETE FROM batches WHERE number = 15",
               {2, 16, 30, "3 ", "3:2/5+ ", "begins 15 batches later than it did"});
    check_left("DELETE FROM batches WHERE number = 8",
               {2, 9, 30, "1 3 ", "1:1/10 3:2/5+ ", "begins 8 batches later"});
    check_left("DELETE FROM batches WHERE number = 1", {2, 2, 30, "1 2 3 ", all, "begins 1 batch later"});
    // Without its beginning the timeline cannot be read: the one before it goes on.
    check_left(piece_of("back"), {1, 1, 30, "1 2 ", "1:1/10 2:1/5+ ",
                                  "the beginning of timeline 2 is lost: timeline 1 goes on"});
    check_left("DELETE FROM checkpoints WHERE number = 3",
               {1, 1, 30, "1 2 ", "1:1/10 2:1/5+ ", "1 checkpoint is lost"});
    check_left(piece_of("back") + "; DELETE FROM batches WHERE number = 3",
               {1, 4, 30, "1 2 ", "1:1/10 2:1/5+ ", "begins 3 batches later"});
    // A checkpoint within a batch that is lost stands at the end of the one before.
    check_left(piece_of("back") + ";" + piece_of("ten") + "; DELETE FROM batches WHERE number = 5",
               {1, 5, 4, "", "4:1/4 ", "ends 26 batches earlier"});
    // Rows that name something.
    check_left("DELETE FROM timelines", {2, 1, 30, "1 2 3 ", all, "1 timeline is lost"});
    check_left("DELETE FROM snapshots WHERE number = 2", {2, 1, 30, "1 3 ", all, "1 snapshot is lost"});
    // Nothing to begin from.
    check_left("DELETE FROM checkpoints; DELETE FROM batches WHERE number = 1",
               {1, 1, 0, "", "", "they begin anew"});
    // What says how much there was.
    check_left("DELETE FROM meta", {2, 1, 30, "1 2 3 ", all, "what says how much there was is lost"});
}

TEST_CASE("files of noise make nothing crash") {
    Folder folder;
    std::mt19937 random(21);
    const std::string path = folder.file("a.indent"), to = folder.file("b.indent");
    make_image(path, false);
    const std::string bytes = read(path);
    size_t made = 0;
    for (int i = 0; i < 150; ++i) {
        std::string bad = bytes;
        for (size_t n = 1 + random() % 4000; n > 0; --n) bad[random() % bad.size()] = char(random());
        write(path, bad);
        write(path + "-wal", bad.substr(random() % 4096, random() % 60000));
        fs::remove(to);
        if (image::recover(path, to)) {
            ++made;
            (void)content_of(to);
        }
    }
    MESSAGE(made << " of 150 files with noise all over them gave an image that is whole");
}
