#include "ui/main/usage.h"
#include "ui/main/image_commands.h"
#include "vm/os/files.h"
#include "vm/syntax/did_you_mean.h"
#include <cstdio>

namespace indent {

namespace {

// What may stand where `word` stood: a command, or the command that takes such a file.
std::string what_was_meant(const CLI::App& app, const std::string& way, const std::string& word) {
    std::vector<std::string_view> names;
    std::vector<const CLI::App*> commands = app.get_subcommands([](const CLI::App*) { return true; });
    for (const CLI::App* command : commands) names.push_back(command->get_name());
    if (!app.get_parent() && os::exists(word) && !os::is_folder(word))
        return is_image(word) ? "`indent open " + word + "` opens that image"
                              : "`indent run " + word + "` runs that file";
    if (const std::string near = syntax::nearest(word, names); !near.empty())
        return "did you mean `" + way + " " + near + "`?";
    return "`" + way + " --help` lists them";
}

} // namespace

int explain_command_line(const CLI::App& app, const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    const CLI::App* at = &app;
    std::string way = app.get_name();
    for (auto given = at->get_subcommands(); !given.empty(); given = at->get_subcommands()) {
        at = given.back();
        way += " " + at->get_name();
    }
    const std::vector<std::string> others = at->remaining();
    const bool has_commands = !at->get_subcommands([](const CLI::App*) { return true; }).empty();
    std::string words;
    if (has_commands && !others.empty() && !others[0].starts_with('-'))
        words = "there is no command `" + way + " " + others[0] + "`; " + what_was_meant(*at, way, others[0]);
    else if (has_commands && others.empty())
        words = "a command is missing; `" + way + " --help` lists them";
    else
        words = error.what();
    std::fprintf(stderr, "indent: %s\n", words.c_str());
    if (!has_commands) std::fprintf(stderr, "%s", CLI::Formatter().make_usage(at, way).c_str());
    return 2;
}

} // namespace indent
