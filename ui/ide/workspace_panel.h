// A text whose parts can be run: do it, print it.
#pragma once
#include "ui/ide/code_view.h"
#include "ui/ide/desk.h"
#include "ui/ide/talk.h"
#include "ui/ide/transcript_panel.h"

namespace indent::ide {

class WorkspacePanel {
  public:
    WorkspacePanel(Talk& talk, Desk& desk, TranscriptPanel& transcript)
        : talk_(talk), desk_(desk), transcript_(transcript) {}

    void desk_loaded(); // takes its text from there
    // Runs the selection, or the statement at the cursor; printing writes its value behind it.
    void run(bool print);
    void draw(float width, float height, const Theme& theme, const Fonts& fonts, Input& input);
    bool focused() const { return view_.focused(); }
    void take_focus() { view_.take_focus(); }
    EditBuffer& buffer() { return view_.buffer; }

  private:
    void finished(const protocol::Reply& reply, Range range, const std::string& text, bool print);
    void finished(const protocol::Evaluated& result, Range range, const std::string& text, bool print);

    Talk& talk_;
    Desk& desk_;
    TranscriptPanel& transcript_;
    CodeView view_;
    uint64_t saved_version_ = 0;
};

} // namespace indent::ide
