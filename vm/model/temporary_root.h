// A root for the time between two allocations in code that has no machine. Slow beside a stack slot: for rare
// paths alone.
#pragma once
#include "vm/heap/heap.h"

namespace indent {

class TemporaryRoot final : public RootProvider {
  public:
    explicit TemporaryRoot(Heap& heap) : heap_(heap) { heap_.add_roots(*this); }
    ~TemporaryRoot() override { heap_.remove_roots(*this); }
    TemporaryRoot(const TemporaryRoot&) = delete;
    TemporaryRoot& operator=(const TemporaryRoot&) = delete;
    void visit_roots(RootVisitor& visitor) override { visitor.visit(value); }

    Value value;

  private:
    Heap& heap_;
};

} // namespace indent
