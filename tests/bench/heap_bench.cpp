// What the heap costs, in nanoseconds: making cells, keeping them, storing to old ones, ending a stretch.
// Each line is the best of several runs, as a machine with other work on it only ever makes things slower.
#include "vm/heap/heap.h"
#include "vm/heap/shared.h"
#include "vm/heap/young.h"
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

using namespace indent;

namespace {

constexpr ShapeId kShape = 70;

class Keep : public RootProvider {
  public:
    void visit_roots(RootVisitor& visitor) override {
        for (Value& value : values) visitor.visit(value);
    }
    std::vector<Value> values;
};

struct Bench {
    Bench() : slots(size_t(1) << 16) {
        mutator.stack_base = slots.data();
        mutator.stack_true_end = slots.data() + slots.size();
        young = std::make_unique<Young>(mutator, HeapOptions{});
        heap = std::make_unique<Heap>(shared, HeapOptions{});
        heap->enter(mutator);
        heap->add_roots(keep);
        raise();
    }
    ~Bench() { heap.reset(); }
    void raise() {
        if (!Heap::raise_stack(mutator, top())) std::abort();
    }
    Value* top() { return mutator.stack_base + 16; }
    Cell* make(uint16_t words) {
        Cell* cell = Heap::allocate(mutator, kShape, words, top());
        for (uint16_t i = 0; i < words; ++i) (*cell)[i] = Value::nil();
        return cell;
    }
    void commit() { heap->commit(mutator.stack_base); }
    // `count` cells of 4 words in earlier stretches, in keep.values.
    void fill(size_t count) {
        keep.values.resize(count);
        for (Value& value : keep.values) value = Value::cell(make(4));
        commit();
    }

    SharedSpace shared;
    Mutator mutator;
    std::vector<Value> slots;
    Keep keep;
    std::unique_ptr<Young> young;
    std::unique_ptr<Heap> heap;
};

double best(int runs, double per, const std::function<void()>& before, const std::function<void()>& run) {
    double least = 1e300;
    for (int i = 0; i < runs; ++i) {
        before();
        auto from = std::chrono::steady_clock::now();
        run();
        auto to = std::chrono::steady_clock::now();
        least = std::min(least, std::chrono::duration<double, std::nano>(to - from).count() / per);
    }
    return least;
}

void line(const char* what, double ns, const char* unit) {
    std::printf("%-64s %9.1f ns %s\n", what, ns, unit);
    std::fflush(stdout);
}

void allocation() {
    Bench b;
    constexpr size_t n = 4'000'000;
    auto nothing = [] {};
    line("make a cell of 4 words, none survives",
         best(5, n, nothing,
              [&] {
                  for (size_t i = 0; i < n; ++i) b.make(4);
              }),
         "a cell");
    line("make an array of 100 words, none survives",
         best(5, n / 16, nothing,
              [&] {
                  for (size_t i = 0; i < n / 16; ++i)
                      b.heap->allocate_array(kShape, Format::Slots, 100, b.top());
              }),
         "an array");
    line("make an array of 100,000 words",
         best(5, 100, nothing,
              [&] {
                  for (size_t i = 0; i < 100; ++i)
                      b.heap->allocate_array(kShape, Format::Slots, 100'000, b.top());
              }),
         "an array");
}

Value tree(Bench& b, int depth, size_t slot) {
    if (depth == 0) return Value::cell(b.make(2));
    Value* top = b.mutator.stack_base + slot;
    top[0] = tree(b, depth - 1, slot);
    top[1] = tree(b, depth - 1, slot + 1);
    Cell* cell = Heap::allocate(b.mutator, kShape, 2, top + 2);
    (*cell)[0] = top[0];
    (*cell)[1] = top[1];
    return Value::cell(cell);
}

void survival() {
    Bench b;
    auto nothing = [] {};
    constexpr double cells = (1 << 17) - 1;
    line("make a tree of 2-word cells and keep it all",
         best(
             7, cells,
             [&] {
                 b.mutator.stack_base[0] = Value();
                 b.commit();
                 b.raise();
             },
             [&] {
                 b.mutator.stack_base[0] = tree(b, 16, 0);
                 b.heap->collect_nursery(b.top());
             }),
         "a cell");
    line("the same, thrown away, with its full collection",
         best(7, cells, nothing,
              [&] {
                  b.mutator.stack_base[0] = tree(b, 16, 0);
                  b.heap->collect_nursery(b.top());
                  b.mutator.stack_base[0] = Value();
                  b.heap->collect_fully(b.top());
              }),
         "a cell");
    line("make small trees that die young (depth 8)",
         best(7, 511.0 * 500, nothing,
              [&] {
                  for (int i = 0; i < 500; ++i) b.mutator.stack_base[0] = tree(b, 8, 0);
              }),
         "a cell");
}

void stores(size_t count) {
    Bench b;
    b.fill(count);
    std::string suffix = " (" + std::to_string(count) + " cells)";
    auto run = [&] {
        for (Value value : b.keep.values)
            if (!Heap::store(b.mutator, value.cell(), 1, Value::integer(1))) std::abort();
    };
    line(("first store to an old cell in a stretch" + suffix).c_str(),
         best(
             9, double(count), [&] { b.commit(); }, run),
         "a store");
    line(("second store" + suffix).c_str(),
         best(
             9, double(count), [] {}, run),
         "a store");
    line(("store after a collection in the same stretch" + suffix).c_str(),
         best(
             9, double(count), [&] { b.heap->collect_nursery(b.top()); }, run),
         "a store");
    line(("commit of so many changed cells" + suffix).c_str(),
         best(9, double(count), run, [&] { b.commit(); }), "a cell");
    line(("rollback of so many changed cells" + suffix).c_str(),
         best(9, double(count), run, [&] { b.heap->rollback(); }), "a cell");
}

void large() {
    Bench b;
    constexpr size_t n = 1'000'000;
    b.keep.values = {Value::cell(b.heap->allocate_array(kShape, Format::Slots, n + 1, b.top()))};
    b.commit();
    auto run = [&] {
        Cell* cell = b.keep.values[0].cell();
        for (size_t i = 1; i <= n; ++i)
            if (!Heap::store(b.mutator, cell, i, Value::integer(1))) std::abort();
    };
    line("first stores to all words of a large array",
         best(
             5, n, [&] { b.commit(); }, run),
         "a store");
    line("second stores",
         best(
             5, n, [] {}, run),
         "a store");
    line("commit of all its cards", best(5, n / 512.0, run, [&] { b.commit(); }), "a card");
}

void stretches(size_t live) {
    Bench b;
    b.fill(live);
    std::string suffix = " (heap of " + std::to_string(live) + " cells)";
    constexpr int n = 100'000;
    auto nothing = [] {};
    size_t next = 0;
    auto any = [&] { return b.keep.values[next = (next + 7919) % live].cell(); };
    // The many roots of this harness are not the heap's fault: one slot keeps all.
    Cell* all = b.heap->allocate_array(kShape, Format::Slots, live + 1, b.top());
    for (size_t i = 0; i < live; ++i) (*all)[i + 1] = b.keep.values[i];
    std::vector<Value> values = b.keep.values;
    b.mutator.stack_base[0] = Value::cell(all);
    b.keep.values = {Value::cell(all)};
    b.mutator.stack_base[0] = Value();
    b.commit();
    b.raise();
    values.swap(b.keep.values);
    Keep one;
    one.values = values;
    b.heap->remove_roots(b.keep);
    b.heap->add_roots(one);

    line(("commit, nothing done" + suffix).c_str(),
         best(5, n, nothing,
              [&] {
                  for (int i = 0; i < n; ++i) b.commit();
              }),
         "a stretch");
    line(("10 cells made, none survives, commit" + suffix).c_str(),
         best(5, n, nothing,
              [&] {
                  for (int i = 0; i < n; ++i) {
                      b.raise();
                      for (int j = 0; j < 10; ++j) b.make(4);
                      b.commit();
                  }
              }),
         "a stretch");
    line(("1 old cell changed, commit" + suffix).c_str(),
         best(5, n, nothing,
              [&] {
                  for (int i = 0; i < n; ++i) {
                      if (!Heap::store(b.mutator, any(), 1, Value::integer(i))) std::abort();
                      b.commit();
                  }
              }),
         "a stretch");
    line(("10 made, 3 survive in 1 old cell, commit" + suffix).c_str(),
         best(5, n, nothing,
              [&] {
                  for (int i = 0; i < n; ++i) {
                      b.raise();
                      Cell* cell = any();
                      for (int j = 0; j < 10; ++j) {
                          Value made = Value::cell(b.make(4));
                          if (j < 3 && !Heap::store(b.mutator, cell, size_t(j), made)) std::abort();
                      }
                      b.commit();
                  }
              }),
         "a stretch");
    line(("the same, rolled back" + suffix).c_str(),
         best(5, n, nothing,
              [&] {
                  for (int i = 0; i < n; ++i) {
                      b.raise();
                      Cell* cell = any();
                      for (int j = 0; j < 10; ++j) {
                          Value made = Value::cell(b.make(4));
                          if (j < 3 && !Heap::store(b.mutator, cell, size_t(j), made)) std::abort();
                      }
                      b.heap->rollback();
                  }
              }),
         "a stretch");
    line(("full collection" + suffix).c_str(),
         best(3, double(live), nothing, [&] { b.heap->collect_fully(b.mutator.stack_base); }), "a live cell");
}

} // namespace

int main() {
    allocation();
    survival();
    stores(1000);
    stores(100'000);
    large();
    stretches(1000);
    stretches(1'000'000);
}
