#include "vm/canvas/lettering.h"
#include "vm/os/files.h"
#include <algorithm>
#include <cmath>
#include <ft2build.h>
#include <utf8proc.h>
#include FT_FREETYPE_H
#include FT_OUTLINE_H

namespace indent::canvas {

namespace {

constexpr double kLineHeight = 1.2; // of lines, in heights of letters

// Where distributions put it.
std::string find_font() {
    for (const char* folder :
         {"/usr/share/fonts/truetype/dejavu/", "/usr/share/fonts/dejavu-sans-fonts/", "/usr/share/fonts/TTF/",
          "/usr/share/fonts/dejavu/", "/usr/local/share/fonts/dejavu/", "/opt/homebrew/share/fonts/",
          "/Library/Fonts/"}) {
        std::string path = std::string(folder) + "DejaVuSans.ttf";
        if (os::exists(path)) return path;
    }
    return "";
}

// Collects an outline of the font, whose y goes up.
struct Pen {
    Matrix to_place; // from units of the font
    int steps;       // for a curve
    std::vector<Contour>& contours;
    Point last{};

    static Point point(const FT_Vector* v) { return {double(v->x), double(v->y)}; }
    void line(Point p) {
        if (contours.empty()) return; // a damaged font
        contours.back().push_back(to_place(p));
        last = p;
    }
    static int move(const FT_Vector* to, void* user) {
        auto& pen = *static_cast<Pen*>(user);
        pen.contours.emplace_back();
        pen.line(point(to));
        return 0;
    }
    static int line_to(const FT_Vector* to, void* user) {
        static_cast<Pen*>(user)->line(point(to));
        return 0;
    }
    static int conic(const FT_Vector* control, const FT_Vector* to, void* user) {
        auto& pen = *static_cast<Pen*>(user);
        const Point p = pen.last, q = point(control), r = point(to);
        for (int i = 1; i <= pen.steps; ++i) {
            const double t = i / double(pen.steps), u = 1 - t;
            pen.line(
                {u * u * p.x + 2 * u * t * q.x + t * t * r.x, u * u * p.y + 2 * u * t * q.y + t * t * r.y});
        }
        return 0;
    }
    static int cubic(const FT_Vector* first, const FT_Vector* second, const FT_Vector* to, void* user) {
        auto& pen = *static_cast<Pen*>(user);
        const Point p = pen.last, q = point(first), r = point(second), s = point(to);
        for (int i = 1; i <= pen.steps; ++i) {
            const double t = i / double(pen.steps), u = 1 - t;
            const double a = u * u * u, b = 3 * u * u * t, c = 3 * u * t * t, d = t * t * t;
            pen.line({a * p.x + b * q.x + c * r.x + d * s.x, a * p.y + b * q.y + c * r.y + d * s.y});
        }
        return 0;
    }
};

} // namespace

struct Lettering::Font {
    FT_Library library = nullptr;
    FT_Face face = nullptr;

    ~Font() {
        if (face) FT_Done_Face(face);
        if (library) FT_Done_FreeType(library);
    }
    struct Letter {
        FT_UInt glyph = 0;
        double at = 0; // from the beginning of its line, in units of the font
    };
    // Sets the letters of a line; answers its width.
    double set_line(std::string_view line, std::vector<Letter>& letters) const {
        letters.clear();
        double width = 0;
        FT_UInt before = 0;
        for (size_t at = 0; at < line.size();) {
            utf8proc_int32_t code = 0;
            const auto length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(line.data() + at),
                                                 utf8proc_ssize_t(line.size() - at), &code);
            if (length <= 0) { // no UTF-8
                ++at;
                continue;
            }
            at += size_t(length);
            if (code < ' ') continue;
            const FT_UInt glyph = FT_Get_Char_Index(face, FT_ULong(code));
            FT_Vector kerning{};
            if (before && glyph && FT_Get_Kerning(face, before, glyph, FT_KERNING_UNSCALED, &kerning) == 0)
                width += double(kerning.x);
            if (FT_Load_Glyph(face, glyph, FT_LOAD_NO_SCALE) != 0) continue;
            letters.push_back({glyph, width});
            width += double(face->glyph->metrics.horiAdvance);
            before = glyph;
        }
        return width;
    }
};

Lettering::Lettering(const std::string& file) : font_(std::make_unique<Font>()) {
    const std::string path = file.empty() ? find_font() : file;
    if (path.empty() || FT_Init_FreeType(&font_->library) != 0) return;
    if (FT_New_Face(font_->library, path.c_str(), 0, &font_->face) != 0) font_->face = nullptr;
    if (font_->face && !FT_IS_SCALABLE(font_->face)) {
        FT_Done_Face(font_->face);
        font_->face = nullptr;
    }
}

Lettering::~Lettering() = default;

bool Lettering::has_font() const {
    return font_->face != nullptr;
}

std::vector<Contour> Lettering::outlines(std::string_view text, Point place, double size,
                                         Shape::Anchor anchor, double scale) {
    std::vector<Contour> contours;
    if (!has_font() || !(size > 0)) return contours;
    const FT_Face face = font_->face;
    const double unit = size / face->units_per_EM;
    const double ascent = face->ascender * unit, descent = -face->descender * unit;
    const double line_height = size * kLineHeight;
    const auto lines = double(std::count(text.begin(), text.end(), '\n'));
    const double height = ascent + descent + lines * line_height;
    double baseline = place.y;
    switch (anchor) {
    case Shape::Baseline: break;
    case Shape::TopLeft:
    case Shape::Top:
    case Shape::TopRight: baseline += ascent; break;
    case Shape::Left:
    case Shape::Centre:
    case Shape::Right: baseline += ascent - height / 2; break;
    default: baseline += ascent - height;
    }
    double before = 0; // how much of a line stands on the left
    if (anchor == Shape::Top || anchor == Shape::Centre || anchor == Shape::Bottom) before = 0.5;
    if (anchor == Shape::TopRight || anchor == Shape::Right || anchor == Shape::BottomRight) before = 1;
    const double fine = 2 + std::sqrt(size * scale) / 2;
    const int steps = std::isfinite(fine) ? int(std::clamp(fine, 3.0, 24.0)) : 3;
    std::vector<Font::Letter> letters;
    for (;; baseline += line_height) {
        const size_t end = std::min(text.find('\n'), text.size());
        const double left = place.x - before * unit * font_->set_line(text.substr(0, end), letters);
        for (const Font::Letter& letter : letters) {
            if (FT_Load_Glyph(face, letter.glyph, FT_LOAD_NO_SCALE) != 0 ||
                face->glyph->format != FT_GLYPH_FORMAT_OUTLINE)
                continue;
            Pen pen{{unit, 0, 0, -unit, left + letter.at * unit, baseline}, steps, contours};
            FT_Outline_Funcs functions{Pen::move, Pen::line_to, Pen::conic, Pen::cubic, 0, 0};
            FT_Outline_Decompose(&face->glyph->outline, &functions, &pen);
        }
        if (end == text.size()) break;
        text.remove_prefix(end + 1);
    }
    return contours;
}

} // namespace indent::canvas
