// Values in words and compared without running code, whatever they are.
#include "image/history/values.h"
#include "vm/world/world.h"
#include <doctest/doctest.h>

using namespace indent;
using namespace indent::image;

namespace {

constexpr const char* kValuesModule = R"(module m
class Item:
    field size = 1
    field name = "a"
    def inspect:
        while true: nil
record Pair(a, b)
actor Holder:
    state it = nil
    on hold(x): it = x
)";

// A world with an actor whose one field is what an expression answers.
class Held {
  public:
    explicit Held(const std::string& expression) {
        WorldOptions options;
        options.workers = 1;
        auto made = World::make(std::move(options));
        REQUIRE(made);
        world = std::move(*made);
        REQUIRE(world->load_text("m", kValuesModule).ok);
        const Outcome outcome =
            world->evaluate("import m (Item, Pair, Holder)\nlet h = spawn Holder() as :h\n" + expression +
                            "\nask h.hold(x)\nnil");
        CAPTURE(outcome.text());
        REQUIRE(outcome.ok);
    }
    ActorSystem& actors() { return world->actors(); }
    Value value() {
        const ActorRef actor = actors().named(world->runtime().symbols.intern("h"));
        return fields_of(actors(), *actor).at(0).value;
    }
    Shown shown(size_t most = SIZE_MAX) { return show(actors(), value(), most); }

    std::unique_ptr<World> world;
};

std::string shown(const std::string& expression) {
    return Held(expression).shown().text;
}

std::string difference(const std::string& was, const std::string& is) {
    Held before(was), after(is);
    auto found = first_difference(before.actors(), before.value(), after.actors(), after.value());
    return found ? found->path + ": " + found->was + " -> " + found->is : "";
}

} // namespace

TEST_CASE("Values are shown as their literals, objects by their fields and not by their own `inspect`") {
    for (const char* text :
         {"nil", "true", "-12", "1.5", "123456789012345678901234567890", ":ready", "\"a \\\"b\\\"\\n\"",
          "[1, [2, []], (3,), ()]", "{a: 1, \"b c\": 2, (3): 4, ((1, 2)): 5}", "1..10", "0..<n",
          "Pair(1, [2])", "Item", "Item(size: 2, name: \"b\")", "[Item(size: [Pair(nil, 1.0)], name: :x)]"})
        CHECK(shown(std::string("let n = 3\nlet x = ") + text) ==
              (std::string_view(text) == "0..<n" ? "0..<3" : text));
    CHECK(shown("let x = spawn Holder() as :other") == "Holder (:other)");
    CHECK(shown("let x = \"odd name\".to_symbol") == ":\"odd name\"");
    CHECK(shown("let x = Atom(5)") == "Atom(5)");
    CHECK(shown("let x = a -> a + 1").starts_with("a Block from "));
}

TEST_CASE("What is inside itself, deep, shared many times or long comes to an end") {
    CHECK(shown("let x = [1]\nx.add(x)") == "[1, [...]]");
    CHECK(shown("let x = {a: 1}\nx[:b] = [x]") == "{a: 1, b: [{...}]}");
    CHECK(shown("let i = Item()\nlet x = Item(name: i)") ==
          "Item(size: 1, name: Item(size: 1, name: \"a\"))");

    Held deep("let x = []\n100_000.times do: x = [x]");
    CHECK(deep.shown().text.size() == 200'002);
    const Shown start = deep.shown(20);
    CHECK(start.is_cut);
    CHECK(start.text == std::string(20, '[') + "…" + std::string(20, ']'));

    Held doubled("let x = [1]\n64.times do: x = [x, x]");
    CHECK(doubled.shown(1000).is_cut);
    CHECK(difference("let x = [1]\n64.times do: x = [x, x]", "let x = [1]\n64.times do: x = [x, x]") == "");

    Held text("let x = \"é\" * 1_000_000");
    CHECK(text.shown(10).text == "\"éééééééééé…\"");
    Held list("let x = (1..1_000_000).to_list");
    CHECK(list.shown(10).text == "[1, 2, 3, 4, …]");
    CHECK(list.shown(10).is_cut);
    Held number("let x = 2 ** 100_000");
    CHECK(number.shown().text == "an Integer of some 30030 digits");
}

TEST_CASE("Of two values the first part that is another is named, with the way to it") {
    CHECK(difference("let x = 1", "let x = 1") == "");
    CHECK(difference("let x = 1", "let x = 2") == ": 1 -> 2");
    CHECK(difference("let x = 1", "let x = 1.0") == ": 1 -> 1.0");
    CHECK(difference("let x = nil", "let x = [1]") == ": nil -> [1]");
    CHECK(difference("let x = :a", "let x = :a") == "");
    CHECK(difference("let x = 2 ** 70", "let x = 2 ** 70 + 1") ==
          ": 1180591620717411303424 -> 1180591620717411303425");
    CHECK(difference("let x = [1, [2, 3]]", "let x = [1, [2, 4]]") == "[1][1]: 3 -> 4");
    CHECK(difference("let x = [1, 2]", "let x = [1, 2, 3]") == ".size: 2 -> 3");
    CHECK(difference("let x = [Item(), Item()]", "let x = [Item(), Item(size: 5)]") == "[1].size: 1 -> 5");
    CHECK(difference("let x = {a: {b: 1}}", "let x = {a: {b: 2}}") == "[:a][:b]: 1 -> 2");
    CHECK(difference("let x = {a: 1}", "let x = {b: 1}") == ".keys[0]: :a -> :b");
    CHECK(difference("let x = {a: 1}", "let x = {a: 1, b: 2}") == ".size: 1 -> 2");
    CHECK(difference("let x = Pair(1, \"a\")", "let x = Pair(1, \"b\")") == ".b: \"a\" -> \"b\"");
    CHECK(difference("let x = 1..3", "let x = 1..4") == ".high: 3 -> 4");
    CHECK(difference("let x = 1..3", "let x = 1..<3") == ": 1..3 -> 1..<3");
    CHECK(difference("let x = [1]\nx.add(x)", "let x = [1]\nx.add(x)") == "");
    CHECK(difference("let x = [0]\nx.add(x)\nx.add(1)", "let x = [0]\nx.add(x)\nx.add(2)") == "[2]: 1 -> 2");
    CHECK(difference("let x = [0]\n100_000.times do: x = [x]", "let x = [1]\n100_000.times do: x = [x]")
              .ends_with("[0]: 0 -> 1"));
}

TEST_CASE(
    "Blocks are alike when their text, their self and what they captured are, wherever the text stands") {
    const std::string two = "let make = k -> [x -> x + k]\nlet x = make(2)";
    CHECK(difference(two, two) == "");
    CHECK(difference("let x = y -> y + 1", "let x = y -> y + 1") == "");
    CHECK(difference("let x = y -> y + 1", "let x = y -> y + 2").starts_with(": a Block from "));
    CHECK(difference(two, "let make = k -> [x -> x + k]\nlet x = make(3)") == "[0].captured[0]: 2 -> 3");
    CHECK(difference("let x = nil\nfor k in [[1]]: x = y -> k", "let x = nil\nfor k in [[1]]: x = y -> k") ==
          "");
    CHECK(difference("let x = nil\nfor k in [[1]]: x = y -> k", "let x = nil\nfor k in [[3]]: x = y -> k") !=
          "");
}
