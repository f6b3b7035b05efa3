// Actors that are somewhere else (in an image) and not in memory until somebody needs them. A port; image/journal fills it.
// Any thread, at any point of a turn.
#pragma once
#include "vm/model/symbol.h"
#include <functional>

namespace indent {

struct Actor;

class DormantActors {
  public:
    virtual ~DormantActors() = default;
    // The actor with this name, which the system knows from here on; null: there is none.
    virtual Actor* named(SymbolId name) = 0;
    // Its heap and state are there when it answers, and it is dormant no more. False: they cannot be brought back, which has
    // been said. Whoever calls is the only one to use them, or others use them after Actor::dormant is false.
    virtual bool awaken(Actor& actor) = 0;
    // Whether that takes so long that whoever has something else to do should not wait for it,
    virtual bool takes_long(const Actor& actor) = 0;
    // and the same beside whoever calls: `then` hears what awaken would answer, on a thread of these. `then` may be empty.
    virtual void bring(Actor& actor, std::function<void(bool whole)> then) = 0;
    // From here on nobody is brought, and no `then` is called. Not on such a thread.
    virtual void stop_bringing() = 0;
    // The system knows all of them from here on, though not their states.
    virtual void make_all() = 0;
    // And their states.
    virtual void awaken_all() = 0;
};

} // namespace indent
