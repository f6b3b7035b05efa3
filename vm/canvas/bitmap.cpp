#include "vm/canvas/bitmap.h"

namespace indent::canvas {

namespace {
unsigned divided(unsigned by_255) { // by_255 / 255, rounded
    by_255 += 128;
    return (by_255 + (by_255 >> 8)) >> 8;
}
} // namespace

void Bitmap::clear(Colour colour) {
    for (size_t i = 0; i < rgba.size(); i += 4) {
        rgba[i] = uint8_t(colour >> 24);
        rgba[i + 1] = uint8_t(colour >> 16);
        rgba[i + 2] = uint8_t(colour >> 8);
        rgba[i + 3] = uint8_t(colour);
    }
}

void Bitmap::blend(unsigned x, unsigned y, unsigned count, Colour colour, uint8_t coverage) {
    const unsigned above = divided((colour & 0xFF) * coverage);
    if (above == 0) return;
    const unsigned channels[3] = {colour >> 24, colour >> 16 & 0xFF, colour >> 8 & 0xFF};
    uint8_t* p = rgba.data() + 4 * (size_t(y) * width + x);
    for (; count > 0; --count, p += 4) {
        const unsigned below = divided(p[3] * (255 - above)); // what still shows of what was there
        const unsigned all = above + below;
        for (int i = 0; i < 3; ++i) p[i] = uint8_t((channels[i] * above + p[i] * below + all / 2) / all);
        p[3] = uint8_t(all);
    }
}

} // namespace indent::canvas
