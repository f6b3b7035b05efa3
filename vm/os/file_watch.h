// Tells which files have changed: for taking in what an editor has saved.
#pragma once
#include "vm/base/result.h"
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace indent::os {

struct WatchOptions {
    // Asked for everything inside watched folders, by path and whether it is a folder; none: all of it counts. What
    // is watched by name is always wanted. Must answer the same each time, on the thread that waits.
    std::function<bool(const std::string& path, bool folder)> wanted;
    // True: a file has changed when its bytes have, so `touch` and saving the same text again are nothing. False: any
    // writing, touching and changing of permissions counts.
    bool compare_content = true;
    // Hands over the bytes that were compared, so that nobody has to read the file again, later, when it may be half
    // written once more.
    bool with_content = false;
    // Larger files are compared by size, time and identity alone and never handed over.
    uint64_t most_compared = 64 << 20;

    // A report waits until nothing has happened for `settle`; while a file is open for writing, just made or gone, up
    // to `patience` from the first sign; and where several files are concerned, up to `batch`. Nanoseconds.
    uint64_t settle_ns = 3'000'000;
    uint64_t patience_ns = 10'000'000;
    uint64_t batch_ns = 25'000'000;

    size_t most_folders = 0; // that may be watched; 0: as many as the system lets us
};

enum class FileChange { Appeared, Changed, Deleted };

struct ChangedFile {
    std::string
        path; // a watched file as it was named; or the watched folder as it was named, `/` and the rest
    FileChange change = FileChange::Changed;
    std::optional<std::string> content; // if asked for; none where deleted, too large or unreadable
};

struct Changes {
    std::vector<ChangedFile> files; // sorted by path, each once; folders are never told, only files in them
    // The system has lost events. All has been looked at again and `files` is what differs; what was there only for a
    // moment is not known. Who keeps more than the files' content should look at everything itself.
    bool rescan = false;
    bool woken = false;
};

// Files and folders that are watched. A folder stands for all files in it, at any depth, and those that come; links
// to files are followed there, links to folders are not. A path that is watched by name may lead through links, and
// need not be there yet: it is told when it appears, whichever part of it was missing. Slashes at its end are dropped.
//
// What is told is the difference to what was told before (at first: to what was there when `watch` returned), so that
// who reads a file after `watch` or after it was told never keeps an old state. Paths that are not absolute count
// from the working folder, which must not change. Two names of one file are told as two files.
//
// One thread at a time, except for `wake`. Nothing here polls: a wait sleeps in the kernel.
class FileWatch {
  public:
    // Failure codes: "too_many" where the system gives no more watchers, "io_error".
    static Result<std::unique_ptr<FileWatch>> make(WatchOptions options);
    ~FileWatch();
    FileWatch(const FileWatch&) = delete;
    FileWatch& operator=(const FileWatch&) = delete;

    // From now on this path is watched, too; content where it is already. Failure codes: "too_many" where the system
    // lets us watch no more folders, "denied" where the folder of a file may not be read: then this path is not
    // watched.
    Result<void> watch(const std::string& path);
    // Named as it was for `watch`; nothing about it is told any more, unless it lies in another watched folder.
    void unwatch(const std::string& path);

    // What has changed; sleeps until something has, `wake` is called, or that time is over (negative: without end;
    // 0: answers what has settled by now). No files and neither flag: the time is over. Failure codes: "too_many"
    // where new folders are more than the system lets us watch: they are not watched, all else is, and the changes
    // found come with the next call; "denied" likewise; "io_error".
    Result<Changes> wait(int milliseconds);

    // Ends the wait that is running or else the next one. Any thread, and handlers of signals, too.
    void wake();

  private:
    struct State;
    explicit FileWatch(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

} // namespace indent::os
