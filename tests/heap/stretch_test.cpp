#include "tests/heap/fixture.h"
#include <doctest/doctest.h>

namespace indent::test {

TEST_CASE("A store to an old cell logs its words before the first change in a stretch, and only then") {
    SharedSpace shared;
    TestHeap t(shared);
    Cell* cell = t.old_plain(0, 3);
    REQUIRE(t.store(cell, 0, 1));
    REQUIRE(t.store(cell, 1, 2));
    t.collect();
    REQUIRE(t.store(cell, 0, 3));
    auto changes = t.changes();
    REQUIRE(changes.size() == 1);
    CHECK(changes[0].kind == Change::Changed);
    CHECK(changes[0].cell == cell);
    CHECK(changes[0].before == std::vector<Value>(3, Value::nil()));
    t.commit();
    CHECK(t.changes().empty());
    REQUIRE(t.store(cell, 2, 5));
    changes = t.changes();
    REQUIRE(changes.size() == 1);
    CHECK(changes[0].before == std::vector<Value>{Value::integer(3), Value::integer(2), Value::nil()});
}

TEST_CASE("What is reachable survives a collection of the nursery and becomes old") {
    SharedSpace shared;
    TestHeap t(shared);
    t[0] = Value::cell(t.plain(2));
    Cell* inner = t.plain(1);
    (*inner)[0] = Value::integer(7);
    (*t[0].cell())[0] = Value::cell(inner);
    CHECK(!t[0].cell()->is_old());
    t.collect();
    Cell* cell = t[0].cell();
    CHECK(cell->is_old());
    CHECK((*cell)[0].cell()->is_old());
    CHECK((*(*cell)[0].cell())[0].as_integer() == 7);
    CHECK((*cell)[1].is_nil());
}

TEST_CASE("A rollback gives old cells their words back and forgets everything made") {
    SharedSpace shared;
    TestHeap t(shared);
    Cell* cell = t.old_plain(0, 2);
    size_t before = t.heap->statistics().old_bytes;
    t[1] = Value::cell(t.plain(5));
    REQUIRE(t.store(cell, 1, t[1]));
    t.collect();
    CHECK(t.heap->statistics().old_bytes > before);
    CHECK((*cell)[1].cell()->is_old());
    t.rollback();
    CHECK((*cell)[1].is_nil());
    CHECK(t.heap->statistics().old_bytes == before);
    CHECK(t[0].is_absent());
}

} // namespace indent::test
