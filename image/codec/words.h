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

// Any place: for passing over words.
class AnyCell final : public CellsAt {
  public:
    Cell* cell_at(uint64_t) override { return &some_; }

  private:
    Cell some_{};
};

// Words [first, first + count) of a cell in Slots format.
void write_words(ByteWriter& out, const Cell& cell, size_t first, size_t count, Names& names, Places& places);

// The inverse, into `words`; `shape` and `first` say whose words they are. False: that is no encoding of so many words, or
// names what is not there.
bool read_words(ByteReader& in, ShapeId shape, size_t first, Value* words, size_t count, Names& names,
                CellsAt& cells);

// So many absent words of a cell.
void write_absent(ByteWriter& out, uint64_t count);
// The next word as it is written; `bytes` is empty: it is absent, and so are `many` from it on. False: that is none.
[[nodiscard]] bool take_word(ByteReader& in, std::string_view& bytes, uint64_t& many);

// One that is no word of a cell: a root.
void write_word(ByteWriter& out, Value value, Names& names, Places& places);
bool read_word(ByteReader& in, Value& value, Names& names, CellsAt& cells);

} // namespace indent::image
