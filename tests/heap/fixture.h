// A heap with a value stack and nothing that runs on it: tests put cells together by hand.
#pragma once
#include "vm/heap/heap.h"
#include "vm/heap/shared.h"
#include "vm/heap/young.h"
#include <vector>

namespace indent::test {

inline constexpr ShapeId kPlain = 70, kArray = 71, kBytes = 72;

// The options that tests run with: small, so that collections are many.
inline HeapOptions small_heap() {
    HeapOptions options;
    options.nursery_bytes = size_t(64) << 10;
    return options;
}

class TestHeap {
  public:
    explicit TestHeap(SharedSpace& shared, HeapOptions options = small_heap(), size_t slots = size_t(1) << 16)
        : slots_(slots) {
        mutator.stack_base = slots_.data();
        mutator.stack_true_end = slots_.data() + slots_.size();
        young = std::make_unique<Young>(mutator, options);
        heap = std::make_unique<Heap>(shared, options);
        heap->enter(mutator);
        use_slots(256);
    }
    ~TestHeap() { heap.reset(); }

    Value& operator[](size_t slot) { return mutator.stack_base[slot]; }
    // The end of the slots that tests use.
    Value* top() { return mutator.stack_base + used_; }
    void use_slots(size_t count) {
        used_ = count;
        if (!Heap::raise_stack(mutator, top())) throw std::length_error("test stack");
    }

    // A cell of `words` words that all are nil, on no slot yet.
    Cell* plain(uint16_t words) {
        Cell* cell = Heap::allocate(mutator, kPlain, words, top());
        for (uint16_t i = 0; i < words; ++i) (*cell)[i] = Value::nil();
        return cell;
    }
    Cell* array(size_t words, Format format = Format::Slots) {
        return heap->allocate_array(format == Format::Slots ? kArray : kBytes, format, words, top());
    }
    // A cell that is old and of an earlier stretch, in this slot.
    Cell* old_plain(size_t slot, uint16_t words) {
        (*this)[slot] = Value::cell(plain(words));
        commit();
        return (*this)[slot].cell();
    }
    Cell* old_array(size_t slot, size_t words, Format format = Format::Slots) {
        (*this)[slot] = Value::cell(array(words, format));
        commit();
        return (*this)[slot].cell();
    }
    Cell* frozen(uint16_t words) {
        Cell* cell = plain(words);
        cell->bits |= Cell::kFrozen;
        cell->barrier = Cell::kNever;
        return cell;
    }
    bool store(Cell* cell, size_t word, Value value) { return Heap::store(mutator, cell, word, value); }
    bool store(Cell* cell, size_t word, int64_t number) { return store(cell, word, Value::integer(number)); }

    void commit() {
        heap->commit(top());
        use_slots(used_);
    }
    void collect() { heap->collect_nursery(top()); }
    void collect_fully() { heap->collect_fully(top()); }
    void rollback() {
        heap->rollback();
        use_slots(used_);
    }

    struct Seen {
        Change::Kind kind;
        Cell* cell;
        CellOffset offset;
        size_t first_word;
        std::vector<Value> before;
    };
    std::vector<Seen> changes() {
        std::vector<Seen> seen;
        heap->for_each_change(top(), [&](const Change& c) {
            seen.push_back({c.kind, c.cell, c.offset, c.first_word, {c.before.begin(), c.before.end()}});
        });
        return seen;
    }

    Mutator mutator;
    std::unique_ptr<Young> young;
    std::unique_ptr<Heap> heap;

  private:
    std::vector<Value> slots_;
    size_t used_ = 0;
};

} // namespace indent::test
