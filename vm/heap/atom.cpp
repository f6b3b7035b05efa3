// A reader must hold the value before a writer lets it go, so both take the atom's lock, for some instructions only:
// word 0 is the value, word 1 the lock.
#include "vm/heap/atom.h"
#include <atomic>
#include <cassert>
#include <thread>
#include <utility>

namespace indent {

namespace {

class Locked {
  public:
    explicit Locked(Cell* atom) : lock_(*reinterpret_cast<uint64_t*>(&(*atom)[1])) {
        while (lock_.exchange(kTaken, std::memory_order_acquire) == kTaken) std::this_thread::yield();
    }
    ~Locked() { lock_.store(kFree, std::memory_order_release); }
    Locked(const Locked&) = delete;
    Locked& operator=(const Locked&) = delete;

  private:
    static constexpr uint64_t kFree = Value::raw_number(0).bits();
    static constexpr uint64_t kTaken = Value::raw_number(1).bits();
    std::atomic_ref<uint64_t> lock_;
};

} // namespace

Cell* make_atom(SharedSpace& space, ShapeId shape, Value shared) {
    Cell* atom = space.allocate(shape, Format::Slots, 2, false);
    (*atom)[0] = shared;
    (*atom)[1] = Value::raw_number(0);
    return atom;
}

Value atom_value(SharedSpace& space, Cell* atom) {
    assert(atom->is_shared());
    Locked locked(atom);
    Value value = (*atom)[0];
    space.hold(value);
    return value;
}

void set_atom(SharedSpace& space, Cell* atom, Value shared) {
    Value before;
    {
        Locked locked(atom);
        before = std::exchange((*atom)[0], shared);
    }
    space.release(before); // may free much, so not under the lock
}

bool replace_in_atom(SharedSpace& space, Cell* atom, Value expected, Value shared) {
    {
        Locked locked(atom);
        if ((*atom)[0] != expected) return false;
        (*atom)[0] = shared;
    }
    space.release(expected); // the atom's hold; the caller has its own
    return true;
}

} // namespace indent
