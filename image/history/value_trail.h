// Whether turns have left a value of an actor's state as it was, told from what they have recorded and not from the states
// between them: what a turn has written is little, and a state may be large.
//
// The last turn comes first. Of the value as it is then the places of all its cells are known; a turn that has written none
// of them has not changed it. Where one has, what it wrote is compared with what stood there before, word by word and cell by
// cell: most such turns write something else, some the same once more.
#pragma once
#include "image/codec/heap_record.h"
#include "image/codec/record_parts.h"
#include <array>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace indent::image {

// One thread's.
class ValueTrail {
  public:
    struct Turn {
        std::vector<std::string> records; // of one turn, its parts first (heap_record.h)
        bool is_base = false;             // it has written the whole heap anew: then they need not be here
    };
    // A heap as it was before one of the turns, in a world whose names these are; null: it cannot be had.
    using HeapBefore = std::function<std::unique_ptr<Heap>(size_t turn)>;
    // Turns are in their order. All outlive it.
    ValueTrail(const std::vector<Turn>& turns, Names& names, HeapBefore heap_before)
        : turns_(turns), names_(names), heap_before_(std::move(heap_before)) {}

    // The value from here on: that word of the root of this heap, in which nothing has run.
    void look_at(const Heap& heap, const Cell* root, size_t word);
    // The value before this turn is that after it; false: it may be another. It is the one that was looked at, and the turns
    // between have all been asked about, from the last one on, and have left it.
    [[nodiscard]] bool is_same_before(size_t turn);

  private:
    class Places {
      public:
        bool add(uint64_t place); // false: it was there
        void remove(uint64_t place);
        bool contains(uint64_t place) const;
        void clear() { pages_.clear(); }

      private:
        std::unordered_map<uint64_t, std::array<uint64_t, kPlaces / 64>> pages_;
    };
    struct Touch { // a place that a turn has written
        uint64_t place = 0;
        const char* at = nullptr; // of the cell, or the change, in the record
        const char* end = nullptr;
        uint32_t turn = 0;
        bool is_cell = false, second = false;
    };
    struct Content {
        ShapeId shape = 0;
        bool is_bytes = false;
        std::vector<Value> words; // those that point to cells of the heap are places (PlaceWords)
    };
    class Comparison;

    bool touches(const Turn& turn, bool& good) const;
    bool is_root_word(const RecordChange& change) const;
    static void touches_of(const Turn& turn, size_t number, std::vector<Touch>& touches);
    void find_touches_around(size_t turn);
    std::vector<Touch>::const_iterator touches_before(uint64_t place, size_t turn) const;
    // What stood there before this turn. False: that is not known.
    bool content_before(uint64_t place, size_t turn, Content& content);
    bool word_before(uint64_t place, uint64_t word, size_t turn, Value& value);
    bool read_cell(const Touch& touch, Content& content);
    template <class Visit> // visit(index, value) answers whether to go on
    bool read_change(const Touch& touch, ShapeId shape, bool is_bytes, Visit visit);
    const Cell* base_cell(uint64_t place);

    const std::vector<Turn>& turns_;
    Names& names_;
    const HeapBefore heap_before_;
    Places places_; // of the cells of the value, and perhaps of some that were such later
    uint64_t root_ = 0;
    size_t word_ = 0;

    // Of turns [first_, end_), which follow each other without a base between them.
    size_t first_ = 0, end_ = 0;
    std::vector<Touch> touches_; // by place, and for each in their order
    std::unique_ptr<Heap> base_; // before the first of them
    bool asked_for_base_ = false;
};

} // namespace indent::image
