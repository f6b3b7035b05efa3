// The primitives of texts, symbols, objects, records, errors' parts, files and the system.
#pragma once
#include "vm/interp/primitive.h"
#include <vector>

namespace indent {

std::vector<PrimitiveTable> text_tables();

// One for each file.
PrimitiveTable text_primitives();
PrimitiveTable text_search_primitives();
PrimitiveTable text_split_primitives();
PrimitiveTable text_case_primitives();
PrimitiveTable text_shape_primitives();
PrimitiveTable text_number_primitives();
PrimitiveTable text_class_primitives();
PrimitiveTable symbol_primitives();
PrimitiveTable object_primitives();
PrimitiveTable not_understood_primitives();
PrimitiveTable record_primitives();
PrimitiveTable file_primitives();
PrimitiveTable folder_primitives();
PrimitiveTable path_primitives();
PrimitiveTable system_primitives();
PrimitiveTable environment_primitives();
PrimitiveTable program_primitives();
PrimitiveTable console_primitives();
PrimitiveTable open_file_primitives();
PrimitiveTable process_primitives();

} // namespace indent
