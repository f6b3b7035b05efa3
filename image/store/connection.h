// SQLite, as much of it as we use: a connection that trusts no file, and statements that are prepared once.
//
// Failure codes: "not_found", "denied" (file or folder may not be written), "locked" (another process has it),
// "damaged", "not_an_image", "too_large", "no_space", "moved" (the path leads elsewhere now), "io_error". One thread at
// a time.
#pragma once
#include "vm/base/result.h"
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace indent::image {

class Statement {
  public:
    Statement() = default;
    Statement(Statement&& other) noexcept;
    Statement& operator=(Statement&& other) noexcept;
    ~Statement();

    // Parameters from 1. The bytes must stay until the next reset.
    void bind(int at, std::string_view text);
    void bind_blob(int at, std::string_view bytes);
    void bind(int at, int64_t number);

    // True: a row is there; false: done.
    Result<bool> step();
    void reset();

    // Of the row that step found, from 0; valid until the next step or reset.
    int64_t integer(int at) const;
    std::string_view bytes(int at) const;

  private:
    friend class Connection;
    Statement(class Connection* connection, sqlite3_stmt* statement)
        : connection_(connection), statement_(statement) {}
    class Connection* connection_ = nullptr;
    sqlite3_stmt* statement_ = nullptr;
};

// Puts a statement back to its start on every way out, so that no read lasts longer than its call.
class Using {
  public:
    explicit Using(Statement& statement) : statement_(statement) {}
    ~Using() { statement_.reset(); }
    Using(const Using&) = delete;
    Statement* operator->() { return &statement_; }

  private:
    Statement& statement_;
};

class Connection {
  public:
    enum class Mode { Existing, Create }; // Create: fails where the file holds anything already

    // Opens the file for this process alone.
    static Result<std::unique_ptr<Connection>> open(const std::string& path, Mode mode);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    // Statements without rows, several with `;` between.
    Result<void> run(const std::string& sql);
    Result<Statement> prepare(std::string_view sql);
    // The first column of the first row of `sql`.
    Result<int64_t> integer(std::string_view sql);
    // `body` within one transaction: all of it or nothing. One within another is a part of that.
    template <class Body>
    Result<void> transaction(Body body) {
        if (inside_) return body();
        if (has_moved()) return moved();
        if (has_lost_log())
            if (auto anew = begin_log_anew(); !anew) return anew;
        const Inside inside(inside_);
        if (auto begun = run("BEGIN IMMEDIATE"); !begun) return begun;
        if (Result<void> done = body(); !done) {
            roll_back();
            return done;
        }
        if (auto committed = run("COMMIT"); !committed) {
            roll_back();
            return committed;
        }
        return ok();
    }
    // Whether a new file may get this name: what another one had beside it, and has not lost, would become a part of it.
    // "exists", with what to do.
    static Result<void> may_begin_at(const std::string& path);
    // "moved": the path does not lead to the file any more; what was kept is in that file then.
    Result<void> in_place() { return has_moved() ? Result<void>(moved()) : ok(); }
    // A copy of all that is committed, as a new file; "exists" where there is one. A copy that fails leaves none.
    Result<void> copy_to(const std::string& path);
    // What a commit survives: FULL a power cut, otherwise (SQLite's NORMAL) the end of this process alone.
    Result<void> sync_commits(bool full);
    // The whole file anew, without what nothing uses, as one transaction; and the log that this took is emptied.
    Result<void> compact();
    // Up to so many free pages go back to the disk. True: there are more.
    Result<bool> release_pages(int64_t most);
    // The log goes into the file, which is then as long as it has to be.
    Result<void> empty_log();
    // The file grows no further than this; a write that would is "no_space".
    Result<void> limit_bytes(uint64_t bytes);

    const std::string& path() const { return path_; }
    // What a result code of SQLite means, for people.
    Failure failure(int code) const;

  private:
    Connection(std::string path, sqlite3* handle) : path_(std::move(path)), handle_(handle) {}
    void roll_back();
    bool has_moved() const; // the path does not lead to the file that is open
    bool has_lost_log();    // somebody has removed it: what goes on in it would be lost with this process
    Failure moved(); // what was kept before is in that file from here on, and not in a log where it was
    Result<void> begin_log_anew();
    bool lacks_space() const;
    Failure no_space() const;
    Result<void> harden();

    struct Inside {
        explicit Inside(bool& flag) : flag(flag) { flag = true; }
        ~Inside() { flag = false; }
        bool& flag;
    };

    std::string path_;
    sqlite3* handle_;
    bool inside_ = false;  // a transaction
    bool has_log_ = false; // as it was seen last
};

} // namespace indent::image
