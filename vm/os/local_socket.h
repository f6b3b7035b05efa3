// Streams between processes of one person on one machine: Unix domain sockets, and the small files beside them.
//
// Nothing here waits but wait_for. Sockets are closed by their owners' ends and are not inherited by programs that
// are started. One thread at a time for each object, where nothing else is said. Failure codes: "not_found",
// "denied", "exists", "too_long" (a path that no socket can have), "nobody" (a file is there and nobody listens), "gone"
// (the other end has closed), "io_error".
#pragma once
#include "vm/base/result.h"
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace indent::os {

// The longest path that a socket may have on this system, in bytes.
size_t longest_socket_path();

class LocalSocket {
  public:
    // Connects to a listener in the file system.
    static Result<LocalSocket> connect(const std::string& path);
    LocalSocket(LocalSocket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    LocalSocket& operator=(LocalSocket&& other) noexcept;
    ~LocalSocket();

    struct Received {
        size_t bytes = 0;   // 0 and not ended: nothing is there now
        bool ended = false; // the other end sends no more
    };
    Result<Received> receive(char* to, size_t most);
    // How many bytes went in: 0 where there is no room now.
    Result<size_t> send(std::string_view bytes);
    int descriptor() const { return descriptor_; } // for wait_for

  private:
    friend class LocalListener;
    explicit LocalSocket(int descriptor) : descriptor_(descriptor) {}
    int descriptor_;
};

class LocalListener {
  public:
    // Makes the file of a socket that its owner alone can connect to. What a killed program has left at the path is
    // replaced; "exists" where somebody listens there, or where it is no socket.
    static Result<LocalListener> listen(const std::string& path);
    LocalListener(LocalListener&& other) noexcept;
    LocalListener& operator=(LocalListener&&) = delete;
    ~LocalListener(); // takes the file away, if it is still its own

    // Who has come; nothing: nobody now.
    Result<std::optional<LocalSocket>> accept();
    int descriptor() const { return descriptor_; }

  private:
    LocalListener(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
    int descriptor_;
    std::string path_;
    uint64_t device_ = 0, file_ = 0; // which one it made
};

// Something that makes wait_for come back.
class Waker {
  public:
    static Result<Waker> make();
    Waker(Waker&& other) noexcept
        : read_(std::exchange(other.read_, -1)), write_(std::exchange(other.write_, -1)) {}
    Waker& operator=(Waker&&) = delete;
    ~Waker();

    void wake();  // any thread, also from a signal's handler
    void clear(); // the thread that waits: it is awake
    int descriptor() const { return read_; }

  private:
    Waker(int read, int write) : read_(read), write_(write) {}
    int read_, write_;
};

struct Wanted {
    int descriptor = -1;
    bool read = false; // in: which are waited for; out: which are there. The other end's end counts as both.
    bool write = false;
};
// Waits until one of them is there, or for so long (-1: for ever), or until a signal comes.
void wait_for(std::span<Wanted> wanted, int milliseconds);

// A file that only its owner can read, from its first moment on; what was there is replaced at once as a whole.
Result<void> write_private_file(const std::string& path, std::string_view bytes);
// "denied" where the file is not ours or others may read or write it: what it says may then be anybody's word.
Result<std::string> read_private_file(const std::string& path, size_t most_bytes);
// A folder that only its owner can enter, made where there is none; "denied" where it is not of that kind.
Result<void> make_private_folder(const std::string& path);

// The process that holds a lock on the file, or 0: nobody, or it cannot be told. Never on a file that this process has
// locked or opened itself: looking lets go of its locks.
int64_t lock_holder(const std::string& path);

// Names the person who runs this, as the system counts them.
uint32_t user_number();

} // namespace indent::os
