// Address space from the system: large, aligned, paid for only when touched.
#pragma once
#include "vm/base/result.h"
#include <cstddef>
#include <cstdint>

namespace indent::os {

// A stretch of zeroed memory with an inaccessible guard page on either side; given back when this goes.
class MappedMemory {
  public:
    MappedMemory() = default;
    MappedMemory(MappedMemory&& other) noexcept;
    MappedMemory& operator=(MappedMemory&& other) noexcept;
    ~MappedMemory();

    std::byte* begin() const { return begin_; }
    std::byte* end() const { return begin_ + bytes_; }
    size_t bytes() const { return bytes_; }
    explicit operator bool() const { return begin_ != nullptr; }

    // Gives the pages that lie wholly inside back to the system; they read as zero when touched again.
    void discard(std::byte* from, size_t bytes);
    // All of it will be written soon: the system may give it in large pieces.
    void will_be_written();
    // Has the system give what lies between now, rather than when it is first touched, which takes some milliseconds for
    // each megabyte or two; where it cannot, nothing happens.
    void touch(std::byte* from, size_t bytes);

  private:
    friend Result<MappedMemory> map_aligned(size_t bytes, size_t alignment);
    void unmap();
    std::byte* begin_ = nullptr;
    size_t bytes_ = 0;
};

// Gives what the program has freed back to the system, which the allocator may keep otherwise: some milliseconds for each
// 100 MB, in which other threads may wait for memory. Where that cannot be asked for, nothing happens. Any thread.
void give_back_freed();

// Reserves at least `bytes` (rounded up to pages) that begin at a multiple of `alignment` (a power of two).
// Nothing is committed before it is touched. Any thread. Failure code: "no_memory".
Result<MappedMemory> map_aligned(size_t bytes, size_t alignment);

size_t page_bytes();
// The memory of the machine (or of the container's limit, where that is smaller).
uint64_t physical_memory_bytes();
// The most memory that this process has had resident so far.
uint64_t peak_resident_bytes();

} // namespace indent::os
