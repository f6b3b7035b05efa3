// Atoms: what they hold is counted, and threads may change them at the same time.
#include "tests/heap/fixture.h"
#include "vm/heap/atom.h"
#include <doctest/doctest.h>
#include <thread>
#include <vector>

namespace indent::test {

namespace {

// A shared cell that holds a number, held once by the caller.
Value boxed(SharedSpace& shared, int64_t number) {
    Cell* cell = shared.allocate(kPlain, Format::Slots, 1, false);
    (*cell)[0] = Value::integer(number);
    return Value::cell(cell);
}

int64_t number_in(Value box) {
    return (*box.cell())[0].as_integer();
}

} // namespace

TEST_CASE("An atom holds its value until another comes or it ends") {
    SharedSpace shared;
    Cell* atom = make_atom(shared, kPlain, boxed(shared, 1));
    CHECK(shared.cells() == 2);
    Value first = atom_value(shared, atom);
    set_atom(shared, atom, boxed(shared, 2));
    CHECK(shared.cells() == 3); // we still hold the first
    CHECK(number_in(first) == 1);
    shared.release(first);
    CHECK(shared.cells() == 2);
    shared.release(Value::cell(atom));
    CHECK(shared.cells() == 0);
}

TEST_CASE("A value is replaced only where it is the expected one") {
    SharedSpace shared;
    Cell* atom = make_atom(shared, kPlain, Value::integer(1));
    CHECK(!replace_in_atom(shared, atom, Value::integer(2), Value::integer(3)));
    CHECK(atom_value(shared, atom) == Value::integer(1));
    CHECK(replace_in_atom(shared, atom, Value::integer(1), Value::integer(3)));
    CHECK(atom_value(shared, atom) == Value::integer(3));
    shared.release(Value::cell(atom));
}

TEST_CASE("Threads that swap at the same time lose nothing") {
    constexpr int kThreads = 4, kSwaps = 2000;
    SharedSpace shared;
    Cell* atom = make_atom(shared, kPlain, boxed(shared, 0));
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i < kSwaps; ++i) {
                for (bool done = false; !done;) {
                    Value before = atom_value(shared, atom);
                    Value after = boxed(shared, number_in(before) + 1);
                    done = replace_in_atom(shared, atom, before, after);
                    if (!done) shared.release(after);
                    shared.release(before);
                }
            }
        });
    std::thread reader([&] {
        int64_t last = 0;
        for (int i = 0; i < kSwaps; ++i) {
            Value value = atom_value(shared, atom);
            CHECK(number_in(value) >= last);
            last = number_in(value);
            shared.release(value);
        }
    });
    for (auto& thread : threads) thread.join();
    reader.join();
    Value last = atom_value(shared, atom);
    CHECK(number_in(last) == kThreads * kSwaps);
    shared.release(last);
    shared.release(Value::cell(atom));
    CHECK(shared.cells() == 0);
}

} // namespace indent::test
