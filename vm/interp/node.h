// The executable tree. It is made from the syntax tree at the first call (maker.h), for speed alone, and thrown
// away at will; tools never see it.
//
// Each node has two entries: run answers a value, test a truth value for conditions, so that comparisons make no
// booleans. Nodes rewrite their entries to what they have met.
//
// A frame on the value stack:
//
//     fp[-1]      the call site: raw address of the calling Node (0 at the bottom), for traces
//     fp[0]       self
//     fp[1 … n]   parameters
//     fp[n+1 …]   in blocks the block itself; then locals, then operands under evaluation
//
// A send at depth t evaluates its receiver and arguments straight into fp[t + 1 …]: that is the callee's frame.
//
// Completions. Expressions always answer a value. Statements may answer absent: then `return`, `break` or
// `continue` is under way, and Machine::Inner::completion says which. The maker knows which subtrees can do
// that (Node::abrupt), and only those are asked. What leaves through frames of other code (an error, a `return`
// inside a block that somebody else calls) is a C++ exception, Unwinding.
#pragma once
#include "vm/interp/machine.h"
#include "vm/syntax/tree.h"

namespace indent {

struct Node;
using RunFunction = Value (*)(Node*, Value* fp);
using TestFunction = bool (*)(Node*, Value* fp);

Value run_from_test(Node* node, Value* fp);
bool test_from_run(Node* node, Value* fp);

struct Node {
    RunFunction run = run_from_test;
    TestFunction test = test_from_run;
    const Code* code = nullptr; // that this node belongs to
    uint32_t position = 0;      // byte offset in its source, for traces
    uint16_t temp = 0;   // free slots of the frame begin here: operands, then the callee's frame at temp + 1
    bool abrupt = false; // may answer absent
    enum Sort : uint8_t {
        Other,
        Send,
        Call,
        Binary,
        Index
    } sort = Other; // SendSite, a function's call, an operator, xs[i]

    bool holds(Value* fp) { return test(this, fp); }
};

// An executable body: of a method, a block, an initialiser, a script.
//
// It rewrites itself, so each worker makes its own. A block carries the code of the worker that made it; another worker
// finds its own by twin_of (maker.h).
struct TopLevelBody;
struct Code {
    Node* body = nullptr;
    uint16_t parameters = 0;
    uint16_t frame_words = 0; // at most kFrameWords
    static constexpr uint8_t kNobody = 0xFF;
    uint8_t worker = 0; // whose it is; kNobody: of a block whose self may be laid out otherwise by now
    bool is_block = false;
    bool keeps = false;             // names variables of a workspace (it or a block in it)
    bool sees_state = false;        // of blocks: names fields, state or helpers of its self
    bool assigns = false;           // of blocks: assigns what it captured
    bool returns = false;           // of blocks: contains `return`
    bool ignores_arguments = false; // a block written without parameters
    bool patterns = false;          // a block with parameters that are taken apart by the prologue
    Method* method = nullptr;       // null: a script, an input, an initialiser
    const Code* outer = nullptr;    // of blocks
    Module* module = nullptr;
    std::string_view name; // for traces
    std::shared_ptr<const syntax::SyntaxTree> tree;
    uint32_t position = 0;
    Arena arena;                 // all nodes
    std::vector<Value> literals; // shared cells that the nodes hold, released with the code
    struct Cache {
        Node* node;
        void (*reset)(Node*);
    };
    std::vector<Cache> caches;               // what looks methods up, for flushing
    std::shared_ptr<void> scopes_kept;       // what the maker needs to make blocks of it later
    std::vector<Code*> blocks;               // of the outermost body: all blocks in it that are made
    std::vector<bool> captures;              // of blocks, for each captured word: it is a Variable
    const Class* sees = nullptr;             // of blocks: of what class self is, where `sees_state`
    ShapeId fields_of = 0;                   // the same: the layout whose fields its text names,
    ShapeId layout = 0;                      // and the one in which they are
    std::unique_ptr<FieldInfo> initialiser;  // whose it is; of a method: `method`
    std::shared_ptr<TopLevelBody> top_level; // whose it is
};

inline Value run(Node* node, Value* fp) {
    return node->run(node, fp);
}

struct LocalNode : Node {
    uint16_t slot = 0;
};
Value run_local(Node* node, Value* fp);
// The same as run, quicker where the node is a plain local: operands often are.
inline Value operand(Node* node, Value* fp) {
    if (node->run == run_local) return fp[static_cast<LocalNode*>(node)->slot];
    return node->run(node, fp);
}

} // namespace indent
