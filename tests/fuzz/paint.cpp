// Any bytes as the shapes of a picture: whatever their numbers, colours and order, it is painted, and the same twice.
#include "vm/canvas/painter.h"
#include <cstdlib>
#include <cstring>

using namespace indent::canvas;

namespace {

struct Bytes {
    const uint8_t* at;
    const uint8_t* end;

    uint8_t byte() { return at < end ? *at++ : 0; }
    // Small ones most of the time, sometimes any that there is.
    double number() {
        const uint8_t kind = byte();
        if (kind < 250) return kind - 100 + byte() / 256.0;
        double any = 0;
        for (size_t i = 0; i < sizeof any; ++i) reinterpret_cast<uint8_t*>(&any)[i] = byte();
        return any;
    }
    Colour colour() { return Colour(byte()) << 24 | Colour(byte()) << 16 | 0x80 << 8 | byte(); }
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    Bytes bytes{data, data + size};
    Picture picture;
    picture.width = 1 + bytes.byte() % 64;
    picture.height = 1 + bytes.byte() % 64;
    picture.background = bytes.colour();
    while (bytes.at < bytes.end && picture.shapes.size() < 100) {
        Shape shape;
        shape.kind = Shape::Kind(bytes.byte() % (Shape::Pop + 1));
        shape.anchor = Shape::Anchor(bytes.byte() % (Shape::Baseline + 1));
        shape.fill = bytes.colour();
        shape.stroke = bytes.colour();
        shape.thickness = bytes.number();
        if (shape.kind == Shape::Line || shape.kind == Shape::Polygon) {
            for (unsigned left = bytes.byte(); left > 0 && bytes.at < bytes.end; --left) {
                const double x = bytes.number(), y = bytes.number();
                shape.points.push_back({x, y});
            }
        } else {
            for (double& number : shape.numbers) number = bytes.number();
        }
        if (shape.kind == Shape::Text)
            for (unsigned left = bytes.byte() % 32; left > 0; --left) shape.text += char(bytes.byte());
        picture.shapes.push_back(std::move(shape));
    }
    static Lettering letters;
    const Bitmap bitmap = paint(picture, letters);
    if (bitmap.rgba.size() != size_t(4) * picture.width * picture.height) std::abort();
    if (paint(picture, letters).rgba != bitmap.rgba) std::abort();
    return 0;
}
