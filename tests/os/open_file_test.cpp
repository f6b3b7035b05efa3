#include "vm/os/files.h"
#include "vm/os/open_file.h"
#include <doctest/doctest.h>

using namespace indent;
using namespace indent::os;

namespace {

struct FolderWithFile {
    FolderWithFile() : folder(TemporaryFolder::make().value()), path(folder.path() + "/file") {}
    TemporaryFolder folder;
    std::string path;
};

std::unique_ptr<OpenFile> open(const std::string& path, OpenMode mode) {
    auto file = OpenFile::open(path, mode);
    REQUIRE(bool(file));
    return std::move(file).value();
}

} // namespace

TEST_CASE("a file that is read says where it is, and goes on anywhere") {
    FolderWithFile in;
    REQUIRE(bool(write_file_atomically(in.path, "one\r\ntwo\nlast")));
    auto file = open(in.path, OpenMode::Read);
    std::string line;
    CHECK(file->position() == 0);
    CHECK(*file->read_line(line, 100));
    CHECK(file->position() == 5);
    CHECK(*file->read(2) == "tw");
    CHECK(file->position() == 7);
    CHECK(*file->size() == 13);
    REQUIRE(bool(file->seek(1)));
    CHECK(*file->read_line(line, 100));
    CHECK(line == "ne");
    REQUIRE(bool(file->seek(9)));
    CHECK(*file->read_line(line, 100));
    CHECK(line == "last");
    CHECK(file->position() == 13);
    REQUIRE(bool(file->seek(100)));
    CHECK_FALSE(*file->read_line(line, 100));
}

TEST_CASE("what was written before goes to its own place") {
    FolderWithFile in;
    auto file = open(in.path, OpenMode::Write);
    REQUIRE(bool(file->write("abcdef")));
    CHECK(file->position() == 6);
    CHECK(*file->size() == 6);
    CHECK(*read_file(in.path, 100) == "");
    REQUIRE(bool(file->seek(2)));
    REQUIRE(bool(file->write("CD")));
    CHECK(file->position() == 4);
    REQUIRE(bool(file->close()));
    CHECK_FALSE(file->is_open());
    CHECK(*read_file(in.path, 100) == "abCDef");
}

TEST_CASE("updating keeps what is there, and wants it there") {
    FolderWithFile in;
    CHECK(OpenFile::open(in.path, OpenMode::Update).failure().code == "not_found");
    REQUIRE(bool(write_file_atomically(in.path, "abc")));
    auto file = open(in.path, OpenMode::Update);
    REQUIRE(bool(file->write("X")));
    REQUIRE(bool(file->close()));
    CHECK(*read_file(in.path, 100) == "Xbc");
}

TEST_CASE("what is added counts from the end, and has no other place") {
    FolderWithFile in;
    REQUIRE(bool(write_file_atomically(in.path, "abc")));
    auto file = open(in.path, OpenMode::Append);
    CHECK(file->position() == 3);
    REQUIRE(bool(file->write("de")));
    CHECK(file->position() == 5);
    CHECK(*file->size() == 5);
    CHECK(file->seek(0).failure().code == "not_seekable");
    REQUIRE(bool(file->close()));
    CHECK(*read_file(in.path, 100) == "abcde");
}
