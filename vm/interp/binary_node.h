// The node of an operator, for the files that run it.
#pragma once
#include "vm/interp/operand_kinds.h"

namespace indent {

enum class Op : uint8_t {
    Add,
    Subtract,
    Multiply,
    Divide,
    FloorDivide,
    Modulo,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Equal,
    NotEqual
};
constexpr bool is_comparison(Op op) {
    return op >= Op::Less;
}

struct BinaryNode : Node {
    Node* left = nullptr;
    Node* right = nullptr;
    uint32_t left_index = 0;  // slot or field
    uint32_t right_index = 0; // slot or field
    Value left_constant;
    Value constant;
    Op op{};
    Kind left_kind{}, right_kind{};
    uint16_t into = 0; // the local that takes the result, in the entries that are Into
    SendSite* send = nullptr;
    TestFunction plain_test = nullptr;
    RunFunction plain = nullptr; // of a fused entry: what runs where it does not fit
};

// False where the operator's method has to answer.
template <Op O>
inline bool floats(double a, double b, Value& result) {
    if constexpr (O == Op::Add) return result = Value::arithmetic(a + b), true;
    if constexpr (O == Op::Subtract) return result = Value::arithmetic(a - b), true;
    if constexpr (O == Op::Multiply) return result = Value::arithmetic(a * b), true;
    if constexpr (O == Op::Divide) {
        if (b == 0) return false;
        return result = Value::arithmetic(a / b), true;
    }
    return false; // // and % of floats: the primitive
}

// An entry of its own for operands that are fields of locals, or an operator on locals: `a.x - b.x`, `x * x + y`. Null:
// there is none. To be asked when both operands have run once and were floats.
RunFunction fused_floats(BinaryNode* node, bool into);
// The same for comparisons: `x * x + y > 4.0` reads x * x + y's outer operator in one.
TestFunction fused_float_test(BinaryNode* node);

} // namespace indent
