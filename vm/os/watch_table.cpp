// inotify watches folders (inodes), not paths: a folder that is renamed goes on telling under its old name, one that
// is replaced tells nothing, and nothing tells that a link on the way now leads elsewhere. So each path that is
// watched by name has a trail: every folder that the kernel passes when it looks the path up, with the name it looks
// for there. Folders that are only passed are watched for being moved or deleted themselves, which costs no events in
// ordinary life; those that hold a link, the last name or the first missing one are watched for what happens to names.
// Any event on a trail means: walk again and look.
//
// One inode has one watch descriptor, so that several paths and trails share a node; it goes when nobody needs it. The
// masks of a node only grow: an event too many costs a look-up.
//
// First the watch, then the look: what happens in between is told, if twice.
#include "vm/os/watch_table.h"
#include "vm/os/file_failure.h"
#include <algorithm>
#include <cerrno>
#include <climits>
#include <deque>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

namespace indent::os {

namespace {

constexpr uint32_t kSelf = IN_DELETE_SELF | IN_MOVE_SELF;
constexpr uint32_t kNames = kSelf | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO;
constexpr uint32_t kFiles = kNames | IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB;

constexpr int kMostLinks = 40; // on the way to one file, as for the kernel
constexpr int kMostWalks = 8;  // while somebody rearranges what we walk on

enum class Seen { Missing, File, Folder, Link };

Seen look_at(const std::string& path) {
    struct stat info;
    if (lstat(path.c_str(), &info) != 0) return Seen::Missing;
    return S_ISDIR(info.st_mode) ? Seen::Folder : S_ISLNK(info.st_mode) ? Seen::Link : Seen::File;
}

// The names of a path, put before those that are still to go.
void prepend_names(const std::string& path, std::deque<std::string>& names) {
    std::vector<std::string> found;
    for (size_t at = 0; at < path.size();) {
        size_t end = std::min(path.find('/', at), path.size());
        std::string name = path.substr(at, end - at);
        if (!name.empty() && name != ".") found.push_back(std::move(name));
        at = end + 1;
    }
    names.insert(names.begin(), found.begin(), found.end());
}

bool is_absolute(const std::string& path) {
    return !path.empty() && path[0] == '/';
}

std::string inside(const std::string& folder, const std::string& name) {
    return folder == "/" ? folder + name : folder + "/" + name;
}

WatchHint::Kind kind_of(uint32_t mask) {
    if (mask & (IN_DELETE | IN_MOVED_FROM)) return WatchHint::Kind::Gone;
    if (mask & (IN_CLOSE_WRITE | IN_MOVED_TO)) return WatchHint::Kind::Closed;
    return mask & IN_ATTRIB ? WatchHint::Kind::Touched : WatchHint::Kind::Open;
}

} // namespace

Result<std::unique_ptr<WatchTable>> WatchTable::open(size_t most_folders) {
    int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (fd >= 0) return std::unique_ptr<WatchTable>(new WatchTable(fd, most_folders));
    if (errno == EMFILE)
        return Failure{"too_many",
                       "cannot watch files: too many programs of this user do, or too many files are open "
                       "(`sysctl fs.inotify.max_user_instances=512` allows more of the first)"};
    return failure_from(errno, "watch", "files");
}

WatchTable::~WatchTable() {
    close(fd_);
}

int WatchTable::add(const std::string& path, uint32_t mask) {
    int wd = inotify_add_watch(fd_, path.c_str(), mask | IN_MASK_ADD | IN_ONLYDIR);
    if (wd < 0) return -1;
    if (most_folders_ != 0 && nodes_.size() >= most_folders_ && nodes_.count(wd) == 0) {
        inotify_rm_watch(fd_, wd);
        errno = ENOSPC;
        return -1;
    }
    nodes_.try_emplace(wd);
    return wd;
}

Failure WatchTable::too_many(const std::string& path) const {
    std::string most = most_folders_ != 0 && nodes_.size() >= most_folders_
                           ? "no more than " + std::to_string(most_folders_) + " folders may be watched"
                           : "the system lets a user watch no more folders (raise it with `sysctl "
                             "fs.inotify.max_user_watches=524288`)";
    return {"too_many", "cannot watch " + path + ": " + most + "; or watch a smaller folder"};
}

void WatchTable::release_if_unused(int wd) {
    auto node = nodes_.find(wd);
    if (node == nodes_.end() || !node->second.folders.empty() || !node->second.steps.empty()) return;
    inotify_rm_watch(fd_, wd); // fails where the folder is gone, which is as well
    nodes_.erase(node);
}

Result<bool> WatchTable::add_folder(const std::string& path) {
    int wd = add(path, kFiles);
    if (wd < 0) {
        int error = errno;
        remove_folder(path);
        if (error == ENOSPC || error == ENOMEM) return too_many(path);
        return false;
    }
    auto before = folders_.find(path);
    if (before != folders_.end() && before->second != wd) remove_folder(path);
    folders_[path] = wd;
    nodes_[wd].folders.insert(path);
    return true;
}

void WatchTable::remove_folder(const std::string& path) {
    auto folder = folders_.find(path);
    if (folder == folders_.end()) return;
    int wd = folder->second;
    folders_.erase(folder);
    auto node = nodes_.find(wd);
    if (node == nodes_.end()) return;
    node->second.folders.erase(path);
    release_if_unused(wd);
}

Result<WatchTable::Walked> WatchTable::walk(const std::string& path, std::set<Step>& steps) {
    std::deque<std::string> names;
    prepend_names(path, names);
    std::string folder = is_absolute(path) ? "/" : ".";
    for (int links = 0; !names.empty();) {
        std::string name = std::move(names.front());
        names.pop_front();
        std::string next = inside(folder, name);
        Seen seen = look_at(next);
        bool passed = seen == Seen::Folder;
        bool last = names.empty() && !passed && seen != Seen::Link;
        int wd = add(folder, passed ? kSelf : last ? kFiles : kNames);
        if (wd >= 0)
            steps.insert({wd, name});
        else if (errno == ENOSPC || errno == ENOMEM)
            return too_many(path);
        else if (errno != EACCES)
            return Walked::Again;
        else if (!passed)
            return failure_from(EACCES, "watch", folder); // else only its being moved goes untold
        if (look_at(next) != seen) return Walked::Again;
        if (seen == Seen::Link) {
            char target[PATH_MAX];
            ssize_t length = readlink(next.c_str(), target, sizeof target);
            if (length < 0) return Walked::Again;
            if (++links > kMostLinks) return Walked::Done;
            std::string to(target, static_cast<size_t>(length));
            prepend_names(to, names);
            if (is_absolute(to)) folder = "/";
        } else if (passed) {
            folder = next;
        } else {
            return Walked::Done; // a file, or what is missing
        }
    }
    return Walked::Done;
}

void WatchTable::keep_steps(const std::string& path, std::set<Step> steps) {
    std::set<Step> before;
    if (auto trail = trails_.find(path); trail != trails_.end()) before = std::move(trail->second);
    for (const auto& [wd, name] : steps) nodes_[wd].steps[name].insert(path);
    for (const Step& step : before) {
        auto node = nodes_.find(step.first);
        if (steps.count(step) != 0 || node == nodes_.end()) continue;
        auto at = node->second.steps.find(step.second);
        if (at == node->second.steps.end()) continue;
        at->second.erase(path);
        if (at->second.empty()) node->second.steps.erase(at);
        release_if_unused(step.first);
    }
    if (steps.empty())
        trails_.erase(path);
    else
        trails_[path] = std::move(steps);
}

Result<void> WatchTable::add_trail(const std::string& path) {
    std::set<Step> steps;
    for (int i = 0; i < kMostWalks; ++i) {
        auto walked = walk(path, steps);
        if (!walked) {
            for (const auto& [wd, name] : steps) release_if_unused(wd);
            return std::move(walked).failure();
        }
        // Where it is rearranged without end, the steps of all walks stay: one of them tells.
        if (*walked == Walked::Done) break;
    }
    keep_steps(path, std::move(steps));
    return ok();
}

void WatchTable::remove_trail(const std::string& path) {
    if (trails_.count(path) != 0) keep_steps(path, {});
}

void WatchTable::tell_all(const Node& node, WatchHint::Kind kind, std::vector<WatchHint>& hints) const {
    for (const auto& folder : node.folders) hints.push_back({folder, kind, true, false});
    for (const auto& [name, paths] : node.steps)
        for (const auto& path : paths) hints.push_back({path, kind, false, true});
}

bool WatchTable::read(std::vector<WatchHint>& hints) {
    alignas(inotify_event) char buffer[32 * 1024];
    bool all = true;
    // No more than the queue's usual length at once: who writes without pause must not keep us here.
    for (int round = 0; round < 32; ++round) {
        ssize_t got = ::read(fd_, buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        for (char* at = buffer; at < buffer + got;) {
            const auto& event = *reinterpret_cast<const inotify_event*>(at);
            at += sizeof(inotify_event) + event.len;
            if (event.mask & IN_Q_OVERFLOW) {
                all = false;
                continue;
            }
            auto found = nodes_.find(event.wd);
            if (found == nodes_.end()) continue; // what was on its way when we gave up that folder
            const Node& node = found->second;
            if (event.mask & (kSelf | IN_UNMOUNT | IN_IGNORED)) {
                tell_all(node, WatchHint::Kind::Gone, hints);
                if (event.mask & IN_IGNORED) {
                    for (const auto& folder : node.folders) folders_.erase(folder);
                    nodes_.erase(found);
                }
                continue;
            }
            if (event.len == 0) continue; // of the folder itself, and not its end
            std::string name = event.name;
            auto kind = kind_of(event.mask);
            bool is_folder = (event.mask & IN_ISDIR) != 0;
            for (const auto& folder : node.folders)
                hints.push_back({inside(folder, name), kind, is_folder, false});
            if (auto step = node.steps.find(name); step != node.steps.end())
                for (const auto& path : step->second) hints.push_back({path, kind, is_folder, true});
        }
    }
    return all;
}

} // namespace indent::os
