// What if the code had been another: recorded messages are run once more with edited code, and it is told where that is not
// the same. What the code of then did is in the record; it is run again, too, where the record does not say all of it, where
// reading that would take longer, and where something is not the same. The edited side is a timeline of its own: each actor has the state that its messages
// before have made there. Nothing that it does to others is done; each message is the one that was recorded.
#pragma once
#include "image/history/past.h"
#include "vm/reload/reload_engine.h"
#include "vm/session/definition_store.h"
#include <array>
#include <string>
#include <vector>

namespace indent::image {

struct WhatIfReport {
    enum Verdict : uint8_t {
        Same,
        OtherState,
        OtherMessages, // or another reply to who asked
        Failed,        // an error, where there was none or another one
        Diverged,      // it wants to know what it did not ask then
        NotRun,        // there is nothing to compare, or nothing to run it on
    };
    static constexpr size_t kVerdicts = NotRun + 1;
    struct Message {
        uint64_t turn = 0, at_ms = 0;
        std::string actor, text; // `Counter (:clicks)`, `up(3)`
        Verdict verdict = Same;
        std::string words;              // in one line; nothing where it is the same
        std::vector<std::string> lines; // all that is different
    };
    std::string refusal; // of the code, in words with places; ends in a line end. Then there is nothing else
    std::vector<Message> messages;
    std::array<size_t, kVerdicts> counts{};
    std::vector<std::string> notes; // what a person should know
    size_t by_record = 0;           // messages for which the code of then was not run
    bool is_all_the_same() const { return refusal.empty() && counts[Same] == messages.size(); }
};

// The turns after `from` up to `upto`, with the image's newest code in which the texts take the places of their modules, as
// one reload. On a thread with a world's stack (kThreadStack); the store is that of the image. Failure: the history cannot
// be read.
Result<WhatIfReport> what_if(Past& past, DefinitionStore& store, const StoryPlace& from,
                             const StoryPlace& upto, std::vector<ReloadText> texts);

} // namespace indent::image
