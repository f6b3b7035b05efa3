// Outlines in pixels: how curves become corners, and how what lies far outside is cut off, so that whoever fills
// them (with numbers of limited size) sees only what is near the picture.
#pragma once
#include "vm/canvas/picture.h"

namespace indent::canvas {

// (x, y) is at (a x + c y + e, b x + d y + f).
struct Matrix {
    double a = 1, b = 0, c = 0, d = 1, e = 0, f = 0;

    Point operator()(Point p) const { return {a * p.x + c * p.y + e, b * p.x + d * p.y + f}; }
    // First `inner`, then this.
    Matrix after(const Matrix& inner) const;
    double scale() const; // how much longer lines become; of several directions, in the middle
};

using Contour = std::vector<Point>;

struct Box {
    double left = 0, top = 0, right = 0, bottom = 0;
};

// All corners have numbers that can be computed with.
bool is_finite(const Contour& contour);

// The part of an arc of an ellipse from one angle to another (degrees), as corners so near to each other that in a picture
// `scale` times as large nobody sees them.
Contour arc(Point middle, double horizontal, double vertical, double from, double to, double scale);
// A rectangle with round corners, or none.
Contour rectangle(double x, double y, double width, double height, double radius, double scale);

// The polygon as far as it is in the box. Outside of it edges may follow the border.
Contour clip_polygon(const Contour& polygon, const Box& box);
// The pieces of a line from point to point that are in the box.
std::vector<Contour> clip_line(const Contour& line, const Box& box);

} // namespace indent::canvas
