#include "vm/world/world.h"
#include "stdlib/sources.h"
#include "vm/interp/arguments.h"
#include "vm/interp/block.h"
#include "vm/interp/error_report.h"
#include "vm/os/clock.h"
#include "vm/os/files.h"
#include "vm/os/thread.h"
#include "vm/prims/tables.h"
#include "vm/syntax/source.h"
#include "vm/world/reload_calls.h"
#include <algorithm>
#include <new>

namespace indent {

namespace {

// The names that a file of the library defines for all, without parsing it.
std::vector<std::string_view> public_names(std::string_view text) {
    std::vector<std::string_view> names;
    for (size_t begin = 0; begin < text.size();) {
        size_t end = std::min(text.find('\n', begin), text.size());
        std::string_view line = text.substr(begin, end - begin);
        for (std::string_view word : {"class ", "record ", "trait ", "def ", "actor ", "supervisor "})
            if (line.substr(0, word.size()) == word && line.size() > word.size() &&
                line[word.size()] != '_') {
                line.remove_prefix(word.size());
                names.push_back(line.substr(0, line.find_first_of(" (:=")));
                break;
            }
        begin = end + 1;
    }
    return names;
}
} // namespace

bool Outcome::has_errors() const {
    return !error.empty() ||
           std::any_of(problems.begin(), problems.end(), [](const Problem& p) { return p.error; });
}

std::string Outcome::text() const {
    std::string all;
    for (const auto& problem : problems) all += problem.rendered;
    return all + error;
}

bool has_core(const std::vector<LibraryText>& library) {
    return std::any_of(library.begin(), library.end(),
                       [](const LibraryText& text) { return text.path.starts_with("core/"); });
}

std::vector<LibraryText> library_of_program() {
    std::vector<LibraryText> texts;
    for (const auto& source : library_sources())
        texts.push_back({std::string(source.path), std::string(source.text)});
    return texts;
}

Result<std::unique_ptr<World>> World::make(WorldOptions options) {
    std::unique_ptr<World> world(new World);
    world->options_ = std::move(options);
    world->library_ = std::move(world->options_.library);
    if (world->library_.empty()) world->library_ = library_of_program();
    if (!has_core(world->library_)) return Failure{"damaged", "it has lost what everything is made of"};
    world->runtime_ = std::make_unique<Runtime>();
    world->runtime_->port.output = world->options_.output;
    world->runtime_->port.partial = world->options_.partial;
    world->runtime_->port.errors = world->options_.errors;
    world->runtime_->port.input = world->options_.input;
    world->runtime_->arguments = world->options_.arguments;
    // Of two runs, the later one's handles have other numbers (but where more than 128 a millisecond are opened): what an
    // image kept of an open file is closed then, and no other file; a canvas that it kept is not one of today's.
    constexpr int64_t kBegin = 1'577'836'800'000; // ms: 2020
    world->runtime_->devices.begin_after(
        uint64_t(std::max<int64_t>(os::wall_ns() / int64_t(os::kMillisecond) - kBegin, 0)) << 7);
    ActorOptions actors;
    actors.workers = world->options_.workers ? world->options_.workers : os::processors();
    actors.seed = world->runtime_->random_seed = world->options_.seed;
    actors.mailbox_limit = world->options_.mailbox_limit;
    actors.actor_heap.growth_bytes = 2048;
    actors.actor_heap.limit_bytes = world->options_.memory_limit;
    auto system = ActorSystem::make(*world->runtime_, actors);
    if (!system) return std::move(system).failure();
    world->actors_ = std::move(system).value();
    world->actors_->report = [runtime = world->runtime_.get()](const std::string& report) {
        runtime->port.print_error(report);
    };
    world->actors_->compile_in_frame = [w = world.get()](Machine& vm, Module* module,
                                                         std::vector<std::string> variables, Class* cls,
                                                         const std::string& text, std::string& problem) {
        return w->compile_in_frame(vm, module, std::move(variables), cls, text, problem);
    };
    world->machine_ = &world->actors_->main_machine();
    HeapOptions heap;
    heap.limit_bytes = world->options_.memory_limit;
    world->actors_->main().heap.emplace(world->runtime_->shared, heap);
    world->loader_ = std::make_unique<Loader>(*world->machine_);
    world->reload_ = std::make_unique<ReloadEngine>(*world->actors_, *world->loader_);
    world->reload_->importer = [w = world.get()](Module& module, const syntax::SyntaxTree& tree,
                                                 const auto& staged, std::string& refusal) {
        return w->import_for_reload(module, tree, staged, refusal);
    };
    world->reload_calls_ = std::make_unique<ReloadCalls>(*world);
    world->runtime_->reloads = world->reload_calls_.get();
    world->workspace_ = std::make_unique<Workspace>();
    world->workspace_->declare("_");
    world->earlier_inputs_ = std::make_unique<Workspace>();
    world->kept_roots_.push_back(&world->workspace_->array);
    world->actors_->main_kept_roots = &world->kept_roots_;
    world->runtime_->prelude.exclusively = [runtime = world->runtime_.get()](const auto& work) {
        runtime->exclusively(work);
    };
    std::string failure;
    if (!world->load_library(failure)) return Failure{"library", failure};
    if (world->options_.collect_always) world->actors_->collect_always();
    return world;
}

World::~World() {
    ending_ = true;
    if (actors_) actors_->stop_workers(); // a turn may be in a reload
}

bool World::load_library(std::string& failure) {
    for (const auto& table : primitive_tables())
        for (const auto& row : table.rows) {
            std::string key = std::string(table.owner) + "." + row.selector;
            if (!runtime_->primitives.emplace(key, &row).second)
                failure += "the primitive " + key + " has two rows\n";
        }
    if (!failure.empty()) return false;
    // Of the files in stdlib/library only the names are taken; what they say is read when it is needed.
    std::vector<size_t> at_once;
    const auto& sources = library_;
    const bool is_own = library_ == library_of_program(); // of another one all is read: it may not be whole
    for (size_t i = 0; i < sources.size(); ++i) {
        if (!is_own || sources[i].path.starts_with("core/"))
            at_once.push_back(i);
        else
            for (std::string_view name : public_names(sources[i].text))
                runtime_->prelude.wait(runtime_->symbols.intern(name), i);
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
    if (!is_own) return true; // another one need not know what is new
    failure = loader_->unused_primitives();
    return failure.empty();
}

bool World::read_library_files(const std::vector<size_t>& numbers, std::string& failure) {
    std::vector<std::pair<Module*, TreePointer>> files;
    for (size_t number : numbers) {
        const LibraryText& source = library_[number];
        auto parsed = syntax::parse(source.path, source.text);
        if (!parsed.ok()) {
            failure += syntax::render(parsed);
            return false;
        }
        std::string path = "std." + module_name_of(source.path);
        Module& module = loader_->module(path, source.path, true);
        module.hash = hash_of_text(source.text);
        files.emplace_back(&module, std::make_shared<syntax::SyntaxTree>(std::move(parsed.tree)));
    }
    return loader_->define_library(files, failure);
}

void World::read_library_module(std::string_view path) {
    for (const auto& source : library_)
        if ("std." + module_name_of(source.path) == path)
            for (std::string_view name : public_names(source.text))
                runtime_->prelude.find(runtime_->symbols.intern(name));
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
    bool shows = false;
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
            shows = true;
            outcome.value = vm.inspect(args[0], args);
            return Value::nil();
        });
    } else {
        result = run_protected(vm, code, Value::nil());
    }
    if (result.ok) {
        if (inspect) note_changed_variables(vm);
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
    if (shows && outcome.exit_code < 0)
        outcome.error +=
            "  when its value was to be shown; end the input with `nil`, which is shown in any case\n";
    vm.inner->uncaught = {};
    vm.heap->rollback();
    if (outcome.exit_code >= 0) outcome.error.clear();
    if (outcome.exit_code == 0) outcome.ok = true;
}

void World::start_in_main(Code* code, std::function<void(const Outcome&)> ended) {
    actors_->start_main([this, code, ended = std::move(ended)](Machine&) {
        Outcome outcome;
        run_in_turn(code, outcome, false);
        note_exit(outcome);
        runtime_->port.finish_line();
        if (!ending_) ended(outcome); // else whoever wanted to hear of it is gone
        return outcome.ok;
    });
}

Outcome World::start_file(const std::string& path, std::function<void(const Outcome&)> ended) {
    Outcome outcome;
    std::vector<std::string> chain;
    runtime_->program = path;
    Code* code = nullptr;
    outcome.ok = load_module(module_name_of(path), path, chain, outcome, true, &code) != nullptr;
    if (outcome.ok && code)
        start_in_main(code, std::move(ended));
    else if (outcome.ok)
        ended(outcome); // one of a circle: its effects have run
    return outcome;
}

void World::start_again(const std::string& path, std::function<void(const Outcome&)> ended) {
    Module* found = find_module(path);
    if (!found) return;
    Module& module = *found;
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
    start_in_main(make_code(body), std::move(ended));
}

void World::note_exit(Outcome& outcome) {
    const int code = actors_->exit_code();
    if (code < 0 || outcome.exit_code >= 0) return;
    outcome.exit_code = code;
    outcome.error.clear();
    outcome.stopped = false;
    outcome.ok = code == 0;
}

Outcome World::run_file(const std::string& path, uint64_t nanoseconds) {
    Outcome outcome;
    if (nanoseconds > 0) return run_file_for(path, nanoseconds);
    std::vector<std::string> chain;
    runtime_->program = path;
    load_module(module_name_of(path), path, chain, outcome, true);
    if (outcome.ok && outcome.exit_code < 0) {
        actors_->run_until_quiet();
        actors_->stop_named(runtime_->symbols.intern("std_devices")); // stdlib/library/device.ind
    }
    note_exit(outcome);
    runtime_->port.finish_line();
    return outcome;
}

Outcome World::run_file_for(const std::string& path, uint64_t nanoseconds) {
    actors_->end_at(actors_->now() + nanoseconds);
    auto script = std::make_shared<std::optional<Outcome>>(); // whose turn may end after this has come back
    Outcome outcome = start_file(path, [script](const Outcome& ended) { *script = ended; });
    if (!outcome.ok) return outcome;
    auto gives_up = [&] { return *script && (!(*script)->ok || (*script)->exit_code >= 0); };
    actors_->run_until_quiet(gives_up);
    if (!gives_up() && !actors_->is_over())
        actors_->stop_named(runtime_->symbols.intern("std_devices")); // as in run_file
    if (*script) {
        (*script)->problems = std::move(outcome.problems);
        outcome = std::move(**script);
    }
    note_exit(outcome);
    runtime_->port.finish_line();
    return outcome;
}

TestReport World::test_file(const std::string& path, Outcome& outcome) {
    TestReport report;
    if (test_library_file(path, report, outcome)) return report;
    std::vector<std::string> chain;
    if (Module* module = load_module(module_name_of(path), path, chain, outcome, false))
        return test_module(module->path);
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
                if (result.out_of_memory)
                    one.error = "error: OutOfMemory\n";
                else
                    describe(one, result.error);
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
                const Module* from =
                    binding->kind == Binding::ImportedModule ? binding->target : binding->module;
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
    if (!read_and_check(path, std::move(*source), syntax::ParseMode::Module, nullptr, tree, outcome, false))
        return outcome;
    // What it imports must be there to be asked; nothing of it runs but the values of its modules.
    find_circles(module_name_of(path), path, *tree->source);
    Module& module = module_named(module_name_of(path), path);
    std::vector<std::string> chain{module.path};
    outcome.ok = load_imports(module, *tree, root_of(path, *tree), chain, outcome, false) &&
                 check_meaning(*tree, module, {}, {false, false, {}}, outcome);
    if (module.trees.empty()) runtime_->modules.erase(module_name_of(path)); // whoever imports it reads it
    return outcome;
}

Module& World::module_named(std::string_view path, std::string_view file) {
    Module* module = nullptr;
    runtime_->exclusively([&] { module = &loader_->module(path, file, false); });
    return *module;
}

Module* World::find_module(const std::string& path) {
    Module* module = nullptr;
    runtime_->exclusively([&] {
        if (auto found = runtime_->modules.find(path); found != runtime_->modules.end())
            module = found->second.get();
    });
    return module;
}

Code* World::make_code(const TopLevelBody& body) {
    Code* code = nullptr;
    runtime_->exclusively([&] { code = make_top_level(*machine_, body); });
    return code;
}

Outcome World::evaluate(std::string_view text, std::string_view name) {
    Outcome outcome;
    TreePointer tree;
    std::string file(name);
    if (!read_and_check(file, std::string(text), syntax::ParseMode::Interactive, nullptr, tree, outcome,
                        true))
        return outcome;
    Module& module = module_named("workspace", "workspace");
    std::vector<std::string> chain;
    if (!load_imports(module, *tree, "", chain, outcome, true)) return outcome;
    CheckOptions options;
    options.interactive = true;
    RuntimeNames::Options names{true, true, {}};
    for (const auto& [variable, slot] : workspace_->variables) names.variables.push_back(variable);
    bool meant = false;
    runtime_->exclusively([&] { meant = check_meaning(*tree, module, options, std::move(names), outcome); });
    if (!meant) return outcome;
    Diagnostics diagnostics;
    runtime_->exclusively([&] { diagnostics = loader_->define(module, tree); }); // actors may run
    add_problems(outcome, *tree, diagnostics);
    if (!diagnostics.empty()) return outcome;
    TopLevelBody body;
    body.tree = tree;
    body.statements = tree->top_level;
    body.module = &module;
    body.workspace = workspace_.get();
    body.name = "input";
    body.sets_module_values = true;
    const uint32_t first_new = workspace_->places;
    Code* code = make_code(body);
    make_room_for_variables(workspace_->places);
    run(code, outcome, true);
    // An input that failed has bound nothing, and what it would have declared is not there.
    if (!outcome.ok || outcome.exit_code >= 0)
        std::erase_if(workspace_->variables,
                      [&](const auto& variable) { return variable.second >= first_new; });
    return outcome;
}

// A text that a person evaluates in a frame of a turn that stands still, on the thread of that turn.
Code* World::compile_in_frame(Machine& vm, Module* module, std::vector<std::string> variables, Class* cls,
                              const std::string& text, std::string& problem) {
    Outcome outcome;
    TreePointer tree;
    bool meant = read_and_check("frame", text, syntax::ParseMode::Interactive, nullptr, tree, outcome, true);
    if (meant) {
        CheckOptions options;
        options.interactive = true;
        RuntimeNames::Options names{true, true, variables};
        if (cls)
            for (const FieldInfo& field : cls->fields)
                names.variables.emplace_back(vm.symbols.text(field.name));
        runtime_->exclusively([&] {
            if (!module) module = &loader_->module("workspace", "workspace", false);
            meant = check_meaning(*tree, *module, options, std::move(names), outcome);
        });
    }
    for (const syntax::Node* node : tree->top_level)
        if (meant && node->kind >= syntax::Kind::Module && node->kind != syntax::Kind::ModuleValue) {
            problem = "error: a frame takes no definitions; a module does\n";
            return nullptr;
        }
    if (!meant) {
        problem = outcome.text();
        return nullptr;
    }
    TopLevelBody body;
    body.tree = tree;
    body.statements = tree->top_level;
    body.module = module;
    body.name = "frame";
    body.sees_all_modules = true;
    body.given = std::move(variables);
    body.cls = cls;
    return make_top_level(vm, body);
}

Outcome World::accept(std::string_view module_path, std::string_view text, const ReloadOptions& options) {
    Outcome outcome;
    const std::string path(module_path);
    const ReloadReport report = take({{path, path, std::string(text), true}}, options);
    outcome.problems = problems_of(report);
    if (!report.ok && !outcome.has_errors()) {
        Problem problem;
        problem.file = path;
        problem.rendered = problem.words = report.refusal;
        outcome.problems.push_back(std::move(problem));
    }
    outcome.ok = report.ok;
    return outcome;
}

void World::request_stop() {
    actors_->stop_main();
}
void World::forget_stop() {
    actors_->forget_stop();
}

} // namespace indent
