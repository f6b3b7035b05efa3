#include "vm/heap/page_pool.h"
#include "vm/heap/poison.h"
#include <algorithm>
#include <bit>
#include <cassert>

namespace indent {

PagePool::~PagePool() {
    assert(in_use_ == 0);
    for (auto& [address, region] : regions_) allow(region.memory.begin(), kRegionBytes);
}

void* PagePool::take() {
    std::lock_guard lock(mutex_);
    auto region = regions_.end();
    if (free_pages_ > 0) {
        region = regions_.find(with_room_);
        if (region == regions_.end() || region->second.free == 0)
            region =
                std::find_if(regions_.begin(), regions_.end(), [](auto& r) { return r.second.free != 0; });
    } else {
        auto memory = os::map_aligned(kRegionBytes, kRegionBytes);
        if (!memory) return nullptr;
        auto address = reinterpret_cast<uintptr_t>(memory->begin());
        forbid(memory->begin(), kRegionBytes);
        region = regions_.emplace(address, Region{std::move(memory).value()}).first;
        free_pages_ += kRegionPages;
    }
    assert(region != regions_.end());
    with_room_ = region->first;
    int index = std::countr_zero(region->second.free);
    region->second.free &= region->second.free - 1;
    --free_pages_;
    ++in_use_;
    void* page = region->second.memory.begin() + size_t(index) * kPageBytes;
    allow(page, kPageBytes);
    return page;
}

// A region that is wholly free goes back to the system, unless it is the only room that is left: a heap that
// grows and shrinks should not pay for it each time.
void PagePool::give_back(void* page) {
    std::lock_guard lock(mutex_);
    auto address = reinterpret_cast<uintptr_t>(page);
    auto region = regions_.find(address & ~uintptr_t(kRegionBytes - 1));
    assert(region != regions_.end());
    uint64_t bit = uint64_t(1) << ((address - region->first) / kPageBytes);
    assert(!(region->second.free & bit));
    region->second.free |= bit;
    ++free_pages_;
    --in_use_;
    forbid(page, kPageBytes);
    with_room_ = region->first;
    if (region->second.free == ~uint64_t(0) && free_pages_ > kRegionPages) {
        allow(region->second.memory.begin(), kRegionBytes);
        regions_.erase(region);
        free_pages_ -= kRegionPages;
        with_room_ = 0;
    }
}

size_t PagePool::pages_in_use() const {
    std::lock_guard lock(mutex_);
    return in_use_;
}

} // namespace indent
