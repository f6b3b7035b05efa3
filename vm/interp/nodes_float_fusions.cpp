// Arithmetic on floats where operands are read without running their nodes: fields of objects in locals (`a.x - b.x`),
// and two operators at once on locals and constants (`x * x + y`). All of them are chosen when the plain entry has met
// its first floats (nodes_operators.cpp), and give way to it for good when anything else comes.
//
// The file is compiled without contraction: `x * y + z` is rounded twice, as when two nodes do it.
#include "vm/interp/binary_node.h"

namespace indent {

namespace {

constexpr bool is_quick(Op op) {
    return op == Op::Add || op == Op::Subtract || op == Op::Multiply;
}

template <Op O>
inline double apply(double a, double b) {
    if constexpr (O == Op::Add) return a + b;
    if constexpr (O == Op::Subtract) return a - b;
    if constexpr (O == Op::Multiply) return a * b;
}

inline Value finish(BinaryNode* node, Value* fp, double result, bool into) {
    Value value = Value::arithmetic(result);
    if (into) fp[node->into] = value;
    return value;
}

enum class Side : uint8_t { Local, Reader };

template <Side S>
inline Value read(const Node* child, uint32_t index, Value* fp) {
    return S == Side::Local ? fp[index] : field_of_local(child, fp);
}

template <Op O, Side L, Side R, bool Into>
Value run_fields(Node* node_, Value* fp) {
    auto* node = static_cast<BinaryNode*>(node_);
    Value a = read<L>(node->left, node->left_index, fp);
    Value b = read<R>(node->right, node->right_index, fp);
    if (a.is_float() && b.is_float()) [[likely]]
        return finish(node, fp, apply<O>(a.as_float(), b.as_float()), Into);
    node->run = node->plain; // nothing has run yet
    return node->run(node, fp);
}

// (a inner b) outer c, or c outer (a inner b); a and b locals or constants, c a local.
template <Op Inner, Op Outer, bool Right, bool Into>
Value run_two(Node* node_, Value* fp) {
    auto* node = static_cast<BinaryNode*>(node_);
    auto* inner = static_cast<BinaryNode*>(Right ? node->right : node->left);
    Value a = inner->left_kind == Kind::Constant ? inner->left_constant : fp[inner->left_index];
    Value b = inner->right_kind == Kind::Constant ? inner->constant : fp[inner->right_index];
    Value c = fp[Right ? node->left_index : node->right_index];
    if (a.is_float() && b.is_float() && c.is_float()) [[likely]] {
        const double first = apply<Inner>(a.as_float(), b.as_float());
        return finish(node, fp, Right ? apply<Outer>(c.as_float(), first) : apply<Outer>(first, c.as_float()),
                      Into);
    }
    node->run = node->plain;
    return node->run(node, fp);
}

// (a inner b) op c: a and b locals or constants, c a constant or a local.
template <Op Inner, Op Outer>
bool test_two(Node* node_, Value* fp) {
    auto* node = static_cast<BinaryNode*>(node_);
    auto* inner = static_cast<BinaryNode*>(node->left);
    Value a = inner->left_kind == Kind::Constant ? inner->left_constant : fp[inner->left_index];
    Value b = inner->right_kind == Kind::Constant ? inner->constant : fp[inner->right_index];
    Value c = node->right_kind == Kind::Constant ? node->constant : fp[node->right_index];
    if (a.is_float() && b.is_float() && c.is_float()) [[likely]] {
        const double left = apply<Inner>(a.as_float(), b.as_float());
        if constexpr (Outer == Op::Less) return left < c.as_float();
        if constexpr (Outer == Op::LessEqual) return left <= c.as_float();
        if constexpr (Outer == Op::Greater) return left > c.as_float();
        return left >= c.as_float();
    }
    node->test = node->plain_test;
    return node->test(node, fp);
}

template <Op Inner>
TestFunction test_for(Op outer) {
    switch (outer) {
    case Op::Less: return test_two<Inner, Op::Less>;
    case Op::LessEqual: return test_two<Inner, Op::LessEqual>;
    case Op::Greater: return test_two<Inner, Op::Greater>;
    case Op::GreaterEqual: return test_two<Inner, Op::GreaterEqual>;
    default: return nullptr;
    }
}

template <template <Op> class Choice, class... Arguments>
RunFunction for_op(Op op, Arguments... arguments) {
    switch (op) {
    case Op::Add: return Choice<Op::Add>::choose(arguments...);
    case Op::Subtract: return Choice<Op::Subtract>::choose(arguments...);
    default: return Choice<Op::Multiply>::choose(arguments...);
    }
}

template <Op O>
struct Fields {
    static RunFunction choose(bool left, bool right, bool into) {
        if (left && right)
            return into ? run_fields<O, Side::Reader, Side::Reader, true>
                        : run_fields<O, Side::Reader, Side::Reader, false>;
        if (left)
            return into ? run_fields<O, Side::Reader, Side::Local, true>
                        : run_fields<O, Side::Reader, Side::Local, false>;
        return into ? run_fields<O, Side::Local, Side::Reader, true>
                    : run_fields<O, Side::Local, Side::Reader, false>;
    }
};

template <Op Outer>
struct Two {
    template <Op Inner>
    struct With {
        static RunFunction choose(bool right, bool into) {
            if (right) return into ? run_two<Inner, Outer, true, true> : run_two<Inner, Outer, true, false>;
            return into ? run_two<Inner, Outer, false, true> : run_two<Inner, Outer, false, false>;
        }
    };
    static RunFunction choose(Op inner, bool right, bool into) { return for_op<With>(inner, right, into); }
};

bool is_operator_on_locals(const Node* child) {
    if (child->sort != Node::Binary) return false;
    auto* binary = static_cast<const BinaryNode*>(child);
    auto plain = [](Kind kind) { return kind == Kind::Local || kind == Kind::Constant; };
    return is_quick(binary->op) && plain(binary->left_kind) && plain(binary->right_kind);
}

} // namespace

TestFunction fused_float_test(BinaryNode* node) {
    const bool fits = node->left_kind == Kind::Any && is_operator_on_locals(node->left) &&
                      (node->right_kind == Kind::Constant || node->right_kind == Kind::Local);
    if (!fits) return nullptr;
    switch (static_cast<BinaryNode*>(node->left)->op) {
    case Op::Add: return test_for<Op::Add>(node->op);
    case Op::Subtract: return test_for<Op::Subtract>(node->op);
    default: return test_for<Op::Multiply>(node->op);
    }
}

RunFunction fused_floats(BinaryNode* node, bool into) {
    if (!is_quick(node->op)) return nullptr;
    const bool left = node->left_kind == Kind::Any && reads_field_of_local(node->left);
    const bool right = node->right_kind == Kind::Any && reads_field_of_local(node->right);
    if ((left && (right || node->right_kind == Kind::Local)) || (right && node->left_kind == Kind::Local))
        return for_op<Fields>(node->op, left, right, into);
    auto inner_of = [](Node* child) { return static_cast<BinaryNode*>(child)->op; };
    if (node->left_kind == Kind::Any && node->right_kind == Kind::Local && is_operator_on_locals(node->left))
        return for_op<Two>(node->op, inner_of(node->left), false, into);
    if (node->right_kind == Kind::Any && node->left_kind == Kind::Local && is_operator_on_locals(node->right))
        return for_op<Two>(node->op, inner_of(node->right), true, into);
    return nullptr;
}

} // namespace indent
