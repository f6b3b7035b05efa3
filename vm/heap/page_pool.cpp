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

void* PagePool::take(bool many) {
    std::lock_guard lock(mutex_);
    return take_locked(many);
}

void PagePool::give_back(void* page) {
    std::lock_guard lock(mutex_);
    give_back_locked(page);
}

void* PagePool::take_locked(bool many) {
    auto region = regions_.end();
    if (free_pages_ > 0) {
        region = regions_.find(with_room_);
        if (region == regions_.end() || region->second.free == 0)
            region =
                std::find_if(regions_.begin(), regions_.end(), [](auto& r) { return r.second.free != 0; });
    } else {
        auto memory = os::map_aligned(kRegionBytes, kRegionBytes);
        if (!memory) return nullptr;
        if (many) memory->will_be_written();
        region = add_locked(std::move(memory).value());
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

PagePool::Regions::iterator PagePool::add_locked(os::MappedMemory memory) {
    const auto address = reinterpret_cast<uintptr_t>(memory.begin());
    forbid(memory.begin(), kRegionBytes);
    free_pages_ += kRegionPages;
    return regions_.emplace(address, Region{std::move(memory)}).first;
}

void PagePool::prepare(const std::function<bool()>& poll) {
    constexpr size_t kAtOnce = size_t(2) << 20;
    {
        std::lock_guard lock(mutex_);
        if (free_pages_ >= kRegionPages / 2) return;
    }
    auto memory = os::map_aligned(kRegionBytes, kRegionBytes);
    if (!memory) return;
    memory->will_be_written();
    for (size_t at = 0; at < kRegionBytes; at += kAtOnce) {
        if (poll && !poll()) return;
        memory->touch(memory->begin() + at, kAtOnce);
    }
    std::lock_guard lock(mutex_);
    add_locked(std::move(memory).value());
}

// A region that is wholly free goes back to the system, unless it is the only room that is left: a heap that
// grows and shrinks should not pay for it each time.
void PagePool::give_back_locked(void* page) {
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

// ---- small pages

PagePool::Nest::Nest(uint8_t size) : header(Page::kNest, size) {
    for (size_t i = 1; i < kPageBytes / small_page_bytes(size); ++i) free[i / 64] |= uint64_t(1) << i % 64;
}

void PagePool::link(Nest* nest) {
    Nest*& first = nests_with_room_[nest->header.size];
    nest->previous = nullptr;
    nest->next = first;
    if (first) first->previous = nest;
    first = nest;
}

void PagePool::unlink(Nest* nest) {
    (nest->previous ? nest->previous->next : nests_with_room_[nest->header.size]) = nest->next;
    if (nest->next) nest->next->previous = nest->previous;
}

void* PagePool::take_small(size_t size) {
    std::lock_guard lock(mutex_);
    Nest* nest = nests_with_room_[size];
    if (!nest) {
        void* memory = take_locked(false);
        if (!memory) return nullptr;
        nest = new (memory) Nest(uint8_t(size));
        forbid(nest + 1, kPageBytes - sizeof(Nest));
        link(nest);
    }
    uint64_t* word = nest->free;
    while (!*word) ++word;
    size_t index = size_t(word - nest->free) * 64 + size_t(std::countr_zero(*word));
    *word &= *word - 1;
    if (++nest->used == kPageBytes / small_page_bytes(size) - 1) unlink(nest);
    void* page = reinterpret_cast<std::byte*>(nest) + index * small_page_bytes(size);
    allow(page, small_page_bytes(size));
    return page;
}

void PagePool::give_back_small(void* page) {
    std::lock_guard lock(mutex_);
    auto address = reinterpret_cast<uintptr_t>(page);
    auto* nest = reinterpret_cast<Nest*>(address & ~uintptr_t(kPageBytes - 1));
    const size_t bytes = small_page_bytes(nest->header.size);
    const size_t index = address % kPageBytes / bytes;
    uint64_t bit = uint64_t(1) << index % 64;
    assert(index > 0 && !(nest->free[index / 64] & bit));
    forbid(page, bytes);
    if (nest->used-- == kPageBytes / bytes - 1) link(nest);
    nest->free[index / 64] |= bit;
    if (nest->used > 0) return;
    unlink(nest);
    nest->~Nest();
    allow(nest, kPageBytes);
    give_back_locked(nest);
}

size_t PagePool::pages_in_use() const {
    std::lock_guard lock(mutex_);
    return in_use_;
}

} // namespace indent
