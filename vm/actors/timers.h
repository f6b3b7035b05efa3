// Messages that come later, once or again and again. Any thread.
#pragma once
#include "vm/actors/actor.h"
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace indent {

struct TimerRecord {
    ActorRef target;
    SymbolId selector = 0;
    Parcel::Pointer arguments;
    std::vector<SymbolId> labels;
    bool trailing_block = false;
    uint64_t number = 0;
    uint64_t due = 0;   // monotonic ns
    uint64_t every = 0; // ns; 0: once
    std::atomic<bool> cancelled = false;
    std::atomic<bool> waits =
        false; // its last message has not been taken yet: of `every`, at most one is queued
    std::atomic<bool> over = false; // of one that comes once: it came
};
using TimerPointer = std::shared_ptr<TimerRecord>;

class Timers {
  public:
    // A number for it, by which programs know it.
    uint64_t add(const TimerPointer& timer);
    // One that had this number before.
    void add_again(const TimerPointer& timer, uint64_t number);
    TimerPointer find(uint64_t number);
    void start(TimerPointer timer);
    void cancel(const TimerPointer& timer);
    // When the next one is due; 0: there is none.
    uint64_t next() const { return next_.load(std::memory_order_relaxed); }
    size_t size() const;
    void clear();
    // Takes those that are due at `now`; those of `every` are in again for their next time.
    std::vector<TimerPointer> take_due(uint64_t now);

  private:
    void note_next();
    uint64_t last_ = 0;
    std::unordered_map<uint64_t, std::weak_ptr<TimerRecord>> by_number_;
    mutable std::mutex mutex_;
    std::multimap<uint64_t, TimerPointer> by_time_;
    std::atomic<uint64_t> next_ = 0;
};

} // namespace indent
