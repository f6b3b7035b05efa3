#include "ui/main/asking.h"
#include <cstdio>

namespace indent {

using namespace protocol;

int complain(const Failure& failure) {
    std::fprintf(stderr, "indent: %s\n", failure.message.c_str());
    return 1;
}

void print(const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
}

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
            if (runs) print(output->text);
        } else if (auto* trouble = std::get_if<Trouble>(&event)) {
            std::fprintf(stderr, "indent: %s\n", trouble->message.c_str());
        } else if (std::holds_alternative<Ended>(event)) {
            return {id, Failed{"ended", "the program that has the image open has ended"}};
        }
    }
}

std::string counted(size_t n, const char* one) {
    return std::to_string(n) + " " + one + (n == 1 ? "" : "s");
}

} // namespace indent
