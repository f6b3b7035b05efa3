#include "vm/syntax/dump.h"
#include "vm/syntax/parser.h"
#include <doctest/doctest.h>

using namespace indent::syntax;

TEST_CASE("a small program of every kind of statement parses without diagnostics") {
    auto outcome = parse("a.ind", "let x = 1\nif x > 0:\n    print(\"{x}\")\nelse:\n    pass\n");
    CHECK(render(outcome) == "");
    CHECK(outcome.tree.top_level.size() == 2);
}

TEST_CASE("a text with interpolations keeps its parts in order, each once") {
    CHECK(dump(parse("a", "\"a {x} b {y}\"").tree) == "(text \"a \" x \" b \" y)\n");
}
