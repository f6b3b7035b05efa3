// From text to tree. One pass finds many errors: after each, parsing goes on with the next line that makes
// sense.
#pragma once
#include "vm/syntax/diagnostics.h"
#include "vm/syntax/tree.h"
#include <string>
#include <vector>

namespace indent::syntax {

enum class ParseMode : uint8_t {
    Module,      // a whole file: a module or a script
    Interactive, // what a person typed into a REPL or workspace: says whether more lines are wanted
    // The text of one or more members as they stand in a class …, for the browser and for edits of a method.
    // The tree's only top-level node is then a Class, Record, Trait, Extend, Actor or Supervisor node without
    // a name that holds them. The text may be indented as it was.
    ClassMembers,
    RecordMembers,
    TraitMembers,
    ExtendMembers,
    ActorMembers,
    SupervisorMembers,
};

struct ParseOutcome {
    SyntaxTree tree;                     // whatever could be understood; ErrorNodes stand for the rest
    std::vector<Diagnostic> diagnostics; // by place; at most 101
    bool incomplete = false;             // Interactive: the text is right so far, but not at its end

    bool ok() const { return !has_errors(diagnostics); }
};

// Any bytes are allowed as source. `file` is how diagnostics name the text. Never throws (but bad_alloc); the
// time is linear in the length, nesting is bounded (see TooDeep), and so is the depth of the tree: about
// 1000.
ParseOutcome parse(std::string file, std::string source, ParseMode mode = ParseMode::Module);

// Whether a person at a prompt would want to type more lines: a bracket, a text or a suite is open. A suite
// ends with an empty line.
bool needs_more_lines(std::string_view text);

// All diagnostics of an outcome as text, see diagnostics.h.
std::string render(const ParseOutcome& outcome);

} // namespace indent::syntax
