#include "tests/model/heap_fixture.h"
#include "vm/model/list.h"
#include <algorithm>
#include <doctest/doctest.h>
#include <random>
#include <vector>

using namespace indent;
using test::HeapFixture;

namespace {

std::vector<int64_t> numbers_in(Value list) {
    std::vector<int64_t> numbers;
    for (size_t i = 0; i < list_size(list); ++i) {
        Value element = list_get(list, i);
        numbers.push_back(element.is_integer() ? element.as_integer() : HeapFixture::number_of(element));
    }
    return numbers;
}

// A list of 0 … n - 1 in slot 0.
void count_up(HeapFixture& fixture, int64_t n) {
    fixture.slot(0) = make_list(fixture.mutator(), 0, fixture.top());
    for (int64_t i = 0; i < n; ++i) {
        fixture.slot(1) = Value::integer(i);
        REQUIRE(list_add(fixture.mutator(), fixture.slot(0), fixture.slot(1), fixture.top()));
    }
}

// Does random things to a list of cells and to a vector, and looks that both stay the same.
void compare_with_vector(HeapFixture& fixture, unsigned seed, int steps, bool commits) {
    std::mt19937 random(seed);
    auto below = [&](size_t n) { return size_t(random() % n); };
    Mutator& mutator = fixture.mutator();
    Value* top = fixture.top();
    Value& list = fixture.slot(0);
    Value& value = fixture.slot(1);
    list = make_list(mutator, 0, top);
    std::vector<int64_t> model;
    for (int step = 0; step < steps; ++step) {
        int64_t number = int64_t(random() % 1000);
        size_t size = model.size();
        switch (below(12)) {
        case 0:
        case 1:
        case 2:
        case 3:
            value = fixture.number_cell(number);
            REQUIRE(list_add(mutator, list, value, top));
            model.push_back(number);
            break;
        case 4: {
            size_t at = below(size + 1);
            value = fixture.number_cell(number);
            REQUIRE(list_insert(mutator, list, at, value, top));
            model.insert(model.begin() + long(at), number);
            break;
        }
        case 5:
            if (size > 0) {
                size_t at = below(size);
                value = fixture.number_cell(number);
                REQUIRE(list_set(mutator, list, at, value));
                model[at] = number;
            }
            break;
        case 6:
            if (size > 0) {
                size_t at = below(size);
                REQUIRE(list_remove(mutator, list, at));
                model.erase(model.begin() + long(at));
            }
            break;
        case 7: {
            size_t to = below(2 * size + 4);
            value = fixture.number_cell(number);
            if (to < 3000) {
                REQUIRE(list_resize(mutator, list, to, value, top));
                model.resize(to, number);
            }
            break;
        }
        case 8:
            if (size < 1000) {
                REQUIRE(list_append(mutator, list, list, top));
                model.insert(model.end(), model.begin(), model.begin() + long(size));
            }
            break;
        case 9: {
            size_t from = below(size + 1), count = below(size - from + 1);
            Value part = make_list_part(mutator, list, from, count, top);
            fixture.slot(2) = part;
            REQUIRE(numbers_in(part) ==
                    std::vector<int64_t>(model.begin() + long(from), model.begin() + long(from + count)));
            break;
        }
        case 10:
            if (commits) fixture.commit();
            break;
        case 11:
            if (below(8) == 0)
                fixture.collect_fully();
            else
                fixture.collect();
            break;
        }
        if (step % 16 == 0) REQUIRE(numbers_in(list) == model);
    }
    REQUIRE(numbers_in(list) == model);
}

} // namespace

TEST_CASE("a list keeps what is added in order, however often its storage grows") {
    HeapFixture fixture;
    count_up(fixture, 5000);
    std::vector<int64_t> expected(5000);
    for (size_t i = 0; i < expected.size(); ++i) expected[i] = int64_t(i);
    CHECK(numbers_in(fixture.slot(0)) == expected);
}

TEST_CASE("a list made with room for many does not allocate while it fills") {
    HeapFixture fixture;
    for (size_t capacity : {size_t(5), size_t(1024), size_t(1025), size_t(200'000)}) {
        fixture.slot(0) = make_list(fixture.mutator(), capacity, fixture.top());
        CHECK(list_size(fixture.slot(0)) == 0);
        fixture.slot(1) = Value::nil();
        Cell* storage = list_storage(fixture.slot(0));
        for (size_t i = 0; i < capacity; ++i)
            REQUIRE(list_add(fixture.mutator(), fixture.slot(0), fixture.slot(1), fixture.top()));
        CHECK(list_storage(fixture.slot(0)) == storage);
        CHECK(list_size(fixture.slot(0)) == capacity);
    }
}

TEST_CASE("an element put into an old list survives the collection of the nursery") {
    HeapFixture fixture;
    count_up(fixture, 100'000);
    fixture.commit();
    for (size_t i : {size_t(0), size_t(777), size_t(99'999)})
        REQUIRE(list_set(fixture.mutator(), fixture.slot(0), i, fixture.number_cell(-1)));
    fixture.collect();
    for (size_t i : {size_t(0), size_t(777), size_t(99'999)})
        CHECK(HeapFixture::number_of(list_get(fixture.slot(0), i)) == -1);
}

TEST_CASE("a failed stretch gives a list its size and its elements back") {
    HeapFixture fixture;
    count_up(fixture, 1000);
    fixture.commit();
    Value list = fixture.slot(0); // old now: it stays where it is
    auto before = numbers_in(list);
    fixture.slot(1) = Value::integer(-5);
    for (int i = 0; i < 2000; ++i)
        REQUIRE(list_add(fixture.mutator(), fixture.slot(0), fixture.slot(1), fixture.top()));
    REQUIRE(list_insert(fixture.mutator(), fixture.slot(0), 3, fixture.slot(1), fixture.top()));
    REQUIRE(list_remove(fixture.mutator(), fixture.slot(0), 0));
    fixture.roll_back();
    CHECK(numbers_in(list) == before);
}

TEST_CASE("a list that holds what it is appended to takes itself once") {
    HeapFixture fixture;
    count_up(fixture, 3);
    REQUIRE(list_append(fixture.mutator(), fixture.slot(0), fixture.slot(0), fixture.top()));
    CHECK(numbers_in(fixture.slot(0)) == std::vector<int64_t>{0, 1, 2, 0, 1, 2});
}

TEST_CASE("cutting a list lets go of what it held") {
    HeapFixture fixture;
    count_up(fixture, 10);
    REQUIRE(list_resize(fixture.mutator(), fixture.slot(0), 4, Value::nil(), fixture.top()));
    CHECK(numbers_in(fixture.slot(0)) == std::vector<int64_t>{0, 1, 2, 3});
    const Cell& storage = *list_storage(fixture.slot(0));
    for (size_t i = 4; i < array_capacity(&storage); ++i) CHECK(storage[1 + i].is_absent());
    REQUIRE(list_remove(fixture.mutator(), fixture.slot(0), 0));
    CHECK(storage[4].is_absent());
}

TEST_CASE("a frozen list refuses every change and stays as it was") {
    HeapFixture fixture;
    for (bool old : {false, true}) {
        count_up(fixture, 3);
        list_freeze(fixture.mutator(), fixture.slot(0));
        if (old) fixture.commit();
        Value& list = fixture.slot(0);
        Value& value = fixture.slot(1);
        value = Value::integer(9);
        Mutator& mutator = fixture.mutator();
        CHECK_FALSE(list_add(mutator, list, value, fixture.top()));
        CHECK_FALSE(list_set(mutator, list, 0, value));
        CHECK_FALSE(list_insert(mutator, list, 0, value, fixture.top()));
        CHECK_FALSE(list_remove(mutator, list, 0));
        CHECK_FALSE(list_resize(mutator, list, 9, value, fixture.top()));
        CHECK_FALSE(list_resize(mutator, list, 1, value, fixture.top()));
        CHECK_FALSE(list_reserve(mutator, list, 100, fixture.top()));
        CHECK_FALSE(list_append(mutator, list, list, fixture.top()));
        CHECK(numbers_in(list) == std::vector<int64_t>{0, 1, 2});
    }
}

TEST_CASE("a tuple is frozen exactly where its elements are") {
    HeapFixture fixture;
    fixture.slot(0) = Value::integer(1);
    fixture.slot(1) = fixture.number_cell(2);
    fixture.slot(2) = make_tuple(fixture.mutator(), &fixture.slot(0), 2, fixture.top());
    CHECK(is_frozen(fixture.slot(2)));
    fixture.slot(1) = make_list(fixture.mutator(), 0, fixture.top());
    fixture.slot(2) = make_tuple(fixture.mutator(), &fixture.slot(0), 2, fixture.top());
    CHECK_FALSE(is_frozen(fixture.slot(2)));
    CHECK(tuple_get(fixture.slot(2), 1) == fixture.slot(1));
}

TEST_CASE("an empty tuple is whole after collections") {
    HeapFixture fixture;
    fixture.slot(0) = make_tuple(fixture.mutator(), nullptr, 0, fixture.top());
    fixture.slot(1) = fixture.number_cell(7); // its neighbour
    fixture.slot(2) = fixture.slot(0);
    fixture.collect();
    CHECK(is_tuple(fixture.slot(0)));
    CHECK(tuple_size(fixture.slot(0)) == 0);
    CHECK(fixture.slot(2) == fixture.slot(0));
    CHECK(HeapFixture::number_of(fixture.slot(1)) == 7);
}

TEST_CASE("tuples and lists are made from each other's elements") {
    HeapFixture fixture;
    count_up(fixture, 6);
    fixture.slot(1) = make_tuple_of_list(fixture.mutator(), fixture.slot(0), fixture.top());
    CHECK(tuple_size(fixture.slot(1)) == 6);
    fixture.slot(2) = make_list_of_tuple(fixture.mutator(), fixture.slot(1), 2, 3, fixture.top());
    CHECK(numbers_in(fixture.slot(2)) == std::vector<int64_t>{2, 3, 4});
}

TEST_CASE("a list does what a vector does, whatever is collected and committed in between") {
    for (unsigned seed = 1; seed <= 6; ++seed) {
        CAPTURE(seed);
        HeapFixture fixture;
        compare_with_vector(fixture, seed, 1500, seed % 2 == 0);
    }
}

TEST_CASE("a list does what a vector does when every allocation collects") {
    for (unsigned seed = 1; seed <= 3; ++seed) {
        CAPTURE(seed);
        HeapFixture fixture({.collect_always = true});
        compare_with_vector(fixture, seed, 400, seed % 2 == 0);
    }
}
