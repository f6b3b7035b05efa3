// A heap's allocation, its limits, and what can be asked of it. Stretches: stretch.cpp. Stores: barrier.cpp.
#include "vm/heap/heap.h"
#include "vm/heap/state.h"
#include <atomic>
#include <cassert>
#include <cstring>

namespace indent {

Heap::State::State(SharedSpace& shared, const HeapOptions& options)
    : shared(shared), limit_bytes(options.limit_bytes), growth_bytes(options.growth_bytes),
      old(shared.pages()), collect_fully_at(std::min(options.growth_bytes, options.limit_bytes)),
      shared_bytes_limit(2 * shared.bytes() + kSharedGrowthBytes) {}

Heap::State::~State() {
    if (stretch) release_held_for_stretch();
    held.for_each([&](const PointerTable::Entry& entry) {
        shared.release(Value::cell(static_cast<const Cell*>(entry.key)));
    });
}

Heap::Heap(SharedSpace& shared, const HeapOptions& options)
    : state_(std::make_unique<State>(shared, options)) {}

Heap::Heap(Heap&& other) noexcept : state_(std::move(other.state_)) {
    assert(!state_->mutator);
}

Heap::~Heap() {
    if (!state_ || !state_->mutator) return;
    // Whatever is in the nursery ends with it.
    state_->young->remembered.clear();
    state_->young->remembered_cards.clear();
    state_->young->hashes.clear();
    state_->young->take_back();
    state_->mutator->heap = nullptr;
}

// ---- coming and going

void Heap::enter(Mutator& mutator) {
    State& s = *state_;
    assert(!s.mutator && !mutator.heap && mutator.young && mutator.young->empty());
    s.mutator = &mutator;
    s.young = mutator.young;
    mutator.heap = this;
    if (!s.stretch) {
        s.stretch = std::move(s.young->spare);
        if (!s.stretch) s.stretch = std::make_unique<StretchMemory>();
    }
}

void Heap::leave(Value* top) {
    State& s = *state_;
    if (!s.young->empty() || !s.young->remembered.empty() || !s.young->remembered_cards.empty())
        s.collect_nursery(s.scan_end_of(top));
    StretchMemory& stretch = *s.stretch;
    if (stretch.log.empty() && stretch.hashed.empty() && stretch.held.empty() && !s.old.has_made()) {
        s.collected_in_stretch = false;
        s.young->spare = std::move(s.stretch);
        s.old.rest();
    }
    s.mutator->heap = nullptr;
    s.mutator = nullptr;
    s.young = nullptr;
}

// ---- the value stack

bool Heap::raise_stack(Mutator& mutator, Value* needed) {
    if (needed <= mutator.stack_end) return true;
    Value* last = mutator.stack_true_end - kStackSlack;
    if (needed > last) return false;
    // Each time by as much as a quarter of what is in use, so that deep recursion seldom comes here; little at first,
    // which is what most turns of actors need.
    Value* old_end = mutator.stack_end;
    size_t step = 64 + size_t(old_end - mutator.stack_base) / 4;
    Value* new_end = size_t(last - old_end) > step ? old_end + step : last;
    if (new_end < needed) new_end = needed;
    std::memset(static_cast<void*>(old_end + kStackSlack), 0, size_t(new_end - old_end) * sizeof(Value));
    mutator.stack_end = new_end;
    mutator.limit_moved(old_end);
    return true;
}

// ---- allocation

Cell* Heap::State::allocate_in_nursery(size_t bytes, Value* top) {
    if (bytes > young->largest()) return nullptr;
    if (young->collect_always || size_t(mutator->nursery_end - mutator->nursery_next) < bytes) {
        // A program that catches the error and goes on keeping things gets a little more each time, not any amount.
        if (old.used_bytes() > limit_bytes + kOverLimit) throw OutOfMemory{bytes};
        Value* scan_end = scan_end_of(top);
        const size_t promoted_before = counts.promoted_bytes;
        collect_nursery(scan_end);
        young->grow(counts.promoted_bytes - promoted_before);
        collect_fully_if_due(scan_end);
        if (old.used_bytes() > limit_bytes) throw OutOfMemory{bytes};
    }
    if (young->collect_always) {
        if (size_t(young->nursery.end() - mutator->nursery_next) < bytes)
            young->from = mutator->nursery_next = young->nursery.begin();
        mutator->nursery_end = mutator->nursery_next + bytes;
        allow(mutator->nursery_next, bytes);
    }
    auto* cell = reinterpret_cast<Cell*>(mutator->nursery_next);
    mutator->nursery_next += bytes;
    return cell;
}

void Heap::State::make_room(size_t bytes, Value* top) {
    if (bytes > limit_bytes) throw OutOfMemory{bytes};
    if (young->collect_always) collect_nursery(scan_end_of(top));
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
    Mutator& mutator = *state_->mutator;
    Cell* cell;
    if (size_t(mutator.nursery_end - mutator.nursery_next) >= bytes && bytes <= state_->young->largest()) {
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

std::byte* Heap::allocate_run(size_t bytes, Value* top) {
    Mutator& mutator = *state_->mutator;
    if (size_t(mutator.nursery_end - mutator.nursery_next) >= bytes && bytes <= state_->young->largest()) {
        std::byte* at = mutator.nursery_next;
        mutator.nursery_next += bytes;
        return at;
    }
    return reinterpret_cast<std::byte*>(state_->allocate_in_nursery(bytes, top));
}

Cell* Heap::allocate_old(const Cell& like, Value* top) {
    const size_t words = like.word_count();
    // A full collection now would take what has been written so far for garbage: the limit alone is asked.
    State& s = *state_;
    const size_t bytes = sizeof(Cell) + 8 * words;
    if (s.old.used_bytes() + bytes > s.limit_bytes) throw OutOfMemory{bytes};
    Cell* cell = words > kMaxPageWords ? s.old.allocate_large(words) : s.old.allocate(words);
    if (!cell) throw OutOfMemory{bytes};
    if (like.shape == s.young->watched) s.young->met_watched = true;
    *cell = like;
    cell->bits = uint8_t((like.bits & (Cell::kBytes | Cell::kFrozen)) | Cell::kOld | Cell::kNew);
    cell->barrier = like.is_frozen() ? Cell::kNever : Cell::kFree;
    return cell;
}

// ---- collection

void Heap::collect_nursery(Value* top) {
    state_->collect_nursery(state_->scan_end_of(top));
}
void Heap::collect_fully(Value* top) {
    state_->collect_fully(state_->scan_end_of(top));
}

void Heap::for_each_cell(const std::function<void(Cell*)>& visit) {
    state_->old.for_each_cell(visit);
}

void Heap::add_roots(RootProvider& provider) {
    state_->young->providers.push_back(&provider);
}
void Heap::remove_roots(RootProvider& provider) {
    std::erase(state_->young->providers, &provider);
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
    return state_->young && at >= state_->young->nursery.begin() && at < state_->young->nursery.end();
}

uint64_t Heap::identity_hash(Cell* cell) {
    State& s = *state_;
    PointerTable& table = cell->is_shared() ? s.shared_hashes
                          : cell->is_old()  ? s.old_hashes
                                            : s.young->hashes;
    if (const uint64_t* known = table.find(cell)) return *known;
    table.add(cell, ++s.last_hash);
    if (&table != &s.young->hashes) s.stretch->hashed.push_back(cell);
    return s.last_hash;
}

// ---- the rest

bool Heap::holds(const Cell* cell) const {
    return state_->held.contains(cell);
}
SharedSpace& Heap::shared() {
    return state_->shared;
}

size_t Heap::used_bytes() const {
    return state_->old.used_bytes();
}
HeapStatistics Heap::statistics() const {
    const State::Counts& counts = state_->counts;
    HeapStatistics result;
    result.nursery_collections = counts.nursery_collections;
    result.full_collections = counts.full_collections;
    result.promoted_bytes = counts.promoted_bytes;
    result.old_bytes = state_->old.used_bytes();
    result.reserved_bytes = state_->old.reserved_bytes();
    result.log_entries = state_->stretch ? state_->stretch->log.entries() : 0;
    return result;
}

void Heap::set_limit(size_t bytes) {
    state_->limit_bytes = bytes;
    if (state_->collect_fully_at > bytes) state_->collect_fully_at = bytes;
}

} // namespace indent
