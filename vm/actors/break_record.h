// What a turn has done to others and what they answered, in the order in which it was done, while errors stop turns
// (broken.h). Where such a turn is retried, what had left of it is expected: the same asks get the answers that they had,
// the same sends are sent already. It belongs to the message that the turn handles, and lives as long.
//
// The worker that runs the turn alone uses it.
#pragma once
#include "vm/actors/actor.h"
#include <deque>

namespace indent {

struct BrokenTurn;

class BreakRecord {
  public:
    enum Kind : uint8_t { Ask, Send, Later, Spawn, Stop };
    static constexpr uint8_t kLast = Stop;
    struct Deed {
        Kind kind = Ask;
        ActorRef whom; // of Spawn: who came of it
        SymbolId selector = 0;
        std::vector<SymbolId> labels;
        bool trailing_block = false;
        Parcel::Pointer arguments;  // null: none
        const Class* cls = nullptr; // of Spawn
        SymbolId name = 0;          // the same; 0: none
        uint64_t delay = 0, period = 0;
        std::shared_ptr<struct TimerRecord> timer; // of Later
        std::unique_ptr<Answer> answer;            // of Ask; null: none came in time
        bool left = false;
    };
    // A copy of the call, with its values.
    static Deed deed(Machine& vm, Kind kind, SharedSpace& shared, Actor& whom, const ActorMessage& call);

    // The turn begins: what had left before is expected, and the rest was undone with it.
    void begin();
    // What comes next of that; null: nothing.
    const Deed* expected() const { return expected_.empty() ? nullptr : &expected_.front(); }
    // Whether a deed is that one. Of values alone: blocks are never the same.
    bool is_expected(Machine& vm, const Deed& deed) const;
    // It was met: it counts as done, and has left.
    const Deed& meet();
    // All of it, in its order; and what comes after that.
    const std::deque<Deed>& all_expected() const { return expected_; }
    void expect(Deed deed) { expected_.push_back(std::move(deed)); }
    void forget_first() { expected_.pop_front(); }
    void forget_expected() { expected_.clear(); }

    Deed pending;                // is about to be done,
    void do_pending(bool left) { // and is
        pending.left = left;
        done_.push_back(std::exchange(pending, {}));
    }
    void all_left();
    // Of the last ask. One that failed is forgotten: what its turn did was undone, so it is asked anew.
    void answered(Machine& vm, const Answer& answer);
    static std::unique_ptr<Answer> copy_of(Machine& vm, const Answer& answer);
    static Deed copy_of(Machine& vm, const Deed& deed);

    // Classes of errors that whoever waits for this turn's answer catches; a null one: all of them.
    std::vector<const Class*> caught_by;
    bool is_caught(Machine& vm, Value error) const;

    bool may_break = false;             // the turn has begun and has not ended
    bool looked_at = false;             // a person evaluates something in it: that is no part of it
    bool retries = false;               // it ends so that its message is handled anew
    bool returns = false;               // it ends with the value in Machine::Inner::uncaught.resumed_with
    bool gives_up = false;              // it fails without stopping again
    bool whole = false;                 // it was there from the turn's beginning
    std::shared_ptr<BrokenTurn> broken; // where the turn stands still
    std::shared_ptr<struct BreakCourse>
        course; // what became of it since a person decided; null: nobody wants to know

  private:
    std::deque<Deed> done_, expected_;
};

} // namespace indent
