#include "tests/heap/fixture.h"
#include <doctest/doctest.h>

namespace indent::test {
namespace {

constexpr size_t kLimit = size_t(10) << 20;

HeapOptions limited() {
    HeapOptions options;
    options.limit_bytes = kLimit;
    return options;
}

// Puts a cell in front of the list in this slot.
void add_to_list(TestHeap& t, size_t slot) {
    Cell* cell = t.plain(10);
    (*cell)[0] = t[slot];
    t[slot] = Value::cell(cell);
}
size_t length(Value list) {
    size_t count = 0;
    for (; list.is_cell(); list = (*list.cell())[0]) ++count;
    return count;
}

} // namespace

TEST_CASE("Past the limit there is OutOfMemory, and the heap is whole") {
    SharedSpace shared;
    TestHeap t(shared, limited());
    size_t made = 0;
    auto fill = [&] {
        for (;; ++made) add_to_list(t, 0);
    };
    CHECK_THROWS_AS(fill(), OutOfMemory);
    CHECK(made > 90'000);
    CHECK(length(t[0]) == made);
    CHECK(t.heap->statistics().old_bytes <= kLimit + (size_t(2) << 20));
    t[0] = Value();
    CHECK_THROWS_AS(t.array(kLimit / 8 + 1), OutOfMemory);
    t[0] = Value::cell(t.array(kLimit / 8 - 100)); // there is room after a full collection
    CHECK(t[0].cell()->word_count() == kLimit / 8 - 100);
    CHECK_THROWS_AS(t.array(10'000'000), OutOfMemory);
}

TEST_CASE("After OutOfMemory the stretch can be rolled back or go on") {
    SharedSpace shared;
    TestHeap t(shared, limited());
    Cell* cell = t.old_plain(0, 2);
    REQUIRE(t.store(cell, 0, 1));
    auto fill = [&] {
        for (;;) add_to_list(t, 1);
    };
    CHECK_THROWS_AS(fill(), OutOfMemory);
    t[1] = Value();
    REQUIRE(t.store(cell, 1, 2));
    for (int i = 0; i < 100'000; ++i) t.plain(10); // goes on
    t.commit();
    CHECK((*cell)[0] == Value::integer(1));
    CHECK(t.heap->statistics().old_bytes == cell->byte_count());

    REQUIRE(t.store(cell, 1, 3));
    CHECK_THROWS_AS(fill(), OutOfMemory);
    t.rollback();
    CHECK((*cell)[1] == Value::integer(2));
    CHECK(t.heap->statistics().old_bytes == cell->byte_count());
}

TEST_CASE("Catching OutOfMemory does not pass the limit by much") {
    SharedSpace shared;
    TestHeap t(shared, limited());
    for (int caught = 0; caught < 200;) {
        try {
            add_to_list(t, 0);
        } catch (OutOfMemory&) {
            ++caught;
        }
    }
    CHECK(t.heap->statistics().old_bytes < kLimit + (size_t(16) << 20));
    // Dropping it and ending the stretch makes room again.
    t[0] = Value();
    t.commit();
    CHECK(t.heap->statistics().old_bytes == 0);
    add_to_list(t, 0);
}

TEST_CASE("A limit can be set later") {
    SharedSpace shared;
    TestHeap t(shared, HeapOptions{});
    t[0] = Value::cell(t.array(1'000'000));
    t.heap->set_limit(1'000'000);
    CHECK_THROWS_AS(t.array(100'000), OutOfMemory);
    t.heap->set_limit(100'000'000);
    CHECK(t.array(100'000)->word_count() == 100'000);
}

TEST_CASE("An absurd size is OutOfMemory") {
    SharedSpace shared;
    HeapOptions options;
    options.limit_bytes = ~size_t(0);
    TestHeap t(shared, options);
    for (size_t words : {size_t(1) << 45, size_t(1) << 46, size_t(1) << 47, size_t(1) << 60,
                         (size_t(1) << 61) - 1, size_t(1) << 61, ~size_t(0), ~size_t(0) / 8}) {
        CHECK_THROWS_AS(t.array(words), OutOfMemory);
        CHECK_THROWS_AS(t.array(words, Format::Bytes), OutOfMemory);
        CHECK_THROWS_AS(shared.allocate(kBytes, Format::Bytes, words, true), OutOfMemory);
    }
    CHECK(t.heap->statistics().old_bytes == 0);
}

} // namespace indent::test
