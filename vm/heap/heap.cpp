// A heap's allocation, its limits, and what can be asked of it. Stretches: stretch.cpp. Stores: barrier.cpp.
#include "vm/heap/heap.h"
#include "vm/heap/state.h"
#include <atomic>
#include <cassert>
#include <cstring>

namespace indent {

Heap::State::State(SharedSpace& shared, Mutator& mutator, HeapOptions options)
    : shared(shared), mutator(mutator), limit_bytes(options.limit_bytes),
      collect_always(options.collect_always), nursery(options.nursery_bytes),
      nursery_in_use(std::min(options.first_nursery_bytes, nursery.bytes())), nursery_from(nursery.begin()),
      old(shared.pages()), collect_fully_at(std::min(kGrowthBytes, options.limit_bytes)),
      shared_bytes_limit(2 * shared.bytes() + kGrowthBytes) {
    if (!nursery) throw OutOfMemory{options.nursery_bytes};
}

Heap::State::~State() {
    release_held_for_stretch();
    held.for_each([&](const PointerTable::Entry& entry) {
        shared.release(Value::cell(static_cast<const Cell*>(entry.key)));
    });
}

Heap::Heap(SharedSpace& shared, Mutator& mutator, HeapOptions options)
    : state_(std::make_unique<State>(shared, mutator, options)) {
    assert(mutator.stack_base && mutator.stack_true_end && !mutator.heap);
    mutator.heap = this;
    mutator.stack_end = mutator.stack_limit = mutator.stack_base;
    for (size_t i = 0; i < kStackSlack; ++i) mutator.stack_base[i] = Value();
    mutator.nursery_next = mutator.nursery_end = state_->nursery.begin();
    state_->take_nursery_back();
}

Heap::~Heap() {
    Mutator& mutator = state_->mutator;
    mutator.heap = nullptr;
    mutator.nursery_next = mutator.nursery_end = nullptr;
}

// ---- the value stack

bool Heap::raise_stack(Mutator& mutator, Value* needed) {
    if (needed <= mutator.stack_end) return true;
    Value* last = mutator.stack_true_end - kStackSlack;
    if (needed > last) return false;
    // Each time by as much as a quarter of what is in use, so that deep recursion seldom comes here.
    Value* old_end = mutator.stack_end;
    size_t step = 256 + size_t(old_end - mutator.stack_base) / 4;
    Value* new_end = size_t(last - old_end) > step ? old_end + step : last;
    if (new_end < needed) new_end = needed;
    std::memset(static_cast<void*>(old_end + kStackSlack), 0, size_t(new_end - old_end) * sizeof(Value));
    mutator.stack_end = new_end;
    mutator.limit_moved(old_end);
    return true;
}

// ---- allocation

// Collecting always, the nursery is full at all times, and goes on behind the cells that it has lost before it begins
// again at its front: addresses kept by mistake lead to memory that nobody may touch for as long as possible.
void Heap::State::take_nursery_back() {
    std::byte* used_to = mutator.nursery_next;
    if (collect_always) {
        if (nursery_from < used_to) {
            allow(nursery_from, size_t(used_to - nursery_from));
            spoil(nursery_from, size_t(used_to - nursery_from));
        }
        forbid(nursery.begin(), nursery.bytes());
        nursery_from = mutator.nursery_next = mutator.nursery_end = used_to;
        return;
    }
    if (INDENT_ASAN && nursery_from < used_to) spoil(nursery_from, size_t(used_to - nursery_from));
    allow(nursery.begin(), nursery.bytes());
    nursery_from = mutator.nursery_next = nursery.begin();
    mutator.nursery_end = nursery.begin() + nursery_in_use;
}

// What survives is copied, and most of it dies soon after: a nursery that is larger gives it time to die before. Where
// little survives, a small one stays in the processor's cache.
void Heap::State::grow_nursery(size_t survived) {
    if (survived < nursery_in_use / 8 || nursery_in_use >= nursery.bytes()) return;
    nursery_in_use = std::min(2 * nursery_in_use, nursery.bytes());
    if (!collect_always) mutator.nursery_end = nursery.begin() + nursery_in_use;
}

Cell* Heap::State::allocate_in_nursery(size_t bytes, Value* top) {
    if (bytes > largest_in_nursery()) return nullptr;
    if (collect_always || size_t(mutator.nursery_end - mutator.nursery_next) < bytes) {
        // A program that catches the error and goes on keeping things gets a little more each time, not any amount.
        if (old.used_bytes() > limit_bytes + kOverLimit) throw OutOfMemory{bytes};
        Value* scan_end = scan_end_of(top);
        const size_t promoted_before = counts.promoted_bytes;
        collect_nursery(scan_end);
        grow_nursery(counts.promoted_bytes - promoted_before);
        collect_fully_if_due(scan_end);
        if (old.used_bytes() > limit_bytes) throw OutOfMemory{bytes};
    }
    if (collect_always) {
        if (size_t(nursery.end() - mutator.nursery_next) < bytes)
            nursery_from = mutator.nursery_next = nursery.begin();
        mutator.nursery_end = mutator.nursery_next + bytes;
        allow(mutator.nursery_next, bytes);
    }
    auto* cell = reinterpret_cast<Cell*>(mutator.nursery_next);
    mutator.nursery_next += bytes;
    return cell;
}

void Heap::State::make_room(size_t bytes, Value* top) {
    if (bytes > limit_bytes) throw OutOfMemory{bytes};
    if (collect_always) collect_nursery(scan_end_of(top));
    if (old.used_bytes() + bytes <= collect_fully_at) return;
    collect_fully(scan_end_of(top));
    if (old.used_bytes() + bytes > limit_bytes) throw OutOfMemory{bytes};
}

// It is filled without the barrier, with cells of the nursery perhaps, and so it stays disarmed until the next
// collection, which scans what has been allocated since the last.
Cell* Heap::State::allocate_born_old(size_t words, Value* top) {
    size_t bytes = sizeof(Cell) + 8 * words;
    make_room(bytes, top);
    Cell* cell = nullptr;
    if (words > kMaxPageWords) {
        cell = old.allocate_large(words);
    } else {
        cell = old.allocate(words);
        if (cell) std::memset(static_cast<void*>(cell->words()), 0, 8 * words);
    }
    if (!cell) throw OutOfMemory{bytes};
    *cell = Cell{0, Cell::kFree, Cell::kOld | Cell::kNew, 0};
    return cell;
}

Cell* Heap::allocate_slowly(ShapeId shape, Format format, size_t words, Value* top) {
    assert(words < Cell::kWide);
    Cell* cell = state_->allocate_in_nursery(sizeof(Cell) + 8 * words, top);
    if (cell)
        *cell = Cell{shape, Cell::kFree, 0, uint16_t(words)};
    else
        cell = state_->allocate_born_old(words, top);
    cell->shape = shape;
    cell->size = uint16_t(words);
    if (format == Format::Bytes) cell->bits |= Cell::kBytes;
    return cell;
}

Cell* Heap::allocate_array(ShapeId shape, Format format, size_t words, Value* top) {
    assert(words >= 1);
    if (words > (size_t(1) << 46)) throw OutOfMemory{words};
    size_t bytes = sizeof(Cell) + 8 * words;
    Mutator& mutator = state_->mutator;
    Cell* cell;
    if (size_t(mutator.nursery_end - mutator.nursery_next) >= bytes &&
        bytes <= state_->largest_in_nursery()) {
        cell = reinterpret_cast<Cell*>(mutator.nursery_next);
        mutator.nursery_next += bytes;
    } else {
        cell = state_->allocate_in_nursery(bytes, top);
    }
    if (cell) {
        *cell = Cell{0, Cell::kFree, 0, 0};
        std::memset(static_cast<void*>(cell->words()), 0, 8 * words);
    } else {
        cell = state_->allocate_born_old(words, top);
    }
    cell->shape = shape;
    cell->size = Cell::kWide;
    if (format == Format::Bytes) cell->bits |= Cell::kBytes;
    (*cell)[0] = Value::integer(int64_t(words - 1));
    return cell;
}

// ---- collection

void Heap::collect_nursery(Value* top) {
    state_->collect_nursery(state_->scan_end_of(top));
}
void Heap::collect_fully(Value* top) {
    state_->collect_fully(state_->scan_end_of(top));
}

void Heap::add_roots(RootProvider& provider) {
    state_->providers.push_back(&provider);
}
void Heap::remove_roots(RootProvider& provider) {
    std::erase(state_->providers, &provider);
}

// ---- identity

CellOffset Heap::offset_of(const Cell* old_cell) const {
    return state_->old.offset_of(old_cell);
}
Cell* Heap::at_offset(CellOffset offset) const {
    return state_->old.at_offset(offset);
}

bool Heap::owns(const Cell* cell) const {
    if (cell->is_shared()) return false;
    if (cell->is_old()) return state_->old.owns(cell);
    auto* at = reinterpret_cast<const std::byte*>(cell);
    return at >= state_->nursery.begin() && at < state_->nursery.end();
}

uint64_t Heap::identity_hash(Cell* cell) {
    State& s = *state_;
    PointerTable& table = cell->is_shared() ? s.shared_hashes
                          : cell->is_old()  ? s.old_hashes
                                            : s.nursery_hashes;
    if (const uint64_t* known = table.find(cell)) return *known;
    table.add(cell, ++s.last_hash);
    if (&table != &s.nursery_hashes) s.hashed.push_back(cell);
    return s.last_hash;
}

// ---- the rest

bool Heap::holds(const Cell* cell) const {
    return state_->held.contains(cell);
}
SharedSpace& Heap::shared() {
    return state_->shared;
}

HeapStatistics Heap::statistics() const {
    HeapStatistics result = state_->counts;
    result.old_bytes = state_->old.used_bytes();
    result.reserved_bytes = state_->old.reserved_bytes() + state_->nursery.bytes();
    result.log_entries = state_->log.entries();
    return result;
}

void Heap::set_limit(size_t bytes) {
    state_->limit_bytes = bytes;
    if (state_->collect_fully_at > bytes) state_->collect_fully_at = bytes;
}

void Heap::set_collect_always(bool on) {
    State& s = *state_;
    if (s.collect_always == on) return;
    s.collect_always = on;
    if (on) {
        forbid(s.mutator.nursery_next, size_t(s.nursery.end() - s.mutator.nursery_next));
        s.mutator.nursery_end =
            s.mutator.nursery_next; // what is there now is collected by the next allocation
    } else {
        // It may have gone on behind the part that is in use.
        allow(s.mutator.nursery_next, size_t(s.nursery.end() - s.mutator.nursery_next));
        if (s.mutator.nursery_next > s.nursery.begin() + s.nursery_in_use) s.nursery_in_use = s.nursery.bytes();
        s.mutator.nursery_end = s.nursery.begin() + s.nursery_in_use;
    }
}

} // namespace indent
