#include "vm/canvas/painter.h"
#include "vm/canvas/raster.h"
#include <algorithm>

namespace indent::canvas {

namespace {

class Painter {
  public:
    Painter(Bitmap& bitmap, Lettering& letters) : bitmap_(bitmap), letters_(letters), raster_(bitmap) {}

    void draw(const Shape& shape) {
        const auto& n = shape.numbers;
        const double scale = matrix_.scale();
        switch (shape.kind) {
        case Shape::Line: line(shape, shape.points); break;
        case Shape::Polygon: closed(shape, shape.points); break;
        case Shape::Rectangle: closed(shape, rectangle(n[0], n[1], n[2], n[3], n[4], scale)); break;
        case Shape::Ellipse: closed(shape, around({n[0], n[1]}, n[2], n[3], scale)); break;
        case Shape::Arc: line(shape, arc({n[0], n[1]}, n[2], n[2], n[3], n[4], scale)); break;
        case Shape::Sector: {
            Contour contour = arc({n[0], n[1]}, n[2], n[2], n[3], n[4], scale);
            contour.push_back({n[0], n[1]});
            closed(shape, std::move(contour));
            break;
        }
        case Shape::Text: {
            auto contours = letters_.outlines(shape.text, {n[0], n[1]}, n[2], shape.anchor, scale);
            for (Contour& contour : contours) contour = placed(std::move(contour));
            // By letters: one text may have more corners than one outline can.
            for (size_t from = 0; from < contours.size();) {
                size_t to = from, corners = 0;
                while (to < contours.size() && (to == from || corners + contours[to].size() < kCorners))
                    corners += contours[to++].size();
                raster_.fill({contours.begin() + long(from), contours.begin() + long(to)}, shape.fill);
                from = to;
            }
            break;
        }
        case Shape::Clear: bitmap_.clear(shape.fill); break;
        case Shape::Push:
            before_.push_back(matrix_);
            matrix_ = matrix_.after({n[0], n[1], n[2], n[3], n[4], n[5]});
            break;
        case Shape::Pop:
            if (before_.empty()) break;
            matrix_ = before_.back();
            before_.pop_back();
            break;
        }
    }
    void end_of_list() {
        before_.clear();
        matrix_ = {};
    }

  private:
    static constexpr size_t kCorners = 20'000;

    // Closed, so its last corner is its first.
    static Contour around(Point middle, double horizontal, double vertical, double scale) {
        Contour contour = arc(middle, horizontal, vertical, 0, 360, scale);
        contour.pop_back();
        return contour;
    }
    Contour placed(Contour contour) const {
        for (Point& p : contour) p = matrix_(p);
        return contour;
    }
    void closed(const Shape& shape, Contour contour) {
        contour = placed(std::move(contour));
        raster_.fill({contour}, shape.fill);
        raster_.stroke(contour, true, shape.thickness * matrix_.scale(), shape.stroke);
    }
    void line(const Shape& shape, Contour contour) {
        contour = placed(std::move(contour));
        raster_.fill({contour}, shape.fill);
        raster_.stroke(contour, false, shape.thickness * matrix_.scale(), shape.stroke);
    }

    Bitmap& bitmap_;
    Lettering& letters_;
    Raster raster_;
    Matrix matrix_;
    std::vector<Matrix> before_;
};

} // namespace

Bitmap paint(const Picture& picture, Lettering& letters) {
    Bitmap bitmap;
    bitmap.width = std::clamp(picture.width, 1u, kMostSide);
    bitmap.height = std::clamp(picture.height, 1u, kMostSide);
    bitmap.rgba.resize(size_t(4) * bitmap.width * bitmap.height);
    bitmap.clear(picture.background);
    Painter painter(bitmap, letters);
    for (const Shape& shape : picture.shapes) painter.draw(shape);
    return bitmap;
}

bool has_text(const Picture& picture) {
    return std::any_of(picture.shapes.begin(), picture.shapes.end(),
                       [](const Shape& shape) { return shape.kind == Shape::Text; });
}

} // namespace indent::canvas
