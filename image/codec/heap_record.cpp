// Cells that nobody reaches any more may stand in a picture: a record says what came, not what went. Where their memory
// was given again, the newer cell takes the place and they go. So the words of a dead cell may point to places where
// nothing is any more, or name what no image keeps (a block of a script that came with a message); such words become nil,
// and only if what the roots reach has one is the picture wrong.
#include "image/codec/heap_record.h"
#include "image/codec/cell_form.h"
#include "image/codec/record_form.h"
#include "vm/heap/page.h"
#include "vm/heap/pointer_table.h"
#include "vm/model/shape.h"
#include <algorithm>
#include <bit>
#include <unordered_set>

namespace indent::image {

namespace {

constexpr size_t kMostCellWords = kPartBytes / 8; // that one entry of a record in parts has
constexpr size_t kWordsAtOnce = 64 * kLeafWords;  // of those behind

class HeapPlaces final : public Places {
  public:
    explicit HeapPlaces(const Heap& heap) : heap_(heap) {}
    uint64_t place_of(const Cell* cell) override {
        if (Page::of(cell)->kind == Page::kLarge) large_.insert(cell);
        return heap_.offset_of(cell) / 8;
    }
    bool has_met(const Cell* large) const { return large_.contains(large); }

  private:
    const Heap& heap_;
    std::unordered_set<const Cell*> large_;
};

// The first word from `at` on that is another one than before; their count: none.
size_t first_other(const Value* now, std::span<const Value> before, size_t at) {
    constexpr size_t kAtOnce = 4;
    const size_t n = before.size();
    while (at + kAtOnce <= n) {
        uint64_t other = 0;
        for (size_t i = 0; i < kAtOnce; ++i) other |= now[at + i].bits() ^ before[at + i].bits();
        if (other != 0) break;
        at += kAtOnce;
    }
    while (at < n && now[at] == before[at]) ++at;
    return at;
}

// What a record is put together in. Kept by a thread from one record to the next: turns are short.
struct Parts {
    ByteWriter cells, changes, hashes, words;
    std::vector<PageFacts> pages;
    std::unordered_set<uint32_t> seen; // their numbers, where they are many
};
Parts& empty_parts() {
    static thread_local Parts parts;
    for (ByteWriter* part : {&parts.cells, &parts.changes, &parts.hashes, &parts.words}) part->clear();
    parts.pages.clear();
    if (!parts.seen.empty()) parts.seen = {};
    return parts;
}

class Recorder {
  public:
    Recorder(ByteWriter& out, Heap& heap, Names& names, const PutPart& part)
        : out_(out), heap_(heap), names_(names), part_(part), places_(heap), parts_(empty_parts()) {}

    void hash(Cell* cell, uint64_t hash) {
        const bool shared = cell->is_shared();
        parts_.hashes.byte(shared);
        parts_.hashes.number(shared ? names_.shared(cell) : places_.place_of(cell));
        parts_.hashes.number(hash);
        ++hash_count_;
    }
    void cell(const Cell& cell, uint64_t place) {
        page(cell, place);
        const size_t n = cell.word_count();
        const uint8_t form = form_of(cell);
        ByteWriter& out = parts_.cells;
        out.wrote(put_cell_head(out.room(kLongestCellHead), {place, names_.shape(cell.shape), n, form},
                                last_cell_));
        last_cell_ = place;
        ++cell_count_;
        // What is longer than a record is cut as leaves are: the rest are changes.
        const bool is_cut = part_ && n > kMostCellWords;
        const size_t skipped = first_written(form), end = is_cut ? kLeafWords : n;
        if (form & kBytesForm) {
            out.text(written_bytes(cell).substr(0, 8 * (end - skipped)));
        } else {
            const size_t begin = out.size();
            write_words(out, cell, skipped, end - skipped, names_, places_);
            if (is_cut) write_absent(out, n - end);
            out.make_text_from(begin);
        }
        end_part();
        if (!is_cut) return;
        for (size_t at = end; at < n; at += kWordsAtOnce)
            rest_of_cell(cell, form, place, at, std::min(n, at + kWordsAtOnce));
    }
    void change(const Change& change) {
        const Cell& cell = *change.cell;
        const uint8_t form = form_of(cell);
        const uint64_t place = change.offset / 8;
        if (form == 0 && change.first_word == 0 && change.before.size() <= kMaskedWords)
            change_few(change, cell, place);
        else
            change_any(change, cell, form, place);
    }
    // One that the stretch has made. Large ones are in the old space from the first, whether somebody has them in the end or
    // not: they are written if something that is written points to them, as only what the stretch made and changed can.
    void made(const Cell& cell, uint64_t place) {
        if (is_large(&cell))
            large_.emplace_back(&cell, place);
        else
            this->cell(cell, place);
    }
    void end(std::span<const Value> roots) {
        ByteWriter root_words;
        for (const Value& root : roots) write_word(root_words, root, names_, places_);
        for (bool more = true; std::exchange(more, false);)
            for (auto& [large, place] : large_)
                if (large && places_.has_met(large)) {
                    cell(*std::exchange(large, nullptr), place);
                    more = true;
                }
        out_.byte(kSecondForm);
        out_.number(roots.size());
        out_.raw(root_words.view());
        out_.number(heap_.last_hash());
        write_all();
    }

  private:
    void page(const Cell& cell, uint64_t place) {
        constexpr size_t kFew = 8;
        const auto number = uint32_t(place / (kPageBytes / 8));
        auto& pages = parts_.pages;
        auto is_it = [&](const PageFacts& page) { return page.number == number; };
        if (!pages.empty() && is_it(pages.back())) return;
        if (pages.size() <= kFew) {
            if (std::any_of(pages.begin(), pages.end(), is_it)) return;
            if (pages.size() == kFew)
                for (const PageFacts& page : pages) parts_.seen.insert(page.number);
        }
        if (pages.size() >= kFew && !parts_.seen.insert(number).second) return;
        pages.push_back(heap_.page_of(&cell));
    }
    // Of a small object: a bit for each word that is another one.
    void change_few(const Change& change, const Cell& cell, uint64_t place) {
        ByteWriter& out = parts_.changes;
        char* at = out.room(kLongestNumber + 1 + kMaskedWords * kLongestWord);
        at = put_signed(at, int64_t(place - last_change_));
        char* const head = at++;
        unsigned mask = 0;
        for (size_t w = 0; w < change.before.size(); ++w) {
            if (cell[w] == change.before[w]) continue;
            mask |= 1U << w;
            at = put_word(at, cell, w, names_, places_);
        }
        if (mask == 0) return;
        *head = char(kMasked | mask);
        out.wrote(at);
        last_change_ = place;
        ++change_count_;
        end_part();
    }
    void change_any(const Change& change, const Cell& cell, uint8_t form, uint64_t place) {
        ByteWriter& words = parts_.words;
        words.clear();
        size_t next = change.first_word, count = 0;
        const Value* const now = cell.words() + change.first_word;
        for (size_t i = 0; (i = first_other(now, change.before, i)) < change.before.size(); ++i) {
            const size_t w = change.first_word + i;
            put_next_word(words, cell, form, w, next);
            ++count;
        }
        if (count == 0 && !cell.is_frozen()) return;
        put_change(place, form, change.first_word, count);
    }
    void put_next_word(ByteWriter& words, const Cell& cell, uint8_t form, size_t w, size_t& next) {
        words.number(w - next);
        if (form & kBytesForm)
            words.fixed64(cell[w].bits());
        else
            words.wrote(put_word(words.room(kLongestWord), cell, w, names_, places_));
        next = w + 1;
    }
    void rest_of_cell(const Cell& cell, uint8_t form, uint64_t place, size_t from, size_t upto) {
        ByteWriter& words = parts_.words;
        words.clear();
        size_t next = from, count = 0;
        for (size_t w = from; w < upto; ++w) {
            if (form & kBytesForm ? cell[w].bits() == 0 : cell[w].is_absent()) continue;
            put_next_word(words, cell, form, w, next);
            ++count;
        }
        if (count > 0) put_change(place, form, from, count);
    }
    // With what stands in parts_.words.
    void put_change(uint64_t place, uint8_t form, size_t first, size_t count) {
        ByteWriter& out = parts_.changes;
        out.signed_number(int64_t(place - last_change_));
        out.byte(form);
        out.number(first);
        out.number(count);
        out.text(parts_.words.view());
        last_change_ = place;
        ++change_count_;
        end_part();
    }
    // What there is so far goes as a record of its own.
    void end_part() {
        if (!part_ || parts_.cells.size() + parts_.changes.size() < kPartBytes) return;
        ByteWriter rest;
        std::swap(rest, out_);
        out_.byte(kSecondForm);
        out_.number(0); // roots
        out_.number(0); // the last hash
        write_all();
        std::swap(rest, out_);
        part_(rest.take());
        (void)empty_parts();
        hash_count_ = cell_count_ = change_count_ = 0;
        last_cell_ = last_change_ = 0;
    }
    void write_all() {
        out_.number(parts_.pages.size());
        for (const PageFacts& page : parts_.pages) write_page_facts(out_, page);
        out_.number(cell_count_);
        out_.raw(parts_.cells.view());
        out_.number(change_count_);
        out_.raw(parts_.changes.view());
        out_.number(hash_count_);
        out_.raw(parts_.hashes.view());
    }
    ByteWriter& out_;
    Heap& heap_;
    Names& names_;
    const PutPart& part_;
    HeapPlaces places_;
    std::vector<std::pair<const Cell*, uint64_t>> large_; // null: it is written
    Parts& parts_;
    size_t hash_count_ = 0, cell_count_ = 0, change_count_ = 0;
    uint64_t last_cell_ = 0, last_change_ = 0;
};

// Cells are mostly met in the order in which they lie: then that is a few ascending runs.
void sort_runs(std::vector<uint64_t>& places) {
    constexpr size_t kFew = 8;
    std::vector<size_t> ends; // of the runs
    for (size_t i = 1; i < places.size() && ends.size() < kFew; ++i)
        if (places[i] < places[i - 1]) ends.push_back(i);
    if (ends.size() == kFew) {
        std::sort(places.begin(), places.end());
        return;
    }
    ends.push_back(places.size());
    const auto begin = places.begin();
    for (size_t i = 1; i < ends.size(); ++i)
        std::inplace_merge(begin, begin + ptrdiff_t(ends[i - 1]), begin + ptrdiff_t(ends[i]));
}

// The places of what the roots reach of the heap, in their order.
std::vector<uint64_t> reached(const Heap& heap, std::span<const Value> roots, PointerTable& met) {
    std::vector<const Cell*> cells;
    auto meet = [&](Value value) {
        if (value.is_cell() && !value.cell()->is_shared() && met.add(value.cell(), 0))
            cells.push_back(value.cell());
    };
    for (const Value& root : roots) meet(root);
    for (size_t i = 0; i < cells.size(); ++i) {
        const Cell* cell = cells[i];
        if (cell->bits & Cell::kBytes) continue;
        const size_t n = cell->word_count();
        for (size_t w = 0; w < n; ++w) meet((*cell)[w]);
    }
    std::vector<uint64_t> places;
    places.reserve(cells.size());
    for (const Cell* cell : cells) places.push_back(heap.offset_of(cell) / 8);
    sort_runs(places);
    return places;
}

} // namespace

void write_base(ByteWriter& out, Heap& heap, std::span<const Value> roots, Names& names,
                const PutPart& part) {
    Recorder recorder(out, heap, names, part);
    PointerTable met;
    for (uint64_t place : reached(heap, roots, met)) recorder.cell(*heap.restored_at(8 * place), place);
    heap.for_each_hash([&](Cell* cell, uint64_t hash) {
        if (cell->is_shared() || met.contains(cell)) recorder.hash(cell, hash);
    });
    recorder.end(roots);
}

void write_changes(ByteWriter& out, Heap& heap, Value* top, std::span<Value* const> roots, Names& names,
                   const PutPart& part) {
    Recorder recorder(out, heap, names, part);
    heap.for_each_change_to_commit(top, [&](const Change& change) {
        if (change.kind == Change::Made)
            recorder.made(*change.cell, change.offset / 8);
        else
            recorder.change(change);
    });
    std::vector<Value> now; // where the collection of the nursery has put them
    for (Value* root : roots) now.push_back(*root);
    heap.for_each_new_hash([&](Cell* cell, uint64_t hash) { recorder.hash(cell, hash); });
    recorder.end(now);
}

// ---- pictures

namespace {

constexpr uint64_t kMostWords = uint64_t(1) << 40; // of a cell

size_t room_of(const PageFacts& page) {
    return page.kind == Page::kSmall && page.size < kSmallPageSizes ? small_page_bytes(page.size)
                                                                    : kPageBytes;
}

} // namespace

std::set<uint64_t> HeapPicture::shapes() const {
    std::set<uint64_t> shapes;
    for (const Entry& entry : base_)
        if (!entry.gone) shapes.insert(entry.shape);
    for (auto& [page, leaf] : unchanged_)
        (void)each_cell(leaf, [&](const Entry& entry) {
            shapes.insert(entry.shape);
            return true;
        });
    for (auto& [place, entry] : later_) shapes.insert(entry.shape);
    return shapes;
}

HeapPicture::Entry* HeapPicture::find(uint64_t place) {
    if (auto found = later_.find(place); found != later_.end()) return &found->second;
    auto at = std::lower_bound(base_.begin(), base_.end(), place,
                               [](const Entry& entry, uint64_t wanted) { return entry.place < wanted; });
    return at != base_.end() && at->place == place && !at->gone ? &*at : nullptr;
}

// Whatever stands in [from, to) is dead: something else is there now.
void HeapPicture::drop_overlapping(uint64_t from, uint64_t to) {
    auto at = std::lower_bound(base_.begin(), base_.end(), from,
                               [](const Entry& entry, uint64_t wanted) { return entry.place < wanted; });
    if (at != base_.begin() && std::prev(at)->end() > from) --at;
    for (; at != base_.end() && at->place < to; ++at)
        if (at->end() > from) at->gone = true;
    auto later = later_.lower_bound(from);
    if (later != later_.begin() && std::prev(later)->second.end() > from) --later;
    while (later != later_.end() && later->first < to) later = later_.erase(later);
    patches_.erase(patches_.lower_bound(from), patches_.lower_bound(to));
    hashes_.erase(hashes_.lower_bound(from), hashes_.lower_bound(to));
}

bool HeapPicture::take_cell(const Entry& entry) {
    // The first record may be that of a turn, whose cells are in the order in which they became old. A heap that grows has
    // most of its new cells behind all others.
    const bool is_last = (base_.empty() || base_.back().end() <= entry.place) &&
                         (later_.empty() || later_.rbegin()->second.end() <= entry.place);
    if (is_last) {
        if (!hashes_.empty() && hashes_.rbegin()->first >= entry.place)
            hashes_.erase(hashes_.lower_bound(entry.place), hashes_.lower_bound(entry.end()));
        base_.push_back(entry);
        return true;
    }
    drop_overlapping(entry.place, entry.end());
    later_[entry.place] = entry;
    return true;
}

bool HeapPicture::read_entry(ByteReader& in, bool second, uint64_t last, Entry& entry) {
    CellHead head;
    read_cell_head(in, second, last, head);
    entry.place = head.place;
    entry.shape = head.shape;
    entry.form = head.form;
    entry.words = head.words;
    entry.encoded = in.text();
    if (in.failed() || entry.form & ~kAllForms || entry.place >> 45 || entry.words >> 40) return false;
    return entry.form & kWideForm ? entry.words >= 1 : entry.words < Cell::kWide;
}

bool HeapPicture::each_cell(std::string_view leaf, const std::function<bool(const Entry&)>& visit,
                            std::map<uint64_t, uint64_t>* hashes) const {
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

bool HeapPicture::add_unchanged(std::string leaf) {
    ByteReader in(leaf);
    PageFacts page;
    const bool is_whole = in.byte() == kSecondForm && in.number() == 0 && in.number() == 0 &&
                          in.number() == 1 && read_page_facts(in, true, page) && page.kind != Page::kLarge;
    if (!is_whole) return add(std::move(leaf));
    const size_t left = in.remaining();
    records_.push_back(std::make_unique<const std::string>(std::move(leaf)));
    const std::string_view all = *records_.back();
    return pages_.emplace(page.number, page).second &&
           unchanged_.emplace(page.number, all.substr(all.size() - left)).second;
}

bool HeapPicture::add(std::string record) {
    const bool is_base = records_.empty();
    records_.push_back(std::make_unique<const std::string>(std::move(record)));
    const std::string& bytes = *records_.back();
    const bool second = is_second_form(bytes);
    ByteReader in(std::string_view(bytes).substr(second ? 1 : 0));
    // Roots are read when everything is at its place; here they are passed over.
    root_count_ = in.count();
    const size_t roots_begin = bytes.size() - in.remaining();
    if (!skip_words(in, size_t(root_count_))) return false;
    roots_ = std::string_view(bytes).substr(roots_begin, bytes.size() - in.remaining() - roots_begin);
    last_hash_ = in.number();
    std::unordered_set<uint32_t> seen;
    for (uint64_t i = in.count(least_page(second)); i > 0; --i) {
        PageFacts page;
        if (!read_page_facts(in, second, page) || !seen.insert(page.number).second) return false;
        auto [known, is_new] = pages_.emplace(page.number, page);
        if (is_new) continue;
        const PageFacts& before = known->second;
        if (before.kind != page.kind || before.size != page.size || before.words != page.words) {
            if (is_base) return false;
            const uint64_t begin = uint64_t(page.number) * (kPageBytes / 8);
            drop_overlapping(begin,
                             begin + kPageBytes / 8); // that page is gone, and the number was given again
            known->second = page;
        }
    }
    uint64_t last = 0;
    for (uint64_t i = in.count(least_cell(second)); i > 0; --i) {
        Entry entry;
        if (!read_entry(in, second, last, entry) || !take_cell(entry)) return false;
        last = entry.place;
    }
    last = 0;
    for (uint64_t i = in.count(least_change(second)); i > 0; --i) {
        last += uint64_t(in.signed_number());
        const uint8_t form = in.byte();
        if (second && form & kMasked ? !add_few(in, last, form & ~kMasked) : !add_any(in, last, form))
            return false;
    }
    for (uint64_t i = in.count(3); i > 0; --i) {
        const uint8_t shared = in.byte();
        const uint64_t which = in.number();
        if (shared > 1) return false;
        (shared ? shared_hashes_ : hashes_)[which] = in.number();
    }
    return in.at_end();
}

bool HeapPicture::add_few(ByteReader& in, uint64_t place, unsigned mask) {
    const char* const begin = in.at();
    if (in.failed() || mask == 0 || !skip_words(in, size_t(std::popcount(mask)))) return false;
    const Entry* entry = find(place);
    if (!entry || entry->form != 0 || entry->words < uint64_t(std::bit_width(mask))) return false;
    patches_[place].push_back({0, 0, mask, {begin, size_t(in.at() - begin)}});
    return true;
}

bool HeapPicture::add_any(ByteReader& in, uint64_t place, uint8_t form) {
    Patch patch;
    patch.first = in.number();
    patch.count = in.number();
    patch.encoded = in.text();
    if (in.failed()) return false;
    Entry* entry = find(place);
    if (!entry || ((form ^ entry->form) & ~kFrozenForm) || patch.first >= std::max<uint64_t>(entry->words, 1))
        return false;
    entry->form |= form; // what is frozen stays so
    if (patch.count > 0) patches_[place].push_back(patch);
    return true;
}

// Where cells are while a heap comes back, and what they name; and whether a word named what is not there.
class RestoredPlaces final : public CellsAt, public Names {
  public:
    // All cells are in these pages, of which the heap is made.
    RestoredPlaces(Heap& heap, const std::vector<PageFacts>& pages, Names& names)
        : heap_(heap), names_(names) {
        uint32_t last = 0;
        for (const PageFacts& page : pages) last = std::max(last, page.number);
        of_page_.assign(pages.empty() ? 0 : size_t(last) + 1, 0);
        uint32_t count = 0;
        for (const PageFacts& page : pages) of_page_[page.number] = ++count;
        there_.assign(size_t(count) * kWordsOfPage, 0);
    }
    void add(uint64_t place) {
        if (uint64_t* word = word_of(place)) *word |= uint64_t(1) << (place % 64);
    }
    Cell* cell_at(uint64_t place) override {
        if (place_exists(place)) return heap_.restored_at(8 * place);
        missed = true;
        return &nowhere;
    }
    uint64_t symbol(SymbolId id) override { return names_.symbol(id); }
    uint64_t shape(ShapeId id) override { return names_.shape(id); }
    uint64_t shared(const Cell* cell) override { return names_.shared(cell); }
    uint64_t raw(const Cell& cell, size_t word) override { return names_.raw(cell, word); }
    bool symbol_of(uint64_t number, SymbolId& id) override { return names_.symbol_of(number, id); }
    bool shape_of(uint64_t number, ShapeId& id) override { return names_.shape_of(number, id); }
    bool shared_of(uint64_t number, Value& cell) override {
        return names_.shared_of(number, cell) || miss(cell);
    }
    bool raw_of(ShapeId shape, size_t word, uint64_t number, Value& value) override {
        return names_.raw_of(shape, word, number, value) || miss(value);
    }
    bool place_exists(uint64_t place) const {
        const uint64_t* word = const_cast<RestoredPlaces*>(this)->word_of(place);
        return word && *word >> (place % 64) & 1;
    }
    bool missed = false;
    Cell nowhere{};

  private:
    bool miss(Value& value) {
        value = Value::cell(&nowhere);
        return missed = true;
    }
    static constexpr uint64_t kPlaces = kPageBytes / 8, kWordsOfPage = kPlaces / 64;
    uint64_t* word_of(uint64_t place) {
        const uint64_t page = place / kPlaces;
        if (page >= of_page_.size() || of_page_[size_t(page)] == 0) return nullptr;
        return &there_[(of_page_[size_t(page)] - 1) * kWordsOfPage + place % kPlaces / 64];
    }
    Heap& heap_;
    Names& names_;
    std::vector<uint32_t> of_page_; // which of the pages has this number, counted from 1; 0: none
    std::vector<uint64_t> there_;   // a bit for each place of a page
};

bool HeapPicture::fill(Heap& heap, const Entry& entry, RestoredPlaces& places) const {
    Cell& cell = *heap.restored_at(8 * entry.place);
    const size_t n = size_t(entry.words);
    const size_t skipped = first_written(entry.form);
    ByteReader in(entry.encoded);
    if (entry.form & kBytesForm) {
        if (!read_bytes(cell, entry.encoded)) return false;
    } else if (!read_words(in, cell.shape, skipped, cell.words() + skipped, n - skipped, places, places) ||
               !in.at_end()) {
        return false;
    }
    auto found = patches_.find(entry.place);
    if (found == patches_.end()) return true;
    const bool never_changes = cell.shape == shape::kText || cell.shape == shape::kBigInteger;
    for (const Patch& patch : found->second) {
        if (never_changes && (n <= kLeafWords || patch.first % kLeafWords != 0)) return false;
        ByteReader words(patch.encoded);
        for (unsigned mask = patch.mask; mask != 0; mask &= mask - 1) {
            const auto at = size_t(std::countr_zero(mask));
            if (!read_words(words, cell.shape, at, cell.words() + at, 1, places, places)) return false;
        }
        uint64_t at = patch.first;
        for (uint64_t i = 0; i < patch.count; ++i) {
            const uint64_t gap = words.number();
            if (words.failed() || gap >= n || (at += gap) >= n || at < skipped) return false;
            if (entry.form & kBytesForm)
                cell[size_t(at)] = Value::from_bits(words.fixed64());
            else if (!read_words(words, cell.shape, size_t(at), cell.words() + at, 1, places, places))
                return false;
            ++at;
        }
        if (!words.at_end()) return false;
    }
    return true;
}

// Whether the image may take the memory that these pages are, touched or not.
bool may_take(const std::vector<PageFacts>& pages, Names& names) {
    constexpr uint64_t kOfEachNumber = 12; // up to the last one, in the tables of an old space
    uint64_t numbers = 0;
    for (const PageFacts& page : pages) {
        numbers = std::max<uint64_t>(numbers, uint64_t(page.number) + 1);
        const uint64_t bytes = page.kind == Page::kLarge ? 8 * std::min<uint64_t>(page.words, kMostWords) : 0;
        if (!names.may_take(room_of(page) + bytes)) return false;
    }
    return names.may_take(kOfEachNumber * numbers);
}

namespace {

// Cells that were met have the collector's mark until the heap is settled.
class MetByMarks final : public Met {
  public:
    bool add(const Cell* cell) override {
        if (cell->bits & Cell::kMarked) return false;
        const_cast<Cell*>(cell)->bits |= Cell::kMarked;
        return true;
    }
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

bool HeapPicture::restore(Heap& heap, std::vector<Value>& roots, Names& names) const {
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

    std::vector<PageFacts> pages;
    for (auto& page : pages_) pages.push_back(page.second);
    // A page whose cells are all gone is left out: large ones cannot be without.
    std::erase_if(pages, [&](const PageFacts& page) {
        if (unchanged_.contains(page.number)) return false;
        const uint64_t begin = uint64_t(page.number) * (kPageBytes / 8);
        auto first =
            std::lower_bound(entries.begin(), entries.end(), begin,
                             [](const Entry* entry, uint64_t wanted) { return entry->place < wanted; });
        return first == entries.end() || (*first)->place >= begin + room_of(page) / 8;
    });
    if (!may_take(pages, names)) return false;

    RestoredPlaces at(heap, pages, names);
    KnownShapes shapes(names);
    std::vector<uint64_t> unknown; // places of cells of layouts that are gone: they may well be dead
    std::map<uint64_t, uint64_t> hashes = hashes_;
    auto next = entries.begin();
    const bool made = heap.restore(pages, [&](const PageFacts& page, std::vector<RestoredCell>& cells) {
        const uint64_t end = (uint64_t(page.number) + 1) * (kPageBytes / 8);
        auto take = [&](const Entry& entry) {
            ShapeId shape = shapes.of(entry.shape);
            if (shape == 0) {
                shape = shape::kArray;
                unknown.push_back(entry.place);
            } else if (!may_be(shape, entry.form, entry.words, names)) {
                return false;
            }
            cells.push_back({8 * entry.place, shape, bool(entry.form & kBytesForm),
                             bool(entry.form & kFrozenForm), bool(entry.form & kWideForm), entry.words});
            at.add(entry.place);
            return true;
        };
        if (auto leaf = unchanged_.find(page.number); leaf != unchanged_.end())
            return each_cell(leaf->second, take, &hashes);
        for (; next != entries.end() && (*next)->place < end; ++next)
            if (!take(**next)) return false;
        return true;
    });
    if (!made || next != entries.end()) return false;

    PointerTable wrong; // cells with words that point nowhere, or make no sense: they may well be dead
    auto fill_it = [&](const Entry& entry) {
        at.missed = false;
        if (!fill(heap, entry, at)) return false;
        if (!at.missed) return true;
        Cell* cell = heap.restored_at(8 * entry.place);
        for (size_t w = 0; w < cell->word_count(); ++w)
            if ((*cell)[w] == Value::cell(&at.nowhere)) { // and was not changed since
                (*cell)[w] = Value::nil();
                wrong.add(cell, 0);
            }
        return true;
    };
    for (auto& [page, leaf] : unchanged_)
        if (!each_cell(leaf, fill_it)) return false;
    for (const Entry* entry : entries)
        if (!fill_it(*entry)) return false;
    for (uint64_t place : unknown) wrong.add(heap.restored_at(8 * place), 0);
    ByteReader in(roots_);
    roots.assign(size_t(root_count_), Value());
    for (Value& root : roots)
        if (at.missed = false; !read_word(in, root, at, at) || at.missed) return false;
    MetByMarks met;
    if (!are_sound(roots, names, met, &wrong)) return false;
    // Nobody has looked at what is dead: until it is collected it is no more than room.
    heap.settle_restored(last_hash_, shape::kArray);
    for (auto& [place, hash] : hashes)
        if (at.place_exists(place)) heap.restore_hash(heap.restored_at(8 * place), hash);
    for (auto& [number, hash] : shared_hashes_)
        if (Value value; names.shared_of(number, value) && value.is_cell())
            heap.restore_hash(value.cell(), hash);
    return true;
}

} // namespace indent::image
