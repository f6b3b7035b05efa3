#include "vm/reload/module_order.h"
#include <doctest/doctest.h>

using indent::module_units;
using Units = std::vector<std::vector<size_t>>;

TEST_CASE("what is imported comes before who imports it") {
    CHECK(module_units({{"a", {"b"}}, {"b", {"c"}}, {"c", {}}}) == Units{{2}, {1}, {0}});
    CHECK(module_units({}).empty());
}

TEST_CASE("imports of modules that are not among them do not matter") {
    CHECK(module_units({{"a", {"std.json", "x"}}, {"b", {"a"}}}) == Units{{0}, {1}});
}

TEST_CASE("modules that import each other are one unit, after what they need and before who needs them") {
    CHECK(module_units({{"top", {"a"}}, {"a", {"b"}}, {"b", {"c", "leaf"}}, {"c", {"a"}}, {"leaf", {}}}) ==
          Units{{4}, {1, 2, 3}, {0}});
}

TEST_CASE("a module that imports itself is a unit of one") {
    CHECK(module_units({{"a", {"a"}}}) == Units{{0}});
}

TEST_CASE("a chain of a hundred thousand modules takes no stack") {
    std::vector<std::pair<std::string, std::vector<std::string>>> chain;
    for (int i = 0; i < 100'000; ++i) chain.push_back({std::to_string(i), {std::to_string(i + 1)}});
    auto units = module_units(chain);
    REQUIRE(units.size() == chain.size());
    CHECK(units.front() == std::vector<size_t>{99'999});
}
