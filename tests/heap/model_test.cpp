// A random graph in a heap and the same graph in plain C++, changed alike, collected, committed and rolled back at
// random, and compared.
#include "tests/heap/fixture.h"
#include <deque>
#include <doctest/doctest.h>
#include <random>
#include <unordered_map>
#include <unordered_set>

namespace indent::test {
namespace {

// A cell of the shadow: what the words should be.
struct Shadow {
    enum Kind : uint8_t { Plain, Array, Bytes, Frozen } kind;
    struct Word {
        Shadow* cell = nullptr;
        uint64_t bits = 0;
        bool operator==(const Word&) const = default;
    };
    std::vector<Word> words;
    uint64_t hash = 0; // 0: not asked for
};

using Roots = std::vector<Shadow*>;

// Roots that a rollback sets back; what they were at the last commit must not be lost before.
class KeptRoots : public RootProvider {
  public:
    explicit KeptRoots(size_t count) : values(count), committed(count) {}
    void visit_roots(RootVisitor& visitor) override {
        for (Value& value : values) visitor.visit(value);
        for (Value& value : committed) visitor.visit(value);
    }
    std::vector<Value> values, committed;
};

class Model {
  public:
    Model(uint64_t seed, HeapOptions options, size_t largest_array)
        : random_(seed), largest_array_(largest_array), kept_(kRoots), t_(shared_, options), shadows_(kSlots),
          kept_shadows_(kRoots) {
        t_.use_slots(kSlots + 8);
        t_.heap->add_roots(kept_);
    }
    ~Model() { t_.heap->remove_roots(kept_); }

    void run(int steps) {
        for (int i = 0; i < steps; ++i) {
            step();
            if (i % 512 == 511) {
                compare();
                forget_unreachable();
            }
        }
        compare();
    }

    uint64_t rollbacks = 0, commits = 0;
    TestHeap& heap() { return t_; }

  private:
    static constexpr size_t kSlots = 24; // of the value stack
    static constexpr size_t kRoots = 8;  // of the provider: these are given back by rollbacks

    size_t below(size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random_); }

    void step() {
        size_t what = below(1000);
        if (what < 350)
            make();
        else if (what < 700)
            change();
        else if (what < 850)
            move();
        else if (what < 900)
            t_[below(kSlots)] = Value(), clear_shadows_to_match();
        else if (what < 940)
            ask_hash();
        else if (what < 975)
            t_.collect();
        else if (what < 977)
            t_.collect_fully();
        else if (what < 992)
            commit();
        else if (what < 998)
            rollback();
        else
            share();
    }

    void clear_shadows_to_match() {
        for (size_t i = 0; i < kSlots; ++i)
            if (t_[i].is_absent()) shadows_[i] = nullptr;
    }

    Shadow* add(Shadow::Kind kind, size_t words) {
        all_.push_back({kind, std::vector<Shadow::Word>(words), 0});
        return &all_.back();
    }

    void make() {
        size_t slot = below(kSlots);
        size_t kind = below(10);
        if (kind == 0) {
            size_t words = 2 + below(below(4) == 0 ? largest_array_ : 40);
            bool bytes = below(4) == 0;
            t_[slot] = Value::cell(t_.array(words, bytes ? Format::Bytes : Format::Slots));
            shadows_[slot] = add(bytes ? Shadow::Bytes : Shadow::Array, words);
            shadows_[slot]->words[0].bits = Value::integer(int64_t(words) - 1).bits();
            return;
        }
        auto words = uint16_t(below(kind == 1 ? 60 : 6));
        bool frozen = kind == 2;
        Cell* cell = frozen ? t_.frozen(words) : t_.plain(words);
        Shadow* shadow = add(frozen ? Shadow::Frozen : Shadow::Plain, words);
        for (size_t i = 0; i < words; ++i) {
            auto [value, word] = pick();
            if (frozen && word.cell && word.cell->kind != Shadow::Frozen) {
                value = Value::nil();
                word = {nullptr, Value::nil().bits()};
            }
            (*cell)[i] = value;
            shadow->words[i] = word;
        }
        t_[slot] = Value::cell(cell);
        shadows_[slot] = shadow;
    }

    // A value to store.
    std::pair<Value, Shadow::Word> pick() {
        size_t slot = below(kSlots);
        if (below(3) == 0 || !shadows_[slot]) {
            Value value =
                below(2) ? Value::integer(int64_t(below(1000))) : Value::floating(double(below(100)));
            return {value, {nullptr, value.bits()}};
        }
        return {t_[slot], {shadows_[slot], 0}};
    }

    void change() {
        size_t slot = below(kSlots);
        Shadow* shadow = shadows_[slot];
        if (!shadow || shadow->words.empty()) return;
        Cell* cell = t_[slot].cell();
        size_t first = shadow->kind == Shadow::Array || shadow->kind == Shadow::Bytes ? 1 : 0;
        size_t at = first + below(shadow->words.size() - first);
        auto [value, word] = pick();
        if (shadow->kind == Shadow::Frozen) {
            if (cell->is_old()) CHECK(!t_.store(cell, at, value));
            return;
        }
        if (shadow->kind == Shadow::Bytes) {
            value = Value::from_bits(below(1u << 30)); // looks like an address
            word = {nullptr, value.bits()};
        }
        if (below(8) == 0 && shadow->kind == Shadow::Plain) {
            t_.heap->freeze(cell);
            shadow->kind = Shadow::Frozen;
            // Deeply frozen only if its words are, which the model does not need to know.
            frozen_by_hand_ = true;
            return;
        }
        if (below(4) == 0) { // several words at once
            size_t count = 1 + below(shadow->words.size() - at);
            if (cell->barrier) REQUIRE(t_.heap->before_stores(cell, at, count));
            for (size_t i = at; i < at + count; ++i) {
                (*cell)[i] = value;
                shadow->words[i] = word;
            }
            return;
        }
        REQUIRE(t_.store(cell, at, value));
        shadow->words[at] = word;
    }

    // Between slots, kept roots and words of cells.
    void move() {
        size_t slot = below(kSlots), other = below(kSlots), root = below(kRoots);
        switch (below(4)) {
        case 0:
            t_[slot] = t_[other];
            shadows_[slot] = shadows_[other];
            break;
        case 1:
            kept_.values[root] = t_[slot];
            kept_shadows_[root] = shadows_[slot];
            break;
        case 2:
            t_[slot] = kept_.values[root];
            shadows_[slot] = kept_shadows_[root];
            break;
        default: {
            Shadow* shadow = shadows_[slot];
            if (!shadow || shadow->kind == Shadow::Bytes || shadow->words.empty()) return;
            size_t at = below(shadow->words.size());
            if (!shadow->words[at].cell) return;
            t_[other] = (*t_[slot].cell())[at];
            shadows_[other] = shadow->words[at].cell;
        }
        }
    }

    void ask_hash() {
        size_t slot = below(kSlots);
        if (!shadows_[slot]) return;
        uint64_t hash = t_.heap->identity_hash(t_[slot].cell());
        Shadow* shadow = shadows_[slot];
        if (shadow->hash)
            CHECK(shadow->hash == hash);
        else {
            CHECK(hash == ++last_hash_);
            shadow->hash = hash;
        }
    }

    struct Saved {
        Shadow shadow;
        CellOffset offset;
        Cell* cell;
    };

    void commit() {
        t_.commit();
        ++commits;
        remember();
    }

    // What a rollback must bring back: the contents, places and offsets of all that the kept roots reach.
    void remember() {
        saved_.clear();
        saved_roots_ = kept_shadows_;
        kept_.committed = kept_.values;
        saved_hash_ = last_hash_;
        walk(kept_.values, kept_shadows_, [&](Cell* cell, Shadow* shadow) {
            saved_.emplace(shadow, Saved{*shadow, t_.heap->offset_of(cell), cell});
        });
    }

    void rollback() {
        if (saved_roots_.empty()) commit(); // the first
        kept_.values = kept_.committed;
        t_.rollback();
        ++rollbacks;
        std::fill(shadows_.begin(), shadows_.end(), nullptr);
        kept_shadows_ = saved_roots_;
        last_hash_ = saved_hash_;
        for (auto& [shadow, saved] : saved_) *shadow = saved.shadow;
        size_t met = 0;
        walk(kept_.values, kept_shadows_, [&](Cell* cell, Shadow* shadow) {
            auto found = saved_.find(shadow);
            REQUIRE(found != saved_.end());
            CHECK(found->second.cell == cell);
            CHECK(found->second.offset == t_.heap->offset_of(cell));
            CHECK(t_.heap->at_offset(found->second.offset) == cell);
            ++met;
        });
        CHECK(met == saved_.size());
        compare();
    }

    // A shared value in a slot: the machine treats it as an immediate would be.
    void share() {
        size_t slot = below(kSlots);
        if (!shadows_[slot] || shadows_[slot]->kind != Shadow::Frozen) return;
        Value copy = shared_.share(t_[slot]);
        if (copy.is_absent()) {
            CHECK(frozen_by_hand_);
            return;
        }
        CHECK(shared_.holders(copy.cell()) >= 1);
        shared_.release(copy);
    }

    template <class Visit>
    void walk(const std::vector<Value>& values, const Roots& shadows, Visit visit) {
        std::unordered_map<Shadow*, Cell*> seen;
        std::vector<std::pair<Cell*, Shadow*>> waiting;
        auto meet = [&](Value value, Shadow* shadow) {
            REQUIRE(value.is_cell());
            auto [at, fresh] = seen.emplace(shadow, value.cell());
            if (at->second != value.cell()) REQUIRE(at->second == value.cell());
            if (fresh) waiting.push_back({value.cell(), shadow});
        };
        for (size_t i = 0; i < values.size(); ++i)
            if (shadows[i]) meet(values[i], shadows[i]);
        while (!waiting.empty()) {
            auto [cell, shadow] = waiting.back();
            waiting.pop_back();
            visit(cell, shadow);
            REQUIRE(cell->word_count() == shadow->words.size());
            for (size_t i = 0; i < shadow->words.size(); ++i)
                if (shadow->words[i].cell) meet((*cell)[i], shadow->words[i].cell);
        }
    }

    void compare() {
        std::vector<Value> values(kept_.values);
        Roots shadows(kept_shadows_);
        for (size_t i = 0; i < kSlots; ++i) {
            values.push_back(t_[i]);
            shadows.push_back(shadows_[i]);
        }
        walk(values, shadows, [&](Cell* cell, Shadow* shadow) {
            REQUIRE(t_.heap->owns(cell));
            bool same = true;
            for (size_t i = 0; i < shadow->words.size(); ++i)
                if (!shadow->words[i].cell) {
                    uint64_t bits = shadow->words[i].bits;
                    // Words of arrays that nobody set are absent.
                    if ((*cell)[i].bits() != bits) same = false;
                }
            REQUIRE(same);
            REQUIRE(cell->is_frozen() == (shadow->kind == Shadow::Frozen));
            if (shadow->hash) REQUIRE(t_.heap->identity_hash(cell) == shadow->hash);
        });
    }

    void forget_unreachable() {
        std::unordered_set<Shadow*> kept;
        std::vector<Shadow*> waiting;
        auto meet = [&](Shadow* shadow) {
            if (shadow && kept.insert(shadow).second) waiting.push_back(shadow);
        };
        for (Shadow* shadow : shadows_) meet(shadow);
        for (Shadow* shadow : kept_shadows_) meet(shadow);
        for (auto& [shadow, saved] : saved_) {
            meet(shadow);
            for (auto& word : saved.shadow.words) meet(word.cell);
        }
        while (!waiting.empty()) {
            Shadow* shadow = waiting.back();
            waiting.pop_back();
            for (auto& word : shadow->words) meet(word.cell);
        }
        for (Shadow& shadow : all_)
            if (!kept.count(&shadow)) std::vector<Shadow::Word>().swap(shadow.words);
    }

    std::mt19937_64 random_;
    size_t largest_array_;
    SharedSpace shared_;
    KeptRoots kept_;
    TestHeap t_;
    Roots shadows_, kept_shadows_;
    std::deque<Shadow> all_;
    uint64_t last_hash_ = 0, saved_hash_ = 0;
    Roots saved_roots_;
    std::unordered_map<Shadow*, Saved> saved_;
    bool frozen_by_hand_ = false;
};

} // namespace

TEST_CASE("A random graph is the same as its model after any collections, commits and rollbacks") {
    for (uint64_t seed = 1; seed <= 12; ++seed) {
        CAPTURE(seed);
        Model model(seed, small_heap(), 30000);
        model.run(6000);
        CHECK(model.commits > 10);
        CHECK(model.rollbacks > 5);
    }
}

TEST_CASE("A random graph is the same as its model where every allocation collects") {
    for (uint64_t seed = 101; seed <= 106; ++seed) {
        CAPTURE(seed);
        HeapOptions options = small_heap();
        options.collect_always = true;
        Model model(seed, options, 12000);
        model.run(3000);
    }
}

TEST_CASE("A random graph is the same as its model with a nursery so small that many cells begin old") {
    for (uint64_t seed = 201; seed <= 206; ++seed) {
        CAPTURE(seed);
        HeapOptions options;
        options.nursery_bytes = 4096;
        Model model(seed, options, 20000);
        model.run(4000);
    }
}

} // namespace indent::test
