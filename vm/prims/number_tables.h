// The primitives of numbers, mathematics and time.
#pragma once
#include "vm/interp/primitive.h"
#include <vector>

namespace indent {

std::vector<PrimitiveTable> number_tables();

// One for each file.
PrimitiveTable integer_primitives();
PrimitiveTable integer_bit_primitives();
PrimitiveTable integer_theory_primitives();
PrimitiveTable float_primitives();
PrimitiveTable math_primitives();
PrimitiveTable matrix_primitives();
PrimitiveTable random_primitives();
PrimitiveTable time_primitives();
PrimitiveTable time_class_primitives();

} // namespace indent
