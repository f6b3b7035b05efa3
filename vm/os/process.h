// What the process knows about itself and its terminal. Any thread, nothing fails.
#pragma once
#include "vm/base/result.h"
#include <optional>
#include <string>

namespace indent::os {

enum class Stream { Input, Output, Error };

bool is_terminal(Stream stream);
// Columns of the terminal that standard output is on; 80 where it is on none.
int terminal_width();

// A variable of the environment; none where it is not set.
std::optional<std::string> environment(const std::string& name);

int process_id();
// Threads that can run at once, at least 1.
int processor_count();
// The running program's own file; empty where the system cannot tell.
std::string executable_path();
// The folder that relative paths begin at. Failure codes as in files.h.
Result<std::string> working_folder();
// The user's own folder: $HOME, or what the system knows; empty where there is none.
std::string home_folder();

} // namespace indent::os
