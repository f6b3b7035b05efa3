#include "image/history/value_trail.h"
#include "image/codec/cell_form.h"
#include "vm/heap/heap.h"
#include "vm/model/shape.h"
#include <algorithm>
#include <cstring>

namespace indent::image {

namespace {

constexpr size_t kMostWords = size_t(1) << 22; // that are compared for one turn, and that one cell may have

// Words that point to a cell of the heap, as no program and no record has them.
class PlaceWords final : public CellsAt, public NamesOfOther {
  public:
    explicit PlaceWords(Names& names) : NamesOfOther(names) {}
    Cell* cell_at(uint64_t place) override {
        return place >> kBits ? nullptr : reinterpret_cast<Cell*>(kTag | place);
    }
    static bool is_place(Value word) { return word.bits() >> kBits == kTag >> kBits; }
    static uint64_t place(Value word) { return word.bits() ^ kTag; }
    static Value of(const Heap& heap, Value word) {
        if (!word.is_cell() || word.cell()->is_shared()) return word;
        return Value::from_bits(kTag | heap.offset_of(word.cell()) / 8);
    }

  private:
    static constexpr unsigned kBits = 48;
    static constexpr uint64_t kTag = 0xFFFD'0000'0000'0000;
};

} // namespace

// ---- places

bool ValueTrail::Places::add(uint64_t place) {
    uint64_t& some = pages_[place / kPlaces][place % kPlaces / 64];
    const uint64_t bit = uint64_t(1) << place % 64;
    if (some & bit) return false;
    some |= bit;
    return true;
}

void ValueTrail::Places::remove(uint64_t place) {
    auto page = pages_.find(place / kPlaces);
    if (page != pages_.end()) page->second[place % kPlaces / 64] &= ~(uint64_t(1) << place % 64);
}

bool ValueTrail::Places::contains(uint64_t place) const {
    auto page = pages_.find(place / kPlaces);
    return page != pages_.end() && page->second[place % kPlaces / 64] >> place % 64 & 1;
}

void ValueTrail::look_at(const Heap& heap, const Cell* root, size_t word) {
    places_.clear();
    root_ = heap.offset_of(root) / 8;
    word_ = word;
    std::vector<const Cell*> cells;
    auto meet = [&](Value value) {
        if (value.is_cell() && !value.cell()->is_shared() && places_.add(heap.offset_of(value.cell()) / 8))
            cells.push_back(value.cell());
    };
    meet((*root)[word]);
    while (!cells.empty()) {
        const Cell& cell = *cells.back();
        cells.pop_back();
        if (cell.bits & Cell::kBytes) continue;
        const size_t n = cell.word_count();
        for (size_t w = 0; w < n; ++w) meet(cell[w]);
    }
}

// ---- what turns have written

bool ValueTrail::is_root_word(const RecordChange& change) const {
    if (change.mask) return word_ < kMaskedWords && change.mask >> word_ & 1;
    return change.count > 0; // with further ones perhaps
}

// Whether the turn has written something of the value. `good`: it can be told.
bool ValueTrail::touches(const Turn& turn, bool& good) const {
    bool touched = false;
    std::string_view roots;
    for (const std::string& record : turn.records)
        good = good && take_apart(
                           record, roots,
                           [&](const RecordCell& cell, const char*) {
                               touched = touched || places_.contains(cell.place);
                               good = good && cell.place != root_;
                           },
                           [&](const RecordChange& change, const char*) {
                               touched = touched || places_.contains(change.place) ||
                                         (change.place == root_ && is_root_word(change));
                           });
    ByteReader in(roots); // of the last one
    good = good && in.byte() == kCell && in.number() == root_ && !in.failed();
    return touched;
}

void ValueTrail::touches_of(const Turn& turn, size_t number, std::vector<Touch>& touches) {
    for (const std::string& record : turn.records) {
        std::string_view roots;
        Touch touch;
        touch.end = record.data() + record.size();
        touch.turn = uint32_t(number);
        touch.second = is_second_form(record);
        auto take = [&](uint64_t place, const char* at, bool is_cell) {
            touch.place = place;
            touch.at = at;
            touch.is_cell = is_cell;
            touches.push_back(touch);
        };
        // One that is none is so for whoever looks at that turn, too.
        (void)take_apart(
            record, roots, [&](const RecordCell& cell, const char* at) { take(cell.place, at, true); },
            [&](const RecordChange& change, const char* at) { take(change.place, at, false); });
    }
}

// All that the turns have written, between the bases before and behind this one.
void ValueTrail::find_touches_around(size_t turn) {
    if (turn >= first_ && turn < end_) return;
    first_ = end_ = turn;
    while (first_ > 0 && !turns_[first_ - 1].is_base) --first_;
    while (end_ < turns_.size() && !turns_[end_].is_base) ++end_;
    base_.reset();
    asked_for_base_ = false;
    touches_.clear();
    for (size_t i = first_; i < end_; ++i) touches_of(turns_[i], i, touches_);
    std::stable_sort(touches_.begin(), touches_.end(),
                     [](const Touch& a, const Touch& b) { return a.place < b.place; });
}

// Behind the last one of this place before the turn.
std::vector<ValueTrail::Touch>::const_iterator ValueTrail::touches_before(uint64_t place, size_t turn) const {
    return std::partition_point(touches_.begin(), touches_.end(), [&](const Touch& touch) {
        return touch.place < place || (touch.place == place && touch.turn < turn);
    });
}

const Cell* ValueTrail::base_cell(uint64_t place) {
    if (!std::exchange(asked_for_base_, true)) base_ = heap_before_(first_);
    return base_ ? base_->at_offset(8 * place) : nullptr;
}

bool ValueTrail::read_cell(const Touch& touch, Content& content) {
    ByteReader in({touch.at, size_t(touch.end - touch.at)});
    RecordCell cell;
    if (!read_record_cell(in, touch.second, 0, cell) || !names_.shape_of(cell.shape, content.shape) ||
        cell.words > kMostWords)
        return false;
    content.is_bytes = cell.form & kBytesForm;
    content.words.assign(size_t(cell.words), Value());
    const size_t skipped = first_written(cell.form);
    if (content.words.size() < skipped) return false;
    if (skipped > 0) content.words[0] = Value::integer(int64_t(cell.words) - 1);
    const size_t count = content.words.size() - skipped;
    if (content.is_bytes) {
        if (cell.encoded.size() > 8 * count) return false;
        if (!cell.encoded.empty())
            std::memcpy(static_cast<void*>(content.words.data() + skipped), cell.encoded.data(),
                        cell.encoded.size());
        return true;
    }
    PlaceWords names(names_);
    ByteReader words(cell.encoded);
    return read_words(words, content.shape, skipped, content.words.data() + skipped, count, names, names) &&
           words.at_end();
}

template <class Visit>
bool ValueTrail::read_change(const Touch& touch, ShapeId shape, bool is_bytes, Visit visit) {
    ByteReader in({touch.at, size_t(touch.end - touch.at)});
    RecordChange change;
    if (!read_record_change(in, touch.second, 0, change)) return false;
    PlaceWords names(names_);
    ByteReader words(change.encoded);
    Value value;
    auto one = [&](uint64_t at) {
        if (is_bytes)
            value = Value::from_bits(words.fixed64());
        else if (!read_words(words, shape, size_t(at), &value, 1, names, names))
            return false;
        return !words.failed() && visit(at, value);
    };
    for (unsigned mask = change.mask; mask != 0; mask &= mask - 1)
        if (!one(unsigned(std::countr_zero(mask)))) return false;
    uint64_t at = change.first;
    for (uint64_t i = 0; i < change.count; ++i, ++at)
        if (!one(at += words.number())) return false;
    return words.at_end();
}

bool ValueTrail::content_before(uint64_t place, size_t turn, Content& content) {
    const auto end = touches_before(place, turn);
    auto at = end;
    while (at != touches_.begin() && std::prev(at)->place == place && !(--at)->is_cell) {
    }
    if (at != end && at->is_cell) {
        if (!read_cell(*at, content)) return false;
        ++at;
    } else {
        const Cell* cell = base_cell(place);
        if (!cell || cell->word_count() > kMostWords) return false;
        content.shape = cell->shape;
        content.is_bytes = cell->bits & Cell::kBytes;
        content.words.assign(cell->words(), cell->words() + cell->word_count());
        if (!content.is_bytes)
            for (Value& word : content.words) word = PlaceWords::of(*base_, word);
    }
    for (; at != end; ++at)
        if (!read_change(*at, content.shape, content.is_bytes, [&](uint64_t word, Value value) {
                if (word >= content.words.size()) return false;
                content.words[size_t(word)] = value;
                return true;
            }))
            return false;
    constexpr size_t kHashOfText = 2; // which is there or not
    if (content.shape == shape::kText && content.words.size() > kHashOfText)
        content.words[kHashOfText] = Value();
    return true;
}

// The same of one word: a large cell is not read whole for it, where it has been there from the base on.
bool ValueTrail::word_before(uint64_t place, uint64_t word, size_t turn, Value& value) {
    const auto end = touches_before(place, turn);
    for (auto at = end; at != touches_.begin() && std::prev(at)->place == place;)
        if ((--at)->is_cell) {
            Content content;
            if (!content_before(place, turn, content) || word >= content.words.size()) return false;
            value = content.words[size_t(word)];
            return true;
        }
    const Cell* cell = base_cell(place);
    if (!cell || word >= cell->word_count()) return false;
    const bool is_bytes = cell->bits & Cell::kBytes;
    value = is_bytes ? (*cell)[size_t(word)] : PlaceWords::of(*base_, (*cell)[size_t(word)]);
    auto at = end;
    while (at != touches_.begin() && std::prev(at)->place == place) --at;
    for (; at != end; ++at)
        if (!read_change(*at, cell->shape, is_bytes, [&](uint64_t which, Value now) {
                if (which == word) value = now;
                return true;
            }))
            return false;
    return true;
}

// ---- whether it is the same

// Of what a turn has found with what it has left. They are the same where each word that it has changed in a cell of the
// value was the same before, and pointed to cells that were the same: what it has not changed leads to such ones, too.
class ValueTrail::Comparison {
  public:
    Comparison(ValueTrail& trail, size_t turn) : trail_(trail), turn_(turn) {}

    bool compare() {
        trail_.find_touches_around(turn_);
        std::vector<Touch> mine;
        touches_of(trail_.turns_[turn_], turn_, mine);
        for (const Touch& touch : mine)
            if (touch.is_cell) made_.insert(touch.place);
        for (const Touch& touch : mine)
            if (!touch.is_cell && !made_.contains(touch.place) && !change(touch)) return false;
        while (!pairs_.empty()) {
            const auto [was, is] = pairs_.back();
            pairs_.pop_back();
            if (!cells(was, is)) return false;
        }
        for (uint64_t place : made_) // of which one was where it is: what points there has not been written
            if (trail_.places_.contains(place) && !met_now_.contains(place)) return false;
        for (uint64_t place : made_) trail_.places_.remove(place);
        for (const auto& [was, is] : met_) trail_.places_.add(was);
        return true;
    }

  private:
    struct HashOfPair {
        size_t operator()(const std::pair<uint64_t, uint64_t>& pair) const {
            return std::hash<uint64_t>()(pair.first * 0x9E37'79B9'7F4A'7C15 ^ pair.second);
        }
    };

    bool meet(Value was, Value is) {
        if (!PlaceWords::is_place(was) || !PlaceWords::is_place(is)) return was == is;
        const uint64_t old = PlaceWords::place(was), now = PlaceWords::place(is);
        if (old == now && !made_.contains(now)) return true; // what has changed in it is met by itself
        if (met_.emplace(old, now).second) {
            met_now_.insert(now);
            pairs_.emplace_back(old, now);
        }
        return true;
    }

    bool change(const Touch& touch) {
        const bool of_root = touch.place == trail_.root_;
        const bool of_value = trail_.places_.contains(touch.place);
        if (!of_value && !of_root) return true;
        ShapeId shape = 0; // raw words are of blocks, whose words never change
        bool is_bytes = false;
        if (!kind(touch.place, shape, is_bytes)) return false;
        return trail_.read_change(touch, shape, is_bytes, [&](uint64_t word, Value now) {
            if (!of_value && word != trail_.word_) return true;
            Value before;
            if (!trail_.word_before(touch.place, word, turn_, before)) return false;
            return is_bytes ? before == now : meet(before, now);
        });
    }

    // Of a cell that was there before the turn.
    bool kind(uint64_t place, ShapeId& shape, bool& is_bytes) {
        auto at = trail_.touches_before(place, turn_);
        while (at != trail_.touches_.begin() && std::prev(at)->place == place)
            if ((--at)->is_cell) {
                ByteReader in({at->at, size_t(at->end - at->at)});
                RecordCell cell;
                if (!read_record_cell(in, at->second, 0, cell) || !trail_.names_.shape_of(cell.shape, shape))
                    return false;
                is_bytes = cell.form & kBytesForm;
                return true;
            }
        const Cell* cell = trail_.base_cell(place);
        if (!cell) return false;
        shape = cell->shape;
        is_bytes = cell->bits & Cell::kBytes;
        return true;
    }

    bool cells(uint64_t was, uint64_t is) {
        if (!trail_.content_before(was, turn_, old_) || !trail_.content_before(is, turn_ + 1, now_) ||
            old_.shape != now_.shape || old_.is_bytes != now_.is_bytes ||
            old_.words.size() != now_.words.size())
            return false;
        words_ += old_.words.size();
        if (words_ > kMostWords) return false;
        if (old_.is_bytes) return old_.words == now_.words;
        for (size_t i = 0; i < old_.words.size(); ++i)
            if (!meet(old_.words[i], now_.words[i])) return false;
        return true;
    }

    ValueTrail& trail_;
    const size_t turn_;
    std::unordered_set<uint64_t> made_, met_now_;
    std::unordered_set<std::pair<uint64_t, uint64_t>, HashOfPair> met_;
    std::vector<std::pair<uint64_t, uint64_t>> pairs_;
    Content old_, now_;
    size_t words_ = 0;
};

bool ValueTrail::is_same_before(size_t turn) {
    const Turn& its = turns_[turn];
    if (its.is_base || its.records.empty()) return false;
    bool good = true;
    const bool touched = touches(its, good);
    return good && (!touched || Comparison(*this, turn).compare());
}

} // namespace indent::image
