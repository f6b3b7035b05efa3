#include "ui/ide/highlight.h"
#include "ui/ide/layout.h"
#include "ui/ide/statement.h"
#include <doctest/doctest.h>

using namespace indent::ide;

namespace {

std::string at(const std::string& text, size_t position) {
    EditBuffer buffer;
    buffer.load(text);
    Range range = statement_at(buffer, position);
    return text.substr(range.begin, range.end - range.begin);
}

std::string with_result(const std::string& text, size_t end, const std::string& value) {
    EditBuffer buffer;
    buffer.load(text);
    Edit edit = result_edit(buffer, end, value);
    buffer.replace(edit.range, edit.with);
    return buffer.text();
}

std::string colours(std::string_view line, bool in_text = false) {
    static constexpr const char* letters = " kdcntyC>o";
    std::string all(line.size(), '?');
    for (const Stretch& stretch : highlight(line, in_text))
        for (size_t i = stretch.begin; i < stretch.end; i++) all[i] = letters[size_t(stretch.colour)];
    return all;
}

} // namespace

TEST_CASE("a statement is its line, its suite and what continues it") {
    const std::string text = "a = 1\nif a == 1:\n    print(a)\n\n    print(2)\nelse:\n    b\n\n# more\nxs\n  "
                             ".map(x)\nf(\n  1\n)\n";
    CHECK(at(text, 2) == "a = 1");
    CHECK(at(text, text.find("print(2)")) == text.substr(6, text.find("\n\n#") - 6));
    CHECK(at(text, text.find("else")) == text.substr(6, text.find("\n\n#") - 6));
    CHECK(at(text, text.find("xs")) == "xs\n  .map(x)");
    CHECK(at(text, text.find("1\n)")) == "f(\n  1\n)");
    CHECK(at(text, text.find("\n\n#") + 1) == ""); // a blank line is none
    CHECK(at("", 0) == "");
    CHECK(at("# a comment\nf", 3) == "");      // nor is a comment
    CHECK(at("f\n# → 1\n# → 2\ng", 8) == "f"); // a result belongs to what it came from
    CHECK(at("# → 1\n", 2) == "");
}

TEST_CASE("a result stands behind its line as a comment, and a new one takes its place") {
    CHECK(with_result("1 + 1\n2", 5, "2") == "1 + 1  # → 2\n2");
    CHECK(with_result("1 + 1  # → 2\n2", 5, "3") == "1 + 1  # → 3\n2");
    CHECK(with_result("f", 1, "a\nb") == "f\n# → a\n# → b");
    CHECK(with_result("f\n# → a\n# → b\ng", 1, "c") == "f  # → c\ng");
    const std::string lengthy(200, 'x');
    CHECK(with_result("f", 1, lengthy) == "f\n# → " + lengthy);
}

TEST_CASE("a line is coloured by what stands in it") {
    CHECK(colours("def f(x) = 12 # c") == "kkk do o o nn CCC");
    CHECK(colours("let a = \"x {b} y\"") == "kkk   o ttttttttt");
    CHECK(colours("f(by: 5, :tag)") == " oyyo no yyyyo");
    CHECK(colours("# → 42") == ">>>>>>>>");
    CHECK(colours("class Point:") == "kkkkk ccccco");
    CHECK(colours("x.class") == " o     ");
    bool in_text = false;
    highlight("x = \"\"\"begin", in_text);
    CHECK(in_text);
    CHECK(colours("if middle", true) == "ttttttttt");
    highlight("end\"\"\"", in_text);
    CHECK(!in_text);
    for (std::string odd : {"\"", "'", "\"{", "\"\\", ":", "\xff", "12.", "\"{\"}\"}\"", "\"\"\""}) {
        CAPTURE(odd);
        CHECK(colours(odd).find('?') == std::string::npos); // every byte has a colour
    }
}

TEST_CASE("a position stands before a result where nothing else follows on its line") {
    EditBuffer buffer;
    buffer.load("6 * 6  # \xE2\x86\x92 36\n7 # no\n8");
    CHECK(stands_before_result(buffer, 5));
    CHECK(stands_before_result(buffer, 6));
    CHECK(!stands_before_result(buffer, 3));
    CHECK(!stands_before_result(buffer, buffer.line(1).begin + 1));
    CHECK(!stands_before_result(buffer, buffer.text().size()));
}

TEST_CASE("a layout is the same after it was kept, and nonsense leaves what is usual") {
    Layout layout;
    layout.left = 0.25f;
    layout.dark = false;
    layout.module = "shop.pricing";
    layout.definition = "test it works";
    layout.width = 1000;
    CHECK(Layout::decode(layout.encode()) == layout);
    CHECK(Layout::decode("") == Layout());
    CHECK(Layout::decode("left wide\nzoom nan\nwidth -5\n\n\xff\xfe who\nleft") == [] {
        Layout usual;
        usual.width = 320; // clamped
        return usual;
    }());
    CHECK(Layout::decode("zoom 99").zoom == kMostZoom);
}
