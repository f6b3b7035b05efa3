// How an image names the code of a block: the body that it stands in, and where in it.
#pragma once
#include "image/codec/archive.h"
#include "vm/model/class.h"
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace indent {
struct Code;
}

namespace indent::image {

// What a block stands in, and what of it has the hash: it alone, so that a block outlives what is edited around it, and places
// count from where it begins. Images that are older have all of its module (…Body), or places in that (…Text).
enum class CodeRoot : uint8_t {
    MethodBody,
    InitialiserBody,
    MethodText,
    InitialiserText,
    Method,
    Initialiser,
    Statements, // of a module's top level or of an input: nothing has their text but the image; places count from it
    Text, // their text; of no block itself
    Binding = 0xFF
};

struct CodeOf {
    std::string module;
    uint64_t text = 0; // its hash; of statements, the number of their text
    uint8_t root = 0;  // CodeRoot
    std::string owner; // a class; empty: a function of the module
    bool class_side = false;
    std::string name; // selector or field; of a text, the text itself
    std::vector<uint32_t> place;
    template <class A>
    void serialize(A& a) {
        a(module, text, root, owner, class_side, name, place);
    }

    bool is(CodeRoot which) const { return root == uint8_t(which); }
    bool of_method() const {
        return is(CodeRoot::MethodBody) || is(CodeRoot::MethodText) || is(CodeRoot::Method);
    }
    static constexpr size_t kLongestText = size_t(1) << 20;
    bool of_own_text() const { return !is(CodeRoot::MethodBody) && !is(CodeRoot::InitialiserBody); }
    bool counts_from_own_text() const { return is(CodeRoot::Method) || is(CodeRoot::Initialiser); }
};

// The hash of a text as these names have it.
uint64_t number_of_text(std::string_view text);
inline std::string_view text_at(const syntax::SyntaxTree& tree, syntax::Span span) {
    return std::string_view(*tree.source).substr(span.begin, span.end - span.begin);
}
// Of what a block stands in.
uint64_t text_of(const Method& method);
uint64_t text_of(const FieldInfo& field);

// Bodies of modules as they once were, which are not in memory.
class OlderBodies {
  public:
    virtual ~OlderBodies() = default;
    // Finds out whether there is such a body, so that the next call is quick. Any thread that definitions stand still for.
    virtual void look_for(const CodeOf& body) = 0;
    // Its code, on the main machine; null: there is none any more. While nobody else runs.
    virtual Code* code_of(const CodeOf& body) = 0;
    // The same for the statements of a text, of which a block at `position` is wanted.
    virtual Code* code_of_statements(const std::string& module, const std::string& text,
                                     uint32_t position) = 0;
};

} // namespace indent::image
