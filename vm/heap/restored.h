// What has to be known of a heap to have it back with every cell at its place.
#pragma once
#include "vm/heap/cell.h"
#include <cstdint>

namespace indent {

// A page of the old space as it is to be found again: cells are known by their offsets.
struct PageFacts {
    uint32_t number = 0;
    uint8_t kind = 0;   // Page::Kind
    uint8_t size = 0;   // of small ones: which of the sizes
    uint64_t words = 0; // of the one cell of a large one
};
struct RestoredCell {
    uint64_t offset; // Heap::offset_of
    ShapeId shape;
    bool bytes, frozen, wide; // wide: word 0 says how many follow
    uint64_t words;
};

} // namespace indent
