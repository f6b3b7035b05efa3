// Statements, patterns and definitions, one by one as the charter names them.
#include "tests/syntax/parsed.h"
#include "vm/syntax/parser.h"
#include <doctest/doctest.h>

using namespace indent::syntax;

TEST_CASE("let declares, plainly, with a type, or taking apart") {
    CHECK(tree("let x = 1") == "(let x 1)");
    CHECK(tree("let x: Number = 1") == "(let x (type Number) 1)");
    CHECK(tree("let (a, b) = pair") == "(let (tuple a b) pair)");
    CHECK(tree("let [a, *rest] = xs") == "(let (list a (rest rest)) xs)");
    CHECK(tree("let _ = f") == "(let _ f)");
    CHECK(wrong("let x") == "let-needs-value");
    CHECK(wrong("let a, b = pair") == "tuple-needs-parentheses");
    CHECK(wrong("let if = 1") == "reserved-name");
}

TEST_CASE("assignment goes to names and elements, and in place with an operator") {
    CHECK(tree("x = 1") == "(= x 1)");
    CHECK(tree("x += 1\nx -= 1\nx *= 2\nx /= 2") == "(+= x 1)\n(-= x 1)\n(*= x 2)\n(/= x 2)");
    CHECK(tree("(a, b) = (b, a)") == "(= (tuple a b) (tuple b a))");
    CHECK(tree("[a, *r] = xs") == "(= (list a (rest r)) xs)");
    CHECK(wrong("a.b = 1") == "assign-from-outside");
    CHECK(wrong("self.b = 1") == "assign-through-self");
    CHECK(wrong("f(x) = 1") == "invalid-target");
    CHECK(wrong("1 = x") == "invalid-target");
    CHECK(wrong("a, b = b, a") == "tuple-needs-parentheses");
    CHECK(wrong("a = b = c") == "assign-in-expression");
    CHECK(wrong("if a = b:\n    c") == "assign-in-expression");
    CHECK(wrong("f(a = b)") == "assign-in-expression");
    CHECK(wrong("x.at(1) = 2") == "invalid-target");
}

TEST_CASE("if has elif and else, and a suite of one simple statement may stand on the line") {
    CHECK(tree("if a:\n    b\nelif c:\n    d\nelse:\n    e\nf") == "(if (when a b) (when c d) (else e))\nf");
    CHECK(tree("if x > 400: vx = -vx") == "(if (when (send x > 400) (= vx (send vx negated))))");
    CHECK(tree("if a: b\nelif c: d\nelse: e") == "(if (when a b) (when c d) (else e))");
    CHECK(tree("if a:\n    if b:\n        c\n    else:\n        d\nelse:\n    e") ==
          "(if (when a (if (when b c) (else d))) (else e))");
    CHECK(tree("if a then b else c") == "(if-then a b c)");
    CHECK(tree("x -> if a then b else c") == "(block [(parameter x)] (if-then a b c))");
    CHECK(wrong("if a: if b: c") == "one-simple-statement");
    CHECK(wrong("if a: for x in y: c") == "one-simple-statement");
    CHECK(wrong("if a:\nb") == "expected-suite");
    CHECK(wrong("if a\n    b") == "missing-colon");
    CHECK(wrong("else:\n    b") == "word-without-head");
    CHECK(wrong("if a: b else: c") == "expected-end-of-line");
}

TEST_CASE("loops are while, for and loop, left by break and continue") {
    CHECK(tree("while a < b:\n    break\n    continue") == "(while (send a < b) (break) (continue))");
    CHECK(tree("for x in xs: print(x)") == "(for x xs (call print x))");
    CHECK(tree("for (k, v) in m:\n    pass") == "(for (tuple k v) m (pass))");
    CHECK(tree("for _ in 1..3: f") == "(for _ (.. 1 3) f)");
    CHECK(tree("loop:\n    break") == "(loop (break))");
    CHECK(wrong("for k, v in m:\n    pass") == "tuple-needs-parentheses");
    CHECK(wrong("for x of xs:\n    pass") == "expected");
}

TEST_CASE("match takes literals, names, classes, structures, ranges, alternatives and guards") {
    auto pattern = [](std::string_view text) {
        std::string whole = tree("match v:\n    case " + std::string(text) + ": 1");
        std::string begin = "(match v (case ";
        return whole.starts_with(begin) ? whole.substr(begin.size(), whole.size() - begin.size() - 4) : whole;
    };
    CHECK(pattern("0") == "(value 0)");
    CHECK(pattern("-1.5") == "(value (float -1.5))");
    CHECK(pattern("\"a\"") == "(value \"a\")");
    CHECK(pattern("nil") == "(value nil)");
    CHECK(pattern("x") == "x");
    CHECK(pattern("_") == "_");
    CHECK(pattern("Integer") == "(type Integer)");
    CHECK(pattern("shop.Item") == "(type (send shop Item))");
    CHECK(pattern("n is Integer") == "(is n Integer)");
    CHECK(pattern("(a, (b, _))") == "(tuple a (tuple b _))");
    CHECK(pattern("()") == "(tuple)");
    CHECK(pattern("[]") == "(list)");
    CHECK(pattern("[first, *rest]") == "(list first (rest rest))");
    CHECK(pattern("[*_, last]") == "(list (rest _) last)");
    CHECK(pattern("Point(x, y)") == "(record Point x y)");
    CHECK(pattern("Point(x: 0, y: b)") == "(record Point (:x (value 0)) (:y b))");
    CHECK(pattern("{name: n, \"k\": 1, (:s): _}") == "(map (:name n) (\"k\" (value 1)) (:s _))");
    CHECK(pattern("1..9") == "(value (.. 1 9))");
    CHECK(pattern("'a'..<'b'") == "(value (..< \"a\" \"b\"))");
    CHECK(pattern("1 | 2 | 3") == "(either (value 1) (value 2) (value 3))");
    CHECK(pattern("n if n > 1") == "n (guard (send n > 1))");
    CHECK(wrong("match v:\n    case [*a, *b]: 1") == "rest-twice");
    CHECK(wrong("match v:\n    case \"{x}\": 1") == "text-pattern-interpolates");
    CHECK(wrong("match v:\n    case a, b: 1") == "tuple-needs-parentheses");
    CHECK(wrong("match v:\n    print(1)") == "match-needs-cases");
    CHECK(wrong("case 1: 2") == "word-without-head");
}

TEST_CASE("try has catch with a name, a class or both, and finally") {
    CHECK(tree("try:\n    a\ncatch e: ZeroDivide:\n    b\ncatch e:\n    c\nfinally:\n    d") ==
          "(try a (catch e ZeroDivide b) (catch e _ c) (finally d))");
    CHECK(tree("try: a\ncatch e: m.Bad: b") == "(try a (catch e (send m Bad) b))");
    CHECK(tree("try: a\ncatch Bad: b") == "(try a (catch _ Bad b))");
    CHECK(tree("try: a\ncatch e: print(e)") == "(try a (catch e _ (call print e)))");
    CHECK(tree("try: a\ncatch: b") == "(try a (catch _ _ b))");
    CHECK(wrong("try:\n    a") == "try-needs-catch");
    CHECK(wrong("catch e:\n    a") == "word-without-head");
}

TEST_CASE("expect and expect_error are statements where something follows them") {
    CHECK(tree("expect a == b") == "(expect (send a == b))");
    CHECK(tree("expect not a") == "(expect (not a))");
    CHECK(tree("expect (1, 2) == t") == "(expect (send (tuple 1 2) == t))");
    CHECK(tree("expect_error ArgumentError do:\n    f") == "(expect-error ArgumentError f)");
    CHECK(tree("expect_error do: f") == "(expect-error _ f)");
    CHECK(tree("expect = 1") == "(= expect 1)");
    CHECK(wrong("expect_error X:\n    f") == "expected");
}

TEST_CASE("def has parameters with defaults, a rest and types, and a body after = or :") {
    CHECK(tree("def f = 1") == "(def f [] 1)");
    CHECK(tree("def f():\n    1\n    2") == "(def f [] 1 2)");
    CHECK(tree("def f(a, b = a + 1, *c, d: Number = 2) -> Text = a") ==
          "(def f [(parameter a) (parameter b (default (send a + 1))) (rest c) (parameter d (type Number) "
          "(default 2))] "
          "(type Text) a)");
    CHECK(tree("def f: 1") == "(def f [] 1)");
    CHECK(tree("def f = do x:\n    x") == "(def f [] (do [(parameter x)] x))");
    CHECK(tree("@primitive\ndef f(x) -> Number\ndef g = 1") ==
          "(def f (annotation primitive) [(parameter x)] (type Number))\n(def g [] 1)");
    CHECK(tree("@primitive def f(x)") == "(def f (annotation primitive) [(parameter x)])");
    CHECK(wrong("def f(x)") == "missing-body");
    CHECK(wrong("@primitive\ndef f = 1") == "primitive-with-body");
    CHECK(wrong("@primitive\nclass A:\n    pass") == "primitive-misplaced");
    CHECK(wrong("def f(*a, *b) = 1") == "rest-twice");
    CHECK(wrong("def f(1) = 1") == "name-expected");
    CHECK(wrong("def f =\n    1") == "expected");
    CHECK(wrong("def f:\n    def g = 1") == "definition-in-body");
}

TEST_CASE("operators and words are names of methods") {
    CHECK(tree("class A:\n    def +(o) = 1\n    def ==(o) = 2\n    def negated = 3\n    def at(i) = 4\n    "
               "def in = 5\n"
               "    class def unit = 6") == "(class A (def + [(parameter o)] 1) (def == [(parameter o)] 2) "
                                            "(def negated [] 3) (def at [(parameter i)] 4) "
                                            "(def in [] 5) (class-def unit [] 6))");
    CHECK(wrong("class A:\n    def [](i) = 1") == "name-expected");
}

TEST_CASE("classes, records, traits and extends hold what they may") {
    CHECK(tree("class Circle extends Shape with A, m.B:\n    field r = 1\n    field x: Number\n    def area "
               "= r") ==
          "(class Circle (extends Shape) (with A (send m B)) (field r (default 1)) (field x (type Number)) "
          "(def area [] r))");
    CHECK(tree("class Empty") == "(class Empty)");
    CHECK(tree("class Empty:\n    pass") == "(class Empty)");
    CHECK(tree("class Odd: field x") == "(class Odd (field x))");
    CHECK(tree("record Point(x, y = 0)") == "(record Point [(parameter x) (parameter y (default 0))])");
    CHECK(tree("record Point(x) with A:\n    def f = x") ==
          "(record Point [(parameter x)] (with A) (def f [] x))");
    CHECK(tree("class _Hidden:\n    field x") == "(class _Hidden (field x))");
    CHECK(tree("match v:\n    case _Hidden: 1\n    case _x: 2") ==
          "(match v (case (type _Hidden) 1) (case _x 2))");
    CHECK(tree("trait T:\n    def f = 1") == "(trait T (def f [] 1))");
    CHECK(tree("extend Integer:\n    def f = self") == "(extend Integer Integer (def f [] self))");
    CHECK(wrong("class A:\n    state x") == "member-not-here");
    CHECK(wrong("class A:\n    on f: 1") == "member-not-here");
    CHECK(wrong("class A:\n    x = 1") == "statement-not-here");
    CHECK(wrong("record A(x):\n    field y") == "member-not-here");
    CHECK(wrong("record A(*x)") == "rest-in-record");
    CHECK(wrong("class lower_case:\n    pass") == "class-name-expected");
    CHECK(wrong("class A(B):\n    pass") == "expected");
    CHECK(wrong("field x = 1") == "member-not-here");
    CHECK(wrong("on f: 1") == "member-not-here");
}

TEST_CASE("actors have state, messages and helpers; supervisors a strategy and children") {
    CHECK(tree("actor C:\n    state_version 2\n    state n = 0\n    on inc(by = 1):\n        n += by\n    on "
               "n? = n\n"
               "    def big? = n > 9") ==
          "(actor C (state-version 2) (field n (default 0)) (on inc [(parameter by (default 1))] (+= n by)) "
          "(on n? [] n) (def big? [] (send n > 9)))");
    CHECK(tree("supervisor S:\n    strategy :one_for_one, max: 3, within: 5.seconds\n    child C(1) as :c\n"
               "    child m.D(), on_error: :resume") ==
          "(supervisor S (strategy :one_for_one (label max 3) (label within (send 5 seconds))) "
          "(child (call C 1) (as :c)) (child (send m D) (label on_error :resume)))");
    CHECK(wrong("actor A:\n    field x") == "member-not-here");
}

TEST_CASE("a module has a path, imports, values, hooks, once and tests") {
    CHECK(tree("# Prices.\nmodule shop.pricing\n\nimport shop.catalog\nimport shop.tax (rate, Tax)") ==
          "(module shop.pricing \"Prices.\")\n(import shop.catalog)\n(import shop.tax (names rate Tax))");
    CHECK(tree("stable sold = Atom(0)\nvar size: Number = 1") ==
          "(stable sold (call Atom 0))\n(var size (type Number) 1)");
    CHECK(tree("def before_reload:\n    f\ndef after_reload = g\nonce:\n    h\ntest \"t\":\n    i") ==
          "(hook before_reload f)\n(hook after_reload g)\n(once - h)\n(test - \"t\" i)");
    CHECK(tree("@keep(3)\n@strict\nactor A") == "(actor A (annotation keep 3) (annotation strict))");
    CHECK(tree("@renamed(clicks: :count)\nactor A") ==
          "(actor A (annotation renamed (label clicks :count)))");
    CHECK(parse("t", "@strict\nmodule a").tree.module->annotations.size() == 1);
    CHECK(wrong("x = 1\nmodule a") == "module-not-first");
    CHECK(wrong("module a\nmodule b") == "module-twice");
    CHECK(wrong("stable x") == "let-needs-value");
    CHECK(wrong("def after_reload(x):\n    1") == "hook-has-parameters");
    CHECK(wrong("@keep(3)\n") == "annotation-alone");
    CHECK(wrong("class def f = 1") == "member-not-here");
}

TEST_CASE("the text of a member alone parses in the place it belongs to, indented or not") {
    CHECK(tree("def area = 1", ParseMode::ClassMembers) == "(class - (def area [] 1))");
    CHECK(tree("    # Doc.\n    def area:\n        1\n    field x = 2", ParseMode::ClassMembers) ==
          "(class - (field x (default 2)) (def area (doc \"Doc.\") [] 1))");
    CHECK(tree("on x():\n    1", ParseMode::ActorMembers) == "(actor - (on x [] 1))");
    CHECK(wrong("on x: 1", ParseMode::ClassMembers) == "member-not-here");
    CHECK(wrong("x + 1", ParseMode::ClassMembers) == "statement-not-here");
    CHECK(wrong("def a = (", ParseMode::ClassMembers) == "unclosed-bracket");
}

TEST_CASE("at a prompt an unfinished text asks for more lines, and a wrong one does not") {
    for (const char* text : {"if x:", "if x:\n    y", "f(1,", "let t = \"\"\"\nabc",
                             "xs.each do x:", "def f:\n", "class A:\n    field x\n", "[1,\n2",
                             "try:\n    a\n\n", "@keep(3)", "match x:", "match x:\n    case 1:", "\"a {f("}) {
        CAPTURE(text);
        bool one_line_text = std::string_view(text).starts_with("\"a");
        bool ended = std::string_view(text).ends_with("\n\n");
        CHECK(needs_more_lines(text) == (!one_line_text && !ended));
    }
    for (const char* text : {"1", "", "x = 1", "if x: y", "if x:\n    y\n\n", "f(1))", "let", "\"abc", "1 +"})
        CHECK_MESSAGE(!needs_more_lines(text), text);
}
