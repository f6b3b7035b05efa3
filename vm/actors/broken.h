// Turns that an error has stopped, with all that was on their stacks: a person looks at their frames, evaluates in them,
// and decides how they go on. Where that is wanted (ActorSystem::break_on_error), an error that nobody would catch, whoever
// waits for the turn's answer included, stops the turn before anything is unwound.
//
// Such a turn is one that waits (waiting.cpp), in a loop that takes commands and does them itself, in its own heap and on
// its own worker. Who gives commands waits for the answer with worker 0's thread, which runs others meanwhile.
#pragma once
#include "vm/actors/actor.h"
#include <mutex>

namespace indent {

// What a list of them shows.
struct BrokenInfo {
    uint64_t number = 0; // from 1, never used twice while the program runs
    uint64_t actor = 0;
    std::string who;     // "Account (:left)"
    std::string message; // "withdraw(50)"
    std::string error;   // "ZeroDivide: division by zero"; empty: it is no error, it differs
    std::string report;  // the whole as a terminal shows it
    std::string file;    // where, in the program's own text if there is one
    uint32_t line = 0;
    // Of a turn that is retried: what it is about to do otherwise than before, in words, before it does that.
    std::string differs;
};

struct BrokenVariable {
    std::string name;
    std::string text;    // of its value, short
    bool changes = true; // it can be assigned
};
struct BrokenFrame {
    std::string what; // "Account.withdraw"
    std::string file;
    uint32_t line = 0;
    std::string receiver; // short; empty: a function
    std::vector<BrokenVariable> variables;
};

struct BreakCommand {
    enum Kind : uint8_t {
        Frames,   // tells them
        Evaluate, // a text in a frame
        Resume,   // the failing expression has the value of a text and goes on
        Return,   // the turn ends with the value of a text; what it has changed stays
        Retry,    // what it has changed is undone, and its message handled anew in today's code
        GiveUp,   // it fails as it would have
        GoOn,     // of one that differs: it does that; what had left is expected still
        GoOnAnew, // the same, and nothing is expected any more
    } kind = Frames;
    size_t frame = 0; // that the text is evaluated in
    std::string text;
};

struct BreakAnswer {
    std::string problem; // why it was not done, in words that end in a line end; empty: it was
    std::vector<BrokenFrame> frames;
    std::string value;    // of Evaluate: inspected
    bool stopped = false; // of Evaluate: by a request to stop
    // Of those that let it go on: what came of it in the first second or two.
    enum Course : uint8_t { GoesOn, Done, Failed, StoppedAgain } course = GoesOn;
    uint64_t again = 0; // StoppedAgain: its number now
};

// What becomes of a turn after a decision.
struct BreakCourse {
    std::atomic<uint8_t> course = BreakAnswer::GoesOn;
    std::atomic<uint64_t> again = 0;
};

struct BrokenTurn {
    BrokenInfo info; // does not change
    ActorRef actor;
    std::atomic<bool> stop_wanted = false; // of what is evaluated
    std::atomic<bool> answered = false;
    std::mutex mutex; // of what follows
    std::optional<BreakCommand> command;
    BreakAnswer answer;
    std::shared_ptr<BreakCourse> course; // of the decision
    bool over = false;
};

} // namespace indent
