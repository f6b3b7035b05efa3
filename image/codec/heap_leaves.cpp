// Words stay as they were encoded: a leaf is put together from what the records say, without a heap and without names.
#include "image/codec/heap_leaves.h"
#include "image/codec/cell_form.h"
#include "image/codec/heap_record.h"
#include "image/codec/record_form.h"
#include "vm/heap/page.h"
#include <bit>

namespace indent::image {

namespace {

constexpr uint64_t kMostPages = uint64_t(1) << 32;
constexpr uint64_t kMostParts = uint64_t(1) << 28;

constexpr std::string_view kZeros("\0\0\0\0\0\0\0\0", 8);

// Words of a cell as they are written, in their order; absent ones, and zeros of a Bytes cell, are passed over.
class WordStream {
  public:
    WordStream(std::string_view encoded, bool is_bytes, uint64_t first, uint64_t count)
        : in_(encoded), is_bytes_(is_bytes), at_(first), end_(first + count) {}
    // The next one; nothing: that was all, or what follows is none (then failed()).
    bool next() {
        while (at_ < end_) {
            uint64_t many = 1;
            if (is_bytes_ ? !take_bytes() : !take_word(in_, word, many) || many > end_ - at_) break;
            index = at_;
            at_ += many;
            if (!word.empty()) return true;
        }
        failed_ = failed_ || (is_bytes_ ? in_.remaining() > 0 : at_ < end_ || !in_.at_end());
        return false;
    }
    bool failed() const { return failed_; }
    uint64_t index = 0;
    std::string_view word;

  private:
    bool take_bytes() {
        if (in_.remaining() == 0) return false;
        word = in_.raw(std::min<size_t>(8, in_.remaining()));
        if (word.size() < 8) {
            last_ = word;
            last_.resize(8);
            word = last_;
        }
        if (word == kZeros) word = {};
        return true;
    }
    ByteReader in_;
    bool is_bytes_;
    uint64_t at_, end_;
    std::string last_;
    bool failed_ = false;
};

// Puts a cell's words together again.
class CellWords {
  public:
    explicit CellWords(uint8_t form) : is_bytes_(form & kBytesForm), next_(first_written(form)) {}
    void word(uint64_t index, std::string_view bytes) {
        skip_to(index);
        out_.raw(bytes);
        next_ = index + 1;
    }
    // Of so many words, as they are encoded.
    std::string_view all(uint64_t words) {
        if (!is_bytes_) {
            skip_to(words);
            return out_.view();
        }
        std::string_view bytes = out_.view();
        while (!bytes.empty() && bytes.back() == 0) bytes.remove_suffix(1);
        return bytes;
    }

  private:
    void skip_to(uint64_t index) {
        if (!is_bytes_) write_absent(out_, index - next_);
        for (; is_bytes_ && next_ < index; ++next_) out_.raw(kZeros);
        next_ = index;
    }
    ByteWriter out_;
    bool is_bytes_;
    uint64_t next_;
};

} // namespace

bool add_leaves_of(std::string_view record, std::set<LeafNumber>& leaves) {
    const bool second = is_second_form(record);
    ByteReader in(record.substr(second ? 1 : 0));
    if (!skip_words(in, size_t(in.count()))) return false; // roots
    (void)in.number();                                     // the last identity hash
    LeafNumber last_added = UINT64_MAX;
    auto add = [&](LeafNumber leaf) {
        if (leaf != last_added) leaves.insert(last_added = leaf);
    };
    for (uint64_t i = in.count(least_page(second)); i > 0; --i) {
        PageFacts page;
        if (!read_page_facts(in, second, page)) return false;
        add(leaf_number(page.number, 0));
    }
    uint64_t more_parts =
        record.size() + (uint64_t(1) << 20); // of large cells: a few bytes may claim any size
    uint64_t place = 0;
    auto page = [&] { return place / kPlaces; };
    for (uint64_t i = in.count(least_cell(second)); i > 0; --i) {
        CellHead head;
        read_cell_head(in, second, place, head);
        place = head.place;
        (void)in.text();
        if (in.failed() || page() >= kMostPages || head.words / kLeafWords >= kMostParts) return false;
        add(leaf_number(page(), 0));
        const uint64_t parts = head.words / kLeafWords;
        if (parts > more_parts) return false;
        more_parts -= parts;
        for (uint64_t part = 1; part <= parts; ++part) add(leaf_number(page(), part));
    }
    place = 0;
    for (uint64_t i = in.count(least_change(second)); i > 0; --i) {
        place += uint64_t(in.signed_number());
        const uint8_t form = in.byte();
        if (second && form & kMasked) {
            if (page() >= kMostPages || !skip_words(in, size_t(std::popcount(unsigned(form & ~kMasked)))))
                return false;
            add(leaf_number(page(), 0));
            continue;
        }
        const bool bytes = form & kBytesForm;
        uint64_t at = in.number();
        const uint64_t count = in.number();
        ByteReader words(in.text());
        if (in.failed() || page() >= kMostPages) return false;
        add(leaf_number(page(), 0));
        for (uint64_t n = 0; n < count; ++n) {
            std::string_view word;
            uint64_t many = 1;
            at += words.number();
            if (words.failed() || at / kLeafWords >= kMostParts) return false;
            if (bytes)
                (void)words.fixed64();
            else if (!take_word(words, word, many) || many != 1)
                return false;
            add(leaf_number(page(), 0));
            add(leaf_number(page(), at++ / kLeafWords));
        }
        if (!words.at_end()) return false;
    }
    for (uint64_t i = in.count(3); i > 0; --i) {
        const uint8_t shared = in.byte();
        const uint64_t which = in.number();
        (void)in.number();
        if (!shared && which / kPlaces < kMostPages) add(leaf_number(which / kPlaces, 0));
    }
    return in.at_end();
}

// ---- from a picture

namespace {

// What stands before the cells of a record that has no roots.
void begin_leaf(ByteWriter& out, const PageFacts* page) {
    out.byte(kSecondForm);
    out.number(0); // roots
    out.number(0); // the last hash
    out.number(page ? 1 : 0);
    if (page) write_page_facts(out, *page);
}

} // namespace

// The words that are there, in their order, with what was changed since.
bool HeapPicture::fold_words(const Entry& entry,
                             const std::function<void(uint64_t, std::string_view)>& visit) const {
    const uint64_t first = first_written(entry.form);
    const bool is_bytes = entry.form & kBytesForm;
    if (entry.words < first) return false;
    std::map<uint64_t, std::string_view> changed;
    if (auto found = patches_.find(entry.place); found != patches_.end())
        for (const Patch& patch : found->second) {
            ByteReader in(patch.encoded);
            for (unsigned mask = patch.mask; mask != 0; mask &= mask - 1) {
                uint64_t many = 1;
                if (is_bytes || !take_word(in, changed[uint64_t(std::countr_zero(mask))], many) || many != 1)
                    return false;
            }
            uint64_t at = patch.first;
            for (uint64_t i = 0; i < patch.count; ++i, ++at) {
                uint64_t many = 1;
                std::string_view word;
                at += in.number();
                if (in.failed() || at < first || at >= entry.words) return false;
                if (is_bytes)
                    word = in.raw(8);
                else if (!take_word(in, word, many) || many != 1)
                    return false;
                changed[at] = is_bytes && word == kZeros ? std::string_view() : word;
            }
            if (!in.at_end()) return false;
        }
    WordStream words(entry.encoded, is_bytes, first, entry.words - first);
    bool has = words.next();
    for (auto change = changed.begin(); has || change != changed.end();) {
        if (change != changed.end() && (!has || change->first <= words.index)) {
            if (!change->second.empty()) visit(change->first, change->second);
            if (has && words.index == change->first) has = words.next();
            ++change;
        } else {
            visit(words.index, words.word);
            has = words.next();
        }
    }
    return !words.failed();
}

bool HeapPicture::write_large(const PageFacts& page, const Entry& entry, const std::set<LeafNumber>* only,
                              const PutLeaf& put) const {
    const uint64_t parts = (entry.words + kLeafWords - 1) / kLeafWords;
    if (parts > kMostParts) return false;
    CellWords front(entry.form); // of the cell itself
    ByteWriter part_words;
    uint64_t part = 0, next = 0, count = 0;
    const LeafNumber behind = leaf_number(uint64_t(page.number) + 1, 0);
    auto end_part = [&](uint64_t upto) {
        if (part > 0 && count > 0 && (!only || only->contains(leaf_number(page.number, part)))) {
            ByteWriter out;
            begin_leaf(out, nullptr);
            out.number(0); // cells
            out.number(1);
            out.signed_number(int64_t(entry.place));
            out.byte(entry.form);
            out.number(part * kLeafWords);
            out.number(count);
            out.text(part_words.view());
            out.number(0); // identity hashes
            put(leaf_number(page.number, part),
                part + 1 == parts ? behind : leaf_number(page.number, part + 1), out.take());
        }
        // Parts without a word have no leaf.
        const LeafNumber hole = leaf_number(page.number, part + (part == 0 || count > 0));
        const LeafNumber hole_end = upto == parts ? behind : leaf_number(page.number, upto);
        if (!only && hole < hole_end) put(hole, hole_end, "");
        if (only)
            for (auto at = only->lower_bound(hole); at != only->end() && *at < hole_end; ++at)
                put(*at, *at == leaf_number(page.number, parts - 1) ? behind : *at + 1, "");
        part = upto;
        part_words.clear();
        count = 0;
        next = upto * kLeafWords;
    };
    auto word = [&](uint64_t index, std::string_view bytes) {
        if (index < kLeafWords) return front.word(index, bytes);
        if (index / kLeafWords != part) end_part(index / kLeafWords);
        part_words.number(index - next);
        part_words.raw(bytes);
        next = index + 1;
        ++count;
    };
    if (!fold_words(entry, word)) return false;
    end_part(parts);
    ByteWriter out;
    begin_leaf(out, &page);
    out.number(1);
    write_entry(out, entry, 0, front.all(entry.words));
    out.number(0); // changes
    write_hashes(out, entry.place, entry.place + 1);
    put(leaf_number(page.number, 0), leaf_number(page.number, 1), out.take());
    return true;
}

void HeapPicture::write_entry(ByteWriter& out, const Entry& entry, uint64_t last_place,
                              std::string_view encoded) {
    out.wrote(put_cell_head(out.room(kLongestCellHead), {entry.place, entry.shape, entry.words, entry.form},
                            last_place));
    out.text(encoded);
}

void HeapPicture::write_hashes(ByteWriter& out, uint64_t from, uint64_t upto) const {
    const auto begin = hashes_.lower_bound(from), end = hashes_.lower_bound(upto);
    out.number(uint64_t(std::distance(begin, end)));
    for (auto at = begin; at != end; ++at) {
        out.byte(0);
        out.number(at->first);
        out.number(at->second);
    }
}

bool HeapPicture::write_page(const PageFacts& page, const std::vector<const Entry*>& entries,
                             const PutLeaf& put) const {
    ByteWriter out;
    begin_leaf(out, &page);
    out.number(entries.size());
    uint64_t last = 0;
    for (const Entry* entry : entries) {
        if (!patches_.contains(entry->place)) {
            write_entry(out, *entry, last, entry->encoded);
        } else {
            CellWords words(entry->form);
            if (!fold_words(*entry, [&](uint64_t index, std::string_view word) { words.word(index, word); }))
                return false;
            write_entry(out, *entry, last, words.all(entry->words));
        }
        last = entry->place;
    }
    out.number(0); // changes
    write_hashes(out, page.number * kPlaces, (page.number + uint64_t(1)) * kPlaces);
    put(leaf_number(page.number, 0), leaf_number(uint64_t(page.number) + 1, 0), out.take());
    return true;
}

bool HeapPicture::write_leaves(const std::set<LeafNumber>* only, const PutLeaf& put) const {
    auto later = later_.begin();
    auto base = base_.begin();
    std::vector<const Entry*> entries;
    for (const auto& [number, page] : pages_) {
        const uint64_t begin = number * kPlaces, end = begin + kPlaces;
        entries.clear();
        // Of a page that the records do not tell of there is no cell.
        if ((base != base_.end() && base->place < begin) || (later != later_.end() && later->first < begin))
            return false;
        for (;;) {
            while (base != base_.end() && base->gone) ++base;
            const bool has_base = base != base_.end() && base->place < end;
            const bool has_later = later != later_.end() && later->first < end;
            if (!has_base && !has_later) break;
            if (has_base && (!has_later || base->place < later->first))
                entries.push_back(&*base++);
            else
                entries.push_back(&later++->second);
        }
        const LeafNumber leaf = leaf_number(number, 0);
        if (only && !only->contains(leaf)) continue;
        if (auto unchanged = unchanged_.find(number); unchanged != unchanged_.end()) {
            if (!entries.empty()) return false;
            ByteWriter out;
            begin_leaf(out, &page);
            out.raw(unchanged->second);
            put(leaf, leaf_number(uint64_t(number) + 1, 0), out.take());
            continue;
        }
        if (entries.empty()) {
            put(leaf, leaf_number(uint64_t(number) + 1, 0), "");
        } else if (entries.size() == 1 && entries[0]->words > kLeafWords) {
            if (!write_large(page, *entries[0], only, put)) return false;
        } else if (!write_page(page, entries, put)) {
            return false;
        }
    }
    return true;
}

std::string HeapPicture::head() const {
    ByteWriter out;
    out.byte(kSecondForm);
    out.number(root_count_);
    out.raw(roots_);
    out.number(last_hash_);
    out.number(0); // pages
    out.number(0); // cells
    out.number(0); // changes
    out.number(shared_hashes_.size());
    for (auto& [number, hash] : shared_hashes_) {
        out.byte(1);
        out.number(number);
        out.number(hash);
    }
    return out.take();
}

} // namespace indent::image
