// Images of which pages are gone: `recover` gives back whatever lies on the others. Where a row lies is found out by the
// marks in its text, in the file's bytes.
#include "image/store/image.h"
#include "image/store/recover.h"
#include "image/store/rows.h"
#include <cstdlib>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <sqlite3.h>

using namespace indent;
using image::Image;
using image::ModuleRecord;
using image::NameRecord;
namespace fs = std::filesystem;

namespace {

constexpr size_t kPage = 4096;

struct Folder {
    fs::path path;
    Folder() {
        const fs::path shared_memory = "/dev/shm";
        const fs::path in = fs::is_directory(shared_memory) ? shared_memory : fs::temp_directory_path();
        std::string name = (in / "indent-recover-XXXXXX").string();
        REQUIRE(mkdtemp(name.data()));
        path = name;
    }
    ~Folder() { fs::remove_all(path); }
    std::string file(const std::string& name) const { return (path / name).string(); }
};

std::string read(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}
void write(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

// A text of nothing but its mark, over and over.
std::string marked(const std::string& mark, size_t times) {
    std::string text;
    for (size_t i = 0; i < times; ++i) text += "<" + mark + ">";
    return text;
}

struct Content {
    std::vector<std::vector<ModuleRecord>> epochs; // from the first
    std::vector<std::string> whats;
    std::vector<int64_t> moments;
    std::map<std::string, std::string> desk;
    std::map<std::pair<uint64_t, uint64_t>, std::string> names;
    std::vector<std::string> batches;
    bool operator==(const Content&) const = default;
};

Content content_of(const std::string& path) {
    Content content;
    auto image = Image::open(path);
    REQUIRE_MESSAGE(image, image.failure().message);
    REQUIRE((*image)->verify());
    for (auto& epoch : (*image)->epochs().value_or({})) {
        content.whats.push_back(epoch.what);
        content.moments.push_back(epoch.at_ms);
        content.epochs.push_back((*image)->modules_at(epoch.number).value_or({}));
    }
    content.desk = (*image)->desk().value_or({});
    REQUIRE((*image)->read_story(
        [&](NameRecord name) {
            content.names[{name.kind, name.number}] = name.content;
            return ok();
        },
        [&](std::string_view body) {
            content.batches.emplace_back(body);
            return ok();
        }));
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

// Batches are called so here; the first after the last beginning has this name.
Result<image::Recovered> recovered(const std::string& path, const std::string& to) {
    return image::recover(path, to, [](std::string_view body) { return body.starts_with("<batch0>"); });
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
        REQUIRE((*image)->append_story({}, "thrown away"));
        REQUIRE((*image)->begin_story_anew({marked("batch0", 200)}));
        for (uint64_t n = 1; n <= 60; ++n)
            REQUIRE((*image)->append_story({{0, n, marked("symbol" + std::to_string(n), 9)},
                                            {1, 40 + n, marked("shape" + std::to_string(n), 20)},
                                            {3, 7 * n, marked("shared" + std::to_string(n), 6)}},
                                           marked("batch" + std::to_string(n), n % 9 == 8 ? 2500 : 3 * n)));
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

// What must be there is, nothing else is that was not, and what is told fits.
void check(const std::string& path, const std::string& to, const Content& good, Places& places,
           const std::set<size_t>& damaged, Tally& tally) {
    ++tally.damages;
    auto told = recovered(path, to);
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
    // The story: its longest beginning that is whole.
    size_t prefix = 0;
    while (prefix < good.batches.size() && places.spared(good.batches[prefix], damaged)) ++prefix;
    CHECK(there.batches.size() >= prefix);
    CHECK(there.batches.size() <= good.batches.size());
    for (size_t i = 0; i < there.batches.size(); ++i) CHECK((there.batches[i] == good.batches[i]));
    tally.spared += prefix;
    tally.lost += good.batches.size() - there.batches.size();
    CHECK(told->batches.kept == there.batches.size());
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
        auto told = recovered(path, to);
        REQUIRE(told);
        CHECK(told->losses.empty());
        CHECK(told->unreadable == 0);
        CHECK(told->batches.kept == 61);
        CHECK(told->epochs.kept == 18);
        CHECK((content_of(to) == good));
        CHECK(read(path) == before);
        CHECK(recovered(path, to).failure().code == "exists");
    }
    write(folder.file("text"), "Dear diary" + std::string(9000, 'x'));
    CHECK(recovered(folder.file("text"), folder.file("n")).failure().code == "not_an_image");
    CHECK(recovered(folder.file("none"), folder.file("n")).failure().code == "not_found");
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
            REQUIRE((*image)->append_story({{0, uint64_t(i), "s" + std::to_string(i)}},
                                           marked("b" + std::to_string(i), 200)));
        }
        fs::copy_file(path, bad);
        fs::copy_file(path + "-wal", bad + "-wal");
    }
    auto told = recovered(bad, to);
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
        auto got = recovered(bad, to);
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
        for (size_t b = 0; b < there.batches.size(); ++b) CHECK((there.batches[b] == good.batches[b]));
    }
    MESSAGE(damages << " damages of a -wal: " << last << " have the last state all the same, " << complained
                    << " say what may be lost");
    CHECK(last > damages / 2);
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
        if (recovered(path, to)) {
            ++made;
            (void)content_of(to);
        }
    }
    MESSAGE(made << " of 150 files with noise all over them gave an image that is whole");
}
