// Batches that were kept a moment ago: who folds them into a checkpoint reads them here and not in the file. A run of one
// timeline, without gaps.
#pragma once
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace indent::image {

// Any thread.
class RecentBatches {
  public:
    using Body = std::shared_ptr<const std::string>;

    // The next that is in the file. The oldest give way to it: all together have about so much.
    void add(uint64_t timeline, uint64_t number, std::string_view body);
    // Batches from this one on, none after `upto`, until they have so many bytes. Empty: that one is not here.
    std::vector<std::pair<uint64_t, Body>> from(uint64_t timeline, uint64_t number, uint64_t upto,
                                                size_t bytes) const;
    // Nobody reads these, and those before, any more.
    void forget(uint64_t upto);

  private:
    static constexpr size_t kMostBytes = size_t(16) << 20;
    void drop_first();

    mutable std::mutex mutex_;
    uint64_t timeline_ = 0, first_ = 0; // of bodies_
    std::deque<Body> bodies_;
    size_t bytes_ = 0;
};

} // namespace indent::image
