#include "ui/main/watch.h"
#include "vm/os/clock.h"
#include "vm/os/file_watch.h"
#include "vm/os/files.h"
#include "vm/os/thread.h"
#include "vm/world/world.h"
#include <algorithm>
#include <cstdio>
#include <map>
#include <mutex>
#include <set>

namespace indent {

namespace {

constexpr uint64_t kLongWait = 3'600'000'000'000;

bool is_source(const std::string& path) { return path.size() > 4 && path.substr(path.size() - 4) == ".ind"; }

std::string milliseconds(uint64_t ns) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f ms", double(ns) * 1e-6);
    return text;
}

void collect(const std::string& path, std::vector<std::string>& files) {
    if (!os::is_folder(path)) {
        files.push_back(path);
        return;
    }
    auto entries = os::list_folder(path);
    if (!entries) return;
    std::vector<std::string> inside;
    for (const auto& entry : *entries)
        if (entry.name[0] != '.') inside.push_back(path + "/" + entry.name);
    std::sort(inside.begin(), inside.end());
    for (const auto& entry : inside)
        if (os::is_folder(entry) || is_source(entry)) collect(entry, files);
}

// A thread that waits for changes and says so; what changed is fetched by take.
class Watcher {
  public:
    static Result<std::unique_ptr<Watcher>> start(const std::string& path, std::function<void()> changed) {
        auto watch = os::FileWatch::make();
        if (!watch) return std::move(watch).failure();
        if (auto added = (*watch)->add(path); !added) return std::move(added).failure();
        std::unique_ptr<Watcher> watcher(new Watcher);
        watcher->watch_ = std::move(*watch);
        watcher->changed_ = std::move(changed);
        auto thread = os::Thread::start("watch", size_t(256) << 10, [w = watcher.get()] { w->run(); });
        if (!thread) return std::move(thread).failure();
        watcher->thread_ = std::move(*thread);
        return watcher;
    }
    ~Watcher() {
        ending_ = true;
        watch_->wake();
        thread_.join();
    }
    // Further files, from now on.
    void add(const std::vector<std::string>& paths) {
        std::lock_guard lock(mutex_);
        to_add_.insert(to_add_.end(), paths.begin(), paths.end());
        watch_->wake();
    }
    std::set<std::string> take() {
        std::lock_guard lock(mutex_);
        return std::exchange(paths_, {});
    }

  private:
    void run() {
        while (!ending_) {
            {
                std::lock_guard lock(mutex_);
                for (const auto& path : to_add_) (void)!watch_->add(path);
                to_add_.clear();
            }
            os::FileWatch::Changes changes = watch_->wait(kLongWait);
            bool any = false;
            {
                std::lock_guard lock(mutex_);
                for (auto& path : changes.paths) any |= is_source(path) && paths_.insert(path).second;
                if (changes.everything) any |= paths_.insert("").second;
            }
            if (any) changed_();
        }
    }
    std::unique_ptr<os::FileWatch> watch_;
    std::function<void()> changed_;
    os::Thread thread_;
    std::mutex mutex_;
    std::set<std::string> paths_;
    std::vector<std::string> to_add_;
    std::atomic<bool> ending_ = false;
};

std::vector<std::string> files_of(World& world) {
    std::vector<std::string> files;
    for (auto& [file, path] : world.loaded_files()) files.push_back(file);
    return files;
}

} // namespace

int run_watching(World& world, const std::string& path) {
    auto watcher = Watcher::start(path, [&] { world.interrupt(); });
    if (!watcher) {
        std::fprintf(stderr, "indent: %s\n", watcher.failure().message.c_str());
        return 1;
    }
    std::vector<std::string> files;
    collect(path, files);
    std::set<std::string> waiting(files.begin(), files.end()); // not loaded yet
    auto begin = [&] {
        for (const auto& file : std::set<std::string>(waiting)) {
            bool known = false;
            for (const auto& loaded : files_of(world)) known |= loaded == file;
            if (known) {
                waiting.erase(file);
                continue;
            }
            Outcome outcome = world.start_file(file);
            std::fputs(outcome.text().c_str(), stderr);
            if (outcome.ok) waiting.erase(file);
            if (outcome.exit_code >= 0) return outcome.exit_code;
        }
        (*watcher)->add(files_of(world));
        return -1;
    };
    if (int code = begin(); code >= 0) return code;
    std::fprintf(stderr, "indent: watching %s\n", path.c_str());
    while (!world.stop_wanted()) {
        world.run_until_interrupted();
        std::set<std::string> changed = (*watcher)->take();
        if (changed.empty()) continue;
        const bool everything = changed.count("") > 0;
        std::vector<ReloadText> texts;
        std::vector<std::string> gone;
        std::map<std::string, std::string> modules;
        for (auto& [file, module] : world.loaded_files()) modules[file] = module;
        for (auto& [file, module] : modules) {
            if (!everything && !changed.count(file)) continue;
            auto text = os::read_file(file, kMostSourceBytes);
            if (!text) {
                gone.push_back(file);
                continue;
            }
            if (text->empty()) { // somebody is about to write it
                os::sleep_ns(30'000'000);
                text = os::read_file(file, kMostSourceBytes);
                if (!text || text->empty()) continue;
            }
            texts.push_back({module, file, std::move(*text)});
        }
        for (const auto& file : changed)
            if (!file.empty() && !modules.count(file) && os::exists(file)) waiting.insert(file);
        for (const auto& file : gone)
            std::fprintf(stderr, "indent: %s is gone; the program goes on with the code that it has\n", file.c_str());
        if (!texts.empty()) {
            ReloadReport report = world.reload(std::move(texts));
            if (!report.ok) {
                std::fputs(report.refusal.c_str(), stderr);
                std::fputs("indent: refused; the program goes on with the code that it has\n", stderr);
            } else if (!report.identical) {
                for (const auto& note : report.notes) std::fputs(note.c_str(), stderr);
                std::string line = "indent: reloaded";
                for (const auto& module : report.modules) line += " " + module + ";";
                line.pop_back();
                line += " in " + milliseconds(report.total_ns);
                if (report.objects_tried) line += ", " + std::to_string(report.objects_tried) + " objects migrate";
                for (const auto& state : report.states) line += "\n  " + state;
                std::fprintf(stderr, "%s\n", line.c_str());
            }
        }
        if (int code = begin(); code >= 0) return code;
    }
    return 0;
}

int test_watching(const std::vector<std::string>& paths,
                  const std::function<std::vector<std::string>(const std::string& file)>& run_file) {
    std::mutex mutex;
    std::condition_variable changed;
    bool any = false;
    auto say = [&] {
        std::lock_guard lock(mutex);
        any = true;
        changed.notify_all();
    };
    std::vector<std::unique_ptr<Watcher>> watchers;
    for (const auto& path : paths) {
        auto watcher = Watcher::start(path, say);
        if (!watcher) {
            std::fprintf(stderr, "indent: %s\n", watcher.failure().message.c_str());
            return 1;
        }
        watchers.push_back(std::move(*watcher));
    }
    std::map<std::string, std::vector<std::string>> reached; // by file of tests: what it loads
    auto run = [&](const std::string& file) {
        reached[file] = run_file(file);
        watchers[0]->add(reached[file]);
    };
    std::vector<std::string> files;
    for (const auto& path : paths) collect(path, files);
    for (const auto& file : files) run(file);
    for (;;) {
        {
            std::unique_lock lock(mutex);
            changed.wait(lock, [&] { return any; });
            any = false;
        }
        std::set<std::string> saved;
        for (auto& watcher : watchers)
            for (auto& path : watcher->take()) saved.insert(path);
        std::vector<std::string> now;
        for (const auto& path : paths) collect(path, now);
        for (const auto& file : now) {
            const auto& loads = reached[file];
            if (saved.count("") || saved.count(file) || loads.empty() ||
                std::any_of(loads.begin(), loads.end(), [&](const std::string& l) { return saved.count(l) > 0; }))
                run(file);
        }
    }
}

} // namespace indent
