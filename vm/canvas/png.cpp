#include "vm/canvas/png.h"
#include <png.h>

namespace indent::canvas {

Result<std::string> png_of(const Bitmap& bitmap) {
    bool opaque = true;
    for (size_t i = 3; i < bitmap.rgba.size(); i += 4) opaque &= bitmap.rgba[i] == 255;
    std::vector<uint8_t> without_alpha;
    if (opaque) {
        without_alpha.reserve(bitmap.rgba.size() / 4 * 3);
        for (size_t i = 0; i < bitmap.rgba.size(); i += 4)
            without_alpha.insert(without_alpha.end(), &bitmap.rgba[i], &bitmap.rgba[i] + 3);
    }
    const uint8_t* pixels = opaque ? without_alpha.data() : bitmap.rgba.data();
    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    image.width = bitmap.width;
    image.height = bitmap.height;
    image.format = opaque ? PNG_FORMAT_RGB : PNG_FORMAT_RGBA;
    png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
    std::string bytes(size, '\0');
    if (!png_image_write_to_memory(&image, bytes.data(), &size, 0, pixels, 0, nullptr))
        return Failure{"no_memory", "the picture cannot be written as a PNG: " + std::string(image.message)};
    bytes.resize(size);
    return bytes;
}

} // namespace indent::canvas
