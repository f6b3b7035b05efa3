// What a body's text tells before anything is made of it. Walks over the tree alone; they err on the side of "yes".
#pragma once
#include "vm/syntax/tree.h"
#include <set>
#include <string_view>

namespace indent::syntax {

// What the text of one method tells before anything is made: names that are assigned, and names that stand in
// blocks (or in what may run as one).
struct NameUse {
    std::set<std::string_view> assigned;
    std::set<std::string_view> in_blocks;
};
NameUse scan_names(Nodes statements);
bool contains_return(const Node* node);
bool contains_return(const Suite& suite);
// The error of a catch may be resumed, retried, or given to somebody who does.
bool may_resume(const CatchClause& clause);
// Control always leaves at the end of the suite (return or raise).
bool ends_abruptly(const Suite& suite);

} // namespace indent::syntax
