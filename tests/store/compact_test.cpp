#include "image/store/image.h"
#include "tests/store/folder.h"
#include <cstdlib>
#include <doctest/doctest.h>
#include <filesystem>

using namespace indent;
using namespace indent::testing;
using image::Image;
namespace fs = std::filesystem;

namespace {

Result<void> append(Image& image, std::string_view body) {
    return image.story().append({}, {0, 1, 0, 0, body});
}
// And all before it is forgotten.
void append_last(Image& image) {
    REQUIRE(append(image, "all"));
    REQUIRE(image.story().forget(image.story().heads().last, {}));
}

// Twenty batches that are forgotten, and one more.
std::unique_ptr<Image> with_free_space(const std::string& path) {
    auto image = Image::create(path);
    REQUIRE(image);
    REQUIRE((*image)->commit("m", {{"m", {{"f", "def f = 1\n"}}}}));
    for (char c = 'a'; c < 'a' + 20; ++c) REQUIRE(append(**image, std::string(100'000, c)));
    append_last(**image);
    return std::move(image).value();
}

size_t batches_of(Image& image) {
    size_t all = 0;
    REQUIRE(image.story().read_batches(0, 0, UINT64_MAX, [&](const image::BatchRecord& batch) {
        all += batch.body == "all";
        return Result<bool>(true);
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
        CHECK(append(*image, "more"));
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
    REQUIRE(append(**image, std::string(500'000, 'x')));
    append_last(**image);
    auto more = (*image)->compact_some();
    REQUIRE(more);
    CHECK(!*more);
    CHECK(fs::file_size(path) < 100'000);
    CHECK(batches_of(**image) == 1);
    CHECK((*image)->verify());
}
