// What the commands of the terminal share: asking a session and hearing its answer, and saying what went wrong.
#pragma once
#include "ui/client/client.h"
#include "vm/base/result.h"
#include <string>

namespace indent {

// On standard error, as "indent: …"; answers the exit code 1.
int complain(const Failure& failure);
void print(const std::string& text);
std::string counted(size_t n, const char* one); // "3 files"

// Sends it and waits for the reply. What is printed while the request runs appears; so does what a person must hear of.
protocol::Reply ask(ui::Client& client, protocol::Request request);

// The answer of this kind, or why there is none.
template <class Answer>
Result<Answer> ask_for(ui::Client& client, protocol::Request request) {
    protocol::Reply reply = ask(client, std::move(request));
    if (auto* failed = std::get_if<protocol::Failed>(&reply.body))
        return Failure{failed->code, failed->message};
    if (auto* answer = std::get_if<Answer>(&reply.body)) return std::move(*answer);
    return Failure{"unreadable", "the session gave an answer to something else"};
}

} // namespace indent
