#include "vm/world/world.h"
#include "vm/reload/module_order.h"
#include "vm/world/reload_calls.h"
#include "stdlib/sources.h"
#include "vm/interp/arguments.h"
#include "vm/interp/block.h"
#include "vm/os/files.h"
#include "vm/interp/error_report.h"
#include "vm/os/thread.h"
#include "vm/prims/tables.h"
#include "vm/syntax/source.h"
#include <algorithm>
#include <new>

namespace indent {

namespace {

std::string folder_of(const std::string& file) {
    size_t slash = file.rfind('/');
    return slash == std::string::npos ? std::string() : file.substr(0, slash + 1);
}

// The names that a file of the library defines for all, without parsing it.
std::vector<std::string_view> public_names(std::string_view text) {
    std::vector<std::string_view> names;
    for (size_t begin = 0; begin < text.size();) {
        size_t end = std::min(text.find('\n', begin), text.size());
        std::string_view line = text.substr(begin, end - begin);
        for (std::string_view word : {"class ", "record ", "trait ", "def "})
            if (line.substr(0, word.size()) == word && line.size() > word.size() && line[word.size()] != '_') {
                line.remove_prefix(word.size());
                names.push_back(line.substr(0, line.find_first_of(" (:=")));
                break;
            }
        begin = end + 1;
    }
    return names;
}
} // namespace

std::string module_name_of(std::string_view file) {
    size_t slash = file.rfind('/');
    std::string_view name = slash == std::string_view::npos ? file : file.substr(slash + 1);
    if (name.size() > 4 && name.substr(name.size() - 4) == ".ind") name.remove_suffix(4);
    return std::string(name);
}

bool Outcome::has_errors() const {
    return !error.empty() ||
           std::any_of(problems.begin(), problems.end(), [](const Problem& p) { return p.error; });
}

std::string Outcome::text() const {
    std::string all;
    for (const auto& problem : problems) all += problem.rendered;
    return all + error;
}

Result<std::unique_ptr<World>> World::make(WorldOptions options) {
    std::unique_ptr<World> world(new World);
    world->options_ = std::move(options);
    world->runtime_ = std::make_unique<Runtime>();
    world->runtime_->port.output = world->options_.output;
    world->runtime_->port.partial = world->options_.partial;
    world->runtime_->port.errors = world->options_.errors;
    world->runtime_->port.input = world->options_.input;
    world->runtime_->arguments = world->options_.arguments;
    ActorOptions actors;
    actors.workers = world->options_.workers ? world->options_.workers : os::processors();
    actors.seed = world->options_.seed;
    actors.mailbox_limit = world->options_.mailbox_limit;
    actors.actor_heap.growth_bytes = 2048;
    actors.actor_heap.limit_bytes = world->options_.memory_limit;
    auto system = ActorSystem::make(*world->runtime_, actors);
    if (!system) return std::move(system).failure();
    world->actors_ = std::move(system).value();
    world->actors_->report = [runtime = world->runtime_.get()](const std::string& report) {
        runtime->port.print_error(report);
    };
    world->machine_ = &world->actors_->main_machine();
    HeapOptions heap;
    heap.limit_bytes = world->options_.memory_limit;
    world->actors_->main().heap = std::make_unique<Heap>(world->runtime_->shared, heap);
    world->loader_ = std::make_unique<Loader>(*world->machine_);
    world->reload_ = std::make_unique<ReloadEngine>(*world->actors_, *world->loader_);
    world->reload_->importer = [w = world.get()](Module& module, const syntax::SyntaxTree& tree, const auto& staged,
                                                 std::string& refusal) {
        return w->import_for_reload(module, tree, staged, refusal);
    };
    world->reload_calls_ = std::make_unique<ReloadCalls>(*world);
    world->runtime_->reloads = world->reload_calls_.get();
    world->workspace_ = std::make_unique<Workspace>();
    world->workspace_->variables.emplace("_", 0);
    world->kept_roots_.push_back(&world->workspace_->array);
    world->actors_->main_kept_roots = &world->kept_roots_;
    world->runtime_->prelude.exclusively = [runtime = world->runtime_.get()](const auto& work) { runtime->exclusively(work); };
    std::string failure;
    if (!world->load_library(failure)) return Failure{"library", failure};
    if (world->options_.collect_always) world->actors_->collect_always();
    return world;
}

World::~World() = default;

bool World::load_library(std::string& failure) {
    for (const auto& table : primitive_tables())
        for (const auto& row : table.rows) {
            std::string key = std::string(table.owner) + "." + row.selector;
            if (!runtime_->primitives.emplace(key, &row).second) failure += "the primitive " + key + " has two rows\n";
        }
    if (!failure.empty()) return false;
    // Of the files in stdlib/library only the names are taken; what they say is read when it is needed.
    std::vector<size_t> at_once;
    const auto sources = library_sources();
    for (size_t i = 0; i < sources.size(); ++i) {
        if (sources[i].path.substr(0, 5) == "core/") at_once.push_back(i);
        else for (std::string_view name : public_names(sources[i].text)) runtime_->prelude.wait(runtime_->symbols.intern(name), i);
    }
    runtime_->prelude.read_file = [this](size_t number) {
        std::string fault;
        if (read_library_files({number}, fault)) return;
        std::fprintf(stderr, "indent: a fault of the library: %s", fault.c_str());
        std::abort();
    };
    if (!read_library_files(at_once, failure)) return false;
    if (!options_.whole_library) return true;
    runtime_->prelude.find_all();
    failure = loader_->unused_primitives();
    return failure.empty();
}

bool World::read_library_files(const std::vector<size_t>& numbers, std::string& failure) {
    std::vector<std::pair<Module*, TreePointer>> files;
    for (size_t number : numbers) {
        const auto& source = library_sources()[number];
        auto parsed = syntax::parse(std::string(source.path), std::string(source.text));
        if (!parsed.ok()) {
            failure += syntax::render(parsed);
            return false;
        }
        std::string path = "std." + module_name_of(source.path);
        Module& module = loader_->module(path, source.path, true);
        files.emplace_back(&module, std::make_shared<syntax::SyntaxTree>(std::move(parsed.tree)));
    }
    return loader_->define_library(files, failure);
}

void World::read_library_module(std::string_view path) {
    for (const auto& source : library_sources())
        if ("std." + module_name_of(source.path) == path)
            for (std::string_view name : public_names(source.text)) runtime_->prelude.find(runtime_->symbols.intern(name));
}

// ---- problems and errors in words

void World::add_problems(Outcome& outcome, const syntax::SyntaxTree& tree, const Diagnostics& diagnostics) {
    syntax::Source source(tree.file, *tree.source);
    for (const auto& diagnostic : diagnostics) {
        Problem problem;
        auto at = source.position(diagnostic.span.begin);
        problem.file = tree.file;
        problem.line = at.line;
        problem.column = at.column;
        problem.begin = diagnostic.span.begin;
        problem.end = diagnostic.span.end;
        problem.error = diagnostic.severity == syntax::Severity::Error;
        problem.code = syntax::code_name(diagnostic.code);
        problem.words = syntax::words(diagnostic);
        problem.suggestion = syntax::suggestion(diagnostic);
        problem.rendered = syntax::render(diagnostic, source);
        outcome.problems.push_back(std::move(problem));
    }
}

void World::describe(Outcome& outcome, Value error) {
    ErrorReport report = describe_error(*machine_, error);
    outcome.error = std::move(report.text);
    outcome.error_class = std::move(report.class_name);
    outcome.error_message = std::move(report.message);
    outcome.error_file = std::move(report.file);
    outcome.error_line = report.line;
    outcome.stopped = report.stopped;
    outcome.exit_code = report.exit_code;
}

// ---- running

// One turn of the main actor: committed if it went well, undone otherwise.
void World::run(Code* code, Outcome& outcome, bool inspect) {
    actors_->run_main([&](Machine&) {
        run_in_turn(code, outcome, inspect);
        return outcome.ok;
    });
    runtime_->port.finish_line();
}

void World::run_in_turn(Code* code, Outcome& outcome, bool inspect) {
    Machine& vm = *machine_;
    RunResult result;
    if (inspect) {
        result = run_protected(vm, [&](Value* args) {
            Value* nf = native_frame(vm, args, args + kPrimitiveFrame);
            nf[0] = Value::nil();
            args[0] = enter(code, nf);
            outcome.has_value = !args[0].is_nil();
            // The last value is `_`.
            if (outcome.has_value && workspace_->array) {
                size_t last = workspace_->variables.at("_");
                if (!Heap::store(vm, workspace_->array.cell(), 1 + last, args[0])) assert(false);
            }
            outcome.value = vm.inspect(args[0], args);
            return Value::nil();
        });
    } else {
        result = run_protected(vm, code, Value::nil());
    }
    if (result.ok) {
        vm.heap->commit(vm.stack_base);
        outcome.ok = true;
        return;
    }
    outcome.ok = false;
    outcome.has_value = false;
    outcome.value.clear();
    if (result.out_of_memory) {
        outcome.error = "error: OutOfMemory: the program needs more memory than it may take\n";
        outcome.error_class = "OutOfMemory";
    } else {
        describe(outcome, result.error);
    }
    vm.inner->uncaught = {};
    vm.heap->rollback();
    if (outcome.exit_code >= 0) outcome.error.clear();
    if (outcome.exit_code == 0) outcome.ok = true;
}

bool World::read_and_check(const std::string& file, std::string source, syntax::ParseMode mode, Module* module,
                           TreePointer& tree, Outcome& outcome, bool interactive) {
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
            add_problems(outcome, tree, {syntax::make_diagnostic(syntax::Code::UndefinedModule, import->span, {path, ""})});
            if (!words.empty()) {
                Problem& problem = outcome.problems.back();
                size_t at = problem.rendered.find(problem.words);
                if (at != std::string::npos) problem.rendered.replace(at, problem.words.size(), words);
                problem.words = words;
            }
            return false;
        };
        Module* from = nullptr;
        if (path.substr(0, 4) == "std.") read_library_module(path);
        auto known = runtime_->modules.find(path);
        if (std::find(chain.begin(), chain.end(), path) != chain.end()) {
            std::string cycle;
            for (auto at = std::find(chain.begin(), chain.end(), path); at != chain.end(); ++at) cycle += "`" + *at + "` imports ";
            return refuse("circular import: " + cycle + "`" + path + "`");
        }
        if (known != runtime_->modules.end()) {
            from = known->second.get();
        } else {
            std::string file = root + path;
            std::replace(file.begin() + long(root.size()), file.end(), '.', '/');
            file += ".ind";
            if (!os::exists(file)) return refuse("no module `" + path + "`: there is no file " + file);
            from = in_circles_.count(path) ? load_circle(path, file, outcome, run_effects)
                                           : load_module(path, file, chain, outcome, run_effects);
            if (!from) return false;
        }
        Diagnostics diagnostics = loader_->import(module, *import, *from);
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
            if (auto* import = syntax::try_as<syntax::ImportNode>(node)) imports.back().second.emplace_back(import->path);
    }
    for (const auto& unit : module_units(imports))
        for (size_t i : unit)
            if (unit.size() > 1) in_circles_.insert(imports[i].first);
}

// Modules that import each other come in together, as a reload brings them.
Module* World::load_circle(const std::string& path, const std::string& file, Outcome& outcome, bool run_effects) {
    auto source = os::read_file(file, kMostSourceBytes);
    ReloadReport report;
    if (source) {
        std::vector<ReloadText> texts{{path, file, std::move(*source)}};
        add_missing_imports(texts);
        ReloadOptions options;
        options.effects = run_effects;
        report = reload_->reload(nullptr, nullptr, std::move(texts), options);
        auto found = runtime_->modules.find(path);
        if (report.ok && found != runtime_->modules.end()) return found->second.get();
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
    if (!read_and_check(file, std::move(*source), syntax::ParseMode::Module, nullptr, tree, outcome, false)) return nullptr;
    if (chain.empty()) find_circles(path, file, *tree->source);
    if (tree->module && in_circles_.count(path)) return load_circle(path, file, outcome, run_effects);
    Module& module = loader_->module(path, file, false);
    module.hash = hash_of_text(*tree->source);
    chain.push_back(path);
    bool loaded = load_imports(module, *tree, root_of(file, *tree), chain, outcome, run_effects);
    chain.pop_back();
    auto forget = [&]() -> Module* {
        runtime_->modules.erase(path);
        return nullptr;
    };
    if (loaded) loaded = check_meaning(*tree, module, {}, {false, false, {}}, outcome);
    if (!loaded) return module.trees.empty() ? forget() : nullptr;
    Diagnostics diagnostics = loader_->define(module, tree);
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
    Code* code = make_top_level(*machine_, body);
    if (later) {
        *later = code;
        return &module;
    }
    run(code, outcome, false);
    return outcome.ok ? &module : nullptr;
}

void World::start_in_main(Code* code, std::function<void(const Outcome&)> ended) {
    actors_->start_main([this, code, ended = std::move(ended)](Machine&) {
        Outcome outcome;
        run_in_turn(code, outcome, false);
        note_exit(outcome);
        runtime_->port.finish_line();
        ended(outcome);
        return outcome.ok;
    });
}

Outcome World::start_file(const std::string& path, std::function<void(const Outcome&)> ended) {
    Outcome outcome;
    std::vector<std::string> chain;
    runtime_->program = path;
    Code* code = nullptr;
    outcome.ok = load_module(module_name_of(path), path, chain, outcome, true, &code) != nullptr;
    if (outcome.ok) start_in_main(code, std::move(ended));
    return outcome;
}

void World::start_again(const std::string& path, std::function<void(const Outcome&)> ended) {
    auto found = runtime_->modules.find(path);
    if (found == runtime_->modules.end()) return;
    Module& module = *found->second;
    TopLevelBody body;
    body.tree = module.trees.back();
    std::vector<const syntax::Node*> statements;
    for (const syntax::Node* node : body.tree->top_level) {
        auto* value = syntax::try_as<syntax::ModuleValueNode>(node);
        if (node->kind != syntax::Kind::Once && !(value && value->stable)) statements.push_back(node);
    }
    body.statements = statements;
    body.module = &module;
    body.name = "top level";
    body.assign_declares = true;
    body.sets_module_values = true;
    start_in_main(make_top_level(*machine_, body), std::move(ended));
}

void World::note_exit(Outcome& outcome) {
    const int code = actors_->exit_code();
    if (code < 0 || outcome.exit_code >= 0) return;
    outcome.exit_code = code;
    outcome.error.clear();
    outcome.stopped = false;
    outcome.ok = code == 0;
}

Outcome World::run_file(const std::string& path) {
    Outcome outcome;
    std::vector<std::string> chain;
    runtime_->program = path;
    load_module(module_name_of(path), path, chain, outcome, true);
    if (outcome.ok && outcome.exit_code < 0) actors_->run_until_quiet();
    note_exit(outcome);
    runtime_->port.finish_line();
    return outcome;
}

Outcome World::load_file(const std::string& path) {
    Outcome outcome;
    std::vector<std::string> chain;
    outcome.ok = load_module(module_name_of(path), path, chain, outcome, false) != nullptr;
    return outcome;
}

TestReport World::test_file(const std::string& path, Outcome& outcome) {
    TestReport report;
    if (test_library_file(path, report, outcome)) return report;
    std::vector<std::string> chain;
    if (Module* module = load_module(module_name_of(path), path, chain, outcome, false)) return test_module(module->path);
    return report;
}

TestReport World::test_module(const std::string& name) {
    TestReport report;
    auto found = runtime_->modules.find(name);
    if (found == runtime_->modules.end()) return report;
    Module* module = found->second.get();
    for (const auto& test : module->tests) {
        TopLevelBody body;
        body.tree = test.tree;
        body.statements = test.definition->body.statements;
        body.module = module;
        body.name = test.title;
        Outcome one;
        actors_->run_main([&](Machine& vm) {
            Code* code = make_top_level(vm, body);
            auto result = run_protected(vm, code, Value::nil());
            if (result.ok) {
                ++report.passed;
            } else {
                if (result.out_of_memory) one.error = "error: OutOfMemory\n";
                else describe(one, result.error);
                report.failures.push_back({test.title, one.error});
            }
            vm.inner->uncaught = {};
            vm.heap->rollback();
            return false;
        });
        actors_->end_all();
    }
    if (!module->trees.empty()) test_examples(module->file, *module->trees.back()->source, *module, report);
    return report;
}

std::set<std::string> World::modules_that_reach(const std::set<std::string>& modules) const {
    std::set<std::string> reached = modules;
    for (size_t before = 0; before != reached.size();) {
        before = reached.size();
        for (const auto& [path, module] : runtime_->modules)
            for (const auto& [name, binding] : module->imports) {
                const Module* from = binding->kind == Binding::ImportedModule ? binding->target : binding->module;
                if (!module->library && from && reached.count(from->path)) reached.insert(path);
            }
    }
    return reached;
}

Outcome World::check_file(const std::string& path) {
    Outcome outcome;
    auto source = os::read_file(path, kMostSourceBytes);
    if (!source) {
        Problem problem;
        problem.file = path;
        problem.words = source.failure().message;
        problem.rendered = "indent: " + problem.words + "\n";
        outcome.problems.push_back(problem);
        return outcome;
    }
    TreePointer tree;
    if (!read_and_check(path, std::move(*source), syntax::ParseMode::Module, nullptr, tree, outcome, false)) return outcome;
    // What it imports must be there to be asked; nothing of it runs but the values of its modules.
    find_circles(module_name_of(path), path, *tree->source);
    Module& module = loader_->module(module_name_of(path), path, false);
    std::vector<std::string> chain{module.path};
    outcome.ok = load_imports(module, *tree, root_of(path, *tree), chain, outcome, false) &&
                 check_meaning(*tree, module, {}, {false, false, {}}, outcome);
    return outcome;
}

Outcome World::evaluate(std::string_view text, std::string_view name) {
    Outcome outcome;
    TreePointer tree;
    std::string file(name);
    if (!read_and_check(file, std::string(text), syntax::ParseMode::Interactive, nullptr, tree, outcome, true))
        return outcome;
    Module& module = loader_->module("workspace", "workspace", false);
    std::vector<std::string> chain;
    if (!load_imports(module, *tree, "", chain, outcome, true)) return outcome;
    CheckOptions options;
    options.interactive = true;
    RuntimeNames::Options names{true, true, {}};
    for (const auto& [variable, slot] : workspace_->variables) names.variables.push_back(variable);
    if (!check_meaning(*tree, module, options, std::move(names), outcome)) return outcome;
    Diagnostics diagnostics = loader_->define(module, tree);
    add_problems(outcome, *tree, diagnostics);
    if (!diagnostics.empty()) return outcome;
    TopLevelBody body;
    body.tree = tree;
    body.statements = tree->top_level;
    body.module = &module;
    body.workspace = workspace_.get();
    body.name = "input";
    body.sets_module_values = true;
    Code* code = make_top_level(*machine_, body);
    // The array of the workspace's variables grows before the input runs.
    size_t wanted = workspace_->variables.size() + 1;
    if (wanted > workspace_capacity_) {
        size_t capacity = std::max<size_t>(16, wanted * 2);
        actors_->run_main([&](Machine& vm) {
            Cell* grown = vm.heap->allocate_array(shape::kArray, Format::Slots, 1 + capacity, vm.stack_base);
            if (workspace_->array)
                for (size_t i = 0; i < workspace_capacity_; ++i) (*grown)[1 + i] = (*workspace_->array.cell())[1 + i];
            workspace_->array = Value::cell(grown);
            vm.heap->commit(vm.stack_base);
            return true;
        });
        workspace_capacity_ = capacity;
    }
    run(code, outcome, true);
    return outcome;
}

Outcome World::accept(std::string_view module_path, std::string_view path, std::string_view text) {
    Outcome outcome;
    Module& module = loader_->module(module_path, module_path, false);
    TreePointer tree;
    if (path.empty()) {
        if (!read_and_check(std::string(module_path), std::string(text), syntax::ParseMode::Module, &module, tree, outcome, false))
            return outcome;
        std::vector<std::string> chain;
        if (!load_imports(module, *tree, "", chain, outcome, true)) return outcome;
        if (!check_meaning(*tree, module, {}, {true, false, {}}, outcome)) return outcome;
        Diagnostics diagnostics = loader_->define(module, tree);
        add_problems(outcome, *tree, diagnostics);
        outcome.ok = diagnostics.empty();
        return outcome;
    }
    auto found = module.names.find(runtime_->symbols.intern(path));
    if (found == module.names.end() || found->second->kind != Binding::ClassName) {
        Problem problem;
        problem.file = module_path;
        problem.words = "module `" + std::string(module_path) + "` has no class `" + std::string(path) + "`";
        problem.rendered = "error: " + problem.words + "\n";
        outcome.problems.push_back(problem);
        return outcome;
    }
    Class& cls = *found->second->cls;
    syntax::ParseMode mode = syntax::ParseMode::ClassMembers;
    if (cls.kind == ClassKind::Record) mode = syntax::ParseMode::RecordMembers;
    if (cls.kind == ClassKind::Trait) mode = syntax::ParseMode::TraitMembers;
    if (cls.kind == ClassKind::Actor) mode = syntax::ParseMode::ActorMembers;
    if (cls.kind == ClassKind::Supervisor) mode = syntax::ParseMode::SupervisorMembers;
    std::string file = std::string(module_path) + "." + std::string(path);
    if (!read_and_check(file, std::string(text), mode, &module, tree, outcome, false)) return outcome;
    CheckOptions options;
    options.members_of = known_class(*runtime_, &cls);
    options.module_path = module.path;
    if (!check_meaning(*tree, module, options, {true, false, {}}, outcome)) return outcome;
    Diagnostics diagnostics = loader_->define_members(module, cls, tree);
    add_problems(outcome, *tree, diagnostics);
    outcome.ok = diagnostics.empty();
    return outcome;
}

Outcome World::load_text(std::string_view module_path, std::string_view text) {
    Outcome outcome;
    TreePointer tree;
    std::string file(module_path);
    Module& module = loader_->module(module_path, module_path, false);
    if (!read_and_check(file, std::string(text), syntax::ParseMode::Module, &module, tree, outcome, false))
        return outcome;
    std::vector<std::string> chain;
    if (!load_imports(module, *tree, "", chain, outcome, true)) return outcome;
    if (!check_meaning(*tree, module, {}, {true, false, {}}, outcome)) return outcome;
    Diagnostics diagnostics = loader_->define(module, tree);
    add_problems(outcome, *tree, diagnostics);
    if (!diagnostics.empty()) return outcome;
    TopLevelBody body;
    body.tree = tree;
    body.statements = tree->top_level;
    body.module = &module;
    body.name = module.path;
    body.sets_module_values = true;
    run(make_top_level(*machine_, body), outcome, false);
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
            if (auto known = runtime_->modules.find(path); known != runtime_->modules.end()) from = known->second.get();
        Diagnostics diagnostics;
        if (!from) diagnostics.push_back(syntax::make_diagnostic(syntax::Code::UndefinedModule, import->span, {path, ""}));
        else diagnostics = loader_->import(module, *import, *from);
        if (diagnostics.empty()) continue;
        syntax::Source source(tree.file, *tree.source);
        for (const auto& diagnostic : diagnostics) refusal += syntax::render(diagnostic, source);
        return false;
    }
    return true;
}

// Modules that a new text imports and that nobody has loaded are a part of the same reload.
void World::add_missing_imports(std::vector<ReloadText>& texts) const {
    for (size_t i = 0; i < texts.size(); ++i) {
        auto parsed = syntax::parse(texts[i].file, texts[i].text, syntax::ParseMode::Module);
        const std::string root = root_of(texts[i].file, parsed.tree);
        for (const syntax::Node* node : parsed.tree.top_level) {
            auto* import = syntax::try_as<syntax::ImportNode>(node);
            if (!import || import->path.substr(0, 4) == "std." || runtime_->modules.count(std::string(import->path))) continue;
            const std::string path(import->path);
            if (std::any_of(texts.begin(), texts.end(), [&](const ReloadText& t) { return t.path == path; })) continue;
            std::string file = root + path;
            std::replace(file.begin() + long(root.size()), file.end(), '.', '/');
            file += ".ind";
            if (!os::exists(file)) continue;
            if (auto source = os::read_file(file, kMostSourceBytes)) texts.push_back({path, file, std::move(*source)});
        }
    }
}

ReloadReport World::reload(std::vector<ReloadText> texts, const ReloadOptions& options) {
    add_missing_imports(texts);
    ReloadReport report = reload_->reload(nullptr, nullptr, std::move(texts), options);
    runtime_->port.finish_line();
    return report;
}

std::vector<std::pair<std::string, std::string>> World::loaded_files() const {
    std::vector<std::pair<std::string, std::string>> files;
    for (const auto& [path, module] : runtime_->modules)
        if (!module->library && module->file.size() > 4 && module->file.substr(module->file.size() - 4) == ".ind")
            files.emplace_back(module->file, path);
    std::sort(files.begin(), files.end());
    return files;
}

void World::request_stop() { actors_->stop_main(); }
void World::forget_stop() { actors_->forget_stop(); }

} // namespace indent
