// What others see of a module.
#pragma once
#include "vm/model/module.h"
#include "vm/model/symbol.h"
#include <string>
#include <string_view>

namespace indent {

// Of a name: the same text where importers see the same.
std::string public_face(const SymbolTable& symbols, const Binding& binding);

// Whether the module imports the one of this path.
bool imports(const Module& module, std::string_view path);

// Whether the importer has said that it takes changes of that import.
bool accepts_changes(const Module& importer, std::string_view path);

} // namespace indent
