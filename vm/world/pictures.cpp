// What the actors show on canvases (vm/prims/canvas.cpp), read as pictures. The values may come from another program's
// image, so nothing is taken for granted: what is no shape is left out.
#include "vm/model/list.h"
#include "vm/model/text.h"
#include "vm/world/world.h"
#include <algorithm>
#include <cmath>
#include <map>

namespace indent {

namespace {

using canvas::Picture;
using canvas::Shape;

struct Layout {
    std::string_view name;
    Shape::Kind kind;
    unsigned numbers;
};
// An item is (name, number…, fill, stroke, thickness); of a text (name, text, anchor, number…, fill); of lines their points
// are one number each for x and y, in one tuple.
constexpr Layout kLayouts[] = {
    {"line", Shape::Line, 0},       {"polygon", Shape::Polygon, 0}, {"rectangle", Shape::Rectangle, 5},
    {"ellipse", Shape::Ellipse, 4}, {"arc", Shape::Arc, 5},         {"sector", Shape::Sector, 5},
    {"text", Shape::Text, 3},       {"clear", Shape::Clear, 0},     {"push", Shape::Push, 6},
    {"pop", Shape::Pop, 0},
};
constexpr std::string_view kAnchors[] = {"top_left", "top",         "top_right", "left",         "centre",
                                         "right",    "bottom_left", "bottom",    "bottom_right", "baseline"};

bool read_number(Value value, double& number) {
    if (value.is_float())
        number = value.as_float();
    else if (value.is_integer())
        number = double(value.as_integer());
    else
        return false;
    return std::isfinite(number);
}

canvas::Colour read_colour(Value value) {
    return value.is_integer() ? canvas::Colour(uint64_t(value.as_integer()) & 0xFFFFFFFF) : 0;
}

class Reader {
  public:
    explicit Reader(const SymbolTable& symbols) : symbols_(symbols) {}

    // Lists within lists (`earlier`) may be as deep as there are items, so they are no recursion.
    void read(Value items, std::vector<Shape>& shapes) {
        struct Place {
            Value items;
            size_t at;
        };
        std::vector<Place> open{{items, 0}};
        while (!open.empty()) {
            if (open.back().at == tuple_size(open.back().items)) {
                open.pop_back();
                continue;
            }
            const Value item = tuple_get(open.back().items, open.back().at++);
            if (!is_tuple(item) || tuple_size(item) == 0 || !tuple_get(item, 0).is_symbol()) continue;
            if (symbols_.text(tuple_get(item, 0).symbol_id()) == "earlier") {
                if (tuple_size(item) == 2 && is_tuple(tuple_get(item, 1)))
                    open.push_back({tuple_get(item, 1), 0});
                continue;
            }
            Shape shape;
            if (read_shape(item, shape)) shapes.push_back(std::move(shape));
        }
    }

  private:
    bool read_shape(Value item, Shape& shape) const {
        const std::string_view name = symbols_.text(tuple_get(item, 0).symbol_id());
        const auto* layout = std::find_if(std::begin(kLayouts), std::end(kLayouts),
                                          [&](const Layout& l) { return l.name == name; });
        if (layout == std::end(kLayouts)) return false;
        shape.kind = layout->kind;
        const size_t size = tuple_size(item);
        size_t at = 1;
        if (shape.kind == Shape::Text) {
            if (size < 3 || !is_text(tuple_get(item, 1)) || !tuple_get(item, 2).is_symbol()) return false;
            shape.text = text_utf8(tuple_get(item, 1));
            const std::string_view anchor = symbols_.text(tuple_get(item, 2).symbol_id());
            const auto* found = std::find(std::begin(kAnchors), std::end(kAnchors), anchor);
            if (found == std::end(kAnchors)) return false;
            shape.anchor = Shape::Anchor(found - std::begin(kAnchors));
            at = 3;
        }
        if (shape.kind == Shape::Line || shape.kind == Shape::Polygon) {
            if (size < 2 || !is_tuple(tuple_get(item, 1))) return false;
            const Value numbers = tuple_get(item, 1);
            shape.points.resize(tuple_size(numbers) / 2);
            for (size_t i = 0; i < shape.points.size(); ++i)
                if (!read_number(tuple_get(numbers, 2 * i), shape.points[i].x) ||
                    !read_number(tuple_get(numbers, 2 * i + 1), shape.points[i].y))
                    return false;
            at = 2;
        }
        for (size_t i = 0; i < layout->numbers; ++i, ++at)
            if (at >= size || !read_number(tuple_get(item, at), shape.numbers[i])) return false;
        if (at < size) shape.fill = read_colour(tuple_get(item, at));
        if (at + 1 < size) shape.stroke = read_colour(tuple_get(item, at + 1));
        if (at + 2 < size && !read_number(tuple_get(item, at + 2), shape.thickness)) return false;
        return true;
    }

    const SymbolTable& symbols_;
};

bool read_side(Value value, unsigned& side) {
    if (!value.is_integer() || value.as_integer() < 1 || value.as_integer() > int64_t(canvas::kMostSide))
        return false;
    side = unsigned(value.as_integer());
    return true;
}

// What no list closes by itself is closed here: the next one begins as if it were the first.
void close_open(std::vector<Shape>& shapes, size_t from) {
    size_t open = 0;
    for (size_t i = from; i < shapes.size(); ++i) {
        if (shapes[i].kind == Shape::Push) ++open;
        if (shapes[i].kind == Shape::Pop && open > 0) --open;
    }
    Shape pop;
    pop.kind = Shape::Pop;
    shapes.insert(shapes.end(), open, pop);
}

} // namespace

std::vector<Picture> World::pictures() {
    std::map<int64_t, Picture> pictures; // by number: in the order in which they were opened
    Reader reader(runtime_->symbols);
    actors_->for_each_drawing([&](uint64_t, Value drawings) {
        for (size_t i = 0; is_tuple(drawings) && i < tuple_size(drawings); ++i) {
            const Value row = tuple_get(drawings, i);
            if (!is_tuple(row) || tuple_size(row) != 6 || !tuple_get(row, 0).is_integer() ||
                !is_text(tuple_get(row, 1)) || !is_tuple(tuple_get(row, 5)))
                continue;
            Picture picture;
            if (!read_side(tuple_get(row, 2), picture.width) || !read_side(tuple_get(row, 3), picture.height))
                continue;
            picture.number = uint64_t(tuple_get(row, 0).as_integer());
            picture.title = text_utf8(tuple_get(row, 1));
            picture.background = read_colour(tuple_get(row, 4));
            Picture& whole = pictures.try_emplace(int64_t(picture.number), std::move(picture)).first->second;
            const size_t before = whole.shapes.size();
            reader.read(tuple_get(row, 5), whole.shapes);
            close_open(whole.shapes, before);
        }
    });
    std::vector<Picture> all;
    for (auto& entry : pictures) all.push_back(std::move(entry.second));
    return all;
}

} // namespace indent
