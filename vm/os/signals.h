// Ctrl-C and broken pipes. A signal belongs to the whole process, so at most one InterruptGuard is alive at a
// time.
#pragma once
#include <atomic>

namespace indent::os {

// While this lives, Ctrl-C (SIGINT) runs `action(context)` instead of ending the program.
class InterruptGuard {
  public:
    // `action` runs inside a signal handler, on any thread, at any moment: it may only touch lock-free
    // atomics.
    using Action = void (*)(void* context);
    // `when_ended`: on the first request to end the program (SIGTERM), too.
    InterruptGuard(Action action, void* context, bool when_ended = false);
    // The usual action: stores true.
    explicit InterruptGuard(std::atomic<bool>& flag);
    ~InterruptGuard(); // what was there before is back
    InterruptGuard(const InterruptGuard&) = delete;
    InterruptGuard& operator=(const InterruptGuard&) = delete;

  private:
    const bool when_ended_;
};

// From here on a write beyond the limit for files (`ulimit -f`) fails instead of ending the program. Call once, early.
void ignore_limits_of_files();

// From here on a write to a closed pipe or socket fails instead of ending the program. Call once, early.
void ignore_broken_pipes();

} // namespace indent::os
