// A region of memory that is given back as a whole: syntax trees and executable trees live in one.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace indent {

class Arena {
  public:
    Arena() = default;
    Arena(Arena&&) = default;
    Arena& operator=(Arena&&) = default;

    // Uninitialised memory that lives as long as the arena. One thread at a time.
    void* allocate(size_t bytes, size_t alignment = alignof(std::max_align_t)) {
        auto at = (next_ + alignment - 1) & ~(alignment - 1);
        if (at + bytes > end_) {
            grow(bytes + alignment);
            at = (next_ + alignment - 1) & ~(alignment - 1);
        }
        next_ = at + bytes;
        return reinterpret_cast<void*>(at);
    }

    // A T whose destructor will never run, so T must not own anything.
    template <class T, class... Args>
    T* make(Args&&... args) {
        static_assert(std::is_trivially_destructible_v<T>, "an arena runs no destructors");
        return new (allocate(sizeof(T), alignof(T))) T(std::forward<Args>(args)...);
    }

    // A copy of the elements, owned by the arena.
    template <class T>
    std::span<T> copy(const std::vector<T>& from) {
        static_assert(std::is_trivially_destructible_v<T>);
        if (from.empty()) return {};
        T* to = static_cast<T*>(allocate(sizeof(T) * from.size(), alignof(T)));
        std::uninitialized_copy(from.begin(), from.end(), to);
        return {to, from.size()};
    }

    std::string_view copy(std::string_view from) {
        if (from.empty()) return {};
        char* to = static_cast<char*>(allocate(from.size(), 1));
        std::memcpy(to, from.data(), from.size());
        return {to, from.size()};
    }

    size_t bytes_reserved() const { return reserved_; }

  private:
    void grow(size_t at_least) {
        size_t bytes = at_least > chunk_bytes_ ? at_least : chunk_bytes_;
        if (chunk_bytes_ < 64 * 1024) chunk_bytes_ *= 2;
        chunks_.push_back(std::make_unique_for_overwrite<std::byte[]>(bytes));
        next_ = reinterpret_cast<uintptr_t>(chunks_.back().get());
        end_ = next_ + bytes;
        reserved_ += bytes;
    }

    std::vector<std::unique_ptr<std::byte[]>> chunks_;
    uintptr_t next_ = 0;
    uintptr_t end_ = 0;
    size_t chunk_bytes_ = 1024;
    size_t reserved_ = 0;
};

} // namespace indent
