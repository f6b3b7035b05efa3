#include "ui/ide/window.h"

extern "C" indent::ide::WindowFace* indent_open_window(const char* title, indent::Failure* failure) {
    auto window = indent::ide::Window::open(title);
    if (window) return std::move(window).value().release();
    *failure = window.failure();
    return nullptr;
}

static_assert(std::is_same_v<decltype(&indent_open_window), indent::ide::OpenWindow>);
