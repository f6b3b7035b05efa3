// Operators on small integers and floats, in place. Each node begins with integers in mind; the first pair of
// floats rewrites it to floats; what is neither goes through the send that the operator stands for (which mixes
// numbers, takes big integers and asks user classes), so a late-bound `+` is never missed. The integer and float
// methods behind these operators are sealed (vm/reload/loader refuses their redefinition), which is what allows
// the short way.
//
// Operand kinds are template arguments, so that `local op constant` reads no child node.
#include "vm/interp/binary_node.h"
#include "vm/interp/block.h"
#include <cmath>

namespace indent {

namespace {

// Both operands in order; the left one waits in its operand slot while the right one runs.
template <Kind L, Kind R>
inline void load_both(BinaryNode* node, Value* fp, Value& a, Value& b) {
    a = load<L>(node->left, node->left_index, node->left_constant, fp);
    if constexpr (R == Kind::Any) {
        Value* nf = fp + node->temp + 1;
        nf[0] = a;
        b = load<R>(node->right, node->right_index, node->constant, fp);
        a = nf[0];
    } else {
        b = load<R>(node->right, node->right_index, node->constant, fp);
    }
}

[[gnu::noinline]] Value send_both(BinaryNode* node, Value* fp, Value a, Value b) {
    Value* nf = fp + node->temp + 1;
    nf[0] = a;
    nf[1] = b;
    return send_prepared(node->send, nf);
}

[[gnu::noinline]] bool send_test(BinaryNode* node, Value* fp, Value a, Value b) {
    Value value = send_both(node, fp, a, b);
    if (value.is_boolean()) return value.is_true();
    Value* nf = fp + node->temp + 1;
    nf[-1] = Value::raw(node);
    nf[0] = value;
    return Machine::of(fp).truth(value, nf);
}

template <Op O>
inline bool integers(Value a, Value b, Value& result) {
    if constexpr (O == Op::Add) {
        uint64_t r = a.bits() + b.bits() + uint64_t(Value::kIntegerBias);
        result = Value::from_bits(r);
        return r >= Value::kIntegerTag;
    } else if constexpr (O == Op::Subtract) {
        uint64_t r = a.bits() - b.bits() - uint64_t(Value::kIntegerBias);
        result = Value::from_bits(r);
        return r >= Value::kIntegerTag;
    } else if constexpr (O == Op::Multiply) {
        int64_t r;
        if (__builtin_mul_overflow(a.as_integer(), b.as_integer(), &r) || !Value::fits_integer(r))
            return false;
        result = Value::integer(r);
        return true;
    } else if constexpr (O == Op::Divide) {
        if (b.as_integer() == 0) return false;
        result = Value::floating(double(a.as_integer()) / double(b.as_integer()));
        return true;
    } else if constexpr (O == Op::FloorDivide) {
        int64_t x = a.as_integer(), y = b.as_integer();
        if (y == 0) return false;
        int64_t q = x / y;
        if (x % y != 0 && (x < 0) != (y < 0)) --q;
        if (!Value::fits_integer(q)) return false;
        result = Value::integer(q);
        return true;
    } else if constexpr (O == Op::Modulo) {
        int64_t x = a.as_integer(), y = b.as_integer();
        if (y == 0) return false;
        int64_t r;
        if ((uint64_t(x) | uint64_t(y)) >> 31 == 0) {
            r = int64_t(uint32_t(x) % uint32_t(y));
        } else {
            r = x % y;
            if (r != 0 && (r < 0) != (y < 0)) r += y;
        }
        result = Value::integer(r);
        return true;
    }
    return false;
}

template <Op O, class T>
inline bool compare(T a, T b) {
    if constexpr (O == Op::Less) return a < b;
    if constexpr (O == Op::LessEqual) return a <= b;
    if constexpr (O == Op::Greater) return a > b;
    if constexpr (O == Op::GreaterEqual) return a >= b;
    if constexpr (O == Op::Equal) return a == b;
    if constexpr (O == Op::NotEqual) return a != b;
}

template <Op O, Kind L, Kind R, bool Into>
Value run_floats(Node* node, Value* fp);
template <Op O, Kind L, Kind R, bool Into>
Value run_mixed(Node* node, Value* fp);
template <Op O, Kind L, Kind R>
bool test_floats(Node* node, Value* fp);
template <Op O, Kind L, Kind R>
bool test_mixed(Node* node, Value* fp);

// Out of the way: neither two integers nor two floats, or an overflow, or a zero divisor.
template <Op O>
[[gnu::noinline]] Value arithmetic_slowly(BinaryNode* node, Value* fp, Value a, Value b) {
    Value result;
    if (a.is_integer() && b.is_float() && floats<O>(double(a.as_integer()), b.as_float(), result))
        return result;
    if (a.is_float() && b.is_integer() && floats<O>(a.as_float(), double(b.as_integer()), result))
        return result;
    return send_both(node, fp, a, b);
}

template <bool Into>
inline Value given(BinaryNode* node, Value* fp, Value result) {
    if constexpr (Into) fp[node->into] = result;
    return result;
}

template <Op O, Kind L, Kind R, bool Into>
Value run_integers(Node* node_, Value* fp) {
    auto* node = static_cast<BinaryNode*>(node_);
    Value a, b, result;
    load_both<L, R>(node, fp, a, b);
    if (Value::both_integers(a, b) && integers<O>(a, b, result)) [[likely]]
        return given<Into>(node, fp, result);
    if (a.is_float() && b.is_float()) {
        node->plain = run_floats<O, L, R, Into>;
        RunFunction fused = fused_floats(node, Into);
        node->run = fused ? fused : node->plain;
        if (floats<O>(a.as_float(), b.as_float(), result)) return given<Into>(node, fp, result);
    }
    return given<Into>(node, fp, arithmetic_slowly<O>(node, fp, a, b));
}

template <Op O, Kind L, Kind R, bool Into>
Value run_floats(Node* node_, Value* fp) {
    auto* node = static_cast<BinaryNode*>(node_);
    Value a, b, result;
    load_both<L, R>(node, fp, a, b);
    if (a.is_float() && b.is_float() && floats<O>(a.as_float(), b.as_float(), result)) [[likely]]
        return given<Into>(node, fp, result);
    if (Value::both_integers(a, b)) {
        node->run = run_mixed<O, L, R, Into>;
        if (integers<O>(a, b, result)) return given<Into>(node, fp, result);
    }
    return given<Into>(node, fp, arithmetic_slowly<O>(node, fp, a, b));
}

template <Op O, Kind L, Kind R, bool Into>
Value run_mixed(Node* node_, Value* fp) {
    auto* node = static_cast<BinaryNode*>(node_);
    Value a, b, result;
    load_both<L, R>(node, fp, a, b);
    if (Value::both_integers(a, b) && integers<O>(a, b, result)) return given<Into>(node, fp, result);
    if (a.is_float() && b.is_float() && floats<O>(a.as_float(), b.as_float(), result))
        return given<Into>(node, fp, result);
    return given<Into>(node, fp, arithmetic_slowly<O>(node, fp, a, b));
}

template <Op O>
[[gnu::noinline]] bool comparison_slowly(BinaryNode* node, Value* fp, Value a, Value b) {
    if constexpr (O == Op::Equal || O == Op::NotEqual) {
        // Values that are words and the same word are equal (floats were seen to before).
        if (!a.is_cell() && !a.is_float() && a == b) return O == Op::Equal;
        if (is_text(a) && is_text(b)) return text_equal(a, b) == (O == Op::Equal);
        if ((a.is_nil() || a.is_symbol() || a.is_boolean()) && !b.is_cell()) return O == Op::NotEqual;
    }
    constexpr int64_t kExact = int64_t(1) << 47; // every small integer is exact as a float
    static_assert(kExact < int64_t(1) << 53);
    if (a.is_integer() && b.is_float()) return compare<O, double>(double(a.as_integer()), b.as_float());
    if (a.is_float() && b.is_integer()) return compare<O, double>(a.as_float(), double(b.as_integer()));
    return send_test(node, fp, a, b);
}

template <Op O, Kind L, Kind R>
bool test_integers(Node* node_, Value* fp) {
    auto* node = static_cast<BinaryNode*>(node_);
    Value a, b;
    load_both<L, R>(node, fp, a, b);
    if (Value::both_integers(a, b)) [[likely]]
        return compare<O, uint64_t>(a.bits(), b.bits());
    if (a.is_float() && b.is_float()) {
        node->plain_test = test_floats<O, L, R>;
        TestFunction fused = fused_float_test(node);
        node->test = fused ? fused : node->plain_test;
        return compare<O, double>(a.as_float(), b.as_float());
    }
    return comparison_slowly<O>(node, fp, a, b);
}

template <Op O, Kind L, Kind R>
bool test_floats(Node* node_, Value* fp) {
    auto* node = static_cast<BinaryNode*>(node_);
    Value a, b;
    load_both<L, R>(node, fp, a, b);
    if (a.is_float() && b.is_float()) [[likely]]
        return compare<O, double>(a.as_float(), b.as_float());
    if (Value::both_integers(a, b)) {
        node->test = test_mixed<O, L, R>;
        return compare<O, uint64_t>(a.bits(), b.bits());
    }
    return comparison_slowly<O>(node, fp, a, b);
}

template <Op O, Kind L, Kind R>
bool test_mixed(Node* node_, Value* fp) {
    auto* node = static_cast<BinaryNode*>(node_);
    Value a, b;
    load_both<L, R>(node, fp, a, b);
    if (Value::both_integers(a, b)) return compare<O, uint64_t>(a.bits(), b.bits());
    if (a.is_float() && b.is_float()) return compare<O, double>(a.as_float(), b.as_float());
    return comparison_slowly<O>(node, fp, a, b);
}

template <Op O, Kind L, Kind R, bool Into>
bool choose(BinaryNode* node) {
    // Which forms of `local = a op b` are worth an entry of their own.
    constexpr bool has_into = !is_comparison(O) && (L == Kind::Local || L == Kind::Any) && R != Kind::Field;
    if constexpr (Into && !has_into) {
        return false;
    } else if constexpr (is_comparison(O)) {
        node->run = run_from_test;
        node->test = test_integers<O, L, R>;
        return true;
    } else {
        node->run = run_integers<O, L, R, Into>;
        node->test = test_from_run;
        return true;
    }
}

template <Op O, Kind L, bool Into>
bool choose_right(BinaryNode* node) {
    switch (node->right_kind) {
    case Kind::Local: return choose<O, L, Kind::Local, Into>(node);
    case Kind::Constant: return choose<O, L, Kind::Constant, Into>(node);
    case Kind::Field: return choose<O, L, Kind::Field, Into>(node);
    default: return choose<O, L, Kind::Any, Into>(node);
    }
}

template <Op O, bool Into>
bool choose_both(BinaryNode* node) {
    switch (node->left_kind) {
    case Kind::Local: return choose_right<O, Kind::Local, Into>(node);
    case Kind::Field: return choose_right<O, Kind::Field, Into>(node);
    case Kind::Constant: return choose_right<O, Kind::Constant, Into>(node);
    default: return choose_right<O, Kind::Any, Into>(node);
    }
}

template <bool Into>
bool choose_op(BinaryNode* node) {
    switch (node->op) {
    case Op::Add: return choose_both<Op::Add, Into>(node);
    case Op::Subtract: return choose_both<Op::Subtract, Into>(node);
    case Op::Multiply: return choose_both<Op::Multiply, Into>(node);
    case Op::Divide: return choose_both<Op::Divide, Into>(node);
    case Op::FloorDivide: return choose_both<Op::FloorDivide, Into>(node);
    case Op::Modulo: return choose_both<Op::Modulo, Into>(node);
    case Op::Less: return choose_both<Op::Less, Into>(node);
    case Op::LessEqual: return choose_both<Op::LessEqual, Into>(node);
    case Op::Greater: return choose_both<Op::Greater, Into>(node);
    case Op::GreaterEqual: return choose_both<Op::GreaterEqual, Into>(node);
    case Op::Equal: return choose_both<Op::Equal, Into>(node);
    case Op::NotEqual: return choose_both<Op::NotEqual, Into>(node);
    }
    return false;
}

Op op_of(SymbolId selector) {
    switch (selector) {
    case sym::plus: return Op::Add;
    case sym::minus: return Op::Subtract;
    case sym::times: return Op::Multiply;
    case sym::divide: return Op::Divide;
    case sym::floor_divide: return Op::FloorDivide;
    case sym::modulo: return Op::Modulo;
    case sym::less: return Op::Less;
    case sym::less_equal: return Op::LessEqual;
    case sym::greater: return Op::Greater;
    case sym::greater_equal: return Op::GreaterEqual;
    case sym::equal: return Op::Equal;
    default: assert(selector == sym::not_equal); return Op::NotEqual;
    }
}

struct NegatedNode : Node {
    Node* operand = nullptr;
    SendSite* send = nullptr;
};
Value run_negated(Node* node_, Value* fp) {
    auto* node = static_cast<NegatedNode*>(node_);
    Value a = run(node->operand, fp);
    if (a.is_float()) return Value::floating(-a.as_float());
    if (a.is_integer() && a.as_integer() != Value::kMinInteger) return Value::integer(-a.as_integer());
    Value* nf = fp + node->temp + 1;
    nf[0] = a;
    return send_prepared(node->send, nf);
}

} // namespace

bool is_fast_operator(SymbolId selector) {
    switch (selector) {
    case sym::plus:
    case sym::minus:
    case sym::times:
    case sym::divide:
    case sym::floor_divide:
    case sym::modulo:
    case sym::less:
    case sym::less_equal:
    case sym::greater:
    case sym::greater_equal:
    case sym::equal:
    case sym::not_equal: return true;
    default: return false;
    }
}

Node* make_binary(Arena& arena, SymbolId selector, Node* left, Node* right, SendSite* send) {
    auto* node = arena.make<BinaryNode>();
    node->sort = Node::Binary;
    node->op = op_of(selector);
    node->left = left;
    node->right = right;
    node->send = send;
    node->left_kind = kind_of(left, node->left_index, node->left_constant);
    node->right_kind = kind_of(right, node->right_index, node->constant);
    choose_op<false>(node);
    return node;
}

bool is_local_plus(const Node* child, uint32_t& slot, int32_t& delta) {
    if (child->sort != Node::Binary) return false;
    auto* binary = static_cast<const BinaryNode*>(child);
    if (binary->left_kind != Kind::Local || binary->right_kind != Kind::Constant ||
        !binary->constant.is_integer())
        return false;
    const int64_t constant = binary->constant.as_integer();
    if ((binary->op != Op::Add && binary->op != Op::Subtract) || constant > INT16_MAX || constant < INT16_MIN)
        return false;
    slot = binary->left_index;
    delta = int32_t(binary->op == Op::Add ? constant : -constant);
    return true;
}

bool give_into(Node* node, uint16_t slot) {
    if (node->sort == Node::Index) return give_index_into(node, slot);
    if (node->sort != Node::Binary) return false;
    auto* binary = static_cast<BinaryNode*>(node);
    binary->into = slot;
    return choose_op<true>(binary);
}

Node* make_negated(Arena& arena, Node* operand, SendSite* send) {
    auto* node = arena.make<NegatedNode>();
    node->run = run_negated;
    node->operand = operand;
    node->send = send;
    return node;
}

} // namespace indent
