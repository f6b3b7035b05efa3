// The parser's class, for the parser's own files: recursive descent over the tokens of a whole text, with
// precedence climbing for the operators.
//
// Errors. The first error in a statement is reported and sets `panicking_`; until the statement's end nothing
// more is, and every `expect` fails quietly. Then the parser skips to the end of the line, takes a suite that
// follows as statements, and goes on. Loops end because they stop when panicking or at the End token.
//
// Depth. Recursion passes `Deeper` at each bracket, suite and prefix, which bounds the C++ stack. Chains such
// as `a.b.c` and `1 + 2 + 3` are loops here but deep trees for whoever walks them, so `height_` follows how
// high the tree just made is and bounds it too. Past a limit the parser says so once and goes to the end.
//
// Lists are gathered on stacks kept between uses (List), then copied to the arena: no allocation per node.
#pragma once
#include "vm/syntax/diagnostics.h"
#include "vm/syntax/lexer.h"
#include "vm/syntax/parser.h"
#include "vm/syntax/text_literal.h"
#include <algorithm>
#include <cstring>

namespace indent::syntax {

// Elements gathered on a stack that outlives the list; must be taken or dropped in the reverse order of
// making.
template <class T>
class List {
  public:
    explicit List(std::vector<T>& stack) : stack_(stack), begin_(stack.size()) {}
    ~List() { stack_.resize(begin_); }
    List(const List&) = delete;
    List& operator=(const List&) = delete;

    void add(const T& element) { stack_.push_back(element); }
    size_t size() const { return stack_.size() - begin_; }
    bool empty() const { return size() == 0; }
    T& operator[](size_t i) { return stack_[begin_ + i]; }
    std::span<const T> take(Arena& arena) {
        if (empty()) return {};
        T* to = static_cast<T*>(arena.allocate(sizeof(T) * size(), alignof(T)));
        std::uninitialized_copy(stack_.begin() + static_cast<ptrdiff_t>(begin_), stack_.end(), to);
        return {to, size()};
    }

  private:
    std::vector<T>& stack_;
    size_t begin_;
};

// Where definitions stand.
enum class Place : uint8_t { Module, Class, Record, Trait, Extend, Actor, Supervisor };

class Parser {
  public:
    Parser(SyntaxTree& tree, Lexed lexed, std::vector<Diagnostic>& diagnostics, bool interactive);

    void parse_module();
    void parse_members_alone(Place place);
    bool wants_more() const { return wants_more_; }

  private:
    static constexpr unsigned max_depth = 200;
    static constexpr unsigned max_height = 1000;

    class Deeper {
      public:
        explicit Deeper(Parser& parser) : parser_(parser), outer_(parser.height_) {
            parser.height_ = 0;
            if (++parser.depth_ > max_depth) parser.give_up();
        }
        ~Deeper() {
            --parser_.depth_;
            parser_.height_ = std::max(outer_, parser_.height_ + 1);
        }
        Deeper(const Deeper&) = delete;
        Deeper& operator=(const Deeper&) = delete;

      private:
        Parser& parser_;
        unsigned outer_;
    };

    // Sets a value for as long as it lives.
    template <class T>
    class During {
      public:
        During(T& where, T value) : where_(where), before_(where) { where = value; }
        ~During() { where_ = before_; }
        During(const During&) = delete;
        During& operator=(const During&) = delete;

      private:
        T& where_;
        T before_;
    };

    // ---- tokens (parser.cpp)
    const Token& token() const { return tokens_[at_]; }
    const Token& peek(size_t ahead) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)]; }
    const Token& previous() const { return tokens_[at_ > 0 ? at_ - 1 : 0]; }
    bool at(TokenKind kind) const { return token().kind == kind; }
    bool at(Word word) const { return token().kind == TokenKind::Name && token().word == word; }
    bool at_end_of_line() const {
        return at(TokenKind::Newline) || at(TokenKind::End) || at(TokenKind::Dedent);
    }
    bool touching(TokenKind kind) const { return at(kind) && !token().has(Token::Spaced); }
    const Token& advance();
    bool accept(TokenKind kind);
    bool accept(Word word);
    // Takes the token or reports that `what` was expected here.
    bool expect(TokenKind kind, std::string_view what, std::string_view help = {});
    std::string_view text(const Token& t) const { return source_.substr(t.begin, t.end - t.begin); }
    static Span span(const Token& t) { return {t.begin, t.end}; }
    Span span_from(uint32_t begin) const { return {begin, std::max(begin, last_end_)}; }
    Name name_of(const Token& t) const { return {text(t), span(t)}; }
    bool at_name() const { return at(TokenKind::Name) && !is_reserved(token().word); }
    static bool is_name(const Token& t) { return t.kind == TokenKind::Name && !is_reserved(t.word); }
    bool is_capital(const Token& t) const;
    bool begins_operand(const Token& t) const;

    // ---- reporting (parser.cpp)
    void report(Code code, Span where, std::vector<std::string> arguments = {});      // goes on
    const Node* fail(Code code, Span where, std::vector<std::string> arguments = {}); // panics; an ErrorNode
    const Node* fail_here(Code code, std::vector<std::string> arguments = {}) {
        return fail(code, span_here(), std::move(arguments));
    }
    Span span_here() const;
    std::string found() const { return describe(token()); }
    // What to write instead of what stands here, as people of other languages mean it (advice.cpp); or empty.
    std::string advice_here() const;
    std::string advice_at_line_end() const;
    std::string advice_for_comprehension() const;
    std::string advice_for_reserved() const;
    std::string describe(const Token& t) const;
    void give_up();
    void synchronise();
    void link() {
        if (++height_ > max_height) give_up();
    }

    template <class T>
    T* make(uint32_t begin) {
        return tree_.arena.make<T>(Span{begin, begin});
    }
    template <class T>
    T* finish(T* node) {
        node->span.end = std::max(node->span.begin, last_end_);
        return node;
    }
    const Node* error_node();

    // ---- expressions (expressions.cpp)
    const Node* parse_expression();
    const Node* parse_binary(int least);
    const Node* parse_not();
    const Node* parse_unary();
    const Node* parse_power(bool negative);
    const Node* parse_postfix(bool negative);
    const Node* parse_primary(bool negative);
    const Node* parse_word();
    const Node* parse_number(bool negative);
    const Node* parse_text();
    const Node* parse_list();
    const Node* parse_map();
    const Node* parse_parenthesised();
    const Node* parse_reference();
    const Node* parse_conditional_rest(uint32_t begin, const Node* condition);
    const Node* parse_if_expression();
    const Node* parse_raise();
    const Node* parse_arrow_block();
    const BlockNode* parse_do_block();
    const Node* parse_super();
    const Node* parse_qualified(std::string_view what); // Name or module.Name, without arguments
    Arguments parse_arguments();                        // at `(`
    SpreadOr parse_argument(bool labels);
    Arguments parse_open_arguments(std::string_view word); // , a, b: c up to the end of the line
    bool arrow_block_here() const;
    const Node* binary(const Token& op, const Node* left, const Node* right);
    Name parse_selector();

    // ---- actors' verbs (verbs.cpp)
    bool verb_here() const;
    const Node* parse_verb();
    const Node* message_of(const Node* operand, Word verb);

    // ---- patterns and parameters (patterns.cpp)
    const Pattern* parse_pattern();
    const Pattern* parse_single_pattern();
    const Pattern* parse_literal_pattern();
    const Pattern* parse_class_pattern();
    std::span<const PatternEntry> parse_pattern_entries(TokenKind closing, Pattern* list, bool labels);
    const Pattern* parse_map_pattern();
    const Pattern* parse_target(std::string_view what); // of let and for: says how to write tuples
    Parameters parse_parameters(bool patterns);         // in parentheses
    Parameters parse_do_parameters();
    Parameter parse_parameter(bool patterns);
    void check_parameters(List<Parameter>& parameters);
    const Pattern* pattern_of_target(const Node* target);

    // ---- statements (statements.cpp)
    void parse_statements(List<const Node*>& into, bool definitions);
    const Node* parse_statement(bool definitions);
    const Node* parse_simple_statement();
    const Node* parse_let();
    const Node* parse_expression_statement();
    const Node* parse_assignment(const Node* target);
    const Node* parse_if();
    const Node* parse_while();
    const Node* parse_for();
    const Node* parse_loop();
    const Node* parse_match();
    const Node* parse_try();
    const Node* parse_expect();
    const Node* parse_expect_error();
    const Node* stray_word();
    const Node* parse_head(std::string_view word); // an expression in which `do` ends it
    Suite parse_suite(std::string_view head);      // at `:`
    Suite parse_suite_body();                      // after it
    bool next_line_is(Word word) const;
    bool take_next_line(Word word);
    void end_statement(List<const Node*>* orphans, bool definitions);

    // ---- definitions (definitions.cpp)
    bool definition_here() const;
    const Node* parse_definition();
    std::span<const Annotation> parse_annotations();
    DefinitionHead begin_head();
    void finish_head(DefinitionHead& head) const { head.full.end = std::max(head.full.begin, last_end_); }
    std::string_view doc_comment_before(uint32_t offset, uint32_t& begin);
    const Node* parse_module_line(DefinitionHead& head);
    const Node* parse_import();
    const Node* parse_module_value(DefinitionHead& head);
    const Node* parse_hook(DefinitionHead& head, uint32_t begin);
    const Node* parse_once(DefinitionHead& head);
    const Node* parse_test(DefinitionHead& head);
    const DefinitionNode* parse_def(DefinitionHead& head, Place place);
    Name parse_def_name(std::string_view what);
    const Node* parse_type();
    const Node* parse_class(DefinitionHead& head);
    const Node* parse_record(DefinitionHead& head);
    const Node* parse_trait(DefinitionHead& head);
    const Node* parse_extend(DefinitionHead& head);
    const Node* parse_actor(DefinitionHead& head);
    const Node* parse_supervisor(DefinitionHead& head);
    Name parse_class_name(std::string_view what);
    Nodes parse_traits();
    std::string_view parse_path(std::string_view what);
    struct Members {
        Behaviour behaviour;
        const Node* state_version = nullptr;
        const Node* strategy = nullptr;
        Arguments options;
        std::span<const ChildDeclaration> children;
        std::string_view constant; // not used by all places
    };
    Members parse_members(Place place);
    void parse_member(Place place, Members& members, List<FieldDeclaration>& fields,
                      List<const DefinitionNode*>& methods, List<ChildDeclaration>& children);
    Members parse_member_lines(Place place);
    FieldDeclaration parse_field(DefinitionHead& head);
    ChildDeclaration parse_child();
    void forbid_primitive(const DefinitionHead& head);

    SyntaxTree& tree_;
    std::string_view source_;
    std::vector<Token> tokens_;
    std::vector<Comment> comments_;
    std::vector<Span> broken_;
    std::vector<Diagnostic>& diagnostics_;
    bool interactive_;
    bool wants_more_ = false;

    size_t at_ = 0;
    uint32_t last_end_ = 0; // where the last token that says something ended
    unsigned depth_ = 0;
    unsigned height_ = 0;
    unsigned brackets_ = 0; // open around here, since the innermost suite
    std::string_view head_; // the word whose head this is, where `do` must not stand
    bool panicking_ = false;
    bool gave_up_ = false;
    size_t next_comment_ = 0;

    std::vector<const Node*> nodes_;
    std::vector<SpreadOr> arguments_;
    std::vector<MapEntry> entries_;
    std::vector<PatternEntry> patterns_;
    std::vector<Parameter> parameters_;
    std::vector<Branch> branches_;
    std::vector<MatchCase> cases_;
    std::vector<CatchClause> catches_;
    std::vector<Annotation> annotations_;
    std::vector<FieldDeclaration> fields_;
    std::vector<const DefinitionNode*> methods_;
    std::vector<ChildDeclaration> children_;
    std::vector<Name> names_;
    std::vector<TextPiece> pieces_;
};

} // namespace indent::syntax
