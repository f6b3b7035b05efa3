#include "vm/prims/tables.h"
#include "vm/prims/collection_tables.h"
#include "vm/prims/format_tables.h"
#include "vm/prims/number_tables.h"
#include "vm/prims/reflection_tables.h"
#include "vm/prims/text_tables.h"

namespace indent {

std::vector<PrimitiveTable> primitive_tables() {
    std::vector<PrimitiveTable> all;
    for (auto family : {number_tables, text_tables, collection_tables, reflection_tables, format_tables})
        for (auto& table : family()) all.push_back(table);
    return all;
}

} // namespace indent
