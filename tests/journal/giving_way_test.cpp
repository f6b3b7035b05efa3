// A turn that has changed much writes it down while others on its worker have their turns.
#include "tests/journal/told.h"

using namespace indent;
using namespace indent::image;

namespace {

// `Busy` counts its turns between the last statement of a large turn of `Large` and what that turn has sent.
constexpr const char* kBoth = R"(module m
class Item:
    field a = 0
    field b = 0
    def touch(n):
        a = n
        b = -n
        a
actor Large:
    state items = []
    on grow(n, busy, done):
        for i in 1..n: items.add(Item())
        send busy.at_end
        done.set(true)
    on touch(by, busy, done):
        for i in 0..items.size - 1: items[i].touch(by + i)
        send busy.at_end
        done.set(true)
    on sum:
        let s = 0
        for item in items: s += item.a * 3 + item.b
        s
actor Busy:
    state done
    state going = false
    state between = 0
    on tick:
        if going:
            if done.value: between += 1
            send self.tick
    on begin:
        going = true
        between = 0
        done.set(false)
        send self.tick
    on at_end: going = false
    on between = between
)";

// Turns of the other one after the last statement of this turn and before what it has sent.
int meanwhile(Told& told, const std::string& turn) {
    told.value("ask actor(:busy).begin");
    told.value("ask actor(:large)." + turn + " within 5.minutes");
    return std::stoi(told.value("ask actor(:busy).between within 5.minutes"));
}

} // namespace

TEST_CASE("others have their turns while a large turn writes down what it has made or changed") {
    ToldStory story;
    constexpr const char* kSum = "ask actor(:large).sum within 5.minutes";
    std::string sum;
    {
        Told told(kBoth, story, SIZE_MAX, false, 1);
        told.value("let done = Atom(false)");
        told.value("spawn m.Large() as :large");
        told.value("spawn m.Busy(done: done) as :busy");
        const int as_made = meanwhile(told, "grow(200_000, actor(:busy), done)");
        const int as_changed = meanwhile(told, "touch(7, actor(:busy), done)");
        MESSAGE("turns between: ", as_made, " and ", as_changed);
        CHECK(as_made > 3); // one may come before it ends
        CHECK(as_changed > 3);
        sum = told.value(kSum);
        CHECK(sum == std::to_string(2 * (7L * 200'000 + 199'999L * 100'000)));
    }
    Told next(kBoth, story);
    CHECK(next.value(kSum) == sum);
}
