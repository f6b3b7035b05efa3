// The commands with a session: the window or the terminal on an image, and the prompt without one. Each answers the
// exit code.
#pragma once
#include <string>

namespace indent {

struct OpenOptions {
    std::string image;     // empty: the sample image in the person's data folder
    bool terminal = false; // the prompt even where there is a display
};
int open_image(const OpenOptions& options);
int new_image(const std::string& path);
int run_prompt();

} // namespace indent
