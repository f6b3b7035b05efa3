#include "vm/canvas/outline.h"
#include <algorithm>
#include <cmath>

namespace indent::canvas {

namespace {
constexpr double kDegree = 3.14159265358979323846 / 180;
} // namespace

Matrix Matrix::after(const Matrix& inner) const {
    return {a * inner.a + c * inner.b, b * inner.a + d * inner.b,     a * inner.c + c * inner.d,
            b * inner.c + d * inner.d, a * inner.e + c * inner.f + e, b * inner.e + d * inner.f + f};
}

double Matrix::scale() const {
    return std::sqrt(std::fabs(a * d - b * c));
}

bool is_finite(const Contour& contour) {
    return std::all_of(contour.begin(), contour.end(),
                       [](Point p) { return std::isfinite(p.x) && std::isfinite(p.y); });
}

Contour arc(Point middle, double horizontal, double vertical, double from, double to, double scale) {
    to = std::clamp(to, from - 360, from + 360); // once around is all there is
    const double radius = std::max(std::fabs(horizontal), std::fabs(vertical)) * scale;
    // With so many corners the chords of a whole circle leave it by a twentieth of a pixel.
    const double whole = std::min(12 + 10 * std::sqrt(radius), 2000.0);
    if (!std::isfinite(whole * (to - from))) return {{NAN, NAN}}; // of numbers that nobody can compute with
    const int steps = std::max(1, int(std::ceil(whole * std::fabs(to - from) / 360)));
    Contour contour;
    contour.reserve(size_t(steps) + 1);
    for (int i = 0; i <= steps; ++i) {
        const double angle = (from + (to - from) * i / steps) * kDegree;
        contour.push_back({middle.x + horizontal * std::cos(angle), middle.y + vertical * std::sin(angle)});
    }
    return contour;
}

Contour rectangle(double x, double y, double width, double height, double radius, double scale) {
    if (width < 0) x += width, width = -width;
    if (height < 0) y += height, height = -height;
    const double r = std::min({radius, width / 2, height / 2});
    if (!(r > 0)) return {{x, y}, {x + width, y}, {x + width, y + height}, {x, y + height}};
    Contour contour;
    const Point middles[] = {
        {x + width - r, y + r}, {x + width - r, y + height - r}, {x + r, y + height - r}, {x + r, y + r}};
    for (int i = 0; i < 4; ++i) {
        const Contour corner = arc(middles[i], r, r, 90 * i - 90, 90 * i, scale);
        contour.insert(contour.end(), corner.begin(), corner.end());
    }
    return contour;
}

// One border after the other (Sutherland and Hodgman).
Contour clip_polygon(const Contour& polygon, const Box& box) {
    Contour rest = polygon;
    auto cut = [&rest](auto distance) { // which is negative outside
        const Contour whole = std::move(rest);
        rest.clear();
        for (size_t i = 0; i < whole.size(); ++i) {
            const Point p = whole[i], q = whole[(i + 1) % whole.size()];
            const double at_p = distance(p), at_q = distance(q);
            if (at_p >= 0) rest.push_back(p);
            if ((at_p >= 0) == (at_q >= 0)) continue;
            const double t = at_p / (at_p - at_q);
            rest.push_back({p.x + t * (q.x - p.x), p.y + t * (q.y - p.y)});
        }
    };
    cut([&](Point p) { return p.x - box.left; });
    cut([&](Point p) { return box.right - p.x; });
    cut([&](Point p) { return p.y - box.top; });
    cut([&](Point p) { return box.bottom - p.y; });
    return rest;
}

// Each segment by itself (Liang and Barsky); where one goes on where the last ended, they are one piece.
std::vector<Contour> clip_line(const Contour& line, const Box& box) {
    std::vector<Contour> pieces;
    bool goes_on = false;
    for (size_t i = 0; i + 1 < line.size(); ++i) {
        const Point p = line[i], q = line[i + 1];
        const double dx = q.x - p.x, dy = q.y - p.y;
        double from = 0, to = 1;
        auto bound = [&](double step, double room) { // step * t <= room
            if (step == 0) return room >= 0;
            const double t = room / step;
            if (step < 0)
                from = std::max(from, t);
            else
                to = std::min(to, t);
            return from <= to;
        };
        if (!bound(-dx, p.x - box.left) || !bound(dx, box.right - p.x) || !bound(-dy, p.y - box.top) ||
            !bound(dy, box.bottom - p.y)) {
            goes_on = false;
            continue;
        }
        if (!goes_on || from > 0) pieces.push_back({{p.x + from * dx, p.y + from * dy}});
        pieces.back().push_back(to < 1 ? Point{p.x + to * dx, p.y + to * dy} : q);
        goes_on = to >= 1;
    }
    return pieces;
}

} // namespace indent::canvas
