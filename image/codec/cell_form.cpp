// One row for each shape of the machine's own says what a cell of it may be and what its words must be; what is no row here
// is a shared thing of its own (a module, an atom, an address), a class's object, or nothing at all.
#include "image/codec/cell_form.h"
#include "vm/model/list.h"
#include "vm/model/map.h"
#include "vm/model/number.h"
#include "vm/model/shape.h"
#include "vm/model/text.h"
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <vector>

namespace indent::image {

namespace {

constexpr uint64_t kMostWords = uint64_t(1) << 40;
enum BlockWord { kCode, kSelf, kHome, kSerial, kCaptured }; // vm/interp/block.h
enum VariableWord { kSlot, kKept };
enum ReferenceWord { kBinding, kClass, kSelector };

// What is met on a walk over cells. `alone`: it goes no further than the cell that it looks at.
class Walk {
  public:
    Walk(Names& names, Met& met, const PointerTable* lost, bool alone = false)
        : names(names), met_(met), lost_(lost), alone_(alone) {}
    Names& names;

    bool go_on();
    // A word that programs may see.
    bool value(Value word) {
        if (!is_value(word)) return false;
        return !word.is_cell() || word.cell()->is_shared() || meet(word.cell());
    }
    bool value_or_absent(Value word) { return word.is_absent() || value(word); }
    bool values(const Value* words, size_t count) {
        return std::all_of(words, words + count, [&](Value word) { return value(word); });
    }
    // A cell that `owner` alone may have.
    bool storage(const Cell& owner, Value word, ShapeId shape) {
        if (!has_shape(word, shape) || word.cell()->is_shared()) return false;
        return word.cell()->is_frozen() == owner.is_frozen() && is_new(word.cell());
    }
    bool variable(Value word) {
        return has_shape(word, shape::kVariable) && !word.cell()->is_shared() && meet(word.cell());
    }

  private:
    bool is_new(const Cell* cell) { return (!lost_ || !lost_->contains(cell)) && met_.add(cell); }
    bool meet(const Cell* cell) {
        if (alone_) return true;
        if (lost_ && lost_->contains(cell)) return false;
        if (met_.add(cell)) waiting_.push_back(cell);
        return true;
    }
    Met& met_;
    const PointerTable* lost_;
    bool alone_;
    std::vector<const Cell*> waiting_;
};

// Word 0 says how many follow.
bool says_its_size(const Cell& cell) {
    return cell[0] == Value::integer(int64_t(cell.word_count()) - 1);
}

bool is_size(Value value) {
    return value.is_integer() && value.as_integer() >= 0;
}

template <class Unit>
bool are_points(const Unit* points, size_t length, char32_t least_of_widest) {
    bool needs_width = false;
    for (size_t i = 0; i < length; ++i) {
        const char32_t point = points[i];
        if (point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return false;
        needs_width |= point >= least_of_widest;
    }
    return needs_width;
}

bool is_text_cell(const Cell& cell, Walk&) {
    const uint64_t length = cell[1].bits() & ((uint64_t(1) << 56) - 1), width = cell[1].bits() >> 56;
    if (!says_its_size(cell) || (width != 1 && width != 2 && width != 4)) return false;
    if (length > 8 * (cell.word_count() - 3) / width) return false;
    const void* points = cell.words() + 3;
    if (width == 2) return are_points(static_cast<const uint16_t*>(points), size_t(length), 0x100);
    return width == 1 || are_points(static_cast<const uint32_t*>(points), size_t(length), 0x10000);
}

bool is_big_integer_cell(const Cell& cell, Walk&) {
    const size_t limbs = cell.word_count() - 2;
    if (!says_its_size(cell) || cell[1].bits() > 1 || limbs > kMostIntegerBits / 64 + 1) return false;
    const uint64_t top = cell[1 + limbs].bits();
    return top != 0 && (limbs > 1 || top > uint64_t(Value::kMaxInteger) + cell[1].bits());
}

bool is_list_cell(const Cell& cell, Walk& walk) {
    if (!is_size(cell[0]) || !walk.storage(cell, cell[1], shape::kArray)) return false;
    const Cell& storage = *cell[1].cell();
    if (!says_its_size(storage)) return false;
    const auto size = uint64_t(cell[0].as_integer());
    if (size > array_capacity(&storage)) return false;
    const Value *first = storage.words() + 1, *end = storage.words() + storage.word_count();
    // What stands behind the last element is not to be seen, but the collector follows it.
    return walk.values(first, size_t(size)) &&
           std::all_of(first + size, end, [&](Value word) { return walk.value_or_absent(word); });
}

// Each entry that is there stands in the index once, and a way through it ends at a free slot, now and when all entries
// for which there is room have come.
bool is_index(const Cell& index, const Cell& entries, size_t used) {
    if (!says_its_size(index)) return false;
    const size_t slots = 2 * (index.word_count() - 1);
    if (!std::has_single_bit(slots) || slots <= array_capacity(&entries) / kEntryWords) return false;
    const auto* slot = reinterpret_cast<const uint32_t*>(index.words() + 1);
    std::vector<bool> found(used);
    size_t taken = 0;
    for (size_t i = 0; i < slots; ++i) {
        if (slot[i] == 0) continue;
        if (slot[i] > used || found[slot[i] - 1]) return false;
        found[slot[i] - 1] = true;
        ++taken;
    }
    for (size_t i = 0; i < used; ++i)
        if (!found[i] && entries[1 + kEntryWords * i].as_integer() >= 0) return false;
    return taken <= used;
}

bool is_map_cell(const Cell& cell, Walk& walk) {
    if (!is_size(cell[0]) || !is_size(cell[1]) || !walk.storage(cell, cell[2], shape::kArray)) return false;
    const auto count = uint64_t(cell[0].as_integer()), used = uint64_t(cell[1].as_integer());
    const Cell& entries = *cell[2].cell();
    if (!says_its_size(entries) || used > array_capacity(&entries) / kEntryWords) return false;
    uint64_t there = 0;
    const Value *at = entries.words() + 1, *end = entries.words() + entries.word_count();
    for (size_t i = 0; i < used; ++i, at += kEntryWords) {
        if (!at[0].is_integer()) return false;
        const int64_t hash = at[0].as_integer();
        if (hash == -1 ? at[1] || at[2] : hash < 0 || !walk.value(at[1]) || !walk.value(at[2])) return false;
        there += hash >= 0;
    }
    if (there != count || !std::all_of(at, end, [&](Value word) { return walk.value_or_absent(word); }))
        return false;
    return cell[3].is_nil() ||
           (walk.storage(cell, cell[3], shape::kMapIndex) && is_index(*cell[3].cell(), entries, used));
}

bool are_values(const Cell& cell, Walk& walk) {
    return walk.values(cell.words(), cell.word_count());
}

bool is_range_cell(const Cell& cell, Walk& walk) {
    return are_values(cell, walk) && cell[2].is_boolean();
}

bool is_message_cell(const Cell& cell, Walk& walk) {
    return are_values(cell, walk) && cell[0].is_symbol() && is_list(cell[1]) &&
           (cell[2].is_nil() || is_list(cell[2]));
}

// No frame of before is there any more, so neither homes nor slots are.
bool is_block_cell(const Cell& cell, Walk& walk) {
    if (!cell[kCode].is_raw() || !walk.value(cell[kSelf]) || !cell[kHome].is_nil() || !cell[kSerial].is_nil())
        return false;
    for (size_t w = kCaptured; w < cell.word_count(); ++w)
        if (!walk.variable(cell[w]) && !walk.value(cell[w])) return false;
    return walk.names.fits_its_code(cell);
}

bool is_variable_cell(const Cell& cell, Walk& walk) {
    return cell[kSlot].is_nil() && walk.value(cell[kKept]);
}

bool is_reference_cell(const Cell& cell, Walk& walk) {
    if (!cell[kSelector].is_symbol()) return false;
    if (cell[kBinding].is_raw()) return cell[kClass].is_nil();
    return cell[kBinding].is_nil() && cell[kClass].is_cell() && cell[kClass].cell()->is_shared() &&
           walk.names.is_class_value(*cell[kClass].cell());
}

// Reached as what they are not: storage is met with whom it belongs to.
bool is_nothing(const Cell&, Walk&) {
    return false;
}

struct Row {
    ShapeId shape;
    enum Format : uint8_t { Slots, Bytes, FrozenBytes } format;
    bool may_be_wide;
    uint64_t least, most; // words
    bool (*is_sound)(const Cell&, Walk&);
    CellCheck::When when = CellCheck::AtOnce;
};
constexpr uint64_t kAny = Cell::kWide - 1;
constexpr Row kRows[] = {
    {shape::kBigInteger, Row::FrozenBytes, true, 3, kMostWords, is_big_integer_cell},
    {shape::kText, Row::FrozenBytes, true, 3, kMostWords, is_text_cell},
    {shape::kList, Row::Slots, false, 2, 2, is_list_cell, CellCheck::InTheEnd},
    {shape::kArray, Row::Slots, true, 1, kMostWords, is_nothing, CellCheck::WithItsOwner},
    {shape::kMap, Row::Slots, false, 4, 4, is_map_cell, CellCheck::InTheEnd},
    {shape::kMapIndex, Row::Bytes, true, 2, kMostWords, is_nothing, CellCheck::WithItsOwner},
    {shape::kTuple, Row::Slots, false, 0, kAny, are_values},
    {shape::kRange, Row::Slots, false, 3, 3, is_range_cell},
    {shape::kBlock, Row::Slots, false, kCaptured, kAny, is_block_cell, CellCheck::InTheEnd},
    {shape::kVariable, Row::Slots, false, 2, 2, is_variable_cell},
    {shape::kReference, Row::Slots, false, 3, 3, is_reference_cell},
    {shape::kMessage, Row::Slots, false, 3, 3, is_message_cell},
};

constexpr auto kRowOfShape = [] {
    std::array<const Row*, shape::kFirstFree> rows{};
    for (const Row& row : kRows) rows[row.shape] = &row;
    return rows;
}();
const Row* row_of(ShapeId shape) {
    return shape < shape::kFirstFree ? kRowOfShape[shape] : nullptr;
}

// What programs define.
bool is_object(const Cell& cell, Walk& walk) {
    if (walk.names.field_count(cell.shape) != Names::kAnyCount) return are_values(cell, walk);
    return cell.bits & Cell::kBytes || std::all_of(cell.words(), cell.words() + cell.word_count(),
                                                   [&](Value word) { return walk.value_or_absent(word); });
}

bool is_sound_cell(const Cell& cell, Walk& walk) {
    const Row* row = row_of(cell.shape);
    return row ? row->is_sound(cell, walk) : is_object(cell, walk);
}

bool Walk::go_on() {
    while (!waiting_.empty()) {
        const Cell& cell = *waiting_.back();
        waiting_.pop_back();
        if (!is_sound_cell(cell, *this)) return false;
    }
    return true;
}

// Storages that belong to somebody.
class MarkedStorages final : public Met {
  public:
    explicit MarkedStorages(std::vector<const Cell*>& all) : all_(all) {}
    bool add(const Cell* cell) override {
        if (cell->bits & Cell::kMarked) return false;
        const_cast<Cell*>(cell)->bits |= Cell::kMarked;
        all_.push_back(cell);
        return true;
    }

  private:
    std::vector<const Cell*>& all_;
};

} // namespace

std::string_view written_bytes(const Cell& cell) {
    const size_t first = first_written(form_of(cell));
    std::string_view bytes(reinterpret_cast<const char*>(cell.words() + first),
                           8 * (cell.word_count() - first));
    while (!bytes.empty() && bytes.back() == 0) bytes.remove_suffix(1);
    return bytes;
}

bool read_bytes(Cell& cell, std::string_view bytes) {
    const size_t first = first_written(form_of(cell));
    if (bytes.size() > 8 * (cell.word_count() - first)) return false;
    if (!bytes.empty()) std::memcpy(static_cast<void*>(cell.words() + first), bytes.data(), bytes.size());
    if (cell.shape == shape::kText)
        cell[2] = Value::from_bits(0); // its hash is not trusted but asked for again
    return true;
}

bool may_be(ShapeId shape, uint8_t form, uint64_t words, Names& names) {
    if (form & ~kAllForms || words > kMostWords) return false;
    const bool bytes = form & kBytesForm, wide = form & kWideForm;
    if (wide ? words < 1 : words >= Cell::kWide) return false;
    if (const Row* row = row_of(shape))
        return bytes == (row->format != Row::Slots) && (!wide || row->may_be_wide) && words >= row->least &&
               words <= row->most && (row->format != Row::FrozenBytes || form & kFrozenForm);
    if (shape < shape::kFirstFree) return false;
    const size_t fields = names.field_count(shape);
    return fields == Names::kAnyCount || (!bytes && !wide && words == fields);
}

bool is_value(Value value) {
    if (value.is_absent() || value.is_raw()) return false;
    if (!value.is_cell()) return true;
    const ShapeId shape = value.cell()->shape;
    return shape != shape::kArray && shape != shape::kMapIndex && shape != shape::kVariable;
}

CellCheck::When CellCheck::when(ShapeId shape) {
    const Row* row = row_of(shape);
    return row ? row->when : AtOnce;
}

bool CellCheck::is_sound(const Cell& cell) {
    MarkedStorages storages(storages_);
    Walk walk(names_, storages, nullptr, true);
    return is_sound_cell(cell, walk);
}

CellCheck::~CellCheck() {
    for (const Cell* cell : storages_) const_cast<Cell*>(cell)->bits &= uint8_t(~Cell::kMarked);
}

bool are_sound(std::span<const Value> roots, Names& names, Met& met, const PointerTable* lost) {
    Walk walk(names, met, lost);
    for (Value root : roots)
        if (!walk.value_or_absent(root)) return false;
    return walk.go_on();
}

} // namespace indent::image
