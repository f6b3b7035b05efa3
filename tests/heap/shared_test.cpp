// How frozen values are shared and counted.
#include "tests/heap/fixture.h"
#include <doctest/doctest.h>
#include <thread>

namespace indent::test {
namespace {

// A frozen cell with these words.
Cell* frozen_with(TestHeap& t, std::initializer_list<Value> words) {
    constexpr size_t kFirst = 240; // slots that hold the words while the cell is made
    std::copy(words.begin(), words.end(), &t[kFirst]);
    Cell* cell = t.frozen(uint16_t(words.size()));
    for (size_t i = 0; i < words.size(); ++i) {
        (*cell)[i] = t[kFirst + i];
        t[kFirst + i] = Value();
    }
    return cell;
}

} // namespace

TEST_CASE("A frozen graph is shared with its shape") {
    SharedSpace shared;
    TestHeap t(shared, HeapOptions{});
    t[0] = Value::cell(t.array(4, Format::Bytes));
    (*t[0].cell())[3] = Value::from_bits(0x1234'5678);
    t.heap->freeze(t[0].cell());
    t[1] = Value::cell(frozen_with(t, {t[0], Value::integer(5), t[0]}));
    t[2] = Value::cell(frozen_with(t, {t[1], t[0], Value()}));
    (*t[2].cell())[2] = t[2]; // a cycle
    Value copy = shared.share(t[2]);
    REQUIRE(copy.is_cell());
    CHECK(shared.cells() == 3);
    Cell* root = copy.cell();
    CHECK(root->is_shared());
    CHECK(root->is_frozen());
    CHECK(root->shape == kPlain);
    Cell* middle = (*root)[0].cell();
    CHECK((*root)[2] == copy);
    CHECK((*middle)[0] == (*root)[1]);
    CHECK((*middle)[1] == Value::integer(5));
    CHECK((*middle)[2] == (*middle)[0]);
    Cell* bytes = (*root)[1].cell();
    CHECK(bytes->format() == Format::Bytes);
    CHECK(bytes->word_count() == 4);
    CHECK((*bytes)[3].bits() == 0x1234'5678);
    CHECK(shared.holders(root) == 1);
    CHECK(shared.holders(middle) == 1);
    CHECK(shared.holders(bytes) == 3);
    shared.release(copy);
    CHECK(shared.cells() == 0);
    CHECK(shared.bytes() == 0);
}

TEST_CASE("Immediate values are shared as they are") {
    SharedSpace shared;
    for (Value value : {Value(), Value::nil(), Value::integer(7), Value::floating(1.5), Value::symbol(3)}) {
        CHECK(shared.share(value) == value);
        shared.hold(value);
        shared.release(value);
    }
}

TEST_CASE("What is shared already is not copied again") {
    SharedSpace shared;
    TestHeap t(shared);
    Value first = shared.share(Value::cell(t.frozen(1)));
    CHECK(shared.share(first) == first);
    CHECK(shared.holders(first.cell()) == 2);
    t[0] = first;
    Value second = shared.share(Value::cell(frozen_with(t, {first, first})));
    CHECK((*second.cell())[0] == first);
    CHECK(shared.cells() == 2);
    CHECK(shared.holders(first.cell()) == 4);
    shared.release(second);
    CHECK(shared.holders(first.cell()) == 2);
    shared.release(first);
    shared.release(first);
    CHECK(shared.cells() == 0);
}

TEST_CASE("What is not frozen is not shared") {
    SharedSpace shared;
    TestHeap t(shared);
    CHECK(shared.share(Value::cell(t.plain(1))).is_absent());
    t[0] = Value::cell(t.plain(1));
    t[1] = Value::cell(frozen_with(t, {Value::nil(), t[0]}));
    CHECK(shared.share(Value::cell(frozen_with(t, {t[1]}))).is_absent());
    CHECK(shared.cells() == 0);
}

TEST_CASE("A graph of any depth is shared and freed") {
    SharedSpace shared;
    TestHeap t(shared, HeapOptions{});
    constexpr size_t n = 200'000;
    for (size_t i = 0; i < n; ++i) t[0] = Value::cell(frozen_with(t, {t[0]}));
    Value copy = shared.share(t[0]);
    CHECK(shared.cells() == n);
    shared.release(copy);
    CHECK(shared.cells() == 0);
}

TEST_CASE("The last release frees a cell and what it points to") {
    SharedSpace shared;
    TestHeap t(shared);
    t[0] = Value::cell(t.frozen(1));
    t[1] = Value::cell(frozen_with(t, {t[0]}));
    Value outer = shared.share(t[1]);
    Value inner = (*outer.cell())[0];
    shared.hold(inner);
    shared.release(outer);
    CHECK(shared.cells() == 1);
    CHECK(shared.holders(inner.cell()) == 1);
    shared.release(inner);
    CHECK(shared.cells() == 0);
    // The same for cells made in place.
    Cell* leaf = shared.allocate(kBytes, Format::Bytes, 5, true);
    CHECK((*leaf)[0] == Value::integer(4));
    CHECK((*leaf)[4].bits() == 0);
    Cell* pair = shared.allocate(kPlain, Format::Slots, 2, false);
    (*pair)[0] = Value::cell(leaf);
    shared.release(Value::cell(pair));
    CHECK(shared.cells() == 0);
}

TEST_CASE("A shared cycle is freed as one") {
    SharedSpace shared;
    TestHeap t(shared);
    // Two rings, the first points into the second; a leaf hangs from the second.
    for (size_t i = 0; i < 7; ++i) t[i] = Value::cell(t.frozen(2));
    auto link = [&](size_t from, size_t word, size_t to) { (*t[from].cell())[word] = t[to]; };
    link(0, 0, 1), link(1, 0, 2), link(2, 0, 0); // ring of 0 1 2
    link(1, 1, 4);
    link(3, 0, 4), link(4, 0, 5), link(5, 0, 3); // ring of 3 4 5
    link(5, 1, 6);
    Value first = shared.share(t[0]);
    CHECK(shared.cells() == 7);
    Cell* ring = first.cell();
    CHECK((*(*(*ring)[0].cell())[0].cell())[0] == first);
    Value second = (*(*ring)[0].cell())[1];
    CHECK(shared.holders(ring) == 1);
    CHECK(shared.holders((*ring)[0].cell()) == 1);
    CHECK(shared.holders(second.cell()) == 1);
    shared.hold(second);
    shared.release(first);
    CHECK(shared.cells() == 4);
    Value leaf = (*(*second.cell())[0].cell())[1];
    shared.hold(leaf);
    shared.release(second);
    CHECK(shared.cells() == 1);
    shared.release(leaf);
    CHECK(shared.cells() == 0);
}

TEST_CASE("A heap counts once for each shared cell that its old cells point to") {
    SharedSpace shared;
    TestHeap t(shared);
    Cell* old_cell = t.old_plain(0, 2);
    Value common = shared.share(Value::cell(t.frozen(1)));
    Cell* cell = common.cell();
    t[1] = Value::cell(t.plain(3));
    for (size_t i = 0; i < 3; ++i) (*t[1].cell())[i] = common;
    CHECK(!t.heap->holds(cell));
    t.commit();
    CHECK(t.heap->holds(cell));
    CHECK(shared.holders(cell) == 2);
    REQUIRE(t.store(old_cell, 0, common));
    t.commit();
    CHECK(shared.holders(cell) == 2);
    TestHeap other(shared);
    other.old_plain(0, 1);
    REQUIRE(other.store(other[0].cell(), 0, common));
    other.commit();
    CHECK(shared.holders(cell) == 3);
    shared.release(common);
    CHECK(shared.holders(cell) == 2);
    // A large cell, found by its card.
    Value second = shared.share(Value::cell(t.frozen(1)));
    t.old_array(2, 20'000);
    REQUIRE(t.store(t[2].cell(), 15'000, second));
    t.commit();
    CHECK(t.heap->holds(second.cell()));
    shared.release(second);
    CHECK(shared.holders(second.cell()) == 1);
}

TEST_CASE("What only the stack points to is not counted") {
    SharedSpace shared;
    TestHeap t(shared);
    Value common = shared.share(Value::cell(t.frozen(1)));
    t[0] = common;
    t.commit();
    t.collect_fully();
    CHECK(!t.heap->holds(common.cell()));
    CHECK(shared.holders(common.cell()) == 1);
    CHECK(t[0] == common);
    shared.release(common);
}

TEST_CASE("What is held for the stretch lives until its end") {
    for (bool committed : {true, false}) {
        SharedSpace shared;
        TestHeap t(shared);
        t.old_plain(0, 1);
        for (size_t i = 1; i < 3; ++i) {
            t[i] = shared.share(Value::cell(t.frozen(1)));
            t.heap->hold_for_stretch(t[i]);
        }
        t.heap->hold_for_stretch(Value::integer(1));
        REQUIRE(t.store(t[0].cell(), 0, t[1]));
        t.collect();
        CHECK(shared.cells() == 2);
        Cell* kept = t[1].cell();
        if (committed)
            t.commit();
        else
            t.rollback();
        CHECK(shared.cells() == (committed ? 1 : 0)); // what the old cell points to
        CHECK(t.heap->holds(kept) == committed);
    }
}

TEST_CASE("A full collection lets go of shared cells that nothing points to") {
    SharedSpace shared;
    TestHeap t(shared);
    Value common = shared.share(Value::cell(t.frozen(1)));
    t.old_plain(0, 1);
    REQUIRE(t.store(t[0].cell(), 0, common));
    t.commit();
    shared.release(common);
    REQUIRE(t.store(t[0].cell(), 0, Value::nil()));
    t.collect_fully(); // the log still has it
    CHECK(shared.cells() == 1);
    t.commit();
    CHECK(shared.cells() == 1);
    t.collect_fully();
    CHECK(shared.cells() == 0);
    CHECK(!t.heap->holds(common.cell()));
}

TEST_CASE("A full collection in mid-turn counts what it finds") {
    SharedSpace shared;
    TestHeap t(shared);
    Value common = shared.share(Value::cell(t.frozen(1)));
    t[0] = Value::cell(t.plain(1));
    (*t[0].cell())[0] = common;
    t.collect_fully();
    CHECK(t.heap->holds(common.cell()));
    t.rollback();
    t.collect_fully();
    CHECK(!t.heap->holds(common.cell()));
    CHECK(shared.holders(common.cell()) == 1);
    shared.release(common);
}

TEST_CASE("A heap that takes and drops shared cells does not fill the shared space") {
    SharedSpace shared;
    TestHeap t(shared);
    t.old_plain(0, 1);
    size_t most = 0;
    for (int turn = 0; turn < 300; ++turn) {
        Cell* message = shared.allocate(kBytes, Format::Bytes, 50'000, true); // 400 KB
        REQUIRE(t.store(t[0].cell(), 0, Value::cell(message)));
        t.commit();
        shared.release(Value::cell(message));
        most = std::max(most, shared.bytes());
    }
    CHECK(most < size_t(20) << 20);
}

TEST_CASE("A heap that ends lets go of what it holds") {
    SharedSpace shared;
    {
        TestHeap t(shared);
        Value common = shared.share(Value::cell(t.frozen(1)));
        t.old_plain(0, 1);
        REQUIRE(t.store(t[0].cell(), 0, common));
        t.commit();
        shared.release(common);
        CHECK(shared.cells() == 1);
    }
    CHECK(shared.cells() == 0);
}

TEST_CASE("Threads share, hold and release at the same time") {
    SharedSpace shared;
    Value common;
    {
        TestHeap t(shared);
        t[0] = Value::cell(t.frozen(1));
        t[1] = Value::cell(frozen_with(t, {t[0], Value()}));
        (*t[1].cell())[1] = t[1];
        common = shared.share(t[1]);
    }
    auto work = [&](int64_t number) {
        TestHeap t(shared);
        t.old_plain(0, 8);
        for (int64_t i = 0; i < 3000; ++i) {
            Value made = Value::cell(frozen_with(t, {common, Value::integer(number * 10'000 + i)}));
            Value mine = shared.share(made);
            if (!t.store(t[0].cell(), size_t(i % 8), mine)) std::abort();
            shared.hold(common);
            if (i % 5 == 0) t.commit();
            if (i % 97 == 0) t.collect_fully();
            if ((*mine.cell())[1].as_integer() != number * 10'000 + i) std::abort();
            t.heap->hold_for_stretch(mine);
            shared.release(common);
        }
    };
    std::thread one(work, 1), two(work, 2);
    one.join();
    two.join();
    CHECK(shared.holders(common.cell()) == 1);
    CHECK(shared.cells() == 2);
    shared.release(common);
    CHECK(shared.cells() == 0);
}

} // namespace indent::test
