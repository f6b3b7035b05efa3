// xs[i] and xs[i] = v. Where the receiver is a list and the index fits, in place; anything else goes through the send
// of `at` or `at_put`. Those of List are the library's own primitives, which nobody may redefine (vm/reload/loader), so
// that nothing late-bound is missed.
//
// What receiver and index are is a template argument: a local, a field, a constant, `i + 1` need no call of a node.
#include "vm/interp/operand_kinds.h"
#include "vm/model/list.h"

namespace indent {

namespace {

enum class At : uint8_t { Any, Local, LocalPlus, Constant };

struct IndexNode : Node {
    IndexNode() { sort = Index; }
    Node* receiver = nullptr;
    Node* index = nullptr;
    Node* value = nullptr;    // of xs[i] = v
    uint32_t receiver_at = 0; // slot or field
    uint32_t index_at = 0;    // slot
    int32_t delta = 0;        // LocalPlus
    Value constant;           // Constant
    uint32_t value_at = 0;    // slot or field
    Value value_constant;
    uint16_t into = 0; // the local that takes the element, in the entries that are Into
    Kind receiver_kind{};
    At index_kind{};
    SendSite* send = nullptr;
};

// The address of the element, or null where the short way does not fit.
inline Value* element(Value list, Value index) {
    if (!index.is_integer()) return nullptr;
    Cell* cell = list.cell();
    int64_t i = index.as_integer();
    int64_t size = (*cell)[0].as_integer();
    if (i < 0) i += size;
    if (uint64_t(i) >= uint64_t(size)) return nullptr;
    return &(*(*cell)[1].cell())[1 + size_t(i)];
}

// Whether the index is at hand without running a node: always, but where the local of `i + 1` is no integer.
template <At I>
inline bool index_at_hand(IndexNode* node, Value* fp, Value& index) {
    if constexpr (I == At::Local) index = fp[node->index_at];
    if constexpr (I == At::Constant) index = node->constant;
    if constexpr (I == At::LocalPlus) {
        Value local = fp[node->index_at];
        if (!local.is_integer() || !Value::fits_integer(local.as_integer() + node->delta)) [[unlikely]]
            return false;
        index = Value::integer(local.as_integer() + node->delta);
    }
    return true;
}

template <bool Into>
inline Value given(IndexNode* node, Value* fp, Value result) {
    if constexpr (Into) fp[node->into] = result;
    return result;
}

template <Kind R, At I, bool Into>
Value run_index(Node* node_, Value* fp) {
    auto* node = static_cast<IndexNode*>(node_);
    Value list, index;
    if constexpr (I == At::Any) { // running it may move the list
        Value* nf = fp + node->temp + 1;
        nf[0] = load<R>(node->receiver, node->receiver_at, Value(), fp);
        index = run(node->index, fp);
        list = nf[0];
    } else {
        list = load<R>(node->receiver, node->receiver_at, Value(), fp);
        if (!index_at_hand<I>(node, fp, index)) [[unlikely]] {
            Value* nf = fp + node->temp + 1;
            nf[0] = list;
            nf[1] = run(node->index, fp);
            return given<Into>(node, fp, send_prepared(node->send, nf));
        }
    }
    if (has_shape(list, shape::kList)) [[likely]]
        if (Value* at = element(list, index)) [[likely]]
            return given<Into>(node, fp, *at);
    Value* nf = fp + node->temp + 1;
    nf[0] = list;
    nf[1] = index;
    return given<Into>(node, fp, send_prepared(node->send, nf));
}

// The value of an assignment is the value assigned, whatever at_put answers: it waits in the node's own slot, below
// the frame of the send.
[[gnu::noinline]] Value set_by_send(IndexNode* node, Value* fp, Value list, Value index, Value value) {
    Value* nf = fp + node->temp + 2;
    fp[node->temp] = value;
    nf[0] = list;
    nf[1] = index;
    nf[2] = value;
    send_prepared(node->send, nf);
    return fp[node->temp];
}

[[gnu::noinline]] Value set_slowly(IndexNode* node, Value* fp) {
    Value* nf = fp + node->temp + 2;
    nf[0] = run(node->receiver, fp);
    nf[1] = run(node->index, fp);
    Value value = run(node->value, fp);
    return set_by_send(node, fp, nf[0], nf[1], value);
}

inline bool put(Value* fp, Value list, Value index, Value value) {
    if (!has_shape(list, shape::kList)) [[unlikely]]
        return false;
    Value* at = element(list, index);
    if (!at) [[unlikely]]
        return false;
    Cell* storage = (*list.cell())[1].cell();
    return Heap::store(Mutator::of(fp), storage, size_t(at - storage->words()), value);
}

template <Kind R, At I, Kind V>
Value run_index_set(Node* node_, Value* fp) {
    auto* node = static_cast<IndexNode*>(node_);
    if constexpr (V != Kind::Any && R != Kind::Any && I != At::Any) {
        Value index;
        if (!index_at_hand<I>(node, fp, index)) [[unlikely]]
            return set_slowly(node, fp);
        Value list = load<R>(node->receiver, node->receiver_at, Value(), fp);
        Value value = load<V>(node->value, node->value_at, node->value_constant, fp);
        return put(fp, list, index, value) ? value : set_by_send(node, fp, list, index, value);
    } else {
        Value* nf = fp + node->temp + 2;
        nf[0] = load<R>(node->receiver, node->receiver_at, Value(), fp);
        Value index;
        if (I == At::Any || !index_at_hand<I>(node, fp, index)) index = run(node->index, fp);
        nf[1] = index;
        Value value = load<V>(node->value, node->value_at, node->value_constant, fp);
        return put(fp, nf[0], nf[1], value) ? value : set_by_send(node, fp, nf[0], nf[1], value);
    }
}

struct UpdateNode : IndexNode {
    Kind right_kind{};
    bool subtract = false;
    Node* general = nullptr;
};

// Integers in place. Anything else: the general way, as nothing was done yet.
template <Kind R, At I>
Value run_index_update(Node* node_, Value* fp) {
    auto* node = static_cast<UpdateNode*>(node_);
    Value list = load<R>(node->receiver, node->receiver_at, Value(), fp);
    Value right = node->right_kind == Kind::Local ? fp[node->value_at] : node->value_constant;
    Value index;
    Value* at = nullptr;
    if (has_shape(list, shape::kList) && right.is_integer() && index_at_hand<I>(node, fp, index) &&
        (at = element(list, index)) && at->is_integer()) [[likely]] {
        const int64_t by = right.as_integer();
        const int64_t result = at->as_integer() + (node->subtract ? -by : by);
        Cell* storage = (*list.cell())[1].cell();
        if (Value::fits_integer(result) &&
            Heap::store(Mutator::of(fp), storage, size_t(at - storage->words()), Value::integer(result)))
            return Value::integer(result);
    }
    return run(node->general, fp);
}

template <class Choice>
void choose(IndexNode* node, Choice choice) {
    auto with = [&]<Kind R>() {
        switch (node->index_kind) {
        case At::Local: return choice.template operator()<R, At::Local>();
        case At::LocalPlus: return choice.template operator()<R, At::LocalPlus>();
        case At::Constant: return choice.template operator()<R, At::Constant>();
        case At::Any: return choice.template operator()<R, At::Any>();
        }
    };
    switch (node->receiver_kind) {
    case Kind::Local: return with.template operator()<Kind::Local>();
    case Kind::Field: return with.template operator()<Kind::Field>();
    default: return with.template operator()<Kind::Any>();
    }
}

template <class T = IndexNode>
T* make(Arena& arena, Node* receiver, Node* index, SendSite* send) {
    auto* node = arena.make<T>();
    node->receiver = receiver;
    node->index = index;
    node->send = send;
    Value unused;
    node->receiver_kind = kind_of(receiver, node->receiver_at, unused);
    switch (kind_of(index, node->index_at, node->constant)) {
    case Kind::Local: node->index_kind = At::Local; break;
    case Kind::Constant: node->index_kind = At::Constant; break;
    default: node->index_kind = is_local_plus(index, node->index_at, node->delta) ? At::LocalPlus : At::Any;
    }
    return node;
}

} // namespace

Node* make_index(Arena& arena, Node* receiver, Node* index, SendSite* send) {
    auto* node = make(arena, receiver, index, send);
    choose(node, [&]<Kind R, At I>() { node->run = run_index<R, I, false>; });
    return node;
}

bool give_index_into(Node* index, uint16_t slot) {
    auto* node = static_cast<IndexNode*>(index);
    node->into = slot;
    choose(node, [&]<Kind R, At I>() { node->run = run_index<R, I, true>; });
    return true;
}

Node* make_index_update(Arena& arena, SymbolId selector, Node* receiver, Node* index, Node* right,
                        Node* general) {
    if (selector != sym::plus && selector != sym::minus) return nullptr;
    auto* node = make<UpdateNode>(arena, receiver, index, nullptr);
    node->sort = Node::Other;
    node->general = general;
    node->subtract = selector == sym::minus;
    node->right_kind = kind_of(right, node->value_at, node->value_constant);
    const bool right_fits = node->right_kind == Kind::Local ||
                            (node->right_kind == Kind::Constant && node->value_constant.is_integer());
    if (!right_fits || node->receiver_kind == Kind::Any || node->index_kind == At::Any) return nullptr;
    choose(node, [&]<Kind R, At I>() {
        if constexpr (R == Kind::Any || I == At::Any)
            assert(false);
        else
            node->run = run_index_update<R, I>;
    });
    return node;
}

Node* make_index_set(Arena& arena, Node* receiver, Node* index, Node* value, SendSite* send) {
    auto* node = make(arena, receiver, index, send);
    node->sort = Node::Other; // nothing to give into a local
    node->value = value;
    const Kind kind = kind_of(value, node->value_at, node->value_constant);
    choose(node, [&]<Kind R, At I>() {
        if (kind == Kind::Local)
            node->run = run_index_set<R, I, Kind::Local>;
        else if (kind == Kind::Constant)
            node->run = run_index_set<R, I, Kind::Constant>;
        else
            node->run = run_index_set<R, I, Kind::Any>;
    });
    return node;
}

} // namespace indent
