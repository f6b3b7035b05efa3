#include "image/codec/words.h"
#include <bit>
#include <cmath>

namespace indent::image {

namespace {

constexpr double kMostWhole = 1 << 27; // those have no more bytes than kShortFloat

char* put_float(char* at, double number) {
    if (std::fabs(number) < kMostWhole && number == std::trunc(number) &&
        !(number == 0 && std::signbit(number))) {
        *at++ = kWholeFloat;
        return put_signed(at, int64_t(number));
    }
    const float narrow = float(number);
    if (double(narrow) == number) {
        *at++ = kShortFloat;
        return put_little_endian(at, std::bit_cast<uint32_t>(narrow), 4);
    }
    *at++ = kFloat;
    return put_little_endian(at, std::bit_cast<uint64_t>(number), 8);
}

char* put_plain(char* at, Value value, Names& names, Places& places) {
    if (value.is_integer()) return put_integer(at, value.as_integer());
    if (value.is_absent()) {
        *at++ = kAbsent;
        return at;
    }
    if (value.is_cell()) {
        const Cell* cell = value.cell();
        *at++ = cell->is_shared() ? kShared : kCell;
        return put_number(at, cell->is_shared() ? names.shared(cell) : places.place_of(cell));
    }
    if (value.is_float()) return put_float(at, value.as_float());
    if (value.is_symbol()) {
        *at++ = kSymbol;
        return put_number(at, names.symbol(value.symbol_id()));
    }
    *at++ = value.is_nil() ? kNil : value.is_true() ? kTrue : kFalse;
    return at;
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

char* put_other_word(char* at, const Cell& cell, size_t word, Names& names, Places& places) {
    const Value value = cell[word];
    if (!value.is_raw()) return put_plain(at, value, names, places);
    *at++ = kRaw;
    return put_number(at, names.raw(cell, word));
}

void write_words(ByteWriter& out, const Cell& cell, size_t first, size_t count, Names& names,
                 Places& places) {
    constexpr size_t kAtOnce = 32;
    for (size_t i = 0; i < count;) {
        const size_t end = i + std::min(count - i, kAtOnce);
        char* at = out.room(kAtOnce * kLongestWord);
        for (; i < end; ++i) {
            const Value* words = cell.words() + first;
            if (words[i].is_absent()) {
                size_t many = 1;
                while (i + many < count && words[i + many].is_absent()) ++many;
                if (many > 2) {
                    *at++ = kManyAbsent;
                    at = put_number(at, many);
                    i += many - 1;
                    continue;
                }
            }
            at = put_word(at, cell, first + i, names, places);
        }
        out.wrote(at);
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
    case kFloat: (void)in.raw(8); break;
    case kShortFloat: (void)in.raw(4); break;
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

bool skip_words(ByteReader& in, size_t count) {
    std::string_view word;
    uint64_t many = 1;
    for (size_t i = 0; i < count; ++i)
        if (!take_word(in, word, many) || many != 1) return false;
    return true;
}

void write_word(ByteWriter& out, Value value, Names& names, Places& places) {
    out.wrote(put_plain(out.room(kLongestWord), value, names, places));
}

bool read_word(ByteReader& in, Value& value, Names& names, CellsAt& cells) {
    return read_plain(in, in.byte(), value, names, cells, [](uint64_t) { return false; });
}

} // namespace indent::image
