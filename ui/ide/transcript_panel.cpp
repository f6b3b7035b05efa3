#include "ui/ide/transcript_panel.h"
#include "ui/ide/panel.h"
#include <algorithm>
#include <imgui.h>

namespace indent::ide {

namespace {
constexpr size_t kMostLines = 10'000;
constexpr size_t kMostBytes = 8 << 20;
constexpr size_t kLongestLine = 4000;
} // namespace

void TranscriptPanel::add(std::string_view text, Kind kind) {
    // Of a flood only the end would stay anyhow.
    if (text.size() > kMostBytes) text.remove_prefix(text.size() - kMostBytes);
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size());
        if (lines_.empty() || lines_.back().ended || lines_.back().kind != kind) lines_.push_back({"", kind});
        Line& line = lines_.back();
        const size_t room = kLongestLine - std::min(kLongestLine, line.text.size());
        line.text += text.substr(0, std::min(end, room));
        bytes_ += std::min(end, room);
        line.ended = end < text.size();
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    while (lines_.size() > kMostLines || bytes_ > kMostBytes) {
        bytes_ -= lines_.front().text.size();
        lines_.pop_front();
    }
}

void TranscriptPanel::draw(float width, float height, const Theme& theme, const Fonts& fonts) {
    const float top = ImGui::GetCursorPosY();
    panel_title("Transcript", width, theme);
    const float title = ImGui::GetCursorPosY() - top;
    ImGui::PushStyleColor(ImGuiCol_ChildBg, theme.background);
    ImGui::BeginChild("transcript", {width, height - title}, false, ImGuiWindowFlags_HorizontalScrollbar);
    ImGui::PopStyleColor();
    ImGui::PushFont(fonts.code);
    ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, {0, 3});
    ImGui::SetCursorPosY(6);
    ImGuiListClipper clipper;
    clipper.Begin(int(lines_.size()));
    while (clipper.Step())
        for (int i = clipper.DisplayStart; i < clipper.DisplayEnd; i++) {
            const Line& line = lines_[size_t(i)];
            const Theme::Ink ink = line.kind == Kind::Error  ? theme.error
                                   : line.kind == Kind::Note ? theme.dim
                                                             : theme.ink(Colour::Plain);
            ImGui::SetCursorPosX(ImGui::GetCursorPosX() + 10);
            ImGui::PushStyleColor(ImGuiCol_Text, ink);
            ImGui::TextUnformatted(line.text.data(), line.text.data() + line.text.size());
            ImGui::PopStyleColor();
        }
    clipper.End();
    ImGui::Dummy({0, 2});
    // A person who scrolled up reads; the rest follows what is new.
    if (ImGui::GetIO().MouseWheel != 0 || ImGui::IsMouseDragging(0))
        at_end_ = ImGui::GetScrollY() >= ImGui::GetScrollMaxY() - 4;
    if (at_end_) ImGui::SetScrollHereY(1.0f);
    ImGui::PopStyleVar();
    ImGui::PopFont();
    ImGui::EndChild();
}

} // namespace indent::ide
