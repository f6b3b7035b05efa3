// Recorded turns against edited code, where the record says what the code of then did.
#include "image/history/what_if.h"
#include "tests/history/kept.h"

using namespace indent;
using namespace indent::image;

namespace {

constexpr const char* kAskedModule = R"(module m
actor Worker:
    state sum = 0
    state seen = {}
    state to = nil
    on join(who): to = who
    on up(n):
        let s = sum
        for i in 1..30_000: s = (s * 31 + i + n) % 1_000_003
        seen[n] = "turn {n}"
        sum = s
        send to.note(n, why: "up")
        s
    on total(n):
        let s = 0
        for i in 1..30_000: s = (s + i) % 1_000_003
        s + n
actor Driver:
    state worker = nil
    state notes = []
    state last = 0
    on have(it): worker = it
    on note(n, why): notes.add(n)
    on go(n):
        for i in 1..n: send worker.up(i)
    on look(n): last = ask worker.total(n) within 1.minutes
    on last = last
)";
constexpr int kTurns = 12, kAsks = 3;

class AskedStory : public KeptImage {
  public:
    AskedStory() : KeptImage(kAskedModule) {
        begin();
        value("let d = spawn m.Driver() as :d\nlet w = spawn m.Worker() as :w\nask d.have(w)\nask "
              "w.join(d)\nnil");
        from = *past->now();
        value("ask actor(:d).go(" + std::to_string(kTurns) + ")\nask actor(:w).total(0) within 1.minutes");
        for (int i = 1; i <= kAsks; ++i)
            value("ask actor(:d).look(" + std::to_string(i) + ") within 1.minutes");
        end();
    }
    WhatIfReport with(const std::string& was, const std::string& is) {
        std::string text = kAskedModule;
        const size_t at = text.find(was);
        REQUIRE(at != std::string::npos);
        text.replace(at, was.size(), is);
        auto report = what_if(*past, store, from, *past->now(), {{"m", "m.ind", text, true}});
        REQUIRE(report);
        CAPTURE(report->refusal);
        REQUIRE(report->refusal.empty());
        return *report;
    }

    StoryPlace from;
};

// All that is told of those that are not the same.
std::string told(const WhatIfReport& report) {
    std::string text;
    for (const auto& message : report.messages) {
        if (message.verdict == WhatIfReport::Same) continue;
        text += message.text + "\n";
        for (const std::string& line : message.lines) text += "  " + line + "\n";
    }
    return text;
}

} // namespace

TEST_CASE("Of a message that edited code handles as it was handled the record says that, without the code of "
          "then") {
    AskedStory story;
    constexpr size_t kByRecord = kTurns + kAsks; // what the prompt has asked is in no record
    const WhatIfReport same = story.with("        s + n\n", "        n + s\n");
    CHECK(told(same) == "");
    CHECK(same.is_all_the_same());
    CHECK(same.by_record >= kByRecord);

    const WhatIfReport state = story.with("        sum = s\n", "        sum = (if n == 7 then -1 else s)\n");
    const size_t from_7th = kTurns - 7 + 1 + 1 + kAsks;        // in those that change nothing, too
    CHECK(state.counts[WhatIfReport::OtherState] == from_7th); // it goes on from there
    CHECK(state.counts[WhatIfReport::Same] == state.messages.size() - from_7th);
    CHECK(state.by_record >= 6);
    CHECK(told(state).starts_with("up(7)\n  sum: "));
    CHECK(told(state).find(" -> -1\n") != std::string::npos);

    const WhatIfReport inside = story.with("\"turn {n}\"", "\"turn {if n == 7 then 8 else n}\"");
    CHECK(told(inside).starts_with("up(7)\n  seen[7]: \"turn 7\" -> \"turn 8\"\nup(8)\n  seen[7]: "));

    const WhatIfReport text_of_same = story.with("\"turn {n}\"", "\"tu\" + \"rn \" + n.to_text");
    CHECK(told(text_of_same) == "");
    CHECK(text_of_same.by_record >= kByRecord);

    const WhatIfReport argument = story.with("to.note(n, why", "to.note((if n == 7 then 8 else n), why");
    CHECK(told(argument) == "up(7)\n  no more: sends `note(7, why: \"up\")` to Driver (:d)\n"
                            "  new: sends `note(8, why: \"up\")` to Driver (:d)\n");
    CHECK(argument.by_record >= kByRecord - 1);
    const WhatIfReport silent = story.with("        send to.note(n, why: \"up\")\n",
                                           "        if n != 7: send to.note(n, why: \"up\")\n");
    CHECK(told(silent) == "up(7)\n  no more: sends `note(7, why: \"up\")` to Driver (:d)\n");
    const WhatIfReport twice =
        story.with("        send to.note(n, why: \"up\")\n",
                   "        send to.note(n, why: \"up\")\n        if n == 7: send to.last\n");
    CHECK(told(twice) == "up(7)\n  new: sends `last` to Driver (:d)\n");

    const WhatIfReport fails =
        story.with("        sum = s\n", "        if n == 7: raise Error(\"seven\")\n        sum = s\n");
    CHECK(fails.counts[WhatIfReport::Failed] == 1);
    CHECK(told(fails).starts_with("up(7)\n  it fails: Error: seven\n"));
}

TEST_CASE("What a message answers is compared where somebody asked, by its record or with the code of then") {
    AskedStory story;
    const WhatIfReport answer = story.with("        s + n\n", "        s + n + (if n == 2 then 1 else 0)\n");
    CHECK(answer.counts[WhatIfReport::OtherMessages] == 1);
    CHECK(told(answer).starts_with("total(2)\n  answers "));
    CHECK(answer.by_record >= kTurns + kAsks - 1);
    const WhatIfReport prompts = story.with("        s + n\n", "        s + n + (if n == 0 then 1 else 0)\n");
    CHECK(prompts.counts[WhatIfReport::OtherMessages] == 1);
    CHECK(told(prompts).starts_with("total(0)\n  answers "));
    const WhatIfReport of_sends = story.with("\"up\")\n        s\n", "\"up\")\n        nil\n");
    CHECK(told(of_sends) == "");
}
