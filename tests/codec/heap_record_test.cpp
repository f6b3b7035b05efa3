// Heaps that change at random, written turn by turn and put together again.
#include "image/codec/heap_restore.h"
#include "tests/codec/names_of_test.h"
#include "tests/heap/fixture.h"
#include "vm/heap/pointer_table.h"
#include <atomic>
#include <doctest/doctest.h>
#include <map>
#include <random>

using namespace indent;
using namespace indent::image;
using indent::image::test::TestNames;
using indent::test::small_heap;
using indent::test::TestHeap;

namespace {

constexpr size_t kRoots = 6;

// The roots of an actor, as a machine would provide them.
class KeptRoots : public RootProvider {
  public:
    void visit_roots(RootVisitor& visitor) override {
        for (Value& value : values) visitor.visit(value);
    }
    std::vector<Value> values = std::vector<Value>(kRoots);
};

struct Actor {
    explicit Actor(SharedSpace& shared) : t(shared) { t.heap->add_roots(roots); }
    ~Actor() { t.heap->remove_roots(roots); }
    TestHeap t;
    KeptRoots roots;
    std::vector<Value*> root_places() {
        std::vector<Value*> places;
        for (Value& root : roots.values) places.push_back(&root);
        return places;
    }
};

class Life {
  public:
    Life(uint64_t seed, size_t largest) : random_(seed), largest_(largest) {}
    size_t below(size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random_); }

    void turn(Actor& a, Value shared) {
        for (size_t i = below(30); i-- > 0;) step(a, shared);
    }

  private:
    Value any(Actor& a, Value shared) {
        switch (below(9)) {
        case 0: return Value::nil();
        case 1: return Value::integer(int64_t(below(400)) - 50);
        case 2: return Value::integer(int64_t(random_()) >> 17);
        case 3: return Value::floating(double(below(1000)) / 8);
        case 4: return Value::floating(double(random_()) * 1e-3);
        case 5: return Value::symbol(uint32_t(below(5000)));
        case 6: return shared;
        default: return a.roots.values[below(kRoots)];
        }
    }
    void step(Actor& a, Value shared) {
        Value& root = a.roots.values[below(kRoots)];
        switch (below(8)) {
        case 0: {
            Cell* cell = a.t.plain(uint16_t(below(9)));
            for (size_t w = 0; w < cell->word_count(); ++w) (*cell)[w] = any(a, shared);
            root = Value::cell(cell);
            break;
        }
        case 1:
            root = Value::cell(a.t.array(1 + below(below(6) == 0 ? largest_ : 40),
                                         below(3) ? Format::Slots : Format::Bytes));
            break;
        case 2: root = any(a, shared); break;
        case 3:
            if (root.is_cell() && !root.cell()->is_shared()) (void)a.t.heap->identity_hash(root.cell());
            break;
        case 4:
            if (root.is_cell() && !root.cell()->is_shared() && below(6) == 0) a.t.heap->freeze(root.cell());
            break;
        case 5:
            if (below(20) == 0) a.t.collect_fully();
            break;
        default: {
            if (!root.is_cell() || root.cell()->is_shared() || root.cell()->is_frozen()) break;
            Cell* cell = root.cell();
            const size_t first = cell->size == Cell::kWide ? 1 : 0;
            if (cell->word_count() <= first) break;
            const size_t at = first + below(cell->word_count() - first);
            Value value = cell->bits & Cell::kBytes ? Value::from_bits(random_()) : any(a, shared);
            (void)a.t.store(cell, at, value);
            if (!(cell->bits & Cell::kBytes) && below(2) == 0 && (*cell)[at].is_cell() &&
                !(*cell)[at].cell()->is_shared())
                root = (*cell)[at]; // go on there
        }
        }
    }
    std::mt19937_64 random_;
    size_t largest_;
};

// The same graph at the same places.
void check_same(Actor& a, Heap& heap, const std::vector<Value>& roots) {
    std::vector<std::pair<Value, Value>> pairs;
    PointerTable met;
    bool same = roots.size() == a.roots.values.size();
    auto meet = [&](Value x, Value y) {
        if (!x.is_cell() || x.cell()->is_shared() || !y.is_cell()) {
            same = same && x == y;
            return;
        }
        if (met.add(x.cell(), 0)) pairs.emplace_back(x, y);
    };
    for (size_t i = 0; same && i < roots.size(); ++i) meet(a.roots.values[i], roots[i]);
    for (size_t i = 0; same && i < pairs.size(); ++i) {
        auto [x, y] = pairs[i];
        const Cell& c = *x.cell();
        const Cell& d = *y.cell();
        same = same && a.t.heap->offset_of(&c) == heap.offset_of(&d) && c.shape == d.shape &&
               c.size == d.size &&
               (c.bits & (Cell::kBytes | Cell::kFrozen)) == (d.bits & (Cell::kBytes | Cell::kFrozen)) &&
               c.word_count() == d.word_count();
        for (size_t w = 0; same && w < c.word_count(); ++w)
            if (c.bits & Cell::kBytes)
                same = c[w].bits() == d[w].bits();
            else
                meet(c[w], d[w]);
    }
    CHECK(same);
    std::unordered_map<uint64_t, uint64_t> hashes;
    heap.for_each_hash([&](Cell* cell, uint64_t hash) {
        if (!cell->is_shared()) hashes[heap.offset_of(cell)] = hash;
    });
    a.t.heap->for_each_hash([&](Cell* cell, uint64_t hash) {
        if (!cell->is_shared() && met.contains(cell)) CHECK(hashes[a.t.heap->offset_of(cell)] == hash);
    });
    CHECK(heap.last_hash() == a.t.heap->last_hash());
}

std::string base_of(Actor& a, Names& names) {
    ByteWriter out;
    write_base(out, *a.t.heap, a.roots.values, names);
    return out.take();
}

std::string changes_of(Actor& a, Names& names) {
    ByteWriter out;
    write_changes(out, *a.t.heap, a.t.top(), a.root_places(), names);
    a.t.commit();
    return out.take();
}

// So many small cells, and a large one that has them.
void fill(Actor& actor, size_t many) {
    actor.roots.values[0] = Value::cell(actor.t.array(many, Format::Slots));
    for (size_t i = 1; i < many; ++i) {
        Cell* cell = actor.t.plain(3);
        for (size_t w = 0; w < 3; ++w) (*cell)[w] = Value::integer(int64_t(1000 * i + w));
        REQUIRE(actor.t.store(actor.roots.values[0].cell(), i, Value::cell(cell)));
    }
}

// A heap as a base in leaves, into which records of turns are folded now and then.
struct Leaves {
    std::map<LeafNumber, std::string> all;
    std::string head;
    size_t written = 0, bytes = 0; // by the last fold

    bool fold(const std::vector<std::string>& records) {
        const bool anew = all.empty();
        std::set<LeafNumber> touched;
        HeapPicture picture;
        bool good = true;
        if (!anew) {
            for (const std::string& record : records) good = good && add_leaves_of(record, touched);
            for (LeafNumber each : touched)
                if (all.contains(each)) good = good && picture.add(all[each]);
            good = good && picture.add(head);
        }
        for (const std::string& record : records) good = good && picture.add(record);
        written = bytes = 0;
        good = good && picture.write_leaves(anew ? nullptr : &touched,
                                            [&](LeafNumber first, LeafNumber upto, std::string record) {
                                                all.erase(all.lower_bound(first), all.lower_bound(upto));
                                                written += !record.empty();
                                                bytes += record.size();
                                                if (!record.empty()) all[first] = std::move(record);
                                            });
        head = picture.head();
        return good;
    }
    bool give(HeapPicture& picture, bool unchanged = true) const {
        bool good = true;
        for (auto& [number, record] : all)
            good = good && (unchanged ? picture.add_unchanged(record) : picture.add(record));
        return good && picture.add(head);
    }
    // The same into a heap, as a story that is read gives them.
    bool restore(Heap& heap, std::vector<Value>& roots, Names& names, Hands hands) const {
        HeapPicture picture;
        HeapRestore restore(picture, heap, names, std::move(hands));
        for (auto& [number, record] : all)
            if (!restore.add_leaf(record)) return false;
        return picture.add(head) && restore.finish(roots);
    }
};

// A heap that comes back on two threads.
Hands two_hands(std::function<bool()> poll = nullptr) {
    return {std::move(poll), [](std::function<void()> work) {
                auto thread = os::Thread::start("beside", size_t(1) << 20, std::move(work));
                return thread ? std::move(thread).value() : os::Thread();
            }};
}

} // namespace

TEST_CASE("A heap comes back from leaves into which its turns were folded, each cell at its place") {
    SharedSpace shared;
    TestNames names(shared);
    Cell* some = shared.allocate(indent::test::kPlain, Format::Slots, 0, false);
    size_t folds = 0, written = 0, there = 0, most_parts = 0;
    for (uint64_t seed = 1; seed <= 60; ++seed) {
        Life life(seed, seed % 3 == 0 ? 40'000 : 200);
        auto actor = std::make_unique<Actor>(shared);
        Leaves leaves;
        std::vector<std::string> records{base_of(*actor, names)};
        for (int turn = 0; turn < 60; ++turn) {
            life.turn(*actor, Value::cell(some));
            if (life.below(5) == 0) actor->t.collect();
            records.push_back(changes_of(*actor, names));
            if (life.below(15) == 0) actor->t.collect_fully();
            if (life.below(40) == 0) {
                leaves = {};
                records = {base_of(*actor, names)};
            }
            if (life.below(4) != 0) continue;
            CAPTURE(seed);
            CAPTURE(turn);
            REQUIRE(leaves.fold(records));
            records.clear();
            ++folds;
            written += leaves.written;
            there += leaves.all.size();
            for (auto& [number, record] : leaves.all)
                most_parts = std::max<size_t>(most_parts, part_of_leaf(number));
            auto again = std::make_unique<Actor>(shared);
            std::vector<Value> roots;
            if (life.below(2)) {
                REQUIRE(leaves.restore(*again->t.heap, roots, names, two_hands()));
            } else {
                HeapPicture picture;
                REQUIRE(leaves.give(picture, life.below(2)));
                REQUIRE(picture.restore(*again->t.heap, roots, names));
            }
            check_same(*actor, *again->t.heap, roots);
            again->roots.values = roots;
            if (life.below(2)) actor = std::move(again);
        }
    }
    MESSAGE("folds: " << folds << ", leaves written: " << written << " of " << there
                      << ", parts of a cell: " << most_parts + 1);
    CHECK(folds > 500);
    CHECK(written < there);
    CHECK(most_parts > 2);
    shared.release(Value::cell(some));
}

TEST_CASE(
    "A heap that comes back on two threads can be given up at any moment, and a leaf that is none ends it") {
    SharedSpace shared;
    TestNames names(shared);
    auto actor = std::make_unique<Actor>(shared);
    fill(*actor, 50'000);
    Leaves leaves;
    REQUIRE(leaves.fold({changes_of(*actor, names)}));
    REQUIRE(leaves.all.size() > 20);
    std::atomic<size_t> polls = 0;
    auto comes_back = [&](const Leaves& from, size_t upto) {
        polls = 0;
        auto again = std::make_unique<Actor>(shared);
        std::vector<Value> roots;
        const bool is_back =
            from.restore(*again->t.heap, roots, names, two_hands([&] { return ++polls <= upto; }));
        if (is_back) check_same(*actor, *again->t.heap, roots);
        return is_back;
    };
    REQUIRE(comes_back(leaves, SIZE_MAX));
    const size_t all = polls;
    size_t given_up = 0;
    for (size_t upto = 0; upto < all; upto += 1 + all / 40) given_up += !comes_back(leaves, upto);
    CHECK(given_up > 10);
    for (size_t which : {size_t(0), leaves.all.size() / 2, leaves.all.size() - 1}) {
        Leaves broken = leaves;
        auto& [number, record] = *std::next(broken.all.begin(), ptrdiff_t(which));
        record.resize(record.size() / 2);
        CHECK_FALSE(comes_back(broken, SIZE_MAX));
    }
}

TEST_CASE("A turn that changes little of a large heap changes few of its leaves, in a large cell, too") {
    SharedSpace shared;
    TestNames names(shared);
    Actor actor(shared);
    constexpr size_t kMany = 100'000;
    fill(actor, kMany);
    Leaves leaves;
    REQUIRE(leaves.fold({changes_of(actor, names)}));
    const size_t all = leaves.all.size(), bytes = leaves.bytes;
    CHECK(all > 50);
    Cell* array = actor.roots.values[0].cell();
    REQUIRE(actor.t.store((*array)[70'000].cell(), 1, Value::integer(-5)));
    REQUIRE(actor.t.store(array, 70'001, Value::nil()));
    REQUIRE(leaves.fold({changes_of(actor, names)}));
    MESSAGE("of " << all << " leaves with " << bytes << " bytes were written " << leaves.written << " with "
                  << leaves.bytes);
    CHECK(leaves.written <= 4); // the object's page, the first part of the array and the one with its word
    CHECK(leaves.all.size() == all);
    HeapPicture picture;
    REQUIRE(leaves.give(picture));
    Actor again(shared);
    std::vector<Value> roots;
    REQUIRE(picture.restore(*again.t.heap, roots, names));
    check_same(actor, *again.t.heap, roots);
}

TEST_CASE("Large cells that nobody has when the turn ends are not written, and those that others of them "
          "lead to are") {
    SharedSpace shared;
    TestNames names(shared);
    Actor actor(shared);
    constexpr size_t kWords = 20'000;
    auto large = [&](size_t root) {
        actor.roots.values[root] = Value::cell(actor.t.array(kWords, Format::Slots));
        for (size_t i = 1; i < kWords; ++i)
            REQUIRE(actor.t.store(actor.roots.values[root].cell(), i, Value::integer(int64_t(1000 + i))));
    };
    large(0);
    actor.roots.values[0] = Value::nil();
    CHECK(changes_of(actor, names).size() < 100);
    large(0);
    large(1);
    REQUIRE(actor.t.store(actor.roots.values[0].cell(), 5, actor.roots.values[1]));
    actor.roots.values[1] = Value::nil();
    const std::string record = changes_of(actor, names);
    CHECK(record.size() > 2 * 2 * kWords);
    HeapPicture picture;
    REQUIRE(picture.add(record));
    Actor again(shared);
    std::vector<Value> roots;
    REQUIRE(picture.restore(*again.t.heap, roots, names));
    check_same(actor, *again.t.heap, roots);
}

TEST_CASE("What is longer than a record is written in some, cells that are longer, too") {
    SharedSpace shared;
    TestNames names(shared);
    Actor actor(shared);
    constexpr size_t kWords = 1'300'000;
    std::mt19937_64 random(5);
    for (size_t root = 0; root < 4; ++root) {
        const bool bytes = root % 2;
        actor.roots.values[root] = Value::cell(actor.t.array(kWords, bytes ? Format::Bytes : Format::Slots));
        for (size_t i = 1; i < kWords; i += 1 + random() % 3)
            REQUIRE(
                actor.t.store(actor.roots.values[root].cell(), i,
                              bytes ? Value::from_bits(random()) : Value::integer(int64_t(random() >> 30))));
        if (root < 2) actor.t.heap->freeze(actor.roots.values[root].cell());
    }
    auto check = [&](std::vector<std::string> records, std::string last) {
        CHECK(records.size() > 3);
        size_t longest = 0;
        records.push_back(std::move(last));
        HeapPicture picture;
        for (const std::string& record : records) {
            longest = std::max(longest, record.size());
            REQUIRE(picture.add(record));
        }
        CHECK(longest < 4 * kPartBytes);
        Actor again(shared);
        std::vector<Value> roots;
        REQUIRE(picture.restore(*again.t.heap, roots, names));
        check_same(actor, *again.t.heap, roots);
    };
    std::vector<std::string> records;
    auto part = [&](std::string record) { records.push_back(std::move(record)); };
    ByteWriter changes, base;
    write_changes(changes, *actor.t.heap, actor.t.top(), actor.root_places(), names, part);
    actor.t.commit();
    check(std::exchange(records, {}), changes.take());
    write_base(base, *actor.t.heap, actor.roots.values, names, part);
    check(std::exchange(records, {}), base.take());
}

TEST_CASE("Leaves and records that were changed by a stranger are refused, or fold to what can be used") {
    SharedSpace shared;
    TestNames names(shared);
    Cell* some = shared.allocate(indent::test::kPlain, Format::Slots, 0, false);
    size_t refused = 0, taken = 0;
    for (uint64_t seed = 1; seed <= 8; ++seed) {
        Life life(seed, seed % 2 ? 200 : 20'000);
        Leaves leaves;
        std::vector<std::string> records;
        {
            Actor actor(shared);
            for (int turn = 0; turn < 12; ++turn) life.turn(actor, Value::cell(some));
            (void)changes_of(actor, names);
            REQUIRE(leaves.fold({base_of(actor, names)}));
            for (int turn = 0; turn < 6; ++turn) {
                life.turn(actor, Value::cell(some));
                records.push_back(changes_of(actor, names));
            }
        }
        for (int i = 0; i < 200; ++i) {
            Leaves bad = leaves;
            std::vector<std::string> after = records;
            auto at = bad.all.begin();
            if (!bad.all.empty()) std::advance(at, life.below(bad.all.size()));
            std::string& one = life.below(3) == 0                     ? bad.head
                               : life.below(2) && at != bad.all.end() ? at->second
                                                                      : after[life.below(after.size())];
            for (size_t n = 1 + life.below(3); n-- > 0 && !one.empty();)
                one[life.below(one.size())] = char(life.below(256));
            HeapPicture picture;
            Actor again(shared);
            std::vector<Value> roots;
            if (!bad.fold(after) || !bad.give(picture, i % 2) ||
                !picture.restore(*again.t.heap, roots, names)) {
                ++refused;
                continue;
            }
            ++taken;
            roots.resize(kRoots);
            again.roots.values = roots;
            again.t.collect_fully();
            again.t.commit();
        }
    }
    MESSAGE("refused: " << refused << ", taken: " << taken);
    CHECK(refused > 500);
    shared.release(Value::cell(some));
}

TEST_CASE("A heap comes back from a base and the records of its turns, each cell at its place") {
    SharedSpace shared;
    TestNames names(shared);
    Cell* some = shared.allocate(indent::test::kPlain, Format::Slots, 0, false);
    size_t restored = 0;
    for (uint64_t seed = 1; seed <= 40; ++seed) {
        Life life(seed, seed % 4 == 0 ? 30'000 : 200);
        auto actor = std::make_unique<Actor>(shared);
        std::vector<std::string> records{base_of(*actor, names)};
        for (int turn = 0; turn < 60; ++turn) {
            life.turn(*actor, Value::cell(some));
            if (life.below(5) == 0) actor->t.collect();
            records.push_back(changes_of(*actor, names));
            if (life.below(15) == 0) actor->t.collect_fully();
            if (life.below(30) == 0) records = {base_of(*actor, names)};
            if (life.below(12) != 0) continue;
            HeapPicture picture;
            for (const std::string& record : records) REQUIRE(picture.add(record));
            auto again = std::make_unique<Actor>(shared);
            std::vector<Value> roots;
            REQUIRE(picture.restore(*again->t.heap, roots, names));
            check_same(*actor, *again->t.heap, roots);
            again->roots.values = roots;
            ++restored;
            // Life goes on in the one that came back, and its records follow those before.
            if (life.below(2)) actor = std::move(again);
        }
    }
    MESSAGE("heaps restored: " << restored);
    CHECK(restored > 100);
    shared.release(Value::cell(some));
}

TEST_CASE("A record that was changed by a stranger is refused, or gives a heap that can be used") {
    SharedSpace shared;
    TestNames names(shared);
    Cell* some = shared.allocate(indent::test::kPlain, Format::Slots, 0, false);
    size_t refused = 0, taken = 0;
    for (uint64_t seed = 1; seed <= 8; ++seed) {
        Life life(seed, 200);
        std::vector<std::string> records;
        {
            Actor actor(shared);
            records.push_back(base_of(actor, names));
            for (int turn = 0; turn < 12; ++turn) {
                life.turn(actor, Value::cell(some));
                records.push_back(changes_of(actor, names));
            }
            records.push_back("");
            records.back() = base_of(actor, names);
        }
        for (int i = 0; i < 400; ++i) {
            std::vector<std::string> bad = life.below(2)
                                               ? std::vector<std::string>{records.back()}
                                               : std::vector<std::string>(records.begin(), records.end() - 1);
            std::string& one = bad[life.below(bad.size())];
            for (size_t n = 1 + life.below(3); n-- > 0 && !one.empty();)
                one[life.below(one.size())] = char(life.below(256));
            if (life.below(5) == 0) one.resize(life.below(one.size() + 1));
            HeapPicture picture;
            bool ok = true;
            for (const std::string& record : bad) ok = ok && picture.add(record);
            Actor again(shared);
            std::vector<Value> roots;
            if (!ok || !picture.restore(*again.t.heap, roots, names)) {
                ++refused;
                continue;
            }
            ++taken;
            roots.resize(kRoots);
            again.roots.values = roots;
            again.t.collect_fully();
            again.t.commit();
        }
    }
    MESSAGE("refused: " << refused << ", taken: " << taken);
    CHECK(refused > 1000);
    shared.release(Value::cell(some));
}

TEST_CASE("A turn that changes three floats of a small object takes few bytes") {
    SharedSpace shared;
    TestNames names(shared);
    Actor actor(shared);
    Cell* ball = actor.t.plain(6);
    for (size_t w = 0; w < 6; ++w) (*ball)[w] = Value::floating(0.1 * double(w));
    actor.roots.values[0] = Value::cell(ball);
    (void)changes_of(actor, names);
    for (size_t w = 1; w < 4; ++w)
        REQUIRE(actor.t.store(actor.roots.values[0].cell(), w, Value::floating(0.7 * double(w))));
    const std::string record = changes_of(actor, names);
    MESSAGE("bytes: " << record.size());
    CHECK(record.size() < 60);
}
