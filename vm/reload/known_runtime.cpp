#include "vm/reload/known_runtime.h"
#include <algorithm>

namespace indent {

namespace {

class RuntimeClass : public KnownClass {
  public:
    RuntimeClass(const Runtime& runtime, const Class* cls) : runtime_(runtime), cls_(cls) {}

    std::string_view name() const override { return runtime_.symbols.text(cls_->name); }
    ClassKind kind() const override { return cls_->kind; }

    Signature fields() const override {
        Signature result;
        for (const auto& field : cls_->fields)
            result.push_back(
                {std::string(runtime_.symbols.text(field.name)), field.initial != nullptr, false});
        return result;
    }

    bool understands(std::string_view selector, bool class_side) const override {
        const Class* at = class_side ? cls_->side : cls_;
        if (!at || cls_->kind == ClassKind::Trait) return true;
        if (at->lookup(symbol(selector))) return true;
        const Method* rest = at->lookup(sym::not_understood);
        return rest && rest->owner && rest->owner->superclass; // more than the root's own
    }

    std::optional<Signature> init() const override {
        const Method* method = cls_->lookup(sym::init);
        return method && method->owner && method->owner->superclass ? std::optional(signature(*method))
                                                                    : std::nullopt;
    }

    std::optional<Signature> construction() const override {
        if (cls_->kind == ClassKind::Trait || !cls_->side) return std::nullopt;
        if (cls_->side->lookup(sym::construct)) return std::nullopt;
        if (cls_->kind == ClassKind::Builtin) return std::nullopt; // its own primitives decide
        if (auto defined = init()) return defined;
        return fields();
    }

    void selectors(std::vector<std::string>& into, bool class_side) const override {
        for (const Class* c = class_side ? cls_->side : cls_; c; c = c->superclass) {
            for (const auto& [selector, method] : c->methods)
                into.emplace_back(runtime_.symbols.text(selector));
            for (const Class* trait : c->traits)
                for (const auto& [selector, method] : trait->methods)
                    into.emplace_back(runtime_.symbols.text(selector));
        }
    }

    static Signature signature_in(const Runtime& runtime, const Method& method) {
        Signature result;
        for (const auto& parameter : method.parameters)
            result.push_back(
                {std::string(runtime.symbols.text(parameter.name)), parameter.has_default, parameter.rest});
        return result;
    }

  private:
    Signature signature(const Method& method) const { return signature_in(runtime_, method); }
    // Asking makes the symbol, which changes nothing that anyone sees.
    SymbolId symbol(std::string_view text) const {
        return const_cast<SymbolTable&>(runtime_.symbols).intern(text);
    }

    const Runtime& runtime_;
    const Class* cls_;
};

} // namespace

std::shared_ptr<const KnownClass> known_class(const Runtime& runtime, const Class* cls) {
    return std::make_shared<RuntimeClass>(runtime, cls);
}

RuntimeNames::RuntimeNames(Runtime& runtime, const Module* module, Options options)
    : runtime_(runtime), module_(module), options_(std::move(options)) {
    // Sorted, so that suggestions are the same at every run.
    std::sort(options_.variables.begin(), options_.variables.end());
}

KnownName RuntimeNames::known(const Binding& binding) const {
    KnownName result;
    switch (binding.kind) {
    case Binding::Function:
        result.kind = KnownName::Function;
        if (binding.method) result.signature = RuntimeClass::signature_in(runtime_, *binding.method);
        break;
    case Binding::ClassName:
        result.kind = KnownName::Class;
        if (binding.cls) result.cls = known_class(runtime_, binding.cls);
        break;
    case Binding::Stable: result.kind = KnownName::Stable; break;
    case Binding::Var: result.kind = KnownName::Var; break;
    case Binding::ImportedModule:
        result.kind = KnownName::Module;
        if (binding.target) result.path = binding.target->path;
        break;
    }
    return result;
}

std::optional<KnownName> RuntimeNames::find(std::string_view name) const {
    if (std::binary_search(options_.variables.begin(), options_.variables.end(), name)) {
        KnownName variable;
        variable.kind = KnownName::Variable;
        return variable;
    }
    SymbolId id = runtime_.symbols.intern(name);
    auto look = [&](const std::unordered_map<SymbolId, Binding*>& names) -> const Binding* {
        auto found = names.find(id);
        return found == names.end() ? nullptr : found->second;
    };
    const Binding* binding = nullptr;
    if (module_ && options_.own_definitions) binding = look(module_->names);
    if (!binding && module_) {
        binding = look(module_->imports);
        // What is about to take the place of the module that it comes from.
        if (binding && binding->kind != Binding::ImportedModule && binding->module)
            for (const Module* module : options_.instead)
                if (module->path == binding->module->path) {
                    binding = look(module->names);
                    if (!binding) return std::nullopt;
                    break;
                }
    }
    if (!binding) binding = runtime_.prelude.find(id);
    if (!binding) return std::nullopt;
    return known(*binding);
}

void RuntimeNames::names(std::vector<std::string>& into) const {
    size_t first = into.size();
    auto add = [&](const std::unordered_map<SymbolId, Binding*>& names) {
        for (const auto& [id, binding] : names) into.emplace_back(runtime_.symbols.text(id));
    };
    if (module_ && options_.own_definitions) add(module_->names);
    if (module_) add(module_->imports);
    for (SymbolId id : runtime_.prelude.names()) into.emplace_back(runtime_.symbols.text(id));
    into.insert(into.end(), options_.variables.begin(), options_.variables.end());
    std::sort(into.begin() + static_cast<ptrdiff_t>(first), into.end());
}

const Module* RuntimeNames::find_module(std::string_view path) const {
    if (module_ && module_->path == path) return module_;
    for (const Module* module : options_.instead)
        if (module->path == path) return module;
    if (module_)
        for (const auto& [id, binding] : module_->imports)
            if (binding->kind == Binding::ImportedModule && binding->target->path == path &&
                !binding->target->successor)
                return binding->target;
    auto found = runtime_.modules.find(std::string(path));
    return found == runtime_.modules.end() ? nullptr : found->second.get();
}

bool RuntimeNames::module_in_sight(std::string_view path) const {
    const Module* wanted = find_module(path);
    if (!wanted) return false;
    if (wanted == module_) return true;
    if (options_.all_modules) return !wanted->library;
    if (!module_) return false;
    return std::any_of(module_->imports.begin(), module_->imports.end(), [&](const auto& entry) {
        return entry.second->kind == Binding::ImportedModule && entry.second->target->path == wanted->path;
    });
}

std::optional<KnownName> RuntimeNames::find_in_module(std::string_view path, std::string_view name) const {
    const Module* wanted = find_module(path);
    if (!wanted) return std::nullopt;
    SymbolId id = runtime_.symbols.intern(name);
    auto found = wanted->names.find(id);
    if (found == wanted->names.end()) return std::nullopt;
    return known(*found->second);
}

void RuntimeNames::names_in_module(std::string_view path, std::vector<std::string>& into) const {
    const Module* wanted = find_module(path);
    if (!wanted) return;
    size_t first = into.size();
    for (const auto& [id, binding] : wanted->names) into.emplace_back(runtime_.symbols.text(id));
    std::sort(into.begin() + static_cast<ptrdiff_t>(first), into.end());
}

} // namespace indent
