// The commands that need no face but the terminal's lines and work on an image: served by another program, or opened
// here. Each answers the exit code.
#pragma once
#include "ui/main/durability.h"
#include "vm/base/result.h"
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace indent {

// Serves the image until SIGINT or SIGTERM comes.
// `break_on_error`: errors that nobody catches stop their turns.
int serve_image(const std::string& image, bool break_on_error, Durability durability);
// Prints the value of the text, as its literal form.
int eval_in_image(const std::string& image, const std::string& text);
// Takes the modules of files and folders in, all or none. `rehearse`: refused where one of so many of the last recorded messages
// would not do the same; 0: any.
int load_into_image(const std::string& image, const std::vector<std::string>& paths, uint64_t rehearse);

// ---- about the file alone: nothing of it runs
// A file for each module: shop.pricing is shop/pricing.ind. All of them, or none where one that is there has a text that the
// module never had in the image, unless it is `forced`.
int export_image(const std::string& image, const std::string& folder, bool forced);
int show_image(const std::string& image);
int show_image_log(const std::string& image);
int verify_image(const std::string& image);
// One that came from elsewhere runs from now on (image_home.h): at once where another program has it open.
int trust_image(const std::string& image);
int save_image_as(const std::string& image, const std::string& path);

// Whether the file begins as an image does.
bool is_image(const std::string& path);
// Path and text of each module. `to_run`: "paused" where nothing of the image may.
Result<std::vector<std::pair<std::string, std::string>>> modules_of_image(const std::string& image,
                                                                          bool to_run);

} // namespace indent
