#include "vm/prims/text_tables.h"

namespace indent {

std::vector<PrimitiveTable> text_tables() {
    return {text_primitives(),           text_search_primitives(), text_split_primitives(),
            text_case_primitives(),      text_shape_primitives(),  text_number_primitives(),
            text_class_primitives(),     symbol_primitives(),      object_primitives(),
            not_understood_primitives(), record_primitives(),      file_primitives(),
            folder_primitives(),         path_primitives(),        system_primitives(),
            environment_primitives(),    program_primitives(),     console_primitives(),
            open_file_primitives(),      process_primitives()};
}

} // namespace indent
