// What programs ask of the reload engine, and of their history, through the primitives. vm/world fills it. Functions with a Machine run in its
// turn, which waits meanwhile (`args`: its frame); words of refusals end in a line end.
#pragma once
#include "vm/interp/machine.h"
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace indent {

struct ReloadOptions {
    uint64_t patience =
        5'000'000'000;       // ns that it may wait: for old code to be left, in live mode for turns to end
    bool live = false;       // nobody sees two versions
    bool force = false;      // turns in code that is too old end, blocks of it are stale
    bool tombstones = false; // objects of classes that are gone stay
    bool effects = true;     // false: of statements, the values of `stable` and `var` alone; no hooks
    bool values = true;      // false, without effects: nothing of the texts runs at all
    bool library = false;    // texts of modules `std.…` are the library's, all that change with it
    uint64_t rehearse = 0;   // the last so many recorded messages must do the same with it
    // Keeps what is taken, at the last moment at which all can be taken back; on the thread of the reload's turn. False,
    // with words that end in a line end: it is taken back. May be empty.
    std::function<bool(std::string& words)> keep{};
};

struct UndoOptions {
    bool state = true;        // states go back, too
    bool accept_loss = false; // even where they cannot become what they were
    ReloadOptions reload;
};

struct GenerationInfo {
    uint32_t number = 0;
    bool current = false;
    bool purged = false;
    uint32_t amended = 0;             // times that it was changed in place
    std::vector<std::string> holders; // who keeps it in use, in words
};

// What came of a change of the current generation in place.
enum class Amendment : uint8_t {
    Done,
    Wrong,   // the text is not right: words with places
    Refused, // it cannot be made in place: words
    Missing, // there is no such method to be removed,
    Reader,  // or it reads a field
};

class ReloadPort {
  public:
    virtual ~ReloadPort() = default;

    // The module from its file, or from `text` (which says its path). False: refused.
    virtual bool reload(Machine& vm, Value* args, const std::string& path, const std::string* text,
                        const ReloadOptions& options, std::string& words) = 0;
    // Checks all of it and tries the migration; nothing changes. Answers the plan's number, or 0: refused.
    virtual uint64_t prepare(Machine& vm, Value* args, std::vector<std::string> texts,
                             const ReloadOptions& options, std::string& words) = 0;
    virtual bool commit(Machine& vm, Value* args, uint64_t plan, std::string& words) = 0;
    // What the tree defines comes into the module, or, parsed as members, into its class `cls`; the very next send runs it.
    virtual Amendment amend(Machine& vm, Module& module, Class* cls,
                            std::shared_ptr<const syntax::SyntaxTree> tree, std::string& words) = 0;
    virtual Amendment remove(Class& cls, SymbolId selector, std::string& words) = 0;
    // What a plan would change; any thread. False: there is no such plan (any more).
    virtual bool plan(uint64_t plan, ReloadSummary& summary) = 0;
    // In a handler of `hot.accept`: the change is passed up to who imports the module. False: no handler runs.
    virtual bool invalidate(Machine& vm) = 0;
    // False: there is no such plan (any more).
    virtual bool abort(uint64_t plan) = 0;
    // Takes the last reload back that has not been taken back, as a reload of its own.
    virtual bool undo(Machine& vm, Value* args, const UndoOptions& options, std::string& words) = 0;

    // Asks the history of what runs (ui/main/image_past.h has the questions). `answer`: the text, or why there is none. Empty
    // `code`: it is the answer; "no_image": nothing is kept.
    virtual void ask_past(const std::string& question, const std::vector<std::string>& words,
                          std::string& answer, std::string& code) = 0;

    // Of the module with this path, the newest first.
    virtual std::vector<GenerationInfo> generations(Machine& vm, Value* args, const std::string& path) = 0;
    // Makes old generations of the module unusable: where nobody uses them (`hard`: in any case). False: the holders.
    virtual bool purge(Machine& vm, Value* args, const std::string& path, bool hard,
                       std::vector<std::string>& holders) = 0;
};

} // namespace indent
