// The story read from its beginning, or from a checkpoint: what there was when it ended. No code of the program runs.
//
//     Recovery recovery;
//     for (each batch) if (!recovery.add(body)) …
//     recovery.restore(actors, names, journal_numbers…)
#pragma once
#include "image/codec/heap_record.h"
#include "image/journal/records.h"
#include "image/journal/world_names.h"
#include "vm/actors/turn_tape.h"
#include <deque>
#include <map>

namespace indent::image {

class Recovery {
  public:
    // The next batch, or a checkpoint to begin with. False: that is none, or it cannot follow those before.
    [[nodiscard]] bool add(std::string_view body);

    struct Restored {
        std::vector<Actor*> actors; // that live, by number; they begin with ActorSystem::begin_restored
        std::vector<std::string>
            troubles;            // for people: what could not be brought back, and that it is held or lost
        size_t waited = 0;       // turns that waited, which are run again
        std::vector<Value> held; // addresses of ended ones: to be released when `names` have what they need
    };
    // Puts the actors into a world that has none yet and whose modules are loaded. `names` has its rows.
    // `still`: to be looked at; no timers, no messages, no turns that waited.
    Restored restore(ActorSystem& actors, WorldNames& names, bool still = false);

    // The state as one checkpoint, which can stand for all batches so far. Of what has been added, without a world.
    std::string checkpoint() const;
    // The same after restore, with the heaps of these actors, which have not begun yet, as they are now.
    std::string checkpoint(WorldNames& names, const std::vector<Actor*>& restored);

    // Whether the world knows all layouts that actors, and what they begin with, are made of.
    bool fits(WorldNames& names) const;

    uint64_t last_message() const { return last_message_; }
    bool has(uint64_t actor) const { return actors_.contains(actor); }
    size_t actor_count() const { return actors_.size(); }

  private:
    struct State {
        FactsRecord facts;
        HeapPicture picture;
        std::string base; // of the heap as it came back: stands for the picture
        uint64_t turns = 0;
        std::deque<PostRecord> mailbox;
        std::optional<PostRecord> begun; // what a turn handles that waits,
        std::string tape;                // and what has come into it so far (tape.h)
        uint64_t tape_turn = 0;          // which of its turns that is
    };
    bool take(const BeginRecord& begin) { return begin.format == BeginRecord::kFormat; }
    bool take(const PostRecord& post);
    bool take(const SegmentRecord& segment);
    bool take(const FactsRecord& facts);
    bool take(const EndRecord& end);
    bool take(const TimerStartRecord& timer);
    bool take(const TimerEndRecord& timer);
    bool take(const AtomRecord& atom);
    bool take(const ModuleValueRecord& value);
    bool take(const AnswerRecord& answer);
    bool take(const TurnRecord& turn);
    void end_asks(uint64_t actor, const State& state);
    bool waits_for(const PostRecord& post) const;
    std::shared_ptr<TurnTape> tape_of(const State& state, ActorSystem& actors, WorldNames& names) const;

    std::map<uint64_t, State> actors_;
    struct Ended {
        uint64_t shape, reason;
    };
    std::map<uint64_t, Ended> ended_;
    std::map<uint64_t, TimerStartRecord> timers_;
    std::map<uint64_t, std::string> atoms_;
    std::map<std::pair<std::string, std::string>, std::string> module_values_;
    uint64_t last_message_ = 0, last_actor_ = 0, last_ask_ = 0, last_ms_ = 0;
};

} // namespace indent::image
