// The texts of the standard library as they were built into the program.
#pragma once
#include <span>
#include <string_view>

namespace indent {

struct LibrarySource {
    std::string_view path; // from stdlib/, as "core/list.ind"
    std::string_view text; // UTF-8
};

// All library files, sorted by path; lives as long as the program. Any thread.
std::span<const LibrarySource> library_sources();

// What a new sample image holds: "sample_image/NAME.ind" is the module NAME, but "sample_image/workspace.ind" the first
// text of the workspace. Sorted by path; any thread.
std::span<const LibrarySource> sample_sources();

} // namespace indent
