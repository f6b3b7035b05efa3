// A session at work: its two threads, the link that a face holds, and the store that keeps what is made.
#pragma once
#include "ui/client/in_process.h"
#include "vm/os/thread.h"
#include "vm/session/session.h"
#include <memory>

namespace indent {

class LiveSession {
  public:
    // Starts the session with what the store keeps. `wake` is called when messages wait for the face (may be empty;
    // see InProcessLink::on_message). The failure is in words.
    static Result<std::unique_ptr<LiveSession>> start(std::unique_ptr<DefinitionStore> store, Session::Options options,
                                                      std::function<void()> wake);
    // Stops what runs, serves what is queued, ends both threads.
    ~LiveSession();

    ui::Client& client() { return link_; }

  private:
    LiveSession() = default;
    std::unique_ptr<DefinitionStore> store_;
    ui::InProcessLink link_;
    std::atomic<Session*> session_{nullptr};
    os::Thread program_;
    os::Thread desk_;
};

} // namespace indent
