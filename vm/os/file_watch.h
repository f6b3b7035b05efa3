// Hears of changes to files and folders as they are saved, whatever way an editor saves them: written in place, written
// beside and renamed over, removed and made anew. The system tells; nothing is polled.
#pragma once
#include "vm/base/result.h"
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace indent::os {

class FileWatch {
  public:
    // Failure code: "watch" (the system's limit on watches, mostly; the message says what to do).
    static Result<std::unique_ptr<FileWatch>> make();
    ~FileWatch();
    FileWatch(const FileWatch&) = delete;
    FileWatch& operator=(const FileWatch&) = delete;

    // A file, which need not be there yet (its folder must), or a folder with all below it, also what comes there later.
    // Twice is once. The same thread as wait, or before it is called first.
    Result<void> add(const std::string& path);

    struct Changes {
        std::vector<std::string> paths; // of files that were written, made, renamed to, or are gone; each once
        bool everything = false;        // more happened than could be told: look at all
    };
    // Waits for changes, for at most so long. Several events of one save are one change: it answers when some milliseconds
    // have passed without another. Empty: the time is over, or somebody called wake.
    Changes wait(uint64_t most_ns);
    // Any thread.
    void wake();

  private:
    FileWatch() = default;
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace indent::os
