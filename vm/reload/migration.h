// How state changes its shape. A class whose fields change gets a new layout; objects of the old one become objects of
// the new one between turns, one step for each layout that they missed: by the class's `migrate_state(old, version)` where
// it defines one, else by the names of their fields.
#pragma once
#include "vm/interp/machine.h"
#include "vm/syntax/diagnostics.h"
#include <string>
#include <unordered_map>
#include <vector>

namespace indent {

// A class and what a reload makes of it.
struct ClassChange {
    Class* live = nullptr;
    Class* staged = nullptr;
    bool layout = false; // its objects change
    std::vector<std::pair<SymbolId, SymbolId>> renamed;
    std::vector<std::string> added, dropped, carried;
    bool by_hand = false; // by migrate_state
};

// What the new definition means for the state of the old one's objects. Diagnostics, at the new text: a likely rename that
// nobody says, a declared type that changes.
ClassChange compare_state(SymbolTable& symbols, Class& live, Class& staged, std::vector<syntax::Diagnostic>& diagnostics);

// Steps that are not taken by looking at classes alone: of a reload that is only tried.
struct MigrationSteps {
    struct Step {
        const Class* from;
        const Class* to;
        const std::vector<std::pair<SymbolId, SymbolId>>* renamed;
    };
    std::unordered_map<ShapeId, Step> by_shape; // asked first
};

// Brings all objects of the heap that vm is in to the newest layouts, vm.actor_state among them; in a protected run,
// with `args` its frame. Answers how many there were. Raises what a migrator raises.
size_t migrate_heap(Machine& vm, Value* args, const MigrationSteps* steps);

} // namespace indent
