// Where things stand in the window, as a text of the desk: a line `name value` for each.
#pragma once
#include <string>
#include <string_view>

namespace indent::ide {

struct Layout {
    // Shares of the window.
    float left = 0.56f;      // browser beside workspace
    float lists = 0.36f;     // of the browser: lists above source
    float workspace = 0.62f; // above the transcript
    float modules = 0.27f;   // of the lists
    float definitions = 0.36f;
    float zoom = 1.0f;
    bool dark = true;
    int width = 1280;
    int height = 800;
    std::string module; // what the browser shows
    std::string definition;

    std::string encode() const;
    // What the text says; what it does not, or says wrongly, stays as it is here.
    static Layout decode(std::string_view text);
    bool operator==(const Layout&) const = default;
};

constexpr float kLeastZoom = 0.5f, kMostZoom = 3.0f;

// A bar that a person moves: `share` of `whole` is before it. Draws it at the cursor, standing or lying, `length` long.
// True while it is moved. (The window's own, as this Dear ImGui has none.)
bool splitter(const char* name, bool standing, float length, float whole, float& share);
constexpr float kSplitterWidth = 5;

} // namespace indent::ide
