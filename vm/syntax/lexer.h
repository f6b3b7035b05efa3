// From text to tokens, in one pass over the whole text; layout becomes Newline, Indent and Dedent tokens.
#pragma once
#include "vm/syntax/diagnostics.h"
#include "vm/syntax/token.h"
#include "vm/syntax/tree.h"
#include <string_view>
#include <vector>

namespace indent::syntax {

struct Comment {
    Span span;     // from `#` to before the line end
    bool own_line; // nothing but spaces stands before it
};

struct Lexed {
    std::vector<Token> tokens; // ends with one End token
    std::vector<Comment> comments;
    std::vector<Span> broken;   // from an opening mark that is never closed to where the lexer gave it up
    bool open_at_end = false;   // the text ends inside brackets or inside a """text"""
    bool ends_in_suite = false; // the last line is indented under another
};

// Tokens of `source`, which must be well-formed UTF-8 of less than 4 GB and outlive the result. Appends what
// is wrong to `diagnostics`. The brackets among the tokens are always balanced and each Indent has its
// Dedent: where the text lacks one, an empty token stands in (marked Unfinished). `may_be_indented` says that
// the first line's indentation is the level of the others, as in a piece cut out of a program.
Lexed lex(std::string_view source, std::vector<Diagnostic>& diagnostics, bool may_be_indented = false);

// Whether this whole text is one name (`area`, `empty?`, `sort!`), a word of the language included.
bool is_name(std::string_view text);

} // namespace indent::syntax
