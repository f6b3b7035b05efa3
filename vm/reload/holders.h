// Who keeps code of generations that are not current in use: turns that run it, and blocks made in it, wherever an actor
// keeps them. What only knows the layout of an old object is no holder: that code is archived, there for migrating.
//
// The time does not grow with the number of actors: looked at are the turns that began before the reload, and those
// actors whose heaps (or messages) a block has ever entered.
#pragma once
#include "vm/actors/actor_system.h"
#include <span>
#include <string>
#include <vector>

namespace indent {

struct Holder {
    const Module* generation = nullptr;
    ActorRef actor;
    enum Kind : uint8_t {
        Turn,    // it waits in code of the generation
        Running, // it began before the reload and runs: nobody can see where it is
        Block,   // somewhere in its state, its turn, its messages
    } kind = Turn;
    std::string
        words; // "Till (:till): its state `handlers[0]` keeps a block of shop, generation 1 (shop.ind:12)"
};

// At most `most` of them. In a turn that run_elsewhere or run_apart made.
std::vector<Holder> find_holders(ActorSystem& actors, std::span<Module* const> generations, size_t most);

// The blocks alone, of modules that may be current. The same.
std::vector<Holder> find_blocks_of(ActorSystem& actors, std::span<Module* const> modules, size_t most);

// Generations of the module that are not current and may be in use, the newest first.
std::vector<Module*> older_generations(Runtime& runtime, std::string_view path);

} // namespace indent
