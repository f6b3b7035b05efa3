// The library as texts: that of this program, or another one that a world begins with.
#pragma once
#include <string>
#include <vector>

namespace indent {

// A file of it, as stdlib/sources.h has those of this program.
struct LibraryText {
    std::string path; // "core/list.ind"
    std::string text;
    bool operator==(const LibraryText&) const = default;
};
// Whether there is what no world can be without.
bool has_core(const std::vector<LibraryText>& library);
// That of this program. Any thread.
std::vector<LibraryText> library_of_program();

} // namespace indent
