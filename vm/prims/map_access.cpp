#include "vm/prims/map_access.h"

namespace indent {

bool hash_key(Machine& vm, const Value& key_slot, uint64_t& hash, Value& resumed, Value* args) {
    Value key = key_slot;
    if (hash_at_once(vm.symbols, key, hash)) return true;
    if (auto quick = quick_hash(vm.symbols, key)) {
        hash = *quick;
        return true;
    }
    if ((is_list(key) || is_map(key)) && !key.cell()->is_frozen()) {
        resumed =
            vm.fail("ArgumentError",
                    vm.with_article(key) + " that can change is not a key: use a tuple, or .frozen", args);
        return false;
    }
    hash = vm.hash_of(key, args) & kHashMask;
    return true;
}

size_t find_entry(Machine& vm, const Value& map_slot, const Value& key_slot, uint64_t hash, Value* args) {
    for (;;) {
        bool ask = false;
        size_t entry = map_find(map_slot, key_slot, hash, ask);
        if (entry != kNoEntry || !ask) return entry;
        // Ask the keys themselves. Their code may change the map: the way goes on as long as entries and index are
        // the same ones, for what comes in meanwhile is put at the end of it; else it begins again.
        MapProbe probe(hash);
        bool remade = false;
        while (!remade) {
            size_t at = probe.next(map_slot);
            if (at == kNoEntry) return kNoEntry;
            if (quick_equal(key_slot, map_key_at(map_slot, at)) == Equal::No) continue;
            Rooted candidate(vm, map_key_at(map_slot, at));
            Rooted entries(vm, Value::cell(map_entries(map_slot)));
            bool same = vm.equals(key_slot, candidate, args);
            remade = Value::cell(map_entries(map_slot)) != Value(entries);
            if (same && !remade && map_key_at(map_slot, at) == Value(candidate)) return at;
        }
        vm.poll(args);
    }
}

bool put_entry(Machine& vm, Value& map_slot, Value& key_slot, uint64_t hash, Value& value_slot, Value* args) {
    size_t entry = find_entry(vm, map_slot, key_slot, hash, args);
    if (entry != kNoEntry) return map_set_value(vm, map_slot, entry, value_slot);
    return map_append(vm, map_slot, hash, key_slot, value_slot, args + kPrimitiveFrame);
}

} // namespace indent
