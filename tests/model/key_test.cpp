#include "tests/model/heap_fixture.h"
#include "vm/model/key.h"
#include "vm/model/number.h"
#include "vm/model/range.h"
#include "vm/model/text.h"
#include <cmath>
#include <doctest/doctest.h>

using namespace indent;
using test::HeapFixture;

namespace {

const SymbolTable symbols;

void check_equal(Value a, Value b) {
    CHECK(quick_equal(a, b) == Equal::Yes);
    CHECK(quick_equal(b, a) == Equal::Yes);
    REQUIRE(quick_hash(symbols, a).has_value());
    REQUIRE(quick_hash(symbols, b).has_value());
    CHECK(hash_value(*quick_hash(symbols, a)) == hash_value(*quick_hash(symbols, b)));
}
void check_different(Value a, Value b) {
    CHECK(quick_equal(a, b) == Equal::No);
    CHECK(quick_equal(b, a) == Equal::No);
}

} // namespace

TEST_CASE("numbers are equal by value, with equal hashes") {
    check_equal(Value::integer(7), Value::floating(7.0));
    check_equal(Value::floating(0.0), Value::floating(-0.0));
    check_equal(Value::floating(NAN), Value::floating(NAN)); // as keys
    check_equal(Value::integer(Value::kMaxInteger), Value::floating(double(Value::kMaxInteger)));
    check_different(Value::integer(7), Value::floating(7.5));
    check_different(Value::integer(0), Value::nil());
    check_different(Value::integer(1), Value::boolean(true));
    check_different(Value::symbol(1), Value::integer(1));
    check_different(Value::boolean(false), Value::nil());
}

TEST_CASE("large integers equal the floats that have exactly their value") {
    HeapFixture fixture;
    Value& big = fixture.slot(0);
    SharedSpace space;
    auto check_power = [&](const char* digits, double number) {
        big = make_shared_integer(space, digits, 16);
        REQUIRE(is_big_integer(big));
        check_equal(big, Value::floating(number));
        check_different(big, Value::floating(-number));
        check_different(big, Value::floating(std::nextafter(number, INFINITY)));
        check_different(big, Value::floating(std::nextafter(number, 0.0)));
        space.release(big);
    };
    check_power("1000000000000", std::ldexp(1.0, 48));
    check_power("8000000000000000", std::ldexp(1.0, 63));
    check_power("10000000000000000", std::ldexp(1.0, 64));
    check_power("fffffffffffff800", std::ldexp(1.0, 64) - 2048);
    check_power("100000000000000000000000000000000", std::ldexp(1.0, 128));
    check_power("1234567000000000000000000000", std::ldexp(double(0x1234567), 84));
    big = make_shared_integer(space, "20000000000001", 16); // 2^53 + 1: no float has it
    check_different(big, Value::floating(std::ldexp(1.0, 53)));
    check_different(big, Value::floating(std::ldexp(1.0, 53) + 2));
    check_different(big, Value::floating(INFINITY));
    check_different(big, Value::floating(NAN));
    space.release(big);
    big = make_shared_integer(space, "10000000000000000000000000000000000000001", 16); // a low limb differs
    check_different(big, Value::floating(std::ldexp(1.0, 160)));
    space.release(big);
}

TEST_CASE("texts, tuples, ranges and frozen lists are equal by their parts") {
    HeapFixture fixture;
    Mutator& mutator = fixture.mutator();
    Value* top = fixture.top();
    auto& slot = fixture.slot(0);
    slot = make_text(mutator, "naïve", top);
    fixture.slot(1) = make_text(mutator, "naïve", top);
    check_equal(fixture.slot(0), fixture.slot(1));
    fixture.slot(2) = make_text(mutator, "native", top);
    check_different(fixture.slot(0), fixture.slot(2));

    fixture.slot(3) = Value::integer(1);
    fixture.slot(4) = fixture.slot(0);
    fixture.slot(5) = make_tuple(mutator, &fixture.slot(3), 2, top);
    fixture.slot(3) = Value::floating(1.0);
    fixture.slot(4) = fixture.slot(1);
    fixture.slot(6) = make_tuple(mutator, &fixture.slot(3), 2, top);
    check_equal(fixture.slot(5), fixture.slot(6));
    fixture.slot(7) = make_list_of(mutator, &fixture.slot(3), 2, top);
    check_different(fixture.slot(6), fixture.slot(7)); // another kind
    CHECK_FALSE(quick_hash(symbols, fixture.slot(7)).has_value());
    list_freeze(fixture.mutator(), fixture.slot(7));
    fixture.slot(8) = make_list_of(mutator, &fixture.slot(3), 2, top);
    list_freeze(fixture.mutator(), fixture.slot(8));
    check_equal(fixture.slot(7), fixture.slot(8));

    fixture.slot(9) = make_range(mutator, Value::integer(1), Value::integer(3), false, top);
    fixture.slot(10) = make_range(mutator, Value::integer(1), Value::floating(3.0), false, top);
    fixture.slot(11) = make_range(mutator, Value::integer(1), Value::integer(3), true, top);
    check_equal(fixture.slot(9), fixture.slot(10));
    check_different(fixture.slot(9), fixture.slot(11));
}

TEST_CASE("what is too large or too deep to be looked through quickly has to be asked") {
    HeapFixture fixture;
    Mutator& mutator = fixture.mutator();
    fixture.slot(0) = Value::integer(1);
    for (int i = 0; i < 40; ++i) {
        fixture.slot(1) = fixture.slot(0);
        fixture.slot(2) = fixture.slot(0);
        fixture.slot(0) = make_tuple(mutator, &fixture.slot(1), 2, fixture.top()); // 2^40 leaves
    }
    CHECK_FALSE(quick_hash(symbols, fixture.slot(0)).has_value());
    fixture.slot(1) = fixture.slot(0);
    fixture.slot(2) = fixture.slot(0);
    fixture.slot(3) = make_tuple(mutator, &fixture.slot(1), 2, fixture.top());
    fixture.slot(4) = make_tuple(mutator, &fixture.slot(1), 2, fixture.top());
    CHECK(quick_equal(fixture.slot(3), fixture.slot(4)) == Equal::Yes); // the same parts
}

TEST_CASE("the hash of a sequence depends on the order of its parts") {
    HashSequence a(1), b(1), c(2);
    a.add(10), a.add(20);
    b.add(20), b.add(10);
    c.add(10), c.add(20);
    CHECK(a.finish() != b.finish());
    CHECK(a.finish() != c.finish());
    CHECK(hash_value(a.finish()).is_integer());
    CHECK(hash_value(a.finish()).as_integer() >= 0);
}
