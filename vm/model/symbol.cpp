#include "vm/model/symbol.h"
#include <xxhash.h>

namespace indent {

SymbolTable::SymbolTable() {
#define X(id, text) intern(text);
    INDENT_KNOWN_SYMBOLS(X)
#undef X
}

SymbolTable::~SymbolTable() {
    for (auto& chunk : hashes_) delete[] chunk.load();
}

SymbolId SymbolTable::intern(std::string_view text) {
    std::lock_guard lock(mutex_);
    if (auto found = ids_.find(text); found != ids_.end()) return found->second;
    SymbolId id = SymbolId(texts_.size());
    const size_t at = size_t(id) + kFirstChunk;
    const unsigned chunk = unsigned(std::bit_width(at)) - 1;
    uint64_t* hashes = hashes_[chunk].load(std::memory_order_relaxed);
    if (!hashes) {
        hashes = new uint64_t[size_t(1) << chunk];
        hashes_[chunk].store(hashes, std::memory_order_release);
    }
    hashes[at - (size_t(1) << chunk)] = XXH3_64bits(text.data(), text.size());
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
