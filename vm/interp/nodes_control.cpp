// Statements: sequences, choices, loops and what leaves them; and control sends whose block runs in its home.
//
// A send like `xs.each do x: …` is made as an InlineLoop: if the receiver is a list, a range, a whole number or a
// map and its class's method is the library's own, the block's body runs here, in the frame of its home, without
// a block being made. Otherwise `fallback` is an ordinary send with an ordinary block. The method is looked up
// again whenever caches are flushed, so a redefined `each` is met at the next loop.
#include "vm/interp/arguments.h"
#include "vm/interp/block.h"
#include "vm/interp/inner.h"
#include "vm/interp/nodes.h"
#include "vm/model/map.h"

namespace indent {

namespace {

// ---- sequences

struct SequenceNode : Node {
    uint32_t count = 0;
    Node** statements = nullptr;
};

template <int N>
Value run_sequence(Node* node, Value* fp) {
    auto* sequence = static_cast<SequenceNode*>(node);
    for (int i = 0; i < N - 1; ++i) run(sequence->statements[i], fp);
    return run(sequence->statements[N - 1], fp);
}
Value run_sequence_any(Node* node, Value* fp) {
    auto* sequence = static_cast<SequenceNode*>(node);
    uint32_t last = sequence->count - 1;
    for (uint32_t i = 0; i < last; ++i) run(sequence->statements[i], fp);
    return run(sequence->statements[last], fp);
}
template <int N>
Value run_sequence_abrupt_of(Node* node, Value* fp) {
    auto* sequence = static_cast<SequenceNode*>(node);
    for (int i = 0; i < N - 1; ++i)
        if (!run(sequence->statements[i], fp)) return Value();
    return run(sequence->statements[N - 1], fp);
}
Value run_sequence_abrupt(Node* node, Value* fp) {
    auto* sequence = static_cast<SequenceNode*>(node);
    uint32_t last = sequence->count - 1;
    for (uint32_t i = 0; i < last; ++i)
        if (!run(sequence->statements[i], fp)) return Value();
    return run(sequence->statements[last], fp);
}

// ---- choices

struct IfNode : Node {
    Node* condition = nullptr;
    Node* then_body = nullptr;
    Node* else_body = nullptr;
};
Value run_if(Node* node, Value* fp) {
    auto* choice = static_cast<IfNode*>(node);
    if (choice->condition->holds(fp)) return run(choice->then_body, fp);
    return Value::nil();
}
Value run_if_else(Node* node, Value* fp) {
    auto* choice = static_cast<IfNode*>(node);
    return run(choice->condition->holds(fp) ? choice->then_body : choice->else_body, fp);
}
bool test_if_else(Node* node, Value* fp) {
    auto* choice = static_cast<IfNode*>(node);
    return (choice->condition->holds(fp) ? choice->then_body : choice->else_body)->holds(fp);
}
struct TwoNode : Node {
    Node* left = nullptr;
    Node* right = nullptr;
};
bool test_and(Node* node, Value* fp) {
    auto* both = static_cast<TwoNode*>(node);
    return both->left->holds(fp) && both->right->holds(fp);
}
bool test_or(Node* node, Value* fp) {
    auto* both = static_cast<TwoNode*>(node);
    return both->left->holds(fp) || both->right->holds(fp);
}
bool test_not(Node* node, Value* fp) {
    return !static_cast<TwoNode*>(node)->left->holds(fp);
}

// ---- completions

Value complete(Value* fp, Completion completion, Value value) {
    auto* inner = Machine::of(fp).inner;
    inner->completion = completion;
    inner->completion_value = value;
    return Value();
}
Value run_break(Node*, Value* fp) {
    return complete(fp, Completion::Break, Value::nil());
}
Value run_continue(Node*, Value* fp) {
    return complete(fp, Completion::Continue, Value::nil());
}
struct OneNode : Node {
    Node* operand = nullptr;
    uint16_t slot = 0;
};
Value run_return(Node* node, Value* fp) {
    Value value = run(static_cast<OneNode*>(node)->operand, fp);
    return complete(fp, Completion::Return, value);
}
Value take_return(Value* fp) {
    auto* inner = Machine::of(fp).inner;
    assert(inner->completion == Completion::Return);
    inner->completion = Completion::None;
    Value value = inner->completion_value;
    inner->completion_value = Value();
    return value;
}
Value run_returning_body(Node* node, Value* fp) {
    Value value = run(static_cast<OneNode*>(node)->operand, fp);
    return value ? value : take_return(fp);
}

Value run_home_body(Node* node, Value* fp) {
    auto* body = static_cast<OneNode*>(node);
    Machine& vm = Machine::of(fp);
    Value serial = Value::raw_number(vm.inner->next_home_serial++);
    fp[body->slot] = serial;
    Value value;
    try {
        value = run(body->operand, fp);
    } catch (const Unwinding& unwinding) {
        fp[body->slot] = Value::nil();
        if (unwinding.target != fp + body->slot) throw;
        close_variables_if_any(vm, fp);
    } catch (...) {
        fp[body->slot] = Value::nil();
        throw;
    }
    fp[body->slot] = Value::nil();
    return value ? value : take_return(fp);
}

// A home that another worker ran has ended, for this actor: it did in an earlier turn.
bool is_alive(Machine& vm, Value home, Value serial) {
    if (!home.is_raw() || &Mutator::of(home.raw_address<Value>()) != &vm) return false;
    return *home.raw_address<Value>() == serial;
}

Value run_block_body(Node* node, Value* fp) {
    auto* body = static_cast<OneNode*>(node);
    Value value = run(body->operand, fp);
    if (value) return value;
    Machine& vm = Machine::of(fp);
    assert(vm.inner->completion == Completion::Return);
    Cell* own = fp[body->slot].cell();
    Value home = (*own)[block::kHome];
    if (is_alive(vm, home, (*own)[block::kSerial])) unwind_to(home.raw_address<Value>());
    vm.inner->completion = Completion::None;
    Value* nf = fp + node->temp + 1;
    nf[-1] = Value::raw(node);
    nf[0] = Value::nil();
    return vm.fail("DeadReturn", "`return` from a method that has ended already", nf);
}

Value run_loop_block_body(Node* node, Value* fp) {
    auto* body = static_cast<OneNode*>(node);
    Value value = run(body->operand, fp);
    if (value) return value;
    auto* inner = Machine::of(fp).inner;
    if (inner->completion == Completion::Continue) {
        inner->completion = Completion::None;
        return Value::nil();
    }
    Cell* own = fp[body->slot].cell();
    Value home = (*own)[block::kHome];
    if (is_alive(Machine::of(fp), home, (*own)[block::kSerial])) unwind_to(home.raw_address<Value>());
    inner->completion = Completion::None;
    Value* nf = fp + node->temp + 1;
    nf[-1] = Value::raw(node);
    nf[0] = Value::nil();
    return Machine::of(fp).fail("DeadReturn", "the loop that this body belongs to has ended already", nf);
}

struct PrimitiveBodyNode : Node {
    Method* method = nullptr;
};
Value run_primitive_body(Node* node, Value* fp) {
    Method* method = static_cast<PrimitiveBodyNode*>(node)->method;
    Machine& vm = Machine::of(fp);
    if (method->effect != Effect::Pure && vm.inner->tape) [[unlikely]]
        return vm.inner->tape->call(vm, *method, fp);
    return method->primitive(vm, fp);
}

// On the way of an error whoever catches it closes the variables (nodes_try.cpp).
Value run_closing_scope(Node* node, Value* fp) {
    auto* scope = static_cast<OneNode*>(node);
    Value value = run(scope->operand, fp);
    close_variables_if_any(Machine::of(fp), fp + scope->slot);
    return value;
}

Value run_default(Node* node, Value* fp) {
    auto* initial = static_cast<OneNode*>(node);
    if (!fp[initial->slot]) fp[initial->slot] = run(initial->operand, fp);
    return Value::nil();
}

// ---- loops

inline void poll_loop(Node* node, Value* fp) {
    if (Mutator::of(fp).limit() == nullptr) [[unlikely]] {
        Value* nf = fp + node->temp + 1;
        nf[-1] = Value::raw(node);
        nf[0] = Value::nil();
        Machine::of(fp).poll_slowly(nf);
    }
}

// After a body answered absent. True: the loop goes on. False: it ends, with `result`.
bool after_completion(Value* fp, Value& result) {
    auto* inner = Machine::of(fp).inner;
    if (inner->completion == Completion::Continue) {
        inner->completion = Completion::None;
        return true;
    }
    if (inner->completion == Completion::Break) {
        inner->completion = Completion::None;
        result = Value::nil();
    } else {
        result = Value();
    }
    return false;
}

struct LoopNode : Node {
    Node* condition = nullptr;
    Node* body = nullptr;
    int close_from = -1;
};

Value run_while(Node* node, Value* fp) {
    auto* loop = static_cast<LoopNode*>(node);
    while (loop->condition->holds(fp)) {
        run(loop->body, fp);
        poll_loop(node, fp);
    }
    return Value::nil();
}

Value run_while_abrupt(Node* node, Value* fp) {
    auto* loop = static_cast<LoopNode*>(node);
    Value result = Value::nil();
    while (loop->condition->holds(fp)) {
        if (!run(loop->body, fp)) [[unlikely]]
            if (!after_completion(fp, result)) return result;
        poll_loop(node, fp);
    }
    return Value::nil();
}

Value run_loop_general(Node* node, Value* fp) {
    auto* loop = static_cast<LoopNode*>(node);
    Machine& vm = Machine::of(fp);
    Value result = Value::nil();
    for (;;) {
        if (loop->condition && !loop->condition->holds(fp)) return Value::nil();
        Value value = run(loop->body, fp);
        if (loop->close_from >= 0) close_variables_if_any(vm, fp + loop->close_from);
        if (!value && !after_completion(fp, result)) return result;
        poll_loop(node, fp);
    }
}

// ---- control sends

struct InlineLoopNode : Node {
    InlineLoop loop;
    ShapeId shape = 0; // of the last receiver whose method was looked up
    Control control = Control::None;
};

// One round. True: go on. False: the loop has ended with `result`.
inline bool round(InlineLoopNode* node, Value* fp, Value& result) {
    if (node->loop.prologue) run(node->loop.prologue, fp);
    Value value = run(node->loop.body, fp);
    if (node->loop.close_from >= 0) close_variables_if_any(Machine::of(fp), fp + node->loop.close_from);
    if (!value) [[unlikely]]
        if (!after_completion(fp, result)) return false;
    poll_loop(node, fp);
    return true;
}

void give(InlineLoopNode* node, Value* fp, Value a) {
    if (!node->loop.slots.empty()) fp[node->loop.slots[0]] = a;
}

// A pair for a body of one or two parameters.
void give_pair(InlineLoopNode* node, Value* fp, Value key, Value value, Value* own) {
    if (node->loop.slots.size() == 2) {
        fp[node->loop.slots[0]] = key;
        fp[node->loop.slots[1]] = value;
    } else if (node->loop.slots.size() == 1) {
        own[2] = key;
        own[3] = value;
        Value pair = make_tuple(Machine::of(fp), own + 2, 2, own + 4);
        fp[node->loop.slots[0]] = pair;
    }
}

// A tuple given to a body of two parameters is taken apart; anything else that does not fit is the same error as
// for a block.
bool give_element(InlineLoopNode* node, Value* fp, Value element) {
    if (node->loop.slots.size() != 2) {
        give(node, fp, element);
        return true;
    }
    if (is_tuple(element) && element.cell()->word_count() == 2) {
        fp[node->loop.slots[0]] = (*element.cell())[0];
        fp[node->loop.slots[1]] = (*element.cell())[1];
        return true;
    }
    Value* nf = fp + node->temp + 1;
    nf[-1] = Value::raw(node);
    nf[0] = element;
    std::string what = is_tuple(element)
                           ? "1 argument (a tuple of " + std::to_string(element.cell()->word_count()) + ")"
                           : "1 argument";
    Machine::of(fp).fail("ArgumentError", "a block of 2 parameters was called with " + what, nf);
    return false;
}

bool is_each_element_single(const InlineLoopNode* node) {
    return node->loop.slots.size() < 2;
}

Value loop_list(InlineLoopNode* node, Value* fp) {
    Value* own = fp + node->loop.state_slot;
    Value result = own[0];
    const bool single = is_each_element_single(node);
    const bool take = !node->loop.slots.empty();
    const uint16_t slot = take ? node->loop.slots[0] : 0;
    for (size_t i = 0;; ++i) {
        Value list = own[0];
        if (i >= list_size(list)) break;
        Value element = list_get(list, i);
        if (single) {
            if (take) fp[slot] = element;
        } else if (!give_element(node, fp, element)) {
            continue;
        }
        if (!round(node, fp, result)) return result;
    }
    return node->loop.is_for ? Value::nil() : own[0];
}

Value loop_integers(InlineLoopNode* node, Value* fp, int64_t from, int64_t to) {
    Value* own = fp + node->loop.state_slot;
    Value result = Value::nil();
    const bool take = !node->loop.slots.empty();
    const uint16_t slot = take ? node->loop.slots[0] : 0;
    for (int64_t i = from; i < to; ++i) {
        if (take) fp[slot] = Value::integer(i);
        if (!round(node, fp, result)) return result;
    }
    return node->loop.is_for ? Value::nil() : own[0];
}

Value loop_map(InlineLoopNode* node, Value* fp) {
    Value* own = fp + node->loop.state_slot;
    Value result = Value::nil();
    MapCursor cursor(own[0]);
    for (size_t i = cursor.next(own[0]); i != kNoEntry; i = cursor.next(own[0])) {
        give_pair(node, fp, map_key_at(own[0], i), map_value_at(own[0], i), own);
        if (!round(node, fp, result)) return result;
    }
    if (cursor.changed()) {
        Value* nf = fp + node->temp + 1;
        nf[-1] = Value::raw(node);
        nf[0] = own[0];
        return Machine::of(fp).fail("IterationError", "the Map changed while it was iterated", nf);
    }
    return node->loop.is_for ? Value::nil() : own[0];
}

// The receiver is of another kind: its own method gets a real block. Where the body may leave the loop, the home
// of that block is this loop, for as long as it runs: what leaves unwinds to here and goes on as in place.
Value run_fallback(InlineLoopNode* node, Value* fp) {
    Value* nf = fp + node->loop.fallback->temp + 1;
    nf[0] = fp[node->loop.state_slot];
    Machine& vm = Machine::of(fp);
    nf[1] = run(node->loop.fallback->operands[1], fp);
    if (!node->abrupt) {
        Value value = send_prepared(node->loop.fallback, nf);
        return node->loop.is_for ? Value::nil() : value;
    }
    Value* home = fp + node->loop.state_slot + 1;
    Value serial = Value::raw_number(vm.inner->next_home_serial++);
    *home = serial;
    Cell* made = nf[1].cell(); // fresh: nothing has to be logged
    (*made)[block::kHome] = Value::raw(home);
    (*made)[block::kSerial] = serial;
    struct Home {
        Value* slot;
        ~Home() { *slot = Value::nil(); }
    } mark{home};
    try {
        Value value = send_prepared(node->loop.fallback, nf);
        return node->loop.is_for ? Value::nil() : value;
    } catch (const Unwinding& unwinding) {
        if (unwinding.target != home) throw;
    }
    close_variables_if_any(vm, nf);
    Value left = Value::nil();
    after_completion(fp, left);
    return left;
}

Value run_inline_loop(Node* node_, Value* fp) {
    auto* node = static_cast<InlineLoopNode*>(node_);
    Value receiver = operand(node->loop.receiver, fp);
    Value* own = fp + node->loop.state_slot;
    own[0] = receiver;
    ShapeId shape = shape_of(receiver);
    if (shape != node->shape) [[unlikely]] {
        Machine& vm = Machine::of(fp);
        Method* method = vm.shapes[shape].cls->lookup(node->loop.selector);
        node->shape = shape;
        node->control = method ? method->control : Control::None;
    }
    switch (node->control) {
    case Control::ListEach:
        if (shape == shape::kList) return loop_list(node, fp);
        break;
    case Control::RangeEach:
        if (shape == shape::kRange && node->loop.slots.size() < 2) {
            Cell* range = receiver.cell();
            Value low = (*range)[0], high = (*range)[1];
            if (!Value::both_integers(low, high)) break;
            return loop_integers(node, fp, low.as_integer(),
                                 high.as_integer() + ((*range)[2].is_true() ? 0 : 1));
        }
        break;
    case Control::IntegerTimes:
        if (shape == shape::kInteger && node->loop.slots.size() < 2)
            return loop_integers(node, fp, 0, receiver.as_integer());
        break;
    case Control::MapEach:
        if (shape == shape::kMap) return loop_map(node, fp);
        break;
    case Control::None: break;
    }
    return run_fallback(node, fp);
}

} // namespace

Node* make_sequence(Arena& arena, std::span<Node* const> statements) {
    if (statements.empty()) return make_literal(arena, Value::nil());
    if (statements.size() == 1) return statements[0];
    auto* node = arena.make<SequenceNode>();
    node->count = uint32_t(statements.size());
    node->statements = arena.copy(std::vector<Node*>(statements.begin(), statements.end())).data();
    bool abrupt_before_last = false;
    for (size_t i = 0; i < statements.size(); ++i) {
        node->abrupt |= statements[i]->abrupt;
        if (i + 1 < statements.size()) abrupt_before_last |= statements[i]->abrupt;
    }
    if (abrupt_before_last && node->count == 2)
        node->run = run_sequence_abrupt_of<2>;
    else if (abrupt_before_last && node->count == 3)
        node->run = run_sequence_abrupt_of<3>;
    else if (abrupt_before_last)
        node->run = run_sequence_abrupt;
    else if (node->count == 2)
        node->run = run_sequence<2>;
    else if (node->count == 3)
        node->run = run_sequence<3>;
    else if (node->count == 4)
        node->run = run_sequence<4>;
    else if (node->count == 5)
        node->run = run_sequence<5>;
    else if (node->count == 6)
        node->run = run_sequence<6>;
    else
        node->run = run_sequence_any;
    return node;
}

Node* make_if(Arena& arena, Node* condition, Node* then_body, Node* else_body) {
    auto* node = made<IfNode>(arena, else_body ? run_if_else : run_if);
    node->condition = condition;
    node->then_body = then_body;
    node->else_body = else_body;
    node->abrupt = then_body->abrupt || (else_body && else_body->abrupt);
    if (else_body && !node->abrupt) node->test = test_if_else;
    return node;
}

static Node* two(Arena& arena, TestFunction test, Node* left, Node* right) {
    auto* node = made<TwoNode>(arena, run_from_test);
    node->test = test;
    node->left = left;
    node->right = right;
    return node;
}
Node* make_and(Arena& arena, Node* left, Node* right) {
    return two(arena, test_and, left, right);
}
Node* make_or(Arena& arena, Node* left, Node* right) {
    return two(arena, test_or, left, right);
}
Node* make_not(Arena& arena, Node* operand) {
    return two(arena, test_not, operand, nullptr);
}

Node* make_loop(Arena& arena, Node* condition, Node* body, int close_from) {
    bool plain = condition && close_from < 0;
    auto* node = made<LoopNode>(arena, !plain         ? run_loop_general
                                       : body->abrupt ? run_while_abrupt
                                                      : run_while);
    node->condition = condition;
    node->body = body;
    node->close_from = close_from;
    node->abrupt = body->abrupt;
    return node;
}

Node* make_break(Arena& arena) {
    auto* node = made<Node>(arena, run_break);
    node->abrupt = true;
    return node;
}
Node* make_continue(Arena& arena) {
    auto* node = made<Node>(arena, run_continue);
    node->abrupt = true;
    return node;
}
static OneNode* one(Arena& arena, RunFunction run, Node* operand, uint16_t slot) {
    auto* node = made<OneNode>(arena, run);
    node->operand = operand;
    node->slot = slot;
    return node;
}
Node* make_return(Arena& arena, Node* value) {
    auto* node = one(arena, run_return, value, 0);
    node->abrupt = true;
    return node;
}
Node* make_returning_body(Arena& arena, Node* body) {
    return one(arena, run_returning_body, body, 0);
}
Node* make_home_body(Arena& arena, Node* body, uint16_t home_slot) {
    return one(arena, run_home_body, body, home_slot);
}
Node* make_block_body(Arena& arena, Node* body, uint16_t block_slot) {
    return one(arena, run_block_body, body, block_slot);
}
Node* make_loop_block_body(Arena& arena, Node* body, uint16_t block_slot) {
    return one(arena, run_loop_block_body, body, block_slot);
}
Node* make_primitive_body(Arena& arena, Method* method) {
    auto* node = made<PrimitiveBodyNode>(arena, run_primitive_body);
    node->method = method;
    return node;
}
Node* make_closing_scope(Arena& arena, Node* body, uint16_t slot) {
    auto* node = one(arena, run_closing_scope, body, slot);
    node->abrupt = body->abrupt;
    return node;
}
Node* make_default(Arena& arena, uint16_t slot, Node* initial) {
    return one(arena, run_default, initial, slot);
}

Node* make_inline_loop(Arena& arena, const InlineLoop& loop) {
    auto* node = made<InlineLoopNode>(arena, run_inline_loop);
    node->loop = loop;
    node->loop.slots = arena.copy(std::vector<uint16_t>(loop.slots.begin(), loop.slots.end()));
    node->abrupt = loop.body->abrupt;
    return node;
}

void reset_inline_loop(Node* node) {
    static_cast<InlineLoopNode*>(node)->shape = 0;
}

} // namespace indent
