// `indent run --watch` and `indent test --watch`: what is saved is live at once.
#pragma once
#include "ui/main/commands.h"
#include <functional>
#include <string>
#include <vector>

namespace indent {

class World;

// Runs the program, or all modules of a folder, and takes each saved file in as a reload, until it is interrupted. What is
// refused is shown; the program goes on with the code that it has. Answers the exit code.
int run_watching(World& world, const std::string& path);

// Runs the tests of files and folders, and again those that reach what was saved, all in this world, until it is
// interrupted. `flush`: shows what tests have printed. Answers the exit code.
int test_watching(World& world, const std::vector<std::string>& paths, std::function<void()> flush);

} // namespace indent
