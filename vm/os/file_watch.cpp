// inotify tells of names in folders, so a file is watched through its folder: it stays watched when an editor puts another
// file in its place. A save is several events (create, modify, close, rename); they are gathered until it is quiet.
#include "vm/os/file_watch.h"
#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <map>
#include <poll.h>
#include <set>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

namespace indent::os {

namespace {

constexpr uint32_t kEvents = IN_CLOSE_WRITE | IN_MODIFY | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_ONLYDIR;
constexpr int kQuietMs = 3;      // no event for so long: the save is done
constexpr int kOpenMs = 40;      // somebody still writes: so long for the next piece
constexpr int kMostEvents = 100'000;

std::string folder_of(const std::string& path) {
    const size_t slash = path.rfind('/');
    return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

std::string joined(const std::string& folder, const std::string& name) { return folder == "." ? name : folder + "/" + name; }

bool is_folder(const std::string& path) {
    struct stat about{};
    return stat(path.c_str(), &about) == 0 && S_ISDIR(about.st_mode);
}

} // namespace

struct FileWatch::State {
    int events = -1;
    int waker = -1;
    struct Folder {
        std::string path;
        bool whole = false;          // all that is in it and below
        std::set<std::string> files; // else these names
    };
    std::map<int, Folder> folders; // by watch
    std::map<std::string, int> watches;

    ~State() {
        if (events >= 0) close(events);
        if (waker >= 0) close(waker);
    }

    Result<int> watch_folder(const std::string& path) {
        if (auto known = watches.find(path); known != watches.end()) return known->second;
        const int watch = inotify_add_watch(events, path.c_str(), kEvents);
        if (watch < 0) {
            std::string words = path + ": cannot be watched: " + std::strerror(errno);
            if (errno == ENOSPC) words += " (the limit is fs.inotify.max_user_watches; sysctl can raise it)";
            return Failure{"watch", words};
        }
        watches[path] = watch;
        folders[watch].path = path;
        return watch;
    }

    // The folder and those below it. `found`: files that are there already, where somebody wants to know.
    Result<void> watch_tree(const std::string& path, std::set<std::string>* found) {
        auto watch = watch_folder(path);
        if (!watch) return std::move(watch).failure();
        folders[*watch].whole = true;
        DIR* folder = opendir(path.c_str());
        if (!folder) return {};
        std::vector<std::string> below;
        while (dirent* entry = readdir(folder)) {
            if (entry->d_name[0] == '.') continue;
            const std::string inner = joined(path, entry->d_name);
            struct stat about{};
            if (lstat(inner.c_str(), &about) != 0) continue;
            if (S_ISDIR(about.st_mode)) below.push_back(inner);
            else if (found) found->insert(inner);
        }
        closedir(folder);
        for (const auto& inner : below)
            if (auto done = watch_tree(inner, found); !done) return done;
        return {};
    }
};

Result<std::unique_ptr<FileWatch>> FileWatch::make() {
    std::unique_ptr<FileWatch> watch(new FileWatch);
    watch->state_ = std::make_unique<State>();
    watch->state_->events = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    watch->state_->waker = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (watch->state_->events < 0 || watch->state_->waker < 0)
        return Failure{"watch", std::string("files cannot be watched: ") + std::strerror(errno)};
    return watch;
}

FileWatch::~FileWatch() = default;

Result<void> FileWatch::add(const std::string& path) {
    if (is_folder(path)) return state_->watch_tree(path, nullptr);
    auto watch = state_->watch_folder(folder_of(path));
    if (!watch) return std::move(watch).failure();
    const size_t slash = path.rfind('/');
    state_->folders[*watch].files.insert(slash == std::string::npos ? path : path.substr(slash + 1));
    return {};
}

void FileWatch::wake() {
    const uint64_t one = 1;
    if (write(state_->waker, &one, sizeof one) < 0) return; // it is full: somebody is being woken
}

FileWatch::Changes FileWatch::wait(uint64_t most_ns) {
    Changes changes;
    std::set<std::string> paths;
    std::set<std::string> open; // written to, not closed yet
    int seen = 0;
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    const uint64_t end = uint64_t(now.tv_sec) * 1'000'000'000 + uint64_t(now.tv_nsec) + most_ns;
    for (;;) {
        pollfd both[] = {{state_->events, POLLIN, 0}, {state_->waker, POLLIN, 0}};
        clock_gettime(CLOCK_MONOTONIC, &now);
        const uint64_t at = uint64_t(now.tv_sec) * 1'000'000'000 + uint64_t(now.tv_nsec);
        const uint64_t left = at >= end ? 0 : (end - at + 999'999) / 1'000'000;
        int patience = int(std::min<uint64_t>(left, INT_MAX));
        if (!paths.empty() || changes.everything) patience = open.empty() ? kQuietMs : kOpenMs;
        const int ready = poll(both, 2, patience);
        if (ready < 0 && errno == EINTR && paths.empty()) return changes; // a signal: the caller looks at its flags
        if (ready == 0) break;
        if (both[1].revents) {
            uint64_t count;
            if (read(state_->waker, &count, sizeof count) > 0 && paths.empty()) return changes;
        }
        alignas(inotify_event) char buffer[16 * 1024];
        for (ssize_t bytes; (bytes = read(state_->events, buffer, sizeof buffer)) > 0;) {
            for (char* next = buffer; next < buffer + bytes;) {
                auto* event = reinterpret_cast<inotify_event*>(next);
                next += sizeof(inotify_event) + event->len;
                if (event->mask & IN_Q_OVERFLOW || ++seen > kMostEvents) {
                    changes.everything = true;
                    continue;
                }
                auto known = state_->folders.find(event->wd);
                if (known == state_->folders.end()) continue;
                if (event->mask & IN_IGNORED) { // the folder is gone
                    state_->watches.erase(known->second.path);
                    state_->folders.erase(known);
                    continue;
                }
                if (event->len == 0) continue;
                const std::string name = event->name;
                State::Folder& folder = known->second;
                const std::string path = joined(folder.path, name);
                if (event->mask & IN_ISDIR) {
                    if (folder.whole && event->mask & (IN_CREATE | IN_MOVED_TO) && name[0] != '.')
                        (void)!state_->watch_tree(path, &paths); // past the limit: what is watched stays so
                    continue;
                }
                if (!folder.whole && !folder.files.count(name)) continue;
                if (event->mask & IN_MODIFY) open.insert(path);
                if (event->mask & (IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE)) open.erase(path);
                paths.insert(path);
            }
        }
    }
    changes.paths.assign(paths.begin(), paths.end());
    return changes;
}

} // namespace indent::os
