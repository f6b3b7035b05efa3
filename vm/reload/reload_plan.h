// What a reload is about to do, from its preparation to its end. Seen by vm/reload alone.
#pragma once
#include "vm/reload/reload_engine.h"
#include "vm/reload/state_changes.h"
#include <memory>
#include <set>
#include <unordered_map>

namespace indent {

struct ReloadPlanModule {
    ReloadText text;
    TreePointer tree;
    Module* old = nullptr; // null: the module is new
    std::unique_ptr<Module> made;
    Module* module = nullptr;  // the new generation, wherever it is owned
    Module* back_to = nullptr; // of an undo: the generation whose text it is
    // The statements of a script are the program itself, which goes on.
    bool is_script() const { return !text.is_module && !tree->module; }
    bool laid_out_anew = false; // its text is what it was: a superclass changes
    std::unordered_map<SymbolId, std::string>
        faces; // of definitions before: what importers see (boundaries.cpp)
};

// What a handler of `hot.accept` hears of.
struct BoundaryChange {
    std::string module;
    std::vector<std::string> added, removed, changed; // public names
};

struct ReloadPlan {
    using One = ReloadPlanModule;
    uint64_t number = 0;
    uint32_t epoch = 0;                           // that it was prepared in
    uint64_t amendments = 0, amended_classes = 0; // as they were then
    ReloadOptions options;
    bool undoes = false;          // goes back to texts that were current before
    bool undo_state = false;      // and so do states,
    bool accept_loss = false;     // even where what they were is not known
    std::vector<One> modules;     // in dependency order
    std::vector<ActorRef> forced; // whose messages are handled anew when it is over
    Loader::Staged staged;
    std::vector<ClassChange> classes;
    MigrationSteps steps;
    std::set<std::string> also; // modules whose classes inherit from what changes
    struct Gone {
        Class* cls;
        One* from;
        std::unordered_map<SymbolId, Method*> methods; // where it is a tombstone
        std::vector<Class*> traits;
    };
    std::vector<Gone> gone;         // classes whose definitions are taken away
    std::set<std::string> restarts; // modules whose actors begin anew
    struct KeptData {
        Module* module;
        Value value;
    };
    std::vector<KeptData> data; // of boundaries, from before
    bool layouts = false;
    struct NeverLeft { // objects that an undo finds as it wants them
        Class* cls;
        Class::Way way; // that they would have taken
        Class* to;
    };
    std::vector<NeverLeft> never_left;
    Class::Way way() const { return !undoes ? Class::Forward : undo_state ? Class::Back : Class::Same; }
    struct Kept {
        Binding* binding;
        Value value;
    };
    std::vector<Kept> stable; // values from before
    struct KeptAtom {
        Value atom, before, after; // all held
    };
    std::vector<KeptAtom> atoms; // whose values have been migrated
    ReloadReport report;
};

} // namespace indent
