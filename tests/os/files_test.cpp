#include "vm/os/files.h"
#include <atomic>
#include <doctest/doctest.h>
#include <fstream>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

using namespace indent;
using namespace indent::os;

namespace {

struct Folder {
    TemporaryFolder folder = TemporaryFolder::make().value();
    std::string operator/(const std::string& name) const { return folder.path() + "/" + name; }
};

int mode_of(const std::string& path) {
    struct stat info {};
    REQUIRE(stat(path.c_str(), &info) == 0);
    return info.st_mode & 0777;
}

} // namespace

TEST_CASE("a file reads as it was written, zeros and all") {
    Folder folder;
    std::string content("a\0b\n\xff", 5);
    REQUIRE(write_file_atomically(folder / "x", content));
    CHECK(read_file(folder / "x", 5).value() == content);
    REQUIRE(append_file(folder / "x", "more"));
    CHECK(read_file(folder / "x", 100).value() == content + "more");
    REQUIRE(append_file(folder / "new", "first"));
    CHECK(read_file(folder / "new", 100).value() == "first");
    REQUIRE(write_file_atomically(folder / "x", ""));
    CHECK(read_file(folder / "x", 0).value() == "");
}

TEST_CASE(
    "of several who begin at once one makes a new file, whole, and the others are told that it is there") {
    Folder folder;
    std::atomic<int> made = 0, told = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i)
        threads.emplace_back([&, i] {
            auto done = write_new_file(folder / "x", std::string(100'000, char('a' + i)));
            if (done)
                ++made;
            else
                told += done.failure().code == "exists";
        });
    for (auto& thread : threads) thread.join();
    CHECK(made == 1);
    CHECK(told == 7);
    auto text = read_file(folder / "x", 1 << 20);
    REQUIRE(text);
    CHECK(*text == std::string(100'000, (*text)[0]));
    CHECK(list_folder(folder.folder.path())->size() == 1); // nothing is left beside it
    CHECK(write_new_file(folder / "none/x", "").failure().code == "not_found");
}

TEST_CASE("reading stops at the limit, on endless devices too") {
    Folder folder;
    REQUIRE(write_file_atomically(folder / "x", "123456"));
    CHECK(read_file(folder / "x", 5).failure().code == "too_large");
    CHECK(read_file("/dev/zero", 10'000).failure().code == "too_large");
}

TEST_CASE("failures say what was tried on what") {
    Folder folder;
    auto missing = read_file(folder / "no", 10).failure();
    CHECK(missing.code == "not_found");
    CHECK(missing.message == "cannot read " + (folder / "no") + ": there is no such file or folder");
    CHECK(read_file(folder.folder.path(), 10).failure().code == "is_folder");
    CHECK(write_file_atomically(folder.folder.path(), "x").failure().code == "is_folder");
    CHECK(write_file_atomically(folder / "no/x", "x").failure().code == "not_found");
    REQUIRE(write_file_atomically(folder / "file", "x"));
    CHECK(list_folder(folder / "file").failure().code == "not_folder");
    CHECK(file_info(folder / "no").failure().code == "not_found");
    CHECK(absolute_path(folder / "no").failure().code == "not_found");
    CHECK(rename_path(folder / "no", folder / "other").failure().code == "not_found");
    CHECK(remove_path(folder / "no").failure().code == "not_found");
}

TEST_CASE("an atomic write leaves nothing beside, keeps permissions, and writes through links") {
    Folder folder;
    REQUIRE(write_file_atomically(folder / "x", "old"));
    chmod((folder / "x").c_str(), 0640);
    REQUIRE(symlink((folder / "x").c_str(), (folder / "link").c_str()) == 0);
    REQUIRE(write_file_atomically(folder / "link", "new"));
    CHECK(read_file(folder / "x", 10).value() == "new");
    CHECK(mode_of(folder / "x") == 0640);
    CHECK(list_folder(folder.folder.path()).value().size() == 2);
    REQUIRE(write_file_atomically("/dev/null", "gone"));
    CHECK(file_info("/dev/null").value().kind == FileKind::Other);
}

TEST_CASE("a new file gets the permissions that the user's mask leaves") {
    Folder folder;
    mode_t before = umask(027);
    REQUIRE(write_file_atomically(folder / "x", "1"));
    umask(before);
    CHECK(mode_of(folder / "x") == 0640);
}

TEST_CASE("a file that may not be written is not replaced") {
    if (geteuid() == 0) return; // nothing is forbidden to root
    Folder folder;
    REQUIRE(write_file_atomically(folder / "x", "1"));
    chmod((folder / "x").c_str(), 0400);
    CHECK(write_file_atomically(folder / "x", "2").failure().code == "denied");
    CHECK(read_file(folder / "x", 10).value() == "1");
}

TEST_CASE("folders are made with those above them, listed in order, and removed when empty") {
    Folder folder;
    REQUIRE(make_folder(folder / "a/b/c"));
    REQUIRE(make_folder(folder / "a/b/c"));
    CHECK(is_folder(folder / "a/b"));
    REQUIRE(write_file_atomically(folder / "a/z", "1"));
    REQUIRE(write_file_atomically(folder / "a/.hidden", "12"));
    REQUIRE(symlink("nowhere", (folder / "a/broken").c_str()) == 0);
    auto entries = list_folder(folder / "a").value();
    REQUIRE(entries.size() == 4);
    CHECK(entries[0].name == ".hidden");
    CHECK(entries[1].name == "b");
    CHECK(entries[1].kind == FileKind::Folder);
    CHECK(entries[2].name == "broken");
    CHECK(entries[2].kind == FileKind::Other);
    CHECK(entries[3].kind == FileKind::File);
    CHECK(file_info(folder / "a/.hidden").value().bytes == 2);
    CHECK(remove_path(folder / "a").failure().code == "exists");
    REQUIRE(remove_path(folder / "a/b/c"));
    CHECK_FALSE(exists(folder / "a/b/c"));
    CHECK(make_folder(folder / "a/z").failure().code != "");
}

TEST_CASE("an absolute path has no links and no dots") {
    Folder folder;
    REQUIRE(make_folder(folder / "a"));
    REQUIRE(symlink("a", (folder / "link").c_str()) == 0);
    auto base = absolute_path(folder.folder.path()).value();
    CHECK(absolute_path(folder / "./link/../link").value() == base + "/a");
}

TEST_CASE("a temporary folder goes with all it holds, once") {
    std::string path;
    {
        auto first = TemporaryFolder::make().value();
        path = first.path();
        REQUIRE(make_folder(path + "/in/side"));
        TemporaryFolder second = std::move(first);
        CHECK(second.path() == path);
        CHECK(is_folder(path));
    }
    CHECK_FALSE(exists(path));
}
