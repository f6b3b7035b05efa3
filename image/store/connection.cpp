#include "image/store/connection.h"
#include "image/store/gathered_files.h"
#include "vm/os/files.h"
#include <cassert>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <sqlite3.h>
#include <utility>

namespace indent::image {

// ---- statements

Statement::Statement(Statement&& other) noexcept
    : connection_(other.connection_), statement_(std::exchange(other.statement_, nullptr)) {}

Statement& Statement::operator=(Statement&& other) noexcept {
    if (this != &other) {
        sqlite3_finalize(statement_);
        connection_ = other.connection_;
        statement_ = std::exchange(other.statement_, nullptr);
    }
    return *this;
}

Statement::~Statement() {
    sqlite3_finalize(statement_);
}

// A bind fails only for a wrong number (a bug) or a text beyond the limits, which step() then reports as missing
// data; so the size is looked at where texts come in (image.cpp).
void Statement::bind(int at, std::string_view text) {
    [[maybe_unused]] int code = sqlite3_bind_text64(statement_, at, text.empty() ? "" : text.data(),
                                                    text.size(), SQLITE_STATIC, SQLITE_UTF8);
    assert(code == SQLITE_OK);
}

void Statement::bind_blob(int at, std::string_view bytes) {
    [[maybe_unused]] int code =
        sqlite3_bind_blob64(statement_, at, bytes.empty() ? "" : bytes.data(), bytes.size(), SQLITE_STATIC);
    assert(code == SQLITE_OK);
}

void Statement::bind(int at, int64_t number) {
    [[maybe_unused]] int code = sqlite3_bind_int64(statement_, at, number);
    assert(code == SQLITE_OK);
}

Result<bool> Statement::step() {
    int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    Failure failure = connection_->failure(code);
    sqlite3_reset(statement_);
    return failure;
}

void Statement::reset() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
}

int64_t Statement::integer(int at) const {
    return sqlite3_column_int64(statement_, at);
}

std::string_view Statement::bytes(int at) const {
    const void* bytes = sqlite3_column_blob(statement_, at);
    const int size = sqlite3_column_bytes(statement_, at);
    return bytes ? std::string_view(static_cast<const char*>(bytes), size_t(size)) : std::string_view();
}

// ---- connection

Result<std::unique_ptr<Connection>> Connection::open(const std::string& path, Mode mode) {
    // Such names mean something else to SQLite: a database in memory, in a temporary file, or with options.
    if (path.empty() || path.find('\0') != std::string::npos)
        return Failure{"not_found", "an image needs a file name"};
    const std::string file = path[0] == '/' ? path : "./" + path;
    const int flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (mode == Mode::Create ? SQLITE_OPEN_CREATE : 0);
    sqlite3* handle = nullptr;
    const int code = sqlite3_open_v2(file.c_str(), &handle, flags, gathered_files());
    if (!handle) return Failure{"io_error", path + " cannot be opened: no memory"};
    std::unique_ptr<Connection> connection(new Connection(path, handle)); // closes it in any case
    if (code != SQLITE_OK) return connection->failure(code);
    // SQLite opens what may not be written to read it, and then fails at its locks.
    if (sqlite3_db_readonly(handle, "main") == 1) return connection->failure(SQLITE_READONLY);
    if (auto info = os::file_info(path); info && info->links > 1)
        return Failure{"denied",
                       path + " has " + std::to_string(info->links) +
                           " names (hard links), and an image has files beside it that are called like it: "
                           "open a copy of it, or remove the other names"};
    if (auto done = connection->harden(); !done) return std::move(done).failure();
    return connection;
}

Connection::~Connection() {
    if (has_moved()) (void)empty_log(); // SQLite would leave it where the file was
    [[maybe_unused]] int code = sqlite3_close(handle_);
    assert(code == SQLITE_OK && "all statements are gone before their connection");
}

// A file may come from anybody. Nothing in it may make SQLite do more than read tables: no functions from the
// schema, no writing to its internals, no memory maps (a file that shrinks would end the process), small limits.
// The exclusive lock keeps a second process out from opening to closing, and needs no shared memory file.
// EXTRA is FULL while there is a WAL, and lets go of a rollback journal for good before it says that an image was made: a
// journal that came back after a power cut would undo what came later (tests/store/power_cut_test.cpp).
Result<void> Connection::harden() {
    sqlite3_extended_result_codes(handle_, 1);
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
    const std::pair<int, int> limits[] = {
        {SQLITE_LIMIT_LENGTH, 256 << 20},
        {SQLITE_LIMIT_SQL_LENGTH, 100'000},
        {SQLITE_LIMIT_COLUMN, 32},
        {SQLITE_LIMIT_EXPR_DEPTH, 20},
        {SQLITE_LIMIT_COMPOUND_SELECT, 3},
        {SQLITE_LIMIT_VDBE_OP, 25'000},
        {SQLITE_LIMIT_FUNCTION_ARG, 8},
        {SQLITE_LIMIT_ATTACHED, 0},
        {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 50},
        {SQLITE_LIMIT_VARIABLE_NUMBER, 100},
        {SQLITE_LIMIT_TRIGGER_DEPTH, 1},
        {SQLITE_LIMIT_WORKER_THREADS, 0},
    };
    for (auto [limit, value] : limits) sqlite3_limit(handle_, limit, value);
    return run("PRAGMA cell_size_check=ON; PRAGMA mmap_size=0; PRAGMA locking_mode=EXCLUSIVE; "
               "PRAGMA synchronous=EXTRA; PRAGMA secure_delete=OFF; PRAGMA temp_store=MEMORY; "
               "PRAGMA foreign_keys=OFF");
}

Result<void> Connection::run(const std::string& sql) {
    const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return failure(code);
    return ok();
}

Result<Statement> Connection::prepare(std::string_view sql) {
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(handle_, sql.data(), int(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                        &statement, nullptr);
    if (code != SQLITE_OK) return failure(code);
    return Statement(this, statement);
}

Result<int64_t> Connection::integer(std::string_view sql) {
    auto statement = prepare(sql);
    if (!statement) return std::move(statement).failure();
    auto row = statement->step();
    if (!row) return std::move(row).failure();
    return *row ? statement->integer(0) : 0;
}

void Connection::roll_back() {
    // A failed COMMIT may have rolled back already.
    if (!sqlite3_get_autocommit(handle_)) sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
}

bool Connection::has_moved() const {
    int moved = 0;
    return sqlite3_file_control(handle_, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved;
}

Failure Connection::moved() {
    (void)empty_log();
    return {"moved", path_ + " was moved, removed or replaced while it is open here: what was kept until "
                             "then is in the file that was moved, and nothing more is kept; move it back, "
                             "or end this program and open it where it is"};
}

bool Connection::has_lost_log() {
    const bool was_there = std::exchange(has_log_, os::exists(path_ + "-wal"));
    return was_there && !has_log_;
}

Result<void> Connection::begin_log_anew() {
    if (auto done = run("PRAGMA journal_mode=DELETE; PRAGMA journal_mode=WAL; BEGIN IMMEDIATE; COMMIT");
        !done) {
        has_log_ = true; // and so it is tried again
        return done;
    }
    has_log_ = os::exists(path_ + "-wal");
    return ok();
}

Result<void> Connection::may_begin_at(const std::string& path) {
    if (os::exists(path + "-wal"))
        return Failure{"exists",
                       path +
                           "-wal is there already: it holds the last changes of an image that had this name. "
                           "Move it to where that image is now, under its name, or remove it"};
    (void)os::remove_path(path + "-journal"); // of a file that came to nothing
    return ok();
}

Result<void> Connection::copy_to(const std::string& path) {
    namespace fs = std::filesystem;
    std::error_code error;
    if (fs::exists(path, error)) return Failure{"exists", path + " exists already"};
    if (const fs::path folder = fs::path(path).parent_path();
        !folder.empty() && !fs::is_directory(folder, error))
        return Failure{"not_found", path + " cannot be made: there is no folder " + folder.string()};
    if (auto may = may_begin_at(path); !may) return may;
    const std::string made = path + ".new"; // so that nobody takes a half for the whole
    auto remove_half = [&] {
        fs::remove(made, error);
        fs::remove(made + "-journal", error);
    };
    remove_half();
    sqlite3_limit(handle_, SQLITE_LIMIT_ATTACHED, 1); // VACUUM attaches the file that it writes
    Result<void> done = ok();
    if (auto statement = prepare("VACUUM INTO ?1")) {
        const std::string file = made[0] == '/' ? made : "./" + made;
        statement->bind(1, file);
        if (auto stepped = statement->step(); !stepped) done = std::move(stepped).failure();
    } else {
        done = std::move(statement).failure();
    }
    sqlite3_limit(handle_, SQLITE_LIMIT_ATTACHED, 0);
    if (done) {
        done = os::rename_path(made, path);
        if (done) os::sync_names_beside(path);
    }
    if (!done) remove_half();
    return done;
}

Result<void> Connection::sync_commits(bool full) {
    return run(full ? "PRAGMA synchronous=EXTRA" : "PRAGMA synchronous=NORMAL");
}

Result<void> Connection::compact() {
    sqlite3_limit(handle_, SQLITE_LIMIT_ATTACHED, 1); // VACUUM attaches what it writes first
    auto done =
        run("PRAGMA temp_store=FILE; PRAGMA auto_vacuum=INCREMENTAL; VACUUM; PRAGMA temp_store=MEMORY");
    sqlite3_limit(handle_, SQLITE_LIMIT_ATTACHED, 0);
    if (!done) return done;
    return empty_log();
}

Result<bool> Connection::release_pages(int64_t most) {
    auto free = integer("PRAGMA freelist_count");
    if (!free) return std::move(free).failure();
    if (*free == 0) return false;
    auto released = prepare("PRAGMA incremental_vacuum(" + std::to_string(most) + ")");
    if (!released) return std::move(released).failure();
    for (;;) { // a page with each step
        auto row = released->step();
        if (!row) return std::move(row).failure();
        if (!*row) break;
    }
    auto left = integer("PRAGMA freelist_count");
    if (!left) return std::move(left).failure();
    return *left > 0 && *left < *free;
}

Result<void> Connection::empty_log() {
    auto emptied = prepare("PRAGMA wal_checkpoint(TRUNCATE)");
    if (!emptied) return std::move(emptied).failure();
    if (auto row = emptied->step(); !row) return std::move(row).failure();
    return ok();
}

Result<void> Connection::limit_bytes(uint64_t bytes) {
    auto page = integer("PRAGMA page_size");
    if (!page) return std::move(page).failure();
    return run("PRAGMA max_page_count=" + std::to_string(bytes / uint64_t(*page) + 1));
}

// SQLite tells only some of the system's words for a lack of space.
bool Connection::lacks_space() const {
    auto lacks = [](int error) { return error == ENOSPC || error == EDQUOT || error == EFBIG; };
    int of_file = 0, of_log = 0;
    sqlite3_file_control(handle_, "main", SQLITE_FCNTL_LAST_ERRNO, &of_file);
    sqlite3_file* log = nullptr;
    if (sqlite3_file_control(handle_, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) == SQLITE_OK && log &&
        log->pMethods)
        log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &of_log);
    return lacks(of_file) || lacks(of_log) || lacks(sqlite3_system_errno(handle_));
}

Failure Connection::no_space() const {
    return {"no_space", "there is no space left to write " + path_ + ": make room on its disk and try again"};
}

Failure Connection::failure(int code) const {
    const std::string detail = std::string(sqlite3_errmsg(handle_));
    const int system = sqlite3_system_errno(handle_);
    const std::string reason = system ? std::strerror(system) : detail;
    switch (code & 0xff) {
    case SQLITE_CANTOPEN:
        if (system == ENOENT) return {"not_found", path_ + ": there is no such file or folder"};
        return {"denied",
                path_ +
                    " cannot be opened, or its folder cannot be written (an image needs files beside it): " +
                    reason};
    case SQLITE_READONLY:
        return {"denied", path_ + " cannot be written: the file, its folder or its disk is read-only; make "
                                  "it writable, or take "
                                  "a copy of it to where you may write"};
    case SQLITE_PERM:
    case SQLITE_AUTH: return {"denied", path_ + " may not be opened: " + reason};
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return {"locked", path_ + " is open in another program; close it there first"};
    case SQLITE_NOTADB: return {"not_an_image", path_ + " is not an Indent image"};
    case SQLITE_CORRUPT: return {"damaged", path_ + " is damaged: " + detail};
    case SQLITE_FULL: return no_space();
    case SQLITE_TOOBIG: return {"too_large", "a text is too large for " + path_};
    default:
        if ((code == SQLITE_IOERR_WRITE || code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_SHMSIZE) &&
            lacks_space())
            return no_space();
        return {"io_error", path_ + " cannot be read or written: " + reason};
    }
}

} // namespace indent::image
