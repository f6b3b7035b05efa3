// Colours for a text in the language, found line by line without understanding it. (Errors come from the program,
// which does.)
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

namespace indent::ide {

enum class Colour : uint8_t {
    Plain,
    Keyword,
    Definition,
    Class,
    Number,
    Text,
    Symbol,
    Comment,
    Result,
    Operator
};

struct Stretch { // of one colour, within a line
    uint32_t begin = 0;
    uint32_t end = 0;
    Colour colour = Colour::Plain;
};

// The stretches of a line, in order, without gaps. `in_text` says whether the line begins inside a multi-line text,
// and is left saying so for the next line.
std::vector<Stretch> highlight(std::string_view line, bool& in_text);

} // namespace indent::ide
