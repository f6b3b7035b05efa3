#include "ui/ide/theme.h"
#include <cstdio>
#include <imgui.h>
#include <initializer_list>

namespace indent::ide {

namespace {

constexpr Theme::Ink rgb(uint32_t hex, uint32_t alpha = 255) {
    return alpha << 24 | (hex & 0xff) << 16 | (hex & 0xff00) | (hex >> 16 & 0xff);
}

ImVec4 vec(Theme::Ink ink) {
    return ImGui::ColorConvertU32ToFloat4(ink);
}

bool is_there(const std::string& path) {
    std::FILE* file = std::fopen(path.c_str(), "rb");
    if (file) std::fclose(file);
    return file != nullptr;
}

// Where distributions put the DejaVu family.
std::string find_font(const char* name) {
    for (const char* folder :
         {"/usr/share/fonts/truetype/dejavu/", "/usr/share/fonts/dejavu-sans-mono-fonts/",
          "/usr/share/fonts/dejavu-sans-fonts/", "/usr/share/fonts/TTF/", "/usr/share/fonts/dejavu/",
          "/usr/local/share/fonts/dejavu/", "/opt/homebrew/share/fonts/", "/Library/Fonts/"}) {
        std::string path = std::string(folder) + name;
        if (is_there(path)) return path;
    }
    return "";
}

// Latin, Greek, Cyrillic, and the signs that code and its results use.
constexpr ImWchar kRanges[] = {
    0x0020, 0x024F, 0x0370, 0x03FF, 0x0400, 0x052F, 0x1E00, 0x1EFF, 0x2000, 0x206F, 0x2070,
    0x209F, 0x20A0, 0x20BF, 0x2100, 0x214F, 0x2190, 0x21FF, 0x2200, 0x22FF, 0x2300, 0x23FF,
    0x2500, 0x25FF, 0x2600, 0x26FF, 0x2700, 0x27BF, 0xFFFD, 0xFFFD, 0,
};

} // namespace

Theme make_theme(bool dark) {
    Theme theme;
    theme.dark = dark;
    if (dark) {
        theme.code = {rgb(0xD7DCE2), rgb(0xC792EA), rgb(0x82AAFF), rgb(0xFFCB6B), rgb(0xF78C6C),
                      rgb(0xA5D68A), rgb(0x7FDBCA), rgb(0x6B7A8C), rgb(0x5CC8FF), rgb(0x9AA7B5)};
        theme.background = rgb(0x171B21);
        theme.current_line = rgb(0x1E242C);
        theme.selection = rgb(0x2F5C8F);
        theme.selection_idle = rgb(0x323A45);
        theme.line_number = rgb(0x4A5563);
        theme.cursor = rgb(0xFFCC66);
        theme.error = rgb(0xFF7A7A);
        theme.error_background = rgb(0x3A1F26);
        theme.warning = rgb(0xF2C55C);
        theme.warning_background = rgb(0x352D1A);
        theme.dim = rgb(0x7D8997);
        theme.accent = rgb(0x4FA3E0);
        theme.good = rgb(0x7CC77C);
        theme.divider = rgb(0x2C343F);
    } else {
        theme.code = {rgb(0x24292F), rgb(0x8B2FA8), rgb(0x1F5FBF), rgb(0x9A6200), rgb(0xB5481B),
                      rgb(0x2F7D32), rgb(0x00796B), rgb(0x84909C), rgb(0x0277BD), rgb(0x57606A)};
        theme.background = rgb(0xFDFDFB);
        theme.current_line = rgb(0xF2F4F1);
        theme.selection = rgb(0xB8D7F5);
        theme.selection_idle = rgb(0xDFE4E8);
        theme.line_number = rgb(0xB3BBC3);
        theme.cursor = rgb(0xC25E00);
        theme.error = rgb(0xC62828);
        theme.error_background = rgb(0xFDE9E9);
        theme.warning = rgb(0x946200);
        theme.warning_background = rgb(0xFFF4D6);
        theme.dim = rgb(0x77828D);
        theme.accent = rgb(0x1F6FB5);
        theme.good = rgb(0x2E7D32);
        theme.divider = rgb(0xD3D8DC);
    }
    return theme;
}

void apply_style(const Theme& theme, float scale) {
    ImGuiStyle style;
    if (theme.dark)
        ImGui::StyleColorsDark(&style);
    else
        ImGui::StyleColorsLight(&style);
    style.WindowRounding = 0;
    style.ChildRounding = 0;
    style.FrameRounding = 4;
    style.GrabRounding = 4;
    style.PopupRounding = 5;
    style.ScrollbarRounding = 6;
    style.ScrollbarSize = 11;
    style.WindowBorderSize = 0;
    style.ChildBorderSize = 0;
    style.FrameBorderSize = 0;
    style.WindowPadding = ImVec2(0, 0);
    style.FramePadding = ImVec2(8, 4);
    style.ItemSpacing = ImVec2(8, 4);
    const Theme::Ink panel = theme.dark ? rgb(0x1F252D) : rgb(0xF3F4F2);
    const Theme::Ink raised = theme.dark ? rgb(0x2B333E) : rgb(0xE4E7E6);
    const Theme::Ink hovered = theme.dark ? rgb(0x36414E) : rgb(0xD6DBDD);
    const Theme::Ink chosen = theme.dark ? rgb(0x2D4A66) : rgb(0xC9E0F4);
    auto set = [&](ImGuiCol which, Theme::Ink ink) { style.Colors[which] = vec(ink); };
    set(ImGuiCol_Text, theme.ink(Colour::Plain));
    set(ImGuiCol_TextDisabled, theme.dim);
    set(ImGuiCol_WindowBg, panel);
    set(ImGuiCol_ChildBg, panel);
    set(ImGuiCol_PopupBg, theme.dark ? rgb(0x262D37) : rgb(0xFFFFFF));
    set(ImGuiCol_MenuBarBg, raised);
    set(ImGuiCol_Border, theme.divider);
    set(ImGuiCol_FrameBg, raised);
    set(ImGuiCol_FrameBgHovered, hovered);
    set(ImGuiCol_FrameBgActive, hovered);
    set(ImGuiCol_Button, raised);
    set(ImGuiCol_ButtonHovered, hovered);
    set(ImGuiCol_ButtonActive, chosen);
    set(ImGuiCol_Header, chosen);
    set(ImGuiCol_HeaderHovered, hovered);
    set(ImGuiCol_HeaderActive, chosen);
    set(ImGuiCol_Separator, theme.divider);
    set(ImGuiCol_ScrollbarBg, rgb(0, 0));
    set(ImGuiCol_ScrollbarGrab, hovered);
    set(ImGuiCol_TextSelectedBg, theme.selection);
    style.ScaleAllSizes(scale);
    ImGui::GetStyle() = style;
}

Fonts load_fonts(float scale) {
    ImFontAtlas& atlas = *ImGui::GetIO().Fonts;
    atlas.Clear();
    Fonts fonts;
    ImFontConfig config;
    config.OversampleH = 2;
    config.OversampleV = 1;
    config.PixelSnapH = true;
    auto load = [&](std::initializer_list<const char*> names, float size) -> ImFont* {
        for (const char* name : names) {
            std::string path = find_font(name);
            if (path.empty()) continue;
            if (ImFont* font = atlas.AddFontFromFileTTF(path.c_str(), size * scale, &config, kRanges))
                return font;
        }
        ImFontConfig own;
        own.SizePixels = 13 * scale;
        return atlas.AddFontDefault(&own);
    };
    fonts.plain = load({"DejaVuSans.ttf", "DejaVuSansMono.ttf"}, 14);
    fonts.code = load({"DejaVuSansMono.ttf"}, 15);
    return fonts;
}

} // namespace indent::ide
