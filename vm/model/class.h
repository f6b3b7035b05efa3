// A class: names of fields, a method dictionary, a superclass. A class is its lineage; its shape is its layout.
#pragma once
#include "vm/model/method.h"
#include "vm/model/shape.h"
#include <string>
#include <unordered_map>
#include <vector>

namespace indent {

enum class ClassKind : uint8_t { Plain, Record, Trait, Actor, Supervisor, Builtin };

struct FieldInfo {
    SymbolId name = 0;
    const syntax::Node* initial = nullptr; // null: must be given
    std::shared_ptr<const syntax::SyntaxTree> tree;
    Module* module = nullptr;
    Class* declared_in = nullptr;
    const syntax::Node* type = nullptr; // declared; null: none
    uint32_t number = 0;                // of its initialiser's executable trees (Machine::code_slot)
};

class Class {
  public:
    // A class is its lineage: this object, whose contents each reload replaces. Where that changes the layout of its
    // instances, what the class was goes to another Class, which their shape then names: it answers for objects that
    // have not been migrated. `lineage`: of such a one, the class itself; null: this is it.
    Class* lineage = nullptr;
    Class* newer = nullptr; // of such a one: what its objects become next, or null: the class itself
    std::vector<std::pair<SymbolId, SymbolId>>
        renamed; // fields on that way: old name, new name (0: made anew)
    enum Way : uint8_t {
        Forward, // by migrate_state, or by names
        Back,    // an undo: by migrate_back, or by names and what the way forward has kept
        Same,    // the fields are the same
        Reset,   // new state on purpose: all fields run their initialisers
    } way = Forward;
    bool accept_loss = false; // on the way back
    uint32_t gone_since =
        0; // the epoch that took its definition away; its objects are tombstones. 0: it is there
    int64_t state_version = 1;
    uint32_t mailbox_limit = 0; // of an actor that says so (@mailbox); 0: the world's
    const Class* itself() const { return lineage ? lineage : this; }
    Class* itself() { return lineage ? lineage : this; }

    SymbolId name = 0;
    Module* module = nullptr;
    ClassKind kind = ClassKind::Plain;
    Class* superclass = nullptr;
    std::vector<Class*> traits;      // looked up after the class's own methods, last named first
    std::vector<FieldInfo> fields;   // inherited ones first
    ShapeId shape = 0;               // of its instances; 0 for traits
    Class* side = nullptr;           // the class that its class value is an instance of; null on class sides
    Class* instance_class = nullptr; // on class sides: the class
    Value value;                     // the class value: a shared cell
    std::shared_ptr<const syntax::SyntaxTree> tree;
    const syntax::Node* definition = nullptr;
    std::string doc;

    // The method that a send of `selector` runs: own, then traits, then the superclass's. Null if none.
    Method* lookup(SymbolId selector) const {
        for (const Class* c = this; c; c = c->superclass) {
            if (auto found = c->methods.find(selector); found != c->methods.end()) return found->second;
            for (auto t = c->traits.rbegin(); t != c->traits.rend(); ++t)
                if (Method* method = (*t)->lookup(selector)) return method;
        }
        return nullptr;
    }
    bool inherits_from(const Class* other) const {
        for (const Class* c = this; c; c = c->superclass) {
            if (c == other || c->itself() == other->itself()) return true;
            for (const Class* t : c->traits)
                if (t->inherits_from(other)) return true;
        }
        return false;
    }
    int field_index(SymbolId field) const {
        for (size_t i = 0; i < fields.size(); ++i)
            if (fields[i].name == field) return int(i);
        return -1;
    }

    std::unordered_map<SymbolId, Method*> methods; // the method dictionary
};

} // namespace indent
