// What a new definition means for the state of the objects that are there. State has a signature: names and types of the
// fields, their initial values, the superclass, the state_version. Bodies do not count: where the signature is what it
// was, no object is touched.
#pragma once
#include "vm/model/class.h"
#include "vm/model/module.h"
#include "vm/syntax/diagnostics.h"
#include "vm/syntax/tree.h"
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace indent {

struct Runtime;

// A class and what a reload makes of it.
struct ClassChange {
    Class* live = nullptr;
    Class* staged = nullptr;
    bool layout = false;                                // its objects change
    std::vector<std::pair<SymbolId, SymbolId>> renamed; // to 0: made anew
    std::vector<std::string> added, dropped, carried, anew;
    bool by_hand = false;        // by migrate_state
    bool reset = false;          // new state on purpose
    bool only_looked_at = false; // types are declared that were not: values stay, and must be of them
    // `of_plan`: the way of all that change in one reload.
    Class::Way way(Class::Way of_plan) const {
        return reset ? Class::Reset : only_looked_at ? Class::Same : of_plan;
    }
};

// Diagnostics, at the new text: a likely rename that nobody says, a declared type that changes. `back`: the staged one is
// what the class was before its last change. Exclusively.
ClassChange compare_state(Runtime& runtime, Class& live, Class& staged, bool back,
                          std::vector<syntax::Diagnostic>& diagnostics);

// Whether the class is, or inherits from, what `wanted` is a generation of, staged ones too.
bool is_of_lineage(const Class* cls, const Class& wanted);

// Whether an annotation of this name stands there.
bool is_marked(std::span<const syntax::Annotation> annotations, std::string_view name);

// What becomes of a `stable` value that is there, as the new text declares it, with the generation before.
enum class StableFate {
    Kept,
    KeptInSpiteOfEdit, // its initial value was edited
    Anew,              // `@reset`, which stands there since this edit
};
StableFate fate_of_stable(const Module& old, const syntax::ModuleValueNode& now);

// One line for each `stable` of a module's new text that is kept in spite of an edit.
std::vector<std::string> kept_in_spite_of_edits(const Module& old, const syntax::SyntaxTree& now);

} // namespace indent
