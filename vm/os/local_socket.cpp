#include "vm/os/local_socket.h"
#include "vm/os/file_failure.h"
#include "vm/os/process.h"
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace indent::os {

namespace {

bool prepare(int descriptor) {
    return fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 &&
           fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK) == 0;
}

Failure failed(const std::string& what, const std::string& path, int error) {
    if (error == ECONNREFUSED) return {"nobody", "nobody listens at " + path};
    return failure_from(error, what, path);
}

// False: too long.
bool address_of(const std::string& path, sockaddr_un& address) {
    address = {};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() > longest_socket_path() || path.find('\0') != std::string::npos)
        return false;
    std::memcpy(address.sun_path, path.data(), path.size());
    return true;
}

Failure too_long(const std::string& path) {
    return {"too_long", "a socket cannot have the path " + path + ": it has " + std::to_string(path.size()) +
                            " bytes, and " + std::to_string(longest_socket_path()) + " are the most"};
}

Result<int> new_socket(const std::string& path) {
    const int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
    if (descriptor < 0) return failed("make the socket", path, errno);
    if (!prepare(descriptor)) {
        const int error = errno;
        close(descriptor);
        return failed("make the socket", path, error);
    }
    return descriptor;
}

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

} // namespace

size_t longest_socket_path() {
    return sizeof(sockaddr_un) - offsetof(sockaddr_un, sun_path) - 1;
}

// ---- sockets

LocalSocket& LocalSocket::operator=(LocalSocket&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
}

LocalSocket::~LocalSocket() {
    if (descriptor_ >= 0) close(descriptor_);
}

Result<LocalSocket> LocalSocket::connect(const std::string& path) {
    sockaddr_un address;
    if (!address_of(path, address)) return too_long(path);
    auto made = new_socket(path);
    if (!made) return std::move(made).failure();
    LocalSocket socket(*made);
    // A local connection is there at once or not at all; EAGAIN: more wait to be taken than the listener lets wait.
    if (::connect(*made, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        if (errno == EAGAIN) return Failure{"nobody", "too many wait at " + path + " already"};
        return failed("connect to", path, errno);
    }
    return socket;
}

Result<LocalSocket::Received> LocalSocket::receive(char* to, size_t most) {
    for (;;) {
        const ssize_t n = recv(descriptor_, to, most, 0);
        if (n > 0) return Received{size_t(n), false};
        if (n == 0) return Received{0, true};
        if (errno == EINTR) continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK) return Received{};
        if (errno == ECONNRESET) return Received{0, true};
        return failure_from(errno, "read from", "a socket");
    }
}

Result<size_t> LocalSocket::send(std::string_view bytes) {
    for (;;) {
        const ssize_t n = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n >= 0) return size_t(n);
        if (errno == EINTR) continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) return size_t(0);
        if (errno == EPIPE || errno == ECONNRESET) return Failure{"gone", "the other end has closed"};
        return failure_from(errno, "write to", "a socket");
    }
}

// ---- listeners

LocalListener::LocalListener(LocalListener&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::move(other.path_)),
      device_(other.device_), file_(other.file_) {}

LocalListener::~LocalListener() {
    if (descriptor_ < 0) return;
    struct stat info {};
    if (lstat(path_.c_str(), &info) == 0 && uint64_t(info.st_dev) == device_ &&
        uint64_t(info.st_ino) == file_)
        unlink(path_.c_str());
    close(descriptor_);
}

Result<LocalListener> LocalListener::listen(const std::string& path) {
    sockaddr_un address;
    if (!address_of(path, address)) return too_long(path);
    struct stat info {};
    if (lstat(path.c_str(), &info) == 0) {
        if (!S_ISSOCK(info.st_mode)) return failure_from(EEXIST, "make the socket", path);
        auto somebody = LocalSocket::connect(path);
        if (somebody || somebody.failure().code != "nobody")
            return Failure{"exists", "another program listens at " + path};
        unlink(path.c_str());
    }
    auto made = new_socket(path);
    if (!made) return std::move(made).failure();
    LocalListener listener(*made, path);
    fchmod(*made, S_IRUSR | S_IWUSR); // on Linux the file begins with these rights
    if (bind(*made, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return failure_from(errno == EADDRINUSE ? EEXIST : errno, "make the socket", path);
    if (lstat(path.c_str(), &info) == 0) {
        listener.device_ = uint64_t(info.st_dev);
        listener.file_ = uint64_t(info.st_ino);
    }
    constexpr int kWaiting = 64;
    if (chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0 || ::listen(*made, kWaiting) != 0)
        return failure_from(errno, "make the socket", path);
    return listener;
}

Result<std::optional<LocalSocket>> LocalListener::accept() {
    const int descriptor = ::accept(descriptor_, nullptr, nullptr);
    if (descriptor < 0) {
        if (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK || errno == ECONNABORTED)
            return std::optional<LocalSocket>();
        return failure_from(errno, "take a connection at", path_);
    }
    LocalSocket socket(descriptor);
    if (!prepare(descriptor)) return failure_from(errno, "take a connection at", path_);
    return std::optional<LocalSocket>(std::move(socket));
}

// ---- waiting

Result<Waker> Waker::make() {
    int ends[2];
    if (pipe(ends) != 0) return failure_from(errno, "make", "a pipe");
    Waker waker(ends[0], ends[1]);
    if (!prepare(ends[0]) || !prepare(ends[1])) return failure_from(errno, "make", "a pipe");
    return waker;
}

Waker::~Waker() {
    if (read_ >= 0) close(read_);
    if (write_ >= 0) close(write_);
}

void Waker::wake() {
    const int error = errno; // a handler must not change what it interrupts
    // A full pipe wakes as well.
    [[maybe_unused]] const ssize_t n = write(write_, "", 1);
    errno = error;
}

void Waker::clear() {
    char bytes[64];
    while (read(read_, bytes, sizeof bytes) == ssize_t(sizeof bytes)) {
    }
}

void wait_for(std::span<Wanted> wanted, int milliseconds) {
    std::vector<pollfd> all;
    all.reserve(wanted.size());
    for (const Wanted& one : wanted)
        all.push_back({one.descriptor, short((one.read ? POLLIN : 0) | (one.write ? POLLOUT : 0)), 0});
    const int n = poll(all.data(), nfds_t(all.size()), milliseconds);
    for (size_t i = 0; i < all.size(); ++i) {
        const short there = n > 0 ? all[i].revents : short(0);
        const bool over = there & (POLLERR | POLLHUP | POLLNVAL);
        wanted[i].read = over || (there & POLLIN);
        wanted[i].write = over || (there & POLLOUT);
    }
}

// ---- private files

Result<void> write_private_file(const std::string& path, std::string_view bytes) {
    const std::string made = path + "." + std::to_string(process_id()) + ".new";
    unlink(made.c_str());
    const int file =
        open(made.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    if (file < 0) return failure_from(errno, "make", path);
    const ssize_t n = write(file, bytes.data(), bytes.size());
    int error = n == ssize_t(bytes.size()) ? 0 : n < 0 ? errno : ENOSPC;
    if (close(file) != 0 && error == 0) error = errno;
    if (error == 0 && rename(made.c_str(), path.c_str()) != 0) error = errno;
    if (error == 0) return ok();
    unlink(made.c_str());
    return failure_from(error, "write", path);
}

Result<std::string> read_private_file(const std::string& path, size_t most_bytes) {
    const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) return failure_from(errno, "read", path);
    struct stat info {};
    std::string bytes(most_bytes + 1, '\0');
    ssize_t n = -1;
    int error = 0;
    if (fstat(file, &info) != 0)
        error = errno;
    else if ((n = read(file, bytes.data(), bytes.size())) < 0)
        error = errno;
    close(file);
    if (error) return failure_from(error, "read", path);
    if (!S_ISREG(info.st_mode) || info.st_uid != geteuid() || (info.st_mode & (S_IRWXG | S_IRWXO)))
        return Failure{"denied",
                       path + " is not trusted: it must be yours, and nobody else's to read or write"};
    if (size_t(n) > most_bytes) return Failure{"too_large", path + " is too large"};
    bytes.resize(size_t(n));
    return bytes;
}

Result<void> make_private_folder(const std::string& path) {
    if (mkdir(path.c_str(), S_IRWXU) != 0 && errno != EEXIST) return failure_from(errno, "make", path);
    struct stat info {};
    if (lstat(path.c_str(), &info) != 0) return failure_from(errno, "make", path);
    if (!S_ISDIR(info.st_mode) || info.st_uid != geteuid() || (info.st_mode & (S_IRWXG | S_IRWXO)))
        return Failure{"denied",
                       path + " is not trusted: it must be a folder of yours that nobody else can enter"};
    return ok();
}

int64_t lock_holder(const std::string& path) {
    const int file = open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) return 0;
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET; // all of it, to the end
    const bool told = fcntl(file, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    close(file);
    return told ? int64_t(lock.l_pid) : 0;
}

uint32_t user_number() {
    return uint32_t(geteuid());
}

} // namespace indent::os
