// How state changes its shape. A class whose fields change gets a new layout; objects of the old one become objects of
// the new one between turns, one step for each layout that they missed: by the class's `migrate_state(old, version)` where
// it defines one, else by the names of their fields.
#pragma once
#include "vm/interp/machine.h"
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

namespace indent {

// Steps that are not taken by looking at classes alone: of a reload that is only tried.
struct MigrationSteps {
    struct Step {
        const Class* from;
        const Class* to;
        const std::vector<std::pair<SymbolId, SymbolId>>* renamed;
        Class::Way way = Class::Forward;
        bool accept_loss = false;
    };
    std::unordered_map<ShapeId, Step> by_shape; // asked first
};

// Brings all objects of the heap that vm is in to the newest layouts, vm.actor_state and what stands in `slots` of the
// stack among them, and what they reach in the shared space, as copies; in a protected run, with `args` its frame. Answers how many there were. Raises what a migrator raises.
//
// What an object loses on the way forward (dropped fields; all of its fields where migrate_state decides) goes to
// vm.actor_journal, which the way back reads: a list of groups, the object, a number of pairs, and name and value of each.
size_t migrate_heap(Machine& vm, Value* args, const MigrationSteps* steps, std::span<Value> slots = {});

} // namespace indent
