// A signal handler gets no context, so what it needs stands in variables of this file: the one place in the
// house where that cannot be helped.
#include "vm/os/signals.h"
#include <cassert>
#include <signal.h>

namespace indent::os {
namespace {

std::atomic<InterruptGuard::Action> current_action{nullptr};
std::atomic<void*> current_context{nullptr};
struct sigaction previous_action;
struct sigaction previous_end;

void on_interrupt(int) {
    // The guard sets the context first and clears the action first, so an action seen has its context.
    if (auto action = current_action.load()) action(current_context.load());
}

} // namespace

InterruptGuard::InterruptGuard(Action action, void* context, bool when_ended) : when_ended_(when_ended) {
    assert(current_action.load() == nullptr && "one InterruptGuard at a time");
    current_context = context;
    current_action = action;
    struct sigaction mine {};
    mine.sa_handler = on_interrupt;
    sigemptyset(&mine.sa_mask);
    mine.sa_flags = 0; // no SA_RESTART: a read or a sleep comes back, so that its caller can look at the flag
    sigaction(SIGINT, &mine, &previous_action);
    if (!when_ended) return;
    mine.sa_flags = SA_RESETHAND; // a second one ends the program at once
    sigaction(SIGTERM, &mine, &previous_end);
}

InterruptGuard::InterruptGuard(std::atomic<bool>& flag)
    : InterruptGuard([](void* to) { static_cast<std::atomic<bool>*>(to)->store(true); }, &flag) {}

InterruptGuard::~InterruptGuard() {
    sigaction(SIGINT, &previous_action, nullptr);
    if (when_ended_) sigaction(SIGTERM, &previous_end, nullptr);
    current_action = nullptr;
    current_context = nullptr;
}

void ignore_limits_of_files() {
    signal(SIGXFSZ, SIG_IGN);
}

void ignore_broken_pipes() {
    signal(SIGPIPE, SIG_IGN);
}

} // namespace indent::os
