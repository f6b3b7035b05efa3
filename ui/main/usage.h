// What is said when the command line cannot be understood.
#pragma once
#include <CLI/CLI.hpp>

namespace indent {

// Prints what is wrong, what may have been meant, and how the command is used; answers the exit code. For help and the version,
// which are no errors, too.
int explain_command_line(const CLI::App& app, const CLI::ParseError& error);

} // namespace indent
