// One recorded turn is run again to be looked at: on its tape, in a world of its own, and nothing that it does to others is
// done. Used by what asks "what if", makes a test of a turn, or looks for what was not determined.
//
//     Rerun rerun(actors, names);               // one worker; no log; nothing else runs there
//     Rerun::Outcome outcome = rerun.run(actor, turn.message, turn.tape, Rerun::Strict);
//
// The actor has the state from before the turn and does nothing (Recovery::restore, still). Afterwards it has the state from after the turn, so that the next message can follow. The thread of worker 0.
#pragma once
#include "image/journal/records.h"
#include "image/journal/world_names.h"
#include <string>
#include <string_view>
#include <utility>
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
        std::vector<std::string> arguments; // in literal form, with their labels: `key: 3`
        bool operator==(const Letter&) const = default;
    };
    struct Outcome {
        bool done = false;    // the turn came to its end; else it failed, or diverged
        std::string report;   // of a failure, as people see it; nothing where nobody would
        std::string diverged; // the first thing that is not as it was, in words; nothing: it is the same turn
        std::vector<Letter> letters; // what left, in its order, and what it asked
        std::string reply; // what the handler answered, in literal form; nothing where it did not end
        std::vector<std::pair<std::string, std::string>> state; // fields and their values in literal form
        std::string trouble; // why it could not be run at all: what it names is not there
    };

    // Both live longer. `names.address_of` knows the actors that values name.
    Rerun(ActorSystem& actors, WorldNames& names) : actors_(actors), names_(names) {}

    Outcome run(Actor& actor, const PostRecord& message, std::string_view tape, Mode mode);
    // The fields of an actor that does nothing; none: it has no state.
    std::vector<std::pair<std::string, std::string>> state_of(Actor& actor);
    // A message as a send is written: `deposit(10)`.
    std::string in_words(const PostRecord& message);

    // Its arguments in literal form, with their labels; empty: there is none at that place.
    std::vector<std::string> arguments_of(const PostRecord& message);

    // What came into a turn from outside.
    struct Input {
        enum Kind : uint8_t {
            Asked,    // `selector` of the actor `actor`
            Answered, // to the ask before it: `text` in literal form
            Refused,  // its answer was an error: `text` in literal form
            Born,     // the turn spawned the actor `actor`
            Other,    // something else: `text` says what, in words
        } kind = Asked;
        uint64_t actor = 0;
        std::string selector, text;
    };
    // False: the tape names what is not there.
    [[nodiscard]] bool inputs_of(std::string_view tape, std::vector<Input>& inputs);

  private:
    std::vector<std::string> literals(const Parcel* parcel);
    ActorSystem& actors_;
    WorldNames& names_;
};

} // namespace indent::image
