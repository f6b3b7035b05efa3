#include "vm/actors/timers.h"
#include <algorithm>

namespace indent {

void Timers::note_next() {
    next_.store(by_time_.empty() ? 0 : by_time_.begin()->first, std::memory_order_relaxed);
}

uint64_t Timers::add(const TimerPointer& timer) {
    std::lock_guard lock(mutex_);
    timer->number = ++last_;
    by_number_[last_] = timer;
    return last_;
}

void Timers::add_again(const TimerPointer& timer, uint64_t number) {
    std::lock_guard lock(mutex_);
    timer->number = number;
    by_number_[number] = timer;
    last_ = std::max(last_, number);
}

TimerPointer Timers::find(uint64_t number) {
    std::lock_guard lock(mutex_);
    auto found = by_number_.find(number);
    return found == by_number_.end() ? nullptr : found->second.lock();
}

void Timers::clear() {
    std::lock_guard lock(mutex_);
    by_time_.clear();
    by_number_.clear();
    note_next();
}

void Timers::start(TimerPointer timer) {
    std::lock_guard lock(mutex_);
    if (timer->cancelled) return;
    const uint64_t due = timer->due;
    by_time_.emplace(due, std::move(timer));
    note_next();
}

void Timers::cancel(const TimerPointer& timer) {
    std::lock_guard lock(mutex_);
    timer->cancelled = true;
    by_number_.erase(timer->number);
    auto [from, to] = by_time_.equal_range(timer->due);
    for (auto at = from; at != to; ++at)
        if (at->second == timer) {
            by_time_.erase(at);
            break;
        }
    note_next();
}

size_t Timers::size() const {
    std::lock_guard lock(mutex_);
    return by_time_.size();
}

std::vector<TimerPointer> Timers::take_due(uint64_t now) {
    std::vector<TimerPointer> due;
    std::lock_guard lock(mutex_);
    while (!by_time_.empty() && by_time_.begin()->first <= now) {
        TimerPointer timer = std::move(by_time_.begin()->second);
        by_time_.erase(by_time_.begin());
        if (timer->every) {
            // Times that were missed are not made up for.
            timer->due += timer->every;
            if (timer->due <= now) timer->due = now + timer->every - (now - timer->due) % timer->every;
            by_time_.emplace(timer->due, timer);
        } else {
            timer->over = true;
            by_number_.erase(timer->number);
        }
        due.push_back(std::move(timer));
    }
    note_next();
    return due;
}

} // namespace indent
