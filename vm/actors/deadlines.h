// How long turns that wait will wait. Nearly all of them are answered long before: an `ask` has five seconds and takes a
// microsecond. So a deadline that is far away costs nothing but its place in a bucket of those that end in the same
// sixteenth of a second; what is still there when its time comes near goes to a heap, which knows who is next.
//
// Times are counted in patience: monotonic ns less those for which all were held (ActorSystem::patience_at). It stands
// still while a reload holds everybody, and no deadline needs to be moved. One thread: the worker's.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace indent {

struct WaitingTurn;

// Where a waiting turn stands, kept in it.
struct DeadlinePlace {
    static constexpr uint32_t kNone = UINT32_MAX;
    uint64_t time = 0;   // of patience
    uint32_t at = kNone; // in the heap or its bucket
    uint32_t bucket = 0; // kNear: in the heap
};

class Deadlines {
  public:
    // `time`: when; `now`: at the moment. The turn stays where it is until it is dropped.
    void add(WaitingTurn& turn, uint64_t time, uint64_t now);
    void drop(WaitingTurn& turn); // one that has none: nothing
    // The first whose time has come by `now`, which stays in; null: nobody's has.
    WaitingTurn* due(uint64_t now);
    // Somebody has to look again no later than so.
    uint64_t next() const;
    bool empty() const { return size_ == 0; }

  private:
    static constexpr uint32_t kNear = UINT32_MAX;
    static constexpr unsigned kWidth = 26;  // bits of a bucket's time: 67 ms
    static constexpr size_t kBuckets = 128; // 8.6 s; what is later waits in the last and is sorted in again
    struct Near {
        uint64_t time;
        WaitingTurn* turn;
    };
    void put(WaitingTurn& turn);
    void sift(size_t at);
    void set(size_t at, Near near);
    void open(uint64_t now);

    std::vector<Near> near_; // a binary heap of those before the bucket `first_`
    std::array<std::vector<WaitingTurn*>, kBuckets>
        buckets_; // of first_ … first_ + kBuckets - 1, each at its remainder
    uint64_t first_ = 0;
    size_t size_ = 0;
};

} // namespace indent
