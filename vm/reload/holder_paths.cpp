#include "vm/reload/holder_paths.h"
#include "vm/interp/block.h"
#include "vm/model/map.h"
#include "vm/model/text.h"

namespace indent {

namespace {

constexpr size_t kMostParts = 8;
constexpr size_t kMostKey = 20; // bytes of a key's text

std::string key_in_words(const Runtime& runtime, Value key) {
    if (key.is_symbol()) return ":" + std::string(runtime.symbols.text(key.symbol_id()));
    if (key.is_integer()) return std::to_string(key.as_integer());
    if (is_text(key))
        if (std::string text = text_utf8(key);
            text.size() <= kMostKey && text.find_first_of("\"`\n") == std::string::npos)
            return "\"" + text + "\"";
    return "…";
}

} // namespace

void HeldGraph::add_root(Value value, std::string name) {
    if (!value.is_cell() || !seen_.add(value.cell(), 0)) return;
    steps_.push_back({value.cell(), SIZE_MAX - roots_.size(), 0});
    roots_.push_back(std::move(name));
}

// How it hangs in what holds it; empty where that says nothing to a person: storage, what the library keeps to itself.
std::string HeldGraph::part(size_t at) const {
    const Step& step = steps_[at];
    const Cell* holder = steps_[step.parent].cell;
    const size_t word = step.word;
    if (holder->shape == shape::kTuple) return "[" + std::to_string(word) + "]";
    if (holder->shape == shape::kArray && word > 0) {
        const bool of_map =
            !is_root(step.parent) && steps_[steps_[step.parent].parent].cell->shape == shape::kMap;
        if (!of_map) return "[" + std::to_string(word - 1) + "]";
        const size_t in_entry = (word - 1) % kEntryWords;
        if (in_entry == 1) return "[…](key)";
        return "[" + key_in_words(runtime_, (*holder)[word - 1]) + "]";
    }
    if (holder->shape == shape::kBlock) return word == block::kSelf ? "(self)" : "(captured)";
    if (holder->shape < shape::kFirstFree) return {};
    const Class* cls = runtime_.shapes[holder->shape].cls;
    if (!cls || word >= cls->fields.size()) return {};
    const std::string name(runtime_.symbols.text(cls->fields[word].name));
    const bool inner = cls->module && cls->module->library && name.starts_with('_');
    return inner ? std::string() : "." + name;
}

std::string HeldGraph::words(size_t at) const {
    std::vector<std::string> parts; // the last first
    for (; !is_root(at); at = steps_[at].parent)
        if (std::string one = part(at); !one.empty()) parts.push_back(std::move(one));
    const std::string& root = roots_[SIZE_MAX - steps_[at].parent];
    std::string path;
    for (size_t i = parts.size(); i > 0; --i) {
        if (parts.size() > kMostParts && i == 2) path += "…";
        if (parts.size() > kMostParts && i > 2 && parts.size() - i >= kMostParts - 2) continue;
        path += parts[i - 1];
    }
    if (path.empty()) return root;
    const bool of_state = root == "its state";
    if (path[0] == '.') path.erase(0, 1);
    return root + (of_state ? " `" : ", at `") + path + (of_state ? "`" : "`,");
}

} // namespace indent
