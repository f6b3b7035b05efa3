// The write barrier: what happens before an old cell changes. It is asked by stores that find the cell's barrier
// byte set, which for cells of a page is so once in a stretch and once after each collection of the nursery; large
// cells ask each time and look at the byte of a card.
#include "vm/heap/state.h"
#include <algorithm>
#include <cassert>

namespace indent {

void Heap::State::save(Cell* cell, size_t first, size_t count) {
    log.add(cell, first, count);
    cell->bits |= Cell::kLogged;
}

bool Heap::before_store(Cell* cell, size_t word) {
    State& s = *state_;
    if (cell->barrier == Cell::kArmed) [[likely]] {
        if (!(cell->bits & (Cell::kNew | Cell::kLogged))) s.save(cell, 0, cell->word_count());
        s.remembered.push_back(cell);
        cell->barrier = Cell::kFree;
        return true;
    }
    if (cell->barrier == Cell::kCards) return s.before_store_to_card(cell, word);
    return cell->barrier == Cell::kFree;
}

bool Heap::State::before_store_to_card(Cell* cell, size_t word) {
    Page* page = Page::of(cell);
    size_t card = word / kCardWords;
    uint8_t state = page->cards[card];
    if (state == (Page::kScan | Page::kSaved)) [[likely]]
        return true;
    if (!(state & Page::kSaved) && !(cell->bits & Cell::kNew)) {
        size_t first = card * kCardWords;
        save(cell, first, std::min(kCardWords, cell->word_count() - first));
    }
    if (!page->to_scan) {
        page->to_scan = true;
        remembered.push_back(cell);
    }
    page->cards[card] = Page::kScan | Page::kSaved;
    return true;
}

bool Heap::before_stores(Cell* cell, size_t first, size_t count) {
    assert(first + count <= cell->word_count());
    if (cell->barrier != Cell::kCards) return cell->barrier == Cell::kFree || before_store(cell, first);
    if (count == 0) return true;
    for (size_t card = first / kCardWords; card <= (first + count - 1) / kCardWords; ++card)
        state_->before_store_to_card(cell, card * kCardWords);
    return true;
}

void Heap::freeze(Cell* cell) {
    assert(!cell->is_shared());
    if (cell->is_frozen()) return;
    // The log keeps the header too.
    if (cell->barrier != Cell::kFree && !before_store(cell, 0)) return;
    cell->bits |= Cell::kFrozen;
    cell->barrier = Cell::kNever;
}

} // namespace indent
