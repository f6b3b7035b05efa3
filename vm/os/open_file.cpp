#include "vm/os/open_file.h"
#include "vm/os/file_failure.h"
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace indent::os {

namespace {
constexpr size_t kBuffer = 64 * 1024;
}

Result<std::unique_ptr<OpenFile>> OpenFile::open(const std::string& path, OpenMode mode) {
    int flags = O_CLOEXEC | (mode == OpenMode::Read     ? O_RDONLY
                             : mode == OpenMode::Write  ? O_WRONLY | O_CREAT | O_TRUNC
                             : mode == OpenMode::Update ? O_WRONLY
                                                        : O_WRONLY | O_CREAT | O_APPEND);
    int fd;
    do fd = ::open(path.c_str(), flags, 0666);
    while (fd < 0 && errno == EINTR);
    if (fd < 0) return failure_from(errno, "open", path);
    std::unique_ptr<OpenFile> file(new OpenFile(path, mode, fd));
    struct stat info = {};
    if (fstat(fd, &info) == 0 && S_ISDIR(info.st_mode)) return failure_from(EISDIR, "open", path);
    if (mode == OpenMode::Append) file->position_ = static_cast<uint64_t>(info.st_size);
    return file;
}

OpenFile::~OpenFile() {
    auto ignored = close();
}

Result<bool> OpenFile::fill() {
    buffer_.erase(0, at_);
    at_ = 0;
    size_t before = buffer_.size();
    buffer_.resize(before + kBuffer);
    ssize_t got;
    do got = ::read(fd_, buffer_.data() + before, kBuffer);
    while (got < 0 && errno == EINTR);
    int error = errno;
    buffer_.resize(before + static_cast<size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0) return failure_from(error, "read", path_);
    return got > 0;
}

Result<bool> OpenFile::read_line(std::string& line, size_t most_bytes) {
    size_t searched = 0; // of what is in the buffer
    for (;;) {
        size_t end = buffer_.find('\n', at_ + searched);
        if (end != std::string::npos || buffer_.size() - at_ > most_bytes) {
            size_t length = std::min(end, buffer_.size()) - at_;
            if (length > most_bytes)
                return Failure{"too_large", "cannot read " + path_ + ": a line of it has more than " +
                                                std::to_string(most_bytes) + " bytes"};
            line.assign(buffer_, at_, length);
            at_ = end + 1;
            position_ += length + 1;
            break;
        }
        searched = buffer_.size() - at_;
        auto more = fill();
        if (!more) return std::move(more).failure();
        if (!*more) {
            if (buffer_.size() == at_) return false;
            line.assign(buffer_, at_);
            at_ = buffer_.size();
            position_ += line.size();
            break;
        }
    }
    if (!line.empty() && line.back() == '\r') line.pop_back();
    return true;
}

Result<std::string> OpenFile::read(size_t bytes) {
    while (buffer_.size() - at_ < bytes) {
        auto more = fill();
        if (!more) return std::move(more).failure();
        if (!*more) break;
    }
    std::string piece = buffer_.substr(at_, bytes);
    at_ += piece.size();
    position_ += piece.size();
    return piece;
}

Result<void> OpenFile::write(std::string_view bytes) {
    buffer_ += bytes;
    position_ += bytes.size();
    return buffer_.size() >= kBuffer ? flush() : ok();
}

Result<void> OpenFile::flush() {
    if (reads()) return ok();
    size_t done = 0;
    while (done < buffer_.size()) {
        ssize_t written = ::write(fd_, buffer_.data() + done, buffer_.size() - done);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) {
            buffer_.clear(); // it is not tried again
            return failure_from(errno, "write", path_);
        }
        done += static_cast<size_t>(written);
    }
    buffer_.clear();
    return ok();
}

Result<void> OpenFile::seek(uint64_t position) {
    if (mode_ == OpenMode::Append)
        return Failure{"not_seekable", "what is added to " + path_ + " goes to its end"};
    if (auto flushed = flush(); !flushed) return flushed;
    if (lseek(fd_, static_cast<off_t>(position), SEEK_SET) < 0) {
        if (errno == ESPIPE) return Failure{"not_seekable", path_ + " has no places to go to"};
        return failure_from(errno, "seek in", path_);
    }
    buffer_.clear();
    at_ = 0;
    position_ = position;
    return ok();
}

Result<uint64_t> OpenFile::size() const {
    struct stat info;
    if (fstat(fd_, &info) != 0) return failure_from(errno, "look at", path_);
    const auto there = static_cast<uint64_t>(info.st_size);
    return reads() ? there : std::max(there, position_);
}

Result<void> OpenFile::close() {
    if (fd_ < 0) return ok();
    auto flushed = flush();
    int closed = ::close(fd_);
    fd_ = -1;
    if (!flushed) return flushed;
    if (closed != 0 && errno != EINTR) return failure_from(errno, "close", path_);
    return ok();
}

} // namespace indent::os
