// What a call that may fail on the host gives back: a value or a failure. (Errors of an Indent program are
// objects in the language and never travel in here; bugs assert.)
#pragma once
#include <cassert>
#include <optional>
#include <string>
#include <utility>

namespace indent {

// `code` is a stable word that programs and tests compare ("not_found", "too_large" …); `message` is for
// people: plain words, no final period, says what was tried on what and what came.
struct Failure {
    std::string code;
    std::string message;
};

// Either a T or a Failure. Use: `if (!r) return std::move(r).failure();` then `*r` or `std::move(r).value()`.
// Asking for the half that is not there is a bug and asserts.
template <class T>
class [[nodiscard]] Result {
  public:
    Result(T value) : value_(std::move(value)) {}
    Result(Failure failure) : failure_(std::move(failure)) {}

    explicit operator bool() const { return value_.has_value(); }

    T& value() & {
        assert(value_);
        return *value_;
    }
    const T& value() const& {
        assert(value_);
        return *value_;
    }
    T value() && {
        assert(value_);
        return std::move(*value_);
    }
    T value_or(T other) && { return value_ ? std::move(*value_) : std::move(other); }
    T& operator*() { return value(); }
    const T& operator*() const { return value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }

    const Failure& failure() const& {
        assert(!value_);
        return failure_;
    }
    Failure failure() && {
        assert(!value_);
        return std::move(failure_);
    }

  private:
    std::optional<T> value_;
    Failure failure_;
};

// Done, or a Failure. Success is `return {};` or `return ok();`.
template <>
class [[nodiscard]] Result<void> {
  public:
    Result() = default;
    Result(Failure failure) : failure_(std::move(failure)) {}

    explicit operator bool() const { return !failure_; }

    const Failure& failure() const& {
        assert(failure_);
        return *failure_;
    }
    Failure failure() && {
        assert(failure_);
        return std::move(*failure_);
    }

  private:
    std::optional<Failure> failure_;
};

inline Result<void> ok() {
    return {};
}

} // namespace indent
