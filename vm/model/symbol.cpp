#include "vm/model/symbol.h"

namespace indent {

SymbolTable::SymbolTable() {
#define X(id, text) intern(text);
    INDENT_KNOWN_SYMBOLS(X)
#undef X
}

SymbolId SymbolTable::intern(std::string_view text) {
    std::lock_guard lock(mutex_);
    if (auto found = ids_.find(text); found != ids_.end()) return found->second;
    SymbolId id = SymbolId(texts_.size());
    texts_.emplace_back(text);
    ids_.emplace(texts_.back(), id);
    return id;
}

std::string_view SymbolTable::text(SymbolId id) const {
    std::lock_guard lock(mutex_);
    return id < texts_.size() ? std::string_view(texts_[id]) : std::string_view("?");
}

size_t SymbolTable::size() const {
    std::lock_guard lock(mutex_);
    return texts_.size();
}

} // namespace indent
