// One word of a cell as bytes, as few as it needs: a small integer one, a symbol two or three, a float five or nine.
#pragma once
#include "image/codec/bytes.h"
#include "image/codec/names.h"
#include "vm/heap/value.h"

namespace indent::image {

// Where cells are that words point to, and are not shared: in a heap by their offsets, in a parcel by their numbers.
class Places {
  public:
    virtual ~Places() = default;
    virtual uint64_t place_of(const Cell* cell) = 0;
};
class CellsAt {
  public:
    virtual ~CellsAt() = default;
    virtual Cell* cell_at(uint64_t place) = 0; // null: none is there
};

// What an encoded word begins with.
enum WordTag : uint8_t {
    kAbsent,
    kNil,
    kFalse,
    kTrue,
    kInteger,      // signed number
    kFloat,        // 8 bytes
    kWholeFloat,   // signed number: 3.0
    kShortFloat,   // 4 bytes that say the same
    kSymbol,       // its number
    kCell,         // its place
    kShared,       // its number
    kRaw,          // its number
    kManyAbsent,   // how many
    kSmallIntegers // and above: from kLeastSmall on
};
constexpr int64_t kLeastSmall = -16;
constexpr int64_t kMostSmall = kLeastSmall + (0xFF - kSmallIntegers);

inline char* put_integer(char* at, int64_t number) {
    if (number >= kLeastSmall && number <= kMostSmall) {
        *at++ = char(kSmallIntegers + (number - kLeastSmall));
        return at;
    }
    *at++ = kInteger;
    return put_signed(at, number);
}

constexpr size_t kLongestWord = 1 + kLongestNumber; // bytes of one

// One word of a cell in Slots format, where there is room for the longest; answers where it ends.
char* put_other_word(char* at, const Cell& cell, size_t word, Names& names, Places& places);
inline char* put_word(char* at, const Cell& cell, size_t word, Names& names, Places& places) {
    const Value value = cell[word];
    return value.is_integer() ? put_integer(at, value.as_integer())
                              : put_other_word(at, cell, word, names, places);
}
// Words [first, first + count) of such a cell.
void write_words(ByteWriter& out, const Cell& cell, size_t first, size_t count, Names& names, Places& places);

// The inverse, into `words`; `shape` and `first` say whose words they are. False: that is no encoding of so many words, or
// names what is not there.
bool read_words(ByteReader& in, ShapeId shape, size_t first, Value* words, size_t count, Names& names,
                CellsAt& cells);

// So many absent words of a cell.
void write_absent(ByteWriter& out, uint64_t count);
// The next word as it is written; `bytes` is empty: it is absent, and so are `many` from it on. False: that is none.
[[nodiscard]] bool take_word(ByteReader& in, std::string_view& bytes, uint64_t& many);

// Passes over so many single words, whatever they mean. False: those are no words.
[[nodiscard]] bool skip_words(ByteReader& in, size_t count);

// One that is no word of a cell: a root.
void write_word(ByteWriter& out, Value value, Names& names, Places& places);
bool read_word(ByteReader& in, Value& value, Names& names, CellsAt& cells);

} // namespace indent::image
