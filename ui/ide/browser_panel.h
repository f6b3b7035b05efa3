// Modules, their definitions, the methods of a class, and the source of what is chosen, which can be edited and
// accepted into the running program. What was edited and not accepted is kept as a draft on the desk.
#pragma once
#include "ui/ide/code_view.h"
#include "ui/ide/desk.h"
#include "ui/ide/layout.h"
#include "ui/ide/talk.h"

namespace indent::ide {

class BrowserPanel {
  public:
    BrowserPanel(Talk& talk, Desk& desk, Layout& layout) : talk_(talk), desk_(desk), layout_(layout) {}

    void desk_loaded(); // shows what was shown when the image was left
    void definitions_changed(const std::string& module);
    void draw(float width, float height, const Theme& theme, const Fonts& fonts, Input& input);
    bool focused() const { return view_.focused(); }
    void take_focus() { view_.take_focus(); }

    bool can_accept() const { return editable_ && !accepting_; }
    void accept();
    bool is_edited() const { return loaded_ && view_.buffer.text() != text_; }
    void revert(); // to the source that runs; undo brings the draft back
    void new_definition();
    void new_method(); // in the class that is chosen
    bool can_add_method() const { return editable_module() && !class_path().empty(); }
    bool editable_module() const;
    void ask_module_name() { naming_ = true; }

    // What a person should know about the last accept; empty when there is nothing.
    const std::string& message() const { return message_; }

  private:
    // A piece of source; with an empty path, one that does not exist yet.
    struct Place {
        std::string module, path, owner;
        bool operator==(const Place&) const = default;
        std::string key() const { return "draft/" + module + "/" + (path.empty() ? "+" + owner : path); }
    };

    void load_modules();
    void load_definitions();
    void choose_module(const std::string& module);
    void choose(Place place);
    void show(const Place& place, const std::string& text, const std::string& hash, bool editable);
    void accepted(const Place& place, const std::string& text, const protocol::Reply& reply);
    void keep_draft();
    std::string class_path() const; // of what is chosen, or empty
    const protocol::DefinitionMirror* find(const std::string& path) const;
    bool has_draft(const std::string& path) const {
        return desk_.find(Place{module_, path, ""}.key()) != nullptr;
    }

    void draw_lists(float width, float height, const Theme& theme);
    bool row(const std::string& label, bool chosen, Theme::Ink ink, const std::string& tag,
             const Theme& theme);
    void draw_modules(const Theme& theme);
    void draw_definitions(const Theme& theme);
    void draw_members(const Theme& theme);
    void draw_name_dialog();

    Talk& talk_;
    Desk& desk_;
    Layout& layout_;
    std::vector<protocol::ModuleMirror> modules_;
    std::vector<protocol::DefinitionMirror> definitions_; // of module_
    std::string module_;
    Place place_; // what is shown in the source pane
    CodeView view_;
    std::string text_; // that runs
    std::string hash_;
    bool loaded_ = false; // the source has come
    bool editable_ = false;
    bool accepting_ = false;
    uint64_t kept_version_ = 0; // of the text, as a draft
    std::string message_;
    bool message_is_error_ = false;
    bool naming_ = false;
    char name_[64] = "";
};

} // namespace indent::ide
