#include "vm/actors/deadlines.h"
#include "vm/actors/actor.h"
#include <algorithm>
#include <utility>

namespace indent {

void Deadlines::set(size_t at, Near near) {
    near_[at] = near;
    near.turn->deadline.at = uint32_t(at);
}

void Deadlines::sift(size_t at) {
    const Near moving = near_[at];
    for (; at > 0 && moving.time < near_[(at - 1) / 2].time; at = (at - 1) / 2) set(at, near_[(at - 1) / 2]);
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= near_.size()) break;
        if (child + 1 < near_.size() && near_[child + 1].time < near_[child].time) ++child;
        if (near_[child].time >= moving.time) break;
        set(at, near_[child]);
        at = child;
    }
    set(at, moving);
}

void Deadlines::put(WaitingTurn& turn) {
    DeadlinePlace& place = turn.deadline;
    const uint64_t number = place.time >> kWidth;
    if (number < first_) {
        place.bucket = kNear;
        near_.push_back({place.time, &turn});
        sift(near_.size() - 1);
        return;
    }
    place.bucket = uint32_t(std::min(number, first_ + kBuckets - 1) % kBuckets);
    auto& bucket = buckets_[place.bucket];
    place.at = uint32_t(bucket.size());
    bucket.push_back(&turn);
}

void Deadlines::add(WaitingTurn& turn, uint64_t time, uint64_t now) {
    if (size_++ == 0) first_ = std::max(first_, (now >> kWidth) + 2); // nothing to open on the way
    turn.deadline.time = time;
    put(turn);
}

void Deadlines::drop(WaitingTurn& turn) {
    DeadlinePlace& place = turn.deadline;
    if (place.at == DeadlinePlace::kNone) return;
    const size_t at = std::exchange(place.at, DeadlinePlace::kNone);
    --size_;
    if (place.bucket != kNear) {
        auto& bucket = buckets_[place.bucket];
        WaitingTurn* last = bucket.back();
        bucket.pop_back();
        if (last == &turn) return;
        bucket[at] = last;
        last->deadline.at = uint32_t(at);
        return;
    }
    const Near last = near_.back();
    near_.pop_back();
    if (last.turn == &turn) return;
    set(at, last);
    sift(at);
}

// What comes near goes to the heap.
void Deadlines::open(uint64_t now) {
    const uint64_t until = (now >> kWidth) + 2;
    if (first_ >= until) return;
    if (size_ == 0) {
        first_ = until;
        return;
    }
    while (first_ < until) {
        const auto opened = std::exchange(buckets_[first_ % kBuckets], {});
        ++first_;
        for (WaitingTurn* turn : opened) put(*turn);
    }
}

WaitingTurn* Deadlines::due(uint64_t now) {
    open(now);
    return !near_.empty() && near_[0].time <= now ? near_[0].turn : nullptr;
}

uint64_t Deadlines::next() const {
    uint64_t next = (first_ - 1) << kWidth; // when the next bucket is to be opened
    if (!near_.empty()) next = std::min(next, near_[0].time);
    return next;
}

} // namespace indent
