#include "image/codec/words.h"
#include <bit>
#include <cmath>

namespace indent::image {

namespace {

enum Tag : uint8_t {
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
constexpr double kMostWhole = 1 << 27; // those have no more bytes than kShortFloat

void write_float(ByteWriter& out, double number) {
    if (std::fabs(number) < kMostWhole && number == std::trunc(number) &&
        !(number == 0 && std::signbit(number))) {
        out.byte(kWholeFloat);
        out.signed_number(int64_t(number));
        return;
    }
    const float narrow = float(number);
    if (double(narrow) == number) {
        out.byte(kShortFloat);
        out.fixed32(std::bit_cast<uint32_t>(narrow));
        return;
    }
    out.byte(kFloat);
    out.fixed64(std::bit_cast<uint64_t>(number));
}

void write_plain(ByteWriter& out, Value value, Names& names, Places& places) {
    if (value.is_integer()) {
        const int64_t number = value.as_integer();
        if (number >= kLeastSmall && number <= kMostSmall) {
            out.byte(uint8_t(kSmallIntegers + (number - kLeastSmall)));
        } else {
            out.byte(kInteger);
            out.signed_number(number);
        }
    } else if (value.is_absent()) {
        out.byte(kAbsent);
    } else if (value.is_cell()) {
        const Cell* cell = value.cell();
        out.byte(cell->is_shared() ? kShared : kCell);
        out.number(cell->is_shared() ? names.shared(cell) : places.place_of(cell));
    } else if (value.is_float()) {
        write_float(out, value.as_float());
    } else if (value.is_symbol()) {
        out.byte(kSymbol);
        out.number(names.symbol(value.symbol_id()));
    } else {
        out.byte(value.is_nil() ? kNil : value.is_true() ? kTrue : kFalse);
    }
}

// `raw`: reads what a raw word is.
template <class Raw>
bool read_plain(ByteReader& in, uint8_t tag, Value& value, Names& names, CellsAt& cells, Raw raw) {
    switch (tag) {
    case kAbsent: value = Value(); return true;
    case kNil: value = Value::nil(); return true;
    case kFalse: value = Value::boolean(false); return true;
    case kTrue: value = Value::boolean(true); return true;
    case kInteger: {
        const int64_t number = in.signed_number();
        if (!Value::fits_integer(number)) return false;
        value = Value::integer(number);
        return !in.failed();
    }
    case kFloat: value = Value::floating(std::bit_cast<double>(in.fixed64())); return !in.failed();
    case kWholeFloat: value = Value::floating(double(in.signed_number())); return !in.failed();
    case kShortFloat:
        value = Value::floating(double(std::bit_cast<float>(in.fixed32())));
        return !in.failed();
    case kSymbol: {
        SymbolId id = 0;
        const uint64_t number = in.number();
        if (in.failed() || !names.symbol_of(number, id)) return false;
        value = Value::symbol(id);
        return true;
    }
    case kCell: {
        const uint64_t place = in.number();
        const Cell* cell = in.failed() ? nullptr : cells.cell_at(place);
        if (!cell) return false;
        value = Value::cell(cell);
        return true;
    }
    case kShared: {
        const uint64_t number = in.number();
        return !in.failed() && names.shared_of(number, value);
    }
    case kRaw: {
        const uint64_t number = in.number();
        return !in.failed() && raw(number);
    }
    default:
        if (tag < kSmallIntegers) return false;
        value = Value::integer(kLeastSmall + (tag - kSmallIntegers));
        return !in.failed();
    }
}

} // namespace

void write_words(ByteWriter& out, const Cell& cell, size_t first, size_t count, Names& names,
                 Places& places) {
    const Value* words = cell.words() + first;
    for (size_t i = 0; i < count; ++i) {
        if (words[i].is_raw()) {
            out.byte(kRaw);
            out.number(names.raw(cell, first + i));
            continue;
        }
        if (words[i].is_absent()) {
            size_t many = 1;
            while (i + many < count && words[i + many].is_absent()) ++many;
            write_absent(out, many);
            i += many - 1;
            continue;
        }
        write_plain(out, words[i], names, places);
    }
}

bool read_words(ByteReader& in, ShapeId shape, size_t first, Value* words, size_t count, Names& names,
                CellsAt& cells) {
    for (size_t i = 0; i < count; ++i) {
        const uint8_t tag = in.byte();
        if (tag == kManyAbsent) {
            const uint64_t many = in.number();
            if (in.failed() || many == 0 || many > count - i) return false;
            for (const size_t end = i + size_t(many); i < end; ++i)
                if (!words[i].is_absent()) words[i] = Value(); // memory that nobody has touched stays so
            --i;
            continue;
        }
        auto raw = [&](uint64_t number) { return names.raw_of(shape, first + i, number, words[i]); };
        if (!read_plain(in, tag, words[i], names, cells, raw)) return false;
    }
    return !in.failed();
}

void write_absent(ByteWriter& out, uint64_t count) {
    if (count > 2) {
        out.byte(kManyAbsent);
        out.number(count);
        return;
    }
    for (; count > 0; --count) out.byte(kAbsent);
}

bool take_word(ByteReader& in, std::string_view& bytes, uint64_t& many) {
    const std::string_view rest = in.rest();
    many = 1;
    bytes = {};
    switch (const uint8_t tag = in.byte()) {
    case kAbsent: return !in.failed();
    case kManyAbsent: many = in.number(); return !in.failed() && many > 0;
    case kFloat: (void)in.fixed64(); break;
    case kShortFloat: (void)in.fixed32(); break;
    case kInteger:
    case kWholeFloat:
    case kSymbol:
    case kCell:
    case kShared:
    case kRaw: (void)in.number(); break;
    default:
        if (tag > kTrue && tag < kSmallIntegers) return false;
    }
    bytes = rest.substr(0, rest.size() - in.remaining());
    return !in.failed();
}

void write_word(ByteWriter& out, Value value, Names& names, Places& places) {
    write_plain(out, value, names, places);
}

bool read_word(ByteReader& in, Value& value, Names& names, CellsAt& cells) {
    return read_plain(in, in.byte(), value, names, cells, [](uint64_t) { return false; });
}

} // namespace indent::image
