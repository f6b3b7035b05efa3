// A shape is what inline caches compare: the class and the layout of a cell, or the class of an immediate value.
// Shapes of the built-in kinds have fixed numbers; each class generation with instances gets one of its own, and
// each class value (what `Point` answers) one for its class side.
#pragma once
#include "vm/heap/cell.h"
#include "vm/model/symbol.h"
#include <deque>
#include <vector>

namespace indent {

class Class;

namespace shape {
enum Fixed : ShapeId {
    kNone,
    // immediates
    kInteger,
    kFloat,
    kNil,
    kBoolean,
    kSymbol,
    // cells of the machine; layouts in the headers named
    kBigInteger = 8, // vm/model/number.h
    kText,           // vm/model/text.h
    kList,           // vm/model/list.h
    kArray,          // vm/model/list.h: the storage of lists and maps
    kMap,            // vm/model/map.h
    kMapIndex,       // vm/model/map.h
    kTuple,          // its elements, in order
    kRange,          // low, high, exclusive (true/false)
    kBlock,          // vm/interp/block.h
    kVariable,       // vm/interp/block.h: a captured variable
    kReference,      // vm/interp/block.h: &f
    kMessage,        // selector, list of arguments, map of labels: what not_understood gets
    kModule,         // raw Module*
    kAtom,           // vm/heap/atom.h
    kAddress,        // vm/actors/actor.h
    kFirstFree = 64,
};
} // namespace shape

struct Shape {
    ShapeId id = 0;
    Class* cls = nullptr;               // whose methods its values understand
    std::vector<SymbolId> fields;       // of objects and records, by index
    const Class* class_value = nullptr; // shape of a class value: which class
};

// One thread writes (definitions), later readers of published ids are safe: entries never move.
class ShapeTable {
  public:
    ShapeTable() : shapes_(shape::kFirstFree) {
        for (ShapeId id = 0; id < shape::kFirstFree; ++id) shapes_[id].id = id;
    }
    Shape& operator[](ShapeId id) { return shapes_[id]; }
    const Shape& operator[](ShapeId id) const { return shapes_[id]; }
    Shape& make() {
        Shape& shape = shapes_.emplace_back();
        shape.id = ShapeId(shapes_.size() - 1);
        return shape;
    }

  private:
    std::deque<Shape> shapes_;
};

inline ShapeId immediate_shape(Value v) {
    if (v.is_integer()) return shape::kInteger;
    if (v.is_float()) return shape::kFloat;
    if (v.is_symbol()) return shape::kSymbol;
    if (v.is_boolean()) return shape::kBoolean;
    return shape::kNil;
}
inline ShapeId shape_of(Value v) {
    return v.is_cell() ? v.cell()->shape : immediate_shape(v);
}
// The same for a value that is not absent.
inline ShapeId present_shape_of(Value v) {
    return v.bits() >> 48 == 0 ? v.cell()->shape : immediate_shape(v);
}
inline bool has_shape(Value v, ShapeId id) {
    return v.is_cell() && v.cell()->shape == id;
}

} // namespace indent
