// The checker's class, for the checker's own files. It walks bodies with the variables in sight on a stack; what a
// name means is asked in the order of the language: locals, fields, the text's own definitions, the world's.
#pragma once
#include "vm/reload/checker.h"
#include "vm/reload/text_facts.h"
#include <set>

namespace indent {

using Mistake = syntax::Code; // `Code` alone is the executable tree's

class Checker {
  public:
    Checker(const syntax::SyntaxTree& tree, const KnownNames& known, const CheckOptions& options);
    std::vector<syntax::Diagnostic> run();

  private:
    struct Local {
        std::string_view name;
        bool captured_by_send = false; // stands outside of a block that is sent to an actor
    };
    // The body that is being walked.
    struct Body {
        const KnownClass* cls = nullptr; // whose self it has
        const TextClass* text_class = nullptr;
        std::string_view member; // the method, or the field whose initial value it is
        bool class_side = false;
        bool is_init = false; // which may assign even a record's fields
        bool sees_fields = false;
        bool top_level = false;
        bool assigns_module_values = false;
        bool returns = true;
        size_t first_local = 0;
        unsigned loops = 0;
        bool in_block = false;
        size_t sent_block = std::string::npos; // locals before this are outside of the block that is sent
    };
    enum class Meaning : uint8_t { Nothing, Local, Field, Known };
    struct Resolved {
        Meaning meaning = Meaning::Nothing;
        KnownName known;
        size_t local = 0;
    };

    // definitions (checker.cpp)
    void definitions();
    void check_duplicates();
    void check_members(const syntax::Behaviour& members, std::string_view of);
    void check_class(const syntax::Node* node);
    void class_name(const syntax::Node* name, std::string_view what, bool trait_wanted);
    void method(const syntax::DefinitionNode* node, const TextClass* cls);
    void parameters(syntax::Parameters parameters, bool of_block);
    void function_body(const syntax::Suite& suite, Body body, syntax::Parameters of = {});
    void initialiser(const syntax::Node* value, std::string_view of, const TextClass* cls);
    void collect_script_names(syntax::Nodes nodes);
    void child(const syntax::ChildDeclaration& child);

    // statements (check_statements.cpp)
    void statements(syntax::Nodes nodes);
    void suite(const syntax::Suite& suite);
    void statement(const syntax::Node* node);
    void assign(const syntax::AssignNode* node);
    void assign_name(std::string_view name, syntax::Span where, bool declares);
    void assign_pattern(const syntax::Pattern& pattern);
    void match(const syntax::MatchNode* node);
    void pattern(const syntax::Pattern& pattern); // declares what it binds
    void declare(std::string_view name, syntax::Span where);
    std::string asked_by_identity(const syntax::Node* left);
    void condition(const syntax::Node* node, bool of_loop = false);
    static bool leaves(const syntax::Node* node);
    static bool leaves(const syntax::Suite& suite);

    // expressions (check_expressions.cpp)
    void expression(const syntax::Node* node);
    void name(const syntax::NameNode* node);
    void call(const syntax::CallNode* node);
    void send(const syntax::SendNode* node);
    void self_send(const syntax::SendNode* node, bool is_message);
    void block(const syntax::BlockNode* node, bool sent);
    void reference(const syntax::ReferenceNode* node);
    void actor_call(const syntax::ActorCallNode* node);
    void arguments(syntax::Arguments list, const syntax::BlockNode* block, bool sent = false);
    void check_arguments(std::string_view callee, const Signature& signature, syntax::Arguments list,
                         const syntax::BlockNode* block, syntax::Span where);
    void check_call(std::string_view callee, const KnownName& known, syntax::Arguments list,
                    const syntax::BlockNode* block, syntax::Span where);

    // annotations (check_annotations.cpp)
    void annotations();
    void annotations(std::span<const syntax::Annotation> list, unsigned above);

    // names (check_names.cpp)
    Resolved resolve(std::string_view name);
    void note_use(std::string_view name, syntax::Span where, const Resolved& found);
    void undefined(std::string_view name, syntax::Span where, const syntax::CallNode* call = nullptr);
    std::string as_message(std::string_view name, const syntax::CallNode* call) const;
    std::string near_name(std::string_view name, bool assignable) const;
    std::string module_path(const syntax::Node* node); // the module that it names, or empty
    std::optional<KnownName> find_in_module(std::string_view path, std::string_view name) const;
    std::string near_in_module(std::string_view path, std::string_view name) const;
    void report(Mistake code, syntax::Span where, std::vector<std::string> arguments = {});

    const syntax::SyntaxTree& tree_;
    const KnownNames& known_;
    const CheckOptions& options_;
    TextFacts facts_;
    std::vector<syntax::Diagnostic> diagnostics_;
    std::string module_;     // the path of this text's module
    bool is_script_ = false; // plain assignment at the top declares
    std::vector<Local> locals_;
    Body body_;
    std::set<std::string, std::less<>> fields_; // of the body's class
    std::set<std::string, std::less<>> record_fields_;
    std::set<std::string_view> script_names_; // the locals of the top level
};

} // namespace indent
