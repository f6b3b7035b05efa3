// A small hash table from addresses to numbers: what a heap remembers of single cells (identity hashes, shared cells
// that it holds). Open addressing; a word while it is empty.
#pragma once
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

namespace indent {

class PointerTable {
  public:
    struct Entry {
        const void* key = nullptr;
        uint64_t number = 0;
    };

    size_t size() const { return table_ ? table_->size : 0; }
    bool contains(const void* key) const { return find(key) != nullptr; }

    const uint64_t* find(const void* key) const {
        if (!table_) return nullptr;
        const Entry* entries = table_->entries();
        for (size_t at = table_->home(key);; at = (at + 1) & table_->mask) {
            if (entries[at].key == key) return &entries[at].number;
            if (!entries[at].key) return nullptr;
        }
    }

    // False if the key was there already; its number stays.
    bool add(const void* key, uint64_t number) {
        assert(key);
        if (!table_ || table_->mask + 1 < 2 * (table_->size + 1)) grow();
        Entry* entries = table_->entries();
        size_t at = table_->home(key);
        for (; entries[at].key; at = (at + 1) & table_->mask)
            if (entries[at].key == key) return false;
        entries[at] = {key, number};
        ++table_->size;
        return true;
    }

    bool remove(const void* key) {
        if (!table_) return false;
        Entry* entries = table_->entries();
        const size_t mask = table_->mask;
        size_t at = table_->home(key);
        while (entries[at].key != key) {
            if (!entries[at].key) return false;
            at = (at + 1) & mask;
        }
        // Close the gap: later entries move up unless they would pass their home.
        for (size_t next = (at + 1) & mask; entries[next].key; next = (next + 1) & mask) {
            if (((next - table_->home(entries[next].key)) & mask) < ((next - at) & mask)) continue;
            entries[at] = entries[next];
            at = next;
        }
        entries[at] = {};
        --table_->size;
        return true;
    }

    void clear() { table_.reset(); }

    template <class Visit> // visit(const Entry&); the table must not change meanwhile
    void for_each(Visit visit) const {
        if (size() == 0) return;
        const Entry* entries = table_->entries();
        for (size_t at = 0; at <= table_->mask; ++at)
            if (entries[at].key) visit(entries[at]);
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

    void swap(PointerTable& other) noexcept { table_.swap(other.table_); }

  private:
    // Its entries stand behind it: each heap has three of these tables, and most are empty.
    struct Table {
        size_t mask;
        size_t size = 0;
        Entry* entries() { return reinterpret_cast<Entry*>(this + 1); }
        size_t home(const void* key) const {
            return size_t((reinterpret_cast<uint64_t>(key) >> 3) * 0x9E37'79B9'7F4A'7C15 >> 20) & mask;
        }
    };
    static_assert(sizeof(Table) % alignof(Entry) == 0);
    struct Free {
        void operator()(Table* table) const { ::operator delete(table); }
    };

    void grow() {
        const size_t room = table_ ? 2 * (table_->mask + 1) : 4;
        PointerTable larger;
        larger.table_.reset(new (::operator new(sizeof(Table) + room * sizeof(Entry))) Table{room - 1});
        std::uninitialized_default_construct_n(larger.table_->entries(), room);
        for_each([&](const Entry& entry) { larger.add(entry.key, entry.number); });
        swap(larger);
    }

    std::unique_ptr<Table, Free> table_;
};

} // namespace indent
