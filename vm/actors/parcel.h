// Values on their way from one heap to another: a message's arguments, an answer, an error. What is shared already goes
// as it is and is held; everything else is copied, with its shared structure and its cycles, into one block of memory
// that belongs to nobody's heap.
#pragma once
#include "vm/heap/shared.h"
#include "vm/interp/machine.h"
#include <memory>

namespace indent {

class Parcel {
  public:
    struct Release {
        void operator()(Parcel* parcel) const { destroy(parcel); }
    };
    using Pointer = std::unique_ptr<Parcel, Release>;

    // Packs `count` values (absent ones too) of the heap that vm is in. Null with words in `refusal` where one of them
    // cannot leave its actor: "the block … assigns a variable of its home". Throws OutOfMemory.
    static Pointer pack(Machine& vm, const Value* values, size_t count, std::string& refusal);
    // A copy of an actor's whole state, with blocks and whatever they share, and of what its last migration has dropped
    // (may be absent): two values. The heap is entered by nobody.
    static Pointer pack_state(Machine& vm, Value state, Value journal);

    // A copy of values with all that they reach, blocks and variables too; they may be in any heap that nobody changes
    // meanwhile, or in a parcel.
    static Pointer pack_whole(Machine& vm, const Value* values, size_t count);

    // One to be filled: roots and all words of cells are absent. Whoever puts a shared value into it holds that for it.
    // Null where there is no memory.
    static Pointer blank(SharedSpace& shared, uint32_t count, size_t cell_bytes);
    Value* roots_to_fill() { return roots(); }
    std::byte* cells_to_fill() { return cells(); }
    void filled(uint32_t layout_epoch, bool has_blocks) {
        layout_epoch_ = layout_epoch;
        has_blocks_ = has_blocks;
    }

    // The same of values that need no copy: immediate or shared ones.
    static Pointer of_shared(SharedSpace& shared, const Value* values, size_t count);

    size_t count() const { return count_; }
    size_t bytes() const; // of memory
    // To be looked at as long as the parcel lives, and kept nowhere: it is in nobody's heap.
    Value peek(size_t i) const { return roots()[i]; }
    const Value* peek_all() const { return roots(); }
    uint32_t layout_epoch() const { return layout_epoch_; } // of the heap that it was packed in
    bool has_blocks() const { return has_blocks_; }         // which keep the code that they were made in
    template <class Visit>
    void for_each_cell(Visit visit) const {
        for (const std::byte* at = cells(); at < cells() + cell_bytes_;) {
            auto* cell = reinterpret_cast<const Cell*>(at);
            at += cell->byte_count();
            visit(cell);
        }
    }

    // What is in it can change no more, wherever it is put.
    void freeze();

    // Puts the values into out[0 … count), as cells of the heap that vm is in, which holds what is shared until its
    // stretch ends. `top`: the end of the live stack, behind out. Uses the parcel up. Throws OutOfMemory.
    static void unpack(Pointer parcel, Machine& vm, Value* out, Value* top);
    // The same, but the parcel stays: for what is given out several times.
    void copy_out(Machine& vm, Value* out, Value* top) const;

  private:
    friend struct Packing;
    Parcel(SharedSpace& shared, uint32_t count, size_t cell_bytes)
        : shared_(shared), cell_bytes_(cell_bytes), count_(count) {}
    static void destroy(Parcel* parcel);
    Value* roots() { return reinterpret_cast<Value*>(this + 1); }
    const Value* roots() const { return reinterpret_cast<const Value*>(this + 1); }
    std::byte* cells() { return reinterpret_cast<std::byte*>(roots() + count_); }
    const std::byte* cells() const { return reinterpret_cast<const std::byte*>(roots() + count_); }
    template <class Visit>
    void for_each_shared(Visit visit) const;

    SharedSpace& shared_;
    size_t cell_bytes_; // of the cells, which stand behind the roots
    uint32_t count_;
    uint32_t layout_epoch_ = 0;
    bool has_blocks_ = false;
};

} // namespace indent
