// What a program shows on its canvases, as PNG files.
#pragma once
#include "vm/base/result.h"
#include <string>

namespace indent {

class World;

// The first canvas goes to `path`, the second of picture.png to picture-2.png and so on. Outside of turns. Failure codes:
// "no_canvas" (there is none), and those of vm/os/files.h. What has no font is written without its texts, and that is said
// on the standard error output.
Result<void> write_canvases(World& world, const std::string& path);

} // namespace indent
