// Maps with keys of every kind: what vm/model/map.h cannot decide by itself is asked of the keys, by their `hash`
// and `==`. That may run any code, so things move and maps may change while a key is searched for.
#pragma once
#include "vm/interp/machine.h"
#include "vm/model/map.h"

namespace indent {

// The hash of a key. False: it cannot be one (a list or a map that can change); an error was raised and a handler
// has given `resumed` for the answer.
[[nodiscard]] bool hash_key(Machine& vm, const Value& key_slot, uint64_t& hash, Value& resumed, Value* args);

// The entry of a key, or kNoEntry.
size_t find_entry(Machine& vm, const Value& map_slot, const Value& key_slot, uint64_t hash, Value* args);

// Sets the value of a key, new or there already. False: the map is frozen.
[[nodiscard]] bool put_entry(Machine& vm, Value& map_slot, Value& key_slot, uint64_t hash, Value& value_slot,
                             Value* args);

} // namespace indent
