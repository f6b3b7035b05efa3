// What a program shows on its canvases, as PNG files.
#pragma once
#include "vm/base/result.h"
#include <string>
#include <vector>

namespace indent {

class World;

// The first canvas goes to `path`, the second of picture.png to picture-2.png and so on. Outside of turns. Failure codes:
// "no_canvas" (there is none), and those of vm/os/files.h. What has no font is written without its texts, and that is said
// on the standard error output.
Result<void> write_canvases(World& world, const std::string& path);

// The two halves of it: the pictures as the contents of files, and where they go.
Result<std::vector<std::string>> paint_canvases(World& world, const std::string& for_path);
Result<void> write_pictures(const std::vector<std::string>& contents, const std::string& path);

} // namespace indent
