// How mistakes read: place, source line, caret, suggestion. Many in one pass.
#include "vm/syntax/did_you_mean.h"
#include "vm/syntax/parser.h"
#include "vm/syntax/source.h"
#include <cctype>
#include <doctest/doctest.h>
#include <fstream>
#include <set>

using namespace indent::syntax;

namespace {

std::string errors(std::string_view text) {
    return render(parse("a.ind", std::string(text)));
}

} // namespace

TEST_CASE("an error shows its line, a caret under the place, and what to do") {
    CHECK(errors("let total = 1\nif total = 3:\n    print(total)\n") ==
          "a.ind:2:10: error: `=` assigns, and cannot stand in an expression\n"
          "    if total = 3:\n"
          "             ^\n"
          "suggestion: to compare, write `==`\n");
    CHECK(errors("print(1, (2 + 3)\n") == "a.ind:1:6: error: this `(` is never closed\n"
                                          "    print(1, (2 + 3)\n"
                                          "         ^\n"
                                          "suggestion: close it with `)`\n");
    CHECK(errors("x = a < b < c") == "a.ind:1:11: error: comparisons do not chain\n"
                                     "    x = a < b < c\n"
                                     "              ^\n"
                                     "suggestion: write `a < b and b < …`\n");
    CHECK(errors("if x:\n\ty = 1\n") == "a.ind:2:1: error: there is a tab in the indentation\n"
                                        "    \ty = 1\n"
                                        "    ^\n"
                                        "suggestion: indent with spaces, four for each level\n");
    CHECK(errors("for k, v in m: pass") == "a.ind:1:5: error: a tuple stands in parentheses\n"
                                           "    for k, v in m: pass\n"
                                           "        ^^^^\n"
                                           "suggestion: write `for (k, v) …`\n");
    CHECK(errors("x = 1 +\ny = 2") == "a.ind:1:8: error: the expression stops at the end of the line\n"
                                      "    x = 1 +\n"
                                      "           ^\n"
                                      "suggestion: put it in brackets: a line goes on while one is open, or "
                                      "when the next begins with `.name`\n");
    CHECK(errors("xs.each(do x: x)") ==
          "a.ind:1:9: error: a `do` suite cannot stand inside brackets\n"
          "    xs.each(do x: x)\n"
          "            ^^\n"
          "suggestion: name the block first (`let work = do x:` …) and pass `work`, or write `x -> …`\n");
}

TEST_CASE("zero bytes and control characters are errors wherever they stand") {
    for (std::string text : {std::string("print(\"a\0b\")", 12), std::string("# a\0", 4),
                             std::string("f\x07 = 1"), std::string("let a = \"\x1B[0m\"")}) {
        auto parsed = parse("a.ind", text);
        CAPTURE(text);
        REQUIRE(parsed.diagnostics.size() == 1);
        CHECK(parsed.diagnostics[0].code == Code::UnexpectedCharacter);
    }
    CHECK(parse("a.ind", "let a = \"tab\tend\"\r\n").diagnostics.empty());
}

TEST_CASE("the caret stays in place after tabs and wide characters") {
    CHECK(errors("a\t= 漢字 é 1") == "a.ind:1:8: error: expected the end of the line, but found `é`\n"
                                     "    a\t= 漢字 é 1\n"
                                     "     \t       ^\n");
    std::string e_combining = "x = \"e\xCC\x81\" \"b\"";
    CHECK(errors(e_combining) == "a.ind:1:10: error: expected the end of the line, but found a text\n"
                                 "    x = \"e\xCC\x81\" \"b\"\n"
                                 "            ^^^\n");
}

TEST_CASE("a very long line is cut around the place") {
    std::string report = errors("x = " + std::string(5000, 'a') + " )");
    CHECK(report.size() < 500);
    CHECK(report.find("a.ind:1:5006: error: this `)` closes nothing") == 0);
}

TEST_CASE("many errors are found in one pass, and each line after one is read again") {
    auto outcome = parse("a.ind", "let\n"
                                  "f(1, 2\n"
                                  "def g(x:\n"
                                  "    return x +\n"
                                  "class Box:\n"
                                  "    field 3\n"
                                  "    def ok = 1\n"
                                  "    def bad = = 2\n"
                                  "if ok then 1\n"
                                  "while x\n"
                                  "    y = )\n"
                                  "print(\"done)\n");
    std::set<uint32_t> lines;
    Source source("a.ind", *outcome.tree.source);
    for (const Diagnostic& diagnostic : outcome.diagnostics)
        lines.insert(source.position(diagnostic.span.begin).line);
    std::set<uint32_t> expected = {1, 2, 3, 6, 8, 9, 10, 11, 12};
    CHECK_MESSAGE(lines == expected, render(outcome));
    CHECK(outcome.diagnostics.size() <= 12);
}

TEST_CASE("an error inside a branch leaves the other branches where they are") {
    CHECK(errors("if a:\n    b = = 1\nelse:\n    c\n").find("`else`") == std::string::npos);
    CHECK(errors("if a b:\n    c\nelse:\n    d\n").find("`else`") == std::string::npos);
    CHECK(errors("try:\n    a b\ncatch e:\n    c d\nfinally:\n    e\n").find("does not follow") ==
          std::string::npos);
}

TEST_CASE("no more than a hundred errors are shown, and the rest is owned up to") {
    std::string text;
    for (int i = 0; i < 5000; ++i) text += "let = 1\n";
    auto outcome = parse("a.ind", text);
    CHECK(outcome.diagnostics.size() == 101);
    CHECK(outcome.diagnostics.back().code == Code::TooManyErrors);
}

TEST_CASE("every code has a name of its own, words and an anchor") {
    std::set<std::string_view> names;
    for (size_t i = 0; i < static_cast<size_t>(Code::Count_); ++i) {
        auto diagnostic = make_diagnostic(static_cast<Code>(i), {}, {"A", "B", "C", "D"});
        CHECK(names.insert(code_name(diagnostic.code)).second);
        CHECK(!words(diagnostic).empty());
        CHECK(!guide_anchor(diagnostic.code).empty());
    }
}

TEST_CASE("a suggestion whose argument is empty is left out") {
    CHECK(suggestion(make_diagnostic(Code::UndefinedName, {}, {"cuont", "did you mean `count`?"})) ==
          "did you mean `count`?");
    CHECK(suggestion(make_diagnostic(Code::UndefinedName, {}, {"cuont", ""})) == "");
    CHECK(suggestion(make_diagnostic(Code::UndefinedName, {}, {"cuont"})) == "");
}

TEST_CASE("did you mean: near names are suggested, far ones are not") {
    std::string_view names[] = {"count", "counter", "label", "report", "Counter", "x"};
    CHECK(nearest("cuont", names) == "count");
    CHECK(nearest("lable", names) == "label");
    CHECK(nearest("reprot", names) == "report");
    CHECK(nearest("zebra", names) == "");
    CHECK(nearest("y", names) == "");
    CHECK(nearest("COUNT", names) == "count");
    CHECK(nearest("counterz", names) == "counter");
    std::string_view short_names[] = {"Map",   "size",      "reject",       "last",
                                      "class", "FileError", "starts_with?", "end"};
    CHECK(nearest("max", short_names) == ""); // another letter makes another word
    CHECK(nearest("slice", short_names) == "");
    CHECK(nearest("detect", short_names) == "");
    CHECK(nearest("ljust", short_names) == "");
    CHECK(nearest("chars", short_names) == "");
    CHECK(nearest("ValueError", short_names) == "");
    CHECK(nearest("startsWith", short_names) == "starts_with?");
    CHECK(nearest("edn", short_names) == "end");
    CHECK(edit_distance("abc", "acb", 3) == 1);
    CHECK(edit_distance("abc", "", 5) == 3);
    CHECK(edit_distance("kitten", "sitting", 5) == 3);
    CHECK(edit_distance("kitten", "sitting", 2) == 3);
}

namespace {

// The suggestion of the first error.
std::string advice(std::string_view text) {
    auto outcome = parse("a.ind", std::string(text));
    REQUIRE_MESSAGE(!outcome.diagnostics.empty(), text);
    return suggestion(outcome.diagnostics.front());
}

} // namespace

TEST_CASE("what other languages write gets the words of this one") {
    struct {
        const char* text;
        const char* advice;
    } rows[] = {
        {"print \"hi\"", "arguments stand in parentheses: `print(\"hi\")`"},
        {"log.write x, 1", "arguments stand in parentheses: `log.write(x, 1)`"},
        {"let x = 1 if c else 2", "a conditional expression is `if c then a else b`"},
        {"f(1 if c else 2)", "a conditional expression is `if c then a else b`"},
        {"[x * 2 for x in xs]", "write `xs.map(x -> x * 2)`"},
        {"[x for x in xs if x > 1]", "write `xs.select(x -> x > 1)`"},
        {"[x + y for x in a + b if f(x)]", "write `(a + b).select(x -> f(x)).map(x -> x + y)`"},
        {"try:\n    a\nexcept e:\n    b", "write `catch e:`, or `catch e: ErrorClass:`"},
        {"try:\n    a\nexcept:\n    b", "write `catch e:`, or `catch e: ErrorClass:`"},
        {"try:\n    a\ncatch Lost as error:\n    b", "write `catch error: Lost:`"},
        {"f\"{x}\"", "a text needs no `f` before it: it takes expressions in braces by itself"},
        {"class A:\n    def __init__(self, x):\n        1",
         "leave it out, and name the method `init`: `def init(…)`"},
        {"class A:\n    def add(self, x):\n        1", "leave it out: `self` is there by itself"},
        {"function f(x):\n    x", "a function is defined by `def name(x) = …` or `def name(x):`"},
        {"const x = 1", "write `let name = value`"},
        {"import tax from shop", "write `import shop (tax)`"},
        {"from shop import tax", "write `import module (name, other)`"},
        {"xs[1:2]", "a part of a list or text is `xs[1..<3]`, `xs.take(n)` or `xs.drop(n)`"},
        {"xs[1..]", "a range has two ends; the rest from there on is `xs.drop(n)`"},
        {"let f = lambda x: x", "a block is written `x -> …`"},
        {"xs.each { |x| x }", "a block is written `x -> …`, or `do x:` with a suite behind the call"},
        {"let x = new List()", "leave it out: `Class(…)` makes an object"},
        {"with open(f) as g:\n    1", "write `File.open(path) do file:`, which closes it"},
        {"let css = \"body { let x = 1; }\"",
         "`{` begins an expression in a text; a brace itself is written `\\{`"},
        {"print(\"{1.5:.2}\")", "for two digits write `{x.format(2)}`"},
        {"x := 1", "write `let name = value`, and `name = value` to change it"},
        {"if x then\n    1", "a suite is opened by `:`; `then` is for `if c then a else b`"},
        {"def f(x) {\n    x\n}", "a suite has no braces: end the line with `:` and indent what follows"},
        {"if a:\n    1\nelse if b:\n    2", "write `elif condition:`"},
        {"x++", "write `+= 1` to add one"},
        {"a && b", "write `and`"},
        {"\"{x:.2f}\"", "for two digits write `{x.format(2)}`"},
    };
    for (const auto& row : rows) CHECK_MESSAGE(advice(row.text) == row.advice, row.text);
}

TEST_CASE("advice about a comprehension looks no further than its brackets, and stays short") {
    CHECK(advice("[for x in xs]") != "");
    CHECK(advice("[a for x in]").find("write `xs.map(x -> …)`") == 0);
    CHECK(advice("[(a for x in xs)]").find("write `xs.map(x -> …)`") == 0);
    std::string text = "[x for x in " + std::string(200, 'a') + "]";
    CHECK(advice(text).find("write `xs.map(x -> …)`") == 0);
    CHECK(advice("f(x for") != "");
}

TEST_CASE("every diagnostic is explained under a heading of the guide") {
    std::ifstream page(INDENT_SOURCE_FOLDER "/stdlib/guide/language.md");
    std::set<std::string> headings;
    for (std::string line; std::getline(page, line);) {
        if (!line.starts_with("## ")) continue;
        std::string heading = line.substr(3);
        for (char& c : heading)
            c = c == ' ' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        headings.insert(heading);
    }
    REQUIRE(headings.size() > 20);
    for (size_t i = 0; i < static_cast<size_t>(Code::Count_); ++i) {
        std::string anchor(guide_anchor(static_cast<Code>(i)));
        CHECK_MESSAGE(headings.count(anchor) == 1, anchor);
    }
}
