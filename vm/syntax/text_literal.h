// What the pieces of a text literal mean: escapes, and the common indentation of texts of several lines.
#pragma once
#include "vm/base/arena.h"
#include "vm/syntax/diagnostics.h"
#include <span>
#include <string_view>
#include <vector>

namespace indent::syntax {

// One piece between two interpolations (or quotes), as it stands in the source, without the quotes and
// braces.
struct TextPiece {
    Span span;
    bool escaped = false;   // holds a backslash or a line end
    std::string_view value; // filled in by decode_text
};

// Fills in the values. `pieces` are those of one literal, in order; `multiline` says that it stood between
// """. A value is a view into the source where nothing had to change, else into the arena.
void decode_text(std::string_view source, std::span<TextPiece> pieces, bool multiline, Arena& arena,
                 std::vector<Diagnostic>& diagnostics);

// The text as a literal between double quotes, escapes written; the inverse of decode_text.
std::string quoted(std::string_view value);
// The same without the quotes, as it stands between two interpolations.
void append_escaped(std::string& to, std::string_view value);

} // namespace indent::syntax
