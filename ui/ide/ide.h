// The whole of the window but the window itself: panels, menus, shortcuts, and what comes from the session. Draws
// with Dear ImGui; knows no system and no OpenGL.
#pragma once
#include "ui/ide/browser_panel.h"
#include "ui/ide/desk.h"
#include "ui/ide/layout.h"
#include "ui/ide/talk.h"
#include "ui/ide/theme.h"
#include "ui/ide/transcript_panel.h"
#include "ui/ide/workspace_panel.h"
#include <chrono>
#include <optional>

namespace indent::ide {

class Ide {
  public:
    explicit Ide(ui::Client& client);

    // Takes what has come from the session; true if there was anything.
    bool receive();
    // One frame, `width` by `height`. Takes its keys from `input`.
    void draw(float width, float height, const Fonts& fonts, Input& input);
    // Sends what the image is to keep; at the end everything.
    void save(bool everything);

    // Seconds after which something is to be done though nothing happens; nothing: it may sleep.
    std::optional<double> due() const;
    bool wants_to_quit() const { return quit_; }
    const Theme& theme() const { return theme_; }
    // Settings that the window itself must act on.
    Layout& layout() { return layout_; }
    bool is_loaded() const { return desk_.is_loaded() || ended_; }

  private:
    void on_event(const protocol::Event& event);
    void shortcuts(Input& input);
    void draw_menus();
    void draw_status(float width, float height);
    void zoom(float by);
    void set_theme(bool dark);

    Talk talk_;
    Desk desk_;
    Layout layout_;
    Theme theme_;
    TranscriptPanel transcript_;
    WorkspacePanel workspace_;
    BrowserPanel browser_;
    std::string image_;
    std::string trouble_;
    bool running_ = false;
    bool paused_ = false; // nothing of the image runs, as it came from elsewhere
    bool stopping_ = false;
    bool ended_ = false;
    bool quit_ = false;
    std::chrono::steady_clock::time_point running_since_;
};

} // namespace indent::ide
