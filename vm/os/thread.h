// A thread whose stack is as large as its owner says; std::thread cannot do that.
// (Mutexes, condition variables and atomics are the standard library's.)
#pragma once
#include "vm/base/result.h"
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace indent::os {

class Thread {
  public:
    Thread() = default;
    // Runs `body` on a new thread. The stack is reserved, not committed, and ends in a guard page;
    // stack_bytes is rounded up to what the system takes. The name (15 bytes at most are kept) is shown by
    // debuggers. `body` must not let an exception out. Failure code: "no_thread".
    static Result<Thread> start(std::string name, size_t stack_bytes, std::function<void()> body);

    Thread(Thread&& other) noexcept;
    Thread& operator=(Thread&& other) noexcept; // joins the thread that it held
    ~Thread();                                  // joins

    // Waits for the end of `body`. Does nothing the second time, and for a Thread that was never started.
    void join();
    bool joinable() const { return state_ != nullptr; }

  private:
    struct State;
    explicit Thread(State* state) : state_(state) {}
    State* state_ = nullptr;
};

// From here on the calling thread gives way to others of its process where there are not enough processors; it still gets
// a share. Nothing where the system cannot do that.
void stand_back();

// Processors that this process may use; at least 1.
uint32_t processors();

// The calling thread's stack: lowest address and size. Stacks grow down, so `low` is where it ends.
struct StackBounds {
    uintptr_t low = 0;
    size_t bytes = 0;
};
StackBounds current_stack();

} // namespace indent::os
