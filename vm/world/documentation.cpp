// What is known by name: for `doc`, completion and the browser.
#include "vm/syntax/did_you_mean.h"
#include "vm/syntax/foreign_names.h"
#include "vm/world/world.h"
#include <algorithm>

namespace indent {

namespace {

// The first sentence, in one line.
std::string first_sentence(std::string_view doc) {
    std::string text;
    for (size_t i = 0; i < doc.size(); ++i) {
        bool line_end = doc[i] == '\n';
        if (line_end && (i + 1 == doc.size() || doc[i + 1] == '\n')) break;
        text += line_end ? ' ' : doc[i];
        if (doc[i] == '.' && (i + 1 == doc.size() || doc[i + 1] == '\n' || doc[i + 1] == ' ')) break;
    }
    return text;
}

// `map(block)`, without whose it is.
std::string call_form(Machine& vm, const Method& method) {
    std::string text(vm.symbols.text(method.selector));
    if (!method.definition || method.definition->parameters.empty()) return text;
    std::string_view source(*method.tree->source);
    text += "(";
    for (size_t i = 0; i < method.definition->parameters.size(); ++i) {
        const auto& span = method.definition->parameters[i].span;
        if (i) text += ", ";
        text += source.substr(span.begin, span.end - span.begin);
    }
    return text + ")";
}

std::string signature(Machine& vm, const Method& method) {
    std::string owner = method.owner ? std::string(vm.symbols.text(method.owner->name)) + "." : std::string();
    return (method.message ? "on " : "") + owner + call_form(vm, method);
}

std::string_view doc_of(const Method& method) {
    return method.definition ? method.definition->head.doc : std::string_view();
}

void append_indented(std::string& text, std::string_view doc) {
    while (!doc.empty()) {
        size_t end = doc.find('\n');
        text += "    " + std::string(doc.substr(0, end)) + "\n";
        doc = end == std::string_view::npos ? std::string_view() : doc.substr(end + 1);
    }
}

std::string described(Machine& vm, const Method& method) {
    std::string text = signature(vm, method) + "\n";
    append_indented(text, doc_of(method));
    return text;
}

// A name and what it is in a sentence, in two columns.
std::string row(const std::string& name, const std::string& sentence) {
    constexpr size_t column = 30;
    std::string text = "    " + name;
    if (sentence.empty()) return text + "\n";
    text +=
        name.size() < column ? std::string(column - name.size(), ' ') : "\n" + std::string(column + 4, ' ');
    return text + sentence + "\n";
}

// The methods that people call, by name; a class without a doc of its own for them has none. What the runtime alone calls
// (`on start`) is none of them.
std::vector<const Method*> public_methods(Machine& vm, const Class& cls) {
    std::vector<const Method*> methods;
    for (const auto& [selector, method] : cls.methods)
        if (vm.symbols.text(selector)[0] != '_' && method->definition &&
            !(method->message && (selector == sym::start || selector == sym::stop || selector == sym::down ||
                                  selector == sym::other)))
            methods.push_back(method);
    std::sort(methods.begin(), methods.end(), [&](const Method* a, const Method* b) {
        return vm.symbols.text(a->selector) < vm.symbols.text(b->selector);
    });
    return methods;
}

std::string head_of(Machine& vm, const Class& cls) {
    std::string text(vm.symbols.text(cls.name));
    if (cls.superclass) text += " extends " + std::string(vm.symbols.text(cls.superclass->name));
    for (size_t i = 0; i < cls.traits.size(); ++i)
        text += (i ? ", " : " with ") + std::string(vm.symbols.text(cls.traits[i]->name));
    return text;
}

struct Theme {
    const char* title;
    std::vector<std::string_view> names;
};
// Where classes stand in the overview; others are errors, traits, or stand at the end.
const std::vector<Theme>& themes() {
    static const std::vector<Theme> all = {
        {"Numbers",
         {"Number", "Integer", "Float", "Fraction", "Math", "Random", "Primes", "Rounding", "NumberFormat",
          "Statistics", "RunningStatistics", "Line", "Matrix", "Decomposition"}},
        {"Text",
         {"Text", "Symbol", "TextBuilder", "Regex", "Json", "Csv", "Base64", "Uuid", "Table", "TextLayout",
          "Digest", "Hex", "Match"}},
        {"Collections",
         {"List", "Map", "Set", "Tuple", "Range", "Steps", "Queue", "PriorityQueue", "Stream", "Iterator",
          "PersistentVector", "PersistentMap", "PersistentSet"}},
        {"Time", {"Time", "Duration", "Date", "DateRange", "TimeZone", "TimePattern", "Stopwatch"}},
        {"The world",
         {"File", "OpenFile", "Folder", "FileEntry", "Path", "Process", "ProcessResult", "Environment",
          "Program", "Console", "InputLines"}},
        {"Actors and what lives in them",
         {"Address", "Timer", "Device", "Devices", "DeviceRow", "FileDevice", "ProcessDevice", "Component",
          "ActorComponent", "Lifecycle"}},
        {"Pictures", {"Canvas", "Pen", "Colour", "Turtle"}},
        {"Objects",
         {"Object", "Record", "Nil", "Boolean", "Block", "Reference", "Message", "Class", "Module", "Atom",
          "Boundary", "Stretch"}},
    };
    return all;
}

struct Library {
    std::vector<std::pair<std::string, std::vector<const Binding*>>> sections; // sorted by name in each
};

std::string_view name_of(Machine& vm, const Binding& binding) {
    return vm.symbols.text(binding.cls ? binding.cls->name : binding.method->selector);
}

Library library_of(Machine& vm) {
    Runtime& runtime = vm.runtime;
    runtime.prelude.find_all();
    Library library;
    for (const auto& theme : themes()) library.sections.push_back({theme.title, {}});
    const size_t more = library.sections.size(), traits = more + 1, errors = more + 2, functions = more + 3;
    for (const char* title : {"More", "Traits", "Errors", "Functions"})
        library.sections.push_back({title, {}});
    const Class* error = runtime.prelude_class("Error");
    for (SymbolId id : runtime.prelude.names()) {
        const Binding* binding = runtime.prelude.find(id);
        std::string_view name = vm.symbols.text(id);
        if (!binding || name[0] == '_') continue;
        size_t at = more;
        if (binding->kind == Binding::Function && binding->method) {
            at = functions;
        } else if (binding->kind != Binding::ClassName) {
            continue;
        } else if (binding->cls->kind == ClassKind::Trait) {
            at = traits;
        } else if (binding->cls->inherits_from(error)) {
            at = errors;
        } else {
            for (size_t i = 0; i < themes().size(); ++i)
                for (std::string_view listed : themes()[i].names)
                    if (listed == name) at = i;
        }
        library.sections[at].second.push_back(binding);
    }
    for (auto& [title, bindings] : library.sections)
        std::sort(bindings.begin(), bindings.end(),
                  [&](const Binding* a, const Binding* b) { return name_of(vm, *a) < name_of(vm, *b); });
    return library;
}

// The parts of a doc comment: sentences, and examples, which are indented.
void append_markdown(std::string& page, std::string_view doc) {
    bool code = false;
    while (!doc.empty()) {
        size_t end = std::min(doc.find('\n'), doc.size());
        std::string_view line = doc.substr(0, end);
        doc = doc.substr(std::min(end + 1, doc.size()));
        bool example = line.substr(0, 4) == "    ";
        if (example != code && !(code && line.empty())) {
            page += code ? "```\n" : "```indent\n";
            code = example;
        }
        page += std::string(code && !line.empty() ? line.substr(4) : line) + "\n";
    }
    page += code ? "```\n\n" : "\n";
}

} // namespace

std::string World::library_overview() {
    Machine& vm = *machine_;
    std::string text;
    for (const auto& [title, bindings] : library_of(vm).sections) {
        if (bindings.empty()) continue;
        text += (text.empty() ? "" : "\n") + title + "\n";
        for (const Binding* binding : bindings)
            text += binding->cls
                        ? row(std::string(name_of(vm, *binding)), first_sentence(binding->cls->doc))
                        : row(call_form(vm, *binding->method), first_sentence(doc_of(*binding->method)));
    }
    return text + "\n`indent doc List` shows a class, `indent doc List.map` a method.\n";
}

std::string World::library_page() {
    Machine& vm = *machine_;
    std::string page =
        "# The library\n\nMade from the library's own comments by `indent doc --markdown`; do not edit.\n\n";
    const Library library = library_of(vm);
    for (const auto& [title, bindings] : library.sections) {
        if (bindings.empty()) continue;
        page += "- " + title + ": ";
        for (size_t i = 0; i < bindings.size(); ++i) {
            std::string name(name_of(vm, *bindings[i]));
            page += (i ? ", " : "") + (bindings[i]->cls ? "[" + name + "](#" + name + ")" : "`" + name + "`");
        }
        page += "\n";
    }
    auto methods = [&](const std::vector<const Method*>& all, bool with_owner) {
        for (const Method* method : all) {
            page += "#### `" + (with_owner ? signature(vm, *method) : call_form(vm, *method)) + "`\n\n";
            append_markdown(page, doc_of(*method));
        }
    };
    for (const auto& [title, bindings] : library.sections) {
        if (bindings.empty()) continue;
        page += "\n## " + title + "\n\n";
        for (const Binding* binding : bindings) {
            if (!binding->cls) {
                methods({binding->method}, false);
                continue;
            }
            std::string name(name_of(vm, *binding));
            page += "<a id=\"" + name + "\"></a>\n### " + head_of(vm, *binding->cls) + "\n\n";
            append_markdown(page, binding->cls->doc);
            methods(public_methods(vm, *binding->cls->side), true);
            methods(public_methods(vm, *binding->cls), false);
        }
    }
    while (page.size() > 1 && page[page.size() - 2] == '\n') page.pop_back();
    return page;
}

std::string World::near_documented(std::string_view name) {
    Machine& vm = *machine_;
    runtime_->prelude.find_all();
    size_t dot = name.find('.');
    std::vector<std::string_view> names;
    if (dot != std::string_view::npos) {
        std::string_view owner = name.substr(0, dot), selector = name.substr(dot + 1);
        Binding* binding = find_binding(*runtime_, nullptr, owner);
        if (!binding || !binding->cls) {
            std::string near = near_documented(owner);
            return near.empty() ? near : near + "." + std::string(selector);
        }
        auto understood = [&](std::string_view s) {
            SymbolId id = vm.symbols.intern(s);
            return binding->cls->lookup(id) || binding->cls->side->lookup(id);
        };
        std::string near(syntax::selector_for(selector, understood));
        for (const auto& cls : runtime_->classes)
            for (const auto& [id, method] : cls->methods)
                if (understood(vm.symbols.text(id))) names.push_back(vm.symbols.text(id));
        std::sort(names.begin(), names.end());
        if (near.empty()) near = syntax::nearest(selector, names);
        return near.empty() ? near : std::string(owner) + "." + near;
    }
    for (SymbolId id : runtime_->prelude.names()) names.push_back(vm.symbols.text(id));
    std::sort(names.begin(), names.end());
    if (auto near = syntax::nearest(name, names); !near.empty()) return near;
    names.clear();
    for (const auto& cls : runtime_->classes)
        for (const auto& [id, method] : cls->methods) names.push_back(vm.symbols.text(id));
    std::sort(names.begin(), names.end());
    auto defined = [&](std::string_view s) { return std::binary_search(names.begin(), names.end(), s); };
    if (auto ours = syntax::selector_for(name, defined); !ours.empty()) return std::string(ours);
    return syntax::nearest(name, names);
}

std::string World::documentation(std::string_view name) {
    Machine& vm = *machine_;
    size_t dot = name.find('.');
    std::string_view first = name.substr(0, dot);
    Binding* binding = find_binding(*runtime_, nullptr, first);
    if (!binding)
        if (auto found = runtime_->modules.find("workspace"); found != runtime_->modules.end())
            binding = find_binding(*runtime_, found->second.get(), first);
    if (!binding) { // a selector alone: whoever defines it
        runtime_->prelude.find_all();
        std::string text;
        for (const auto& cls : runtime_->classes)
            if (auto method = cls->methods.find(vm.symbols.intern(name)); method != cls->methods.end())
                text += (text.empty() ? "" : "\n") + described(vm, *method->second);
        return text;
    }
    if (binding->kind == Binding::Function && dot == std::string_view::npos)
        return described(vm, *binding->method);
    if (binding->kind != Binding::ClassName)
        return binding->doc.empty() ? std::string() : binding->doc + "\n";
    Class* cls = binding->cls;
    if (dot != std::string_view::npos) {
        SymbolId selector = vm.symbols.intern(name.substr(dot + 1));
        std::string text;
        if (Method* method = cls->lookup(selector)) text += described(vm, *method);
        auto side = cls->side->methods.find(selector);
        if (side != cls->side->methods.end()) text += described(vm, *side->second);
        return text;
    }
    std::string text = head_of(vm, *cls) + "\n";
    append_indented(text, cls->doc);
    auto listed = [&](const Class& c, const std::string& heading, bool with_owner) {
        auto methods = public_methods(vm, c);
        if (!methods.empty()) text += "\n" + heading + "\n";
        for (const Method* method : methods)
            text += row(with_owner ? signature(vm, *method) : call_form(vm, *method),
                        first_sentence(doc_of(*method)));
    };
    listed(*cls->side, "Class side", true);
    listed(*cls, "Methods", false);
    // What comes from elsewhere, but for what every object has.
    for (const Class* c = cls; c && c->superclass; c = c->superclass) {
        std::string name(vm.symbols.text(c->name));
        if (c != cls) listed(*c, "From " + name, false);
        for (const Class* trait : c->traits)
            listed(*trait, "From " + std::string(vm.symbols.text(trait->name)), false);
    }
    return text;
}

namespace {
bool is_part_of_name(char c) {
    return std::isalnum(uint8_t(c)) || c == '_' || c == '?' || c == '!';
}
} // namespace

std::string_view World::completed_part(std::string_view text) {
    size_t begin = text.size();
    while (begin > 0 && is_part_of_name(text[begin - 1])) --begin;
    return text.substr(begin);
}

std::vector<std::string> World::completions(std::string_view prefix, size_t most) {
    Machine& vm = *machine_;
    std::vector<std::string> found;
    // What is being completed: the name that ends the prefix, after a point or not.
    const std::string_view wanted = completed_part(prefix);
    const size_t begin = prefix.size() - wanted.size();
    auto add = [&](std::string_view name) {
        if (name.size() >= wanted.size() && name.substr(0, wanted.size()) == wanted && name[0] != '_' &&
            (std::isalpha(uint8_t(name[0]))))
            found.emplace_back(name);
    };
    if (begin > 0 && prefix[begin - 1] == '.') {
        // Of a class by its name, its class side; of anything else, every selector there is.
        size_t start = begin - 1;
        while (start > 0 && is_part_of_name(prefix[start - 1])) --start;
        Binding* binding = find_binding(*runtime_, nullptr, prefix.substr(start, begin - 1 - start));
        if (binding && binding->kind == Binding::ClassName) {
            for (const Class* c = binding->cls->side; c; c = c->superclass)
                for (const auto& [selector, method] : c->methods) add(vm.symbols.text(selector));
        } else {
            for (const auto& cls : runtime_->classes)
                if (!cls->instance_class)
                    for (const auto& [selector, method] : cls->methods) add(vm.symbols.text(selector));
        }
    } else {
        if (wanted.empty()) return {};
        for (const auto& [name, slot] : workspace_->variables) add(name);
        for (SymbolId id : runtime_->prelude.names()) add(vm.symbols.text(id));
        if (auto own = runtime_->modules.find("workspace"); own != runtime_->modules.end())
            for (const auto& [id, binding] : own->second->names) add(vm.symbols.text(id));
        for (const char* word :
             {"actor", "after", "ask",        "every", "on",    "once",   "send",   "spawn",  "stable",
              "state", "stop",  "supervisor", "var",   "watch", "within", "and",    "break",  "case",
              "catch", "class", "continue",   "def",   "elif",  "else",   "expect", "extend", "extends",
              "false", "field", "finally",    "for",   "if",    "import", "in",     "is",     "let",
              "loop",  "match", "nil",        "not",   "or",    "pass",   "raise",  "record", "return",
              "self",  "super", "test",       "then",  "trait", "true",   "try",    "while",  "with"})
            add(word);
    }
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    if (found.size() > most) found.resize(most);
    return found;
}

} // namespace indent
