// The program: what was asked for on the command line, composed of world, session, image and a face.
#include "ui/main/commands.h"
#include "ui/main/image_care.h"
#include "ui/main/image_commands.h"
#include "ui/main/open_command.h"
#include "ui/main/past_commands.h"
#include "ui/main/sync.h"
#include "ui/main/usage.h"
#include "vm/os/signals.h"
#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdio>
#include <map>
#include <optional>

using namespace indent;

namespace {

// "500ms", "2s", "1.5m", "1h"; more than nothing, at most a year.
std::optional<uint64_t> nanoseconds_of(const std::string& text) {
    constexpr double kYear = 366.0 * 24 * 3600 * 1e9;
    double number = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (fault != std::errc()) return std::nullopt;
    const std::string unit(end, text.data() + text.size());
    const double length = number * (unit == "ms"  ? 1e6
                                    : unit == "s" ? 1e9
                                    : unit == "m" ? 60e9
                                    : unit == "h" ? 3600e9
                                                  : 0);
    if (!(length >= 1) || length > kYear) return std::nullopt;
    return uint64_t(length);
}

} // namespace

int main(int count, char** words) {
    os::ignore_limits_of_files();
    CLI::App app{"Indent: programs that are never stopped to be changed."};
    app.name("indent");
    app.require_subcommand(1);
    app.set_version_flag("--version", "indent " INDENT_VERSION);
    app.footer(
        "Exit codes: 0 all is well, 1 the program or its text has an error, 2 the command line has one.\n"
        "Begin with `indent repl`, or `indent open` for the window.");

    RunOptions run;
    auto* run_command = app.add_subcommand("run", "Run a program");
    run_command
        ->add_option("file", run.file, "The program, a .ind file (with --watch a folder of modules, too)")
        ->required();
    run_command->add_option("arguments", run.arguments, "What the program finds in `arguments`");
    run_command->add_option("--memory", run.memory_megabytes, "Most memory for the program's objects, in MB")
        ->check(CLI::Range(1, 1 << 20));
    run_command->add_flag("--collect-always", run.collect_always,
                          "Collect at every safe point (for testing Indent itself)");
    run_command->add_flag("--watch", run.watch, "Take in each file that is saved while the program runs");
    run_command
        ->add_option("--workers", run.workers, "Threads that run actors; left out: one for each processor")
        ->check(CLI::Range(1, 64));
    run_command
        ->add_option("--seed", run.seed,
                     "Deterministic: one thread, an order of turns that this number decides, and time that "
                     "leaps when nobody has anything to do")
        ->excludes("--watch");
    run_command
        ->add_option("--canvas-png", run.canvas_png,
                     "Write what the program shows on its canvas to this file when it ends; of further "
                     "canvases, to files beside it")
        ->check(
            [](const std::string& file) {
                return std::string(file.empty() ? "it needs the name of a file" : "");
            },
            "a file", "")
        ->excludes("--watch");
    run_command
        ->add_option_function<std::string>(
            "--for",
            [&run](const std::string& text) {
                const auto nanoseconds = nanoseconds_of(text);
                if (!nanoseconds)
                    throw CLI::ValidationError("--for", "`" + text +
                                                            "` is no length of time; write it as 500ms, 2s "
                                                            "or 1m");
                run.nanoseconds = *nanoseconds;
            },
            "End the program after so much of its own time: 500ms, 2s, 1m")
        ->type_name("DURATION")
        ->excludes("--watch");
    run_command->prefix_command();
    run_command->allow_extras();

    Durability durability = Durability::Power;
    auto with_durability = [&durability](CLI::App* command) {
        const std::map<std::string, Durability> levels = {
            {"power", Durability::Power}, {"process", Durability::Process}, {"lazy", Durability::Lazy}};
        command
            ->add_option_function<std::string>(
                "--durability",
                [&durability, levels](const std::string& word) { durability = levels.at(word); },
                "What is there of what was answered: all of it when the power goes (power, the default), all "
                "of it "
                "when the program is killed (process), all but about the last second (lazy)")
            ->check(CLI::IsMember(levels))
            ->type_name("power|process|lazy");
    };

    std::string repl_image;
    auto* repl_command = app.add_subcommand("repl", "A prompt: type statements and see their values");
    repl_command->add_option("image", repl_image, "The image that it works on; left out: nothing is kept");
    bool stops_at_errors = false; // of repl and serve
    const char* const about_break =
        "An error that nobody catches stops the turn of its actor, until a person decides";
    repl_command->add_flag("--break", stops_at_errors, about_break);

    with_durability(repl_command);

    OpenOptions open;
    auto* open_command =
        app.add_subcommand("open", "Open an image in the window (at the prompt where there is no display)");
    open_command->add_option("image", open.image,
                             "The image's file; made if there is none. Left out: the sample image");
    open_command->add_flag("--terminal", open.terminal, "The prompt even where there is a display");

    std::string new_path;
    auto* new_command = app.add_subcommand("new", "Make an image");
    new_command->add_option("image", new_path, "The file to make")->required();

    std::string image; // of the commands that follow
    auto on_image = [&image](CLI::App* command) {
        command->add_option("image", image, "The image's file")->required();
        return command;
    };
    auto* serve_command = on_image(
        app.add_subcommand("serve", "Open an image without a face, for other commands, until Ctrl-C"));
    serve_command->add_flag("--break", stops_at_errors, about_break);
    with_durability(serve_command);
    with_durability(open_command);
    std::string eval_text;
    auto* eval_command = on_image(app.add_subcommand("eval", "Show the value of an expression in an image"));
    eval_command->add_option("text", eval_text, "The expression; several statements, too")->required();
    std::vector<std::string> load_paths;
    auto* load_command = on_image(
        app.add_subcommand("load", "Take modules into an image, all of them or, where one is refused, none"));
    load_command->add_option("paths", load_paths, "Files or folders")->required();
    uint64_t rehearse = 0;
    load_command->add_option(
        "--rehearse", rehearse,
        "Refuse it where one of the last so many recorded messages would not do the same");
    std::string export_folder;
    auto* export_command = on_image(app.add_subcommand("export", "Write the modules of an image as files"));
    export_command->add_option("folder", export_folder, "Where; made if there is none")->required();
    bool export_forced = false;
    export_command->add_flag("--force", export_forced,
                             "Write over files, too, that have a text that the image never had");
    std::string sync_folder;
    auto* sync_command = on_image(app.add_subcommand(
        "sync", "Keep an image and a folder of files the same, whichever of them changes, until Ctrl-C"));
    sync_command->add_option("folder", sync_folder, "The folder; made if there is none")->required();
    with_durability(sync_command);
    auto* image_command = app.add_subcommand("image", "About an image's file and its history");
    image_command->require_subcommand(1);
    PastCommands past_commands(*image_command, image);
    auto* info_command = on_image(image_command->add_subcommand("info", "What is in it"));
    auto* log_command = on_image(image_command->add_subcommand("log", "Every change that was taken"));
    auto* trust_command = on_image(image_command->add_subcommand(
        "trust", "Let an image run that came from another person or machine, and is paused"));
    auto* verify_command = on_image(image_command->add_subcommand("verify", "Look at every byte of it"));
    auto* compact_command =
        on_image(image_command->add_subcommand("compact", "Give space that nothing uses back to the disk"));
    auto* recover_command = on_image(image_command->add_subcommand(
        "recover", "Salvage what can be read of a damaged image, into a new one"));
    std::string recover_path;
    recover_command->add_option("new", recover_path, "The file to make")->required();
    std::string save_as_path;
    auto* save_as_command = on_image(image_command->add_subcommand("save-as", "Make a copy of it"));
    save_as_command->add_option("new", save_as_path, "The file to make")->required();

    TestOptions test;
    auto* test_command = app.add_subcommand(
        "test", "Run the test blocks of files, folders and images, and the examples of the library");
    test_command->add_option("paths", test.paths, "Files, folders or images")->required();
    test_command->add_flag("--watch", test.watch, "Run the tests that reach what was saved, again and again");
    test_command->add_option("--seed", test.seed, "Deterministic, as with `run`");
    test_command->add_flag("--collect-always", test.collect_always,
                           "Collect at every safe point (for testing Indent itself)");

    std::vector<std::string> check_paths;
    auto* check_command =
        app.add_subcommand("check", "Show errors and warnings of files and folders; run nothing");
    check_command->add_option("paths", check_paths, "Files or folders")->required();

    std::string doc_name;
    auto* doc_command =
        app.add_subcommand("doc", "Show the documentation of a class, a method or a function");
    doc_command->add_option("name", doc_name,
                            "Such as List, List.map or print; without it all classes are listed");
    bool doc_markdown = false;
    doc_command->add_flag("--markdown", doc_markdown, "Write the whole library as a page of Markdown");

    auto* version_command = app.add_subcommand("version", "Show the version");

    try {
        app.parse(count, words);
    } catch (const CLI::ParseError& e) {
        return explain_command_line(app, e);
    }
    if (*run_command) {
        for (const auto& extra : run_command->remaining()) run.arguments.push_back(extra);
        return run_program(run);
    }
    if (*repl_command) return run_prompt(repl_image, stops_at_errors, durability);
    if (*serve_command) return serve_image(image, stops_at_errors, durability);
    if (*eval_command) return eval_in_image(image, eval_text);
    if (*load_command) return load_into_image(image, load_paths, rehearse);
    if (*export_command) return export_image(image, export_folder, export_forced);
    if (int code = 0; past_commands.run(code)) return code;
    if (*info_command) return show_image(image);
    if (*log_command) return show_image_log(image);
    if (*trust_command) return trust_image(image);
    if (*verify_command) return verify_image(image);
    if (*save_as_command) return save_image_as(image, save_as_path);
    if (*compact_command) return compact_image(image);
    if (*recover_command) return recover_image(image, recover_path);
    open.durability = durability;
    if (*sync_command) return sync_image(image, sync_folder, durability);
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
