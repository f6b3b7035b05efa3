#include "ui/main/watch.h"
#include "vm/os/clock.h"
#include "vm/os/file_watch.h"
#include "vm/os/files.h"
#include "vm/os/thread.h"
#include "vm/world/world.h"
#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <map>
#include <mutex>
#include <set>

namespace indent {

namespace {

bool is_source(const std::string& path) {
    return path.size() > 4 && path.substr(path.size() - 4) == ".ind";
}

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

// What has been saved, appeared or gone.
struct Saved {
    std::map<std::string, std::optional<std::string>> files; // with what they have; none: gone, or to be read
    bool everything = false;                                 // look at all files

    bool empty() const { return files.empty() && !everything; }
    bool has(const std::string& file) const { return everything || files.count(file) > 0; }
    // What the file has now; none: it is gone.
    std::optional<std::string> text_of(const std::string& file) const {
        if (auto found = files.find(file); found != files.end() && found->second) return found->second;
        auto text = os::read_file(file, kMostSourceBytes);
        return text ? std::optional(std::move(*text)) : std::nullopt;
    }
    void merge(Saved other) {
        for (auto& [file, text] : other.files) files[file] = std::move(text);
        everything |= other.everything;
    }
};

// A thread that waits for changes and says so; what changed is fetched by take.
class Watcher {
  public:
    static Result<std::unique_ptr<Watcher>> start(const std::string& path, std::function<void()> changed) {
        os::WatchOptions options;
        options.with_content = true; // nobody reads a file again that may be half written by then
        options.most_compared = kMostSourceBytes;
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
    // Further files, from now on: what happens to them after the call is told.
    void add(const std::vector<std::string>& paths) {
        std::unique_lock lock(mutex_);
        to_add_.insert(to_add_.end(), paths.begin(), paths.end());
        watch_->wake();
        added_.wait(lock, [this] { return to_add_.empty() || gave_up_; });
    }
    Saved take() {
        std::lock_guard lock(mutex_);
        return std::exchange(saved_, {});
    }

  private:
    // What is not watched is said once; the rest goes on.
    void say(const Failure& failure) {
        if (said_.insert(failure.message).second)
            std::fprintf(stderr, "indent: %s\n", failure.message.c_str());
    }
    void run() {
        while (!ending_) {
            {
                std::lock_guard lock(mutex_);
                for (const auto& path : to_add_)
                    if (auto added = watch_->watch(path); !added) say(added.failure());
                to_add_.clear();
            }
            added_.notify_all();
            auto changes = watch_->wait(-1);
            if (!changes) {
                say(changes.failure());
                if (changes.failure().code == "io_error") {
                    std::lock_guard lock(mutex_);
                    gave_up_ = true;
                    added_.notify_all();
                    return;
                }
                continue;
            }
            if (changes->files.empty() && !changes->rescan) continue;
            {
                std::lock_guard lock(mutex_);
                for (auto& file : changes->files)
                    saved_.files[std::move(file.path)] = std::move(file.content);
                saved_.everything |= changes->rescan;
            }
            changed_();
        }
    }
    std::unique_ptr<os::FileWatch> watch_;
    std::function<void()> changed_;
    os::Thread thread_;
    std::mutex mutex_;
    std::condition_variable added_;
    bool gave_up_ = false;
    Saved saved_;
    std::vector<std::string> to_add_;
    std::set<std::string> said_; // the thread's own
    std::atomic<bool> ending_ = false;
};

std::vector<std::string> files_of(World& world) {
    std::vector<std::string> files;
    for (auto& [file, path] : world.loaded_files()) files.push_back(file);
    return files;
}

bool is_empty(const std::optional<std::string>& text) {
    return text && text->empty();
} // somebody is about to write it

// What is wrong with saved files, each shown once while it stays the same, and that it is mended.
class Refusals {
  public:
    void show(const std::vector<std::string>& files, const std::string& words) {
        bool is_new = false;
        for (const auto& file : files) is_new |= std::exchange(last_[file], words) != words;
        if (is_new) std::fputs(words.c_str(), stderr);
    }
    void forget(const std::string& file) { last_.erase(file); }
    // Those of them that were refused are not any more. False: none was.
    bool mend(const std::vector<std::string>& files) {
        std::string mended;
        for (const auto& file : files)
            if (last_.erase(file)) mended += (mended.empty() ? "" : ", ") + file;
        if (!mended.empty()) std::fprintf(stderr, "indent: mended: %s\n", mended.c_str());
        return !mended.empty();
    }

  private:
    std::map<std::string, std::string> last_; // by file
};

std::string counted_as(size_t n, const char* one, const char* several) {
    return std::to_string(n) + " " + (n == 1 ? one : several);
}

// What becomes of states, in numbers; empty: nothing. "3 objects of 2 actors migrate, fields: 1 added, 4 carried"
std::string migration_in_words(const ReloadReport& report) {
    std::string words;
    if (report.objects_tried)
        words = counted_as(report.objects_tried, "object", "objects") + " of " +
                counted_as(report.actors_tried, "actor", "actors") +
                (report.objects_tried == 1 ? " migrates" : " migrate");
    std::string fields;
    auto add = [&](size_t n, const char* what) {
        if (n) fields += (fields.empty() ? "" : ", ") + std::to_string(n) + " " + what;
    };
    add(report.fields_added, "added");
    add(report.fields_dropped, "dropped");
    add(report.fields_carried, "carried");
    if (!fields.empty()) words += (words.empty() ? "fields: " : ", fields: ") + fields;
    if (report.by_hand)
        words += (words.empty() ? "" : ", ") + counted_as(report.by_hand, "class", "classes") + " by hand";
    return words;
}

std::vector<std::string> files_in(const std::vector<ReloadText>& texts) {
    std::vector<std::string> files;
    for (const ReloadText& text : texts) files.push_back(text.file);
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
            const Saved saved = watcher_->take();
            if (saved.empty() || exit_code_ >= 0) continue;
            take_in(saved);
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
            if (std::find(loaded.begin(), loaded.end(), file) != loaded.end() || !os::exists(file)) {
                waiting_.erase(file);
                refusals_.forget(file);
                continue;
            }
            if (world_.script_runs()) {
                auto text = os::read_file(file, kMostSourceBytes);
                if (!text || !is_module(*text)) continue;
                ReloadText wanted{module_name_of(file), file, std::move(*text)};
                watcher_->add(world_.missing_imports({wanted}));
                if (reload({wanted})) waiting_.erase(file);
                continue;
            }
            watch_imports(file);
            Outcome outcome = world_.start_file(file, [this](const Outcome& at_end) { ended(at_end); });
            if (outcome.ok) {
                std::fputs(outcome.text().c_str(), stderr); // warnings
                waiting_.erase(file);
                refusals_.mend({file});
            } else {
                refusals_.show({file}, outcome.text());
            }
            if (exit_code_ >= 0) return;
        }
        watcher_->add(files_of(world_));
    }

    // What it imports and is not there is watched before it is missed: it may come at any moment.
    void watch_imports(const std::string& file) {
        if (auto text = os::read_file(file, kMostSourceBytes))
            watcher_->add(world_.missing_imports({{module_name_of(file), file, std::move(*text)}}));
    }

    void take_in(const Saved& saved) {
        std::vector<ReloadText> texts;
        std::set<std::string> known;
        for (auto& [file, module] : world_.loaded_files()) {
            known.insert(file);
            if (!saved.has(file)) continue;
            auto text = saved.text_of(file);
            if (is_empty(text)) continue;
            std::erase_if(refused_, [&, f = file](const ReloadText& t) { return t.file == f; });
            if (text)
                texts.push_back({module, file, std::move(*text)});
            else
                std::fprintf(stderr, "indent: %s is gone; the program goes on with the code that it has\n",
                             file.c_str());
        }
        for (const auto& [file, text] : saved.files)
            if (!known.count(file) && os::exists(file)) waiting_.insert(file);
        if (texts.empty() && refused_.empty()) return;
        // What was refused before may fit with what has come now; and what has come may fit without it.
        std::vector<ReloadText> all = texts;
        all.insert(all.end(), refused_.begin(), refused_.end());
        watcher_->add(world_.missing_imports(all));
        if (reload(all, !texts.empty() && !refused_.empty())) {
            refused_.clear();
            run_again(all);
        } else if (!texts.empty() && !refused_.empty() && reload(texts)) {
            for (const ReloadText& text : refused_)
                std::fprintf(stderr, "indent: %s is still refused\n", text.file.c_str());
            run_again(texts);
        } else {
            refused_ = std::move(all);
        }
    }

    void run_again(const std::vector<ReloadText>& texts) {
        for (const ReloadText& text : texts) {
            if (is_module(text.text)) continue;
            if (world_.script_runs()) {
                std::fprintf(stderr, "indent: the statements of `%s` still run, with the new definitions\n",
                             text.path.c_str());
                continue;
            }
            world_.start_again(text.path, [this](const Outcome& outcome) { ended(outcome); });
        }
    }

    // `quietly`: a refusal is not shown.
    bool reload(const std::vector<ReloadText>& texts, bool quietly = false) {
        ReloadReport report = world_.reload(texts);
        if (report.ok)
            tell(report, texts);
        else if (!quietly)
            refusals_.show(files_in(texts),
                           report.refusal +
                               "indent: refused; the program goes on with the code that it has\n");
        return report.ok;
    }

    void tell(const ReloadReport& report, const std::vector<ReloadText>& texts) {
        const bool mended = refusals_.mend(files_in(texts));
        if (report.identical) {
            if (mended) std::fputs("indent: the text is again what runs\n", stderr);
            return;
        }
        for (const auto& note : report.notes) std::fputs(note.c_str(), stderr);
        std::string line = "indent: reloaded";
        for (const auto& module : report.modules) line += " " + module + ";";
        line.pop_back();
        line += " in " + milliseconds(report.total_ns);
        const std::string counts = migration_in_words(report);
        if (!counts.empty()) line += "; " + counts;
        for (const auto& state : report.states) line += "\n  " + state;
        std::fprintf(stderr, "%s\n", line.c_str());
    }

    World& world_;
    std::string path_;
    std::unique_ptr<Watcher> watcher_;
    std::set<std::string> waiting_;   // not loaded yet
    std::vector<ReloadText> refused_; // of loaded files: saved, and not taken
    Refusals refusals_;
    int exit_code_ = -1;
};

} // namespace

int run_watching(World& world, const std::string& path) {
    return RunWatch(world, path).run();
}

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
        test(std::exchange(untested_, {}));
        while (!world_.stop_wanted()) {
            world_.run_until_interrupted();
            Saved saved;
            for (auto& watcher : watchers_) saved.merge(watcher->take());
            if (!saved.empty()) take_in(saved);
        }
        return 0;
    }

  private:
    // Files that are not loaded yet; adds their modules to those that are to be tested.
    void load_new() {
        std::vector<std::string> files;
        for (const auto& path : paths_) collect(path, files);
        std::set<std::string> loaded;
        for (auto& [file, module] : world_.loaded_files()) loaded.insert(file);
        for (const auto& file : files) {
            if (loaded.count(file)) continue;
            if (auto text = os::read_file(file, kMostSourceBytes)) // watched before it is missed
                watchers_[0]->add(world_.missing_imports({{module_name_of(file), file, std::move(*text)}}));
            Outcome outcome = world_.load_file(file);
            if (outcome.ok) {
                std::fputs(outcome.text().c_str(), stderr); // warnings
                refusals_.mend({file});
            } else {
                refusals_.show({file}, outcome.text());
            }
            for (auto& [now, module] : world_.loaded_files())
                if (loaded.insert(now).second) untested_.insert(module);
        }
        watchers_[0]->add(files_of(world_));
    }

    void take_in(const Saved& saved) {
        std::vector<ReloadText> texts = std::exchange(refused_, {});
        for (auto& [file, module] : world_.loaded_files()) {
            if (!saved.has(file)) continue;
            auto text = saved.text_of(file);
            if (is_empty(text)) continue;
            std::erase_if(texts, [&, path = module](const ReloadText& t) { return t.path == path; });
            if (text) {
                texts.push_back({module, file, std::move(*text)});
                continue;
            }
            refusals_.forget(file);
            std::fprintf(stderr, "indent: %s is gone; its tests stay as they were\n", file.c_str());
        }
        load_new();
        for (const ReloadText& text : texts) untested_.insert(text.path);
        if (untested_.empty()) return;
        if (!texts.empty()) {
            ReloadOptions options;
            options.effects = false;
            watchers_[0]->add(world_.missing_imports(texts));
            ReloadReport report = world_.reload(texts, options);
            if (!report.ok) {
                refusals_.show(files_in(texts), report.refusal + "indent: refused; nothing was tested\n");
                refused_ = std::move(texts);
                return;
            }
            refusals_.mend(files_in(texts));
        }
        test(std::exchange(untested_, {}));
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
                std::fprintf(stderr, "FAILED %s: %s\n%s", module.c_str(), failure.title.c_str(),
                             failure.text.c_str());
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
    std::set<std::string> untested_; // modules that have changed since
    Refusals refusals_;
};

} // namespace

int test_watching(World& world, const std::vector<std::string>& paths, std::function<void()> flush) {
    return TestWatch(world, paths, std::move(flush)).run();
}

} // namespace indent
