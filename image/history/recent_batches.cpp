#include "image/history/recent_batches.h"

namespace indent::image {

void RecentBatches::drop_first() {
    bytes_ -= bodies_.front()->size();
    bodies_.pop_front();
    ++first_;
}

void RecentBatches::add(uint64_t timeline, uint64_t number, std::string_view body) {
    auto copy = std::make_shared<const std::string>(body);
    std::lock_guard lock(mutex_);
    if (timeline != timeline_ || number != first_ + bodies_.size()) {
        while (!bodies_.empty()) drop_first();
        timeline_ = timeline;
        first_ = number;
    }
    bytes_ += body.size();
    bodies_.push_back(std::move(copy));
    while (bytes_ > kMostBytes) drop_first();
}

std::vector<std::pair<uint64_t, RecentBatches::Body>> RecentBatches::from(uint64_t timeline, uint64_t number,
                                                                          uint64_t upto, size_t bytes) const {
    std::vector<std::pair<uint64_t, Body>> some;
    std::lock_guard lock(mutex_);
    if (timeline != timeline_ || number < first_) return some;
    size_t size = 0;
    for (; number <= upto && number - first_ < bodies_.size() && size < bytes; ++number) {
        some.emplace_back(number, bodies_[number - first_]);
        size += some.back().second->size();
    }
    return some;
}

void RecentBatches::forget(uint64_t upto) {
    std::lock_guard lock(mutex_);
    while (!bodies_.empty() && first_ <= upto) drop_first();
}

} // namespace indent::image
