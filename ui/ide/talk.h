// The window's conversation with its session: each request with what is to happen when its reply comes.
#pragma once
#include "ui/client/client.h"
#include <functional>
#include <unordered_map>

namespace indent::ide {

class Talk {
  public:
    using OnReply = std::function<void(const protocol::Reply&)>;

    explicit Talk(ui::Client& client) : client_(client) {}

    // False where the request could not be handed over; `on_reply` is then never called. Never waits.
    bool ask(protocol::Request request, OnReply on_reply = {});
    void stop() { client_.stop(); }
    // What is done with events; set once.
    void on_event(std::function<void(const protocol::Event&)> on_event) { on_event_ = std::move(on_event); }
    // Handles what has come, up to about a frame's worth. True if there was anything.
    bool receive();

  private:
    ui::Client& client_;
    std::function<void(const protocol::Event&)> on_event_;
    std::unordered_map<protocol::RequestId, OnReply> waiting_;
};

} // namespace indent::ide
