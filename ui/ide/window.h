// The window itself: GLFW, OpenGL, and the loop that sleeps until something happens.
#pragma once
#include "ui/ide/window_face.h"
#include <memory>

namespace indent::ide {

class Window final : public WindowFace {
  public:
    // Opens a window of that title. Main thread; one at a time. Failure code: "no_display", also where OpenGL 3 is
    // missing.
    static Result<std::unique_ptr<Window>> open(const std::string& title);
    ~Window() override;

    void wake() override;
    void run(ui::Client& client) override;

  private:
    struct State;
    explicit Window(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

} // namespace indent::ide
