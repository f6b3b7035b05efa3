// Capture: a class gets a field, and the body of a subclass uses its name, which meant something else there until then (a
// definition of its module, an import, what the library gives to all). Whoever wrote that body never meant the field, so
// such a reload is refused.
//
// Bodies are compared by where they stand: class and method, or field whose initial value it is. Where a body used the name
// for something else before and uses it now, it is the same use for us, even if its text was edited around it or what it
// meant goes away in the same reload: an edit elsewhere is no sign that its author has seen the new field. Two things say
// that the field is meant: the class declares it itself, or the body did not use the name before. Locals of the name are
// none of this, nor are bodies that see no fields.
#pragma once
#include "vm/reload/state_changes.h"

namespace indent {

// Diagnostics in the new text of a module, which staged it as `now`, and which `before` was. A module that is not part of the
// reload is both, its text `tree` what it is: extensions of what changes are looked at there. `instead`: the staged modules.
// Exclusively.
std::vector<syntax::Diagnostic> find_captures(Runtime& runtime, const Module& before, const Module& now,
                                              const syntax::SyntaxTree& tree,
                                              std::span<const ClassChange> changes,
                                              const std::vector<const Module*>& instead);

} // namespace indent
