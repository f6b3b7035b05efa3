// Why a field of an actor is what it is: the last turn that has left it as it is, and found something else.
//
// Only turns that have written something of the value are looked at (value_trail.h), from the last one on. So it costs reading the
// story and the state of two places, however many turns have changed other parts of the state.
#pragma once
#include "image/history/past.h"
#include "vm/session/definition_store.h"
#include <optional>
#include <string>

namespace indent::image {

struct Why {
    struct Sent {
        std::string actor;
        uint64_t turn = 0;
    };
    struct Cause {
        uint64_t turn = 0, at_ms = 0, epoch = 0;
        std::string before;         // the value that the turn found, in short; empty: it is not known
        std::string message;        // empty: it handled none, but followed a reload
        std::optional<Sent> sender; // nothing: no actor
    };
    std::string actor, value;
    std::optional<Cause> cause; // nothing: it was so before the history begins that is kept
    size_t states = 0;          // that were put together for it
};

// As it is at a place; `actor` is a name or a number. On a thread with a world's stack. Failure "not_found": there is no such
// actor or field; else as Past has it.
Result<Why> why(Past& past, DefinitionStore& store, const StoryPlace& upto, const std::string& actor,
                const std::string& field);

} // namespace indent::image
