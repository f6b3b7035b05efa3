// How texts and symbols are written in a program: what `inspect` answers.
#pragma once
#include "vm/model/text.h"

namespace indent {

// "quoted", with escapes for quotes, braces, line ends and what cannot be seen.
void append_quoted(std::string& to, TextView text);
void append_quoted(std::string& to, std::string_view utf8);
// Whether it can stand bare, as a selector, a label or a map key: `size`, `empty?`.
bool is_plain_name(std::string_view name);
// :name, or :"odd name".
void append_symbol(std::string& to, std::string_view name);

} // namespace indent
