// What disks and power cuts do to an image: flipped bits, files cut short, a process killed while it writes. An
// image answers as it was or says that it is damaged; it never answers something else.
#include "image/store/image.h"
#include "tests/store/folder.h"
#include <csignal>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <random>
#include <sys/wait.h>
#include <unistd.h>

using namespace indent;
using namespace indent::testing;
using image::Image;
using image::ModuleRecord;

namespace {

// Enough for several pages, some of them overflow pages.
std::vector<ModuleRecord> some_modules() {
    std::vector<ModuleRecord> modules;
    for (int m = 0; m < 6; m++) {
        ModuleRecord module{"module" + std::to_string(m)};
        for (int d = 0; d < 8; d++)
            module.definitions.push_back(
                {"f" + std::to_string(d), "def f" + std::to_string(d) + " = " +
                                              std::string(size_t(d * d * 100), char('0' + m)) + "\n"});
        modules.push_back(std::move(module));
    }
    return modules;
}

struct Content {
    std::vector<ModuleRecord> modules;
    std::map<std::string, std::string> desk;
    std::vector<image::NameRecord> names;
    std::vector<std::string> batches;
    std::vector<image::StoryPlace> places; // of checkpoints, snapshots, timelines
    bool operator==(const Content&) const = default;
};

// What the image answers, or nothing where it says that something is wrong.
std::optional<Content> content_of(const std::string& path) {
    auto image = Image::open(path);
    if (!image) {
        CHECK(!image.failure().message.empty());
        return std::nullopt;
    }
    auto modules = (*image)->modules();
    auto desk = (*image)->desk();
    if (!modules || !desk || !(*image)->damaged_texts().empty()) return std::nullopt;
    Content content{std::move(modules).value(), std::move(desk).value(), {}, {}, {}};
    auto& story = (*image)->story();
    auto names = story.read_names([&](image::NameRecord name) {
        content.names.push_back(std::move(name));
        return ok();
    });
    auto batches = story.read_batches(0, 0, UINT64_MAX, [&](const image::BatchRecord& batch) {
        content.batches.emplace_back(batch.body);
        return Result<bool>(true);
    });
    auto checkpoints = story.checkpoints();
    auto snapshots = story.snapshots();
    auto timelines = story.timelines();
    auto piece = story.piece(image::hash_of(std::string(3000, 'p')));
    if (!names || !batches || !checkpoints || !snapshots || !timelines || !piece) return std::nullopt;
    for (const auto& each : *checkpoints) content.places.push_back(each.place);
    for (const auto& each : *snapshots) content.places.push_back(each.place);
    for (const auto& each : *timelines) content.places.push_back(each.from);
    return content;
}

} // namespace

TEST_CASE("a flipped bit anywhere is noticed, or lies where nothing is kept") {
    Folder folder;
    const std::string path = folder.file("a.indent");
    {
        auto image = Image::create(path);
        REQUIRE(image);
        for (const auto& module : some_modules()) REQUIRE((*image)->commit(module.path, {module}));
        REQUIRE((*image)->save("workspace/1", std::string(9000, 'w')));
        REQUIRE((*image)->save("layout", "left"));
        for (uint64_t n = 1; n <= 12; ++n)
            REQUIRE((*image)->story().append(
                {{0, n, "name" + std::to_string(n)}, {3, 100 - n, std::string(300, 'n')}},
                {0, 1, n, int64_t(n), std::string(size_t(n * 700), char('a' + n))}));
        image::Story& story = (*image)->story();
        const std::string piece(3000, 'p');
        REQUIRE(story.put_pieces({piece}));
        const std::string manifest = image::encode_listing("", {{"piece", image::hash_of(piece)}});
        REQUIRE(story.put_checkpoint({0, {1, 5, image::StoryPlace::kWhole, 5}, 4, 1, manifest}));
        REQUIRE(story.put_snapshot({0, "here", {1, 4, 1, 4}, 1, 0, true}));
        REQUIRE(
            story.begin_timeline({0, "other", {1, 3, 1, 3}, 1, 7}, {0, {1, 3, 1, 3}, 7, 1, manifest}, false));
    }
    const auto expected = content_of(path);
    REQUIRE(expected);
    const std::string good = read(path);
    std::mt19937 random(7);
    int noticed = 0;
    const int flips = 600;
    for (int i = 0; i < flips; i++) {
        std::string bad = good;
        // Half of them in headers of pages, where they hurt most.
        size_t at = i % 2 ? random() % bad.size() : random() % (bad.size() / 4096) * 4096 + random() % 120;
        const int bit = int(random() % 8);
        bad[at] = char(bad[at] ^ (1 << bit));
        CAPTURE(at);
        CAPTURE(bit);
        write(path, bad);
        auto content = content_of(path);
        if (content)
            CHECK((*content == *expected));
        else
            noticed++;
        std::filesystem::remove(path + "-wal");
        std::filesystem::remove(path + "-journal");
    }
    MESSAGE(noticed << " of " << flips << " flips noticed, the others lay where nothing is kept");
    CHECK(noticed > flips / 4);
}

TEST_CASE("a file that was cut short is damaged, wherever it was cut") {
    Folder folder;
    const std::string path = folder.file("a.indent");
    {
        auto image = Image::create(path);
        REQUIRE(image);
        REQUIRE((*image)->commit("all", some_modules()));
    }
    const std::string good = read(path);
    for (size_t size = 1; size < good.size(); size += 997) {
        CAPTURE(size);
        write(path, good.substr(0, size));
        CHECK(!content_of(path));
        std::filesystem::remove(path + "-wal");
    }
}

TEST_CASE("random bytes after a good header are damage, not a crash") {
    Folder folder;
    const std::string path = folder.file("a.indent");
    {
        auto image = Image::create(path);
        REQUIRE(image);
        REQUIRE((*image)->commit("all", some_modules()));
    }
    const std::string good = read(path);
    std::mt19937 random(11);
    for (int i = 0; i < 50; i++) {
        std::string bad = good;
        const size_t from = 100 + random() % 8000;
        for (size_t at = from; at < std::min(bad.size(), from + 4000); at++) bad[at] = char(random());
        write(path, bad);
        CHECK(!content_of(path));
        std::filesystem::remove(path + "-wal");
    }
}

TEST_CASE("a process that is killed while it writes loses nothing that was answered") {
    Folder folder;
    const std::string path = folder.file("a.indent");
    REQUIRE(Image::create(path));
    std::mt19937 random(3);
    for (int round = 0; round < 12; round++) {
        int pipe_ends[2];
        REQUIRE(pipe(pipe_ends) == 0);
        const pid_t child = fork();
        REQUIRE(child >= 0);
        if (child == 0) { // writes epochs without end and tells of each that was answered
            close(pipe_ends[0]);
            auto image = Image::open(path);
            if (!image) _exit(1);
            const auto before = (*image)->epochs();
            if (!before) _exit(2);
            for (uint64_t number = before->size() + 1;; number++) {
                const std::string text = std::to_string(number);
                auto done = (*image)->commit(text, {{"m", {{"f", text + std::string(3000, 'x')}}}});
                if (!done || *done != number || !(*image)->save("workspace/1", text)) _exit(3);
                if (::write(pipe_ends[1], &number, sizeof number) != sizeof number) _exit(4);
            }
        }
        close(pipe_ends[1]);
        uint64_t answered = 0, number = 0;
        const int wanted = 1 + int(random() % 20);
        for (int i = 0; i < wanted && ::read(pipe_ends[0], &number, sizeof number) == sizeof number; i++)
            answered = number;
        usleep(random() % 3000);
        kill(child, SIGKILL);
        while (::read(pipe_ends[0], &number, sizeof number) == sizeof number) answered = number;
        close(pipe_ends[0]);
        int status = 0;
        waitpid(child, &status, 0);
        REQUIRE(WIFSIGNALED(status));
        REQUIRE(answered > 0);

        auto image = Image::open(path);
        REQUIRE(image);
        auto epochs = (*image)->epochs().value_or({});
        CHECK(epochs.size() >= answered);
        CHECK(epochs.size() <= answered + 1);
        auto modules = (*image)->modules().value_or({});
        REQUIRE(modules.size() == 1);
        CHECK(modules[0].definitions[0].text == epochs.back().what + std::string(3000, 'x'));
        auto desk = (*image)->desk().value_or({});
        CHECK(std::stoull(desk["workspace/1"]) >= answered);
        CHECK((*image)->verify());
    }
}

TEST_CASE("a process that is killed while it makes an image leaves none, or a whole one") {
    Folder folder;
    std::mt19937 random(5);
    for (int round = 0; round < 15; round++) {
        const std::string path = folder.file("new.indent");
        const pid_t child = fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            for (;;) {
                unlink(path.c_str());
                unlink((path + "-wal").c_str());
                unlink((path + "-journal").c_str());
                if (!Image::create(path)) _exit(1);
            }
        }
        usleep(2000 + random() % 20000);
        kill(child, SIGKILL);
        int status = 0;
        waitpid(child, &status, 0);
        REQUIRE(WIFSIGNALED(status));
        auto opened = Image::open(path);
        if (!opened) CHECK(Image::create(path));
        std::filesystem::remove(path);
        std::filesystem::remove(path + "-wal");
        std::filesystem::remove(path + "-journal");
    }
}
