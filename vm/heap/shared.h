// Frozen things that several heaps share: made once, never changed, counted once for each holder. A holder is a
// heap (Heap finds what it holds at commits and full collections), a piece of code with literals, or a module
// value. Cells here point only to cells here. Any thread.
#pragma once
#include "vm/heap/cell.h"
#include <memory>
#include <vector>

namespace indent {

class PagePool;

class SharedSpace {
  public:
    SharedSpace();
    ~SharedSpace(); // all heaps must have ended; frees what is still held
    SharedSpace(const SharedSpace&) = delete;
    SharedSpace& operator=(const SharedSpace&) = delete;

    // A cell with word 0 = words - 1 when `wide`, other words zero/absent, to be filled by the caller before it
    // shows it to anybody. Begins with a count of one: the caller holds it. Of shared cells that the caller puts into
    // it, it takes over one hold for each word. Throws OutOfMemory (vm/heap/heap.h).
    Cell* allocate(ShapeId shape, Format format, size_t words, bool wide);

    // A deep copy of a frozen value (a graph of cells that all have kFrozen, from any heap) in this space, with a
    // count of one for the caller; shared cells inside are not copied again, immediates are answered as they are.
    // Absent if something in the graph is not frozen. Shared structure and cycles stay as they are. Throws
    // OutOfMemory.
    Value share(Value value);

    void hold(Value value);    // one more holder (immediates: nothing)
    void release(Value value); // one less; the last frees the cell and releases what it points to

    // Cells of this shape are shown to `finish` when nobody holds them any more, before they go. Set once, before there
    // are any; `finish` may run on any thread and may not use the space.
    void set_finisher(ShapeId shape, void (*finish)(Cell* cell));

    // Cells of this shape are listed from now on. Before there are any; at most two shapes.
    void list_shape(ShapeId shape);
    // Those of the shape that are held, each with one more hold, which the caller gives back.
    std::vector<Value> listed(ShapeId shape);

    // A number of this cell alone, given when somebody first asks: its identity hash, its name in an image.
    uint64_t number_of(const Cell* cell);
    // It has this number, from an image; those given later are larger.
    void restore_number(const Cell* cell, uint64_t number);
    void number_from(uint64_t last); // those given from here on are larger than `last`
    // Whether an image has it. Set by whoever has put it there.
    bool is_kept(const Cell* cell) const;
    void set_kept(const Cell* cell);

    size_t cells() const;
    size_t bytes() const;
    // Holders outside and words of other shared cells. Cells of a cycle are counted together.
    uint64_t holders(const Cell* cell) const;

    // Where the heaps of this world get their memory.
    PagePool& pages();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace indent
