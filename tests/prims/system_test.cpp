#include "vm/world/world.h"
#include <doctest/doctest.h>
#include <vector>

using namespace indent;

namespace {

// A world that keeps what is printed and logged, and reads lines from a list.
struct Desk {
    std::vector<std::string> printed, logged, typed, prompts;
    std::unique_ptr<World> world;

    explicit Desk(std::vector<std::string> arguments = {}) {
        WorldOptions options;
        options.output = [this](std::string_view line) { printed.emplace_back(line); };
        options.arguments = std::move(arguments);
        auto made = World::make(std::move(options));
        REQUIRE_MESSAGE(bool(made), (made ? "" : made.failure().message));
        world = std::move(made).value();
    }
    void listen() {
        world->runtime().port.log = [this](std::string_view line) { logged.emplace_back(line); };
        world->runtime().port.input = [this](std::string_view prompt) -> std::optional<std::string> {
            prompts.emplace_back(prompt);
            if (typed.empty()) return {};
            std::string line = typed.front();
            typed.erase(typed.begin());
            return line;
        };
    }
    Outcome run(std::string_view text) { return world->evaluate(text); }
    std::string value(std::string_view text) {
        Outcome outcome = run(text);
        CHECK_MESSAGE(outcome.ok, outcome.text());
        return outcome.has_value ? outcome.value : "nil";
    }
    std::string error(std::string_view text) { return run(text).error_class; }
};

} // namespace

TEST_CASE("print writes the texts of its values with spaces between, each call a line") {
    Desk desk;
    desk.run("print(1, \"two\", :three, nil, [4, \"five\"])");
    desk.run("print()");
    desk.run("print(\"a\\nb\")");
    CHECK(desk.printed == std::vector<std::string>{"1 two three nil [4, \"five\"]", "", "a\nb"});
}

TEST_CASE("the log has a place of its own where there is one, else it is printed") {
    Desk desk;
    desk.run("log(\"first\")");
    desk.listen();
    desk.run("log(\"second\", 2)");
    CHECK(desk.printed == std::vector<std::string>{"first"});
    CHECK(desk.logged == std::vector<std::string>{"second 2"});
}

TEST_CASE("lines are read until the input ends, and must be UTF-8") {
    Desk desk;
    CHECK(desk.error("read_line()") == "InputError"); // nobody is there
    desk.listen();
    desk.typed = {"Ada", "naïve", "\xFF"};
    CHECK(desk.value("read_line(\"name? \")") == "\"Ada\"");
    CHECK(desk.value("read_line()") == "\"naïve\"");
    CHECK(desk.error("read_line()") == "EncodingError");
    CHECK(desk.value("read_line()") == "nil");
    CHECK(desk.prompts == std::vector<std::string>{"name? ", "", "", ""});
    CHECK(desk.run("read_line(1)").error_message ==
          "`read_line` wants a Text for `prompt`, not an Integer (1)");
}

TEST_CASE("exit ends the run with its code; finally runs, and nothing catches it") {
    Desk desk;
    Outcome outcome = desk.run("try:\n"
                               "    exit(3)\n"
                               "catch e: Error:\n"
                               "    print(\"caught\")\n"
                               "finally:\n"
                               "    print(\"finally\")\n");
    CHECK(outcome.exit_code == 3);
    CHECK(desk.printed == std::vector<std::string>{"finally"});
    CHECK(desk.run("exit()").exit_code == 0);
    CHECK(desk.error("exit(256)") == "WrongType");
    CHECK(desk.error("exit(\"now\")") == "WrongType");
}

TEST_CASE("what inspecting a text answers is a literal of that text") {
    Desk desk;
    for (std::string literal : {R"("")", R"("plain")", R"("q\"uote")", R"("back\\slash")", R"("\{brace}")",
                                R"("\n\t\r\e\0")", R"("\u{1}\u{7f}\u{2028}")", "\"naïve 😀\""}) {
        CAPTURE(literal);
        std::string inspected = desk.value(literal);
        CHECK(desk.value(inspected) == inspected);
        CHECK(desk.value(literal + " == " + inspected) == "true");
    }
}

TEST_CASE("a program sees its arguments") {
    Desk desk({"one", "zwölf"});
    CHECK(desk.value("arguments") == "[\"one\", \"zwölf\"]");
}

TEST_CASE("where effects are denied, files, lines and printing are out of reach, and everything else works") {
    Desk desk;
    desk.listen();
    desk.world->runtime().port.mode = EffectPort::Denied;
    for (std::string_view effect : {"File.read(\"CMakeLists.txt\")", "File.write(\"x\", \"y\")",
                                    "Folder.list()", "Folder.current", "File.exists?(\"x\")", "print(1)",
                                    "log(1)", "read_line()", "arguments", "Environment.get(\"PATH\")"}) {
        CAPTURE(std::string(effect));
        CHECK(desk.error(effect) == "EffectDenied");
    }
    CHECK(desk.value("Path.join(\"a\", \"b\").upper") == "\"A/B\"");
    CHECK(desk.printed.empty());
    CHECK(desk.prompts.empty());
}

TEST_CASE(
    "where nothing outside may be changed, files and programs stay as they are; looking and what is the "
    "world's own go on") {
    Desk desk;
    desk.listen();
    desk.world->runtime().port.mode = EffectPort::Inside;
    for (std::string_view effect :
         {"File.write(\"x\", \"y\")", "File.delete(\"x\")", "Folder.make(\"x\")", "Process.run(\"true\")"}) {
        CAPTURE(std::string(effect));
        CHECK(desk.error(effect) == "EffectDenied");
    }
    CHECK(desk.value("File.exists?(\"x\")") == "false");
    CHECK(desk.value("let a = Atom(1)\na.set(2)\na.value") == "2");
    CHECK(desk.value("print(1)\nTime.now.year > 2000") == "true");
    CHECK(desk.printed == std::vector<std::string>{"1"});
}

TEST_CASE(
    "texts whose making would need more memory than there is raise OutOfMemory and leave the world whole") {
    WorldOptions options;
    options.memory_limit = size_t(64) << 20;
    auto world = World::make(std::move(options));
    REQUIRE(bool(world));
    CHECK((*world)->evaluate("\"x\" * 1_000_000_000").error_class == "OutOfMemory");
    CHECK((*world)->evaluate("\"x\".pad_left(100_000_000_000_000)").error_class == "OutOfMemory");
    CHECK((*world)->evaluate("\"still here\".size").value == "10");
}
