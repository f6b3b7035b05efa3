#include "vm/canvas/painter.h"
#include "vm/canvas/png.h"
#include <cmath>
#include <doctest/doctest.h>
#include <limits>

using namespace indent::canvas;

namespace {

constexpr Colour kWhite = 0xFFFFFFFF, kBlack = 0x000000FF, kRed = 0xFF0000FF, kBlue = 0x0000FFFF;

Shape shape(Shape::Kind kind, std::array<double, 6> numbers, Colour fill, Colour stroke = 0,
            double thickness = 1) {
    Shape made;
    made.kind = kind;
    made.numbers = numbers;
    made.fill = fill;
    made.stroke = stroke;
    made.thickness = thickness;
    return made;
}

Shape with_points(Shape::Kind kind, std::vector<Point> points, Colour fill, Colour stroke = 0,
                  double thickness = 1) {
    Shape made = shape(kind, {}, fill, stroke, thickness);
    made.points = std::move(points);
    return made;
}

Shape pushed(Matrix m) {
    return shape(Shape::Push, {m.a, m.b, m.c, m.d, m.e, m.f}, 0);
}

Bitmap painted(std::vector<Shape> shapes, unsigned width = 100, unsigned height = 100) {
    Picture picture;
    picture.width = width;
    picture.height = height;
    picture.shapes = std::move(shapes);
    Lettering letters;
    return paint(picture, letters);
}

// How many pixels' worth of black there are on white.
double ink(const Bitmap& bitmap) {
    double sum = 0;
    for (unsigned y = 0; y < bitmap.height; ++y)
        for (unsigned x = 0; x < bitmap.width; ++x) sum += 1 - (bitmap.at(x, y) >> 24) / 255.0;
    return sum;
}

bool is_near(Colour a, Colour b, int by = 2) {
    for (int shift : {0, 8, 16, 24})
        if (std::abs(int(a >> shift & 0xFF) - int(b >> shift & 0xFF)) > by) return false;
    return true;
}

constexpr double kPi = 3.14159265358979;

} // namespace

TEST_CASE("an empty picture is its background") {
    Picture picture;
    picture.width = 3;
    picture.height = 2;
    picture.background = 0x11223344;
    Lettering letters;
    Bitmap bitmap = paint(picture, letters);
    CHECK(bitmap.rgba.size() == 3 * 2 * 4);
    for (unsigned x = 0; x < 3; ++x) CHECK(bitmap.at(x, 1) == 0x11223344);
}

TEST_CASE("a rectangle covers its pixels and no others") {
    Bitmap bitmap = painted({shape(Shape::Rectangle, {10, 20, 30, 40, 0}, kRed)});
    CHECK(bitmap.at(10, 20) == kRed);
    CHECK(bitmap.at(39, 59) == kRed);
    CHECK(bitmap.at(9, 20) == kWhite);
    CHECK(bitmap.at(10, 19) == kWhite);
    CHECK(bitmap.at(40, 59) == kWhite);
    CHECK(bitmap.at(39, 60) == kWhite);
}

TEST_CASE("a rectangle of negative size reaches to the left and up") {
    Bitmap bitmap = painted({shape(Shape::Rectangle, {40, 60, -30, -40, 0}, kRed)});
    CHECK(bitmap.at(10, 20) == kRed);
    CHECK(bitmap.at(40, 60) == kWhite);
}

TEST_CASE("edges between pixels are smooth") {
    Bitmap bitmap = painted({shape(Shape::Rectangle, {10.5, 10, 10, 10.25, 0}, kBlack)});
    CHECK(is_near(bitmap.at(10, 15), 0x808080FF));
    CHECK(is_near(bitmap.at(20, 15), 0x808080FF));
    CHECK(is_near(bitmap.at(15, 20), 0xBFBFBFFF));
    CHECK(ink(bitmap) == doctest::Approx(102.5).epsilon(0.01));
}

TEST_CASE("circles have the area of circles, whatever their size") {
    for (double radius : {0.5, 3.0, 20.0, 49.0}) {
        CAPTURE(radius);
        Bitmap bitmap = painted({shape(Shape::Ellipse, {50, 50, radius, radius}, kBlack)});
        CHECK(ink(bitmap) == doctest::Approx(kPi * radius * radius).epsilon(0.02));
        CHECK(bitmap.at(0, 0) == kWhite);
    }
}

TEST_CASE("an ellipse is as wide and as high as it should be") {
    Bitmap bitmap = painted({shape(Shape::Ellipse, {50, 50, 40, 10}, kRed)});
    CHECK(bitmap.at(12, 50) == kRed);
    CHECK(bitmap.at(50, 42) == kRed);
    CHECK(bitmap.at(50, 38) == kWhite);
    CHECK(bitmap.at(8, 50) == kWhite);
}

TEST_CASE("round corners leave the corner free") {
    Bitmap bitmap = painted({shape(Shape::Rectangle, {10, 10, 80, 80, 20}, kBlack)});
    CHECK(bitmap.at(11, 11) == kWhite);
    CHECK(bitmap.at(88, 88) == kWhite);
    CHECK(bitmap.at(50, 10) == kBlack);
    CHECK(ink(bitmap) == doctest::Approx(80 * 80 - (4 - kPi) * 400).epsilon(0.01));
}

TEST_CASE("a polygon is filled between its corners, a hole where it runs back") {
    Bitmap triangle = painted({with_points(Shape::Polygon, {{10, 90}, {50, 10}, {90, 90}}, kBlack)});
    CHECK(triangle.at(50, 50) == kBlack);
    CHECK(triangle.at(15, 20) == kWhite);
    CHECK(ink(triangle) == doctest::Approx(3200).epsilon(0.01));
    Bitmap eight = painted({with_points(Shape::Polygon, {{10, 10}, {90, 90}, {90, 10}, {10, 90}}, kBlack)});
    CHECK(eight.at(80, 50) == kBlack);
    CHECK(eight.at(20, 50) == kBlack);
    CHECK(eight.at(50, 20) == kWhite);
}

TEST_CASE("a line is as thick as it should be, and round at its ends") {
    Bitmap bitmap = painted({with_points(Shape::Line, {{20, 50}, {80, 50}}, 0, kBlack, 10)});
    CHECK(bitmap.at(50, 45) == kBlack);
    CHECK(bitmap.at(50, 54) == kBlack);
    CHECK(bitmap.at(50, 44) == kWhite);
    CHECK(bitmap.at(50, 55) == kWhite);
    CHECK(bitmap.at(16, 50) == kBlack);
    CHECK(bitmap.at(14, 50) == kWhite);
    CHECK(bitmap.at(15, 45) == kWhite);
    CHECK(ink(bitmap) == doctest::Approx(600 + kPi * 25).epsilon(0.02));
}

TEST_CASE("a line without length is a dot") {
    CHECK(ink(painted({with_points(Shape::Line, {{50, 50}, {50, 50}}, 0, kBlack, 10)})) ==
          doctest::Approx(kPi * 25).epsilon(0.02));
    CHECK(ink(painted({with_points(Shape::Line, {{50, 50}}, 0, kBlack, 10)})) ==
          doctest::Approx(kPi * 25).epsilon(0.02));
}

TEST_CASE("the edge of a rectangle is around it, with pointed corners") {
    Bitmap bitmap = painted({shape(Shape::Rectangle, {20, 20, 60, 60, 0}, 0, kBlack, 4)});
    CHECK(bitmap.at(18, 18) == kBlack);
    CHECK(bitmap.at(81, 81) == kBlack);
    CHECK(bitmap.at(17, 17) == kWhite);
    CHECK(bitmap.at(50, 50) == kWhite);
    CHECK(ink(bitmap) == doctest::Approx(64 * 64 - 56 * 56).epsilon(0.01));
}

TEST_CASE("an arc goes clockwise from the right") {
    Bitmap bitmap = painted({shape(Shape::Arc, {50, 50, 30, 0, 90}, 0, kBlack, 4)});
    CHECK(bitmap.at(71, 71) == kBlack);
    CHECK(bitmap.at(71, 28) == kWhite);
    CHECK(ink(bitmap) == doctest::Approx(30 * kPi / 2 * 4 + kPi * 4).epsilon(0.03));
}

TEST_CASE("a sector is a slice, and more than a turn is a turn") {
    Bitmap slice = painted({shape(Shape::Sector, {50, 50, 40, 0, 90}, kBlack)});
    CHECK(slice.at(60, 60) == kBlack);
    CHECK(slice.at(60, 40) == kWhite);
    CHECK(ink(slice) == doctest::Approx(kPi * 400).epsilon(0.02));
    CHECK(ink(painted({shape(Shape::Sector, {50, 50, 40, 0, 1e6}, kBlack)})) ==
          doctest::Approx(kPi * 1600).epsilon(0.02));
}

TEST_CASE("what is drawn later lies above, and alpha lets shine through") {
    Bitmap bitmap = painted({shape(Shape::Rectangle, {0, 0, 60, 100, 0}, kRed),
                             shape(Shape::Rectangle, {40, 0, 60, 100, 0}, 0x0000FF80)});
    CHECK(bitmap.at(20, 50) == kRed);
    CHECK(is_near(bitmap.at(50, 50), 0x7F0080FF));
    CHECK(is_near(bitmap.at(80, 50), 0x7F7FFFFF));
}

TEST_CASE("a colour over nothing stays that colour") {
    Picture picture;
    picture.width = picture.height = 10;
    picture.background = 0;
    picture.shapes = {shape(Shape::Rectangle, {0, 0, 10, 10, 0}, 0xFF000080)};
    Lettering letters;
    CHECK(is_near(paint(picture, letters).at(5, 5), 0xFF000080));
}

TEST_CASE("a long line that shines through lies nowhere twice") {
    std::vector<Point> there_and_back;
    for (int i = 0; i <= 3000; ++i)
        there_and_back.push_back({10 + 80.0 * (i % 2 ? i : i - 1) / 3000, 20 + 60.0 * (i % 2)});
    Bitmap bitmap = painted({with_points(Shape::Line, there_and_back, 0, 0x00000080, 3)});
    for (unsigned y = 30; y < 70; ++y) CHECK(is_near(bitmap.at(50, y), 0x7F7F7FFF, 3));
}

TEST_CASE("clear covers all that was there") {
    Bitmap bitmap =
        painted({shape(Shape::Rectangle, {0, 0, 50, 50, 0}, kRed), shape(Shape::Clear, {}, kBlue)});
    CHECK(bitmap.at(10, 10) == kBlue);
    CHECK(bitmap.at(90, 90) == kBlue);
}

TEST_CASE("what is drawn between push and pop is moved, turned and scaled, inner ones first") {
    const Shape square = shape(Shape::Rectangle, {0, 0, 10, 10, 0}, kBlack);
    Bitmap moved = painted({pushed({1, 0, 0, 1, 50, 20}), square, shape(Shape::Pop, {}, 0), square});
    CHECK(moved.at(55, 25) == kBlack);
    CHECK(moved.at(5, 5) == kBlack);
    CHECK(ink(moved) == doctest::Approx(200).epsilon(0.01));
    Bitmap nested = painted({pushed({1, 0, 0, 1, 50, 20}), pushed({2, 0, 0, 3, 0, 0}), square});
    CHECK(nested.at(69, 49) == kBlack);
    CHECK(nested.at(49, 30) == kWhite);
    CHECK(ink(nested) == doctest::Approx(600).epsilon(0.01));
    Bitmap turned = painted({pushed({0, 1, -1, 0, 50, 50}), square});
    CHECK(turned.at(45, 55) == kBlack);
    CHECK(turned.at(55, 55) == kWhite);
}

TEST_CASE("lines grow with what they are scaled by") {
    Bitmap bitmap =
        painted({pushed({4, 0, 0, 4, 0, 0}), with_points(Shape::Line, {{5, 10}, {20, 10}}, 0, kBlack, 2)});
    CHECK(bitmap.at(50, 37) == kBlack);
    CHECK(bitmap.at(50, 43) == kBlack);
    CHECK(bitmap.at(50, 45) == kWhite);
}

TEST_CASE("a pop too many does nothing") {
    const Shape pop = shape(Shape::Pop, {}, 0);
    CHECK(painted({pop, pop, shape(Shape::Rectangle, {0, 0, 10, 10, 0}, kRed)}).at(5, 5) == kRed);
}

TEST_CASE("what is partly or wholly outside is drawn where it is inside") {
    CHECK(painted({shape(Shape::Ellipse, {0, 0, 1e6, 1e6}, kRed)}).at(50, 50) == kRed);
    CHECK(ink(painted({shape(Shape::Rectangle, {-1e12, 40, 2e12, 20, 0}, kBlack)})) ==
          doctest::Approx(2000).epsilon(0.01));
    // A line from far away comes in where it should.
    Bitmap slope = painted({with_points(Shape::Line, {{-1e7, -1e7}, {1e7, 1e7}}, 0, kBlack, 4)});
    CHECK(slope.at(50, 50) == kBlack);
    CHECK(slope.at(10, 90) == kWhite);
    CHECK(ink(painted({shape(Shape::Rectangle, {200, 200, 50, 50, 0}, kBlack, kBlack, 3)})) == 0);
    CHECK(ink(painted({shape(Shape::Rectangle, {-50, -50, 200, 200, 0}, 0, kBlack, 4)})) == 0);
}

TEST_CASE("what has no place is not drawn, and the rest is") {
    const double inf = std::numeric_limits<double>::infinity(), nan = std::nan("");
    Bitmap bitmap = painted({shape(Shape::Ellipse, {nan, 50, 10, 10}, kRed, kRed),
                             shape(Shape::Ellipse, {50, 50, inf, 10}, kRed, kRed),
                             shape(Shape::Rectangle, {50, 50, 10, inf, 3}, kRed, kRed),
                             shape(Shape::Arc, {50, 50, 10, nan, inf}, kRed, kRed),
                             with_points(Shape::Line, {{0, 0}, {nan, inf}}, kRed, kRed, 5),
                             with_points(Shape::Polygon, {}, kRed, kRed, 5),
                             with_points(Shape::Line, {{10, 10}, {90, 10}}, 0, kRed, nan),
                             shape(Shape::Rectangle, {0, 90, 10, 10, 0}, kBlue)});
    CHECK(bitmap.at(50, 50) == kWhite);
    CHECK(bitmap.at(5, 95) == kBlue);
}

TEST_CASE("a side has at least one pixel and no more than it may have") {
    Bitmap bitmap = painted({}, 0, 1'000'000);
    CHECK(bitmap.width == 1);
    CHECK(bitmap.height == kMostSide);
}

TEST_CASE("a picture is the same each time") {
    auto draw = [] {
        return painted({shape(Shape::Ellipse, {33.3, 44.4, 20.5, 10.1}, 0x12345678, kRed, 2.5),
                        with_points(Shape::Line, {{1, 2}, {90, 80}, {5, 70}}, 0, kBlue, 3)});
    };
    CHECK(draw().rgba == draw().rgba);
}

TEST_CASE("a PNG begins as one, says its size, and has an alpha channel only where it is needed") {
    std::string bytes = png_of(painted({}, 300, 7)).value();
    CHECK(bytes.substr(0, 8) == "\x89PNG\r\n\x1a\n");
    CHECK(uint8_t(bytes[18]) * 256 + uint8_t(bytes[19]) == 300);
    CHECK(uint8_t(bytes[23]) == 7);
    CHECK(bytes[25] == 2); // colours
    Bitmap clear;
    clear.width = clear.height = 4;
    clear.rgba.resize(64);
    CHECK(png_of(clear).value()[25] == 6); // and alpha
}
