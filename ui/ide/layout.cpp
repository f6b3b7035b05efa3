#include "ui/ide/layout.h"
#include <algorithm>
#include <charconv>
#include <cmath>
#include <imgui.h>
#include <locale>
#include <sstream>

namespace indent::ide {

namespace {

// Numbers in the C locale, whatever the process has.
std::string write(float value) {
    char digits[32];
    auto end = std::to_chars(digits, digits + sizeof digits, value, std::chars_format::fixed, 3).ptr;
    return {digits, end};
}

void read(const std::string& text, float& value, float least, float most) {
    std::istringstream in(text);
    in.imbue(std::locale::classic());
    float number = 0;
    if (in >> number && std::isfinite(number)) value = std::clamp(number, least, most);
}

void read(const std::string& text, int& value, int least, int most) {
    int number = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc()) value = std::clamp(number, least, most);
}

} // namespace

std::string Layout::encode() const {
    std::string text;
    auto line = [&](const char* name, const std::string& value) {
        text += std::string(name) + " " + value + "\n";
    };
    line("left", write(left));
    line("lists", write(lists));
    line("workspace", write(workspace));
    line("modules", write(modules));
    line("definitions", write(definitions));
    line("zoom", write(zoom));
    line("theme", dark ? "dark" : "light");
    line("width", std::to_string(width));
    line("height", std::to_string(height));
    line("module", module);
    line("definition", definition);
    return text;
}

Layout Layout::decode(std::string_view text) {
    Layout layout;
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const size_t space = std::min(line.find(' '), line.size());
        const std::string_view name = line.substr(0, space);
        const std::string value(line.substr(std::min(space + 1, line.size())));
        if (name == "left")
            read(value, layout.left, 0.1f, 0.9f);
        else if (name == "lists")
            read(value, layout.lists, 0.1f, 0.9f);
        else if (name == "workspace")
            read(value, layout.workspace, 0.1f, 0.9f);
        else if (name == "modules")
            read(value, layout.modules, 0.05f, 0.9f);
        else if (name == "definitions")
            read(value, layout.definitions, 0.05f, 0.9f);
        else if (name == "zoom")
            read(value, layout.zoom, kLeastZoom, kMostZoom);
        else if (name == "theme")
            layout.dark = value != "light";
        else if (name == "width")
            read(value, layout.width, 320, 16384);
        else if (name == "height")
            read(value, layout.height, 240, 16384);
        else if (name == "module")
            layout.module = value;
        else if (name == "definition")
            layout.definition = value;
    }
    return layout;
}

bool splitter(const char* name, bool standing, float length, float whole, float& share) {
    const ImVec2 at = ImGui::GetCursorScreenPos();
    const ImVec2 size = standing ? ImVec2(kSplitterWidth, length) : ImVec2(length, kSplitterWidth);
    ImGui::InvisibleButton(name, size);
    const bool active = ImGui::IsItemActive();
    if (active || ImGui::IsItemHovered())
        ImGui::SetMouseCursor(standing ? ImGuiMouseCursor_ResizeEW : ImGuiMouseCursor_ResizeNS);
    if (active && whole > 1) {
        const ImVec2 moved = ImGui::GetIO().MouseDelta;
        share = std::clamp(share + (standing ? moved.x : moved.y) / whole, 0.08f, 0.92f);
    }
    ImGui::GetWindowDrawList()->AddRectFilled(
        at, {at.x + size.x, at.y + size.y},
        ImGui::GetColorU32(active ? ImGuiCol_Header : ImGuiCol_MenuBarBg));
    return active;
}

} // namespace indent::ide
