// Another program, run as a child of this one: fed, listened to, waited for, and ended for certain.
#pragma once
#include "vm/base/result.h"
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace indent::os {

struct Command {
    std::vector<std::string> words; // the program (looked for in PATH where it has no `/`) and its arguments
    std::string folder;             // where it runs; empty: where we do
    std::vector<std::pair<std::string, std::optional<std::string>>>
        environment;          // put over our own; none: taken away
    std::string input;        // what it reads from standard input
    uint64_t most_output = 0; // bytes of output and errors together
    // A conversation: its input stays open for more, it writes its errors where we do, and of its output not much more
    // than most_output is read before somebody takes it.
    bool stays = false;
};

struct Finished {
    int status = 0; // as it said, or 128 + the signal
    int signal = 0; // that ended it; 0: none
    std::string output;
    std::string errors;
};

// One running child, the leader of a process group of its own, so that Ctrl-C at our terminal is not its affair and
// that what it has started ends with it. One thread.
class Subprocess {
  public:
    // Failure codes: "not_found", "denied", "not_folder", "io_error".
    static Result<Subprocess> start(const Command& command);
    Subprocess(Subprocess&&) noexcept;
    Subprocess& operator=(Subprocess&&) = delete;
    ~Subprocess(); // what still runs is asked to end (SIGTERM), and killed if it has not after some time

    // Feeds and listens for about `milliseconds`, or until the child has ended: true then. Failure codes: "too_large"
    // where it said more than it may, "io_error".
    Result<bool> step(int milliseconds);
    // What came of it; to be taken once, after step has answered true. What children of the child write later is lost.
    Finished take();

    // ---- of one that stays
    void write(std::string_view bytes); // what it reads next; it goes with the steps that follow
    size_t unwritten() const;           // bytes that it has not taken yet; 0: or it reads no more
    void end_input();                   // when it has taken all
    // The next line without its end (`\n` or `\r\n`) out of what steps have read; the rest where its output has ended.
    // Nothing: none is there yet, or `output_ended` says why.
    std::optional<std::string> line();
    bool output_ended() const;
    std::optional<Finished> how_it_ended(); // without its output; nothing: it runs

  private:
    struct State;
    explicit Subprocess(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

// The variables of our environment.
std::vector<std::pair<std::string, std::string>> all_environment();

} // namespace indent::os
