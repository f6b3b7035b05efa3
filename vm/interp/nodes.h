// The nodes of the executable tree and their makers, by file: nodes_basic, nodes_operators, nodes_index,
// nodes_control, nodes_call, nodes_try, nodes_match. Everything lives in the arena that is passed in; operands may not be null
// where not said. `temp` is set by the maker before the first run.
#pragma once
#include "vm/interp/send.h"
#include "vm/model/module.h"

namespace indent {

// A node of this type that runs so.
template <class T>
T* made(Arena& arena, RunFunction run) {
    T* node = arena.make<T>();
    node->run = run;
    return node;
}

// ---- nodes_basic

struct LiteralNode : Node {
    Value value;
};
struct SetLocalNode : Node {
    uint16_t slot = 0;
    Node* value = nullptr;
};
struct FieldNode : Node {
    uint32_t index = 0;
};
struct SetFieldNode : Node {
    uint32_t index = 0;
    Node* value = nullptr;
};
LiteralNode* make_literal(Arena& arena, Value value);
LocalNode* make_local(Arena& arena, uint16_t slot);
Node* make_self(Arena& arena);
Node* make_set_local(Arena& arena, uint16_t slot, Node* value);
FieldNode* make_field(Arena& arena, uint32_t index);
SetFieldNode* make_set_field(Arena& arena, uint32_t index, Node* value);
// Captured by the block that runs: word `index` of the block in `block_slot`.
Node* make_captured(Arena& arena, uint16_t block_slot, uint32_t index);
Node* make_captured_variable(Arena& arena, uint16_t block_slot, uint32_t index);
Node* make_set_captured_variable(Arena& arena, uint16_t block_slot, uint32_t index, Node* value);
// A word of a kept array: variables of a workspace. `array` is a root that outlives the code.
Node* make_kept(Arena& arena, Value* array, uint32_t index);
Node* make_set_kept(Arena& arena, Value* array, uint32_t index, Node* value);
Node* make_module_value(Arena& arena, Binding* binding);
Node* make_set_module_value(Arena& arena, Binding* binding, Node* value);
Node* make_list_literal(Arena& arena, std::span<Node* const> elements, uint64_t spreads);
Node* make_tuple_literal(Arena& arena, std::span<Node* const> elements);
Node* make_map_literal(Arena& arena, std::span<Node* const> keys_and_values, PrimitiveFunction create,
                       PrimitiveFunction put);
Node* make_range(Arena& arena, Node* low, Node* high, bool exclusive);
Node* make_interpolation(Arena& arena, std::span<Node* const> parts, std::span<SendSite* const> to_text);
Node* make_identity(Arena& arena, Node* left, Node* right, bool negated);
// Raises an error of the prelude class with this text when it is run.
Node* make_failure(Arena& arena, std::string_view error_class, std::string_view message);

// ---- nodes_operators: integers and floats in place, anything else by the send (its operands are not run)

Node* make_binary(Arena& arena, SymbolId selector, Node* left, Node* right, SendSite* send);
Node* make_negated(Arena& arena, Node* operand, SendSite* send);
bool is_fast_operator(SymbolId selector);
// Lets an operator put its result into a local by itself, if it is one that can.
bool give_into(Node* node, uint16_t slot);

// ---- nodes_index: elements of lists in place, anything else by the send (its operands are not run)

Node* make_index(Arena& arena, Node* receiver, Node* index, SendSite* send);
Node* make_index_set(Arena& arena, Node* receiver, Node* index, Node* value, SendSite* send);
// xs[i] += v and -=, where all three are only read; null: they are not. `general` does the same in any case.
Node* make_index_update(Arena& arena, SymbolId selector, Node* receiver, Node* index, Node* right,
                        Node* general);
bool give_index_into(Node* node, uint16_t slot); // give_into for what make_index made

// ---- nodes_control

Node* make_sequence(Arena& arena, std::span<Node* const> statements);
Node* make_if(Arena& arena, Node* condition, Node* then_body, Node* else_body); // else_body may be null
Node* make_and(Arena& arena, Node* left, Node* right);
Node* make_or(Arena& arena, Node* left, Node* right);
Node* make_not(Arena& arena, Node* operand);
Node* make_loop(Arena& arena, Node* condition, Node* body, int close_from); // condition null: endless
Node* make_break(Arena& arena);
Node* make_continue(Arena& arena);
Node* make_return(Arena& arena, Node* value);
// The body of a method with early returns.
Node* make_returning_body(Arena& arena, Node* body);
// The body of a method from whose blocks somebody may return: marks `home_slot` while it runs.
Node* make_home_body(Arena& arena, Node* body, uint16_t home_slot);
// The body of a block that returns from its home.
Node* make_block_body(Arena& arena, Node* body, uint16_t block_slot);
// The body of a loop that runs as a block of somebody's `each`: what leaves the loop unwinds to it.
Node* make_loop_block_body(Arena& arena, Node* body, uint16_t block_slot);
// Runs a primitive on the frame it stands in (after defaults were filled in).
Node* make_primitive_body(Arena& arena, Method* method);
// Closes the variables from `slot` on when the scope is left.
Node* make_closing_scope(Arena& arena, Node* body, uint16_t slot);
// Default values: evaluates `initial` where the parameter is absent.
Node* make_default(Arena& arena, uint16_t slot, Node* initial);

// A loop over what a send of a control method (each, times …) would give to a block, run in the frame of its
// home: `slots` take the block's parameters (before patterns). The send in `fallback` is run where the receiver
// is of another kind: its last operand makes the block for real.
struct InlineLoop {
    SymbolId selector = 0;
    Node* receiver = nullptr;
    std::span<const uint16_t> slots; // 0, 1 or 2
    Node* prologue = nullptr;        // takes parameters apart; may be null
    Node* body = nullptr;
    int close_from = -1; // first slot of variables to close after each round; -1: none
    SendSite* fallback = nullptr;
    uint16_t state_slot = 0; // two slots of its own
    bool is_for = false;     // `for`: the fallback's block may break, continue and return
};
Node* make_inline_loop(Arena& arena, const InlineLoop& loop);

// ---- nodes_call

struct CaptureSource {
    enum Kind : uint8_t { Slot, SharedSlot, Word } kind = Slot; // SharedSlot: a Variable for this slot
    uint16_t index = 0;
};
struct BlockTemplate {
    Code* code = nullptr;
    std::span<const CaptureSource> captures;
    uint16_t block_slot =
        0;              // of the surrounding frame, where a capture is a word of its block (or self's home)
    int home_slot = -1; // >= 0: of the surrounding method; -2: take the home of the surrounding block
};
Node* make_block(Arena& arena, const BlockTemplate* block);
Value create_block(Machine& vm, const BlockTemplate& block, Value* fp, Value* top);
Node* make_function_call(Arena& arena, Binding* binding, std::span<Node* const> arguments,
                         const ArgumentPlan* plan);
Node* make_construction(Arena& arena, Machine& vm, Binding* binding, std::span<Node* const> arguments,
                        const ArgumentPlan* plan);
// Of a call or a construction that names another module's binding (or its own module's, qualified): from then on
// follow_binding finds the binding anew, after a reload. The same for module values.
void set_foreign(Node* call, bool qualified);
void follow_binding(Node* call);
void set_foreign_value(Node* module_value, bool qualified);
void follow_value(Node* module_value);
// After a change of classes, an `init` that came or went: the node looks at its class again.
void reset_construction(Node* construction);
Node* make_class_value(Arena& arena, Binding* binding);
Node* make_reference(Arena& arena, Binding* binding, SymbolId selector);

// The primitive of Record.with: its labels are the names of fields, so call_method gives it the plan instead.
Value record_with(Machine& vm, Value* args);

// Makes an object of the class from arguments at nf[1 …]; nf[-1] must be set. What `Point(1, 2)` does.
Value construct(Machine& vm, Class* cls, Value* nf, unsigned count, const ArgumentPlan* plan);

// ---- nodes_actor

enum class ActorVerb : uint8_t { Spawn, Send, Ask, Watch, Stop };
// `temp` of the node: two slots for the clauses stand before it. `first_clause`: within, a name, after; `second_clause`:
// every. Null where there is none. `spawned`, `receiver`: one of them is null.
Node* make_actor_call(Arena& arena, ActorVerb verb, SymbolId selector, Binding* spawned, Node* receiver,
                      std::span<Node* const> arguments, const ArgumentPlan* plan, Node* first_clause,
                      Node* second_clause);
// `self` as a value in the body of an actor: its address.
Node* make_actor_self(Arena& arena);

// ---- nodes_match

// Tests a value and binds names. A value that is bound goes to `slot`; where the name is not a plain slot
// (a variable of a workspace), `store` then takes it from there.
struct Matcher;
struct MatcherEntry {
    Node* key = nullptr; // Map: the key; Record: null
    int field = -1;      // Record
    Matcher* matcher = nullptr;
};
struct Matcher {
    enum Kind : uint8_t { Ignore, Bind, Equal, InRange, IsA, Tuple, List, Record, Map, Either } kind = Ignore;
    int slot = -1; // Bind, IsA with a name
    Node* store = nullptr;
    Node* value = nullptr;       // Equal, InRange, IsA, Record: what to compare with
    SendSite* send = nullptr;    // Equal: ==; InRange: includes?
    SendSite* has_key = nullptr; // Map
    SendSite* at = nullptr;      // Map, Record
    std::span<SymbolId> fields;  // Record by name
    std::span<const MatcherEntry> entries;
    int rest = -1;
    uint16_t own = 0; // slots of its own: the value under test, a part of it
};
struct MatchArm {
    Matcher* matcher = nullptr;
    Node* guard = nullptr;
    Node* body = nullptr;
};
bool matches(Matcher* matcher, Node* node, Value* fp); // of fp[matcher->own]
Node* make_match(Arena& arena, Node* subject, std::span<const MatchArm> arms, uint16_t subject_slot);
// `let (a, b) = value`, parameters that are patterns: raises NoMatch where it does not fit.
Node* make_destructuring(Arena& arena, Matcher* matcher, Node* value, std::string_view what);

// The body of a block whose generation has been purged: raises StaleBlock.
Node* make_stale_body(Arena& arena, const Code* code);
// All blocks made in this generation of a module are stale from now on. Nobody runs code meanwhile.
void make_blocks_stale(Runtime& runtime, const Module& generation);

} // namespace indent
