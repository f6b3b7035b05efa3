// The collector of one heap: the nursery often, everything now and then.
//
// The nursery. Roots are the value stack, the root providers, and old cells that were stored to since the last
// collection. What they reach in the nursery is copied to the old space at once (no ageing: a stretch is usually
// one turn, and what lives at its end lives on); the header left behind says where to. The copies are then scanned
// in the order in which they lie in memory, which copies more, until none is left to scan. A cell in the nursery
// is known by its address alone, so that nothing is touched but what moves.
//
// Everything. After a collection of the nursery all cells are old. Those that the roots reach are marked, with a
// stack of our own, and the others become free memory. The write log is a root too, with its cells and its words:
// a rollback would need them.
#include "vm/heap/state.h"
#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cassert>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace indent {

namespace {

constexpr uint64_t kForwardedBit = uint64_t(Cell::kForwarded) << 40; // `bits` is byte 5 of the header
static_assert(std::endian::native == std::endian::little);

class NurseryScan final : public RootVisitor {
  public:
    NurseryScan(Young& young, OldSpace& old)
        : begin_(reinterpret_cast<uint64_t>(young.nursery.begin())), bytes_(young.nursery.bytes()), old_(old),
          young_(young) {}

    void visit(Value& slot) override { follow(slot); }

    void follow(Value& slot) {
        if (slot.bits() - begin_ < bytes_) slot = Value::cell(moved(slot.cell()));
    }
    void follow(Value* from, Value* to) {
        for (; from < to; ++from) follow(*from);
    }
    void scan_words(Cell* cell) {
        if (!(cell->bits & Cell::kBytes)) follow(cell->words(), cell->words() + cell->word_count());
    }
    // The same, and what it points to in the shared space is held.
    template <class Hold>
    void scan_words_and_hold(Cell* cell, Hold hold) {
        if (cell->bits & Cell::kBytes) return;
        Value* end = cell->words() + cell->word_count();
        for (Value* word = cell->words(); word < end; ++word) {
            if (word->bits() - begin_ < bytes_)
                *word = Value::cell(moved(word->cell()));
            else if (word->is_cell() && word->cell()->is_shared())
                hold(word->cell());
        }
    }

    // Where the cell is now; nullptr if it died.
    static Cell* forwarded(const Cell* cell) {
        uint64_t header = header_word(cell);
        if (!(header & kForwardedBit)) return nullptr;
        return reinterpret_cast<Cell*>((header & (kForwardedBit - 1)) << 3);
    }

  private:
    Cell* moved(Cell* from) {
        uint64_t header = header_word(from);
        if (header & kForwardedBit) return reinterpret_cast<Cell*>((header & (kForwardedBit - 1)) << 3);
        size_t words = from->word_count();
        Cell* to = words <= kMaxPageWords ? old_.allocate(words) : old_.allocate_large(words);
        if (!to) {
            std::fputs("indent: the system has no memory left for a collection\n", stderr);
            std::abort();
        }
        const Value* source = from->words();
        Value* target = to->words();
        if (words <= 16)
            for (size_t i = 0; i < words; ++i) target[i] = source[i];
        else
            std::memcpy(static_cast<void*>(target), source, 8 * words);
        *to = *from;
        to->bits |= Cell::kOld | Cell::kNew;
        if (from->shape == young_.watched) [[unlikely]]
            young_.met_watched = true;
        set_header_word(from, kForwardedBit | reinterpret_cast<uint64_t>(to) >> 3);
        return to;
    }

    uint64_t begin_;
    uint64_t bytes_;
    OldSpace& old_;
    Young& young_;
};

void arm(Cell* cell) {
    if (cell->bits & Cell::kFrozen)
        cell->barrier = Cell::kNever;
    else
        cell->barrier = is_large(cell) ? Cell::kCards : Cell::kArmed;
}

void scan_card(NurseryScan& scan, Cell* cell, size_t card) {
    LargePage::of(cell)->cards[card] &= uint8_t(~Page::kScan);
    if (cell->bits & Cell::kBytes) return;
    size_t first = card * kCardWords;
    Value* from = cell->words() + first;
    scan.follow(from, from + std::min(kCardWords, cell->word_count() - first));
}

// Marks what is reached. A cell's header is looked at only some time after its address was found, so that the
// memory has time to come: most of what a large heap costs here is waiting for it.
class FullMark final : public RootVisitor {
  public:
    PointerTable held; // shared cells that old cells point to
    PointerTable seen; // shared cells that roots point to

    void visit(Value& slot) override { mark_root(slot); }
    void mark_root(Value value) {
        if (!value.is_cell()) return;
        if (value.cell()->is_shared())
            seen.add(value.cell(), 0);
        else
            mark(value.cell());
    }
    void mark_words(const Value* from, const Value* to) {
        for (; from < to; ++from)
            if (from->is_cell()) waiting_.push_back(from->cell());
    }
    void mark(Cell* cell) { waiting_.push_back(cell); }

    void finish() {
        std::array<Cell*, 16> coming{};
        size_t turn = 0;
        for (size_t idle = 0; idle < coming.size() || !waiting_.empty();) {
            Cell* next = nullptr;
            if (!waiting_.empty()) {
                next = waiting_.back();
                waiting_.pop_back();
                __builtin_prefetch(next);
                idle = 0;
            } else {
                ++idle;
            }
            std::swap(next, coming[turn++ % coming.size()]);
            if (next) look_at(next);
        }
    }

  private:
    void look_at(Cell* cell) {
        if (cell->bits & (Cell::kMarked | Cell::kShared)) {
            if (cell->is_shared()) held.add(cell, 0);
            return;
        }
        assert(cell->is_old());
        cell->bits |= Cell::kMarked;
        if (!(cell->bits & Cell::kBytes)) mark_words(cell->words(), cell->words() + cell->word_count());
    }

    std::vector<Cell*> waiting_;
};

} // namespace

// ---- the value stack

Value* Heap::State::scan_end_of(Value* top) const {
    Value* last = mutator->stack_end + kStackSlack;
    return last - top < ptrdiff_t(kFrameWords) ? last : top + kFrameWords;
}

// Slots above become absent when a frame rises over them again (raise_stack), but for the slack.
void Heap::State::lower_stack(Value* scan_end) {
    Value* old_end = mutator->stack_end;
    Value* new_end =
        size_t(scan_end - mutator->stack_base) > kStackSlack ? scan_end - kStackSlack : mutator->stack_base;
    if (new_end > old_end) new_end = old_end;
    for (Value* slot = scan_end; slot < new_end + kStackSlack; ++slot) *slot = Value();
    mutator->stack_end = new_end;
    mutator->limit_moved(old_end);
}

// ---- the nursery

void Heap::State::collect_nursery(Value* scan_end) {
    collected_in_stretch = true;
    collect_nursery_as<false>(scan_end);
}
void Heap::State::collect_nursery_to_commit(Value* scan_end) {
    collect_nursery_as<true>(scan_end);
}

template <bool Committing>
void Heap::State::collect_nursery_as(Value* scan_end) {
    lower_stack(scan_end);
    size_t old_before = old.used_bytes();
    NurseryScan scan(*young, old);
    if (mutator->nursery_next != young->from) {
        ++counts.nursery_collections;
        scan.follow(mutator->stack_base, scan_end);
        for (RootProvider* provider : young->providers) provider->visit_roots(scan);
    }
    constexpr size_t kAhead = 8; // cells that are on their way: of many, each lies elsewhere
    for (size_t i = 0; i < young->remembered.size(); ++i) {
        if (i + kAhead < young->remembered.size()) __builtin_prefetch(young->remembered[i + kAhead]);
        Cell* cell = young->remembered[i];
        if constexpr (Committing) {
            scan.scan_words_and_hold(cell, [this](Cell* shared_cell) { hold(shared_cell); });
            cell->bits &= uint8_t(~Cell::kLogged);
        } else {
            scan.scan_words(cell);
        }
        arm(cell);
    }
    young->remembered.clear();
    for (Young::CardOf& it : young->remembered_cards) {
        scan_card(scan, it.cell, it.card);
        if constexpr (Committing) {
            const size_t first = it.card * kCardWords;
            hold_what_is_found(it.cell, first, std::min(kCardWords, it.cell->word_count() - first));
            LargePage::of(it.cell)->cards[it.card] = 0;
            it.cell->bits &= uint8_t(~Cell::kLogged);
        }
    }
    young->remembered_cards.clear();
    old.scan_new([&](Cell* cell) {
        if constexpr (Committing) {
            scan.scan_words_and_hold(cell, [this](Cell* shared_cell) { hold(shared_cell); });
            cell->bits &= uint8_t(~Cell::kNew);
        } else {
            scan.scan_words(cell);
        }
        arm(cell);
    });
    counts.promoted_bytes += old.used_bytes() - old_before;

    young->hashes.for_each([&](const PointerTable::Entry& entry) {
        if (Cell* now = NurseryScan::forwarded(static_cast<const Cell*>(entry.key))) {
            old_hashes.add(now, entry.number);
            stretch->hashed.push_back(now);
        }
    });
    young->hashes.clear();
    young->take_back();
}

// ---- everything

void Heap::State::collect_fully_if_due(Value* scan_end) {
    if (old.used_bytes() >= collect_fully_at) collect_fully(scan_end);
}

void Heap::State::collect_fully(Value* scan_end) {
    collect_nursery(scan_end);
    ++counts.full_collections;

    FullMark marking;
    for (Value* slot = mutator->stack_base; slot < scan_end; ++slot) marking.mark_root(*slot);
    for (RootProvider* provider : young->providers) provider->visit_roots(marking);
    stretch->log.for_each([&](WriteLog::Entry& entry) {
        marking.mark(entry.cell);
        if (!(entry.cell->bits & Cell::kBytes))
            marking.mark_words(entry.before().data(), entry.before().data() + entry.count);
    });
    marking.finish();

    // Identity hashes of what dies go with it; that of a shared cell stays while anything here points to it.
    if (old_hashes.size() > 0)
        old_hashes.filter([](const PointerTable::Entry& entry) {
            return (static_cast<const Cell*>(entry.key)->bits & Cell::kMarked) != 0;
        });
    if (shared_hashes.size() > 0)
        shared_hashes.filter([&](const PointerTable::Entry& entry) {
            return marking.held.contains(entry.key) || marking.seen.contains(entry.key);
        });

    old.sweep([](const Cell* cell) { return (cell->bits & Cell::kMarked) != 0; },
              [](Cell* cell) { cell->bits &= uint8_t(~Cell::kMarked); });

    // New holds first: a cell may be held by what is let go.
    held.swap(marking.held);
    held.for_each([&](const PointerTable::Entry& entry) {
        auto* cell = static_cast<const Cell*>(entry.key);
        if (!marking.held.contains(cell)) shared.hold(Value::cell(cell));
    });
    marking.held.for_each([&](const PointerTable::Entry& entry) {
        if (!held.contains(entry.key)) shared.release(Value::cell(static_cast<const Cell*>(entry.key)));
    });

    collect_fully_at = old.used_bytes() + old.used_bytes() / 4 * 3 + growth_bytes;
    if (collect_fully_at > limit_bytes) collect_fully_at = limit_bytes;
    shared_bytes_limit = 2 * shared.bytes() + kSharedGrowthBytes;
}

} // namespace indent
