// Where cells live.
#include "tests/heap/fixture.h"
#include "vm/heap/page_pool.h"
#include <doctest/doctest.h>
#include <set>

namespace indent::test {

TEST_CASE("What is reachable survives a collection of the nursery and becomes old") {
    SharedSpace shared;
    TestHeap t(shared);
    t[0] = Value::cell(t.plain(2));
    Cell* inner = t.plain(1);
    (*inner)[0] = Value::integer(7);
    (*t[0].cell())[0] = Value::cell(inner);
    t[1] = t[0];
    CHECK(!t[0].cell()->is_old());
    Cell* before = t[0].cell();
    t.collect();
    Cell* cell = t[0].cell();
    CHECK(cell != before);
    CHECK(t[1] == t[0]);
    CHECK(cell->is_old());
    CHECK(cell->shape == kPlain);
    CHECK((*cell)[0].cell()->is_old());
    CHECK((*(*cell)[0].cell())[0].as_integer() == 7);
    CHECK((*cell)[1].is_nil());
}

TEST_CASE("Cells without words survive too") {
    SharedSpace shared;
    TestHeap t(shared);
    for (size_t i = 0; i < 100; ++i) t[i] = Value::cell(t.plain(0));
    t[100] = t[7];
    t.collect();
    std::set<Cell*> places;
    for (size_t i = 0; i < 100; ++i) {
        CHECK(t[i].cell()->is_old());
        CHECK(t[i].cell()->word_count() == 0);
        places.insert(t[i].cell());
    }
    CHECK(places.size() == 100);
    CHECK(t[100] == t[7]);
}

TEST_CASE("What is not reachable is gone after a collection of the nursery") {
    SharedSpace shared;
    TestHeap t(shared);
    for (int i = 0; i < 10'000; ++i) t.plain(8);
    t.collect();
    CHECK(t.heap->statistics().promoted_bytes == 0);
    CHECK(t.heap->statistics().old_bytes == 0);
    CHECK(t.heap->statistics().nursery_collections >= 10);
}

TEST_CASE("An old cell keeps its place and its offset for life") {
    SharedSpace shared;
    TestHeap t(shared);
    Cell* cell = t.old_plain(0, 3);
    t[1] = Value::cell(t.array(20'000));
    t.commit();
    Cell* large = t[1].cell();
    CellOffset offset = t.heap->offset_of(cell), large_offset = t.heap->offset_of(large);
    for (int round = 0; round < 5; ++round) {
        for (size_t i = 2; i < 100; ++i) t[i] = Value::cell(t.plain(uint16_t(i)));
        t.collect();
        for (size_t i = 2; i < 100; i += 3) t[i] = Value();
        t.collect_fully();
        REQUIRE(t.store(cell, 0, t[3]));
        t.commit();
        t.collect_fully();
        CHECK(t[0].cell() == cell);
        CHECK(t[1].cell() == large);
        CHECK(t.heap->offset_of(cell) == offset);
        CHECK(t.heap->offset_of(large) == large_offset);
    }
    REQUIRE(t.store(cell, 0, 1));
    t.rollback();
    CHECK(t.heap->at_offset(offset) == cell);
    CHECK(t.heap->at_offset(large_offset) == large);
}

TEST_CASE("An offset leads back to its cell, and to nothing where no cell begins") {
    SharedSpace shared;
    TestHeap t(shared);
    for (size_t i = 0; i < 200; ++i) t[i] = Value::cell(t.plain(uint16_t(i % 7 + i)));
    t[200] = Value::cell(t.array(10'000));
    t.collect();
    std::set<CellOffset> offsets;
    for (size_t i = 0; i <= 200; ++i) {
        CellOffset offset = t.heap->offset_of(t[i].cell());
        CHECK(t.heap->at_offset(offset) == t[i].cell());
        offsets.insert(offset);
    }
    CHECK(offsets.size() == 201);
    for (CellOffset offset = 0; offset < 5 * 65536; ++offset)
        if (t.heap->at_offset(offset) && !offsets.count(offset)) FAIL("a cell where none is: " << offset);
    CHECK(t.heap->at_offset(~CellOffset(0)) == nullptr);
    CellOffset gone = t.heap->offset_of(t[100].cell());
    t[100] = Value();
    t.collect_fully();
    CHECK(t.heap->at_offset(gone) == nullptr);
}

TEST_CASE("A heap knows its own cells from those of others") {
    SharedSpace shared;
    TestHeap a(shared), b(shared);
    Cell* old_a = a.old_plain(0, 2);
    Cell* old_b = b.old_plain(0, 2);
    Cell* young = a.plain(2);
    Cell* common = shared.allocate(kPlain, Format::Slots, 1, false);
    CHECK(a.heap->owns(old_a));
    CHECK(!a.heap->owns(old_b));
    CHECK(a.heap->owns(young));
    CHECK(!b.heap->owns(young));
    CHECK(!a.heap->owns(common));
    shared.release(Value::cell(common));
}

TEST_CASE("Free memory is used again") {
    SharedSpace shared;
    TestHeap t(shared);
    // Every third cell stays, and the room between is given to others: the heap grows no more.
    size_t reserved = 0;
    for (int round = 0; round < 6; ++round) {
        t[0] = Value::cell(t.array(3000));
        for (size_t i = 1; i < 3000; ++i) {
            Value made = Value::cell(t.plain(uint16_t(5 + i % 9)));
            REQUIRE(t.store(t[0].cell(), i, made));
        }
        t.commit();
        for (size_t i = 1; i < 3000; ++i)
            if (i % 3) REQUIRE(t.store(t[0].cell(), i, Value::nil()));
        t.commit();
        t[size_t(round % 2 + 1)] = t[0];
        t[0] = Value();
        t.collect_fully();
        if (round == 3) reserved = t.heap->statistics().reserved_bytes;
    }
    CHECK(t.heap->statistics().reserved_bytes == reserved);
}

TEST_CASE("A cell too large for the nursery begins old") {
    SharedSpace shared;
    TestHeap t(shared);
    // 64 KB of nursery: too large for it, but not for a page; and too large for a page.
    for (size_t words : {size_t(3000), size_t(20'000)}) {
        t[0] = Value::cell(t.plain(1));
        Cell* cell = t.array(words);
        CHECK(cell->is_old());
        CHECK(cell->word_count() == words);
        CHECK((*cell)[0].as_integer() == int64_t(words) - 1);
        bool zero = true;
        for (size_t i = 1; i < words; ++i) zero = zero && (*cell)[i].is_absent();
        CHECK(zero);
        // It is filled without asking until the next collection.
        (*cell)[words - 1] = t[0];
        t[1] = Value::cell(cell);
        t[0] = Value();
        t.collect();
        CHECK(t[1].cell() == cell);
        CHECK((*cell)[words - 1].cell()->is_old());
        CHECK((*cell)[words - 1].cell()->shape == kPlain);
    }
}

TEST_CASE("A wide cell that fits keeps its words on its way to the old space") {
    SharedSpace shared;
    HeapOptions options;
    options.first_nursery_bytes = options.nursery_bytes = size_t(2) << 20;
    TestHeap t(shared, options);
    for (size_t words : {size_t(1), size_t(2), size_t(100), size_t(8000), size_t(9000), size_t(30'000)}) {
        t[0] = Value::cell(t.array(words));
        CHECK(!t[0].cell()->is_old());
        for (size_t i = 1; i < words; ++i) (*t[0].cell())[i] = Value::integer(int64_t(i));
        t.collect();
        CHECK(t[0].cell()->is_old());
        REQUIRE(t[0].cell()->word_count() == words);
        bool same = true;
        for (size_t i = 1; i < words; ++i) same = same && (*t[0].cell())[i] == Value::integer(int64_t(i));
        CHECK(same);
    }
}

TEST_CASE("A large cell gives its memory back") {
    SharedSpace shared;
    TestHeap t(shared);
    size_t before = t.heap->statistics().reserved_bytes;
    t[0] = Value::cell(t.array(100'000));
    CHECK(t.heap->statistics().reserved_bytes >= before + 800'000);
    t[0] = Value();
    t.collect_fully();
    CHECK(t.heap->statistics().reserved_bytes == before);
}

TEST_CASE("A heap with nothing in its old space takes no page") {
    SharedSpace shared;
    TestHeap t(shared);
    CHECK(shared.pages().pages_in_use() == 0);
    t.plain(3);
    t.commit();
    CHECK(shared.pages().pages_in_use() == 0);
    t.old_plain(0, 3);
    CHECK(shared.pages().pages_in_use() == 1);
    t[0] = Value();
    t.collect_fully();
    CHECK(shared.pages().pages_in_use() == 0);
}

TEST_CASE("The first pages of a heap are small") {
    SharedSpace shared;
    HeapOptions options;
    options.nursery_bytes = 4096;
    constexpr size_t n = 200;
    std::vector<std::unique_ptr<TestHeap>> heaps;
    for (size_t i = 0; i < n; ++i) {
        heaps.push_back(std::make_unique<TestHeap>(shared, options, 1024));
        TestHeap& t = *heaps.back();
        for (size_t j = 0; j < 10; ++j) t.old_plain(j, 8);
        (*t[3].cell())[0] = Value::integer(int64_t(i));
        CHECK(t.heap->statistics().reserved_bytes <= 2 * 128 + 256 + 512);
    }
    CHECK(shared.pages().pages_in_use() <= 8);
    for (size_t i = 0; i < n; i += 2) heaps[i].reset();
    for (size_t i = 1; i < n; i += 2) {
        TestHeap& t = *heaps[i];
        CHECK(t.heap->at_offset(t.heap->offset_of(t[3].cell())) == t[3].cell());
        CHECK(t.heap->owns(t[3].cell()));
        CHECK(!heaps[(i + 2) % n]->heap->owns(t[3].cell()));
        for (size_t j = 10; j < 100; ++j) t.old_plain(j, 8); // more pages, each larger
        t.collect_fully();
        CHECK((*t[3].cell())[0] == Value::integer(int64_t(i)));
    }
    CHECK(shared.pages().pages_in_use() < n / 2);
    heaps.clear();
    CHECK(shared.pages().pages_in_use() == 0);
}

} // namespace indent::test
