// How the fields of heap records (heap_record.h) are written, in the second form and in the first, which images of version 2
// and before have.
#pragma once
#include "image/codec/bytes.h"
#include "vm/heap/page.h"
#include "vm/heap/restored.h"

namespace indent::image {

// The first byte; of older records that is how many roots there are: never so many.
constexpr uint8_t kSecondForm = 0x7F;
constexpr unsigned kFormBits = 3, kPageKindBits = 2;
constexpr uint8_t kMasked = 0x80; // a change of an object: the other bits say of which of its first words
constexpr size_t kMaskedWords = 7;
// Bytes that one takes at least.
constexpr size_t least_page(bool second) {
    return second ? 2 : 4;
}
constexpr size_t least_cell(bool second) {
    return second ? 4 : 5;
}
constexpr size_t least_change(bool second) {
    return second ? 3 : 5;
}

inline bool is_second_form(std::string_view record) {
    return !record.empty() && uint8_t(record[0]) == kSecondForm;
}

inline void write_page_facts(ByteWriter& out, const PageFacts& page) {
    out.number(page.number);
    out.byte(uint8_t(page.kind | page.size << kPageKindBits));
    if (page.kind == Page::kLarge) out.number(page.words);
}
inline bool read_page_facts(ByteReader& in, bool second, PageFacts& page) {
    const uint64_t number = in.number();
    page.kind = in.byte();
    if (second) {
        page.size = page.kind >> kPageKindBits;
        page.kind &= (1U << kPageKindBits) - 1;
        page.words = page.kind == Page::kLarge ? in.number() : 0;
    } else {
        page.size = in.byte();
        page.words = in.number();
    }
    page.number = uint32_t(number);
    return !in.failed() && number >> 32 == 0;
}

struct CellHead {
    uint64_t place = 0, shape = 0, words = 0;
    uint8_t form = 0;
};
// `last`: the place of the cell before it.
inline char* put_cell_head(char* at, const CellHead& head, uint64_t last) {
    at = put_signed(at, int64_t(head.place - last));
    at = put_number(at, head.shape);
    return put_number(at, head.words << kFormBits | head.form);
}
constexpr size_t kLongestCellHead = 3 * kLongestNumber;
inline void read_cell_head(ByteReader& in, bool second, uint64_t last, CellHead& head) {
    head.place = last + uint64_t(in.signed_number());
    head.shape = in.number();
    if (second) {
        const uint64_t both = in.number();
        head.form = uint8_t(both & ((1U << kFormBits) - 1));
        head.words = both >> kFormBits;
    } else {
        head.form = in.byte();
        head.words = in.number();
    }
}

} // namespace indent::image
