// The heap of one actor, and the mutator that runs on it. The contract, sentence by sentence, with the test of
// each, stands in vm/heap/README.md.
//
// A *stretch* is the time from one commit() to the next (a turn, once there are actors). New cells are made by
// moving a pointer in the nursery. A collection of the nursery copies what is still reachable to the old space,
// where a cell gets its identity (its offset in this heap) and never moves again. A cell made too large for the
// nursery begins in the old space.
//
// A store to an old cell tells the heap first (before_store): the first time in a stretch the cell's words go
// into the write log, and until the next nursery collection the cell is remembered as one that may point into
// the nursery. One byte in the header (Cell::barrier) says whether anything has to be done, so that a store
// costs one test. That log undoes a failed stretch, finds what the collector must scan, and is what the
// checkpoint and the journal read.
//
// Roots: the value stack, as [stack_base, top + kFrameWords), where `top` is the frame that allocates (each
// allocating call is given it). Whatever stands in a slot below stack_end + kStackSlack is always valid or absent:
// frames rise past stack_end only through raise_stack, which sets the new slots to absent, and a collection sees to
// the others, lowering stack_end again to what is in use. Besides, RootProviders (vm/interp gives handlers, handles,
// blocks' open variables).
#pragma once
#include "vm/heap/cell.h"
#include "vm/heap/restored.h"
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace indent {

class Heap;
class SharedSpace;
struct Young;

// No frame is larger: the maker of executable trees refuses bodies that need more (vm/interp).
inline constexpr size_t kFrameWords = 2048;
// The value stack's memory is aligned to its size and begins with its Mutator, so that any frame pointer leads
// to it with one mask.
inline constexpr size_t kStackBytes = size_t(8) << 20;
// Slots that may be used above stack_end without asking: small frames of primitives.
inline constexpr size_t kStackSlack = 64;

// The part of the running machine that fast paths touch. Lives at the base of its value stack. One thread.
struct Mutator {
    Value* stack_limit = nullptr; // stack_end, or nullptr: set so by anybody to ask for a poll; see limit()
    std::byte* nursery_next = nullptr; // bump pointer
    std::byte* nursery_end = nullptr;
    Heap* heap = nullptr;            // that is entered
    Young* young = nullptr;          // the nursery and what belongs to it (vm/heap/young.h)
    Value* stack_base = nullptr;     // first slot
    Value* stack_end = nullptr;      // no frame may pass it without raise_stack; moved by the heap
    Value* stack_true_end = nullptr; // the end of the stack's memory

    // stack_limit is the one member that other threads write: all its readers and writers are atomic.
    Value* limit() const { return __atomic_load_n(&stack_limit, __ATOMIC_RELAXED); }
    // The owner moved stack_end from `old_end`; a poll that somebody asks for at this moment stays asked for.
    void limit_moved(Value* old_end) {
        std::atomic_ref<Value*>(stack_limit).compare_exchange_strong(old_end, stack_end);
    }

    static Mutator& of(const Value* frame) {
        return *reinterpret_cast<Mutator*>(reinterpret_cast<uintptr_t>(frame) & ~uintptr_t(kStackBytes - 1));
    }
};

// Visits a slot that holds a Value and may change it when the cell moved.
class RootVisitor {
  public:
    virtual ~RootVisitor() = default;
    virtual void visit(Value& slot) = 0;
};
class RootProvider {
  public:
    virtual ~RootProvider() = default;
    virtual void visit_roots(RootVisitor& visitor) = 0;
};

// Identity of an old cell within its heap: stable for its whole life, given when it leaves the nursery.
using CellOffset = uint64_t;

struct HeapOptions {
    size_t first_nursery_bytes = size_t(256) << 10; // it grows when much of it survives,
    size_t nursery_bytes = size_t(1) << 20;         // up to this
    size_t growth_bytes = size_t(512) << 10;        // a full collection is due no sooner than after so much
    size_t limit_bytes = size_t(4) << 30; // old space and large cells; past it OutOfMemory is reported
    bool collect_always = false;          // for tests: collect the nursery at every allocation that may
};

// What a stretch changed, for the checkpoint, the journal and time travel.
struct Change {
    enum Kind { Made, Changed } kind;
    Cell* cell; // old (Made: left the nursery, or was made large, in this stretch)
    CellOffset offset;
    size_t first_word;             // of the part that was logged (0 but for cards of large cells)
    std::span<const Value> before; // Changed: the words from before the stretch; empty for Made
};

struct HeapStatistics {
    size_t old_bytes = 0;      // live or not yet swept, with headers
    size_t reserved_bytes = 0; // memory taken from the system for this heap
    uint64_t nursery_collections = 0;
    uint64_t full_collections = 0;
    uint64_t promoted_bytes = 0;
    uint64_t log_entries = 0;
};

// Thrown by allocation where limit_bytes would be passed even after a full collection. vm/interp turns it into
// an Indent error; the heap is whole and the stretch can be rolled back or go on.
struct OutOfMemory {
    size_t wanted;
};

class Heap {
  public:
    Heap(SharedSpace& shared, const HeapOptions& options);
    ~Heap();
    Heap(Heap&& other) noexcept; // one that nobody has entered; the other may only go
    Heap(const Heap&) = delete;
    Heap& operator=(const Heap&) = delete;

    // ---- coming and going: a heap that nobody has entered has no nursery, no stack and no other roots, and all that
    //      stands below may be called only where said.

    // The mutator, which is in no heap and has its Young, makes its cells here until leave.
    void enter(Mutator& mutator);
    // Whatever is reachable from the stack below `top` is old afterwards. A stretch that is under way goes on where the
    // heap is entered again, by whichever mutator has the stack's values then.
    void leave(Value* top);

    // ---- allocation

    // A cell of `words` words (less than Cell::kWide), its words unset: the caller fills all of them before the
    // next allocation. `top`: the frame that runs (see Roots). May collect, so every cell address held outside
    // a root is void afterwards. Throws OutOfMemory.
    static Cell* allocate(Mutator& mutator, ShapeId shape, uint16_t words, Value* top) {
        std::byte* at = mutator.nursery_next;
        size_t bytes = sizeof(Cell) + 8 * size_t(words);
        if (size_t(mutator.nursery_end - at) < bytes) [[unlikely]]
            return mutator.heap->allocate_slowly(shape, Format::Slots, words, top);
        mutator.nursery_next = at + bytes;
        Cell* cell = reinterpret_cast<Cell*>(at);
        *cell = Cell{shape, Cell::kFree, 0, words};
        return cell;
    }
    // A cell whose word 0 is the integer `words - 1` and whose others are absent (Slots) or zero (Bytes); any
    // size. For arrays, texts, big integers.
    Cell* allocate_array(ShapeId shape, Format format, size_t words, Value* top);

    // Room in the nursery for cells that the caller writes one behind the other, all of `bytes`, before the next
    // allocation; nullptr where they are too many for it. Throws OutOfMemory.
    std::byte* allocate_run(size_t bytes, Value* top);
    // A cell with the shape, format, size and frozenness of `like` that begins old, at its place for life; its words are
    // the caller's to write before the next collection. Throws OutOfMemory.
    Cell* allocate_old(const Cell& like, Value* top);

    // Makes room for a frame that ends at `needed` by raising stack_end (and stack_limit, unless a poll is asked
    // for). False where the stack's memory ends: a stack overflow.
    [[nodiscard]] static bool raise_stack(Mutator& mutator, Value* needed);

    // ---- the write barrier

    // To be called before words of `cell` change, where cell->barrier is not 0; `word`: the index of the word
    // that will change (large cells are logged in cards). False if the cell is frozen: do not change it.
    [[nodiscard]] bool before_store(Cell* cell, size_t word);
    // Before words [first, first + count) change.
    [[nodiscard]] bool before_stores(Cell* cell, size_t first, size_t count);

    // The whole of it: false if the cell is frozen.
    [[nodiscard]] static bool store(Mutator& mutator, Cell* cell, size_t word, Value value) {
        if (cell->barrier != 0 && !mutator.heap->before_store(cell, word)) [[unlikely]]
            return false;
        cell->words()[word] = value;
        return true;
    }

    // Makes a cell that is not shared frozen; undone with its stretch. (Whoever has just allocated a cell may set
    // kFrozen and kNever itself.)
    void freeze(Cell* cell);

    // ---- stretches

    // Ends the stretch for good: survivors of the nursery become old, the log is emptied, cells are armed again.
    // `top`: end of the live part of the value stack (stack_base when nothing runs).
    void commit(Value* top);
    // Ends the stretch as if it had not been: old cells get their words back from the log, everything made in
    // it is gone (roots must not point to it any more: the value stack is cleared, providers clear theirs first).
    void rollback();
    // What the stretch has changed so far; no frame stands at `top`. Collects the nursery first: all survivors are old.
    void for_each_change(Value* top, const std::function<void(const Change&)>& visit);
    // The same as the last thing of the stretch: until commit nothing is made or stored to, and it is not rolled back.
    void for_each_change_to_commit(Value* top, const std::function<void(const Change&)>& visit);

    // ---- collection

    void collect_nursery(Value* top);
    void collect_fully(Value* top);

    // ---- coming back from an image

    PageFacts page_of(const Cell* old_cell) const;
    // Into a heap that has never had a cell: a page as it was, with these cells in the order of their offsets and free memory
    // between them. Their words are zero but for the first of wide ones, and the caller's to write before anything else. When
    // all are there they are held, and then the heap is a heap (end_restore). False: no heap can have had such a page, or
    // the system has no memory; the heap is to be thrown away.
    [[nodiscard]] bool restore_page(const PageFacts& page, std::span<const RestoredCell> cells);
    // Another thread may have memory made ready for the next of these meanwhile (PagePool::prepare).
    void prepare_pages(const std::function<bool()>& poll);
    // The cell that begins there: an old one, or one that was restored.
    Cell* restored_at(CellOffset offset);
    // Holds what these cells point to in the shared space. `poll`, if there is one, is called each time that a little more
    // has been done; where it answers false, this does, and the heap is to be thrown away.
    [[nodiscard]] bool hold_restored(std::span<Cell* const> cells, const std::function<bool()>& poll);
    // The same of all cells with Cell::kMarked, which lose the mark; the others become empty ones of the shape `unmarked`.
    [[nodiscard]] bool hold_marked(ShapeId unmarked, const std::function<bool()>& poll);
    // The next identity hash is the one after `last_hash`.
    void end_restore(uint64_t last_hash);
    void restore_hash(Cell* cell, uint64_t hash);
    // Identity hashes that this stretch has given, and the last of all.
    void for_each_new_hash(const std::function<void(Cell*, uint64_t)>& visit) const;
    // All of old cells.
    void for_each_hash(const std::function<void(Cell*, uint64_t)>& visit) const;
    uint64_t last_hash() const;

    // Every cell of the old space, dead ones too that no full collection has found yet. It may store to them, not allocate.
    void for_each_cell(const std::function<void(Cell*)>& visit);

    // Puts a value into a word whatever the cell's barrier says, frozen cells too: for replacing an object by what it has
    // become. Undone with its stretch. Both cells are old.
    void rewrite(Cell* cell, size_t word, Value value);
    // The identity hash of the one, if it has one, is the other's from now on.
    void move_identity(Cell* from, Cell* to);

    void add_roots(RootProvider& provider); // kept until removed; not owned
    void remove_roots(RootProvider& provider);

    // ---- identity

    CellOffset offset_of(const Cell* old_cell) const; // cell must be old and of this heap
    Cell* at_offset(CellOffset offset) const;         // the inverse; nullptr where nothing lives
    bool owns(const Cell* cell) const;
    // A number that stays with the cell wherever it is: from a counter of this heap, so that a re-run gives the
    // same numbers. Rolled back with its stretch.
    uint64_t identity_hash(Cell* cell);

    // ---- frozen values
    // The shared cells that this heap was found to hold at its last commit or full collection; each counts once.
    bool holds(const Cell* shared) const;
    // Takes over one count that the caller has and lets it go when the stretch ends: for values that came from
    // elsewhere (a message, an atom) and that only the stack may point to. Immediates: nothing.
    void hold_for_stretch(Value shared);

    SharedSpace& shared();
    HeapStatistics statistics() const;
    size_t used_bytes() const; // of the old space
    void set_limit(size_t bytes);

  private:
    Cell* allocate_slowly(ShapeId shape, Format format, size_t words, Value* top);
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace indent
