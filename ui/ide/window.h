// The window itself: GLFW, OpenGL, and the loop that sleeps until something happens.
#pragma once
#include "ui/client/client.h"
#include "vm/base/result.h"
#include <memory>
#include <string>

namespace indent::ide {

class Window {
  public:
    // Opens a window of that title. Main thread; one at a time. Failure code: "no_display", also where OpenGL 3 is
    // missing.
    static Result<std::unique_ptr<Window>> open(const std::string& title);
    ~Window();

    // Makes the loop look for messages. Any thread, while the window lives.
    void wake();
    // Shows the session until the person closes the window. Everything that the image is to keep has been sent to
    // `client` when this returns. Main thread.
    void run(ui::Client& client);

  private:
    struct State;
    explicit Window(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

} // namespace indent::ide
