// A session on threads of its own, one for each lane, joined to a face in this process.
#pragma once
#include "ui/client/in_process.h"
#include "vm/os/thread.h"
#include "vm/session/session.h"
#include <atomic>
#include <functional>
#include <memory>

namespace indent {

class SessionHost {
  public:
    // Starts the threads; returns when the session serves. `wake` is called when messages
    // begin to wait (see InProcessLink::on_message); may be empty. The store must outlive the host.
    static Result<std::unique_ptr<SessionHost>> start(DefinitionStore& store, Session::Options options,
                                                      std::function<void()> wake);
    // Stops what runs; serves what the image is still to keep; ends the threads.
    ~SessionHost();

    ui::Client& client() { return link_; }
    ui::InProcessLink& link() { return link_; } // for further faces

  private:
    SessionHost() = default;
    bool is_heard_later(const protocol::Message& message);
    std::optional<protocol::RequestEnvelope> next_for_program();

    ui::InProcessLink link_;
    std::atomic<Session*> session_{nullptr};
    std::atomic<size_t> printed_{0}; // bytes, before it was there
    std::atomic<bool> program_ended_{false};
    std::atomic<bool> wanted_{false}; // something is to be done for the program's lane
    os::Thread program_;
    os::Thread desk_, past_;
};

} // namespace indent
