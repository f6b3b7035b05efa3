#include "ui/ide/edit_buffer.h"
#include <doctest/doctest.h>
#include <random>

using indent::ide::EditBuffer;
using Step = EditBuffer::Step;

TEST_CASE("what is typed stands in the text, and a new line keeps the indentation") {
    EditBuffer buffer;
    buffer.type("class A:");
    buffer.new_line();
    buffer.type("def x:");
    buffer.new_line();
    buffer.type("1");
    buffer.new_line();
    buffer.backspace(false);
    buffer.type("2");
    CHECK(buffer.text() == "class A:\n    def x:\n        1\n    2");
    buffer.type("\r\n\ta\x01");
    CHECK(buffer.text() == "class A:\n    def x:\n        1\n    2\n    a");
}

TEST_CASE("typing is undone by words, other changes one by one") {
    EditBuffer buffer;
    for (char c : std::string("one two")) buffer.type(std::string(1, c));
    buffer.undo();
    CHECK(buffer.text() == "one ");
    buffer.undo();
    CHECK(buffer.text() == "one");
    buffer.undo();
    CHECK(buffer.text() == "");
    CHECK(!buffer.can_undo());
    buffer.redo();
    buffer.redo();
    buffer.redo();
    CHECK(buffer.text() == "one two");
    CHECK(!buffer.can_redo());
    buffer.undo();
    buffer.type("x");
    CHECK(!buffer.can_redo());
}

TEST_CASE("the cursor goes by characters, words and lines") {
    EditBuffer buffer;
    buffer.load("αβ γ\n\nlonger line\n");
    buffer.move(Step::Right, false);
    CHECK(buffer.cursor() == 2);
    buffer.move(Step::WordRight, false);
    CHECK(buffer.cursor() == 4);
    buffer.move(Step::LineEnd, false);
    CHECK(buffer.column_of(buffer.cursor()) == 4);
    buffer.move(Step::Down, false);
    CHECK(buffer.column_of(buffer.cursor()) == 0);
    buffer.move(Step::Down, false); // comes back to its column
    CHECK(buffer.column_of(buffer.cursor()) == 4);
    buffer.move(Step::Up, true);
    CHECK(buffer.selected() == "\nlong");
    buffer.place(1, false); // within a character: its beginning
    CHECK(buffer.cursor() == 0);
    buffer.select_word(1);
    CHECK(buffer.selected() == "αβ");
}

TEST_CASE("lines are indented, dedented and commented together") {
    EditBuffer buffer;
    buffer.load("a\n\n  b\nc");
    buffer.select({0, 6});
    buffer.indent();
    CHECK(buffer.text() == "    a\n\n      b\nc");
    buffer.dedent();
    CHECK(buffer.text() == "a\n\n  b\nc");
    buffer.toggle_comment();
    CHECK(buffer.text() == "# a\n\n  # b\nc");
    buffer.toggle_comment();
    CHECK(buffer.text() == "a\n\n  b\nc");
}

TEST_CASE("a change from elsewhere leaves the cursor with its text") {
    EditBuffer buffer;
    buffer.load("one\ntwo\n");
    buffer.place(5, false);
    buffer.replace({3, 3}, "  # 1");
    CHECK(buffer.text() == "one  # 1\ntwo\n");
    CHECK(buffer.cursor() == 10);
    buffer.undo();
    CHECK(buffer.text() == "one\ntwo\n");
}

TEST_CASE("the lines are right after any changes, and undoing all of them gives the beginning") {
    std::mt19937 random(1);
    EditBuffer buffer;
    const std::string first = "def f:\n    1\n\nαβγ\n";
    buffer.load(first);
    for (int i = 0; i < 3000; i++) {
        buffer.place(random() % (buffer.text().size() + 1), random() % 2);
        switch (random() % 9) {
        case 0: buffer.type("x\ny"); break;
        case 1: buffer.new_line(); break;
        case 2: buffer.backspace(random() % 2); break;
        case 3: buffer.erase(random() % 2); break;
        case 4: buffer.indent(); break;
        case 5: buffer.dedent(); break;
        case 6: buffer.toggle_comment(); break;
        case 7: buffer.type("ö"); break;
        case 8: random() % 2 ? buffer.undo() : buffer.redo(); break;
        }
        size_t lines = 1;
        for (char c : buffer.text()) lines += c == '\n';
        REQUIRE(buffer.line_count() == lines);
        REQUIRE(buffer.line(lines - 1).end == buffer.text().size());
        for (size_t n = 0; n + 1 < lines; n++) REQUIRE(buffer.text()[buffer.line(n).end] == '\n');
        REQUIRE(buffer.cursor() <= buffer.text().size());
        REQUIRE(buffer.selection().end <= buffer.text().size());
    }
    while (buffer.can_undo()) buffer.undo();
    CHECK(buffer.text() == first);
}
