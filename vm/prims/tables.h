// All tables of primitives, one function for each file of this folder.
#pragma once
#include "vm/interp/primitive.h"
#include <vector>

namespace indent {

// For the world's start: every table there is.
std::vector<PrimitiveTable> primitive_tables();

} // namespace indent
