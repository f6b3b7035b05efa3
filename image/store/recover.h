// Salvages what is readable from a damaged image into a new one.
#pragma once
#include "vm/base/result.h"
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace indent::image {

struct Counted {
    uint64_t kept = 0, lost = 0;
};

struct Recovered {
    uint64_t pages = 0;          // that the file has
    uint64_t unreadable = 0;     // of them, that should have been rows of the image
    Counted definitions, epochs; // texts; changes whose modules are all there
    Counted desk, names, batches;
    std::vector<std::string> losses{}; // in words for people; empty: nothing is lost
};

// Reads what is at `path` page by page, changes nothing of it, and makes a whole image at `to`. What is kept is what its
// hash or its checksum proves: definitions; changes (one whose modules are not all there stands in the log with the
// modules as they can be had); the texts of the desk; the story of the actors up to the first batch that is lost, with its
// names (rows.h: kLostName). Nobody may have the image open. It is on the disk when this answers.
//
// `begins_story`: whether a batch can be the first of a story (image/journal knows); asked where the file does not say
// which one is.
//
// Failure codes: "exists" where there is something at `to`; "not_an_image" where nothing of an image is found; those of
// the connection and of os/files.h.
Result<Recovered> recover(const std::string& path, const std::string& to,
                          const std::function<bool(std::string_view body)>& begins_story);

} // namespace indent::image
