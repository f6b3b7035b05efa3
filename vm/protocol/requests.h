// What a face may ask of a session. Each request is answered by one reply with the same id; the reply that belongs
// to each is named beside it (messages.h). Stop is no request: it passes the queue by (Client::stop).
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace indent::protocol {

// Given by the client, from 1, never used twice in a session.
using RequestId = uint64_t;

// Runs a text in the session's workspace scope. -> Evaluated
struct Evaluate {
    std::string workspace{}; // names the text in diagnostics and traces
    std::string text{};
    bool wants_value = true;        // print it: the value's text form is made; do it: not
    bool may_be_unfinished = false; // a prompt: an unfinished text is answered so and not run
};

// Takes a definition into the running program and into the image, or refuses it with nothing changed. -> Accepted
struct Accept {
    std::string module{}; // made where there is none
    std::string path{};   // the piece that the text replaces; empty: the text is added to the module
    std::string owner{};  // with an empty path: the class that the text is a new member of, or empty
    std::string text{};
    std::string base{}; // hash of the source that was edited (Source::hash); empty: whatever is there
};

struct NewText {
    std::string module{}; // made where there is none
    std::string file{};   // how diagnostics name the text; empty: as the module
    std::string text{};   // of the whole module
};
// Takes the texts of modules into the running program and into the image, all in one reload, or refuses them all with
// nothing changed. -> Loaded
struct Load {
    std::vector<NewText> modules{};
    uint64_t rehearse = 0; // refused where so many of the last recorded messages do not do the same with it
};

struct ListModules {};   // -> Modules
struct ListDefinitions { // -> Definitions
    std::string module{};
};
struct GetSource { // -> Source
    std::string module{};
    std::string path{}; // empty: the whole module
};

// A text of the person's desk (a workspace, a draft, the layout), kept in the image. -> Done
struct SaveDesk {
    std::string key{};                 // "workspace/1", "draft/MODULE/PATH", "layout"
    std::optional<std::string> text{}; // none: forgotten
};
struct LoadDesk {}; // -> Desk

struct Complete {       // -> Completions
    std::string text{}; // what stands before the cursor
};
struct Document {       // -> Documentation
    std::string name{}; // "List", "List.map", "shop.pricing.discounted"
};
struct Describe {}; // -> Description

// ---- turns that errors have stopped (stdlib/guide/repair.md)

// Whether an error that nobody catches stops the turn that it is about to leave, from the next turns on. -> Done
struct BreakOnError {
    bool on = true;
};
struct ListBroken {}; // -> BrokenTurns
struct GetFrames {    // -> Frames
    uint64_t turn = 0;
};
// A text in a frame of one: its variables, its fields and its self are in sight. -> Evaluated
struct EvaluateInFrame {
    uint64_t turn = 0;
    uint64_t frame = 0; // 0: the innermost
    std::string text{};
};
enum class Decision : uint8_t {
    Retry,    // its changes are undone and its message handled anew, in today's code
    Resume,   // the failing expression has the value of `text`
    Return,   // the turn ends with the value of `text`
    GiveUp,   // it fails as it would have
    GoOn,     // of a retried one that does otherwise than before: it does
    GoOnAnew, // the same, and nothing that it did before counts any more
};
struct ResolveBroken { // -> Resolved
    uint64_t turn = 0;
    Decision decision = Decision::Retry;
    uint64_t frame = 0; // that `text` is evaluated in
    std::string text{};
};

// ---- about the image's file
struct ListEpochs {};   // -> Epochs
struct VerifyImage {};  // looks at all of it; may take long. -> Done
struct SaveImageAs {    // -> Done
    std::string path{}; // of a new file; from the root, as the program may stand in another folder
};

// A question about the image's history (ui/main/image_past.h lists them), with its words. -> Told
struct AskPast {
    std::string question{};
    std::vector<std::string> words{};
};
// Goes on from a place of the history, on a timeline of its own. -> Told
struct GoBack {
    std::string where{};
    std::string name{}; // of the timeline; empty: none
};
struct CompactImage {}; // gives the space that nothing uses back to the disk; may take long. -> Compacted

// What is paused, as it came from elsewhere, runs from now on. -> Done
struct TrustImage {};

using Request = std::variant<Evaluate, Accept, Load, ListModules, ListDefinitions, GetSource, SaveDesk,
                             LoadDesk, Complete, Document, Describe, ListEpochs, VerifyImage, SaveImageAs,
                             AskPast, GoBack, CompactImage, TrustImage, BreakOnError, ListBroken, GetFrames,
                             EvaluateInFrame, ResolveBroken>;

struct RequestEnvelope {
    RequestId id = 0;
    Request request;
};

// Some requests need the program and wait until it is free; questions about the past have worlds of their own, and may
// take a while; the others are about texts alone and are answered at once, also while the program runs an endless loop.
enum class Lane : uint8_t { Program, Desk, Past };
inline constexpr size_t kLanes = 3;
inline Lane lane_of(const Request& request) {
    return std::holds_alternative<Evaluate>(request) || std::holds_alternative<Accept>(request) ||
                   std::holds_alternative<Load>(request) || std::holds_alternative<Complete>(request) ||
                   std::holds_alternative<Document>(request) || std::holds_alternative<GoBack>(request) ||
                   std::holds_alternative<TrustImage>(request) ||
                   std::holds_alternative<GetFrames>(request) ||
                   std::holds_alternative<EvaluateInFrame>(request) ||
                   std::holds_alternative<ResolveBroken>(request)
               ? Lane::Program
           : std::holds_alternative<AskPast>(request) ? Lane::Past
                                                      : Lane::Desk;
}

} // namespace indent::protocol
