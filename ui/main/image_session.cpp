#include "ui/main/image_session.h"
#include "ui/client/socket_client.h"
#include "ui/client/socket_server.h"
#include "ui/main/asking.h"
#include "ui/main/image_actors.h"
#include "ui/main/image_home.h"
#include "ui/main/session_host.h"
#include "vm/os/clock.h"
#include "vm/os/files.h"
#include "vm/os/local_socket.h"
#include <cstdio>

namespace indent {

FoundImage::FoundImage() = default;
FoundImage::FoundImage(FoundImage&&) noexcept = default;
FoundImage::~FoundImage() = default;

Result<FoundImage> find_image(const std::string& path, std::function<void()> wake) {
    constexpr uint64_t kPatience = 3'000'000'000, kPause = 20'000'000; // ns
    const uint64_t until = os::monotonic_ns() + kPatience;
    for (;;) {
        auto absolute = os::absolute_path(path);
        if (!absolute) {
            if (absolute.failure().code != "not_found") return std::move(absolute).failure();
            return Failure{"not_found",
                           path + ": there is no such image; `indent new " + path + "` makes one"};
        }
        FoundImage found;
        ui::SocketClient::Options options;
        options.wake = wake;
        auto served = ui::SocketClient::connect(*absolute, std::move(options));
        if (served) {
            found.served = std::move(served).value();
            return found;
        }
        const Failure unserved = served.failure();
        if (unserved.code == "turned_away") return unserved;
        auto image = image::Image::open(path);
        if (image) {
            found.own = std::move(image).value();
            return found;
        }
        if (image.failure().code != "locked") return std::move(image).failure();
        if (os::monotonic_ns() < until && unserved.code != "no_answer") {
            os::sleep_ns(kPause);
            continue;
        }
        std::string words = path + " is open in another program";
        if (const int64_t process = os::lock_holder(*absolute))
            words += " (process " + std::to_string(process) + ")";
        words += unserved.code == "not_served" ? ", which does not serve it" : ": " + unserved.message;
        return Failure{"locked", words + "; close it there first"};
    }
}

ImageSession::ImageSession() = default;
ImageSession::~ImageSession() {
    if (const std::string lost = end(); !lost.empty()) std::fprintf(stderr, "indent: %s\n", lost.c_str());
}

std::string ImageSession::end() {
    server_.reset();
    host_.reset();
    std::string lost = actors_ ? actors_->not_kept() : "";
    actors_.reset();
    store_.reset();
    served_.reset();
    return lost;
}

Result<std::unique_ptr<ImageSession>> ImageSession::start(FoundImage found, Options options) {
    std::unique_ptr<ImageSession> session(new ImageSession);
    if (found.served) {
        session->served_ = std::move(found.served);
        auto described = ask_for<protocol::Description>(*session->served_, protocol::Describe{});
        if (described) session->why_paused_ = described->paused;
        return session;
    }
    if (options.durability == Durability::Process)
        if (auto set = found.own->set_survives(image::Image::Survives::Process); !set)
            return std::move(set).failure();
    session->store_ = std::make_unique<ImageStore>(std::move(found.own));
    session->actors_ = std::make_unique<ImageActors>(session->store_->image(), session->store_->mutex(),
                                                     *session->store_, options.durability);
    Session::Options of_session{INDENT_VERSION};
    of_session.story = session->actors_.get();
    of_session.break_on_error = options.break_on_error;
    of_session.paused = session->why_paused_ = indent::why_paused(session->store_->image());
    if (session->why_paused_.empty()) // one with nothing in it may be nobody's yet
        if (auto mine = trust(session->store_->image()); !mine) return std::move(mine).failure();
    of_session.trust = [store = session->store_.get()] {
        std::lock_guard lock(store->mutex());
        return trust(store->image());
    };
    auto host = SessionHost::start(*session->store_, of_session, std::move(options.wake));
    if (!host) return std::move(host).failure();
    session->host_ = std::move(host).value();
    if (!options.serve) return session;
    auto serve = [&]() -> Result<void> {
        auto path = os::absolute_path(session->store_->name());
        if (!path) return std::move(path).failure();
        ui::SocketServer::Options at;
        at.image = *path;
        at.version = INDENT_VERSION;
        auto server = ui::SocketServer::start(session->host_->link(), std::move(at));
        if (!server) return std::move(server).failure();
        session->server_ = std::move(server).value();
        return ok();
    };
    if (auto serves = serve(); !serves) session->why_not_served_ = serves.failure().message;
    return session;
}

ui::Client& ImageSession::client() {
    return served_ ? static_cast<ui::Client&>(*served_) : host_->client();
}

} // namespace indent
