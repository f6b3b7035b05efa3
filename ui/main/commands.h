// The commands that need no session: a program is run, tested, checked, explained. Each answers the exit code.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace indent {

// The .ind files of files and folders, in a stable order. Nothing where one is not there, which was said.
std::optional<std::vector<std::string>> sources_in(const std::vector<std::string>& paths);

struct RunOptions {
    std::string file;
    std::vector<std::string> arguments;
    size_t memory_megabytes = 4096;
    bool collect_always = false;
    bool watch = false;           // saved files are reloaded
    unsigned workers = 0;         // 0: one for each processor
    std::optional<uint64_t> seed; // of a deterministic run
    std::string canvas_png;       // where what is shown on canvases goes at the end; empty: nowhere
    uint64_t nanoseconds = 0;     // of the program's time, after which it ends; 0: when it is done
};
int run_program(const RunOptions& options);

struct TestOptions {
    std::vector<std::string> paths; // images, too
    bool watch = false;             // again, as files are saved
    std::optional<uint64_t> seed;   // of deterministic runs
    bool collect_always = false;
};
int run_tests(const TestOptions& options);

int check_programs(const std::vector<std::string>& paths);
int show_documentation(const std::string& name); // empty: what there is
int show_library_page();

} // namespace indent
