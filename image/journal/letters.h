// Messages from their records.
#pragma once
#include "image/journal/records.h"
#include "image/journal/world_names.h"
#include <memory>

namespace indent::image {

// Without who asks. Null: it names what is not there. The world's own thread, while nothing runs.
std::unique_ptr<ActorMessage> message_from(const PostRecord& post, Runtime& runtime, WorldNames& names);

} // namespace indent::image
