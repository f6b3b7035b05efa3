// A question and its answer, for commands that wait for it.
#pragma once
#include "ui/client/client.h"
#include "vm/base/result.h"
#include "vm/protocol/messages.h"

namespace indent {

// Waits for the reply. What is printed while the request runs appears; so does what a person must hear of.
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
