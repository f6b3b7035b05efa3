// Actors that are somewhere else (in an image) and not in memory until somebody needs them. A port; image/journal fills it.
// Any thread, at any point of a turn.
#pragma once
#include "vm/model/symbol.h"

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
    // The system knows all of them from here on, though not their states.
    virtual void make_all() = 0;
    // And their states.
    virtual void awaken_all() = 0;
};

} // namespace indent
