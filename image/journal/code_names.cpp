// Names for the code of blocks, and the code for those names: in memory, or what its module once was.
#include "image/journal/world_names.h"
#include "image/store/listing.h"
#include "vm/interp/block.h"
#include "vm/interp/maker.h"
#include <cstring>

namespace indent::image {

uint64_t number_of_text(std::string_view text) {
    const Hash hash = hash_of(text);
    uint64_t number = 0;
    std::memcpy(&number, hash.data(), sizeof number);
    return number;
}
uint64_t text_of(const Method& method) {
    return number_of_text(text_at(*method.tree, method.definition->head.full));
}
uint64_t text_of(const FieldInfo& field) {
    return number_of_text(text_at(*field.tree, field.initial->span));
}

namespace {
// Not those that a person evaluated in a frame: they name what was there.
bool is_of_statements(const Code& root) {
    return root.top_level && root.tree && root.top_level->given.empty() && !root.top_level->cls;
}
// What the statement at `position` must be made with: itself where it sees no variable of another one, so that edits of its
// module beside it write nothing; or all of them.
syntax::Span statements_with(const syntax::SyntaxTree& tree, uint32_t position) {
    using syntax::Kind;
    for (const syntax::Node* node : tree.top_level)
        if (node->span.begin <= position && position < node->span.end &&
            (node->kind == Kind::ModuleValue || node->kind == Kind::Once || node->kind == Kind::Hook ||
             node->kind == Kind::Supervisor))
            return node->span;
    return {0, uint32_t(tree.source->size())};
}
// Of what has the hash.
uint32_t begin_of(const Code& root) {
    return root.method ? root.method->definition->head.full.begin : root.initialiser->initial->span.begin;
}
} // namespace

// ---- numbers for what there is

uint64_t WorldNames::number_of_code(const CodeOf& content) {
    const std::string bytes = encoded_record(content);
    auto [found, is_new] = code_numbers_.emplace(bytes, code_contents_.size() + 1);
    if (is_new) {
        code_contents_.push_back(bytes);
        rows_.push_back({NameRow::Code, found->second, bytes});
    }
    return found->second;
}

uint64_t WorldNames::code_number(const Code* code) {
    std::lock_guard lock(mutex_);
    if (auto known = known_codes_.find(code); known != known_codes_.end()) return known->second;
    const Code* root = code;
    while (root->outer) root = root->outer;
    CodeOf content;
    uint32_t begin = 0; // of what places count from
    content.module = root->module->path;
    if (root->method && root->method->definition) {
        content.root = uint8_t(CodeRoot::Method);
        content.text = text_of(*root->method);
        if (root->method->owner) content.owner = runtime_.symbols.text(root->method->owner->name);
        content.class_side = root->method->class_side;
        content.name = runtime_.symbols.text(root->method->selector);
        begin = begin_of(*root);
    } else if (root->initialiser) {
        content.root = uint8_t(CodeRoot::Initialiser);
        content.text = text_of(*root->initialiser);
        content.owner = runtime_.symbols.text(root->initialiser->declared_in->name);
        content.name = runtime_.symbols.text(root->initialiser->name);
        begin = begin_of(*root);
    } else if (is_of_statements(*root) && !code->keeps &&
               root->tree->source->size() <= CodeOf::kLongestText) {
        const syntax::Span statements = statements_with(*root->tree, place_of(code).back());
        begin = statements.begin;
        CodeOf text;
        text.root = uint8_t(CodeRoot::Text);
        text.name = text_at(*root->tree, statements);
        content.root = uint8_t(CodeRoot::Statements);
        content.text = number_of_code(text);
    } else {
        return known_codes_[code] = 0; // nobody can find it again
    }
    content.place = place_of(code);
    for (uint32_t& position : content.place) position -= begin;
    return known_codes_[code] = number_of_code(content);
}

uint64_t WorldNames::raw(const Cell& cell, size_t word) {
    if (cell.shape == shape::kBlock && word == block::kCode)
        return code_number(cell[word].raw_address<Code>());
    if (cell.shape == shape::kReference && word == reference::kBinding) {
        std::lock_guard lock(mutex_);
        const auto* binding = cell[word].raw_address<Binding>();
        CodeOf content;
        content.module = binding->module->path;
        content.root = uint8_t(CodeRoot::Binding);
        content.name = runtime_.symbols.text(binding->name);
        return number_of_code(content);
    }
    return 0; // where frames were that are no more
}

// ---- and back

bool WorldNames::raw_of(ShapeId shape, size_t word, uint64_t number, Value& value) {
    value = Value::nil();
    const bool is_code = shape == shape::kBlock && word == block::kCode;
    const bool is_binding = shape == shape::kReference && word == reference::kBinding;
    if (!is_code && !is_binding) return true;
    std::lock_guard lock(mutex_);
    if (is_code) return code_of(number, value);
    CodeOf content;
    if (number == 0 || number > code_contents_.size() ||
        !decoded_record(code_contents_[size_t(number - 1)], content))
        return trouble("the image names code that it does not explain");
    Module* module = module_named(content.module);
    if (!module) return trouble("the module `" + content.module + "` is not there");
    auto found = module->names.find(runtime_.symbols.intern(content.name));
    if (found == module->names.end())
        return trouble("`" + content.module + "." + content.name + "` is not there");
    value = Value::raw(found->second);
    return true;
}

bool WorldNames::code_of(uint64_t number, Value& value) {
    ++blocks_met_;
    if (number == 0) return trouble("the image has no text of a block that was made at a prompt");
    if (number > code_contents_.size()) return trouble("the image names code that it does not explain");
    if (const uint32_t epoch = runtime_.epoch; codes_epoch_ != epoch) { // there may be newer code that fits
        codes_.clear();
        codes_epoch_ = epoch;
    }
    auto known = codes_.find(number);
    if (known == codes_.end()) {
        if (!alone_) {
            wanted_codes_.insert(number);
            return true; // what is not sound without it is refused
        }
        CodeOf content;
        MadeCode made;
        if (!decoded_record(code_contents_[size_t(number - 1)], content))
            made.why = "the image names code that it does not explain";
        else
            made.code = make_code(content, made.why);
        known = codes_.emplace(number, std::move(made)).first;
    }
    if (!known->second.code) return trouble(known->second.why);
    value = Value::raw(known->second.code);
    return true;
}

bool WorldNames::wants_code() {
    std::lock_guard lock(mutex_);
    return !wanted_codes_.empty();
}

void WorldNames::look_for_wanted_code() {
    if (!older) return;
    std::vector<CodeOf> missing;
    {
        std::lock_guard lock(mutex_);
        for (const uint64_t number : wanted_codes_) {
            CodeOf content;
            if (!decoded_record(code_contents_[size_t(number - 1)], content)) continue;
            Module* module = content.is(CodeRoot::Statements) ? nullptr : module_named(content.module);
            if (module && !body_in_memory(content, *module)) missing.push_back(std::move(content));
        }
    }
    for (const CodeOf& content : missing) older->look_for(content);
}

void WorldNames::make_wanted_code() {
    std::lock_guard lock(mutex_);
    const bool alone = std::exchange(alone_, true);
    for (const uint64_t number : std::exchange(wanted_codes_, {})) {
        Value code;
        (void)code_of(number, code);
    }
    fill_atoms();
    alone_ = alone;
}

WorldNames::Body WorldNames::body_in(const CodeOf& content, Module& of) {
    const SymbolId name = runtime_.symbols.intern(content.name);
    auto owner_in = [&]() -> Class* {
        auto found = of.names.find(runtime_.symbols.intern(content.owner));
        return found != of.names.end() && found->second->kind == Binding::ClassName ? found->second->cls
                                                                                    : nullptr;
    };
    if (content.of_method()) {
        Method* method = nullptr;
        if (content.owner.empty()) {
            if (auto found = of.names.find(name); found != of.names.end()) method = found->second->method;
        } else if (Class* owner = owner_in()) {
            Class* side = content.class_side ? owner->side : owner;
            if (auto found = side->methods.find(name); found != side->methods.end()) method = found->second;
        }
        if (!method || !method->definition) return {};
        if (content.of_own_text() && text_of(*method) != content.text) return {};
        return {method, nullptr};
    }
    Class* owner = owner_in();
    const int at = owner ? owner->field_index(name) : -1;
    if (at < 0 || !owner->fields[size_t(at)].initial) return {};
    FieldInfo& field = owner->fields[size_t(at)];
    if (content.of_own_text() && text_of(field) != content.text) return {};
    return {nullptr, &field};
}

// The newest in which its text is what it was. The methods of an old generation are not in its classes, which have what
// came after it; those that a module adds to a class of another one are in that.
WorldNames::Body WorldNames::body_in_memory(const CodeOf& content, Module& current) {
    // Images of before libraries were kept say 0 for code of theirs.
    auto has_text = [&](const Module& of) {
        return content.of_own_text() || of.hash == content.text || (of.library && content.text == 0);
    };
    if (has_text(current))
        if (const Body body = body_in(content, current)) return body;
    auto may_be_of = [&](const Module* module) {
        return module && module->path == content.module && (module == &current || module->successor) &&
               has_text(*module);
    };
    const SymbolId name = runtime_.symbols.intern(content.name);
    const SymbolId owner = content.owner.empty() ? 0 : runtime_.symbols.intern(content.owner);
    if (content.of_method()) {
        for (size_t i = runtime_.methods.size(); i-- > 0;) {
            Method& method = *runtime_.methods[i];
            if (method.selector == name && method.definition && method.class_side == content.class_side &&
                (method.owner ? method.owner->name : 0) == owner && may_be_of(method.module) &&
                (!content.of_own_text() || text_of(method) == content.text))
                return {&method, nullptr};
        }
        return {};
    }
    for (size_t i = runtime_.classes.size(); i-- > 0;) {
        Class& cls = *runtime_.classes[i];
        if (cls.name != owner || !may_be_of(cls.module)) continue;
        for (FieldInfo& field : cls.fields)
            if (field.name == name && field.initial && field.module == cls.module &&
                (!content.of_own_text() || text_of(field) == content.text))
                return {nullptr, &field};
    }
    return {};
}

Code* WorldNames::make_code_of_statements(const CodeOf& content, std::string& why) {
    CodeOf text;
    if (content.text == 0 || content.text > code_contents_.size() || content.place.empty() ||
        !decoded_record(code_contents_[size_t(content.text - 1)], text) || !text.is(CodeRoot::Text)) {
        why = "the image names code that it does not explain";
        return nullptr;
    }
    Code* root = older ? older->code_of_statements(content.module, text.name, content.place.back()) : nullptr;
    Code* code = root ? block_at(actors_.main_machine(), root, content.place) : nullptr;
    if (!code) why = "a block of the statements of `" + content.module + "` is not there";
    return code;
}

Code* WorldNames::make_code(const CodeOf& content, std::string& why) {
    if (content.is(CodeRoot::Statements)) return make_code_of_statements(content, why);
    Module* module = module_named(content.module);
    if (!module) {
        why = "the module `" + content.module + "` is not there";
        return nullptr;
    }
    Machine& vm = actors_.main_machine();
    const Body body = body_in_memory(content, *module);
    Code* root = body.method  ? indent::code_of(vm, body.method)
                 : body.field ? code_of_initialiser(vm, *body.field)
                 : older      ? older->code_of(content)
                              : nullptr;
    const std::string words = "a block of `" + content.module + "." + content.name + "`";
    if (!root) {
        why = "the code of " + words + " is of a text that is not there any more";
        return nullptr;
    }
    std::vector<uint32_t> place = content.place;
    if (content.counts_from_own_text())
        for (uint32_t& position : place) position += begin_of(*root);
    Code* code = block_at(vm, root, place);
    if (!code) why = words + " is not there";
    return code;
}

} // namespace indent::image
