// From a checked syntax tree to live definitions: bindings, classes, methods. Definitions exist before effects run.
//
// A definition that is there already is replaced where it stands: a function's binding gets the new method, a
// class's method dictionary the new entry, and caches are flushed, so that the next send runs the new code. A class
// that is defined anew is another class; its instances keep theirs.
#pragma once
#include "vm/interp/machine.h"
#include "vm/syntax/diagnostics.h"
#include <memory>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace indent {

using TreePointer = std::shared_ptr<const syntax::SyntaxTree>;
using Diagnostics = std::vector<syntax::Diagnostic>;

// What a class, or `extend`, has in its body; null: it is neither.
const syntax::Behaviour* members_of(const syntax::Node* node);

class Loader {
  public:
    explicit Loader(Machine& vm) : vm_(vm), runtime_(vm.runtime) {}

    // The module with this path, made empty if there is none.
    Module& module(std::string_view path, std::string_view file, bool library);

    // Files of the library, which see each other. False with a sentence in `failure` where a primitive is missing or a
    // class cannot be made: a fault of the program itself.
    bool define_library(const std::vector<std::pair<Module*, TreePointer>>& files, std::string& failure);

    // What staged files of the library named since the last time and no primitive is there for; a line for each.
    std::string take_missing_primitives();

    // A line for each primitive that no file of the library used so far.
    std::string unused_primitives() const;

    // What a new generation brings besides its own names: done when it becomes current.
    struct Staged {
        std::vector<Class*> classes;
        struct Extension {
            Module* module;
            TreePointer tree;
            const syntax::ExtendNode* node;
            Class* target;
        };
        std::vector<Extension> extensions;
    };
    // Definitions of texts in modules that nobody uses yet: nothing else changes. Imports must be there.
    // `faulty`: the file that the diagnostics are about.
    Diagnostics stage(std::vector<std::pair<Module*, TreePointer>> files, Staged& staged, size_t& faulty);
    // Makes the names that the text defines known in the module, so that modules in a circle can import them before any is
    // staged.
    void declare(Module& module, const syntax::SyntaxTree& tree);
    // A module that is in nobody's list.
    std::unique_ptr<Module> new_module(std::string_view path, std::string_view file);
    // Adds the methods of an `extend`, traits too.
    Diagnostics extend(const Staged::Extension& extension);

    // All definitions of the tree in the module. Errors leave what was there as it was. Imports must be loaded.
    Diagnostics define(Module& module, TreePointer tree);

    // Replaces or adds the methods that stand in the tree (parsed as members) to a class of the module. Takes all
    // or none.
    Diagnostics define_members(Module& module, Class& cls, TreePointer tree);

    // Takes away a method that the class itself defines, of its instances or else of the class side. What it stood
    // before comes back: a field's reader, an inherited method. A reader alone cannot be removed.
    enum class Removed { Yes, No, Reader };
    Removed remove_method(Class& cls, SymbolId selector);

    // Brings the module with this path into the importing one.
    Diagnostics import(Module& into, const syntax::ImportNode& node, Module& from);

    // What a generation was that is in memory no more, made again for blocks of it: an old generation beside the current
    // one. Its functions and methods are its own, bound to what has their names now: classes and `stable` and `var` values
    // are those of today, and what is there no more is missed where a block comes to it. Nothing of it runs. Null: the text
    // could never have been accepted. While nobody else runs.
    struct Older {
        std::unique_ptr<Module> module;
        std::vector<Method*> methods; // of classes that are there, and functions
        std::vector<FieldInfo> initialisers;
    };
    std::unique_ptr<Older> make_older(Module& current, TreePointer tree);

    // The class that a name or a dotted path means in a module, or null.
    Class* find_class(const Module& module, const syntax::Node* name) const;

  private:
    struct Pending;
    Binding* bind(Module& module, std::string_view name, Binding::Kind kind, const syntax::Node* definition,
                  std::string_view doc);
    Class* make_class(Module& module, const syntax::Node* node, TreePointer tree);
    Method* make_method(Module& module, Class* owner, const syntax::DefinitionNode* node,
                        const TreePointer& tree, bool class_side);
    syntax::Diagnostic method_taken(const Class& cls, const syntax::DefinitionNode* node,
                                    const Method& other) const;
    void add_methods(Module& module, Class& cls, const syntax::Behaviour& members, const TreePointer& tree,
                     Diagnostics& diagnostics, bool extending);
    void add_readers(Module& module, Class& cls, size_t first);
    void add_reader(Module& module, Class& cls, size_t field);
    bool fill_class(Pending& pending, Diagnostics& diagnostics);
    void bind_primitive(Method* method, const syntax::DefinitionNode* node);
    Diagnostics define_all(std::vector<std::pair<Module*, TreePointer>> files, Staged* staged = nullptr,
                           size_t* faulty = nullptr);

    Machine& vm_;
    Runtime& runtime_;
    bool staging_ = false;
    std::vector<std::string> missing_primitives_;
    std::unordered_set<const PrimitiveRow*> used_primitives_;
};

} // namespace indent
