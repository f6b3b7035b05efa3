#include "vm/interp/prelude.h"

namespace indent {

void Prelude::add(SymbolId name, Binding* binding) {
    bindings_[name] = binding;
    waiting_.erase(name);
}

Binding* Prelude::find_waiting(SymbolId name) {
    if (!waiting_.count(name)) return nullptr;
    exclusively([&] {
        auto found = waiting_.find(name);
        if (found == waiting_.end()) return; // somebody else was first
        const size_t file = found->second;
        waiting_.erase(found); // what the file itself asks for while it is read is not read again
        read_file(file);
    });
    auto read = bindings_.find(name);
    return read == bindings_.end() ? nullptr : read->second;
}

void Prelude::find_all() {
    while (!waiting_.empty()) find_waiting(waiting_.begin()->first);
}

std::vector<SymbolId> Prelude::names() const {
    std::vector<SymbolId> all;
    for (const auto& [name, binding] : bindings_) all.push_back(name);
    for (const auto& [name, file] : waiting_) all.push_back(name);
    return all;
}

} // namespace indent
