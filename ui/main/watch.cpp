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

bool is_source(const std::string& path) { return path.size() > 4 && path.substr(path.size() - 4) == ".ind"; }

std::string milliseconds(uint64_t ns) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f ms", double(ns) * 1e-6);
    return text;
}

// Named as a FileWatch tells of them.
void collect(std::string path, std::vector<std::string>& files) {
    while (path.size() > 1 && path.back() == '/') path.pop_back();
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
        os::WatchOptions options;
        options.wanted = [](const std::string& inside, bool folder) {
            return folder ? inside[inside.rfind('/') + 1] != '.' : is_source(inside);
        };
        auto watch = os::FileWatch::make(std::move(options));
        if (!watch) return std::move(watch).failure();
        if (auto added = (*watch)->watch(path); !added) return std::move(added).failure();
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
    // What is not watched is said once; the rest goes on.
    void say(const Failure& failure) {
        if (said_.insert(failure.message).second) std::fprintf(stderr, "indent: %s\n", failure.message.c_str());
    }
    void run() {
        while (!ending_) {
            {
                std::lock_guard lock(mutex_);
                for (const auto& path : to_add_)
                    if (auto added = watch_->watch(path); !added) say(added.failure());
                to_add_.clear();
            }
            auto changes = watch_->wait(-1);
            if (!changes) {
                say(changes.failure());
                if (changes.failure().code == "io_error") return;
                continue;
            }
            bool any = false;
            {
                std::lock_guard lock(mutex_);
                for (auto& file : changes->files) any |= paths_.insert(std::move(file.path)).second;
                if (changes->rescan) any |= paths_.insert("").second;
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
    std::set<std::string> said_; // the thread's own
    std::atomic<bool> ending_ = false;
};

std::vector<std::string> files_of(World& world) {
    std::vector<std::string> files;
    for (auto& [file, path] : world.loaded_files()) files.push_back(file);
    return files;
}

} // namespace

namespace {

// Programs that run while their files are watched.
class RunWatch {
  public:
    RunWatch(World& world, std::string path) : world_(world), path_(std::move(path)) {}

    int run() {
        auto watcher = Watcher::start(path_, [this] { world_.interrupt(); });
        if (!watcher) {
            std::fprintf(stderr, "indent: %s\n", watcher.failure().message.c_str());
            return 1;
        }
        watcher_ = std::move(*watcher);
        std::vector<std::string> files;
        collect(path_, files);
        waiting_.insert(files.begin(), files.end());
        begin();
        std::fprintf(stderr, "indent: watching %s\n", path_.c_str());
        while (exit_code_ < 0 && !world_.stop_wanted()) {
            world_.run_until_interrupted();
            std::set<std::string> changed = watcher_->take();
            if (changed.empty() || exit_code_ >= 0) continue;
            take_in(changed);
            begin();
        }
        return std::max(exit_code_, 0);
    }

  private:
    static bool is_module(const std::string& text) {
        return syntax::parse("", text, syntax::ParseMode::Module).tree.module != nullptr;
    }

    void ended(const Outcome& outcome) {
        std::fputs(outcome.text().c_str(), stderr);
        if (outcome.exit_code < 0) return;
        exit_code_ = outcome.exit_code;
        world_.interrupt();
    }

    // Loads what is not loaded yet. While a script runs (it may never end), modules alone, as a reload loads them.
    void begin() {
        for (const auto& file : std::set<std::string>(waiting_)) {
            const auto loaded = files_of(world_);
            if (std::find(loaded.begin(), loaded.end(), file) != loaded.end()) {
                waiting_.erase(file);
                continue;
            }
            if (world_.script_runs()) {
                auto text = os::read_file(file, kMostSourceBytes);
                if (text && is_module(*text) && reload({{module_name_of(file), file, std::move(*text)}})) waiting_.erase(file);
                continue;
            }
            Outcome outcome = world_.start_file(file, [this](const Outcome& at_end) { ended(at_end); });
            std::fputs(outcome.text().c_str(), stderr);
            if (outcome.ok) waiting_.erase(file);
            if (exit_code_ >= 0) return;
        }
        watcher_->add(files_of(world_));
    }

    void take_in(const std::set<std::string>& changed) {
        const bool everything = changed.count("") > 0;
        std::vector<ReloadText> texts;
        std::map<std::string, std::string> modules;
        for (auto& [file, module] : world_.loaded_files()) modules[file] = module;
        for (auto& [file, module] : modules) {
            if (!everything && !changed.count(file)) continue;
            auto text = os::read_file(file, kMostSourceBytes);
            if (text && text->empty()) { // somebody is about to write it
                os::sleep_ns(30'000'000);
                text = os::read_file(file, kMostSourceBytes);
                if (text && text->empty()) continue;
            }
            if (text) texts.push_back({module, file, std::move(*text)});
            else std::fprintf(stderr, "indent: %s is gone; the program goes on with the code that it has\n", file.c_str());
        }
        for (const auto& file : changed)
            if (!file.empty() && !modules.count(file) && os::exists(file)) waiting_.insert(file);
        if (texts.empty()) return;
        // What was refused before may fit with what has come now.
        for (ReloadText& text : refused_)
            if (std::none_of(texts.begin(), texts.end(), [&](const ReloadText& t) { return t.path == text.path; }))
                texts.push_back(std::move(text));
        refused_.clear();
        std::vector<std::string> scripts;
        for (const ReloadText& text : texts)
            if (!is_module(text.text)) scripts.push_back(text.path);
        if (!reload(texts)) {
            refused_ = std::move(texts);
            return;
        }
        for (const std::string& script : scripts) {
            if (world_.script_runs()) {
                std::fprintf(stderr, "indent: the statements of `%s` still run, with the new definitions\n", script.c_str());
                continue;
            }
            world_.start_again(script, [this](const Outcome& outcome) { ended(outcome); });
        }
    }

    bool reload(std::vector<ReloadText> texts) {
        ReloadReport report = world_.reload(std::move(texts));
        if (!report.ok) {
            std::fputs(report.refusal.c_str(), stderr);
            std::fputs("indent: refused; the program goes on with the code that it has\n", stderr);
            was_refused_ = true;
            return false;
        }
        if (report.identical) {
            if (std::exchange(was_refused_, false)) std::fputs("indent: the text is again what runs\n", stderr);
            return true;
        }
        was_refused_ = false;
        for (const auto& note : report.notes) std::fputs(note.c_str(), stderr);
        std::string line = "indent: reloaded";
        for (const auto& module : report.modules) line += " " + module + ";";
        line.pop_back();
        line += " in " + milliseconds(report.total_ns);
        if (report.objects_tried) line += ", " + std::to_string(report.objects_tried) + " objects migrate";
        for (const auto& state : report.states) line += "\n  " + state;
        std::fprintf(stderr, "%s\n", line.c_str());
        return true;
    }

    World& world_;
    std::string path_;
    std::unique_ptr<Watcher> watcher_;
    std::set<std::string> waiting_;    // not loaded yet
    std::vector<ReloadText> refused_;  // saved, and not taken
    bool was_refused_ = false;
    int exit_code_ = -1;
};

} // namespace

int run_watching(World& world, const std::string& path) { return RunWatch(world, path).run(); }

namespace {

// Tests that are run again when what they reach is saved, all in one world.
class TestWatch {
  public:
    TestWatch(World& world, std::vector<std::string> paths, std::function<void()> flush)
        : world_(world), paths_(std::move(paths)), flush_(std::move(flush)) {}

    int run() {
        for (const auto& path : paths_) {
            auto watcher = Watcher::start(path, [this] { world_.interrupt(); });
            if (!watcher) {
                std::fprintf(stderr, "indent: %s\n", watcher.failure().message.c_str());
                return 1;
            }
            watchers_.push_back(std::move(*watcher));
        }
        load_new();
        std::set<std::string> all;
        for (auto& [file, module] : world_.loaded_files()) all.insert(module);
        test(all);
        while (!world_.stop_wanted()) {
            world_.run_until_interrupted();
            std::set<std::string> changed;
            for (auto& watcher : watchers_) changed.merge(watcher->take());
            if (!changed.empty()) take_in(changed);
        }
        return 0;
    }

  private:
    // Files that are not loaded yet; answers their modules.
    std::set<std::string> load_new() {
        std::vector<std::string> files;
        for (const auto& path : paths_) collect(path, files);
        std::set<std::string> loaded, modules;
        for (auto& [file, module] : world_.loaded_files()) loaded.insert(file);
        for (const auto& file : files) {
            if (loaded.count(file)) continue;
            Outcome outcome = world_.load_file(file);
            std::fputs(outcome.text().c_str(), stderr);
            for (auto& [now, module] : world_.loaded_files())
                if (loaded.insert(now).second) modules.insert(module);
        }
        watchers_[0]->add(files_of(world_));
        return modules;
    }

    void take_in(const std::set<std::string>& changed) {
        std::vector<ReloadText> texts = std::exchange(refused_, {});
        for (auto& [file, module] : world_.loaded_files()) {
            if (!changed.count("") && !changed.count(file)) continue;
            auto text = os::read_file(file, kMostSourceBytes);
            if (!text) {
                std::fprintf(stderr, "indent: %s is gone; its tests stay as they were\n", file.c_str());
                continue;
            }
            std::erase_if(texts, [&, gone = module](const ReloadText& t) { return t.path == gone; });
            texts.push_back({module, file, std::move(*text)});
        }
        std::set<std::string> modules = load_new();
        for (const ReloadText& text : texts) modules.insert(text.path);
        if (modules.empty()) return;
        if (!texts.empty()) {
            ReloadOptions options;
            options.effects = false;
            ReloadReport report = world_.reload(texts, options);
            if (!report.ok) {
                std::fputs(report.refusal.c_str(), stderr);
                std::fputs("indent: refused; nothing was tested\n", stderr);
                refused_ = std::move(texts);
                return;
            }
        }
        test(modules);
    }

    void test(const std::set<std::string>& changed) {
        size_t passed = 0, failed = 0;
        std::string tested;
        for (const std::string& module : world_.modules_that_reach(changed)) {
            TestReport report = world_.test_module(module);
            if (report.passed + report.failures.size() == 0) continue;
            tested += (tested.empty() ? "" : ", ") + module;
            passed += report.passed;
            failed += report.failures.size();
            flush_();
            for (const auto& failure : report.failures)
                std::fprintf(stderr, "FAILED %s: %s\n%s", module.c_str(), failure.title.c_str(), failure.text.c_str());
        }
        if (tested.empty()) tested = "no tests reach what was saved";
        std::printf("%s: %zu passed, %zu failed\n", tested.c_str(), passed, failed);
        std::fflush(stdout);
    }

    World& world_;
    std::vector<std::string> paths_;
    std::function<void()> flush_;
    std::vector<std::unique_ptr<Watcher>> watchers_;
    std::vector<ReloadText> refused_;
};

} // namespace

int test_watching(World& world, const std::vector<std::string>& paths, std::function<void()> flush) {
    return TestWatch(world, paths, std::move(flush)).run();
}

} // namespace indent
