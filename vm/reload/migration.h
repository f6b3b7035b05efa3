// How state changes its shape. A class whose fields change gets a new layout; objects of the old one become objects of
// the new one between turns, one step for each layout that they missed: by the class's `migrate_state(old, version)` where
// it defines one, else by the names of their fields.
#pragma once
#include "vm/actors/parcel.h"
#include "vm/interp/machine.h"
#include <deque>
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
    std::deque<std::vector<std::pair<SymbolId, SymbolId>>>
        composed; // what `renamed` of some of them points to
};

// For objects that a layout between theirs and the newest does not let through: `steps` with one step over all of them
// where nothing is lost on it, which is where the newest has a migrate_state, or fields for all of the old ones.
MigrationSteps steps_past_what_fails(Machine& vm, const MigrationSteps* steps);

// Whether they have fields of the same names, types and versions, in the same order.
bool same_fields(const Class& a, const Class& b);

// Whether what is packed may have anything that migrates. False: migrate_heap would answer 0.
bool concerns(Machine& vm, const Parcel& parcel, const MigrationSteps& steps);

// Brings all objects of the heap that vm is in to the newest layouts, vm.actor_state and what stands in `slots` of the
// stack among them, and what they reach in the shared space, as copies; in a protected run, with `args` its frame. Answers how many there were. Raises what a migrator raises.
//
// What an object loses on the way forward (dropped fields; all of its fields where migrate_state decides) goes to
// vm.actor_journal, which the way back reads: a list of groups, the object, a number of pairs, and name and value of each.
size_t migrate_heap(Machine& vm, Value* args, const MigrationSteps* steps, std::span<Value> slots = {});

} // namespace indent
