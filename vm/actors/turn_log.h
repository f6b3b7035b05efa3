// What hears of everything that the actors do, before anybody else can see it: an image's journal. A port; vm/actors tells,
// image/journal writes. Any thread; each call is for one thing that counts as a whole or not at all.
#pragma once
#include "vm/actors/actor.h"
#include <mutex>

namespace indent {

class Worker;

enum class SegmentEnd : uint8_t {
    Waits,  // the turn goes on after an answer, after some time
    Done,   // the stretch of its heap ends with it
    Apart,  // the same, and what its heap has become is nobody's to keep: the main program, a reload
    Failed, // the stretch is taken back; what has not left never leaves
};

class TurnLog {
  public:
    virtual ~TurnLog() = default;

    // In a turn: `message` (null: none) is handled, Worker::outbox is about to leave (or not: Failed). The heap is entered,
    // and with Done its changes are there to be read. Messages of the outbox get their numbers.
    virtual void segment(Worker& worker, Actor& actor, const ActorMessage* message, SegmentEnd end) = 0;
    // In a turn that goes on: much has come into it since its last segment (TurnTape::take_written).
    virtual void inputs(Worker& worker) = 0;
    // A message of the machine's own, or one that is asked: it gets its number. `first`: before what waits.
    virtual void posted(Actor& to, ActorMessage& message, bool first) = 0;
    // Names, watchers, supervisor or children have changed.
    virtual void facts(Actor& actor) = 0;
    // The turn of `worker` has given an Atom this value; `atoms` is locked, so that the last that is told is the last that was
    // set.
    virtual void atom(Worker& worker, const Cell* atom, Value value) = 0;
    std::mutex atoms;
    // An actor that was there has ended, with Actor::end_reason.
    virtual void ended(Actor& actor) = 0;
};

} // namespace indent
