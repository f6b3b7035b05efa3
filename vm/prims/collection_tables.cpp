#include "vm/prims/collection_tables.h"

namespace indent {

std::vector<PrimitiveTable> collection_tables() {
    return {list_primitives(),       list_class_primitives(), sort_primitives(),
            map_primitives(),        map_class_primitives(),  tuple_primitives(),
            persistent_primitives(), range_primitives(),      range_class_primitives()};
}

} // namespace indent
