// What a reload, or a plan of one, says of itself to programs.
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace indent {

struct ReloadSummary {
    std::vector<std::pair<std::string, int64_t>> numbers; // names; nanoseconds, counts
    std::vector<std::string> modules, states, notes;      // lines
};

} // namespace indent
