// A file that stays open: read line by line or piece by piece, or written to through a buffer.
#pragma once
#include "vm/base/result.h"
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace indent::os {

enum class OpenMode { Read, Write, Append, Update };

// One thread at a time. Failure codes as in files.h, and "too_many" where no more files can be open.
class OpenFile {
  public:
    // Write empties a file that is there and makes one that is not; append makes it, too. Update writes into one that
    // is there.
    static Result<std::unique_ptr<OpenFile>> open(const std::string& path, OpenMode mode);
    ~OpenFile(); // closes; what cannot be written then is lost, so `close` comes first
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;

    const std::string& path() const { return path_; }
    bool reads() const { return mode_ == OpenMode::Read; }
    bool is_open() const { return fd_ >= 0; }

    // How many bytes stand before what is read or written next; where it appends, it counts what others add only when
    // it is opened.
    uint64_t position() const { return position_; }
    // Reads or writes there next; what was written before is handed over first. Failure code "not_seekable" for what is
    // no place of bytes (a pipe), and for appending.
    Result<void> seek(uint64_t position);
    // Of the whole file, with what was written and not handed over yet.
    Result<uint64_t> size() const;

    // The next line without its end (`\n` or `\r\n`) into `line`; false at the end of the file. "too_large": the line
    // has more than most_bytes.
    Result<bool> read_line(std::string& line, size_t most_bytes);
    // Up to `bytes` bytes, fewer only at the end of the file: empty there.
    Result<std::string> read(size_t bytes);
    Result<void> write(std::string_view bytes);
    Result<void> flush();
    Result<void> close();

  private:
    OpenFile(std::string path, OpenMode mode, int fd) : path_(std::move(path)), mode_(mode), fd_(fd) {}
    Result<bool> fill(); // false at the end
    std::string path_;
    OpenMode mode_;
    int fd_;
    std::string buffer_;
    size_t at_ = 0; // what of the buffer has been read
    uint64_t position_ = 0;
};

} // namespace indent::os
