#include "vm/session/module_text.h"
#include "vm/syntax/parser.h"
#include <algorithm>
#include <set>

namespace indent {

namespace {

using protocol::DefinitionKind;
using syntax::Kind;

bool is_blank(std::string_view text) {
    return text.find_first_not_of(" \r\n") == std::string_view::npos;
}

// What a node defines, or nothing for statements.
struct Defined {
    const syntax::DefinitionHead* head = nullptr;
    DefinitionKind kind = DefinitionKind::Function;
    std::string name;
    const syntax::Behaviour* members = nullptr;
};

std::string slice(std::string_view text, syntax::Span span) {
    return std::string(text.substr(span.begin, span.end - span.begin));
}

std::optional<Defined> defined_by(const syntax::Node* node, std::string_view text) {
    auto of = [&](const auto* n, DefinitionKind kind, const syntax::Behaviour* members = nullptr) {
        return Defined{&n->head, kind, std::string(n->head.name.text), members};
    };
    if (auto* n = syntax::try_as<syntax::DefinitionNode>(node)) return of(n, DefinitionKind::Function);
    if (auto* n = syntax::try_as<syntax::ModuleValueNode>(node)) return of(n, DefinitionKind::Value);
    if (auto* n = syntax::try_as<syntax::ClassNode>(node)) return of(n, DefinitionKind::Class, &n->members);
    if (auto* n = syntax::try_as<syntax::RecordNode>(node)) return of(n, DefinitionKind::Record, &n->members);
    if (auto* n = syntax::try_as<syntax::TraitNode>(node)) return of(n, DefinitionKind::Trait, &n->members);
    if (auto* n = syntax::try_as<syntax::ActorNode>(node)) return of(n, DefinitionKind::Actor, &n->members);
    if (auto* n = syntax::try_as<syntax::SupervisorNode>(node))
        return of(n, DefinitionKind::Supervisor, &n->members);
    if (auto* n = syntax::try_as<syntax::ExtendNode>(node)) {
        Defined d = of(n, DefinitionKind::Extend, &n->members);
        d.name = "extend " + slice(text, n->target->span);
        return d;
    }
    if (auto* n = syntax::try_as<syntax::TestNode>(node)) {
        Defined d = of(n, DefinitionKind::Test);
        d.name = "test " + std::string(n->title);
        return d;
    }
    if (auto* n = syntax::try_as<syntax::HookNode>(node)) {
        Defined d = of(n, DefinitionKind::Function);
        d.name = n->hook == syntax::HookKind::BeforeReload ? "before_reload" : "after_reload";
        return d;
    }
    if (auto* n = syntax::try_as<syntax::OnceNode>(node)) {
        Defined d = of(n, DefinitionKind::Effect);
        d.name = "once";
        return d;
    }
    return std::nullopt;
}

std::string with_parameters(std::string name, const syntax::DefinitionNode& node, std::string_view text) {
    if (node.parameters.empty()) return name;
    name += "(";
    for (size_t i = 0; i < node.parameters.size(); i++)
        name += (i ? ", " : "") + slice(text, node.parameters[i].span);
    return name + ")";
}

// The first line that is no comment, or else the first that says something.
std::string first_statement(std::string_view text) {
    std::string first;
    while (!text.empty()) {
        std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        if (is_blank(line)) continue;
        if (line[line.find_first_not_of(' ')] != '#') return std::string(line);
        if (first.empty()) first = line;
    }
    return first;
}

class Splitter {
  public:
    Splitter(std::string_view text, std::vector<Piece>& out) : text_(text), out_(out) {}

    void run(const syntax::SyntaxTree& tree) {
        for (const syntax::Node* node : tree.top_level) {
            auto defined = defined_by(node, text_);
            if (!defined) continue; // statements are what is left between
            const size_t begin = line_begin(defined->head->full.begin);
            const size_t end = line_end(std::max(defined->head->full.end, node->span.end));
            if (begin < at_) continue; // shares a line with the one before
            gap(begin, "");
            define(*defined, node, end);
        }
        gap(text_.size(), "");
    }

  private:
    size_t line_begin(size_t at) const {
        const size_t before = at == 0 ? std::string_view::npos : text_.rfind('\n', at - 1);
        return before == std::string_view::npos ? 0 : before + 1;
    }
    // One past the line end of the line on which the construct's last character stands.
    size_t line_end(size_t end) const {
        if (end > 0 && text_[end - 1] == '\n') return end;
        const size_t found = text_.find('\n', end);
        return found == std::string_view::npos ? text_.size() : found + 1;
    }

    void add(size_t end, DefinitionKind kind, std::string path, std::string title, std::string owner,
             bool class_side = false) {
        if (end <= at_) return;
        Piece piece;
        piece.text = text_.substr(at_, end - at_);
        piece.blank = is_blank(piece.text);
        // The second of a name is told apart by its number.
        std::string unique = path;
        for (int n = 2; !used_.insert(unique).second; n++) unique = path + " " + std::to_string(n);
        piece.mirror = {unique, kind, std::move(owner), std::move(title), class_side};
        out_.push_back(std::move(piece));
        at_ = end;
    }

    // What stands between definitions: first the blank lines, then statements and comments.
    void gap(size_t end, const std::string& owner) {
        if (end <= at_) return;
        std::string_view all = text_.substr(at_, end - at_);
        const size_t first = all.find_first_not_of(" \r\n");
        const size_t blank = first == std::string_view::npos ? all.size() : line_begin(at_ + first) - at_;
        if (blank > 0 && blank < all.size()) add(at_ + blank, DefinitionKind::Effect, "blank", "", owner);
        const std::string title = first_statement(text_.substr(at_, end - at_));
        add(end, DefinitionKind::Effect, is_blank(all) ? "blank" : "top level", title, owner);
    }

    void define(const Defined& defined, const syntax::Node* node, size_t end) {
        std::string title = defined.name;
        if (auto* function = syntax::try_as<syntax::DefinitionNode>(node))
            title = with_parameters(title, *function, text_);
        if (defined.kind == DefinitionKind::Test) title = defined.name.substr(5);
        std::vector<const syntax::DefinitionNode*> methods;
        if (defined.members) methods.assign(defined.members->methods.begin(), defined.members->methods.end());
        std::sort(methods.begin(), methods.end(),
                  [](auto* a, auto* b) { return a->head.full.begin < b->head.full.begin; });
        const size_t head_end =
            methods.empty() ? end : std::max(line_begin(methods[0]->head.full.begin), at_);
        if (head_end == at_) methods.clear(); // all on one line: nothing to take apart
        add(methods.empty() ? end : head_end, defined.kind, defined.name, title, "");
        if (methods.empty()) return;
        const std::string owner = out_.back().mirror.path;
        for (const auto* method : methods) {
            const size_t begin = line_begin(method->head.full.begin);
            if (begin < at_) continue;
            gap(begin, owner);
            const std::string name(method->head.name.text);
            add(line_end(method->head.full.end), DefinitionKind::Method,
                owner + (method->class_side ? " class." : ".") + name, with_parameters(name, *method, text_),
                owner, method->class_side);
        }
        gap(end, owner);
    }

    std::string_view text_;
    std::vector<Piece>& out_;
    std::set<std::string> used_;
    size_t at_ = 0;
};

} // namespace

ModuleText ModuleText::split(std::string path, std::string_view text) {
    ModuleText module;
    module.path_ = std::move(path);
    auto parsed = syntax::parse(module.path_, std::string(text));
    if (parsed.ok()) {
        Splitter(text, module.pieces_).run(parsed.tree);
        if (parsed.tree.module) module.doc_ = parsed.tree.module->doc;
    } else if (!text.empty()) {
        Piece piece;
        piece.text = text;
        piece.mirror = {"top level", DefinitionKind::Effect, "", "(cannot be read)"};
        module.pieces_.push_back(std::move(piece));
    }
    return module;
}

std::string ModuleText::text() const {
    return source({0, pieces_.size()});
}

ModuleText::Extent ModuleText::find(std::string_view path) const {
    for (size_t i = 0; i < pieces_.size(); i++) {
        if (pieces_[i].mirror.path != path) continue;
        size_t end = i + 1;
        if (pieces_[i].mirror.owner.empty())
            while (end < pieces_.size() && pieces_[end].mirror.owner == path) end++;
        return {i, end};
    }
    return {};
}

std::string ModuleText::source(Extent extent) const {
    std::string text;
    for (size_t i = extent.begin; i < extent.end; i++) text += pieces_[i].text;
    return text;
}

const Piece* ModuleText::piece(std::string_view path) const {
    Extent extent = find(path);
    return extent.empty() ? nullptr : &pieces_[extent.begin];
}

ModuleText::Edited ModuleText::replaced(Extent extent, std::string_view with) const {
    Edited edited{source({0, extent.begin}), 0};
    edited.at = edited.text.size();
    edited.text += with;
    edited.text += source({extent.end, pieces_.size()});
    return edited;
}

ModuleText::Edited ModuleText::added(std::string_view with) const {
    Edited edited{as_lines(text()), 0};
    if (!edited.text.empty() && !edited.text.ends_with("\n\n")) edited.text += "\n";
    edited.at = edited.text.size();
    edited.text += with;
    return edited;
}

ModuleText::Edited ModuleText::added_member(Extent owner, std::string_view with) const {
    Edited edited{as_lines(source({0, owner.end})), 0};
    if (!edited.text.ends_with("\n\n")) edited.text += "\n";
    edited.at = edited.text.size();
    edited.text += with;
    edited.text += source({owner.end, pieces_.size()});
    return edited;
}

std::string ModuleText::path_at(size_t offset) const {
    size_t at = 0;
    for (const Piece& piece : pieces_) {
        if (at >= offset && !piece.blank) return piece.mirror.path;
        at += piece.text.size();
    }
    return "";
}

bool is_module_path(std::string_view path) {
    bool begin = true;
    for (char c : path) {
        if (c == '.') {
            if (begin) return false;
            begin = true;
            continue;
        }
        const bool letter = (c >= 'a' && c <= 'z') || c == '_';
        if (!letter && (begin || c < '0' || c > '9')) return false;
        begin = false;
    }
    return !begin;
}

std::string as_lines(std::string_view text) {
    std::string lines(text);
    if (!lines.empty() && lines.back() != '\n') lines += '\n';
    return lines;
}

std::string as_member(std::string_view text) {
    // The first line that says something tells how far the text is indented.
    size_t first = text.find_first_not_of("\r\n ");
    if (first == std::string_view::npos) return "";
    const size_t before = text.rfind('\n', first);
    if (first > (before == std::string_view::npos ? 0 : before + 1))
        return as_lines(text); // indented already
    std::string member;
    for (size_t from = 0; from < text.size();) {
        const size_t end = std::min(text.find('\n', from), text.size());
        if (!is_blank(text.substr(from, end - from))) member += "    ";
        member += text.substr(from, end - from);
        member += '\n';
        from = end + 1;
    }
    return member;
}

} // namespace indent
