// Hash and equality of the values that the machine knows by itself: numbers, symbols, texts, booleans, nil, and
// tuples, ranges and frozen lists of them. What runs Indent code (objects with their own `==`) is beyond this
// layer: the answers then say that somebody must ask (vm/prims/map_access.h does).
//
// The contract that both sides keep: what is equal has the same hash (1 and 1.0, 2 ** 60 and its float, a tuple
// of them). Sequences hash by HashSequence wherever that happens.
#pragma once
#include "vm/model/text.h"
#include <optional>

namespace indent {

enum class Equal : uint8_t { No, Yes, Ask };

inline constexpr uint64_t kHashMask = (uint64_t(1) << 47) - 1;
// What `hash` answers to programs: an integer that is small and not negative.
inline Value hash_value(uint64_t hash) {
    return Value::integer(int64_t(hash & kHashMask));
}

inline uint64_t mix_hash(uint64_t x) {
    x *= 0x9E37'79B9'7F4A'7C15;
    x ^= x >> 29;
    x *= 0xBF58'476D'1CE4'E5B9;
    return x ^ (x >> 32);
}

// The hash of a tuple, a list, a range, a record: seeded with what it is, fed with its elements' hashes in order.
// Elements' hashes are cut to what `hash` answers, so that it does not matter which side computed them.
class HashSequence {
  public:
    explicit HashSequence(uint64_t seed) : state_(mix_hash(seed)) {}
    void add(uint64_t hash) { state_ = mix_hash(state_ ^ (hash & kHashMask)); }
    uint64_t finish() const { return state_ & kHashMask; }

  private:
    uint64_t state_;
};

// Empty: the machine has to ask the value (or it cannot be a key at all).
std::optional<uint64_t> quick_hash(const SymbolTable& symbols, Value value);
// The same for the commonest keys, without a call; false: ask quick_hash.
inline bool hash_at_once(const SymbolTable& symbols, Value value, uint64_t& hash) {
    if (value.is_integer()) {
        hash = mix_hash(uint64_t(value.as_integer()));
        return true;
    }
    if (has_shape(value, shape::kText)) {
        hash = kept_text_hash(value);
        return hash != 0;
    }
    if (!value.is_symbol()) return false;
    hash = symbols.hash(value.symbol_id());
    return true;
}
// As for keys: the same word is equal, not-a-number too.
Equal quick_equal(Value a, Value b);

} // namespace indent
