// One recorded turn is run again to be looked at: on its tape, in a world of its own, and nothing that it does to others is
// done. Used by what asks "what if", makes a test of a turn, or looks for what was not determined.
//
//     Rerun rerun(actors, names, patience);     // one worker; no log; nothing else runs there
//     Rerun::Outcome outcome = rerun.run(actor, turn.message, turn.tape, Rerun::Strict);
//
// The actor has the state from before the turn and does nothing (Recovery::restore, still). Afterwards it has the state from
// after the turn, so that the next message can follow. The thread of worker 0.
#pragma once
#include "image/history/patience.h"
#include "image/journal/records.h"
#include "image/journal/world_names.h"
#include <string>
#include <string_view>
#include <vector>

namespace indent::image {

class Rerun {
  public:
    enum Mode : uint8_t {
        Strict, // all comes in the order in which it came, or the turn ends there
        Loose, // of edited code: each gets what was answered to the same; what was not asked then ends the turn
    };
    struct Letter {
        enum Way : uint8_t { Sent, Asked, Timed };
        Way way = Sent;
        uint64_t to = 0; // actor
        std::string selector;
        std::vector<std::string> labels; // one for each argument, empty where it has none
        Parcel::Pointer arguments;       // null: none
        uint64_t after = 0, every = 0;   // of Timed: ns; 0: once
        size_t count() const { return arguments ? arguments->count() : 0; }
    };
    struct Outcome {
        bool done = false;    // the turn came to its end; else it failed, or diverged
        std::string report;   // of a failure, as people see it; nothing where nobody would
        std::string diverged; // the first thing that is not as it was, in words; nothing: it is the same turn
        std::vector<Letter> letters; // what left, in its order, and what it asked
        Parcel::Pointer reply;       // what the handler answered; null where it did not end
        std::string trouble;         // why it could not be run at all: what it names is not there
    };

    // All live longer. `names.address_of` knows the actors that values name.
    Rerun(ActorSystem& actors, WorldNames& names, Patience& patience)
        : actors_(actors), names_(names), patience_(patience) {}

    // A turn that was ended (patience.h) has diverged, and the others after it are in trouble.
    Outcome run(Actor& actor, const PostRecord& message, std::string_view tape, Mode mode);

    // What came into a turn from outside.
    struct Input {
        enum Kind : uint8_t {
            Asked,     // `selector` of the actor `actor`
            Answered,  // to the ask before it: `values`, null for nil
            Refused,   // its answer was an error: that is in `values`, or of the class `text`
            Born,      // the turn spawned the actor `actor`
            Timer,     // the turn started a timer, which had the number `actor`
            Cancelled, // the turn cancelled a timer: `text` says `true`, or `false` where that was over
            Other,     // something else: `text` says what, in words
        } kind = Asked;
        uint64_t actor = 0;
        std::string selector, text;
        Parcel::Pointer values;
    };
    // False: the tape names what is not there.
    [[nodiscard]] bool inputs_of(std::string_view tape, std::vector<Input>& inputs);

  private:
    ActorSystem& actors_;
    WorldNames& names_;
    Patience& patience_;
};

} // namespace indent::image
