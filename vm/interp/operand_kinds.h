// What kind of node an operand is: those that only read something are read by the node above them, without a call.
#pragma once
#include "vm/interp/nodes.h"

namespace indent {

enum class Kind : uint8_t { Any, Local, Field, Constant };

// What `child` is; `index` becomes its slot or field, `constant` its value.
Kind kind_of(const Node* child, uint32_t& index, Value& constant);

// Whether it is a local and a small constant, added or subtracted: `i + 1`.
bool is_local_plus(const Node* child, uint32_t& slot, int32_t& delta);

template <Kind K>
inline Value load(Node* child, uint32_t index, Value constant, Value* fp) {
    if constexpr (K == Kind::Any) return child->run(child, fp);
    if constexpr (K == Kind::Local) return fp[index];
    if constexpr (K == Kind::Field) return (*fp[0].cell())[index];
    if constexpr (K == Kind::Constant) return constant;
}

} // namespace indent
