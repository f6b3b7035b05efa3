// The inside of the maker: what it knows while it walks one body. Not for others.
//
// Slots are given like a stack: locals of a suite and operands under evaluation alike take the next free slot and
// give it back when they end, so a body that runs inside an expression (the block of a control send) finds its
// locals above the operands that wait.
#pragma once
#include "vm/interp/maker.h"
#include "vm/interp/nodes.h"
#include "vm/interp/nodes_try.h"
#include "vm/syntax/body_scan.h"
#include <algorithm>
#include <optional>
#include <set>

namespace indent {

struct Variable {
    std::string_view name;
    uint16_t slot = 0;
    bool shared = false; // assigned after its declaration: blocks share it instead of copying it
};

// The variables in sight, innermost first; kept with the code, for blocks that are made later.
struct Environment {
    const Environment* outer = nullptr;
    Variable variable;
};

// One method, block or script body that is being made.
struct Body {
    Code* code = nullptr;
    Body* outer = nullptr;                          // of blocks, while the outer body is alive
    std::shared_ptr<Body> kept_outer;               // the same, kept for blocks that are made later
    const Environment* outer_environment = nullptr; // what the outer body saw here
    const Environment* environment = nullptr;
    std::shared_ptr<syntax::NameUse> names;
    Class* cls = nullptr;            // whose fields are in sight; null: none
    const Class* laid_out = nullptr; // where those fields are by now; null: `cls`
    Class* owner = nullptr;          // for super
    Module* module = nullptr;
    Workspace* workspace = nullptr;
    bool is_block = false;
    bool top_level = false;
    bool script =
        false; // statements of a script: names mean what is current, as they are never reloaded themselves
    bool assign_declares = false;
    bool sets_module_values = false;
    bool sees_all_modules = false;
    bool handler = false; // a catch suite as a block: completions are the machine's to see
    uint16_t block_slot = 0;
    uint16_t home_slot = 0;
    bool needs_home = false;
    unsigned next = 1;
    unsigned highest = 1;
    struct Capture {
        const Environment* variable;
        CaptureSource source;
        bool shared;
    };
    std::vector<Capture> captures; // of blocks
    unsigned loops = 0;
    unsigned suite_depth = 0;
};

// What is in sight at the node of a body that stands at `position` with its operands from `temp` on: asked of the maker
// while it makes that body once more.
struct ScopeWatch {
    std::vector<uint32_t> place; // of the body (place_of)
    uint32_t position = 0;
    uint16_t temp = 0;
    bool found = false;
    const Environment* environment = nullptr;
    std::shared_ptr<Body> body;
};

class Maker {
  public:
    Maker(Machine& vm, std::shared_ptr<Body> body) : vm_(vm), body_(std::move(body)), b_(*body_) {}

    Node* method_body(Method* method);
    Node* block_body(syntax::Parameters parameters, const syntax::Suite& suite, bool loop_body);
    Node* top_level_body(syntax::Nodes statements);
    Node* expression(const syntax::Node* node, bool statement = false);
    void finish(); // frame size, after the body is made

  private:
    friend struct LazyBlock;
    Arena& arena() { return b_.code->arena; }
    SymbolId symbol(std::string_view text) { return vm_.symbols.intern(text); }
    Value literal_text(std::string_view text);

    // slots
    uint16_t take(unsigned count = 1);
    void reserve(unsigned upto);
    template <class F>
    auto above(unsigned next, F make) { // runs make with the free slots beginning at `next`
        unsigned saved = b_.next;
        b_.next = next;
        reserve(next);
        auto made = make();
        b_.next = saved;
        return made;
    }
    Node* operand(const syntax::Node* node, unsigned next) {
        return above(next, [&] { return expression(node); });
    }
    // Says of a node where its text stands, whose it is, and where its operands begin.
    template <class N>
    N* placed(N* node, syntax::Span at, unsigned temp) {
        if (node->code) return node; // an operator that was given its local keeps its place
        node->code = b_.code;
        node->position = at.begin;
        node->temp = uint16_t(std::min<unsigned>(temp, kFrameWords));
        if (vm_.inner->watch) [[unlikely]]
            note_scope(node);
        reserve(temp + 4);
        return node;
    }
    template <class N>
    N* placed(N* node, const syntax::Node* at, unsigned temp) {
        return placed(node, at->span, temp);
    }
    SendSite* site(SymbolId selector, std::span<Node* const> operands, const ArgumentPlan* plan,
                   syntax::Span at, unsigned temp, bool unrewritable = false);

    // variables
    const Environment* find_local(std::string_view name) const;
    const Environment* declare(std::string_view name, uint16_t slot);
    bool shareable(std::string_view name) const;
    Node* read_variable(std::string_view name); // null where no variable has the name
    Node* write_variable(std::string_view name, Node* value);
    int capture(const Environment* variable);
    Node* no_field(std::string_view name); // of what self has become
    int place_of_field(
        SymbolId name) const; // of `cls`, in what self is laid out as; negative: it is there no more
    Node* failure(const syntax::Node* at, std::string_view error_class, const std::string& message);
    std::string undefined_message(std::string_view name);

    // expressions
    Node* name(const syntax::NameNode* node);
    // `qualified`: named with its module, so always the current one.
    Node* binding_value(Binding* binding, const syntax::Node* at, bool qualified = false);
    Node* call(const syntax::CallNode* node, bool statement);
    Node* call_binding(Binding* binding, syntax::Arguments arguments, const syntax::BlockNode* block,
                       const syntax::Node* at, bool qualified = false);
    bool is_foreign(const Binding* binding, bool qualified) const {
        return !binding->module->library && (qualified || b_.script || binding->module != b_.module);
    }
    Node* send(const syntax::SendNode* node, bool statement);
    Node* actor_call(const syntax::ActorCallNode* node);
    bool in_actor() const; // self is an actor's state
    Node* send_to(Node* (Maker::*receiver)(const syntax::Node*, unsigned), const syntax::Node* receiver_node,
                  SymbolId selector, syntax::Arguments arguments, const syntax::BlockNode* block,
                  const syntax::Node* at, Class* super_of);
    Node* plain_operand(const syntax::Node* node, unsigned next) { return operand(node, next); }
    Node* self_operand(const syntax::Node*, unsigned) { return make_self(arena()); }
    Node* binary(SymbolId selector, const syntax::Node* left, const syntax::Node* right,
                 const syntax::Node* at);
    Node* binary_of(SymbolId selector, Node* left, Node* right, syntax::Span at, unsigned temp);
    Node* inline_loop(SymbolId selector, const syntax::Node* receiver, syntax::Parameters parameters,
                      bool has_parameters, const syntax::Suite& suite, const syntax::Node* at, bool is_for);
    Node* block(const syntax::BlockNode* node);
    Node* map_literal(const syntax::MapNode* node);
    Node* interpolation(const syntax::InterpolationNode* node);
    Node* interpolation(const syntax::InterpolationNode* node, std::span<const syntax::Node* const> of);
    Node* reference(const syntax::ReferenceNode* node);
    Module* module_path(const syntax::Node* node) const;
    std::vector<Node*> arguments(syntax::Arguments arguments, const syntax::BlockNode* block, unsigned first,
                                 const ArgumentPlan*& plan);

    // statements
    Node* statements(syntax::Nodes nodes, bool tail);
    Node* suite(const syntax::Suite& suite, bool tail);
    Node* statement(const syntax::Node* node, bool tail);
    Node* let(const syntax::LetNode* node);
    Node* assign(const syntax::AssignNode* node);
    Node* if_statement(const syntax::IfNode* node, size_t branch, bool tail, syntax::Nodes rest);
    Node* while_statement(const syntax::Node* at, const syntax::Node* condition, const syntax::Suite& body);
    Node* match(const syntax::MatchNode* node, bool tail);
    Node* try_statement(const syntax::TryNode* node, bool tail);
    Node* expect(const syntax::ExpectNode* node);
    Node* expect_error(const syntax::ExpectErrorNode* node);
    Matcher* matcher(const syntax::Pattern* pattern, bool assigns = false);
    Node* destructure(const syntax::Pattern* pattern, Node* value, syntax::Span at, bool assigns = false);
    // While an alternative is made, the environment before the first one: they all bind in the same places.
    std::optional<const Environment*> alternatives_;
    void bind_pattern_name(Matcher* matcher, std::string_view name, bool assigns);
    int close_from(unsigned first) const;
    void mark(bool Code::*what);
    void note_scope(const Node* node);

    Machine& vm_;
    std::shared_ptr<Body> body_;
    Body& b_;
};

// A block whose code is made when it is first needed (the fallback of a control send, a catch suite).
Node* make_lazy_block(Maker& maker, Machine& vm, std::shared_ptr<Body> outer, syntax::Parameters parameters,
                      bool has_parameters, const syntax::Suite& suite, bool loop_body, bool handler,
                      const Environment* environment);

} // namespace indent
