// Where the heaps of a world get their pages and give them back. Any thread.
#pragma once
#include "vm/heap/page.h"
#include "vm/os/memory.h"
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>

namespace indent {

class PagePool {
  public:
    PagePool() = default;
    ~PagePool(); // all pages must have been given back
    PagePool(const PagePool&) = delete;
    PagePool& operator=(const PagePool&) = delete;

    // kPageBytes at a multiple of kPageBytes, contents unknown; nullptr where the system has no memory.
    [[nodiscard]] void* take();
    void give_back(void* page);

    size_t pages_in_use() const;

  private:
    static constexpr size_t kRegionPages = 64;
    static constexpr size_t kRegionBytes = kRegionPages * kPageBytes;
    struct Region {
        os::MappedMemory memory;
        uint64_t free = ~uint64_t(0); // a bit for each page
    };

    mutable std::mutex mutex_;
    std::map<uintptr_t, Region> regions_; // by address, which is a multiple of kRegionBytes
    uintptr_t with_room_ = 0;             // a region that has free pages, or 0: look for one
    size_t free_pages_ = 0;
    size_t in_use_ = 0;
};

} // namespace indent
