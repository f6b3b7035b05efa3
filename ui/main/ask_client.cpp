#include "ui/main/ask_client.h"
#include <chrono>
#include <cstdio>

namespace indent {

using namespace protocol;

Reply ask(ui::Client& client, Request request) {
    const RequestId id = client.send(std::move(request));
    if (id == 0) return {0, Failed{"busy", "the session takes no more requests now"}};
    bool runs = false;
    for (;;) {
        auto message = client.wait(std::chrono::milliseconds(60'000));
        if (!message) continue;
        if (auto* reply = std::get_if<Reply>(&*message)) {
            if (reply->id == id) return std::move(*reply);
            continue;
        }
        const auto& event = std::get<Event>(*message);
        if (auto* busy = std::get_if<Busy>(&event)) {
            runs = busy->request == id;
        } else if (auto* output = std::get_if<Output>(&event)) {
            if (runs) std::fwrite(output->text.data(), 1, output->text.size(), stdout);
        } else if (auto* trouble = std::get_if<Trouble>(&event)) {
            std::fprintf(stderr, "indent: %s\n", trouble->message.c_str());
        } else if (std::holds_alternative<Ended>(event)) {
            return {id, Failed{"ended", "the program that has the image open has ended"}};
        }
    }
}

} // namespace indent
