// A folder of a test's own, files in it as bytes, and images changed behind their back.
#pragma once
#include <cstdlib>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <sqlite3.h>
#include <string>

namespace indent::testing {

// Removed at the end. In shared memory where there is some: nothing in these tests needs a disk, and many wait for syncs.
struct Folder {
    std::filesystem::path path;
    Folder() {
        const std::filesystem::path shared_memory = "/dev/shm";
        const auto in = std::filesystem::is_directory(shared_memory) ? shared_memory
                                                                     : std::filesystem::temp_directory_path();
        std::string name = (in / "indent-store-XXXXXX").string();
        REQUIRE(mkdtemp(name.data()));
        path = name;
    }
    ~Folder() { std::filesystem::remove_all(path); }
    Folder(const Folder&) = delete;
    std::string file(const std::string& name) const { return (path / name).string(); }
    void clear() const {
        for (const auto& entry : std::filesystem::directory_iterator(path))
            std::filesystem::remove_all(entry.path());
    }
};

// Of a file that is not there: nothing. In one piece: byte by byte it is most of a test's time under a sanitizer.
inline std::string read(const std::string& path) {
    std::ifstream in(path, std::ios::binary | std::ios::ate);
    if (!in) return {};
    std::string bytes(size_t(in.tellg()), '\0');
    in.seekg(0);
    in.read(bytes.data(), std::streamsize(bytes.size()));
    return bytes;
}

inline void write(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

inline void run_sql(const std::string& path, const std::string& sql) {
    sqlite3* handle = nullptr;
    REQUIRE(sqlite3_open(path.c_str(), &handle) == SQLITE_OK);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 0, nullptr);
    REQUIRE_MESSAGE(sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK,
                    sql << ": " << sqlite3_errmsg(handle));
    sqlite3_close(handle);
}

} // namespace indent::testing
