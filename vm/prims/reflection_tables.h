// The primitives of blocks, references, messages, errors under way, classes and modules.
#pragma once
#include "vm/interp/primitive.h"
#include <vector>

namespace indent {

std::vector<PrimitiveTable> reflection_tables();

PrimitiveTable block_primitives();
PrimitiveTable reference_primitives();
PrimitiveTable message_primitives();
PrimitiveTable error_primitives();
PrimitiveTable class_primitives();
PrimitiveTable module_primitives();
PrimitiveTable record_with_primitives();
PrimitiveTable stretch_primitives();
PrimitiveTable eval_primitives();
PrimitiveTable reload_primitives();
PrimitiveTable module_generations_primitives();
PrimitiveTable class_change_primitives();
PrimitiveTable module_eval_primitives();
PrimitiveTable atom_primitives();
PrimitiveTable atom_class_primitives();
PrimitiveTable address_primitives();
PrimitiveTable address_class_primitives();
PrimitiveTable actor_functions();
PrimitiveTable canvas_primitives();
PrimitiveTable image_primitives();

} // namespace indent
