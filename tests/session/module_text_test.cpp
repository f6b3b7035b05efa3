#include "vm/session/module_text.h"
#include <doctest/doctest.h>

using namespace indent;

namespace {

const std::string kText = R"(# What greets.
module greeting

import shapes

# A person.
class Person:
    field name = "you"

    # Says hello.
    def greet(other, loudly = false):
        "hello {other}"

    # Made without a name.
    class def nobody = Person(name: "nobody")
    def name_twice = name + name   # and so on

extend Integer:
    def doubled = self * 2

record Point(x, y)

print("loaded")
var count = 3

def helper(x) = x   # the end
)";

std::vector<std::string> paths(const ModuleText& module) {
    std::vector<std::string> all;
    for (const auto& piece : module.pieces())
        if (!piece.blank) all.push_back(piece.mirror.path);
    return all;
}

} // namespace

TEST_CASE("the pieces of a module are its text, byte for byte") {
    auto module = ModuleText::split("greeting", kText);
    CHECK(module.text() == kText);
    CHECK(paths(module) == std::vector<std::string>{"top level", "Person", "Person.greet",
                                                    "Person class.nobody", "Person.name_twice",
                                                    "extend Integer", "extend Integer.doubled", "Point",
                                                    "top level 2", "count", "helper"});
    CHECK(module.doc() == "What greets.");
    for (std::string odd :
         {std::string(), std::string("\n\n"), std::string("# only a comment"), std::string("class ("),
          std::string("\xff\xfe"), std::string("def f = 1; def g = 2"),
          std::string("class A:\r\n    def x = 1\r\n\r\n"), std::string("x = 1\ny = 2")}) {
        CAPTURE(odd);
        CHECK(ModuleText::split("odd", odd).text() == odd);
    }
}

TEST_CASE("a definition brings its comment, a class its members") {
    auto module = ModuleText::split("greeting", kText);
    auto source = [&](const char* path) { return module.source(module.find(path)); };
    CHECK(source("Person.greet") ==
          "    # Says hello.\n    def greet(other, loudly = false):\n        \"hello {other}\"\n");
    CHECK(source("helper") == "def helper(x) = x   # the end\n");
    CHECK(source("Person").starts_with("# A person.\nclass Person:\n"));
    CHECK(source("Person").ends_with("def name_twice = name + name   # and so on\n"));
    CHECK(source("nobody knows") == "");
    CHECK(module.piece("Person.greet")->mirror.title == "greet(other, loudly = false)");
    CHECK(module.piece("Person class.nobody")->mirror.class_side);
    CHECK(module.piece("Person class.nobody")->mirror.owner == "Person");
}

TEST_CASE("a piece is replaced and the rest stays as it was written") {
    auto module = ModuleText::split("greeting", kText);
    auto edited = module.replaced(module.find("Person.greet"), "    def greet(other) = other\n");
    auto next = ModuleText::split("greeting", edited.text);
    CHECK(next.source(next.find("Person.greet")) == "    def greet(other) = other\n");
    CHECK(next.path_at(edited.at) == "Person.greet");
    CHECK(next.source(next.find("helper")) == module.source(module.find("helper")));
    CHECK(edited.text.size() == kText.size() - module.source(module.find("Person.greet")).size() + 29);
}

TEST_CASE("what is added stands at the end, with a blank line before it") {
    auto module = ModuleText::split("greeting", kText);
    auto edited = module.added("def more = 1\n");
    CHECK(edited.text == kText + "\ndef more = 1\n");
    CHECK(ModuleText::split("greeting", edited.text).path_at(edited.at) == "more");
    edited = module.added_member(module.find("Person"), as_member("def age = 7"));
    auto next = ModuleText::split("greeting", edited.text);
    CHECK(next.path_at(edited.at) == "Person.age");
    CHECK(next.source(next.find("Person.age")) == "    def age = 7\n");
    CHECK(ModuleText::split("new", "").added("def f = 1\n").text == "def f = 1\n");
}

TEST_CASE("a member that was typed at the margin is moved in") {
    CHECK(as_member("def f:\n    1\n\n    2") == "    def f:\n        1\n\n        2\n");
    CHECK(as_member("    def f = 1\n") == "    def f = 1\n");
    CHECK(as_member("\n    def f = 1") == "\n    def f = 1\n");
}
