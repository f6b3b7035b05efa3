// What a session tells its faces: replies to requests, and events that nobody asked for.
#pragma once
#include "vm/protocol/mirrors.h"
#include "vm/protocol/requests.h"
#include <map>

namespace indent::protocol {

// ---- replies

struct Evaluated {
    enum class Outcome : uint8_t {
        Value,      // `text` is the value's inspected form, empty where none was wanted
        Refused,    // the text was not run: `diagnostics`
        Raised,     // an error that nobody caught: `text` is its message, `trace` where
        Stopped,    // Stop came
        Unfinished, // more lines are wanted; nothing was run
    };
    Outcome outcome = Outcome::Value;
    std::string text{};
    std::vector<Diagnostic> diagnostics{}; // with a Value: its warnings
    std::vector<Frame> trace{};
    std::string report{}; // Raised: the error with its trace as a terminal shows it
};

struct Accepted {
    bool taken = false;
    std::vector<Diagnostic> diagnostics{}; // why not; with `taken`, warnings
    std::string problem{};                 // why not, where it is no matter of the text; else empty
    bool conflict = false;                 // the source had changed since `base`
    std::string path{};                    // of the piece as it is now called
    std::string hash{};                    // of its source
};

struct Loaded {
    bool taken = false;
    bool identical = false;                // with `taken`: all of it was there already, and nothing was done
    std::vector<Diagnostic> diagnostics{}; // why not, where it is a matter of one text
    std::string problem{};                 // why not, as a terminal shows it; ends in a line end
    std::vector<std::string> modules{};    // "counter: generation 2"
    std::vector<std::string> states{};     // what becomes of states: "Counter: carries label; adds count"
    std::vector<std::string> notes{};      // what a person should know; each ends in a line end
    uint64_t actors = 0;                   // whose states were tried before,
    uint64_t objects = 0;                  // and how many objects of theirs
    uint64_t microseconds = 0;             // that it took
};

struct Modules {
    std::vector<ModuleMirror> modules{}; // the person's own first, by path
};
struct Definitions {
    std::string module{};
    std::vector<DefinitionMirror> definitions{}; // in the order of the text
};
struct Source {
    std::string module{};
    std::string path{};
    std::string text{};
    std::string hash{};    // what Accept::base wants
    bool editable = false; // not in the library
};
struct Done {};
struct Desk {
    std::map<std::string, std::string> texts{}; // by key
};
struct Completions {
    std::string prefix{}; // the part of the text that the completions begin with
    std::vector<Proposal> completions{};
};
struct Documentation {
    std::string text{}; // for a terminal; lines end in '\n'
};
struct Description {
    std::string version{}; // of the program
    std::string image{};   // path of its file; empty: nothing is kept
    bool running = false;
    std::string paused{}; // why nothing of the image runs, and how to let it; empty: it may run
};
struct Epochs {
    std::vector<EpochMirror> epochs{}; // oldest first
};
struct Told {
    std::string text{}; // for a terminal; lines end in '\n'
};
struct Compacted { // bytes of the image's file
    uint64_t before = 0, after = 0;
};
struct BrokenTurns {
    bool on = false;                   // errors stop turns
    std::vector<BrokenMirror> turns{}; // the first to be stopped first
};
struct Frames {
    std::vector<FrameMirror> frames{}; // innermost first
};
struct Resolved {
    // What came of it in the first second or so.
    enum class Course : uint8_t { GoesOn, Done, Failed, StoppedAgain };
    bool taken = false;
    std::string problem{}; // why not, as a terminal shows it
    Course course = Course::GoesOn;
    uint64_t turn = 0; // StoppedAgain: its number now
};
// The request could not be served: nothing of that name, the image cannot be written …
struct Failed {
    std::string code{}; // as in Failure
    std::string message{};
};

struct Reply {
    RequestId id = 0;
    std::variant<Evaluated, Accepted, Loaded, Modules, Definitions, Source, Done, Desk, Completions,
                 Documentation, Description, Epochs, Told, Compacted, BrokenTurns, Frames, Resolved, Failed>
        body;
};

// ---- events

struct Output { // what the program printed, as it came; may be several lines or part of one
    std::string text{};
};
struct Busy {              // the program began to run a request …
    RequestId request = 0; // 0: of another face
};
struct Idle {}; // … and waits for the next
struct DefinitionsChanged {
    std::string module{};
};
struct Trouble { // something that a person must hear of: the image cannot be written …
    std::string message{};
};
struct TurnStopped { // an error has stopped a turn: BrokenMirror
    uint64_t turn = 0;
    std::string who{};
    std::string message{};
    std::string error{};
    std::string differs{};
    std::string report{};
};
struct TurnGoesOn { // a person has decided about it, or it was ended
    uint64_t turn = 0;
};
struct Trusted {}; // what was paused runs
struct Ended {};   // the session is over; nothing comes after this

using Event =
    std::variant<Output, Busy, Idle, DefinitionsChanged, Trouble, TurnStopped, TurnGoesOn, Trusted, Ended>;

using Message = std::variant<Reply, Event>;

} // namespace indent::protocol
