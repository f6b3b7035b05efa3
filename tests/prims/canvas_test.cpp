// What the host reads of the canvases of a program.
#include "vm/os/files.h"
#include "vm/world/world.h"
#include <doctest/doctest.h>

using namespace indent;
using Drawn = canvas::Shape; // a Shape is what classes lay their fields out in

namespace {

// The world in which the program has run, with what it shows.
struct Ran {
    std::unique_ptr<World> world;
    Outcome outcome;
    std::vector<canvas::Picture> pictures;
};

Ran run(const std::string& text, uint64_t nanoseconds = 0, WorldOptions options = {}) {
    auto folder = os::TemporaryFolder::make().value();
    const std::string path = folder.path() + "/program.ind";
    REQUIRE(bool(os::write_file_atomically(path, text)));
    Ran ran;
    ran.world = World::make(std::move(options)).value();
    ran.outcome = ran.world->run_file(path, nanoseconds);
    ran.pictures = ran.world->pictures();
    return ran;
}

} // namespace

TEST_CASE("a program without a canvas shows nothing") {
    Ran ran = run("print(1)\n");
    CHECK(ran.outcome.ok);
    CHECK(ran.pictures.empty());
}

TEST_CASE("each canvas is a picture, in the order in which they were opened") {
    Ran ran =
        run("let second = nil\n"
            "Canvas.open(\"One\", width: 10, height: 20)\n"
            "let two = Canvas.open(\"Two\", background: :black)\n"
            "two.draw(self) do pen: pen.text(\"Grüße\", 1, 2.5, size: 9, fill: :red, anchor: :centre)\n");
    CHECK(ran.outcome.text() == "");
    REQUIRE(ran.pictures.size() == 2);
    CHECK(ran.pictures[0].title == "One");
    CHECK(ran.pictures[0].width == 10);
    CHECK(ran.pictures[0].height == 20);
    CHECK(ran.pictures[0].background == 0xFFFFFFFF);
    CHECK(ran.pictures[0].shapes.empty());
    CHECK(ran.pictures[1].background == 0x000000FF);
    REQUIRE(ran.pictures[1].shapes.size() == 1);
    const Drawn& text = ran.pictures[1].shapes[0];
    CHECK(text.kind == Drawn::Text);
    CHECK(text.text == "Gr\xC3\xBC\xC3\x9F"
                       "e");
    CHECK(text.anchor == Drawn::Centre);
    CHECK(text.numbers[1] == 2.5);
    CHECK(text.numbers[2] == 9);
    CHECK(text.fill == 0xFF0000FF);
}

TEST_CASE("what the pen draws is what the host reads") {
    Ran ran = run("let c = Canvas.open\n"
                  "c.draw(self) do pen:\n"
                  "    pen.line(1, 2, 3, 4, stroke: :red, thickness: 5)\n"
                  "    pen.polygon([(1, 2), (3, 4), (5, 6)], fill: :lime)\n"
                  "    pen.rectangle(1, 2, 3, 4, radius: 5, stroke: :blue)\n"
                  "    pen.circle(1, 2, 3)\n"
                  "    pen.arc(1, 2, 3, 4, 5)\n"
                  "    pen.sector(1, 2, 3, 4, 5, fill: :white)\n"
                  "    pen.translate(7, 8) do: pen.clear(:black)\n");
    CHECK(ran.outcome.text() == "");
    REQUIRE(ran.pictures.size() == 1);
    const auto& s = ran.pictures[0].shapes;
    REQUIRE(s.size() == 9);
    CHECK(s[0].kind == Drawn::Line);
    CHECK(s[0].points.size() == 2);
    CHECK(s[0].points[1].y == 4);
    CHECK(s[0].stroke == 0xFF0000FF);
    CHECK(s[0].thickness == 5);
    CHECK(s[1].kind == Drawn::Polygon);
    CHECK(s[1].points[2].x == 5);
    CHECK(s[1].fill == 0x00FF00FF);
    CHECK(s[1].stroke == 0);
    CHECK(s[2].kind == Drawn::Rectangle);
    CHECK(s[2].numbers[4] == 5);
    CHECK(s[2].fill == 0);
    CHECK(s[2].stroke == 0x0000FFFF);
    CHECK(s[3].kind == Drawn::Ellipse);
    CHECK(s[3].numbers[3] == 3);
    CHECK(s[3].stroke == 0x000000FF);
    CHECK(s[4].kind == Drawn::Arc);
    CHECK(s[4].numbers[4] == 5);
    CHECK(s[5].kind == Drawn::Sector);
    CHECK(s[6].kind == Drawn::Push);
    CHECK(s[6].numbers[4] == 7);
    CHECK(s[7].kind == Drawn::Clear);
    CHECK(s[8].kind == Drawn::Pop);
}

TEST_CASE("of values that are no shapes the host reads those that are") {
    Ran ran =
        run("let c = Canvas.open\n"
            "c._show((1, (), (2,), (:nothing, 1), (:line,), (:line, 3), (:line, (1, nil)), (:text,),\n"
            "    (:text, 1, :top, 1, 2, 3, 4), (:text, \"a\", :nowhere, 1, 2, 3), (:text, \"a\", :top, 1),\n"
            "    (:ellipse, 1, 2, 3), (:ellipse, 1, 2, 3, 2 ** 100), (:earlier,), (:earlier, 5),\n"
            "    (:earlier, (:earlier, 1)), (:ellipse, 1, 2, 3, 4, \"red\", nil, 1),\n"
            "    (:clear, :red, :blue, \"thick\"), (:line, (1, 2, 3)), (:pop,)))\n");
    CHECK(ran.outcome.text() == "");
    REQUIRE(ran.pictures.size() == 1);
    REQUIRE(ran.pictures[0].shapes.size() == 3);
    CHECK(ran.pictures[0].shapes[0].kind == Drawn::Ellipse);
    CHECK(ran.pictures[0].shapes[0].fill == 0);
    CHECK(ran.pictures[0].shapes[1].points.size() == 1);
    CHECK(ran.pictures[0].shapes[2].kind == Drawn::Pop);
}

TEST_CASE("what one actor leaves open does not move what another shows") {
    Ran ran = run("stable c = Canvas.open\n"
                  "actor Other:\n"
                  "    on start: c.draw(self) do pen: pen.circle(1, 1, 1)\n"
                  "c._show(((:push, 1, 0, 0, 1, 50, 50), (:push, 1, 0, 0, 1, 50, 50)))\n"
                  "spawn Other()\n");
    REQUIRE(ran.pictures.size() == 1);
    const auto& s = ran.pictures[0].shapes;
    REQUIRE(s.size() == 5);
    CHECK(s[2].kind == Drawn::Pop);
    CHECK(s[3].kind == Drawn::Pop);
    CHECK(s[4].kind == Drawn::Ellipse);
}

TEST_CASE("a hundred thousand steps of a turtle are read, each within the next") {
    Ran ran = run("let turtle = Turtle.open\n100_000.times do: turtle.forward(1)\n");
    REQUIRE(ran.pictures.size() == 1);
    CHECK(ran.pictures[0].shapes.size() == 100'000);
    CHECK(ran.pictures[0].shapes[0].points[0].x == 320);
}

TEST_CASE("a canvas that nobody shows anything on goes with the last who did") {
    Ran ran = run("let c = Canvas.open\nc.close(self)\n");
    CHECK(ran.outcome.text() == "");
    CHECK(ran.pictures.empty());
}

TEST_CASE("pictures are read while actors on all workers draw") {
    WorldOptions options;
    options.workers = 4;
    Ran ran = run("stable c = Canvas.open\n"
                  "actor Busy:\n"
                  "    on start: send self.tick()\n"
                  "    on tick:\n"
                  "        c.draw(self) do pen:\n"
                  "            for i in 1..20: pen.circle(i, i, i, fill: :red)\n"
                  "        send self.tick()\n"
                  "20.times do: spawn Busy()\n",
                  100'000'000, std::move(options));
    CHECK(ran.outcome.text() == "");
    for (int i = 0; i < 100; ++i) {
        REQUIRE(ran.world->pictures().size() == 1);
        CHECK(ran.world->pictures()[0].shapes.size() % 20 == 0); // a whole drawing of each
    }
    CHECK(ran.world->pictures()[0].shapes.size() > 0);
}
