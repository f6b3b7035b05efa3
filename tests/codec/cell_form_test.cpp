// Cells that a stranger has written: what code would trust is looked at first.
#include "image/codec/cell_form.h"
#include "image/codec/heap_record.h"
#include "tests/codec/names_of_test.h"
#include "tests/heap/fixture.h"
#include "vm/model/list.h"
#include "vm/model/map.h"
#include "vm/model/number.h"
#include "vm/model/text.h"
#include <doctest/doctest.h>

using namespace indent;
using namespace indent::image;
using indent::image::test::TestNames;
using indent::test::TestHeap;

namespace {

class TwoFields final : public NamesOfOther {
  public:
    using NamesOfOther::NamesOfOther;
    uint64_t shape(ShapeId id) override { return id; }
    size_t field_count(ShapeId) override { return 2; }
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

TEST_CASE("A text has code points alone, in the least width for them") {
    Fixture f;
    auto text_with = [&](const char* utf8, auto change) {
        f.t[0] = make_text(f.t.mutator, utf8, f.t.top());
        change(f.t[0].cell()->words() + 3);
        return f.comes_back();
    };
    auto unit16 = [](uint16_t point) {
        return [point](Value* points) { reinterpret_cast<uint16_t*>(points)[1] = point; };
    };
    auto unit32 = [](uint32_t point) {
        return [point](Value* points) { reinterpret_cast<uint32_t*>(points)[1] = point; };
    };
    CHECK(text_with("\u0394\u0395", unit16(0x41)));
    CHECK_FALSE(text_with("\u0394\u0395", unit16(0xD800)));
    CHECK_FALSE(text_with("A\u0395", unit16(0x42))); // one byte each would do
    CHECK(text_with("\U0001F419\U0001F419", unit32(0x42)));
    CHECK_FALSE(text_with("\U0001F419\U0001F419", unit32(0xDFFF)));
    CHECK_FALSE(text_with("\U0001F419\U0001F419", unit32(0x110000)));
    CHECK_FALSE(text_with("A\U0001F419", unit32(0xFFFF)));
}

TEST_CASE("The hash that a text says it has is not taken over") {
    Fixture f;
    f.t[0] = make_text(f.t.mutator, "plain", f.t.top());
    const uint64_t hash = text_hash(f.t[0]);
    (*f.t[0].cell())[2] = Value::from_bits(12345);
    f.t.commit();
    ByteWriter out;
    write_base(out, *f.t.heap, std::span<const Value>(&f.t[0], 1), f.names);
    HeapPicture picture;
    REQUIRE(picture.add(out.take()));
    TestHeap again(f.shared);
    std::vector<Value> roots;
    REQUIRE(picture.restore(*again.heap, roots, f.names));
    CHECK(text_hash(roots[0]) == hash);
}

TEST_CASE("A large integer that is a small one, or has a zero in front, is refused") {
    Fixture f;
    auto integer = [&](bool negative, std::vector<uint64_t> limbs) {
        const uint64_t wide[] = {1, 2, 3};
        f.t[0] = make_integer(f.t.mutator, negative, std::span(wide, limbs.size()), f.t.top());
        if (!f.t[0].is_cell()) return false;
        for (size_t i = 0; i < limbs.size(); ++i) (*f.t[0].cell())[2 + i] = Value::from_bits(limbs[i]);
        return f.comes_back();
    };
    CHECK(integer(false, {0, 1}));
    CHECK(integer(true, {5, 6, 7}));
    CHECK_FALSE(integer(false, {7, 0}));
    const uint64_t one = uint64_t(1) << 47;
    f.t[0] = make_integer(f.t.mutator, false, {&one, 1}, f.t.top());
    CHECK(f.comes_back());
    f.t[0] = make_integer(f.t.mutator, false, {&one, 1}, f.t.top());
    (*f.t[0].cell())[2] = Value::from_bits(one - 1);
    CHECK_FALSE(f.comes_back());
    f.t[0] = make_integer(f.t.mutator, false, {&one, 1}, f.t.top());
    (*f.t[0].cell())[1] = Value::from_bits(2); // neither positive nor negative
    CHECK_FALSE(f.comes_back());
}

TEST_CASE("A storage belongs to one list or map, and nobody else sees it") {
    Fixture f;
    auto tuple_with = [&](auto words) {
        f.map(1000);
        f.t[7] = f.t[8] = f.t[0];
        f.list();
        f.t[5] = f.t[0];
        f.list();
        f.t[6] = f.t[0];
        f.t[0] = make_tuple(f.t.mutator, &f.t[5], 4, f.t.top());
        words(*f.t[0].cell());
        return f.comes_back();
    };
    CHECK(tuple_with([](Cell&) {}));
    CHECK_FALSE(
        tuple_with([](Cell& tuple) { (*tuple[1].cell())[1] = (*tuple[0].cell())[1]; })); // two have one
    CHECK_FALSE(tuple_with([](Cell& tuple) { tuple[3] = (*tuple[0].cell())[1]; }));
    CHECK_FALSE(tuple_with([](Cell& tuple) { tuple[3] = (*tuple[2].cell())[2]; }));
    CHECK_FALSE(tuple_with([](Cell& tuple) { tuple[3] = (*tuple[2].cell())[3]; }));
    CHECK_FALSE(tuple_with([](Cell& tuple) { tuple[3] = Value(); }));
    CHECK_FALSE(
        tuple_with([](Cell& tuple) { (*list_storage(tuple[0]))[1] = Value::cell(list_storage(tuple[1])); }));
}

TEST_CASE(
    "Ranges, messages, references, blocks and variables have the words that code looks at without asking") {
    Fixture f;
    auto cell_with = [&](ShapeId shape, std::vector<Value> words) {
        f.t[1] = make_list(f.t.mutator, 1, f.t.top());
        Cell* cell = Heap::allocate(f.t.mutator, shape, uint16_t(words.size()), f.t.top());
        for (size_t i = 0; i < words.size(); ++i) (*cell)[i] = words[i] ? words[i] : f.t[1];
        f.t[0] = Value::cell(cell);
        return f.comes_back();
    };
    const Value list, nil = Value::nil(), symbol = Value::symbol(1), one = Value::integer(1);
    const Value raw = Value::raw_number(77), truth = Value::boolean(true);
    CHECK(cell_with(shape::kRange, {one, one, truth}));
    CHECK_FALSE(cell_with(shape::kRange, {one, one, one}));
    CHECK_FALSE(cell_with(shape::kRange, {raw, one, truth}));
    CHECK_FALSE(cell_with(shape::kRange, {one, one}));
    CHECK(cell_with(shape::kMessage, {symbol, list, nil}));
    CHECK_FALSE(cell_with(shape::kMessage, {one, list, nil}));
    CHECK_FALSE(cell_with(shape::kMessage, {symbol, one, nil}));
    CHECK_FALSE(cell_with(shape::kMessage, {symbol, list, one}));
    CHECK(cell_with(shape::kReference, {raw, nil, symbol}));
    CHECK_FALSE(cell_with(shape::kReference, {raw, nil, one}));
    CHECK_FALSE(cell_with(shape::kReference, {nil, list, symbol})); // no class
    CHECK_FALSE(cell_with(shape::kReference, {nil, nil, symbol}));
    CHECK(cell_with(shape::kBlock, {raw, one, nil, nil, list}));
    CHECK_FALSE(cell_with(shape::kBlock, {one, one, nil, nil})); // no code
    CHECK_FALSE(cell_with(shape::kBlock, {raw, raw, nil, nil})); // no self
    CHECK_FALSE(cell_with(shape::kBlock, {raw, one, raw, one})); // a frame that is no more
    CHECK_FALSE(cell_with(shape::kVariable, {nil, one}));        // only blocks have those
    CHECK_FALSE(cell_with(shape::kBigInteger, {one, one, one}));
    CHECK_FALSE(cell_with(shape::kAddress, {raw}));
    CHECK_FALSE(cell_with(shape::kModule, {raw}));
}

TEST_CASE("More memory than the names allow is not taken") {
    Fixture f;
    f.t[0] = make_list(f.t.mutator, 1'000'000, f.t.top()); // eight megabytes in a few bytes
    f.t.commit();
    ByteWriter out;
    write_base(out, *f.t.heap, std::span<const Value>(&f.t[0], 1), f.names);
    CHECK(out.size() < 100);
    class Limited final : public Names {
      public:
        explicit Limited(TestNames& names) : names_(names) {}
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
        bool may_take(uint64_t bytes) override {
            if (bytes > left) return false;
            left -= bytes;
            return true;
        }
        uint64_t left = 0;

      private:
        TestNames& names_;
    } limited(f.names);
    for (const uint64_t limit : {uint64_t(1) << 20, uint64_t(1) << 24}) {
        limited.left = limit;
        HeapPicture picture;
        REQUIRE(picture.add(std::string(out.view())));
        TestHeap again(f.shared);
        std::vector<Value> roots;
        CHECK(picture.restore(*again.heap, roots, limited) == (limit > 8'000'000));
    }
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
