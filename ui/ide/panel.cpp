#include "ui/ide/panel.h"
#include <imgui.h>

namespace indent::ide {

void panel_title(const std::string& title, float width, const Theme& theme, const std::string& right) {
    const ImVec2 at = ImGui::GetCursorScreenPos();
    const float height = ImGui::GetFontSize() + 10;
    ImDrawList* list = ImGui::GetWindowDrawList();
    list->AddRectFilled(at, {at.x + width, at.y + height}, ImGui::GetColorU32(ImGuiCol_WindowBg));
    list->AddLine({at.x, at.y + height - 1}, {at.x + width, at.y + height - 1}, theme.divider);
    list->AddText({at.x + 10, at.y + 5}, theme.dim, title.c_str());
    if (!right.empty()) {
        const float size = ImGui::CalcTextSize(right.c_str()).x;
        list->AddText({at.x + width - size - 10, at.y + 5}, theme.dim, right.c_str());
    }
    ImGui::Dummy({width, height});
}

} // namespace indent::ide
