#include "tests/model/heap_fixture.h"
#include "vm/model/map.h"
#include <algorithm>
#include <doctest/doctest.h>
#include <random>
#include <unordered_map>
#include <vector>

using namespace indent;
using test::HeapFixture;

namespace {

SymbolTable known_symbols;

using Pairs = std::vector<std::pair<int64_t, int64_t>>;

// Keys of several kinds that are equal exactly where their numbers are.
Value key_of(HeapFixture& fixture, int64_t number) {
    switch (number % 4) {
    case 0: return Value::integer(number);
    case 1: return Value::floating(double(number) + 0.5);
    case 2:
        while (known_symbols.size() <= size_t(number))
            known_symbols.intern("s" + std::to_string(known_symbols.size()));
        return Value::symbol(uint32_t(number));
    default: return fixture.number_cell(number);
    }
}
int64_t number_of_key(Value key) {
    if (key.is_integer()) return key.as_integer();
    if (key.is_float()) return int64_t(key.as_float() - 0.5);
    if (key.is_symbol()) return key.symbol_id();
    return HeapFixture::number_of(key);
}

Pairs contents(Value map) {
    Pairs pairs;
    for (size_t i = map_next(map, 0); i != kNoEntry; i = map_next(map, i + 1))
        pairs.emplace_back(number_of_key(map_key_at(map, i)), HeapFixture::number_of(map_value_at(map, i)));
    return pairs;
}

// What a map is: what stands at each key, and the order in which the keys came.
struct Model {
    std::unordered_map<int64_t, int64_t> values;
    std::vector<int64_t> order;

    void put(int64_t key, int64_t value) {
        if (values.insert_or_assign(key, value).second) order.push_back(key);
    }
    void remove(int64_t key) {
        if (values.erase(key)) order.erase(std::find(order.begin(), order.end(), key));
    }
    Pairs pairs() const {
        Pairs pairs;
        for (int64_t key : order) pairs.emplace_back(key, values.at(key));
        return pairs;
    }
};

void put(HeapFixture& fixture, int64_t key, int64_t value) {
    fixture.slot(1) = key_of(fixture, key);
    fixture.slot(2) = fixture.number_cell(value);
    REQUIRE(map_put(fixture.mutator(), known_symbols, fixture.slot(0), fixture.slot(1), fixture.slot(2),
                    fixture.top()) == MapPut::Done);
}

size_t find(HeapFixture& fixture, int64_t key) {
    Value value = key_of(fixture, key);
    bool ask = false;
    size_t entry = map_find(fixture.slot(0), value, *quick_hash(known_symbols, value), ask);
    REQUIRE_FALSE(ask);
    return entry;
}

void compare_with_model(HeapFixture& fixture, unsigned seed, int steps, int64_t keys, bool commits) {
    std::mt19937 random(seed);
    fixture.slot(0) = make_map(fixture.mutator(), random() % 40, fixture.top());
    Model model;
    for (int step = 0; step < steps; ++step) {
        int64_t key = int64_t(random()) % keys, value = int64_t(random() % 100'000);
        switch (random() % 12) {
        case 0:
        case 1:
        case 2:
        case 3:
        case 4:
            put(fixture, key, value);
            model.put(key, value);
            break;
        case 5:
        case 6:
        case 7: {
            size_t entry = find(fixture, key);
            REQUIRE((entry != kNoEntry) == (model.values.count(key) == 1));
            if (entry != kNoEntry) REQUIRE(map_remove_entry(fixture.mutator(), fixture.slot(0), entry));
            model.remove(key);
            break;
        }
        case 8: {
            size_t entry = find(fixture, key);
            auto found = model.values.find(key);
            REQUIRE((entry != kNoEntry) == (found != model.values.end()));
            if (entry != kNoEntry)
                REQUIRE(HeapFixture::number_of(map_value_at(fixture.slot(0), entry)) == found->second);
            break;
        }
        case 9:
            fixture.slot(3) = make_map_copy(fixture.mutator(), fixture.slot(0), fixture.top());
            REQUIRE(contents(fixture.slot(3)) == model.pairs());
            if (random() % 2) fixture.slot(0) = fixture.slot(3);
            if (random() % 64 == 0) {
                REQUIRE(map_clear(fixture.mutator(), fixture.slot(0), fixture.top()));
                model = Model();
            }
            break;
        case 10:
            if (commits) fixture.commit();
            break;
        case 11:
            if (random() % 8 == 0)
                fixture.collect_fully();
            else
                fixture.collect();
            break;
        }
        REQUIRE(map_count(fixture.slot(0)) == model.order.size());
        if (step % 16 == 0) REQUIRE(contents(fixture.slot(0)) == model.pairs());
    }
    REQUIRE(contents(fixture.slot(0)) == model.pairs());
}

} // namespace

TEST_CASE("a map finds what was put in and keeps the order of insertion") {
    HeapFixture fixture;
    fixture.slot(0) = make_map(fixture.mutator(), 0, fixture.top());
    Pairs expected;
    for (int64_t i = 0; i < 3000; ++i) {
        int64_t key = (i * 7919) % 3001;
        put(fixture, key, i);
        expected.emplace_back(key, i);
    }
    CHECK(contents(fixture.slot(0)) == expected);
    for (auto [key, value] : expected) {
        size_t entry = find(fixture, key);
        REQUIRE(entry != kNoEntry);
        CHECK(HeapFixture::number_of(map_value_at(fixture.slot(0), entry)) == value);
    }
    CHECK(find(fixture, 5000) == kNoEntry);
}

TEST_CASE("putting a key again changes its value and not its place") {
    HeapFixture fixture;
    fixture.slot(0) = make_map(fixture.mutator(), 0, fixture.top());
    for (int64_t key : {4, 8, 12}) put(fixture, key, 1);
    put(fixture, 4, 2);
    CHECK(contents(fixture.slot(0)) == Pairs{{4, 2}, {8, 1}, {12, 1}});
}

TEST_CASE("a removed key that comes again stands at the end") {
    HeapFixture fixture;
    fixture.slot(0) = make_map(fixture.mutator(), 0, fixture.top());
    for (int64_t key : {4, 8, 12}) put(fixture, key, 1);
    REQUIRE(map_remove_entry(fixture.mutator(), fixture.slot(0), find(fixture, 4)));
    CHECK(find(fixture, 4) == kNoEntry);
    put(fixture, 4, 5);
    CHECK(contents(fixture.slot(0)) == Pairs{{8, 1}, {12, 1}, {4, 5}});
}

TEST_CASE("a map that keys pass through for ever does not grow for ever") {
    HeapFixture fixture;
    fixture.slot(0) = make_map(fixture.mutator(), 0, fixture.top());
    for (int64_t i = 0; i < 20'000; ++i) {
        put(fixture, i, i);
        if (i >= 10) REQUIRE(map_remove_entry(fixture.mutator(), fixture.slot(0), find(fixture, i - 10)));
    }
    CHECK(map_count(fixture.slot(0)) == 10);
    CHECK(array_capacity(map_entries(fixture.slot(0))) <= 32 * kEntryWords);
}

TEST_CASE("one and one point zero are one key, zero and minus zero too") {
    HeapFixture fixture;
    fixture.slot(0) = make_map(fixture.mutator(), 0, fixture.top());
    fixture.slot(1) = Value::integer(1);
    fixture.slot(2) = Value::nil();
    Value* top = fixture.top();
    REQUIRE(map_put(fixture.mutator(), known_symbols, fixture.slot(0), fixture.slot(1), fixture.slot(2),
                    top) == MapPut::Done);
    CHECK(map_get(known_symbols, fixture.slot(0), Value::floating(1.0)).is_nil());
    CHECK(map_get(known_symbols, fixture.slot(0), Value::floating(1.5)).is_absent());
    fixture.slot(1) = Value::floating(-0.0);
    REQUIRE(map_put(fixture.mutator(), known_symbols, fixture.slot(0), fixture.slot(1), fixture.slot(2),
                    top) == MapPut::Done);
    CHECK(map_get(known_symbols, fixture.slot(0), Value::integer(0)).is_nil());
    CHECK(map_get(known_symbols, fixture.slot(0), Value::floating(0.0)).is_nil());
    CHECK(map_count(fixture.slot(0)) == 2);
}

TEST_CASE("keys that only Indent code can compare are left to who can ask them") {
    HeapFixture fixture;
    fixture.slot(0) = make_map(fixture.mutator(), 0, fixture.top());
    fixture.slot(1) = make_list(fixture.mutator(), 0, fixture.top()); // can change: no key at all
    fixture.slot(2) = Value::nil();
    CHECK_FALSE(quick_hash(known_symbols, fixture.slot(1)).has_value());
    CHECK(map_put(fixture.mutator(), known_symbols, fixture.slot(0), fixture.slot(1), fixture.slot(2),
                  fixture.top()) == MapPut::Ask);
    CHECK(map_count(fixture.slot(0)) == 0);
    list_freeze(fixture.mutator(), fixture.slot(1));
    CHECK(map_put(fixture.mutator(), known_symbols, fixture.slot(0), fixture.slot(1), fixture.slot(2),
                  fixture.top()) == MapPut::Done);
}

TEST_CASE("walking a map ends and says so when keys come or go, not when values change") {
    HeapFixture fixture;
    fixture.slot(0) = make_map(fixture.mutator(), 0, fixture.top());
    for (int64_t key : {4, 8, 12}) put(fixture, key, 1);
    MapCursor calm(fixture.slot(0));
    size_t seen = 0;
    for (size_t i = calm.next(fixture.slot(0)); i != kNoEntry; i = calm.next(fixture.slot(0)), ++seen)
        REQUIRE(map_set_value(fixture.mutator(), fixture.slot(0), i, Value::nil()));
    CHECK(seen == 3);
    CHECK_FALSE(calm.changed());
    CHECK(calm.next(fixture.slot(0)) == kNoEntry);
    MapCursor adding(fixture.slot(0));
    CHECK(adding.next(fixture.slot(0)) == 0);
    put(fixture, 16, 1);
    CHECK(adding.next(fixture.slot(0)) == kNoEntry);
    CHECK(adding.changed());
    MapCursor removing(fixture.slot(0));
    CHECK(removing.next(fixture.slot(0)) == 0);
    REQUIRE(map_remove_entry(fixture.mutator(), fixture.slot(0), 0));
    CHECK(removing.next(fixture.slot(0)) == kNoEntry);
    CHECK(removing.changed());
}

TEST_CASE("a failed stretch gives a map its keys, its values and its index back") {
    HeapFixture fixture;
    fixture.slot(0) = make_map(fixture.mutator(), 0, fixture.top());
    for (int64_t i = 0; i < 500; ++i) put(fixture, i, i);
    fixture.commit();
    Value map = fixture.slot(0);
    Pairs before = contents(map);
    for (int64_t i = 0; i < 500; i += 3)
        REQUIRE(map_remove_entry(fixture.mutator(), fixture.slot(0), find(fixture, i)));
    for (int64_t i = 0; i < 3000; ++i) put(fixture, i, -i);
    fixture.roll_back();
    fixture.slot(0) = map;
    CHECK(contents(map) == before);
    for (int64_t i = 0; i < 500; ++i) CHECK(find(fixture, i) == size_t(i));
    CHECK(find(fixture, 501) == kNoEntry);
}

TEST_CASE("a frozen map refuses every change") {
    HeapFixture fixture;
    for (bool old : {false, true}) {
        for (int64_t size : {3, 100}) {
            fixture.slot(0) = make_map(fixture.mutator(), 0, fixture.top());
            for (int64_t i = 0; i < size; ++i) put(fixture, i, i);
            map_freeze(fixture.mutator(), fixture.slot(0));
            if (old) fixture.commit();
            Value& map = fixture.slot(0);
            fixture.slot(1) = Value::integer(100'000);
            fixture.slot(2) = Value::nil();
            Mutator& mutator = fixture.mutator();
            CHECK(map_put(mutator, known_symbols, map, fixture.slot(1), fixture.slot(2), fixture.top()) ==
                  MapPut::Frozen);
            fixture.slot(1) = Value::integer(0);
            CHECK(map_put(mutator, known_symbols, map, fixture.slot(1), fixture.slot(2), fixture.top()) ==
                  MapPut::Frozen);
            CHECK_FALSE(map_remove_entry(mutator, map, 0));
            CHECK_FALSE(map_clear(mutator, map, fixture.top()));
            CHECK(map_count(map) == size_t(size));
            CHECK(find(fixture, size - 1) == size_t(size - 1));
        }
    }
}

TEST_CASE("a map does what a hash table and a list of keys do, whatever is collected in between") {
    for (unsigned seed = 1; seed <= 8; ++seed) {
        CAPTURE(seed);
        HeapFixture fixture;
        compare_with_model(fixture, seed, 3000, seed % 2 ? 30 : 2000, seed % 3 == 0);
    }
}

TEST_CASE("a map does what a hash table and a list of keys do when every allocation collects") {
    for (unsigned seed = 1; seed <= 4; ++seed) {
        CAPTURE(seed);
        HeapFixture fixture({.collect_always = true});
        compare_with_model(fixture, seed, 500, seed % 2 ? 12 : 300, seed % 2 == 0);
    }
}
