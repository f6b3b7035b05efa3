// What SQLite writes goes to the system in larger pieces, and no later than others rely on it.
#include "image/store/image.h"
#include <cstdlib>
#include <doctest/doctest.h>
#include <filesystem>

using namespace indent;
using image::Image;
namespace fs = std::filesystem;

TEST_CASE("What was kept without a sync is in the files at once, be it a few pages or many") {
    std::string name = (fs::temp_directory_path() / "indent-gathered-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()));
    const fs::path folder = name;
    auto kept = Image::create(folder / "a.indent");
    REQUIRE(kept);
    REQUIRE((*kept)->set_survives(Image::Survives::Process));
    uint64_t last = 0;
    for (const size_t size : {10, 5'000, 300'000, 1, 3'000'000, 20'000}) {
        REQUIRE((*kept)->story().append({}, {0, 1, ++last, 0, std::string(size, char('a' + last))}));
        // As if the program had ended here: what the system has of it.
        for (const char* end : {"", "-wal"})
            fs::copy_file(folder / (std::string("a.indent") + end), folder / (std::string("b.indent") + end),
                          fs::copy_options::overwrite_existing);
        {
            auto left = Image::open(folder / "b.indent");
            REQUIRE(left);
            CHECK((*left)->story().heads().last == last);
            CHECK((*left)->verify());
        }
        fs::remove(folder / "b.indent-wal");
    }
    kept = Failure{"", ""};
    fs::remove_all(folder);
}
