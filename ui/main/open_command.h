// `indent open`, `new` and `repl`: a session, on an image or on nothing, and a face. Each answers the exit code.
#pragma once
#include "ui/main/durability.h"
#include <string>

namespace indent {

struct OpenOptions {
    std::string image;                         // empty: the sample image in the person's data folder
    bool terminal = false;                     // the prompt, even where there is a display
    Durability durability = Durability::Power; // where the image is opened here
};
// Opens the image, making it where there is none, in a window; without a display at the prompt of the terminal. Where
// another program serves the image, the window or prompt attaches to that; else others may attach to this.
int open_image(const OpenOptions& options);

// Makes an image without modules. Fails where there is something already.
int new_image(const std::string& path);

// The prompt on an image; empty: where nothing is kept.
// `break_on_error`: errors that nobody catches stop their turns.
int run_prompt(const std::string& image, bool break_on_error, Durability durability);

} // namespace indent
