#include "vm/prims/merge_sort.h"
#include <doctest/doctest.h>
#include <numeric>
#include <random>
#include <stdexcept>

using namespace indent;

namespace {

struct Item {
    int key;
    int place;
    bool operator==(const Item&) const = default;
};

std::vector<Item> random_items(size_t size, int keys, unsigned seed) {
    std::mt19937 random(seed);
    std::vector<Item> items;
    for (size_t i = 0; i < size; ++i) items.push_back({int(random() % unsigned(keys)), int(i)});
    return items;
}

} // namespace

TEST_CASE("sorting gives what the library's stable sort gives") {
    for (size_t size : {0, 1, 2, 5, 6, 7, 12, 13, 100, 1000, 4097}) {
        CAPTURE(size);
        auto items = random_items(size, 50, unsigned(size));
        auto expected = items;
        auto before = [](const Item& a, const Item& b) { return a.key < b.key; };
        merge_sort(items, before);
        std::stable_sort(expected.begin(), expected.end(), before);
        CHECK(items == expected);
    }
}

TEST_CASE("sorting what is sorted compares each item about once") {
    std::vector<int> items(6000);
    std::iota(items.begin(), items.end(), 0);
    size_t comparisons = 0;
    merge_sort(items, [&](int a, int b) { return ++comparisons, a < b; });
    CHECK(comparisons < 2 * items.size());
}

TEST_CASE("an order that contradicts itself still gives a permutation") {
    std::mt19937 random(5);
    std::vector<int> items(3000);
    std::iota(items.begin(), items.end(), 0);
    merge_sort(items, [&](int, int) { return random() % 2 == 0; });
    std::sort(items.begin(), items.end());
    for (int i = 0; i < 3000; ++i) CHECK(items[size_t(i)] == i);
}

TEST_CASE("an error in a comparison leaves the sort") {
    std::vector<int> items{5, 4, 3, 2, 1, 0, 9, 8, 7};
    auto throwing = [](int a, int b) -> bool {
        if (a == 2) throw std::runtime_error("enough");
        return a < b;
    };
    CHECK_THROWS_AS(merge_sort(items, throwing), std::runtime_error);
}
