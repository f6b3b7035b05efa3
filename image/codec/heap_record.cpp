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
constexpr size_t kStepsAtOnce = 2048;             // cells and changes, before others may have a turn

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
    ByteWriter cells, changes, hashes, words, roots;
    std::vector<PageFacts> pages;
    std::unordered_set<uint32_t> seen; // their numbers, where they are many
};
Parts& parts_of_thread() {
    static thread_local Parts parts;
    return parts;
}
Parts& empty_parts() {
    Parts& parts = parts_of_thread();
    for (ByteWriter* part : {&parts.cells, &parts.changes, &parts.hashes, &parts.words}) part->clear();
    parts.pages.clear();
    if (!parts.seen.empty()) parts.seen = {};
    return parts;
}

class Recorder {
  public:
    Recorder(ByteWriter& out, Heap& heap, Names& names, const PutPart& part, const GiveWay& give_way)
        : out_(out), heap_(heap), names_(names), part_(part), give_way_(give_way), places_(heap),
          parts_(empty_parts()) {}

    // One more has been looked at. Nothing is in `out` before the end; others may need the thread's parts meanwhile.
    void step() {
        if (++steps_ % kStepsAtOnce != 0 || !give_way_) return;
        Parts mine;
        std::swap(mine, parts_);
        give_way_();
        std::swap(mine, parts_);
    }

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
        parts_.roots.clear();
        for (const Value& root : roots) write_word(parts_.roots, root, names_, places_);
        for (bool more = true; std::exchange(more, false);)
            for (auto& [large, place] : large_)
                if (large && places_.has_met(large)) {
                    cell(*std::exchange(large, nullptr), place);
                    more = true;
                }
        out_.byte(kSecondForm);
        out_.number(roots.size());
        out_.raw(parts_.roots.view());
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
        if (parts_.cells.size() + parts_.changes.size() >= kPartBytes && part_) [[unlikely]]
            put_part();
    }
    void put_part() {
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
    const GiveWay& give_way_;
    size_t steps_ = 0;
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

void write_base(ByteWriter& out, Heap& heap, std::span<const Value> roots, Names& names, const PutPart& part,
                const GiveWay& give_way) {
    Recorder recorder(out, heap, names, part, give_way);
    PointerTable met;
    for (uint64_t place : reached(heap, roots, met)) {
        recorder.cell(*heap.restored_at(8 * place), place);
        recorder.step();
    }
    heap.for_each_hash([&](Cell* cell, uint64_t hash) {
        if (cell->is_shared() || met.contains(cell)) recorder.hash(cell, hash);
    });
    recorder.end(roots);
}

void write_changes(ByteWriter& out, Heap& heap, Value* top, std::span<Value* const> roots, Names& names,
                   const PutPart& part, const GiveWay& give_way) {
    Recorder recorder(out, heap, names, part, give_way);
    heap.for_each_change_to_commit(top, [&](const Change& change) {
        if (change.kind == Change::Made)
            recorder.made(*change.cell, change.offset / 8);
        else
            recorder.change(change);
        recorder.step();
    });
    heap.for_each_new_hash([&](Cell* cell, uint64_t hash) { recorder.hash(cell, hash); });
    static thread_local std::vector<Value> now; // where the collection of the nursery has put them
    now.clear();
    for (Value* root : roots) now.push_back(*root);
    recorder.end(now);
}

// ---- pictures

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

bool HeapPicture::is_plain_leaf(std::string_view leaf, PageFacts& page, std::string_view& cells) {
    ByteReader in(leaf);
    if (in.byte() != kSecondForm || in.number() != 0 || in.number() != 0 || in.number() != 1 ||
        !read_page_facts(in, true, page) || page.kind == Page::kLarge)
        return false;
    cells = in.rest();
    return true;
}

bool HeapPicture::add_unchanged(std::string leaf) {
    PageFacts page;
    std::string_view cells;
    if (!is_plain_leaf(leaf, page, cells)) return add(std::move(leaf));
    records_.push_back(std::make_unique<const std::string>(std::move(leaf)));
    return is_plain_leaf(*records_.back(), page, cells) && pages_.emplace(page.number, page).second &&
           unchanged_.emplace(page.number, cells).second;
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

} // namespace indent::image
