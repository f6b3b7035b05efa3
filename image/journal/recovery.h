// The story read from its beginning, or from a checkpoint: what there was when it ended. No code of the program runs.
//
//     Recovery recovery;
//     if (there is a checkpoint && !recovery.begin(manifest, piece)) …
//     for (each batch after it) if (!recovery.add(body)) …
//     recovery.restore(actors, names, …)
//
// A checkpoint is in pieces: one of what is of no actor, and one for each kBundle actors whose numbers are beside each
// other; who has a large heap has a piece of its own, and further ones for the leaves of that heap (heap_leaves.h). They are
// read when somebody asks for such an actor, and written anew when one of them has changed.
#pragma once
#include "image/codec/heap_record.h"
#include "image/journal/records.h"
#include "image/journal/tape.h"
#include "image/journal/world_names.h"
#include "image/store/listing.h"
#include "vm/actors/turn_tape.h"
#include <deque>
#include <functional>
#include <map>
#include <set>

namespace indent::image {

class Recovery {
  public:
    // The content of a piece; false: it is not to be had.
    using Piece = std::function<bool(const Hash& hash, std::string& content)>;
    // From this checkpoint on; `piece` is asked as long as this lives. False: that is none.
    [[nodiscard]] bool begin(std::string_view manifest, Piece piece);
    // Groups [from, upto) of the next batch. False: that is none, or it cannot follow those before.
    [[nodiscard]] bool add(std::string_view batch, uint64_t from = 0, uint64_t upto = UINT64_MAX);
    // One group.
    [[nodiscard]] bool take_records(const std::vector<Record>& records);
    struct Checkpoint {
        std::string manifest;            // a Listing (image/store)
        std::vector<std::string> pieces; // of it, those that the checkpoint has not that all began with
    };
    // Failure: a piece is not to be had. Who is damaged is in no checkpoint but those that are there.
    [[nodiscard]] bool checkpoint(Checkpoint& made);

    struct Restored {
        std::vector<Actor*> actors; // that live, by number; they begin with ActorSystem::begin_restored
        std::vector<std::string>
            troubles;            // for people: what could not be brought back, and that it is held or lost
        size_t waited = 0;       // turns that waited, which are run again
        std::vector<Value> held; // addresses of ended ones: to be released when `names` have what they need
    };
    // Puts all actors into a world that has none yet and whose modules are loaded. `names` has its rows. `still`: to be looked
    // at; no timers, no messages, no turns that waited.
    Restored restore(ActorSystem& actors, WorldNames& names, bool still = false);

    // Whether the world knows all layouts that actors, and what they begin with, are made of.
    bool fits(WorldNames& names);

    // Whether all actors had followed the last reload when the story ended, so that it fits.
    bool is_settled() const { return settled_; }

    uint64_t last_message() const { return totals_.last_message; }
    uint64_t last_actor() const { return totals_.last_actor; }
    uint64_t last_ask() const { return totals_.last_ask; }
    uint64_t last_ms() const { return totals_.last_ms; }
    uint64_t bytes_read() const { return bytes_; }
    uint64_t batch_bytes() const { return batch_bytes_; } // that came after the checkpoint
    uint64_t turns() const { return totals_.turns; }
    uint64_t turns_of_checkpoint() const { return turns_of_checkpoint_; } // those before it
    uint64_t epoch() const { return epoch_; } // of the definitions then; 0: it is not said
    size_t actor_count();

    // Actors of which a piece is not to be had: all that had numbers from `first` to `last` when the checkpoint was made, and
    // what is known of the names that they have. The others are what they are; what came later for these is passed over.
    struct Damaged {
        uint64_t first = 0, last = 0;
        std::vector<uint64_t> names; // symbols
    };
    bool any_damaged() const { return any_damaged_; } // of what was read
    bool is_damaged(uint64_t actor);                  // and it has nothing that can be brought back
    std::vector<uint64_t> names_of(uint64_t actor) const;
    // Of all; or of what has been asked for so far. The first reads every piece.
    enum class Look { AtAll, AtWhatWasRead };
    std::vector<Damaged> damaged(Look look);

    // What is known of an actor.
    struct State {
        FactsRecord facts;
        bool ended = false;
        uint64_t end_reason = 0; // a symbol
        // Records of heap_record.h: a base and changes; or a base in leaves, which are pieces, its head, and changes.
        std::vector<std::string> heap;
        std::map<LeafNumber, Hash> leaves;
        std::string head;
        uint64_t leaf_bytes = 0;
        std::vector<Hash> kept;         // pieces that are the first records of `heap` after the leaves,
        size_t kept_records = 0;        // which are so many
        std::vector<std::string> parts; // of a turn that has not ended yet,
        uint64_t parts_due = 0;         // and how many of them the next record of a segment follows
        uint64_t turns = 0;
        std::deque<PostRecord> mailbox;
        std::optional<PostRecord> begun;       // what a turn handles that waits,
        std::string tape;                      // and what has come into it so far (tape.h)
        PendingAsk pending;                    // as of when it was last asked for (pending_of)
        uint64_t tape_turn = 0;                // which of its turns that is
        bool draws = false;                    // something on a canvas
        bool is_listed = false, rests = false; // in busy_; and it has nothing to do any more

        bool has_heap() const { return !heap.empty() || !head.empty(); }
        uint64_t heap_bytes() const;
        // The heap becomes that after this segment; `group` has it.
        [[nodiscard]] bool follow(const SegmentRecord& segment, const std::vector<Record>& group);
        [[nodiscard]] bool take(const PartsRecord& due);
        void take_heap(const SegmentRecord& segment, std::string heap_after);
    };
    // All of the heap, in its order. False: a piece is not to be had, or it is none. Any thread, while nothing else changes
    // the state; beside other calls.
    [[nodiscard]] bool give_heap(const State& state, HeapPicture& picture) const;
    // The same, where leaves go to `take`, with whether records after them change something in them, until it answers false.
    using TakeLeaf = std::function<bool(std::string leaf, bool is_changed)>;
    [[nodiscard]] bool give_heap(const State& state, HeapPicture& picture, const TakeLeaf& take) const;
    // Null: there has never been one. Until the next call.
    bool has(uint64_t number) { return find(number) != nullptr; }
    const State* actor(uint64_t number) { return find(number); }
    std::vector<uint64_t> actors(); // that live, by number
    // Those that have something to do, or show something, by number.
    std::vector<uint64_t> busy() const;
    uint64_t named(uint64_t symbol) const; // which actor has this name; 0: none
    uint64_t last_name() const {
        return names_.empty() ? 0 : names_.rbegin()->first;
    } // of the symbols of names
    // Whether somebody waits for the answer to this message.
    bool waits_for(const PostRecord& post);
    // The heap of this actor is not asked for again, unless it changes.
    void forget_heap(uint64_t actor);
    const std::map<uint64_t, TimerStartRecord>& timers() const { return timers_; }
    const std::map<uint64_t, std::string>& atoms() const { return atoms_; }
    const std::map<std::pair<std::string, std::string>, std::string>& module_values() const {
        return module_values_;
    }

  private:
    static constexpr uint64_t kBundle = 64;
    static constexpr uint64_t kAlone = uint64_t(1) << 63; // and the actor's number: a bundle of one
    static constexpr size_t kLargeHeap = 64 << 10;        // bytes
    struct Bundle {
        Hash hash{};
        bool there = false;   // it has a piece
        bool changed = false; // the piece says something else
        bool read = false;
        bool damaged = false; // the piece is not to be had; who came after the checkpoint is in `actors`
        std::map<uint64_t, State> actors;
        // Of the one actor in it: its leaves; from kRecords on pieces of records after those, from kPart on its parts.
        std::map<LeafNumber, Hash> leaves;
    };
    static constexpr LeafNumber kRecords = uint64_t(1) << 61, kPart = uint64_t(1) << 62;
    bool take(const BeginRecord& begin) { return begin.format == BeginRecord::kFormat; }
    bool take(PostRecord& post);
    bool take(SegmentRecord& segment);
    bool take(FactsRecord& facts);
    bool take(const EndRecord& end);
    bool take(const TimerStartRecord& timer);
    bool take(const TimerEndRecord& timer);
    bool take(const AtomRecord& atom);
    bool take(const ModuleValueRecord& value);
    bool take(const DefinitionsRecord& epoch);
    bool take(const TotalsRecord& totals);
    bool take(const AnswerRecord& answer);
    bool take(const TurnRecord& turn);
    void end_asks(uint64_t actor, const State& state);
    static const PendingAsk& pending_of(State& state);
    bool take(const IndexRecord& index);
    bool take(PartRecord& part);
    bool take(const PartsRecord& parts);
    bool take(const HeadRecord& head);
    void note(uint64_t number, State& state); // what it has to do may have changed
    bool take_group(std::string_view group);
    bool take_one(Record& record);
    void drop_timer(uint64_t number);
    Bundle* bundle_of(uint64_t actor); // read; null: it is not to be had
    State* find(uint64_t actor);
    // A record that is about this actor, who is not known, is no mistake.
    bool passes_over(uint64_t actor) { return !reading_ && is_damaged(actor); }
    State* change(uint64_t actor);        // the same; its bundle has changed
    Bundle* read_bundle(uint64_t number); // the same, by its own
    uint64_t bundle_number(uint64_t actor) const;
    void move_large_apart();
    void write_state(ByteWriter& out, uint64_t number, const State& state);
    void write_rest(ByteWriter& out, const State& state);
    [[nodiscard]] bool write_large(Bundle& bundle, ByteWriter& out, Checkpoint& made);
    bool is_folded(const State& state, const std::set<LeafNumber>& touched) const;
    [[nodiscard]] bool fold(const State& state, const std::set<LeafNumber>& touched,
                            std::map<LeafNumber, Hash>& leaves, HeadRecord& head, Checkpoint& made) const;
    template <class Visit> // visit(number, State&)
    void each_actor(Visit visit);

    Piece piece_;
    std::map<uint64_t, Bundle> bundles_; // by bundle_number
    bool any_alone_ = false;             // there is a bundle of one
    bool reading_ = false;               // what is taken comes from a piece,
    uint64_t reading_number_ = 0;        // of this bundle
    std::map<uint64_t, TimerStartRecord> timers_;
    std::map<uint64_t, std::set<uint64_t>> timers_of_; // by actor
    std::map<uint64_t, std::string> atoms_;
    std::map<std::pair<std::string, std::string>, std::string> module_values_;
    TotalsRecord totals_;
    std::map<uint64_t, uint64_t> names_; // actors by symbols
    std::set<uint64_t> busy_;            // and some that rest
    uint64_t epoch_ = 0;
    bool settled_ = true;
    bool any_damaged_ = false;
    uint64_t last_of_checkpoint_ = 0; // actor
    uint64_t turns_of_checkpoint_ = 0;
    uint64_t bytes_ = 0; // of all that was read
    uint64_t batch_bytes_ = 0;
    uint64_t records_ = 0, passed_over_ = 0; // and messages that waited before the one that was handled
};

} // namespace indent::image
