// From files and texts to modules: what a program imports is found beside it and loaded before it, what imports each other
// in a circle together, and what a new text imports and nobody has loaded is a part of the same reload.
#include "vm/os/files.h"
#include "vm/reload/module_order.h"
#include "vm/syntax/source.h"
#include "vm/world/world.h"
#include <algorithm>

namespace indent {

namespace {

std::string folder_of(const std::string& file) {
    size_t slash = file.rfind('/');
    return slash == std::string::npos ? std::string() : file.substr(0, slash + 1);
}

} // namespace

std::string module_name_of(std::string_view file) {
    size_t slash = file.rfind('/');
    std::string_view name = slash == std::string_view::npos ? file : file.substr(slash + 1);
    if (name.size() > 4 && name.substr(name.size() - 4) == ".ind") name.remove_suffix(4);
    return std::string(name);
}

bool World::read_and_check(const std::string& file, std::string source, syntax::ParseMode mode,
                           Module* module, TreePointer& tree, Outcome& outcome, bool interactive) {
    auto parsed = syntax::parse(file, std::move(source), mode);
    auto made = std::make_shared<syntax::SyntaxTree>(std::move(parsed.tree));
    tree = made;
    add_problems(outcome, *tree, parsed.diagnostics);
    return !syntax::has_errors(parsed.diagnostics);
}

// Names, arguments and places, before anything of the text goes live. Warnings are noted and let through.
bool World::check_meaning(const syntax::SyntaxTree& tree, const Module& module, const CheckOptions& options,
                          RuntimeNames::Options names, Outcome& outcome) {
    RuntimeNames known(*runtime_, &module, std::move(names));
    Diagnostics diagnostics = check(tree, known, options);
    add_problems(outcome, tree, diagnostics);
    return !syntax::has_errors(diagnostics);
}

std::string World::root_of(const std::string& file, const syntax::SyntaxTree& tree) const {
    std::string folder = folder_of(file);
    if (!tree.module) return folder;
    // `module shop.pricing` in shop/pricing.ind: imports are looked for beside shop/.
    std::string inner(tree.module->path);
    std::replace(inner.begin(), inner.end(), '.', '/');
    size_t slash = inner.rfind('/');
    if (slash == std::string::npos) return folder;
    std::string tail = inner.substr(0, slash + 1);
    if (folder.size() >= tail.size() && folder.compare(folder.size() - tail.size(), tail.size(), tail) == 0)
        return folder.substr(0, folder.size() - tail.size());
    return folder;
}

bool World::load_imports(Module& module, const syntax::SyntaxTree& tree, const std::string& root,
                         std::vector<std::string>& chain, Outcome& outcome, bool run_effects) {
    for (const syntax::Node* node : tree.top_level) {
        auto* import = syntax::try_as<syntax::ImportNode>(node);
        if (!import) continue;
        std::string path(import->path);
        auto refuse = [&](const std::string& words) {
            add_problems(outcome, tree,
                         {syntax::make_diagnostic(syntax::Code::UndefinedModule, import->span, {path, ""})});
            if (!words.empty()) {
                Problem& problem = outcome.problems.back();
                size_t at = problem.rendered.find(problem.words);
                if (at != std::string::npos) problem.rendered.replace(at, problem.words.size(), words);
                problem.words = words;
            }
            return false;
        };
        if (path.substr(0, 4) == "std.") runtime_->exclusively([&] { read_library_module(path); });
        Module* from = find_module(path);
        if (std::find(chain.begin(), chain.end(), path) != chain.end()) {
            std::string cycle;
            for (auto at = std::find(chain.begin(), chain.end(), path); at != chain.end(); ++at)
                cycle += "`" + *at + "` imports ";
            return refuse("circular import: " + cycle + "`" + path + "`");
        }
        if (!from) {
            std::string file = root + path;
            std::replace(file.begin() + long(root.size()), file.end(), '.', '/');
            file += ".ind";
            if (!os::exists(file)) return refuse("no module `" + path + "`: there is no file " + file);
            from = in_circles_.count(path) ? load_circle(path, file, outcome, run_effects)
                                           : load_module(path, file, chain, outcome, run_effects);
            if (!from) return false;
        }
        Diagnostics diagnostics;
        runtime_->exclusively([&] { diagnostics = loader_->import(module, *import, *from); });
        add_problems(outcome, tree, diagnostics);
        if (!diagnostics.empty()) return false;
    }
    return true;
}

// Of all files that it imports, directly or not, and that are not loaded: those that import each other in a circle.
void World::find_circles(const std::string& path, const std::string& file, const std::string& source) {
    in_circles_.clear();
    std::vector<ReloadText> texts{{path, file, source}};
    add_missing_imports(texts);
    std::vector<std::pair<std::string, std::vector<std::string>>> imports;
    for (const ReloadText& text : texts) {
        auto parsed = syntax::parse(text.file, text.text, syntax::ParseMode::Module);
        imports.emplace_back(text.path, std::vector<std::string>());
        for (const syntax::Node* node : parsed.tree.top_level)
            if (auto* import = syntax::try_as<syntax::ImportNode>(node))
                imports.back().second.emplace_back(import->path);
    }
    for (const auto& unit : module_units(imports))
        for (size_t i : unit)
            if (unit.size() > 1) in_circles_.insert(imports[i].first);
}

// Modules that import each other come in together, as a reload brings them.
Module* World::load_circle(const std::string& path, const std::string& file, Outcome& outcome,
                           bool run_effects) {
    auto source = os::read_file(file, kMostSourceBytes);
    ReloadReport report;
    if (source) {
        std::vector<ReloadText> texts{{path, file, std::move(*source)}};
        add_missing_imports(texts);
        ReloadOptions options;
        options.effects = run_effects;
        report = reload_->reload(nullptr, nullptr, std::move(texts), options);
        if (Module* found = report.ok ? find_module(path) : nullptr) return found;
    } else {
        report.refusal = "indent: " + source.failure().message + "\n";
    }
    if (report.tree) add_problems(outcome, *report.tree, report.diagnostics);
    if (!outcome.has_errors()) {
        Problem problem;
        problem.file = file;
        problem.words = problem.rendered = report.refusal;
        outcome.problems.push_back(std::move(problem));
    }
    return nullptr;
}

Module* World::load_module(const std::string& path, const std::string& file, std::vector<std::string>& chain,
                           Outcome& outcome, bool run_effects, Code** later) {
    auto source = os::read_file(file, kMostSourceBytes);
    if (!source) {
        Problem problem;
        problem.file = file;
        problem.words = source.failure().message;
        problem.rendered = "indent: " + problem.words + "\n";
        outcome.problems.push_back(problem);
        return nullptr;
    }
    TreePointer tree;
    if (!read_and_check(file, std::move(*source), syntax::ParseMode::Module, nullptr, tree, outcome, false))
        return nullptr;
    if (chain.empty()) find_circles(path, file, *tree->source);
    if (tree->module && in_circles_.count(path)) return load_circle(path, file, outcome, run_effects);
    Module& module = module_named(path, file);
    module.hash = hash_of_text(*tree->source);
    chain.push_back(path);
    bool loaded = load_imports(module, *tree, root_of(file, *tree), chain, outcome, run_effects);
    chain.pop_back();
    auto forget = [&]() -> Module* {
        runtime_->exclusively([&] { runtime_->modules.erase(path); });
        return nullptr;
    };
    if (loaded) loaded = check_meaning(*tree, module, {}, {false, false, {}}, outcome);
    if (!loaded) return module.trees.empty() ? forget() : nullptr;
    Diagnostics diagnostics;
    runtime_->exclusively([&] { diagnostics = loader_->define(module, tree); }); // actors may run
    add_problems(outcome, *tree, diagnostics);
    if (!diagnostics.empty()) return nullptr;
    TopLevelBody body;
    body.tree = tree;
    body.statements = tree->top_level;
    body.module = &module;
    body.name = tree->module ? std::string_view(module.path) : std::string_view("top level");
    body.assign_declares = !tree->module;
    body.sets_module_values = true;
    std::vector<const syntax::Node*> values;
    if (!run_effects) {
        for (const syntax::Node* node : tree->top_level)
            if (node->kind == syntax::Kind::ModuleValue) values.push_back(node);
        body.statements = values;
    }
    Code* code = make_code(body);
    if (later) {
        *later = code;
        return &module;
    }
    run(code, outcome, false);
    module.failed = !outcome.ok;
    return outcome.ok ? &module : nullptr;
}

Outcome World::load_file(const std::string& path) {
    Outcome outcome;
    std::vector<std::string> chain;
    outcome.ok = load_module(module_name_of(path), path, chain, outcome, false) != nullptr;
    return outcome;
}

Outcome World::load_text(std::string_view module_path, std::string_view text) {
    Outcome outcome;
    TreePointer tree;
    std::string file(module_path);
    Module& module = module_named(module_path, module_path);
    if (!read_and_check(file, std::string(text), syntax::ParseMode::Module, &module, tree, outcome, false))
        return outcome;
    std::vector<std::string> chain;
    if (!load_imports(module, *tree, "", chain, outcome, true)) return outcome;
    if (!check_meaning(*tree, module, {}, {true, false, {}}, outcome)) return outcome;
    Diagnostics diagnostics;
    runtime_->exclusively([&] { diagnostics = loader_->define(module, tree); }); // actors may run
    add_problems(outcome, *tree, diagnostics);
    if (!diagnostics.empty()) return outcome;
    TopLevelBody body;
    body.tree = tree;
    body.statements = tree->top_level;
    body.module = &module;
    body.name = module.path;
    body.sets_module_values = true;
    run(make_code(body), outcome, false);
    if (outcome.ok) module.hash = hash_of_text(text); // the same text again is no reload
    return outcome;
}

// ---- reload

bool World::import_for_reload(Module& module, const syntax::SyntaxTree& tree,
                              const std::function<Module*(std::string_view)>& staged, std::string& refusal) {
    for (const syntax::Node* node : tree.top_level) {
        auto* import = syntax::try_as<syntax::ImportNode>(node);
        if (!import) continue;
        const std::string path(import->path);
        if (path.substr(0, 4) == "std.") read_library_module(path);
        Module* from = staged(path);
        if (!from)
            if (auto known = runtime_->modules.find(path); known != runtime_->modules.end())
                from = known->second.get();
        Diagnostics diagnostics;
        if (!from)
            diagnostics.push_back(
                syntax::make_diagnostic(syntax::Code::UndefinedModule, import->span, {path, ""}));
        else
            diagnostics = loader_->import(module, *import, *from);
        if (diagnostics.empty()) continue;
        syntax::Source source(tree.file, *tree.source);
        for (const auto& diagnostic : diagnostics) refusal += syntax::render(diagnostic, source);
        return false;
    }
    return true;
}

const Loader::Older* World::bring_older(const std::string& path, std::string_view text, uint64_t age,
                                        bool purged) {
    auto current = runtime_->modules.find(path);
    if (current == runtime_->modules.end()) return nullptr;
    auto parsed = syntax::parse(current->second->file, std::string(text), syntax::ParseMode::Module);
    if (syntax::has_errors(parsed.diagnostics)) return nullptr;
    auto older =
        loader_->make_older(*current->second, std::make_shared<syntax::SyntaxTree>(std::move(parsed.tree)));
    if (!older) return nullptr;
    Module& module = *older->module;
    module.hash = hash_of_text(text);
    module.successor = current->second.get();
    module.replaced_at = 1; // no turn was in the middle of it
    module.purged = purged;
    // Numbers are for people, and go from the oldest that there is to the current one.
    module.generation = 1;
    for (const Brought& other : brought_) module.generation += other.module->path == path && other.age < age;
    for (auto& old : runtime_->old_modules)
        if (old->path == path && old->successor && old->generation >= module.generation) ++old->generation;
    ++current->second->generation;
    runtime_->old_modules.push_back(std::move(older->module));
    brought_.push_back({std::move(older), &module, age});
    return brought_.back().older.get();
}

namespace {

// What was made into one body, of what stands at `position`: a hook's, an argument of a supervisor's child, or all others.
std::vector<const syntax::Node*> statements_around(const syntax::SyntaxTree& tree, uint32_t position) {
    auto has_it = [&](const syntax::Node* node) {
        return node && node->span.begin <= position && position < node->span.end;
    };
    for (const syntax::Node* node : tree.top_level) {
        if (!has_it(node)) continue;
        if (auto* hook = syntax::try_as<syntax::HookNode>(node))
            return {hook->body.statements.begin(), hook->body.statements.end()};
        auto* supervisor = syntax::try_as<syntax::SupervisorNode>(node);
        if (!supervisor) continue;
        for (const auto& child : supervisor->children) {
            auto* call = syntax::try_as<syntax::CallNode>(child.spawn);
            auto* send = syntax::try_as<syntax::SendNode>(child.spawn);
            for (const auto& argument : call ? call->arguments : send ? send->arguments : syntax::Arguments())
                if (has_it(argument.value)) return {argument.value};
        }
    }
    return {tree.top_level.begin(), tree.top_level.end()};
}

} // namespace

Code* World::make_statements_again(const std::string& module, const TreePointer& tree, uint32_t position) {
    TopLevelBody body;
    const bool of_inputs = module == "workspace";
    if (of_inputs)
        body.module = &loader_->module(module, module, false);
    else if (auto found = runtime_->modules.find(module); found != runtime_->modules.end())
        body.module = found->second.get();
    else
        return nullptr;
    const std::vector<const syntax::Node*> statements = statements_around(*tree, position);
    body.tree = tree;
    body.statements = statements;
    if (of_inputs) body.workspace = earlier_inputs_.get();
    body.name = of_inputs ? std::string_view("input") : std::string_view(body.module->path);
    body.assign_declares = of_inputs || !tree->module;
    body.sees_all_modules = true;
    body.sets_module_values = true;
    return make_top_level(*machine_, body);
}

std::vector<std::pair<std::string, std::string>> World::unloaded_imports(const ReloadText& text) const {
    std::vector<std::pair<std::string, std::string>> found;
    auto parsed = syntax::parse(text.file, text.text, syntax::ParseMode::Module);
    const std::string root = root_of(text.file, parsed.tree);
    for (const syntax::Node* node : parsed.tree.top_level) {
        auto* import = syntax::try_as<syntax::ImportNode>(node);
        if (!import || import->path.substr(0, 4) == "std." ||
            runtime_->modules.count(std::string(import->path)))
            continue;
        std::string inner(import->path);
        std::replace(inner.begin(), inner.end(), '.', '/');
        found.emplace_back(std::string(import->path), root + inner + ".ind");
    }
    return found;
}

// Modules that a new text imports and that nobody has loaded are a part of the same reload.
void World::add_missing_imports(std::vector<ReloadText>& texts) const {
    for (size_t i = 0; i < texts.size(); ++i)
        for (const auto& entry : unloaded_imports(texts[i])) {
            const std::string& path = entry.first;
            if (std::any_of(texts.begin(), texts.end(), [&](const ReloadText& t) { return t.path == path; }))
                continue;
            if (!os::exists(entry.second)) continue;
            if (auto source = os::read_file(entry.second, kMostSourceBytes))
                texts.push_back({path, entry.second, std::move(*source)});
        }
}

std::vector<std::string> World::missing_imports(const std::vector<ReloadText>& texts) const {
    std::vector<std::string> files;
    for (const ReloadText& text : texts)
        for (auto& [path, file] : unloaded_imports(text))
            if (!os::exists(file)) files.push_back(file);
    return files;
}

ReloadReport World::reload(std::vector<ReloadText> texts, const ReloadOptions& options) {
    add_missing_imports(texts);
    return take(std::move(texts), options);
}

ReloadReport World::take(std::vector<ReloadText> texts, const ReloadOptions& options) {
    ReloadReport report = reload_->reload(nullptr, nullptr, std::move(texts), options);
    runtime_->port.finish_line();
    return report;
}

std::vector<Problem> World::problems_of(const ReloadReport& report) {
    Outcome outcome;
    if (report.tree) add_problems(outcome, *report.tree, report.diagnostics);
    return std::move(outcome.problems);
}

std::vector<std::pair<std::string, std::string>> World::loaded_files() const {
    std::vector<std::pair<std::string, std::string>> files;
    for (const auto& [path, module] : runtime_->modules)
        if (!module->library && module->file.size() > 4 &&
            module->file.substr(module->file.size() - 4) == ".ind")
            files.emplace_back(module->file, path);
    std::sort(files.begin(), files.end());
    return files;
}

} // namespace indent
