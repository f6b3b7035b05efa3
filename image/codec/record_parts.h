// A record of a heap (heap_record.h) taken apart, without a heap and without names.
#pragma once
#include "image/codec/record_form.h"
#include "image/codec/words.h"
#include <bit>
#include <string_view>

namespace indent::image {

struct RecordCell : CellHead {
    std::string_view encoded;
};
struct RecordChange { // words from `first` on, each after a gap, or those of the bits in `mask`
    uint64_t place = 0;
    uint8_t form = 0;
    unsigned mask = 0;
    uint64_t first = 0, count = 0;
    std::string_view encoded;
};

inline bool read_record_cell(ByteReader& in, bool second, uint64_t last, RecordCell& cell) {
    read_cell_head(in, second, last, cell);
    cell.encoded = in.text();
    return !in.failed();
}
inline bool read_record_change(ByteReader& in, bool second, uint64_t last, RecordChange& change) {
    change = {};
    change.place = last + uint64_t(in.signed_number());
    change.form = in.byte();
    if (second && change.form & kMasked) {
        change.mask = change.form & ~unsigned(kMasked);
        change.form = 0;
        const char* const begin = in.at();
        if (in.failed() || !skip_words(in, size_t(std::popcount(change.mask)))) return false;
        change.encoded = {begin, size_t(in.at() - begin)};
        return true;
    }
    change.first = in.number();
    change.count = in.number();
    change.encoded = in.text();
    return !in.failed();
}

// cell(RecordCell, at) and change(RecordChange, at) get each in its order, with the place in the record where it stands; `roots`
// the words of the roots. The views are into the record. False: that is none.
template <class Cell, class Change>
[[nodiscard]] bool take_apart(std::string_view record, std::string_view& roots, Cell cell, Change change) {
    const bool second = is_second_form(record);
    ByteReader in(record.substr(second ? 1 : 0));
    const uint64_t root_count = in.count();
    const char* const begin = in.at();
    if (in.failed() || !skip_words(in, size_t(root_count))) return false;
    roots = {begin, size_t(in.at() - begin)};
    (void)in.number(); // the last identity hash
    PageFacts page;
    for (uint64_t i = in.count(least_page(second)); i > 0; --i)
        if (!read_page_facts(in, second, page)) return false;
    uint64_t last = 0;
    for (uint64_t i = in.count(least_cell(second)); i > 0; --i) {
        RecordCell one;
        const char* const at = in.at();
        if (!read_record_cell(in, second, last, one)) return false;
        last = one.place;
        cell(one, at);
    }
    last = 0;
    for (uint64_t i = in.count(least_change(second)); i > 0; --i) {
        RecordChange one;
        const char* const at = in.at();
        if (!read_record_change(in, second, last, one)) return false;
        last = one.place;
        change(one, at);
    }
    return !in.failed();
}

} // namespace indent::image
