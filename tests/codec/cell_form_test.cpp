// Cells that a stranger has written: what code would trust is looked at first.
#include "image/codec/cell_form.h"
#include "image/codec/heap_record.h"
#include "tests/codec/names_of_test.h"
#include "tests/heap/fixture.h"
#include "vm/model/list.h"
#include "vm/model/map.h"
#include "vm/model/text.h"
#include <doctest/doctest.h>

using namespace indent;
using namespace indent::image;
using indent::image::test::TestNames;
using indent::test::TestHeap;

namespace {

class TwoFields final : public Names {
  public:
    explicit TwoFields(TestNames& names) : names_(names) {}
    uint64_t symbol(SymbolId id) override { return names_.symbol(id); }
    uint64_t shape(ShapeId id) override { return id; }
    uint64_t shared(const Cell* cell) override { return names_.shared(cell); }
    uint64_t raw(const Cell& cell, size_t word) override { return names_.raw(cell, word); }
    bool symbol_of(uint64_t number, SymbolId& id) override { return names_.symbol_of(number, id); }
    bool shape_of(uint64_t number, ShapeId& id) override { return names_.shape_of(number, id); }
    bool shared_of(uint64_t number, Value& cell) override { return names_.shared_of(number, cell); }
    bool raw_of(ShapeId shape, size_t word, uint64_t number, Value& value) override {
        return names_.raw_of(shape, word, number, value);
    }
    size_t field_count(ShapeId) override { return 2; }

  private:
    TestNames& names_;
};

struct Fixture {
    SharedSpace shared;
    TestNames names{shared};
    SymbolTable symbols;
    TestHeap t{shared};
    // Slot 0 as the only root, written and read again.
    bool comes_back() {
        t.commit();
        ByteWriter out;
        write_base(out, *t.heap, std::span<const Value>(&t[0], 1), names);
        HeapPicture picture;
        REQUIRE(picture.add(out.take()));
        TestHeap again(shared);
        std::vector<Value> roots;
        return picture.restore(*again.heap, roots, names);
    }
    Value list() {
        t[0] = make_list(t.mutator, 4, t.top());
        t[1] = Value::integer(7);
        REQUIRE(list_add(t.mutator, t[0], t[1], t.top()));
        return t[0];
    }
    Value map(int keys) {
        t[0] = make_map(t.mutator, 0, t.top());
        for (int i = 0; i < keys; ++i) {
            t[1] = t[2] = Value::integer(i);
            REQUIRE(map_put(t.mutator, symbols, t[0], t[1], t[2], t.top()) == MapPut::Done);
        }
        return t[0];
    }
};

} // namespace

TEST_CASE("Lists, maps, texts and tuples come back") {
    Fixture f;
    f.list();
    CHECK(f.comes_back());
    for (int keys : {0, 1, 5, 40, 1000}) {
        f.map(keys);
        CHECK(f.comes_back());
    }
    for (const char* text : {"", "plain", "ΔΕΗ", "\xF0\x9F\x90\x99 and more"}) {
        f.t[0] = make_text(f.t.mutator, text, f.t.top());
        CHECK(f.comes_back());
    }
}

TEST_CASE("A list that says it is longer than its storage, or whose storage is none, is refused") {
    Fixture f;
    (*f.list().cell())[0] = Value::integer(5000);
    CHECK_FALSE(f.comes_back());
    (*f.list().cell())[0] = Value::integer(-1);
    CHECK_FALSE(f.comes_back());
    (*f.list().cell())[0] = Value::integer(2); // an element that is absent
    CHECK_FALSE(f.comes_back());
    (*f.list().cell())[1] = Value::integer(3);
    CHECK_FALSE(f.comes_back());
    (*list_storage(f.list()))[0] = Value::integer(99); // the storage lies
    CHECK_FALSE(f.comes_back());
}

TEST_CASE("A map whose counts or index lie is refused") {
    Fixture f;
    (*f.map(3).cell())[0] = Value::integer(4);
    CHECK_FALSE(f.comes_back());
    (*f.map(3).cell())[1] = Value::integer(1000);
    CHECK_FALSE(f.comes_back());
    (*f.map(3).cell())[2] = Value::nil();
    CHECK_FALSE(f.comes_back());
    f.map(1000);
    Cell* index = (*f.t[0].cell())[3].cell();
    auto* slots = reinterpret_cast<uint32_t*>(index->words() + 1);
    slots[0] = 1'000'000; // an entry that is not there
    CHECK_FALSE(f.comes_back());
    f.map(1000);
    index = (*f.t[0].cell())[3].cell();
    slots = reinterpret_cast<uint32_t*>(index->words() + 1);
    std::fill(slots, slots + 2 * (index->word_count() - 1), 1u); // no way through it ends
    CHECK_FALSE(f.comes_back());
}

TEST_CASE("A text that says it is longer than its bytes is refused") {
    Fixture f;
    f.t[0] = make_text(f.t.mutator, "plain", f.t.top());
    (*f.t[0].cell())[1] = Value::from_bits((uint64_t(1) << 56) + 5000);
    CHECK_FALSE(f.comes_back());
    f.t[0] = make_text(f.t.mutator, "plain", f.t.top());
    (*f.t[0].cell())[1] = Value::from_bits((uint64_t(3) << 56) + 1);
    CHECK_FALSE(f.comes_back());
}

TEST_CASE("An object has as many words as its class has fields, and is no bytes") {
    Fixture f;
    TwoFields names(f.names);
    CHECK(may_be(indent::test::kPlain, 0, 2, names));
    CHECK(may_be(indent::test::kPlain, kFrozenForm, 2, names));
    CHECK_FALSE(may_be(indent::test::kPlain, 0, 1, names));
    CHECK_FALSE(may_be(indent::test::kPlain, 0, 3, names));
    CHECK_FALSE(may_be(indent::test::kPlain, kBytesForm, 2, names));
    CHECK_FALSE(may_be(indent::test::kPlain, kWideForm, 2, names));
    for (ShapeId shape : {shape::kModule, shape::kAtom, shape::kAddress, shape::kInteger})
        CHECK_FALSE(may_be(shape, 0, 1, names));
    CHECK_FALSE(may_be(shape::kList, 0, 1, names));
    CHECK_FALSE(may_be(shape::kText, 0, 4, names));
}
