// Names for tests: numbers are what they stand for; shared cells are numbered as they are met.
#pragma once
#include "image/codec/names.h"
#include "vm/heap/shared.h"
#include <unordered_map>
#include <vector>

namespace indent::image::test {

class TestNames final : public Names {
  public:
    explicit TestNames(SharedSpace& space) : space_(space) {}
    ~TestNames() override {
        for (Value value : cells_) space_.release(value);
    }
    uint64_t symbol(SymbolId id) override { return id + 1; }
    uint64_t shape(ShapeId id) override { return id; }
    uint64_t shared(const Cell* cell) override {
        auto [found, is_new] = numbers_.emplace(cell, cells_.size());
        if (is_new) {
            space_.hold(Value::cell(cell));
            cells_.push_back(Value::cell(cell));
        }
        return found->second;
    }
    uint64_t raw(const Cell& cell, size_t word) override { return cell[word].raw_number(); }
    bool symbol_of(uint64_t number, SymbolId& id) override {
        id = SymbolId(number - 1);
        return number > 0 && number < 1'000'000;
    }
    bool shape_of(uint64_t number, ShapeId& id) override {
        id = ShapeId(number);
        return number > 0 && number < 100;
    }
    bool shared_of(uint64_t number, Value& cell) override {
        if (number >= cells_.size()) return false;
        cell = cells_[number];
        return true;
    }
    bool raw_of(ShapeId, size_t, uint64_t number, Value& value) override {
        value = Value::raw_number(number);
        return true;
    }

  private:
    SharedSpace& space_;
    std::unordered_map<const Cell*, uint64_t> numbers_;
    std::vector<Value> cells_;
};

} // namespace indent::image::test
