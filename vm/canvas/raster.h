// Fills outlines and draws along them, with smooth edges: FreeType's rasteriser and stroker over a bitmap.
#pragma once
#include "vm/canvas/bitmap.h"
#include "vm/canvas/outline.h"
#include <memory>

namespace indent::canvas {

// One thread at a time. Corners may lie anywhere; what has none that can be computed with is not drawn.
class Raster {
  public:
    explicit Raster(Bitmap& bitmap); // which outlives it
    ~Raster();
    Raster(const Raster&) = delete;
    Raster& operator=(const Raster&) = delete;

    // What the outlines surround, where they run around it more often in one direction than in the other.
    void fill(const std::vector<Contour>& contours, Colour colour);
    // A line of this thickness, in pixels, from corner to corner. Closed: also from the last to the first, with pointed
    // corners; else everything is round.
    void stroke(const Contour& line, bool closed, double thickness, Colour colour);

  private:
    struct Work;
    std::unique_ptr<Work> work_;
};

} // namespace indent::canvas
