// What persistent vectors and maps (stdlib/library) ask of their nodes most often. Nodes are tuples.
//
// A vector is a trie of leaves with 32 elements each. A node of a map is (bits of the places with an entry, bits of
// the places with a node, entries …, nodes …), each in the order of the places; a place is five bits of the hash. An
// entry is (hash, key, value, number), numbered in the order in which the keys came. Where the bits of the hash are
// at their end, stands a bucket: (0, 0, entries …).
#include "vm/interp/machine.h"
#include "vm/model/array.h"
#include "vm/model/list.h"
#include "vm/prims/collection_tables.h"
#include "vm/prims/map_access.h"
#include "vm/prims/sequence.h"
#include <algorithm>
#include <bit>

namespace indent {

namespace {

constexpr unsigned kBitsOfPlace = 5;
constexpr unsigned kBitsOfHash = 47;
constexpr size_t kFirstSlot = 2;

// ---- vectors

// args: root, shift of its places, index. The leaf that has the element.
Value vector_leaf(Machine& vm, Value* args) {
    if (!args[2].is_integer() || !args[3].is_integer()) return vm.wrong_type(args, 2, "an Integer");
    Value node = args[1];
    for (int64_t shift = std::min<int64_t>(args[2].as_integer(), kBitsOfHash); shift > 0;
         shift -= kBitsOfPlace) {
        size_t place = size_t(args[3].as_integer() >> shift) & 31;
        if (!is_tuple(node) || place >= tuple_size(node))
            return vm.wrong_type(args, 3, "an index of the vector");
        node = tuple_get(node, place);
    }
    return node;
}

// ---- maps

bool is_node(Value node) {
    return is_tuple(node) && tuple_size(node) >= kFirstSlot && tuple_get(node, 0).is_integer() &&
           tuple_get(node, 1).is_integer();
}
bool is_entry(Value entry) {
    return is_tuple(entry) && tuple_size(entry) == 4 && tuple_get(entry, 0).is_integer() &&
           tuple_get(entry, 3).is_integer();
}
uint32_t bits_of(Value node, size_t i) {
    return uint32_t(tuple_get(node, i).as_integer());
}
uint32_t bit_of_place(uint64_t hash, unsigned shift) {
    return uint32_t(1) << (hash >> shift & 31);
}

struct NodeSlot {
    size_t at = 0; // 0: nothing is there
    bool is_entry = false;
};
NodeSlot slot_of(Value node, uint64_t hash, unsigned shift) {
    uint32_t entries = bits_of(node, 0), nodes = bits_of(node, 1), bit = bit_of_place(hash, shift);
    NodeSlot slot;
    if (entries & bit)
        slot = {kFirstSlot + size_t(std::popcount(entries & (bit - 1))), true};
    else if (nodes & bit)
        slot = {kFirstSlot + size_t(std::popcount(entries)) + size_t(std::popcount(nodes & (bit - 1))),
                false};
    return slot.at < tuple_size(node) ? slot : NodeSlot();
}

// The hash of what is to be a key.
Value key_hash(Machine& vm, Value* args) {
    uint64_t hash;
    Value resumed;
    if (!hash_key(vm, args[1], hash, resumed, args)) return resumed;
    return hash_value(hash);
}

// Whether the entry in args[5] has the key in args[2].
bool has_key(Machine& vm, Value* args, Value hash) {
    if (!is_entry(args[5]) || tuple_get(args[5], 0) != hash) return false;
    Value key = tuple_get(args[5], 1);
    if (key == args[2]) return true;
    switch (quick_equal(key, args[2])) {
    case Equal::Yes: return true;
    case Equal::No: return false;
    case Equal::Ask: return vm.equals(args[2], key, args);
    }
    return false;
}

// args: root, key, its hash. The entry of the key, or nil.
Value trie_find(Machine& vm, Value* args) {
    if (!args[3].is_integer()) return vm.wrong_type(args, 3, "an Integer");
    const Value wanted = args[3];
    const auto hash = uint64_t(wanted.as_integer());
    args[4] = args[1];
    for (unsigned shift = 0; shift < kBitsOfHash; shift += kBitsOfPlace) {
        if (!is_node(args[4])) return Value::nil();
        NodeSlot slot = slot_of(args[4], hash, shift);
        if (slot.at == 0) return Value::nil();
        args[5] = tuple_get(args[4], slot.at);
        if (slot.is_entry) return has_key(vm, args, wanted) ? args[5] : Value::nil();
        args[4] = args[5];
    }
    if (!is_node(args[4])) return Value::nil();
    for (size_t i = kFirstSlot; i < tuple_size(args[4]); ++i) {
        args[5] = tuple_get(args[4], i);
        if (has_key(vm, args, wanted)) return args[5];
        poll_sometimes(vm, i, args);
    }
    return Value::nil();
}

// args: node, hash, shift. Where the hash leads to: to the entry there, to minus the node there, or 0.
Value trie_slot(Machine& vm, Value* args) {
    if (!is_node(args[1])) return vm.wrong_type(args, 1, "a node");
    if (!args[2].is_integer()) return vm.wrong_type(args, 2, "an Integer");
    if (!args[3].is_integer() || uint64_t(args[3].as_integer()) >= kBitsOfHash)
        return vm.wrong_type(args, 3, "a shift");
    NodeSlot slot = slot_of(args[1], uint64_t(args[2].as_integer()), unsigned(args[3].as_integer()));
    return Value::integer(slot.is_entry ? int64_t(slot.at) : -int64_t(slot.at));
}

// Nothing is allocated while this walks, so addresses stay. A map has no more than `most` entries and few more parts; what
// another program's image calls one may lead to the same node on very many ways.
void collect_entries(Value node, unsigned shift, size_t most, size_t& parts, std::vector<Value>& entries) {
    if (!is_node(node) || shift > kBitsOfHash + kBitsOfPlace) return;
    bool bucket = shift >= kBitsOfHash;
    size_t here = bucket ? tuple_size(node) : kFirstSlot + size_t(std::popcount(bits_of(node, 0)));
    constexpr size_t kPartsOfEntry = kBitsOfHash / kBitsOfPlace + 2; // on the way to it
    for (size_t i = kFirstSlot; i < tuple_size(node); ++i) {
        if (entries.size() == most || ++parts > kPartsOfEntry * most) return;
        Value part = tuple_get(node, i);
        if (i >= here)
            collect_entries(part, shift + kBitsOfPlace, most, parts, entries);
        else if (is_entry(part))
            entries.push_back(part);
    }
}

// args: root, count. A list of the entries in the order of their numbers.
Value trie_entries(Machine& vm, Value* args) {
    size_t count;
    if (!args[2].is_integer() || args[2].as_integer() < 0) return vm.wrong_type(args, 2, "a size");
    count = size_t(args[2].as_integer());
    args[3] = vm.list(count, args);
    std::vector<Value> entries;
    entries.reserve(count);
    size_t parts = 0;
    collect_entries(args[1], 0, count, parts, entries);
    auto number = [](Value entry) { return tuple_get(entry, 3).as_integer(); };
    std::sort(entries.begin(), entries.end(), [&](Value a, Value b) { return number(a) < number(b); });
    count = std::min(count, entries.size());
    fill_new(vm, list_storage(args[3]), 1, entries.data(), count);
    (*args[3].cell())[0] = Value::integer(int64_t(count));
    return args[3];
}

constexpr PrimitiveRow kPersistentRows[] = {
    {"_vector_leaf", 3, vector_leaf}, {"_key_hash", 1, key_hash},         {"_trie_find", 3, trie_find},
    {"_trie_slot", 3, trie_slot},     {"_trie_entries", 2, trie_entries},
};

} // namespace

PrimitiveTable persistent_primitives() {
    return {"", kPersistentRows};
}

} // namespace indent
