#include "image/history/older_code.h"
#include "vm/interp/maker.h"
#include "vm/session/code_as_it_was.h"
#include <algorithm>

namespace indent::image {

namespace {

uint64_t key_of(std::string_view owner, std::string_view name, bool of_method, bool class_side,
                uint64_t text) {
    std::string all(owner);
    all += '\n';
    all += name;
    all += of_method ? class_side ? "\nc" : "\nm" : "\nf";
    return number_of_text(all + std::to_string(text));
}

// Of a module as a whole, for names of blocks that have its hash.
uint64_t key_of_module(uint64_t hash) {
    return number_of_text("module\n" + std::to_string(hash));
}

constexpr std::string_view kPurged = ", purged"; // no module can be called so

std::string_view last_name(const syntax::Node* node) {
    if (auto* name = syntax::try_as<syntax::NameNode>(node)) return name->text;
    if (auto* send = syntax::try_as<syntax::SendNode>(node)) return send->selector.text;
    return {};
}

} // namespace

ModuleValueRecord OlderCode::purge_record(const Module& generation, uint64_t epoch) {
    return {generation.path + std::string(kPurged), std::to_string(generation.hash), std::to_string(epoch)};
}

void OlderCode::take_purged(const Recovery& recovery) {
    for (const auto& [key, value] : recovery.module_values())
        if (key.first.ends_with(kPurged))
            purged_[{key.first.substr(0, key.first.size() - kPurged.size()), key.second}] =
                std::strtoull(value.c_str(), nullptr, 10);
}

std::string OlderCode::text_of(const std::string& module, const Version& version) {
    const bool of_library = module.starts_with("std.");
    auto stored = store_.version(of_library ? kLibraryPath : std::string_view(module), version.stored);
    std::string text;
    if (!stored) return text; // it is damaged
    if (!of_library)
        for (const StoredPiece& piece : stored->pieces) text += piece.text;
    else
        for (const LibraryText& file : library_in(*stored))
            if ("std." + module_name_of(file.path) == module) text = file.text;
    return text;
}

void OlderCode::read(const std::string& module, Version& version) {
    version.is_read = true;
    const std::string text = text_of(module, version);
    if (text.empty() || text.size() > bytes_left_) return;
    bytes_left_ -= text.size();
    const uint64_t hash = hash_of_text(text);
    if (auto current = world_.runtime().modules.find(module);
        current != world_.runtime().modules.end() && current->second->hash == hash)
        return; // what it has is in memory
    const auto parsed = syntax::parse(module, text, syntax::ParseMode::Module);
    if (syntax::has_errors(parsed.diagnostics)) return;
    const syntax::SyntaxTree& tree = parsed.tree;
    auto add = [&](std::string_view owner, std::string_view name, bool of_method, bool class_side,
                   syntax::Span span) {
        version.bodies.push_back(
            key_of(owner, name, of_method, class_side, number_of_text(text_at(tree, span))));
    };
    version.bodies.push_back(key_of_module(hash));
    for (const syntax::Node* node : tree.top_level) {
        if (auto* function = syntax::try_as<syntax::DefinitionNode>(node))
            add({}, function->head.name.text, true, false, function->head.full);
        const syntax::Behaviour* members = members_of(node);
        if (!members) continue;
        auto* extend = syntax::try_as<syntax::ExtendNode>(node);
        const std::string_view owner = extend ? last_name(extend->target) : syntax::head_of(node)->name.text;
        for (const auto* method : members->methods)
            add(owner, method->head.name.text, true, method->class_side, method->head.full);
        for (const auto& field : members->fields)
            if (field.initial) add(owner, field.head.name.text, false, false, field.initial->span);
        if (auto* record = syntax::try_as<syntax::RecordNode>(node))
            for (const auto& parameter : record->parameters)
                if (parameter.initial) add(owner, parameter.name.text, false, false, parameter.initial->span);
    }
    std::sort(version.bodies.begin(), version.bodies.end());
}

// The newest that has it.
OlderCode::Version* OlderCode::find(const CodeOf& body) {
    auto [known, is_first] = modules_.try_emplace(body.module);
    std::vector<Version>& versions = known->second;
    if (is_first) {
        const bool of_library = body.module.starts_with("std.");
        if (auto stored = store_.versions(of_library ? kLibraryPath : std::string_view(body.module), upto_))
            for (auto& each : *stored) versions.push_back({std::move(each), false, {}, false, nullptr});
    }
    const uint64_t wanted = body.of_own_text()
                                ? key_of(body.owner, body.name, body.of_method(), body.class_side, body.text)
                                : key_of_module(body.text);
    for (Version& version : versions) {
        if (!version.is_read) read(body.module, version);
        if (std::binary_search(version.bodies.begin(), version.bodies.end(), wanted)) return &version;
    }
    return nullptr;
}

void OlderCode::look_for(const CodeOf& body) {
    std::lock_guard lock(mutex_);
    (void)find(body);
}

Code* OlderCode::code_of(const CodeOf& body) {
    std::lock_guard lock(mutex_);
    Version* version = find(body);
    if (!version) return nullptr;
    if (!std::exchange(version->is_brought, true)) {
        const std::string text = text_of(body.module, *version);
        const auto purged = purged_.find({body.module, std::to_string(hash_of_text(text))});
        version->older =
            world_.bring_older(body.module, text, version->stored.epoch,
                               purged != purged_.end() && purged->second >= version->stored.epoch);
    }
    if (!version->older) return nullptr;
    Machine& vm = world_.machine();
    auto named = [&](SymbolId name, const Class* owner) {
        const SymbolTable& symbols = world_.runtime().symbols;
        return symbols.text(name) == body.name && (owner ? symbols.text(owner->name) : "") == body.owner;
    };
    if (body.of_method()) {
        for (Method* method : version->older->methods)
            if (named(method->selector, method->owner) && method->class_side == body.class_side &&
                (!body.of_own_text() || image::text_of(*method) == body.text))
                return indent::code_of(vm, method);
        return nullptr;
    }
    for (const FieldInfo& field : version->older->initialisers)
        if (named(field.name, field.declared_in) &&
            (!body.of_own_text() || image::text_of(field) == body.text)) {
            FieldInfo initialiser = field;
            return code_of_initialiser(vm, initialiser);
        }
    return nullptr;
}

Code* OlderCode::code_of_statements(const std::string& module, const std::string& text, uint32_t position) {
    std::lock_guard lock(mutex_);
    auto [known, is_first] = statements_.try_emplace({module, number_of_text(text)});
    if (is_first && text.size() <= bytes_left_) {
        bytes_left_ -= text.size();
        const bool of_inputs = module == "workspace";
        auto parsed = syntax::parse(of_inputs ? "input" : module, text,
                                    of_inputs ? syntax::ParseMode::Interactive : syntax::ParseMode::Module);
        if (!syntax::has_errors(parsed.diagnostics))
            known->second = std::make_shared<syntax::SyntaxTree>(std::move(parsed.tree));
    }
    return known->second ? world_.make_statements_again(module, known->second, position) : nullptr;
}

} // namespace indent::image
