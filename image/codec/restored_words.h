// What the words of cells name while a heap comes back: cells by their places, symbols, shapes. Seen by heap_restore alone; each
// thread that puts words has its own, but for the places.
#pragma once
#include "image/codec/cell_form.h"
#include "image/codec/heap_record.h"
#include "image/codec/names.h"
#include "vm/heap/page.h"
#include <array>
#include <bit>
#include <deque>
#include <functional>
#include <unordered_map>
#include <vector>

namespace indent::image {

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
    // Each page once; before cells are added to it.
    void add_page(uint32_t number, std::byte* base) {
        if (number >= of_number_.size()) of_number_.resize(size_t(number) + 1);
        pages_.emplace_back().base = base;
        of_number_[number] = uint32_t(pages_.size());
    }
    void add(uint64_t place) {
        if (PageAt* page = page_of(place)) page->there[place % kPlaces / 64] |= uint64_t(1) << (place % 64);
    }
    // Null: no cell begins there.
    Cell* cell_at(uint64_t place) const {
        const PageAt* page = page_of(place);
        if (!page || !(page->there[place % kPlaces / 64] >> (place % 64) & 1)) return nullptr;
        return reinterpret_cast<Cell*>(page->base + 8 * (place % kPlaces));
    }
    template <class Visit> // visit(Cell&) answers whether to go on
    bool each_cell(uint32_t number, Visit visit) const {
        const PageAt& page = *page_of(uint64_t(number) * kPlaces);
        for (size_t i = 0; i < page.there.size(); ++i)
            for (uint64_t some = page.there[i]; some != 0; some &= some - 1)
                if (!visit(
                        *reinterpret_cast<Cell*>(page.base + 8 * (64 * i + size_t(std::countr_zero(some))))))
                    return false;
        return true;
    }
    size_t numbers() const { return of_number_.size(); } // up to the last one

  private:
    struct PageAt {
        std::byte* base = nullptr;
        std::array<uint64_t, kPlaces / 64> there{}; // a bit for each place
    };
    PageAt* page_of(uint64_t place) const {
        const uint64_t number = place / kPlaces;
        if (number >= of_number_.size() || of_number_[size_t(number)] == 0) return nullptr;
        return const_cast<PageAt*>(&pages_[of_number_[size_t(number)] - 1]);
    }
    std::deque<PageAt> pages_;
    std::vector<uint32_t> of_number_; // which of the pages has this number, counted from 1; 0: none
};

// A word that points somewhere, until it is known where that is. Programs have no such words, and neither do records.
class PlacesLater final : public CellsAt {
  public:
    Cell* cell_at(uint64_t place) override {
        return place >> kBits ? nullptr : reinterpret_cast<Cell*>(kTag | place);
    }
    static bool is_place(Value word) { return word.bits() >> kBits == kTag >> kBits; }
    static uint64_t place(Value word) { return word.bits() ^ kTag; }

  private:
    static constexpr unsigned kBits = 48;
    static constexpr uint64_t kTag = 0xFFFD'0000'0000'0000; // none of Value's
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

} // namespace indent::image
