// Lets other programs of the same person speak to a session: the protocol as lines of JSON over a local socket.
//
// One thread serves all connections and waits for none of them: what a client does not read is kept for it up to a
// bound, and then it is cut off; a line that is too long is refused before it is there as a whole; a client that goes
// away is forgotten, and what it wanted evaluated with it (InProcessLink::Guest). The first line must show the token.
#pragma once
#include "ui/client/in_process.h"
#include "vm/base/result.h"
#include <memory>
#include <string>

namespace indent::ui {

class SocketServer {
  public:
    struct Options {
        std::string image;                  // as os::absolute_path gives it; this process has it open
        std::string version;                // of the program
        size_t most_unread = 32 << 20;      // bytes that wait for a client, about
        size_t most_asked = 64;             // requests of a client that are not answered,
        size_t most_asked_bytes = 64 << 20; // and what they may have together
        size_t most_clients = 64;
        int hello_ms = 5000; // the time for showing the token
    };
    // Serves the link's session until this goes, which must be before the link. Failure codes as in vm/os/local_socket.h.
    static Result<std::unique_ptr<SocketServer>> start(InProcessLink& link, Options options);
    ~SocketServer(); // tells clients that it is over; takes the files away
    SocketServer(const SocketServer&) = delete;
    SocketServer& operator=(const SocketServer&) = delete;

    // Where it listens.
    const std::string& socket_path() const;

  private:
    struct State;
    explicit SocketServer(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

} // namespace indent::ui
