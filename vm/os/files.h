// Files and folders. Paths are UTF-8 as the system takes them; nothing here follows Indent's own module
// paths.
//
// Every function may be called from any thread and may block on the disk. Failure codes: "not_found",
// "denied", "is_folder", "not_folder", "exists", "too_large", "no_space", and "io_error" for the rest; the
// message names the path.
#pragma once
#include "vm/base/result.h"
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace indent::os {

enum class FileKind { File, Folder, Other };

struct FileInfo {
    FileKind kind = FileKind::File;
    uint64_t bytes = 0;
    int64_t modified_ns = 0; // since 1970, UTC
    uint64_t links = 1;      // names that the system has for it
};

struct FolderEntry {
    std::string name; // without the folder
    FileKind kind = FileKind::File;
};

// The whole content. A file (or an endless device) that holds more than max_bytes is "too_large".
Result<std::string> read_file(const std::string& path, uint64_t max_bytes);
// The same, and never waits for anybody: what is no plain file (a pipe, a device) is "not_plain".
Result<std::string> read_plain_file(const std::string& path, uint64_t max_bytes);

// Everything that comes from standard input until its end; same limit.
Result<std::string> read_standard_input(uint64_t max_bytes);

// Readers see the old content or the new one, never a part, and so does a machine that loses its power:
// written beside the file, synced, renamed over it. Keeps the permissions of the file it replaces; a link
// stays a link.
Result<void> write_file_atomically(const std::string& path, std::string_view bytes);

// A file that is there already stays as it is: "exists". Of several who begin at once one makes it, whole.
Result<void> write_new_file(const std::string& path, std::string_view bytes);

// Adds to the end, making the file where there is none.
Result<void> append_file(const std::string& path, std::string_view bytes);

// Follows links.
Result<FileInfo> file_info(const std::string& path);
// The nine bits of rwxrwxrwx and the three above them, following links.
Result<uint32_t> permissions(const std::string& path);
Result<void> set_permissions(const std::string& path, uint32_t permissions);
// When it was changed last, in nanoseconds since 1970.
Result<void> set_modified(const std::string& path, int64_t modified_ns);
// Symbolic links: whether it is one itself, what it says, and making one that says `target`.
bool is_link(const std::string& path);
Result<std::string> read_link(const std::string& path);
Result<void> make_link(const std::string& target, const std::string& path);
bool exists(const std::string& path);
bool is_folder(const std::string& path);

// Sorted by name (bytes); without "." and "..". Links are told as what they lead to.
Result<std::vector<FolderEntry>> list_folder(const std::string& path);

// Makes the folder and those above it; content where it is there already.
Result<void> make_folder(const std::string& path);
// A file, a link (not what it leads to) or an empty folder.
Result<void> remove_path(const std::string& path);
Result<void> rename_path(const std::string& from, const std::string& to);
// The names in this file's folder are on the disk: what was made, renamed or removed there stays so when the power goes.
// Some file systems cannot do that for a folder; then they need not.
void sync_names_beside(const std::string& path);

// Without links, "." and ".."; the path must be there.
Result<std::string> absolute_path(const std::string& path);

// A new empty folder of one's own, removed with all it holds when this goes.
class TemporaryFolder {
  public:
    static Result<TemporaryFolder> make();
    TemporaryFolder(TemporaryFolder&& other) noexcept;
    TemporaryFolder& operator=(TemporaryFolder&& other) noexcept;
    ~TemporaryFolder();

    const std::string& path() const { return path_; }
    // Lets go of the folder, which stays: removing it is the caller's business now.
    std::string release() && { return std::exchange(path_, {}); }

  private:
    explicit TemporaryFolder(std::string path);
    void remove();
    std::string path_; // empty: moved from
};

} // namespace indent::os
