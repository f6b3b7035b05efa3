#include "image/store/image.h"
#include <cstdlib>
#include <doctest/doctest.h>
#include <filesystem>

using namespace indent;
using image::Image;
namespace fs = std::filesystem;

namespace {

struct Folder {
    fs::path path;
    Folder() {
        std::string name = (fs::temp_directory_path() / "indent-compact-XXXXXX").string();
        REQUIRE(mkdtemp(name.data()));
        path = name;
    }
    ~Folder() { fs::remove_all(path); }
    std::string file(const std::string& name) const { return (path / name).string(); }
};

// Forty batches, and then one that stands for them.
std::unique_ptr<Image> with_free_space(const std::string& path) {
    auto image = Image::create(path);
    REQUIRE(image);
    REQUIRE((*image)->commit("m", {{"m", {{"f", "def f = 1\n"}}}}));
    for (char c = 'a'; c < 'a' + 20; ++c) REQUIRE((*image)->append_story({}, std::string(100'000, c)));
    REQUIRE((*image)->begin_story_anew({"all"}));
    return std::move(image).value();
}

size_t batches_of(Image& image) {
    size_t all = 0;
    REQUIRE(image.read_story([](auto) { return ok(); },
                             [&](std::string_view body) {
                                 all += body == "all";
                                 return ok();
                             }));
    return all;
}

} // namespace

TEST_CASE("space that nothing uses goes back to the disk, in slices or at once, and all else stays") {
    Folder folder;
    for (bool whole : {false, true}) {
        const std::string path = folder.file(whole ? "a.indent" : "b.indent");
        auto image = with_free_space(path);
        size_t slices = 0;
        if (whole)
            REQUIRE(image->compact());
        else
            for (bool more = true; more; ++slices) {
                auto some = image->compact_some();
                REQUIRE(some);
                more = *some;
            }
        CHECK((whole || slices > 1));
        CHECK(fs::file_size(path) < 100'000);
        CHECK(fs::file_size(path + "-wal") == 0);
        CHECK(batches_of(*image) == 1);
        CHECK(image->modules().value_or({}).size() == 1);
        CHECK(image->verify());
        CHECK(image->append_story({}, "more"));
        image.reset();
        CHECK(Image::open(path));
    }
}

TEST_CASE("an image of the first version is compacted, too") {
    Folder folder;
    const std::string path = folder.file("a.indent");
    fs::copy_file(INDENT_SOURCE_DIR "/tests/store/images/version_1.indent", path);
    auto image = Image::open(path);
    REQUIRE(image);
    REQUIRE((*image)->append_story({}, std::string(500'000, 'x')));
    REQUIRE((*image)->begin_story_anew({"all"}));
    auto more = (*image)->compact_some();
    REQUIRE(more);
    CHECK(!*more);
    CHECK(fs::file_size(path) < 100'000);
    CHECK(batches_of(**image) == 1);
    CHECK((*image)->verify());
}
