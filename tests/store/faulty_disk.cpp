#include "faulty_disk.h"
#include "tests/store/folder.h"
#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sqlite3.h>
#include <unistd.h>

namespace indent::testing {

namespace {

constexpr size_t kSector = 512;

FaultyDisk* disk = nullptr;
sqlite3_vfs* base = nullptr;

struct ShimFile {
    sqlite3_file shown;
    sqlite3_file* real;
    std::shared_ptr<FaultyDisk::File>* file;
};

ShimFile& of(sqlite3_file* file) {
    return *reinterpret_cast<ShimFile*>(file);
}
const sqlite3_io_methods& real(sqlite3_file* file) {
    return *of(file).real->pMethods;
}

void apply(std::string& bytes, const FaultyDisk::Change& change) {
    const size_t at = size_t(change.at);
    if (change.cuts) {
        if (bytes.size() > at) bytes.resize(at);
        return;
    }
    if (bytes.size() < at + change.bytes.size()) bytes.resize(at + change.bytes.size());
    std::memcpy(bytes.data() + at, change.bytes.data(), change.bytes.size());
}

// Each sector of the change, or not, by chance.
void apply_sectors(std::string& bytes, const FaultyDisk::Change& change, std::mt19937& random) {
    auto chance = [&] { return random() % 2 == 0; };
    if (change.cuts) {
        if (chance()) apply(bytes, change);
        return;
    }
    for (size_t from = 0; from < change.bytes.size();) {
        const size_t sector_end = (size_t(change.at) + from) / kSector * kSector + kSector;
        const size_t size = std::min(change.bytes.size() - from, sector_end - size_t(change.at) - from);
        if (chance()) apply(bytes, {change.at + int64_t(from), change.bytes.substr(from, size)});
        from += size;
    }
}

int close_file(sqlite3_file* file) {
    const int code = real(file).xClose(of(file).real);
    std::free(of(file).real);
    delete of(file).file;
    return code;
}

int read_file(sqlite3_file* file, void* to, int size, sqlite3_int64 at) {
    if (disk->dead()) return SQLITE_IOERR_READ;
    if (disk->fails(Fault::ReadError)) return SQLITE_IOERR_READ;
    const int code = real(file).xRead(of(file).real, to, size, at);
    if (code == SQLITE_OK && disk->fails(Fault::ReadShort)) {
        std::memset(static_cast<char*>(to) + size / 2, 0, size_t(size - size / 2));
        return SQLITE_IOERR_SHORT_READ;
    }
    return code;
}

int write_part(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
    const FaultyDisk::Change change{at, std::string(static_cast<const char*>(from), size_t(size))};
    if (disk->dead()) return SQLITE_IOERR_WRITE;
    if (!disk->changes()) { // may be there in part
        (*of(file).file)->unsynced.push_back(change);
        return SQLITE_IOERR_WRITE;
    }
    if (disk->fails(Fault::WriteFull)) return SQLITE_FULL;
    if (disk->fails(Fault::WriteError)) return SQLITE_IOERR_WRITE;
    if (disk->fails(Fault::WriteTorn)) {
        const size_t some = std::min(change.bytes.size() / 2, kSector);
        (*of(file).file)->unsynced.push_back({at, change.bytes.substr(0, some)});
        (void)real(file).xWrite(of(file).real, from, int(some), at);
        return SQLITE_IOERR_WRITE;
    }
    (*of(file).file)->unsynced.push_back(change);
    return real(file).xWrite(of(file).real, from, size, at);
}

// What fails may do so in the middle of a long write.
int write_file(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
    constexpr int kPart = 4 * int(kSector);
    for (int done = 0; done < size;) {
        const int part = std::min(kPart, size - done);
        const int code = write_part(file, static_cast<const char*>(from) + done, part, at + done);
        if (code != SQLITE_OK) return code;
        done += part;
    }
    return SQLITE_OK;
}

int cut_file(sqlite3_file* file, sqlite3_int64 size) {
    if (disk->dead()) return SQLITE_IOERR_TRUNCATE;
    if (!disk->changes()) return SQLITE_IOERR_TRUNCATE;
    if (disk->fails(Fault::WriteError)) return SQLITE_IOERR_TRUNCATE;
    (*of(file).file)->unsynced.push_back({size, {}, true});
    return real(file).xTruncate(of(file).real, size);
}

int sync_file(sqlite3_file* file, int) {
    if (disk->dead()) return SQLITE_IOERR_FSYNC;
    if (!disk->changes()) return SQLITE_IOERR_FSYNC;
    FaultyDisk::File& tracked = **of(file).file;
    if (disk->fails(Fault::SyncError)) {
        // The system takes what it could not write as written; half of it is on the disk, by chance.
        static std::mt19937 random(17);
        for (const auto& change : tracked.unsynced) apply_sectors(tracked.durable, change, random);
        tracked.unsynced.clear();
        return SQLITE_IOERR_FSYNC;
    }
    for (const auto& change : tracked.unsynced) apply(tracked.durable, change);
    tracked.unsynced.clear();
    tracked.is_durable = true;
    return SQLITE_OK;
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
    if (disk->dead()) return SQLITE_IOERR_FSTAT;
    return real(file).xFileSize(of(file).real, size);
}
int lock(sqlite3_file* file, int level) {
    return real(file).xLock(of(file).real, level);
}
int unlock(sqlite3_file* file, int level) {
    return real(file).xUnlock(of(file).real, level);
}
int is_reserved(sqlite3_file* file, int* answer) {
    return real(file).xCheckReservedLock(of(file).real, answer);
}
int control(sqlite3_file* file, int what, void* argument) {
    if (what == SQLITE_FCNTL_SIZE_HINT || what == SQLITE_FCNTL_CHUNK_SIZE) return SQLITE_NOTFOUND;
    return real(file).xFileControl(of(file).real, what, argument);
}
int sector_size(sqlite3_file*) {
    return 4096;
}
int device(sqlite3_file*) {
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE; // bytes beside what is written stay: as SQLite takes disks to be
}

const sqlite3_io_methods kMethods = {
    1,       close_file,  read_file, write_file, cut_file, sync_file, file_size, lock,    unlock, is_reserved,
    control, sector_size, device,    nullptr,    nullptr,  nullptr,   nullptr,   nullptr, nullptr};

// WAL in exclusive mode needs a version of 2 only for shared memory, which must never be asked for.
int open_file(sqlite3_vfs*, const char* name, sqlite3_file* shown, int flags, int* given) {
    ShimFile& file = of(shown);
    file.shown.pMethods = nullptr;
    if (disk->dead()) return SQLITE_CANTOPEN;
    file.real = static_cast<sqlite3_file*>(std::calloc(1, size_t(base->szOsFile)));
    if (int code = base->xOpen(base, name, file.real, flags, given); code != SQLITE_OK) {
        std::free(file.real);
        return code;
    }
    file.file = new std::shared_ptr<FaultyDisk::File>(name ? disk->opened(name)
                                                           : std::make_shared<FaultyDisk::File>());
    file.shown.pMethods = &kMethods;
    return SQLITE_OK;
}

int delete_file(sqlite3_vfs*, const char* name, int and_sync) {
    if (disk->dead() || !disk->changes()) return SQLITE_IOERR_DELETE;
    const int code = base->xDelete(base, name, 0);
    if (code == SQLITE_OK) disk->deleted(name, and_sync != 0);
    return code;
}

} // namespace

// ---- below SQLite's own files

namespace {

uint64_t short_reads = 0;

ssize_t some_of(ssize_t (*read)(int, void*, size_t, off_t), int file, void* to, size_t size, off_t at) {
    if (size > 1) ++short_reads;
    return read(file, to, size > 1 ? size / 2 : size, at);
}
ssize_t read_some(int file, void* to, size_t size) {
    return some_of([](int f, void* b, size_t n, off_t) { return ::read(f, b, n); }, file, to, size, 0);
}
ssize_t read_some_at(int file, void* to, size_t size, off_t at) {
    return some_of(::pread, file, to, size, at);
}

} // namespace

ShortReads::ShortReads() : before_(short_reads) {
    sqlite3_vfs* system = sqlite3_vfs_find("unix");
    auto set = [&](const char* name, auto* call) {
        system->xSetSystemCall(system, name, reinterpret_cast<sqlite3_syscall_ptr>(call));
    };
    set("read", read_some);
    set("pread", read_some_at);
    set("pread64", read_some_at);
}

ShortReads::~ShortReads() {
    sqlite3_vfs* system = sqlite3_vfs_find("unix");
    for (const char* name : {"read", "pread", "pread64"}) system->xSetSystemCall(system, name, nullptr);
}

uint64_t ShortReads::count() const {
    return short_reads - before_;
}

FaultyDisk::FaultyDisk() {
    assert(!disk);
    disk = this;
    if (!base) base = sqlite3_vfs_find(nullptr);
    static sqlite3_vfs shim = [] {
        sqlite3_vfs made = *base;
        made.zName = "faulty";
        made.szOsFile = sizeof(ShimFile);
        made.xOpen = open_file;
        made.xDelete = delete_file;
        return made;
    }();
    sqlite3_vfs_register(&shim, 1);
}

FaultyDisk::~FaultyDisk() {
    sqlite3_vfs_register(base, 1);
    disk = nullptr;
}

void FaultyDisk::fail(Fault fault, uint64_t at, uint64_t times) {
    fault_ = fault;
    at_ = at;
    times_ = times;
    operations_ = 0;
    failed_ = dead_ = false;
}

bool FaultyDisk::fails(Fault kind) {
    if (fault_ != kind) return false;
    ++operations_;
    if (at_ == 0 || operations_ < at_ || operations_ - at_ >= times_) return false;
    return failed_ = true;
}

bool FaultyDisk::changes() {
    if (fails(Fault::PowerCut)) dead_ = true;
    return !dead_;
}

std::shared_ptr<FaultyDisk::File> FaultyDisk::opened(const std::string& path) {
    auto& file = files_[path];
    if (file && !file->deleted) return file;
    file = std::make_shared<File>();
    file->durable = read(path);
    file->is_durable = !file->durable.empty();
    return file;
}

void FaultyDisk::deleted(const std::string& path, bool synced) {
    auto found = files_.find(path);
    if (found == files_.end()) return;
    if (synced)
        files_.erase(found);
    else
        found->second->deleted = true;
}

FaultyDisk::Snapshot::Snapshot(const FaultyDisk& disk) {
    namespace fs = std::filesystem;
    for (const auto& [path, file] : disk.files_) {
        std::string name = fs::path(path).filename().string();
        // What was renamed meanwhile (SQLite does not do that) has its new name: that of a copy is without its end.
        if (const std::string end = ".new"; !file->deleted && !fs::exists(path)) {
            if (!path.ends_with(end) || !fs::exists(path.substr(0, path.size() - end.size()))) continue;
            name.resize(name.size() - end.size());
        }
        files_.emplace(name, *file);
    }
}

void FaultyDisk::Snapshot::after_power_cut(Unsynced unsynced, unsigned seed,
                                           const std::string& folder) const {
    std::mt19937 random(seed);
    for (const auto& [name, file] : files_) {
        if (file.deleted && (unsynced == Unsynced::Kept || random() % 2 == 0)) continue;
        bool there = file.is_durable;
        std::string bytes = file.durable;
        const size_t whole = unsynced == Unsynced::Torn && !file.unsynced.empty()
                                 ? random() % file.unsynced.size()
                                 : file.unsynced.size();
        for (size_t i = 0; i < file.unsynced.size() && unsynced != Unsynced::Lost; ++i) {
            there = true;
            if (unsynced == Unsynced::Sectors || i == whole)
                apply_sectors(bytes, file.unsynced[i], random);
            else if (i < whole)
                apply(bytes, file.unsynced[i]);
        }
        if (there) std::ofstream(folder + "/" + name, std::ios::binary | std::ios::trunc) << bytes;
    }
}

} // namespace indent::testing
