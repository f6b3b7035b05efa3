#include "ui/main/commands.h"
#include "ui/main/canvas_files.h"
#include "ui/main/image_commands.h"
#include "ui/main/watch.h"
#include "vm/os/console.h"
#include "vm/os/files.h"
#include "vm/os/process.h"
#include "vm/os/signals.h"
#include "vm/os/thread.h"
#include "vm/syntax/did_you_mean.h"
#include "vm/world/world.h"
#include <algorithm>
#include <cstdio>

namespace indent {

namespace {

// Lines of print, written in large pieces; flushed when the program ends or its output has grown.
class PrintedOutput {
  public:
    ~PrintedOutput() { flush(); }
    void line(std::string_view text) {
        pending_ += text;
        pending_ += '\n';
        if (pending_.size() >= 64 * 1024 || os::is_terminal(os::Stream::Output)) flush();
    }
    void part(std::string_view text) {
        pending_ += text;
        if (pending_.size() >= 64 * 1024 || os::is_terminal(os::Stream::Output)) flush();
    }
    void flush() {
        bool written = std::fwrite(pending_.data(), 1, pending_.size(), stdout) == pending_.size();
        if (std::fflush(stdout) != 0) written = false;
        pending_.clear();
        if (written || lost_) return;
        lost_ = true;
        std::fputs("indent: what the program printed could not all be written\n", stderr);
    }
    bool lost() const { return lost_; }

  private:
    std::string pending_;
    bool lost_ = false;
};

// Runs `work` with a world of its own on a thread with a stack for deep recursion.
int with_world(WorldOptions options, const std::function<int(World&)>& work) {
    int code = 1;
    auto thread = os::Thread::start("indent", kThreadStack, [&] {
        auto world = World::make(std::move(options));
        if (!world) {
            std::fprintf(stderr, "indent: %s\n", world.failure().message.c_str());
            return;
        }
        code = work(**world);
    });
    if (!thread) {
        std::fprintf(stderr, "indent: %s\n", thread.failure().message.c_str());
        return 1;
    }
    thread->join();
    return code;
}

// What is beside it and may have been meant, as `; did you mean …?`, or nothing.
std::string what_is_beside(const std::string& path) {
    if (os::exists(path + ".ind")) return "; did you mean `" + path + ".ind`?";
    const size_t slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "" : path.substr(0, slash + 1);
    auto entries = os::list_folder(folder.empty() ? "." : folder);
    if (!entries) return "";
    std::vector<std::string_view> names;
    for (const auto& entry : *entries)
        if (entry.kind == os::FileKind::Folder || entry.name.ends_with(".ind")) names.push_back(entry.name);
    std::sort(names.begin(), names.end());
    const std::string near = syntax::nearest(std::string_view(path).substr(folder.size()), names);
    return near.empty() ? "" : "; did you mean `" + folder + near + "`?";
}

void collect_files(const std::string& path, std::vector<std::string>& files, std::string& problem) {
    if (!os::exists(path)) {
        problem = path + ": there is no such file or folder" + what_is_beside(path);
        return;
    }
    if (!os::is_folder(path)) {
        files.push_back(path);
        return;
    }
    auto entries = os::list_folder(path);
    if (!entries) {
        problem = entries.failure().message;
        return;
    }
    std::vector<std::string> inside;
    for (const auto& entry : *entries) inside.push_back(path + "/" + entry.name);
    std::sort(inside.begin(), inside.end());
    for (const auto& entry : inside)
        if (os::is_folder(entry) || (entry.size() > 4 && entry.substr(entry.size() - 4) == ".ind"))
            collect_files(entry, files, problem);
}

} // namespace

std::optional<std::vector<std::string>> sources_in(const std::vector<std::string>& paths) {
    std::vector<std::string> files;
    std::string problem;
    for (const auto& path : paths) collect_files(path, files, problem);
    if (problem.empty()) return files;
    std::fprintf(stderr, "indent: %s\n", problem.c_str());
    return std::nullopt;
}

int run_program(const RunOptions& options) {
    PrintedOutput output;
    WorldOptions world_options;
    world_options.output = [&](std::string_view line) { output.line(line); };
    world_options.partial = [&](std::string_view text) { output.part(text); };
    world_options.errors = [&](std::string_view text) {
        output.flush(); // so that both stand in order where they go to the same place
        std::fwrite(text.data(), 1, text.size(), stderr);
    };
    world_options.arguments = options.arguments;
    world_options.input = [&](std::string_view prompt) {
        output.flush();
        return os::read_console_line(prompt);
    };
    world_options.memory_limit = options.memory_megabytes << 20;
    world_options.collect_always = options.collect_always;
    world_options.workers = options.workers;
    world_options.seed = options.seed;
    if (options.watch)
        world_options.output = [&](std::string_view line) { output.line(line), output.flush(); };
    return with_world(std::move(world_options), [&](World& world) {
        os::InterruptGuard on_interrupt([](void* w) { static_cast<World*>(w)->request_stop(); }, &world,
                                        true);
        if (options.watch) {
            const int code = run_watching(world, options.file);
            output.flush();
            return code;
        }
        Outcome outcome = world.run_file(options.file, options.nanoseconds);
        output.flush();
        std::fputs(outcome.text().c_str(), stderr);
        bool shown = true;
        if (!options.canvas_png.empty() && !outcome.has_errors()) {
            auto written = write_canvases(world, options.canvas_png);
            // One that has failed may have opened none; it has said enough.
            shown = written || (written.failure().code == "no_canvas" && !outcome.ok);
            if (!shown) std::fprintf(stderr, "indent: %s\n", written.failure().message.c_str());
        }
        if (outcome.exit_code > 0) return outcome.exit_code;
        return outcome.ok && shown && !output.lost() ? 0 : 1;
    });
}

int run_tests(const TestOptions& options) {
    const auto files = sources_in(options.paths);
    if (!files) return 2;
    PrintedOutput output;
    size_t passed = 0, failed = 0;
    auto run_file = [&](const std::string& file) {
        WorldOptions world_options;
        world_options.output = [&](std::string_view line) { output.line(line); };
        world_options.collect_always = options.collect_always;
        world_options.seed = options.seed;
        int code = with_world(std::move(world_options), [&](World& world) {
            os::InterruptGuard on_interrupt([](void* w) { static_cast<World*>(w)->request_stop(); }, &world);
            Outcome outcome;
            TestReport report = world.test_file(file, outcome);
            output.flush();
            std::fputs(outcome.text().c_str(), stderr);
            passed += report.passed;
            failed += report.failures.size();
            if (outcome.has_errors()) ++failed;
            for (const auto& failure : report.failures)
                std::fprintf(stderr, "FAILED %s: %s\n%s", file.c_str(), failure.title.c_str(),
                             failure.text.c_str());
            return 0;
        });
        if (code != 0) ++failed; // no world could be made; it said why
    };
    // Its modules, in a world of their own: what the image's program has is not touched.
    auto run_image = [&](const std::string& path) {
        auto texts = modules_of_image(path, true);
        if (!texts) {
            std::fprintf(stderr, "indent: %s\n", texts.failure().message.c_str());
            ++failed;
            return;
        }
        WorldOptions world_options;
        world_options.output = [&](std::string_view line) { output.line(line); };
        world_options.collect_always = options.collect_always;
        world_options.seed = options.seed;
        int code = with_world(std::move(world_options), [&](World& world) {
            os::InterruptGuard on_interrupt([](void* w) { static_cast<World*>(w)->request_stop(); }, &world);
            std::vector<ReloadText> all;
            for (const auto& [module, text] : *texts) all.push_back({module, module, text, true});
            ReloadOptions no_effects;
            no_effects.effects = false;
            const ReloadReport loaded = world.take(std::move(all), no_effects);
            if (!loaded.ok) std::fputs(loaded.refusal.c_str(), stderr);
            if (!loaded.ok) return 1;
            for (const auto& [module, text] : *texts) {
                TestReport report = world.test_module(module);
                output.flush();
                passed += report.passed;
                failed += report.failures.size();
                for (const auto& failure : report.failures)
                    std::fprintf(stderr, "FAILED %s of %s: %s\n%s", module.c_str(), path.c_str(),
                                 failure.title.c_str(), failure.text.c_str());
            }
            return 0;
        });
        if (code != 0) ++failed;
    };
    if (options.watch) {
        WorldOptions world_options;
        world_options.output = [&](std::string_view line) { output.line(line); };
        world_options.seed = options.seed;
        return with_world(std::move(world_options), [&](World& world) {
            os::InterruptGuard on_interrupt([](void* w) { static_cast<World*>(w)->request_stop(); }, &world);
            return test_watching(world, options.paths, [&] { output.flush(); });
        });
    }
    for (const auto& file : *files) {
        if (is_image(file))
            run_image(file);
        else
            run_file(file);
    }
    std::printf("%zu passed, %zu failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}

int check_programs(const std::vector<std::string>& paths) {
    const auto files = sources_in(paths);
    if (!files) return 2;
    return with_world({}, [&](World& world) {
        bool errors = false;
        for (const auto& file : *files) {
            Outcome outcome = world.check_file(file);
            std::fputs(outcome.text().c_str(), stderr);
            errors |= outcome.has_errors();
        }
        return errors ? 1 : 0;
    });
}

int show_documentation(const std::string& name) {
    return with_world({}, [&](World& world) {
        std::string text = name.empty() ? world.library_overview() : world.documentation(name);
        if (text.empty()) {
            std::string near = world.near_documented(name);
            std::fprintf(stderr, "indent: nothing is documented under `%s`%s\n", name.c_str(),
                         near.empty() ? "; `indent doc` lists all there is"
                                      : ("; did you mean `" + near + "`?").c_str());
            return 1;
        }
        std::fputs(text.c_str(), stdout);
        return 0;
    });
}

int show_library_page() {
    return with_world({}, [&](World& world) {
        std::fputs(world.library_page().c_str(), stdout);
        return 0;
    });
}

} // namespace indent
