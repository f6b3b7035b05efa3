// A disk under SQLite that fails when it is told to: it loses its power at a write or a sync, keeps some of what was
// not synced, is full, or gives errors. Files are real ones; nothing is ever synced for real, so that it is fast.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace indent::testing {

enum class Fault {
    None,
    PowerCut,   // from this operation on, nothing has any effect, and all is an error
    WriteFull,  // ENOSPC
    WriteError, // EIO
    WriteTorn,  // EIO, and the first sector is written
    SyncError,  // EIO; what was to be synced may never reach the disk, and no later sync tells of it
    ReadError,  // EIO
    ReadShort,  // SQLite is told that the file ends within what it asked for, and takes the rest for zeros
};

// What is found after a power cut of that which nobody had synced.
enum class Unsynced {
    Lost,    // nothing of it
    Kept,    // all of it: as after a kill
    Sectors, // some of its sectors of 512 bytes
    Torn,    // the first so many operations, the last of them in part
};

class FaultyDisk {
  public:
    FaultyDisk(); // is SQLite's default from now on
    ~FaultyDisk();
    FaultyDisk(const FaultyDisk&) = delete;

    // Fails at the `at`-th operation from now on that the fault is about (of a power cut: each that changes something),
    // from 1; `times` times in a row.
    void fail(Fault fault, uint64_t at, uint64_t times = 1);
    void mend() { fail(Fault::None, 0); }
    bool has_failed() const { return failed_; }
    uint64_t operations() const { return operations_; } // of the fault's kind, since it was set

    // Forgets what was; files that are opened now are taken as synced.
    void forget() { files_.clear(); }

    struct Change {
        int64_t at = 0;
        std::string bytes{};
        bool cuts = false; // the file ends at `at`
    };
    struct File {
        std::string durable;
        bool is_durable = false;      // the file is there after a power cut
        bool deleted = false;         // which may not be durable
        std::vector<Change> unsynced; // in their order
    };

    // What was synced and what was not, at one moment; the disk may go on.
    class Snapshot {
      public:
        explicit Snapshot(const FaultyDisk& disk);
        // Writes what a disk may hold after a power cut at that moment into the folder, under the files' names.
        void after_power_cut(Unsynced unsynced, unsigned seed, const std::string& folder) const;

      private:
        std::map<std::string, File> files_; // by name
    };

    // ---- of the shim
    bool fails(Fault kind); // counts an operation of this kind
    bool changes();         // counts one that changes something; false: the power is gone
    bool dead() const { return dead_; }
    std::shared_ptr<File> opened(const std::string& path);
    void deleted(const std::string& path, bool synced);
    Fault fault() const { return fault_; }

  private:
    std::map<std::string, std::shared_ptr<File>> files_;
    Fault fault_ = Fault::None;
    uint64_t at_ = 0, times_ = 1, operations_ = 0;
    bool failed_ = false, dead_ = false;
};

// The system gives half of what is asked for, each time, as it may.
class ShortReads {
  public:
    ShortReads();
    ~ShortReads();
    ShortReads(const ShortReads&) = delete;
    uint64_t count() const;

  private:
    uint64_t before_;
};

} // namespace indent::testing
