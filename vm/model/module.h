// A module: a text and what its names stand for. Each reload makes a new one of the same path, a *generation*; the code
// of the old one goes on in it. Runtime::modules has the current ones.
#pragma once
#include "vm/heap/value.h"
#include "vm/model/method.h"
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace indent {

struct Binding {
    enum Kind : uint8_t { Function, ClassName, Stable, Var, ImportedModule } kind = Function;
    SymbolId name = 0;
    Method* method = nullptr; // Function
    Class* cls = nullptr;     // ClassName
    Value value;              // Stable, Var: immediate or shared, held by this binding
    Module* target = nullptr; // ImportedModule
    Module* module = nullptr; // where it is defined
    const syntax::Node* definition = nullptr;
    std::string doc;
    const Binding* before = nullptr; // Stable, Var: of the generation before, where that is another one
};

// What a generation has said of reloads that concern it (vm/reload/boundaries.cpp). Values are shared and held.
struct Boundary {
    bool accepts_itself = false; // who imports it need not fit
    bool declines = false;       // never in place: its actors begin anew
    struct Accept {
        std::string module; // an import: its path, or the last part of it
        Value handler;      // a frozen block of one parameter; nil: none
    };
    std::vector<Accept> accepts;
    std::vector<Value> disposes; // frozen blocks of one parameter
    Value data;                  // what the generation before has left; absent: nothing
};

struct Module {
    uint32_t generation = 1;
    Module* successor = nullptr; // the generation that came after this one; null: this is the current one
    Module& current() { return successor ? successor->current() : *this; }
    uint64_t hash = 0;        // of its text; 0: it has grown from several
    uint32_t replaced_at = 0; // the epoch that brought its successor; 0: it is current
    uint32_t amended = 0;     // times that it was changed in place since (vm/reload/amend.cpp)
    uint32_t keep = 2;        // generations that may be in use at once (@keep)
    bool failed = false;      // its first effects did not come to their end: `once` has not run
    bool purged = false;      // its blocks cannot be called any more
    bool archived = false;    // nobody uses it: there for old layouts and undo
    std::string path;         // "shop.pricing"; of a script: its file's name without .ind
    std::string file;         // as diagnostics name it
    bool library = false;
    std::string doc;
    std::unordered_map<SymbolId, Binding*> names;   // own definitions
    std::unordered_map<SymbolId, Binding*> imports; // names brought in by import
    std::vector<std::shared_ptr<const syntax::SyntaxTree>> trees;
    struct Test {
        std::string title;
        const syntax::TestNode* definition;
        std::shared_ptr<const syntax::SyntaxTree> tree;
    };
    std::vector<Test> tests;
    std::vector<Class*> extended; // classes of other modules that this one adds methods to
    Boundary boundary;
    Value value;                               // the module as an object: a shared cell, shape::kModule
    std::unordered_map<SymbolId, Class*> gone; // classes that were taken away while objects lived
};

// What has the name of this binding in the current generation of its module; null: nothing.
inline Binding* newest(const Binding* binding) {
    Module& module = binding->module->current();
    auto found = module.names.find(binding->name);
    return found == module.names.end() ? nullptr : found->second;
}

} // namespace indent
