// What the checker refuses and warns of, and what it lets through.
#include "vm/reload/checker.h"
#include "vm/reload/text_facts.h"
#include "vm/syntax/parser.h"
#include "vm/syntax/source.h"
#include <doctest/doctest.h>

using namespace indent;

namespace {

class NoNames : public KnownNames {
  public:
    std::optional<KnownName> find(std::string_view) const override { return std::nullopt; }
    void names(std::vector<std::string>&) const override {}
    bool module_in_sight(std::string_view) const override { return false; }
    std::optional<KnownName> find_in_module(std::string_view, std::string_view) const override {
        return std::nullopt;
    }
    void names_in_module(std::string_view, std::vector<std::string>&) const override {}
};

// A prelude and one other module, written in the language.
class TestNames : public KnownNames {
  public:
    TestNames()
        : prelude_tree_(syntax::parse("prelude", R"(
class Object:
    def to_text = ""
    def class = 0
    def perform(selector, *arguments) = 0
class Error:
    field message = ""
class ArgumentError extends Error
class Integer:
    def sqrt = 0
class List:
    def each(block) = 0
class Module:
    def path = ""
record Pair(first, second = nil)
trait Comparable:
    def max(other) = other
def print(*values) = nil
def sleep(duration) = nil
def log(text, level = 1) = nil
def actor(name) = nil
def read(path, block) = nil
)")),
          catalog_tree_(
              syntax::parse("catalog", "def search(text, limit = 10) = 1\nclass Item:\n    field name")),
          prelude_(prelude_tree_.tree, none_), catalog_(catalog_tree_.tree, none_) {}

    std::optional<KnownName> find(std::string_view name) const override {
        if (name == "workspace_variable") return KnownName{KnownName::Variable, {}, nullptr, {}};
        return prelude_.find(name);
    }
    void names(std::vector<std::string>& into) const override { prelude_.names(into); }
    bool module_in_sight(std::string_view path) const override { return path == "shop.catalog"; }
    std::optional<KnownName> find_in_module(std::string_view path, std::string_view name) const override {
        return path == "shop.catalog" ? catalog_.find(name) : std::nullopt;
    }
    void names_in_module(std::string_view path, std::vector<std::string>& into) const override {
        catalog_.names(into);
    }

  private:
    NoNames none_;
    syntax::ParseOutcome prelude_tree_, catalog_tree_;
    TextFacts prelude_, catalog_;
};

// All that is wrong, as it reads: `line: code: words (suggestion)`.
std::string wrong(std::string_view text, CheckOptions options = {}) {
    static const TestNames names;
    auto parsed = syntax::parse("t.ind", std::string(text));
    if (!parsed.ok()) return syntax::render(parsed);
    syntax::Source source("t.ind", *parsed.tree.source);
    std::string result;
    for (const auto& diagnostic : check(parsed.tree, names, options)) {
        if (!result.empty()) result += '\n';
        result += std::to_string(source.position(diagnostic.span.begin).line) + ": ";
        result += syntax::code_name(diagnostic.code);
        result += ": " + syntax::words(diagnostic);
        std::string help = syntax::suggestion(diagnostic);
        if (!help.empty()) result += " (" + help + ")";
    }
    return result;
}

// The codes alone.
std::string codes(std::string_view text, CheckOptions options = {}) {
    static const TestNames names;
    auto parsed = syntax::parse("t.ind", std::string(text));
    if (!parsed.ok()) return syntax::render(parsed);
    std::string result;
    for (const auto& diagnostic : check(parsed.tree, names, options)) {
        if (!result.empty()) result += ' ';
        result += syntax::code_name(diagnostic.code);
    }
    return result;
}

} // namespace

TEST_CASE("a name that nothing defines is refused, with the one that was most likely meant") {
    CHECK(wrong("let count = 1\nprint(cuont)") ==
          "2: undefined-name: nothing defines `cuont` (did you mean `count`?)");
    CHECK(wrong("let n = len(1)") == "1: undefined-name: nothing defines `len` (write `1.size`)");
    CHECK(wrong("let n = len(1 + 2)") == "1: undefined-name: nothing defines `len` (write `(1 + 2).size`)");
    CHECK(wrong("let n = sqrt(4)") ==
          "1: undefined-name: nothing defines `sqrt` (it is a message: `4.sqrt`)");
    CHECK(wrong("let n = each([1], n)").find("(it is a message: `[1].each(n)`)") != std::string::npos);
    CHECK(wrong("let n = null") == "1: undefined-name: nothing defines `null` (it is `nil` here)");
    CHECK(wrong("let n = None") ==
          "1: undefined-class: nothing defines a class, record or actor `None` (it is `nil` here)");
    CHECK(wrong("for i in range(10):\n    i") ==
          "1: undefined-name: nothing defines `range` (write `0..<10`)");
    CHECK(wrong("this.x") == "1: undefined-name: nothing defines `this` (it is `self` here)");
    CHECK(wrong("prnit(1)") == "1: undefined-name: nothing defines `prnit` (did you mean `print`?)");
    CHECK(wrong("Liist()") ==
          "1: undefined-class: nothing defines a class, record or actor `Liist` (did you mean `List`?)");
    CHECK(wrong("print(zzz)") == "1: undefined-name: nothing defines `zzz`");
    CHECK(wrong("class A:\n    field label = 1\n    def report = \"{lable}\"") ==
          "3: undefined-name: nothing defines `lable` (did you mean `label`?)");
    CHECK(wrong("class A:\n    def report = 1\n    def f = report") ==
          "3: undefined-name: nothing defines `report` (did you mean `self.report`?)");
    CHECK(codes("print(x)\nx = 1") == "undefined-name");
    CHECK(codes("if true:\n    let y = 1\nprint(y)") == "undefined-name");
}

TEST_CASE("names are found in suites, parameters, patterns, blocks, loops and defaults") {
    CHECK(codes("let (a, [b, *c]) = (1, [2])\nprint(a, b, c)") == "");
    CHECK(codes("for (k, v) in []:\n    print(k, v)") == "");
    CHECK(codes("def f(a, b = a, *c): print(a, b, c)") == "");
    CHECK(codes("let g = (x, (y, z)) -> print(x, y, z)") == "");
    CHECK(codes("match 1:\n    case n is Integer: print(n)\n    case [x, *r]: print(x, r)\n    case {a: q}: "
                "print(q)\n"
                "    case Pair(first: p) | Pair(p, _): print(p)") == "");
    CHECK(codes("try:\n    print(1)\ncatch e: Error:\n    print(e)") == "");
    CHECK(codes("x = 1\nif true:\n    x = 2\n    [1].each(y -> x + y)\nprint(x)") == "");
    CHECK(codes("def later = earlier()\ndef earlier = later") == "");
    CHECK(codes("let fact = n -> if n < 2 then 1 else n * fact(n - 1)\nprint(fact(3))") == "");
    CHECK(codes("module a.b\ndef f = 1\ndef g = a.b.f + b.f") == "");
}

TEST_CASE("assignment to a name that does not exist is refused where nothing declares it") {
    CHECK(codes("x = 1\nx += 1") == "");
    CHECK(
        wrong("def f:\n    x = 1") ==
        "2: assign-undefined: there is no variable `x` to assign to (to declare a local write `let x = …`)");
    CHECK(wrong("def f:\n    let count = 0\n    coutn = 1\n    count") ==
          "3: assign-undefined: there is no variable `coutn` to assign to (did you mean `count`?)");
    CHECK(codes("module m\nx = 1") == "assign-undefined");
    CHECK(codes("x += 1") == "assign-undefined");
    CHECK(codes("def f:\n    print = 1") == "assign-constant");
    CHECK(codes("record P(x):\n    def f:\n        x = 2") == "assign-constant");
    CHECK(codes("record P(x):\n    def init(y):\n        x = y + 1") == "");
    CHECK(codes("class A:\n    field n = 0\n    def f:\n        n = 1\n        (n, n) = (1, 2)") == "");
    CHECK(codes("test \"t\":\n    x = 1") == "assign-undefined");
}

TEST_CASE("functions do not see the locals of a script, and the error says to pass them") {
    CHECK(wrong("let total = 1\ndef f = total") ==
          "2: script-local-in-function: `total` is a local of the script's top level, which functions do not "
          "see "
          "(pass it as an argument, or make it a module value with `stable` or `var`)");
    CHECK(codes("def f = total\ntotal = 1") == "script-local-in-function");
    CHECK(codes("total = 1\ndef f:\n    total = 2") == "script-local-in-function");
    CHECK(codes("total = 1\nlet f = () -> total") == "");
    CHECK(codes("def f = workspace_variable") == "script-local-in-function");
    CHECK(codes("print(workspace_variable)") == "");
}

TEST_CASE("stable and var are assigned by the module's effects, once and hooks alone") {
    CHECK(codes("stable n = 0\nn = 1\nonce:\n    n = 2\ndef after_reload:\n    n = 3") == "");
    CHECK(wrong("stable n = 0\ndef f:\n    n = 1")
              .find("3: module-value-assigned: `n` is a `stable` of the module") == 0);
    CHECK(codes("var n = 0\nactor A:\n    on f:\n        n += 1") == "module-value-assigned");
}

TEST_CASE("arguments of known functions are counted and their labels known") {
    CHECK(codes("print()\nprint(1, 2, 3)\nlog(\"a\")\nlog(\"a\", level: 2)\nlog(level: 2, text: \"\")") ==
          "");
    CHECK(wrong("log(1, 2, 3)") == "1: too-many-arguments: `log` takes 1 to 2 arguments, but 3 are given (it "
                                   "is `log(text, level = …)`)");
    CHECK(wrong("log()") == "1: too-few-arguments: `log` is missing `text` (write `log(text, level = …)`; "
                            "the function itself is `&log`)");
    CHECK(wrong("sleep") == "1: too-few-arguments: `sleep` is missing `duration` (write `sleep(duration)`; "
                            "the function itself is `&sleep`)");
    CHECK(wrong("log(txt: 1)") == "1: unknown-label: `log` has no parameter `txt` (did you mean `text`?)");
    CHECK(codes("log(1, text: 2)") == "argument-twice");
    CHECK(codes("log(text: 2, text: 1)") == "label-twice");
    CHECK(codes("read(\"p\") do line: print(line)") == "");
    CHECK(codes("read() do line: print(line)") == "too-few-arguments");
    CHECK(codes("read(1, 2) do line: print(line)") == "too-many-arguments");
    CHECK(codes("log(*[1, 2, 3])") == "");
    CHECK(codes("let log = x -> x\nlog(1, 2, 3)") == "");
    CHECK(codes("def f(a, *r, b) = a\nf(1, 2, 3, b: 4)\nf(1, 2)") == "too-few-arguments");
}

TEST_CASE("constructors take their fields, inherited ones first, or what init says") {
    CHECK(codes("class A:\n    field x\n    field y = 1\nclass B extends A:\n    field z\nB(1, 2, 3)\nB(x: "
                "1, z: 2)") == "");
    CHECK(codes("class A:\n    field x\nA()") == "too-few-arguments");
    CHECK(codes("class A:\n    field x\nA(1, 2)") == "too-many-arguments");
    CHECK(codes("class A:\n    field x\nA(y: 1)") == "unknown-label");
    CHECK(codes("class A:\n    field x\n    def init(a, b):\n        x = a + b\nA(1, 2)\nclass C extends "
                "A\nC(1)") == "too-few-arguments");
    CHECK(codes("record P(x, y = 0)\nP(1)\nP(1, 2, 3)") == "too-many-arguments");
    CHECK(codes("raise ArgumentError(\"no\")\nArgumentError()") == "");
    CHECK(codes("actor C:\n    state n\nspawn C(n: 1)\nspawn C()") == "too-few-arguments");
    CHECK(
        codes("class A extends Error:\n    field message = \"x\"\n    field more\nA(\"m\", 1)\nA(more: 2)") ==
        "");
}

TEST_CASE("self.x that nobody defines is refused") {
    CHECK(wrong("class A:\n    def area = 1\n    def f = self.aera") ==
          "3: undefined-self: `A` defines no `aera` (did you mean `area`?)");
    CHECK(codes("class A:\n    field x\n    def f = self.x + self.f + self.to_text") == "");
    CHECK(codes("class A:\n    def f = self.hook\nclass B extends A:\n    def hook = 1") == "");
    CHECK(codes("class A:\n    def not_understood(m) = 1\n    def f = self.anything") == "");
    CHECK(codes("trait T:\n    def f = self.anything") == "");
    CHECK(codes("class A with Comparable:\n    def f = self.max(1)") == "");
    CHECK(codes("extend Integer:\n    def f = self.sqrt\n    def g = self.sqrtt") == "undefined-self");
    CHECK(codes("class A:\n    class def make = self.other\n    class def other = A()") == "");
    CHECK(codes("class A:\n    class def make = self.missing") == "undefined-self");
    CHECK(codes("actor A:\n    on tick: send self.tick() every 5\n    on f: send self.tock()") ==
          "message-missing");
}

TEST_CASE("modules are named by their path, and what they lack is said") {
    CHECK(codes("shop.catalog.search(\"x\")\nshop.catalog.Item(name: 1)") == "");
    CHECK(wrong("shop.catalog.serach(1)") ==
          "1: undefined-in-module: the module `shop.catalog` defines no `serach` (did you mean `search`?)");
    CHECK(codes("shop.catalog.search()") == "too-few-arguments");
    CHECK(codes("shop.catalog.path") == "");
    CHECK(codes("shop.other.search(1)") == "undefined-name");
    CHECK(codes("let f = &shop.catalog.search\nlet g = &print\nlet h = &Integer.sqrt") == "");
    CHECK(codes("let f = &shop.catalog.nothing\nlet g = &prnt") == "undefined-in-module undefined-name");
}

TEST_CASE("a local that hides a field is a warning") {
    CHECK(wrong("class A:\n    field x = 1\n    def f(x) = x") ==
          "3: field-hidden: this `x` hides the field `x` (choose another name)");
    CHECK(codes("class A:\n    field x = 1\nclass B extends A:\n    def f:\n        let x = 2\n        x") ==
          "field-hidden");
    CHECK(codes("class A:\n    field x = 1\n    class def f(x) = x") == "");
}

TEST_CASE("code that is never reached is a warning, once a suite") {
    CHECK(wrong("def f:\n    return 1\n    print(2)\n    print(3)") ==
          "3: unreachable: this is never reached: the `return` above it leaves (take it away)");
    CHECK(codes("def f(x):\n    if x: return 1\n    else: return 2\n    print(3)") == "unreachable");
    CHECK(codes("def f(x):\n    if x: return 1\n    print(3)") == "");
    CHECK(codes("while true:\n    break\n    print(1)") == "unreachable");
}

TEST_CASE("definitions, fields and parameters stand once") {
    CHECK(codes("def f = 1\ndef f = 2") == "duplicate-definition");
    CHECK(codes("def f = 1\nclass A:\n    def f = 1\n    class def f = 2") == "");
    CHECK(codes("class A:\n    def f = 1\n    def f = 2") == "duplicate-definition");
    CHECK(codes("class A:\n    field x\n    field x") == "duplicate-field");
    CHECK(codes("def f(a, a) = 1") == "duplicate-parameter");
    CHECK(codes("actor A:\n    on f: 1\n    def f = 2") == "on-and-def");
    CHECK(codes("class A:\n    field x = 1\n    def x = 2") == "");
}

TEST_CASE("break and continue want a loop of the same block, return a function") {
    CHECK(codes("for x in [1]:\n    if x: break\n    continue") == "");
    CHECK(codes("break") == "break-outside-loop");
    CHECK(codes("for x in [1]:\n    [1].each do y:\n        break") == "break-outside-loop");
    CHECK(codes("continue") == "continue-outside-loop");
    CHECK(codes("return 1") == "return-outside-function");
    CHECK(codes("def f:\n    [1].each(x -> return x)") == "");
    CHECK(codes("let f = x -> return x") == "return-outside-function");
}

TEST_CASE("classes, traits and errors are named where they are wanted") {
    CHECK(codes("class A extends Nothing") == "undefined-class");
    CHECK(codes("class A extends print") == "not-a-class");
    CHECK(codes("class A with Integer") == "not-a-class");
    CHECK(codes("class A extends A") == "inherits-itself");
    CHECK(codes("class A extends B\nclass B extends A") == "inherits-itself");
    CHECK(codes("try: print(1)\ncatch e: Missing: print(e)") == "undefined-class");
    CHECK(codes("def f(x: Integer) -> Intger = x") == "undefined-class");
    CHECK(codes("match 1:\n    case Pair(third: x): print(x)") == "no-such-field");
    CHECK(codes("match 1:\n    case Pair(a, b, c): print(a)") == "too-many-arguments");
    CHECK(codes("super.f") == "super-outside-class");
    CHECK(codes("match 1:\n    case (a, 1) | (1, a): print(a)") == "");
    CHECK(codes("match 1:\n    case [(a, b), _] | [_, (b, a)] | {a: a, b: b}: print(a, b)") == "");
    CHECK(codes("match 1:\n    case (a, 1) | 1: print(a)") == "alternatives-differ");
    CHECK(codes("match 1:\n    case 1 | (1, a): print(1)") == "alternatives-differ");
    CHECK(codes("match 1:\n    case [(a, 1) | (1, a), b] | [b, a is Integer]: print(a, b)") == "");
}

TEST_CASE("what is allowed but hardly meant is a warning") {
    CHECK(codes("let x = 1\nprint(x is Integer)") == "is-with-class");
    CHECK(codes("let x = 1\nprint(x.class is Integer)") == "");
    CHECK(codes("if 1: print(1)") == "condition-never-boolean");
    CHECK(codes("match 1:\n    case _: 1\n    case 2: 2") == "match-case-unreachable");
    CHECK(codes("actor A:\n    state n = 0\n    on f(other):\n        send other.go(() -> n)") ==
          "block-cannot-be-sent");
    CHECK(codes("def f(a):\n    let n = 0\n    send a.go(() -> n += 1)") == "block-cannot-be-sent");
    CHECK(codes("def f(a): send a.go(x -> return x)") == "block-cannot-be-sent");
    CHECK(codes("def f(a):\n    let n = 0\n    send a.go(x -> x + n)") == "");
}

TEST_CASE("members alone are checked with the class that they are for") {
    static const TestNames names;
    auto whole = syntax::parse("c", "class Counter:\n    field count = 0\n    def step = 1");
    TextFacts facts(whole.tree, names);
    CheckOptions options;
    options.members_of = facts.find("Counter")->cls;
    auto members = [&](std::string text) {
        auto parsed = syntax::parse("t.ind", std::move(text), syntax::ParseMode::ClassMembers);
        std::string result;
        for (const auto& diagnostic : check(parsed.tree, names, options)) {
            if (!result.empty()) result += ' ';
            result += syntax::code_name(diagnostic.code);
        }
        return result;
    };
    CHECK(members("def increment:\n    count += self.step") == "");
    CHECK(members("def increment:\n    cuont += 1") == "assign-undefined");
    CHECK(members("def increment = self.stpe") == "undefined-self");
    CHECK(members("def a = self.b\ndef b = 1") == "");
}

TEST_CASE("all that is wrong comes in one pass, by place") {
    CHECK(
        wrong("def f:\n    x = 1\n    prnt(2)\nclass A:\n    def g = self.h\nlog()") ==
        "2: assign-undefined: there is no variable `x` to assign to (to declare a local write `let x = …`)\n"
        "3: undefined-name: nothing defines `prnt` (did you mean `print`?)\n"
        "5: undefined-self: `A` defines no `h`\n"
        "6: too-few-arguments: `log` is missing `text` (write `log(text, level = …)`; the function itself is "
        "`&log`)");
}
