#include "image/store/image.h"
#include "image/store/schema.h"
#include "tests/store/folder.h"
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <sqlite3.h>
#include <unistd.h>

using namespace indent;
using namespace indent::testing;
using image::Image;
using image::ModuleRecord;

namespace {

const std::vector<ModuleRecord> kModules = {
    {"greeting",
     {{"", "module greeting\n\n"}, {"hello", "# Says it.\ndef hello(name) = \"Hello, {name}\"\n"}}},
    {"shapes",
     {{"Shape", "class Shape:\n    field name = \"\xCF\x83\xCF\x87\xCE\xAE\xCE\xBC\xCE\xB1\"\n"},
      {"Shape.area", "    def area = 0   # none\r\n"},
      {"", std::string("\n\0 odd bytes \xff\n", 15)}}},
};

std::string failure_of(const std::string& path) {
    auto image = Image::open(path);
    return image ? "" : image.failure().code;
}

void make_image(const std::string& path) {
    auto image = Image::create(path);
    REQUIRE(image);
    REQUIRE((*image)->commit("greeting", {kModules[0]}));
    REQUIRE((*image)->commit("shapes", {kModules[1]}));
    REQUIRE((*image)->save("workspace/1", "1 + 1\n"));
    REQUIRE((*image)->save("layout", "left 200"));
}

} // namespace

TEST_CASE("what went into an image comes out of it byte for byte") {
    Folder folder;
    const std::string path = folder.file("a.indent");
    make_image(path);
    auto image = Image::open(path);
    REQUIRE(image);
    CHECK((*image)->modules().value_or({}) == kModules);
    auto desk = (*image)->desk().value_or({});
    CHECK(desk == std::map<std::string, std::string>{{"layout", "left 200"}, {"workspace/1", "1 + 1\n"}});
    CHECK((*image)->verify());
    CHECK(!std::filesystem::exists(path + "-shm")); // the lock is this process's alone
}

TEST_CASE("an image that was closed is one file") {
    Folder folder;
    make_image(folder.file("a.indent"));
    int files = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder.path)) files++;
    CHECK(files == 1);
}

TEST_CASE("each change is an epoch, and the earlier ones stay as they were") {
    Folder folder;
    const std::string path = folder.file("a.indent");
    make_image(path);
    auto image = Image::open(path);
    REQUIRE(image);
    ModuleRecord changed = kModules[1];
    changed.definitions[1].text = "    def area = 1\n";
    CHECK((*image)->commit("Shape.area", {changed}).value_or(0) == 3);
    CHECK((*image)->commit("greeting gone", {{"greeting"}}).value_or(0) == 4);
    CHECK((*image)->modules().value_or({}) == std::vector<ModuleRecord>{changed});
    CHECK((*image)->modules_at(2).value_or({}) == kModules);
    CHECK((*image)->modules_at(0).value_or(kModules).empty());
    CHECK((*image)->modules_at(5).failure().code == "not_found");
    auto epochs = (*image)->epochs().value_or({});
    REQUIRE(epochs.size() == 4);
    CHECK(epochs[2].what == "Shape.area");
    CHECK(epochs[2].number == 3);
    CHECK(epochs[2].at_ms > 1'600'000'000'000);
    CHECK((*image)->verify());
}

TEST_CASE("a text of the desk is replaced and forgotten") {
    Folder folder;
    const std::string path = folder.file("a.indent");
    make_image(path);
    {
        auto image = Image::open(path);
        REQUIRE(image);
        CHECK((*image)->save("workspace/1", "2 + 2"));
        CHECK((*image)->save("workspace/1", "2 + 2")); // once more changes nothing
        CHECK((*image)->save("draft/a/b", ""));
        CHECK((*image)->forget("layout"));
        CHECK((*image)->forget("layout"));
    }
    auto image = Image::open(path);
    REQUIRE(image);
    CHECK((*image)->desk().value_or({}) ==
          std::map<std::string, std::string>{{"draft/a/b", ""}, {"workspace/1", "2 + 2"}});
}

TEST_CASE("an image that is open is locked for others") {
    Folder folder;
    const std::string path = folder.file("a.indent");
    make_image(path);
    {
        auto image = Image::open(path);
        REQUIRE(image);
        CHECK(failure_of(path) == "locked");
    }
    CHECK(failure_of(path) == "");
}

TEST_CASE("a file that is no image is refused and stays as it is") {
    Folder folder;
    const std::string path = folder.file("a.indent");
    CHECK(failure_of(path) == "not_found");
    for (const std::string& bytes : {std::string("Dear diary"), std::string(5000, 'x'),
                                     std::string(100, '\0'), "SQLite format 3" + std::string(5000, '\0')}) {
        write(path, bytes);
        CHECK(failure_of(path) != "");
        CHECK(Image::create(path).failure().code == "exists");
        CHECK(read(path) == bytes);
    }
    write(path, "");
    CHECK(failure_of(path) == "not_an_image");
    CHECK(failure_of(folder.path.string()) != "");
    CHECK(failure_of("") == "not_found");
    CHECK(failure_of(":memory:") == "not_found"); // a name like any other
}

TEST_CASE("another program's database is no image, and neither is one with other tables") {
    Folder folder;
    const std::string other = folder.file("other.db");
    run_sql(other, "CREATE TABLE t(a); INSERT INTO t VALUES(1)");
    CHECK(failure_of(other) == "not_an_image");
    CHECK(Image::create(other).failure().code == "exists");
    const std::string more = folder.file("more.indent");
    make_image(more);
    run_sql(more, "CREATE TABLE t(a)");
    CHECK(failure_of(more) == "damaged");
    const std::string trigger = folder.file("trigger.indent");
    make_image(trigger);
    run_sql(trigger, "CREATE TRIGGER t AFTER INSERT ON workbench BEGIN DELETE FROM epochs; END");
    CHECK(failure_of(trigger) == "damaged");
    const std::string less = folder.file("less.indent");
    make_image(less);
    run_sql(less, "DROP TABLE workbench");
    CHECK(failure_of(less) == "damaged");
}

TEST_CASE("an image of a newer program is refused with a sentence") {
    Folder folder;
    const std::string path = folder.file("a.indent");
    make_image(path);
    run_sql(path, "PRAGMA user_version=7");
    auto image = Image::open(path);
    REQUIRE(!image);
    CHECK(image.failure().code == "newer");
    CHECK(image.failure().message ==
          path + " was made by a newer Indent (its version is 7, this program knows " +
              std::to_string(image::kSchemaVersion) +
              "); open it with that "
              "one, or with one that is newer still");
}

TEST_CASE("rows that were changed, exchanged or lost behind our back are noticed") {
    Folder folder;
    const char* faults[] = {
        "UPDATE definitions SET text = x'00' WHERE hash = (SELECT min(hash) FROM definitions)",
        "DELETE FROM definitions WHERE hash = (SELECT max(hash) FROM definitions)",
        "UPDATE modules SET listing = x'0102'",
        "DELETE FROM modules",
        "DELETE FROM epochs WHERE number = 2",
        "UPDATE epochs SET manifest = (SELECT manifest FROM epochs WHERE number = 1) WHERE number = 2",
        "DELETE FROM workbench WHERE key = x'6c61796f7574'",
        "UPDATE meta SET value = zeroblob(24)",
        "DELETE FROM meta",
    };
    for (const char* fault : faults) {
        CAPTURE(fault);
        const std::string path = folder.file("a.indent");
        std::filesystem::remove(path);
        make_image(path);
        run_sql(path, fault);
        CHECK(failure_of(path) == "damaged");
    }
}

TEST_CASE("a text of the desk that is damaged is left out and told, and the image opens") {
    Folder folder;
    for (const char* fault : {"UPDATE workbench SET text = x'61' WHERE key = x'6c61796f7574'",
                              "UPDATE workbench SET checksum = checksum + 1 WHERE key = x'6c61796f7574'"}) {
        CAPTURE(fault);
        const std::string path = folder.file("a.indent");
        std::filesystem::remove(path);
        make_image(path);
        run_sql(path, fault);
        {
            auto image = Image::open(path);
            REQUIRE(image);
            CHECK((*image)->damaged_texts() == std::vector<std::string>{"layout"});
            CHECK((*image)->desk().value_or({}) ==
                  std::map<std::string, std::string>{{"workspace/1", "1 + 1\n"}});
            CHECK((*image)->verify().failure().code == "damaged");
            // Others are changed beside it, and then it is written anew.
            REQUIRE((*image)->save("workspace/1", "2"));
            CHECK((*image)->damaged_texts() == std::vector<std::string>{"layout"});
            REQUIRE((*image)->save("layout", "right"));
            CHECK((*image)->damaged_texts().empty());
            CHECK((*image)->verify());
        }
        auto image = Image::open(path);
        REQUIRE(image);
        CHECK((*image)->desk().value_or({}) ==
              std::map<std::string, std::string>{{"layout", "right"}, {"workspace/1", "2"}});
    }
}

TEST_CASE("where there is no space a change fails, and the image is as it was before it") {
    Folder folder;
    const std::string path = folder.file("a.indent");
    make_image(path);
    {
        auto image = Image::open(path);
        REQUIRE(image);
        REQUIRE((*image)->limit_bytes(std::filesystem::file_size(path) + 8192));
        ModuleRecord large{"large", {{"x", std::string(1 << 20, 'x')}}};
        CHECK((*image)->commit("large", {large}).failure().code == "no_space");
        CHECK((*image)->save("workspace/1", std::string(1 << 20, 'x')).failure().code == "no_space");
        CHECK((*image)->modules().value_or({}) == kModules);
        CHECK((*image)->save("workspace/1", "short")); // and small things go on
    }
    auto image = Image::open(path);
    REQUIRE(image);
    CHECK((*image)->modules().value_or({}) == kModules);
    CHECK((*image)->desk().value_or({})["workspace/1"] == "short");
}

TEST_CASE("an image where nothing may be written says so") {
    if (geteuid() != 0) {
        Folder folder;
        const std::string path = folder.file("a.indent");
        make_image(path);
        std::filesystem::permissions(folder.path,
                                     std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
        CHECK(failure_of(path) == "denied");
        CHECK(Image::create(folder.file("b.indent")).failure().code == "denied");
        std::filesystem::permissions(folder.path, std::filesystem::perms::owner_all);
        std::filesystem::permissions(path, std::filesystem::perms::owner_read);
        CHECK(failure_of(path) == "denied");
    }
    // For root as well: below something that is no folder.
    Folder folder;
    const std::string file = folder.file("a.indent");
    make_image(file);
    CHECK(!Image::create(file + "/b.indent"));
    CHECK(Image::create("/nowhere/at/all/a.indent").failure().code == "not_found");
}

namespace {

image::BatchRecord batch(std::string_view body, uint64_t turn = 0) {
    image::BatchRecord record;
    record.body = body;
    record.turn = turn;
    return record;
}

struct Told {
    std::vector<image::NameRecord> names;
    std::vector<std::string> batches;
    bool whole = false;
};
// Of one timeline; 0: of all.
Told told(Image& image, uint64_t timeline = 0) {
    Told all;
    auto names = image.story().read_names([&](image::NameRecord name) {
        all.names.push_back(std::move(name));
        return ok();
    });
    auto batches = image.story().read_batches(timeline, 0, UINT64_MAX, [&](const image::BatchRecord& one) {
        all.batches.emplace_back(one.body);
        return Result<bool>(true);
    });
    all.whole = names && batches;
    return all;
}

} // namespace

TEST_CASE("the story comes back as it was told, and what was told in vain is not in it") {
    Folder folder;
    const std::string path = folder.file("a.indent");
    REQUIRE(Image::create(path));
    {
        auto opened = Image::open(path);
        REQUIRE(opened);
        CHECK(told(**opened).names.empty());
        CHECK(told(**opened).batches.empty());
        image::Story& story = (*opened)->story();
        REQUIRE(story.append({{1, 64, "b"}, {0, 1, "a"}}, batch("first", 3)));
        REQUIRE(story.append({}, batch(std::string_view("second\0", 7), 5)));
        REQUIRE(story.append({{0, 2, ""}}, batch("")));
        // A name that is there already: nothing of the batch is kept.
        CHECK_FALSE(story.append({{0, 2, "again"}}, batch("no")));
    }
    {
        auto opened = Image::open(path);
        REQUIRE(opened);
        REQUIRE((*opened)->verify());
        const Told all = told(**opened);
        CHECK(all.names == std::vector<image::NameRecord>{{0, 1, "a"}, {0, 2, ""}, {1, 64, "b"}});
        CHECK(all.batches == std::vector<std::string>{"first", std::string("second\0", 7)});
        image::Story& story = (*opened)->story();
        CHECK(*story.batch_with_turn(1, 3) == 1);
        CHECK(*story.batch_with_turn(1, 4) == 2);
        CHECK(*story.batch_with_turn(1, 6) == 0);
    }
    run_sql(path, "DELETE FROM batches WHERE number = 2");
    auto opened = Image::open(path);
    REQUIRE(opened);
    CHECK_FALSE((*opened)->verify());
    CHECK_FALSE(told(**opened).whole);
}

TEST_CASE("checkpoints, timelines and snapshots are kept, and what nobody needs goes") {
    Folder folder;
    const std::string path = folder.file("a.indent");
    REQUIRE(Image::create(path));
    auto manifest = [](const std::vector<std::string>& pieces) {
        std::vector<image::ListingEntry> entries;
        for (const std::string& piece : pieces) entries.push_back({piece, image::hash_of(piece)});
        return image::encode_listing("", entries);
    };
    {
        auto opened = Image::open(path);
        REQUIRE(opened);
        image::Story& story = (*opened)->story();
        for (uint64_t n = 1; n <= 6; ++n) REQUIRE(story.append({}, batch("batch " + std::to_string(n), n)));
        REQUIRE(story.put_pieces({"one", "two"}));
        REQUIRE(story.put_pieces({"two", "three"}));
        REQUIRE(
            story.put_checkpoint({0, {1, 2, image::StoryPlace::kWhole, 2}, 0, 1, manifest({"one", "two"})}));
        REQUIRE(story.put_checkpoint(
            {0, {1, 5, image::StoryPlace::kWhole, 5}, 0, 1, manifest({"two", "three"})}));
        REQUIRE(story.put_snapshot({0, "here", {1, 4, 1, 4}, 1, 0, true}));
        REQUIRE(story.put_snapshot({0, "there", {1, 5, 1, 5}, 1, 0, false}));
        auto at = story.checkpoint_before({1, 4, image::StoryPlace::kWhole, 4});
        REQUIRE(at);
        REQUIRE(*at);
        CHECK((*at)->place.batch == 2);
        CHECK_FALSE(story.checkpoint_before({1, 1, image::StoryPlace::kWhole, 1})->has_value());
        // Going back: the second timeline begins after batch 4, and goes on.
        REQUIRE(story.put_pieces({"four"}));
        auto line = story.begin_timeline({0, "again", {1, 4, 1, 4}, 1, 0},
                                         {0, {1, 4, 1, 4}, 0, 1, manifest({"four"})}, true);
        REQUIRE(line);
        CHECK(*line == 2);
        REQUIRE(story.append({}, batch("other", 5)));
        CHECK(told(**opened, 1).batches.size() == 6);
        CHECK(told(**opened, 2).batches == std::vector<std::string>{"other"});
        REQUIRE(story.name_timeline(2, "renamed"));
        CHECK_FALSE(story.name_timeline(3, "none"));
    }
    {
        auto opened = Image::open(path);
        REQUIRE(opened);
        REQUIRE((*opened)->verify());
        image::Story& story = (*opened)->story();
        CHECK(story.heads().timeline == 2);
        CHECK(story.timelines()->at(0).name == "renamed");
        CHECK(story.snapshots()->size() == 2);
        CHECK(story.checkpoints()->size() == 3);
        REQUIRE(story.forget(4, {1}));
        CHECK(told(**opened, 1).batches.size() == 3);
        while (*story.sweep_pieces(1)) {
        }
        CHECK_FALSE(story.piece(image::hash_of("one")));
        CHECK(story.piece(image::hash_of("two")));
        CHECK(story.piece(image::hash_of("four")));
        REQUIRE(story.drop_snapshot(2));
        CHECK_FALSE(story.drop_snapshot(2));
        REQUIRE(story.go_on_with(1));
        CHECK_FALSE(story.go_on_with(3));
        REQUIRE((*opened)->verify());
    }
    for (const char* sql :
         {"DELETE FROM snapshots", "DELETE FROM timelines", "DELETE FROM checkpoints",
          "DELETE FROM checkpoint_pieces WHERE body = x'74776f'", "UPDATE snapshots SET turn = turn + 1",
          "UPDATE timelines SET batch = 1", "UPDATE checkpoints SET epoch = 9"}) {
        INFO(sql);
        const std::string bad = folder.file("bad.indent");
        write(bad, read(path));
        run_sql(bad, sql);
        auto opened = Image::open(bad);
        REQUIRE(opened);
        CHECK_FALSE((*opened)->verify());
    }
}

TEST_CASE("an image that version 1 made opens with what it holds, and takes a story") {
    Folder folder;
    const std::string path = folder.file("a.indent");
    write(path, read(INDENT_SOURCE_DIR "/tests/store/images/version_1.indent"));
    auto opened = Image::open(path);
    REQUIRE(opened);
    REQUIRE((*opened)->verify());
    auto modules = (*opened)->modules();
    auto desk = (*opened)->desk();
    REQUIRE(modules);
    REQUIRE(desk);
    CHECK(desk->contains("workspace/1"));
    REQUIRE((*opened)->story().append({{0, 1, "name"}}, batch("batch")));
    opened = Failure{"", ""};
    auto again = Image::open(path);
    REQUIRE(again);
    CHECK((*again)->verify());
}

TEST_CASE("a copy of an image is an image of its own, made while the first is open") {
    Folder folder;
    auto image = Image::create(folder.file("a"));
    REQUIRE(image);
    REQUIRE((*image)->commit("first", kModules));
    REQUIRE((*image)->save("workspace/1", "text"));
    REQUIRE((*image)->save_as(folder.file("b")));
    auto copy = Image::open(folder.file("b"));
    REQUIRE(copy);
    CHECK((*copy)->modules().value() == kModules);
    CHECK((*copy)->desk().value().at("workspace/1") == "text");
    CHECK((*copy)->verify());
    REQUIRE((*copy)->commit("second", {{"shapes", {}}}));
    CHECK((*image)->modules().value() == kModules);
    REQUIRE((*image)->commit("third", {})); // the first goes on
    CHECK((*image)->save_as(folder.file("b")).failure().code == "exists");
    CHECK((*image)->save_as(folder.file("no/b")).failure().code != "");
    CHECK(!std::filesystem::exists(folder.file("no/b.new")));
    CHECK(!std::filesystem::exists(folder.file("b.new")));
}

TEST_CASE(
    "an image whose file is moved while it is open keeps nothing in vain, and goes on when it is back") {
    Folder folder;
    const std::string path = folder.file("a.indent"), elsewhere = folder.file("b.indent");
    {
        auto image = Image::create(path);
        REQUIRE(image);
        REQUIRE((*image)->commit("greeting", {kModules[0]}));
        std::filesystem::rename(path, elsewhere); // its log stays
        auto refused = (*image)->commit("shapes", {kModules[1]});
        REQUIRE(!refused);
        CHECK(refused.failure().code == "moved");
        CHECK(refused.failure().message.find(path + " was moved, removed or replaced") == 0);
        CHECK((*image)->save("layout", "left 200").failure().code == "moved");
        // What was answered is in the file that was moved, whatever becomes of this program.
        std::filesystem::copy(elsewhere, folder.file("copy.indent"));
        auto copy = Image::open(folder.file("copy.indent"));
        REQUIRE(copy);
        CHECK((*copy)->modules().value_or({}) == std::vector<ModuleRecord>{kModules[0]});
        std::filesystem::rename(elsewhere, path);
        REQUIRE((*image)->commit("shapes", {kModules[1]}));
        // Moved once more, and closed without another change.
        std::filesystem::rename(path, elsewhere);
    }
    auto image = Image::open(elsewhere);
    REQUIRE(image);
    CHECK((*image)->modules().value_or({}) == kModules);
    CHECK((*image)->verify());
}
