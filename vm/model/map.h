// Maps: hash tables that keep the order of insertion.
//
//   Map       word 0  integer: count of keys
//             word 1  integer: entries used, the removed ones included
//             word 2  entries, a kArray cell: hash, key, value for each, in order of insertion
//             word 3  index, a kMapIndex cell, or nil
//   MapIndex  word 0  integer: words that follow (Bytes); then slots of 32 bits, a power of two of them:
//             0 is free, n + 1 stands for entry n
//
// A removed entry keeps its place with hash -1 and absent key and value until the entries are made anew. A map
// without an index is searched entry by entry: small ones have none.
//
// Slots are roots, as in list.h. Keys that Indent code compares are the business of vm/prims/map_access.h.
#pragma once
#include "vm/model/array.h"
#include "vm/model/key.h"

namespace indent {

inline constexpr size_t kNoEntry = SIZE_MAX;
inline constexpr size_t kEntryWords = 3;

inline bool is_map(Value v) {
    return has_shape(v, shape::kMap);
}
inline size_t map_count(Value map) {
    return size_t((*map.cell())[0].as_integer());
}
inline size_t map_used(Value map) {
    return size_t((*map.cell())[1].as_integer());
}
inline Cell* map_entries(Value map) {
    return (*map.cell())[2].cell();
}
// The parts of entry i < map_used: -1 and absent where it was removed.
inline int64_t map_hash_at(Value map, size_t i) {
    return (*map_entries(map))[1 + kEntryWords * i].as_integer();
}
inline Value map_key_at(Value map, size_t i) {
    return (*map_entries(map))[2 + kEntryWords * i];
}
inline Value map_value_at(Value map, size_t i) {
    return (*map_entries(map))[3 + kEntryWords * i];
}
// The first entry at or after i that is there, or kNoEntry. Safe whatever has happened to the map.
size_t map_next(Value map, size_t i);

// Iteration in order. Ends early, and says so, when keys were added or removed meanwhile (their order may have
// moved then); values may be set. Holds no addresses.
class MapCursor {
  public:
    explicit MapCursor(Value map) : count_(map_count(map)), used_(map_used(map)) {}
    size_t next(Value map); // kNoEntry at the end
    bool changed() const { return changed_; }

  private:
    size_t count_, used_, next_ = 0;
    bool changed_ = false;
};

// Walks the entries with one hash. Holds no addresses, so it may be kept while things move; if the map changes,
// it goes on somewhere, safely.
class MapProbe {
  public:
    explicit MapProbe(uint64_t hash) : hash_(hash & kHashMask) {}
    size_t next(Value map); // kNoEntry at the end

  private:
    uint64_t hash_;
    size_t steps_ = 0;
};

// The entry of a key with a quick hash: kNoEntry if there is none. `ask` is set, and the answer means nothing,
// if an entry with this hash can only be compared by Indent code.
size_t map_find(Value map, Value key, uint64_t hash, bool& ask);

// An empty map with room for `capacity` keys.
Value make_map(Mutator& mutator, size_t capacity, Value* top);
Value make_map_copy(Mutator& mutator, const Value& map_slot, Value* top);

// Each answers false where the map is frozen, and has done nothing then.
// A key that is known to be missing.
[[nodiscard]] bool map_append(Mutator& mutator, Value& map_slot, uint64_t hash, Value& key_slot,
                              Value& value_slot, Value* top);
[[nodiscard]] bool map_set_value(Mutator& mutator, Value map, size_t entry, Value value);
[[nodiscard]] bool map_remove_entry(Mutator& mutator, Value map, size_t entry);
[[nodiscard]] bool map_clear(Mutator& mutator, Value& map_slot, Value* top);
// For ever, storage included. Keys and values must be frozen.
void map_freeze(Mutator& mutator, Value map);

// For keys with a quick hash and maps that hold only such keys.
enum class MapPut : uint8_t { Done, Frozen, Ask };
MapPut map_put(Mutator& mutator, const SymbolTable& symbols, Value& map_slot, Value& key_slot,
               Value& value_slot, Value* top);
// The value, or absent if there is none (or only the general way could find it).
Value map_get(const SymbolTable& symbols, Value map, Value key);

} // namespace indent
