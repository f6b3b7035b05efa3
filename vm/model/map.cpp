// The entries stand one after the other in the order of insertion, so iterating is walking an array; the
// index beside them only says where to look. It is made new whenever the entries are, which happens when
// those are full: removed ones fall out then. Adding and removing therefore cost amortised constant time, and
// a map that shrinks gives back its room at the next such moment.
//
// Making entries and index anew allocates twice. In between the map has its new entries and no index, which
// is a whole map, only slower: a collection or an end of memory there does no harm.
#include "vm/model/map.h"
#include "vm/model/list.h"
#include "vm/model/temporary_root.h"
#include "vm/model/text.h"
#include <algorithm>
#include <bit>

namespace indent {

namespace {

constexpr size_t kFirstEntries = 4;
constexpr size_t kWithoutIndex = 8;              // entries searched one by one
constexpr size_t kMostEntries = size_t(1) << 31; // an index slot has 32 bits
constexpr size_t kMapWords = 4;

size_t capacity_of(Value map) {
    return array_capacity(map_entries(map)) / kEntryWords;
}

Cell* index_of(Value map) {
    Value index = (*map.cell())[3];
    return index.is_nil() ? nullptr : index.cell();
}
size_t index_slots(const Cell* index) {
    return size_t((*index)[0].as_integer()) * 2;
}
uint32_t* slots_of(Cell* index) {
    return reinterpret_cast<uint32_t*>(index->words() + 1);
}

// The slot for a new entry: the first free one on the way of its hash.
size_t free_slot(Cell* index, uint64_t hash) {
    size_t mask = index_slots(index) - 1;
    size_t at = hash & mask;
    while (slots_of(index)[at] != 0) at = (at + 1) & mask;
    return at;
}

void make_index(Mutator& mutator, Value& map_slot, Value* top) {
    size_t capacity = capacity_of(map_slot);
    if (capacity <= kWithoutIndex) return;
    size_t slots = std::bit_ceil(capacity + capacity / 2 + 1);
    Cell* index = mutator.heap->allocate_array(shape::kMapIndex, Format::Bytes, 1 + slots / 2, top);
    [[maybe_unused]] bool may = may_change(mutator, index, 1, slots / 2);
    assert(may);
    size_t used = map_used(map_slot);
    for (size_t i = 0; i < used; ++i) {
        int64_t hash = map_hash_at(map_slot, i);
        if (hash >= 0) slots_of(index)[free_slot(index, uint64_t(hash))] = uint32_t(i + 1);
    }
    may = Heap::store(mutator, map_slot.cell(), 3, Value::cell(index));
    assert(may);
}

// New entries with room for `capacity`, without the removed ones, and a new index.
bool remake(Mutator& mutator, Value& map_slot, size_t capacity, Value* top) {
    if (map_slot.cell()->is_frozen()) return false;
    if (capacity > kMostEntries) throw OutOfMemory{capacity * kEntryWords * sizeof(Value)};
    size_t words = capacity * kEntryWords + 1;
    Cell* entries = mutator.heap->allocate_array(shape::kArray, Format::Slots, words, top);
    Value map = map_slot;
    size_t used = map_used(map), count = map_count(map);
    assert(count <= capacity);
    [[maybe_unused]] bool may = may_change(mutator, entries, 1, words - 1);
    assert(may);
    const Value* from = map_entries(map)->words() + 1;
    Value* to = entries->words() + 1;
    for (size_t i = 0; i < used; ++i, from += kEntryWords)
        if (from[0].as_integer() >= 0) to = std::copy_n(from, kEntryWords, to);
    if (!may_change(mutator, map.cell(), 1, 3)) return false;
    (*map.cell())[1] = Value::integer(int64_t(count));
    (*map.cell())[2] = Value::cell(entries);
    (*map.cell())[3] = Value::nil();
    make_index(mutator, map_slot, top);
    return true;
}

size_t roomy(size_t count) {
    return std::max(kFirstEntries, std::bit_ceil(count + count / 2 + 1));
}

} // namespace

size_t map_next(Value map, size_t i) {
    for (size_t used = map_used(map); i < used; ++i)
        if (map_hash_at(map, i) >= 0) return i;
    return kNoEntry;
}

size_t MapProbe::next(Value map) {
    size_t used = map_used(map);
    Cell* index = index_of(map);
    if (!index) {
        while (steps_ < used)
            if (size_t at = steps_++; uint64_t(map_hash_at(map, at)) == hash_) return at;
        return kNoEntry;
    }
    size_t slots = index_slots(index);
    while (steps_ < slots) {
        uint32_t entry = slots_of(index)[(hash_ + steps_++) & (slots - 1)];
        if (entry == 0) break;
        if (entry <= used && uint64_t(map_hash_at(map, entry - 1)) == hash_) return entry - 1;
    }
    return kNoEntry;
}

size_t MapCursor::next(Value map) {
    if (map_count(map) != count_ || map_used(map) != used_) {
        changed_ = true;
        return kNoEntry;
    }
    size_t at = map_next(map, next_);
    next_ = at == kNoEntry ? used_ : at + 1;
    return at;
}

size_t map_find(Value map, Value key, uint64_t hash, bool& ask) {
    const Value wanted = Value::integer(int64_t(hash & kHashMask));
    const Value* entries = map_entries(map)->words() + 1;
    const size_t used = map_used(map);
    auto fits = [&](const Value* entry) {
        if (entry[0] != wanted) return false;
        if (entry[1] == key) return true;
        Equal equal = is_text(key) && is_text(entry[1]) ? text_equal(key, entry[1]) ? Equal::Yes : Equal::No
                                                        : quick_equal(key, entry[1]);
        if (equal == Equal::Ask) ask = true;
        return equal == Equal::Yes;
    };
    Cell* index = index_of(map);
    if (!index) {
        for (size_t i = 0; i < used; ++i)
            if (fits(entries + kEntryWords * i)) return i;
        return kNoEntry;
    }
    const uint32_t* slots = slots_of(index);
    const size_t mask = index_slots(index) - 1;
    for (size_t at = hash & mask; slots[at] != 0; at = (at + 1) & mask)
        if (size_t i = slots[at] - 1; i < used && fits(entries + kEntryWords * i)) return i;
    return kNoEntry;
}

Value make_map(Mutator& mutator, size_t capacity, Value* top) {
    size_t first = std::max(capacity, kFirstEntries);
    if (first <= kWithoutIndex) {
        // Map and entries by one allocation, as lists are made.
        size_t words = kEntryWords * first + 1;
        Cell* whole = Heap::allocate(mutator, shape::kArray, uint16_t(kMapWords + 1 + words), top);
        assert(!whole->is_old());
        *whole = Cell{shape::kMap, Cell::kFree, 0, kMapWords};
        Cell* entries = reinterpret_cast<Cell*>(whole->words() + kMapWords);
        *entries = Cell{shape::kArray, Cell::kFree, 0, uint16_t(words)};
        (*entries)[0] = Value::integer(int64_t(words - 1));
        std::fill_n(entries->words() + 1, words - 1, Value());
        (*whole)[0] = (*whole)[1] = Value::integer(0);
        (*whole)[2] = Value::cell(entries);
        (*whole)[3] = Value::nil();
        return Value::cell(whole);
    }
    TemporaryRoot map(*mutator.heap);
    map.value = make_map(mutator, 0, top);
    [[maybe_unused]] bool may = remake(mutator, map.value, first, top);
    assert(may);
    return map.value;
}

Value make_map_copy(Mutator& mutator, const Value& map_slot, Value* top) {
    size_t count = map_count(map_slot);
    Value map = make_map(mutator, count, top);
    if (count == 0) return map;
    Cell* entries = map_entries(map);
    [[maybe_unused]] bool may = may_change(mutator, entries, 1, kEntryWords * count);
    assert(may);
    size_t to = 0;
    for (size_t i = map_next(map_slot, 0); i != kNoEntry; i = map_next(map_slot, i + 1), ++to)
        std::copy_n(map_entries(map_slot)->words() + 1 + kEntryWords * i, kEntryWords,
                    entries->words() + 1 + kEntryWords * to);
    may = may_change(mutator, map.cell(), 0, 2);
    assert(may);
    (*map.cell())[0] = (*map.cell())[1] = Value::integer(int64_t(count));
    if (Cell* index = index_of(map)) {
        may = may_change(mutator, index, 1, index_slots(index) / 2);
        assert(may);
        for (size_t i = 0; i < count; ++i)
            slots_of(index)[free_slot(index, uint64_t(map_hash_at(map, i)))] = uint32_t(i + 1);
    }
    return map;
}

bool map_append(Mutator& mutator, Value& map_slot, uint64_t hash, Value& key_slot, Value& value_slot,
                Value* top) {
    if (map_slot.cell()->is_frozen()) return false;
    if (map_used(map_slot) == capacity_of(map_slot) &&
        !remake(mutator, map_slot, roomy(map_count(map_slot)), top))
        return false;
    Value map = map_slot;
    size_t used = map_used(map), count = map_count(map);
    Cell* entries = map_entries(map);
    hash &= kHashMask;
    if (!may_change(mutator, map.cell(), 0, 2) ||
        !may_change(mutator, entries, 1 + kEntryWords * used, kEntryWords))
        return false;
    if (Cell* index = index_of(map)) {
        size_t slot = free_slot(index, hash);
        if (index->barrier != 0 && !mutator.heap->before_store(index, 1 + slot / 2)) return false;
        slots_of(index)[slot] = uint32_t(used + 1);
    }
    Value* entry = entries->words() + 1 + kEntryWords * used;
    entry[0] = Value::integer(int64_t(hash));
    entry[1] = key_slot;
    entry[2] = value_slot;
    (*map.cell())[0] = Value::integer(int64_t(count + 1));
    (*map.cell())[1] = Value::integer(int64_t(used + 1));
    return true;
}

bool map_set_value(Mutator& mutator, Value map, size_t entry, Value value) {
    assert(entry < map_used(map));
    return Heap::store(mutator, map_entries(map), 3 + kEntryWords * entry, value);
}

bool map_remove_entry(Mutator& mutator, Value map, size_t entry) {
    assert(entry < map_used(map));
    Cell* entries = map_entries(map);
    if (map.cell()->is_frozen() || !may_change(mutator, map.cell(), 0, 1) ||
        !may_change(mutator, entries, 1 + kEntryWords * entry, kEntryWords))
        return false;
    Value* at = entries->words() + 1 + kEntryWords * entry;
    at[0] = Value::integer(-1);
    at[1] = at[2] = Value();
    (*map.cell())[0] = Value::integer(int64_t(map_count(map) - 1));
    return true;
}

void map_freeze(Mutator& mutator, Value map) {
    if (Cell* index = index_of(map)) mutator.heap->freeze(index);
    mutator.heap->freeze(map_entries(map));
    mutator.heap->freeze(map.cell());
}

bool map_clear(Mutator& mutator, Value& map_slot, Value* top) {
    if (map_slot.cell()->is_frozen()) return false;
    size_t words = kEntryWords * kFirstEntries + 1;
    Cell* entries = mutator.heap->allocate_array(shape::kArray, Format::Slots, words, top);
    Cell* map = map_slot.cell();
    if (!may_change(mutator, map, 0, kMapWords)) return false;
    (*map)[0] = (*map)[1] = Value::integer(0);
    (*map)[2] = Value::cell(entries);
    (*map)[3] = Value::nil();
    return true;
}

MapPut map_put(Mutator& mutator, const SymbolTable& symbols, Value& map_slot, Value& key_slot,
               Value& value_slot, Value* top) {
    auto hash = quick_hash(symbols, key_slot);
    if (!hash) return MapPut::Ask;
    bool ask = false;
    size_t entry = map_find(map_slot, key_slot, *hash, ask);
    if (entry != kNoEntry)
        return map_set_value(mutator, map_slot, entry, value_slot) ? MapPut::Done : MapPut::Frozen;
    if (ask) return MapPut::Ask;
    return map_append(mutator, map_slot, *hash, key_slot, value_slot, top) ? MapPut::Done : MapPut::Frozen;
}

Value map_get(const SymbolTable& symbols, Value map, Value key) {
    auto hash = quick_hash(symbols, key);
    if (!hash) return Value();
    bool ask = false;
    size_t entry = map_find(map, key, *hash, ask);
    return entry == kNoEntry ? Value() : map_value_at(map, entry);
}

} // namespace indent
