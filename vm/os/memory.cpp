#include "vm/os/memory.h"
#include "vm/os/sanitizers.h"
#include <algorithm>
#include <cassert>
#include <cerrno>
#include <fstream>
#include <string>
#include <sys/mman.h>
#include <sys/resource.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#if INDENT_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#endif

namespace indent::os {

MappedMemory::MappedMemory(MappedMemory&& other) noexcept
    : begin_(std::exchange(other.begin_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

MappedMemory& MappedMemory::operator=(MappedMemory&& other) noexcept {
    if (this != &other) {
        unmap();
        begin_ = std::exchange(other.begin_, nullptr);
        bytes_ = std::exchange(other.bytes_, 0);
    }
    return *this;
}

MappedMemory::~MappedMemory() {
    unmap();
}

#if INDENT_ADDRESS_SANITIZER
// The owner of memory may have poisoned it; the next one there has not. Zeros would be written over a shadow that nobody
// has touched, at a third of a second for each world: its pages are given back instead, and read as zero.
static void forget_poison(std::byte* begin, std::byte* end) {
#ifdef __linux__
    size_t scale = 0, offset = 0;
    __asan_get_shadow_mapping(&scale, &offset);
    auto shadow_of = [&](std::byte* at) { return (reinterpret_cast<uintptr_t>(at) >> scale) + offset; };
    auto memory_of = [&](uintptr_t at) { return reinterpret_cast<std::byte*>((at - offset) << scale); };
    const uintptr_t page = page_bytes();
    const uintptr_t first = (shadow_of(begin) + page - 1) / page * page, last = shadow_of(end) / page * page;
    if (first < last && madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED) == 0) {
        __asan_unpoison_memory_region(begin, size_t(memory_of(first) - begin));
        __asan_unpoison_memory_region(memory_of(last), size_t(end - memory_of(last)));
        return;
    }
#endif
    __asan_unpoison_memory_region(begin, size_t(end - begin));
}
#endif

void MappedMemory::unmap() {
    if (!begin_) return;
#if INDENT_ADDRESS_SANITIZER
    forget_poison(begin_, end());
#endif
    munmap(begin_ - page_bytes(), bytes_ + 2 * page_bytes());
}

void MappedMemory::discard(std::byte* from, size_t bytes) {
    assert(from >= begin_ && from + bytes <= end());
    auto page = page_bytes();
    auto first = (reinterpret_cast<uintptr_t>(from) + page - 1) / page * page;
    auto last = (reinterpret_cast<uintptr_t>(from) + bytes) / page * page;
    if (first < last) madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
}

void MappedMemory::will_be_written() {
#ifdef MADV_HUGEPAGE
    madvise(begin_, bytes_, MADV_HUGEPAGE); // where there are none, it is as it was
#endif
}

void MappedMemory::touch(std::byte* from, size_t bytes) {
    assert(from >= begin_ && from + bytes <= end());
#ifdef MADV_POPULATE_WRITE
    madvise(from, bytes, MADV_POPULATE_WRITE);
#else
    (void)from, (void)bytes;
#endif
}

void give_back_freed() {
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

// Maps more than asked for, all of it inaccessible, cuts off what lies before and after the aligned part with
// its two guard pages, and opens the part itself.
Result<MappedMemory> map_aligned(size_t bytes, size_t alignment) {
    assert(alignment && (alignment & (alignment - 1)) == 0);
    size_t page = page_bytes();
    alignment = std::max(alignment, page);
    size_t wanted = bytes;
    bytes = (std::max<size_t>(bytes, 1) + page - 1) / page * page;
    size_t total = bytes + alignment + 2 * page;
    int error = ENOMEM;
    void* whole = MAP_FAILED;
    if (bytes >= wanted && total > bytes) { // else the sums went round
        whole = mmap(nullptr, total, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        error = errno;
    }
    if (whole != MAP_FAILED) {
        auto low = reinterpret_cast<uintptr_t>(whole);
        auto begin = (low + page + alignment - 1) / alignment * alignment;
        auto end = begin + bytes;
        if (begin - page > low) munmap(whole, begin - page - low);
        if (end + page < low + total) munmap(reinterpret_cast<void*>(end + page), low + total - end - page);
        MappedMemory memory;
        memory.begin_ = reinterpret_cast<std::byte*>(begin);
        memory.bytes_ = bytes;
        if (mprotect(memory.begin_, bytes, PROT_READ | PROT_WRITE) == 0) return memory;
        error = errno;
    }
    return Failure{"no_memory", "cannot reserve " + std::to_string(wanted) +
                                    " bytes of memory: " + std::generic_category().message(error)};
}

size_t page_bytes() {
    static const size_t bytes = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    return bytes;
}

uint64_t physical_memory_bytes() {
    auto bytes = static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * page_bytes();
    std::ifstream limit("/sys/fs/cgroup/memory.max"); // says "max" where there is no limit
    uint64_t allowed = 0;
    if (limit >> allowed && allowed) bytes = std::min(bytes, allowed);
    return bytes;
}

uint64_t peak_resident_bytes() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
#ifdef __APPLE__
    return static_cast<uint64_t>(usage.ru_maxrss);
#else
    return static_cast<uint64_t>(usage.ru_maxrss) * 1024;
#endif
}

} // namespace indent::os
