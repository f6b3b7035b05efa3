#include "vm/base/arena.h"
#include "vm/base/result.h"
#include <doctest/doctest.h>
#include <memory>

using namespace indent;

namespace {

Result<int> half(int of) {
    if (of % 2) return Failure{"odd", "cannot halve " + std::to_string(of)};
    return of / 2;
}

} // namespace

TEST_CASE("a result is its value or its failure") {
    auto good = half(8);
    REQUIRE(good);
    CHECK(*good == 4);
    auto bad = half(7);
    REQUIRE_FALSE(bad);
    CHECK(bad.failure().code == "odd");
    CHECK(bad.failure().message == "cannot halve 7");
    CHECK(half(7).value_or(-1) == -1);
}

TEST_CASE("a result hands on what can only be moved") {
    Result<std::unique_ptr<int>> made = std::make_unique<int>(5);
    REQUIRE(made);
    auto taken = std::move(made).value();
    CHECK(*taken == 5);
}

TEST_CASE("a result of nothing is done or a failure") {
    CHECK(ok());
    Result<void> bad = Failure{"no_space", "the disk is full"};
    REQUIRE_FALSE(bad);
    CHECK(std::move(bad).failure().message == "the disk is full");
}

TEST_CASE("an arena aligns what it gives and takes objects larger than its chunks") {
    Arena arena;
    arena.allocate(1, 1);
    CHECK(reinterpret_cast<uintptr_t>(arena.make<double>(1.5)) % alignof(double) == 0);
    auto big = arena.copy(std::string(1'000'000, 'x'));
    CHECK(big.size() == 1'000'000);
    CHECK(big.back() == 'x');
    CHECK(arena.bytes_reserved() >= big.size());
}
