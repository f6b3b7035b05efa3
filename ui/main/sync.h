// `indent sync`: an image and a folder of .ind files that follow each other.
#pragma once
#include "ui/main/durability.h"
#include <string>

namespace indent {

// Until SIGINT or SIGTERM comes: a file that is saved is loaded into the image; a module that changes in the image is
// written to its file; where both have changed, neither is touched and the image's text is put beside the file. Works on
// the program that serves the image, or else opens the image and serves it. Answers the exit code.
int sync_image(const std::string& image, const std::string& folder, Durability durability);

} // namespace indent
