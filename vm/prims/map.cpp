// Maps. Keys and values stand in args while Indent code may run: entries are named by number, and numbers are
// asked for again after every call.
#include "vm/model/map.h"
#include "vm/interp/visiting.h"
#include "vm/model/list.h"
#include "vm/prims/collection_tables.h"
#include "vm/prims/indexing.h"
#include "vm/prims/map_access.h"
#include "vm/prims/sequence.h"

namespace indent {

namespace {

// `key :ada is missing (there is "ada", which is another key)`. args[1] is the key.
Value fail_missing(Machine& vm, Value* args) {
    std::string message = "key " + vm.inspect(args[1], args) + " is missing";
    std::string name;
    if (args[1].is_symbol()) name = vm.symbol_text(args[1]);
    if (is_text(args[1])) name = text_utf8(args[1]);
    if (args[1].is_symbol() || is_text(args[1])) {
        for (size_t i = map_next(args[0], 0); i != kNoEntry; i = map_next(args[0], i + 1)) {
            Value key = map_key_at(args[0], i);
            bool namesake = args[1].is_symbol() ? is_text(key) && text_utf8(key) == name
                                                : key.is_symbol() && vm.symbol_text(key) == name;
            if (!namesake) continue;
            message += " (there is " + vm.inspect(key, args) + ", which is another key)";
            break;
        }
    } else if (map_count(args[0]) == 0) {
        message += ": the Map is empty";
    }
    return vm.fail("KeyError", message, args);
}

Value fail_changed(Machine& vm, Value* args) {
    return vm.fail("IterationError", "keys were added to the Map, or removed, while it was iterated", args);
}

// The entry of the key in args[1]. False: it cannot be a key, and `resumed` is the answer.
bool locate(Machine& vm, Value* args, size_t& entry, Value& resumed) {
    uint64_t hash;
    if (!hash_key(vm, args[1], hash, resumed, args)) return false;
    entry = find_entry(vm, args[0], args[1], hash, args);
    return true;
}

// ---- making

Value map_class_new(Machine& vm, Value* args) {
    return make_map(vm, 0, args + kPrimitiveFrame);
}
Value map_copy(Machine& vm, Value* args) {
    return make_map_copy(vm, args[0], args + kPrimitiveFrame);
}

// ---- keys and values

Value map_size(Machine&, Value* args) {
    return Value::integer(int64_t(map_count(args[0])));
}

Value map_at(Machine& vm, Value* args) {
    size_t entry;
    Value resumed;
    if (!locate(vm, args, entry, resumed)) return resumed;
    return entry != kNoEntry ? map_value_at(args[0], entry) : fail_missing(vm, args);
}

Value map_get_or(Machine& vm, Value* args) {
    size_t entry;
    Value resumed;
    if (!locate(vm, args, entry, resumed)) return resumed;
    return entry != kNoEntry ? map_value_at(args[0], entry) : args[2];
}

Value map_has_key(Machine& vm, Value* args) {
    size_t entry;
    Value resumed;
    if (!locate(vm, args, entry, resumed)) return resumed;
    return Value::boolean(entry != kNoEntry);
}

Value map_at_put(Machine& vm, Value* args) {
    uint64_t hash;
    Value resumed;
    if (!hash_key(vm, args[1], hash, resumed, args)) return resumed;
    if (!put_entry(vm, args[0], args[1], hash, args[2], args)) return vm.fail_frozen(args[0], args);
    return args[2];
}

// The value of the key; where it is missing, the block's, which becomes the key's.
Value map_get_or_put(Machine& vm, Value* args) {
    uint64_t hash;
    Value resumed;
    if (!hash_key(vm, args[1], hash, resumed, args)) return resumed;
    size_t entry = find_entry(vm, args[0], args[1], hash, args);
    if (entry != kNoEntry) return map_value_at(args[0], entry);
    args[3] = vm.call(args[2], {}, args);
    if (!put_entry(vm, args[0], args[1], hash, args[3], args)) return vm.fail_frozen(args[0], args);
    return args[3];
}

// args: map, key, what counts as the value of a missing key, block from the old value to the new one.
Value map_update(Machine& vm, Value* args) {
    uint64_t hash;
    Value resumed;
    if (!hash_key(vm, args[1], hash, resumed, args)) return resumed;
    size_t entry = find_entry(vm, args[0], args[1], hash, args);
    args[4] = vm.call(args[3], {entry != kNoEntry ? map_value_at(args[0], entry) : args[2]}, args);
    if (!put_entry(vm, args[0], args[1], hash, args[4], args)) return vm.fail_frozen(args[0], args);
    return args[4];
}

Value map_remove(Machine& vm, Value* args) {
    size_t entry;
    Value resumed;
    if (args[0].cell()->is_frozen()) return vm.fail_frozen(args[0], args);
    if (!locate(vm, args, entry, resumed)) return resumed;
    if (entry == kNoEntry) return args[2];
    args[3] = map_value_at(args[0], entry);
    if (!map_remove_entry(vm, args[0], entry)) return vm.fail_frozen(args[0], args);
    return args[3];
}

Value map_clear_all(Machine& vm, Value* args) {
    if (!map_clear(vm, args[0], args + kPrimitiveFrame)) return vm.fail_frozen(args[0], args);
    return args[0];
}

// All pairs of another map; its values win.
Value map_put_map(Machine& vm, Value* args) {
    if (!is_map(args[1])) return vm.wrong_type(args, 1, "a Map");
    if (args[0].cell()->is_frozen()) return vm.fail_frozen(args[0], args);
    if (args[0] == args[1]) return args[0];
    MapCursor cursor(args[1]);
    for (size_t i = cursor.next(args[1]); i != kNoEntry; i = cursor.next(args[1])) {
        args[2] = map_key_at(args[1], i);
        args[3] = map_value_at(args[1], i);
        if (!put_entry(vm, args[0], args[2], uint64_t(map_hash_at(args[1], i)), args[3], args))
            return vm.fail_frozen(args[0], args);
        poll_sometimes(vm, i, args);
    }
    return cursor.changed() ? fail_changed(vm, args) : args[0];
}

// ---- walking

// A pair (key, value) for entry i, made from args[14] and args[15].
Value pair_at(Machine& vm, Value* args, size_t i) {
    args[14] = map_key_at(args[0], i);
    args[15] = map_value_at(args[0], i);
    return make_tuple(vm, args + 14, 2, args + kPrimitiveFrame);
}

Value map_each(Machine& vm, Value* args) {
    MapCursor cursor(args[0]);
    for (size_t i = cursor.next(args[0]); i != kNoEntry; i = cursor.next(args[0])) {
        args[2] = pair_at(vm, args, i);
        vm.call(args[1], {args[2]}, args);
    }
    return cursor.changed() ? fail_changed(vm, args) : args[0];
}

Value map_each_pair(Machine& vm, Value* args) {
    MapCursor cursor(args[0]);
    for (size_t i = cursor.next(args[0]); i != kNoEntry; i = cursor.next(args[0]))
        vm.call(args[1], {map_key_at(args[0], i), map_value_at(args[0], i)}, args);
    return cursor.changed() ? fail_changed(vm, args) : args[0];
}

// A list of one thing for each entry: nothing here runs code, so the map stays as it is.
template <class Part>
Value list_of(Machine& vm, Value* args, Part part) {
    args[2] = vm.list(map_count(args[0]), args);
    for (size_t i = map_next(args[0], 0); i != kNoEntry; i = map_next(args[0], i + 1)) {
        args[3] = part(i);
        if (!list_add(vm, args[2], args[3], args + kPrimitiveFrame)) assert(false);
    }
    return args[2];
}

Value map_keys(Machine& vm, Value* args) {
    return list_of(vm, args, [&](size_t i) { return map_key_at(args[0], i); });
}
Value map_values(Machine& vm, Value* args) {
    return list_of(vm, args, [&](size_t i) { return map_value_at(args[0], i); });
}
Value map_to_list(Machine& vm, Value* args) {
    return list_of(vm, args, [&](size_t i) { return pair_at(vm, args, i); });
}

// ---- equality, text

Value map_equal(Machine& vm, Value* args) {
    if (args[0] == args[1]) return Value::boolean(true);
    if (!is_map(args[1]) || map_count(args[0]) != map_count(args[1])) return Value::boolean(false);
    go_deeper(vm, args);
    MapCursor cursor(args[0]);
    for (size_t i = cursor.next(args[0]); i != kNoEntry; i = cursor.next(args[0])) {
        args[2] = map_key_at(args[0], i);
        args[3] = map_value_at(args[0], i);
        size_t other = find_entry(vm, args[1], args[2], uint64_t(map_hash_at(args[0], i)), args);
        if (other == kNoEntry) return Value::boolean(false);
        if (!vm.equals(args[3], map_value_at(args[1], other), args)) return Value::boolean(false);
        poll_sometimes(vm, i, args);
    }
    return cursor.changed() ? fail_changed(vm, args) : Value::boolean(true);
}

// The same whatever the order of the pairs.
Value map_hash(Machine& vm, Value* args) {
    if (!args[0].cell()->is_frozen())
        return vm.fail("ArgumentError", "a Map that can change has no hash: use a tuple, or .frozen", args);
    go_deeper(vm, args);
    uint64_t sum = 0;
    for (size_t i = map_next(args[0], 0); i != kNoEntry; i = map_next(args[0], i + 1)) {
        HashSequence pair(shape::kMap);
        pair.add(uint64_t(map_hash_at(args[0], i)));
        pair.add(vm.hash_of(map_value_at(args[0], i), args));
        sum += pair.finish();
        poll_sometimes(vm, i, args);
    }
    return hash_value(mix_hash(sum));
}

// Whether a symbol can stand bare before a colon: letters, digits, _, and one ? or ! at the end.
bool is_bare_word(std::string_view name) {
    if (!name.empty() && (name.back() == '?' || name.back() == '!')) name.remove_suffix(1);
    if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
    for (unsigned char c : name) {
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80;
        if (!letter && c != '_' && !(c >= '0' && c <= '9')) return false;
    }
    return true;
}

void append_key(Machine& vm, std::string& out, Value key, Value* args) {
    if (key.is_symbol() && is_bare_word(vm.symbol_text(key))) {
        out += vm.symbol_text(key);
    } else if (is_text(key)) {
        append_inspected(vm, out, key, args);
    } else {
        out += "(";
        append_inspected(vm, out, key, args);
        out += ")";
    }
}

Value map_inspect(Machine& vm, Value* args) {
    if (Visiting::inside(vm, args[0])) return vm.text("{...}", args);
    go_deeper(vm, args);
    Visiting visiting(vm, args[0]);
    std::string out = "{";
    MapCursor cursor(args[0]);
    for (size_t i = cursor.next(args[0]); i != kNoEntry; i = cursor.next(args[0])) {
        if (out.size() > 1) out += ", ";
        args[1] = map_value_at(args[0], i);
        append_key(vm, out, map_key_at(args[0], i), args);
        out += ": ";
        append_inspected(vm, out, args[1], args);
        poll_sometimes(vm, i, args);
    }
    if (cursor.changed()) return fail_changed(vm, args);
    out += "}";
    return vm.text(out, args);
}

// ---- freezing

Value map_frozen(Machine& vm, Value* args) {
    if (args[0].cell()->is_frozen()) return args[0];
    if (Visiting::inside(vm, args[0]))
        return vm.fail("FrozenError", "a Map that contains itself cannot be frozen", args);
    go_deeper(vm, args);
    Visiting visiting(vm, args[0]);
    args[1] = make_map(vm, map_count(args[0]), args + kPrimitiveFrame);
    MapCursor cursor(args[0]);
    for (size_t i = cursor.next(args[0]); i != kNoEntry; i = cursor.next(args[0])) {
        args[2] = map_key_at(args[0], i);
        args[3] = map_value_at(args[0], i);
        uint64_t hash = uint64_t(map_hash_at(args[0], i));
        bool same_key = is_frozen(args[2]);
        if (!frozen_part(vm, args[2], args)) return args[2];
        if (!frozen_part(vm, args[3], args)) return args[3];
        Value resumed;
        if (!same_key && !hash_key(vm, args[2], hash, resumed, args)) return resumed;
        if (!put_entry(vm, args[1], args[2], hash, args[3], args)) assert(false);
        poll_sometimes(vm, i, args);
    }
    if (cursor.changed()) return fail_changed(vm, args);
    map_freeze(vm, args[1]);
    return args[1];
}

Value map_is_frozen(Machine&, Value* args) {
    return Value::boolean(args[0].cell()->is_frozen());
}

constexpr PrimitiveRow kMapRows[] = {
    {"size", 0, map_size},
    {"at", 1, map_at},
    {"get", 2, map_get_or},
    {"at_put", 2, map_at_put},
    {"has_key?", 1, map_has_key},
    {"includes?", 1, map_has_key},
    {"get_or_put", 2, map_get_or_put},
    {"update", 3, map_update},
    {"remove", 2, map_remove},
    {"clear", 0, map_clear_all},
    {"put_map", 1, map_put_map},
    {"each", 1, map_each, Effect::Pure, Control::MapEach},
    {"each_pair", 1, map_each_pair},
    {"keys", 0, map_keys},
    {"values", 0, map_values},
    {"to_list", 0, map_to_list},
    {"copy", 0, map_copy},
    {"==", 1, map_equal},
    {"hash", 0, map_hash},
    {"inspect", 0, map_inspect},
    {"frozen", 0, map_frozen},
    {"frozen?", 0, map_is_frozen},
};
constexpr PrimitiveRow kMapClassRows[] = {{"new", 0, map_class_new}};

} // namespace

PrimitiveTable map_primitives() {
    return {"Map", kMapRows};
}
PrimitiveTable map_class_primitives() {
    return {"Map class", kMapClassRows};
}

} // namespace indent
