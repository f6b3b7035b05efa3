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

} // namespace

PageFacts OldSpace::facts_of(const Cell* cell) const {
    const Page* page = Page::of(cell);
    assert(page->owner == this);
    return {page->number, uint8_t(page->kind), page->size,
            page->kind == Page::kLarge ? uint64_t(cell->word_count()) : 0};
}

bool OldSpace::restore(std::span<const PageFacts> pages, const CellsOfPage& cells_of, uint64_t most_bytes) {
    assert(pages_.empty());
    for (const PageFacts& facts : pages) {
        if (facts.number >= kMostPages) return false;
        if (facts.number >= pages_.size()) pages_.resize(facts.number + 1);
        if (pages_[facts.number]) return false;
        Page* page = nullptr;
        if (facts.kind == Page::kLarge) {
            if (facts.words <= kMaxPageWords || facts.words > kMostWords) return false;
            auto memory = os::map_aligned(sizeof(LargePage) + sizeof(Cell) + 8 * facts.words, kPageBytes);
            if (!memory) return false;
            auto* large = new (memory->begin()) LargePage;
            large->card_count = (facts.words + kCardWords - 1) / kCardWords;
            large->cards = std::make_unique<uint8_t[]>(large->card_count);
            large->memory = std::move(memory).value();
            reserved_ += large->memory.bytes();
            page = large;
        } else if (facts.kind == Page::kSmall && facts.size < kSmallPageSizes) {
            void* memory = pool_.take_small(facts.size);
            if (!memory) return false;
            page = new (memory) Page(Page::kSmall, facts.size);
            reserved_ += page->bytes();
        } else if (facts.kind == Page::kWhole) {
            void* memory = pool_.take();
            if (!memory) return false;
            page = new (memory) Page(Page::kWhole);
            reserved_ += page->bytes();
        } else {
            return false;
        }
        page->owner = this;
        page->number = facts.number;
        pages_[facts.number] = page;
    }
    std::vector<PageFacts> facts_by_number(pages.begin(), pages.end());
    std::sort(facts_by_number.begin(), facts_by_number.end(),
              [](const PageFacts& a, const PageFacts& b) { return a.number < b.number; });
    for (size_t number = pages_.size(); number-- > 0;)
        if (!pages_[number]) free_numbers_.push_back(uint32_t(number));

    std::vector<RestoredCell> cells;
    for (const PageFacts& facts : facts_by_number) {
        Page* page = pages_[facts.number];
        cells.clear();
        if (!cells_of(facts, cells)) return false;
        auto next = cells.begin();
        uint64_t bytes = 0;
        for (const RestoredCell& cell : cells)
            if (cell.words > kMostWords || (bytes += sizeof(Cell) + 8 * cell.words) + used_ > most_bytes)
                return false;
        const uint64_t first = uint64_t(page->number) * kPageBytes;
        auto* base = reinterpret_cast<std::byte*>(page);
        auto put = [&](const RestoredCell& it) {
            auto* cell = reinterpret_cast<Cell*>(base + (it.offset - first));
            const uint8_t bits =
                uint8_t(Cell::kOld | (it.bytes ? Cell::kBytes : 0) | (it.frozen ? Cell::kFrozen : 0));
            *cell = Cell{it.shape, it.frozen ? Cell::kNever : Cell::kArmed, bits,
                         it.wide ? Cell::kWide : uint16_t(it.words)};
            if (page->kind != Page::kLarge) std::memset(static_cast<void*>(cell->words()), 0, 8 * it.words);
            if (it.wide) (*cell)[0] = Value::integer(int64_t(it.words) - 1);
            used_ += sizeof(Cell) + 8 * it.words;
        };
        auto fits = [](const RestoredCell& it) {
            return it.wide ? it.words >= 1 && it.words <= kMostWords : it.words < Cell::kWide;
        };
        if (page->kind == Page::kLarge) {
            auto* large = static_cast<LargePage*>(page);
            const uint64_t place = uint64_t(reinterpret_cast<std::byte*>(large->cell()) - base);
            const size_t room = (large->memory.bytes() - place) / 8 - 1;
            if (next == cells.end() || next->offset != first + place || !fits(*next) ||
                next->words <= kMaxPageWords || next->words > room ||
                (next->words + kCardWords - 1) / kCardWords != large->card_count)
                return false;
            put(*next);
            if (!next->frozen) large->cell()->barrier = Cell::kCards;
            if (++next != cells.end()) return false;
            continue;
        }
        std::byte* free_from = page->begin();
        for (; next != cells.end() && next->offset < first + kPageBytes; ++next) {
            const uint64_t within = next->offset - first;
            if (next->offset < first || within % 8 != 0 || within < uint64_t(free_from - base) ||
                !fits(*next) || next->words > kMaxPageWords ||
                within + sizeof(Cell) + 8 * next->words > page->bytes())
                return false;
            if (base + within > free_from) free_block(free_from, base + within);
            put(*next);
            free_from = base + within + sizeof(Cell) + 8 * next->words;
        }
        if (free_from < page->end()) free_block(free_from, page->end());
        if (next != cells.end()) return false;
    }
    return true;
}

PageFacts Heap::page_of(const Cell* cell) const {
    return state_->old.facts_of(cell);
}

bool Heap::restore(std::span<const PageFacts> pages, const CellsOfPage& cells) {
    State& s = *state_;
    if (!s.old.restore(pages, cells, s.limit_bytes)) return false;
    s.collect_fully_at =
        std::min(s.limit_bytes, std::max(s.collect_fully_at, 2 * s.old.used_bytes() + s.growth_bytes));
    return true;
}

Cell* Heap::restored_at(CellOffset offset) {
    return state_->old.place_at(offset);
}

bool Heap::settle_restored(uint64_t last_hash, ShapeId unmarked, const std::function<bool()>& poll) {
    constexpr size_t kAtOnce = 8192; // words
    State& s = *state_;
    size_t since = 0;
    bool stopped = false;
    auto done = [&](size_t words) {
        since += 1 + words;
        if (since < kAtOnce) return;
        since = 0;
        stopped = stopped || (poll && !poll());
    };
    s.old.for_each_cell([&](Cell* cell) {
        const size_t n = cell->word_count();
        if (!(cell->bits & Cell::kMarked)) {
            if (unmarked) {
                cell->shape = unmarked;
                const size_t first = cell->size == Cell::kWide ? 1 : 0;
                if (!(cell->bits & Cell::kBytes))
                    std::fill(cell->words() + first, cell->words() + n, Value());
            }
            return done(0);
        }
        cell->bits &= uint8_t(~Cell::kMarked);
        for (size_t from = 0; from < n && !stopped; from += kAtOnce) {
            const size_t count = std::min(n - from, kAtOnce);
            s.hold_what_is_found(cell, from, count);
            done(count);
        }
    });
    s.last_hash = s.last_hash_at_commit = last_hash;
    return !stopped;
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
