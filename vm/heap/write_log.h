// The write log of one stretch: what cells said before it changed them. Entries lie one after the other in one
// growing block: the cell, its header, which words, the words. Emptying it costs nothing.
#pragma once
#include "vm/heap/page.h"
#include <cstdlib>
#include <new>
#include <span>

namespace indent {

class WriteLog {
  public:
    struct Entry {
        Cell* cell;
        uint64_t header; // the cell's header as it was
        size_t first;    // of the words saved
        size_t count;

        Value* words() { return reinterpret_cast<Value*>(this + 1); }
        std::span<const Value> before() const { return {reinterpret_cast<const Value*>(this + 1), count}; }
        Entry* next() { return reinterpret_cast<Entry*>(words() + count); }
    };

    WriteLog() = default;
    WriteLog(const WriteLog&) = delete;
    WriteLog& operator=(const WriteLog&) = delete;
    ~WriteLog() { std::free(begin_); }

    bool empty() const { return next_ == begin_; }
    size_t entries() const { return entries_; }

    // Saves words [first, first + count) of the cell as they are.
    void add(Cell* cell, size_t first, size_t count) {
        size_t bytes = sizeof(Entry) + 8 * count;
        if (size_t(end_ - next_) < bytes) [[unlikely]]
            grow(bytes);
        auto* entry = new (next_) Entry{cell, header_word(cell), first, count};
        const Value* from = cell->words() + first;
        Value* to = entry->words();
        for (size_t i = 0; i < count; ++i) to[i] = from[i];
        next_ += bytes;
        ++entries_;
    }

    template <class Visit> // visit(Entry&), in the order of the first changes
    void for_each(Visit visit) {
        // Of many, the cells of those that follow are on their way meanwhile: they lie anywhere.
        constexpr size_t kMany = 1000, kAhead = 8;
        auto* coming = begin_;
        auto next_comes = [&] {
            if (coming >= next_) return;
            auto* entry = reinterpret_cast<Entry*>(coming);
            coming = reinterpret_cast<std::byte*>(entry->next());
            __builtin_prefetch(entry->cell);
        };
        const bool many = entries_ > kMany;
        if (many)
            for (size_t i = 0; i < kAhead; ++i) next_comes();
        for (auto* at = begin_; at < next_;) {
            if (many) next_comes();
            auto* entry = reinterpret_cast<Entry*>(at);
            at = reinterpret_cast<std::byte*>(entry->next());
            visit(*entry);
        }
    }

    // Keeps its memory for the next stretch, which often changes as much as this one did; what was used but little
    // goes back.
    void clear() {
        if (size_t(end_ - begin_) > kKeptBytes && size_t(next_ - begin_) < size_t(end_ - begin_) / 4)
            [[unlikely]] {
            std::free(begin_);
            begin_ = end_ = nullptr;
        }
        next_ = begin_;
        entries_ = 0;
    }

  private:
    static constexpr size_t kFirstBytes = 512;
    static constexpr size_t kKeptBytes = size_t(64) << 10;

    void grow(size_t bytes) {
        size_t used = size_t(next_ - begin_);
        size_t room = size_t(end_ - begin_) * 2;
        if (room < kFirstBytes) room = kFirstBytes;
        while (room < used + bytes) room *= 2;
        auto* larger = static_cast<std::byte*>(std::realloc(begin_, room));
        if (!larger) throw std::bad_alloc();
        begin_ = larger;
        next_ = larger + used;
        end_ = larger + room;
    }

    std::byte* begin_ = nullptr;
    std::byte* next_ = nullptr;
    std::byte* end_ = nullptr;
    size_t entries_ = 0;
};

} // namespace indent
