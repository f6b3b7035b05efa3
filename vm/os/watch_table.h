// The folders that the kernel watches for a FileWatch, and for which paths an event in one of them matters.
#pragma once
#include "vm/base/result.h"
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace indent::os {

// That something may have happened to this path; looking is the reader's business.
struct WatchHint {
    enum class Kind {
        Open,    // being written, or just made: more will come
        Closed,  // written or put there: a save is complete
        Touched, // its time or its permissions were set, which says nothing of what comes
        Gone     // deleted or moved away
    };
    std::string path;
    Kind kind = Kind::Open;
    bool folder = false;   // as far as the kernel knows
    bool on_trail = false; // of a path with a trail, rather than of a name in a folder
};

// One thread. Failure codes of what adds: "too_many"; "denied" where a folder may not be read whose names decide.
class WatchTable {
  public:
    // most_folders 0: the system's own limit.
    static Result<std::unique_ptr<WatchTable>> open(size_t most_folders);
    ~WatchTable();
    WatchTable(const WatchTable&) = delete;
    WatchTable& operator=(const WatchTable&) = delete;

    // Readable when there are hints.
    int descriptor() const { return fd_; }

    // Every name in this folder is watched from now on. False: there is no such folder, or we may not read it.
    Result<bool> add_folder(const std::string& path);
    void remove_folder(const std::string& path);

    // Watches all that decides what this path leads to: the folder of its last name, the folders above it, each link on
    // the way and what that leads to, and the place where the first missing name would be. Again: as it is now.
    Result<void> add_trail(const std::string& path);
    void remove_trail(const std::string& path);

    // Adds what has come. False: the kernel has thrown some away.
    bool read(std::vector<WatchHint>& hints);

  private:
    struct Node {
        std::set<std::string> folders; // paths that lead to it: every name in them matters
        std::map<std::string, std::set<std::string>> steps; // a name in it, and the trails that pass it
    };
    using Step = std::pair<int, std::string>; // in this node, that name

    explicit WatchTable(int fd, size_t most_folders) : fd_(fd), most_folders_(most_folders) {}
    int add(const std::string& path, uint32_t mask); // -1: errno says why
    Failure too_many(const std::string& path) const;
    enum class Walked { Done, Again };
    Result<Walked> walk(const std::string& path, std::set<Step>& steps);
    void keep_steps(const std::string& path, std::set<Step> steps);
    void release_if_unused(int wd);
    void tell_all(const Node& node, WatchHint::Kind kind, std::vector<WatchHint>& hints) const;

    int fd_;
    size_t most_folders_;
    std::unordered_map<int, Node>
        nodes_; // by watch descriptor: one for each folder, however many paths lead there
    std::unordered_map<std::string, int> folders_;
    std::unordered_map<std::string, std::set<Step>> trails_;
};

} // namespace indent::os
