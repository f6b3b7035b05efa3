// A base in leaves: for each page of the heap a record of its cells, and of a cell that is larger than a page one for each
// kLeafWords of its words. So what a large heap's turns change is a few leaves, whatever its size. A head says what is of no
// page: the roots, the last identity hash, the hashes of what is shared. Each is a record of heap_record.h, and a picture
// takes the leaves in the order of their numbers, then the head, then the records of turns.
#pragma once
#include <cstdint>
#include <set>
#include <string_view>

namespace indent::image {

constexpr uint64_t kLeafWords = 8192; // more than a cell has that shares its page

using LeafNumber = uint64_t; // its page, and which part of its large cell
constexpr LeafNumber leaf_number(uint64_t page, uint64_t part) {
    return page << 28 | part;
}
constexpr uint64_t page_of_leaf(LeafNumber leaf) {
    return leaf >> 28;
}
constexpr uint64_t part_of_leaf(LeafNumber leaf) {
    return leaf & ((uint64_t(1) << 28) - 1);
}

// Adds the leaves in which a record of a turn changes something; the first leaf of a page is with each other one of it.
// False: that is no record.
[[nodiscard]] bool add_leaves_of(std::string_view record, std::set<LeafNumber>& leaves);

} // namespace indent::image
