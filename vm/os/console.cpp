#include "vm/os/console.h"
#include <iostream>

namespace indent::os {

std::optional<std::string> read_console_line(std::string_view prompt) {
    if (!prompt.empty()) std::cout << prompt << std::flush;
    std::string line;
    if (!std::getline(std::cin, line)) return {};
    if (!line.empty() && line.back() == '\r') line.pop_back();
    return line;
}

} // namespace indent::os
