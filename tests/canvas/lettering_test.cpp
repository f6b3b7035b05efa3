// Texts, where the font is installed: on a machine without it there is nothing to test but that.
#include "vm/canvas/painter.h"
#include <algorithm>
#include <doctest/doctest.h>

using namespace indent::canvas;

namespace {

Box box_of(const std::vector<Contour>& contours) {
    Box box{1e9, 1e9, -1e9, -1e9};
    for (const Contour& contour : contours)
        for (Point p : contour) {
            box.left = std::min(box.left, p.x);
            box.right = std::max(box.right, p.x);
            box.top = std::min(box.top, p.y);
            box.bottom = std::max(box.bottom, p.y);
        }
    return box;
}

} // namespace

TEST_CASE("without a font a text has no outlines") {
    Lettering letters("/no/such/font.ttf");
    CHECK_FALSE(letters.has_font());
    CHECK(letters.outlines("Hello", {0, 0}, 20, Shape::TopLeft, 1).empty());
}

TEST_CASE("the font is found where the system's package puts it") {
    Lettering letters;
    CHECK(letters.has_font()); // third_party/install brings it
}

TEST_CASE("letters stand at their anchor") {
    Lettering letters;
    REQUIRE(letters.has_font());
    auto box = [&](Shape::Anchor anchor) {
        return box_of(letters.outlines("Hxg", {100, 100}, 40, anchor, 1));
    };
    const Box first = box(Shape::TopLeft);
    CHECK(first.left >= 100);
    CHECK(first.left < 108);
    CHECK(first.top > 100);
    const double width = first.right - first.left, height = first.bottom - first.top;
    CHECK(width > 50);
    CHECK(width < 100);
    CHECK(height > 30);
    CHECK(height < 50);
    const Box last = box(Shape::BottomRight);
    CHECK(last.right <= 100);
    CHECK(last.bottom < 100);
    const Box middle = box(Shape::Centre);
    CHECK(std::abs((middle.left + middle.right) / 2 - 100) < 3);
    CHECK(std::abs((middle.top + middle.bottom) / 2 - 100) < 6);
    const Box line = box(Shape::Baseline);
    CHECK(line.top < 100);    // the H is above,
    CHECK(line.bottom > 100); // and the tail of the g below
    const Box capital = box_of(letters.outlines("H", {100, 100}, 40, Shape::Baseline, 1));
    CHECK(std::abs(capital.bottom - 100) < 0.01);
}

TEST_CASE("twice as high letters are twice as wide") {
    Lettering letters;
    REQUIRE(letters.has_font());
    const Box small = box_of(letters.outlines("Indent", {0, 0}, 20, Shape::TopLeft, 1));
    const Box large = box_of(letters.outlines("Indent", {0, 0}, 40, Shape::TopLeft, 1));
    CHECK(large.right - large.left == doctest::Approx(2 * (small.right - small.left)).epsilon(0.001));
}

TEST_CASE("lines stand one below the other, each at its anchor") {
    Lettering letters;
    REQUIRE(letters.has_font());
    const Box one = box_of(letters.outlines("H", {0, 0}, 20, Shape::Top, 1));
    const Box two = box_of(letters.outlines("\nH", {0, 0}, 20, Shape::Top, 1));
    CHECK(two.top - one.top == doctest::Approx(24).epsilon(0.001));
    CHECK(std::abs(two.left + two.right) < 1);
}

TEST_CASE("what is no UTF-8, and what no font has, does no harm") {
    Lettering letters;
    REQUIRE(letters.has_font());
    CHECK(letters.outlines("\xFF\xC3", {0, 0}, 20, Shape::TopLeft, 1).empty());
    CHECK_FALSE(letters.outlines("\xC3\xA4\xCF\x80\xD0\x96", {0, 0}, 20, Shape::TopLeft, 1).empty());
    CHECK_FALSE(letters.outlines("\xF0\xAF\xBF\xBF", {0, 0}, 20, Shape::TopLeft, 1).empty()); // a box
    CHECK(letters.outlines("", {0, 0}, 20, Shape::TopLeft, 1).empty());
    CHECK(letters.outlines("H", {0, 0}, -1, Shape::TopLeft, 1).empty());
}

TEST_CASE("a text is painted in its colour, with the holes of its letters") {
    Picture picture;
    picture.width = picture.height = 100;
    Shape text;
    text.kind = Shape::Text;
    text.text = "O";
    text.anchor = Shape::Centre;
    text.fill = 0xFF0000FF;
    text.numbers = {50, 50, 90};
    picture.shapes = {text};
    CHECK(has_text(picture));
    Lettering letters;
    REQUIRE(letters.has_font());
    Bitmap bitmap = paint(picture, letters);
    CHECK(bitmap.at(50, 50) == 0xFFFFFFFF);
    size_t red = 0;
    for (unsigned x = 0; x < 100; ++x) red += bitmap.at(x, 50) == 0xFF0000FF;
    CHECK(red > 10);
    CHECK(red < 40);
}

TEST_CASE("a long text is painted to its end") {
    Picture picture;
    picture.width = 100;
    picture.height = 100;
    Shape text;
    text.kind = Shape::Text;
    for (int i = 0; i < 3000; ++i) text.text += "\xC2\xA7"; // many corners each
    text.text += "\nI";
    text.anchor = Shape::BottomLeft;
    text.fill = 0x000000FF;
    text.numbers = {10, 90, 40};
    picture.shapes = {text};
    Lettering letters;
    REQUIRE(letters.has_font());
    Bitmap bitmap = paint(picture, letters);
    bool seen = false;
    for (unsigned x = 10; x < 25; ++x) seen |= bitmap.at(x, 70) == 0x000000FF;
    CHECK(seen);
}
