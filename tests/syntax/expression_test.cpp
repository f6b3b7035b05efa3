// Each row of the charter's table of expressions, and its order of precedence.
#include "tests/syntax/parsed.h"
#include <doctest/doctest.h>

using namespace indent::syntax;

TEST_CASE("precedence goes from postfix to the arrow as the charter says") {
    CHECK(tree("a.b ** c.d") == "(send (send a b) ** (send c d))");
    CHECK(tree("2 ** 3 ** 4") == "(send 2 ** (send 3 ** 4))");
    CHECK(tree("-x ** 2") == "(send (send x ** 2) negated)");
    CHECK(tree("-a * b") == "(send (send a negated) * b)");
    CHECK(tree("a + b * c") == "(send a + (send b * c))");
    CHECK(tree("a - b - c") == "(send (send a - b) - c)");
    CHECK(tree("a // b % c") == "(send (send a // b) % c)");
    CHECK(tree("1 + 2..n * 3") == "(.. (send 1 + 2) (send n * 3))");
    CHECK(tree("a in 1..2") == "(in a (.. 1 2))");
    CHECK(tree("not a == b") == "(not (send a == b))");
    CHECK(tree("not a and b") == "(and (not a) b)");
    CHECK(tree("a or b and c") == "(or a (and b c))");
    CHECK(tree("a or b or c") == "(or (or a b) c)");
    CHECK(tree("if a or b then c or d else e or f") == "(if-then (or a b) (or c d) (or e f))");
    CHECK(tree("x -> if x then 1 else 2") == "(block [(parameter x)] (if-then x 1 2))");
    CHECK(tree("if a then b else if c then d else e") == "(if-then a b (if-then c d e))");
    CHECK(tree("(a + b) * c") == "(send (send a + b) * c)");
}

TEST_CASE("comparisons do not chain, nor do ranges") {
    CHECK(wrong("a < b < c") == "comparison-chain");
    CHECK(wrong("a == b is c") == "comparison-chain");
    CHECK(wrong("1..2..3") == "range-chain");
    CHECK(tree("(a < b) == c") == "(send (send a < b) == c)");
}

TEST_CASE("a message is sent with a dot; parentheses may be left out") {
    CHECK(tree("a.b") == "(send a b)");
    CHECK(tree("a.b()") == "(send a b)");
    CHECK(tree("a.b(1, *xs, by: 2)") == "(send a b 1 (spread xs) (label by 2))");
    CHECK(tree("module.f(x)") == "(send module f x)");
    CHECK(tree("\"a\".size") == "(send \"a\" size)");
    CHECK(tree("super.draw(pen)") == "(super draw pen)");
    CHECK(tree("self.x") == "(send self x)");
}

TEST_CASE("a name with parentheses is a call, and any value may be called") {
    CHECK(tree("f(1)") == "(call f 1)");
    CHECK(tree("f") == "f");
    CHECK(tree("Point(x: 3, y: 4)") == "(call Point (label x 3) (label y 4))");
    CHECK(tree("(f)(1)") == "(call-value f 1)");
    CHECK(tree("f(1)(2)") == "(call-value (call f 1) 2)");
    CHECK(tree("(x -> x)(3)") == "(call-value (block [(parameter x)] x) 3)");
    CHECK(tree("xs[0](3)") == "(call-value (send xs at 0) 3)");
    CHECK(wrong("f (1)") == "call-space");
    CHECK(wrong("f(a: 1, 2)") == "positional-after-label");
    CHECK(tree("f(1,)") == "(call f 1)");
}

TEST_CASE("operators and indexes are sends, as are == and !=") {
    CHECK(tree("xs[i]") == "(send xs at i)");
    CHECK(tree("xs[i, j]") == "(send xs at i j)");
    CHECK(tree("xs[i] = v") == "(= (send xs at i) v)");
    CHECK(tree("xs[i] += v") == "(+= (send xs at i) v)");
    CHECK(tree("a != b") == "(send a != b)");
    CHECK(tree("-a") == "(send a negated)");
    CHECK(tree("a is not b") == "(is-not a b)");
    CHECK(tree("a not in b") == "(not-in a b)");
    CHECK(wrong("xs[]") == "index-needs-value");
}

TEST_CASE("blocks are written with an arrow or with do") {
    CHECK(tree("x -> x + 1") == "(block [(parameter x)] (send x + 1))");
    CHECK(tree("(x, y) -> x") == "(block [(parameter x) (parameter y)] x)");
    CHECK(tree("() -> n += 1") == "(block [] (+= n 1))");
    CHECK(tree("_ -> 1") == "(block [(parameter _)] 1)");
    CHECK(tree("(x: Number = 1, *r) -> r") == "(block [(parameter x (type Number) (default 1)) (rest r)] r)");
    CHECK(tree("((k, v), i) -> k") == "(block [(parameter (tuple k v)) (parameter i)] k)");
    CHECK(tree("x -> return x") == "(block [(parameter x)] (return x))");
    CHECK(tree("x -> y -> x") == "(block [(parameter x)] (block [(parameter y)] x))");
    CHECK(tree("xs.each do x:\n    a\n    b\nc") == "(send xs each (do [(parameter x)] a b))\nc");
    CHECK(tree("xs.inject(0) do acc, (k, v): acc") ==
          "(send xs inject 0 (do [(parameter acc) (parameter (tuple k v))] acc))");
    CHECK(tree("f do: 1") == "(call f (do [] 1))");
    CHECK(tree("f(1) do: 2") == "(call f 1 (do [] 2))");
    CHECK(tree("let f = do x:\n    x") == "(let f (do [(parameter x)] x))");
    CHECK(tree("a + xs.each do: 1") == "(send a + (send xs each (do [] 1)))");
    CHECK(tree("super.each do x: x") == "(super each (do [(parameter x)] x))");
    CHECK(tree("ask a.b do: 1") == "(ask (send a b (do [] 1)))");
}

TEST_CASE("heads take no bare do, and a suite cannot stand inside brackets") {
    CHECK(wrong("if xs.any? do x:\n    1") == "do-in-head");
    CHECK(wrong("while f do:\n    1") == "do-in-head");
    CHECK(wrong("f(do x: x)") == "suite-in-brackets");
    CHECK(wrong("f(xs.each do x:\n    x)") == "suite-in-brackets");
    CHECK(wrong("[do: 1]") == "suite-in-brackets");
}

TEST_CASE("references are by name, operators' selectors included") {
    CHECK(tree("&f") == "&f");
    CHECK(tree("&shop.pricing.total") == "&shop.pricing.total");
    CHECK(tree("&Integer.+") == "&Integer.+");
    CHECK(tree("xs.map(&double)") == "(send xs map &double)");
    CHECK(wrong("&3") == "expected");
}

TEST_CASE("lists, tuples and maps are literals") {
    CHECK(tree("[1, *xs, 2,]") == "(list 1 (spread xs) 2)");
    CHECK(tree("()") == "(tuple)");
    CHECK(tree("(1,)") == "(tuple 1)");
    CHECK(tree("(1, 2)") == "(tuple 1 2)");
    CHECK(tree("(1)") == "1");
    CHECK(tree("{}") == "(map)");
    CHECK(tree("{name: \"Ada\", \"any key\": 1, (k): v}") == "(map (:name \"Ada\") (\"any key\" 1) (k v))");
    CHECK(tree("{(1, 2): 3}") == "(map ((tuple 1 2) 3))");
}

TEST_CASE("ask, send and spawn take one postfix expression and their clauses") {
    CHECK(tree("ask a.b == c") == "(send (ask (send a b)) == c)");
    CHECK(tree("ask c.get() within 1.seconds + d") ==
          "(ask (send c get) (within (send (send 1 seconds) + d)))");
    CHECK(tree("ask c.get within 2 == 3") == "(send (ask (send c get) (within 2)) == 3)");
    CHECK(tree("send c.tick() after 5 every 6") == "(send-message (send c tick) (after 5) (every 6))");
    CHECK(tree("spawn Counter() as :main") == "(spawn (call Counter) (as :main))");
    CHECK(tree("spawn Counter") == "(spawn (call Counter))");
    CHECK(tree("spawn shop.Counter(1)") == "(spawn (send shop Counter 1))");
    CHECK(tree("watch other") == "(watch other)");
    CHECK(tree("stop c") == "(stop c)");
    CHECK(tree("(ask a.b).c") == "(send (ask (send a b)) c)");
    CHECK(tree("ask actor(:ada).balance? == 70") == "(send (ask (send (call actor :ada) balance?)) == 70)");
    CHECK(wrong("ask c") == "verb-needs-message");
    CHECK(wrong("ask a.b + 1 within 2") == "expected-end-of-line");
    CHECK(wrong("ask a.b every 3") == "clause-not-for-verb");
    CHECK(wrong("ask a.b within 3 within 4") == "clause-twice");
    CHECK(wrong("spawn 3") == "spawn-needs-call");
}

TEST_CASE("raise stands where an expression may") {
    CHECK(tree("a or raise E(\"x\")") == "(or a (raise (call E \"x\")))");
    CHECK(tree("let x = if a then b else raise e") == "(let x (if-then a b (raise e)))");
}

TEST_CASE("not, if and -> inside an operation want parentheses") {
    CHECK(wrong("a + if b then c else d") == "parentheses-needed");
    CHECK(wrong("a == not b") == "parentheses-needed");
    CHECK(wrong("if a then b") == "else-missing");
}

TEST_CASE("nesting is bounded, and so is the depth of chains") {
    auto nested = [](size_t n) { return std::string(n, '(') + "x" + std::string(n, ')'); };
    CHECK(wrong(nested(90)) == "");
    CHECK(wrong(nested(5000)) == "too-deep");
    CHECK(wrong(nested(200'000)) == "too-deep");
    auto chain = [](std::string_view link, size_t n) {
        std::string text = "x";
        for (size_t i = 0; i < n; ++i) text += link;
        return text;
    };
    CHECK(wrong(chain(".y", 500)) == "");
    CHECK(wrong(chain(" + y", 500)) == "");
    CHECK(wrong(chain(".y", 50'000)) == "too-deep");
    CHECK(wrong(chain(" + y", 50'000)) == "too-deep");
    CHECK(wrong(chain("(1)", 50'000)) == "too-deep");
    CHECK(wrong("x = " + chain(" ** y", 50'000)) == "too-deep");
    CHECK(wrong("x = " + std::string(50'000, '-') + "y") == "too-deep");
    std::string deep;
    for (size_t i = 0; i < 400; ++i) deep += std::string(i, ' ') + "if x:\n";
    CHECK(wrong(deep + std::string(400, ' ') + "y") == "too-deep");
    std::string texts;
    for (size_t i = 0; i < 3000; ++i) texts += "\"{";
    CHECK(wrong(texts).find("too-deep") != std::string::npos);
}
