// What is printed means what was parsed: for all forms by hand, for programs, and for many random expressions.
#include "vm/syntax/dump.h"
#include "vm/syntax/highlight.h"
#include "vm/syntax/parser.h"
#include "vm/syntax/printer.h"
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

using namespace indent::syntax;

namespace {

// Parses, prints, parses again; empty if both trees are the same and printing is stable.
std::string round_trip(const std::string& text) {
    auto first = parse("a.ind", text);
    if (!first.ok()) return render(first);
    std::string printed = print(first.tree);
    auto second = parse("printed.ind", printed);
    if (!second.ok()) return printed + render(second);
    if (dump(first.tree) != dump(second.tree)) return printed + dump(first.tree) + dump(second.tree);
    if (print(second.tree) != printed) return "not stable:\n" + printed + print(second.tree);
    return "";
}

std::string printed(const std::string& text) {
    return print(parse("a.ind", text).tree);
}

// Random expressions with random, often needless parentheses.
class Random {
  public:
    explicit Random(unsigned seed) : engine_(seed) {}

    std::string expression(int depth) {
        if (depth <= 0) return leaf();
        switch (below(22)) {
        case 0:
            return wrap(expression(depth - 1)) + pick({" + ", " - ", "-", " * ", "/", " // ", " % "}) +
                   wrap(expression(depth - 1));
        case 1: return wrap(expression(depth - 1)) + " ** " + wrap(expression(depth - 1));
        case 2:
            return wrap(expression(depth - 1)) +
                   pick({" == ", " != ", " < ", " >= ", " is ", " is not ", " in ", " not in "}) +
                   wrap(expression(depth - 1));
        case 3: return wrap(expression(depth - 1)) + pick({" and ", " or "}) + wrap(expression(depth - 1));
        case 4: return wrap(expression(depth - 1)) + pick({"..", "..<"}) + wrap(expression(depth - 1));
        case 5: return pick({"-", "- "}) + wrap(expression(depth - 1));
        case 6: return "not " + wrap(expression(depth - 1));
        case 7:
            return "(if " + expression(depth - 1) + " then " + expression(depth - 1) + " else " +
                   expression(depth - 1) + ")";
        case 8:
            return "(" + pick({"x", "(x, y)", "()", "_", "(a, *r)", "((k, v), i = 2)"}) + " -> " +
                   expression(depth - 1) + ")";
        case 9: return wrap(expression(depth - 1)) + ".foo";
        case 10:
            return wrap(expression(depth - 1)) + ".at(" + expression(depth - 1) +
                   ", by: " + expression(depth - 1) + ")";
        case 11: return wrap(expression(depth - 1)) + "[" + expression(depth - 1) + "]";
        case 12: return wrap(expression(depth - 1)) + "(" + expression(depth - 1) + ")";
        case 13: return "[" + expression(depth - 1) + ", *" + expression(depth - 1) + "]";
        case 14: return "(" + expression(depth - 1) + ", " + expression(depth - 1) + ")";
        case 15: return "{a: " + expression(depth - 1) + ", (" + expression(depth - 1) + "): 1}";
        case 16: return "\"t {" + expression(depth - 1) + "} \\n {" + expression(depth - 1) + "}\"";
        case 17: return "(ask a.b(" + expression(depth - 1) + ") within " + wrap(expression(depth - 1)) + ")";
        case 18: return "(send " + wrap(leaf()) + ".go(" + expression(depth - 1) + "))";
        case 19: return "(raise " + expression(depth - 1) + ")";
        case 20: return "f(" + expression(depth - 1) + ", k: " + expression(depth - 1) + ")";
        default: return "(spawn C(" + expression(depth - 1) + ") as :n)";
        }
    }

  private:
    unsigned below(unsigned n) { return static_cast<unsigned>(engine_() % n); }
    std::string pick(std::initializer_list<const char*> all) {
        return all.begin()[below(static_cast<unsigned>(all.size()))];
    }
    std::string wrap(std::string text) { return below(4) == 0 ? text : "(" + text + ")"; }
    std::string leaf() {
        return pick({"x",   "test", "ask", "1",  "-2", "2.5", "-0.5", "0xff",  ":s",      "\"t\"",
                     "nil", "self", "[]",  "{}", "()", "&f",  "&A.+", "Point", "super.x", "1e30"});
    }
    std::mt19937 engine_;
};

} // namespace

TEST_CASE("the canonical text has the parentheses that it needs and no others") {
    CHECK(printed("x=(((1+2)))*3") == "x = (1 + 2) * 3\n");
    CHECK(printed("x = (1*2)+3") == "x = 1 * 2 + 3\n");
    CHECK(printed("x = (a.b).c") == "x = a.b.c\n");
    CHECK(printed("(-2) ** 2") == "(-2) ** 2\n");
    CHECK(printed("-2 ** 2") == "- 2 ** 2\n");
    CHECK(printed("(a ** b) ** c") == "(a ** b) ** c\n");
    CHECK(printed("a - (b - c)") == "a - (b - c)\n");
    CHECK(printed("(f)(1)") == "(f)(1)\n");
    CHECK(printed("(not a) == b") == "(not a) == b\n");
    CHECK(printed("if x: y\nelse: z") == "if x:\n    y\nelse:\n    z\n");
    CHECK(printed("a.b do x: x\n") == "a.b do x:\n    x\n");
    CHECK(printed("a\n  .b do x:\n    x\n  .c") == "a.b do x:\n    x\n.c\n");
    CHECK(printed("{\"a\": 1, b: 2}") == "{\"a\": 1, b: 2}\n");
    CHECK(printed("100.0 + 1e21") == "100.0 + 1e+21\n");
}

TEST_CASE("definitions print with their comments, annotations and blank lines") {
    std::string text = "# A point.\n"
                       "record Point(x, y = 0) with Comparable:\n"
                       "    # Its length.\n"
                       "    def length -> Number:\n"
                       "        let sum = x * x + y * y\n"
                       "        sum.sqrt\n"
                       "\n"
                       "    def +(other) = Point(x + other.x, y + other.y)\n"
                       "    def negated = Point(-x, -y)\n"
                       "\n"
                       "@keep(3)\n"
                       "actor Counter:\n"
                       "    state_version 2\n"
                       "    state count: Integer = 0\n"
                       "\n"
                       "    on increment(by = 1):\n"
                       "        count += by\n"
                       "\n"
                       "test \"a test\":\n"
                       "    expect 1 == 1\n";
    CHECK(printed(text) == text);
}

TEST_CASE("every form comes back the same") {
    for (const char* text : {"let f = do x:\n    x\n.call(1)",
                             "a = b do:\n    c\n.d[1](2) do e: f",
                             "x = y or raise E(\"a\")",
                             "1 + ask a.b do:\n    c\n",
                             "(expect(x)).foo",
                             "(test) + 1",
                             "(def) = 3",
                             "expect (a)(b)",
                             "watch spawn X() as :a",
                             "(ask)(ask)",
                             "send (ask a.b).c() after (ask d.e within 1) every 2",
                             "match x:\n    case (1 | 2) | 3: 4\n    case _ is foo: 5\n    case {(1..2): a, "
                             "-1: b}: 6\n    case (a,): 7",
                             "try: a\ncatch X: b\ncatch: c\ncatch e: d\ncatch e: X: f\nfinally: g",
                             "f(x -> expect_error)",
                             "f(x -> y = 3, (a, b) -> (c, d) = a)",
                             "() -> expect_error X do:\n    1\n",
                             "if (x -> y)(1): z",
                             "x = -(-2)",
                             "x = - - y",
                             "x = --2",
                             "x = -(2.abs)",
                             "x = 2 ** -(1)",
                             "\"{\"a\"}{1}{'b'}{\"{c}\"}\"",
                             "(a,)",
                             "(x -> x).call",
                             "@a(1)\n@b\ndef f(x: A.B = 1, *y) -> C = let z = 1",
                             "import a.b ()",
                             "# a\n#\n#  b\ndef f = 1",
                             "import a . b (c, d)",
                             "child = strategy(once)",
                             "class A:\n    pass\nsupervisor S\nsupervisor T:\n    child A() as x.y",
                             "let t = \"\"\"\n    a {b}\n      c\\{\n    \"\"\"",
                             "xs[1, 2] += 3",
                             "&a.b.<= ",
                             "(&a.b).c",
                             "(&a)(1)",
                             "a.b do:\n    c\n.d do:\n    e",
                             "x = not (a and b) in c",
                             "x = (a in b) in c",
                             "x = (1..2)..3",
                             "do x, (y, z), *w:\n    1\n",
                             "let (a, [b, *c], {d: e}) = f",
                             "(a or b) and c",
                             "x = if (if a then b else c) then d else e"})
        CHECK_MESSAGE(round_trip(text) == "", text);
}

TEST_CASE("random expressions come back the same") {
    for (unsigned seed = 1; seed <= 4000; ++seed) {
        std::string text = Random(seed).expression(static_cast<int>(1 + seed % 4));
        auto outcome = parse("a.ind", text);
        if (!outcome.ok()) continue; // a chain of comparisons and the like
        std::string difference = round_trip(text);
        CHECK_MESSAGE(difference == "", text);
        if (!difference.empty()) break;
    }
}

TEST_CASE("the programs of the project parse without diagnostics and come back the same") {
    namespace fs = std::filesystem;
    int programs = 0;
    for (const char* folder : {"stdlib", "tests"}) {
        fs::path root = fs::path(INDENT_SOURCE_FOLDER) / folder;
        for (const auto& entry : fs::recursive_directory_iterator(root)) {
            if (entry.path().extension() != ".ind" || entry.path().string().find("fuzz") != std::string::npos)
                continue;
            if (entry.path().string().find("errors") != std::string::npos)
                continue; // programs that are wrong on purpose
            std::ifstream in(entry.path(), std::ios::binary);
            std::stringstream text;
            text << in.rdbuf();
            CHECK_MESSAGE(round_trip(text.str()) == "", entry.path().string());
            ++programs;
        }
    }
    CHECK(programs > 5);
}

TEST_CASE("highlighting tells words that act as words from names") {
    auto kinds = [](std::string_view text) {
        std::string result;
        for (const Highlight& piece : highlight(text))
            result += "WNCDSLsnTcoAE"[static_cast<size_t>(piece.kind)];
        return result;
    };
    CHECK(kinds("def area(x) = self.x # c") == "WDNoWoSc");
    CHECK(kinds("state = Point(x: :a, y: 2)") == "NoCLosoLon");
    CHECK(kinds("state count = 0") == "WDon");
    CHECK(kinds("x.class.if") == "NoSoS");
    CHECK(kinds("\"a {b} c\" €") == "TNTE");
    CHECK(kinds("@keep(3)") == "AAn");
    CHECK(kinds("ask a.b within 2") == "WNoSWn");
}
