#include "vm/heap/old_space.h"
#include <cassert>
#include <new>

namespace indent {

// A free block: a header without kOld, its size, and in its first word the next block of its list (blocks without
// a word are in no list: they wait until a sweep joins them with a neighbour).
static constexpr size_t kFreeVisible = sizeof(Cell) + sizeof(Value);

static Cell* next_free(const Cell* block) {
    return block->words()[0].cell();
}

OldSpace::~OldSpace() {
    for (Page* page : pages_)
        if (page) drop_page(page);
}

// ---- pages

void OldSpace::number_page(Page* page) {
    page->owner = this;
    if (free_numbers_.empty()) {
        page->number = uint32_t(pages_.size());
        pages_.push_back(page);
    } else {
        page->number = free_numbers_.back();
        free_numbers_.pop_back();
        pages_[page->number] = page;
    }
}

// The first ones are small if they will do: two of the smallest size, so that all of a small heap can be made anew in the
// second and the first given back, then each larger than the one before.
Page* OldSpace::take_page(size_t bytes) {
    size_t size = pages_.size() - free_numbers_.size();
    if (size > 0) --size;
    while (size < kSmallPageSizes && bytes > small_page_bytes(size) - sizeof(Page)) ++size;
    const bool small = size < kSmallPageSizes;
    void* memory = small ? pool_.take_small(size) : pool_.take();
    if (!memory) return nullptr;
    auto* page = small ? new (memory) Page(Page::kSmall, uint8_t(size)) : new (memory) Page(Page::kWhole);
    number_page(page);
    reserved_ += page->bytes();
    forbid(page->begin(), size_t(page->end() - page->begin()));
    return page;
}

void OldSpace::drop_page(Page* page) {
    pages_[page->number] = nullptr;
    free_numbers_.push_back(page->number);
    if (page->kind == Page::kLarge) {
        auto* large = static_cast<LargePage*>(page);
        os::MappedMemory memory = std::move(large->memory);
        reserved_ -= memory.bytes();
        large->~LargePage();
        allow(memory.begin(), memory.bytes());
        return;
    }
    bool small = page->kind == Page::kSmall;
    size_t bytes = page->bytes();
    reserved_ -= bytes;
    page->~Page();
    allow(page, bytes);
    if (small)
        pool_.give_back_small(page);
    else
        pool_.give_back(page);
}

// ---- allocation

Cell* OldSpace::allocate_large(size_t words) {
    assert(words > kMaxPageWords);
    if (words > (size_t(1) << 48)) return nullptr;
    auto memory = os::map_aligned(sizeof(LargePage) + sizeof(Cell) + 8 * words, kPageBytes);
    if (!memory) return nullptr;
    auto* page = new (memory->begin()) LargePage;
    page->card_count = (words + kCardWords - 1) / kCardWords;
    page->cards = std::make_unique<uint8_t[]>(page->card_count);
    page->memory = std::move(memory).value();
    number_page(page);
    reserved_ += page->memory.bytes();
    used_ += sizeof(Cell) + 8 * words;
    Cell* cell = page->cell();
    auto* at = reinterpret_cast<std::byte*>(cell);
    std::byte* end = at + sizeof(Cell) + 8 * words;
    made_.push_back({at, end});
    unscanned_.push_back({at, end});
    return cell;
}

Cell* OldSpace::allocate_slowly(size_t words) {
    size_t bytes = sizeof(Cell) + 8 * words;
    Cell* block = has_exact_hole(words) ? pop(words) : nullptr;
    if (!block) {
        if (size_t(span_end_ - next_) >= bytes) {
            auto* cell = reinterpret_cast<Cell*>(next_);
            allow(cell, bytes);
            next_ += bytes;
            return cell;
        }
        block = take_block(words);
    }
    std::byte* from;
    std::byte* to;
    if (block) {
        from = reinterpret_cast<std::byte*>(block);
        to = from + block->byte_count();
    } else {
        Page* page = take_page(bytes);
        if (!page) return nullptr;
        from = page->begin();
        to = page->end();
    }
    if (size_t(to - from) - bytes > size_t(span_end_ - next_)) {
        // More will be left of it than is left of the span: it is the next one.
        end_span();
        begin_span(from, to);
        return allocate_slowly(words);
    }
    allow(from, bytes);
    if (from + bytes < to) free_block(from + bytes, to);
    add_made(from, from + bytes);
    unscanned_.push_back({from, from + bytes});
    used_ += bytes;
    return reinterpret_cast<Cell*>(from);
}

// Small cells take from the largest block, which then serves many; large ones from the smallest that fits.
Cell* OldSpace::take_block(size_t words) {
    if (!lists_used_) return nullptr;
    size_t smallest = list_of(words);
    size_t largest = size_t(std::bit_width(lists_used_)) - 1;
    if (smallest < largest) {
        if (words <= kExactWords) return pop(largest);
        return pop(size_t(std::countr_zero(lists_used_ >> (smallest + 1))) + smallest + 1);
    }
    if (!(lists_used_ >> smallest & 1)) return nullptr;
    // Blocks of the list that the size falls into may be too small: look at a few.
    Value* link = nullptr;
    Cell* block = lists_[smallest];
    for (int tries = 0; block && tries < 8; ++tries) {
        if (block->size >= words) {
            if (!link) return pop(smallest);
            *link = (*block)[0];
            return block;
        }
        link = block->words();
        block = next_free(block);
    }
    return nullptr;
}

Cell* OldSpace::pop(size_t list) {
    Cell* block = lists_[list];
    lists_[list] = next_free(block);
    if (!lists_[list]) lists_used_ &= ~(uint64_t(1) << list);
    return block;
}

void OldSpace::free_block(std::byte* from, std::byte* to) {
    size_t bytes = size_t(to - from);
    size_t words = bytes / 8 - 1;
    allow(from, bytes);
#if INDENT_ADDRESS_SANITIZER
    if (bytes > kFreeVisible) forbid(from + kFreeVisible, bytes - kFreeVisible);
#endif
    auto* block = reinterpret_cast<Cell*>(from);
    *block = Cell{0, Cell::kFree, 0, uint16_t(words)};
    if (words == 0) return;
    size_t list = list_of(words);
    if (!lists_) lists_ = std::make_unique<Cell*[]>(kLists);
    (*block)[0] = Value::cell(lists_[list]);
    lists_[list] = block;
    lists_used_ |= uint64_t(1) << list;
}

void OldSpace::forget_free_blocks() {
    lists_.reset();
    lists_used_ = 0;
}

void OldSpace::begin_span(std::byte* from, std::byte* to) {
    next_ = span_from_ = span_made_ = scanned_ = from;
    span_end_ = to;
    forbid(from, size_t(to - from));
}

void OldSpace::end_span() {
    if (!next_) return;
    if (span_made_ < next_) add_made(span_made_, next_);
    if (scanned_ < next_) unscanned_.push_back({scanned_, next_});
    used_ += size_t(next_ - span_from_);
    if (next_ < span_end_) free_block(next_, span_end_);
    next_ = span_end_ = span_from_ = span_made_ = scanned_ = nullptr;
}

// ---- what the stretch has made

void OldSpace::add_made(std::byte* from, std::byte* to) {
    if (!made_.empty() && made_.back().to == from)
        made_.back().to = to;
    else
        made_.push_back({from, to});
}

void OldSpace::keep_made() {
    made_.clear();
    span_made_ = next_;
}

void OldSpace::rest() {
    if (made_.capacity()) made_ = {};
    if (unscanned_.capacity()) unscanned_ = {};
}

// The free blocks that this makes are joined with their neighbours by the next sweep.
void OldSpace::free_made() {
    skip_new();
    for (const Run& run : made_) {
        auto* cell = reinterpret_cast<Cell*>(run.from);
        used_ -= size_t(run.to - run.from);
        if (is_large(cell))
            drop_page(LargePage::of(cell));
        else
            free_block(run.from, run.to);
    }
    made_.clear();
    if (next_) forbid(span_made_, size_t(span_end_ - span_made_));
    next_ = scanned_ = span_made_;
}

// ---- asking

uint64_t OldSpace::offset_of(const Cell* cell) const {
    const Page* page = Page::of(cell);
    assert(cell->is_old() && page->owner == this);
    return uint64_t(page->number) * kPageBytes +
           (reinterpret_cast<uintptr_t>(cell) - reinterpret_cast<uintptr_t>(page));
}

Cell* OldSpace::at_offset(uint64_t offset) const {
    uint64_t number = offset / kPageBytes;
    size_t within = offset % kPageBytes;
    if (number >= pages_.size() || !pages_[number]) return nullptr;
    Page* page = pages_[number];
    std::byte* wanted = reinterpret_cast<std::byte*>(page) + within;
    if (page->kind == Page::kLarge) {
        Cell* cell = static_cast<LargePage*>(page)->cell();
        return wanted == reinterpret_cast<std::byte*>(cell) ? cell : nullptr;
    }
    for (std::byte* at = page->begin(); at <= wanted && at < page->end();) {
        if (at == next_) { // the rest of the span has no headers
            at = span_end_;
            continue;
        }
        auto* cell = reinterpret_cast<Cell*>(at);
        if (at == wanted) return cell->is_old() ? cell : nullptr;
        at += cell->byte_count();
    }
    return nullptr;
}

} // namespace indent
