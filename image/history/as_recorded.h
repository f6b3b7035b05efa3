// A turn that was run again (rerun.h) against the record of it: what goes on from another one would be told as if it had been.
#pragma once
#include "image/history/past_world.h"
#include "image/history/rerun.h"
#include "image/history/turns.h"
#include <string>

namespace indent::image {

// Why it is another turn than the one that ends with this step, in words: another state after it, other messages or another reply
// than the record has; empty: none. The world is that before the step, where the turn has just been run. Afterwards the actor has
// the state of the record. A state of more than 16 MB is compared only where a reload came in the middle of the turn.
std::string differs_from_record(PastWorld& world, const Past::Step& step, const RecordedTurn& turn,
                                const Rerun::Outcome& outcome);

} // namespace indent::image
