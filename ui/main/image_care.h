// The commands that look after an image's file. Each answers the exit code.
#pragma once
#include <string>

namespace indent {

// Salvages what is readable of a damaged image into a new one, and says what is lost.
int recover_image(const std::string& image, const std::string& to);
// Gives the space that nothing uses back to the disk: of a served image, too.
int compact_image(const std::string& image);

} // namespace indent
