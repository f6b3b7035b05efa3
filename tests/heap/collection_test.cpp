// What happens in a collection in mid-turn.
#include "tests/heap/fixture.h"
#include <doctest/doctest.h>

namespace indent::test {

TEST_CASE("An old cell that was stored to keeps what it points to") {
    SharedSpace shared;
    TestHeap t(shared);
    Cell* cell = t.old_plain(0, 2);
    Cell* large = t.old_array(1, 20'000);
    for (int round = 0; round < 3; ++round) {
        for (size_t at : {size_t(1), size_t(511), size_t(512), size_t(19'999)}) {
            Cell* made = t.plain(1);
            (*made)[0] = Value::integer(int64_t(at));
            REQUIRE(t.store(large, at, Value::cell(made)));
        }
        Cell* made = t.plain(1);
        (*made)[0] = Value::integer(round);
        REQUIRE(t.store(cell, 1, Value::cell(made)));
        t.collect();
        CHECK((*cell)[1].cell()->is_old());
        CHECK((*(*cell)[1].cell())[0].as_integer() == round);
        for (size_t at : {size_t(1), size_t(511), size_t(512), size_t(19'999)}) {
            CHECK((*large)[at].cell()->is_old());
            CHECK((*(*large)[at].cell())[0].as_integer() == int64_t(at));
        }
        if (round == 1) t.commit();
    }
}

TEST_CASE("Roots are the stack and what providers visit") {
    struct One : RootProvider {
        Value value;
        void visit_roots(RootVisitor& visitor) override { visitor.visit(value); }
    } one;
    SharedSpace shared;
    TestHeap t(shared);
    t.heap->add_roots(one);
    one.value = Value::cell(t.plain(1));
    t[255] = Value::cell(t.plain(1));
    t.collect();
    CHECK(one.value.cell()->is_old());
    CHECK(t[255].cell()->is_old());
    t.collect_fully();
    CHECK(t.heap->statistics().old_bytes == 2 * 16);
    t.heap->remove_roots(one);
    t.collect_fully();
    CHECK(t.heap->statistics().old_bytes == 16);
}

TEST_CASE("Slots up to a frame's length above the running one are kept valid") {
    SharedSpace shared;
    TestHeap t(shared);
    t.use_slots(5000);
    Value* running = t.mutator.stack_base + 1000;
    t[1100] = Value::cell(t.plain(1)); // in the running frame
    t.heap->collect_nursery(running);
    CHECK(t[1100].cell()->is_old());
    t.heap->collect_fully(running);
    CHECK(t[1100].cell()->is_old());
    CHECK(t.heap->statistics().old_bytes == 16);
}

TEST_CASE("Slots that frames rise over are absent") {
    SharedSpace shared;
    TestHeap t(shared);
    t.use_slots(20'000);
    for (size_t i = 0; i < 20'000; ++i) t[i] = Value::cell(t.plain(0)); // collects now and then, too
    t.heap->collect_nursery(t.mutator.stack_base + 100);
    CHECK(t.mutator.stack_end <= t.mutator.stack_base + 100 + kFrameWords);
    REQUIRE(Heap::raise_stack(t.mutator, t.mutator.stack_base + 20'000));
    for (size_t i = 0; i < 100; ++i) CHECK(t[i].cell()->is_old());
    for (size_t i = 100 + kFrameWords; i < 20'000; ++i) REQUIRE(t[i].is_absent());
    t.heap->commit(t.mutator.stack_base + 10);
    REQUIRE(Heap::raise_stack(t.mutator, t.mutator.stack_base + 20'000));
    for (size_t i = 10; i < 20'000; ++i) REQUIRE(t[i].is_absent());
}

TEST_CASE("A poll that was asked for stays asked for") {
    SharedSpace shared;
    TestHeap t(shared);
    CHECK(t.mutator.stack_limit == t.mutator.stack_end);
    t.mutator.stack_limit = nullptr;
    t.plain(1);
    t.collect();
    t.use_slots(5000);
    t.commit();
    t.rollback();
    CHECK(t.mutator.stack_limit == nullptr);
    t.mutator.stack_limit = t.mutator.stack_end;
    t.use_slots(10'000);
    CHECK(t.mutator.stack_limit == t.mutator.stack_end);
}

TEST_CASE("The stack ends") {
    SharedSpace shared;
    TestHeap t(shared, small_heap(), 10'000);
    Value* last = t.mutator.stack_true_end - kStackSlack;
    CHECK(Heap::raise_stack(t.mutator, last - 100));
    CHECK(!Heap::raise_stack(t.mutator, last + 1));
    CHECK(Heap::raise_stack(t.mutator, last));
    CHECK(t.mutator.stack_end == last);
    t.use_slots(size_t(last - t.mutator.stack_base));
    for (Value* slot = t.mutator.stack_base; slot < t.mutator.stack_true_end; ++slot)
        *slot = Value::cell(t.plain(0));
    t.heap->collect_nursery(last);
    CHECK(t.mutator.stack_true_end[-1].cell()->is_old());
}

TEST_CASE("Bytes are not followed") {
    SharedSpace shared;
    TestHeap t(shared);
    Cell* young = t.plain(1);
    t[0] = Value::cell(t.array(4, Format::Bytes));
    (*t[0].cell())[1] = Value::cell(young); // bytes that look like the address of a cell
    t[1] = Value::cell(t.plain(2));
    (*t[1].cell())[0] = Value::raw(young);
    (*t[1].cell())[1] = Value::floating(1.5);
    t.collect();
    t.collect_fully();
    CHECK((*t[0].cell())[1] == Value::cell(young));
    CHECK((*t[1].cell())[0].raw_address<Cell>() == young);
    CHECK((*t[1].cell())[1].as_float() == 1.5);
    CHECK(t.heap->statistics().old_bytes == t[0].cell()->byte_count() + t[1].cell()->byte_count());
    REQUIRE(t.store(t[0].cell(), 2, Value::cell(young)));
    t.collect();
    CHECK((*t[0].cell())[2] == Value::cell(young));
}

TEST_CASE("A full collection frees cycles") {
    SharedSpace shared;
    TestHeap t(shared);
    t[0] = Value::cell(t.plain(1));
    t[1] = Value::cell(t.plain(1));
    (*t[0].cell())[0] = t[1];
    (*t[1].cell())[0] = t[0];
    t.commit();
    CHECK(t.heap->statistics().old_bytes == 32);
    t[0] = t[1] = Value();
    t.collect();
    CHECK(t.heap->statistics().old_bytes == 32);
    t.collect_fully();
    CHECK(t.heap->statistics().old_bytes == 0);
}

TEST_CASE("A full collection in mid-turn keeps what undoing needs") {
    SharedSpace shared;
    TestHeap t(shared);
    // a → b → c, and b is stored to while only the log knows it.
    for (size_t i = 0; i < 3; ++i) t[i] = Value::cell(t.plain(1));
    REQUIRE(t.store(t[0].cell(), 0, t[1]));
    REQUIRE(t.store(t[1].cell(), 0, t[2]));
    t.commit();
    Cell *a = t[0].cell(), *b = t[1].cell(), *c = t[2].cell();
    REQUIRE(t.store(a, 0, Value::nil()));
    REQUIRE(t.store(b, 0, Value::nil()));
    t[0] = t[1] = t[2] = Value();
    t.collect_fully();
    CHECK(t.heap->statistics().old_bytes == 48);
    t.rollback();
    CHECK((*a)[0] == Value::cell(b));
    CHECK((*b)[0] == Value::cell(c));
    t.collect_fully();
    CHECK(t.heap->statistics().old_bytes == 0);
}

TEST_CASE("Full collections come as the heap grows, not with each collection of the nursery") {
    SharedSpace shared;
    TestHeap t(shared, HeapOptions{});
    constexpr size_t n = 100'000;
    t.old_array(0, n + 1);
    for (size_t i = 1; i <= n; ++i) {
        Value made = Value::cell(t.plain(20));
        REQUIRE(t.store(t[0].cell(), i, made));
    }
    t.commit();
    auto before = t.heap->statistics();
    CHECK(before.full_collections <= 6);
    // Four times as much as lives, none of which stays long.
    for (size_t i = 1; i <= 4 * n; ++i) {
        Value made = Value::cell(t.plain(20));
        REQUIRE(t.store(t[0].cell(), 1 + i % n, made));
    }
    auto after = t.heap->statistics();
    CHECK(after.nursery_collections - before.nursery_collections > 20);
    CHECK(after.full_collections - before.full_collections >= 2);
    CHECK(after.full_collections - before.full_collections <= 6);
    CHECK(after.old_bytes <= 3 * n * 168 + (size_t(10) << 20));
}

TEST_CASE("A list of a million cells is collected") {
    SharedSpace shared;
    TestHeap t(shared, HeapOptions{});
    constexpr int n = 1'000'000;
    for (int i = 0; i < n; ++i) {
        Cell* cell = t.plain(2);
        (*cell)[0] = Value::integer(i);
        (*cell)[1] = t[0];
        t[0] = Value::cell(cell);
    }
    t.collect_fully();
    int count = 0;
    for (Value v = t[0]; v; v = (*v.cell())[1]) ++count;
    CHECK(count == n);
    t[0] = Value();
    t.collect_fully();
    CHECK(t.heap->statistics().old_bytes == 0);
}

TEST_CASE("An identity hash stays with its cell") {
    SharedSpace shared;
    TestHeap t(shared);
    std::vector<uint64_t> hashes;
    for (size_t i = 0; i < 100; ++i) {
        t[i] = Value::cell(t.plain(1));
        hashes.push_back(t.heap->identity_hash(t[i].cell()));
        CHECK(hashes.back() == i + 1);
    }
    auto same = [&] {
        for (size_t i = 0; i < 100; ++i) CHECK(t.heap->identity_hash(t[i].cell()) == hashes[i]);
    };
    same();
    t.collect();
    same();
    t.commit();
    same();
    t.collect_fully();
    same();
    // Others that come to lie where cells were get numbers of their own.
    for (size_t i = 0; i < 100; i += 2) t[i] = Value();
    t.collect_fully();
    for (size_t i = 0; i < 100; i += 2) {
        t[i] = Value::cell(t.plain(1));
        t.collect();
        hashes[i] = t.heap->identity_hash(t[i].cell());
        CHECK(hashes[i] > 100);
    }
    same();
    Value common = shared.share(Value::cell(t.frozen(0)));
    t[200] = common;
    uint64_t hash = t.heap->identity_hash(common.cell());
    t.collect_fully();
    CHECK(t.heap->identity_hash(common.cell()) == hash);
    shared.release(common);
}

TEST_CASE("Collecting always, every allocation moves everything") {
    SharedSpace shared;
    HeapOptions options = small_heap();
    options.collect_always = true;
    TestHeap t(shared, options);
    CHECK(t.mutator.nursery_next == t.mutator.nursery_end);
    for (int i = 0; i < 3000; ++i) { // several times round the nursery
        t[0] = Value::cell(t.plain(3));
        Cell* before = t[0].cell();
        CHECK(!before->is_old());
        Cell* other = t.plain(1);
        CHECK(other != before);
        CHECK(t[0].cell()->is_old());
        CHECK(t[0].cell()->word_count() == 3);
    }
    t.young->set_collect_always(false);
    t[0] = Value::cell(t.plain(3));
    t.plain(3);
    CHECK(!t[0].cell()->is_old());
    t.young->set_collect_always(true);
    t.plain(3);
    CHECK(t[0].cell()->is_old());
}

} // namespace indent::test
