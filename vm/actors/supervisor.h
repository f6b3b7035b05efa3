// Supervisors: actors whose children are started with them, and who decide what happens when a child's turn fails or a
// child ends. A decision is a turn of the supervisor: while it is pending the child is held, its mailbox fills, and no
// turn of it begins. A restart keeps the child's address, names and mailbox; its state begins anew.
#pragma once
#include "vm/actors/actor.h"
#include <deque>
#include <list>
#include <memory>
#include <string>
#include <vector>

namespace indent {

struct Child {
    enum Restart : uint8_t { Permanent, Transient, Temporary }; // again always, after failures, never
    enum OnError : uint8_t { AsStrategy, DoRestart, DoResume, DoStop, DoEscalate };
    ActorRef actor;
    Restart restart = Permanent;
    OnError on_error = AsStrategy;
    uint64_t patience = 5'000'000'000; // ns that its `on stop` may take
    uint32_t restarts = 0;
};

struct Supervision {
    enum Strategy : uint8_t { OneForOne, OneForAll, RestForOne } strategy = OneForOne;
    Child::OnError on_error = Child::DoRestart;
    uint32_t most = 3;               // restarts
    uint64_t within = 5'000'000'000; // ns
    std::deque<uint64_t> restarted;  // when, lately
    std::vector<Child> children;     // in the order in which they were started
    bool ending = false;
    std::string end_report; // when it gives up: for its own supervisor
    // What its turn has in hand while it waits: a program that ends then frees this with the actor, and no stack.
    std::list<std::vector<Child>> those_that_end;
    std::string why_not_started;
};

} // namespace indent
