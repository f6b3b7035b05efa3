#include "ui/main/past_commands.h"
#include "ui/client/socket_client.h"
#include "ui/main/asking.h"
#include "ui/main/image_past.h"
#include "ui/main/image_session.h"
#include <CLI/CLI.hpp>
#include <mutex>

namespace indent {

using namespace protocol;

namespace {

int print_answer(Result<std::string> answer) {
    if (!answer) return complain(answer.failure());
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

} // namespace

int ask_image(const std::string& path, const std::string& question, const std::vector<std::string>& words) {
    auto found = find_image(path);
    if (!found) return complain(found.failure());
    if (found->served) return print_answer(told(*found->served, AskPast{question, words}));
    ImageStore store(std::move(found->own));
    ImagePast past(store.image(), store.mutex(), store);
    return print_answer(past.ask(question, words));
}

struct PastCommands::Command {
    CLI::App* app = nullptr;
    std::string question;
    std::vector<std::string> words; // one for each option, empty where it was left out
    std::vector<CLI::Option*> options{};
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
    add("diff", "What is different between two places", {{"from", kWhere, true}, {"to", kWhere, false}});
    add("why", "Which message made a field what it is",
        {{"actor", "Its name or number", true}, {"field", "Of its state", true}, {"where", kWhere, false}});
    add("back", "Go on from a place, on a timeline of its own; nothing is lost",
        {{"where", kWhere, true}, {"name", "Of the timeline", false}});
    add("fork", "Make a timeline that begins at a place",
        {{"where", kWhere, true}, {"name", "Of the timeline", false}});
    add("lines", "Its timelines", {});
    add("name", "Give a timeline a name", {{"number", "Of the timeline", true}, {"name", "Its name", true}});
    add("snapshot", "Give a place a name, by which it stays",
        {{"name", "Its name", true}, {"where", kWhere, false}});
    add("snapshots", "The places with names", {});
    add("forget", "Forget a snapshot", {{"number", "Of the snapshot", true}});
}

PastCommands::~PastCommands() = default;

bool PastCommands::run(int& exit_code) {
    for (auto& command : commands_) {
        if (!*command->app) continue;
        std::vector<std::string> words = command->words;
        while (!words.empty() && words.back().empty()) words.pop_back();
        if (command->question == "back")
            exit_code = go_back(image_, command->words[0], command->words[1]);
        else
            exit_code = ask_image(image_, command->question, words);
        return true;
    }
    return false;
}

} // namespace indent
