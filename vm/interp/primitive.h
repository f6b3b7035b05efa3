// A primitive is a row in its class's table. The library's sources name each with `@primitive`; one that is
// missing on either side fails at start-up.
#pragma once
#include "vm/model/method.h"
#include <span>

namespace indent {

struct PrimitiveRow {
    const char* selector;
    int arity; // parameters, a rest parameter counted as one
    PrimitiveFunction function;
    Effect effect = Effect::Pure;
    Control control = Control::None;
};

struct PrimitiveTable {
    const char* owner; // "List", "List class", or "" for functions
    std::span<const PrimitiveRow> rows;
};

} // namespace indent
