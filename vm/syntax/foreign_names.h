// What people who come from other languages write, and what it is called here: data for suggestions.
#pragma once
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace indent::syntax {

struct ForeignSelector {
    std::string_view theirs;
    std::string_view ours; // selectors with spaces between, the likeliest first
};
struct ForeignName {
    std::string_view theirs;
    std::string_view advice; // a sentence without its end; {x} stands for the first argument
};

// The tables, each sorted by `theirs`; a test checks that the library has what they name.
std::span<const ForeignSelector> foreign_selectors();
std::span<const ForeignName> foreign_names();
std::span<const ForeignName> foreign_words();

// The first selector that goes by this name elsewhere and that the receiver understands; empty where none is.
std::string_view selector_for(std::string_view theirs,
                              const std::function<bool(std::string_view)>& understood);

// What to do instead of naming or calling this; empty where nothing is known. {x} is `argument`, or `x` where that is
// empty.
std::string advice_for_name(std::string_view theirs, std::string_view argument = {});

// What to do about a line that begins with this word, which is none of the language.
std::string_view advice_for_word(std::string_view theirs);

} // namespace indent::syntax
