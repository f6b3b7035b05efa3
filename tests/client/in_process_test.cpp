#include "ui/client/in_process.h"
#include "vm/os/thread.h"
#include <doctest/doctest.h>
#include <thread>

using namespace indent;
using namespace indent::protocol;
using ui::InProcessLink;
using namespace std::chrono_literals;

namespace {

Message output(std::string text) {
    return Event{Output{std::move(text)}};
}
const std::string* output_text(const std::optional<Message>& message) {
    if (!message) return nullptr;
    auto* event = std::get_if<Event>(&*message);
    auto* output = event ? std::get_if<Output>(event) : nullptr;
    return output ? &output->text : nullptr;
}

} // namespace

TEST_CASE("a request travels with its id and its reply finds the way back") {
    InProcessLink link;
    auto id = link.send(Evaluate{"workspace", "1 + 1"});
    CHECK(id == 1);
    CHECK(!link.poll()); // polling does not wait for the answer
    auto envelope = link.next(Lane::Program);
    REQUIRE(envelope);
    CHECK(envelope->id == id);
    CHECK(std::get<Evaluate>(envelope->request).text == "1 + 1");
    link.deliver(Reply{id, Evaluated{Evaluated::Outcome::Value, "2"}});
    auto message = link.wait(1000ms);
    REQUIRE(message);
    auto& reply = std::get<Reply>(*message);
    CHECK(reply.id == id);
    CHECK(std::get<Evaluated>(reply.body).text == "2");
    CHECK(!link.wait(0ms));
}

TEST_CASE("what needs no program does not queue behind what does") {
    InProcessLink link;
    link.send(Evaluate{"workspace", "loop: pass"});
    auto id = link.send(SaveDesk{"workspace/1", "loop: pass"});
    auto envelope = link.next(Lane::Desk);
    REQUIRE(envelope);
    CHECK(envelope->id == id);
}

TEST_CASE("a full queue refuses a request instead of waiting") {
    InProcessLink link({.requests = 2, .message_bytes = 1000});
    CHECK(link.send(Describe{}) != 0);
    CHECK(link.send(Describe{}) != 0);
    CHECK(link.send(Describe{}) == 0);
    CHECK(link.send(Evaluate{}) != 0); // the other lane has its own
}

TEST_CASE("a program that prints faster than its face reads waits, and nothing is lost or out of order") {
    InProcessLink link({.requests = 8, .message_bytes = 1000});
    constexpr int lines = 20000;
    std::atomic<int> delivered{0};
    std::thread program([&] {
        for (int i = 0; i < lines; i++) {
            link.deliver(output(std::to_string(i) + "\n"));
            delivered++;
        }
    });
    std::this_thread::sleep_for(20ms);
    CHECK(delivered < lines); // it waits: about a thousand bytes fit
    std::string all;
    while (all.size() < 108890) { // the sum of the lengths below
        auto message = link.wait(5000ms);
        REQUIRE(message);
        all += *output_text(message);
    }
    program.join();
    std::string expected;
    for (int i = 0; i < lines; i++) expected += std::to_string(i) + "\n";
    CHECK(all == expected);
}

TEST_CASE("a face that has gone frees the program that waits for it, and ends the session's threads") {
    InProcessLink link({.requests = 8, .message_bytes = 10});
    link.send(Describe{});
    link.send(Evaluate{"workspace", "1"});
    link.send(AskPast{"turns"});
    std::thread program([&] {
        for (int i = 0; i < 100; i++) link.deliver(output("a line that fills the queue"));
        while (link.send(Describe{}) != 0) std::this_thread::sleep_for(1ms); // until it is closed
        CHECK(!link.next(Lane::Program)); // what waited is dropped: it might run for ever
    });
    std::this_thread::sleep_for(5ms);
    link.close();
    program.join();
    CHECK(link.send(Describe{}) == 0);
    CHECK(!link.next(Lane::Past));
    CHECK(link.next(Lane::Desk)); // what the image is to keep is served still
    while (link.next(Lane::Desk)) {
    }
}

TEST_CASE("stop passes by all that is queued, and a message wakes the face once") {
    InProcessLink link;
    bool stopped = false;
    int woken = 0;
    link.on_stop([&] { stopped = true; });
    link.on_message([&] { woken++; });
    link.send(Evaluate{"workspace", "loop: pass"});
    link.stop();
    CHECK(stopped);
    link.deliver(Event{Idle{}});
    link.deliver(Event{Idle{}});
    CHECK(woken == 1); // the queue was not empty the second time: the face has been woken already
    while (link.poll()) {
    }
    link.deliver(Event{Idle{}});
    CHECK(woken == 2);
}

TEST_CASE("what a guest wanted evaluated ends with it, whenever it goes") {
    InProcessLink link;
    int stops = 0;
    link.on_stop([&] { ++stops; });
    auto guest = link.join(1 << 20, [] {});
    const RequestId runs = guest->send(Evaluate{"w", "loop: pass"});
    const RequestId waits = guest->send(Evaluate{"w", "1"});
    const RequestId loads = guest->send(Load{});
    const RequestId ours = link.send(Evaluate{"w", "2"});
    CHECK(link.next(Lane::Program)->id == runs);
    CHECK(waits != 0);
    SUBCASE("while it runs") {
        link.deliver(Event{Busy{runs}});
        CHECK(stops == 0);
        guest = nullptr;
        CHECK(stops == 1);
    }
    SUBCASE("before it runs: it is told once more when it does") {
        guest = nullptr;
        link.deliver(Event{Busy{runs}});
        CHECK(stops == 2);
    }
    link.deliver(Reply{runs, Evaluated{}});
    stops = 0;
    for (RequestId next : {loads, ours}) {
        CHECK(link.next(Lane::Program)->id == next);
        link.deliver(Event{Busy{next}});
        link.deliver(Reply{next, Evaluated{}});
    }
    CHECK(stops == 0);
}
