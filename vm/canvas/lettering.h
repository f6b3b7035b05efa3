// Letters as outlines, from the font of the system's package (DejaVu Sans). They stand one after the other from the left;
// scripts that join or reorder their letters are not known.
#pragma once
#include "vm/canvas/outline.h"
#include <memory>
#include <string_view>

namespace indent::canvas {

// One thread at a time.
class Lettering {
  public:
    // The font of this file, or, where that is empty, of the system's package.
    explicit Lettering(const std::string& file = "");
    ~Lettering();
    Lettering(const Lettering&) = delete;
    Lettering& operator=(const Lettering&) = delete;

    bool has_font() const; // without one, texts are not there
    // What the system's package is: for a message.
    static std::string_view wanted() { return "DejaVu Sans"; }

    // The outlines of a text (UTF-8, maybe of several lines) with letters of this height, its anchor at `place`. In a picture
    // `scale` times as large nobody sees the corners.
    std::vector<Contour> outlines(std::string_view text, Point place, double size, Shape::Anchor anchor,
                                  double scale);

  private:
    struct Font;
    std::unique_ptr<Font> font_;
};

} // namespace indent::canvas
