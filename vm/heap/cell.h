// A cell is what the collector knows of an object: one header word and its words.
#pragma once
#include "vm/heap/value.h"
#include <cstddef>

namespace indent {

using ShapeId = uint32_t; // index in the world's table of shapes (vm/model/shape.h); 0 is none

enum class Format : uint8_t {
    Slots, // every word is a Value
    Bytes, // no word is looked at (but word 0 of a wide cell)
};

struct Cell {
    ShapeId shape;
    uint8_t barrier; // not 0: ask Heap::before_store before changing a word
    uint8_t bits;    // Cell::Bits below
    uint16_t size;   // words after the header; kWide: 1 + the integer in word 0

    static constexpr uint16_t kWide = 0xFFFF;
    enum Bits : uint8_t {
        kBytes = 1,       // format
        kFrozen = 2,      // may never change again
        kOld = 4,         // has left the nursery: never moves any more
        kShared = 8,      // lives in the shared space: frozen, counted by holding heaps
        kNew = 16,        // old, but younger than the last commit: needs no undoing
        kLogged = 32,     // its contents from before this stretch are in the log
        kMarked = 64,     // reached by the running full collection
        kForwarded = 128, // nursery, during a collection: the rest of the header says where it went
    };
    enum Barrier : uint8_t { kFree = 0, kArmed = 1, kCards = 2, kNever = 4 };

    Value* words() { return reinterpret_cast<Value*>(this + 1); }
    const Value* words() const { return reinterpret_cast<const Value*>(this + 1); }
    Value& operator[](size_t i) { return words()[i]; }
    const Value& operator[](size_t i) const { return words()[i]; }
    size_t word_count() const { return size != kWide ? size : 1 + size_t(words()[0].as_integer()); }
    size_t byte_count() const { return sizeof(Cell) + 8 * word_count(); }
    Format format() const { return bits & kBytes ? Format::Bytes : Format::Slots; }
    bool is_old() const { return bits & kOld; }
    bool is_frozen() const { return bits & kFrozen; }
    bool is_shared() const { return bits & kShared; }
};
static_assert(sizeof(Cell) == 8);

} // namespace indent
