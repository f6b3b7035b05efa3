// Parts of the program that stand in files of their own and are loaded when they are needed.
#pragma once
#include "vm/base/result.h"
#include <string>

namespace indent::os {

// The address of `symbol` in the shared library at `path`, which stays loaded for ever. Any thread. Failure code:
// "not_loaded", with the system's words (a library that it needs is missing, say).
Result<void*> load_symbol(const std::string& path, const char* symbol);

} // namespace indent::os
