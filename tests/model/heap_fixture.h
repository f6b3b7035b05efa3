// A heap with its value stack, for tests of cells without a machine. `slot(i)` are roots; `top()` is the frame to
// allocate with.
#pragma once
#include "vm/heap/heap.h"
#include "vm/heap/shared.h"
#include "vm/heap/young.h"
#include "vm/model/list.h"
#include <cstdlib>
#include <memory>
#include <new>

namespace indent::test {

class HeapFixture {
  public:
    explicit HeapFixture(HeapOptions options = {})
        : memory_(std::aligned_alloc(kStackBytes, kStackBytes), std::free),
          mutator_(*new (memory_.get()) Mutator), young_(prepare(mutator_, memory_.get()), options),
          heap_(shared_, options) {
        heap_.enter(mutator_);
        use_stack();
    }
    HeapFixture(const HeapFixture&) = delete;
    HeapFixture& operator=(const HeapFixture&) = delete;

    static constexpr size_t kSlots = 16;
    Mutator& mutator() { return mutator_; }
    Heap& heap() { return heap_; }
    Value& slot(size_t i) { return mutator_.stack_base[i]; }
    Value* top() { return mutator_.stack_base + kSlots; }

    // A cell that says which it is: a tuple of one number that may change (so that the collector must follow it).
    Value number_cell(int64_t number) {
        Value parts[] = {Value::integer(number)};
        return make_tuple(mutator_, parts, 1, top());
    }
    static int64_t number_of(Value cell) { return tuple_get(cell, 0).as_integer(); }

    void commit() {
        heap_.commit(top());
        use_stack();
    }
    void collect() { heap_.collect_nursery(top()); }
    void collect_fully() { heap_.collect_fully(top()); }
    // As a turn that fails: the stack is given back first.
    void roll_back() {
        for (size_t i = 0; i < kSlots; ++i) slot(i) = Value();
        heap_.rollback();
        use_stack();
    }

  private:
    void use_stack() {
        if (!Heap::raise_stack(mutator_, top())) throw std::bad_alloc();
    }
    static Mutator& prepare(Mutator& mutator, void* memory) {
        auto* words = static_cast<Value*>(memory);
        mutator.stack_base = words + 64;
        mutator.stack_true_end = words + kStackBytes / sizeof(Value) - 2 * kFrameWords;
        return mutator;
    }

    SharedSpace shared_;
    std::unique_ptr<void, void (*)(void*)> memory_;
    Mutator& mutator_;
    Young young_;
    Heap heap_;
};

} // namespace indent::test
