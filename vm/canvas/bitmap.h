// Pixels, and the colours that are laid over them.
#pragma once
#include "vm/canvas/picture.h"
#include <cstddef>

namespace indent::canvas {

struct Bitmap {
    unsigned width = 0;
    unsigned height = 0;
    std::vector<uint8_t>
        rgba; // rows from the top, four bytes for each pixel, colours not multiplied with alpha

    Colour at(unsigned x, unsigned y) const {
        const uint8_t* p = rgba.data() + 4 * (size_t(y) * width + x);
        return Colour(p[0]) << 24 | Colour(p[1]) << 16 | Colour(p[2]) << 8 | p[3];
    }
    void clear(Colour colour);
    // Lays the colour over `count` pixels from (x, y) on, as far as it covers them: 0 not at all, 255 wholly.
    void blend(unsigned x, unsigned y, unsigned count, Colour colour, uint8_t coverage);
};

} // namespace indent::canvas
