// The end of a stretch, for good or as if it had not been, and what it has changed so far.
#include "vm/heap/state.h"
#include <algorithm>
#include <cassert>

namespace indent {

namespace {

// The cards of a large cell that an entry of the log stands for are no longer saved.
void forget_saved(Cell* cell, size_t first) {
    if (is_large(cell)) LargePage::of(cell)->cards[first / kCardWords] &= uint8_t(~Page::kSaved);
}

} // namespace

void Heap::State::hold(Cell* cell) {
    if (held.add(cell, 0)) shared.hold(Value::cell(cell));
}

void Heap::State::hold_what_is_found(Cell* cell, size_t first, size_t count) {
    if (cell->bits & Cell::kBytes) return;
    const Value* end = cell->words() + first + count;
    for (const Value* word = cell->words() + first; word < end; ++word)
        if (word->is_cell() && word->cell()->is_shared()) hold(word->cell());
}

void Heap::State::release_held_for_stretch() {
    for (Value value : stretch->held) shared.release(value);
    stretch->held.clear();
}

void Heap::hold_for_stretch(Value value) {
    if (value.is_cell()) state_->stretch->held.push_back(value);
}

// What a stretch has made and changed is looked at once, by the collection of the nursery; where there was a collection
// before in the stretch, by a pass over all of it.
// Large cells that the stretch has made have cards that say "saved" where they were stored to, which was to mean
// "need not be".
void Heap::commit(Value* top) {
    State& s = *state_;
    s.young->changed |= !s.stretch->log.empty();
    const size_t held_before = s.settled ? s.held_before_settled : s.held.size();
    if (s.settled) {
        assert(s.young->empty() && s.young->remembered.empty() && s.young->remembered_cards.empty());
        s.settled = false;
    } else if (!s.collected_in_stretch) {
        s.collect_nursery_to_commit(top);
    } else {
        s.collect_nursery(top);
        s.old.for_each_made([&](Cell* cell) {
            cell->bits &= uint8_t(~Cell::kNew);
            if (is_large(cell))
                std::fill_n(LargePage::of(cell)->cards.get(), LargePage::of(cell)->card_count, uint8_t(0));
            s.hold_what_is_found(cell, 0, cell->word_count());
        });
        s.stretch->log.for_each([&](WriteLog::Entry& entry) {
            entry.cell->bits &= uint8_t(~Cell::kLogged);
            forget_saved(entry.cell, entry.first);
            s.hold_what_is_found(entry.cell, entry.first, entry.count);
        });
    }
    s.old.keep_made();
    s.stretch->log.clear();
    s.collected_in_stretch = false;
    s.release_held_for_stretch();
    s.stretch->hashed.clear();
    s.last_hash_at_commit = s.last_hash;
    s.collect_fully_if_due(top);
    // What it holds no more is found by full collections alone, and its own cells may be few.
    if (s.held.size() > held_before && s.shared.bytes() >= s.shared_bytes_limit) s.collect_fully(top);
}

void Heap::rollback() {
    State& s = *state_;
    assert(!s.settled);
    // Nothing is on the stack any more, and nothing in the nursery.
    for (Value* slot = s.mutator->stack_base; slot < s.mutator->stack_end + kStackSlack; ++slot)
        *slot = Value();
    s.lower_stack(s.mutator->stack_base);
    s.young->hashes.clear();
    s.young->take_back();
    s.collected_in_stretch = false;

    for (Cell* cell : s.young->remembered)
        if (!cell->is_frozen()) cell->barrier = Cell::kArmed;
    s.young->remembered.clear();
    for (Young::CardOf& it : s.young->remembered_cards)
        LargePage::of(it.cell)->cards[it.card] &= uint8_t(~Page::kScan);
    s.young->remembered_cards.clear();

    s.stretch->log.for_each([&](WriteLog::Entry& entry) {
        Cell* cell = entry.cell;
        std::copy(entry.before().begin(), entry.before().end(), cell->words() + entry.first);
        forget_saved(cell, entry.first);
        if (!(cell->bits & Cell::kLogged)) return; // a later entry of a large cell: the first has its header
        Cell before;
        set_header_word(&before, entry.header);
        cell->shape = before.shape;
        cell->bits = before.bits;
        cell->barrier = is_large(cell) ? Cell::kCards : Cell::kArmed;
    });
    s.stretch->log.clear();

    for (Cell* cell : s.stretch->hashed) {
        s.old_hashes.remove(cell);
        s.shared_hashes.remove(cell);
    }
    s.stretch->hashed.clear();
    s.last_hash = s.last_hash_at_commit;

    s.release_held_for_stretch();
    size_t before = s.old.used_bytes();
    s.old.free_made();
    // What was freed lies about in as many pieces as it was made in. If it was much, join them and give pages back.
    size_t freed = before - s.old.used_bytes();
    if (freed > kPageBytes * 16 && freed > s.old.used_bytes() / 2)
        s.old.sweep([](const Cell*) { return true; }, [](Cell*) {});
}

// No frame is at `top`: what the last ones have left above would become a part of the story.
void Heap::for_each_change(Value* top, const std::function<void(const Change&)>& visit) {
    state_->collect_nursery(top);
    state_->visit_changes(visit);
}

void Heap::for_each_change_to_commit(Value* top, const std::function<void(const Change&)>& visit) {
    State& s = *state_;
    if (s.collected_in_stretch) {
        s.collect_nursery(top);
    } else {
        s.held_before_settled = s.held.size();
        s.collect_nursery_to_commit(top);
        s.settled = true;
    }
    s.visit_changes(visit);
}

void Heap::State::visit_changes(const std::function<void(const Change&)>& visit) {
    old.for_each_made([&](Cell* cell) { visit({Change::Made, cell, old.offset_of(cell), 0, {}}); });
    stretch->log.for_each([&](WriteLog::Entry& entry) {
        visit({Change::Changed, entry.cell, old.offset_of(entry.cell), entry.first, entry.before()});
    });
}

} // namespace indent
