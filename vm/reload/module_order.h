// The order in which modules are taken in: what is imported before who imports it.
#pragma once
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace indent {

// `modules`: paths, each with the paths that it imports (others than these do not matter). Answers units of their numbers:
// modules that import each other in a circle are one unit, the others units of one; each unit comes after those that it
// imports, and otherwise in the order given. (Tarjan's strongly connected components.)
std::vector<std::vector<size_t>>
module_units(const std::vector<std::pair<std::string, std::vector<std::string>>>& modules);

} // namespace indent
