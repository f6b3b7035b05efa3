// The printer's class, for the printer's own files.
#pragma once
#include "vm/syntax/printer.h"

namespace indent::syntax {

// How tightly a form holds together, loosest first.
enum Level {
    any,
    level_or,
    level_and,
    level_not,
    level_compare,
    level_range,
    level_add,
    level_multiply,
    level_unary,
    level_power,
    level_postfix
};

class Printer {
  public:
    std::string out;
    explicit Printer(int level) : level_(level) {}

    void statement(const Node* node);
    void top_level(Nodes nodes);
    void expression(const Node* node, int least = any);

  private:
    void line() { out.append(static_cast<size_t>(level_) * 4, ' '); } // the indentation of one
    void end_line() {
        if (out.empty() || out.back() != '\n') out += '\n';
    }
    // A selector goes on after a suite on a line of its own.
    void continue_line() {
        if (!out.empty() && out.back() == '\n') line();
    }
    void suite(const Suite& suite);
    void pattern(const Pattern& p, bool in_either = false);
    void pattern_list(const Pattern& p, const char* open, const char* close);
    void key(const Node* node);
    void name(std::string_view text, bool call);
    void arguments(Arguments list);
    void argument(const SpreadOr& argument);
    void parameters(Parameters list);
    void parameter(const Parameter& parameter);
    void block(const BlockNode* node);
    void arrow_block(const BlockNode* node);
    void send(const SendNode* node);
    void callee(const Node* node);
    void unparenthesised(const Node* node); // whatever the level
    void number(const Node* node);
    void binary(const Node* left, std::string_view op, const Node* right, int level, bool leans);
    void clause(const char* word, const Node* value);
    void if_statement(const IfNode* node);
    void head(const DefinitionHead& head);
    void comment(std::string_view doc);
    void annotations(std::span<const Annotation> list);
    void definition(const Node* node);
    void method_definition(const DefinitionNode* node);
    void field(const char* word, const FieldDeclaration& field);
    void members(const Behaviour& members, bool state);
    void class_head(const char* word, const DefinitionHead& head, const Node* superclass, Nodes traits);
    void qualified_list(Nodes nodes);
    void supervisor(const SupervisorNode* node);
    void body(const Suite& suite) {
        out += ':';
        this->suite(suite);
    }

    int level_;
    size_t statement_begin_ = std::string::npos;
};

} // namespace indent::syntax
