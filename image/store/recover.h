// Salvages what is readable from a damaged image into a new one.
#pragma once
#include "vm/base/result.h"
#include <cstdint>
#include <string>
#include <vector>

namespace indent::image {

struct Counted {
    uint64_t kept = 0, lost = 0;
};

struct Recovered {
    uint64_t pages = 0;          // that the file has
    uint64_t unreadable = 0;     // of them, that should have been rows of the image
    Counted definitions, epochs; // texts; changes whose modules are all there
    Counted desk, names, batches, checkpoints, timelines, snapshots;
    std::vector<std::string> losses{}; // in words for people; empty: nothing is lost
};

// Reads what is at `path` page by page, changes nothing of it, and makes a whole image at `to`. What is kept is what its
// hash or its checksum proves: definitions; changes (one whose modules are not all there stands in the log with the
// modules as they can be had); the texts of the desk; of the story what can be read without what is lost, with its names
// (rows.h: kLostName). The story is read from its beginning, or from the newest checkpoint that is whole, up to the first
// batch that is lost; what is before that checkpoint stays as far back as no batch is lost. Of a timeline whose beginning
// is lost the one before it goes on. Nobody may have the image open. It is on the disk when this answers.
//
// Failure codes: "exists" where there is something at `to`; "not_an_image" where nothing of an image is found; those of
// the connection and of os/files.h.
Result<Recovered> recover(const std::string& path, const std::string& to);

} // namespace indent::image
