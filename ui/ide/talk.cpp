#include "ui/ide/talk.h"

namespace indent::ide {

bool Talk::ask(protocol::Request request, OnReply on_reply) {
    const protocol::RequestId id = client_.send(std::move(request));
    if (id == 0) return false;
    if (on_reply) waiting_[id] = std::move(on_reply);
    return true;
}

bool Talk::receive() {
    constexpr int most = 200; // the rest comes with the next frame
    bool any = false;
    for (int i = 0; i < most; i++) {
        auto message = client_.poll();
        if (!message) break;
        any = true;
        if (auto* event = std::get_if<protocol::Event>(&*message)) {
            if (on_event_) on_event_(*event);
            continue;
        }
        auto& reply = std::get<protocol::Reply>(*message);
        auto found = waiting_.find(reply.id);
        if (found == waiting_.end()) continue;
        OnReply on_reply = std::move(found->second);
        waiting_.erase(found);
        on_reply(reply);
    }
    return any;
}

} // namespace indent::ide
