// The window as the rest of the program sees it. The window and what it needs (OpenGL and the like) are a plugin, which
// only `indent open` loads: programs start without it.
#pragma once
#include "ui/client/client.h"
#include "vm/base/result.h"
#include <string>

namespace indent::ide {

class WindowFace {
  public:
    virtual ~WindowFace() = default;
    // Makes the loop look for messages. Any thread, while the window lives.
    virtual void wake() = 0;
    // Shows the session until the person closes the window. Everything that the image is to keep has been sent to
    // `client` when this returns. Main thread.
    virtual void run(ui::Client& client) = 0;
};

// The one entry of the plugin: Window::open. The caller owns the window; null: see `failure`.
using OpenWindow = WindowFace* (*)(const char* title, Failure* failure);
inline constexpr const char* kOpenWindow = "indent_open_window";

} // namespace indent::ide
