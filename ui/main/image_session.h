// A session on an image: that of the program which has it open, or else one of one's own.
//
// An image is open in one program at a time. Whoever serves it (`serve`, `open`, a prompt) is asked over its socket; a
// command that has the image for a moment is waited for.
#pragma once
#include "image/store/image.h"
#include "ui/client/client.h"
#include "ui/main/durability.h"
#include "ui/main/image_store.h"
#include "vm/base/result.h"
#include <functional>
#include <memory>
#include <string>

namespace indent::ui {
class SocketClient;
class SocketServer;
} // namespace indent::ui

namespace indent {

class ImageActors;
class SessionHost;

// One of the two.
struct FoundImage {
    std::unique_ptr<ui::SocketClient> served; // by the program that has it open
    std::unique_ptr<image::Image> own;        // it is open here now

    FoundImage();
    FoundImage(FoundImage&&) noexcept;
    ~FoundImage();
};

// Waits some seconds for who has the image and does not serve it. `wake`: as SocketClient has it. Failure codes: "locked"
// (the message names the process), "turned_away", those of image::Image::open.
Result<FoundImage> find_image(const std::string& path, std::function<void()> wake = {});

class ImageSession {
  public:
    struct Options {
        std::function<void()> wake{}; // of a session of one's own: as InProcessLink has it
        bool serve = false;           // others may attach, as long as this lives
        bool break_on_error = false; // of a session of one's own: errors that nobody catches stop their turns
        Durability durability = Durability::Power; // of a session of one's own
    };
    static Result<std::unique_ptr<ImageSession>> start(FoundImage found, Options options);
    ~ImageSession();

    ui::Client& client();
    // Ends it; empty, or what could not be kept and why.
    std::string end();

    // Why nothing of the image ran when this began, and how to let it (image_home.h); empty: it runs.
    const std::string& why_paused() const { return why_paused_; }
    // The image could not be served though it should be, and why; else empty.
    const std::string& why_not_served() const { return why_not_served_; }

  private:
    ImageSession();
    // What is below goes first: the server before the link that it serves, the session before its store.
    std::unique_ptr<ui::SocketClient> served_;
    std::unique_ptr<ImageStore> store_;
    std::unique_ptr<ImageActors> actors_;
    std::unique_ptr<SessionHost> host_;
    std::unique_ptr<ui::SocketServer> server_;
    std::string why_not_served_, why_paused_;
};

} // namespace indent
