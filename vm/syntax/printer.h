// From tree to text: the canonical way to write what the tree says. Parsing that text gives the same tree
// again (see dump.h); comments that are no documentation are not in the tree, so they are not in the text
// either.
#pragma once
#include "vm/syntax/tree.h"
#include <string>

namespace indent::syntax {

// A whole tree that was parsed without errors. Ends in a line end unless it is empty.
std::string print(const SyntaxTree& tree);
// One expression, statement or definition, its lines indented by `level` times four spaces; an expression has
// no line end at its end, unless it ends in a suite.
std::string print(const Node* node, int level = 0);

} // namespace indent::syntax
