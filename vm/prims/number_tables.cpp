#include "vm/prims/number_tables.h"

namespace indent {

std::vector<PrimitiveTable> number_tables() {
    return {integer_primitives(), integer_bit_primitives(), integer_theory_primitives(),
            float_primitives(),   math_primitives(),        random_primitives(),
            time_primitives(),    time_class_primitives(),  matrix_primitives()};
}

} // namespace indent
