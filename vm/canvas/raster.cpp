// FreeType computes with whole numbers of 1/64 pixel, and its outlines have at most 32,767 corners. So what is far
// outside is cut off before it sees it, and a long line is drawn in pieces. The pieces of one line go to a mask first:
// where they meet, a colour that lets things shine through must not lie twice.
#include "vm/canvas/raster.h"
#include <algorithm>
#include <cmath>
#include <ft2build.h>
#include FT_FREETYPE_H
#include FT_OUTLINE_H
#include FT_STROKER_H

namespace indent::canvas {

namespace {

constexpr size_t kMostCorners = 30'000; // of one outline
constexpr size_t kPiece = 400;          // corners of a piece of a line
constexpr double kMostThickness = 3.0 * kMostSide;
constexpr double kFarthest = 1e9; // of corners: differences can still be computed with

FT_Vector vector_of(Point p) {
    return {FT_Pos(std::lround(p.x * 64)), FT_Pos(std::lround(p.y * 64))};
}

Contour within_reach(Contour contour) {
    for (Point& p : contour) {
        p.x = std::clamp(p.x, -kFarthest, kFarthest);
        p.y = std::clamp(p.y, -kFarthest, kFarthest);
    }
    return contour;
}

Box box_around(const Bitmap& bitmap, double margin) {
    return {-margin, -margin, bitmap.width + margin, bitmap.height + margin};
}

} // namespace

struct Raster::Work {
    explicit Work(Bitmap& b) : bitmap(b) {
        if (FT_Init_FreeType(&library) != 0) library = nullptr;
        if (library && FT_Stroker_New(library, &stroker) != 0) stroker = nullptr;
    }
    ~Work() {
        if (stroker) FT_Stroker_Done(stroker);
        if (library) FT_Done_FreeType(library);
    }

    Bitmap& bitmap;
    FT_Library library = nullptr;
    FT_Stroker stroker = nullptr;
    Colour colour = 0;
    bool to_mask = false;
    std::vector<uint8_t> mask;

    static void spans(int y, int count, const FT_Span* spans, void* user) {
        auto& work = *static_cast<Work*>(user);
        const int width = int(work.bitmap.width);
        if (y < 0 || y >= int(work.bitmap.height)) return;
        for (int i = 0; i < count; ++i) {
            const int from = std::max<int>(spans[i].x, 0);
            const int to = std::min<int>(spans[i].x + spans[i].len, width);
            if (from >= to) continue;
            if (!work.to_mask) {
                work.bitmap.blend(unsigned(from), unsigned(y), unsigned(to - from), work.colour,
                                  spans[i].coverage);
                continue;
            }
            uint8_t* row = work.mask.data() + size_t(y) * size_t(width);
            for (int x = from; x < to; ++x) row[x] = std::max(row[x], spans[i].coverage);
        }
    }

    void render(FT_Outline& outline) {
        FT_Raster_Params parameters{};
        parameters.flags = FT_RASTER_FLAG_AA | FT_RASTER_FLAG_DIRECT | FT_RASTER_FLAG_CLIP;
        parameters.gray_spans = spans;
        parameters.user = this;
        parameters.clip_box = {0, 0, FT_Pos(bitmap.width), FT_Pos(bitmap.height)};
        FT_Outline_Render(library, &outline, &parameters); // memory that is short leaves it undrawn
    }

    // What the stroker has been told.
    void render_stroke() {
        FT_UInt points = 0, contours = 0;
        if (FT_Stroker_GetCounts(stroker, &points, &contours) != 0 || points == 0 || points > 32'767) return;
        FT_Outline outline;
        if (FT_Outline_New(library, points, FT_Int(contours), &outline) != 0) return;
        outline.n_points = 0;
        outline.n_contours = 0;
        FT_Stroker_Export(stroker, &outline);
        render(outline);
        FT_Outline_Done(library, &outline);
    }

    void stroke_piece(const Point* points, size_t count, bool closed) {
        std::vector<FT_Vector> corners;
        for (size_t i = 0; i < count; ++i) {
            const FT_Vector corner = vector_of(points[i]);
            if (corners.empty() || corner.x != corners.back().x || corner.y != corners.back().y)
                corners.push_back(corner);
        }
        if (closed && corners.size() > 1 && corners.front().x == corners.back().x &&
            corners.front().y == corners.back().y)
            corners.pop_back();
        if (corners.size() < 2) return;
        FT_Stroker_Rewind(stroker);
        if (FT_Stroker_BeginSubPath(stroker, &corners[0], FT_Bool(!closed)) != 0) return;
        for (size_t i = 1; i < corners.size(); ++i)
            if (FT_Stroker_LineTo(stroker, &corners[i]) != 0) return;
        if (FT_Stroker_EndSubPath(stroker) != 0) return;
        render_stroke();
    }
};

Raster::Raster(Bitmap& bitmap) : work_(std::make_unique<Work>(bitmap)) {}
Raster::~Raster() = default;

void Raster::fill(const std::vector<Contour>& contours, Colour colour) {
    Work& work = *work_;
    if (!work.library || (colour & 0xFF) == 0) return;
    const Box box = box_around(work.bitmap, 2);
    std::vector<FT_Vector> points;
    std::vector<short> ends;
    for (const Contour& contour : contours) {
        if (!is_finite(contour)) continue;
        const Contour inside = clip_polygon(within_reach(contour), box);
        if (inside.size() < 3) continue;
        if (points.size() + inside.size() > kMostCorners) break;
        for (Point p : inside) points.push_back(vector_of(p));
        ends.push_back(short(points.size() - 1));
    }
    if (points.empty()) return;
    std::vector<char> tags(points.size(), FT_CURVE_TAG_ON);
    FT_Outline outline{};
    outline.n_points = short(points.size());
    outline.n_contours = short(ends.size());
    outline.points = points.data();
    outline.tags = reinterpret_cast<decltype(outline.tags)>(tags.data()); // unsigned from FreeType 2.13.3 on
    outline.contours = reinterpret_cast<decltype(outline.contours)>(ends.data());
    work.colour = colour;
    work.to_mask = false;
    work.render(outline);
}

void Raster::stroke(const Contour& line, bool closed, double thickness, Colour colour) {
    Work& work = *work_;
    if (!work.stroker || (colour & 0xFF) == 0 || !(thickness > 0) || line.empty() || !is_finite(line)) return;
    thickness = std::min(thickness, kMostThickness);
    Contour whole = within_reach(line);
    const bool is_dot = std::all_of(whole.begin(), whole.end(), [&](Point p) {
        return std::fabs(p.x - whole[0].x) < 1. / 64 && std::fabs(p.y - whole[0].y) < 1. / 64;
    });
    if (is_dot) {
        fill({arc(whole[0], thickness / 2, thickness / 2, 0, 360, 1)}, colour);
        return;
    }
    const Box box = box_around(work.bitmap, 4 * thickness + 4); // pointed corners reach farther than the line
    const bool all_inside = std::all_of(whole.begin(), whole.end(), [&](Point p) {
        return p.x >= box.left && p.x <= box.right && p.y >= box.top && p.y <= box.bottom;
    });
    work.colour = colour;
    FT_Stroker_Set(work.stroker, std::max<FT_Fixed>(1, std::lround(thickness * 32)), FT_STROKER_LINECAP_ROUND,
                   closed ? FT_STROKER_LINEJOIN_MITER_FIXED : FT_STROKER_LINEJOIN_ROUND, 4 << 16);
    if (all_inside && whole.size() <= kPiece) {
        work.to_mask = false;
        work.stroke_piece(whole.data(), whole.size(), closed);
        return;
    }
    if (closed) whole.push_back(whole[0]);
    work.to_mask = true;
    work.mask.assign(size_t(work.bitmap.width) * work.bitmap.height, 0);
    for (const Contour& piece : clip_line(whole, box))
        for (size_t at = 0; at + 1 < piece.size(); at += kPiece - 1)
            work.stroke_piece(piece.data() + at, std::min(kPiece, piece.size() - at), false);
    const uint8_t* coverage = work.mask.data();
    for (unsigned y = 0; y < work.bitmap.height; ++y)
        for (unsigned x = 0; x < work.bitmap.width; ++x, ++coverage)
            if (*coverage) work.bitmap.blend(x, y, 1, colour, *coverage);
}

} // namespace indent::canvas
