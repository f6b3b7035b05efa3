// What is known by name: for `doc`, completion and the browser.
#include "vm/world/world.h"
#include <algorithm>

namespace indent {

namespace {

std::string signature(Machine& vm, const Method& method) {
    std::string text = method.owner ? std::string(vm.symbols.text(method.owner->name)) : std::string();
    if (method.owner) text += method.class_side ? " class." : ".";
    text += vm.symbols.text(method.selector);
    if (!method.definition || method.definition->parameters.empty()) return text;
    std::string_view source(*method.tree->source);
    text += "(";
    for (size_t i = 0; i < method.definition->parameters.size(); ++i) {
        const auto& span = method.definition->parameters[i].span;
        if (i) text += ", ";
        text += source.substr(span.begin, span.end - span.begin);
    }
    return text + ")";
}

std::string described(Machine& vm, const Method& method) {
    std::string text = signature(vm, method) + "\n";
    if (method.definition && !method.definition->head.doc.empty()) {
        std::string_view doc = method.definition->head.doc;
        while (!doc.empty()) {
            size_t end = doc.find('\n');
            text += "    " + std::string(doc.substr(0, end)) + "\n";
            doc = end == std::string_view::npos ? std::string_view() : doc.substr(end + 1);
        }
    }
    return text;
}

} // namespace

std::string World::documentation(std::string_view name) {
    Machine& vm = *machine_;
    size_t dot = name.find('.');
    std::string_view first = name.substr(0, dot);
    Binding* binding = find_binding(*runtime_, nullptr, first);
    if (!binding)
        if (auto found = runtime_->modules.find("workspace"); found != runtime_->modules.end())
            binding = find_binding(*runtime_, found->second.get(), first);
    if (!binding) { // a selector alone: whoever defines it
        runtime_->prelude.find_all();
        std::string text;
        for (const auto& cls : runtime_->classes)
            if (auto method = cls->methods.find(vm.symbols.intern(name)); method != cls->methods.end())
                text += (text.empty() ? "" : "\n") + described(vm, *method->second);
        return text;
    }
    if (binding->kind == Binding::Function && dot == std::string_view::npos) return described(vm, *binding->method);
    if (binding->kind != Binding::ClassName) return binding->doc.empty() ? std::string() : binding->doc + "\n";
    Class* cls = binding->cls;
    if (dot != std::string_view::npos) {
        SymbolId selector = vm.symbols.intern(name.substr(dot + 1));
        std::string text;
        if (Method* method = cls->lookup(selector)) text += described(vm, *method);
        auto side = cls->side->methods.find(selector);
        if (side != cls->side->methods.end()) text += described(vm, *side->second);
        return text;
    }
    std::string text = std::string(first);
    if (cls->superclass) text += " extends " + std::string(vm.symbols.text(cls->superclass->name));
    for (size_t i = 0; i < cls->traits.size(); ++i)
        text += (i ? ", " : " with ") + std::string(vm.symbols.text(cls->traits[i]->name));
    text += "\n";
    std::string_view doc = cls->doc;
    while (!doc.empty()) {
        size_t end = doc.find('\n');
        text += "    " + std::string(doc.substr(0, end)) + "\n";
        doc = end == std::string_view::npos ? std::string_view() : doc.substr(end + 1);
    }
    auto listed = [&](const Class& c, const char* heading) {
        std::vector<std::string> names;
        for (const auto& [selector, method] : c.methods)
            if (vm.symbols.text(selector)[0] != '_') names.push_back(signature(vm, *method));
        std::sort(names.begin(), names.end());
        if (!names.empty()) text += std::string("\n") + heading + "\n";
        for (const auto& n : names) text += "    " + n + "\n";
    };
    listed(*cls->side, "Class side");
    listed(*cls, "Methods");
    for (Class* trait : cls->traits) listed(*trait, ("From " + std::string(vm.symbols.text(trait->name))).c_str());
    return text;
}

std::vector<std::string> World::completions(std::string_view prefix, size_t most) {
    Machine& vm = *machine_;
    std::vector<std::string> found;
    // What is being completed: the name that ends the prefix, after a point or not.
    size_t begin = prefix.size();
    auto part_of_name = [](char c) { return std::isalnum(uint8_t(c)) || c == '_' || c == '?' || c == '!'; };
    while (begin > 0 && part_of_name(prefix[begin - 1])) --begin;
    std::string_view wanted = prefix.substr(begin);
    auto add = [&](std::string_view name) {
        if (name.size() >= wanted.size() && name.substr(0, wanted.size()) == wanted && name[0] != '_' &&
            (std::isalpha(uint8_t(name[0]))))
            found.emplace_back(name);
    };
    if (begin > 0 && prefix[begin - 1] == '.') {
        // Of a class by its name, its class side; of anything else, every selector there is.
        size_t start = begin - 1;
        while (start > 0 && part_of_name(prefix[start - 1])) --start;
        Binding* binding = find_binding(*runtime_, nullptr, prefix.substr(start, begin - 1 - start));
        if (binding && binding->kind == Binding::ClassName) {
            for (const Class* c = binding->cls->side; c; c = c->superclass)
                for (const auto& [selector, method] : c->methods) add(vm.symbols.text(selector));
        } else {
            for (const auto& cls : runtime_->classes)
                if (!cls->instance_class)
                    for (const auto& [selector, method] : cls->methods) add(vm.symbols.text(selector));
        }
    } else {
        if (wanted.empty()) return {};
        for (const auto& [name, slot] : workspace_->variables) add(name);
        for (SymbolId id : runtime_->prelude.names()) add(vm.symbols.text(id));
        if (auto own = runtime_->modules.find("workspace"); own != runtime_->modules.end())
            for (const auto& [id, binding] : own->second->names) add(vm.symbols.text(id));
        for (const char* word : {"and", "break", "case", "catch", "class", "continue", "def", "elif", "else", "expect",
                                 "extend", "extends", "false", "field", "finally", "for", "if", "import", "in", "is",
                                 "let", "loop", "match", "nil", "not", "or", "pass", "raise", "record", "return", "self",
                                 "super", "test", "then", "trait", "true", "try", "while", "with"})
            add(word);
    }
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    if (found.size() > most) found.resize(most);
    return found;
}

} // namespace indent
