// Names as numbers. Selectors, fields, labels and symbol values are all symbols; they are never given back.
#pragma once
#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace indent {

using SymbolId = uint32_t;

// Names that the machine itself speaks of, known at compile time as sym::k… ; the rest is interned as met.
// clang-format off
#define INDENT_KNOWN_SYMBOLS(X)                                                                              \
    X(none, "") X(plus, "+") X(minus, "-") X(times, "*") X(divide, "/") X(floor_divide, "//") X(modulo, "%") \
    X(power, "**") X(equal, "==") X(not_equal, "!=") X(less, "<") X(less_equal, "<=") X(greater, ">")        \
    X(greater_equal, ">=") X(negated, "negated") X(at, "at") X(at_put, "at_put") X(call, "call")             \
    X(each, "each") X(includes, "includes?") X(to_text, "to_text") X(inspect, "inspect") X(hash, "hash")     \
    X(init, "init") X(not_understood, "not_understood") X(message, "message") X(with, "with")                \
    X(times_do, "times") X(step, "step") X(key_at, "get") X(size, "size") X(new_, "new") X(self, "self")     \
    X(value, "value") X(construct, "construct") X(class_, "class") X(frozen, "frozen") X(compare, "<=>")     \
    X(name, "name") X(add, "add") X(resume, "resume") X(retry, "retry") X(has_key, "has_key?")               \
    X(Error, "Error") X(Stopped, "Stopped") X(start, "start") X(stop, "stop") X(down, "down") X(other, "other") X(report, "report")
// clang-format on

namespace sym {
enum Known : SymbolId {
#define X(id, text) id,
    INDENT_KNOWN_SYMBOLS(X)
#undef X
        kKnownCount
};
} // namespace sym

// Any thread. Texts stay where they are for the life of the table.
class SymbolTable {
  public:
    SymbolTable();
    ~SymbolTable();
    SymbolTable(const SymbolTable&) = delete;
    SymbolId intern(std::string_view text);
    std::string_view text(SymbolId id) const;
    size_t size() const;
    // Of its text, so that it is the same in each run of each program: maps with symbols as keys are kept in images.
    // `id` was given by intern.
    uint64_t hash(SymbolId id) const {
        const size_t at = size_t(id) + kFirstChunk;
        const unsigned chunk = unsigned(std::bit_width(at)) - 1;
        return hashes_[chunk].load(std::memory_order_acquire)[at - (size_t(1) << chunk)];
    }

  private:
    static constexpr size_t kFirstChunk = 1024; // each chunk is as large as all before it and this many
    mutable std::mutex mutex_;
    std::deque<std::string> texts_;
    std::unordered_map<std::string_view, SymbolId> ids_;
    std::array<std::atomic<uint64_t*>, 34> hashes_{}; // read without the lock
};

} // namespace indent
