// How much history an image keeps.
#pragma once
#include "image/store/image.h"
#include <functional>
#include <mutex>

namespace indent::image {

// Forgets the oldest history until batches and pieces take at most `budget` bytes, or nothing more may go: what the
// timelines are now and the snapshots that are pinned stay, and the newest snapshots that are not.
Result<void> keep_budget(Image& image, std::mutex& mutex, uint64_t budget, const std::function<bool()>& stop);

} // namespace indent::image
