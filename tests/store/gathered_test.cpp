// What SQLite writes goes to the system in larger pieces, and no later than others rely on it.
#include "image/store/image.h"
#include <cstdlib>
#include <cstring>
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

TEST_CASE("What is read in a row is what was written last, also where it was read ahead before") {
    std::string name = (fs::temp_directory_path() / "indent-gathered-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()));
    const fs::path folder = name;
    auto kept = Image::create(folder / "a.indent");
    REQUIRE(kept);
    const auto text = [](uint64_t number, size_t size) {
        std::string text(size, char('a' + number));
        for (size_t i = 0; i + 8 < size; i += 64) std::memcpy(&text[i], &(number += 7), sizeof number);
        return text; // zlib makes little of it
    };
    // The log goes round and the file grows meanwhile, so that both are written where they were read.
    constexpr uint64_t kBatches = 24;
    auto size_of = [](uint64_t number) { return size_t(30'000 + number * 77'777 % 900'000); };
    for (uint64_t last = 1; last <= kBatches; ++last) {
        REQUIRE((*kept)->story().append({}, {0, 1, last, 0, text(last, size_of(last))}));
        for (const uint64_t first : {uint64_t(1), last}) {
            uint64_t number = first;
            const auto read =
                (*kept)->story().read_batches(1, first, last, [&](image::BatchRecord& batch) -> Result<bool> {
                    CHECK(batch.body == text(number, size_of(number)));
                    ++number;
                    return true;
                });
            REQUIRE(read);
            CHECK(number == last + 1);
        }
    }
    kept = Failure{"", ""};
    fs::remove_all(folder);
}
