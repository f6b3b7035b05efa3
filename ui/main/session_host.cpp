#include "ui/main/session_host.h"
#include "vm/os/clock.h"
#include "vm/world/world.h"
#include <future>

namespace indent {

using protocol::Lane;

Result<std::unique_ptr<SessionHost>> SessionHost::start(DefinitionStore& store, Session::Options options,
                                                        std::function<void()> wake) {
    std::unique_ptr<SessionHost> host(new SessionHost);
    SessionHost* self = host.get();
    if (wake) self->link_.on_message(std::move(wake));
    self->link_.on_stop([self] {
        if (Session* session = self->session_) session->stop();
    });
    self->link_.on_request([self] { // the link is open still, or just closed: so is the session
        self->wanted_ = true;
        if (Session* session = self->session_) session->look_up();
    });
    std::promise<Result<void>> started;
    auto program = os::Thread::start("program", kThreadStack, [&, self] {
        auto session = Session::make(
            store,
            [self](protocol::Message m) {
                if (self->session_ || self->is_heard_later(m)) self->link_.deliver(std::move(m));
            },
            options);
        if (!session) {
            self->program_ended_ = true;
            started.set_value(std::move(session).failure());
            return;
        }
        self->session_ = session->get();
        started.set_value(ok()); // nothing of the caller's is touched from here on
        while (auto request = self->next_for_program()) (*session)->serve(*request);
        self->desk_.join(); // they use the session
        self->past_.join();
        self->session_ = nullptr;
        self->program_ended_ = true;
    });
    if (!program) return std::move(program).failure();
    self->program_ = std::move(program).value();
    if (auto result = started.get_future().get(); !result) return std::move(result).failure();
    constexpr size_t kDeskStack = size_t(64) << 20; // it parses texts
    auto start = [&](const char* name, Lane lane, os::Thread& thread) -> Result<void> {
        auto made = os::Thread::start(name, kDeskStack, [self, lane] {
            while (auto request = self->link_.next(lane)) self->session_.load()->serve(*request);
        });
        if (!made) return std::move(made).failure();
        thread = std::move(made).value();
        return ok();
    };
    if (auto made = start("desk", Lane::Desk, self->desk_); !made) return std::move(made).failure();
    if (auto made = start("past", Lane::Past, self->past_); !made) return std::move(made).failure();
    return host;
}

// Until it comes the program's thread goes on with turns that began to wait on it while it served the last.
std::optional<protocol::RequestEnvelope> SessionHost::next_for_program() {
    wanted_ = false;
    auto request = link_.next_at_once(Lane::Program);
    // Where it is closed from now on, that is wanted.
    if (!request && link_.is_open()) (void)session_.load()->go_on_until(wanted_);
    return request ? std::move(request) : link_.next(Lane::Program);
}

// Nobody reads before the session has started, so what modules print meanwhile must not fill the link.
bool SessionHost::is_heard_later(const protocol::Message& message) {
    constexpr size_t kMostBytes = 1 << 20;
    auto* event = std::get_if<protocol::Event>(&message);
    auto* output = event ? std::get_if<protocol::Output>(event) : nullptr;
    if (!output) return true;
    const size_t before = printed_.fetch_add(output->text.size());
    if (before >= kMostBytes) return false;
    if (before + output->text.size() >= kMostBytes)
        link_.deliver(
            protocol::Event{protocol::Trouble{"More was printed while the image was opened than is shown."}});
    return true;
}

SessionHost::~SessionHost() {
    if (Session* session = session_) session->stop_asking();
    link_.close();
    // A request may have been taken from the queue and not yet begun, so once is not enough.
    while (program_.joinable() && !program_ended_) {
        link_.stop();
        os::sleep_ns(2'000'000);
    }
    program_.join();
}

} // namespace indent
