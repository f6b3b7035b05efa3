// A picture becomes a heap again, in two passes over its bytes: first all cells, each at its place, then their words. A word
// that points somewhere can be looked at as soon as it is read, since whatever it points to is there with its kind. So most
// cells are known to be sound when they have been read, lists, maps and blocks when all have; and then nobody has to walk
// from the roots.
//
// Cells that nobody reaches any more may stand in a picture: a record says what came, not what went. Where their memory was
// given again, the newer cell takes the place and they go. So the words of a dead cell may point to places where nothing is
// any more, or name what no image keeps (a block of a script that came with a message). Where a cell is not sound the walk
// tells whether it is a dead one; only if what the roots reach has such a word is the picture wrong.
#include "image/codec/cell_form.h"
#include "image/codec/heap_record.h"
#include "vm/heap/page.h"
#include "vm/heap/pointer_table.h"
#include "vm/model/shape.h"
#include <algorithm>
#include <array>
#include <bit>
#include <unordered_map>

namespace indent::image {

namespace {

constexpr uint64_t kMostLargeWords = uint64_t(1) << 40; // of a cell

size_t room_of(const PageFacts& page) {
    return page.kind == Page::kSmall && page.size < kSmallPageSizes ? small_page_bytes(page.size)
                                                                    : kPageBytes;
}

// Whether the image may take the memory that these pages are, touched or not.
bool may_take(const std::vector<PageFacts>& pages, Names& names) {
    constexpr uint64_t kOfEachNumber = 12; // up to the last one, in the tables of an old space
    uint64_t numbers = 0;
    for (const PageFacts& page : pages) {
        numbers = std::max<uint64_t>(numbers, uint64_t(page.number) + 1);
        const uint64_t bytes =
            page.kind == Page::kLarge ? 8 * std::min<uint64_t>(page.words, kMostLargeWords) : 0;
        if (!names.may_take(room_of(page) + bytes)) return false;
    }
    return names.may_take(kOfEachNumber * numbers);
}

// Lets others look in each time that so much has been done.
class Polls {
  public:
    explicit Polls(const std::function<bool()>& poll) : poll_(poll) {}
    bool go_on() {
        constexpr unsigned kBetween = 1024;
        return ++count_ % kBetween != 0 || now();
    }
    bool now() {
        if (poll_ && !poll_()) stopped_ = true;
        return !stopped_;
    }
    bool stopped() const { return stopped_; }

  private:
    const std::function<bool()>& poll_;
    unsigned count_ = 0;
    bool stopped_ = false;
};

// Where cells are.
class PlacesThere {
  public:
    // All cells are in these pages, of which the heap is made.
    explicit PlacesThere(const std::vector<PageFacts>& pages) : pages_(pages.size()) {
        uint32_t last = 0;
        for (const PageFacts& page : pages) last = std::max(last, page.number);
        of_number_.assign(pages.empty() ? 0 : size_t(last) + 1, 0);
        uint32_t count = 0;
        for (const PageFacts& page : pages) of_number_[page.number] = ++count;
    }
    // The place of a page of the heap that is asked for its cells: all pages are there then.
    void begin_page(Heap& heap, uint32_t number) {
        if (PageAt* page = page_of(number * kPlaces))
            page->base = reinterpret_cast<std::byte*>(heap.restored_at(uint64_t(number) * kPageBytes));
    }
    void add(uint64_t place) {
        if (PageAt* page = page_of(place)) page->there[place % kPlaces / 64] |= uint64_t(1) << (place % 64);
    }
    // Null: no cell begins there.
    Cell* cell_at(uint64_t place) const {
        const PageAt* page = const_cast<PlacesThere*>(this)->page_of(place);
        if (!page || !(page->there[place % kPlaces / 64] >> (place % 64) & 1)) return nullptr;
        return reinterpret_cast<Cell*>(page->base + 8 * (place % kPlaces));
    }

  private:
    struct PageAt {
        std::byte* base = nullptr;
        std::array<uint64_t, kPlaces / 64> there{}; // a bit for each place
    };
    PageAt* page_of(uint64_t place) {
        const uint64_t number = place / kPlaces;
        if (number >= of_number_.size() || of_number_[size_t(number)] == 0) return nullptr;
        return &pages_[of_number_[size_t(number)] - 1];
    }
    std::vector<PageAt> pages_;
    std::vector<uint32_t> of_number_; // which of the pages has this number, counted from 1; 0: none
};

// What the words of a cell name, and whether one names what is not there.
class WordsOfCell final : public CellsAt, public NamesOfOther {
  public:
    WordsOfCell(const PlacesThere& there, Names& names) : NamesOfOther(names), there_(there) {}
    Cell* cell_at(uint64_t place) override {
        if (Cell* cell = there_.cell_at(place)) return cell;
        missed = true;
        return &nowhere;
    }
    bool symbol_of(uint64_t number, SymbolId& id) override {
        Known& known = symbols_[number % symbols_.size()];
        if (known.number != number || number == 0) {
            if (!names_.symbol_of(number, known.id)) {
                known = {};
                return false;
            }
            known.number = number;
        }
        id = known.id;
        return true;
    }
    bool shared_of(uint64_t number, Value& cell) override {
        has_shared = true;
        return names_.shared_of(number, cell) || miss(cell);
    }
    bool raw_of(ShapeId shape, size_t word, uint64_t number, Value& value) override {
        has_shared = true; // it may be a cell of the code
        return names_.raw_of(shape, word, number, value) || miss(value);
    }
    size_t field_count(ShapeId shape) override { // most cells are of the shape of the one before
        if (shape != last_shape_) last_count_ = names_.field_count(last_shape_ = shape);
        return last_count_;
    }
    // Since the caller has set them to false.
    bool missed = false, has_shared = false;
    Cell nowhere{};

  private:
    bool miss(Value& value) {
        value = Value::cell(&nowhere);
        return missed = true;
    }
    struct Known {
        uint64_t number = 0;
        SymbolId id = 0;
    };
    const PlacesThere& there_;
    std::array<Known, 64> symbols_{};
    ShapeId last_shape_ = 0;
    size_t last_count_ = 0;
};

// Cells that were met have the collector's mark until the heap is settled.
class MetByMarks final : public Met {
  public:
    explicit MetByMarks(Polls& polls) : polls_(polls) {}
    bool add(const Cell* cell) override {
        if (cell->bits & Cell::kMarked || !polls_.go_on()) return false;
        const_cast<Cell*>(cell)->bits |= Cell::kMarked;
        return true;
    }

  private:
    Polls& polls_;
};

// What shapes the numbers of an image are: most cells are of the shape of the one before.
class KnownShapes {
  public:
    explicit KnownShapes(Names& names) : names_(names) {}
    // 0: of a layout that is gone.
    ShapeId of(uint64_t number) {
        if (number == last_number_ && last_) return last_;
        auto [known, is_new] = shapes_.try_emplace(number, 0);
        if (is_new && !names_.shape_of(number, known->second)) known->second = 0;
        last_number_ = number;
        return last_ = known->second;
    }

  private:
    Names& names_;
    std::unordered_map<uint64_t, ShapeId> shapes_;
    uint64_t last_number_ = 0;
    ShapeId last_ = 0;
};

} // namespace

// Gives cells their words, and looks at those that can be looked at.
class HeapPicture::Filler {
  public:
    Filler(const HeapPicture& picture, const PlacesThere& there, WordsOfCell& words, Polls& polls)
        : picture_(picture), there_(there), words_(words), polls_(polls) {}

    // False: it makes no sense, or is not wanted any more.
    bool fill(const Entry& entry, bool may_be_patched) {
        words_.missed = words_.has_shared = false;
        Cell& cell = *there_.cell_at(entry.place);
        if (!polls_.go_on() || !read(cell, entry) || (may_be_patched && !patch(cell, entry))) return false;
        if (words_.missed) {
            const size_t n = cell.word_count();
            for (size_t w = 0; w < n; ++w)
                if (cell[w] == Value::cell(&words_.nowhere))
                    cell[w] = Value::nil(); // it was not changed since
            wrong.push_back(&cell);
            return true;
        }
        if (words_.has_shared) with_shared.push_back(&cell);
        const CellCheck::When when = CellCheck::when(cell.shape);
        if (when == CellCheck::InTheEnd)
            in_the_end.push_back(&cell);
        else if (when == CellCheck::AtOnce && !CellCheck(words_).is_sound(cell))
            wrong.push_back(&cell);
        return true;
    }

    std::vector<Cell*> wrong; // they may well be dead
    std::vector<Cell*> with_shared, in_the_end;

  private:
    bool read(Cell& cell, const Entry& entry) {
        if (entry.form & kBytesForm) return read_bytes(cell, entry.encoded);
        const size_t skipped = first_written(entry.form);
        ByteReader in(entry.encoded);
        return read_words(in, cell.shape, skipped, cell.words() + skipped, size_t(entry.words) - skipped,
                          words_, words_) &&
               in.at_end();
    }
    bool patch(Cell& cell, const Entry& entry) {
        auto found = picture_.patches_.find(entry.place);
        if (found == picture_.patches_.end()) return true;
        const auto n = size_t(entry.words);
        const size_t skipped = first_written(entry.form);
        const bool never_changes = cell.shape == shape::kText || cell.shape == shape::kBigInteger;
        for (const Patch& patch : found->second) {
            if (patch.count > kLeafWords / 2 && !polls_.now()) return false; // there are many such
            if (never_changes && (n <= kLeafWords || patch.first % kLeafWords != 0)) return false;
            ByteReader words(patch.encoded);
            for (unsigned mask = patch.mask; mask != 0; mask &= mask - 1) {
                const auto at = size_t(std::countr_zero(mask));
                if (!read_words(words, cell.shape, at, cell.words() + at, 1, words_, words_)) return false;
            }
            uint64_t at = patch.first;
            for (uint64_t i = 0; i < patch.count; ++i) {
                const uint64_t gap = words.number();
                if (words.failed() || gap >= n || (at += gap) >= n || at < skipped) return false;
                if (entry.form & kBytesForm)
                    cell[size_t(at)] = Value::from_bits(words.fixed64());
                else if (!read_words(words, cell.shape, size_t(at), cell.words() + at, 1, words_, words_))
                    return false;
                ++at;
            }
            if (!words.at_end()) return false;
        }
        return true;
    }
    const HeapPicture& picture_;
    const PlacesThere& there_;
    WordsOfCell& words_;
    Polls& polls_;
};

std::vector<const HeapPicture::Entry*> HeapPicture::entries() const {
    std::vector<const Entry*> entries;
    entries.reserve(base_.size() + later_.size());
    auto later = later_.begin();
    auto take_later = [&](uint64_t before) {
        for (; later != later_.end() && later->first < before; ++later) entries.push_back(&later->second);
    };
    for (const Entry& entry : base_) {
        if (entry.gone) continue;
        take_later(entry.place);
        entries.push_back(&entry);
    }
    take_later(UINT64_MAX);
    return entries;
}

// A page whose cells are all gone is left out: large ones cannot be without.
std::vector<PageFacts> HeapPicture::pages_with(const std::vector<const Entry*>& entries) const {
    std::vector<PageFacts> pages;
    for (auto& page : pages_) pages.push_back(page.second);
    std::erase_if(pages, [&](const PageFacts& page) {
        if (unchanged_.contains(page.number)) return false;
        const uint64_t begin = uint64_t(page.number) * kPlaces;
        auto first =
            std::lower_bound(entries.begin(), entries.end(), begin,
                             [](const Entry* entry, uint64_t wanted) { return entry->place < wanted; });
        return first == entries.end() || (*first)->place >= begin + room_of(page) / 8;
    });
    return pages;
}

bool HeapPicture::restore(Heap& heap, std::vector<Value>& roots, Names& names,
                          const std::function<bool()>& poll) const {
    const std::vector<const Entry*> entries = this->entries();
    const std::vector<PageFacts> pages = pages_with(entries);
    if (!may_take(pages, names)) return false;

    // The cells.
    PlacesThere there(pages);
    WordsOfCell words(there, names);
    KnownShapes shapes(names);
    Polls polls(poll);
    std::vector<uint64_t> unknown; // places of cells of layouts that are gone: they may well be dead
    std::map<uint64_t, uint64_t> hashes = hashes_;
    auto next = entries.begin();
    const bool made = heap.restore(pages, [&](const PageFacts& page, std::vector<RestoredCell>& cells) {
        there.begin_page(heap, page.number);
        auto take = [&](const Entry& entry) {
            ShapeId shape = shapes.of(entry.shape);
            if (shape == 0) {
                shape = shape::kArray;
                unknown.push_back(entry.place);
            } else if (!may_be(shape, entry.form, entry.words, words)) {
                return false;
            }
            cells.push_back({8 * entry.place, shape, bool(entry.form & kBytesForm),
                             bool(entry.form & kFrozenForm), bool(entry.form & kWideForm), entry.words});
            there.add(entry.place);
            return polls.go_on();
        };
        if (auto leaf = unchanged_.find(page.number); leaf != unchanged_.end())
            return each_cell(leaf->second, take, &hashes);
        const uint64_t end = (uint64_t(page.number) + 1) * kPlaces;
        for (; next != entries.end() && (*next)->place < end; ++next)
            if (!take(**next)) return false;
        return true;
    });
    if (!made || next != entries.end()) return false;

    // Their words.
    Filler filler(*this, there, words, polls);
    for (auto& [page, leaf] : unchanged_)
        if (!each_cell(leaf, [&](const Entry& entry) { return filler.fill(entry, false); })) return false;
    for (const Entry* entry : entries)
        if (!filler.fill(*entry, !patches_.empty())) return false;
    words.missed = false;
    ByteReader in(roots_);
    roots.assign(size_t(root_count_), Value());
    for (Value& root : roots)
        if (!read_word(in, root, words, words) || words.missed) return false;

    // Whether they make sense.
    bool all_sound = unknown.empty() && filler.wrong.empty() &&
                     std::all_of(roots.begin(), roots.end(),
                                 [](Value root) { return root.is_absent() || is_value(root); });
    if (all_sound) {
        CellCheck check(words);
        all_sound = std::all_of(filler.in_the_end.begin(), filler.in_the_end.end(),
                                [&](Cell* cell) { return polls.go_on() && check.is_sound(*cell); });
    }
    if (all_sound) {
        for (Cell* cell : filler.with_shared) cell->bits |= Cell::kMarked;
    } else {
        PointerTable wrong;
        for (Cell* cell : filler.wrong) wrong.add(cell, 0);
        for (uint64_t place : unknown) wrong.add(there.cell_at(place), 0);
        MetByMarks met(polls);
        if (!are_sound(roots, names, met, &wrong)) return false;
    }
    if (polls.stopped()) return false;
    // Nobody has looked at what the walk has not met: until it is collected it is no more than room.
    constexpr ShapeId kAsTheyAre = 0, kNoMore = shape::kArray;
    if (!heap.settle_restored(last_hash_, all_sound ? kAsTheyAre : kNoMore, poll)) return false;
    for (auto& [place, hash] : hashes)
        if (Cell* cell = there.cell_at(place)) heap.restore_hash(cell, hash);
    for (auto& [number, hash] : shared_hashes_)
        if (Value value; names.shared_of(number, value) && value.is_cell())
            heap.restore_hash(value.cell(), hash);
    return true;
}

} // namespace indent::image
