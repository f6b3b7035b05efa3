// A session in the same process: two bounded queues between the face and the session's threads.
//
// Requests that need the program, those about the past and the others have a queue each (protocol::lane_of), so that a
// workspace's text is saved and the browser answers while the program runs an endless loop. The way back is one queue. It is
// bounded in bytes: a program that prints faster than its face reads waits for the face, and pieces of output that
// wait behind each other become one message.
//
// Further faces may join (Guest), each with a way back of its own: a reply goes to who asked, an event to all. The
// program waits for the first face alone: a guest that does not read is cut off.
#pragma once
#include "ui/client/client.h"
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

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
    // Called when a request for the program has come, and when the link is closed, by any thread; the link is locked. Set before
    // the session starts.
    void on_request(std::function<void()> wanted) { wanted_ = std::move(wanted); }
    // No more requests. What waits for the program and for the past is dropped; what waits for the desk is served still, and
    // then the session's threads end. Messages are dropped from here on, so that nobody waits for a face that has gone.
    void close();

    // ---- further faces
    class Guest;
    // A face that hears events from now on. `wake` is called after a message was added to its empty queue and when it is
    // cut off, by any thread; it must not wait, nor call back into the link. The guest
    // must go before the link.
    std::unique_ptr<Guest> join(size_t message_bytes, std::function<void()> wake);

    // ---- the session's end
    // Waits for the next request of a lane; nothing when the link was closed and all are served.
    std::optional<protocol::RequestEnvelope> next(protocol::Lane lane);
    // The same without waiting: nothing where there is none now.
    std::optional<protocol::RequestEnvelope> next_at_once(protocol::Lane lane);
    bool is_open();
    // Hands a reply or an event to the face; waits while the face is behind. Any thread but the face's.
    void deliver(protocol::Message message);

  private:
    struct Queue {
        std::deque<protocol::Message> messages;
        size_t bytes = 0; // of them, about
        std::optional<protocol::Message> take();
        bool add(protocol::Message message); // true: it was empty
    };
    protocol::RequestId send_from(Guest* guest, protocol::Request request);
    std::optional<protocol::Message> take_locked();
    std::optional<protocol::RequestEnvelope> next_locked(protocol::Lane lane);
    void tell_guests(const protocol::Event& event);
    bool answers_guest(protocol::Message& message);
    void forget_locked(Guest& guest);
    void stop_what_nobody_wants_locked();

    Limits limits_;
    std::function<void()> wake_;
    std::function<void()> stop_;
    std::function<void()> wanted_;
    std::mutex mutex_;
    std::condition_variable requests_changed_;
    std::condition_variable messages_changed_; // one was added
    std::condition_variable messages_taken_;
    std::deque<protocol::RequestEnvelope> requests_[protocol::kLanes];
    Queue messages_;
    std::vector<Guest*> guests_;
    std::map<protocol::RequestId, Guest*> asked_; // by guests, and not answered; null: who asked has gone
    protocol::RequestId begun_ = 0;               // the last of the program's lane,
    bool evaluates_ = false;                      // and what it is
    protocol::RequestId last_id_ = 0;
    bool closed_ = false;
};

// Its ids are the link's: never the same as another face's.
class InProcessLink::Guest final : public Client {
  public:
    // Texts that it wanted evaluated end, or never begin: nobody looks at them, and they might run for ever. What it wanted
    // changed is done all the same, and the replies are dropped.
    ~Guest() override;
    protocol::RequestId send(protocol::Request request) override;
    std::optional<protocol::Message> poll() override;
    std::optional<protocol::Message> wait(std::chrono::milliseconds timeout) override;
    void stop() override { link_.stop(); }
    // It was so far behind that its messages were dropped; it gets no more.
    bool is_cut_off() const;

  private:
    friend class InProcessLink;
    Guest(InProcessLink& link, size_t most_bytes, std::function<void()> wake)
        : link_(link), most_bytes_(most_bytes), wake_(std::move(wake)) {}
    void add_locked(protocol::Message message);

    InProcessLink& link_;
    const size_t most_bytes_;
    const std::function<void()> wake_;
    Queue messages_; // this and what follows: under the link's mutex
    bool cut_off_ = false;
};

} // namespace indent::ui
