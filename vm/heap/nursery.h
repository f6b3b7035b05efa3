// Where new cells are made: one block of memory, filled from the front, empty after each collection.
#pragma once
#include "vm/heap/poison.h"
#include "vm/os/memory.h"
#include <cstddef>

namespace indent {

class Nursery {
  public:
    static constexpr size_t kLeastBytes = 4096;

    // Empty (no memory) where the system has none: see operator bool.
    explicit Nursery(size_t bytes) {
        if (auto memory = os::map_aligned(bytes < kLeastBytes ? kLeastBytes : bytes, 4096))
            memory_ = std::move(memory).value();
    }
    ~Nursery() { allow(begin(), bytes()); }
    Nursery(const Nursery&) = delete;
    Nursery& operator=(const Nursery&) = delete;

    explicit operator bool() const { return bool(memory_); }
    std::byte* begin() const { return memory_.begin(); }
    std::byte* end() const { return memory_.end(); }
    size_t bytes() const { return memory_.bytes(); }

  private:
    os::MappedMemory memory_;
};

} // namespace indent
