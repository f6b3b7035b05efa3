// A recorded turn is run again up to one of its statements, and looked at there.
#pragma once
#include "image/history/past.h"
#include "vm/session/definition_store.h"
#include <string>
#include <utility>
#include <vector>

namespace indent::image {

struct SteppedTurn {
    struct Statement {
        std::string file;
        uint32_t line = 0;
        std::string text; // its first line
    };
    struct Frame {
        std::string what; // `Counter.up`
        std::string file;
        uint32_t line = 0;
        std::vector<std::pair<std::string, std::string>> variables; // and their values, short
    };
    std::string actor, message;
    static constexpr size_t kMostListed = 10'000;
    std::vector<Statement> statements; // that ran, of the image's own modules: the first of them
    uint64_t count = 0;                // of all, up to the one that is looked at
    Statement here;                    // that one
    std::vector<Frame> frames;         // there, innermost first; none: nothing is looked at
    std::vector<std::pair<std::string, std::string>> state; // of the actor, there or after the turn
    std::string trouble;                                    // why it cannot be run again
};

// Of the turn that ends with `place`; `before` is the place before it. `stop_at`: the statement, from 1, before which it stands
// still; 0: none, all run. On a thread with a world's stack. Failure: as visit_turn has it.
Result<SteppedTurn> step_through(Past& past, DefinitionStore& store, const StoryPlace& before,
                                 const StoryPlace& place, uint64_t stop_at);

} // namespace indent::image
