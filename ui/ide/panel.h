// What the panels have in common to look at.
#pragma once
#include "ui/ide/theme.h"
#include <string>

namespace indent::ide {

// The bar above a panel, `width` wide; what belongs to its right side is told as text.
void panel_title(const std::string& title, float width, const Theme& theme, const std::string& right = "");

} // namespace indent::ide
