#include "ui/cli/repl.h"
#include "ui/cli/line_reader.h"
#include <cstdio>
#include <string_view>

namespace indent::ui {

namespace {

constexpr std::string_view kHelp =
    "Type a statement or a definition; its value is printed, and `_` is the last value.\n"
    "A line that ends in `:` begins a suite: an empty line ends it. Tab completes and indents.\n"
    "Ctrl-C stops what runs and gives up what is being typed, Ctrl-D leaves.\n"
    "\n"
    "  :help          this text\n"
    "  :doc NAME      documentation of a class, a method or a function, as List, List.map, print\n"
    "  :quit          leave\n";

class Repl {
  public:
    Repl(Client& client, const ReplOptions& options)
        : client_(client), options_(options),
          reader_(options.interactive, options.history_file,
                  [this](const std::string& text) { return complete(text); }) {}

    int run() {
        if (options_.interactive) std::printf("Indent. :help helps, Ctrl-D leaves.\n");
        std::string input;
        bool failed = false;
        for (;;) {
            auto line = reader_.read(input.empty() ? "> " : ". ");
            if (!line && reader_.interrupted()) { // what was being typed is given up
                input.clear();
                std::printf("\n");
                continue;
            }
            if (!line) {
                if (!input.empty()) failed |= !evaluate(input, true);
                break;
            }
            if (input.empty() && !line->empty() && (*line)[0] == ':' && line->size() > 1 &&
                std::isalpha(uint8_t((*line)[1]))) {
                if (!command(*line)) break;
                continue;
            }
            if (input.empty() && line->find_first_not_of(' ') == std::string::npos) continue;
            bool last = !input.empty() && line->find_first_not_of(' ') == std::string::npos;
            input += *line + "\n";
            bool unfinished = false;
            bool good = evaluate(input, last, &unfinished);
            if (unfinished) continue;
            failed |= !good;
            reader_.remember(input.substr(0, input.size() - 1));
            input.clear();
        }
        if (options_.interactive) std::printf("\n");
        return failed && !options_.interactive ? 1 : 0;
    }

  private:
    // Waits for the reply with this id; whatever is printed meanwhile appears.
    protocol::Reply reply_to(protocol::RequestId id) {
        for (;;) {
            auto message = client_.wait(std::chrono::milliseconds(1000));
            if (!message) continue;
            if (auto* event = std::get_if<protocol::Event>(&*message)) {
                if (auto* output = std::get_if<protocol::Output>(event)) {
                    std::fwrite(output->text.data(), 1, output->text.size(), stdout);
                    std::fflush(stdout);
                } else if (auto* trouble = std::get_if<protocol::Trouble>(event)) {
                    std::fprintf(stderr, "indent: %s\n", trouble->message.c_str());
                } else if (std::holds_alternative<protocol::Ended>(*event)) {
                    return {id, protocol::Failed{"ended", "the session has ended"}};
                }
                continue;
            }
            auto& reply = std::get<protocol::Reply>(*message);
            if (reply.id == id) return std::move(reply);
        }
    }

    protocol::Reply ask(protocol::Request request) {
        protocol::RequestId id = client_.send(std::move(request));
        if (id == 0) return {0, protocol::Failed{"busy", "the session takes no more requests now"}};
        return reply_to(id);
    }

    bool evaluate(const std::string& text, bool complete, bool* unfinished = nullptr) {
        protocol::Evaluate request;
        request.workspace = "input";
        request.text = text;
        request.may_be_unfinished = !complete;
        auto reply = ask(std::move(request));
        if (auto* failed = std::get_if<protocol::Failed>(&reply.body)) {
            std::fprintf(stderr, "indent: %s\n", failed->message.c_str());
            return false;
        }
        auto* answer = std::get_if<protocol::Evaluated>(&reply.body);
        if (!answer) return false;
        using Outcome = protocol::Evaluated::Outcome;
        if (answer->outcome == Outcome::Unfinished) {
            if (unfinished) *unfinished = true;
            return true;
        }
        std::fflush(stdout);
        for (const auto& diagnostic : answer->diagnostics) std::fputs(diagnostic.rendered.c_str(), stderr);
        if (answer->outcome == Outcome::Value && !answer->text.empty() && answer->text != "nil")
            std::printf("%s\n", answer->text.c_str());
        if (answer->outcome == Outcome::Raised) std::fputs(answer->report.c_str(), stderr);
        if (answer->outcome == Outcome::Stopped) std::fprintf(stderr, "stopped\n");
        std::fflush(stdout);
        return answer->outcome == Outcome::Value;
    }

    // False: leave.
    bool command(const std::string& line) {
        size_t space = line.find(' ');
        std::string word = line.substr(0, space);
        std::string rest = space == std::string::npos ? "" : line.substr(line.find_first_not_of(' ', space));
        if (word == ":quit" || word == ":q") return false;
        if (word == ":help") {
            std::fputs(std::string(kHelp).c_str(), stdout);
        } else if (word == ":doc" && !rest.empty()) {
            auto reply = ask(protocol::Document{rest});
            if (auto* doc = std::get_if<protocol::Documentation>(&reply.body))
                std::fputs(doc->text.c_str(), stdout);
            else if (auto* failed = std::get_if<protocol::Failed>(&reply.body))
                std::printf("%s\n", failed->message.c_str());
        } else {
            std::printf("There is no command %s; :help lists them.\n", word.c_str());
        }
        return true;
    }

    LineReader::Completions complete(const std::string& text) {
        LineReader::Completions found;
        auto reply = ask(protocol::Complete{text});
        if (auto* answer = std::get_if<protocol::Completions>(&reply.body)) {
            found.replaced = answer->prefix.size();
            for (const auto& completion : answer->completions) found.words.push_back(completion.text);
        }
        return found;
    }

    Client& client_;
    const ReplOptions& options_;
    LineReader reader_;
};

} // namespace

int run_repl(Client& client, const ReplOptions& options) {
    return Repl(client, options).run();
}

} // namespace indent::ui
