// A page of the old space: a header and cells one after the other, walkable from the first to the last, the free ones
// among them with a header that says how long they are. Pages begin at multiples of 64 KB, and a cell larger than
// a page has a page of its own with the cell at its front, so that one mask leads from any cell to its page. The
// first pages of a heap are small, because most heaps never need more: 128 bytes twice, then 256, 512, 1 KB, 4 KB, 16 KB. Small pages
// of one size, of as many heaps, lie in a *nest* of 64 KB behind its own header.
#pragma once
#include "vm/heap/cell.h"
#include "vm/os/memory.h"
#include <cstring>
#include <memory>

namespace indent {

inline constexpr size_t kPageBytes = size_t(64) << 10;
inline constexpr size_t kSmallPageSizes = 6;
inline constexpr size_t small_page_bytes(size_t size) { // size < kSmallPageSizes
    return size < 4 ? size_t(128) << size : size_t(4096) << 2 * (size - 4);
}
inline constexpr size_t kCardWords = 512; // large cells are logged and scanned in cards of so many words

class OldSpace;

struct Page {
    // What is known of each card of a large cell.
    enum Card : uint8_t {
        kScan = 1, // may point into the nursery: to be scanned by the next collection
        kSaved = 2 // is in the write log (or need not be)
    };

    enum Kind : uint8_t { kWhole, kSmall, kLarge, kNest };

    explicit Page(Kind kind, uint8_t size = 0) : kind(kind), size(size) {}

    OldSpace* owner = nullptr;
    uint32_t number = 0; // in its old space
    Kind kind;
    uint8_t size; // small pages and nests of them: which of the sizes

    static Page* of(const Cell* cell) {
        auto address = reinterpret_cast<uintptr_t>(cell);
        auto* page = reinterpret_cast<Page*>(address & ~uintptr_t(kPageBytes - 1));
        if (page->kind != kNest) return page;
        return reinterpret_cast<Page*>(address & ~uintptr_t(small_page_bytes(page->size) - 1));
    }
    std::byte* begin() { return reinterpret_cast<std::byte*>(this + 1); }
    size_t bytes() const { return kind == kSmall ? small_page_bytes(size) : kPageBytes; } // not of large ones
    std::byte* end() { return reinterpret_cast<std::byte*>(this) + bytes(); }
};
static_assert(sizeof(Page) == 16);

// The page of a large cell.
struct LargePage : Page {
    LargePage() : Page(kLarge) {}
    std::unique_ptr<uint8_t[]> cards;
    size_t card_count = 0;
    os::MappedMemory memory; // the page itself

    static LargePage* of(const Cell* cell) {
        return reinterpret_cast<LargePage*>(reinterpret_cast<uintptr_t>(cell) & ~uintptr_t(kPageBytes - 1));
    }
    Cell* cell() { return reinterpret_cast<Cell*>(this + 1); }
};
static_assert(sizeof(LargePage) % 8 == 0);

// The most words that a cell in a page of 64 KB can have.
inline constexpr size_t kMaxPageWords = (kPageBytes - sizeof(Page)) / 8 - 1;

// A cell of the old space that has a page of its own, and cards.
inline bool is_large(const Cell* cell) {
    return cell->word_count() > kMaxPageWords;
}

// Headers read and written as one word, and the address of the copy in a header that was left behind.
inline uint64_t header_word(const Cell* cell) {
    uint64_t word;
    std::memcpy(&word, cell, sizeof word);
    return word;
}
inline void set_header_word(Cell* cell, uint64_t word) {
    std::memcpy(static_cast<void*>(cell), &word, sizeof word);
}

} // namespace indent
