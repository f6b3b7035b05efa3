// What turns have left, from their records alone: for whoever would else run each of them again to know it.
#pragma once
#include "image/history/past_world.h"
#include "image/history/rerun.h"
#include "image/history/turns.h"
#include <map>

namespace indent::image {

// States of actors of a world, brought along turn after turn. One walk (past.h), in its order.
class RecordedStates {
  public:
    // Each step of the walk, before anything else is asked about it.
    void meet(const Past::Step& step);

    // What the turn did to others, and answered where somebody asked. Nothing: the record does not have all of it, or its state
    // is not to be had for less than the turn itself, if that took `took_ns`.
    static bool may_tell(const RecordedTurn& turn, const Past::Step& step);
    static bool is_worth_it(const Past::Step& step, uint64_t took_ns);
    static bool outcome(const RecordedTurn& turn, const Past::Step& step, PastWorld& world,
                        Rerun::Outcome& outcome);

    // The actor is in the world as the turn has left it; it is there as the turn found it. False: it still is.
    [[nodiscard]] bool put_after(PastWorld& world, const Past::Step& step);

  private:
    struct Known {
        HeapPicture picture;
        size_t records = 0; // that are in it, of Recovery::State::heap
        bool good = true;
    };
    std::map<uint64_t, Known> known_; // by actor
};

} // namespace indent::image
