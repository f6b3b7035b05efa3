// Makes executable trees from syntax trees: names become slots, fields, captured words or bindings; sends get
// their sites. A body is made when it is first run. What a name cannot be resolved to becomes a node that raises
// when it is met (the checker reports it before code goes live).
#pragma once
#include "vm/interp/inner.h"
#include "vm/interp/send.h"
#include "vm/model/module.h"
#include <map>
#include <string>

namespace indent {

// Variables that outlive an input: of a REPL, a workspace, eval. Their values stand in an array of the heap.
struct Workspace {
    std::map<std::string, uint32_t, std::less<>> variables; // and the place of each
    uint32_t places = 0; // that were given: a block may still look where a variable was that is forgotten
    Value array;         // kArray cell; a root of the machine (Machine::Inner::kept_roots)

    // Its place; a name that is not known gets a new one.
    uint32_t declare(std::string_view name) {
        const auto [variable, is_new] = variables.try_emplace(std::string(name), places);
        if (is_new) ++places;
        return variable->second;
    }
};

Code* code_of(Machine& vm, Method* method);
// A further one of the body that this one is of, or that the block stands in.
Code* made_again(Machine& vm, const Code* code);
Code* code_of_initialiser(Machine& vm, FieldInfo& field);
// Where a block stands in the body of a method, an initialiser or a script: its position in the text, and those of the
// blocks around it.
using BlockPlace = std::vector<uint32_t>;
BlockPlace place_of(const Code* block);
// The block of a body that stands there, or null. Blocks that were not needed so far are made on the way.
Code* block_at(Machine& vm, Code* body, const BlockPlace& place);
// This machine's own code of a block that another one made, or that was made when its self had another layout: fields are
// found by their names then.
Code* twin_of(Machine& vm, Code* block, Value self);
// Whether objects that had the layout of its self have another one by now, or will.
bool is_laid_out_anew(const Runtime& runtime, const Code& block);
// The statements of a script (workspace null: its variables live in the frame), of an input, of a test or of
// `once`. Definitions among them are skipped.
struct TopLevelBody {
    std::shared_ptr<const syntax::SyntaxTree> tree;
    syntax::Nodes statements;
    Module* module = nullptr;
    Workspace* workspace = nullptr;
    std::string_view name;           // for traces
    bool assign_declares = true;     // plain assignment declares (scripts, inputs)
    bool sees_all_modules = false;   // eval, inputs: every module may be named
    bool sets_module_values = false; // module effects, once and hooks assign stable and var
    std::vector<std::string> given;  // names of variables that it finds in its frame, from slot 1 on
    Class* cls = nullptr; // whose fields are in sight, and of whose methods `super` is asked; null: none
};
// The statements of a script, or a block in them: they belong to no generation, and run on through reloads.
bool is_of_script(const Code& code);
Code* make_top_level(Machine& vm, const TopLevelBody& body);

// The block that a lazy block node (a catch suite) makes in the frame fp, with the stack free from `top` on.
Value create_lazy_block(Machine& vm, Node* node, Value* fp, Value* top);

// What a name means at a module's top level: own definition, import, prelude. Null: nothing.
Binding* find_binding(Runtime& runtime, const Module* module, std::string_view name);

} // namespace indent
