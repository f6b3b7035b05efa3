// Finds, before anything runs, what cannot go well: names that nothing defines, assignments to nothing, wrong
// arguments of known functions and constructors, `self.x` that nobody defines, definitions twice, leaving what one
// is not in; and warns of what is allowed but hardly meant. All of a text in one pass.
//
// Where something is not known (a superclass of another kind, an argument list that is spread), it keeps silent:
// a right program is never refused.
#pragma once
#include "vm/reload/known_names.h"
#include "vm/syntax/diagnostics.h"

namespace indent {

// What a bare name in the body of a class means there.
struct NameUse {
    const syntax::Node* of = nullptr; // the definition that the body stands in
    std::string_view member;          // the method, or the field whose initial value it is
    bool class_side = false;
    std::string_view name;
    syntax::Span where;
    bool field = false; // it means a field, or else what the module sees under this name
};

struct CheckOptions {
    bool interactive = false; // a REPL or workspace: plain assignment at the top makes a variable that stays
    // A tree that was parsed as members: the class that they are for. Null for whole texts.
    std::shared_ptr<const KnownClass> members_of;
    std::string module_path;              // where the text does not say it itself
    std::vector<NameUse>* uses = nullptr; // gets all of them; views of the tree
};

// By place. `tree` must have parsed without errors.
std::vector<syntax::Diagnostic> check(const syntax::SyntaxTree& tree, const KnownNames& known,
                                      const CheckOptions& options = {});

} // namespace indent
