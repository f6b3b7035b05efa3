// What of a cell is written beside its words, and whether cells that were read are such as their shapes ask for: code that
// meets a list looks at its storage without asking whether it is one.
#pragma once
#include "image/codec/names.h"
#include "vm/heap/pointer_table.h"
#include <span>
#include <string_view>
#include <vector>

namespace indent::image {

enum Form : uint8_t { kBytesForm = 1, kFrozenForm = 2, kWideForm = 4, kAllForms = 7 };

inline uint8_t form_of(const Cell& cell) {
    return uint8_t((cell.bits & Cell::kBytes ? kBytesForm : 0) | (cell.is_frozen() ? kFrozenForm : 0) |
                   (cell.size == Cell::kWide ? kWideForm : 0));
}
// The first of its words that are written: a wide cell's size is known.
inline size_t first_written(uint8_t form) {
    return form & kWideForm ? 1 : 0;
}

// The words of a Bytes cell that are written, without the zeros at their end.
std::string_view written_bytes(const Cell& cell);
// The inverse, into words that are zero. False: there are too many.
[[nodiscard]] bool read_bytes(Cell& cell, std::string_view bytes);

// Whether cells of the shape may have this form and so many words. First, before one is made.
[[nodiscard]] bool may_be(ShapeId shape, uint8_t form, uint64_t words, Names& names);

// Whether a program may see the value, wherever it meets it: there is one, and it is none of the machine's own (the storage
// of a list, a captured variable, a raw word).
[[nodiscard]] bool is_value(Value value);

// Which cells have been met.
class Met {
  public:
    virtual ~Met() = default;
    virtual bool add(const Cell* cell) = 0; // false: it has been
};
class MetInTable final : public Met {
  public:
    bool add(const Cell* cell) override { return table_.add(cell, 0); }
    size_t size() const { return table_.size(); }

  private:
    PointerTable table_;
};

// The same cell by cell, of cells that are all sound: then so is whatever is reached, and nobody walks. One thread.
class CellCheck {
  public:
    explicit CellCheck(Names& names) : names_(names) {}
    ~CellCheck(); // takes its marks back
    CellCheck(const CellCheck&) = delete;
    CellCheck& operator=(const CellCheck&) = delete;

    // When a cell of the shape can be looked at: as soon as its words are there, and what kind of cells they point to is
    // known; when all words of all cells are; or with the one cell to which it belongs, as its storage.
    enum When : uint8_t { AtOnce, InTheEnd, WithItsOwner };
    static When when(ShapeId shape);
    // Each cell once. Of those that are looked at in the end no two have the same storage: it has Cell::kMarked meanwhile.
    bool is_sound(const Cell& cell);

  private:
    Names& names_;
    std::vector<const Cell*> storages_;
};

// Whether all that the roots reach and that is not shared is what its shapes ask for, and each storage belongs to one list
// or map alone. Roots may be absent. When all words are there; what programs define is known to `names`. `lost`: cells that
// may not be reached. `met` gets those that are.
[[nodiscard]] bool are_sound(std::span<const Value> roots, Names& names, Met& met,
                             const PointerTable* lost = nullptr);

} // namespace indent::image
