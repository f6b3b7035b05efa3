#include "image/codec/cell_form.h"
#include "vm/model/list.h"
#include "vm/model/map.h"
#include "vm/model/shape.h"
#include <algorithm>
#include <bit>
#include <cstring>

namespace indent::image {

namespace {

constexpr uint64_t kMostWords = uint64_t(1) << 40;
constexpr size_t kBlockWords = 4; // and what it captured (vm/interp/block.h)

// Word 0 says how many follow.
bool says_its_size(const Cell& cell) {
    return cell[0] == Value::integer(int64_t(cell.word_count()) - 1);
}

bool is_size(Value value) {
    return value.is_integer() && value.as_integer() >= 0;
}

bool all_present(const Value* words, size_t count) {
    return std::none_of(words, words + count, [](Value value) { return value.is_absent(); });
}

bool is_sound_text(const Cell& cell) {
    const uint64_t length = cell[1].bits() & ((uint64_t(1) << 56) - 1), width = cell[1].bits() >> 56;
    return (width == 1 || width == 2 || width == 4) && length <= 8 * (cell.word_count() - 3) / width;
}

bool is_sound_list(const Cell& cell) {
    if (!is_size(cell[0]) || !has_shape(cell[1], shape::kArray) || !says_its_size(*cell[1].cell()))
        return false;
    const auto size = uint64_t(cell[0].as_integer());
    return size <= array_capacity(cell[1].cell()) && all_present(cell[1].cell()->words() + 1, size_t(size));
}

bool is_sound_map(const Cell& cell) {
    if (!is_size(cell[0]) || !is_size(cell[1]) || !has_shape(cell[2], shape::kArray)) return false;
    const auto count = uint64_t(cell[0].as_integer()), used = uint64_t(cell[1].as_integer());
    const Cell& entries = *cell[2].cell();
    if (!says_its_size(entries)) return false;
    if (used > array_capacity(&entries) / kEntryWords) return false;
    uint64_t there = 0;
    for (size_t i = 0; i < used; ++i) {
        const Value* entry = entries.words() + 1 + kEntryWords * i;
        if (!entry[0].is_integer()) return false;
        const bool removed = entry[0].as_integer() == -1;
        if (removed ? entry[1] || entry[2] : !entry[1] || !entry[2] || entry[0].as_integer() < 0)
            return false;
        there += !removed;
    }
    if (there != count) return false;
    if (cell[3].is_nil()) return true;
    if (!has_shape(cell[3], shape::kMapIndex)) return false;
    // A way through it ends at a free slot.
    const size_t slots = 2 * (cell[3].cell()->word_count() - 1);
    const auto* slot = reinterpret_cast<const uint32_t*>(cell[3].cell()->words() + 1);
    return std::has_single_bit(slots) && std::find(slot, slot + slots, 0u) != slot + slots &&
           std::all_of(slot, slot + slots, [&](uint32_t entry) { return entry <= used; });
}

} // namespace

uint8_t form_of(const Cell& cell) {
    return uint8_t((cell.bits & Cell::kBytes ? kBytesForm : 0) | (cell.is_frozen() ? kFrozenForm : 0) |
                   (cell.size == Cell::kWide ? kWideForm : 0));
}

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
    return true;
}

bool may_be(ShapeId shape, uint8_t form, uint64_t words, Names& names) {
    if (form & ~kAllForms || words > kMostWords) return false;
    const bool bytes = form & kBytesForm, wide = form & kWideForm;
    if (wide ? words < 1 : words >= Cell::kWide) return false;
    auto slots = [&](uint64_t least, uint64_t most) {
        return !bytes && !wide && words >= least && words <= most;
    };
    switch (shape) {
    case shape::kBigInteger:
    case shape::kText: return bytes && words >= 3;
    case shape::kMapIndex: return bytes && words >= 2;
    case shape::kArray: return !bytes && words >= 1;
    case shape::kList: return slots(2, 2);
    case shape::kMap: return slots(4, 4);
    case shape::kTuple: return slots(0, Cell::kWide);
    case shape::kRange:
    case shape::kReference:
    case shape::kMessage: return slots(3, 3);
    case shape::kVariable: return slots(2, 2);
    case shape::kBlock: return slots(kBlockWords, Cell::kWide);
    default: break;
    }
    if (shape < shape::kFirstFree) return false; // modules, atoms, addresses are shared things of their own
    const size_t fields = names.field_count(shape);
    return fields == Names::kAnyCount || slots(fields, fields);
}

bool is_sound(const Cell& cell, Names& names) {
    const size_t n = cell.word_count();
    switch (cell.shape) {
    case shape::kArray:
    case shape::kMapIndex: return says_its_size(cell);
    case shape::kBigInteger: return says_its_size(cell) && cell[1].bits() <= 1 && cell[n - 1].bits() != 0;
    case shape::kText: return says_its_size(cell) && is_sound_text(cell);
    case shape::kList: return is_sound_list(cell);
    case shape::kMap: return is_sound_map(cell);
    case shape::kTuple:
    case shape::kRange:
    case shape::kMessage: return all_present(cell.words(), n);
    case shape::kBlock: return cell[0].is_raw() && !cell[1].is_absent();
    default: break;
    }
    return cell.shape < shape::kFirstFree || names.field_count(cell.shape) == Names::kAnyCount ||
           all_present(cell.words(), n);
}

} // namespace indent::image
