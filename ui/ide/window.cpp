// An idle window must cost nothing, so the loop sleeps in GLFW until the person or the session (by an empty event)
// wakes it, and then draws a few frames, because Dear ImGui settles layouts and hovering over two or three.
#include "ui/ide/window.h"
#include "ui/ide/ide.h"
#include <GLFW/glfw3.h>
#include <algorithm>
#include <imgui.h>
#include <imgui_impl_glfw.h>
#include <imgui_impl_opengl3.h>
#include <utility>

namespace indent::ide {

namespace {

constexpr int kFramesAfterEvent = 3;

Key key_of(int key) {
    switch (key) {
    case GLFW_KEY_LEFT: return Key::Left;
    case GLFW_KEY_RIGHT: return Key::Right;
    case GLFW_KEY_UP: return Key::Up;
    case GLFW_KEY_DOWN: return Key::Down;
    case GLFW_KEY_HOME: return Key::Home;
    case GLFW_KEY_END: return Key::End;
    case GLFW_KEY_PAGE_UP: return Key::PageUp;
    case GLFW_KEY_PAGE_DOWN: return Key::PageDown;
    case GLFW_KEY_ENTER:
    case GLFW_KEY_KP_ENTER: return Key::Enter;
    case GLFW_KEY_TAB: return Key::Tab;
    case GLFW_KEY_BACKSPACE: return Key::Backspace;
    case GLFW_KEY_DELETE: return Key::Delete;
    case GLFW_KEY_ESCAPE: return Key::Escape;
    default: return Key::None;
    }
}

// What the key says on this person's keyboard, which is not always where an American one has it.
char32_t letter_of(int key, int scancode) {
    switch (key) {
    case GLFW_KEY_KP_ADD: return '+';
    case GLFW_KEY_KP_SUBTRACT: return '-';
    default: break;
    }
    const char* name = glfwGetKeyName(key, scancode);
    if (name && name[0] > ' ' && name[0] < 127 && !name[1])
        return name[0] >= 'A' && name[0] <= 'Z' ? char32_t(name[0] - 'A' + 'a') : char32_t(name[0]);
    // A keyboard of another script: by the place of the key.
    if (key >= GLFW_KEY_A && key <= GLFW_KEY_Z) return char32_t('a' + (key - GLFW_KEY_A));
    return key > ' ' && key < 127 ? char32_t(key) : 0;
}

} // namespace

struct Window::State {
    GLFWwindow* window = nullptr;
    Input input;                    // that waits
    int held = 0;                   // frames that it has to wait still
    int frames = kFramesAfterEvent; // still to be drawn
    float zoom = 0;                 // that the fonts were made for
    bool dark = true;
    Fonts fonts;

    static State& of(GLFWwindow* window) { return *static_cast<State*>(glfwGetWindowUserPointer(window)); }
    void install_callbacks();
    void apply_settings(Ide& ide, float scale);
    void frame(Ide& ide);
    Input take_input(); // of this frame
    float scale() const;
};

// Ours come first; Dear ImGui's backend keeps them and calls them.
void Window::State::install_callbacks() {
    glfwSetWindowUserPointer(window, this);
    glfwSetKeyCallback(window, [](GLFWwindow* w, int key, int scancode, int action, int modifiers) {
        if (action == GLFW_RELEASE) return;
        InputEvent event;
        event.control = modifiers & (GLFW_MOD_CONTROL | GLFW_MOD_SUPER);
        event.shift = modifiers & GLFW_MOD_SHIFT;
        event.alt = modifiers & GLFW_MOD_ALT;
        event.key = key_of(key);
        if (event.key == Key::None && event.control) {
            event.key = Key::Letter;
            event.character = letter_of(key, scancode);
            if (!event.character) return;
        }
        if (event.key != Key::None) of(w).input.push_back(event);
    });
    glfwSetCharCallback(window, [](GLFWwindow* w, unsigned character) {
        InputEvent event;
        event.key = Key::Character;
        event.character = character;
        of(w).input.push_back(event);
    });
    glfwSetWindowRefreshCallback(window, [](GLFWwindow* w) { of(w).frames = kFramesAfterEvent; });
}

float Window::State::scale() const {
    float x = 1, y = 1;
    glfwGetWindowContentScale(window, &x, &y);
    return x > 0.1f ? x : 1;
}

void Window::State::apply_settings(Ide& ide, float scale) {
    const float wanted = ide.layout().zoom * scale;
    const bool dark = ide.theme().dark;
    if (wanted != zoom) {
        const bool first = zoom == 0;
        fonts = load_fonts(wanted);
        if (!first) {
            ImGui_ImplOpenGL3_DestroyFontsTexture();
            ImGui_ImplOpenGL3_CreateFontsTexture();
        }
    }
    if (wanted != zoom || dark != this->dark) apply_style(ide.theme(), wanted);
    zoom = wanted;
    this->dark = dark;
}

// A shortcut may give the keyboard to another panel, from the next frame but one on: what was typed behind it waits
// until then. Many keys come in one frame where the machine is slow.
Input Window::State::take_input() {
    if (held > 0) {
        if (--held > 0 || !input.empty()) frames = kFramesAfterEvent;
        return {};
    }
    auto shortcut =
        std::find_if(input.begin(), input.end(), [](const InputEvent& e) { return e.key == Key::Letter; });
    if (shortcut == input.end()) return std::exchange(input, {});
    Input now(input.begin(), shortcut + 1);
    input.erase(input.begin(), shortcut + 1);
    held = 2;
    frames = kFramesAfterEvent;
    return now;
}

void Window::State::frame(Ide& ide) {
    apply_settings(ide, scale());
    ImGui_ImplOpenGL3_NewFrame();
    ImGui_ImplGlfw_NewFrame();
    ImGui::NewFrame();
    const ImVec2 size = ImGui::GetIO().DisplaySize;
    Input now = take_input();
    ide.draw(size.x, size.y, fonts, now);
    ImGui::Render();
    int width = 0, height = 0;
    glfwGetFramebufferSize(window, &width, &height);
    glViewport(0, 0, width, height);
    glClearColor(0.1f, 0.1f, 0.1f, 1);
    glClear(GL_COLOR_BUFFER_BIT);
    ImGui_ImplOpenGL3_RenderDrawData(ImGui::GetDrawData());
    glfwSwapBuffers(window);
}

Window::Window(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<Window>> Window::open(const std::string& title) {
    glfwSetErrorCallback(nullptr);
    auto failed = [](const std::string& what) {
        const char* why = nullptr;
        glfwGetError(&why);
        return Failure{"no_display", what + (why ? std::string(": ") + why : std::string())};
    };
    if (!glfwInit()) return failed("there is no display");
    glfwWindowHint(GLFW_CONTEXT_VERSION_MAJOR, 3);
    glfwWindowHint(GLFW_CONTEXT_VERSION_MINOR, 2);
    glfwWindowHint(GLFW_OPENGL_PROFILE, GLFW_OPENGL_CORE_PROFILE);
    glfwWindowHint(GLFW_OPENGL_FORWARD_COMPAT, GLFW_TRUE); // macOS gives no other
    glfwWindowHint(GLFW_SCALE_TO_MONITOR, GLFW_TRUE);
    glfwWindowHint(GLFW_VISIBLE, GLFW_FALSE); // until its size is known
    glfwWindowHintString(GLFW_X11_CLASS_NAME, "indent");
    auto state = std::make_unique<State>();
    const Layout usual;
    state->window = glfwCreateWindow(usual.width, usual.height, title.c_str(), nullptr, nullptr);
    if (!state->window) {
        Failure failure = failed("no window with OpenGL 3 can be opened");
        glfwTerminate();
        return failure;
    }
    glfwMakeContextCurrent(state->window);
    glfwSwapInterval(1);
    state->install_callbacks();
    IMGUI_CHECKVERSION();
    ImGui::CreateContext();
    ImGui::GetIO().IniFilename = nullptr; // the layout is in the image
    ImGui::GetIO().LogFilename = nullptr;
    ImGui_ImplGlfw_InitForOpenGL(state->window, true);
    ImGui_ImplOpenGL3_Init("#version 150");
    return std::unique_ptr<Window>(new Window(std::move(state)));
}

Window::~Window() {
    ImGui_ImplOpenGL3_Shutdown();
    ImGui_ImplGlfw_Shutdown();
    ImGui::DestroyContext();
    glfwDestroyWindow(state_->window);
    glfwTerminate();
}

void Window::wake() {
    glfwPostEmptyEvent();
}

void Window::run(ui::Client& client) {
    Ide ide(client);
    State& state = *state_;
    bool shown = false;
    while (!glfwWindowShouldClose(state.window) && !ide.wants_to_quit()) {
        if (state.frames > 0)
            glfwPollEvents();
        else if (auto due = ide.due())
            glfwWaitEventsTimeout(*due);
        else
            glfwWaitEvents();
        // Whatever woke us, except a timer, is something to draw; a timer only saves (or shows the seconds).
        ide.receive();
        if (state.frames <= 0) state.frames = kFramesAfterEvent;
        if (!shown && ide.is_loaded()) { // in the size that it had when the image was left
            glfwSetWindowSize(state.window, ide.layout().width, ide.layout().height);
            glfwShowWindow(state.window);
            shown = true;
        }
        if (!shown) {
            state.frames = 0;
            continue;
        }
        state.frame(ide);
        state.frames--;
        glfwGetWindowSize(state.window, &ide.layout().width, &ide.layout().height);
        ide.save(false);
    }
    ide.save(true);
}

} // namespace indent::ide
