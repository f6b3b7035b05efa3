// What the system says of a file, in the words of files.h.
#pragma once
#include "vm/base/result.h"
#include <string>

namespace indent::os {

// `error`: an errno; `what`: "read", "open" …
Failure failure_from(int error, const std::string& what, const std::string& path);

} // namespace indent::os
