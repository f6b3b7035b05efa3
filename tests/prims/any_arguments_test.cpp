// What a stranger's image says the fields of the library's own objects are, the library gives to its primitives. Those functions
// are given values of every kind here: an error or an answer.
#include "vm/model/list.h"
#include "vm/model/map.h"
#include "vm/prims/tables.h"
#include "vm/world/world.h"
#include <doctest/doctest.h>
#include <random>
#include <string_view>

using namespace indent;

namespace {

// Those that wait, ask for whatever comes, or run what they are given.
bool is_left_out(std::string_view name) {
    for (std::string_view word : {"eval", "exit", "sleep", "reload", "wait"})
        if (name.find(word) != std::string_view::npos) return true;
    return false;
}

} // namespace

TEST_CASE("The library's primitives answer or raise an error, whatever they are given") {
    WorldOptions options;
    options.seed = 3;
    options.workers = 1;
    options.whole_library = true;
    options.memory_limit = size_t(64) << 20;
    auto world = World::make(options);
    REQUIRE(world);
    const Outcome made = (*world)->evaluate(
        "let pool = [nil, true, 0, 1, -1, 5, 31, 46, 1000, 2 ** 40, 2 ** 70, -(2 ** 70), 0.5, -1.0, "
        "Float.infinity, "
        ":symbol, \"\", \"text\", \"\\u{394}\", \"(a\", \"[1, \", 1..3, [], [1.0, 2.0], [1, 2, 3, 4], [[1]], "
        "(), (1, 2), "
        "(0, 0), (1, 1, 2), (2 ** 31, 3, (1, 2, 3, 4), (0, 0)), ((1, 2, 3, 4), 5), {}, {a: 1}, x -> x, (x, "
        "y) -> x, "
        "&print, Set([1]), Random(1), Integer, Error(\"e\"), (1, \"t\", 50, 40, 0), [1.5, 2], [(1, 2)]]\n"
        "pool.size");
    INFO(made.text());
    REQUIRE(made.ok);
    std::mt19937 random(5);
    size_t calls = 0, functions = 0, errors = 0;
    Value pool;
    (*world)->actors().run_main([&](Machine& vm) {
        // The list is found as the only one of its size in the workspace.
        vm.heap->collect_fully(vm.stack_base);
        vm.heap->for_each_cell([&](Cell* cell) {
            if (cell->shape == shape::kList && list_size(Value::cell(cell)) > 40) pool = Value::cell(cell);
        });
        REQUIRE(bool(pool));
        const size_t size = list_size(pool);
        for (const PrimitiveTable& table : primitive_tables()) {
            if (*table.owner) continue;
            for (const PrimitiveRow& row : table.rows) {
                if (row.effect != Effect::Pure || is_left_out(row.selector)) continue;
                ++functions;
                for (int times = 0; times < 2000; ++times) {
                    const RunResult result = run_protected(vm, [&](Value* args) {
                        for (int i = 0; i <= row.arity; ++i) args[i] = list_get(pool, random() % size);
                        args[0] = Value::nil();
                        return row.function(vm, args);
                    });
                    ++calls;
                    errors += !result.ok;
                    vm.inner->uncaught = {};
                    CAPTURE(row.selector);
                    if (result.ok) CHECK((!result.value.is_absent() && !result.value.is_raw()));
                    vm.heap->rollback();
                }
            }
        }
        return true;
    });
    MESSAGE(functions << " primitives, " << calls << " calls, " << errors << " errors raised");
    CHECK(functions > 20);
    CHECK(errors > calls / 2);
}

TEST_CASE("What looks like a persistent map and leads to one node on very many ways is soon walked") {
    WorldOptions options;
    options.workers = 1;
    auto world = World::make(options);
    REQUIRE(world);
    bool found = false;
    (*world)->actors().run_main([&](Machine& vm) {
        for (const PrimitiveTable& table : primitive_tables())
            for (const PrimitiveRow& row : table.rows) {
                if (std::string_view(row.selector) != "_trie_entries") continue;
                found = true;
                const RunResult result = run_protected(vm, [&](Value* args) {
                    Value* parts = args + kPrimitiveFrame;
                    for (int i = 0; i < 10; ++i) parts[i] = Value::integer(i == 1 ? 255 : 0);
                    for (int levels = 0; levels < 11; ++levels) {
                        const Value node = make_tuple(vm, parts, levels ? 10 : 2, parts + 10);
                        for (int i = 2; i < 10; ++i) parts[i] = node;
                    }
                    args[1] = parts[2];
                    args[2] = Value::integer(1000);
                    return row.function(vm, args);
                });
                REQUIRE(result.ok);
                CHECK(list_size(result.value) == 0);
            }
        return true;
    });
    CHECK(found);
}
