// The terminal face of a session: a prompt that speaks the session protocol and nothing else.
#pragma once
#include "ui/client/client.h"
#include <string>

namespace indent::ui {

struct ReplOptions {
    std::string history_file;    // empty: none is kept
    bool break_on_error = false; // errors that nobody catches stop their turns, from the beginning
    bool interactive = true;     // a person at a terminal: line editing, prompts, a greeting
};

// Reads inputs until the end of input or `:quit`; prints values, output and problems. Answers the exit code: 0, or
// 1 where input was not interactive and something in it failed.
int run_repl(Client& client, const ReplOptions& options);

} // namespace indent::ui
