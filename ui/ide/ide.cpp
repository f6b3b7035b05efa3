#include "ui/ide/ide.h"
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <imgui.h>

namespace indent::ide {

namespace {
constexpr const char* kLayoutKey = "layout";
}

Ide::Ide(ui::Client& client)
    : talk_(client), desk_(talk_), theme_(make_theme(true)), workspace_(talk_, desk_, transcript_),
      browser_(talk_, desk_, layout_) {
    talk_.on_event([this](const protocol::Event& event) { on_event(event); });
    talk_.ask(protocol::Describe{}, [this](const protocol::Reply& reply) {
        auto* description = std::get_if<protocol::Description>(&reply.body);
        if (!description) return;
        image_ = description->image;
        paused_ = !description->paused.empty();
        if (paused_)
            transcript_.add(description->paused + "; here `Image > Let it run` does so, too\n",
                            TranscriptPanel::Kind::Error);
    });
    desk_.load([this] {
        if (const std::string* text = desk_.find(kLayoutKey)) layout_ = Layout::decode(*text);
        set_theme(layout_.dark);
        workspace_.desk_loaded(size_t(layout_.cursor));
        workspace_.take_focus();
        browser_.desk_loaded();
    });
}

bool Ide::receive() {
    return talk_.receive();
}

void Ide::on_event(const protocol::Event& event) {
    if (auto* output = std::get_if<protocol::Output>(&event)) {
        transcript_.add(output->text);
    } else if (std::holds_alternative<protocol::Busy>(event)) {
        running_ = true;
        stopping_ = false;
        running_since_ = std::chrono::steady_clock::now();
    } else if (std::holds_alternative<protocol::Idle>(event)) {
        running_ = false;
    } else if (auto* changed = std::get_if<protocol::DefinitionsChanged>(&event)) {
        browser_.definitions_changed(changed->module);
    } else if (auto* trouble = std::get_if<protocol::Trouble>(&event)) {
        trouble_ = trouble->message;
        transcript_.add(trouble->message + "\n", TranscriptPanel::Kind::Error);
    } else if (std::holds_alternative<protocol::Trusted>(event)) {
        paused_ = false;
    } else if (std::holds_alternative<protocol::Ended>(event)) {
        ended_ = true;
    }
}

void Ide::save(bool everything) {
    if (!desk_.is_loaded()) return;
    layout_.cursor = int(workspace_.cursor());
    desk_.put(kLayoutKey, layout_.encode());
    desk_.send(everything);
}

std::optional<double> Ide::due() const {
    auto due = desk_.due();
    if (running_) due = std::min(due.value_or(0.25), 0.25); // the seconds in the status bar
    return due;
}

// ---- commands

void Ide::zoom(float by) {
    layout_.zoom =
        by == 0 ? 1.0f : std::clamp(std::round(layout_.zoom * by * 20) / 20, kLeastZoom, kMostZoom);
}

void Ide::set_theme(bool dark) {
    layout_.dark = dark;
    theme_ = make_theme(dark);
}

// What belongs to the whole window, before a pane takes its keys.
void Ide::shortcuts(Input& input) {
    std::erase_if(input, [&](const InputEvent& event) {
        if (event.is('.') || (event.key == Key::Escape && running_)) {
            talk_.stop();
            stopping_ = running_;
        } else if (event.is('s'))
            browser_.accept();
        else if (event.is('d'))
            workspace_.run(false);
        else if (event.is('p'))
            workspace_.run(true);
        else if (event.is('n'))
            browser_.new_definition();
        else if (event.is('m'))
            browser_.new_method();
        else if (event.is('q'))
            quit_ = true;
        else if (event.is('=') || event.is('+') || event.is('+', true))
            zoom(1.1f);
        else if (event.is('-'))
            zoom(1 / 1.1f);
        else if (event.is('0'))
            zoom(0);
        else if (event.is('1'))
            browser_.take_focus();
        else if (event.is('2'))
            workspace_.take_focus();
        else
            return false;
        return true;
    });
}

// ---- drawing

void Ide::draw_menus() {
    if (!ImGui::BeginMenuBar()) return;
    ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, {8, 8});
    if (ImGui::BeginMenu("Image")) {
        ImGui::MenuItem(image_.empty() ? "(nothing is kept)" : image_.c_str(), nullptr, false, false);
        ImGui::Separator();
        if (ImGui::MenuItem("Let it run", nullptr, false, paused_)) talk_.ask(protocol::TrustImage{});
        if (ImGui::MenuItem("Quit", "Ctrl+Q")) quit_ = true;
        ImGui::EndMenu();
    }
    if (ImGui::BeginMenu("Edit")) {
        for (auto [name, keys] : {std::pair("Undo", "Ctrl+Z"),
                                  {"Redo", "Ctrl+Y"},
                                  {"Cut", "Ctrl+X"},
                                  {"Copy", "Ctrl+C"},
                                  {"Paste", "Ctrl+V"},
                                  {"Select all", "Ctrl+A"},
                                  {"Comment lines", "Ctrl+/"},
                                  {"Indent lines", "Tab"},
                                  {"Outdent lines", "Shift+Tab"}})
            ImGui::MenuItem(name, keys, false, false);
        ImGui::EndMenu();
    }
    if (ImGui::BeginMenu("Code")) {
        if (ImGui::MenuItem("Accept", "Ctrl+S", false, browser_.can_accept())) browser_.accept();
        if (ImGui::MenuItem("Back to what runs", nullptr, false, browser_.is_edited())) browser_.revert();
        ImGui::Separator();
        if (ImGui::MenuItem("New definition", "Ctrl+N", false, browser_.editable_module()))
            browser_.new_definition();
        if (ImGui::MenuItem("New method", "Ctrl+M", false, browser_.can_add_method())) browser_.new_method();
        if (ImGui::MenuItem("New module\xE2\x80\xA6")) browser_.ask_module_name();
        ImGui::EndMenu();
    }
    if (ImGui::BeginMenu("Run")) {
        if (ImGui::MenuItem("Do it", "Ctrl+D")) workspace_.run(false);
        if (ImGui::MenuItem("Print it", "Ctrl+P")) workspace_.run(true);
        ImGui::Separator();
        if (ImGui::MenuItem("Stop", "Ctrl+.  Esc", false, running_)) {
            talk_.stop();
            stopping_ = true;
        }
        if (ImGui::MenuItem("Clear the transcript")) transcript_.clear();
        ImGui::EndMenu();
    }
    if (ImGui::BeginMenu("View")) {
        if (ImGui::MenuItem("Source", "Ctrl+1")) browser_.take_focus();
        if (ImGui::MenuItem("Workspace", "Ctrl+2")) workspace_.take_focus();
        ImGui::Separator();
        if (ImGui::MenuItem("Larger", "Ctrl++")) zoom(1.1f);
        if (ImGui::MenuItem("Smaller", "Ctrl+-")) zoom(1 / 1.1f);
        if (ImGui::MenuItem("Usual size", "Ctrl+0")) zoom(0);
        ImGui::Separator();
        if (ImGui::MenuItem("Dark", nullptr, layout_.dark)) set_theme(true);
        if (ImGui::MenuItem("Light", nullptr, !layout_.dark)) set_theme(false);
        ImGui::EndMenu();
    }
    ImGui::PopStyleVar();
    ImGui::EndMenuBar();
}

void Ide::draw_status(float width, float height) {
    const ImVec2 at = ImGui::GetCursorScreenPos();
    ImDrawList* list = ImGui::GetWindowDrawList();
    list->AddRectFilled(at, {at.x + width, at.y + height}, ImGui::GetColorU32(ImGuiCol_MenuBarBg));
    const float middle = at.y + height / 2;
    const Theme::Ink ink = ended_ || paused_ ? theme_.error : running_ ? theme_.warning : theme_.good;
    const float radius = ImGui::GetFontSize() * 0.28f;
    list->AddCircleFilled({at.x + 14, middle}, radius, ink);
    char text[64] = "ready";
    if (ended_) {
        std::snprintf(text, sizeof text, "the program has ended");
    } else if (paused_) {
        std::snprintf(text, sizeof text, "paused: it came from elsewhere");
    } else if (running_) {
        const double seconds =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - running_since_).count();
        std::snprintf(text, sizeof text, "%s  %.0f s", stopping_ ? "stopping" : "running", seconds);
    }
    const float text_top = middle - ImGui::GetFontSize() / 2;
    list->AddText({at.x + 26, text_top}, theme_.ink(Colour::Plain), text);
    float right = at.x + width - 8;
    if (running_) {
        const char* label = "Stop  Ctrl+.";
        const float size = ImGui::CalcTextSize(label).x + 24;
        right -= size;
        ImGui::SetCursorScreenPos({right, at.y + 3});
        ImGui::PushStyleColor(ImGuiCol_Button, theme_.error_background);
        ImGui::PushStyleColor(ImGuiCol_Text, theme_.error);
        if (ImGui::Button(label, {size, height - 6})) {
            talk_.stop();
            stopping_ = true;
        }
        ImGui::PopStyleColor(2);
        right -= 12;
    }
    const std::string& shown = trouble_.empty() ? image_ : trouble_;
    list->AddText({right - ImGui::CalcTextSize(shown.c_str()).x, text_top},
                  trouble_.empty() ? theme_.dim : theme_.error, shown.c_str());
}

void Ide::draw(float width, float height, const Fonts& fonts, Input& input) {
    if (ImGui::IsPopupOpen(nullptr, ImGuiPopupFlags_AnyPopupId | ImGuiPopupFlags_AnyPopupLevel))
        input.clear();
    shortcuts(input);
    ImGui::SetNextWindowPos({0, 0});
    ImGui::SetNextWindowSize({width, height});
    ImGui::Begin("Indent", nullptr,
                 ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove | ImGuiWindowFlags_MenuBar |
                     ImGuiWindowFlags_NoBringToFrontOnFocus | ImGuiWindowFlags_NoSavedSettings);
    draw_menus();
    const ImVec2 room = ImGui::GetContentRegionAvail();
    const float status = ImGui::GetFontSize() + 14;
    const float tall = room.y - status;
    ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, {0, 0});
    const float left = (room.x - kSplitterWidth) * layout_.left;
    const float right = room.x - kSplitterWidth - left;
    browser_.draw(left, tall, theme_, fonts, input);
    ImGui::SameLine(0, 0);
    splitter("browser|workspace", true, tall, room.x, layout_.left);
    ImGui::SameLine(0, 0);
    ImGui::BeginGroup();
    const float upper = (tall - kSplitterWidth) * layout_.workspace;
    workspace_.draw(right, upper, theme_, fonts, input);
    splitter("workspace|transcript", false, right, tall, layout_.workspace);
    transcript_.draw(right, tall - kSplitterWidth - upper, theme_, fonts);
    ImGui::EndGroup();
    ImGui::PopStyleVar();
    draw_status(room.x, status);
    ImGui::End();
}

} // namespace indent::ide
