// What was drawn on a canvas, as plain values: no face and no file format needs more to show it. Coordinates are
// pixels from the upper left corner, y goes down; angles are degrees from the right on, clockwise.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace indent::canvas {

using Colour = uint32_t; // 0xRRGGBBAA; alpha 0: nothing is drawn

inline constexpr unsigned kMostSide = 4096; // pixels of a canvas

struct Point {
    double x = 0;
    double y = 0;
};

// One step of drawing. What is drawn later lies above.
struct Shape {
    enum Kind : uint8_t {
        Line,      // points: from one to the next
        Polygon,   // points: the corners
        Rectangle, // numbers: x, y, width, height, radius of the corners
        Ellipse,   // numbers: x, y of the middle, horizontal and vertical radius
        Arc,       // numbers: x, y of the middle, radius, angles of its beginning and end
        Sector,    // as Arc, closed over the middle
        Text,      // numbers: x, y, height of the letters; anchor
        Clear,     // fill everywhere, whatever was there
        Push,      // numbers: until Pop, (x, y) is at (n0 x + n2 y + n4, n1 x + n3 y + n5)
        Pop,
    };
    // The point of a text that stands at its x and y.
    enum Anchor : uint8_t {
        TopLeft,
        Top,
        TopRight,
        Left,
        Centre,
        Right,
        BottomLeft,
        Bottom,
        BottomRight,
        Baseline, // where its first letter begins on its line
    };
    Kind kind = Clear;
    Anchor anchor = TopLeft;
    Colour fill = 0;
    Colour stroke = 0;
    double thickness = 1; // of the stroke
    std::array<double, 6> numbers{};
    std::vector<Point> points;
    std::string text; // UTF-8; may have several lines
};

struct Picture {
    uint64_t number = 0; // of the canvas
    std::string title;
    unsigned width = 0; // 1 to kMostSide
    unsigned height = 0;
    Colour background = 0xFFFFFFFF;
    std::vector<Shape> shapes;
};

} // namespace indent::canvas
