// The commands that need no session: a program is run, tested, checked, explained. Each answers the exit code.
#pragma once
#include <string>
#include <vector>

namespace indent {

struct RunOptions {
    std::string file;
    std::vector<std::string> arguments;
    size_t memory_megabytes = 4096;
    bool collect_always = false;
    bool watch = false;    // saved files are reloaded
    unsigned workers = 0;  // 0: one for each processor
};
int run_program(const RunOptions& options);

struct TestOptions {
    std::vector<std::string> paths;
    bool watch = false; // again, as files are saved
    bool collect_always = false;
};
int run_tests(const TestOptions& options);

int check_programs(const std::vector<std::string>& paths);
int show_documentation(const std::string& name); // empty: what there is
int show_library_page();

} // namespace indent
