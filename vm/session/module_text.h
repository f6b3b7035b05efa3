// A module's text as pieces: definitions, the methods of classes, and what stands between them. Put together in
// their order they are the text, byte for byte; a piece can be replaced and the rest stays as it was written.
#pragma once
#include "vm/protocol/mirrors.h"
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace indent {

struct Piece {
    protocol::DefinitionMirror mirror; // its path is unique in the module
    std::string text;                  // whole lines
    bool blank = false;                // nothing but blank lines: not shown
};

class ModuleText {
  public:
    // Any text; one that cannot be understood is one piece.
    static ModuleText split(std::string path, std::string_view text);

    const std::string& path() const { return path_; }
    const std::string& doc() const { return doc_; } // the comment above `module`
    const std::vector<Piece>& pieces() const { return pieces_; }
    std::string text() const;

    // Which pieces a path means: a class with all that belongs to it, or one piece. Indices, half open; empty where
    // there is none.
    struct Extent {
        size_t begin = 0, end = 0;
        bool empty() const { return begin == end; }
    };
    Extent find(std::string_view path) const;
    std::string source(Extent extent) const;
    const Piece* piece(std::string_view path) const;

    // The module's whole text with other text in the place of the extent, and where that begins.
    struct Edited {
        std::string text;
        size_t at = 0;
    };
    Edited replaced(Extent extent, std::string_view with) const;
    // With a definition added at the end, or a member at the end of its class; blank lines between as is usual.
    Edited added(std::string_view text) const;
    Edited added_member(Extent owner, std::string_view text) const;

    // The path of the first definition at or after this offset of the text; empty where there is none.
    std::string path_at(size_t offset) const;

  private:
    std::string path_;
    std::string doc_;
    std::vector<Piece> pieces_;
};

// Whether a module may have this path: `shop`, `shop.pricing`. Such a path names a file in no other folder.
bool is_module_path(std::string_view path);
// A member's text with the indentation that it needs in a class, and a line end.
std::string as_member(std::string_view text);
// With a line end, where it has none.
std::string as_lines(std::string_view text);

} // namespace indent
