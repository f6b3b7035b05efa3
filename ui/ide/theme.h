// Colours and type of the window.
#pragma once
#include "ui/ide/highlight.h"
#include <array>
#include <cstdint>
#include <string>

struct ImFont;

namespace indent::ide {

struct Theme {
    bool dark = true;
    using Ink = uint32_t;       // as Dear ImGui has it: ABGR
    std::array<Ink, 10> code{}; // by Colour
    Ink background = 0;         // of texts
    Ink current_line = 0;
    Ink selection = 0;
    Ink selection_idle = 0; // in a pane without the keyboard
    Ink line_number = 0;
    Ink cursor = 0;
    Ink error = 0, error_background = 0;
    Ink warning = 0, warning_background = 0;
    Ink dim = 0;
    Ink accent = 0;
    Ink good = 0;
    Ink divider = 0;

    Ink ink(Colour colour) const { return code[size_t(colour)]; }
};

Theme make_theme(bool dark);
// Colours and measures of Dear ImGui's own widgets, for this theme and scale.
void apply_style(const Theme& theme, float scale);

struct Fonts {
    ImFont* plain = nullptr; // of menus, lists
    ImFont* code = nullptr;  // monospaced
};
// Puts the fonts of the system's package into the atlas, in this scale; Dear ImGui's own where there are none.
Fonts load_fonts(float scale);

} // namespace indent::ide
