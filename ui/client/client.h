// A face's end of a session. Nothing here waits for the program, except `wait`, which says so.
#pragma once
#include "vm/protocol/messages.h"
#include <chrono>
#include <optional>

namespace indent::ui {

class Client {
  public:
    virtual ~Client() = default;

    // Hands a request over and answers its id, or 0 where too many wait already (or the session is over): the
    // request is then dropped, and the person may try again. Any thread; never waits.
    virtual protocol::RequestId send(protocol::Request request) = 0;

    // The next reply or event, in the order they were made, or nothing yet. One thread at a time; never waits.
    virtual std::optional<protocol::Message> poll() = 0;

    // As poll, but waits for a message up to this time. For faces that have nothing to draw.
    virtual std::optional<protocol::Message> wait(std::chrono::milliseconds timeout) = 0;

    // Stops what the program runs, past all that is queued; does nothing when it runs nothing. Any thread, also
    // from a signal's handler; never waits.
    virtual void stop() = 0;
};

} // namespace indent::ui
