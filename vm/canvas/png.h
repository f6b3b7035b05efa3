// A bitmap as the bytes of a PNG file.
#pragma once
#include "vm/base/result.h"
#include "vm/canvas/bitmap.h"
#include <string>

namespace indent::canvas {

// Failure code: "no_memory". Without an alpha channel where nothing shines through.
Result<std::string> png_of(const Bitmap& bitmap);

} // namespace indent::canvas
