#include "vm/reload/module_order.h"
#include <algorithm>
#include <functional>
#include <unordered_map>

namespace indent {

std::vector<std::vector<size_t>>
module_units(const std::vector<std::pair<std::string, std::vector<std::string>>>& modules) {
    std::unordered_map<std::string, size_t> number;
    for (size_t i = 0; i < modules.size(); ++i) number[modules[i].first] = i;
    constexpr size_t kNone = SIZE_MAX;
    std::vector<size_t> met(modules.size(), kNone), low(modules.size());
    std::vector<char> on_path(modules.size());
    std::vector<size_t> path;
    std::vector<std::vector<size_t>> units;
    size_t next = 0;
    struct Step {
        size_t module;
        size_t import;
    };
    for (size_t start = 0; start < modules.size(); ++start) {
        if (met[start] != kNone) continue;
        std::vector<Step> steps;
        auto meet = [&](size_t module) {
            met[module] = low[module] = next++;
            path.push_back(module);
            on_path[module] = 1;
            steps.push_back({module, 0});
        };
        meet(start);
        while (!steps.empty()) {
            const size_t at = steps.back().module;
            if (steps.back().import < modules[at].second.size()) {
                auto found = number.find(modules[at].second[steps.back().import++]);
                if (found == number.end()) continue;
                if (met[found->second] == kNone)
                    meet(found->second);
                else if (on_path[found->second])
                    low[at] = std::min(low[at], met[found->second]);
                continue;
            }
            steps.pop_back();
            if (!steps.empty()) low[steps.back().module] = std::min(low[steps.back().module], low[at]);
            if (low[at] != met[at]) continue;
            std::vector<size_t> unit;
            size_t member;
            do {
                member = path.back();
                path.pop_back();
                on_path[member] = 0;
                unit.push_back(member);
            } while (member != at);
            std::sort(unit.begin(), unit.end());
            units.push_back(std::move(unit));
        }
    }
    return units;
}

} // namespace indent
