// A heap as bytes. A record holds cells that came and words that changed, so that the first record of a heap, its base,
// holds all that its roots reach, and each later one what a turn has made and changed. A picture is a base and the records
// after it; from it the heap comes back with every cell at its place.
//
//   record:  0x7F
//            roots: count, words       last identity hash
//            pages: count, (number, kind and size, words of a large one)
//            cells: count, (place, shape, words and form, bytes, encoded words)
//            changes: count, (place, then for small objects which words of the first seven, and these,
//                             for others form, first word, count, bytes, (gap, word) …)
//            new identity hashes: count, (shared or not, number or place, hash)
//
// Places are offsets in the heap divided by eight, each written as the way from the one before. Records of images of version
// 2 and before have no byte of their own at the front, a page is (number, kind, size, words), a cell (place, shape, form,
// words, bytes, encoded words), and all changes are written as those of others.
#pragma once
#include "image/codec/heap_leaves.h"
#include "image/codec/record_form.h"
#include "image/codec/words.h"
#include "vm/heap/heap.h"
#include "vm/heap/page.h"
#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace indent::image {

// Records that go before the one in `out`, where all that is to be said would be longer than kPartBytes.
using PutPart = std::function<void(std::string record)>;
constexpr size_t kPartBytes = size_t(4) << 20;
// Called each time that a little more has been written, where there is much: others may have a turn meanwhile, on this
// thread, too. The heap may be left and entered again, and its roots stay as they are.
using GiveWay = std::function<void()>;
constexpr uint64_t kPlaces = kPageBytes / 8; // of a page

// All that the roots reach. Nobody may be in the middle of a stretch of the heap: all is old.
void write_base(ByteWriter& out, Heap& heap, std::span<const Value> roots, Names& names,
                const PutPart& part = {}, const GiveWay& give_way = {});

// What the stretch has made and changed, as its last thing: commit comes next. Collects the nursery: `roots` stand where the
// collector finds them (on the stack below `top`, or with a provider).
void write_changes(ByteWriter& out, Heap& heap, Value* top, std::span<Value* const> roots, Names& names,
                   const PutPart& part = {}, const GiveWay& give_way = {});

class HeapPicture {
  public:
    // The base first, then each record in its order. False: that is no record, or none that can follow those before; the
    // picture is to be thrown away.
    [[nodiscard]] bool add(std::string record);
    // A leaf in which no record that is still to come changes anything: it is read when the heap comes back.
    [[nodiscard]] bool add_unchanged(std::string leaf);

    // Puts it into a heap that has never had a cell, and the roots that the last record names into `roots` (as many as it
    // has). False: it makes no sense, names what is not there, there is no memory, or `poll`, which is called each time that
    // a little more has been done, has answered false; the heap is to be thrown away.
    // On the caller's thread; HeapRestore does it on two, and takes leaves as they are read.
    [[nodiscard]] bool restore(Heap& heap, std::vector<Value>& roots, Names& names,
                               const std::function<bool()>& poll = nullptr);

    std::set<uint64_t> shapes() const; // of its cells, as the image numbers them
    // The same as a base in leaves (heap_leaves.h): those in `only`, or all. Whatever leaves there were with numbers in
    // [first, upto) give way to this one, or, where it is empty, to none. `only` has all that records after the leaves have
    // changed; of the leaves before them a picture needs no more than those. False: the records make no sense.
    using PutLeaf = std::function<void(LeafNumber first, LeafNumber upto, std::string record)>;
    [[nodiscard]] bool write_leaves(const std::set<LeafNumber>* only, const PutLeaf& put) const;
    std::string head() const;

  private:
    struct Entry {
        uint64_t place = 0;
        uint64_t shape = 0;
        uint64_t words = 0;
        std::string_view encoded; // in one of records_
        uint8_t form = 0;
        bool gone = false;
        // Of what it takes of its page's places: a large cell is longer, and has the page alone.
        uint64_t end() const { return std::min(place + 1 + words, (place / kPlaces + 1) * kPlaces); }
    };
    struct Patch { // words from `first` on, or those of the bits in `mask`
        uint64_t first = 0;
        uint64_t count = 0;
        unsigned mask = 0;
        std::string_view encoded;
    };
    bool take_cell(const Entry& entry);
    bool add_few(ByteReader& in, uint64_t place, unsigned mask);
    bool add_any(ByteReader& in, uint64_t place, uint8_t form);
    void drop_overlapping(uint64_t from, uint64_t to);
    Entry* find(uint64_t place);
    friend class HeapRestore;
    // A leaf of a page that has no large cell: the page, and the leaf from its cells on.
    static bool is_plain_leaf(std::string_view leaf, PageFacts& page, std::string_view& cells);
    // `visit` gets each cell of an unchanged leaf, and answers whether to go on.
    template <class Visit>
    static bool each_cell(std::string_view leaf, Visit visit, std::map<uint64_t, uint64_t>* hashes = nullptr);
    std::vector<const Entry*> entries() const; // those that are there, by place
    std::vector<PageFacts> pages_with(const std::vector<const Entry*>& entries) const;
    static bool read_entry(ByteReader& in, bool second, uint64_t last, Entry& entry);
    bool fold_words(const Entry& entry, const std::function<void(uint64_t, std::string_view)>& visit) const;
    bool write_page(const PageFacts& page, const std::vector<const Entry*>& entries,
                    const PutLeaf& put) const;
    bool write_large(const PageFacts& page, const Entry& entry, const std::set<LeafNumber>* only,
                     const PutLeaf& put) const;
    static void write_entry(ByteWriter& out, const Entry& entry, uint64_t last_place,
                            std::string_view encoded);
    void write_hashes(ByteWriter& out, uint64_t from, uint64_t upto) const;

    std::vector<std::unique_ptr<const std::string>> records_;
    std::vector<Entry> base_; // by place
    std::map<uint32_t, std::string_view>
        unchanged_; // leaves from their cells on, by page: of those there is no entry
    std::map<uint64_t, Entry> later_;
    std::map<uint64_t, std::vector<Patch>> patches_;
    std::map<uint32_t, PageFacts> pages_;
    std::string_view roots_;
    uint64_t root_count_ = 0;
    uint64_t last_hash_ = 0;
    std::map<uint64_t, uint64_t> hashes_, shared_hashes_; // by place, by number
};

template <class Visit>
bool HeapPicture::each_cell(std::string_view leaf, Visit visit, std::map<uint64_t, uint64_t>* hashes) {
    ByteReader in(leaf);
    uint64_t last = 0;
    for (uint64_t i = in.count(least_cell(true)); i > 0; --i) {
        Entry entry;
        if (!read_entry(in, true, last, entry) || !visit(entry)) return false;
        last = entry.place;
    }
    if (!hashes) return true;
    if (in.number() != 0) return false; // changes
    for (uint64_t i = in.count(3); i > 0; --i) {
        if (in.byte() != 0) return false;
        const uint64_t place = in.number();
        (*hashes)[place] = in.number();
    }
    return in.at_end();
}

} // namespace indent::image
