// A tree as an S-expression: every part that has a meaning, no places. Two texts say the same if their dumps
// are equal. For tests and for looking at trees.
#pragma once
#include "vm/syntax/tree.h"
#include <string>

namespace indent::syntax {

// One top-level node a line.
std::string dump(const SyntaxTree& tree);
std::string dump(const Node* node); // null: "_"
std::string dump(const Pattern& pattern);

} // namespace indent::syntax
