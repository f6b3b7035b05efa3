#include "vm/prims/format_tables.h"

namespace indent {

std::vector<PrimitiveTable> format_tables() {
    return {json_parse_primitives(), json_print_primitives(), regex_primitives(), base64_primitives(),
            hex_primitives(),        digest_primitives(),     bytes_primitives()};
}

} // namespace indent
