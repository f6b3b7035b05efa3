#include "image/journal/parcels.h"
#include "image/codec/cell_form.h"
#include "vm/heap/pointer_table.h"
#include "vm/model/shape.h"

namespace indent::image {

namespace {

constexpr size_t kMostBytes = size_t(1) << 30; // of a parcel's cells; a batch is no larger

class Numbers final : public Places {
  public:
    explicit Numbers(const Parcel& parcel) {
        parcel.for_each_cell([&](const Cell* cell) { numbers_.add(cell, numbers_.size()); });
    }
    uint64_t place_of(const Cell* cell) override { return *numbers_.find(cell); }
    size_t size() const { return numbers_.size(); }

  private:
    PointerTable numbers_;
};

class Cells final : public CellsAt {
  public:
    Cell* cell_at(uint64_t place) override { return place < cells.size() ? cells[size_t(place)] : nullptr; }
    std::vector<Cell*> cells;
};

} // namespace

std::string bytes_of_parcel(const Parcel* parcel, Names& names) {
    if (!parcel) return {};
    ByteWriter out;
    Numbers numbers(*parcel);
    out.number(parcel->count());
    for (size_t i = 0; i < parcel->count(); ++i) write_word(out, parcel->peek(i), names, numbers);
    out.number(numbers.size());
    parcel->for_each_cell([&](const Cell* cell) {
        const size_t n = cell->word_count();
        const size_t skipped = cell->size == Cell::kWide ? 1 : 0;
        out.number(names.shape(cell->shape));
        out.byte(uint8_t((cell->bits & Cell::kBytes ? kBytesForm : 0) |
                         (cell->is_frozen() ? kFrozenForm : 0) | (skipped ? kWideForm : 0)));
        out.number(n);
        if (cell->bits & Cell::kBytes) {
            out.text(written_bytes(*cell));
            return;
        }
        const size_t begin = out.size();
        write_words(out, *cell, skipped, n - skipped, names, numbers);
        out.make_text_from(begin);
    });
    return out.take();
}

bool parcel_from(std::string_view bytes, SharedSpace& shared, uint32_t layout_epoch, Names& names,
                 Parcel::Pointer& parcel) {
    parcel = nullptr;
    if (bytes.empty()) return true;
    // First what cells there are, then the words, which may point to any of them.
    struct Header {
        Cell cell;
        size_t words;
        std::string_view encoded;
    };
    ByteReader in(bytes);
    const uint64_t count = in.count();
    const std::string_view after_count = bytes.substr(bytes.size() - in.remaining());
    ByteReader roots(after_count);
    if (!skip_words(in, size_t(count))) return false;
    std::vector<Header> headers;
    size_t total = 0;
    for (uint64_t i = in.count(4); i > 0; --i) {
        Header header{};
        ShapeId shape = 0;
        const uint64_t number = in.number();
        const uint8_t form = in.byte();
        const uint64_t words = in.number();
        header.encoded = in.text();
        if (in.failed() || words > kMostBytes / 8 || !names.shape_of(number, shape) ||
            !may_be(shape, form, words, names))
            return false;
        const uint8_t bits =
            uint8_t((form & kBytesForm ? Cell::kBytes : 0) | (form & kFrozenForm ? Cell::kFrozen : 0));
        header.cell = Cell{shape, form & kFrozenForm ? Cell::kNever : Cell::kFree, bits,
                           form & kWideForm ? Cell::kWide : uint16_t(words)};
        header.words = size_t(words);
        total += sizeof(Cell) + 8 * header.words;
        if (total > kMostBytes) return false;
        headers.push_back(header);
    }
    if (!in.at_end()) return false;
    if (count > kMostBytes / 8 || !names.may_take(sizeof(Parcel) + 8 * count + total)) return false;
    Parcel::Pointer made = Parcel::blank(shared, uint32_t(count), total);
    if (!made) return false;
    Cells cells;
    std::byte* at = made->cells_to_fill();
    for (const Header& header : headers) {
        auto* cell = reinterpret_cast<Cell*>(at);
        *cell = header.cell;
        if (header.cell.size == Cell::kWide) (*cell)[0] = Value::integer(int64_t(header.words) - 1);
        cells.cells.push_back(cell);
        at += sizeof(Cell) + 8 * header.words;
    }
    auto hold = [&](Value value) {
        if (value.is_cell() && value.cell()->is_shared()) shared.hold(value);
    };
    bool has_blocks = false;
    std::vector<Value> words;
    for (size_t i = 0; i < headers.size(); ++i) {
        Cell& cell = *cells.cells[i];
        const size_t skipped = first_written(form_of(cell)), n = headers[i].words - skipped;
        if (cell.bits & Cell::kBytes) {
            if (!read_bytes(cell, headers[i].encoded)) return false;
            continue;
        }
        ByteReader encoded(headers[i].encoded);
        words.assign(n, Value());
        if (!read_words(encoded, cell.shape, skipped, words.data(), n, names, cells) || !encoded.at_end())
            return false;
        for (size_t w = 0; w < n; ++w) {
            hold(words[w]);
            cell[skipped + w] = words[w];
        }
        has_blocks = has_blocks || cell.shape == shape::kBlock;
    }
    for (uint64_t i = 0; i < count; ++i) {
        Value value;
        if (!read_word(roots, value, names, cells)) return false;
        hold(value);
        made->roots_to_fill()[i] = value;
    }
    // Whoever walks over a parcel sees all of its cells, so there are none that nothing leads to.
    MetInTable met;
    if (!are_sound({made->peek_all(), size_t(count)}, names, met) || met.size() != cells.cells.size())
        return false;
    made->filled(layout_epoch, has_blocks);
    parcel = std::move(made);
    return true;
}

} // namespace indent::image
