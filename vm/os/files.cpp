#include "vm/os/files.h"
#include "vm/os/clock.h"
#include "vm/os/file_failure.h"
#include "vm/os/process.h"
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace indent::os {

Failure failure_from(int error, const std::string& what, const std::string& path) {
    const char* code = "io_error";
    const char* words = nullptr;
    switch (error) {
    case ENOENT: code = "not_found", words = "there is no such file or folder"; break;
    case EACCES:
    case EPERM:
    case EROFS: code = "denied", words = "permission denied"; break;
    case EISDIR: code = "is_folder", words = "it is a folder"; break;
    case ENOTDIR: code = "not_folder", words = "a part of the path is not a folder"; break;
    case EEXIST:
    case ENOTEMPTY: code = "exists", words = "something is there already"; break;
    case EMFILE:
    case ENFILE: code = "too_many", words = "too many files are open"; break;
    case ELOOP: words = "its links lead in a circle"; break;
    case ENAMETOOLONG: words = "the name is too long"; break;
    case ENOSPC:
    case EDQUOT: code = "no_space", words = "no space is left on the device"; break;
    default: break;
    }
    return {code,
            "cannot " + what + " " + path + ": " + (words ? words : std::generic_category().message(error))};
}

namespace {

// Closes on every way out.
class Descriptor {
  public:
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (fd_ >= 0) close(fd_);
    }
    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }

  private:
    int fd_;
};

Descriptor open_file(const std::string& path, int flags, mode_t mode = 0) {
    int fd;
    do fd = open(path.c_str(), flags | O_CLOEXEC, mode);
    while (fd < 0 && errno == EINTR);
    return Descriptor(fd);
}

Result<std::string> read_all(int fd, const std::string& path, uint64_t max_bytes, uint64_t expected) {
    std::string content;
    content.resize(std::min(expected, max_bytes) + 1); // one more, so that the end is seen without growing
    size_t filled = 0;
    while (true) {
        ssize_t got = read(fd, content.data() + filled, content.size() - filled);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return failure_from(errno, "read", path);
        if (got == 0) break;
        filled += static_cast<size_t>(got);
        if (filled > max_bytes)
            return Failure{"too_large", "cannot read " + path + ": it holds more than " +
                                            std::to_string(max_bytes) + " bytes"};
        if (filled == content.size())
            content.resize(std::min<uint64_t>(max_bytes + 1, std::max<uint64_t>(4096, content.size() * 2)));
    }
    content.resize(filled);
    return content;
}

bool write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        ssize_t written = write(fd, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        bytes.remove_prefix(static_cast<size_t>(written));
    }
    return true;
}

FileKind kind_from(mode_t mode) {
    if (S_ISREG(mode)) return FileKind::File;
    return S_ISDIR(mode) ? FileKind::Folder : FileKind::Other;
}

std::string folder_of(const std::string& path) {
    auto slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

} // namespace

Result<std::string> read_file(const std::string& path, uint64_t max_bytes) {
    Descriptor file = open_file(path, O_RDONLY);
    if (!file) return failure_from(errno, "read", path);
    struct stat info;
    if (fstat(file.get(), &info) != 0) return failure_from(errno, "read", path);
    if (S_ISDIR(info.st_mode)) return failure_from(EISDIR, "read", path);
    uint64_t expected = S_ISREG(info.st_mode) ? static_cast<uint64_t>(info.st_size) : 4096;
    return read_all(file.get(), path, max_bytes, expected);
}

Result<std::string> read_plain_file(const std::string& path, uint64_t max_bytes) {
    Descriptor file =
        open_file(path, O_RDONLY | O_NONBLOCK | O_NOCTTY); // a pipe would wait for its other end
    if (!file) return failure_from(errno, "read", path);
    struct stat info;
    if (fstat(file.get(), &info) != 0) return failure_from(errno, "read", path);
    if (S_ISDIR(info.st_mode)) return failure_from(EISDIR, "read", path);
    if (!S_ISREG(info.st_mode)) return Failure{"not_plain", "cannot read " + path + ": it is no plain file"};
    return read_all(file.get(), path, max_bytes, static_cast<uint64_t>(info.st_size));
}

Result<std::string> read_standard_input(uint64_t max_bytes) {
    return read_all(STDIN_FILENO, "standard input", max_bytes, 4096);
}

Result<void> write_file_atomically(const std::string& path, std::string_view bytes) {
    std::string target = path;
    struct stat old;
    bool replaces = stat(path.c_str(), &old) == 0;
    if (replaces) {
        if (S_ISDIR(old.st_mode)) return failure_from(EISDIR, "write", path);
        auto real = absolute_path(path);
        if (!real) return std::move(real).failure();
        target = *real;
        if (!S_ISREG(old.st_mode)) { // a terminal or a pipe cannot be replaced, only written to
            Descriptor device = open_file(target, O_WRONLY);
            if (!device || !write_all(device.get(), bytes)) return failure_from(errno, "write", path);
            return ok();
        }
        if (access(target.c_str(), W_OK) != 0) return failure_from(errno, "write", path);
    }

    // Nobody else's name: this process, this moment; taken only if free.
    std::string beside = target + "." + std::to_string(process_id()) + "." + std::to_string(monotonic_ns());
    Descriptor file = open_file(beside, O_WRONLY | O_CREAT | O_EXCL, 0666);
    if (!file) return failure_from(errno, "write", path);
    bool done = write_all(file.get(), bytes);
    if (done && replaces) done = fchmod(file.get(), old.st_mode & 07777) == 0;
    if (!done || fsync(file.get()) != 0 || rename(beside.c_str(), target.c_str()) != 0) {
        auto failure = failure_from(errno, "write", path);
        unlink(beside.c_str());
        return failure;
    }
    sync_names_beside(target); // the new name must last, too
    return ok();
}

Result<void> write_new_file(const std::string& path, std::string_view bytes) {
    const std::string beside =
        path + "." + std::to_string(process_id()) + "." + std::to_string(monotonic_ns());
    Descriptor file = open_file(beside, O_WRONLY | O_CREAT | O_EXCL, 0666);
    if (!file) return failure_from(errno, "write", path);
    Result<void> done = ok();
    if (!write_all(file.get(), bytes) || fsync(file.get()) != 0 || link(beside.c_str(), path.c_str()) != 0)
        done = failure_from(errno, "write", path);
    unlink(beside.c_str());
    if (done) sync_names_beside(path);
    return done;
}

void sync_names_beside(const std::string& path) {
    if (Descriptor folder = open_file(folder_of(path), O_RDONLY | O_DIRECTORY)) fsync(folder.get());
}

Result<void> append_file(const std::string& path, std::string_view bytes) {
    Descriptor file = open_file(path, O_WRONLY | O_APPEND | O_CREAT, 0666);
    if (!file || !write_all(file.get(), bytes)) return failure_from(errno, "write", path);
    return ok();
}

Result<FileInfo> file_info(const std::string& path) {
    struct stat info;
    if (stat(path.c_str(), &info) != 0) return failure_from(errno, "look at", path);
#ifdef __APPLE__
    auto modified = info.st_mtimespec;
#else
    auto modified = info.st_mtim;
#endif
    return FileInfo{kind_from(info.st_mode), static_cast<uint64_t>(info.st_size),
                    static_cast<int64_t>(modified.tv_sec) * 1'000'000'000 + modified.tv_nsec,
                    static_cast<uint64_t>(info.st_nlink)};
}

Result<uint32_t> permissions(const std::string& path) {
    struct stat info;
    if (stat(path.c_str(), &info) != 0) return failure_from(errno, "look at", path);
    return static_cast<uint32_t>(info.st_mode & 07777);
}

Result<void> set_permissions(const std::string& path, uint32_t permissions) {
    if (chmod(path.c_str(), static_cast<mode_t>(permissions)) != 0)
        return failure_from(errno, "set the permissions of", path);
    return ok();
}

Result<void> set_modified(const std::string& path, int64_t modified_ns) {
    int64_t seconds = modified_ns / 1'000'000'000, rest = modified_ns % 1'000'000'000;
    if (rest < 0) rest += 1'000'000'000, --seconds;
    timespec times[2] = {};
    times[0].tv_nsec = UTIME_OMIT;
    times[1].tv_sec = static_cast<time_t>(seconds);
    times[1].tv_nsec = static_cast<long>(rest);
    if (utimensat(AT_FDCWD, path.c_str(), times, 0) != 0) return failure_from(errno, "set the time of", path);
    return ok();
}

bool is_link(const std::string& path) {
    struct stat info;
    return lstat(path.c_str(), &info) == 0 && S_ISLNK(info.st_mode);
}

Result<std::string> read_link(const std::string& path) {
    std::string target(4096, '\0');
    ssize_t length = readlink(path.c_str(), target.data(), target.size());
    if (length < 0) return failure_from(errno, "read the link", path);
    target.resize(static_cast<size_t>(length));
    return target;
}

Result<void> make_link(const std::string& target, const std::string& path) {
    if (symlink(target.c_str(), path.c_str()) != 0) return failure_from(errno, "make the link", path);
    return ok();
}

bool exists(const std::string& path) {
    struct stat info;
    return stat(path.c_str(), &info) == 0;
}

bool is_folder(const std::string& path) {
    struct stat info;
    return stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

Result<std::vector<FolderEntry>> list_folder(const std::string& path) {
    DIR* folder = opendir(path.c_str());
    if (!folder) return failure_from(errno, "list", path);
    std::vector<FolderEntry> entries;
    errno = 0;
    while (dirent* entry = readdir(folder)) {
        std::string name = entry->d_name;
        if (name == "." || name == "..") continue;
        struct stat info;
        auto kind = FileKind::Other; // a link to nowhere
        if (fstatat(dirfd(folder), name.c_str(), &info, 0) == 0) kind = kind_from(info.st_mode);
        entries.push_back({std::move(name), kind});
        errno = 0;
    }
    int error = errno;
    closedir(folder);
    if (error) return failure_from(error, "list", path);
    std::sort(entries.begin(), entries.end(), [](auto& a, auto& b) { return a.name < b.name; });
    return entries;
}

Result<void> make_folder(const std::string& path) {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) return failure_from(error.value(), "make the folder", path);
    return ok();
}

Result<void> remove_path(const std::string& path) {
    if (std::remove(path.c_str()) != 0) return failure_from(errno, "remove", path);
    return ok();
}

Result<void> rename_path(const std::string& from, const std::string& to) {
    if (std::rename(from.c_str(), to.c_str()) != 0) return failure_from(errno, "rename to " + to, from);
    return ok();
}

Result<std::string> absolute_path(const std::string& path) {
    char* real = realpath(path.c_str(), nullptr);
    if (!real) return failure_from(errno, "find", path);
    std::string answer = real;
    std::free(real);
    return answer;
}

Result<TemporaryFolder> TemporaryFolder::make() {
    std::string path = environment("TMPDIR").value_or("/tmp") + "/indent-XXXXXX";
    if (!mkdtemp(path.data())) return failure_from(errno, "make a temporary folder like", path);
    return TemporaryFolder(std::move(path));
}

TemporaryFolder::TemporaryFolder(std::string path) : path_(std::move(path)) {}

TemporaryFolder::TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}

TemporaryFolder& TemporaryFolder::operator=(TemporaryFolder&& other) noexcept {
    if (this != &other) {
        remove();
        path_ = std::exchange(other.path_, {});
    }
    return *this;
}

TemporaryFolder::~TemporaryFolder() {
    remove();
}

void TemporaryFolder::remove() {
    if (path_.empty()) return;
    std::error_code ignored; // nobody is left who could act on it
    std::filesystem::remove_all(path_, ignored);
}

} // namespace indent::os
