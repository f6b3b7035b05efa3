#pragma once
#include "vm/interp/primitive.h"
#include <vector>
namespace indent { std::vector<PrimitiveTable> number_tables(); }
