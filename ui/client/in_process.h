// A session in the same process: two bounded queues between the face and the session's threads.
//
// Requests that need the program and those that do not have a queue each (protocol::lane_of), so that a workspace's
// text is saved and the browser answers while the program runs an endless loop. The way back is one queue. It is
// bounded in bytes: a program that prints faster than its face reads waits for the face, and pieces of output that
// wait behind each other become one message.
#pragma once
#include "ui/client/client.h"
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>

namespace indent::ui {

class InProcessLink final : public Client {
  public:
    struct Limits {
        size_t requests = 1024;         // of each lane
        size_t message_bytes = 4 << 20; // about, on the way back
    };
    InProcessLink() = default;
    explicit InProcessLink(Limits limits) : limits_(limits) {}

    // ---- the face's end: see Client
    protocol::RequestId send(protocol::Request request) override;
    std::optional<protocol::Message> poll() override;
    std::optional<protocol::Message> wait(std::chrono::milliseconds timeout) override;
    void stop() override;
    // Called after a message was added to an empty queue, on the session's thread; must not wait, nor call back
    // into the link. Set before the session starts.
    void on_message(std::function<void()> wake) { wake_ = std::move(wake); }
    // What stop() calls: World::request_stop. Set before the session starts; must be safe in a signal's handler.
    void on_stop(std::function<void()> stop) { stop_ = std::move(stop); }
    // No more requests. What waits for the program is dropped; what waits for the desk is served still, and then the
    // session's threads end. Messages are dropped from here on, so that nobody waits for a face that has gone.
    void close();

    // ---- the session's end
    // Waits for the next request of a lane; nothing when the link was closed and all are served.
    std::optional<protocol::RequestEnvelope> next(protocol::Lane lane);
    // Hands a reply or an event to the face; waits while the face is behind. Any thread but the face's.
    void deliver(protocol::Message message);

  private:
    std::optional<protocol::Message> take_locked();

    Limits limits_;
    std::function<void()> wake_;
    std::function<void()> stop_;
    std::mutex mutex_;
    std::condition_variable requests_changed_;
    std::condition_variable messages_changed_; // one was added
    std::condition_variable messages_taken_;
    std::deque<protocol::RequestEnvelope> requests_[2];
    std::deque<protocol::Message> messages_;
    size_t bytes_ = 0; // of messages_, about
    protocol::RequestId last_id_ = 0;
    bool closed_ = false;
};

} // namespace indent::ui
