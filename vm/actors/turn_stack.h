// The C++ stack of turns: one for each worker, on which one turn runs at a time. A turn that waits is cut out of it (the
// bytes between its innermost frame and the stack's end, usually two or three kilobytes) and put back at the same
// addresses when it goes on. So waiting turns need no stack of their own, no memory map, no guard page, and each has
// the full depth; what does not wait costs nothing.
//
// One thread, the same for life: frames know addresses of their thread's things.
#pragma once
#include "vm/os/memory.h"
#include <cstddef>
#include <memory>

namespace indent {

inline constexpr size_t kNativeMargin = size_t(4)
                                        << 20; // of the stack, for what runs after the last look at its end

class TurnStack {
  public:
    // A turn that was cut out. What it owns on the heap of the process stays where it is.
    struct Cut {
        std::unique_ptr<std::byte[]> bytes;
        size_t room = 0; // for so many; kept for the next time
        size_t size = 0;
        void* context = nullptr;
        void* exceptions[2] = {};            // those that its frames are handling
        std::unique_ptr<std::byte[]> shadow; // what AddressSanitizer knows of the bytes
        void* thread_sanitizer = nullptr;
        size_t memory() const { return size; }
    };

    // Reserves `bytes`. Failure code: "no_memory".
    static Result<std::unique_ptr<TurnStack>> make(size_t bytes);
    ~TurnStack();
    TurnStack(const TurnStack&) = delete;
    TurnStack& operator=(const TurnStack&) = delete;

    char* low() const { return reinterpret_cast<char*>(memory_.begin()); }

    // From outside: runs body(context) on the empty stack. True: it has ended. False: it paused; cut() it before anything
    // else runs here.
    [[nodiscard]] bool run(void (*body)(void* context), void* context);
    // From outside, after a pause: into a new or a used one.
    void cut(Cut& cut);
    // From outside: puts the turn back, whose cut is used then, and lets its pause() return. Answers like run.
    void put_back(Cut& cut);
    [[nodiscard]] bool go_on();
    // Inside: to whoever called run or go_on, until somebody puts the cut back.
    void pause();

  private:
    TurnStack() = default;
    bool switch_to(void* context);
    friend void begin_on_turn_stack(void*);
    void begun();
    [[noreturn]] void ended();

    os::MappedMemory memory_;
    void* outside_ = nullptr; // who waits outside
    void* inside_ = nullptr;  // the turn that paused
    bool done_ = false;
    void (*body_)(void*) = nullptr;
    void* body_context_ = nullptr;
    // What sanitizers want to know when stacks change.
    [[maybe_unused]] void* outside_fake_ = nullptr;
    [[maybe_unused]] const void* outside_bottom_ = nullptr;
    [[maybe_unused]] size_t outside_size_ = 0;
    [[maybe_unused]] void* inside_fiber_ = nullptr;
    [[maybe_unused]] void* outside_fiber_ = nullptr;
};

} // namespace indent
