// Image files whose schema a stranger has written: views in the place of tables, triggers, further columns, texts that would run
// if SQLite were asked to, counts that no file has.
#include "image/store/image.h"
#include "tests/store/folder.h"
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sqlite3.h>
#include <unistd.h>
#include <vector>

using namespace indent;
using namespace indent::testing;
using image::Image;

namespace {

void make_image(const std::string& path) {
    std::filesystem::remove(path);
    auto image = Image::create(path);
    REQUIRE(image);
    REQUIRE((*image)->commit("m", {{"m", {{"", "module m\n"}, {"f", "def f = 1\n"}}}}));
    REQUIRE((*image)->save("layout", "left"));
    REQUIRE((*image)->story().append({{0, 1, "name"}}, {0, 1, 1, 0, "body"}));
    const std::string piece = "piece", manifest = image::encode_listing("", {{"", image::hash_of(piece)}});
    REQUIRE((*image)->story().put_pieces({piece}));
    REQUIRE((*image)->story().put_checkpoint({0, {1, 1, image::StoryPlace::kWhole, 1}, 0, 1, manifest}));
}

// "": it opened and gave its story.
std::string failure_of(const std::string& path) {
    auto image = Image::open(path);
    if (!image) return image.failure().code;
    auto read = (*image)->verify();
    return read ? "" : read.failure().code;
}

} // namespace

TEST_CASE("A schema that a stranger has written is refused, whatever it says") {
    Folder folder;
    const std::string path = (folder.path / "a.indent").string();
    make_image(path);
    REQUIRE(failure_of(path) == "");
    const char* tables[] = {"batches", "definitions", "epochs", "meta", "modules", "names", "workbench"};
    std::vector<std::string> schemas = {
        "CREATE TABLE t(a)",
        "CREATE VIEW v AS SELECT 1",
        "CREATE INDEX i ON batches(checksum)",
        "CREATE INDEX i ON batches(length(body)) WHERE checksum > 0",
        "CREATE TRIGGER t AFTER INSERT ON workbench BEGIN DELETE FROM epochs; END",
        "CREATE TRIGGER t BEFORE UPDATE ON meta BEGIN SELECT RAISE(IGNORE); END",
        "PRAGMA writable_schema=ON; INSERT INTO sqlite_schema VALUES('table', 'f', 'f', 0, 'CREATE VIRTUAL "
        "TABLE f USING "
        "fts5(a)')",
        "PRAGMA writable_schema=ON; UPDATE sqlite_schema SET sql = sql || ' ' WHERE name = 'batches'",
        "PRAGMA writable_schema=ON; UPDATE sqlite_schema SET sql = 'CREATE TABLE batches(number, body, "
        "checksum)' "
        "WHERE name = 'batches'",
        "PRAGMA writable_schema=ON; UPDATE sqlite_schema SET rootpage = 1 WHERE name = 'batches'",
        "PRAGMA writable_schema=ON; UPDATE sqlite_schema SET rootpage = 4000000000 WHERE name = 'batches'",
        "PRAGMA writable_schema=ON; UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema "
        "WHERE name "
        "= 'names') WHERE name = 'batches'",
        "PRAGMA writable_schema=ON; INSERT INTO sqlite_schema VALUES('trigger', 't', 'meta', 0, 'CREATE "
        "TRIGGER t')",
        "PRAGMA writable_schema=ON; DELETE FROM sqlite_schema WHERE name = 'names'",
    };
    for (const std::string table : tables) {
        schemas.push_back("DROP TABLE " + table);
        schemas.push_back("ALTER TABLE " + table + " ADD COLUMN more ANY");
        schemas.push_back("ALTER TABLE " + table + " ADD COLUMN more INTEGER AS (1 + 1)");
        schemas.push_back("CREATE TABLE other AS SELECT * FROM " + table + "; DROP TABLE " + table +
                          "; CREATE VIEW " + table + " AS SELECT * FROM other");
        schemas.push_back(
            "DROP TABLE " + table + "; CREATE VIEW " + table +
            " AS WITH RECURSIVE n(x) AS (VALUES(1) UNION ALL SELECT x + 1 FROM n) SELECT x, zeroblob(x), x "
            "FROM n");
        schemas.push_back("CREATE TRIGGER t AFTER INSERT ON " + table + " BEGIN DELETE FROM " + table +
                          "; END");
        schemas.push_back("ALTER TABLE " + table + " RENAME TO other");
    }
    size_t refused = 0;
    for (const std::string& schema : schemas) {
        CAPTURE(schema);
        make_image(path);
        run_sql(path, schema);
        const std::string code = failure_of(path);
        CHECK((code == "damaged" || code == "not_an_image"));
        refused += code != "";
    }
    CHECK(refused == schemas.size());
    MESSAGE("hostile schemas refused: " << refused << " of " << schemas.size());
}

TEST_CASE("Rows that claim more than there is are refused") {
    Folder folder;
    const std::string path = (folder.path / "a.indent").string();
    const std::vector<std::string> rows = {
        "UPDATE batches SET body = zeroblob(200000000)",
        "UPDATE batches SET number = 9223372036854775807",
        "UPDATE batches SET number = -1",
        "UPDATE names SET number = -9223372036854775808",
        "UPDATE names SET kind = -1",
        "UPDATE names SET content = zeroblob(100000000)",
        "WITH RECURSIVE n(x) AS (VALUES(2) UNION ALL SELECT x + 1 FROM n WHERE x < 5000) INSERT INTO batches "
        "SELECT x, "
        "1, 0, 0, 0, x'00' FROM n",
        "UPDATE checkpoints SET manifest = zeroblob(100000000)",
        "UPDATE checkpoints SET batch = -1",
        "UPDATE checkpoint_pieces SET body = zeroblob(100000000)",
        "INSERT INTO snapshots VALUES(1, x'61', 1, 1, 1, 1, 1, 1, 1, 0)",
        "INSERT INTO timelines VALUES(2, x'61', 2, 1, 1, 1, 1, 1, 0)",
        "UPDATE meta SET value = x'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff'",
    };
    size_t refused = 0;
    for (const std::string& sql : rows) {
        CAPTURE(sql);
        make_image(path);
        run_sql(path, sql);
        CHECK(failure_of(path) == "damaged");
        ++refused;
    }
    // What the file's header counts, and no file has.
    make_image(path);
    const std::string good = read(path);
    size_t harmless = 0;
    struct Field {
        size_t at, size;
    };
    for (const Field field : {Field{16, 2},
                              {18, 1},
                              {19, 1},
                              {20, 1},
                              {21, 1},
                              {22, 1},
                              {23, 1},
                              {28, 4},
                              {32, 4},
                              {36, 4},
                              {40, 4},
                              {44, 4},
                              {48, 4},
                              {52, 4},
                              {56, 4},
                              {60, 4},
                              {64, 4},
                              {68, 4}})
        for (const int byte : {0x00, 0x01, 0x7F, 0xFF}) {
            std::string bad = good;
            for (size_t i = 0; i < field.size; ++i) bad[field.at + i] = char(byte);
            if (bad == good) continue;
            CAPTURE(field.at);
            CAPTURE(byte);
            std::ofstream(path, std::ios::binary | std::ios::trunc) << bad;
            ++(failure_of(path).empty() ? harmless : refused);
            std::filesystem::remove(path + "-wal");
            std::filesystem::remove(path + "-journal");
        }
    MESSAGE("refused: " << refused << ", harmless: " << harmless);
    CHECK(refused > 20);
}
