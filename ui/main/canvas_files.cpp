#include "ui/main/canvas_files.h"
#include "vm/canvas/painter.h"
#include "vm/canvas/png.h"
#include "vm/os/files.h"
#include "vm/world/world.h"
#include <algorithm>
#include <cstdio>

namespace indent {

namespace {

// "a/picture.png" of the second: "a/picture-2.png".
std::string numbered(const std::string& path, size_t number) {
    if (number == 1) return path;
    const size_t name = path.rfind('/') == std::string::npos ? 0 : path.rfind('/') + 1;
    size_t dot = path.rfind('.');
    if (dot == std::string::npos || dot <= name) dot = path.size();
    return path.substr(0, dot) + "-" + std::to_string(number) + path.substr(dot);
}

} // namespace

Result<std::vector<std::string>> paint_canvases(World& world, const std::string& for_path) {
    const std::vector<canvas::Picture> pictures = world.pictures();
    if (pictures.empty())
        return Failure{"no_canvas", "there is no canvas for " + for_path +
                                        ": nobody who lives has opened one (`Canvas.open(\"title\")`)"};
    canvas::Lettering letters;
    if (!letters.has_font() && std::any_of(pictures.begin(), pictures.end(), canvas::has_text))
        std::fprintf(stderr,
                     "indent: the font %s is not installed, so the picture is without its texts "
                     "(third_party/install brings it)\n",
                     std::string(canvas::Lettering::wanted()).c_str());
    std::vector<std::string> contents;
    for (const canvas::Picture& picture : pictures) {
        auto bytes = canvas::png_of(canvas::paint(picture, letters));
        if (!bytes) return std::move(bytes).failure();
        contents.push_back(std::move(*bytes));
    }
    return contents;
}

Result<void> write_pictures(const std::vector<std::string>& contents, const std::string& path) {
    size_t number = 0;
    for (const std::string& bytes : contents)
        if (auto written = os::write_file_atomically(numbered(path, ++number), bytes); !written)
            return written;
    return ok();
}

Result<void> write_canvases(World& world, const std::string& path) {
    auto contents = paint_canvases(world, path);
    if (!contents) return std::move(contents).failure();
    return write_pictures(*contents, path);
}

} // namespace indent
