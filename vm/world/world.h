// A world: a runtime, a machine with its heap, the library, and the modules of a program. It is what a command line
// or a session drives: texts go in, outcomes in plain words come out.
//
// One thread at a time, with a large stack (kThreadStack), but for request_stop.
#pragma once
#include "vm/actors/actor_system.h"
#include "vm/base/result.h"
#include "vm/canvas/picture.h"
#include "vm/interp/maker.h"
#include "vm/interp/protected_run.h"
#include "vm/os/memory.h"
#include "vm/reload/checker.h"
#include "vm/reload/known_runtime.h"
#include "vm/reload/loader.h"
#include "vm/reload/reload_engine.h"
#include "vm/syntax/parser.h"
#include "vm/world/library_text.h"
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace indent {

// The stack that threads which run a world need: deep recursion of a program is recursion here.
inline constexpr size_t kThreadStack = size_t(1) << 30;

// A longer file is refused.
inline constexpr uint64_t kMostSourceBytes = uint64_t(64) << 20;

// The module that a file is when nobody says otherwise: "a/counter.ind" is counter.
std::string module_name_of(std::string_view file);

struct WorldOptions {
    std::function<void(std::string_view line)> output; // what print writes; may be empty
    std::function<void(std::string_view text)>
        partial; // a part of a line; empty: it waits for the rest of the line
    std::function<void(std::string_view text)> errors; // what print_error writes; empty: as print
    std::function<std::optional<std::string>(std::string_view prompt)> input; // read_line; may be empty
    std::vector<std::string> arguments;                                       // of the script
    size_t memory_limit = size_t(4) << 30;                                    // bytes of the heap
    bool collect_always = false;      // tests: a collection at every safe point
    uint32_t workers = 0;             // threads that run actors; 0: one for each processor
    std::optional<uint64_t> seed;     // deterministic: ActorOptions says how
    uint32_t mailbox_limit = 100'000; // messages that may wait for one actor
    bool whole_library = false;       // true: read now what is otherwise read when it is first named
    std::vector<LibraryText> library; // that it begins with; empty: that of this program
};

// One problem, in the words and at the place that a person needs.
struct Problem {
    std::string file;
    uint32_t line = 0; // from 1; 0: no place
    uint32_t column = 0;
    uint32_t begin = 0; // byte offsets in the text
    uint32_t end = 0;
    bool error = true; // or a warning
    std::string code;
    std::string words;
    std::string suggestion;
    std::string rendered; // several lines with a caret
};

// What came of running a text.
struct Outcome {
    bool ok = false;
    bool has_value = false;        // false: nil, or a statement
    std::string value;             // inspected
    std::vector<Problem> problems; // of the text, with warnings even where it is ok
    std::string error; // an error that nobody handled: rendered with its trace, ends in a line end
    std::string error_class;
    std::string error_message;
    std::string error_file; // where it was raised, in the program's own text if there is one
    uint32_t error_line = 0;
    bool stopped = false; // by request_stop
    int exit_code = -1;   // `exit(code)` was called

    bool has_errors() const;
    std::string text() const; // all problems and the error as they go to a terminal
};

struct TestReport {
    struct Failure {
        std::string title;
        std::string text;
    };
    size_t passed = 0;
    std::vector<Failure> failures;
};

class World {
  public:
    // Starts the machine and loads the library. Failure: a fault of the installation, in words.
    static Result<std::unique_ptr<World>> make(WorldOptions options);
    ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    // Runs a file: a script, or a module's effects. Imports are looked for beside it. `nanoseconds`, if not 0: of the
    // program's own time, after which it ends at the latest, as if all were well.
    Outcome run_file(const std::string& path, uint64_t nanoseconds = 0);
    // The canvases that there are, the first to be opened first, and what the actors show on them, the oldest actor below.
    // Outside of turns.
    std::vector<canvas::Picture> pictures();
    // The same without waiting for actors, timers, and a script that waits itself: all that goes on in
    // run_until_interrupted. `ended` is told of the script's end (maybe before this answers, on the thread that runs it);
    // the answer says what is wrong with the text.
    Outcome start_file(const std::string& path, std::function<void(const Outcome&)> ended);
    // Runs the statements of a script that was reloaded, as at first but for `once` and `stable`.
    void start_again(const std::string& module, std::function<void(const Outcome&)> ended);
    // A script runs or waits.
    bool script_runs() { return actors_->main_is_busy(); }
    // Loads it with what it imports; of its statements the values of `stable` and `var` alone run.
    Outcome load_file(const std::string& path);
    // Reads and checks only.
    Outcome check_file(const std::string& path);
    // Loads the file without running its effects, then each of its tests in a stretch of its own that is rolled
    // back (a fresh world for the program's own state), then the examples in its doc comments (see examples.cpp).
    // Of a file with the same text as one of the built-in library: the examples. Problems of loading are in `outcome`.
    TestReport test_file(const std::string& path, Outcome& outcome);
    // The same of a module that is loaded.
    TestReport test_module(const std::string& module);
    // The modules with these paths and all that import one of them, directly or not.
    std::set<std::string> modules_that_reach(const std::set<std::string>& modules) const;

    // An input of a REPL or a workspace: one stretch. Its variables stay, unless it fails: then it has bound nothing;
    // definitions go to the module "workspace".
    Outcome evaluate(std::string_view text, std::string_view name = "input");

    // The whole new text of a module (made if there is none), as a person accepts it: a reload, so that all of it is
    // taken or nothing has changed. What does not need to be known by a place in the text is one problem without a place.
    Outcome accept(std::string_view module, std::string_view text, const ReloadOptions& options = {});

    // Takes the definitions of a text into a module that nobody has loaded yet, and then runs its effects and the initial values
    // of its `stable` and `var`. Where an effect raises, the definitions stay: `error` is set and no problem is one.
    Outcome load_text(std::string_view module, std::string_view text);

    // Takes new texts of modules that are loaded (or new ones) while the program runs: all or nothing (vm/reload/
    // reload_engine.h). What the texts import and what is not loaded yet comes from files beside `root`.
    ReloadReport reload(std::vector<ReloadText> texts, const ReloadOptions& options = {});
    // The same of texts alone: what they import is among them or loaded, and is not looked for in files.
    ReloadReport take(std::vector<ReloadText> texts, const ReloadOptions& options = {});
    // The library that runs, and taking another one while all goes on: a reload of the modules that differ. Where nothing
    // differs the report says that it is identical.
    const std::vector<LibraryText>& library() const { return library_; }
    ReloadReport take_library(std::vector<LibraryText> texts, ReloadOptions options = {});

    // What a module once was, as an old generation beside those that there are (Loader::make_older); `age`: larger for a text
    // that came later; `purged`: its blocks cannot be called. It stays as long as the world. Null: there is no such module
    // now, or it was none that could be taken. While nobody else runs or looks for definitions.
    const Loader::Older* bring_older(const std::string& module, std::string_view text, uint64_t age,
                                     bool purged);

    // What runs from the top level of a module, or from an input (the module `workspace`), made again to find the block that
    // stands at `position` of its text. Names mean what they mean today. Null: there is no such module. While nobody else
    // runs or looks for definitions.
    Code* make_statements_again(const std::string& module, const TreePointer& tree, uint32_t position);

    // ---- variables of inputs, for who keeps them

    // Those that share something that can change are in one group, as values that are copies.
    struct Variables {
        std::vector<std::string> names;
        Parcel::Pointer values; // null: they cannot be kept, and
        std::string why;        // why not: "it has a block that was made at a prompt"
    };
    // All but `_`. Between two inputs, as the next two.
    std::vector<Variables> variables();
    // From now on there are these, too. What is wrong with them, in words; empty: nothing.
    std::string give_variables(const std::vector<std::string>& names, Parcel::Pointer values);
    // Whether one may be another since `variables` was asked last.
    bool variables_changed() const;

    // What is wrong with a text of a reload, with places; nothing where it is no matter of one text.
    std::vector<Problem> problems_of(const ReloadReport& report);
    ReloadEngine& reloads() { return *reload_; }
    // Adds what the texts import and nobody has loaded, from files beside theirs: a part of the same reload.
    void add_missing_imports(std::vector<ReloadText>& texts) const;
    // The files that would have what the texts import, nobody has loaded, and is not there.
    std::vector<std::string> missing_imports(const std::vector<ReloadText>& texts) const;
    // The files of the modules that are loaded from files, with their paths.
    std::vector<std::pair<std::string, std::string>> loaded_files() const;
    // Runs what is to be done for at most so long, and less where nothing is left to do.
    void run_until_interrupted() { actors_->run_until_interrupted(); }
    void interrupt() { actors_->interrupt(); } // any thread
    bool stop_wanted() const { return actors_->main_stop_wanted(); }

    // Any thread and signal handlers: ends what runs with `Stopped`.
    void request_stop();
    // A request that came when nothing ran is not for what comes next.
    void forget_stop();

    // Commits the heap in the middle of a script: for benchmarks of the write log.
    Machine& machine() { return *machine_; }
    Runtime& runtime() { return *runtime_; }
    ActorSystem& actors() { return *actors_; }

    // The names that fit after `prefix` (what stands before the cursor), for completion; at most `most`.
    // The end of the text that completions begin with: what has been written of a name.
    static std::string_view completed_part(std::string_view text);
    std::vector<std::string> completions(std::string_view prefix, size_t most = 50);
    // The documentation of `List`, `List.map`, `print` …, of `map` in each class that defines it; empty where there is
    // none.
    std::string documentation(std::string_view name);
    // All public names of the library by theme, each with its first sentence.
    std::string library_overview();
    // The whole library as a page of Markdown, the same at every call.
    std::string library_page();
    // What was most likely meant by a name that has no documentation; or empty.
    std::string near_documented(std::string_view name);

  private:
    World() = default;
    Outcome run_file_for(const std::string& path, uint64_t nanoseconds);
    bool load_library(std::string& failure);
    void read_library_module(std::string_view path); // if it waits; "std.json"
    bool read_library_files(const std::vector<size_t>& numbers, std::string& failure);
    Module* load_module(const std::string& path, const std::string& file, std::vector<std::string>& chain,
                        Outcome& outcome, bool run_effects, Code** later = nullptr);
    void start_in_main(Code* code, std::function<void(const Outcome&)> ended);
    // Each while actors stand still: they read modules and definitions as they run.
    Module& module_named(std::string_view path, std::string_view file); // made when it is not there
    Module* find_module(const std::string& path);                       // null: there is none
    Code* make_code(const TopLevelBody& body);
    void find_circles(const std::string& path, const std::string& file, const std::string& source);
    Module* load_circle(const std::string& path, const std::string& file, Outcome& outcome, bool run_effects);
    bool load_imports(Module& module, const syntax::SyntaxTree& tree, const std::string& root,
                      std::vector<std::string>& chain, Outcome& outcome, bool run_effects);
    bool read_and_check(const std::string& file, std::string source, syntax::ParseMode mode, Module* module,
                        TreePointer& tree, Outcome& outcome, bool interactive);
    bool check_meaning(const syntax::SyntaxTree& tree, const Module& module, const CheckOptions& options,
                       RuntimeNames::Options names, Outcome& outcome);
    void add_problems(Outcome& outcome, const syntax::SyntaxTree& tree, const Diagnostics& diagnostics);
    void run(Code* code, Outcome& outcome, bool inspect);
    void run_in_turn(Code* code, Outcome& outcome, bool inspect);
    void note_changed_variables(Machine& vm);
    void make_room_for_variables(size_t wanted);
    std::string why_not_kept(std::span<const Value> values) const;
    // Adds the examples of `source`, the text of `module`, to the report.
    void test_examples(const std::string& path, std::string_view source, Module& module, TestReport& report);
    // False: the file is none of the library's.
    bool test_library_file(const std::string& path, TestReport& report, Outcome& outcome);
    void forget_inputs(); // variables and definitions of `evaluate`
    void describe(Outcome& outcome, Value error);
    void note_exit(Outcome& outcome); // that an actor has asked for
    // ActorSystem::compile_in_frame
    Code* compile_in_frame(Machine& vm, Module* module, std::vector<std::string> variables, Class* cls,
                           const std::string& text, std::string& problem);
    // Path and file of each import that nobody has loaded.
    std::vector<std::pair<std::string, std::string>> unloaded_imports(const ReloadText& text) const;
    bool import_for_reload(Module& module, const syntax::SyntaxTree& tree,
                           const std::function<Module*(std::string_view)>& staged, std::string& refusal);
    std::string root_of(const std::string& file, const syntax::SyntaxTree& tree) const;

    WorldOptions options_;
    std::vector<LibraryText> library_;
    bool ending_ = false;
    std::unique_ptr<Runtime> runtime_;
    std::unique_ptr<ActorSystem> actors_;
    Machine* machine_ = nullptr; // of worker 0
    std::vector<Value*> kept_roots_;
    std::unique_ptr<Loader> loader_;
    std::unique_ptr<ReloadEngine> reload_;
    struct Brought {
        std::unique_ptr<Loader::Older> older; // without its Module, which is the runtime's
        const Module* module;
        uint64_t age;
    };
    std::vector<Brought> brought_;
    std::unique_ptr<class ReloadCalls> reload_calls_;
    std::unique_ptr<Workspace> workspace_;
    size_t workspace_capacity_ = 0;
    std::unique_ptr<Workspace>
        earlier_inputs_; // of programs before this one; no block that is made again names its variables
    bool variables_changed_ = false;
    uint32_t variables_epoch_ = 0;     // of layouts, when they were asked for
    std::set<std::string> in_circles_; // modules that are being loaded and import each other
};

} // namespace indent
