// What is logged, how a stretch is undone, and how its changes are read out.
#include "tests/heap/fixture.h"
#include "vm/heap/page_pool.h"
#include <algorithm>
#include <doctest/doctest.h>
#include <map>
#include <set>

namespace indent::test {

using Words = std::vector<Value>;

// ---- the log

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
    CHECK(changes[0].offset == t.heap->offset_of(cell));
    CHECK(changes[0].first_word == 0);
    CHECK(changes[0].before == Words(3, Value::nil()));
    t.commit();
    CHECK(t.changes().empty());
    REQUIRE(t.store(cell, 2, 5));
    changes = t.changes();
    REQUIRE(changes.size() == 1);
    CHECK(changes[0].before == Words{Value::integer(3), Value::integer(2), Value::nil()});
}

TEST_CASE("Cells made in the stretch are not logged") {
    SharedSpace shared;
    TestHeap t(shared);
    t[0] = Value::cell(t.plain(3));
    t[1] = Value::cell(t.array(20'000));
    for (int round = 0; round < 3; ++round) {
        REQUIRE(t.store(t[0].cell(), 1, round));
        REQUIRE(t.store(t[1].cell(), 15'000, round));
        t.collect();
        CHECK(t[0].cell()->is_old());
    }
    CHECK(t.heap->statistics().log_entries == 0);
    t.commit();
    REQUIRE(t.store(t[0].cell(), 1, 5));
    REQUIRE(t.store(t[1].cell(), 15'000, 5));
    CHECK(t.heap->statistics().log_entries == 2);
}

TEST_CASE("A large cell is logged card by card") {
    SharedSpace shared;
    TestHeap t(shared);
    Cell* cell = t.old_array(0, 20'000);
    REQUIRE(t.store(cell, 600, 1));
    REQUIRE(t.store(cell, 700, 2));
    REQUIRE(t.store(cell, 19'999, 3));
    t.collect();
    REQUIRE(t.store(cell, 601, 4));
    auto changes = t.changes();
    REQUIRE(changes.size() == 2);
    CHECK(changes[0].first_word == 512);
    CHECK(changes[0].before == Words(512));
    CHECK(changes[1].first_word == 19'968);
    CHECK(changes[1].before == Words(32));
    REQUIRE(t.heap->before_stores(cell, 1000, 1000)); // cards 1, 2 and 3
    CHECK(t.heap->statistics().log_entries == 4);
    t.commit();
    CHECK(t.changes().empty());
    REQUIRE(t.store(cell, 600, 9));
    changes = t.changes();
    REQUIRE(changes.size() == 1);
    CHECK(changes[0].before[600 - 512] == Value::integer(1));
    t.rollback();
    CHECK((*cell)[600] == Value::integer(1));
    CHECK((*cell)[601] == Value::integer(4));
}

TEST_CASE("After the first store a cell asks no more until the next collection") {
    SharedSpace shared;
    TestHeap t(shared);
    Cell* cell = t.old_plain(0, 3);
    CHECK(cell->barrier == Cell::kArmed);
    REQUIRE(t.store(cell, 0, 1));
    CHECK(cell->barrier == Cell::kFree);
    t.collect();
    CHECK(cell->barrier == Cell::kArmed);
    REQUIRE(t.store(cell, 0, 2));
    CHECK(cell->barrier == Cell::kFree);
    t.commit();
    CHECK(cell->barrier == Cell::kArmed);
    REQUIRE(t.store(cell, 0, 3));
    t.rollback();
    CHECK(cell->barrier == Cell::kArmed);
}

TEST_CASE("A frozen cell refuses stores") {
    SharedSpace shared;
    TestHeap t(shared);
    t[0] = Value::cell(t.frozen(2));
    t[1] = Value::cell(t.array(20'000));
    t.heap->freeze(t[1].cell());
    for (int round = 0; round < 3; ++round) {
        CHECK(!t.store(t[0].cell(), 1, 5));
        CHECK((*t[0].cell())[1].is_nil());
        CHECK(!t.heap->before_stores(t[0].cell(), 0, 2));
        CHECK(!t.store(t[1].cell(), 15'000, 5));
        CHECK(!t.heap->before_stores(t[1].cell(), 1, 10'000));
        if (round == 0) t.collect();
        if (round == 1) t.commit();
    }
    CHECK(t.heap->statistics().log_entries == 0);
    Value copy = shared.share(t[0]);
    CHECK(!t.store(copy.cell(), 0, 1));
    shared.release(copy);
}

// ---- undoing

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
    CHECK(t.changes().empty());
}

TEST_CASE("A rollback works after collections of any kind") {
    for (int kind = 0; kind < 4; ++kind) {
        CAPTURE(kind);
        SharedSpace shared;
        TestHeap t(shared);
        t[0] = Value::cell(t.plain(2));
        t[1] = Value::cell(t.plain(1));
        REQUIRE(t.store(t[0].cell(), 0, t[1]));
        t.commit();
        Cell* a = t[0].cell();
        Cell* b = t[1].cell();
        t[1] = Value();
        REQUIRE(t.store(a, 0, Value::nil())); // nothing reaches b but the log
        for (int i = 0; i < 50; ++i) {
            Value made = Value::cell(t.plain(6));
            REQUIRE(t.store(a, 1, made));
            if (kind & 1 && i % 10 == 0) t.collect();
            if (kind & 2 && i % 25 == 24) t.collect_fully();
        }
        t.rollback();
        CHECK((*a)[0] == Value::cell(b));
        CHECK((*a)[1].is_nil());
        CHECK((*b)[0].is_nil());
        CHECK(t.heap->at_offset(t.heap->offset_of(b)) == b);
        t[0] = Value::cell(a);
        t.collect_fully();
        CHECK((*a)[0] == Value::cell(b));
    }
}

TEST_CASE("Freezing is undone with its stretch") {
    SharedSpace shared;
    TestHeap t(shared);
    Cell* cell = t.old_plain(0, 2);
    Cell* large = t.old_array(1, 20'000);
    for (int round = 0; round < 2; ++round) {
        t.heap->freeze(cell);
        t.heap->freeze(large);
        if (round == 1) t.collect();
        CHECK(!t.store(cell, 0, 1));
        CHECK(!t.store(large, 1, 1));
        t.rollback();
        CHECK(!cell->is_frozen());
        CHECK(t.store(cell, 0, 1));
        CHECK(t.store(large, 1, 1));
        t[0] = Value::cell(cell);
        t[1] = Value::cell(large);
        t.commit();
    }
    t.heap->freeze(cell);
    t.commit();
    CHECK(!t.store(cell, 0, 1));
}

TEST_CASE("A rollback gives back the shape too") {
    SharedSpace shared;
    TestHeap t(shared);
    Cell* cell = t.old_plain(0, 2);
    REQUIRE(t.heap->before_store(cell, 0));
    cell->shape = kPlain + 5;
    t.collect();
    t.rollback();
    CHECK(cell->shape == kPlain);
}

TEST_CASE("What a rolled back stretch made is free memory") {
    SharedSpace shared;
    TestHeap t(shared);
    t.old_plain(0, 3);
    Cell* cell = t[0].cell();
    size_t pages = 0;
    for (int round = 0; round < 50; ++round) {
        t[0] = Value::cell(cell);
        for (size_t i = 1; i < 200; ++i) t[i] = Value::cell(t.plain(uint16_t(i)));
        t[200] = Value::cell(t.array(20'000));
        t.collect();
        if (round == 0) pages = shared.pages().pages_in_use();
        t.rollback();
        CHECK(t.heap->statistics().old_bytes == cell->byte_count());
    }
    CHECK(shared.pages().pages_in_use() <= pages);
}

TEST_CASE("A rollback of much gives pages back") {
    SharedSpace shared;
    TestHeap t(shared);
    t.old_plain(0, 3);
    for (size_t i = 1; i < 200; ++i)
        for (int j = 0; j < 100; ++j) {
            t[1 + i % 100] = Value::cell(t.plain(100));
            if (j == 99) t.collect();
            t[150] = t[1 + i % 100];
        }
    t[200] = Value::cell(t.array(5000));
    for (size_t i = 1; i < 5000; ++i) {
        Value made = Value::cell(t.plain(100));
        REQUIRE(t.store(t[200].cell(), i, made));
    }
    t.collect();
    CHECK(shared.pages().pages_in_use() > 60);
    t.rollback();
    CHECK(shared.pages().pages_in_use() == 1);
}

TEST_CASE("A second run after a rollback gets the same identity hashes") {
    SharedSpace shared;
    TestHeap t(shared);
    Cell* cell = t.old_plain(0, 1);
    uint64_t first = t.heap->identity_hash(cell);
    t.commit();
    std::vector<uint64_t> runs[2];
    Cell* other = t.old_plain(1, 1);
    for (auto& run : runs) {
        t[0] = Value::cell(cell);
        t[2] = Value::cell(t.plain(1));
        run.push_back(t.heap->identity_hash(t[2].cell()));
        t.collect();
        run.push_back(t.heap->identity_hash(other));
        CHECK(t.heap->identity_hash(t[2].cell()) == run[0]);
        CHECK(t.heap->identity_hash(cell) == first);
        t.rollback();
    }
    CHECK(runs[0] == runs[1]);
    CHECK(runs[0][0] != runs[0][1]);
}

TEST_CASE("A rollback clears the value stack") {
    SharedSpace shared;
    TestHeap t(shared);
    for (size_t i = 0; i < 256; ++i) t[i] = Value::cell(t.plain(1));
    t.rollback();
    for (size_t i = 0; i < 256; ++i) CHECK(t[i].is_absent());
}

TEST_CASE("A commit is for good") {
    SharedSpace shared;
    TestHeap t(shared);
    Cell* cell = t.old_plain(0, 2);
    REQUIRE(t.store(cell, 0, 1));
    t.commit();
    REQUIRE(t.store(cell, 1, 2));
    t.rollback();
    CHECK((*cell)[0] == Value::integer(1));
    CHECK((*cell)[1].is_nil());
    t.rollback();
    CHECK((*cell)[0] == Value::integer(1));
}

// ---- changes

TEST_CASE("The changes name old cells only") {
    SharedSpace shared;
    TestHeap t(shared);
    Cell* cell = t.old_plain(0, 2);
    t[1] = Value::cell(t.plain(2));
    Value made = Value::cell(t.plain(1));
    REQUIRE(t.store(cell, 0, made));
    auto changes = t.changes();
    CHECK(changes.size() == 3);
    for (auto& change : changes) {
        CHECK(change.cell->is_old());
        CHECK(t.heap->at_offset(change.offset) == change.cell);
        CHECK(change.before.empty() == (change.kind == Change::Made));
    }
}

TEST_CASE("Each cell made in the stretch is named once") {
    SharedSpace shared;
    TestHeap t(shared);
    for (size_t i = 0; i < 20; ++i) t[i] = Value::cell(t.plain(uint16_t(i)));
    t.commit();
    for (size_t i = 0; i < 20; i += 2) t[i] = Value();
    t.collect_fully(); // leaves holes
    std::set<Cell*> expected;
    for (size_t i = 20; i < 100; ++i) {
        t[i] = Value::cell(i == 50 ? t.array(9000) : t.plain(uint16_t(i % 20)));
        if (i % 10 == 0) t.collect();
        if (i % 40 == 0) t.collect_fully();
    }
    auto changes = t.changes();
    for (size_t i = 20; i < 100; ++i) expected.insert(t[i].cell());
    std::set<Cell*> named;
    for (auto& change : changes) {
        CHECK(change.kind == Change::Made);
        CHECK(named.insert(change.cell).second);
    }
    CHECK(named == expected);
}

TEST_CASE("A dead cell is not named as made") {
    SharedSpace shared;
    TestHeap t(shared);
    t[0] = Value::cell(t.plain(3));
    t[1] = Value::cell(t.plain(3));
    t.collect();
    Cell* kept = t[1].cell();
    t[0] = Value();
    t.collect_fully();
    auto changes = t.changes();
    REQUIRE(changes.size() == 1);
    CHECK(changes[0].cell == kept);
}

TEST_CASE("The changes are enough to go back and forth") {
    SharedSpace shared;
    TestHeap t(shared);
    t[0] = Value::cell(t.plain(4));
    t[1] = Value::cell(t.array(10'000));
    t.commit();
    auto contents = [&] {
        std::map<CellOffset, Words> all;
        for (size_t i = 0; i < 2; ++i) {
            Cell* cell = t[i].cell();
            all[t.heap->offset_of(cell)] = Words(cell->words(), cell->words() + cell->word_count());
        }
        return all;
    };
    auto before = contents();
    REQUIRE(t.store(t[0].cell(), 2, 5));
    for (size_t i = 1000; i < 6000; i += 700) REQUIRE(t.store(t[1].cell(), i, int64_t(i)));
    auto changes = t.changes();
    auto after = contents();
    CHECK(before != after);
    auto back = after;
    std::map<CellOffset, Words> delta;
    for (auto& change : changes)
        std::copy(change.before.begin(), change.before.end(),
                  back[change.offset].begin() + std::ptrdiff_t(change.first_word));
    CHECK(back == before);
    auto forth = before;
    for (auto& change : changes) {
        const Value* now = change.cell->words() + change.first_word;
        std::copy(now, now + change.before.size(),
                  forth[change.offset].begin() + std::ptrdiff_t(change.first_word));
    }
    CHECK(forth == after);
}

} // namespace indent::test
