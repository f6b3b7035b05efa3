// A heap as it was: pages with their numbers, cells at their places, free memory where nothing was. Only what a heap can
// have been is taken, as it may come from a damaged or hostile file.
#include "vm/heap/state.h"
#include <algorithm>
#include <cstring>

namespace indent {

namespace {

// Far more than anybody has memory for, and small enough to count with.
constexpr uint64_t kMostWords = uint64_t(1) << 40;
constexpr size_t kMostPages = size_t(1) << 22;
// Of a heap that has come so far: what comes of it does so in large pieces of memory.
constexpr size_t kMuch = size_t(8) << 20; // bytes

} // namespace

PageFacts OldSpace::facts_of(const Cell* cell) const {
    const Page* page = Page::of(cell);
    assert(page->owner == this);
    return {page->number, uint8_t(page->kind), page->size,
            page->kind == Page::kLarge ? uint64_t(cell->word_count()) : 0};
}

// Null: there is no such page, or no memory.
Page* OldSpace::take_page_again(const PageFacts& facts) {
    if (facts.kind == Page::kLarge) {
        if (facts.words <= kMaxPageWords || facts.words > kMostWords) return nullptr;
        auto memory = os::map_aligned(sizeof(LargePage) + sizeof(Cell) + 8 * facts.words, kPageBytes);
        if (!memory) return nullptr;
        auto* large = new (memory->begin()) LargePage;
        large->card_count = (facts.words + kCardWords - 1) / kCardWords;
        large->cards = std::make_unique<uint8_t[]>(large->card_count);
        large->memory = std::move(memory).value();
        large->memory.will_be_written();
        reserved_ += large->memory.bytes();
        return large;
    }
    const bool is_small = facts.kind == Page::kSmall;
    if (is_small ? facts.size >= kSmallPageSizes : facts.kind != Page::kWhole) return nullptr;
    void* memory = is_small ? pool_.take_small(facts.size) : pool_.take(reserved_ > kMuch);
    if (!memory) return nullptr;
    Page* page = is_small ? new (memory) Page(Page::kSmall, facts.size) : new (memory) Page(Page::kWhole);
    reserved_ += page->bytes();
    return page;
}

void OldSpace::put_again(std::byte* at, const RestoredCell& it) {
    auto* cell = reinterpret_cast<Cell*>(at);
    const uint8_t bits =
        uint8_t(Cell::kOld | (it.bytes ? Cell::kBytes : 0) | (it.frozen ? Cell::kFrozen : 0));
    *cell = Cell{it.shape, it.frozen ? Cell::kNever : Cell::kArmed, bits,
                 it.wide ? Cell::kWide : uint16_t(it.words)};
    if (it.words <= kMaxPageWords) std::memset(static_cast<void*>(cell->words()), 0, 8 * it.words);
    if (it.wide) (*cell)[0] = Value::integer(int64_t(it.words) - 1);
    used_ += sizeof(Cell) + 8 * it.words;
}

bool OldSpace::restore_page(const PageFacts& facts, std::span<const RestoredCell> cells,
                            uint64_t most_bytes) {
    if (facts.number >= kMostPages) return false;
    if (facts.number >= pages_.size()) pages_.resize(facts.number + 1);
    if (pages_[facts.number]) return false;
    uint64_t bytes = 0;
    for (const RestoredCell& it : cells) {
        const bool fits = it.wide ? it.words >= 1 && it.words <= kMostWords : it.words < Cell::kWide;
        if (!fits || (bytes += sizeof(Cell) + 8 * it.words) + used_ > most_bytes) return false;
    }
    Page* page = take_page_again(facts);
    if (!page) return false;
    page->owner = this;
    page->number = facts.number;
    pages_[facts.number] = page;
    const uint64_t first = uint64_t(page->number) * kPageBytes;
    auto* const base = reinterpret_cast<std::byte*>(page);
    if (page->kind == Page::kLarge) {
        auto* large = static_cast<LargePage*>(page);
        const uint64_t place = uint64_t(reinterpret_cast<std::byte*>(large->cell()) - base);
        const size_t room = (large->memory.bytes() - place) / 8 - 1;
        if (cells.size() != 1 || cells[0].offset != first + place || cells[0].words <= kMaxPageWords ||
            cells[0].words > room || (cells[0].words + kCardWords - 1) / kCardWords != large->card_count)
            return false;
        put_again(base + place, cells[0]);
        if (!cells[0].frozen) large->cell()->barrier = Cell::kCards;
        return true;
    }
    std::byte* free_from = page->begin();
    for (const RestoredCell& it : cells) {
        const uint64_t within = it.offset - first;
        if (it.offset < first || within % 8 != 0 || within < uint64_t(free_from - base) ||
            it.words > kMaxPageWords || within + sizeof(Cell) + 8 * it.words > page->bytes())
            return false;
        if (base + within > free_from) free_block(free_from, base + within);
        put_again(base + within, it);
        free_from = base + within + sizeof(Cell) + 8 * it.words;
    }
    if (free_from < page->end()) free_block(free_from, page->end());
    return true;
}

void OldSpace::end_restore() {
    for (size_t number = pages_.size(); number-- > 0;)
        if (!pages_[number]) free_numbers_.push_back(uint32_t(number));
}

PageFacts Heap::page_of(const Cell* cell) const {
    return state_->old.facts_of(cell);
}

bool Heap::restore_page(const PageFacts& page, std::span<const RestoredCell> cells) {
    return state_->old.restore_page(page, cells, state_->limit_bytes);
}

void Heap::prepare_pages(const std::function<bool()>& poll) {
    state_->shared.pages().prepare(poll);
}

Cell* Heap::restored_at(CellOffset offset) {
    return state_->old.place_at(offset);
}

namespace {

// Lets others look in, also in a large cell.
class Holding {
  public:
    explicit Holding(const std::function<bool()>& poll) : poll_(poll) {}
    bool stopped() const { return stopped_; }
    void done(size_t words) {
        since_ += 1 + words;
        if (since_ < kAtOnce) return;
        since_ = 0;
        stopped_ = stopped_ || (poll_ && !poll_());
    }
    template <class Hold> // hold(first, count)
    void cell(const Cell& cell, Hold hold) {
        const size_t n = cell.word_count();
        for (size_t from = 0; from < n && !stopped_; from += kAtOnce) {
            const size_t count = std::min(n - from, kAtOnce);
            hold(from, count);
            done(count);
        }
    }

  private:
    static constexpr size_t kAtOnce = 8192; // words
    const std::function<bool()>& poll_;
    size_t since_ = 0;
    bool stopped_ = false;
};

} // namespace

bool Heap::hold_restored(std::span<Cell* const> cells, const std::function<bool()>& poll) {
    Holding holding(poll);
    for (Cell* cell : cells)
        holding.cell(*cell,
                     [&](size_t from, size_t count) { state_->hold_what_is_found(cell, from, count); });
    return !holding.stopped();
}

bool Heap::hold_marked(ShapeId unmarked, const std::function<bool()>& poll) {
    Holding holding(poll);
    state_->old.for_each_cell([&](Cell* cell) {
        if (cell->bits & Cell::kMarked) {
            cell->bits &= uint8_t(~Cell::kMarked);
            holding.cell(*cell,
                         [&](size_t from, size_t count) { state_->hold_what_is_found(cell, from, count); });
            return;
        }
        cell->shape = unmarked;
        const size_t first = cell->size == Cell::kWide ? 1 : 0;
        if (!(cell->bits & Cell::kBytes))
            std::fill(cell->words() + first, cell->words() + cell->word_count(), Value());
        holding.done(0);
    });
    return !holding.stopped();
}

void Heap::end_restore(uint64_t last_hash) {
    State& s = *state_;
    s.old.end_restore();
    s.collect_fully_at =
        std::min(s.limit_bytes, std::max(s.collect_fully_at, 2 * s.old.used_bytes() + s.growth_bytes));
    s.last_hash = s.last_hash_at_commit = last_hash;
}

void Heap::restore_hash(Cell* cell, uint64_t hash) {
    (cell->is_shared() ? state_->shared_hashes : state_->old_hashes).add(cell, hash);
}

void Heap::for_each_new_hash(const std::function<void(Cell*, uint64_t)>& visit) const {
    const State& s = *state_;
    for (Cell* cell : s.stretch->hashed) { // some may be gone meanwhile
        const uint64_t* hash = s.old_hashes.find(cell);
        if (!hash) hash = s.shared_hashes.find(cell);
        if (hash) visit(cell, *hash);
    }
}

void Heap::for_each_hash(const std::function<void(Cell*, uint64_t)>& visit) const {
    for (const PointerTable* table : {&state_->old_hashes, &state_->shared_hashes})
        table->for_each([&](const PointerTable::Entry& entry) {
            visit(static_cast<Cell*>(const_cast<void*>(entry.key)), entry.number);
        });
}

uint64_t Heap::last_hash() const {
    return state_->last_hash;
}

} // namespace indent
