// What to colour: the pieces of a text by what they are, for the window and the prompt. Works on any text, with
// errors and unfinished ones too.
#pragma once
#include "vm/syntax/tree.h"
#include <string_view>
#include <vector>

namespace indent::syntax {

enum class HighlightKind : uint8_t {
    Word, // a word of the language where it acts as one
    Name,
    ClassName,  // begins with a capital letter
    Definition, // the name right after `def`, `on`, `field` …
    Selector,   // after a dot
    Label,      // by: …, a key of a map
    Symbol,
    Number,
    Text,
    Comment,
    Operator,
    Annotation,
    Error, // what no token begins with
};

struct Highlight {
    Span span;
    HighlightKind kind;
};

// In order, without overlap; spaces and brackets are in none.
std::vector<Highlight> highlight(std::string_view text);

} // namespace indent::syntax
