// What belongs to a machine rather than to a heap: the nursery that the heap which is entered makes its cells in, the
// roots of whoever runs there, what the nursery's next collection has to look at, and the memory that a stretch needs
// until it ends. Between turns all of it is empty, so that a heap that nobody is in keeps its old space alone.
#pragma once
#include "vm/heap/heap.h"
#include "vm/heap/nursery.h"
#include "vm/heap/pointer_table.h"
#include "vm/heap/write_log.h"
#include <memory>
#include <vector>

namespace indent {

// What a stretch keeps until it ends, also while its turn waits.
struct StretchMemory {
    WriteLog log;
    std::vector<Cell*> hashed; // old or shared ones that got their identity hash in this stretch
    std::vector<Value> held;   // shared cells that are let go at its end
};

struct Young {
    // Becomes the mutator's; its stack's pointers are set before. Throws OutOfMemory.
    Young(Mutator& mutator, const HeapOptions& options);
    ~Young();
    Young(const Young&) = delete;
    Young& operator=(const Young&) = delete;

    Mutator& mutator;
    bool collect_always;
    Nursery nursery;
    size_t in_use;                 // bytes of the nursery that are used so far: it grows
    std::byte* from;               // its cells lie in [from, mutator.nursery_next)
    std::vector<Cell*> remembered; // disarmed: may point into the nursery
    struct CardOf {
        Cell* cell;
        size_t card;
    };
    std::vector<CardOf> remembered_cards; // the same of large cells
    PointerTable hashes;                  // identity hashes of cells in the nursery
    std::vector<RootProvider*> providers;
    std::unique_ptr<StretchMemory> spare; // of the stretch that ended last
    // Cells of this shape are told: one has become old, or came into a heap so, since somebody reset `met_watched`.
    ShapeId watched = 0;
    bool met_watched = false;
    bool changed = false; // a stretch that was committed has stored to old cells, since somebody reset this

    void clear_stack();                           // nothing is on it any more, and nothing in the nursery
    void take_back();                             // empties the nursery
    void grow(size_t survived);                   // where it pays, after a collection of the full nursery
    size_t largest() const { return in_use / 4; } // bytes of a cell
    void set_collect_always(bool on);             // for tests
    bool empty() const { return mutator.nursery_next == from; }
};

} // namespace indent
