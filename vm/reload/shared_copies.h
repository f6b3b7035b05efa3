// Graphs of the shared space that hold objects of old layouts, as copies in the heap that a machine is in: the shared ones
// belong to everybody, and stay.
#pragma once
#include "vm/heap/pointer_table.h"
#include "vm/interp/machine.h"
#include <functional>
#include <vector>

namespace indent {

class SharedCopies {
  public:
    SharedCopies(Machine& vm, std::function<bool(ShapeId)> is_outdated)
        : vm_(vm), is_outdated_(std::move(is_outdated)) {}

    static bool is_value(Machine& vm, const Cell& cell); // of a shared cell: it may lead to others
    // The value is reachable from the heap.
    void look_at(Value value);
    // Copies, of all that was looked at, the cells that are outdated or lead to such; those that are outdated themselves are
    // added. False: there are none. `top`: the end of the live stack. Throws OutOfMemory.
    bool copy(Value* top, std::vector<Cell*>& outdated);
    // Absent: the value stays.
    Value copy_of(Value value) const;

  private:
    struct Node {
        const Cell* cell;
        bool touched;
        Cell* copy = nullptr;
    };
    Machine& vm_;
    std::function<bool(ShapeId)> is_outdated_;
    PointerTable numbers_;
    std::vector<Node> nodes_;
};

} // namespace indent
