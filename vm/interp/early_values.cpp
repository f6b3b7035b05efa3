#include "vm/interp/early_values.h"
#include "vm/interp/runtime.h"
#include <algorithm>

namespace indent {

namespace {

// How `from` comes to import `to`, both ends included; empty: it does not.
std::vector<std::string> way_of_imports(const Runtime& runtime, const std::string& from,
                                        const std::string& to) {
    std::vector<std::pair<std::string, size_t>> met{{from, 0}}; // with where each was met
    for (size_t i = 0; i < met.size(); ++i) {
        auto found = runtime.modules.find(met[i].first);
        if (found == runtime.modules.end()) continue;
        std::vector<std::string> imports;
        for (const auto& [name, binding] : found->second->imports)
            if (const Module* target =
                    binding->kind == Binding::ImportedModule ? binding->target : binding->module)
                imports.push_back(target->path);
        std::sort(imports.begin(), imports.end());
        for (const std::string& path : imports) {
            if (path == to) {
                std::vector<std::string> way{to};
                for (size_t at = i; at; at = met[at].second) way.push_back(met[at].first);
                way.push_back(from);
                std::reverse(way.begin(), way.end());
                return way;
            }
            if (std::none_of(met.begin(), met.end(), [&](const auto& one) { return one.first == path; }))
                met.emplace_back(path, i);
        }
    }
    return {};
}

} // namespace

Value value_before_it_exists(Machine& vm, const Binding& binding, Value* nf) {
    Runtime& runtime = vm.runtime;
    const bool arrives = vm.self_address && runtime.arriving_in == vm.self_address.cell();
    if (!arrives && binding.before && binding.before->value) return binding.before->value;
    const std::string& owner = binding.module->path;
    const std::string name(runtime.symbols.text(binding.name));
    const Module* runs = arrives ? runtime.arriving.load() : nullptr;
    std::vector<std::string> circle;
    if (runs && runs->path != owner) {
        circle = way_of_imports(runtime, runs->path, owner);
        const auto back = way_of_imports(runtime, owner, runs->path);
        if (circle.empty() || back.empty())
            circle.clear();
        else
            circle.insert(circle.end(), back.begin() + 1, back.end());
    }
    std::string words = "`" + name + "` of the module `" + owner + "` has no value yet: ";
    if (circle.empty()) {
        words += "its line there comes later, or was not reached; move it above what reads it";
    } else {
        words += "the modules import each other (";
        for (size_t i = 0; i + 1 < circle.size(); ++i)
            words += (i ? ", `" : "`") + circle[i] + "` imports `" + circle[i + 1] + "`";
        words += "), and the effects of `" + runs->path + "` run before those of `" + owner +
                 "`; read it in a function that is called later, or move it into a module that both import";
    }
    return vm.fail("NoValueYet", words, nf);
}

} // namespace indent
