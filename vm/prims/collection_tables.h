// The primitives of lists, maps, tuples and ranges.
#pragma once
#include "vm/interp/primitive.h"
#include <vector>

namespace indent {

std::vector<PrimitiveTable> collection_tables();

// One for each file.
PrimitiveTable list_primitives();
PrimitiveTable list_class_primitives();
PrimitiveTable sort_primitives(); // of lists
PrimitiveTable map_primitives();
PrimitiveTable map_class_primitives();
PrimitiveTable tuple_primitives();
PrimitiveTable persistent_primitives(); // of the nodes of persistent vectors and maps
PrimitiveTable range_primitives();
PrimitiveTable range_class_primitives();

} // namespace indent
