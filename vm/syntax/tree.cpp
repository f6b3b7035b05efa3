#include "vm/syntax/tree.h"

namespace indent::syntax {

const DefinitionHead* head_of(const Node* node) {
    if (!node) return nullptr;
    switch (node->kind) {
    case Kind::Definition: return &as<DefinitionNode>(node)->head;
    case Kind::ModuleValue: return &as<ModuleValueNode>(node)->head;
    case Kind::Class: return &as<ClassNode>(node)->head;
    case Kind::Record: return &as<RecordNode>(node)->head;
    case Kind::Trait: return &as<TraitNode>(node)->head;
    case Kind::Actor: return &as<ActorNode>(node)->head;
    case Kind::Supervisor: return &as<SupervisorNode>(node)->head;
    default: return nullptr;
    }
}

} // namespace indent::syntax
