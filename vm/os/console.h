// The terminal, or whatever the program's standard input is.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace indent::os {

// Writes the prompt to standard output and waits for a line; answers it without its end, as bytes. Nothing where
// the input has ended. One thread at a time.
std::optional<std::string> read_console_line(std::string_view prompt);

} // namespace indent::os
