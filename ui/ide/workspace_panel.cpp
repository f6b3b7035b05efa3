#include "ui/ide/workspace_panel.h"
#include "ui/ide/panel.h"
#include "ui/ide/statement.h"
#include <imgui.h>

namespace indent::ide {

namespace {
constexpr const char* kKey = "workspace/1";
}

void WorkspacePanel::desk_loaded() {
    if (const std::string* text = desk_.find(kKey)) view_.buffer.load(*text);
    saved_version_ = view_.buffer.version();
    view_.buffer.move(EditBuffer::Step::End, false);
    view_.reveal_cursor();
}

void WorkspacePanel::run(bool print) {
    EditBuffer& buffer = view_.buffer;
    Range range = buffer.selection();
    if (range.empty()) range = statement_at(buffer, buffer.cursor());
    std::string text = buffer.text().substr(range.begin, range.end - range.begin);
    if (text.find_first_not_of(" \n") == std::string::npos) return;
    view_.show({});
    const bool sent = talk_.ask(
        protocol::Evaluate{"workspace", text, print},
        [this, range, text, print](const protocol::Reply& reply) { finished(reply, range, text, print); });
    if (!sent)
        transcript_.add("Too much waits to be run already. Stop (Ctrl+.) ends what runs.\n",
                        TranscriptPanel::Kind::Error);
}

void WorkspacePanel::finished(const protocol::Reply& reply, Range range, const std::string& text,
                              bool print) {
    if (auto* failed = std::get_if<protocol::Failed>(&reply.body)) {
        transcript_.add(failed->message + "\n", TranscriptPanel::Kind::Error);
    } else if (auto* result = std::get_if<protocol::Evaluated>(&reply.body)) {
        // The person may have gone on typing: the text is looked for where it is now.
        const std::string& all = view_.buffer.text();
        if (all.compare(std::min(range.begin, all.size()), text.size(), text) != 0) {
            const size_t found = all.find(text);
            if (found == std::string::npos) {
                transcript_.add(result->outcome == protocol::Evaluated::Outcome::Value ? result->text + "\n"
                                                                                       : result->report);
                return;
            }
            range = {found, found + text.size()};
        }
        finished(*result, range, text, print);
    }
}

void WorkspacePanel::finished(const protocol::Evaluated& result, Range range, const std::string& text,
                              bool print) {
    using Outcome = protocol::Evaluated::Outcome;
    std::vector<Mark> marks;
    for (const auto& diagnostic : result.diagnostics)
        marks.push_back({{range.begin + std::min<size_t>(diagnostic.begin, text.size()),
                          range.begin + std::min<size_t>(diagnostic.end, text.size())},
                         diagnostic.error,
                         diagnostic.message,
                         diagnostic.suggestion});
    switch (result.outcome) {
    case Outcome::Value:
        if (print) {
            Edit edit = result_edit(view_.buffer, range.end, result.text);
            view_.buffer.replace(edit.range, edit.with);
        }
        break;
    case Outcome::Raised: {
        transcript_.add(result.report, TranscriptPanel::Kind::Error);
        Mark mark{{range.begin, range.begin}, true, result.text, ""};
        for (const auto& frame : result.trace) { // the line of this text where it happened
            if (frame.file != "workspace" || frame.line == 0) continue;
            const size_t first = view_.buffer.line_of(range.begin);
            const size_t line = std::min(first + frame.line - 1, view_.buffer.line_count() - 1);
            mark.span = view_.buffer.line(line);
            while (mark.span.begin < mark.span.end && view_.buffer.text()[mark.span.begin] == ' ')
                mark.span.begin++;
            break;
        }
        marks.push_back(std::move(mark));
        break;
    }
    case Outcome::Stopped: transcript_.add("Stopped.\n", TranscriptPanel::Kind::Note); break;
    case Outcome::Refused:
    case Outcome::Unfinished: break;
    }
    view_.show(std::move(marks));
}

void WorkspacePanel::draw(float width, float height, const Theme& theme, const Fonts& fonts, Input& input) {
    const float top = ImGui::GetCursorPosY();
    panel_title("Workspace", width, theme, "Do it  Ctrl+D      Print it  Ctrl+P");
    const float title = ImGui::GetCursorPosY() - top;
    view_.draw("workspace", width, height - title, theme, fonts, input, !desk_.is_loaded());
    if (desk_.is_loaded() && saved_version_ != view_.buffer.version()) {
        saved_version_ = view_.buffer.version();
        desk_.put(kKey, view_.buffer.text());
    }
}

} // namespace indent::ide
