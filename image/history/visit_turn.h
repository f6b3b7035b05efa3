// One turn of a story, in a world that is as it was before it.
#pragma once
#include "image/history/past_world.h"
#include "image/history/turns.h"

namespace indent::image {

struct VisitedTurn {
    PastWorld& world; // still
    const Past::Step& step;
    const RecordedTurn& turn;
};

// The turn that ends with `place`; `before` is the place before it. On a thread with a world's stack. Failure: it cannot be
// read; "not_found": no turn of a program ends there.
Result<void> visit_turn(Past& past, DefinitionStore& store, const StoryPlace& before, const StoryPlace& place,
                        const std::function<void(const VisitedTurn&)>& visit);

} // namespace indent::image
