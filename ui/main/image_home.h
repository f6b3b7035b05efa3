// Whose an image is. It keeps the id of who had it last, the desk's text "home"; a person's own id is the file "home" of
// their data folder. Where the two differ, the image comes from elsewhere, from another person or machine, and nothing of
// it runs before it is trusted. The id is no secret: it keeps people from running what they have been given without
// knowing, and does not keep out who had an image of theirs and forges one.
#pragma once
#include "image/store/image.h"
#include "vm/base/result.h"
#include <string>

namespace indent {

// Where the program keeps what belongs to the person and to no image; it may not be there yet. Any thread.
std::string data_folder();

// Words that say why nothing of the image may run, and how to let it; empty: it is this person's. The caller uses the
// image alone.
std::string why_paused(image::Image& image);

// It is this person's from now on. Failure codes: those of image::Image, or that the person's id cannot be kept.
Result<void> trust(image::Image& image);

} // namespace indent
