// Two kinds of rows. Those whose key is the XXH3-128 of their content (definitions, modules) can be checked by their
// key and are never changed. The others (meta, epochs, workbench) carry a checksum over all their columns. Rows that
// vanish are noticed by what names them: an epoch names its modules, a module its definitions, and the row `heads`
// of meta names the newest epoch and the sum of the workbench's checksums.
#include "image/store/schema.h"
#include "image/store/connection.h"
#include <algorithm>
#include <iterator>
#include <string_view>

namespace indent::image {

namespace {

struct Table {
    std::string_view name;
    std::string_view sql;          // as SQLite keeps it
    int64_t since = 1;             // kSchemaVersion that brought it
    int64_t upto = kSchemaVersion; // that had it last
    bool is_in(int64_t version) const { return since <= version && version <= upto; }
};

// In the order of their names, as check_schema reads them.
constexpr Table kTables[] = {
    {"batches",
     "CREATE TABLE batches(number INTEGER NOT NULL PRIMARY KEY, timeline INTEGER NOT NULL, "
     "turn INTEGER NOT NULL, at_ms INTEGER NOT NULL, checksum INTEGER NOT NULL, body BLOB NOT NULL) STRICT",
     2},
    // Pieces are long, and SQLite reads all of a row that it compares with where the row's key is the table's own.
    {"checkpoint_pieces", "CREATE TABLE checkpoint_pieces(hash BLOB NOT NULL, body BLOB NOT NULL) STRICT", 5},
    {"checkpoint_pieces_by_hash", "CREATE UNIQUE INDEX checkpoint_pieces_by_hash ON checkpoint_pieces(hash)",
     5},
    {"checkpoints",
     "CREATE TABLE checkpoints(number INTEGER NOT NULL PRIMARY KEY, timeline INTEGER NOT NULL, "
     "batch INTEGER NOT NULL, groups INTEGER NOT NULL, turn INTEGER NOT NULL, at_ms INTEGER NOT NULL, "
     "epoch INTEGER NOT NULL, checksum INTEGER NOT NULL, manifest BLOB NOT NULL) STRICT",
     2},
    {"definitions",
     "CREATE TABLE definitions(hash BLOB NOT NULL PRIMARY KEY, text BLOB NOT NULL) STRICT, WITHOUT ROWID"},
    {"epochs",
     "CREATE TABLE epochs(number INTEGER NOT NULL PRIMARY KEY, at_ms INTEGER NOT NULL, what BLOB NOT NULL, "
     "manifest BLOB NOT NULL, checksum INTEGER NOT NULL) STRICT, WITHOUT ROWID"},
    {"meta",
     "CREATE TABLE meta(key BLOB NOT NULL PRIMARY KEY, value BLOB NOT NULL, checksum INTEGER NOT NULL) "
     "STRICT, WITHOUT ROWID"},
    {"modules",
     "CREATE TABLE modules(hash BLOB NOT NULL PRIMARY KEY, listing BLOB NOT NULL) STRICT, WITHOUT ROWID"},
    {"names",
     "CREATE TABLE names(kind INTEGER NOT NULL, number INTEGER NOT NULL, content BLOB NOT NULL, "
     "checksum INTEGER NOT NULL, PRIMARY KEY(kind, number)) STRICT, WITHOUT ROWID",
     2},
    {"pieces",
     "CREATE TABLE pieces(hash BLOB NOT NULL PRIMARY KEY, body BLOB NOT NULL) STRICT, WITHOUT ROWID", 2, 4},
    {"snapshots",
     "CREATE TABLE snapshots(number INTEGER NOT NULL PRIMARY KEY, name BLOB NOT NULL, "
     "timeline INTEGER NOT NULL, batch INTEGER NOT NULL, groups INTEGER NOT NULL, turn INTEGER NOT NULL, "
     "epoch INTEGER NOT NULL, at_ms INTEGER NOT NULL, pinned INTEGER NOT NULL, "
     "checksum INTEGER NOT NULL) STRICT",
     2},
    {"timelines",
     "CREATE TABLE timelines(number INTEGER NOT NULL PRIMARY KEY, name BLOB NOT NULL, "
     "parent INTEGER NOT NULL, batch INTEGER NOT NULL, groups INTEGER NOT NULL, turn INTEGER NOT NULL, "
     "epoch INTEGER NOT NULL, at_ms INTEGER NOT NULL, checksum INTEGER NOT NULL) STRICT",
     2},
    {"workbench", "CREATE TABLE workbench(key BLOB NOT NULL PRIMARY KEY, text BLOB NOT NULL, "
                  "checksum INTEGER NOT NULL) STRICT, WITHOUT ROWID"},
};

Failure not_an_image(const Connection& connection) {
    return {"not_an_image", connection.path() + " is not an Indent image"};
}

} // namespace

Result<void> make_schema(Connection& connection) {
    for (const Table& table : kTables)
        if (table.is_in(kSchemaVersion))
            if (auto made = connection.run(std::string(table.sql)); !made) return made;
    return connection.run("PRAGMA application_id=" + std::to_string(kApplicationId) +
                          "; PRAGMA user_version=" + std::to_string(kSchemaVersion));
}

Result<void> bring_up_to_date(Connection& connection) {
    auto version = connection.integer("PRAGMA user_version");
    if (!version) return std::move(version).failure();
    if (*version >= kSchemaVersion) return ok();
    return connection.transaction([&]() -> Result<void> {
        for (const Table& table : kTables)
            if (table.is_in(kSchemaVersion) && !table.is_in(*version))
                if (auto made = connection.run(std::string(table.sql)); !made) return made;
        if (*version >= 2 && *version <= 4)
            if (auto moved = connection.run("INSERT INTO checkpoint_pieces SELECT hash, body FROM pieces; "
                                            "DROP TABLE pieces");
                !moved)
                return moved;
        return connection.run("PRAGMA user_version=" + std::to_string(kSchemaVersion));
    });
}

Result<void> check_schema(Connection& connection) {
    auto application = connection.integer("PRAGMA application_id");
    if (!application) return std::move(application).failure();
    if (*application != kApplicationId) return not_an_image(connection);
    auto version = connection.integer("PRAGMA user_version");
    if (!version) return std::move(version).failure();
    if (*version > kSchemaVersion)
        return Failure{"newer", connection.path() + " was made by a newer Indent (its version is " +
                                    std::to_string(*version) + ", this program knows " +
                                    std::to_string(kSchemaVersion) +
                                    "); open it with that one, or with one that is newer still"};
    if (*version < 1)
        return Failure{"damaged",
                       connection.path() + " is damaged: its version is " + std::to_string(*version)};
    auto rows = connection.prepare("SELECT name, sql FROM sqlite_schema ORDER BY name");
    if (!rows) return std::move(rows).failure();
    const Table* expected = std::begin(kTables);
    auto pass_later_ones = [&] {
        while (expected != std::end(kTables) && !expected->is_in(*version)) ++expected;
    };
    for (;;) {
        pass_later_ones();
        auto row = rows->step();
        if (!row) return std::move(row).failure();
        if (!*row) break;
        if (expected == std::end(kTables) || rows->bytes(0) != expected->name ||
            rows->bytes(1) != expected->sql)
            return Failure{"damaged",
                           connection.path() + " is damaged: its tables are not those of an image"};
        expected++;
    }
    if (expected != std::end(kTables))
        return Failure{"damaged", connection.path() + " is damaged: the table " +
                                      std::string(expected->name) + " is missing"};
    return ok();
}

} // namespace indent::image
