// The write barrier: what happens before an old cell changes. It is asked by stores that find the cell's barrier
// byte set, which for cells of a page is so once in a stretch and once after each collection of the nursery; large
// cells ask each time and look at the byte of a card.
#include "vm/heap/state.h"
#include <algorithm>
#include <cassert>

namespace indent {

void Heap::State::save(Cell* cell, size_t first, size_t count) {
    stretch->log.add(cell, first, count);
    cell->bits |= Cell::kLogged;
}

bool Heap::before_store(Cell* cell, size_t word) {
    if (cell->barrier == Cell::kArmed) [[likely]] {
        State& s = *state_;
        if (!(cell->bits & (Cell::kNew | Cell::kLogged))) s.save(cell, 0, cell->word_count());
        s.young->remembered.push_back(cell);
        cell->barrier = Cell::kFree;
        return true;
    }
    if (cell->barrier == Cell::kCards) {
        size_t card = word / kCardWords;
        if (LargePage::of(cell)->cards[card] != (Page::kScan | Page::kSaved)) [[unlikely]]
            state_->before_store_to_card(cell, card);
        return true;
    }
    return cell->barrier == Cell::kFree;
}

void Heap::State::before_store_to_card(Cell* cell, size_t card) {
    uint8_t& known = LargePage::of(cell)->cards[card];
    if (!(known & Page::kSaved) && !(cell->bits & Cell::kNew)) {
        size_t first = card * kCardWords;
        save(cell, first, std::min(kCardWords, cell->word_count() - first));
    }
    if (!(known & Page::kScan)) young->remembered_cards.push_back({cell, card});
    known = Page::kScan | Page::kSaved;
}

void Heap::rewrite(Cell* cell, size_t word, Value value) {
    if (cell->barrier != Cell::kNever) {
        if (cell->barrier != Cell::kFree && !before_store(cell, word)) assert(false);
    } else if (!(cell->bits & (Cell::kNew | Cell::kLogged))) {
        state_->save(cell, 0, cell->word_count());
        state_->young->remembered.push_back(cell); // so that the commit forgets that it is logged
    }
    cell->words()[word] = value;
}

void Heap::move_identity(Cell* from, Cell* to) {
    State& s = *state_;
    const uint64_t* known = s.old_hashes.find(from);
    if (!known) return;
    s.old_hashes.add(to, *known);
    s.stretch->hashed.push_back(to);
}

bool Heap::before_stores(Cell* cell, size_t first, size_t count) {
    assert(first + count <= cell->word_count());
    if (cell->barrier != Cell::kCards) return cell->barrier == Cell::kFree || before_store(cell, first);
    if (count == 0) return true;
    for (size_t card = first / kCardWords; card <= (first + count - 1) / kCardWords; ++card)
        state_->before_store_to_card(cell, card);
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
