// The primitives of text formats: JSON, regular expressions, bytes as text, hashes.
#pragma once
#include "vm/interp/primitive.h"
#include <vector>

namespace indent {

std::vector<PrimitiveTable> format_tables();

// One for each file.
PrimitiveTable json_parse_primitives();
PrimitiveTable json_print_primitives();
PrimitiveTable regex_primitives();
PrimitiveTable base64_primitives();
PrimitiveTable hex_primitives();
PrimitiveTable digest_primitives();
PrimitiveTable bytes_primitives();

} // namespace indent
