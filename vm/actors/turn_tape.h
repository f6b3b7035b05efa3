// What came into a turn from outside while it ran: its tape. While a log is attached each turn of a kept actor writes one,
// piece by piece, and the log takes a piece with each segment. From the message, the state before the turn and the tape, the
// turn can be run again: it does the same and gets the same, but nothing that it sends, spawns or writes leaves once more.
// Where the tape ends, the turn goes on as any other. Owned by the worker whose turn it is of; its thread.
#pragma once
#include "vm/actors/break_record.h"
#include "vm/interp/input_tape.h"
#include <optional>
#include <span>

namespace indent {

class ActorSystem;
struct Outbox;

struct TapeEntry {
    enum Kind : uint8_t {
        Result,   // a primitive `selector` answered `plain` or the one value in `values`
        Same,     // a primitive `selector` answered its argument `number`; 0: its receiver
        Raised,   // a primitive `selector` raised the error in `values`
        Again,    // an Atom was changed by somebody else meanwhile: once more
        Changed,  // it was changed
        Unkept,   // something came that cannot be kept: `words`
        Spawned,  // the actor `number` was spawned
        Taken,    // one was to be spawned, and its name had another already
        Full,     // the letter `number` of this segment found a full mailbox
        Timer,    // a timer has the number `number`
        Deadlock, // an ask would have closed a circle: `words`
        Left,     // a segment ends at `number` (ms since 1970): `count` letters, of which `hash` tells
        NoRoom,   // an ask waited in vain for room
        Asked,    // the message `selector` for the actor `to` waits for an answer under `number`
        Answered, // it came: `values`; or it failed: the error in `values`, or `error_class` and `words`; raised in `where`
        Heard,    // the turn goes on with the answer before this entry, which came from the log
        TimedOut, // it goes on without one
        Sleeps,   // until `number` (ms since 1970)
        Stopped,  // it is to end with Stopped
        Epoch,    // a reload came: `number` of them by now
        Rests, // the program had ended: of the wait before, `number` ms were over when it went on at `count` (ms since 1970)
        Anew, // the turn has begun anew: what was before counts no more
        Had, // it was retried (break_record.h) and had done before, as `count` (BreakRecord::Kind) says: ask or tell `to` for
             // `selector` and get `values`, spawn the actor `number`, start the timer `number`
        Expects, // it is retried, and had done `deed` before: these come first, in their order
        Forgets, // it went on without the first `number` of what it had done and not met yet; 0: without all
    };
    static constexpr uint8_t kLast = Forgets;
    Kind kind = Result;
    bool failed = false;
    SymbolId selector = 0;
    uint64_t number = 0, count = 0, hash = 0, to = 0;
    Value plain; // an immediate one, or absent
    Parcel::Pointer values;
    std::string error_class, words, where;
    std::shared_ptr<BreakRecord::Deed> deed;
};

// What a turn that is run again for somebody to look at would have done to others: nothing of it is done.
struct Collected {
    enum Way : uint8_t { Sent, Asked, Timed };
    struct Letter {
        Way way = Sent;
        uint64_t to = 0;
        SymbolId selector = 0;
        std::vector<SymbolId> labels;  // one for each argument, or none at all
        Parcel::Pointer arguments;     // null: none
        uint64_t after = 0, every = 0; // of Timed: ns
    };
    std::vector<Letter> letters; // in their order
    Parcel::Pointer reply;       // what a handler answered; null: it did not come so far
    bool done = false;           // the turn came to its end
    std::string diverged;        // why it is another turn than the one that was recorded, or nothing
    size_t left = 0; // so many letters have left, whatever becomes of the turn; of timers those alone do
};

class TurnTape final : public InputTape {
  public:
    // One that is written.
    explicit TurnTape(ActorSystem& system) : system_(system) {}
    // One that a turn runs on. `broken`: why it cannot, in words, or nothing. `last_ms`: when the program that wrote it ended
    // (ms since 1970). `asked`: whom its last ask waits for; null: it does not end so.
    TurnTape(ActorSystem& system, std::vector<TapeEntry> entries, std::string broken, uint64_t last_ms,
             ActorRef asked);
    // One that a turn is run again on for somebody to look at: it ends with the tape, and what it does to others goes into
    // `collected`, which lives as long. `loose`: in any order; an ask gets what was answered to the same of the same.
    TurnTape(ActorSystem& system, std::vector<TapeEntry> entries, bool loose,
             std::shared_ptr<Collected> collected);

    // ---- for the log
    // What came since it was last asked.
    std::vector<TapeEntry> take_written() { return std::exchange(written_, {}); }
    bool anything_written() const { return !written_.empty(); }
    bool is_blank() const {
        return written_.empty() && entries_.empty() && expected_.empty() && broken_.empty() &&
               why_lost_.empty();
    }

    // ---- for whoever brings a turn back
    uint64_t pending_ask() const { return pending_; } // the number of the ask that it ends with; 0: none
    const ActorRef& asked() const { return asked_; }
    // What the turn had done before it was retried, and has not met where the tape ends.
    std::deque<BreakRecord::Deed> take_expected() { return std::exchange(expected_, {}); }

    // The turn is run again to be looked at.
    bool only_reads() const { return collected_ != nullptr; }
    void collect(Collected::Way way, const Actor& to, ActorMessage& message, uint64_t after = 0,
                 uint64_t every = 0);
    void collect(Outbox& outbox);
    void collect_reply(Machine& vm, const Value* value);
    void collect_end();
    void collect_failure(); // what has not left never leaves

    // ---- in its turn
    bool repeats() const override { return collected_ ? !lost() : at_ < entries_.size(); }
    bool lost() const override { return !why_lost_.empty(); }
    const std::string& why_lost() const { return why_lost_; }
    // The turn does not fit: it fails from here on with TurnLost. Raises.
    Value lose(Machine& vm, Value* args, std::string words);
    // Raises where the tape cannot be used, or the turn has not come to its end where the turn has.
    void begin_turn(Machine& vm, Value* args);
    void end_turn(Machine& vm, Value* args);

    Value call(Machine& vm, Method& method, Value* nf) override;
    void raised(Machine& vm, Value error) override;
    Value input(Machine& vm, SymbolId selector, Value read, Value* nf) override;
    void mark(Mark mark) override { note(mark == Changed ? TapeEntry::Changed : TapeEntry::Again); }
    bool had(Mark mark) override;
    Value diverge(Machine& vm, Value* args, const std::string& does) override {
        return lose(vm, args, differs(does));
    }

    // Writing: nothing where it repeats.
    void note(TapeEntry::Kind kind, uint64_t number = 0, std::string words = {});
    void note_asked(const Actor& to, SymbolId selector, uint64_t number); // where the log does not tell of it
    void note_answer(Machine& vm, const Answer& reply);
    void note_rests();
    void note_had(TapeEntry entry);
    void note_expected(Machine& vm, const BreakRecord& record); // as the turn begins
    void note_left(const Outbox& outbox);
    void begin_epoch(uint32_t epoch); // Runtime::epoch when the turn begins
    void note_epoch(uint32_t epoch);  // and when it goes on
    // Whether a mailbox is full, or was, where so many letters of the segment come before.
    bool is_full(bool full, size_t letters);

    // Reading. The next entry; null: there is none, or lost.
    const TapeEntry* next() const { return at_ < entries_.size() && !lost() ? &entries_[at_] : nullptr; }
    bool next_is(TapeEntry::Kind kind) const { return next() && next()->kind == kind; }
    TapeEntry& take() { return entries_[at_++]; }
    // The next entry, if it is of this kind and `fits` says that it is right, or where the order does not matter any such; it
    // is taken. Null: there is none.
    TapeEntry* take_if(TapeEntry::Kind kind, const std::function<bool(const TapeEntry&)>& fits = nullptr);
    bool is_loose() const { return loose_; }
    // It repeats, and what the segment sends, spawns and starts has left already.
    bool has_left() const { return collected_ || at_ < lefts_; }
    // A segment ends, and what is in the outbox left then. False: it does not fit, why_lost says why.
    [[nodiscard]] bool leave(const Outbox& outbox);
    // Of the wait that it ends with: ms of it that the program has run, and ms since 1970 when it began.
    uint64_t waited_ms() const { return waited_ms_; }
    uint64_t left_at_ms() const { return left_at_ms_; }
    std::string
    in_words(const TapeEntry& entry) const; // what the turn did there: "it asks Counter for `get`"
    // Why the turn is another one than it was.
    std::string differs(const std::string& does) const;

  private:
    Value call_again(Machine& vm, Method& method, Value* nf);
    bool give(Machine& vm, TapeEntry& entry, Value* nf, Value& value);
    void note_value(Machine& vm, SymbolId selector, Value value);
    void forget_expected(uint64_t count);

    ActorSystem& system_;
    std::vector<TapeEntry> written_;
    std::vector<TapeEntry> entries_; // that a turn runs on
    size_t at_ = 0;                  // the next of them
    size_t lefts_ = 0;               // those up to the last segment that has left
    std::string broken_, why_lost_;
    uint64_t waited_ms_ = 0, left_at_ms_ = 0, pending_ = 0;
    ActorRef asked_;
    std::deque<BreakRecord::Deed> expected_;
    std::shared_ptr<Collected> collected_;
    bool loose_ = false;
    std::vector<bool> used_; // where it is
    bool just_left_ = false; // with the last entry
    bool in_raise_ = false;
    const Method* inside_ = nullptr; // the primitive that runs
    uint32_t epoch_ = 0;
    bool crossed_reload_ = false;
};

// Of what an outbox would send: a number that tells other letters from these.
uint64_t hash_of_letters(const Outbox& outbox, const SymbolTable& symbols);

} // namespace indent
