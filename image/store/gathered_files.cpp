#include "image/store/gathered_files.h"
#include <cstdint>
#include <cstring>
#include <new>
#include <sqlite3.h>
#include <utility>

namespace indent::image {

namespace {

constexpr int kMostGathered = 64 << 10; // bytes; SQLite's own files take no write of 128 KB
constexpr int kHeadBytes = 24;          // of a page in the log

class File : public sqlite3_file {
  public:
    File(sqlite3_file* real, char* gathered, bool is_log)
        : real_(real), gathered_(gathered), is_log_(is_log) {}
    ~File() {
        sqlite3_free(real_);
        sqlite3_free(gathered_);
    }
    sqlite3_file* real() const { return real_; }
    const sqlite3_io_methods& methods() const { return *real_->pMethods; }

    int read(void* to, int size, sqlite3_int64 at) {
        if (const int code = send(); code != SQLITE_OK) return code;
        const bool in_a_row =
            at >= read_until_ && at - read_until_ <= kHeadBytes && size <= kMostGathered / 2;
        read_until_ = at + size;
        if (!has(size, at)) {
            ahead_ = 0;
            if (!in_a_row || methods().xRead(real_, gathered_, kMostGathered, at) != SQLITE_OK)
                return methods().xRead(real_, to, size, at); // the file's end is told so, too
            at_ = at;
            ahead_ = kMostGathered;
        }
        std::memcpy(to, gathered_ + (at - at_), size_t(size));
        return SQLITE_OK;
    }
    int write(const void* from, int size, sqlite3_int64 at) {
        forget();
        if (at != at_ + size_ || size_ + size > kMostGathered)
            if (const int code = send(); code != SQLITE_OK) return code;
        if (size > kMostGathered) return methods().xWrite(real_, from, size, at);
        if (size_ == 0) at_ = at;
        std::memcpy(gathered_ + size_, from, size_t(size));
        size_ += size;
        // A commit that is not synced survives the end of the process: what makes it one is a page after its header, or such
        // a header written anew.
        const bool heads_commit = is_log_ && size == kHeadBytes && has_length(from);
        const bool commits = std::exchange(commits_, heads_commit) || heads_commit;
        return commits ? send() : SQLITE_OK;
    }
    // What was read ahead may not be so any more.
    void forget() { ahead_ = 0; }
    // All that was gathered is written; or it is gone, and whoever asks fails.
    int send() {
        if (size_ == 0) return SQLITE_OK;
        return methods().xWrite(real_, gathered_, std::exchange(size_, 0), at_);
    }

  private:
    // The header of a transaction's last page says how long the file is with it.
    static bool has_length(const void* header) {
        uint32_t length = 0;
        std::memcpy(&length, static_cast<const char*>(header) + sizeof length, sizeof length);
        return length != 0;
    }
    bool has(int size, sqlite3_int64 at) const { return at >= at_ && at + size <= at_ + ahead_; }

    sqlite3_file* real_;
    char*
        gathered_; // kMostGathered bytes: size_ from at_ on that are to be written, or else ahead_ that were read
    int size_ = 0, ahead_ = 0;
    sqlite3_int64 at_ = 0;
    sqlite3_int64 read_until_ = -1; // where the last read ended
    const bool is_log_;
    bool commits_ = false;
};

File& of(sqlite3_file* file) {
    return *static_cast<File*>(file);
}
template <class Work>
int sent(sqlite3_file* file, Work work) {
    File& it = of(file);
    const int code = it.send();
    return code == SQLITE_OK ? work(it.methods(), it.real()) : code;
}

int close_file(sqlite3_file* file) {
    File& it = of(file);
    const int sent = it.send();
    const int closed = it.methods().xClose(it.real());
    it.~File();
    return sent == SQLITE_OK ? closed : sent;
}
int read_file(sqlite3_file* file, void* to, int size, sqlite3_int64 at) {
    return of(file).read(to, size, at);
}
int write_file(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
    return of(file).write(from, size, at);
}
int cut_file(sqlite3_file* file, sqlite3_int64 size) {
    of(file).forget();
    return sent(file, [&](auto& methods, auto* real) { return methods.xTruncate(real, size); });
}
int sync_file(sqlite3_file* file, int flags) {
    return sent(file, [&](auto& methods, auto* real) { return methods.xSync(real, flags); });
}
int file_size(sqlite3_file* file, sqlite3_int64* size) {
    return sent(file, [&](auto& methods, auto* real) { return methods.xFileSize(real, size); });
}
int lock(sqlite3_file* file, int level) {
    of(file).forget(); // others may have written meanwhile
    return of(file).methods().xLock(of(file).real(), level);
}
int unlock(sqlite3_file* file, int level) {
    return sent(file, [&](auto& methods, auto* real) { return methods.xUnlock(real, level); });
}
int is_reserved(sqlite3_file* file, int* answer) {
    return of(file).methods().xCheckReservedLock(of(file).real(), answer);
}
int control(sqlite3_file* file, int what, void* argument) {
    return of(file).methods().xFileControl(of(file).real(), what, argument);
}
int sector_size(sqlite3_file* file) {
    return of(file).methods().xSectorSize(of(file).real());
}
int device(sqlite3_file* file) {
    return of(file).methods().xDeviceCharacteristics(of(file).real());
}

// Version 1: neither shared memory nor memory maps, which images do not have (connection.cpp).
const sqlite3_io_methods kMethods = {
    1,       close_file,  read_file, write_file, cut_file, sync_file, file_size, lock,    unlock, is_reserved,
    control, sector_size, device,    nullptr,    nullptr,  nullptr,   nullptr,   nullptr, nullptr};

sqlite3_vfs* base() {
    return sqlite3_vfs_find(nullptr);
}

int open_file(sqlite3_vfs*, const char* name, sqlite3_file* shown, int flags, int* given) {
    sqlite3_vfs* const system = base();
    shown->pMethods = nullptr;
    auto* real = static_cast<sqlite3_file*>(sqlite3_malloc(system->szOsFile));
    auto* gathered = static_cast<char*>(sqlite3_malloc(kMostGathered));
    int code = real && gathered ? SQLITE_OK : SQLITE_NOMEM;
    if (code == SQLITE_OK) {
        std::memset(real, 0, size_t(system->szOsFile));
        code = system->xOpen(system, name, real, flags, given);
        if (code != SQLITE_OK && real->pMethods) real->pMethods->xClose(real);
    }
    if (code != SQLITE_OK) {
        sqlite3_free(real);
        sqlite3_free(gathered);
        return code;
    }
    (new (shown) File(real, gathered, flags & SQLITE_OPEN_WAL))->pMethods = &kMethods;
    return SQLITE_OK;
}
int delete_file(sqlite3_vfs*, const char* name, int and_sync) {
    return base()->xDelete(base(), name, and_sync);
}
int access_file(sqlite3_vfs*, const char* name, int flags, int* answer) {
    return base()->xAccess(base(), name, flags, answer);
}
int full_path(sqlite3_vfs*, const char* name, int room, char* path) {
    return base()->xFullPathname(base(), name, room, path);
}
int randomness(sqlite3_vfs*, int size, char* to) {
    return base()->xRandomness(base(), size, to);
}
int sleep_for(sqlite3_vfs*, int microseconds) {
    return base()->xSleep(base(), microseconds);
}
int current_time(sqlite3_vfs*, double* days) {
    return base()->xCurrentTime(base(), days);
}
int last_error(sqlite3_vfs*, int room, char* words) {
    return base()->xGetLastError(base(), room, words);
}

} // namespace

const char* gathered_files() {
    static sqlite3_vfs made = [] {
        sqlite3_vfs vfs{};
        vfs.iVersion = 1;
        vfs.szOsFile = sizeof(File);
        vfs.mxPathname = base()->mxPathname;
        vfs.zName = "gathered";
        vfs.xOpen = open_file;
        vfs.xDelete = delete_file;
        vfs.xAccess = access_file;
        vfs.xFullPathname = full_path;
        vfs.xRandomness = randomness;
        vfs.xSleep = sleep_for;
        vfs.xCurrentTime = current_time;
        vfs.xGetLastError = last_error;
        return vfs;
    }();
    static const int registered = sqlite3_vfs_register(&made, 0);
    return registered == SQLITE_OK ? made.zName : nullptr;
}

} // namespace indent::image
