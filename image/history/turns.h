// The turns of a story, each with what is needed to run it again: its message and its tape.
#pragma once
#include "image/history/past.h"
#include <map>
#include <optional>
#include <string>

namespace indent::image {

// One that has ended. The state before it is that of the story up to the record that is its last (Recovery).
struct RecordedTurn {
    uint64_t actor = 0;
    uint64_t turn = 0; // which of the actor's
    PostRecord message;
    std::string tape; // tape.h
    bool failed = false;
    uint64_t epoch = 0, at_ms = 0; // of its end
};

// That which ends with this step of a walk (past.h). Nothing: it handles no message, the machine did it by itself.
std::optional<RecordedTurn> turn_of(const Past::Step& step);
// It handles none because its supervisor restarts the actor: what that was has heard `on stop(:restart)`, off any tape.
bool ends_for_restart(const Past::Step& step);

// Put together while a story is read from its beginning or from a checkpoint, record after record.
class Turns {
  public:
    // The next record. A turn that ends with it.
    std::optional<RecordedTurn> take(const Record& record);

  private:
    struct Begun {
        PostRecord message;
        uint64_t turn = 0;
        std::string tape;
    };
    std::optional<RecordedTurn> segment(const SegmentRecord& segment);
    std::map<uint64_t, PostRecord> waiting_; // messages, by number
    std::map<uint64_t, TimerStartRecord> timers_;
    std::map<uint64_t, Begun> begun_; // by actor
};

} // namespace indent::image
