// Which part of a workspace's text is meant, where a person presses a key without selecting.
#pragma once
#include "ui/ide/edit_buffer.h"

namespace indent::ide {

// The statement that the line at this position belongs to: from the last line at or above it that is not indented
// to the line before the next one; lines that can only continue a statement (`else:`, `.map(…)`, `)`) do. Empty
// where the line is blank. Without blank lines and comments at its end.
Range statement_at(const EditBuffer& buffer, size_t position);

// How a printed value stands in a text: a comment, so that the text stays a program.
inline constexpr std::string_view kResultMark = "# \xE2\x86\x92 "; // "# → "

struct Edit {
    Range range;
    std::string with;
};
// Whether nothing but a printed value stands behind `position` on its line.
bool stands_before_result(const EditBuffer& buffer, size_t position);

// What writes `value` behind the text that ends at `end`, on its line, or below where that is long; a result that
// stands there already is replaced.
Edit result_edit(const EditBuffer& buffer, size_t end, std::string_view value);

} // namespace indent::ide
