// What a running world knows, for the checker.
#pragma once
#include "vm/interp/runtime.h"
#include "vm/reload/known_names.h"

namespace indent {

// A class of the world. The class must stay alive; it is asked at the time of the question.
std::shared_ptr<const KnownClass> known_class(const Runtime& runtime, const Class* cls);

// The prelude and what a module imports; its own definitions too, unless the text replaces them all. Looks at the
// runtime as it is at the time of each question.
class RuntimeNames : public KnownNames {
  public:
    struct Options {
        bool own_definitions = true;        // false: the text is the whole module
        bool all_modules = false;           // a workspace, a REPL, `eval`: every module may be named
        std::vector<std::string> variables; // of the workspace
        std::vector<const Module*> instead =
            {}; // asked in place of the current generations of the same paths
    };
    // `module` may be null.
    RuntimeNames(Runtime& runtime, const Module* module, Options options);

    std::optional<KnownName> find(std::string_view name) const override;
    void names(std::vector<std::string>& into) const override;
    bool module_in_sight(std::string_view path) const override;
    std::optional<KnownName> find_in_module(std::string_view path, std::string_view name) const override;
    void names_in_module(std::string_view path, std::vector<std::string>& into) const override;

  private:
    const Module* find_module(std::string_view path) const;
    KnownName known(const Binding& binding) const;

    Runtime& runtime_;
    const Module* module_;
    Options options_;
};

} // namespace indent
