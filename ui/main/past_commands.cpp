#include "ui/main/past_commands.h"
#include "ui/client/socket_client.h"
#include "ui/main/asking.h"
#include "ui/main/canvas_files.h"
#include "ui/main/commands.h"
#include "ui/main/image_past.h"
#include "ui/main/image_session.h"
#include "ui/main/past_words.h"
#include "vm/os/files.h"
#include "vm/syntax/parser.h"
#include "vm/world/world.h"
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <mutex>

namespace indent {

using namespace protocol;

namespace {

int print_answer(Result<std::string> answer) {
    if (!answer) {
        const Failure& failure = answer.failure();
        if (failure.code == "refused") {
            std::fputs(failure.message.c_str(), stderr);
            return 1;
        }
        if (failure.code != "differs" && failure.code != "incomplete") return complain(failure);
        std::fwrite(failure.message.data(), 1, failure.message.size(), stdout); // it is an answer
        return 1;
    }
    print(*answer);
    return 0;
}

Result<std::string> told(ui::Client& client, Request request) {
    auto answer = ask_for<Told>(client, std::move(request));
    if (!answer) return std::move(answer).failure();
    return std::move(answer->text);
}

int go_back(const std::string& path, const std::string& where, const std::string& name) {
    auto found = find_image(path);
    if (!found) return complain(found.failure());
    if (found->served) return print_answer(told(*found->served, GoBack{where, name}));
    ImageStore store(std::move(found->own));
    ImagePast past(store.image(), store.mutex(), store);
    return print_answer(past.go_back(where, name));
}

// As an answer's words: module, file and text of each. False: it was said what is wrong.
bool add_texts(const std::vector<std::string>& paths, std::vector<std::string>& words, int& exit_code) {
    const auto files = sources_in(paths);
    exit_code = 2;
    if (!files) return false;
    exit_code = 1;
    for (const auto& file : *files) {
        auto text = os::read_file(file, kMostSourceBytes);
        if (!text) {
            complain(text.failure());
            return false;
        }
        const auto parsed = syntax::parse(file, *text);
        words.push_back(parsed.tree.module ? std::string(parsed.tree.module->path) : module_name_of(file));
        words.push_back(file);
        words.push_back(std::move(*text));
    }
    if (!paths.empty() && files->empty()) {
        complain({"", "there is no .ind file in what was named"});
        return false;
    }
    return true;
}

int write_pictures_of(const std::string& path, const std::string& file, const std::string& where) {
    auto answer = answer_of_image(path, "pictures", {where.empty() ? "now" : where});
    if (!answer) return complain(answer.failure());
    std::vector<std::string> contents;
    for (size_t at = 0; at < answer->size();) {
        const size_t end = std::min(answer->find('\n', at), answer->size());
        auto bytes = from_hexadecimal(std::string_view(*answer).substr(at, end - at));
        if (!bytes) return complain({"unreadable", "whoever has " + path + " open sent no pictures"});
        contents.push_back(std::move(*bytes));
        at = end + 1;
    }
    if (auto written = write_pictures(contents, file); !written) return complain(written.failure());
    return 0;
}

} // namespace

Result<std::string> answer_of_image(const std::string& path, const std::string& question,
                                    const std::vector<std::string>& words) {
    auto found = find_image(path);
    if (!found) return std::move(found).failure();
    if (found->served) return told(*found->served, AskPast{question, words});
    ImageStore store(std::move(found->own));
    ImagePast past(store.image(), store.mutex(), store);
    return past.ask(question, words);
}

int ask_image(const std::string& path, const std::string& question, const std::vector<std::string>& words) {
    return print_answer(answer_of_image(path, question, words));
}

struct PastCommands::Command {
    CLI::App* app = nullptr;
    std::string question;
    std::vector<std::string> words; // one for each option, empty where it was left out
    std::vector<CLI::Option*> options{};
    std::vector<std::string> files{}; // whose texts follow the words
    std::string png{};                // where pictures go instead
};

PastCommands::PastCommands(CLI::App& image_command, std::string& image) : image_(image) {
    struct Word {
        const char* name;
        const char* what;
        bool needed;
    };
    constexpr const char* kWhere =
        "A place: a turn (500, or 2:500 on timeline 2), turns back (now-3), a snapshot, now; left out: now";
    auto add = [&](const char* name, const char* what, std::initializer_list<Word> words) {
        auto command = std::make_unique<Command>();
        command->app = image_command.add_subcommand(name, what);
        command->question = name;
        command->words.resize(words.size());
        command->app->add_option("image", image_, "The image's file")->required();
        size_t at = 0;
        for (const Word& word : words) {
            CLI::Option* option = command->app->add_option(word.name, command->words[at++], word.what);
            if (word.needed) option->required();
            command->options.push_back(option);
        }
        commands_.push_back(std::move(command));
    };
    add("turns", "The last turns of its actors",
        {{"count", "How many; left out: 20", false}, {"where", kWhere, false}});
    add("show", "Its actors as they are or were",
        {{"where", kWhere, false},
         {"what", "One of them, or an expression, whose value is shown as it was", false}});
    commands_.back()->app->add_option("--png", commands_.back()->png,
                                      "Write what its canvases showed to this file instead; of further "
                                      "canvases, to files beside it");
    add("diff", "What is different between two places", {{"from", kWhere, true}, {"to", kWhere, false}});
    add("why", "Which message made a field what it is",
        {{"actor", "Its name or number", true}, {"field", "Of its state", true}, {"where", kWhere, false}});
    add("back", "Go on from a place, on a timeline of its own; nothing is lost",
        {{"where", kWhere, true}, {"name", "Of the timeline", false}});
    add("fork", "Make a timeline that begins at a place",
        {{"where", kWhere, true}, {"name", "Of the timeline", false}});
    {
        auto command = std::make_unique<Command>();
        CLI::App* app = command->app = image_command.add_subcommand(
            "what-if", "Recorded messages against edited code: is all the same?");
        command->question = "what-if";
        command->words.resize(3);
        app->add_option("image", image_, "The image's file")->required();
        app->add_option("files", command->files,
                        "Files or folders with the edited modules; left out: the image's newest code");
        auto* last =
            app->add_option("--last", command->words[0], "So many messages, up to the last; left out: 100")
                ->check(CLI::NonNegativeNumber);
        app->add_option("--from", command->words[1], kWhere)->excludes(last);
        app->add_option("--to", command->words[2], kWhere);
        commands_.push_back(std::move(command));
    }
    add("test-from", "Write a test of a turn that was recorded",
        {{"turn", "Its number, as `indent image turns` shows it", true}});
    add("step", "Run a recorded turn again up to a statement, and show where it is",
        {{"turn", "Its number, as `indent image turns` shows it", true},
         {"number", "Which statement, from 1; left out: all are listed", false}});
    add("lines", "Its timelines", {});
    add("name", "Give a timeline a name", {{"number", "Of the timeline", true}, {"name", "Its name", true}});
    add("snapshot", "Give a place a name, by which it stays",
        {{"name", "Its name", true}, {"where", kWhere, false}});
    add("snapshots", "The places with names", {});
    add("forget", "Forget a snapshot", {{"snapshot", "Its name, or its number: #3", true}});
}

PastCommands::~PastCommands() = default;

bool PastCommands::run(int& exit_code) {
    for (auto& command : commands_) {
        if (!*command->app) continue;
        std::vector<std::string> words = command->words;
        if (!command->files.empty() && !add_texts(command->files, words, exit_code)) return true;
        while (command->files.empty() && !words.empty() && words.back().empty()) words.pop_back();
        if (!command->png.empty()) {
            if (words.size() > 1) {
                std::fputs("indent: --png writes the canvases as a whole; give a place alone\n", stderr);
                exit_code = 2;
                return true;
            }
            exit_code = write_pictures_of(image_, command->png, words.empty() ? "" : words[0]);
        } else if (command->question == "back")
            exit_code = go_back(image_, command->words[0], command->words[1]);
        else
            exit_code = ask_image(image_, command->question, words);
        return true;
    }
    return false;
}

} // namespace indent
