// A small hash table from addresses to numbers: what a heap remembers of single cells (identity hashes, shared cells
// that it holds). Open addressing; takes no memory while it is empty.
#pragma once
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace indent {

class PointerTable {
  public:
    struct Entry {
        const void* key = nullptr;
        uint64_t number = 0;
    };

    size_t size() const { return size_; }
    bool contains(const void* key) const { return find(key) != nullptr; }

    const uint64_t* find(const void* key) const {
        if (size_ == 0) return nullptr;
        for (size_t at = home(key);; at = (at + 1) & mask_) {
            if (entries_[at].key == key) return &entries_[at].number;
            if (!entries_[at].key) return nullptr;
        }
    }

    // False if the key was there already; its number stays.
    bool add(const void* key, uint64_t number) {
        assert(key);
        if (capacity() < 2 * (size_ + 1)) grow();
        size_t at = home(key);
        for (; entries_[at].key; at = (at + 1) & mask_)
            if (entries_[at].key == key) return false;
        entries_[at] = {key, number};
        ++size_;
        return true;
    }

    bool remove(const void* key) {
        if (size_ == 0) return false;
        size_t at = home(key);
        while (entries_[at].key != key) {
            if (!entries_[at].key) return false;
            at = (at + 1) & mask_;
        }
        // Close the gap: later entries move up unless they would pass their home.
        for (size_t next = (at + 1) & mask_; entries_[next].key; next = (next + 1) & mask_) {
            if (((next - home(entries_[next].key)) & mask_) < ((next - at) & mask_)) continue;
            entries_[at] = entries_[next];
            at = next;
        }
        entries_[at] = {};
        --size_;
        return true;
    }

    void clear() { *this = PointerTable(); }

    template <class Visit> // visit(const Entry&); the table must not change meanwhile
    void for_each(Visit visit) const {
        if (size_ == 0) return;
        for (size_t at = 0; at <= mask_; ++at)
            if (entries_[at].key) visit(entries_[at]);
    }

    // Keeps the entries for which keep(entry) answers true.
    template <class Keep>
    void filter(Keep keep) {
        PointerTable kept;
        for_each([&](const Entry& entry) {
            if (keep(entry)) kept.add(entry.key, entry.number);
        });
        *this = std::move(kept);
    }

    PointerTable() = default;
    PointerTable(PointerTable&& other) noexcept { swap(other); }
    PointerTable& operator=(PointerTable&& other) noexcept {
        PointerTable taken(std::move(other));
        swap(taken);
        return *this;
    }
    void swap(PointerTable& other) noexcept {
        std::swap(entries_, other.entries_);
        std::swap(mask_, other.mask_);
        std::swap(size_, other.size_);
    }

  private:
    size_t capacity() const { return entries_ ? mask_ + 1 : 0; }
    size_t home(const void* key) const {
        return size_t((reinterpret_cast<uint64_t>(key) >> 3) * 0x9E37'79B9'7F4A'7C15 >> 20) & mask_;
    }
    void grow() {
        PointerTable larger;
        size_t room = entries_ ? 2 * capacity() : 8;
        larger.entries_ = std::make_unique<Entry[]>(room);
        larger.mask_ = room - 1;
        for_each([&](const Entry& entry) { larger.add(entry.key, entry.number); });
        swap(larger);
    }

    std::unique_ptr<Entry[]> entries_;
    size_t mask_ = 0;
    size_t size_ = 0;
};

} // namespace indent
