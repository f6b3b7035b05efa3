// Where the cells of one heap live once they have left the nursery: pages that never move (vm/heap/page.h). New
// cells are put one behind the other into a *span*, a stretch of free memory; when it is used up, the largest free
// block of the heap becomes the next one, or a fresh page. Small cells prefer a free cell of exactly their size.
//
// What a stretch has made is kept as runs of memory, not as cells: most lie one behind the other, so that there
// are few runs however many cells. The collector scans the same runs (survivors of the nursery that it has not
// looked into yet), commit makes them old for good, and rollback turns each into a free block.
#pragma once
#include "vm/heap/page_pool.h"
#include "vm/heap/poison.h"
#include "vm/heap/restored.h"
#include <bit>
#include <span>
#include <vector>

namespace indent {

class OldSpace {
  public:
    struct Run {
        std::byte* from;
        std::byte* to;
    };

    explicit OldSpace(PagePool& pool) : pool_(pool) {}
    ~OldSpace();
    OldSpace(const OldSpace&) = delete;
    OldSpace& operator=(const OldSpace&) = delete;

    // ---- allocation. The cells belong to the stretch (until keep_made); their headers and words are the caller's to
    //      write at once.

    // words <= kMaxPageWords. nullptr where the system has no memory.
    Cell* allocate(size_t words) {
        size_t bytes = sizeof(Cell) + 8 * words;
        if (size_t(span_end_ - next_) < bytes || has_exact_hole(words)) [[unlikely]]
            return allocate_slowly(words);
        auto* cell = reinterpret_cast<Cell*>(next_);
        allow(cell, bytes);
        next_ += bytes;
        return cell;
    }
    // words > kMaxPageWords; all words are zero. nullptr where the system has no memory.
    Cell* allocate_large(size_t words);

    // ---- what the collector has not scanned

    // Calls scan(Cell*) for every cell allocated since the last call ended, those that scan allocates included.
    template <class Scan>
    void scan_new(Scan scan) {
        for (;;) {
            while (scanned_ < next_) {
                auto* cell = reinterpret_cast<Cell*>(scanned_);
                scanned_ += cell->byte_count();
                scan(cell);
            }
            if (unscanned_.empty()) return;
            Run run = unscanned_.back();
            unscanned_.pop_back();
            while (run.from < run.to) {
                auto* cell = reinterpret_cast<Cell*>(run.from);
                run.from += cell->byte_count();
                scan(cell);
            }
        }
    }
    // Cells allocated so far will be scanned in another way.
    void skip_new() {
        unscanned_.clear();
        scanned_ = next_;
    }

    // ---- what the stretch has made

    template <class Visit> // visit(Cell*)
    void for_each_made(Visit visit) {
        auto walk = [&](std::byte* at, std::byte* end) {
            while (at < end) {
                auto* cell = reinterpret_cast<Cell*>(at);
                at += cell->byte_count();
                visit(cell);
            }
        };
        for (const Run& run : made_) walk(run.from, run.to);
        walk(span_made_, next_);
    }
    bool has_made() const { return !made_.empty() || span_made_ < next_; }
    void keep_made(); // they are of earlier stretches from now on
    void free_made(); // they never were
    void rest();      // nothing is made or scanned for some time: gives working memory back

    // ---- sweeping

    // Frees all cells for which is_live(cell) answers false and joins free memory; calls kept(cell) for others.
    // Cells with kNew that stay are the made ones afterwards. Wholly free pages go back to the pool.
    template <class IsLive, class Kept>
    void sweep(IsLive is_live, Kept kept);

    // ---- asking

    template <class Visit> // visit(Cell*)
    void for_each_cell(Visit visit) {
        for (Page* page : pages_) {
            if (!page) continue;
            if (page->kind == Page::kLarge) {
                visit(static_cast<LargePage*>(page)->cell());
                continue;
            }
            for (std::byte* at = page->begin(); at < page->end();) {
                if (at == next_ && at < span_end_) { // the rest of the span has no headers
                    at = span_end_;
                    continue;
                }
                auto* cell = reinterpret_cast<Cell*>(at);
                at += cell->byte_count();
                if (cell->is_old()) visit(cell);
            }
        }
    }

    // ---- coming back (restore.cpp)

    // Its page as it is to be found again; of a page with a large cell, `words` are that cell's.
    PageFacts facts_of(const Cell* cell) const;
    // A page in a space that no mutator has had yet (Heap::restore_page). False: it has no room for that, two cells overlap,
    // all cells would have more than `most_bytes`, or no memory.
    bool restore_page(const PageFacts& facts, std::span<const RestoredCell> cells, uint64_t most_bytes);
    void end_restore(); // all pages are there: other numbers are free

    uint64_t offset_of(const Cell* cell) const;
    Cell* at_offset(uint64_t offset) const;
    // The same without a look at whether one begins there; its page is.
    Cell* place_at(uint64_t offset) const {
        return reinterpret_cast<Cell*>(reinterpret_cast<std::byte*>(pages_[offset / kPageBytes]) +
                                       offset % kPageBytes);
    }
    bool owns(const Cell* cell) const {
        return Page::of(cell)->owner == this;
    } // cell has kOld, in whatever heap
    // Bytes of all cells that are not free.
    size_t used_bytes() const { return used_ + size_t(next_ - span_from_); }
    size_t reserved_bytes() const { return reserved_; }

  private:
    // Free blocks are kept by size: one list for each number of words up to kExactWords, then one for each doubling.
    static constexpr size_t kExactWords = 32;
    static constexpr size_t kLists = 41;
    static size_t list_of(size_t words) {
        return words <= kExactWords ? words : kExactWords + size_t(std::bit_width(words - 1)) - 5;
    }
    bool has_exact_hole(size_t words) const { return words <= kExactWords && lists_used_ >> words & 1; }

    Cell* allocate_slowly(size_t words);
    Cell* take_block(size_t words); // one with at least as many words, or nullptr
    Cell* pop(size_t list);
    Page* take_page_again(const PageFacts& facts);
    bool put_again(LargePage* page, const RestoredCell& cell);
    void put_again(std::byte* at, const RestoredCell& cell);
    Page* take_page(size_t bytes); // for a cell of so many
    void number_page(Page* page);
    void drop_page(Page* page);
    void free_block(std::byte* from, std::byte* to);
    void begin_span(std::byte* from, std::byte* to);
    void end_span();
    void add_made(std::byte* from, std::byte* to);
    void forget_free_blocks();

    PagePool& pool_;
    std::vector<Page*> pages_; // by number; nullptr where there is none
    std::vector<uint32_t> free_numbers_;
    size_t reserved_ = 0;
    size_t used_ = 0; // without what the span has given since span_from_

    // The span: given out so far up to next_. span_from_ <= span_made_ <= scanned_ <= next_ <= span_end_
    std::byte* next_ = nullptr;
    std::byte* span_end_ = nullptr;
    std::byte* span_from_ = nullptr;
    std::byte* span_made_ = nullptr; // from here on given out in this stretch
    std::byte* scanned_ = nullptr;   // from here on not scanned yet

    std::vector<Run> made_;      // but for the end of the span
    std::vector<Run> unscanned_; // but for the end of the span

    uint64_t lists_used_ = 0; // a bit for each list that is not empty
    std::unique_ptr<Cell*[]> lists_;
};

template <class IsLive, class Kept>
void OldSpace::sweep(IsLive is_live, Kept kept) {
    end_span();
    skip_new();
    made_.clear();
    forget_free_blocks();
    used_ = 0;
    for (size_t i = 0; i < pages_.size(); ++i) {
        Page* page = pages_[i];
        if (!page) continue;
        if (page->kind == Page::kLarge) {
            Cell* cell = static_cast<LargePage*>(page)->cell();
            if (!is_live(cell)) {
                drop_page(page);
                continue;
            }
            kept(cell);
            used_ += cell->byte_count();
            auto* at = reinterpret_cast<std::byte*>(cell);
            if (cell->bits & Cell::kNew) add_made(at, at + cell->byte_count());
            continue;
        }
        std::byte* free_from = nullptr;
        size_t free_before = used_;
        for (std::byte* at = page->begin(); at < page->end();) {
            auto* cell = reinterpret_cast<Cell*>(at);
            std::byte* next = at + cell->byte_count();
            if (!cell->is_old() || !is_live(cell)) {
                if (!free_from) free_from = at;
            } else {
                kept(cell);
                used_ += size_t(next - at);
                if (cell->bits & Cell::kNew) add_made(at, next);
                if (free_from) free_block(free_from, at);
                free_from = nullptr;
            }
            at = next;
        }
        if (used_ == free_before)
            drop_page(page);
        else if (free_from)
            free_block(free_from, page->end());
    }
}

} // namespace indent
