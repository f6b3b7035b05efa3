#include "ui/main/live_session.h"
#include "vm/world/world.h"
#include <future>

namespace indent {

Result<std::unique_ptr<LiveSession>> LiveSession::start(std::unique_ptr<DefinitionStore> store,
                                                        Session::Options options, std::function<void()> wake) {
    std::unique_ptr<LiveSession> live(new LiveSession);
    LiveSession* self = live.get();
    live->store_ = std::move(store);
    live->link_.on_message(std::move(wake));
    live->link_.on_stop([self] {
        if (Session* session = self->session_.load()) session->stop();
    });
    // The session lives on the program's thread; this one waits until it has started or failed.
    std::promise<Result<void>> started;
    auto outcome = started.get_future();
    auto program = os::Thread::start("indent-program", kThreadStack, [self, &started, options] {
        auto session = Session::make(*self->store_, [self](protocol::Message m) { self->link_.deliver(std::move(m)); },
                                     options);
        if (!session) {
            started.set_value(std::move(session).failure());
            return;
        }
        self->session_.store(session->get());
        started.set_value(ok());
        while (auto request = self->link_.next(protocol::Lane::Program)) (*session)->serve(*request);
        self->desk_.join();
        self->session_.store(nullptr);
    });
    if (!program) return std::move(program).failure();
    live->program_ = std::move(program).value();
    if (auto result = outcome.get(); !result) return std::move(result).failure();
    auto desk = os::Thread::start("indent-desk", size_t(8) << 20, [self] {
        while (auto request = self->link_.next(protocol::Lane::Desk)) self->session_.load()->serve(*request);
    });
    if (!desk) {
        live->link_.close();
        return std::move(desk).failure();
    }
    live->desk_ = std::move(desk).value();
    return live;
}

LiveSession::~LiveSession() {
    link_.stop();
    link_.close();
    program_.join();
}

} // namespace indent
