// `indent run --watch` and `indent test --watch`: what is saved is live at once.
#pragma once
#include "ui/main/commands.h"
#include <functional>

namespace indent {

class World;

// Runs the program, or all modules of a folder, and takes each saved file in as a reload, until it is interrupted. What is
// refused is shown; the program goes on with the code that it has. Answers the exit code.
int run_watching(World& world, const std::string& path);

// Runs the tests, and again those that reach what was saved, until it is interrupted. `run_file` runs the tests of one file,
// prints what failed and answers the files that it has loaded.
int test_watching(const std::vector<std::string>& paths,
                  const std::function<std::vector<std::string>(const std::string& file)>& run_file);

} // namespace indent
