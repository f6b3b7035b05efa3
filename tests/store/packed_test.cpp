// Large texts are compressed in their rows; what names them is the hash of what they say.
#include "image/store/connection.h"
#include "image/store/image.h"
#include "image/store/packed_text.h"
#include "image/store/recover.h"
#include "tests/store/folder.h"
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <random>
#include <zlib.h>

using namespace indent;
using namespace indent::testing;
using namespace indent::image;

namespace {

// As a program reads: words that come again and again, and some that do not.
std::string program(size_t size, unsigned seed) {
    std::mt19937 random(seed);
    const char* const words[] = {"def ", "self", "return ", "    ", "\n",
                                 "list", ".map", "(value)", " = ",  "if "};
    std::string text;
    while (text.size() < size) {
        text += words[random() % std::size(words)];
        if (random() % 8 == 0) text += std::to_string(random());
    }
    return text;
}

// A row as `packed` makes it, with whatever size and stream.
std::string row_with(uint64_t size, std::string_view text) {
    std::string stream(compressBound(uLong(text.size())), '\0');
    uLongf written = uLongf(stream.size());
    REQUIRE(compress2(reinterpret_cast<Bytef*>(stream.data()), &written,
                      reinterpret_cast<const Bytef*>(text.data()), uLong(text.size()), 9) == Z_OK);
    stream.resize(written);
    return std::string("\0zlib\0", 6) + number_bytes(size) + stream;
}

} // namespace

TEST_CASE("a text comes out of its row as it went in, and a large one takes less room there") {
    for (size_t size : {size_t(0), size_t(1), size_t(700), size_t(5000), size_t(300'000)}) {
        CAPTURE(size);
        const std::string text = program(size, unsigned(size));
        const std::string row = packed(text);
        CHECK(unpacked(row, hash_of(text)) == text);
        CHECK((size < 1000 ? row == text : row.size() < text.size() * 3 / 4));
    }
    std::string noise(5000, '\0');
    std::mt19937 random(1);
    for (char& c : noise) c = char(random());
    CHECK(packed(noise) == noise); // it would not be smaller
    const std::string same(5'000'000, 'a');
    CHECK(packed(same) == same); // it would be too small to be believed
    // A text that looks like a compressed one is what it is.
    const std::string text = program(5000, 1), looks = packed(text), twice = packed(looks);
    CHECK(unpacked(twice, hash_of(looks)) == looks);
    CHECK(unpacked(looks, hash_of(looks)) == looks);
    CHECK(unpacked(looks, hash_of(text)) == text);
}

TEST_CASE("a row that says something else than its hash, or more than it can have, is none") {
    const std::string text = program(20'000, 3);
    const std::string row = packed(text);
    REQUIRE(row.size() < text.size());
    CHECK(!unpacked(row, hash_of("another")));
    CHECK(!unpacked("", hash_of(text)));
    for (size_t size = 0; size < row.size(); size += 7) CHECK(!unpacked(row.substr(0, size), hash_of(text)));
    std::mt19937 random(2);
    size_t harmless = 0;
    for (int i = 0; i < 2000; ++i) {
        std::string bad = row;
        bad[random() % bad.size()] ^= char(1 << random() % 8);
        if (auto said = unpacked(bad, hash_of(text))) {
            CHECK(*said == text); // bits of the stream that mean nothing
            ++harmless;
        }
    }
    CHECK(harmless < 20);
    // Small rows that would become a gigabyte, or say so.
    const std::string zeros(60 << 20, '\0');
    CHECK(!unpacked(row_with(zeros.size(), zeros), hash_of(zeros)));
    for (uint64_t size :
         {uint64_t(0), uint64_t(text.size() - 1), uint64_t(text.size() + 1), uint64_t(1) << 30, UINT64_MAX}) {
        CAPTURE(size);
        CHECK(!unpacked(row_with(size, text), hash_of(text)));
    }
}

TEST_CASE("an image keeps large texts compressed, beside those of an older program that are not") {
    Folder folder;
    const std::string path = folder.file("a.indent"), salvaged = folder.file("b.indent");
    std::filesystem::copy(INDENT_SOURCE_DIR "/tests/store/images/version_2.indent", path);
    std::vector<ModuleRecord> all;
    uintmax_t before = 0;
    {
        auto image = Image::open(path);
        REQUIRE(image);
        REQUIRE((*image)->compact());
        before = std::filesystem::file_size(path);
        ModuleRecord module{"large"};
        for (unsigned i = 0; i < 8; ++i)
            module.definitions.push_back({std::to_string(i), program(60'000, i)});
        REQUIRE((*image)->commit("large", {module}));
        REQUIRE((*image)->commit("large again", {module}));
        auto modules = (*image)->modules();
        REQUIRE(modules);
        all = *modules;
        CHECK(all.size() > 1);
    }
    CHECK(std::filesystem::file_size(path) < before + 8 * 60'000 / 2);
    {
        auto image = Image::open(path);
        REQUIRE(image);
        CHECK((*image)->modules().value_or({}) == all);
        CHECK((*image)->verify());
    }
    auto told = recover(path, salvaged);
    REQUIRE(told);
    CHECK(told->losses.empty());
    auto image = Image::open(salvaged);
    REQUIRE(image);
    CHECK((*image)->modules().value_or({}) == all);
    CHECK(std::filesystem::file_size(salvaged) < before + 8 * 60'000 / 2);
}

TEST_CASE("a text that an image names again and again does not fill the memory") {
    Folder folder;
    const std::string path = folder.file("a.indent");
    {
        auto image = Image::create(path);
        REQUIRE(image);
        REQUIRE((*image)->commit("first", {{"first", {{"text", std::string(32 << 20, 'x')}}}}));
    }
    {
        auto made = Connection::open(path, Connection::Mode::Existing);
        REQUIRE(made);
        const Hash text = hash_of(std::string(32 << 20, 'x'));
        const std::string listing =
            encode_listing("first", std::vector<ListingEntry>(100'000, ListingEntry{"text", text}));
        const std::string manifest = encode_listing("", {{"first", hash_of(listing)}});
        auto put = (*made)->prepare("INSERT INTO modules VALUES(?1, ?2)");
        REQUIRE(put);
        const Hash of_listing = hash_of(listing);
        put->bind_blob(1, bytes_of(of_listing));
        put->bind_blob(2, listing);
        REQUIRE(put->step());
        auto change =
            (*made)->prepare("UPDATE epochs SET manifest = ?1, checksum = ?2, at_ms = 0, what = x''");
        REQUIRE(change);
        change->bind_blob(1, manifest);
        change->bind(2, checksum_of({number_bytes(1), number_bytes(0), "", manifest}));
        REQUIRE(change->step());
    }
    auto image = Image::open(path);
    REQUIRE(!image);
    CHECK(image.failure().message == path + " is damaged: its texts are larger than any program");
}
