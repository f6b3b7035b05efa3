// Where the heaps of a world get their pages and give them back. Any thread.
#pragma once
#include "vm/heap/page.h"
#include "vm/os/memory.h"
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>

namespace indent {

class PagePool {
  public:
    PagePool() = default;
    ~PagePool(); // all pages must have been given back
    PagePool(const PagePool&) = delete;
    PagePool& operator=(const PagePool&) = delete;

    // kPageBytes at a multiple of kPageBytes, contents unknown; nullptr where the system has no memory. `many`: more will be
    // taken, and all of them written at once.
    [[nodiscard]] void* take(bool many = false);
    void give_back(void* page);
    // Where few pages are free: has some more that the system has given memory to, so that whoever takes them soon does not wait
    // for it. `poll` is called between; where it answers false there are none.
    void prepare(const std::function<bool()>& poll);

    // The same for a small page of one of the sizes.
    [[nodiscard]] void* take_small(size_t size);
    void give_back_small(void* page);

    size_t pages_in_use() const; // nests are pages, small pages are not

  private:
    static constexpr size_t kRegionPages = 64;
    static constexpr size_t kRegionBytes = kRegionPages * kPageBytes;
    struct Region {
        os::MappedMemory memory;
        uint64_t free = ~uint64_t(0); // a bit for each page
    };

    // In front of the small pages of a nest, where the first of them would be.
    struct Nest {
        explicit Nest(uint8_t size);
        Page header;
        Nest* previous = nullptr; // of those with room
        Nest* next = nullptr;
        uint32_t used = 0;     // small pages
        uint64_t free[8] = {}; // a bit for each small page; the first is the nest itself
    };
    static_assert(sizeof(Nest) <= small_page_bytes(0) && kPageBytes == 512 * small_page_bytes(0));

    void* take_locked(bool many);
    using Regions = std::map<uintptr_t, Region>;
    Regions::iterator add_locked(os::MappedMemory memory);
    void give_back_locked(void* page);
    void link(Nest* nest);
    void unlink(Nest* nest);

    mutable std::mutex mutex_;
    Nest* nests_with_room_[kSmallPageSizes] = {};
    Regions regions_;         // by address, which is a multiple of kRegionBytes
    uintptr_t with_room_ = 0; // a region that has free pages, or 0: look for one
    size_t free_pages_ = 0;
    size_t in_use_ = 0;
};

} // namespace indent
