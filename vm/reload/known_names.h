// What a checker is told of the world around a text: which names there are and what they stand for. Abstract, so
// that a text can be checked against a running world, against what a reload will make of it, or in a test against
// nothing at all.
#pragma once
#include "vm/model/class.h"
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace indent {

struct KnownParameter {
    std::string name;
    bool has_default = false;
    bool rest = false;
};
using Signature = std::vector<KnownParameter>;

class KnownClass {
  public:
    virtual ~KnownClass() = default;
    virtual std::string_view name() const = 0;
    virtual ClassKind kind() const = 0;
    // What each object holds, inherited fields first; has_default: need not be given.
    virtual Signature fields() const = 0;
    // Whether a send of the selector to an instance (or to the class itself) may find a method. True where that is
    // not known.
    virtual bool understands(std::string_view selector, bool class_side) const = 0;
    // The parameters of a defined or inherited `init`; nothing where there is none.
    virtual std::optional<Signature> init() const = 0;
    // What the construction takes; nothing where that is not known.
    virtual std::optional<Signature> construction() const = 0;
    // All selectors, for suggestions.
    virtual void selectors(std::vector<std::string>& into, bool class_side) const = 0;
};

struct KnownName {
    enum Kind : uint8_t { Function, Class, Stable, Var, Variable, Module };
    Kind kind = Function;
    Signature signature;                   // Function
    std::shared_ptr<const KnownClass> cls; // Class
    std::string path;                      // Module: its path
};

class KnownNames {
  public:
    virtual ~KnownNames() = default;
    // What a bare name means that the text does not define itself: an import, the prelude, what the module has from
    // elsewhere, a variable of a workspace.
    virtual std::optional<KnownName> find(std::string_view name) const = 0;
    virtual void names(std::vector<std::string>& into) const = 0;
    // Whether a module of this path may be named from the text (`shop.catalog.find(…)`).
    virtual bool module_in_sight(std::string_view path) const = 0;
    virtual std::optional<KnownName> find_in_module(std::string_view path, std::string_view name) const = 0;
    virtual void names_in_module(std::string_view path, std::vector<std::string>& into) const = 0;
};

} // namespace indent
