// What a text itself defines, in the terms of known_names.h.
#pragma once
#include "vm/reload/known_names.h"
#include "vm/syntax/tree.h"
#include <map>
#include <set>

namespace indent {

Signature signature_of(syntax::Parameters parameters);

// A class, record, trait, actor, supervisor or extension as it stands in a text. Its superclass and traits are
// filled in when all names of the text are known.
class TextClass : public KnownClass {
  public:
    TextClass(const syntax::Node* node, std::string_view name);

    std::string_view name() const override { return name_; }
    ClassKind kind() const override { return kind_; }
    Signature fields() const override;
    bool understands(std::string_view selector, bool class_side) const override;
    std::optional<Signature> init() const override;
    std::optional<Signature> construction() const override;
    void selectors(std::vector<std::string>& into, bool class_side) const override;

    // This class and what it inherits in the text, without asking what lies beyond.
    bool defines(std::string_view selector, bool class_side) const;
    bool has_message(std::string_view name) const; // `on`
    void messages(std::vector<std::string>& into) const;

    const syntax::Node* node;
    const syntax::Behaviour* members;
    const syntax::Node* superclass_name = nullptr;
    syntax::Nodes trait_names;
    std::shared_ptr<const KnownClass> superclass; // as written, or what such classes extend of themselves
    std::shared_ptr<const KnownClass> class_of_classes; // of the root: what classes themselves answer
    std::vector<std::shared_ptr<const KnownClass>> traits;
    std::vector<const TextClass*> extensions; // of this class in the same text
    bool open = false;                        // something that it inherits is not known

  private:
    std::string name_;
    ClassKind kind_ = ClassKind::Plain;
    std::map<std::string_view, const syntax::DefinitionNode*> methods_;
    std::map<std::string_view, const syntax::DefinitionNode*> class_methods_;
};

// Everything that the top level of a text defines.
class TextFacts {
  public:
    TextFacts(const syntax::SyntaxTree& tree, const KnownNames& known);
    std::optional<KnownName> find(std::string_view name) const;
    const TextClass* class_of(const syntax::Node* node) const; // of a node of the top level
    bool any_class_defines(std::string_view selector, bool class_side) const;
    void names(std::vector<std::string>& into) const;

    std::vector<std::shared_ptr<TextClass>> classes; // extensions too

  private:
    std::map<std::string_view, KnownName> names_;
};

} // namespace indent
