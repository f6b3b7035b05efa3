// Arithmetic as programs meet it, against 128 bits; and what the tests in stdlib/tests cannot say in Indent: Stop.
#include "vm/os/clock.h"
#include "vm/os/thread.h"
#include "vm/world/world.h"
#include <atomic>
#include <doctest/doctest.h>
#include <random>

using namespace indent;

namespace {

using Wide = __int128;

std::string text_of(Wide number) {
    if (number == 0) return "0";
    auto rest = number < 0 ? -static_cast<unsigned __int128>(number) : static_cast<unsigned __int128>(number);
    std::string digits;
    for (; rest != 0; rest /= 10) digits.insert(digits.begin(), char('0' + int(rest % 10)));
    return number < 0 ? "-" + digits : digits;
}

std::pair<Wide, Wide> divide(Wide a, Wide b) {
    Wide quotient = a / b, rest = a % b;
    if (rest != 0 && (rest < 0) != (b < 0)) {
        --quotient;
        rest += b;
    }
    return {quotient, rest};
}

// A script of lines that each must be true; the ones that are not are in the message.
void check_lines(const std::vector<std::string>& lines) {
    auto made = World::make({});
    REQUIRE(made);
    auto world = std::move(made).value();
    std::string script = "wrong = []\n";
    for (const std::string& line : lines) script += "if not (" + line + "): wrong.add('" + line + "')\n";
    Outcome outcome = world->evaluate(script + "wrong");
    CHECK_MESSAGE(outcome.ok, outcome.text());
    CHECK(outcome.value == "[]");
}

} // namespace

TEST_CASE("integers of up to 64 bits calculate as 128 bits do, wherever they change from small to large") {
    std::mt19937_64 random(11);
    auto any = [&] {
        auto number = int64_t(random()) >> (random() % 64);
        int64_t edge = (int64_t(1) << 47) - 2 + int64_t(random() % 5);
        return random() % 4 == 0 ? (random() % 2 == 0 ? edge : -edge) : number;
    };
    std::vector<std::string> lines;
    for (int round = 0; round < 400; ++round) {
        Wide a = any(), b = any();
        std::string x = "(" + text_of(a) + ")", y = "(" + text_of(b) + ")";
        lines.push_back(x + " + " + y + " == " + text_of(a + b));
        lines.push_back(x + " - " + y + " == " + text_of(a - b));
        lines.push_back(x + " * " + y + " == " + text_of(a * b));
        lines.push_back(x + ".bit_and(" + y + ") == " + text_of(a & b));
        lines.push_back(x + ".bit_or(" + y + ") == " + text_of(a | b));
        lines.push_back(x + ".bit_xor(" + y + ") == " + text_of(a ^ b));
        auto shift = int(random() % 62);
        lines.push_back(x + ".shift_left(" + std::to_string(shift) +
                        ") == " + text_of(a * (Wide(1) << shift)));
        lines.push_back(x + ".shift_right(" + std::to_string(shift) + ") == " + text_of(a >> shift));
        lines.push_back(x + ".bit_at(" + std::to_string(shift) + ") == " + text_of(a >> shift & 1));
        lines.push_back("(" + x + " < " + y + ") == " + (a < b ? "true" : "false"));
        if (b == 0) continue;
        auto [quotient, rest] = divide(a, b);
        lines.push_back(x + " // " + y + " == " + text_of(quotient));
        lines.push_back(x + " % " + y + " == " + text_of(rest));
    }
    check_lines(lines);
}

TEST_CASE("numbers whose calculation would take for ever can be stopped") {
    for (const char* endless :
         {"(3 ** 40_000_000).to_text", "(7 ** 30_000_000) // (3 ** 20_000_000)", "6_000_000.factorial",
          "(3 ** 80_000_000).integer_sqrt", "sleep(1000.days)", "(2 ** 50).times(i -> i)"}) {
        CAPTURE(endless);
        Outcome outcome;
        std::unique_ptr<World> world;
        std::atomic<bool> ready = false;
        auto thread = os::Thread::start("test", kThreadStack, [&] {
            if (auto made = World::make({})) world = std::move(made).value();
            ready = true;
            if (world) outcome = world->evaluate(endless);
        });
        REQUIRE(thread);
        while (!ready) os::sleep_ns(1'000'000);
        os::sleep_ns(50'000'000);
        REQUIRE(world);
        world->request_stop();
        thread->join();
        CHECK(outcome.stopped);
    }
}

TEST_CASE("results that nobody can hold are refused before they are computed") {
    auto made = World::make({});
    REQUIRE(made);
    auto world = std::move(made).value();
    for (const char* huge :
         {"2 ** 2 ** 40", "2 ** (2 ** 80)", "10 ** 100_000_000", "1.shift_left(2 ** 40)",
          "1.shift_left(2 ** 90)", "(2 ** 30).factorial", "(2 ** 70).factorial", "-3 ** 10 ** 12"}) {
        CAPTURE(huge);
        Outcome outcome = world->evaluate(huge);
        CHECK_FALSE(outcome.ok);
        CHECK(outcome.error_class == "ArithmeticError");
    }
    CHECK(world->evaluate("(-1) ** (2 ** 80 + 1)").value == "-1");
    CHECK(world->evaluate("0 ** (2 ** 80)").value == "0");
}
