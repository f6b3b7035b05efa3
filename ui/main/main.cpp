// The program: what was asked for on the command line, composed of world, session, image and a face.
#include "ui/main/commands.h"
#include "ui/main/open_command.h"
#include <CLI/CLI.hpp>
#include <cstdio>

using namespace indent;

int main(int count, char** words) {
    CLI::App app{"Indent: programs that are never stopped to be changed."};
    app.name("indent");
    app.require_subcommand(1);
    app.footer("Exit codes: 0 all is well, 1 the program or its text has an error, 2 the command line has one.\n"
               "Begin with `indent repl`, or `indent open` for the window.");

    RunOptions run;
    auto* run_command = app.add_subcommand("run", "Run a program");
    run_command->add_option("file", run.file, "The program, a .ind file (with --watch a folder of modules, too)")->required();
    run_command->add_option("arguments", run.arguments, "What the program finds in `arguments`");
    run_command->add_option("--memory", run.memory_megabytes, "Most memory for the program's objects, in MB")
        ->check(CLI::Range(1, 1 << 20));
    run_command->add_flag("--collect-always", run.collect_always, "Collect at every safe point (for testing Indent itself)");
    run_command->add_flag("--watch", run.watch, "Take in each file that is saved while the program runs");
    run_command->add_option("--workers", run.workers, "Threads that run actors; left out: one for each processor")
        ->check(CLI::Range(1, 64));
    run_command->prefix_command();
    run_command->allow_extras();

    auto* repl_command = app.add_subcommand("repl", "A prompt: type statements and see their values");

    OpenOptions open;
    auto* open_command = app.add_subcommand("open", "Open an image in the window (at the prompt where there is no display)");
    open_command->add_option("image", open.image, "The image's file; made if there is none. Left out: the sample image");
    open_command->add_flag("--terminal", open.terminal, "The prompt even where there is a display");

    std::string new_path;
    auto* new_command = app.add_subcommand("new", "Make an image");
    new_command->add_option("image", new_path, "The file to make")->required();

    TestOptions test;
    auto* test_command = app.add_subcommand("test", "Run the test blocks of files and folders, and the examples of the library");
    test_command->add_option("paths", test.paths, "Files or folders")->required();
    test_command->add_flag("--watch", test.watch, "Run the tests that reach what was saved, again and again");
    test_command->add_flag("--collect-always", test.collect_always, "Collect at every safe point (for testing Indent itself)");

    std::vector<std::string> check_paths;
    auto* check_command = app.add_subcommand("check", "Show errors and warnings of files and folders; run nothing");
    check_command->add_option("paths", check_paths, "Files or folders")->required();

    std::string doc_name;
    auto* doc_command = app.add_subcommand("doc", "Show the documentation of a class, a method or a function");
    doc_command->add_option("name", doc_name, "Such as List, List.map or print; without it all classes are listed");
    bool doc_markdown = false;
    doc_command->add_flag("--markdown", doc_markdown, "Write the whole library as a page of Markdown");

    auto* version_command = app.add_subcommand("version", "Show the version");

    try {
        app.parse(count, words);
    } catch (const CLI::CallForHelp& e) {
        return app.exit(e);
    } catch (const CLI::ParseError& e) {
        app.exit(e);
        return 2;
    }
    if (*run_command) {
        for (const auto& extra : run_command->remaining()) run.arguments.push_back(extra);
        return run_program(run);
    }
    if (*repl_command) return run_prompt();
    if (*open_command) return open_image(open);
    if (*new_command) return new_image(new_path);
    if (*test_command) return run_tests(test);
    if (*check_command) return check_programs(check_paths);
    if (*doc_command && doc_markdown) return show_library_page();
    if (*doc_command) return show_documentation(doc_name);
    if (*version_command) {
        std::printf("indent %s\n", INDENT_VERSION);
        return 0;
    }
    return 2;
}
