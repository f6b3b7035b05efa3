// The syntax tree: what a text says, for tools and for the maker of executable trees. Immutable once parsed.
//
// All nodes live in the arena of their SyntaxTree and own nothing; texts are views into the source or the
// arena. A node is told apart by its kind; `as<T>(node)` is the checked cast. Statements, expressions and
// definitions are all nodes, because a block's body may be either of the first two and a module's top level
// holds all three.
#pragma once
#include "vm/base/arena.h"
#include <cassert>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace indent::syntax {

// Half-open range of byte offsets in the source.
struct Span {
    uint32_t begin = 0;
    uint32_t end = 0;
};

enum class Kind : uint8_t {
    // literals
    Integer,
    Float,
    Boolean,
    Nil,
    Symbol,
    Text,
    Interpolation,
    List,
    Tuple,
    Map,
    Range,
    // names and sends
    Name,
    Self,
    Send,
    SuperSend,
    Call,
    CallValue,
    Identity,
    Membership,
    And,
    Or,
    Not,
    IfExpression,
    Block,
    Reference,
    ActorCall,
    Error,
    // statements
    Let,
    Assign,
    If,
    While,
    For,
    Loop,
    Break,
    Continue,
    Return,
    Raise,
    Match,
    Try,
    Pass,
    Expect,
    ExpectError,
    // definitions
    Module,
    Import,
    ModuleValue,
    Definition,
    Class,
    Record,
    Trait,
    Extend,
    Actor,
    Supervisor,
    Hook,
    Once,
    Test,
};

struct Node {
    Kind kind;
    Span span; // the whole construct
};

template <class T>
const T* as(const Node* node) {
    assert(node && T::is(node->kind));
    return static_cast<const T*>(node);
}
// Null where the node is null or of another kind.
template <class T>
const T* try_as(const Node* node) {
    return node && T::is(node->kind) ? static_cast<const T*>(node) : nullptr;
}

template <Kind K>
struct NodeOf : Node {
    static bool is(Kind kind) { return kind == K; }
    explicit NodeOf(Span where) : Node{K, where} {}
};

using Nodes = std::span<const Node* const>;

struct Name { // an identifier with its place
    std::string_view text;
    Span span;
};

// ---- literals

struct IntegerNode : NodeOf<Kind::Integer> {
    using NodeOf::NodeOf;
    std::string_view digits; // no underscores, no prefix; may begin with '-'
    int base = 10;           // 2, 10 or 16
};
struct FloatNode : NodeOf<Kind::Float> {
    using NodeOf::NodeOf;
    double value = 0;
};
struct BooleanNode : NodeOf<Kind::Boolean> {
    using NodeOf::NodeOf;
    bool value = false;
};
struct NilNode : NodeOf<Kind::Nil> {
    using NodeOf::NodeOf;
};
struct SymbolNode : NodeOf<Kind::Symbol> {
    using NodeOf::NodeOf;
    std::string_view name;
};
struct TextNode : NodeOf<Kind::Text> {
    using NodeOf::NodeOf;
    std::string_view value; // escapes resolved, UTF-8
};
struct InterpolationNode : NodeOf<Kind::Interpolation> { // "a {b} c": TextNodes and expressions in order
    using NodeOf::NodeOf;
    Nodes parts;
};
struct SpreadOr { // an element of a list literal, an argument
    const Node* value = nullptr;
    bool spread = false; // *value
    Name label{};        // by: value; empty where there is none
};
using Arguments = std::span<const SpreadOr>;
struct ListNode : NodeOf<Kind::List> {
    using NodeOf::NodeOf;
    Arguments elements;
};
struct TupleNode : NodeOf<Kind::Tuple> {
    using NodeOf::NodeOf;
    Nodes elements; // 0, 2 or more; (a,) is a tuple of one
};
struct MapEntry {
    const Node* key = nullptr; // SymbolNode for a bare word
    const Node* value = nullptr;
};
struct MapNode : NodeOf<Kind::Map> {
    using NodeOf::NodeOf;
    std::span<const MapEntry> entries;
};
struct RangeNode : NodeOf<Kind::Range> {
    using NodeOf::NodeOf;
    const Node* low = nullptr;
    const Node* high = nullptr;
    bool exclusive = false; // ..<
};

// ---- patterns (match cases, let, block and loop parameters)

enum class PatternKind : uint8_t {
    Ignore,
    Bind,
    Literal,
    Range,
    Type,
    BindType,
    Tuple,
    List,
    Record,
    Map,
    Either
};
struct Pattern;
struct PatternEntry {
    const Node* key = nullptr; // map patterns: the key; record patterns by name: SymbolNode; else null
    const Pattern* pattern = nullptr;
};
struct Pattern {
    PatternKind kind = PatternKind::Ignore;
    Span span;
    Name name;                   // Bind, BindType; Tuple/List: unused
    const Node* value = nullptr; // Literal (any literal node, sign folded in), Range (RangeNode),
                                 // Type, BindType, Record (NameNode or qualified SendNode: the class)
    std::span<const PatternEntry> entries; // Tuple, List, Record, Map, Either: the parts
    int rest = -1;                         // List: index in entries of *rest (its pattern is Bind or Ignore)
};

// ---- parameters

struct Parameter {
    Name name;                        // empty where the parameter is a pattern
    const Pattern* pattern = nullptr; // blocks and `for`: anything but a plain name
    const Node* initial = nullptr;    // default value
    const Node* type = nullptr;       // optional annotation, an expression that names a class
    bool rest = false;                // *more
    Span span;
};
using Parameters = std::span<const Parameter>;

struct Suite { // the statements of a body, in order; span covers them
    Nodes statements;
    Span span;
};

// ---- names, sends

// Whether a name is a class's: CapWords, after the underscore of a private one.
inline bool is_capital(std::string_view name) {
    size_t first = name.find_first_not_of('_');
    return first != std::string_view::npos && name[first] >= 'A' && name[first] <= 'Z';
}

struct NameNode : NodeOf<Kind::Name> { // lowercase or CapWords; without arguments
    using NodeOf::NodeOf;
    std::string_view text;
    bool capital() const { return is_capital(text); }
};
struct SelfNode : NodeOf<Kind::Self> {
    using NodeOf::NodeOf;
};
struct BlockNode;
struct SendNode : NodeOf<Kind::Send> { // also operators (`+` …), -x (`negated`), xs[i] (`at`)
    using NodeOf::NodeOf;
    const Node* receiver = nullptr;
    Name selector;
    Arguments arguments;              // without the trailing block
    const BlockNode* block = nullptr; // trailing `do`
    bool parentheses = false;         // written with (…)
    bool is_operator = false;         // written as an operator or with [ ]
};
struct SuperSendNode : NodeOf<Kind::SuperSend> {
    using NodeOf::NodeOf;
    Name selector;
    Arguments arguments;
    const BlockNode* block = nullptr;
};
struct CallNode : NodeOf<Kind::Call> { // f(args), Point(1, 2), b(x): a name applied, or with a trailing block
    using NodeOf::NodeOf;
    Name name;
    Arguments arguments;
    const BlockNode* block = nullptr;
    bool parentheses = false; // false only for `f do …`
};
struct CallValueNode : NodeOf<Kind::CallValue> { // (x -> x)(3), xs[0](3)
    using NodeOf::NodeOf;
    const Node* callee = nullptr;
    Arguments arguments;
    const BlockNode* block = nullptr;
};
struct IdentityNode : NodeOf<Kind::Identity> { // a is b, a is not b
    using NodeOf::NodeOf;
    const Node* left = nullptr;
    const Node* right = nullptr;
    bool negated = false;
};
struct MembershipNode : NodeOf<Kind::Membership> { // a in b (sends b.includes?(a)), a not in b
    using NodeOf::NodeOf;
    const Node* left = nullptr;
    const Node* right = nullptr;
    bool negated = false;
};
struct AndNode : NodeOf<Kind::And> {
    using NodeOf::NodeOf;
    const Node* left = nullptr;
    const Node* right = nullptr;
};
struct OrNode : NodeOf<Kind::Or> {
    using NodeOf::NodeOf;
    const Node* left = nullptr;
    const Node* right = nullptr;
};
struct NotNode : NodeOf<Kind::Not> {
    using NodeOf::NodeOf;
    const Node* operand = nullptr;
};
struct IfExpressionNode : NodeOf<Kind::IfExpression> { // if c then a else b
    using NodeOf::NodeOf;
    const Node* condition = nullptr;
    const Node* then_value = nullptr;
    const Node* else_value = nullptr;
};
struct BlockNode : NodeOf<Kind::Block> { // x -> e, (x, y) -> e, do x: suite
    using NodeOf::NodeOf;
    Parameters parameters;
    Suite body;                 // for `->`: one statement or expression
    bool has_parameters = true; // false: `do:` and `() -> e`, which ignore arguments
    bool is_suite = false;      // written with `do`
};
struct ReferenceNode : NodeOf<Kind::Reference> { // &f, &module.f, &Class.selector
    using NodeOf::NodeOf;
    std::span<const Name> path; // one name or more; the last may be an operator's or keyword's selector
};
enum class ActorVerb : uint8_t { Spawn, Send, Ask, Watch, Stop };
struct ActorCallNode : NodeOf<Kind::ActorCall> { // spawn X(), send a.m(), ask a.m(), watch a, stop a
    using NodeOf::NodeOf;
    ActorVerb verb = ActorVerb::Ask;
    const Node* message = nullptr; // Spawn: CallNode or qualified SendNode; Send, Ask: SendNode
    const Node* within = nullptr;
    const Node* after = nullptr;
    const Node* every = nullptr;
    const Node* name = nullptr; // as :name
};
struct ErrorNode : NodeOf<Kind::Error> { // stands where parsing failed; there is a diagnostic
    using NodeOf::NodeOf;
};

// ---- statements

struct LetNode : NodeOf<Kind::Let> {
    using NodeOf::NodeOf;
    const Pattern* target = nullptr; // Bind, Tuple, List … or Ignore
    const Node* type = nullptr;
    const Node* value = nullptr;
};
struct AssignNode : NodeOf<Kind::Assign> { // x = v, x += v, xs[i] = v (sends at_put), xs[i] += v, (a, b) = v
    using NodeOf::NodeOf;
    const Node* target = nullptr;     // NameNode, or SendNode `at`; null where pattern is set
    const Pattern* pattern = nullptr; // (a, b) = pair: assigns names that exist (declares at a top level)
    std::string_view op;              // "" or the operator: "+", "-", "*", "/"
    const Node* value = nullptr;
};
struct Branch {
    const Node* condition = nullptr;
    Suite body;
};
struct IfNode : NodeOf<Kind::If> {
    using NodeOf::NodeOf;
    std::span<const Branch> branches; // if, elif …
    bool has_else = false;
    Suite else_body;
};
struct WhileNode : NodeOf<Kind::While> {
    using NodeOf::NodeOf;
    const Node* condition = nullptr;
    Suite body;
};
struct ForNode : NodeOf<Kind::For> {
    using NodeOf::NodeOf;
    const Pattern* target = nullptr;
    const Node* iterable = nullptr;
    Suite body;
};
struct LoopNode : NodeOf<Kind::Loop> {
    using NodeOf::NodeOf;
    Suite body;
};
struct BreakNode : NodeOf<Kind::Break> {
    using NodeOf::NodeOf;
};
struct ContinueNode : NodeOf<Kind::Continue> {
    using NodeOf::NodeOf;
};
struct ReturnNode : NodeOf<Kind::Return> {
    using NodeOf::NodeOf;
    const Node* value = nullptr; // may be null
};
struct RaiseNode : NodeOf<Kind::Raise> { // also where an expression may stand
    using NodeOf::NodeOf;
    const Node* value = nullptr;
};
struct MatchCase {
    const Pattern* pattern = nullptr;
    const Node* guard = nullptr; // may be null
    Suite body;
    Span span;
};
struct MatchNode : NodeOf<Kind::Match> {
    using NodeOf::NodeOf;
    const Node* subject = nullptr;
    std::span<const MatchCase> cases;
};
struct CatchClause {
    Name name;                  // empty or "_": not bound
    const Node* type = nullptr; // null: Error
    Suite body;
    Span span;
};
struct TryNode : NodeOf<Kind::Try> {
    using NodeOf::NodeOf;
    Suite body;
    std::span<const CatchClause> catches;
    bool has_finally = false;
    Suite finally_body;
};
struct PassNode : NodeOf<Kind::Pass> {
    using NodeOf::NodeOf;
};
struct ExpectNode : NodeOf<Kind::Expect> { // expect condition
    using NodeOf::NodeOf;
    const Node* condition = nullptr;
};
struct ExpectErrorNode : NodeOf<Kind::ExpectError> { // expect_error Type do: suite
    using NodeOf::NodeOf;
    const Node* type = nullptr; // null: Error
    Suite body;
};

// ---- definitions

struct Annotation { // @renamed(a: :b), @keep(3), @strict, @reset, @primitive
    Name name;
    Arguments arguments;
    Span span;
};
struct DefinitionHead {   // what all definitions share
    Name name;            // may be empty (hooks, once); tests: the name is in `title`
    std::string_view doc; // comment block right above, without '#' and one space; lines joined by \n
    std::span<const Annotation> annotations;
    Span full; // from the doc comment or first annotation to the end of the definition
};

struct ModuleNode : NodeOf<Kind::Module> { // module a.b
    using NodeOf::NodeOf;
    std::string_view path;
    std::string_view doc;
    std::span<const Annotation> annotations; // @keep(3), @strict
};
struct ImportNode : NodeOf<Kind::Import> { // import a.b, import a.b (x, y)
    using NodeOf::NodeOf;
    std::string_view path;
    std::span<const Name> names;
    bool bare = false; // a list of names was given
};
struct ModuleValueNode : NodeOf<Kind::ModuleValue> { // stable x = e, var x = e
    using NodeOf::NodeOf;
    DefinitionHead head;
    bool stable = false;
    const Node* type = nullptr;
    const Node* initial = nullptr;
};
enum class DefinitionRole : uint8_t { Def, On };
struct DefinitionNode : NodeOf<Kind::Definition> { // def f(x) = e, def f(x): suite, class def, on m(x): suite
    using NodeOf::NodeOf;
    DefinitionHead head; // the name may be an operator
    DefinitionRole role = DefinitionRole::Def;
    bool class_side = false;
    bool primitive = false; // @primitive: no body
    bool expression_body = false;
    Parameters parameters;
    const Node* result_type = nullptr;
    Suite body;
};
struct FieldDeclaration { // field x = e / state x = e
    DefinitionHead head;
    const Node* type = nullptr;
    const Node* initial = nullptr;
};
struct Behaviour { // what classes, records, traits, extends and actors may hold
    std::span<const FieldDeclaration> fields;
    std::span<const DefinitionNode* const> methods;
};
struct ClassNode : NodeOf<Kind::Class> {
    using NodeOf::NodeOf;
    DefinitionHead head;
    const Node* superclass = nullptr; // NameNode or qualified SendNode; may be null
    Nodes traits;
    Behaviour members;
};
struct RecordNode : NodeOf<Kind::Record> {
    using NodeOf::NodeOf;
    DefinitionHead head;
    Parameters parameters; // the fields
    Nodes traits;
    Behaviour members; // no fields
};
struct TraitNode : NodeOf<Kind::Trait> {
    using NodeOf::NodeOf;
    DefinitionHead head;
    Nodes traits;
    Behaviour members; // no fields
};
struct ExtendNode : NodeOf<Kind::Extend> { // extend Integer:  extend Integer with Trait:
    using NodeOf::NodeOf;
    DefinitionHead head;
    const Node* target = nullptr;
    Nodes traits;
    Behaviour members;
};
struct ActorNode : NodeOf<Kind::Actor> {
    using NodeOf::NodeOf;
    DefinitionHead head;
    const Node* superclass = nullptr;
    Nodes traits;
    const Node* state_version = nullptr; // an integer literal; null is 1
    Behaviour members;
};
struct ChildDeclaration {        // child Counter() as :counter, on_error: :restart
    const Node* spawn = nullptr; // CallNode or qualified SendNode
    const Node* name = nullptr;
    Arguments options;
    Span span;
};
struct SupervisorNode : NodeOf<Kind::Supervisor> {
    using NodeOf::NodeOf;
    DefinitionHead head;
    const Node* strategy = nullptr;
    Arguments options; // max:, within:, on_error:
    std::span<const ChildDeclaration> children;
    Behaviour members;
};
enum class HookKind : uint8_t { BeforeReload, AfterReload };
struct HookNode : NodeOf<Kind::Hook> { // def before_reload: at a module's top level
    using NodeOf::NodeOf;
    DefinitionHead head;
    HookKind hook = HookKind::BeforeReload;
    Suite body;
};
struct OnceNode : NodeOf<Kind::Once> {
    using NodeOf::NodeOf;
    DefinitionHead head;
    Suite body;
};
struct TestNode : NodeOf<Kind::Test> {
    using NodeOf::NodeOf;
    DefinitionHead head;
    std::string_view title;
    Suite body;
};

// A parsed text: its source, its arena, its top level in order. Move-only; nodes stay valid as long as it lives.
struct SyntaxTree {
    std::string file;                    // as diagnostics name it
    std::unique_ptr<std::string> source; // UTF-8 as given
    Arena arena;
    Nodes top_level;
    const ModuleNode* module = nullptr; // `module …` where it is written
};

// What definitions of the top level share; null: the node is none that has a name.
const DefinitionHead* head_of(const Node* node);

} // namespace indent::syntax
