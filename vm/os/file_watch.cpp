// Editors save in many ways: they write the file in place in one piece or several, empty it and write it again, write
// another and rename it over, move the old one aside and make a new one, delete and make. What the kernel tells of all
// that is a stream of events in which no single one means "saved". So no event is believed. Each only marks a path, and
// when things have settled we look at the marked paths and compare them with what we knew: the difference is the
// answer. That one rule covers what would else be cases: a save is one change however it was done; the same text again
// is none; a folder that was renamed is files gone and files come; when the kernel's queue was too short we mark
// everything; and an event too many costs a look.
//
// Nothing is lost because of one order: a folder is watched before it is listed, and events are read before files are.
// What is written after we have read a file makes an event that is still to be read, and is looked at again then. So a
// file that was half-written when we looked is told once more when it is written on.
//
// When to look: after a short silence when every marked path was closed or renamed into place, as saves end. A path
// that is being written, was just made or has just gone is probably in the middle of a save, and is given a little
// longer, though never so long that one would feel it.
#include "vm/os/file_watch.h"
#include "vm/os/clock.h"
#include "vm/os/file_failure.h"
#include "vm/os/watch_table.h"
#include <algorithm>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <map>
#include <poll.h>
#include <set>
#include <string_view>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace indent::os {

namespace {

struct Hash {
    uint64_t low = 0, high = 0;
    bool operator==(const Hash&) const = default;
};

Hash hash_of(std::string_view bytes) {
    XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
    return {hash.low64, hash.high64};
}

// What can be seen of a file without reading it.
struct Stamp {
    uint64_t device = 0, inode = 0, bytes = 0;
    int64_t modified_s = 0, modified_ns = 0, changed_s = 0, changed_ns = 0;
    bool operator==(const Stamp&) const = default;
};

Stamp stamp_of(const struct stat& info) {
    Stamp stamp;
    stamp.device = info.st_dev;
    stamp.inode = info.st_ino;
    stamp.bytes = static_cast<uint64_t>(info.st_size);
    stamp.modified_s = info.st_mtim.tv_sec;
    stamp.modified_ns = info.st_mtim.tv_nsec;
    stamp.changed_s = info.st_ctim.tv_sec;
    stamp.changed_ns = info.st_ctim.tv_nsec;
    return stamp;
}

struct Look {
    enum class What { Nothing, Bytes, Stamp, Unreadable }; // what can be compared
    What what = What::Nothing;
    Stamp stamp;
    Hash hash;
};

// Its bytes come into `bytes` where they are what is compared. A folder, a pipe, a device: nothing, as where there is
// nothing.
Look look_into(const std::string& path, uint64_t most_bytes, std::string& bytes) {
    Look look;
    int fd;
    do fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    while (fd < 0 && errno == EINTR);
    struct stat info;
    if (fd < 0) {
        if (stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return look;
        look.what = Look::What::Unreadable;
        look.stamp = stamp_of(info);
        return look;
    }
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) {
        look.stamp = stamp_of(info);
        bytes.clear();
        size_t filled = 0;
        ssize_t got = 0;
        bool fits = look.stamp.bytes <= most_bytes;
        while (fits) {
            if (filled == bytes.size()) bytes.resize(filled == 0 ? look.stamp.bytes + 1 : filled * 2);
            got = read(fd, bytes.data() + filled, bytes.size() - filled);
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) break;
            filled += static_cast<size_t>(got);
            fits = filled <= most_bytes; // it may grow while we read
        }
        bytes.resize(filled);
        look.what = !fits ? Look::What::Stamp : got < 0 ? Look::What::Unreadable : Look::What::Bytes;
        if (look.what == Look::What::Bytes) look.hash = hash_of(bytes);
    }
    close(fd);
    return look;
}

bool starts_with(const std::string& text, const std::string& start) {
    return text.compare(0, start.size(), start) == 0;
}

// What every path in this folder begins with.
std::string beginning_in(const std::string& folder) {
    return folder == "/" ? folder : folder + "/";
}

struct FolderName {
    std::string path;
    unsigned char type; // a DT_ of dirent.h
};

// Empty where the folder is gone or may not be read.
std::vector<FolderName> names_in(const std::string& folder) {
    std::vector<FolderName> names;
    DIR* stream = opendir(folder.c_str());
    if (stream == nullptr) return names;
    std::string beginning = beginning_in(folder);
    while (const dirent* entry = readdir(stream)) {
        std::string_view name = entry->d_name;
        if (name != "." && name != "..") names.push_back({beginning + std::string(name), entry->d_type});
    }
    closedir(stream);
    for (auto& [path, type] : names) {
        struct stat info; // not every file system tells the type with the name
        if (type == DT_UNKNOWN && lstat(path.c_str(), &info) == 0) type = IFTODT(info.st_mode);
    }
    return names;
}

} // namespace

struct FileWatch::State {
    struct Entry {
        bool folder = false;
        uint64_t pass = 0; // in which it was seen last
        Look look;         // of a file; nothing: a link that leads to none
    };
    using Entries = std::map<std::string, Entry>;
    struct Mark {
        bool settled;
    };

    WatchOptions options;
    std::unique_ptr<WatchTable> table;
    int wake_fd = -1;
    std::set<std::string> roots;
    Entries entries; // what is there, as it was when we looked
    uint64_t pass = 0;

    std::map<std::string, Mark> marks;                      // to be looked at
    size_t unsettled = 0;                                   // of them
    uint64_t first_ns = 0, last_ns = 0;                     // hint for one of them
    bool lost = false;                                      // hints; all that is watched is marked
    const std::map<std::string, Mark>* looked_at = nullptr; // the marks of this pass

    std::map<std::string, ChangedFile> changes; // found, and not told yet
    bool rescan = false;                        // that was to make up for what was lost
    bool quiet_appearance = false;              // a path is being taken up: who asked knows what is there
    std::optional<Failure> failure;             // of this pass: the first

    ~State() {
        if (wake_fd >= 0) close(wake_fd);
    }

    // ---- what is watched ----

    // Whether a root is this path or above it, and has a longer path than that.
    bool has_root(const std::string& path, size_t longer_than = 0) const {
        for (size_t end = path.size(); end > longer_than; end = path.rfind('/', end - 1)) {
            if (end == std::string::npos || end == 0) break;
            if (roots.count(path.substr(0, end)) != 0) return true;
        }
        return longer_than == 0 && path[0] == '/' && roots.count("/") != 0;
    }

    bool is_wanted(const std::string& path, bool folder) const {
        return !options.wanted || roots.count(path) != 0 || options.wanted(path, folder);
    }

    // ---- marking ----

    void mark(const std::string& path, bool settled, bool keep = false) {
        auto [at, is_new] = marks.try_emplace(path, Mark{settled});
        if (is_new) {
            if (!settled) ++unsettled;
        } else if (!keep && at->second.settled != settled) {
            if (settled)
                --unsettled;
            else
                ++unsettled;
            at->second.settled = settled;
        }
        last_ns = monotonic_ns();
        if (is_new && marks.size() == 1) first_ns = last_ns;
    }

    void read_hints() {
        std::vector<WatchHint> hints;
        if (!table->read(hints)) {
            lost = true;
            for (const auto& root : roots) mark(root, true);
        }
        for (const auto& hint : hints) {
            if (!hint.on_trail && !is_wanted(hint.path, hint.folder)) continue;
            switch (hint.kind) {
            case WatchHint::Kind::Open: mark(hint.path, false); break;
            case WatchHint::Kind::Closed: mark(hint.path, true); break;
            case WatchHint::Kind::Touched: mark(hint.path, true, true); break;
            // That a file of which nobody knew has gone is no sign of a save: it was the editor's own.
            case WatchHint::Kind::Gone: mark(hint.path, entries.count(hint.path) == 0); break;
            }
        }
    }

    uint64_t time_to_look() const {
        if (lost) return last_ns;
        uint64_t latest = first_ns + (marks.size() > 1 ? options.batch_ns : options.patience_ns);
        return std::min(latest, last_ns + (unsettled == 0 ? options.settle_ns : options.patience_ns));
    }

    // ---- looking ----

    void look_at_marks() {
        std::map<std::string, Mark> now = std::exchange(marks, {});
        unsettled = 0;
        if (std::exchange(lost, false)) rescan = true;
        ++pass;
        looked_at = &now;
        for (const auto& [path, mark] : now) look_at(path); // folders before what is in them
        looked_at = nullptr;
    }

    void look_at(const std::string& path) {
        bool root = roots.count(path) != 0;
        struct stat info;
        bool link = lstat(path.c_str(), &info) == 0 && S_ISLNK(info.st_mode);
        if (root || link)
            keep_failure(table->add_trail(path));
        else
            table->remove_trail(path);
        bool there = stat(path.c_str(), &info) == 0;
        if (there && S_ISDIR(info.st_mode) && (root || !link))
            look_through(path);
        else if (there && S_ISREG(info.st_mode))
            look_at_file(path);
        else
            gone(path);
        // A link that leads to no file is remembered, so that its trail goes when it does.
        if (link && !root) entries.try_emplace(path).first->second.pass = pass;
    }

    // The folder and all that is in it, without recursion: paths may be deeper than our stack.
    void look_through(const std::string& top) {
        std::vector<std::string> folders{top};
        while (!folders.empty()) {
            std::string folder = std::move(folders.back());
            folders.pop_back();
            if (auto known = entries.find(folder); known != entries.end()) {
                if (known->second.folder && known->second.pass == pass) continue;
                if (!known->second.folder) forget(known, true); // it was a file
            }
            entries[folder] = Entry{true, pass, {}};
            keep_failure(table->add_folder(folder));
            for (auto& [path, type] : names_in(folder)) {
                if (type != DT_DIR && type != DT_REG && type != DT_LNK) continue;
                if (!is_wanted(path, type == DT_DIR)) continue;
                bool root = roots.count(path) != 0;
                if (type == DT_LNK || (root && type == DT_REG)) {
                    look_at(path);
                    continue;
                }
                if (!root) table->remove_trail(path); // it may have been a link
                if (type == DT_DIR)
                    folders.push_back(std::move(path));
                else
                    look_at_file(path);
            }
        }
        sweep(top);
    }

    void look_at_file(const std::string& path) {
        auto known = entries.find(path);
        if (known != entries.end() && known->second.folder) {
            gone(path);
            known = entries.end();
        }
        if (known != entries.end() && known->second.pass == pass) return;
        std::string bytes;
        Look look = look_into(path, options.most_compared, bytes);
        if (look.what == Look::What::Nothing) return gone(path);
        std::optional<std::string> content;
        if (options.with_content && look.what == Look::What::Bytes) content = std::move(bytes);
        if (known == entries.end() || known->second.look.what == Look::What::Nothing) {
            entries[path] = Entry{false, pass, look};
            tell(path, FileChange::Appeared, std::move(content));
            return;
        }
        bool same = is_same(known->second.look, look) &&
                    (options.compare_content || looked_at == nullptr || looked_at->count(path) == 0);
        known->second = Entry{false, pass, look};
        if (!same) tell(path, FileChange::Changed, std::move(content));
    }

    bool is_same(const Look& before, const Look& now) const {
        if (before.what != now.what) return false;
        if (now.what == Look::What::Unreadable) return options.compare_content || before.stamp == now.stamp;
        if (now.what == Look::What::Bytes && options.compare_content) return before.hash == now.hash;
        return before.stamp == now.stamp;
    }

    // ---- what is there no more ----

    void gone(const std::string& path) {
        if (auto known = entries.find(path); known != entries.end()) forget(known, true);
        sweep(path);
    }

    // Of what is below this path, all that this pass has not seen. Roots there have trails of their own.
    void sweep(const std::string& path) {
        std::string beginning = beginning_in(path);
        for (auto at = entries.lower_bound(beginning);
             at != entries.end() && starts_with(at->first, beginning);)
            if (at->second.pass == pass || at->first == path || has_root(at->first, path.size()))
                ++at;
            else
                at = forget_with_trail(at, true);
    }

    Entries::iterator forget(Entries::iterator entry, bool and_tell) {
        const auto& [path, known] = *entry;
        if (known.folder)
            table->remove_folder(path);
        else if (and_tell && known.look.what != Look::What::Nothing)
            tell(path, FileChange::Deleted, std::nullopt);
        return entries.erase(entry);
    }
    Entries::iterator forget_with_trail(Entries::iterator entry, bool and_tell) {
        if (roots.count(entry->first) == 0) table->remove_trail(entry->first);
        return forget(entry, and_tell);
    }

    // ---- telling ----

    void tell(const std::string& path, FileChange change, std::optional<std::string> content) {
        auto before = changes.find(path);
        if (before == changes.end()) {
            if (change != FileChange::Appeared || !quiet_appearance)
                changes[path] = {path, change, std::move(content)};
            return;
        }
        // Found before, and not told yet: the two are one.
        FileChange first = before->second.change;
        if (first == FileChange::Appeared && change == FileChange::Deleted) {
            changes.erase(before);
            return;
        }
        if (first == FileChange::Appeared) change = FileChange::Appeared;
        if (first == FileChange::Deleted && change == FileChange::Appeared) change = FileChange::Changed;
        before->second = {path, change, std::move(content)};
    }

    template <class T>
    void keep_failure(const Result<T>& done) {
        if (!done && !failure) failure = done.failure();
    }

    Changes take(bool woken) {
        Changes result;
        result.files.reserve(changes.size());
        for (auto& [path, change] : changes) result.files.push_back(std::move(change));
        changes.clear();
        result.rescan = std::exchange(rescan, false);
        result.woken = woken;
        return result;
    }

    bool was_woken() {
        uint64_t count;
        return read(wake_fd, &count, sizeof count) == sizeof count;
    }
};

FileWatch::FileWatch(std::unique_ptr<State> state) : state_(std::move(state)) {}
FileWatch::~FileWatch() = default;

Result<std::unique_ptr<FileWatch>> FileWatch::make(WatchOptions options) {
    auto state = std::make_unique<State>();
    auto table = WatchTable::open(options.most_folders);
    if (!table) return std::move(table).failure();
    state->table = std::move(table).value();
    state->options = std::move(options);
    state->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (state->wake_fd < 0) return failure_from(errno, "watch", "files");
    return std::unique_ptr<FileWatch>(new FileWatch(std::move(state)));
}

namespace {
// As everything is spelled in here: without a slash at its end.
std::string root_named(std::string path) {
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    return path.empty() ? "." : path;
}
} // namespace

Result<void> FileWatch::watch(const std::string& path) {
    State& s = *state_;
    std::string root = root_named(path);
    if (!s.roots.insert(root).second) return ok();
    ++s.pass;
    s.failure.reset();
    s.quiet_appearance = true;
    s.look_at(root);
    s.quiet_appearance = false;
    if (!s.failure) return ok();
    unwatch(root);
    return *std::exchange(s.failure, std::nullopt);
}

void FileWatch::unwatch(const std::string& path) {
    State& s = *state_;
    std::string root = root_named(path);
    if (s.roots.erase(root) == 0) return;
    std::string beginning = beginning_in(root);
    auto concerns = [&](const std::string& other) {
        return (other == root || starts_with(other, beginning)) && !s.has_root(other);
    };
    // A file's trail may still be needed, if it is a link in another watched folder: that is looked at again.
    s.table->remove_trail(root);
    if (s.has_root(root)) s.mark(root, true);
    for (auto at = s.entries.lower_bound(root); at != s.entries.end() && starts_with(at->first, root);)
        at = concerns(at->first) ? s.forget_with_trail(at, false) : std::next(at);
    std::erase_if(s.changes, [&](const auto& change) { return concerns(change.first); });
    for (auto at = s.marks.begin(); at != s.marks.end();) {
        if (!concerns(at->first)) {
            ++at;
            continue;
        }
        if (!at->second.settled) --s.unsettled;
        at = s.marks.erase(at);
    }
}

Result<Changes> FileWatch::wait(int milliseconds) {
    State& s = *state_;
    uint64_t begin = monotonic_ns();
    uint64_t end = milliseconds < 0 ? UINT64_MAX : begin + static_cast<uint64_t>(milliseconds) * 1'000'000;
    for (;;) {
        s.read_hints();
        if (!s.marks.empty() && monotonic_ns() >= s.time_to_look()) {
            s.failure.reset();
            s.look_at_marks();
            if (s.failure) return *std::exchange(s.failure, std::nullopt);
        }
        bool woken = s.was_woken();
        if (woken || s.rescan || !s.changes.empty()) return s.take(woken);
        uint64_t now = monotonic_ns();
        if (now >= end) return Changes{};
        uint64_t until = s.marks.empty() ? end : std::min(end, std::max(s.time_to_look(), now));
        timespec pause{};
        if (until != UINT64_MAX) {
            pause.tv_sec = static_cast<time_t>((until - now) / 1'000'000'000);
            pause.tv_nsec = static_cast<long>((until - now) % 1'000'000'000);
        }
        pollfd both[] = {{s.table->descriptor(), POLLIN, 0}, {s.wake_fd, POLLIN, 0}};
        int ready = ppoll(both, 2, until == UINT64_MAX ? nullptr : &pause, nullptr);
        if (ready < 0 && errno != EINTR) return failure_from(errno, "watch", "files");
    }
}

void FileWatch::wake() {
    int before = errno; // a handler of signals leaves it as it was
    uint64_t one = 1;
    // Fails only where the counter is full, and then it wakes all the same.
    [[maybe_unused]] auto written = write(state_->wake_fd, &one, sizeof one);
    errno = before;
}

} // namespace indent::os
