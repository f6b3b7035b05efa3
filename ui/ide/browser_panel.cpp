#include "ui/ide/browser_panel.h"
#include "ui/ide/panel.h"
#include <algorithm>
#include <imgui.h>

namespace indent::ide {

using protocol::DefinitionKind;

// ---- what is shown

void BrowserPanel::desk_loaded() {
    module_ = layout_.module;
    if (!layout_.definition.empty()) choose({module_, layout_.definition, ""});
    load_modules();
}

void BrowserPanel::load_modules() {
    talk_.ask(protocol::ListModules{}, [this](const protocol::Reply& reply) {
        auto* modules = std::get_if<protocol::Modules>(&reply.body);
        if (!modules) return;
        modules_ = modules->modules;
        const bool known =
            std::any_of(modules_.begin(), modules_.end(), [&](auto& m) { return m.path == module_; });
        if (!known && !modules_.empty()) module_ = modules_[0].path;
        load_definitions();
    });
}

void BrowserPanel::load_definitions() {
    talk_.ask(protocol::ListDefinitions{module_}, [this](const protocol::Reply& reply) {
        auto* definitions = std::get_if<protocol::Definitions>(&reply.body);
        if (!definitions || definitions->module != module_) return;
        definitions_ = definitions->definitions;
        if (place_.module == module_) return;
        auto first = std::find_if(definitions_.begin(), definitions_.end(),
                                  [](auto& d) { return d.kind != DefinitionKind::Effect; });
        if (first == definitions_.end()) first = definitions_.begin();
        if (first != definitions_.end()) choose({module_, first->path, ""});
    });
}

void BrowserPanel::definitions_changed(const std::string& module) {
    load_modules();
    if (module == place_.module && !place_.path.empty() && !is_edited()) choose(place_);
}

void BrowserPanel::choose_module(const std::string& module) {
    if (module == module_) return;
    keep_draft();
    module_ = module;
    definitions_.clear();
    layout_.module = module;
    load_definitions();
}

void BrowserPanel::choose(Place place) {
    keep_draft();
    place_ = std::move(place);
    layout_.module = place_.module;
    layout_.definition = place_.path;
    loaded_ = false;
    talk_.ask(protocol::GetSource{place_.module, place_.path},
              [this, asked = place_](const protocol::Reply& reply) {
                  if (!(asked == place_)) return; // another was chosen meanwhile
                  if (auto* source = std::get_if<protocol::Source>(&reply.body)) {
                      show(asked, source->text, source->hash, source->editable);
                  } else if (const std::string* draft = desk_.find(asked.key())) {
                      show({asked.module, "", ""}, *draft, "", true); // it is gone; the draft is not
                  }
              });
}

void BrowserPanel::show(const Place& place, const std::string& text, const std::string& hash, bool editable) {
    place_ = place;
    const std::string* draft = desk_.find(place.key());
    const std::string& shown = draft && editable ? *draft : text;
    if (view_.buffer.text() != shown) view_.buffer.load(shown);
    text_ = text;
    hash_ = hash;
    editable_ = editable;
    loaded_ = true;
    kept_version_ = view_.buffer.version();
}

void BrowserPanel::keep_draft() {
    if (!loaded_ || !editable_ || kept_version_ == view_.buffer.version()) return;
    kept_version_ = view_.buffer.version();
    if (is_edited())
        desk_.put(place_.key(), view_.buffer.text());
    else
        desk_.forget(place_.key());
}

const protocol::DefinitionMirror* BrowserPanel::find(const std::string& path) const {
    auto found =
        std::find_if(definitions_.begin(), definitions_.end(), [&](const auto& d) { return d.path == path; });
    return found == definitions_.end() ? nullptr : &*found;
}

std::string BrowserPanel::class_path() const {
    if (place_.module != module_) return "";
    if (place_.path.empty()) return place_.owner;
    const auto* definition = find(place_.path);
    if (!definition) return "";
    if (!definition->owner.empty()) return definition->owner;
    return definition->kind <= DefinitionKind::Supervisor ? definition->path : "";
}

bool BrowserPanel::editable_module() const {
    return std::any_of(modules_.begin(), modules_.end(),
                       [&](auto& m) { return m.path == module_ && !m.library; });
}

// ---- changes

void BrowserPanel::accept() {
    if (!loaded_ || !can_accept()) return;
    keep_draft();
    message_.clear();
    const std::string text = view_.buffer.text();
    accepting_ = talk_.ask(
        protocol::Accept{place_.module, place_.path, place_.owner, text, hash_},
        [this, place = place_, text](const protocol::Reply& reply) { accepted(place, text, reply); });
    if (accepting_) return;
    message_ = "Too much waits to be run already";
    message_is_error_ = true;
}

void BrowserPanel::accepted(const Place& place, const std::string& text, const protocol::Reply& reply) {
    accepting_ = false;
    message_is_error_ = true;
    if (auto* failed = std::get_if<protocol::Failed>(&reply.body)) {
        message_ = failed->message;
        return;
    }
    auto* result = std::get_if<protocol::Accepted>(&reply.body);
    if (!result) return;
    message_ = result->problem;
    const bool here = place == place_;
    if (result->taken) {
        message_ = "Accepted " + result->path;
        message_is_error_ = false;
        if (const std::string* draft = desk_.find(place.key()); draft && *draft == text)
            desk_.forget(place.key());
        if (here) {
            place_ = {place.module, result->path, ""};
            layout_.definition = result->path;
            text_ = text;
            hash_ = result->hash;
            kept_version_ = 0; // what was typed meanwhile is a draft of the new place
            keep_draft();
        }
    }
    if (!here || view_.buffer.text() != text) return;
    std::vector<Mark> marks;
    for (const auto& diagnostic : result->diagnostics)
        marks.push_back(
            {{std::min<size_t>(diagnostic.begin, text.size()), std::min<size_t>(diagnostic.end, text.size())},
             diagnostic.error,
             diagnostic.message,
             diagnostic.suggestion});
    if (!result->taken && !marks.empty()) {
        message_ = "Not accepted: see below. The program goes on with the code it had";
        view_.buffer.place(marks[0].span.begin, false);
        view_.reveal_cursor();
    }
    view_.show(std::move(marks));
}

void BrowserPanel::revert() {
    if (!loaded_) return;
    view_.buffer.replace({0, view_.buffer.text().size()}, text_);
    keep_draft();
}

void BrowserPanel::new_definition() {
    if (!editable_module()) return;
    keep_draft();
    show({module_, "", ""}, "", "", true);
    view_.take_focus();
}

void BrowserPanel::new_method() {
    const std::string owner = class_path();
    if (owner.empty() || !editable_module()) return;
    keep_draft();
    show({module_, "", owner}, "", "", true);
    if (view_.buffer.text().empty()) {
        view_.buffer.type("    def ");
    }
    view_.take_focus();
}

// ---- drawing

bool BrowserPanel::row(const std::string& label, bool chosen, Theme::Ink ink, const std::string& tag,
                       const Theme& theme) {
    const ImVec2 at = ImGui::GetCursorScreenPos();
    const float width = ImGui::GetContentRegionAvail().x;
    ImGui::PushID(label.c_str());
    const bool clicked = ImGui::Selectable("##row", chosen, 0, {width, ImGui::GetFontSize() + 6});
    ImGui::PopID();
    ImDrawList* list = ImGui::GetWindowDrawList();
    list->AddText({at.x + 10, at.y + 3}, ink, label.c_str());
    if (!tag.empty())
        list->AddText({at.x + width - ImGui::CalcTextSize(tag.c_str()).x - 8, at.y + 3}, theme.dim,
                      tag.c_str());
    return clicked;
}

void BrowserPanel::draw_modules(const Theme& theme) {
    bool library = false;
    for (const auto& module : modules_) {
        if (module.library && !library) {
            library = true;
            ImGui::Dummy({1, 2});
            ImGui::Indent(10);
            ImGui::TextDisabled("library");
            ImGui::Unindent(10);
        }
        const Theme::Ink ink = module.library ? theme.dim : theme.ink(Colour::Plain);
        if (row(module.path, module.path == module_, ink, "", theme)) choose_module(module.path);
        if (!module.doc.empty() && ImGui::IsItemHovered()) ImGui::SetTooltip("%s", module.doc.c_str());
    }
}

void BrowserPanel::draw_definitions(const Theme& theme) {
    const std::string owner = class_path();
    for (const auto& definition : definitions_) {
        if (!definition.owner.empty()) continue;
        Theme::Ink ink = theme.ink(Colour::Definition);
        std::string tag;
        switch (definition.kind) {
        case DefinitionKind::Class: ink = theme.ink(Colour::Class), tag = "class"; break;
        case DefinitionKind::Record: ink = theme.ink(Colour::Class), tag = "record"; break;
        case DefinitionKind::Trait: ink = theme.ink(Colour::Class), tag = "trait"; break;
        case DefinitionKind::Extend: ink = theme.ink(Colour::Class), tag = "extend"; break;
        case DefinitionKind::Actor: ink = theme.ink(Colour::Class), tag = "actor"; break;
        case DefinitionKind::Supervisor: ink = theme.ink(Colour::Class), tag = "supervisor"; break;
        case DefinitionKind::Value: ink = theme.ink(Colour::Symbol), tag = "value"; break;
        case DefinitionKind::Test: ink = theme.ink(Colour::Text), tag = "test"; break;
        case DefinitionKind::Effect: ink = theme.dim; break;
        case DefinitionKind::Function:
        case DefinitionKind::Method: break;
        }
        if (has_draft(definition.path)) tag = "draft";
        const bool chosen = definition.path == place_.path || definition.path == owner;
        if (row(definition.title, chosen && place_.module == module_, ink, tag, theme))
            choose({module_, definition.path, ""});
    }
}

void BrowserPanel::draw_members(const Theme& theme) {
    const std::string owner = class_path();
    if (owner.empty()) return;
    for (bool class_side : {false, true}) {
        bool first = class_side;
        for (const auto& definition : definitions_) {
            if (definition.owner != owner || definition.class_side != class_side) continue;
            if (first) {
                first = false;
                ImGui::Dummy({1, 2});
                ImGui::Indent(10);
                ImGui::TextDisabled("class side");
                ImGui::Unindent(10);
            }
            if (row(definition.title, definition.path == place_.path, theme.ink(Colour::Definition),
                    has_draft(definition.path) ? "draft" : "", theme))
                choose({module_, definition.path, ""});
        }
    }
}

void BrowserPanel::draw_lists(float width, float height, const Theme& theme) {
    const float room = width - 2 * kSplitterWidth;
    const float modules = room * layout_.modules;
    const float definitions = std::min(room * layout_.definitions, room - modules - 40);
    auto column = [&](const char* name, const char* title, float size, auto draw) {
        ImGui::BeginGroup();
        panel_title(title, size, theme);
        const float used = ImGui::GetFontSize() + 10;
        ImGui::PushStyleColor(ImGuiCol_ChildBg, theme.background);
        ImGui::BeginChild(name, {size, height - used});
        ImGui::PopStyleColor();
        ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, {0, 0});
        ImGui::Dummy({1, 3});
        (this->*draw)(theme);
        ImGui::PopStyleVar();
        ImGui::EndChild();
        ImGui::EndGroup();
        ImGui::SameLine(0, 0);
    };
    column("modules", "Modules", modules, &BrowserPanel::draw_modules);
    splitter("modules|definitions", true, height, room, layout_.modules);
    ImGui::SameLine(0, 0);
    column("definitions", "Definitions", definitions, &BrowserPanel::draw_definitions);
    splitter("definitions|methods", true, height, room, layout_.definitions);
    ImGui::SameLine(0, 0);
    column("methods", "Methods", room - modules - definitions, &BrowserPanel::draw_members);
    ImGui::NewLine();
}

void BrowserPanel::draw_name_dialog() {
    if (naming_) ImGui::OpenPopup("New module");
    const bool opened = naming_;
    naming_ = false;
    ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, {14, 12});
    if (ImGui::BeginPopupModal("New module", nullptr, ImGuiWindowFlags_AlwaysAutoResize)) {
        ImGui::TextUnformatted("Its name, such as greeting or shop.pricing");
        if (opened) ImGui::SetKeyboardFocusHere();
        bool done = ImGui::InputText("##name", name_, sizeof name_, ImGuiInputTextFlags_EnterReturnsTrue);
        done |= ImGui::Button("Make it");
        ImGui::SameLine();
        if (ImGui::Button("Cancel")) ImGui::CloseCurrentPopup();
        if (done && name_[0]) {
            keep_draft();
            module_ = name_;
            definitions_.clear();
            modules_.insert(modules_.begin(), {name_, false, ""});
            show({module_, "", ""}, "", "", true);
            if (view_.buffer.text().empty()) view_.buffer.type("module " + module_ + "\n\n");
            view_.take_focus();
            name_[0] = '\0';
            ImGui::CloseCurrentPopup();
        }
        ImGui::EndPopup();
    }
    ImGui::PopStyleVar();
}

void BrowserPanel::draw(float width, float height, const Theme& theme, const Fonts& fonts, Input& input) {
    ImGui::BeginGroup();
    ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, {0, 0});
    const float lists = (height - kSplitterWidth) * layout_.lists;
    draw_lists(width, lists, theme);
    splitter("lists|source", false, width, height, layout_.lists);
    std::string title = place_.module;
    if (!place_.owner.empty()) title += " \xE2\x80\xBA " + place_.owner;
    title += " \xE2\x80\xBA " + (place_.path.empty() ? std::string("new") : place_.path);
    if (is_edited()) title += "  \xE2\x97\x8F"; // a dot: not accepted yet
    std::string right = !loaded_     ? ""
                        : !editable_ ? "library, read only"
                        : accepting_ ? "waits for the program \xE2\x80\xA6"
                                     : "Accept  Ctrl+S";
    const float title_height = ImGui::GetFontSize() + 10;
    panel_title(place_.module.empty() ? "Source" : title, width, theme, right);
    float rest = height - lists - kSplitterWidth - title_height;
    if (!message_.empty()) rest -= title_height;
    view_.draw("source", width, rest, theme, fonts, input, !loaded_ || !editable_);
    if (!message_.empty()) {
        const ImVec2 at = ImGui::GetCursorScreenPos();
        ImGui::GetWindowDrawList()->AddRectFilled(at, {at.x + width, at.y + title_height},
                                                  message_is_error_ ? theme.error_background
                                                                    : ImGui::GetColorU32(ImGuiCol_WindowBg));
        ImGui::GetWindowDrawList()->AddText({at.x + 10, at.y + 5},
                                            message_is_error_ ? theme.error : theme.good, message_.c_str());
        ImGui::Dummy({width, title_height});
    }
    ImGui::PopStyleVar();
    ImGui::EndGroup();
    keep_draft();
    draw_name_dialog();
}

} // namespace indent::ide
