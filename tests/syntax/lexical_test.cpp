// Each sentence of the charter about the text of programs.
#include "tests/syntax/parsed.h"
#include "vm/syntax/lexer.h"
#include "vm/syntax/parser.h"
#include "vm/syntax/source.h"
#include <doctest/doctest.h>

using namespace indent::syntax;

TEST_CASE("a hash begins a comment, which says nothing") {
    CHECK(tree("1 # one\n# two\n  # three, indented as it likes\n2") == "1\n2");
    CHECK(tree("\"# in a text\"") == "\"# in a text\"");
}

TEST_CASE("the comment block right above a definition is its documentation") {
    CHECK(tree("# One.\n#  Two.\n#\n# Four.\ndef f = 1") == "(def f (doc \"One.\\n Two.\\n\\nFour.\") [] 1)");
    CHECK(tree("# far\n\ndef f = 1") == "(def f [] 1)");
    CHECK(tree("x = 1 # beside\ndef f = 1") == "(= x 1)\n(def f [] 1)");
    CHECK(tree("# Doc.\n@primitive\ndef f(x)") ==
          "(def f (doc \"Doc.\") (annotation primitive) [(parameter x)])");
    CHECK(tree("class A:\n    # Doc.\n    field x\n    # More.\n    def y = 1") ==
          "(class A (field x (doc \"Doc.\")) (def y (doc \"More.\") [] 1))");
    CHECK(tree("let t = \"\"\"\n# text\"\"\"\ndef f = 1") == "(let t \"# text\")\n(def f [] 1)");
}

TEST_CASE("names may end in ? and !, and != stays a comparison") {
    CHECK(tree("xs.empty?") == "(send xs empty?)");
    CHECK(tree("xs.sort!") == "(send xs sort!)");
    CHECK(tree("n!=3") == "(send n != 3)");
    CHECK(tree("n! != 3") == "(send n! != 3)");
    CHECK(tree("a.empty?==b") == "(send (send a empty?) == b)");
    CHECK(tree("_private") == "_private");
    CHECK(tree("größe + été") == "(send größe + été)");
}

TEST_CASE("any word may be a selector, a label or a key of a map") {
    CHECK(tree("x.class") == "(send x class)");
    CHECK(tree("p.in") == "(send p in)");
    CHECK(tree("x.if.then.not") == "(send (send (send x if) then) not)");
    CHECK(tree("{if: 1, class: 2, in: 3}") == "(map (:if 1) (:class 2) (:in 3))");
    CHECK(tree("f(in: 1, not: 2)") == "(call f (label in 1) (label not 2))");
    CHECK(tree("&Range.in") == "&Range.in");
}

TEST_CASE("definition words are words only at the head of a definition") {
    CHECK(tree("state = 1") == "(= state 1)");
    CHECK(tree("test + on.field") == "(send test + (send on field))");
    CHECK(tree("actor(:main)") == "(call actor :main)");
    CHECK(tree("let record = 1") == "(let record 1)");
    CHECK(tree("stop(x)") == "(call stop x)");
    CHECK(tree("send = ask") == "(= send ask)");
}

TEST_CASE("a line goes on while a bracket is open") {
    CHECK(tree("f(1,\n2\n)") == "(call f 1 2)");
    CHECK(tree("[\n  1,\n\n  # comment\n  2,\n]") == "(list 1 2)");
    CHECK(tree("{\na: 1,\n        b: 2}") == "(map (:a 1) (:b 2))");
}

TEST_CASE("a line goes on when the next begins with .name, also after a do suite") {
    CHECK(tree("a\n    .b\n    .c(1)") == "(send (send a b) c 1)");
    CHECK(tree("a\n.b") == "(send a b)");
    CHECK(tree("a\n\n# between\n    .b") == "(send a b)");
    CHECK(tree("a.each do x:\n    x\n.b") == "(send (send a each (do [(parameter x)] x)) b)");
    CHECK(tree("let r = a\n    .select do x:\n        x\n    .map(f)") ==
          "(let r (send (send a select (do [(parameter x)] x)) map f))");
    CHECK(tree("a do:\n    b do:\n        c\n    .d\n.e") ==
          "(send (call a (do [] (send (call b (do [] c)) d))) e)");
    CHECK(tree("a\n    .b do:\n        c\n            .d") == "(send a b (do [] (send c d)))");
}

TEST_CASE("integers have any size, underscores between digits, and three bases") {
    CHECK(tree("1_000_000") == "1000000");
    CHECK(tree("0xff") == "0xff");
    CHECK(tree("0b1010") == "0b1010");
    CHECK(tree("123456789012345678901234567890") == "123456789012345678901234567890");
    CHECK(wrong("1__0") == "underscore-in-number");
    CHECK(wrong("1_") == "underscore-in-number");
    CHECK(wrong("0b12") == "digit-not-in-base");
    CHECK(wrong("0xfg") == "digit-not-in-base");
    CHECK(wrong("0x") == "digit-missing");
    CHECK(wrong("12abc") == "name-after-number");
    CHECK(wrong(std::string(100'001, '9')) == "integer-too-long");
}

TEST_CASE("floats have digits on both sides of the point, so a number may be sent to") {
    CHECK(tree("1.5e-3") == "(float 0.0015)");
    CHECK(tree("1e3") == "(float 1000)");
    CHECK(tree("1_0.2_5") == "(float 10.25)");
    CHECK(tree("10.factorial") == "(send 10 factorial)");
    CHECK(tree("1.5.round") == "(send (float 1.5) round)");
    CHECK(tree("1..10") == "(.. 1 10)");
    CHECK(tree("0..<n") == "(..< 0 n)");
    CHECK(tree("1.0..2.0") == "(.. (float 1) (float 2))");
    CHECK(wrong("x = .5") == "point-needs-digits");
    CHECK(wrong("x = 5.") == "point-needs-digits");
    CHECK(wrong("1e") == "digit-missing");
    CHECK(wrong("1e999") == "float-too-large");
    CHECK(tree("1e-999") == "(float 0)");
}

TEST_CASE("a sign that touches a literal belongs to it except before **") {
    CHECK(tree("-2") == "-2");
    CHECK(tree("-2.5") == "(float -2.5)");
    CHECK(tree("-2.abs") == "(send -2 abs)");
    CHECK(tree("-2 ** 2") == "(send (send 2 ** 2) negated)");
    CHECK(tree("- 2") == "(send 2 negated)");
    CHECK(tree("-x.y") == "(send (send x y) negated)");
    CHECK(tree("n -1") == "(send n - 1)");
    CHECK(tree("n-1") == "(send n - 1)");
    CHECK(tree("2 ** -1") == "(send 2 ** -1)");
    CHECK(tree("f(-1)") == "(call f -1)");
}

TEST_CASE("a colon begins a symbol unless something touches it on the left") {
    CHECK(tree(":ready") == ":ready");
    CHECK(tree(":empty?") == ":empty?");
    CHECK(tree("{a:b}") == "(map (:a b))");
    CHECK(tree("{a: :b}") == "(map (:a :b))");
    CHECK(tree("f(x:y)") == "(call f (label x y))");
    CHECK(tree("{\"k\":v, (k):v, 1:v}") == "(map (\"k\" v) (k v) (1 v))");
    CHECK(tree("match x:\n    case :a:b\n    case [_]:c") ==
          "(match x (case (value :a) b) (case (list _) c))");
    CHECK(tree("[:a, :b]") == "(list :a :b)");
}

TEST_CASE("interpolations nest, quotes included") {
    CHECK(tree("\"a {b} c\"") == "(text \"a \" b \" c\")");
    CHECK(tree("\"{\"x {\"y {z}\"}\"}\"") == "(text (text \"x \" (text \"y \" z)))");
    CHECK(tree("\"{f(\"}\")}\"") == "(text (call f \"}\"))");
    CHECK(tree("\"{{a: 1}}\"") == "(text (map (:a 1)))");
    CHECK(tree("\"a}b\"") == "\"a}b\"");
    CHECK(wrong("\"{}\"") == "empty-interpolation");
    CHECK(wrong("\"{ }\"") == "empty-interpolation");
}

TEST_CASE("escapes stand in texts between double quotes") {
    CHECK(tree(R"("\n\t\\\"\{\}\u{e9}")") == "\"\\n\\t\\\\\\\"\\{}é\"");
    CHECK(tree(R"('no {i} \n')") == "\"no \\{i} \\\\n\"");
    CHECK(wrong(R"("\q")") == "invalid-escape");
    CHECK(wrong(R"("\u{110000}")") == "invalid-code-point");
    CHECK(wrong(R"("\u{d800}")") == "invalid-code-point");
    CHECK(wrong(R"("\u{}")") == "invalid-code-point");
}

TEST_CASE("a text of several lines loses its common indentation and the lines of its marks") {
    CHECK(tree("let t = \"\"\"\n    a\n      b\n\n    c\n    \"\"\"") == "(let t \"a\\n  b\\n\\nc\")");
    CHECK(tree("\"\"\"a\n  b\"\"\"") == "\"a\\nb\"");
    CHECK(tree("\"\"\"\n  {x}\n    y\n\"\"\"") == "(text x \"\\n  y\")");
    CHECK(tree("\"\"\"one \"quoted\" line\"\"\"") == "\"one \\\"quoted\\\" line\"");
    CHECK(tree("\"\"\"\"\"\"") == "\"\"");
    CHECK(tree("\"\"\"\n\"\"\"") == "\"\"");
    CHECK(tree("\"\"\"\r\n  a\r\n  b\r\n  \"\"\"") == "\"a\\nb\"");
    CHECK(tree("\"\"\"\n    a\\n  b\n    \"\"\"") == "\"a\\n  b\"");
}

TEST_CASE("only spaces indent; a tab is an error that says so") {
    CHECK(wrong("if x:\n\ty") == "tab-in-indentation");
    CHECK(wrong("if x:\n    a\n  b") == "inconsistent-dedent");
    CHECK(wrong("a\n    b") == "unexpected-indent");
    CHECK(wrong("  a") == "unexpected-indent");
    CHECK(tree("if x:\n  a\nif y:\n        b") == "(if (when x a))\n(if (when y b))");
}

TEST_CASE("a byte order mark, carriage returns and a missing last line end are fine") {
    CHECK(tree("\xEF\xBB\xBF"
               "1\r\nif x:\r\n    2\r\n\r\n    3") == "1\n(if (when x 2 3))");
    CHECK(tree("") == "");
    CHECK(tree("\n\n   \n# only a comment") == "");
    CHECK(tree("#!/usr/bin/env indent\ndef f = 1") == "(def f [] 1)");
}

TEST_CASE("bytes that are no text are refused, each with its place") {
    auto outcome = parse("t.ind", "ok = 1\nx = \"\xC3\x28\"\n\xFF");
    REQUIRE(outcome.diagnostics.size() == 2);
    Source source("t.ind", *outcome.tree.source);
    CHECK(source.position(outcome.diagnostics[0].span.begin).line == 2);
    CHECK(source.position(outcome.diagnostics[1].span.begin).line == 3);
    CHECK(wrong(std::string("x = 1\0", 6)) == "unexpected-character");
    CHECK(wrong("x = 1\r2") == "unexpected-character");
    CHECK(wrong("x = \xC2\xA0 1") == "unexpected-character");
    CHECK(wrong("x = 1 € 2") == "unexpected-character");
    CHECK(find_invalid_utf8("\xE0\x80\x80").has_value());
    CHECK(find_invalid_utf8("\xED\xA0\x80").has_value());
    CHECK(find_invalid_utf8("\xF4\x90\x80\x80").has_value());
    CHECK(!find_invalid_utf8("aé漢😀").has_value());
}

TEST_CASE("lines and columns count from one, in code points") {
    Source source("t", "aé漢x\nb\r\nc");
    CHECK(source.position(0).column == 1);
    CHECK(source.position(6).column == 4);
    CHECK(source.position(8).line == 2);
    CHECK(source.line(2) == "b");
    CHECK(source.line(3) == "c");
    CHECK(source.line(4) == "");
    CHECK(source.position(999).line == 3);
}

TEST_CASE("operators of other languages are told apart and answered with ours") {
    CHECK(wrong("a && b") == "not-an-operator");
    CHECK(wrong("a || b") == "not-an-operator");
    CHECK(wrong("!a") == "not-an-operator");
    CHECK(wrong("a === b") == "not-an-operator");
    CHECK(wrong("a %= 2") == "not-an-operator");
    CHECK(wrong("x => x") == "not-an-operator");
    CHECK(wrong("a; b") == "semicolon");
    CHECK(wrong("a + \\\nb") == "backslash");
}

TEST_CASE("a name is known as one") {
    CHECK(is_name("area"));
    CHECK(is_name("empty?"));
    CHECK(!is_name("a b"));
    CHECK(!is_name("1a"));
    CHECK(!is_name(""));
    CHECK(!is_name("a.b"));
}
