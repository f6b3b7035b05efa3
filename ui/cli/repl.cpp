#include "ui/cli/repl.h"
#include "ui/cli/line_reader.h"
#include <cstdio>
#include <cstdlib>
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
    "  :trust         an image that came from elsewhere, and is paused, runs from now on\n"
    "  :quit          leave\n"
    "\n"
    "  :break on      from now on an error that nobody catches stops the turn of its actor (:break off)\n"
    "  :broken        the turns that are stopped; :broken N chooses one of them\n"
    "  :frames        where the chosen turn stands, with its variables; :frame N chooses a frame\n"
    "  :eval TEXT     evaluate in the chosen frame; what it assigns is the turn's\n"
    "  :retry         undo what the turn has changed and handle its message anew, in today's code\n"
    "  :resume EXPR   go on, as if the expression that failed had this value\n"
    "  :return EXPR   end the turn with this value\n"
    "  :give_up       let it fail as it would have\n"
    "  :go_on         of a retried turn that does otherwise than before: let it (:go_on anew: nothing\n"
    "                 that it had done before counts any more)\n";

std::string counted_turns(size_t n) {
    return std::to_string(n) + (n == 1 ? " turn is" : " turns are") + " stopped";
}

class Repl {
  public:
    Repl(Client& client, const ReplOptions& options)
        : client_(client), options_(options),
          reader_(options.interactive, options.history_file,
                  [this](const std::string& text) { return complete(text); }) {}

    int run() {
        if (options_.interactive) std::printf("Indent. :help helps, Ctrl-D leaves.\n");
        if (options_.break_on_error) (void)answer_to<protocol::Done>(protocol::BreakOnError{true});
        if (auto described = answer_to<protocol::Description>(protocol::Describe{});
            described && !described->paused.empty())
            std::fprintf(stderr, "indent: %s; here `:trust` does so, too\n", described->paused.c_str());
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
        return (failed || failed_) && !options_.interactive ? 1 : 0;
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
                } else if (auto* stopped = std::get_if<protocol::TurnStopped>(event)) {
                    tell(*stopped);
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
        return show(*answer);
    }

    // False: it is no value.
    bool show(const protocol::Evaluated& answer) {
        using Outcome = protocol::Evaluated::Outcome;
        std::fflush(stdout);
        for (const auto& diagnostic : answer.diagnostics) std::fputs(diagnostic.rendered.c_str(), stderr);
        if (answer.outcome == Outcome::Value && !answer.text.empty() && answer.text != "nil")
            std::printf("%s\n", answer.text.c_str());
        if (answer.outcome == Outcome::Raised) std::fputs(answer.report.c_str(), stderr);
        if (answer.outcome == Outcome::Stopped) std::fprintf(stderr, "stopped\n");
        std::fflush(stdout);
        return answer.outcome == Outcome::Value;
    }

    // ---- turns that errors have stopped

    void tell(const protocol::TurnStopped& stopped) {
        std::fflush(stdout);
        std::fprintf(stderr,
                     "%s  stopped turn %llu: :frames shows where; mend the code and :retry it, or :give_up\n",
                     stopped.report.c_str(), static_cast<unsigned long long>(stopped.turn));
        turn_ = stopped.turn;
        frame_ = 0;
    }

    // What has no reply that is looked at here is told of.
    template <class Answer>
    std::optional<Answer> answer_to(protocol::Request request) {
        auto reply = ask(std::move(request));
        if (auto* answer = std::get_if<Answer>(&reply.body)) return std::move(*answer);
        if (auto* failed = std::get_if<protocol::Failed>(&reply.body))
            std::fprintf(stderr, "%s%s", failed->message.c_str(),
                         failed->message.ends_with('\n') ? "" : "\n");
        failed_ = true;
        return std::nullopt;
    }

    void show_broken(const std::string& which) {
        auto all = answer_to<protocol::BrokenTurns>(protocol::ListBroken{});
        if (!all) return;
        if (all->turns.empty()) {
            std::printf("No turn is stopped; %s.\n",
                        all->on ? "errors stop turns (:break off)" : "errors do not stop turns (:break on)");
            return;
        }
        const uint64_t wanted = std::strtoull(which.c_str(), nullptr, 10);
        const protocol::BrokenMirror* chosen = nullptr;
        for (const auto& one : all->turns)
            if (one.turn == (wanted ? wanted : turn_)) chosen = &one;
        if (wanted && !chosen) {
            std::printf("No turn is stopped under the number %s.\n", which.c_str());
            return;
        }
        if (!chosen) chosen = &all->turns.back();
        if (turn_ != chosen->turn) frame_ = 0;
        turn_ = chosen->turn;
        std::printf("%s\n", counted_turns(all->turns.size()).c_str());
        for (const auto& one : all->turns)
            std::printf("%s %llu  %s `%s`: %s\n", one.turn == turn_ ? ">" : " ",
                        static_cast<unsigned long long>(one.turn), one.who.c_str(), one.message.c_str(),
                        (one.error.empty() ? one.differs : one.error).c_str());
        std::fputs(chosen->report.c_str(), stdout);
    }

    void show_frames() {
        auto all = answer_to<protocol::Frames>(protocol::GetFrames{turn_});
        if (!all) return;
        size_t number = 0;
        for (const auto& frame : all->frames) {
            std::printf("%s %zu  %s (%s:%u)%s%s\n", number == frame_ ? ">" : " ", number, frame.what.c_str(),
                        frame.file.c_str(), frame.line,
                        frame.receiver.empty() ? "" : "  self: ", frame.receiver.c_str());
            for (const auto& variable : frame.variables)
                std::printf("       %s = %s\n", variable.name.c_str(), variable.text.c_str());
            ++number;
        }
    }

    void resolve(protocol::Decision decision, const std::string& text) {
        auto answer = answer_to<protocol::Resolved>(protocol::ResolveBroken{turn_, decision, frame_, text});
        if (!answer) return;
        std::fflush(stdout);
        std::fputs(answer->problem.c_str(), stderr);
        failed_ |= !answer->taken;
        if (!answer->taken) return;
        using Course = protocol::Resolved::Course;
        switch (answer->course) {
        case Course::Done: std::printf("done\n"); break;
        case Course::Failed: std::printf("it failed\n"); break;
        case Course::GoesOn: std::printf("it goes on\n"); break;
        case Course::StoppedAgain:
            std::printf("it is stopped again, as turn %llu\n", static_cast<unsigned long long>(answer->turn));
            break;
        }
    }

    // False: it is no such command.
    bool repair(const std::string& word, const std::string& rest) {
        using protocol::Decision;
        if (word == ":break" && (rest == "on" || rest == "off" || rest.empty())) {
            (void)answer_to<protocol::Done>(protocol::BreakOnError{rest != "off"});
        } else if (word == ":broken") {
            show_broken(rest);
        } else if (word == ":frames" || (word == ":frame" && !rest.empty())) {
            if (!rest.empty()) frame_ = std::strtoull(rest.c_str(), nullptr, 10);
            show_frames();
        } else if (word == ":eval" && !rest.empty()) {
            auto answer = answer_to<protocol::Evaluated>(protocol::EvaluateInFrame{turn_, frame_, rest});
            if (answer) show(*answer);
        } else if (word == ":retry") {
            resolve(Decision::Retry, "");
        } else if (word == ":resume" || word == ":return") {
            resolve(word == ":resume" ? Decision::Resume : Decision::Return, rest.empty() ? "nil" : rest);
        } else if (word == ":give_up") {
            resolve(Decision::GiveUp, "");
        } else if (word == ":go_on" && (rest.empty() || rest == "anew")) {
            resolve(rest.empty() ? Decision::GoOn : Decision::GoOnAnew, "");
        } else {
            return false;
        }
        return true;
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
        } else if (word == ":trust") {
            if (answer_to<protocol::Done>(protocol::TrustImage{})) std::printf("it runs\n");
        } else if (!repair(word, rest)) {
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
    bool failed_ = false; // a command of those on stopped turns
    uint64_t turn_ = 0;   // the stopped turn that they are about: the last, or what was chosen
    uint64_t frame_ = 0;
};

} // namespace

int run_repl(Client& client, const ReplOptions& options) {
    return Repl(client, options).run();
}

} // namespace indent::ui
