// A session in another process of the same person: a Client over the local socket of whoever has the image open.
#pragma once
#include "ui/client/client.h"
#include "vm/base/result.h"
#include <functional>
#include <memory>
#include <string>

namespace indent::ui {

class SocketClient final : public Client {
  public:
    struct Options {
        // Called after a message was added to an empty queue, by a thread of the client's; must not wait, nor call back.
        std::function<void()> wake{};
        int answer_ms = 2000;            // the time for an answer to the hello
        size_t message_bytes = 4 << 20;  // read ahead of the face
        size_t request_bytes = 64 << 20; // that wait to be sent
    };
    // Connects to the program that serves the image; waits for its answer. `image` as in served_image.h. Failure codes:
    // "not_served" (nobody does, or who did was killed), "no_answer" (somebody does and says nothing), "turned_away",
    // "denied", "io_error".
    static Result<std::unique_ptr<SocketClient>> connect(const std::string& image, Options options);
    static Result<std::unique_ptr<SocketClient>> connect(const std::string& image) {
        return connect(image, Options());
    }
    ~SocketClient() override;

    // See Client. When the connection ends, an event Ended comes, and nothing after it; requests that were not answered
    // have no reply then. A request that no line can hold is answered with Failed.
    protocol::RequestId send(protocol::Request request) override;
    std::optional<protocol::Message> poll() override;
    std::optional<protocol::Message> wait(std::chrono::milliseconds timeout) override;
    void stop() override;

    int64_t process() const; // of the program

  private:
    struct State;
    explicit SocketClient(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

} // namespace indent::ui
