// Keys and characters in the order in which they came. (Dear ImGui 1.86 forgets keys that are pressed and let go
// between two frames, and their order among the characters; a window that sleeps between events must not.)
#pragma once
#include <cstdint>
#include <vector>

namespace indent::ide {

// clang-format off
enum class Key : uint8_t {
    None, Character, // a character that was typed
    Left, Right, Up, Down, Home, End, PageUp, PageDown, Enter, Tab, Backspace, Delete, Escape,
    Letter, // with Ctrl: a letter, digit or sign, as the keyboard's layout has it
};
// clang-format on

struct InputEvent {
    Key key = Key::None;
    char32_t character = 0; // Character: what was typed; Letter: in lower case
    bool control = false;
    bool shift = false;
    bool alt = false;

    // A shortcut such as Ctrl+S.
    bool is(char letter, bool with_shift = false) const {
        return key == Key::Letter && control && character == char32_t(letter) && shift == with_shift && !alt;
    }
};

using Input = std::vector<InputEvent>;

} // namespace indent::ide
