// What words of a heap mean outside of the process that they are in: symbols, shapes, shared cells and raw words of the
// machine have numbers in an image, which stay as long as it does. A port: image/journal fills it for a world, tests with
// tables of their own.
#pragma once
#include "vm/heap/cell.h"
#include "vm/model/symbol.h"
#include <cstdint>

namespace indent::image {

// Any thread.
class Names {
  public:
    virtual ~Names() = default;

    // The numbers; what has none yet gets one, and is kept in the image before anything that names it.
    virtual uint64_t symbol(SymbolId id) = 0;
    virtual uint64_t shape(ShapeId id) = 0;
    virtual uint64_t shared(const Cell* cell) = 0;
    // Of a raw word of the machine, in `cell`: the code of a block, what a reference refers to.
    virtual uint64_t raw(const Cell& cell, size_t word) = 0;

    // And back. False: the image has no such thing, or the program does not know it.
    virtual bool symbol_of(uint64_t number, SymbolId& id) = 0;
    virtual bool shape_of(uint64_t number, ShapeId& id) = 0;
    // A shared cell that stays as long as these names.
    virtual bool shared_of(uint64_t number, Value& cell) = 0;
    virtual bool raw_of(ShapeId shape, size_t word, uint64_t number, Value& value) = 0;

    // How many fields objects of a shape that a program has defined have; kAnyCount: that is not known here.
    static constexpr size_t kAnyCount = SIZE_MAX;
    virtual size_t field_count(ShapeId /*shape*/) { return kAnyCount; }
    // Whether a block has what its code uses: as many captured words, Variables where it shares them, a self of the class
    // whose fields it names. Its code is a raw word, and all of it has been read.
    virtual bool fits_its_code(const Cell& /*block*/) { return true; }
    // Whether a shared cell is the value of a class.
    virtual bool is_class_value(const Cell& /*shared*/) { return true; }
    // Asked before memory is taken for what few bytes may claim. False: it is more than the image may take in all.
    virtual bool may_take(uint64_t /*bytes*/) { return true; }
};

// Those of somebody else, but for what is overridden.
class NamesOfOther : public Names {
  public:
    explicit NamesOfOther(Names& names) : names_(names) {}
    uint64_t symbol(SymbolId id) override { return names_.symbol(id); }
    uint64_t shape(ShapeId id) override { return names_.shape(id); }
    uint64_t shared(const Cell* cell) override { return names_.shared(cell); }
    uint64_t raw(const Cell& cell, size_t word) override { return names_.raw(cell, word); }
    bool symbol_of(uint64_t number, SymbolId& id) override { return names_.symbol_of(number, id); }
    bool shape_of(uint64_t number, ShapeId& id) override { return names_.shape_of(number, id); }
    bool shared_of(uint64_t number, Value& cell) override { return names_.shared_of(number, cell); }
    bool raw_of(ShapeId shape, size_t word, uint64_t number, Value& value) override {
        return names_.raw_of(shape, word, number, value);
    }
    size_t field_count(ShapeId shape) override { return names_.field_count(shape); }
    bool fits_its_code(const Cell& block) override { return names_.fits_its_code(block); }
    bool is_class_value(const Cell& shared) override { return names_.is_class_value(shared); }
    bool may_take(uint64_t bytes) override { return names_.may_take(bytes); }

  protected:
    Names& names_;
};

// Names for passing over words whose meaning does not matter yet: everything is there.
class NoNames final : public Names {
  public:
    uint64_t symbol(SymbolId) override { return 0; }
    uint64_t shape(ShapeId) override { return 0; }
    uint64_t shared(const Cell*) override { return 0; }
    uint64_t raw(const Cell&, size_t) override { return 0; }
    bool symbol_of(uint64_t, SymbolId&) override { return true; }
    bool shape_of(uint64_t, ShapeId&) override { return true; }
    bool shared_of(uint64_t, Value&) override { return true; }
    bool raw_of(ShapeId, size_t, uint64_t, Value&) override { return true; }
};

} // namespace indent::image
