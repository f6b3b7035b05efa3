// A picture as pixels. The same picture gives the same pixels each time, with the same version of FreeType everywhere.
#pragma once
#include "vm/canvas/bitmap.h"
#include "vm/canvas/lettering.h"

namespace indent::canvas {

// Any thread that nobody else gives the same lettering. A side is at least 1 and at most kMostSide pixels, whatever the
// picture says.
Bitmap paint(const Picture& picture, Lettering& letters);

// Whether it has a text: it is not whole without a font.
bool has_text(const Picture& picture);

} // namespace indent::canvas
