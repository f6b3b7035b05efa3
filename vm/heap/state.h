// What a heap consists of. Seen by vm/heap alone.
#pragma once
#include "vm/heap/heap.h"
#include "vm/heap/old_space.h"
#include "vm/heap/pointer_table.h"
#include "vm/heap/shared.h"
#include "vm/heap/young.h"
#include <vector>

namespace indent {

struct Heap::State {
    State(SharedSpace& shared, const HeapOptions& options);
    ~State();

    SharedSpace& shared;
    Mutator* mutator = nullptr; // who has entered; null: nobody
    Young* young = nullptr;     // the mutator's
    // Null where no stretch is under way and nobody has entered.
    std::unique_ptr<StretchMemory> stretch;
    size_t limit_bytes;
    size_t growth_bytes;               // before a full collection pays, however small the heap
    bool collected_in_stretch = false; // the nursery
    bool settled = false;              // all that commit does but its end is done
    size_t held_before_settled = 0;    // shared cells
    OldSpace old;

    static constexpr size_t kSharedGrowthBytes = size_t(512) << 10;
    // How far over its limit a heap may get whose program catches the error and goes on.
    static constexpr size_t kOverLimit = size_t(8) << 20;
    size_t collect_fully_at;   // when the old space has grown to this many bytes,
    size_t shared_bytes_limit; // or the shared space to these and this heap holds more than it did
    PointerTable held;         // shared cells that this heap counts as a holder of

    // Identity hashes of old cells, and of shared ones.
    PointerTable old_hashes, shared_hashes;
    uint64_t last_hash = 0;
    uint64_t last_hash_at_commit = 0;

    struct Counts { // as in HeapStatistics
        uint64_t nursery_collections = 0;
        uint64_t full_collections = 0;
        uint64_t promoted_bytes = 0;
    } counts;

    // ---- allocation (heap.cpp)
    Cell* allocate_in_nursery(size_t bytes,
                              Value* top); // room for a cell, header unset; nullptr: too large for it
    Cell* allocate_born_old(size_t words, Value* top); // header set but for shape, format and size
    void make_room(size_t bytes, Value* top);          // or throws OutOfMemory

    // ---- the barrier (barrier.cpp)
    void save(Cell* cell, size_t first, size_t count); // to the log
    void before_store_to_card(Cell* cell, size_t card);

    // ---- collection (collector.cpp). Each scans the stack in [stack_base, scan_end) and lowers stack_end to it.
    void collect_nursery(Value* scan_end);
    // The same as the last of the stretch, which settles all that the stretch has made and changed in the same pass.
    // Only where it is the stretch's first collection of the nursery.
    void collect_nursery_to_commit(Value* scan_end);
    template <bool Committing>
    void collect_nursery_as(Value* scan_end);
    void collect_fully(Value* scan_end);
    void collect_fully_if_due(Value* scan_end);
    void lower_stack(Value* scan_end);
    Value* scan_end_of(Value* top) const; // where frames may reach that run on `top`

    // ---- shared cells (stretch.cpp)
    void hold_what_is_found(Cell* cell, size_t first, size_t count);
    void hold(Cell* shared_cell);
    void release_held_for_stretch();
    void visit_changes(const std::function<void(const Change&)>& visit);
};

} // namespace indent
